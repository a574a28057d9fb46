"""Which transcript of a gene speaks for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError

#: Rules in the order in which they are asked by default.
RULES = ("mane", "canonical", "longest")
ALL = "all"


def choose_transcripts(transcripts: pd.DataFrame, rules: Sequence[str] | str) -> np.ndarray:
    """Numbers of the transcripts taken: one per gene, or all of them.

    Parameters
    ----------
    transcripts : DataFrame
        Those of `GeneModels`.
    rules : "all" or sequence of {"mane", "canonical", "longest"}
        The first rule that tells two transcripts of a gene apart decides: MANE Select; tagged
        canonical (Ensembl's, or RefSeq Select); the longest coding part, then the longest
        transcript. What is still alike goes by the identifier.

    Returns
    -------
    ndarray of int

    Raises
    ------
    InputError
        If a rule is unknown.
    """
    asked = [rules] if isinstance(rules, str) else list(rules)
    unknown = [rule for rule in asked if rule not in (*RULES, ALL)]
    if unknown or not asked or (ALL in asked and len(asked) > 1):
        raise InputError(
            f"transcripts is {rules!r}; expected 'all', or rules in order, of {', '.join(RULES)}"
        )
    if asked == [ALL]:
        return np.arange(len(transcripts))
    ranked = transcripts[["gene_id", "chrom", "transcript"]].copy()
    by = []
    for rule in asked:
        columns = ("cds_length", "exon_length") if rule == "longest" else (rule,)
        for name in columns:
            ranked[name] = -transcripts[name].to_numpy(dtype=np.int64)
            by.append(name)
    order = ranked.sort_values([*by, "transcript"], kind="stable")
    taken = order.drop_duplicates(["gene_id", "chrom"]).index.to_numpy()
    return np.sort(taken)
