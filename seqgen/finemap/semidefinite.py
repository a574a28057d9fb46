"""Correlations that no genotypes have, told where they matter."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from seqgen.finemap.ld import LDMatrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ld_factor import LDFactor

# The eigenvalues of all of R cost more than a fit; among these variants effects are found.
_LOOKED_AT = 48
# A file of three digits makes eigenvalues of some -0.003 among as many variants.
_INDEFINITE = -0.01


def told_if_indefinite(ld: LDMatrix | LDFactor, scores: NDArray[np.float64]) -> LDMatrix | LDFactor:
    """Return ``ld``, with a warning if it is not positive semidefinite among the strongest.

    Parameters
    ----------
    ld : LDMatrix or LDFactor
    scores : ndarray, shape (p,)
        z-scores, or what orders variants as these do.
    """
    if not isinstance(ld, LDMatrix):
        return ld
    count = min(_LOOKED_AT, ld.p)
    strongest = np.argpartition(-np.abs(scores), count - 1)[:count]
    least = float(np.linalg.eigvalsh(ld.block(strongest, strongest))[0])
    if least >= _INDEFINITE:
        return ld
    told = (
        f"R is not positive semidefinite: its least eigenvalue among the {count} variants of the "
        f"largest |z| is {least:.2g}, and no genotypes have such correlations. Compute all of R "
        f"from the same people, without missing genotypes, or pass these as X."
    )
    return replace(ld, warnings=(*ld.warnings, told))
