"""From alignments to couplings: depth, significance, two proteins, and contacts of structures."""

from __future__ import annotations

import gzip
from functools import cache

import numpy as np
import pytest
from alignments import (
    SHARED,
    made_alignment,
    needs_reference,
    random_alignment,
    reference_alignment,
    reference_distances,
)

from seqgen.alignment import ALIGNMENT_LETTERS, Alignment, Residues
from seqgen.couplings.evaluation import contact_precision
from seqgen.couplings.inference import fit_potts, infer_couplings, potts_couplings
from seqgen.couplings.mean_field import fit_mean_field
from seqgen.couplings.numbering import residue_distances
from seqgen.couplings.plm import fit_plm
from seqgen.errors import InputError
from seqgen.io.structures import read_structure


def coupled_family(n=500, length=30, pairs=((4, 20), (9, 25)), seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(1, 21, size=(n, length))
    for i, j in pairs:
        codes[:, j] = (codes[:, i] + 5) % 20 + 1
    return made_alignment(codes)


def two_proteins(first=18, second=14, pairs=((3, 2), (11, 9)), n=600):
    family = coupled_family(n, first + second, [(i, first + j) for i, j in pairs])
    letters = family.residues.letters
    residues = Residues.of_protein(letters[:first], "P1").join(
        Residues.of_protein(letters[first:], "P2")
    )
    return Alignment(family.names, family.codes, residues, source="two proteins")


@pytest.mark.parametrize("method", ["plm", "mean-field"])
def test_planted_pairs_come_first_and_are_believed(method):
    found = infer_couplings(coupled_family(), method=method)
    top = found.to_frame().head(2)
    assert set(zip(top["position_1"], top["position_2"], strict=True)) == {(5, 21), (10, 26)}
    assert (top["probability"] > 0.95).all()
    assert (top["z"] > 10).all()
    assert np.nanmean(found.probability) < 0.05
    assert found.diagnostics["neff"] == 500
    assert np.isnan(np.diag(found.scores)).all()


def test_independent_columns_are_not_believed():
    found = infer_couplings(coupled_family(pairs=()))
    assert np.nanmax(found.probability) < 0.9


def test_a_shallow_alignment_is_refused_with_its_reason():
    shallow = random_alignment(40, 60)
    with pytest.raises(InputError) as caught:
        infer_couplings(shallow)
    text = str(caught.value)
    assert text.startswith("made is too shallow: 40 sequences count as 40 after weighting")
    assert "0.66 per column of 60" in text
    assert "below 2 couplings carry almost no signal" in text
    assert text.endswith("min_depth=0 computes them all the same")


def test_a_shallow_alignment_on_request_carries_a_notice():
    found = infer_couplings(random_alignment(40, 60), min_depth=0)
    assert found.notices[0].startswith("the alignment is too shallow")
    deep = infer_couplings(coupled_family(1000))
    assert deep.notices == ()


def test_weights_are_used():
    family = coupled_family(500)
    weights = np.r_[np.ones(100), np.full(400, 1e-6)]
    few = infer_couplings(family, weights=weights, min_depth=0)
    assert few.diagnostics["neff"] == pytest.approx(100, rel=1e-3)
    first = infer_couplings(family.rows(np.arange(100)), weights=np.ones(100), min_depth=0)
    np.testing.assert_allclose(few.raw, first.raw, atol=0.02)


@pytest.mark.parametrize("method", ["plm", "mean-field"])
def test_two_proteins_give_the_block_between_them(method):
    found = infer_couplings(two_proteins(), method=method, between=("P1", "P2"))
    assert found.scores.shape == (18, 14)
    top = found.to_frame().head(2)
    assert set(zip(top["position_1"], top["position_2"], strict=True)) == {(4, 3), (12, 10)}
    assert set(top["protein_1"]) == {"P1"}
    assert set(top["protein_2"]) == {"P2"}
    assert (top["probability"] > 0.95).all()
    turned = infer_couplings(two_proteins(), method=method, between=("P2", "P1"))
    np.testing.assert_allclose(turned.scores, found.scores.T)


def test_the_level_between_comes_from_within():
    family = two_proteins()
    model = fit_potts(family)
    joint, block = potts_couplings(model), potts_couplings(model, between=("P1", "P2"))
    raw = joint.raw
    levels = [np.nanmean(raw[:18, :18], axis=1), np.nanmean(raw[18:, 18:], axis=1)]
    product = np.outer(*levels)
    expected = raw[:18, 18:] - product * raw[:18, 18:].mean() / product.mean()
    np.testing.assert_allclose(block.scores, expected)
    assert block.scores.mean() == pytest.approx(0, abs=1e-12)


def test_both_proteins_at_once():
    joint = infer_couplings(two_proteins())
    assert joint.symmetric
    top = joint.to_frame().head(2)
    assert set(zip(top["protein_1"], top["protein_2"], strict=True)) == {("P1", "P2")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "ising"}, "method is 'ising'; expected one of plm, mean-field"),
        ({"between": ("P1", "P9")}, r"holds no protein 'P9'; found 'P1', 'P2'"),
        ({"between": ("P1", "P1")}, "expected the names of two proteins"),
        ({"between": "P1"}, "expected the names of two proteins"),
        ({"identity": 2}, "identity is 2"),
        ({"min_depth": float("nan")}, "min_depth is nan"),
        ({"min_depth": -1}, "min_depth is -1"),
        ({"method": "mean-field", "lambda_J": 5.0}, "lambda_J is 5.0, but has no meaning"),
        ({"method": "mean-field", "gaps": "ignore"}, "gaps is 'ignore', but has no meaning"),
        ({"pseudocount": 0.2}, "pseudocount is 0.2, but has no meaning for method 'plm'"),
        ({"weights": [1.0, 2.0]}, "weights has shape"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        infer_couplings(two_proteins(), **options)


def precision(couplings, distances, separation, tops=("L", "L/2", "L/5")):
    table = contact_precision(couplings, distances, tops=list(tops), draws=10)
    table = table[table["separation"] == separation]
    return dict(zip(table["top"], table["precision"], strict=True))


def test_what_is_no_alignment_or_model():
    with pytest.raises(
        InputError, match="alignment is of type str; expected what read_alignment gives"
    ):
        fit_potts("family.a3m")
    with pytest.raises(
        InputError, match="model is of type Alignment; expected what fit_potts gives"
    ):
        potts_couplings(two_proteins())


def test_a_protein_of_one_column():
    with pytest.raises(InputError, match="'P2' has one column"):
        infer_couplings(two_proteins(18, 1, pairs=()), between=("P1", "P2"))


def test_options_of_the_methods_reach_the_fit():
    family = coupled_family()
    loose, firm = (infer_couplings(family, lambda_J=x) for x in (1.0, 100.0))
    assert np.nanmax(loose.raw) > 1.5 * np.nanmax(firm.raw)
    few, more = (infer_couplings(family, method="mean-field", pseudocount=x) for x in (0.2, 0.8))
    assert np.nanmax(few.raw) > 1.5 * np.nanmax(more.raw)
    assert loose.diagnostics["states"] == "all"
    assert few.diagnostics["states"] == "residues"


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.full((3, 4), 21, dtype=np.uint8), "values outside 0 to 20"),
        (np.full((3, 4), -1), "values outside 0 to 20"),
        (np.full((3, 4), 1.0), "codes of type float64"),
    ],
)
def test_codes_that_are_no_letters(codes, message):
    names = ("a", "b", "c")
    with pytest.raises(InputError, match=message):
        Alignment(names, codes, Residues.of_protein("AAAA"))
    kept = Alignment(names, np.full((3, 4), 20), Residues.of_protein("AAAA"))
    assert kept.codes.dtype == np.uint8


