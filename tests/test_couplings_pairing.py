"""Pairs of sequences of two families: by headers, by species, and by the couplings themselves."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pandas as pd
import pytest

from seqgen.alignment import Alignment, Residues
from seqgen.couplings import paralogs
from seqgen.couplings.mean_field import fit_mean_field
from seqgen.couplings.pairing import pair_alignments, species_of
from seqgen.couplings.paralogs import pair_paralogs
from seqgen.couplings.weights import sequence_weights
from seqgen.errors import InputError
from seqgen.io.alignments import read_alignment
from tests.alignments import SHARED, random_alignment

HK_RR = SHARED / "msa" / "HK_RR"
needs_hk_rr = pytest.mark.skipif(
    not HK_RR.is_dir(), reason=f"the paired families are not at {HK_RR} (SEQGEN_SHARED_DATA)"
)


def family(names, codes, protein, focus=None):
    codes = np.array(codes, dtype=np.uint8)
    letters = "ACDEFGHIKL"[: codes.shape[1]] if focus is not None else "-" * codes.shape[1]
    residues = Residues.of_protein(letters, protein, start=11)
    return Alignment(tuple(names), codes, residues, focus, source=f"{protein}.a3m")


@pytest.fixture
def two():
    # Row 1 of A is less like A's focus than row 2, so row 2 goes with the focus-like row of B.
    first = family(
        ["a0_ECOLI", "a1_YEAST", "a2_YEAST", "a3_HUMAN", "a4_9BACT", "a5"],
        [[1, 2, 3], [4, 5, 6], [1, 2, 4], [1, 5, 5], [1, 2, 3], [1, 2, 3]], "A", 0,
    )  # fmt: skip
    second = family(
        ["b0_YEAST", "b1_ECOLI", "b2_YEAST", "b3_9BACT", "b4_MOUSE"],
        [[1, 3], [1, 2], [9, 9], [1, 2], [1, 2]], "B", 1,
    )  # fmt: skip
    return first, second


@pytest.mark.parametrize(
    ("name", "kind", "species"),
    [
        ("sp|P0A9L5|CHEY_ECOLI/1-129", "mnemonic", "ECOLI"),
        ("CHEY_ECOLI Chemotaxis", "mnemonic", "ECOLI"),
        ("tr|E6MGJ6|E6MGJ6_9FIRM", "mnemonic", ""),
        ("tr|A|A_B OS=Escherichia coli (strain K12) OX=83333 GN=x", "taxon", "83333"),
        ("UniRef100_X n=1 Tax=Homo sapiens TaxID=9606 RepID=Y", "taxon", "9606"),
        ("tr|A|A_B OS=Escherichia coli (strain K12) OX=1", "organism",
         "Escherichia coli (strain K12)"),
        ("x OS=Aerococcus viridans ATCC 11563 = CCUG 4311 GN=mtlA PE=4", "organism",
         "Aerococcus viridans ATCC 11563 = CCUG 4311"),
        ("UniRef100_X n=1 Tax=Homo sapiens TaxID=9606", "organism", "Homo sapiens"),
        ("gi|1|ref E={1,2} [Acaryochloris_marina]", "brackets", "Acaryochloris_marina"),
        ("plain", "brackets", ""),
    ],
)  # fmt: skip
def test_species_are_found_in_headers(name, kind, species):
    assert species_of([name], kind) == [species]


def test_by_species_the_likest_to_each_focus_go_together(two):
    paired = pair_alignments(*two)
    assert paired.names == ("a0_ECOLI__b1_ECOLI", "a2_YEAST__b0_YEAST")
    assert paired.codes.tolist() == [[1, 2, 3, 1, 2], [1, 2, 4, 1, 3]]
    assert paired.focus == 0
    assert paired.residues.letters == "ACDAC"
    assert paired.residues.positions.tolist() == [11, 12, 13, 11, 12]
    assert paired.residues.names == ["A", "B"]
    drops = paired.drops.set_index("reason")
    assert drops.loc["A: row without partner", "count"] == 4
    assert drops.loc["B: row without partner", "count"] == 3
    assert drops.loc["A: row without partner", "example"] == "a1_YEAST"


def test_all_hits_go_rank_by_rank(two):
    assert pair_alignments(*two, hits="all").names == (
        "a0_ECOLI__b1_ECOLI", "a2_YEAST__b0_YEAST", "a1_YEAST__b2_YEAST",
    )  # fmt: skip


def test_without_focus_only_species_with_one_sequence_each_are_sure(two):
    first, second = two
    names = [*first.names[:1], *first.names[1:2], first.names[3], "a_MOUSE", "a_X", "a_YEAST"]
    bare = [
        family(names, first.codes, "A"),
        family(["b_ECOLI", "b_YEAST", "b_MOUSE"], second.codes[:3], "B"),
    ]
    assert pair_alignments(*bare).names == ("a0_ECOLI__b_ECOLI", "a_MOUSE__b_MOUSE")
    with pytest.raises(InputError, match="there is none; read both with focus="):
        pair_alignments(bare[0].rows([1, 5, 0]), bare[1].rows([0, 1]))


def test_by_header_and_by_row():
    first = family(["x", "y", "x", "z"], [[1], [2], [3], [4]], "A")
    second = family(["x", "x", "z", "w"], [[5], [6], [7], [8]], "A")
    by_header = pair_alignments(first, second, by="header")
    assert by_header.codes.tolist() == [[1, 5], [3, 6], [4, 7]]
    assert by_header.residues.names == ["A_1", "A_2"]
    by_row = pair_alignments(first, second, by="row", names=("P", "R"))
    assert by_row.codes.tolist() == [[1, 5], [2, 6], [3, 7], [4, 8]]
    assert by_row.residues.names == ["P", "R"]
    assert by_row.focus is None
    with pytest.raises(InputError, match=r"4 rows and A.a3m 3; by='row' needs as many"):
        pair_alignments(first, second.rows([0, 1, 2]), by="row")


def test_given_pairs_are_taken_and_unknown_names_counted(two):
    pairs = [("a3_HUMAN", "b4_MOUSE"), ("a5", "b0_YEAST"), ("a5", "nobody")]
    for given in (pairs, pd.DataFrame(pairs, columns=["first", "second"])):
        paired = pair_alignments(*two, by="pairs", pairs=given)
        assert paired.names == ("a3_HUMAN__b4_MOUSE", "a5__b0_YEAST")
        drops = paired.drops.set_index("reason")
        assert drops.loc["name in pairs is not in the alignment", "example"] == "nobody"
    with pytest.raises(InputError, match=r"row 9 is not in B\.a3m"):
        pair_alignments(*two, by="pairs", pairs=pd.DataFrame({"row_1": [0], "row_2": [9]}))


def test_names_of_several_rows_and_repeated_pairs_are_told():
    first = family(["x", "x", "z"], [[1], [2], [3]], "A")
    second = family(["u", "v", "w"], [[5], [6], [7]], "B")
    pairs = [("x", "u"), ("z", "w"), ("z", "w")]
    paired = pair_alignments(first, second, by="pairs", pairs=pairs)
    assert paired.codes.tolist() == [[1, 5], [3, 7]]
    counts = paired.drops.set_index("reason")["count"]
    assert counts["name in pairs is that of several rows; the first is taken"] == 1
    assert counts["pair is given more than once"] == 1


def test_what_is_no_alignment_is_told():
    with pytest.raises(InputError, match="first is of type str; expected an Alignment"):
        pair_alignments("a", "b")


def test_drops_of_both_alignments_are_kept_apart(two):
    told = pd.DataFrame([("alignment", "x", "dropped", 3, "e")],
                        columns=["stage", "reason", "action", "count", "example"])  # fmt: skip
    first, second = (Alignment(a.names, a.codes, a.residues, a.focus, a.source, told) for a in two)
    stages = pair_alignments(first, second).drops["stage"].tolist()
    assert stages == ["alignment of A", "alignment of B", "pairing", "pairing"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "luck"}, "by is 'luck'"),
        ({"hits": "some"}, "hits is 'some'"),
        ({"species": "colour"}, "species is 'colour'"),
        ({"species": "brackets"}, "no species is in the headers of both"),
        ({"by": "pairs"}, "pairs are not; give pairs with by='pairs'"),
        ({"pairs": [("a", "b")]}, "pairs are given; give pairs with by='pairs'"),
        (
            {"by": "pairs", "pairs": [("a", "b")]},
            "0 pairs found of the 1 in pairs; 1 of the names",
        ),
        ({"by": "pairs", "pairs": [("a",)]}, "entry 0 is .*expected two names"),
        ({"by": "pairs", "pairs": ["ab"]}, "entry 0 is 'ab'"),
        ({"by": "pairs", "pairs": [("a", None)]}, "expected names, not numbers"),
        ({"by": "pairs", "pairs": []}, "pairs: none given"),
        ({"by": "pairs", "pairs": 3}, "pairs is 3"),
        (
            {"by": "pairs", "pairs": pd.DataFrame({"x": ["a"], "y": ["b"]})},
            r"column\(s\) x, y found; expected first and second",
        ),
        ({"by": "pairs", "pairs": pd.DataFrame(columns=["first", "second"])}, "none given"),
        (
            {"by": "pairs", "pairs": pd.DataFrame({"row_1": ["x"], "row_2": [1]})},
            "not all whole numbers",
        ),
        ({"names": ("A", "A")}, "expected two different names"),
        ({"names": ("A", "")}, "expected two different names"),
        ({"names": ("A", None)}, "expected two different names"),
        ({"names": ("A",)}, "expected two different names"),
        ({"names": "AB"}, "expected two different names"),
        ({"by": "header"}, "0 pairs found by header"),
    ],
)
def test_wrong_arguments_are_told(two, arguments, message):
    with pytest.raises(InputError, match=message):
        pair_alignments(*two, **arguments)


# --- paralogs -------------------------------------------------------------------------------


def with_species(alignment, count, protein):
    names = tuple(f"s{k} [sp{k % count}]" for k in range(alignment.n_sequences))
    residues = Residues.of_protein("-" * alignment.length, protein)
    return Alignment(names, alignment.codes, residues)


def coupled_families(n=280, species=70, seed=3):
    """Two families whose columns i agree up to a fixed change of letters, in right pairs."""
    rng = np.random.default_rng(seed)
    first = rng.integers(1, 6, size=(n, 8))
    second = np.where(rng.random((n, 8)) < 0.75, 11 - first, rng.integers(6, 11, size=(n, 8)))
    names = [f"s{k} [sp{k % species}]" for k in range(n)]
    order = rng.permutation(n)
    return (
        family(names, first, "A"),
        family([names[k] for k in order], second[order], "B"),
    )


def test_scores_are_the_mean_field_energies_between_the_proteins():
    first = with_species(random_alignment(60, 6, seed=1), 7, "A")
    second = with_species(random_alignment(60, 5, seed=2), 7, "B")
    species = species_of(first.names, "brackets")
    task = paralogs._task(first, second, (species, species), known=[])
    rng = np.random.default_rng(0)
    pairs = np.column_stack([rng.permutation(60)[:40], rng.permutation(60)[:40]])
    kernel = paralogs._Kernel(
        *paralogs._identities(first, second, task), pseudocount=0.4, identity=0.7
    )
    scores = kernel.scores(pairs, task.blocks)

    ours, theirs = first.rows(task.rows[0]), second.rows(task.rows[1])
    both = pair_alignments(ours.rows(pairs[:, 0]), theirs.rows(pairs[:, 1]), by="row")
    weights = sequence_weights(both, identity=0.7, threads=1)
    model = fit_mean_field(both, weights=weights, pseudocount=0.4)
    for block, (one, other) in zip(scores, task.blocks, strict=True):
        expected = np.zeros(block.shape)
        for i in range(6):
            for j in range(5):
                e = np.asarray(model.pair(i, 6 + j), dtype=float)
                e = e - e.mean(0) - e.mean(1)[:, None] + e.mean()
                expected += e[ours.codes[one, i][:, None], theirs.codes[other, j]]
        np.testing.assert_allclose(block, expected, atol=2e-4)


@pytest.mark.parametrize("assignment", ["greedy", "optimal"])
def test_partners_of_coupled_families_are_found(assignment):
    first, second = coupled_families()
    table = pair_paralogs(first, second, assignment=assignment)
    assert len(table) == 280
    assert (table["name_1"] == table["name_2"]).mean() > 0.85  # 0.25 by chance
    assert table["species"].str.startswith("sp").all()
    assert [first.names[row] for row in table["row_1"]] == table["name_1"].tolist()
    assert [second.names[row] for row in table["row_2"]] == table["name_2"].tolist()
    assert table["row_2"].is_unique
    assert (table["confidence"].diff().dropna() <= 0).all()
    sure = table.head(70)
    assert (sure["name_1"] == sure["name_2"]).mean() > 0.95
    paired = pair_alignments(first, second, by="pairs", pairs=table)
    assert paired.codes.shape == (280, 16)


def test_without_couplings_partners_are_a_matter_of_chance():
    first, second = coupled_families()
    rng = np.random.default_rng(0)
    codes = rng.permuted(second.codes, axis=0)
    shuffled = Alignment(second.names, codes, second.residues)
    table = pair_paralogs(first, shuffled)
    assert (table["name_1"] == table["name_2"]).mean() < 0.4


def test_the_seed_decides_the_start_and_nothing_else():
    first, second = coupled_families(n=60, species=15)
    tables = [pair_paralogs(first, second, seed=seed) for seed in (1, 1, 2)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    assert not tables[0]["row_2"].equals(tables[2]["row_2"])


def test_known_pairs_stay_and_help():
    first, second = coupled_families(n=120, species=30)
    place = {name: row for row, name in enumerate(second.names)}
    known = [(row, place[first.names[row]]) for row in range(60)]
    wrong = (60, place[first.names[90]])
    table = pair_paralogs(first, second, known=[*known, wrong])
    got = set(zip(table["row_1"].tolist(), table["row_2"].tolist(), strict=True))
    assert {*known, wrong} <= got
    assert np.isinf(table["confidence"].head(61)).all()
    assert (table["round"].head(61) == 0).all()
    assert (table["name_1"] == table["name_2"]).mean() > 0.8


def test_unequal_numbers_leave_the_worst_without_partner():
    first, second = coupled_families()
    fewer = first.rows(np.arange(0, 280) % 7 != 0)
    table = pair_paralogs(fewer, second)
    counts = Counter(species_of(fewer.names, "brackets"))
    assert len(table) == sum(min(count, 4) for count in counts.values())
    assert table["row_1"].is_unique
    assert table["row_2"].is_unique


def test_of_three_that_compete_the_better_score_goes_first():
    scores = np.array([[5.0, 4.0], [4.5, 0.0]])
    assert paralogs._greedy(scores) == [(0, 0, 0.5), (1, 1, 0.0)]
    ours, theirs = np.array([0, 1]), np.array([1, 0])
    assert paralogs._gaps(scores, ours, theirs).tolist() == [-1.0, -0.5]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"increment": 0}, "increment is 0"),
        ({"pseudocount": 1}, "pseudocount is 1"),
        ({"identity": 0}, "identity is 0"),
        ({"assignment": "random"}, "assignment is 'random'"),
        ({"known": [(0, 999)]}, "rows 0 and 999 are not of species in both"),
        ({"species": (["a"], ["a"])}, "species has 1 names for A.a3m; expected 60"),
        ({"species": (["a"] * 60, ["b"] * 60)}, "none is in both"),
        ({"species": ([*map(str, range(60))],) * 2}, "no species has paralogs"),
    ],
)
def test_wrong_arguments_of_paralogs_are_told(arguments, message):
    first, second = coupled_families(n=60, species=15)
    with pytest.raises(InputError, match=message):
        pair_paralogs(first, second, **arguments)


def test_known_pairs_have_to_agree():
    first, second = coupled_families(n=60, species=15)
    place = {name: row for row, name in enumerate(second.names)}
    with pytest.raises(InputError, match=r"are of 'sp0' and 'sp1'"):
        pair_paralogs(first, second, known=[(0, place[first.names[1]])])
    with pytest.raises(InputError, match="comes in two pairs"):
        pair_paralogs(
            first, second, known=[(0, place[first.names[0]]), (0, place[first.names[15]])]
        )


# --- histidine kinases and response regulators ---------------------------------------------


@cache
def kinases_and_regulators(sequences):
    """Families of some species with 2 to 20 pairs, the second in another order."""
    options = {"focus": False, "min_sequence_coverage": 0}
    first = read_alignment(HK_RR / "SKshortExact.fasta.gz", name="HK", **options)
    second = read_alignment(HK_RR / "RRshortExact.fasta.gz", name="RR", **options)
    species = np.array(species_of(first.names, "brackets"))
    names, counts = np.unique(species, return_counts=True)
    rng = np.random.default_rng(1)
    order = rng.permutation(np.flatnonzero((counts >= 2) & (counts <= 20)))
    chosen = names[order[: int(np.searchsorted(np.cumsum(counts[order]), sequences)) + 1]]
    keep = np.flatnonzero(np.isin(species, chosen))
    return first.rows(keep), second.rows(rng.permutation(keep)), len(chosen) / len(keep)


@needs_hk_rr
def test_partners_of_kinases_come_back_without_any_known():
    first, second, chance = kinases_and_regulators(1000)
    table = pair_paralogs(first, second, increment=20)
    right = (table["name_1"] == table["name_2"]).mean()
    assert chance < 0.12
    assert right > 2.5 * chance


@needs_hk_rr
def test_known_partners_help_to_find_the_others():
    first, second, _ = kinases_and_regulators(600)
    place = {name: row for row, name in enumerate(second.names)}
    known = [(row, place[name]) for row, name in enumerate(first.names)][::2]
    table = pair_paralogs(first, second, known=known, increment=20)
    found = table[~table["row_1"].isin([row for row, _ in known])]
    assert len(found) == first.n_sequences - len(known)
    rng = np.random.default_rng(0)
    shuffled = Alignment(second.names, rng.permuted(second.codes, axis=0), second.residues)
    null = pair_paralogs(first, shuffled, known=known, increment=20)
    null = null[~null["row_1"].isin([row for row, _ in known])]
    right = (found["name_1"] == found["name_2"]).mean()
    assert right > 0.5
    assert right > 1.5 * (null["name_1"] == null["name_2"]).mean()


@needs_hk_rr
def test_kinases_and_regulators_pair_by_header_as_by_row():
    first, second, _ = kinases_and_regulators(600)
    paired = pair_alignments(first, second, by="header")
    assert paired.n_sequences == first.n_sequences
    assert paired.residues.names == ["HK", "RR"]
    assert paired.names == tuple(f"{name}__{name}" for name in first.names)


@pytest.mark.parametrize("arguments", [{"increment": 2.5}, {"seed": -1}, {"seed": 1.5}])
def test_numbers_of_paralogs_are_whole(arguments):
    first, second = coupled_families(n=60, species=15)
    with pytest.raises(InputError, match=next(iter(arguments))):
        pair_paralogs(first, second, **arguments)
