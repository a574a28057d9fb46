"""Contact maps and arcs: what is drawn where, and that nothing overlaps or is cut off."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch

from seqgen.alignment import Residues
from seqgen.errors import InputError
from seqgen.plots.arcs import plot_arcs
from seqgen.plots.contacts import plot_contact_map
from seqgen.plots.pairs import KINDS, Track
from seqgen.plots.style import new_figure
from seqgen.results import Couplings
from seqgen.structure import ResidueDistances

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def made(length, *, name="P1", start=1, seed=1):
    rng = np.random.default_rng(seed)
    residues = Residues.of_protein("".join(rng.choice(list(LETTERS), length)), name, start)
    scores = rng.normal(size=(length, length))
    scores = scores + scores.T
    np.fill_diagonal(scores, np.nan)
    return Couplings(scores, residues, residues, "plm")


def between(first=30, second=50, seed=2):
    rng = np.random.default_rng(seed)
    one = Residues.of_protein("".join(rng.choice(list(LETTERS), first)), "HK", 241)
    two = Residues.of_protein("".join(rng.choice(list(LETTERS), second)), "RR")
    return Couplings(rng.normal(size=(first, second)), one, two, "mean-field")


def marks(ax):
    """Colour to the points drawn in it."""
    return {to_hex(one.get_facecolor()[0]): np.asarray(one.get_offsets()) for one in ax.collections}


def texts(ax):
    legend = ax.get_legend()
    inside = [] if legend is None else [legend.get_title(), *legend.get_texts()]
    return [text.get_text() for text in [*ax.texts, *inside]]


def assert_nothing_is_cut_or_hidden(ax):
    """Every text lies in the figure, and no two of them on each other."""
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    legend = ax.get_legend()
    found = [*ax.texts, ax.xaxis.label, ax.yaxis.label] if ax.axison else list(ax.texts)
    if ax.axison:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = axis.get_major_ticks()
            found += [tick.label1 for tick in ticks if low <= tick.get_loc() <= high]
    if legend is not None:
        found += [legend.get_title(), *legend.get_texts()]
    found += [text for child in ax.child_axes for text in (child.title, *child.get_xticklabels())]
    found += [child._left_title for child in ax.child_axes]
    boxes = [(text.get_text(), text.get_window_extent()) for text in found if text.get_text()]
    for text, box in boxes:
        assert box.x0 >= -0.5, text
        assert box.y0 >= -0.5, text
        assert box.x1 <= figure.bbox.x1 + 0.5, text
        assert box.y1 <= figure.bbox.y1 + 0.5, text
    for (text, box), (other, beside) in combinations(boxes, 2):
        # A point of air is not asked for; lying on each other by more than one is too much.
        across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
        up = min(box.y1, beside.y1) - max(box.y0, beside.y0)
        assert across <= 1.5 or up <= 1.5, f"{text!r} lies on {other!r}"


# --- contact map ----------------------------------------------------------------------------


def test_pairs_lie_above_the_diagonal_in_residue_numbers():
    couplings = made(40, start=101)
    ax = plot_contact_map(couplings, top=12)
    (points,) = marks(ax).values()
    frame = couplings.to_frame(min_separation=6).head(12)
    expected = {(a, b) for a, b in zip(frame["position_1"], frame["position_2"], strict=True)}
    assert {tuple(point) for point in points.astype(int)} == expected
    assert (points[:, 1] - points[:, 0] >= 6).all()
    assert ax.get_xlim() == ax.get_ylim() == (100.5, 140.5)
    assert ax.get_xlabel() == ax.get_ylabel() == "Position in P1"


def test_kinds_are_told_by_colour_and_shape():
    couplings = made(40)
    frame = couplings.to_frame(min_separation=6).head(40)
    distances = np.full((40, 40), 30.0)
    i, j = (frame[f"position_{k}"].to_numpy() - 1 for k in (1, 2))
    distances[i[:15], j[:15]] = distances[j[:15], i[:15]] = 5.0
    distances[3] = distances[:, 3] = np.nan
    hidden = (i == 3) | (j == 3)
    ax = plot_contact_map(couplings, distances=distances)
    found = {colour: len(points) for colour, points in marks(ax).items()}
    counts = {"contact": int((~hidden[:15]).sum()), "unseen": int(hidden.sum())}
    counts["apart"] = 40 - sum(counts.values())
    assert found == {KINDS[kind][0].lower(): n for kind, n in counts.items() if n}
    told = texts(ax)
    for kind, n in counts.items():
        assert f"{KINDS[kind][2]} ({n})" in told
    assert "structure: < 8 Å" in told
    assert "without coordinates" in told
    share = counts["contact"] / (counts["contact"] + counts["apart"])
    assert any(f"{share:.0%} of those seen are contacts" in text for text in told)
    assert len({marker for _, marker, _ in list(KINDS.values())[:3]}) == 3


def test_the_structure_is_shaded_where_its_contacts_are():
    couplings = made(30)
    distances = np.full((30, 30), 30.0)
    distances[2, 20] = distances[20, 2] = 4.0
    distances[2, 4] = distances[4, 2] = 4.0
    image = plot_contact_map(couplings, distances=distances).images[0].get_array()
    above = np.triu(np.ones((30, 30), dtype=bool)).T
    grey = (image < 0.99).any(axis=2) & above
    assert np.argwhere(grey).tolist() == [[20, 2]]


def test_two_proteins_fill_a_rectangle():
    couplings = between()
    ax = plot_contact_map(couplings, distances=np.full((30, 50), 20.0))
    (points,) = marks(ax).values()
    frame = couplings.to_frame().head(15)
    assert points.astype(int).tolist() == frame[["position_2", "position_1"]].to_numpy().tolist()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Position in RR", "Position in HK")
    assert ax.get_ylim() == (240.5, 270.5)
    assert not ax.child_axes


def test_a_joint_result_has_a_block_for_each_pair_of_proteins():
    one, two = made(30, name="HK"), made(20, name="RR", start=5)
    joint = one.rows.join(two.rows)
    scores = np.random.default_rng(1).normal(size=(50, 50))
    ax = plot_contact_map(Couplings(scores + scores.T, joint, joint, "plm"))
    track = Track.of(joint)
    at = track.of_residues(joint)
    assert at[:30].tolist() == list(range(1, 31))
    assert (np.diff(at) > 0).all()
    assert at[30] - at[29] > 2
    places, names = track.ticks(7)
    assert all(at.min() <= place <= at.max() for place in places)
    assert names == ["10", "20", "30", "10", "20"]
    assert places[3:] == (at[30] + np.array([5, 15])).tolist()
    assert ax.get_xlabel() == "Position in HK, then RR"
    assert_nothing_is_cut_or_hidden(ax)


def test_probability_shows_as_area_where_there_is_no_structure():
    couplings = made(40)
    probability = np.full((40, 40), 0.9)
    frame = couplings.to_frame(min_separation=6).head(40)
    first = tuple(frame.loc[0, ["position_1", "position_2"]].to_numpy(dtype=int) - 1)
    probability[first] = probability[first[::-1]] = 0.3
    shown = Couplings(couplings.scores, couplings.rows, couplings.rows, "plm",
                      probability=probability)  # fmt: skip
    ax = plot_contact_map(shown)
    sizes = ax.collections[0].get_sizes()
    assert sizes[0] == pytest.approx(sizes[1] / 3)
    assert "area: its probability" in texts(ax)
    assert "area: its probability" not in texts(plot_contact_map(couplings))


@pytest.mark.parametrize("length", [12, 75, 145, 500])
def test_contact_maps_are_legible_at_any_length(length):
    couplings = made(length, name="sp|Q9Y6K9", start=900)
    distances = np.random.default_rng(3).uniform(3, 60, size=(length, length))
    distances[4:9] = distances[:, 4:9] = np.nan
    assert_nothing_is_cut_or_hidden(plot_contact_map(couplings, distances=distances))


def test_contact_maps_of_very_unlike_proteins_are_legible():
    assert_nothing_is_cut_or_hidden(plot_contact_map(between(20, 300)))
    assert_nothing_is_cut_or_hidden(plot_contact_map(between(300, 20)))


@pytest.mark.parametrize(("atoms", "told"), [("cb", "C-beta"), ("heavy", "any atoms")])
def test_the_definition_of_a_contact_is_told(atoms, told):
    couplings = made(145)
    values = np.random.default_rng(3).uniform(3, 60, size=(145, 145))
    none = np.full((145, 145), -1)
    distances = ResidueDistances(values, couplings.rows, couplings.rows, atoms, (), none, none,
                                 none[:0], none[:0])  # fmt: skip
    ax = plot_contact_map(couplings, distances=distances, cutoff=12.5)
    assert f"structure: {told} < 12.5 Å" in texts(ax)
    assert_nothing_is_cut_or_hidden(ax)


def test_contact_map_draws_where_it_is_told():
    ax = new_figure(8, 5).add_axes((0.1, 0.1, 0.5, 0.8))
    assert plot_contact_map(made(20), ax=ax) is ax


# --- arcs -----------------------------------------------------------------------------------


def test_arcs_join_the_residues_and_are_listed():
    couplings = made(60, start=11)
    frame = couplings.to_frame(min_separation=6).head(8)
    distances = np.full((60, 60), 20.0)
    i, j = (frame[f"position_{k}"].to_numpy() - 11 for k in (1, 2))
    distances[i[:4], j[:4]] = 6.25
    distances[i[4], j[4]] = np.nan
    ax = plot_arcs(couplings, distances=distances, top=8)
    told = texts(ax)
    for pair in frame.to_dict("records"):
        ends = [f"{pair[f'residue_{k}']}{pair[f'position_{k}']}" for k in (1, 2)]
        assert "–".join(ends) in told
        assert set(ends) <= set(told)
    assert told.count("6.2 Å") == 4
    assert "contact (4)" in told
    assert "no contact (3)" in told
    assert "not in the structure (1)" in told
    curves = [line for line in ax.lines if len(line.get_xdata()) > 10]
    assert len(curves) == 8
    bar = next(patch for patch in ax.patches if isinstance(patch, FancyBboxPatch))
    low, wide = bar.get_x(), bar.get_width()
    # Drawn last, on top: the strongest.
    ends = (np.array(curves[-1].get_xdata())[[0, -1]] - low) / wide * 60 + 10.5
    np.testing.assert_allclose(sorted(ends), frame.loc[0, ["position_1", "position_2"]].to_list())
    widths = [line.get_linewidth() for line in curves]
    assert widths == sorted(widths)
    assert {line.get_linestyle() for line in curves} == {"-", "--"}
    assert len({(line.get_color(), line.is_dashed()) for line in curves}) == 3


def test_bands_between_two_proteins():
    couplings = between()
    ax = plot_arcs(couplings, top=10)
    bars = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    assert len(bars) == 2
    assert bars[0].get_y() > bars[1].get_y()
    assert bars[0].get_width() / bars[1].get_width() == pytest.approx(30 / 50)
    assert {"HK", "RR", "score"} <= set(texts(ax))
    frame = couplings.to_frame().head(10)
    assert f"{frame.loc[0, 'residue_1']}{frame.loc[0, 'position_1']}" in texts(ax)


@pytest.mark.parametrize("length", [12, 75, 145, 500, 3000])
@pytest.mark.parametrize("top", [1, 20])
def test_arcs_are_legible_at_any_length(length, top):
    couplings = made(min(length, 500), name="ENSP00000269305.4", start=1)
    if length > 500:
        residues = Residues(couplings.rows.letters, couplings.rows.positions * 6,
                            couplings.rows.proteins)  # fmt: skip
        couplings = Couplings(couplings.scores, residues, residues, "categorical-jacobian")
    ax = plot_arcs(couplings, top=top)
    assert_nothing_is_cut_or_hidden(ax)


def test_arcs_of_neighbours_and_of_many_are_legible():
    couplings = made(400)
    scores = np.where(couplings.rows.positions[:, None] < 380, -9.0, couplings.scores)
    crowded = Couplings(np.minimum(scores, scores.T), couplings.rows, couplings.rows, "plm")
    assert_nothing_is_cut_or_hidden(plot_arcs(crowded, top=20, min_separation=1))
    ax = plot_arcs(couplings, top=120)
    assert_nothing_is_cut_or_hidden(ax)
    assert any(text.startswith("and ") and text.endswith(" more") for text in texts(ax))
    assert_nothing_is_cut_or_hidden(plot_arcs(between(20, 300), top=20))


def test_a_name_longer_than_its_room_is_cut_with_a_sign():
    ax = plot_arcs(made(40, name="a_very_long_name_of_a_protein_indeed"))
    assert "a_very_long_name_of_a_p…" in texts(ax)
    assert_nothing_is_cut_or_hidden(ax)


def test_a_dollar_in_a_name_is_no_mathematics():
    for plot in (plot_contact_map, plot_arcs):
        assert_nothing_is_cut_or_hidden(plot(made(30, name="$x_1$")))


# --- nothing to show, nothing that can be shown ---------------------------------------------


@pytest.mark.parametrize("plot", [plot_contact_map, plot_arcs])
def test_no_pair_says_so_with_the_reason(plot):
    residues = Residues.of_protein("MKVLA", "P1")
    why = "the alignment is too shallow: " + "Neff/L is 0.4, " * 12
    shallow = Couplings(np.full((5, 5), np.nan), residues, residues, "plm", notices=(why,))
    ax = plot(shallow)
    (text,) = texts(ax)
    assert text.startswith("No pair of residues to show")
    assert "too shallow" in text
    assert_nothing_is_cut_or_hidden(ax)
    short = made(5)
    assert texts(plot(short)) == ["No pair of residues to show"]


@pytest.mark.parametrize("plot", [plot_contact_map, plot_arcs])
def test_what_is_refused(plot):
    with pytest.raises(InputError, match="top is 0; expected a number of pairs from 1"):
        plot(made(20), top=0)
    with pytest.raises(InputError, match=r"distances have shape \(3, 3\)"):
        plot(made(20), distances=np.ones((3, 3)))


def test_arcs_of_more_than_two_proteins_are_refused():
    joint = Residues.of_protein("MKVLA", "one").join(Residues.of_protein("MKVLA", "two"))
    with pytest.raises(InputError, match=r"2 proteins \('one', 'two'\); take two with couplings"):
        plot_arcs(Couplings(np.zeros((10, 10)), joint, joint, "plm"))


@pytest.mark.parametrize("plot", [plot_contact_map, plot_arcs])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_pairs_no_stronger_than_the_background_are_not_drawn(plot, value):
    residues = made(20).rows
    ax = plot(Couplings(np.full((20, 20), value), residues, residues, "plm"))
    assert not ax.collections
    assert any("No signal" in text for text in texts(ax))


@pytest.mark.parametrize("plot", [plot_contact_map, plot_arcs])
def test_wrong_arguments_of_both_plots_are_told(plot):
    with pytest.raises(InputError, match="couplings is of type DataFrame; expected Couplings"):
        plot(made(20).to_frame())
    for name, value in {"top": 2.5, "cutoff": np.nan, "min_separation": -1}.items():
        with pytest.raises(InputError, match=name):
            plot(made(20), **{name: value})


def test_arcs_say_how_far_apart_and_maps_the_first_notice():
    assert "at least 6 positions apart" in texts(plot_arcs(made(30), top=5))
    told = Couplings(made(30).scores, made(30).rows, made(30).rows, "plm", notices=("shallow",))
    assert "shallow" in texts(plot_contact_map(told))
