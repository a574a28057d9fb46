"""What R's plots show, as tables: the same choices, colours and words as in `seqgen.plots`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seqgen.rbridge.scan_plot_data import SCAN_PLOTS

if TYPE_CHECKING:
    from seqgen.results import Couplings
    from seqgen.structure import ResidueDistances


def locus(variants: pd.DataFrame) -> dict[str, Any]:
    """Points, names and titles of `seqgen.plots.plot_locus`."""
    from seqgen.plots import locus_data as data
    from seqgen.plots.style import LD_CLASSES

    rows = data.locus_rows(variants, ("neg_log10_p",))
    lead, changed = data.lead_index(rows), data.is_missense(rows)
    names = {colour: text for _, _, colour, text in LD_CLASSES}
    kind = np.where(changed, "missense", "plain").astype(object)
    if not changed[lead]:
        kind[lead] = "lead"
    labels = data.locus_labels(rows)
    picked = [k for k, _, _ in labels]
    points = pd.DataFrame({
        "Mb": data.megabases(rows),
        "neg_log10_p": rows["neg_log10_p"].to_numpy(dtype=float),
        "r2": rows["r_lead"].to_numpy(dtype=float) ** 2,
        "ld": [names[colour] for colour in data.ld_colours(rows["r_lead"].to_numpy(dtype=float))],
        "kind": kind,
        "odd": ~rows["ld_consistent"].to_numpy(dtype=bool),
    })  # fmt: skip
    named = points.iloc[picked][["Mb", "neg_log10_p"]].assign(
        label=[text for _, text, _ in labels], bold=[lead for _, _, lead in labels]
    )
    return {"points": points, "labels": named, "position": data.position_title(rows)}


def pip(variants: pd.DataFrame) -> dict[str, Any]:
    """Stems, rings, names and sets of `seqgen.plots.plot_pip`."""
    from seqgen.plots import locus_data as data

    mirrored = "pip_flat" in variants
    rows = data.locus_rows(variants, ("pip",))
    x, claim = data.megabases(rows), data.plain_claims(rows)
    place = (x - x.min()) / max(float(np.ptp(x)), 1e-9)
    sets, labels = _set_labels(rows)
    halves, names = [], []
    for half, column, sign in (("informed", "pip", 1), ("flat", "pip_flat", -1))[: 1 + mirrored]:
        pips = sign * rows[column].to_numpy(dtype=float)
        halves.append(pd.DataFrame({"Mb": x, "pip": pips, "half": half, "set": labels[half],
                                    "missense": data.is_missense(rows)}))  # fmt: skip
        names += [
            (
                x[k],
                pips[k],
                f"{data.short_name(rows.iloc[k])}  {abs(pips[k]):.2f}",
                data.named_at_left(k, pips, place),
            )
            for k in data.tallest(pips, place)
        ]
    rings = pd.DataFrame({"Mb": x[claim], "pip": -rows["pip_plain"].to_numpy(dtype=float)[claim]})
    return {
        "points": pd.concat(halves, ignore_index=True),
        "rings": rings,
        "names": pd.DataFrame(names, columns=["Mb", "pip", "label", "left"]),
        "sets": sets,
        "mirrored": mirrored,
        "position": data.position_title(rows),
    }


def _set_labels(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Names and colours of credible sets, and the name of each variant's set by either prior."""
    from seqgen.plots.locus_data import set_colours
    from seqgen.plots.style import GREY

    up, down = set_colours(rows)
    grey = "in no set" if rows[["cs_id", "cs_id_flat"]].notna().any(axis=None) else \
        "in no set (there are none)"  # fmt: skip
    names: dict[str, str] = {}
    for colours, ids, told in ((up, rows["cs_id"], "set {}"),
                               (down, rows["cs_id_flat"], "flat prior only, set {}")):  # fmt: skip
        known = pd.DataFrame({"colour": colours, "id": ids}).dropna().drop_duplicates()
        for colour, number in known.sort_values("id").itertuples(index=False):
            names.setdefault(colour, told.format(int(number)))
    names[GREY] = grey
    sets = pd.DataFrame({"label": list(names.values()), "colour": list(names)})
    labels = {half: [names[colour] for colour in colours]
              for half, colours in (("informed", up), ("flat", down))}  # fmt: skip
    return sets, labels


def prior(coefficients: pd.DataFrame) -> dict[str, Any]:
    """Limits and ticks of `seqgen.plots.plot_prior`."""
    from seqgen.plots.summary import factor_ticks, require_coefficients

    require_coefficients(coefficients)
    ends = coefficients[["estimate", "lower", "upper"]].to_numpy(dtype=float).ravel()
    ends = np.concatenate([ends[np.isfinite(ends)], [-0.7, 0.7]])
    margin = 0.08 * np.ptp(ends)
    limits = np.array([ends.min() - margin, ends.max() + margin])
    return {"limits": limits, "ticks": np.atleast_1d(factor_ticks(*limits))}


