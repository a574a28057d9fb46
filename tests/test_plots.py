"""Plots: what is drawn where, that names never meet, and that nothing changes between runs."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_report import locus_row, locus_variants

from seqgen import all_substitutions, combine_scores, load_model, plots, score_variants
from seqgen.errors import InputError
from seqgen.plots.labels import label_points, spread
from seqgen.plots.locus_data import set_colours
from seqgen.plots.style import GREY, LD_CLASSES

intervals = st.lists(st.tuples(st.floats(0, 400), st.floats(1, 60)), min_size=1, max_size=20).map(
    lambda rows: np.array(sorted(rows))
)


@pytest.fixture
def variants():
    return locus_variants(1, 20_000_000)


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def points_of(ax, collection):
    return np.asarray(ax.collections[collection].get_offsets())


@given(intervals)
@settings(deadline=None, max_examples=60)
def test_spread_never_overlaps_and_keeps_the_order(rows):
    centres, widths = rows[:, 0], rows[:, 1]
    placed = spread(centres, widths, low=0, high=2000)
    gaps = np.diff(placed) - (widths[1:] + widths[:-1]) / 2
    assert (gaps > -1e-6).all()
    assert placed[0] - widths[0] / 2 >= -1e-6
    assert placed[-1] + widths[-1] / 2 <= 2000 + 1e-6


def test_spread_leaves_alone_what_does_not_meet():
    centres = np.array([10.0, 50.0, 90.0])
    np.testing.assert_allclose(spread(centres, np.full(3, 20.0), low=0, high=100), centres)


def test_spread_shares_the_shift_between_neighbours():
    placed = spread(np.array([50.0, 50.0, 50.0]), np.full(3, 10.0), low=0, high=100)
    np.testing.assert_allclose(placed, [40, 50, 60])


@pytest.mark.parametrize("count", [2, 12])
def test_label_points_writes_every_name_without_overlap(count):
    figure = plots.new_figure(8, 4)
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.5))
    ax.set(xlim=(0, 1), ylim=(0, 1))
    points = np.column_stack([np.linspace(0.5, 0.52, count), np.full(count, 0.5)])
    names = [f"GENE{k} R{k}C" for k in range(count)]
    drawn = label_points(ax, points, names)
    figure.draw_without_rendering()
    boxes = sorted((text.get_window_extent().extents for text in drawn), key=lambda b: b[0])
    assert {text.get_text() for text in drawn} == set(names)
    assert all(left[2] <= right[0] for left, right in pairwise(boxes))


def test_locus_names_the_lead_and_the_residue_changes(variants):
    ax = plots.new_figure(8, 4).subplots()
    assert plots.plot_locus(variants, ax, panel="1000G EUR, n = 378") is ax
    changed = variants[variants["residue_change"].notna()]
    lead = variants.loc[variants["neg_log10_p"].idxmax(), "rsid"]
    expected = set(changed["gene"] + " " + changed["residue_change"]) | {f"{lead} (lead)"}
    assert set(texts_of(ax)) == expected
    assert "1000G EUR, n = 378" in ax.get_legend().get_title().get_text()


def test_locus_colours_follow_r_squared(variants):
    frame = variants.head(6).assign(
        r_lead=[1.0, -0.95, 0.8, -0.7, 0.5, 0.1],
        neg_log10_p=[20.0, 9, 8, 7, 6, 5],
        residue_change=pd.Series([None] * 6, dtype="str"),
        ld_consistent=True,
    )
    ax = plots.new_figure(8, 4).subplots()
    plots.plot_locus(frame, ax)
    from matplotlib.colors import to_hex

    got = [to_hex(colour).upper() for colour in ax.collections[0].get_facecolors()]
    by_class = {text: colour.upper() for _, _, colour, text in LD_CLASSES}
    wanted = ["below 0.2", "0.2 to 0.4", "0.4 to 0.6", "0.6 to 0.8", "0.8 to 1"]
    assert got == [by_class[text] for text in wanted]


def test_locus_marks_variants_that_the_ld_cannot_explain(variants):
    ax = plots.new_figure(8, 4).subplots()
    plots.plot_locus(variants, ax)
    odd = variants[~variants["ld_consistent"]]
    np.testing.assert_allclose(
        points_of(ax, -1), np.column_stack([odd["pos"] / 1e6, odd["neg_log10_p"]])
    )


def test_locus_names_a_lead_that_is_missense_once(variants):
    frame = variants.copy()
    lead = frame["neg_log10_p"].idxmax()
    frame.loc[lead, ["gene", "residue_change"]] = ["GENE", "A1V"]
    ax = plots.new_figure(8, 4).subplots()
    plots.plot_locus(frame, ax)
    assert f"GENE A1V ({frame.loc[lead, 'rsid']}, lead)" in texts_of(ax)


def test_pip_is_mirrored(variants):
    ax = plots.new_figure(8, 4).subplots()
    assert plots.plot_pip(variants, ax) is ax
    drawn = [np.asarray(collection.get_offsets()) for collection in ax.collections]
    y = np.concatenate([points[:, 1] for points in drawn if len(points)])
    assert np.isclose(y.max(), variants["pip"].max())
    assert np.isclose(y, -variants["pip_flat"].max()).any()
    assert np.isclose(y.min(), -variants["pip_plain"].max()), "the uncorrected claim is missing"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1", "0.5", "0", "0.5", "1"]


def test_pip_ring_only_where_the_plain_fit_claims(variants):
    ax = plots.new_figure(8, 4).subplots()
    plots.plot_pip(variants.assign(pip_plain=0.1), ax)
    assert not any("uncorrected" in t.get_text() for t in ax.get_legend().get_texts())


def test_a_flat_set_takes_the_colour_of_the_informed_set_it_shares(variants):
    frame = variants.head(6).assign(
        cs_id=pd.array([1, 1, 2, 2, None, None], dtype="Int64"),
        cs_id_flat=pd.array([2, 2, 1, None, 3, None], dtype="Int64"),
    )
    up, down = set_colours(frame)
    assert up[0] == up[1] == down[0] == down[1]
    assert up[2] == down[2]
    assert down[4] not in (*up, GREY)
    assert up[5] == down[5] == GREY


def test_z_without_expectation_is_drawn(variants):
    ax = plots.new_figure(8, 4).subplots()
    plots.plot_z(variants.assign(z_expected=np.nan), ax)
    assert ax.get_legend().get_title().get_text() == "No LD expectation"


def test_locus_page_shares_the_axis_and_names_the_build(variants):
    figure = plots.plot_locus_page(variants, locus_row(variants), genome_build="GRCh37")
    first, second, third = figure.axes
    assert first.get_xlim() == second.get_xlim() == third.get_xlim()
    assert third.get_xlabel() == "Position on chromosome 22 (Mb, GRCh37)"
    low, high = first.get_xlim()
    assert low < variants["pos"].min() / 1e6
    assert high > variants["pos"].max() / 1e6


def test_locus_page_of_one_variant(variants):
    frame = variants.head(1)
    plots.figure_to_svg(plots.plot_locus_page(frame, locus_row(variants)), "one")


def test_funnel_writes_every_count():
    funnel = pd.DataFrame({"step": ["read", "used $ & <b>"], "count": [15938, 0]})
    ax = plots.new_figure(6, 2).subplots()
    assert plots.plot_funnel(funnel, ax) is ax
    assert {"15,938", "0"} <= set(texts_of(ax))
    assert [bar.get_width() for bar in ax.patches] == [15938, 0]
    svg = plots.figure_to_svg(ax.figure, "funnel")
    assert "used $ &amp; &lt;b&gt;" in svg


def test_prior_draws_intervals_only_where_there_are_any():
    table = pd.DataFrame(
        {
            "term": ["missense", "log_lik_ratio"],
            "estimate": [1.6, -0.2],
            "lower": [0.4, np.nan],
            "upper": [2.8, np.nan],
            "source": ["learned", "given"],
        }
    )
    ax = plots.new_figure(6, 2).subplots()
    assert plots.plot_prior(table, ax) is ax
    (interval,) = ax.collections[0].get_segments()
    np.testing.assert_allclose(interval[:, 0], [0.4, 2.8])
    assert ax.xaxis.get_major_formatter()(np.log(5)) == "×5"
    assert ax.get_xlim()[0] < -0.2
    assert len(ax.get_xticks()) <= 8


def test_svg_is_the_same_twice_and_refers_to_nothing_outside(variants):
    pictures = [
        plots.figure_to_svg(plots.plot_locus_page(variants, locus_row(variants)), "a")
        for _ in range(2)
    ]
    assert pictures[0] == pictures[1]
    assert "http" not in pictures[0]
    assert "<metadata" not in pictures[0]


def test_svg_identifiers_are_kept_apart_by_name(variants):
    import re

    def ids(name):
        svg = plots.figure_to_svg(plots.plot_locus_page(variants, locus_row(variants)), name)
        found = re.findall(r'\bid="([^"]+)"', svg)
        used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))
        assert used <= set(found), "a reference without its target"
        assert len(found) == len(set(found))
        return set(found)

    assert not ids("a") & ids("b")


def test_large_loci_become_pixels():
    big = locus_variants(1, 20_000_000, n=3000)
    svg = plots.figure_to_svg(plots.plot_locus_page(big, locus_row(big)), "big")
    assert "data:image/png;base64," in svg
    assert len(svg) < 400_000


def test_plots_do_not_load_pyplot():
    code = "import sys, seqgen.plots; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- on their own axes, from tables of others ------------------------------------------------


def test_locus_and_pip_make_their_own_axes(variants):
    for plot in (plots.plot_locus, plots.plot_pip):
        ax = plot(variants)
        assert ax.get_xlabel() == "Position on chromosome 22 (Mb)"
        ax.figure.draw_without_rendering()


def test_locus_and_pip_need_little():
    bare = pd.DataFrame({"pos": [100.0, 200.0], "neg_log10_p": [1.0, 9.0], "pip": [0.2, 0.8]})
    assert texts_of(plots.plot_locus(bare)) == ["200 (lead)"]
    ax = plots.plot_pip(bare)
    assert texts_of(ax) == ["200  0.80", "100  0.20"]
    assert ax.get_ylim()[0] == 0, "without a flat prior there is no lower half"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda v: v.drop(columns="pos"), "no column 'pos'"),
        (lambda v: v.assign(neg_log10_p=np.nan), "have no 'neg_log10_p'"),
        (lambda v: v.head(0), "no row"),
        (lambda v: v.assign(locus=["a"] + ["b"] * (len(v) - 1)), "rows of one locus"),
    ],
)
def test_locus_says_what_is_wrong(variants, change, told):
    with pytest.raises(InputError, match=told):
        plots.plot_locus(change(variants))


def substitutions():
    return pd.DataFrame(
        {"position": [7, 7, 9], "ref_aa": ["K", "K", "L"], "alt_aa": ["R", "W", "P"],
         "log_lik_ratio": [-0.4, -5.0, 7.0]}
    )  # fmt: skip


def test_substitutions_stand_at_their_position_and_residue():
    ax = plots.plot_substitutions(substitutions())
    image = ax.images[0].get_array()
    order = [label.get_text() for label in ax.get_yticklabels()]
    assert image.shape == (20, 3)
    assert image[order.index("W"), 0] == -5.0
    assert image[order.index("P"), 2] == 7.0
    assert np.ma.getmaskarray(image)[:, 1].all() or np.isnan(image[:, 1].astype(float)).all()
    np.testing.assert_array_equal(points_of(ax, 0), [[7, order.index("K")], [9, order.index("L")]])
    low, high = ax.images[0].get_clim()
    assert low == -high, "zero has to be the pale middle"
    low, high = plots.plot_substitutions(substitutions(), centre=-2.0).images[0].get_clim()
    assert low + high == pytest.approx(-4.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.drop(columns="alt_aa"), "no column 'alt_aa'"),
        (lambda s: s.assign(alt_aa="B"), "none of the 20"),
        (lambda s: s.assign(ref_aa=["K", "L", "L"]), "two wild types"),
        (lambda s: pd.concat([s, s]), "stands twice"),
        (lambda s: s.assign(log_lik_ratio=np.nan), "no score"),
    ],
)
def test_substitutions_say_what_is_wrong(change, told):
    with pytest.raises(InputError, match=told):
        plots.plot_substitutions(change(substitutions()))


def test_substitutions_centre_on_zero_or_else_on_the_median():
    below = substitutions().assign(log_lik_ratio=[-2.0, -5.0, -4.0]).rename(
        columns={"log_lik_ratio": "delta_energy"}
    )  # fmt: skip
    ax = plots.plot_substitutions(below, score="delta_energy")
    assert np.mean(ax.images[0].get_clim()) == -4.0
    bar = ax.images[0].colorbar.ax
    assert bar.get_title(loc="left") == "delta energy\n(pale: -4)"
    ax = plots.plot_substitutions(below, score="delta_energy", centre=0)
    assert np.mean(ax.images[0].get_clim()) == 0.0
    assert ax.images[0].colorbar.ax.get_title(loc="left") == "delta energy"
    with pytest.raises(InputError, match="argument score"):
        plots.plot_substitutions(below)
    with pytest.raises(InputError, match="centre is nan"):
        plots.plot_substitutions(below, score="delta_energy", centre=np.nan)


def test_substitutions_are_titled_by_protein_model_and_method():
    changes = all_substitutions("MKV", name="P1")
    model = load_model("blosum62")
    scored = [
        score_variants(changes, {"P1": "MKV"}, model, methods=[method]).table
        for method in ("wild-type-marginal", "masked-marginal")
    ]
    ax = plots.plot_substitutions(scored[0])
    assert ax.get_title() == "P1, blosum62, wild-type-marginal"
    assert plots.plot_substitutions(scored[0], fold=2).get_title() == ax.get_title()
    both = combine_scores({"a$": scored[0], "b": scored[1]}).table
    title = plots.plot_substitutions(both, score="combined").get_title()
    assert title == r"P1, a\$ + b, combined by rank"
    assert plots.plot_substitutions(both, score="b").get_title() == "P1, blosum62, masked-marginal"
    assert plots.plot_substitutions(substitutions()).get_title() == ""
    long = substitutions().assign(method=["one", "two", "two"])
    long.attrs["log_lik_ratio"] = {"model": "/folder/" * 20 + "model"}
    title = plots.plot_substitutions(long).get_title()
    assert len(title) == 60
    assert title.startswith("...")
    assert title.endswith("/model")


def test_substitutions_of_a_long_protein_are_folded_and_known_ones_ringed():
    rows = pd.DataFrame({"position": np.arange(3, 14), "ref_aa": "K", "alt_aa": "W",
                         "log_lik_ratio": np.arange(-6.0, 5.0), "uniprot": "P1"})  # fmt: skip
    known = pd.DataFrame({"position": [4, 12, 12, 5, 6], "alt_aa": ["W", "W", "W", "C", "W"],
                          "uniprot": ["P1", "P1", "P1", "P1", "P2"]})  # fmt: skip
    first = plots.plot_substitutions(rows, fold=5, known=known)
    panels = [ax for ax in first.figure.axes if ax.images]
    assert [ax.get_xlim() for ax in panels] == [(2.5, 7.5), (7.5, 12.5), (12.5, 17.5)]
    order = [label.get_text() for label in first.get_yticklabels()]
    assert panels[2].images[0].get_array()[order.index("W"), 0] == 4.0
    assert len({ax.images[0].get_clim() for ax in panels}) == 1, "one scale for all panels"
    np.testing.assert_array_equal(points_of(panels[0], 1), [[4, order.index("W")]])
    np.testing.assert_array_equal(points_of(panels[1], 1), [[12, order.index("W")]])
    assert first.get_legend().get_texts()[0].get_text() == "2 known"
    assert len(plots.plot_substitutions(rows).figure.axes) == 1
    with pytest.raises(InputError, match="fold is 0"):
        plots.plot_substitutions(rows, fold=0)
    with pytest.raises(InputError, match="one panel"):
        plots.plot_substitutions(rows, fold=5, ax=first)
    with pytest.raises(InputError, match="known has no column 'alt_aa'"):
        plots.plot_substitutions(rows, known=known.drop(columns="alt_aa"))


def test_calibration_leaves_room_between_the_names_of_levels():
    table = pd.DataFrame({"tests": "all", "level": [1.0, 0.9, 0.5, 0.1, 0.01],
                          "observed": 9.0, "expected": [100.0, 90, 50, 10, 1]})  # fmt: skip
    assert plots.plot_calibration(table).get_xticks().tolist() == [0.01, 0.1, 1.0]
    found = plots.plot_calibration(table[1:]).get_xticks().tolist()
    assert found == [0.01, 0.1, 0.9], "the largest level is named, 1 is none of them"
    assert plots.plot_calibration(table[2:]).get_xticks().tolist() == [0.01, 0.1, 0.5]
