"""What R's plots of scans and arcs show, as tables; coordinates as in `seqgen.plots`.

Words keep to letters of Latin-1, which is all that R's own pdf() writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from seqgen.results import Couplings
    from seqgen.structure import ResidueDistances

_MOST_LISTED = 24


def arcs(
    couplings: Couplings, distances: ResidueDistances | np.ndarray | None = None, top: int = 20,
    cutoff: float = 8.0, min_separation: int = 6,
) -> dict[str, Any]:  # fmt: skip
    """Pairs, tracks and the list of `seqgen.plots.plot_arcs`; x is residues, y from 0 to 1."""
    from seqgen.plots import arcs as plot
    from seqgen.plots.pairs import KINDS, no_pairs, strongest

    plot.require_one_protein_a_side(couplings)
    pairs = strongest(couplings, top, distances=distances, cutoff=cutoff,
                      min_separation=min_separation)  # fmt: skip
    if pairs.empty:
        return {"pairs": pairs, "nothing": no_pairs(couplings)}
    within = plot.within(couplings)
    counts = pairs["kind"].value_counts()
    named = {kind: f"{told[2]} ({counts.get(kind, 0)})" for kind, told in KINDS.items()}
    sides = [couplings.rows] if within else [couplings.rows, couplings.columns]
    lengths = [int(np.ptp(side.positions)) + 1 for side in sides]
    tracks = pd.DataFrame({
        "name": [plot.short(side.names[0]) for side in sides],
        "low": [int(side.positions.min()) for side in sides],
        "high": [int(side.positions.max()) for side in sides],
        "start": [(max(lengths) - length) / 2 for length in lengths],
    })  # fmt: skip
    places = {
        f"x_{k}": pairs[f"position_{k}"] - tracks["low"].iloc[min(k, len(sides)) - 1]
        + tracks["start"].iloc[min(k, len(sides)) - 1] + 0.5
        for k in (1, 2)
    }  # fmt: skip
    rows = pairs.to_dict("records")
    names = {f"name_{k}": [plot.residue(row, k) for row in rows] for k in (1, 2)}
    width = plot.line_widths(pairs["score"].to_numpy())
    shown = pairs.assign(**places, **names, width=width, named=pairs["kind"].map(named))
    values, unit = plot.value_column(pairs)
    listed = [f"{a}-{b}   {value.replace('–', '-')}"
              for a, b, value in
              zip(names["name_1"], names["name_2"], values, strict=True)]  # fmt: skip
    more = [f"and {len(listed) - _MOST_LISTED} more"] if len(listed) > _MOST_LISTED else []
    title = [f"Top {len(pairs)} by {couplings.method}"]
    if within and min_separation > 1:
        title.append(f"at least {min_separation} positions apart")
    return {
        "pairs": shown, "tracks": tracks, "length": max(lengths), "title": title,
        "list": [f"pair, {unit}", *listed[:_MOST_LISTED], *more],
    }  # fmt: skip


def pair_arcs(
    pairs: pd.DataFrame, top: int = 20, alpha: float = 0.05, width: float = 360.0
) -> dict[str, Any]:
    """Genes, variants and arcs of `seqgen.plots.plot_pair_arcs`; x from 0 to ``width`` points."""
    from seqgen.plots import pair_arcs as plot
    from seqgen.plots.decisions import ranked

    plot.require_top(top)
    if pairs.empty:
        return {"pairs": pairs}
    order = ranked(pairs)
    layout = plot.fitting(order.head(top), width)
    shown = order.head(layout.n_pairs)
    x = pd.Series(layout.x, index=layout.variants.index)
    ends = np.sort(np.column_stack([x[shown["variant_1"]], x[shown["variant_2"]]]), axis=1)
    span = ends[:, 1] - ends[:, 0]
    rise = np.minimum(200 * (np.maximum(span, 1) / max(span.max(), 1)) ** 0.7, 0.9 * span + 14)
    rise = plot.apart(ends.mean(axis=1), rise, 200.0)
    strength = shown["neg_log10_p"].to_numpy(dtype=float)
    risky = shown["phantom_risk"].fillna(False).to_numpy(dtype=bool)
    arcs = shown.assign(from_=ends[:, 0], to=ends[:, 1], rise=rise / 200, risky=risky,
                        width=plot.line_widths(strength), named=_decisions(shown))  # fmt: skip
    genes = pd.DataFrame({"name": layout.names, "chrom": layout.chroms, "left": layout.left,
                          "right": layout.right})  # fmt: skip
    variants = pd.DataFrame({"x": layout.x, "named": layout.named,
                             "label": layout.variants["label"].to_numpy()})  # fmt: skip
    return {
        "pairs": arcs, "genes": genes, "variants": variants, "upright": layout.upright,
        "width": width, "title": plot.pairs_title(len(shown), len(pairs), alpha),
        "rest": plot.not_drawn(order, layout),
    }  # fmt: skip


def _decisions(table: pd.DataFrame) -> pd.Series:
    """Names of decisions with their counts."""
    from seqgen.plots.decisions import LOOKS

    counts = table["decision"].value_counts()
    return table["decision"].map(
        {name: f"{look.name} ({counts.get(name, 0):,})" for name, look in LOOKS.items()}
    )


def trans_map(
    hits: pd.DataFrame, hotspots: pd.DataFrame, chrom_lengths: Mapping[str, int] | None = None,
    alpha: float = 0.05,
) -> dict[str, Any]:  # fmt: skip
    """Counts, hits, chromosomes and names of `seqgen.plots.plot_trans_map`."""
    from seqgen.plots import trans_map as plot
    from seqgen.plots.genome import bare

    placed = hits[hits["chrom"].notna() & hits["pos"].notna()]
    mapped = placed[placed["trait_chrom"].notna() & placed["trait_pos"].notna()]
    genome = plot.genome_of(placed, mapped, hotspots, chrom_lengths)
    if not genome.names:
        return {"nothing": plot.nothing(hits)}
    hot = plot.significant(hotspots, alpha)
    window = plot.window_width(hotspots, genome)
    counts = plot.trait_counts(plot.strongest(placed), window)
    centres = genome.at(hot["chrom"], (hot["start"] + hot["end"]) / 2)
    names = plot.hot_names(hot)
    labels = [*names, *[""] * (len(hot) - len(names))]
    strength = mapped["neg_log10_p"].to_numpy(dtype=float)
    middles = genome.starts + genome.lengths / 2
    return {
        "counts": pd.DataFrame({"x": genome.at(counts["chrom"], counts["start"] + window / 2),
                                "n": counts["n"].to_numpy(dtype=float)}),
        "hot": pd.DataFrame({"x": centres, "n": hot["n_traits"].to_numpy(dtype=float),
                             "label": labels}),
        "hits": mapped.assign(x=genome.at(mapped["chrom"], mapped["pos"]),
                              y=genome.at(mapped["trait_chrom"], mapped["trait_pos"]),
                              area=plot.sizes(strength, crowd=len(mapped)),
                              named=_decisions(mapped)),
        "chromosomes": pd.DataFrame({"name": [bare(name) for name in genome.names],
                                     "start": genome.starts, "middle": middles,
                                     "end": genome.starts + genome.lengths}),
        "end": genome.end,
        "window": plot.wide(window),
        "title": f"Discovery at {100 * alpha:.3g}% FDR",
        "hot_title": f"hotspot, p up to {alpha:.3g} ({len(hot):,})",
        "rest": plot.not_shown(hits, placed=len(placed), mapped=len(mapped)),
    }  # fmt: skip


def calibration(calibration: pd.DataFrame) -> dict[str, Any]:
    """Ratios, bands and ticks of `seqgen.plots.plot_calibration`."""
    from seqgen.plots import calibration as plot

    known = plot.known_levels(calibration)
    if known.empty:
        return {"rows": known}
    bottom, top = plot.ratio_limits(known)
    low, high = plot.chance_band(known["expected"].to_numpy())
    inside = (known["observed"] >= low) & (known["observed"] <= high)
    rows = known.assign(
        ratio=np.maximum(known["observed"] / known["expected"], bottom), inside=inside,
        low=np.maximum(low / known["expected"], bottom),
        high=np.minimum(high / known["expected"], top),
    )  # fmt: skip
    return {"rows": rows, "limits": np.array([bottom, top]),
            "ratios": np.array(plot.ratio_ticks(bottom, top)),
            "levels": np.array(plot.level_ticks(known)),
            "tests": list(dict.fromkeys(known["tests"]))}  # fmt: skip


def control(control: pd.DataFrame) -> pd.DataFrame:
    """Rows of `seqgen.plots.plot_control` with their words."""
    from seqgen.plots import calibration as plot

    rows = control.to_dict("records")
    return control.assign(
        told=pd.Series([plot.row_words(row) for row in rows], dtype="str", index=control.index),
        named=control["weights"].map(plot.WEIGHTS),
        title=pd.Series([plot.procedure_title(row["procedure"], row["alpha"]) for row in rows],
                        dtype="str", index=control.index).str.replace("–", "-"),
    )  # fmt: skip


SCAN_PLOTS: dict[str, Callable[..., Any]] = {
    ".plot_arcs": arcs,
    ".plot_calibration": calibration,
    ".plot_control": control,
    ".plot_pair_arcs": pair_arcs,
    ".plot_trans_map": trans_map,
}
