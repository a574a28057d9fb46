"""Fits of the common variants of a locus alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.errors import InputError
from seqgen.finemap.checks import as_vector, check_number
from seqgen.finemap.ld import LDMatrix
from seqgen.finemap.ld_factor import LDFactor
from seqgen.finemap.panel_mixture import is_several

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from seqgen.results import FineMapResult


@dataclass(frozen=True, eq=False)
class CommonVariants:
    """Variants whose minor allele is more frequent than a threshold.

    Attributes
    ----------
    keep : ndarray of int
        Their places.
    p : int
        All variants.
    maf_thresh : float
    """

    keep: NDArray[np.intp]
    p: int
    maf_thresh: float

    @classmethod
    def of(cls, maf: ArrayLike, maf_thresh: float) -> CommonVariants:
        """Find them; raises InputError where there are none."""
        threshold = check_number("maf_thresh", maf_thresh, (0.0, 0.5))
        frequency = as_vector("maf", maf, "minor allele frequency")
        bad = np.flatnonzero(~((frequency >= 0.0) & (frequency <= 1.0)))
        if bad.size:
            raise InputError(
                f"maf: {bad.size} of {frequency.size} are no frequency (first at index {bad[0]}: "
                f"{frequency[bad[0]]}); expected numbers from 0 to 1; give variants of unknown "
                f"frequency 0 to leave them out"
            )
        keep = np.flatnonzero(frequency > threshold)
        if not keep.size:
            raise InputError(
                f"maf_thresh: none of {frequency.size} variants has a frequency above "
                f"{threshold:g}; expected some; lower it, or leave maf out"
            )
        return cls(keep, frequency.size, threshold)

    def vector(self, name: str, values: ArrayLike | None) -> NDArray[Any] | None:
        """Return the common variants of one value per variant."""
        if values is None:
            return None
        return self._checked(name, np.asarray(values), 0)[self.keep]

    def columns(self, X: Any) -> Any:
        """Return the common variants of people by variants."""
        if X is None:
            return None
        if is_several(X):
            return [self.columns(one) for one in X]
        return self._checked("X", np.asarray(X), -1)[..., self.keep]

    def square(self, name: str, R: Any) -> Any:
        """Return the common variants of what is variants by variants."""
        if R is None:
            return None
        if is_several(R):
            return [self.square(name, one) for one in R]
        if isinstance(R, LDMatrix):
            return LDMatrix(self._checked(name, R.R, 0)[np.ix_(self.keep, self.keep)], R.warnings)
        if isinstance(R, LDFactor):
            return LDFactor(self._checked(name, R.F, 1)[:, self.keep], R.warnings)
        matrix = np.asarray(R)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            return matrix  # Refused with the words of those who ask for it.
        return self._checked(name, matrix, 0)[np.ix_(self.keep, self.keep)]

    def told(self, fit: FineMapResult) -> FineMapResult:
        """Return the fit with what was left out among its warnings."""
        if self.keep.size == self.p:
            return fit
        left = (
            f"{self.p - self.keep.size} of {self.p} variants have a minor allele frequency up to "
            f"{self.maf_thresh:g} and were left out; the places of variants count those kept."
        )
        return replace(fit, warnings=(*fit.warnings, left))

    def _checked(self, name: str, values: NDArray[Any], axis: int) -> NDArray[Any]:
        size = values.shape[axis] if values.ndim else 1
        if size != self.p:
            raise InputError(
                f"maf: found {self.p} frequencies for {size} variants of {name}; expected one "
                f"each, in the same order"
            )
        return values
