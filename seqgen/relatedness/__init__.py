"""Related people: kinship, heritability, predictions without chromosomes."""

from __future__ import annotations

from seqgen.relatedness.components import VarianceComponents, fit_components, fit_kinship
from seqgen.relatedness.kinship import (
    Kinship,
    KinshipAxes,
    KinshipInput,
    check_kinship,
    kinship_axes,
)
from seqgen.relatedness.loco import check_loco, chromosome_name, loco_offsets

__all__ = [
    "Kinship",
    "KinshipAxes",
    "KinshipInput",
    "VarianceComponents",
    "check_kinship",
    "check_loco",
    "chromosome_name",
    "fit_components",
    "fit_kinship",
    "kinship_axes",
    "loco_offsets",
]
