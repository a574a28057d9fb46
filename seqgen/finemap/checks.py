"""What fine-mapping accepts as input, and what it says of the rest."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

# The strongest associations known have |z| of a few hundred.
_LARGEST_Z = 1e6


def as_vector(name: str, values: ArrayLike, what: str) -> NDArray[np.float64]:
    """Return ``values`` as a float vector, or raise InputError naming ``name``."""
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name}: found values that are not numbers ({error}); expected one number per "
            f"variant ({what}); convert the column to numbers first"
        ) from error
    if vector.ndim != 1:
        raise InputError(
            f"{name}: found an array of shape {vector.shape}; expected one {what} per variant, "
            f"shape (p,); pass a single column"
        )
    return vector


def check_z(z: ArrayLike) -> NDArray[np.float64]:
    """Return z-scores as a finite float vector of length p >= 1."""
    vector = as_vector("z", z, "z-score")
    if vector.size == 0:
        raise InputError(
            "z: found no variants; expected at least one z-score; "
            "check that the locus overlaps the LD panel"
        )
    bad = np.flatnonzero(~np.isfinite(vector))
    if bad.size:
        raise InputError(
            f"z: {bad.size} of {vector.size} values are not finite (first at index {bad[0]}: "
            f"{vector[bad[0]]}); expected finite z-scores (beta / se); drop these variants from "
            f"z and from R, a standard error of zero is the usual cause"
        )
    largest = int(np.abs(vector).argmax())
    if abs(vector[largest]) > _LARGEST_Z:
        raise InputError(
            f"z: found {vector[largest]:.3g} at index {largest}; expected z-scores (beta / se) "
            f"below {_LARGEST_Z:.0e} in size; drop variants whose standard error is next to zero"
        )
    return vector


def check_n(n: Any) -> float | None:
    """Return the sample size as a float above 2, or None where it is not known."""
    if n is None:
        return None
    if np.ndim(n) != 0:
        if np.size(n) != 1:
            raise InputError(
                f"n: found {np.size(n)} sample sizes; expected one number; pass the median N of "
                f"the locus, and drop variants whose N is far from it"
            )
        n = np.asarray(n).reshape(()).item()
    try:
        value = float(n)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"n: found {n!r}; expected the number of people in the GWAS, above 2; "
            f"leave it out only where it is unknown"
        ) from error
    if not math.isfinite(value) or value <= 2.0:
        raise InputError(
            f"n: found {value}; expected the number of people in the GWAS, finite and above 2; "
            f"leave it out (None) only where it is unknown"
        )
    return value


def check_prior_weights(weights: ArrayLike | None, p: int) -> NDArray[np.float64]:
    """Return prior inclusion weights that sum to one; equal ones where none are given."""
    if weights is None:
        return np.full(p, 1.0 / p)
    name = "prior_weights"
    vector = as_vector(name, weights, "prior weight")
    if vector.size != p:
        raise InputError(
            f"{name}: found {vector.size} weights for {p} variants; expected one weight per "
            f"z-score in the same order; align the prior table with the locus"
        )
    bad = np.flatnonzero(~np.isfinite(vector) | (vector < 0.0))
    if bad.size:
        raise InputError(
            f"{name}: {bad.size} of {p} weights are negative or not finite (first at index "
            f"{bad[0]}: {vector[bad[0]]}); expected weights of zero or more; give variants "
            f"without an annotation the baseline weight instead of NaN"
        )
    if not vector.any():
        raise InputError(
            f"{name}: all {p} weights are zero; expected at least one positive weight; "
            f"pass None for equal weights"
        )
    vector = vector / vector.max()
    return vector / vector.sum()


def check_count(name: str, value: Any, remedy: str) -> int:
    """Return ``value`` as an integer of at least one."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InputError(
            f"{name}: found {value!r}; expected a whole number of at least 1; {remedy}"
        )
    return int(value)


def check_number(
    name: str, value: Any, bounds: tuple[float, float], *, open_ends: bool = False
) -> float:
    """Return ``value`` as a finite float within ``bounds``."""
    low, high = bounds
    number = value if isinstance(value, (int, float, np.number)) else math.nan
    inside = low < number < high if open_ends else low <= number <= high
    if isinstance(value, bool) or not inside:
        between = "strictly between" if open_ends else "between"
        raise InputError(
            f"{name}: found {value!r}; expected a number {between} {low:g} and {high:g}; "
            f"correct the argument"
        )
    return float(number)
