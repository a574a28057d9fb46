"""Pictures of pair and trans scans: what is drawn where, and that nothing lies on anything."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from scipy.stats import poisson
from synthetic_scans import (
    ROMAN,
    YEAST,
    make_calibration,
    make_control,
    make_hits,
    make_hotspots,
    make_pairs,
)

from seqgen import plots, schemas
from seqgen.errors import InputError
from seqgen.plots.calibration import chance_band
from seqgen.plots.decisions import LOOKS, ranked
from seqgen.plots.genome import Genome, natural_order
from seqgen.plots.pair_arcs import apart

LENGTHS = dict(zip(ROMAN, YEAST, strict=True))


def boxes(ax, texts=None):
    """Extents of the texts of an axes once the figure is drawn."""
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    return [(text.get_text(), text.get_window_extent().extents)
            for text in (ax.texts if texts is None else texts) if text.get_text()]  # fmt: skip


def assert_apart(found):
    for (one, a), (other, b) in combinations(found, 2):
        meet = a[0] < b[2] - 0.5 and b[0] < a[2] - 0.5 and a[1] < b[3] - 0.5 and b[1] < a[3] - 0.5
        assert not meet, f"{one!r} lies on {other!r}"


def assert_inside(ax):
    """Every text and legend lies within the figure."""
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    wide, high = figure.bbox.width, figure.bbox.height
    every = [*ax.texts, *(text for child in ax.child_axes for text in child.texts)]
    for panel in (ax, *ax.child_axes):
        legend = panel.get_legend()
        every += [] if legend is None else [legend]
    for artist in every:
        x0, y0, x1, y1 = artist.get_window_extent().extents
        assert x0 >= -1 and y0 >= -1 and x1 <= wide + 1 and y1 <= high + 1, artist  # noqa: PT018


def words(ax):
    return [text.get_text() for text in ax.texts]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# --- order and looks ------------------------------------------------------------------------


def test_ranking_puts_every_discovery_before_the_rest():
    table = ranked(make_pairs(n=80))
    found = (table["decision"] != "neither").to_numpy()
    assert found.any()
    assert not found.all()
    assert (np.diff(found.astype(int)) <= 0).all()


def test_decisions_are_told_apart_without_colour():
    assert set(LOOKS) == {"both", "gained", "lost", "neither"}
    for position in range(4):
        assert len({str(look[position]) for look in LOOKS.values()}) == 4


# --- genome ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "ordered"),
    [
        (["10", "2", "X", "MT", "Y", "1"], ["1", "2", "10", "X", "Y", "MT"]),
        (["chr10", "chrX", "chr9", "chrM"], ["chr9", "chr10", "chrX", "chrM"]),
        ([*ROMAN[::-1], "Mito"], [*ROMAN, "Mito"]),
        (["3R", "2L", "X", "2R", "4"], ["2L", "2R", "3R", "4", "X"]),
        (["scaffold_10", "scaffold_9", "1"], ["1", "scaffold_9", "scaffold_10"]),
        ([], []),
    ],
)
def test_chromosomes_come_in_the_order_of_a_karyotype(names, ordered):
    assert natural_order(names) == ordered


def test_genome_lays_chromosomes_end_to_end():
    chrom, pos = pd.Series(["2", "1", None]), pd.Series([5, 90, 7], dtype="Int64")
    genome = Genome.of((chrom, pos), lengths={"1": 100, "2": 50, "10": 30})
    assert genome.names == ("1", "2", "10")
    at = genome.at(chrom, pos)
    assert at[1] == 90
    assert 100 < at[0] < 110
    assert np.isnan(at[2])
    assert genome.end > genome.at(pd.Series(["10"]), pd.Series([30]))[0] - 1e-9


@pytest.mark.parametrize(
    ("lengths", "told"),
    [({"1": 100}, "no chromosome '2'"), ({"1": 50, "2": 50}, "hit at 90"),
     ({"1": 100, "2": 0}, "expected above 0")],
)  # fmt: skip
def test_lengths_that_do_not_fit_are_refused(lengths, told):
    with pytest.raises(InputError, match=told):
        Genome.of((pd.Series(["1", "2"]), pd.Series([90, 5])), lengths=lengths)


@given(st.lists(st.integers(1, 300_000_000), min_size=1, max_size=40), st.floats(50, 500))
@settings(deadline=None, max_examples=50)
def test_names_of_chromosomes_never_meet(lengths, points):
    genome = Genome.of(
        (pd.Series([str(k) for k in range(1, len(lengths) + 1)]), pd.Series(lengths))
    )
    middles, names = genome.ticks(np.full(len(lengths), 12.0), points)
    assert len(names) >= 1
    assert (np.diff(middles) / genome.end * points >= 12 - 1e-6).all()


# --- arcs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "top"), [(40, 20), (1, 20), (60, 60), (6, 3)])
def test_arcs_name_every_variant_once_without_overlap(n, top):
    pairs = make_pairs(n=n)
    ax = plots.plot_pair_arcs(pairs, top=top)
    assert_apart(boxes(ax))
    assert_inside(ax)
    arcs = [line for line in ax.lines if len(line.get_xdata()) == 90]
    assert 1 <= len(arcs) <= top
    shown = ranked(pairs).head(len(arcs))
    variants = pd.concat([
        shown[["variant_1", "residue_change_1"]].set_axis(["v", "r"], axis=1),
        shown[["variant_2", "residue_change_2"]].set_axis(["v", "r"], axis=1),
    ]).drop_duplicates("v")  # fmt: skip
    for change, count in variants["r"].value_counts().items():
        assert words(ax).count(change) == count


def test_arcs_join_their_variants_and_wear_their_decision():
    pairs = make_pairs(n=30)
    ax = plots.plot_pair_arcs(pairs, top=12)
    arcs = [line for line in ax.lines if len(line.get_xdata()) == 90][::-1]
    shown = ranked(pairs).head(len(arcs))
    at = {text.get_text(): text.get_position()[0] for text in ax.texts if text.get_rotation() == 90}
    widths = [arc.get_linewidth() for arc in arcs]
    for arc, row in zip(arcs, shown.to_dict("records"), strict=True):
        ends = sorted([arc.get_xdata()[0], arc.get_xdata()[-1]])
        names = sorted(at[row[f"residue_change_{k}"]] for k in (1, 2))
        np.testing.assert_allclose(ends, names, atol=12)
        assert arc.get_color() == LOOKS[row["decision"]].colour
    assert np.argmax(widths) == shown["neg_log10_p"].to_numpy().argmax()


def test_marks_at_the_tops_do_not_meet():
    ax = plots.plot_pair_arcs(make_pairs(n=60), top=20)
    marks = np.array([[line.get_xdata()[0], line.get_ydata()[0]] for line in ax.lines
                      if len(line.get_xdata()) == 1])  # fmt: skip
    gaps = np.hypot(*(marks[:, None] - marks[None]).transpose(2, 0, 1))
    assert gaps[~np.eye(len(marks), dtype=bool)].min() >= 8


def test_tops_at_one_place_are_moved_apart():
    rise = apart(np.full(6, 100.0), np.full(6, 60.0), 150.0)
    assert rise[0] == 60, "the strongest stays"
    assert np.diff(np.sort(rise)).min() >= 9
    far = np.array([10.0, 40.0, 90.0])
    np.testing.assert_array_equal(apart(far, np.full(3, 60.0), 150.0), 60)


def test_pairs_that_are_not_drawn_are_counted():
    pairs = make_pairs(n=40)
    (line,) = [text for text in words(plots.plot_pair_arcs(pairs, top=10)) if "Not drawn" in text]
    left = ranked(pairs).iloc[10:]
    found = (left["decision"] != "neither").sum()
    assert f"Not drawn: 30 weaker pairs of the table, {found} of them discoveries" in line
    assert not any("Not drawn" in text for text in words(plots.plot_pair_arcs(pairs.head(3))))


def test_many_genes_leave_room_for_the_top_ones():
    rng = np.random.default_rng(1)
    pairs = make_pairs(n=60).assign(
        gene_1=[f"GENE{k:03d}AB" for k in range(60)], gene_2=[f"OTHER{k:03d}" for k in range(60)],
        variant_1=[f"a{k}" for k in range(60)], variant_2=[f"b{k}" for k in range(60)],
        pos_1=pd.array(rng.integers(1, 10**8, 60), dtype="Int64"),
    )  # fmt: skip
    ax = plots.plot_pair_arcs(pairs, top=60)
    assert_apart(boxes(ax))
    assert_inside(ax)
    assert any("Not drawn" in text and "further genes" in text for text in words(ax))


def test_variants_without_gene_place_or_change_are_drawn():
    nothing = {f"{name}_{k}": pd.Series([None] * 5, dtype="str")
               for name in ("chrom", "gene", "residue_change") for k in (1, 2)}  # fmt: skip
    bare = make_pairs(n=5).assign(
        **nothing, pos_1=pd.array([None] * 5, dtype="Int64"),
        pos_2=pd.array([None] * 5, dtype="Int64"),
    )  # fmt: skip
    ax = plots.plot_pair_arcs(schemas.GXG.validate(bare))
    assert set(bare["variant_1"]) <= set(words(ax))
    assert "no gene" in words(ax)
    assert_apart(boxes(ax))


def test_linked_pairs_have_open_marks():
    pairs = make_pairs(n=8).assign(phantom_risk=pd.array([True] + [False] * 7, dtype="boolean"))
    ax = plots.plot_pair_arcs(pairs)
    marks = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert sum(line.get_markerfacecolor() == "white" for line in marks) == 1
    assert "open: one locus, or linked (1)" in legend_of(ax)


def test_arcs_of_no_pair_and_of_a_wrong_number():
    ax = plots.plot_pair_arcs(schemas.GXG.empty())
    assert words(ax) == ["No pair to show"]
    with pytest.raises(InputError, match="top is 0"):
        plots.plot_pair_arcs(make_pairs(n=3), top=0)


def test_hostile_names_are_drawn_as_they_are():
    pairs = make_pairs(n=3)
    pairs.loc[0, "gene_1"] = "$x$ <b>&"
    svg = plots.figure_to_svg(plots.plot_pair_arcs(pairs).figure, "arcs")
    assert "$x$ &lt;b&gt;&amp;" in svg
    assert "<b>" not in svg


# --- trans map ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hits():
    return make_hits()


def test_map_puts_variants_across_and_genes_up(hits):
    ax = plots.plot_trans_map(hits, make_hotspots(hits), chrom_lengths=LENGTHS)
    counts, drawn = ax.child_axes
    starts = dict(zip(ROMAN, Genome.of((hits["chrom"], hits["pos"]), lengths=LENGTHS).starts,
                      strict=True))  # fmt: skip
    points = np.concatenate([np.asarray(c.get_offsets()) for c in drawn.collections
                             if not isinstance(c, LineCollection)])  # fmt: skip
    wanted = np.column_stack([
        hits["chrom"].map(starts) + hits["pos"].astype(float),
        hits["trait_chrom"].map(starts) + hits["trait_pos"].astype(float),
    ])  # fmt: skip
    np.testing.assert_allclose(np.sort(points, axis=0), np.sort(wanted, axis=0))
    assert counts.get_xlim() == drawn.get_xlim() == drawn.get_ylim()
    assert {text.get_text() for text in drawn.get_xticklabels()} <= set(ROMAN)
    assert_inside(ax)


def test_counts_are_traits_by_their_strongest_discovery(hits):
    spots = make_hotspots(hits)
    counts = plots.plot_trans_map(hits, spots, chrom_lengths=LENGTHS).child_axes[0]
    best = {}
    for row in hits[hits["decision"] != "neither"].to_dict("records"):
        if row["trait"] not in best or row["neg_log10_p"] > best[row["trait"]]["neg_log10_p"]:
            best[row["trait"]] = row
    windows = {}
    for row in best.values():
        key = row["chrom"], (row["pos"] - 1) // 20_000
        windows[key] = windows.get(key, 0) + 1
    sticks = [segment[1][1] for segment in counts.collections[0].get_segments()]
    assert sorted(sticks) == sorted(windows.values())


def test_hotspots_are_named_with_their_traits_without_overlap(hits):
    spots = make_hotspots(hits)
    counts = plots.plot_trans_map(hits, spots).child_axes[0]
    mkt1 = spots[spots["genes"] == "MKT1"].iloc[0]
    assert f"MKT1 ({mkt1['n_traits']})" in words(counts)
    assert_apart(boxes(counts))
    quiet = plots.plot_trans_map(hits, spots.assign(p=0.2)).child_axes[0]
    assert words(quiet) == []


def test_many_hotspots_are_named_without_overlap(hits):
    chroms = np.resize(ROMAN, 40)
    spots = schemas.HOTSPOTS.validate(pd.DataFrame({
        "chrom": chroms, "start": np.arange(40) * 5000 + 1, "end": np.arange(40) * 5000 + 5000,
        "n_traits": np.arange(40, 0, -1), "expected": 1.0, "p": 1e-4, "lead_variant": "v",
        "genes": "ABCDEFGHIJ, KLMNOPQRSTUVW, X1, Y2",
    }))  # fmt: skip
    ax = plots.plot_trans_map(hits, spots)
    found = boxes(ax.child_axes[0])
    assert len(found) == 24
    assert_apart(found)
    assert_inside(ax)
    assert "the largest 24 are named" in legend_of(ax.child_axes[0])


def test_without_positions_of_traits_there_is_no_map():
    bare = make_hits(places=False)
    ax = plots.plot_trans_map(bare, make_hotspots(bare), chrom_lengths=LENGTHS)
    (counts,) = ax.child_axes
    assert counts.get_ylabel() == "Traits"
    assert any("there is no map" in text for text in words(counts))
    assert_inside(ax)


def test_hits_without_positions_are_counted(hits):
    some = hits.copy()
    some.loc[:6, "pos"] = pd.NA
    some.loc[10:14, "trait_pos"] = pd.NA
    lowest = plots.plot_trans_map(some, make_hotspots(hits)).child_axes[1]
    told = words(lowest)[-1]
    assert "7 hits of variants without a position are not shown" in told
    assert "5 hits on traits without a position are not on the map" in told


def test_map_of_nothing_and_of_one_hit(hits):
    empty = schemas.TRANSQTL.empty()
    spots = schemas.HOTSPOTS.empty()
    assert words(plots.plot_trans_map(empty, spots)) == ["No hit to show"]
    nowhere = hits.assign(chrom=None, pos=pd.array([None] * len(hits), dtype="Int64"))
    assert "No position is known" in words(plots.plot_trans_map(nowhere, spots))[0]
    one = plots.plot_trans_map(hits.head(1), spots)
    plots.figure_to_svg(one.figure, "one")
    with pytest.raises(InputError, match="no chromosome"):
        plots.plot_trans_map(hits, spots, chrom_lengths={"I": 230218})


def test_a_crowd_becomes_pixels():
    crowd = make_hits(n=20_000, yeast=False)
    ax = plots.plot_trans_map(crowd, schemas.HOTSPOTS.empty())
    assert all(c.get_rasterized() for c in ax.child_axes[1].collections
               if not isinstance(c, LineCollection))  # fmt: skip
    svg = plots.figure_to_svg(ax.figure, "crowd")
    assert "data:image/png;base64," in svg
    assert svg.count("<use") < 2000


def test_map_takes_given_axes(hits):
    place = plots.new_figure(9, 8).add_axes((0.1, 0.1, 0.6, 0.8))
    assert plots.plot_trans_map(hits, make_hotspots(hits), ax=place) is place
    assert len(place.child_axes) == 2


# --- calibration and control ----------------------------------------------------------------


def test_band_holds_95_of_100_poisson_counts():
    expected = np.array([0.5, 3.0, 40.0, 1e6])
    low, high = chance_band(expected)
    inside = poisson.cdf(high, expected) - poisson.cdf(low - 1, expected)
    assert (inside >= 0.95).all()
    assert (poisson.cdf(low - 1, expected) <= 0.025).all()


def test_calibration_draws_ratios_and_fills_what_lies_outside():
    table = pd.DataFrame({
        "tests": ["all tests"] * 3 + ["people permuted"] * 2,
        "level": [0.5, 0.01, 1e-4, 0.5, 0.01],
        "observed": [5000.0, 150, 0, 5010, 101], "expected": [5000.0, 100, 1, 5000, 100],
    })  # fmt: skip
    ax = plots.plot_calibration(table)
    assert legend_of(ax)[:2] == ["all tests", "people permuted"]
    lines = [line for line in ax.lines if len(line.get_xdata()) > 2]
    np.testing.assert_allclose(lines[0].get_ydata()[:2], [1, 1.5])
    assert lines[0].get_ydata()[2] == ax.get_ylim()[0], "no test at all lies on the edge"
    marks = [c for c in ax.collections if len(c.get_offsets()) and c.get_facecolor().size]
    filled = sum(len(c.get_offsets()) for c in marks
                 if c.get_zorder() > 4 and not np.allclose(c.get_facecolor()[0], 1))  # fmt: skip
    assert filled == 1
    low, high = ax.get_xlim()
    assert low > high, "small p values lie at the right"
    assert_inside(ax)


def test_calibration_of_nothing_and_of_one_row():
    ax = plots.plot_calibration(schemas.CALIBRATION.empty())
    assert words(ax) == ["No calibration to show"]
    plots.figure_to_svg(plots.plot_calibration(make_calibration().head(1)).figure, "c")


@pytest.mark.parametrize("n_tests", [200, 10**9])
def test_ticks_of_the_calibration_do_not_meet(n_tests):
    ax = plots.plot_calibration(make_calibration(n_tests, inflated=1.4))
    ax.figure.draw_without_rendering()
    for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert_apart(boxes(ax, labels))


def test_control_writes_every_number():
    control = make_control(make_pairs())
    ax = plots.plot_control(control)
    told = " | ".join(words(ax))
    assert "Benjamini–Hochberg, 5% FDR" in told
    assert "Bonferroni, 5% family-wise error" in told
    evidence = control[(control["weights"] == "evidence")].iloc[0]
    assert (f"{evidence['discoveries']:.0f} ({evidence['gained']:.0f} gained, "
            f"{evidence['lost']:.0f} lost)") in told  # fmt: skip
    shuffled = control[control["weights"] == "shuffled"].iloc[0]
    assert f"{shuffled['discoveries']:.1f}, from {shuffled['low']:.0f} to" in told
    assert_apart(boxes(ax))
    assert_inside(ax)


def test_control_of_large_numbers_stays_inside():
    control = make_control(make_pairs())
    names = ["discoveries", "low", "high", "gained", "lost"]
    ax = plots.plot_control(control.assign(**{name: control[name] * 12_345 for name in names}))
    assert_apart(boxes(ax))
    assert_inside(ax)


def test_control_of_nothing_and_without_shuffles():
    assert words(plots.plot_control(schemas.CONTROL.empty())) == ["No control was run"]
    control = make_control(make_pairs(), shuffles=False)
    zero = control.assign(discoveries=0.0, low=0.0, high=0.0, gained=0.0, lost=0.0)
    ax = plots.plot_control(zero)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["no weights", "evidence"] * 2