def test_one_line_says_what_a_result_is():
    family = two_proteins()
    assert repr(family) == "Alignment('two proteins': 600 sequences, 32 columns, no focus)"
    found = infer_couplings(family, between=("P1", "P2"))
    assert repr(found).startswith("Couplings(plm, Residues(18 of P1 1-18) with Residues(14 of P2")


@needs_reference
@pytest.mark.parametrize(
    ("name", "within", "far"),
    [
        ("1a3a", (0.64, 0.81, 0.89), (0.48, 0.66, 0.82)),
        ("1atzA", (0.52, 0.64, 0.86), (0.38, 0.59, 0.73)),
        ("DHFR", (0.67, 0.82, 0.83), (0.56, 0.72, 0.80)),
    ],
)
def test_contacts_of_families_with_structures(name, within, far):
    found = infer_couplings(reference_alignment(name))
    distances = reference_distances(name)
    for separation, expected in (("all", within), ("long", far)):
        shares = precision(found, distances, separation)
        assert tuple(shares.values()) >= expected
        assert all(share >= least for share, least in zip(shares.values(), expected, strict=True))
    strong = found.to_frame(min_separation=6).head(25)
    close = distances[strong["position_1"] - 1, strong["position_2"] - 1] < 8
    # What is called near certain is mostly so.
    assert close[strong["probability"] > 0.95].mean() > 0.8


@cache
def kinase_and_regulator():
    """8,998 pairs of histidine kinases and response regulators, and the complex 3DGE."""
    folder = SHARED / "msa" / "HK_RR"
    sides = []
    for file, name in (("SKshortExact", "HK"), ("RRshortExact", "RR")):
        text = gzip.decompress((folder / f"{file}.fasta.gz").read_bytes()).decode()
        rows = ["".join(record.split("\n")[1:]) for record in text.split(">")[1:]]
        codes = np.array(
            [[max(ALIGNMENT_LETTERS.find(letter), 0) for letter in row] for row in rows],
            dtype=np.uint8,
        )
        residues = Residues.of_protein("-" * codes.shape[1], name)
        sides.append(Alignment(tuple(map(str, range(len(rows)))), codes, residues))
    joint = Alignment(
        sides[0].names,
        np.hstack([side.codes for side in sides]),
        sides[0].residues.join(sides[1].residues),
        source="HK-RR",
    )
    distances = residue_distances(
        sides[0].residues, sides[1].residues, read_structure(folder / "3DGE.pdb.gz"),
        chains={"HK": ["A", "B"], "RR": ["C", "D"]}, atoms="heavy",
        profile={"HK": sides[0], "RR": sides[1]},
    )  # fmt: skip
    return joint, distances


@needs_reference
@pytest.mark.parametrize("method", ["mean-field", "plm"])
def test_contacts_between_kinase_and_regulator(method):
    joint, distances = kinase_and_regulator()
    # A looser fit than the default, for time; the default gives the same shares.
    model = fit_plm(joint, tolerance=1e-4) if method == "plm" else fit_mean_field(joint)
    found = potts_couplings(model, between=("HK", "RR"))
    shares = precision(found, distances.values, "between", (10, 20, 50))
    assert shares["10"] == 1
    assert shares["20"] >= 0.95
    assert shares["50"] >= 0.78
