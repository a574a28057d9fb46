"""Reports of pair and trans scans: numbers are there, words are honest, pages stand alone."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from synthetic_scans import (
    PROVENANCE,
    ROMAN,
    YEAST,
    make_calibration,
    make_control,
    make_drops,
    make_hits,
    make_hotspots,
    make_leads,
    make_pairs,
)
from test_report import Page

from seqgen import schemas
from seqgen.errors import InputError, OutputError
from seqgen.plots.decisions import ranked
from seqgen.report import numbers
from seqgen.report.scan_limits import gxg_limits, in_hotspots, pair_flags, trans_limits
from seqgen.report.scan_page import write_gxg_report, write_trans_report
from seqgen.report.scan_tables import GxGTables, TransTables
from seqgen.report.scan_words import (
    calibration_told,
    control_verdict,
    inflation_told,
)


@pytest.fixture(scope="module")
def gxg():
    pairs = make_pairs(n=70)
    return GxGTables(
        pairs=pairs, calibration=make_calibration(), control=make_control(pairs),
        leads=make_leads(), drops=make_drops(), n_tests=100_000, inflation=1.02,
        notices=("relatives were kept",),
    )  # fmt: skip


@pytest.fixture(scope="module")
def trans():
    hits = make_hits(n=300)
    return TransTables(
        hits=hits, hotspots=make_hotspots(hits), calibration=make_calibration(),
        control=make_control(hits), drops=make_drops(), n_tests=40_000_000, inflation=1.01,
        n_cis=1234, n_cross_mapped=56, p_threshold=1e-5,
        chrom_lengths=dict(zip(ROMAN, YEAST, strict=True)),
    )  # fmt: skip


def edit(tables, **changes):
    return dataclasses.replace(tables, **changes)


@pytest.fixture(scope="module")
def whole(gxg, trans, tmp_path_factory):
    """The text of both pages, made once."""
    folder = tmp_path_factory.mktemp("scans")
    return {id(tables): html_of(tables, folder) for tables in (gxg, trans)}


def html_of(tables, tmp_path, **options):
    write = write_gxg_report if isinstance(tables, GxGTables) else write_trans_report
    path = tmp_path / "scan.html"
    assert write(tables, path, provenance=options.pop("provenance", PROVENANCE), **options) == path
    return path.read_text(encoding="utf-8")


def page_of(tables, tmp_path, **options):
    page = Page(html_of(tables, tmp_path, **options))
    assert page.open == []
    return page


def nothing_found(table):
    """The same tests with no discovery among them."""
    return table.assign(
        decision="neither", q=0.9, q_weighted=0.9, p_bonferroni=0.4, p_bonferroni_weighted=0.6
    )


@pytest.fixture(params=["gxg", "trans"])
def tables(request):
    return request.getfixturevalue(request.param)


# --- both pages -----------------------------------------------------------------------------


def test_page_stands_alone(tables, whole):
    html = whole[id(tables)]
    page = Page(html)
    assert page.open == []
    for value in page.values("src", "href", "xlink:href", "srcset", "data", "action"):
        assert value.startswith(("#", "data:image/png;base64,")), value
    for foreign in ("@import", "http", "<script"):
        assert foreign not in html
    assert len(html) < 700_000


def test_links_have_targets_and_identifiers_are_unique(tables, whole):
    page = Page(whole[id(tables)])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for value in page.values("href", "xlink:href"):
        if value.startswith("#"):
            assert value[1:] in ids, value


def test_page_is_the_same_twice(tables, whole, tmp_path):
    assert html_of(tables, tmp_path) == whole[id(tables)]


def test_summary_tells_the_counts(tables, whole):
    table = tables.pairs if isinstance(tables, GxGTables) else tables.hits
    text = Page(whole[id(tables)]).text
    without = int((table["q"] <= 0.05).sum())
    weighted = int((table["q_weighted"] <= 0.05).sum())
    gained = int(((table["q_weighted"] <= 0.05) & (table["q"] > 0.05)).sum())
    thing = "pairs" if isinstance(tables, GxGTables) else "associations"
    assert f"{tables.n_tests:,} tests of a" in text
    assert f"{int(table['listed'].sum())} of them are in the evidence table" in text
    assert f"{without} {thing} are found without weights and {weighted} with weights" in text
    assert f"{gained} gained, {without - (weighted - gained)} lost" in text


def test_nothing_found_is_told(tables, tmp_path):
    name = "pairs" if isinstance(tables, GxGTables) else "hits"
    table = nothing_found(getattr(tables, name))
    none = edit(tables, **{name: table}, control=make_control(table))
    text = page_of(none, tmp_path).text
    assert (
        "At a false discovery rate of 5%, nothing was found, without weights or with them" in text
    )
    best = numbers.p_value(table["neg_log10_p"].max())
    assert f"The smallest p value is {best}" in text
    assert "found by chance with probability 0.4 at most" in text
    assert "does not show that there is nothing to find" in text
    assert "There is no discovery to ask this of" in text


def test_empty_tables_make_a_page(tables, tmp_path):
    empty = {
        "calibration": schemas.CALIBRATION.empty(), "control": schemas.CONTROL.empty(),
        "drops": schemas.DROPS.empty(),
    }  # fmt: skip
    if isinstance(tables, GxGTables):
        empty |= {"pairs": schemas.GXG.empty(), "leads": schemas.LEADS.empty()}
    else:
        empty |= {"hits": schemas.TRANSQTL.empty(), "hotspots": schemas.HOTSPOTS.empty()}
    bare = edit(tables, **empty, inflation=float("nan"), notices=())
    page = page_of(bare, tmp_path, provenance={})
    for words in ("nothing was found", "No evidence was given", "No row was dropped or changed",
                  "Inflation unknown", "no evidence was given, so that"):  # fmt: skip
        assert words in page.text, words
    assert not any(tag == "svg" for tag, _ in page.tags)
    assert not re.search(r"\bnan\b|<NA>", page.text)


def test_one_row_makes_a_page(tables, tmp_path):
    name = "pairs" if isinstance(tables, GxGTables) else "hits"
    one = ranked(getattr(tables, name)).head(1)
    text = page_of(edit(tables, **{name: one}, control=make_control(one)), tmp_path).text
    assert "1 pair is found" in text or "1 association is found" in text


def test_hostile_names_are_escaped(tables, tmp_path):
    name = "pairs" if isinstance(tables, GxGTables) else "hits"
    table = ranked(getattr(tables, name)).copy()
    table.loc[table.index[0], [c for c in table if c.startswith(("gene", "variant"))
                               and table[c].dtype == "str"]] = "<script>x</script>$y$"  # fmt: skip
    table["gene_<b>"] = "<i>no</i>"
    html = html_of(
        edit(tables, **{name: table}, notices=("<u>note</u>",),
             drops=make_drops().assign(example="<s>line</s>")),
        tmp_path, title="A & <B>", provenance=PROVENANCE | {"command": "seqgen <run>"},
    )  # fmt: skip
    for raw in ("<script", "<i>no", "<u>note", "<s>line", "<B>", "seqgen <run>", "gene_<b>"):
        assert raw not in html
    assert "<title>A &amp; &lt;B&gt;</title>" in html
    assert "&lt;script&gt;x&lt;/script&gt;$y$" in html
    assert Page(html).open == []


def test_drops_notices_and_provenance_are_told(tables, tmp_path):
    text = page_of(edit(tables, notices=("relatives were kept",)), tmp_path).text
    for words in ("fewer double carriers than asked for dropped 41,220", "relatives were kept",
                  "seqgen gxg --pairs pairs.parquet", "ab" * 32, "GRCh38"):  # fmt: skip
        assert words in text, words


def test_rows_beyond_the_page_are_counted(tables, tmp_path):
    name = "pairs" if isinstance(tables, GxGTables) else "hits"
    many = make_pairs(n=150) if name == "pairs" else tables.hits
    text = page_of(edit(tables, **{name: many}, control=make_control(many)), tmp_path).text
    left = len(many) - 100
    kind = "pairs" if name == "pairs" else "associations"
    assert f"{left} further {kind} of the table are not shown" in text
    assert "The next 80" in text


def test_tables_are_held_to_their_schemas(tables, tmp_path):
    name = "pairs" if isinstance(tables, GxGTables) else "hits"
    table = getattr(tables, name)
    with pytest.raises(InputError, match="decision"):
        html_of(edit(tables, **{name: table.drop(columns="decision")}), tmp_path)
    with pytest.raises(InputError, match="n_tests is 3"):
        html_of(edit(tables, n_tests=3), tmp_path)
    with pytest.raises(InputError, match=r"at alpha 0\.05 and the report at 0\.1"):
        html_of(edit(tables, alpha=0.1), tmp_path)
    with pytest.raises(InputError, match=r"alpha is 1\.5"):
        html_of(edit(tables, alpha=1.5), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(gxg, tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        write_gxg_report(gxg, tmp_path / "nowhere" / "r.html", provenance={})


# --- pairs ----------------------------------------------------------------------------------


def test_pairs_show_both_residues_evidence_and_decision(gxg, whole):
    text = Page(whole[id(gxg)]).text
    best = gxg.pairs.loc[gxg.pairs["q_weighted"].clip(upper=gxg.pairs["q"]).idxmin()]
    for k in (1, 2):
        place = f"{best[f'variant_{k}']}, {best[f'chrom_{k}']}:{best[f'pos_{k}']}"
        assert f"{best[f'gene_{k}']} {best[f'residue_change_{k}']} {place}" in text
    for row in gxg.pairs[gxg.pairs["decision"] != "neither"].to_dict("records"):
        if not np.isnan(row["coupling_alignment"]):
            assert f"alignment {numbers.decimal(row['coupling_alignment'])}" in text
        if not np.isnan(row["structure_distance"]):
            assert f"structure {numbers.decimal(row['structure_distance'], 1)} Å" in text
        assert f"{numbers.decimal(row['beta'], 3)} ({numbers.decimal(row['se'], 3)})" in text
    assert "▲ gained" in text
    assert "● found" in text


def test_warnings_stand_beside_their_pairs(gxg, whole):
    flags = pair_flags(gxg.pairs)
    found = gxg.pairs["decision"] != "neither"
    clean = int((found & ~flags.any(axis=1)).sum())
    text = Page(whole[id(gxg)]).text
    assert f"{clean} carry no warning" in text
    for name in ("handful of people", "does not survive scale", "not fitted in full"):
        # Once in each row that has it, once in the key below the table.
        assert text.count(name) >= int(flags[name].sum()) + 1, name
    assert "no lead in the model" in text
    assert "given 2 leads" in text


def test_flags_follow_the_columns():
    pairs = make_pairs(n=4).assign(
        detailed=[True, True, True, False],
        phantom_risk=pd.array([True, False, None, None], dtype="boolean"),
        handful=pd.array([False, True, False, None], dtype="boolean"),
        survives_scale=pd.array([True, False, None, None], dtype="boolean"),
        neg_log10_p=8.0, neg_log10_p_robust=[8.0, 8.0, 3.9, np.nan],
    )  # fmt: skip
    raised = [list(row[row].index) for _, row in pair_flags(pairs).iterrows()]
    assert raised == [
        ["phantom risk"], ["handful of people", "does not survive scale"],
        ["weak with robust errors"], ["not fitted in full"],
    ]  # fmt: skip


def test_optional_columns_may_be_absent(gxg, tmp_path):
    bare = gxg.pairs.drop(columns=[c for c in gxg.pairs if c.startswith("neg_log10_p_")])
    bare = bare.drop(columns=["coupling_alignment", "coupling_language_model", "gene_network"])
    text = page_of(edit(gxg, pairs=bare), tmp_path).text
    assert "rank-normal" not in text
    assert "language model" not in text.replace("couplings (alignment, language model", "")


def test_leads_are_told(gxg, whole, tmp_path):
    text = Page(whole[id(gxg)]).text
    assert "22:45200000-46200000 rs1000 1 0.930 6e-15" in text
    none = page_of(edit(gxg, leads=schemas.LEADS.empty()), tmp_path).text
    assert "no pair was conditioned on any other variant" in none


def test_limits_of_pairs_count_what_concerns_them(gxg):
    limits = {limit.heading: limit.text for limit in gxg_limits(gxg)}
    found = gxg.pairs[gxg.pairs["decision"] != "neither"]
    n, lost = len(found), int((~found["survives_scale"].fillna(True).astype(bool)).sum())
    assert f"{lost} of {n} discoveries here keep less than half" in limits[
        "Interaction on which scale"]  # fmt: skip
    for word in ("Phantom", "Power", "depend on each other", "structure", "Winner", "replicated",
                 "Weights must not"):  # fmt: skip
        assert any(word in heading for heading in limits), word


# --- trans ----------------------------------------------------------------------------------


def test_hits_show_variant_trait_and_mediation(trans, whole):
    text = Page(whole[id(trans)]).text
    best = trans.hits.loc[trans.hits["q_weighted"].clip(upper=trans.hits["q"]).idxmin()]
    assert f"on {best['trait']} {best['trait_chrom']}:{best['trait_pos']}" in text
    assert "60% of the effect, p 0.0001" in text
    assert "in a hotspot" in text
    assert "The table holds all listed tests, and others up to p = 1e-05" in text


def test_hotspots_are_listed(trans, whole, tmp_path):
    text = Page(whole[id(trans)]).text
    for row in trans.hotspots.to_dict("records"):
        place = f"{row['chrom']}: {numbers.megabases(row['start'], row['end'])} {row['n_traits']}"
        assert place in text
    none = page_of(edit(trans, hotspots=schemas.HOTSPOTS.empty()), tmp_path).text
    assert "No stretch of the genome has more traits than chance" in none
    assert "there is no hotspot" in none


def test_hits_in_hotspots_are_those_between_their_ends(trans):
    inside = in_hotspots(trans.hits, trans.hotspots, 0.05)
    for row, told in zip(trans.hits.to_dict("records"), inside, strict=True):
        brute = any(
            spot["chrom"] == row["chrom"] and spot["start"] <= row["pos"] <= spot["end"]
            for spot in trans.hotspots.to_dict("records")
        )
        assert told == brute
    assert inside.any()
    assert not in_hotspots(trans.hits, trans.hotspots.assign(p=0.5), 0.05).any()


def test_trans_without_positions(trans, tmp_path):
    bare = make_hits(n=300, places=False)
    text = page_of(edit(trans, hits=bare, control=make_control(bare)), tmp_path).text
    assert "there is no map" in text


def test_limits_of_trans_scans_name_what_a_sceptic_asks(trans):
    limits = {limit.heading: limit.text for limit in trans_limits(trans)}
    for heading in ("Cell-type composition", "Cross-mapping", "Hotspots",
                    "Mediation is not causation", "Winner’s curse"):  # fmt: skip
        assert heading in limits
    assert "1,234 pairs within the cis window and 56 pairs of cross-mapping" in limits[
        "Cross-mapping"]  # fmt: skip
    unknown = trans_limits(edit(trans, n_cis=None, n_cross_mapped=None))
    assert any("Nothing says" in limit.text for limit in unknown)


# --- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "word", "grave"),
    [(1.0, "fine", False), (1.07, "a little high", False), (1.3, "too high", True),
     (0.8, "low", False), (float("nan"), "unknown", False)],
)  # fmt: skip
def test_inflation_in_words(value, word, grave):
    told = inflation_told(value, 1_000_000)
    assert word in told.heading
    assert told.grave is grave


def test_inflation_of_few_tests_is_no_news():
    assert "within chance" in inflation_told(0.77, 182).heading
    assert "within chance" not in inflation_told(0.77, 18_200).heading
    assert inflation_told(1.6, 182).grave


def calibrated(tests, observed, expected=(50_000.0, 5_000.0, 10.0)):
    return pd.DataFrame({
        "tests": tests, "level": [0.5, 0.05, 1e-4], "observed": observed, "expected": expected,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("tests", "observed", "words", "grave"),
    [
        ("all pairs", [50_000, 5_000, 11], "No more than chance", False),
        ("all pairs", [50_000, 5_000, 40], "what a few true effects look like", False),
        ("all pairs", [50_500, 6_000, 40], "rather inflation", True),
        ("all pairs", [50_000, 5_000, 1], "conservative", False),
        ("listed pairs", [50_500, 6_000, 40], "hold more effects", False),
        ("people permuted", [50_000, 5_000, 11], "As it should be", False),
        ("people permuted", [50_000, 5_000, 60], "is off", True),
    ],
)
def test_calibration_in_words(tests, observed, words, grave):
    (told,) = calibration_told(calibrated(tests, [float(k) for k in observed]))
    assert words in told.text
    assert told.grave is grave
    assert f"{observed[2]} tests with p ≤ 0.0001, where 10 are expected (4 to 17" in told.text


@pytest.mark.parametrize(
    ("evidence", "words"),
    [(20.0, "more than any of its shuffles"), (11.0, "no better than chance could"),
     (2.0, "fewer than any of its shuffles")],
)  # fmt: skip
def test_the_control_is_judged_by_its_shuffles(evidence, words):
    control = pd.DataFrame({
        "procedure": "Benjamini-Hochberg", "weights": ["none", "evidence", "shuffled"],
        "discoveries": [10.0, evidence, 10.5], "low": [10.0, evidence, 8.0],
        "high": [10.0, evidence, 13.0], "gained": 0.0, "lost": 0.0, "alpha": 0.05,
    })  # fmt: skip
    assert words in control_verdict(control)
    assert "not shuffled" in control_verdict(control.head(2))
    assert "No evidence was given" in control_verdict(control.head(1))
    same = control.assign(discoveries=10.0, low=10.0, high=10.0)
    assert "make no difference" in control_verdict(same)


def test_tables_come_from_a_result():
    pairs = make_pairs(n=10)

    @dataclasses.dataclass(frozen=True)
    class Result:
        pairs: pd.DataFrame
        n_tests: int = 1000
        inflation: float = 1.0
        calibration: pd.DataFrame = dataclasses.field(default_factory=make_calibration)
        control: pd.DataFrame = dataclasses.field(default_factory=schemas.CONTROL.empty)
        leads: pd.DataFrame = dataclasses.field(default_factory=schemas.LEADS.empty)
        drops: pd.DataFrame = dataclasses.field(default_factory=schemas.DROPS.empty)
        notices: tuple[str, ...] = ("a",)
        alpha: float = 0.1

    tables = GxGTables.of(Result(pairs))
    assert tables.alpha == 0.1
    assert tables.notices == ("a",)
    assert tables.pairs is pairs
