"""Row numbers between R and Python: every integer of what R holds a handle of has a meaning."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import seqgen
from seqgen.errors import InputError
from seqgen.io.ld_matrices import ReferenceLD
from seqgen.io.pgen import PgenPanel
from seqgen.io.resources import (
    demo_panel_prefix,
    example_alignment_path,
    example_structure_path,
)
from seqgen.io.vcf import HeldGenotypes
from seqgen.rbridge import rows, verbs
from seqgen.rbridge.results import LISTS
from seqgen.schemas import DROPS

#: Results of which R gets all at once, and classes it never meets.
NOT_HANDLES = LISTS | {"FineMapResult", "CredibleSet", "Eigen"}


def scans() -> list:
    """Designs and what scans of them return, with and without kinship."""
    rng = np.random.default_rng(1)
    people = [f"p{i}" for i in range(60)]
    names = [f"rs{i}" for i in range(6)]
    genotypes = pd.DataFrame(rng.binomial(2, 0.4, (60, 6)).astype(float), people, names)
    genotypes.iloc[3, 2] = np.nan
    traits = pd.DataFrame(rng.normal(size=(60, 2)), people, ["A", "B"])
    kinship = pd.DataFrame(np.kron(np.eye(30), [[1, 0.5], [0.5, 1]]), people, people)
    variants = pd.DataFrame({"variant": names, "chrom": "1", "pos": np.arange(6) * 1000 + 1})
    genes = pd.DataFrame({"gene": ["A"], "chrom": ["1"], "start": [10]})
    pairs = seqgen.prepare_pairs(genotypes, traits["A"], variants=variants, kinship=kinship)
    trans = seqgen.prepare_trans(genotypes, traits, variants=variants, kinship=kinship)
    return [
        pairs,
        trans,
        seqgen.scan_pairs(pairs),
        seqgen.scan_trans(trans),
        seqgen.plan_exclusions(variants, pd.Series(["A", "B"]), genes),
    ]


def proteins() -> list:
    """What alignments, structures and models return."""
    family = seqgen.read_alignment(example_alignment_path())
    part = family.columns(np.arange(8))
    structure = seqgen.read_structure(example_structure_path())
    blosum = seqgen.load_model("blosum62")
    return [
        part,
        structure,
        seqgen.residue_distances(family.residues, part.residues, structure),
        seqgen.mean_field_couplings(part),
        seqgen.fit_mean_field(part),
        blosum,
        seqgen.load_model("default"),
        seqgen.load_model(["default", "default"]),
        seqgen.AttentionContacts(np.ones(2), 0.0, blosum.revision, {}),
    ]


def genotypes() -> list:
    panel = seqgen.read_panel(demo_panel_prefix(), region="22:17000000-17100000")
    counts = np.array([[0, -1], [2, 1]], dtype=np.int8)
    held = HeldGenotypes("vcf", pd.Index(["a", "b"]), panel.variants[:2], counts, DROPS.empty())
    ld = ReferenceLD("ld", panel.variants[:2], np.eye(2))
    places = np.arange(2)
    pgen = PgenPanel(
        "pgen", 2, panel.variants[:2], Path("a.pgen"), allele_offsets=2 * np.arange(3),
        ids=panel.ids, n_people_in_file=378, places=places, rows=places,
        linked=np.zeros(2, dtype=np.int8),
    )  # fmt: skip
    return [ld, panel, panel.take(places), held, pgen]


@pytest.fixture(scope="module")
def handles() -> dict[str, object]:
    """One object of each class that R meets as a handle, found part by part."""
    found: dict[str, object] = {}
    waiting = [*scans(), *proteins(), *genotypes()]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        ours = kind.__module__.startswith("seqgen") and kind.__name__ not in NOT_HANDLES
        if not ours or kind.__name__ in found:
            continue
        found[kind.__name__] = one
        for name in verbs.names(one):
            part = getattr(one, name)
            waiting.extend(part if isinstance(part, (tuple, list)) else [part])
    return found


def meaning(one: object, name: str) -> object:
    keys = [f"{kind.__name__}.{name}" for kind in type(one).__mro__]
    return next((rows.MEANINGS[key] for key in keys if key in rows.MEANINGS), None)


def test_every_class_is_met(handles):
    assert {
        "Alignment", "AttentionContacts", "Chain", "Couplings", "Exclusions", "HeldGenotypes",
        "Histogram", "MaskedProteinModel", "PairDesign", "PairScan", "Panel", "PgenPanel",
        "PottsModel", "ResidueDistances", "Residues", "Structure", "StructureMap",
        "SubstitutionModel", "TransDesign", "TransScan", "Variants", "_Chosen",
    } <= set(handles)  # fmt: skip


def test_integers_of_handles_have_a_meaning(handles):
    untold = []
    for kind, one in handles.items():
        for name in verbs.names(one):
            value = getattr(one, name)
            if callable(value) or isinstance(value, (bool, pd.DataFrame)):
                continue
            whole = getattr(getattr(value, "dtype", None), "kind", "") in ("i", "u")
            # Whole numbers alone are counts or lengths, as their names say, or declared.
            counted = name.startswith(("n_", "unplaced_", "unknown_")) or name in COUNTS
            whole = whole or (isinstance(value, int) and not counted)
            if whole and meaning(one, name) is None:
                untold.append(f"{kind}.{name}")
    assert untold == []


COUNTS = {"length", "df", "max_length", "batch_tokens"}


def test_arguments_that_are_rows_are_told(handles):
    """Arrays and whole numbers that methods take: rows, or known to be something else."""
    untold = []
    for kind, one in handles.items():
        for name in verbs.names(one):
            method = getattr(one, name)
            if not inspect.ismethod(method):
                continue
            told = rows._of(one, name, rows.ARGUMENTS) or {}
            for parameter in inspect.signature(method).parameters.values():
                asks = re.search(r"ndarray|\bint\b", str(parameter.annotation))
                key = f"{name}({parameter.name})"
                if asks and parameter.name not in told and key not in NO_ROWS:
                    untold.append(f"{kind}.{key}")
    assert untold == []


NO_ROWS = {
    "embed(layer)",  # of a network, 0 its input
    "summarise(layer)",
    "energy(sequences)",  # codes of an alignment
    "of_protein(start)",  # a position
    "predict(start)",
    "to_frame(min_separation)",  # positions apart
    "to_frame(n_bins)",
    "of_trait(trait)",  # values
    "up_to(p)",
    "false_discovery_rate(p)",
    "false_discovery_rate(repeats)",
    "root(h2)",
    "variances(h2)",
}  # fmt: skip


def test_declarations_are_of_things_that_exist(handles):
    by_class = {base.__name__: one for one in handles.values() for base in type(one).__mro__}
    for key in {*rows.MEANINGS, *rows.ARGUMENTS, *rows.HIDDEN}:
        kind, _, name = key.partition(".")
        assert hasattr(by_class[kind], name), key


def test_rows_are_shifted_and_none_is_missing(handles):
    assert verbs.attribute(handles["Alignment"], "focus") == 1
    held = handles["HeldGenotypes"]
    assert np.isnan(verbs.attribute(held, "counts")[0, 1])
    assert verbs.attribute(held, "counts")[1].tolist() == [2, 1]
    distances = handles["ResidueDistances"]
    python, r = distances.row_place, rows.to_r(distances, "row_place", distances.row_place)
    assert (python >= 0).any()
    np.testing.assert_array_equal(np.nan_to_num(r, nan=0), python + 1)
    first = rows.to_r(distances.maps[0], "places", np.array([-1, 0, 4]))
    assert first[0] is pd.NA
    assert first[1:].tolist() == [1, 5]


def test_rows_of_r_are_python_s():
    assert rows.from_r(np.array([3.0, 1.0]), "keep", 3).tolist() == [2, 0]
    assert rows.from_r([-1, -2], "keep", 3).tolist() == [2]
    assert rows.from_r(np.array([True, False]), "keep", 2).tolist() == [True, False]
    assert rows.from_r(np.array([]), "keep", 2).tolist() == []
    assert rows.from_r([None, 2.0], "masked_positions") == [None, 1]
    assert rows.from_r(4, "i", 4) == 3


@pytest.mark.parametrize("bad", [0, 4, 1.5, [-1, 1], [1, None], "a", [True], [True, 1]])
def test_what_is_no_row_is_refused(bad):
    with pytest.raises(InputError, match=r"^keep: .*(from 1 to 3|each of 3)"):
        rows.from_r(bad, "keep", 3)


def test_methods_take_rows_of_r_by_place_and_name(handles):
    family = handles["Alignment"]
    by_place = verbs.call_method(family, "columns", np.array([2.0, 3.0]))
    by_name = verbs.call_method(family, "columns", keep=np.array([2.0, 3.0]))
    assert by_place.focus_sequence == by_name.focus_sequence == family.focus_sequence[1:3]
    residues = verbs.call_method(
        family.residues, "places", pd.Series(family.residues.proteins[1:2]),
        pd.Series(family.residues.positions[1:2]),
    )  # fmt: skip
    assert residues.tolist() == [2]


def test_hidden_parts_are_not_there(handles):
    assert "locate" not in verbs.names(handles["PairDesign"])
    with pytest.raises(InputError, match="has no 'locate'"):
        verbs.attribute(handles["PairDesign"], "locate")


def test_prints_of_handles_are_short(handles):
    for kind, one in handles.items():
        text = verbs.text(one)
        assert text.count("\n") < 3, kind
        assert len(text) < 200, kind
        assert " object at " not in text, kind
