"""Pictures: each function takes a result and an ``Axes`` and returns what it drew.

This package is the only door to matplotlib. Nothing here keeps pyplot state.
"""

from __future__ import annotations

from seqgen.plots.arcs import plot_arcs
from seqgen.plots.calibration import plot_calibration, plot_control
from seqgen.plots.contacts import plot_contact_map
from seqgen.plots.locus import plot_locus, plot_locus_page, plot_pip, plot_z
from seqgen.plots.pair_arcs import plot_pair_arcs
from seqgen.plots.style import figure_to_svg, new_figure, save_figure
from seqgen.plots.substitutions import plot_substitutions
from seqgen.plots.summary import plot_funnel, plot_prior
from seqgen.plots.trans_map import plot_trans_map

__all__ = [
    "figure_to_svg",
    "new_figure",
    "plot_arcs",
    "plot_calibration",
    "plot_contact_map",
    "plot_control",
    "plot_funnel",
    "plot_locus",
    "plot_locus_page",
    "plot_pair_arcs",
    "plot_pip",
    "plot_prior",
    "plot_substitutions",
    "plot_trans_map",
    "plot_z",
    "save_figure",
]
