"""Rows that messages name, counted from one on their way to R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import seqgen
from seqgen.errors import InputError
from seqgen.evidence.changes import residue_changes
from seqgen.io.tally import Tally
from seqgen.rbridge.messages import for_r
from seqgen.schemas import DROPS

CHANGES = pd.DataFrame({
    "variant": ["a", "b", "c"], "uniprot": "P1", "gene": "G", "position": [1, 2, 3],
    "ref_aa": "K", "alt_aa": "W",
})  # fmt: skip
PEOPLE = np.tile([[0.0, 1.0, 2.0]], (30, 1))


def drops(count):
    return pd.DataFrame({"stage": "s", "reason": "r", "action": "dropped", "count": count,
                         "example": "e"})  # fmt: skip


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: seqgen.weighted_bh(np.array([0.1, np.nan]), np.ones(2)), "at row 2"),
        (lambda: seqgen.weighted_bh(np.array([0.1, 0.2]), np.array([1.0, -1.0])), "at row 2"),
        (lambda: DROPS.validate(drops([1, 1]).assign(reason=["r", None])), "at row 2"),
        (lambda: DROPS.validate(drops([1, 2, -3])), "row 3 is"),
        (lambda: seqgen.susie_rss([1.0, np.nan], np.eye(2), n=100), "at position 2"),
        (lambda: seqgen.prepare_pairs(PEOPLE * [1, 1, 3], np.arange(30.0)), "at position 3"),
        (
            lambda: residue_changes(CHANGES.assign(alt_aa=["W", "*", "W"]), Tally("s")),
            "of row 2 is",
        ),
        (lambda: residue_changes(CHANGES.assign(position=[1, 2, -3]), Tally("s")), "of row 3 is"),
        (lambda: seqgen.load_model("blosum62").log_probs(["MK", "M1"]), "at position 2 has"),
        (lambda: seqgen.load_model("blosum62").log_probs(["MK", ""]), "at position 2 has"),
    ],
)
def test_rows_in_messages_count_from_one(call, told):
    with pytest.raises(InputError) as caught:
        call()
    assert told in for_r(str(caught.value))
