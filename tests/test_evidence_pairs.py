"""Evidence about pairs of variants: equal to loops, neutral where unknown."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from synthetic_evidence import (
    LETTERS,
    SEQUENCES,
    by_pair,
    change,
    embedded,
    matrix,
    some_variants,
    table_of,
)

from seqgen.alignment import Residues
from seqgen.couplings.inference import infer_couplings
from seqgen.couplings.numbering import residue_distances
from seqgen.errors import InputError
from seqgen.evidence import combine_evidence, pair_evidence, trans_evidence
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
from seqgen.schemas.evidence import PAIR_EVIDENCE
from seqgen.weighted_testing.weights import evidence_weights


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
