"""Evidence about pairs of variants and trans genes: equal to loops, neutral where unknown."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqgen.alignment import Residues
from seqgen.couplings.inference import infer_couplings
from seqgen.couplings.numbering import residue_distances
from seqgen.errors import InputError
from seqgen.evidence import combine_evidence, pair_evidence, trans_evidence
from seqgen.evidence.combination import savage_scores
from seqgen.io.alignments import read_alignment
from seqgen.io.resources import (
    example_alignment_path,
    example_structure_path,
    human_proteins,
    missense_map,
)
from seqgen.io.structures import read_structure
from seqgen.io.tables import read_table, write_table
from seqgen.results import Couplings
from seqgen.schemas import Counted
from seqgen.schemas.evidence import PAIR_EVIDENCE, TRANS_EVIDENCE
from seqgen.weighted_testing.weights import evidence_weights

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
SEQUENCES = {f"P{k}": (LETTERS[3 * k :] + LETTERS[: 3 * k]) for k in range(4)}
GENE = {"P0": "ALPHA", "P1": "BETA", "P2": "GAMMA", "P3": "DELTA"}


def change(variant, protein, position, alt="W", gene=None):
    ref = SEQUENCES[protein][position - 1]
    return {
        "variant": variant, "gene": gene or GENE[protein], "uniprot": protein,
        "position": position, "ref_aa": ref, "alt_aa": "V" if ref == alt else alt,
    }  # fmt: skip


def table_of(*rows):
    return pd.DataFrame(list(rows))


def some_variants():
    places = [("P0", 2), ("P1", 5), ("P0", 9), ("P0", 2), ("P2", 7), ("P1", 12), ("P3", 4),
              ("P2", 3), ("P0", 17)]  # fmt: skip
    rows = [change(f"rs{k}", *place, alt="WY"[k % 2]) for k, place in enumerate(places)]
    # One variant that changes two proteins, and one that changes one in two ways.
    return table_of(*rows, change("rs4", "P3", 11), change("rs0", "P0", 3))


def matrix(first, second=None, *, seed=0, method="plm", z=True, names=None):
    """Made couplings within a protein or between two."""
    rng = np.random.default_rng(seed)
    rows = Residues.of_protein(SEQUENCES[first], (names or {}).get(first, first))
    if second is None:
        scores = rng.normal(size=(20, 20))
        scores = scores + scores.T
        np.fill_diagonal(scores, np.nan)
        columns = rows
    else:
        scores = rng.normal(size=(20, 20))
        columns = Residues.of_protein(SEQUENCES[second], (names or {}).get(second, second))
    return Couplings(scores, rows, columns, method, z=2 * scores + 1 if z else None)


def embedded(seed=3, names=("P0", "P1", "P2", "P3", "OTHER")):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(len(names), 6)), index=list(names))


def by_pair(table):
    return {
        (row.variant_1, row.variant_2): row for row in table.itertuples(index=False)
    }  # fmt: skip


# --- the rule that combines -------------------------------------------------------------------


def test_savage_scores_are_expected_order_statistics_of_exponentials():
    rng = np.random.default_rng(1)
    drawn = np.sort(rng.exponential(size=(200_000, 5)), axis=1).mean(axis=0)
    np.testing.assert_allclose(savage_scores(np.arange(5.0)), drawn, rtol=0.01)
    assert savage_scores(np.arange(5.0)).mean() == pytest.approx(1.0, abs=1e-15)
    # Near -log(1 - u) at the middle of the rank, as Fisher's statistic has it.
    u = (np.arange(1000) + 0.5) / 1000
    np.testing.assert_allclose(savage_scores(np.arange(1000.0))[:990], -np.log1p(-u[:990]),
                               rtol=0.006, atol=6e-4)  # fmt: skip


def test_evidence_is_the_sum_over_known_columns():
    table = pd.DataFrame({
        "coupling_alignment": [1.0, 3.0, 2.0, np.nan, np.nan],
        "structure_distance": [9.0, np.nan, 4.0, 30.0, np.nan],
    })  # fmt: skip
    low, middle, high = 1 / 3 - 1, 1 / 3 + 1 / 2 - 1, 1 / 3 + 1 / 2 + 1 - 1
    expected = [low + middle, high, middle + high, low, np.nan]
    np.testing.assert_allclose(combine_evidence(table)["evidence"], expected)
    assert "evidence" not in table


def test_values_all_alike_say_nothing():
    table = pd.DataFrame({"gene_pairs": [1.0, 1.0, np.nan], "coupling_complex": [np.nan, 2.0, 5.0]})
    found = combine_evidence(table)["evidence"]
    np.testing.assert_allclose(found, [0.0, -0.5, 0.5], atol=1e-12)
    for count in (3, 7, 1000, 300_000):
        alike = pd.DataFrame({"gene_a": np.ones(count), "structure_distance": 4.0})
        assert (combine_evidence(alike)["evidence"] == 0.0).all()
    # 1/3 + 1/2 - 1/6 - ... : what cancels is 0, not rounding
    both = pd.DataFrame({"gene_a": [1.0, 2.0, 3.0], "gene_b": [3.0, 2.0, 1.0], "gene_c": 5.0})
    turned = combine_evidence(both)["evidence"]
    assert turned.iloc[0] == pytest.approx(1 / 3 + 11 / 6 - 2)
    assert (np.abs(turned[turned != 0]) > 1e-12).all()
    alone = combine_evidence(table[["coupling_complex"]])["evidence"]
    np.testing.assert_allclose(found[1:], alone[1:], atol=1e-12)


@st.composite
def evidence_tables(draw):
    rows = draw(st.integers(2, 10))
    cell = st.one_of(st.integers(-6, 6).map(float), st.just(np.nan))
    names = ["coupling_alignment", "structure_distance", "gene_string"]
    return pd.DataFrame({
        name: draw(st.lists(cell, min_size=rows, max_size=rows)) for name in names
    })  # fmt: skip


@given(evidence_tables(), st.data())
def test_evidence_never_falls_where_one_column_rises(table, data):
    known = np.argwhere(table.notna().to_numpy())
    if not len(known):
        return
    row, column = known[data.draw(st.integers(0, len(known) - 1))]
    name = table.columns[column]
    step = data.draw(st.integers(1, 8)) * (-1 if name == "structure_distance" else 1)
    raised = table.copy()
    raised.loc[row, name] += step
    before, after = (combine_evidence(each)["evidence"] for each in (table, raised))
    assert after[row] >= before[row] - 1e-12
    others = before.drop(row).dropna().index
    assert (after[others] <= before[others] + 1e-12).all()


@given(evidence_tables())
def test_evidence_is_the_same_on_any_increasing_scale(table):
    other = table.assign(
        coupling_alignment=np.exp(table["coupling_alignment"]),
        structure_distance=table["structure_distance"] ** 3 - 2,
        gene_string=5 * table["gene_string"] + 1,
    )
    pd.testing.assert_series_equal(
        combine_evidence(table)["evidence"], combine_evidence(other)["evidence"], check_exact=True
    )


@given(evidence_tables(), st.integers(0, 9))
def test_a_missing_value_is_neutral(table, row):
    row %= len(table)
    without = table.copy()
    without.loc[row, "gene_string"] = np.nan
    two = combine_evidence(table[["coupling_alignment", "structure_distance"]])["evidence"]
    found = combine_evidence(without)["evidence"]
    assert found[row] == pytest.approx(two[row], nan_ok=True)
    empty = combine_evidence(table.assign(gene_none=np.nan))["evidence"]
    pd.testing.assert_series_equal(empty, combine_evidence(table)["evidence"])
    nothing = table.isna().all(axis=1)
    assert (combine_evidence(table)["evidence"].isna() == nothing).all()


@given(evidence_tables())
def test_each_column_adds_nothing_on_average(table):
    for name in table:
        found = combine_evidence(table[[name]])["evidence"].dropna()
        assert not len(found) or abs(found.mean()) < 1e-12


def test_columns_to_combine_are_checked():
    table = pd.DataFrame({"variant": ["a"], "x": [1.0], "gene_1": ["A"], "evidence": [9.0]})
    with pytest.raises(InputError, match="no column of evidence; found variant, x, gene_1"):
        combine_evidence(table)
    assert combine_evidence(table, columns=["x"])["evidence"].tolist() == [0.0]
    with pytest.raises(InputError, match="column\\(s\\) 'y' of columns missing"):
        combine_evidence(table, columns=["x", "y"])
    with pytest.raises(InputError, match="expected a list of different column names"):
        combine_evidence(table, columns=["x", "x"])
    with pytest.raises(InputError, match="'variant' holds values that are no numbers"):
        combine_evidence(table, columns=["variant"])
    with pytest.raises(InputError, match="table is None"):
        combine_evidence(None)


# --- pairs, against loops ------------------------------------------------------------------------


def expected_pairs(variants, cells, between):
    """Candidates and their values by loops: {pair: [(row, row, {column: value}), ...]}."""
    order = list(dict.fromkeys(variants["variant"]))
    rows = variants.to_dict("records")
    found = {}
    for one, two in combinations(rows, 2):
        if one["variant"] == two["variant"]:
            continue
        if order.index(one["variant"]) > order.index(two["variant"]):
            one, two = two, one
        same = one["uniprot"] == two["uniprot"]
        if same or frozenset((one["uniprot"], two["uniprot"])) in between:
            pair = (one["variant"], two["variant"])
            found.setdefault(pair, []).append((one, two, cells(one, two)))
    return found


def test_pairs_equal_loops_over_all_of_them():
    variants, vectors = some_variants(), embedded()
    within, block = matrix("P0", seed=1), matrix("P1", "P0", seed=2, method="mean-field")
    model = matrix("P2", seed=3, method="attention", z=False)
    listed = matrix("P2", "P1", seed=4).to_frame().drop(columns="z")
    near = pd.DataFrame({
        "protein_1": ["P0", "P0", "P3", "P0"], "position_1": [9, 2, 4, 2],
        "protein_2": ["P0", "P0", "P2", "P0"], "position_2": [2, 17, 7, 9],
        "distance": [7.5, 20.0, 3.0, 6.5],
    })  # fmt: skip
    known = pd.DataFrame({
        "gene_1": ["GAMMA", "DELTA", "DELTA", "NONE"],
        "gene_2": ["ALPHA", "ALPHA", "ALPHA", "BETA"],
        "score": [0.3, 0.2, 0.8, 0.9],
    })  # fmt: skip
    centred = vectors - vectors.mean()
    centred = centred.div(np.sqrt((centred**2).sum(axis=1)), axis=0)
    robust = {}
    for name, scores in (("P2", model.scores[np.triu_indices(20, 1)]), ("list", listed["score"])):
        robust[name] = (np.median(scores), 1.4826 * np.median(np.abs(scores - np.median(scores))))
    listed_at = listed.set_index(["position_1", "position_2"])["score"]

    def cells(one, two):
        p, q, x, y = one["uniprot"], two["uniprot"], one["position"], two["position"]
        out = {}
        if p == q == "P0" and x != y:
            out["coupling_alignment"] = within.z[x - 1, y - 1]
            out["structure_distance"] = {(2, 9): 6.5, (2, 17): 20.0}.get((min(x, y), max(x, y)))
        if p == q == "P2" and x != y:
            out["coupling_language_model"] = (
                model.scores[x - 1, y - 1] - robust["P2"][0]
            ) / robust["P2"][1]
        if {p, q} == {"P0", "P1"}:
            x, y = (x, y) if p == "P1" else (y, x)
            out["coupling_complex"] = block.z[x - 1, y - 1]
        if {p, q} == {"P1", "P2"}:
            x, y = (x, y) if p == "P2" else (y, x)
            out["coupling_complex"] = (listed_at[x, y] - robust["list"][0]) / robust["list"][1]
        if ({p, q}, {x, y}) == ({"P2", "P3"}, {4, 7}) and (p == "P3") == (x == 4):
            out["structure_distance"] = 3.0
        if p != q:
            out["embedding_similarity"] = centred.loc[p] @ centred.loc[q]
        out["gene_list"] = {frozenset(("P2", "P0")): 0.3, frozenset(("P3", "P0")): 0.8}.get(
            frozenset((p, q))
        )
        return {name: value for name, value in out.items() if value is not None}

    between = {frozenset(pair) for pair in (("P0", "P1"), ("P1", "P2"), ("P2", "P3"),
                                            ("P0", "P2"), ("P0", "P3"))}  # fmt: skip
    expected = expected_pairs(variants, cells, between)
    found = pair_evidence(
        variants, couplings=[within, block, model, listed], embeddings=vectors, distances=near,
        gene_pairs={"list": known},
    ).table  # fmt: skip
    assert set(by_pair(found)) == set(expected)
    columns = ["coupling_alignment", "coupling_language_model", "coupling_complex",
               "embedding_similarity", "structure_distance", "gene_list"]  # fmt: skip
    for pair, row in by_pair(found).items():
        mine = [
            values for one, two, values in expected[pair]
            if (one["position"], two["position"]) == (row.position_1, row.position_2)
            and (one["uniprot"], two["uniprot"]) == (row.uniprot_1, row.uniprot_2)
        ]  # fmt: skip
        for name in columns:
            value = mine[0].get(name, np.nan)
            assert getattr(row, name) == pytest.approx(value, nan_ok=True, abs=1e-6)
    again = combine_evidence(found)["evidence"]
    pd.testing.assert_series_equal(again, found["evidence"])
    assert (found["evidence"].dropna().diff().dropna() <= 0).all()
    first = found.iloc[0]
    assert first["residue_change_1"] == (
        SEQUENCES[first["uniprot_1"]][first["position_1"] - 1] + str(first["position_1"])
        + first["residue_change_1"][-1]
    )  # fmt: skip


def test_a_variant_of_several_residues_is_paired_by_the_one_with_most_evidence():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), change("a", "P0", 3),
                        change("c", "P0", 12))  # fmt: skip
    scores = np.zeros((20, 20))
    for i, j, value in ((2, 9, 1.0), (3, 9, 5.0), (2, 12, 7.0), (3, 12, 2.0), (9, 12, 3.0)):
        scores[i - 1, j - 1] = scores[j - 1, i - 1] = value
    rows = Residues.of_protein(SEQUENCES["P0"], "P0")
    found = by_pair(pair_evidence(variants, couplings=Couplings(
        scores, rows, rows, "plm", z=scores)).table)  # fmt: skip
    assert {pair: row.position_1 for pair, row in found.items()} == {
        ("a", "b"): 3, ("a", "c"): 2, ("b", "c"): 9,
    }  # fmt: skip
    assert found["a", "b"].coupling_alignment == 5.0


@pytest.mark.parametrize(
    ("scope", "candidates", "expected"),
    [
        ("within", "known", {("a", "b")}),
        ("all", "known", {("a", "b"), ("a", "c"), ("b", "c")}),
        ("between", "known", {("a", "c"), ("b", "c")}),
        ("between", "all", {("a", "c"), ("b", "c"), ("a", "d"), ("b", "d"), ("c", "d")}),
        ("all", "all", set(combinations("abcd", 2))),
    ],
)
def test_candidates_follow_the_stated_rule(scope, candidates, expected):
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), change("c", "P1", 3),
                        change("d", "P2", 3))  # fmt: skip
    known = pd.DataFrame({"gene_1": ["BETA"], "gene_2": ["ALPHA"]})
    found = pair_evidence(variants, gene_pairs=known, scope=scope, candidates=candidates).table
    assert set(by_pair(found)) == expected
    listed = found["gene_pairs"].notna()
    assert set(found[listed]["uniprot_1"] + found[listed]["uniprot_2"]) <= {"P0P1"}


def test_pairs_of_which_nothing_is_known_are_neutral_rows():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), change("c", "P0", 9, "Y"),
                        change("d", "P3", 3), change("e", "P3", 5))  # fmt: skip
    found = pair_evidence(variants, couplings=matrix("P0")).table
    rows = by_pair(found)
    assert np.isnan(rows["b", "c"].evidence), "two changes of one residue"
    assert np.isnan(rows["d", "e"].evidence)
    assert np.isfinite(rows["a", "b"].evidence)
    weights = evidence_weights(found["evidence"].to_numpy())
    assert weights.values[found["evidence"].isna()].tolist() == [1.0, 1.0]
    places = [(2, 9), (9, 9)]
    near = pd.DataFrame([{"protein_1": "P0", "position_1": i, "protein_2": "P0", "position_2": j,
                          "distance": abs(i - j)} for i, j in places])  # fmt: skip
    close = by_pair(pair_evidence(variants, distances=near).table)
    assert close["a", "c"].structure_distance == 7.0
    assert np.isnan(close["b", "c"].structure_distance), "a residue is no distance from itself"
    alone = pair_evidence(variants).table
    assert alone["evidence"].isna().all()
    assert list(alone.columns) == [*PAIR_EVIDENCE.names[:10], "evidence"]


@pytest.mark.parametrize("name", ["P0", "ALPHA", "sp|P0|ALPHA_HUMAN", "P0/1-20"])
def test_proteins_are_matched_by_accession_and_then_by_gene(name):
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9))
    couplings = matrix("P0", names={"P0": name})
    assert pair_evidence(variants, couplings=couplings).table["coupling_alignment"].tolist() == [
        couplings.z[1, 8]
    ]


def test_an_accession_goes_before_a_gene_of_that_name():
    others = change("c", "P1", 2, gene="P0"), change("d", "P1", 9, gene="P0")
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), *others)
    found = by_pair(pair_evidence(variants, couplings=matrix("P0")).table)
    assert np.isfinite(found["a", "b"].coupling_alignment)
    assert np.isnan(found["c", "d"].coupling_alignment)


def test_a_gene_of_several_proteins_is_not_guessed():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9),
                        change("c", "P1", 2, gene="ALPHA"))  # fmt: skip
    couplings = [matrix("P0", names={"P0": "ALPHA"}), matrix("P0")]
    found = pair_evidence(variants, couplings=couplings)
    assert found.drops["reason"].tolist() == [
        "couplings: a gene symbol of several proteins; name them by accession"
    ]
    assert found.table["coupling_alignment"].notna().tolist() == [True]


def test_the_larger_of_two_values_counts():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9))
    one, two = matrix("P0", seed=1), matrix("P0", seed=2, method="mean-field")
    found = pair_evidence(variants, couplings=[one, two]).table
    assert found["coupling_alignment"].tolist() == [max(one.z[1, 8], two.z[1, 8])]


def test_a_table_of_couplings_tells_the_same_as_the_matrix():
    variants = some_variants()
    for couplings in (matrix("P0", z=False), matrix("P0"), matrix("P2", "P0", z=False)):
        matrices, tables = (
            pair_evidence(variants, couplings=each).table
            for each in (couplings, couplings.to_frame().sample(frac=1, random_state=1))
        )
        pd.testing.assert_frame_equal(matrices, tables)


def test_blocks_of_a_joint_result_are_standardised_each_by_itself():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), change("c", "P1", 3))
    rows = Residues.of_protein(SEQUENCES["P0"], "P0").join(
        Residues.of_protein(SEQUENCES["P1"], "P1")
    )
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(40, 40))
    scores[:20, :20] = 10 * scores[:20, :20] + 50
    scores = scores + scores.T
    np.fill_diagonal(scores, np.nan)
    joint = Couplings(scores, rows, rows, "plm")
    for couplings in (joint, joint.to_frame()):
        found = by_pair(pair_evidence(variants, couplings=couplings).table)
        for pair, column, (i, j), block in (
            (("a", "b"), "coupling_alignment", (1, 8), scores[:20, :20]),
            (("b", "c"), "coupling_complex", (8, 22), scores[:20, 20:]),
        ):
            centre = np.nanmedian(block)
            spread = 1.4826 * np.nanmedian(np.abs(block - centre))
            assert getattr(found[pair], column) == pytest.approx((scores[i, j] - centre) / spread)


def test_residues_numbered_otherwise_are_counted_and_refused_if_all_are():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), change("c", "P0", 12))
    wrong = list(SEQUENCES["P0"])
    wrong[8] = "W" if wrong[8] != "W" else "V"
    variants.loc[1, "alt_aa"] = "Y"
    rows = Residues.of_protein("".join(wrong), "P0")
    scores = matrix("P0").scores
    found = pair_evidence(variants, couplings=Couplings(scores, rows, rows, "plm", z=scores))
    assert found.table["coupling_alignment"].notna().sum() == 1
    assert found.drops["count"].tolist() == [1]
    assert "neither of the variant's" in found.drops["reason"].iloc[0]
    # A sequence that carries the new residue is of the same numbering.
    variants.loc[1, "alt_aa"] = wrong[8]
    assert not len(pair_evidence(variants, couplings=Couplings(
        scores, rows, rows, "plm", z=scores)).drops)  # fmt: skip
    shifted = Residues.of_protein(SEQUENCES["P0"], "P0", start=2)
    with pytest.raises(InputError, match="is neither residue of the variant there"):
        pair_evidence(variants, couplings=Couplings(scores, shifted, shifted, "plm"))


def test_scores_that_are_alike_say_nothing_and_are_counted():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9))
    rows = Residues.of_protein(SEQUENCES["P0"], "P0")
    flat = Couplings(np.zeros((20, 20)), rows, rows, "plm")
    found = pair_evidence(variants, couplings=[flat])
    assert found.table["evidence"].isna().all()
    assert "half of the scores alike" in found.drops["reason"].iloc[0]


def test_what_is_unknown_is_counted():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), change("c", "P1", 3),
                        change("c", "P1", 3), {"variant": "d", "gene": "ALPHA"},
                        {**change("e", "P0", 4), "variant": None})  # fmt: skip
    known = pd.DataFrame({"gene_1": ["ALPHA", "ALPHA", "NONE", "BETA"],
                          "gene_2": ["BETA", "ALPHA", "BETA", "ALPHA"],
                          "score": [1.0, 2.0, 3.0, np.nan]})  # fmt: skip
    found = pair_evidence(
        variants, couplings=[matrix("P0"), matrix("P3"), matrix("P0", "P2")],
        embeddings=embedded(), gene_pairs={"x": known},
    )  # fmt: skip
    assert dict(zip(found.drops["reason"], found.drops["count"], strict=True)) == {
        "variant without a residue change of a protein": 1,
        "variant without a name (variant, rsid, place and alleles)": 1,
        "row repeats another": 1,
        "couplings: a protein that no variant changes": 2,
        "gene_pairs 'x': a gene without variants": 1,
        "gene_pairs 'x': a gene with itself": 1,
        "gene_pairs 'x': a pair without a score": 1,
        "embeddings: a protein without variants": 3,
    }
    assert len(found.table) == 3


def test_variants_are_named_by_identifier_or_by_place_and_alleles():
    rows = some_variants().iloc[[0, 2, 8]].drop(columns="variant")
    rows = rows.assign(rsid=["rs1", None, None], chrom=["1", "2", "X"], pos=[10, 20, 30],
                       effect_allele="A", other_allele="G")  # fmt: skip
    found = pair_evidence(rows).table
    names = set(found["variant_1"]) | set(found["variant_2"])
    assert names == {"rs1", "2:20:G:A", "X:30:G:A"}
    with pytest.raises(InputError, match="no column that names them"):
        pair_evidence(rows.drop(columns=["rsid", "pos"]))


def test_embeddings_tell_of_other_proteins_alone_and_missing_ones_are_missing():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), change("c", "P1", 3),
                        change("d", "P2", 3))  # fmt: skip
    vectors = embedded(names=("ALPHA", "P1", "P3"))
    found = by_pair(pair_evidence(variants, embeddings=vectors, candidates="all").table)
    centred = vectors - vectors.mean()
    cosine = (
        centred.loc["ALPHA"]
        @ centred.loc["P1"]
        / np.sqrt((centred.loc["ALPHA"] ** 2).sum() * (centred.loc["P1"] ** 2).sum())
    )
    assert found["a", "c"].embedding_similarity == pytest.approx(cosine, abs=1e-6)
    assert np.isnan(found["a", "b"].embedding_similarity)
    assert np.isnan(found["a", "d"].embedding_similarity)


def test_a_table_with_its_drops_is_told_from_its_table():
    variants = some_variants()
    known = pd.DataFrame({"gene_1": ["ALPHA"], "gene_2": ["BETA"]})
    held = Counted(variants, pd.DataFrame())
    for call in (
        lambda: pair_evidence(held), lambda: trans_evidence(held, ["BETA"]),
    ):  # fmt: skip
        with pytest.raises(InputError, match=r"variants is a table .*give its \.table"):
            call()
    cases = {
        "gene_pairs": Counted(known, known), "embeddings": Counted(embedded(), known),
        "couplings": Counted(matrix("P0").to_frame(), known),
        "distances": Counted(matrix("P0").to_frame(), known),
    }  # fmt: skip
    for name, value in cases.items():
        with pytest.raises(InputError, match=rf"{name} is a table .*give its \.table"):
            pair_evidence(variants, **{name: value})
    with pytest.raises(InputError, match=r"couplings: one is a table .*\.table"):
        pair_evidence(variants, couplings=[cases["couplings"]])
    with pytest.raises(InputError, match=r"targets is a table .*\.table"):
        trans_evidence(variants, Counted(known, known))
    with pytest.raises(InputError, match="targets is of type int; expected a list of gene"):
        trans_evidence(variants, 3)
    with pytest.raises(InputError, match=r"table is a table .*\.table"):
        combine_evidence(pair_evidence(variants, gene_pairs=known))
    for wrong in (variants.to_dict(), None, [variants]):
        for call in (pair_evidence, lambda rows: trans_evidence(rows, ["BETA"])):
            with pytest.raises(
                InputError, match=r"variants is .*such as annotate\(\.\.\.\)\.table"
            ):
                call(wrong)


def test_summary_statistics_have_to_be_annotated_first():
    raw = pd.DataFrame({"chrom": ["1"], "pos": [5], "effect_allele": ["A"], "other_allele": ["G"],
                        "rsid": ["rs1"], "beta": [0.1], "se": [0.1], "p": [0.3]})  # fmt: skip
    for call in (pair_evidence, lambda given: trans_evidence(given, ["BETA"])):
        with pytest.raises(InputError, match=r"annotate them first \(annotate, or seqgen annotate"):
            call(raw)
    with pytest.raises(InputError, match=r"column\(s\) position missing") as caught:
        pair_evidence(some_variants().drop(columns="position"))
    assert "first" not in str(caught.value)


def test_pair_evidence_refuses_what_it_cannot_use():
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9), change("c", "P1", 3))
    known = pd.DataFrame({"gene_1": ["ALPHA"], "gene_2": ["BETA"]})
    cases = [
        ({"scope": "trans"}, "scope is 'trans'"),
        ({"candidates": "some"}, "candidates is 'some'"),
        ({"max_pairs": 0}, "max_pairs is 0"),
        ({"candidates": "all", "max_pairs": 2}, "3 pairs to look at, more than max_pairs=2; give"),
        ({"couplings": matrix("P3")}, "couplings: nothing is told of proteins of the variants"),
        ({"couplings": [3]}, "couplings: holds a int; expected Couplings"),
        ({"couplings": known}, "couplings, table 1: column\\(s\\) protein_1"),
        ({"distances": known}, "distances, table 1: column\\(s\\) protein_1"),
        ({"gene_pairs": known.rename(columns={"gene_1": "a"})}, "column\\(s\\) gene_1 missing"),
        ({"gene_pairs": {"hgnc": known.replace({"ALPHA": "1", "BETA": "2"})}}, "none of its genes"),
        ({"gene_pairs": {"1": known}}, "would be column gene_1, which is taken"),
        ({"gene_pairs": known.assign(score="high")}, "column score holds no numbers"),
        ({"embeddings": embedded()}, "name no two proteins with variants; pass candidates='all'"),
        ({"embeddings": embedded(), "scope": "within"}, "scope is 'within'; leave them out"),
        ({"embeddings": embedded(names=("x", "y"))}, "none is of a protein of the variants"),
        ({"embeddings": embedded(names=("P0", "P0"))}, "'P0' comes twice"),
        ({"embeddings": embedded().assign(e="x")}, "hold values that are no numbers"),
        ({"scope": "between"}, "no pair with scope='between'"),
    ]
    for options, message in cases:
        with pytest.raises(InputError, match=message):
            pair_evidence(variants, **options)
    near = matrix("P0").to_frame().assign(distance=-1.0)
    with pytest.raises(InputError, match="-1 is below 0"):
        pair_evidence(variants, distances=near)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("position", 2.5, "position of row 1 is 2.5"), ("position", 0, "position of row 1 is 0"),
     ("ref_aa", "Ala", "ref_aa of row 1 is 'Ala'"), ("alt_aa", "*", "alt_aa of row 1 is '\\*'")],
)  # fmt: skip
def test_variants_are_checked(column, value, message):
    variants = table_of(change("a", "P0", 2), change("b", "P0", 9)).astype({"position": float})
    variants.loc[1, column] = value
    with pytest.raises(InputError, match=message):
        pair_evidence(variants)
    with pytest.raises(InputError, match=f"column\\(s\\) {column} missing"):
        pair_evidence(variants.drop(columns=column))


def test_no_pair_at_all_is_an_error():
    with pytest.raises(InputError, match="no protein has two variants"):
        pair_evidence(table_of(change("a", "P0", 2), change("b", "P1", 2)))
    with pytest.raises(InputError, match="variants: no usable row"):
        pair_evidence(some_variants().assign(uniprot=None))


# --- the kinase family -----------------------------------------------------------------------


def test_known_variants_of_akt2_are_paired_by_the_couplings_of_its_family(tmp_path):
    # The part of the kinase domain that holds its known variants, to be fast.
    alignment = read_alignment(example_alignment_path()).columns(np.arange(30, 130))
    couplings = infer_couplings(alignment, method="mean-field")
    distances = residue_distances(
        alignment.residues, alignment.residues, read_structure(example_structure_path())
    )
    proteins = human_proteins()
    akt2 = missense_map().query("gene == 'AKT2'")
    found = pair_evidence(akt2, couplings=couplings, distances=distances)
    table = found.table.set_index(["residue_change_1", "residue_change_2"])
    # Four known variants; E17K lies before the kinase domain, of which alone something is told.
    assert len(table) == 6
    assert table["evidence"].isna().sum() == 3
    assert set(table["uniprot_1"]) == set(akt2["uniprot"])
    sequence = proteins.set_index("uniprot")["sequence"][akt2["uniprot"].iloc[0]]
    for (one, two), row in table[table["evidence"].notna()].iterrows():
        assert sequence[row["position_1"] - 1] == one[0]
        i, j = row["position_1"] - 182, row["position_2"] - 182
        assert row["coupling_alignment"] == pytest.approx(couplings.z[i, j])
        assert row["structure_distance"] == pytest.approx(distances.values[i, j])
        assert two[-1] in LETTERS
    assert not len(found.drops)
    path = write_table(found.table, tmp_path / "pairs.parquet", schema=PAIR_EVIDENCE)
    pd.testing.assert_frame_equal(read_table(path, PAIR_EVIDENCE), found.table)


# --- variants and trans genes --------------------------------------------------------------------


def trans_block(seed=5):
    return matrix("P0", "P1", seed=seed, method="mean-field")


def test_trans_couplings_are_the_largest_with_the_target():
    variants = pd.DataFrame([
        {"variant": "res", "gene": "ALPHA", "uniprot": "P0", "position": 5,
         "ref_aa": SEQUENCES["P0"][4]},
        {"variant": "whole", "gene": "ALPHA"},
        {"variant": "outside", "gene": "ALPHA", "uniprot": "P0", "position": 40},
        {"variant": "other", "gene": "DELTA"},
    ])  # fmt: skip
    targets = pd.DataFrame({"gene": ["BETA", "GAMMA"], "uniprot": ["P1", None]})
    block = trans_block()
    turned = Couplings(block.scores.T, block.columns, block.rows, block.method, z=block.z.T)
    listed = block.to_frame()
    for couplings in (block, turned, listed, [block, matrix("P1", "P0", seed=9, z=False)]):
        extra = None
        if isinstance(couplings, list):
            other = couplings[1].scores
            centre = np.median(other)
            extra = (other - centre) / (1.4826 * np.median(np.abs(other - centre)))
        found = trans_evidence(variants, targets, couplings=couplings).table
        rows = found.set_index("variant")["coupling_complex"]
        best = block.z[4].max(), block.z.max()
        if extra is not None:
            best = max(best[0], extra[:, 4].max()), max(best[1], extra.max())
        assert rows["res"] == pytest.approx(best[0])
        assert rows["whole"] == pytest.approx(best[1])
        # Nothing is known of a residue that the couplings do not hold.
        assert set(rows.index) == {"res", "whole"}
        assert set(found["target"]) == {"BETA"}


def test_trans_rows_equal_loops():
    rng = np.random.default_rng(2)
    genes = [f"G{k}" for k in range(12)]
    variants = pd.DataFrame({"variant": [f"v{k}" for k in range(15)],
                             "gene": rng.choice(genes[:8], 15)})  # fmt: skip
    targets = genes[5:]
    a, b = rng.choice([*genes, "X"], (2, 60))
    known = pd.DataFrame({"gene_1": a, "gene_2": b, "score": rng.random(60).round(3)})
    vectors = pd.DataFrame(rng.normal(size=(11, 4)), index=genes[:11])
    centred = vectors - vectors.mean()
    expected = {}
    for (name, gene), target in product(variants.itertuples(index=False), targets):
        told = [
            row.score for row in known.itertuples() if {row.gene_1, row.gene_2} == {gene, target}
        ]
        if gene != target and told:
            pair = [centred.loc[each] for each in (gene, target) if each in vectors.index]
            alike = (
                pair[0] @ pair[1] / np.sqrt((pair[0] @ pair[0]) * (pair[1] @ pair[1]))
                if len(pair) == 2 else np.nan
            )  # fmt: skip
            expected[name, target] = (max(told), alike)
    found = trans_evidence(variants, targets, gene_pairs={"k": known}, embeddings=vectors)
    rows = found.table.set_index(["variant", "target"])
    assert set(rows.index) == set(expected)
    assert len(expected) > 10
    for pair, (score, alike) in expected.items():
        assert rows.loc[pair, "gene_k"] == score
        assert rows.loc[pair, "embedding_similarity"] == pytest.approx(alike, nan_ok=True, abs=1e-5)
    pd.testing.assert_series_equal(
        combine_evidence(found.table)["evidence"], found.table["evidence"]
    )
    TRANS_EVIDENCE.validate(found.table)


def test_all_trans_candidates_on_request_and_never_ones_own_gene():
    variants = pd.DataFrame({"variant": ["a", "b", "c"], "gene": ["G0", "G1", "G0"]})
    targets = ["G0", "G1", "G2"]
    found = trans_evidence(variants, targets, candidates="all").table
    assert set(zip(found["variant"], found["target"], strict=True)) == {
        ("a", "G1"), ("a", "G2"), ("b", "G0"), ("b", "G2"), ("c", "G1"), ("c", "G2"),
    }  # fmt: skip
    assert found["evidence"].isna().all()
    with pytest.raises(InputError, match="9 pairs to look at, more than max_pairs=8"):
        trans_evidence(variants, targets, candidates="all", max_pairs=8)


def test_a_trans_variant_of_several_genes_has_the_row_with_most_evidence():
    variants = pd.DataFrame({"variant": ["a", "a", "b"], "gene": ["G0", "G1", "G2"]})
    known = pd.DataFrame({"gene_1": ["G0", "G1", "G2"], "gene_2": "T", "score": [0.2, 0.9, 0.5]})
    found = trans_evidence(variants, ["T"], gene_pairs=known).table
    assert found[["variant", "gene", "gene_pairs"]].values.tolist() == [
        ["a", "G1", 0.9], ["b", "G2", 0.5],
    ]  # fmt: skip


def test_trans_evidence_counts_and_refuses():
    variants = pd.DataFrame({"variant": ["a", "b", "c"], "gene": ["ALPHA", None, "DELTA"]})
    targets = ["BETA", "BETA", None, "GAMMA"]
    named = {"P0": "ALPHA", "P1": "BETA", "P2": "GAMMA", "P3": "X"}
    couplings = [matrix("P0", "P1", names=named), matrix("P1", "P2", names=named),
                 matrix("P0", names=named), matrix("P0", "P3", names=named)]  # fmt: skip
    found = trans_evidence(variants, targets, couplings=couplings)
    assert dict(zip(found.drops["reason"], found.drops["count"], strict=True)) == {
        "variant without a gene or protein": 1,
        "target without a gene": 1,
        "target repeats another": 1,
        "couplings: within a protein, which tell nothing of a target": 1,
        "couplings: not of a variant's protein and a target's": 2,
    }
    known = pd.DataFrame({"gene_1": ["ALPHA"], "gene_2": ["DELTA"]})
    cases = [
        ({"gene_pairs": known}, "nothing is known of any pair"),
        ({}, "nothing is known of any pair"),
        ({"couplings": matrix("P2")}, "couplings: nothing is told of proteins of the variants or"),
        ({"embeddings": embedded(names=("x", "y"))}, "none is of a protein"),
    ]
    for options, message in cases:
        with pytest.raises(InputError, match=message):
            trans_evidence(variants, targets, **options)
    with pytest.raises(InputError, match="targets is 'BETA'"):
        trans_evidence(variants, "BETA")
    with pytest.raises(InputError, match="targets: column gene missing"):
        trans_evidence(variants, pd.DataFrame({"symbol": ["BETA"]}))
    with pytest.raises(InputError, match="neither column gene nor uniprot"):
        trans_evidence(variants[["variant"]], ["BETA"])