def contact_map(
    couplings: Couplings, distances: ResidueDistances | np.ndarray | None = None,
    top: int | None = None, cutoff: float = 8.0, min_separation: int = 6,
) -> dict[str, Any]:  # fmt: skip
    """Pairs, cells behind them, axes and words of `seqgen.plots.plot_contact_map`."""
    from seqgen.plots import contacts
    from seqgen.plots.pairs import Track, axis_name, no_pairs, strongest

    pairs = strongest(couplings, top, distances=distances, cutoff=cutoff,
                      min_separation=min_separation)  # fmt: skip
    symmetric = couplings.symmetric
    up = Track.of(couplings.rows)
    across = up if symmetric else Track.of(couplings.columns)
    x, y = across.of_pairs(pairs, 2), up.of_pairs(pairs, 1)
    if symmetric:
        # Above the diagonal: the later residue upwards.
        x, y = np.minimum(x, y), np.maximum(x, y)
    behind = contacts.behind(couplings, distances, cutoff=cutoff, min_separation=min_separation)
    cells = behind > 0
    if symmetric:
        cells &= np.tri(len(behind), dtype=bool)
    i, j = np.nonzero(cells)
    at_x, at_y = across.of_residues(couplings.columns), up.of_residues(couplings.rows)
    show = symmetric and not pairs.empty
    strength = contacts.strength(couplings, min_separation) if show else np.zeros((0, 0))
    return {
        "pairs": pairs.assign(x=x, y=y, **_kinds(pairs)),
        "cells": pd.DataFrame({"x": at_x[j], "y": at_y[i],
                               "fill": _cell_names(distances, cutoff)[behind[i, j]]}),
        "strength": strength, "at": at_x,
        "x": _axis(across, axis_name(couplings.columns.names)),
        "y": _axis(up, axis_name(couplings.rows.names)),
        "symmetric": symmetric,
        "title": contacts.title(pairs, couplings, min_separation),
        "nothing": no_pairs(couplings) if pairs.empty else None,
        "notices": list(couplings.notices),
    }  # fmt: skip


def _kinds(pairs: pd.DataFrame) -> dict[str, Any]:
    """Names of the kinds of pairs with their counts, and shares of the area of a mark."""
    from seqgen.plots.contacts import share_of_area
    from seqgen.plots.pairs import KINDS

    counts = pairs["kind"].value_counts()
    names = {kind: f"{told[2]} ({counts.get(kind, 0)})" for kind, told in KINDS.items()}
    share = pd.Series(1.0, index=pairs.index)
    for kind, mine in pairs.groupby("kind"):
        share[mine.index] = share_of_area(mine, str(kind))
    return {"named": pairs["kind"].map(names).astype("str"), "share": share}


def _cell_names(distances: ResidueDistances | np.ndarray | None, cutoff: float) -> np.ndarray:
    from seqgen.plots.contacts import structure_name

    return np.array(["", structure_name(distances, cutoff), "without coordinates"], dtype=object)


def _axis(track: Any, name: str) -> dict[str, Any]:
    """Limits, ticks, borders between proteins and title of an axis of residues."""
    places, numbers = track.ticks(7)
    return {"limits": np.array(track.limits), "at": np.array(places), "labels": list(numbers),
            "borders": np.array(track.borders), "title": name}  # fmt: skip


def substitutions(
    scores: pd.DataFrame, score: str = "log_lik_ratio", centre: float | None = None,
    known: pd.DataFrame | None = None, fold: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Cells, colours, titles, rings and panels of `seqgen.plots.plot_substitutions`."""
    from seqgen.plots.substitutions import (
        RESIDUES,
        colour_scale,
        known_cells,
        legend_title,
        map_title,
        panel_width,
        substitution_cells,
    )

    cells = substitution_cells(scores, score)
    middle, reach = colour_scale(cells, centre)
    length = int(cells["position"].max() - cells["position"].min()) + 1
    return {"cells": cells, "limits": np.array([middle - reach, middle + reach]),
            "title": legend_title(score, middle), "heading": map_title(scores, score),
            "residues": list(RESIDUES),
            "known": known_cells(known, scores, cells),
            "width": panel_width(length, fold)}  # fmt: skip


PLOTS: dict[str, Callable[..., Any]] = {
    ".plot_contact_map": contact_map,
    ".plot_locus": locus,
    ".plot_pip": pip,
    ".plot_prior": prior,
    ".plot_substitutions": substitutions,
    **SCAN_PLOTS,
}
