"""The report: the numbers are there, the page stands alone, and odd inputs do not break it."""

from __future__ import annotations

import dataclasses
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from synthetic_report import PROVENANCE, make_tables

from seqgen import schemas
from seqgen.errors import InputError, OutputError
from seqgen.report import findings, numbers, write_report
from seqgen.report.notices import notices
from seqgen.report.prose import held_out_sentences, prior_sentences, summary
from seqgen.report.provenance import provenance_rows

VOID = {"meta", "br", "circle", "line", "path", "use", "image", "rect", "link", "img", "hr"}


class Page(HTMLParser):
    """Text, links, identifiers and the balance of tags of one page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data):
        self.words.append(data)

    def values(self, *names):
        return [v for _, attrs in self.tags for k, v in attrs.items() if k in names]


@pytest.fixture(scope="module")
def tables():
    return make_tables()


@pytest.fixture(scope="module")
def one():
    return make_tables(1, n=120)


@pytest.fixture(scope="module")
def html(tables, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert write_report(tables, path, provenance=PROVENANCE) == path
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def written(tables, tmp_path, **provenance):
    path = write_report(tables, tmp_path / "r.html", provenance=PROVENANCE | provenance)
    return Page(path.read_text(encoding="utf-8"))


def edit(tables, **changes):
    return dataclasses.replace(tables, **changes)


def test_page_is_well_formed_and_stands_alone(page, html):
    assert page.open == []
    assert html.lstrip().startswith("<!DOCTYPE html>")
    for value in page.values("src", "href", "xlink:href", "srcset", "data", "action"):
        assert value.startswith(("#", "data:image/png;base64,")), value
    assert "@import" not in html
    assert "http" not in html
    assert "<script" not in html
    assert len(html) < 600_000


def test_every_link_has_its_target_and_identifiers_are_unique(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for value in page.values("href", "xlink:href"):
        if value.startswith("#"):
            assert value[1:] in ids, value


def test_sections_come_in_the_agreed_order(html):
    order = ["findings", "notices", "funnel", "prior", "loci", "sets", "glossary", "provenance"]
    places = [html.index(f'<h2 id="{name}">') for name in order]
    assert places == sorted(places)
    first, second = (
        html.index(f'id="locus-22-{s}"') for s in ("20000000-21000000", "22000000-23000000")
    )
    assert places[4] < first < second < places[5]


def test_numbers_of_the_missense_variants_are_on_the_page(page, tables):
    changed = tables.variants[tables.variants["residue_change"].notna()]
    assert len(changed) == 4
    for row in changed.to_dict("records"):
        shown = " ".join(
            [
                row["gene"],
                row["residue_change"],
                numbers.decimal(row["log_lik_ratio"]),
                f"{row['prior']:#.2g}",
                f"{row['pip_flat']:.3f}",
                f"{row['pip']:.3f}",
                f"{row['pip_strong']:.3f}",
            ]
        )
        assert shown in page.text
        assert numbers.p_value(row["neg_log10_p"]) in page.text


def test_credible_sets_of_all_fits_are_on_the_page(page, tables):
    for row in tables.credible_sets.to_dict("records"):
        fit = {"informed": "informed prior", "flat": "flat prior", "plain": "uncorrected fit"}
        start = f"{fit[row['fit']]} {row['cs_id']} {row['n_variants']} "
        assert start in page.text
        assert f"{row['top_rsid']} {row['top_pip']:.3f}" in page.text


def test_figures_carry_names_panel_and_build(html):
    assert html.count("<svg") == 2 + 2 + 3  # loci, funnel and prior, marks at the findings
    assert "1000G EUR, n = 378" in html
    assert "Position on chromosome 22 (Mb, GRCh37)" in html
    assert re.search(r">SMC1B L1050M</text>", html)


def test_provenance_and_command_are_on_the_page(page):
    for words in (
        "seqgen demo --out seqgen-demo",
        "seqgen-protein-v2",
        "0f1e2d3c4b5a",
        "ab" * 32,
        "15,938",
        "numpy 2.4.6",
        "AUROC of BLOSUM62 0.66",
        "2 January 2026",
    ):
        assert words in page.text, words


def test_reader_is_told_what_the_uncorrected_fit_claims(page):
    assert "Without that correction the fit would claim 4 credible sets" in page.text
    assert "PIP 0.997, z = −0.2" in page.text
    assert "the uncorrected fit would claim, with hardly any" in page.text


def test_page_is_the_same_twice(tables, html, tmp_path):
    assert write_report(tables, tmp_path / "again.html", provenance=PROVENANCE).read_text() == html


def test_names_are_escaped(one, tmp_path):
    variants = one.variants.copy()
    row = variants.index[variants["residue_change"].notna()][0]
    variants.loc[row, "gene"] = "<script>alert(1)</script>$x$"
    variants.loc[row, "rsid"] = "rs<b>1"
    drops = one.drops.assign(example="<i>line</i>")
    path = write_report(
        edit(one, variants=variants, drops=drops), tmp_path / "r.html",
        provenance=PROVENANCE | {"command": "seqgen <run>"}, title="A & <B>",
    )  # fmt: skip
    html = path.read_text()
    for raw in ("<script", "rs<b>", "<i>line", "seqgen <run>", "<B>"):
        assert raw not in html
    assert "<title>A &amp; &lt;B&gt;</title>" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;$x$" in html
    assert Page(html).open == []


def test_no_credible_set_at_all(one, tmp_path):
    none = pd.array([None] * len(one.variants), dtype="Int64")
    bare = edit(
        one,
        variants=one.variants.assign(cs_id=none, cs_id_flat=none),
        credible_sets=schemas.CREDIBLE_SETS.empty(),
        loci=one.loci.assign(n_sets=0, n_sets_flat=0, n_sets_plain=0),
    )
    text = written(bare, tmp_path).text
    assert "There is no credible set at any locus" in text
    assert text.count("None under any of the three fits") == 1


def test_no_missense_no_score_no_coefficient(tmp_path):
    tables = make_tables(1, n=120, missense=0)
    bare = edit(
        tables,
        prior_coefficients=schemas.PRIOR_COEFFICIENTS.empty(),
        scores=schemas.SCORES.empty(),
        drops=schemas.DROPS.empty(),
    )
    text = written(bare, tmp_path, model=None, model_card=None).text
    assert text.count("None among the fine-mapped variants of this locus") == 1
    assert "the informed prior equals the flat one" in text
    assert "No row was dropped or changed" in text
    assert "No fine-mapped variant is known to be missense" in text


def test_missing_values_become_dashes(one, tmp_path):
    bare = edit(
        one,
        variants=one.variants.assign(
            eaf=np.nan, n=np.nan, z_expected=np.nan, rsid=None, log_lik_ratio=np.nan
        ),
        loci=one.loci.assign(lead_rsid=None, gwas_n=np.nan, warnings=None),
    )
    page = written(bare, tmp_path, genome_build=None)
    assert "lead –, p =" in page.text
    assert not re.search(r"\bnan\b|\bNone\b\.?$", page.text)
    assert "<NA>" not in page.text


def test_a_lead_that_was_not_finemapped_is_told(one, tmp_path):
    lead = one.variants["neg_log10_p"].idxmax()
    page = written(edit(one, variants=one.variants.drop(index=lead)), tmp_path)
    assert "(not fine-mapped; the strongest fine-mapped is " in page.text
    assert "not fine-mapped" not in written(one, tmp_path).text


def test_one_locus_without_provenance(tmp_path):
    path = write_report(make_tables(1), tmp_path / "r.html", provenance={})
    page = Page(path.read_text())
    assert "1 associated locus with 260 variants was fine-mapped twice" in page.text
    assert page.values("id").count("provenance") == 1


def test_many_loci_stay_small(tmp_path):
    path = write_report(make_tables(2, n=2500), tmp_path / "r.html", provenance=PROVENANCE)
    assert path.stat().st_size < 2 * 400_000


def test_findings_rank_moved_missense_variants_first(tables):
    found = findings(tables)
    assert len(found) == 3
    assert found[0].pip == tables.variants.loc[tables.variants["residue_change"].notna(),
                                               "pip"].max()  # fmt: skip
    for finding in found:
        assert finding.text.startswith(finding.label)
        assert "caus" not in finding.text
    moved = found[0]
    assert f"moved its PIP from {moved.pip_flat:.3f} to {moved.pip:.3f}" in moved.text
    assert "likely than the reference one" in moved.text


def test_findings_do_not_depend_on_the_index(tables):
    shuffled = tables.variants.set_index(np.zeros(len(tables.variants), dtype=int))
    assert findings(edit(tables, variants=shuffled)) == findings(tables)


def test_findings_say_nothing_where_there_is_nothing(tables):
    flat = tables.variants.assign(pip=0.004, pip_flat=0.004, pip_strong=0.01)
    assert findings(edit(tables, variants=flat)) == []


def test_findings_keep_a_place_for_the_best_missense_variant(tables):
    frame = tables.variants
    changed = frame["residue_change"].notna()
    modest = frame.assign(pip=frame["pip"].where(~changed, 0.06), pip_flat=0.06, pip_strong=0.3)
    tops = modest.loc[~changed & modest["cs_id"].notna()].index[:3]
    modest.loc[tops, ["pip", "pip_flat"]] = 0.99
    modest.loc[modest["locus"].ne(modest["locus"].iloc[0]) & changed, "pip_strong"] = 0.06
    found = findings(edit(tables, variants=modest), most=1)
    assert found[0].label.startswith(("SMC1B", "FAM118A"))
    assert "ten times likelier than others beforehand, its PIP would be 0.300" in found[0].text


def test_findings_distrust_variants_that_the_ld_cannot_explain(tables):
    best = findings(tables)[0]
    variants = tables.variants.copy()
    variants.loc[variants["rsid"] == best.rsid, "ld_consistent"] = False
    found = findings(edit(tables, variants=variants))
    assert found[0].rsid != best.rsid
    (now,) = [finding for finding in found if finding.rsid == best.rsid]
    assert "read this with caution" in now.text


def test_prior_sentences_turn_the_ratio_round_and_name_no_effect(tables):
    missense, ratio = prior_sentences(tables)
    assert "multiplies the prior odds by 5 (95% interval 1.5 to 17)." in missense
    assert ratio.startswith("A log-likelihood ratio lower by one unit multiplies")
    assert "by 1.3 (95% interval 0.69 to 2.3)" in ratio
    assert "these data do not show an effect" in ratio
    given = tables.prior_coefficients.assign(source="given", se=np.nan, lower=np.nan, upper=np.nan)
    assert "given, not learned" in prior_sentences(edit(tables, prior_coefficients=given))[0]
    silent = tables.prior_coefficients.assign(source="silenced", estimate=0.0)
    told = prior_sentences(edit(tables, prior_coefficients=silent))[0]
    assert "“missense” is held at zero" in told
    assert "anything from 1.5 to 17" in told


def test_the_page_says_what_the_prior_is_worth_and_how_the_sets_moved(tables):
    assert held_out_sentences(tables, {"prior": {"verdict": None}}) == []
    good = {"prior": {"verdict": "held-out gain 5.00", "flat": False}}
    worth, moved = held_out_sentences(tables, good)
    assert worth == "Held-out gain 5.00."
    sizes = tables.credible_sets.groupby("fit")["n_variants"].agg(["size", "mean"])
    for fit in ("flat", "informed"):
        assert f"{sizes.loc[fit, 'size']} credible set" in moved
        assert f"{sizes.loc[fit, 'mean']:.1f} variants on average" in moved
    flat = {"prior": good["prior"] | {"flat": True}}
    assert "no set moved" in held_out_sentences(tables, flat)[1]


def headings(tables):
    return [notice.heading for notice in notices(tables, PROVENANCE)]


def test_notices_follow_the_run(tables):
    assert headings(tables) == [
        "Small LD panel",
        "What the uncorrected fit would have claimed",
        "LD and association disagree in places",
        "Only variants in both GWAS and panel can be found",
        "What the score is, and is not",
    ]
    calm = edit(
        tables,
        loci=tables.loci.assign(panel_n=400_000, n_inconsistent=0, s=0.001, n_sets_plain=1,
                                n_variants=tables.loci["n_finemapped"]),
        variants=tables.variants.assign(pip_plain=0.0),
    )  # fmt: skip
    assert headings(calm) == ["What the score is, and is not"]


def test_an_uncorrected_run_and_a_failed_fit_are_grave(tables):
    loci = tables.loci.assign(ld_correction="none", converged=False)
    found = notices(edit(tables, loci=loci), PROVENANCE)
    grave = [notice.heading for notice in found if notice.grave]
    assert grave == ["Small LD panel, and no correction was made", "Not converged"]


def test_ld_of_a_matrix_is_called_that(tables, tmp_path):
    told = PROVENANCE | {"parameters": {"ld": ["ukb.npz"]}}
    tables = edit(tables, loci=tables.loci.assign(panel="ukb.npz"))
    small = notices(tables, told)[0]
    assert small.heading == "LD matrix of few people"
    assert "the matrix ukb.npz, computed from 378 people" in small.text
    headings = [notice.heading for notice in notices(tables, told)]
    assert "Only variants in both GWAS and LD matrix can be found" in headings
    page = write_report(tables, tmp_path / "r.html", provenance=told)
    whole = unescape(page.read_text())
    assert "panel's LD" not in whole
    assert "how far the LD matrix departs" in whole
    assert "whose z contradicts the LD matrix" in whole
    assert ("LD matrix", "name 1000G EUR, n 378") in provenance_rows(told)
    loci = tables.loci.assign(ld_correction="none")
    exact = notices(edit(tables, loci=loci), told)[0]
    assert exact.heading == "LD matrix of few people, and no correction was made"
    assert "noise in the LD matrix" in exact.text
    own = notices(edit(tables, loci=loci.assign(panel_n=450_000)), told)[0]
    assert own.heading == "LD was taken as exact"
    assert not own.grave


def test_published_scores_stand_beside_the_model_s(tables, tmp_path):
    scored = tables.variants["residue_change"].notna()
    variants = tables.variants.assign(cadd_phred=np.where(scored, 23.456, np.nan))
    one = {"column": "cadd_phred", "meaning": "CADD", "rows_with": 4, "rows_without": 516}
    told = PROVENANCE | {"published_scores": [one], "parameters": {"scores_in_prior": True}}
    notice = notices(tables, told)[-1]
    assert notice.text.startswith("cadd_phred (CADD): 4 of 520 variants have one. In the prior")
    told["parameters"] = {"scores_in_prior": False}
    assert notices(tables, told)[-1].text.endswith("The prior does not use them.")
    page = Page(write_report(edit(tables, variants=variants), tmp_path / "r.html",
                             provenance=told).read_text())  # fmt: skip
    assert "Published scores: cadd_phred 23.46." in page.text
    found = findings(edit(tables, variants=variants), published=["cadd_phred"])
    assert ["cadd_phred" in one.text for one in found] == [
        "log-likelihood ratio" in one.text for one in found]  # fmt: skip


def test_summary_counts(tables):
    words = summary(tables)
    assert words.startswith("2 associated loci with 520 variants were fine-mapped twice")
    assert "Of 4 missense variants" in words
    assert "2 credible sets" in words


def test_tables_are_held_to_their_schemas(tables, tmp_path):
    path = tmp_path / "r.html"
    without_pip = edit(tables, variants=tables.variants.drop(columns="pip"))
    first = tables.variants["locus"] == "22:20000000-21000000"
    one_locus_short = edit(tables, variants=tables.variants[first])
    with pytest.raises(InputError, match=r"'variants'.*pip"):
        write_report(without_pip, path, provenance={})
    with pytest.raises(InputError, match="at least one fine-mapped locus"):
        write_report(edit(tables, loci=tables.loci.head(0)), path, provenance={})
    with pytest.raises(InputError, match="no rows for locus 22:22000000"):
        write_report(one_locus_short, path, provenance={})
    with pytest.raises(InputError, match="step and count"):
        write_report(edit(tables, funnel=pd.DataFrame({"a": [1]})), path, provenance={})
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tables, tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        write_report(make_tables(1), tmp_path / "nowhere" / "r.html", provenance={})


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "1"), (2.0, "0.01"), (15.7, "2e-16"), (400.3, "5e-401"), (9.99999, "1e-10"),
     (None, "–"), (np.nan, "–")],
)  # fmt: skip
def test_p_values(value, shown):
    assert numbers.p_value(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0.000"), (1e-5, "<0.001"), (0.12345, "0.123"), (0.99999, ">0.999"), (1.0, "1.000"),
     (pd.NA, "–")],
)  # fmt: skip
def test_probabilities(value, shown):
    assert numbers.pip(value) == shown


def test_other_numbers():
    assert numbers.decimal(-0.0001) == "0.00"
    assert numbers.decimal(-1.5, 1) == "−1.5"
    assert numbers.decimal(float("inf")) == "–"
    assert numbers.count(1234567.0) == "1,234,567"
    assert numbers.factor(17.3) == "17"
    assert numbers.factor(250) == "250"
    assert numbers.listed(["a", "b", "c"]) == "a, b and c"
    assert numbers.plural(1, "locus", "loci") == "1 locus"


def test_provenance_rows_flatten_and_skip_what_is_missing():
    rows = provenance_rows({"model": None, "seed": 3, "extra_note": ["a", {"b": 1}], "inputs": []})
    assert rows == [("seed", "3"), ("extra note", "a, b 1")]
