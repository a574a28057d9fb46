"""What each z-score should be, given the others, when some of them are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seqgen.finemap.ld import LDMatrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seqgen.finemap.ld_factor import LDFactor

    Vector = NDArray[np.float64]
    Index = NDArray[np.intp]

# Candidates for the noise beside the LD's and for the effects' variance; the likelihood is flat
# enough between them. Below the least noise lies the rounding of published effects.
_NOISE = np.geomspace(1e-3, 0.9, 15)
_SIGNAL = np.array([0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
# Share and spread of the errors that the likelihood allows for while it learns the rest.
_ERRORS, _ERROR_SD = 0.05, 10.0
_MEDIAN_CHI2 = 0.4549364
_PASSES = 4
_ROWS = 2048
# Alleles of variants that are nearly the same may be switched together: so many of the closest are
# tried as partners.
_PARTNERS = 4
# No sound file needs more than this share of its variants turned or set aside.
MOST_ERRORS = 0.1
# Longer loci are checked in windows of so many variants, each of which answers for its middle half:
# correlations across many more variants than a panel has people are mostly noise.
_WINDOW = 1000


class Limits(NamedTuple):
    """chi2 of an inconsistent variant; log likelihood ratio and |z| of a switched one."""

    chi2: float
    log_lr: float
    abs_z: float


class Foretold(NamedTuple):
    """Of each z given the others: mean, variance, chi-squared of an error; noise; no end of errors.

    Arrays have shape (p,).
    """

    mean: Vector
    variance: Vector
    chi2: Vector
    s: float
    stopped: bool


def foretell(z: Vector, ld: LDMatrix | LDFactor, limits: Limits) -> Foretold:
    """Search the whole locus for errors, or windows of it side by side.

    Parameters
    ----------
    z : ndarray, shape (p,)
    ld : LDMatrix or LDFactor
    limits : Limits

    Returns
    -------
    Foretold
        For the z-scores as given; others count with their errors turned or left out.
    """
    if z.size <= _WINDOW + _WINDOW // 2:
        return _search(z, ld, limits)
    out = np.empty((3, z.size))
    s, stopped, margin = 0.0, False, _WINDOW // 4
    for start in range(0, z.size, 2 * margin):
        rows = np.arange(max(0, start - margin), min(z.size, start + 3 * margin))
        part = _search(z[rows], LDMatrix(ld.block(rows, rows)), limits)
        mine = slice(start, min(z.size, start + 2 * margin))
        inside = slice(mine.start - rows[0], mine.stop - rows[0])
        out[:, mine] = np.stack([part.mean, part.variance, part.chi2])[:, inside]
        s, stopped = max(s, part.s), stopped or part.stopped
    mean, variance, chi2 = out
    return Foretold(mean, variance, chi2, s, stopped)


def _search(z: Vector, ld: LDMatrix | LDFactor, limits: Limits) -> Foretold:
    """Turn signs until none wants turning under the model that the turned z-scores give."""
    sign = np.ones(z.size)
    most = max(1, int(MOST_ERRORS * z.size))
    partners = _closest(ld, min(_PARTNERS, z.size - 1))
    for _ in range(_PASSES):
        model = _fitted(sign * z, ld)
        turned, stopped = _turned(sign * z, model, partners, (limits, most))
        sign = sign * turned
        if stopped or (turned > 0).all():
            break
    aside, crowded = _set_aside(sign * z, model, limits, most)
    mean, variance, _ = _given_others(sign * z, model, aside)
    chi2 = _error_chi2(sign * z, model, aside, sign * z - z)
    return Foretold(mean, variance * model.inflation, chi2, model.s, stopped or crowded)


class _Model(NamedTuple):
    """z has covariance C = (1 - s) R + s I + t R R, in the eigenvectors of R.

    ``inverse``, ``slope`` and ``bend`` are the eigenvalues of C^-1, C^-1 R and R C^-1 R;
    ``diagonals`` holds the diagonals of these matrices, shape (3, p).
    """

    vectors: Vector
    inverse: Vector
    slope: Vector
    bend: Vector
    diagonals: Vector
    s: float
    inflation: float

    def columns(self, spectrum: Vector, which: Index) -> Vector:
        """Columns of the matrix of these eigenvalues, shape (p, len(which))."""
        out: Vector = self.vectors @ (spectrum[:, np.newaxis] * self.vectors[which].T)
        return out

    def times(self, spectrum: Vector, z: Vector) -> Vector:
        """The matrix of these eigenvalues times z."""
        out: Vector = self.vectors @ (spectrum * (self.vectors.T @ z))
        return out


def _fitted(z: Vector, ld: LDMatrix | LDFactor) -> _Model:
    """The noise and signal of greatest pseudolikelihood, errors allowed for."""
    values, vectors = ld.eigen
    values = np.maximum(values, 0.0)
    s, signal = (grid.ravel() for grid in np.meshgrid(_NOISE, _SIGNAL, indexing="ij"))
    column = values[:, np.newaxis]
    inverses = 1.0 / ((1.0 - s) * column + s + signal * column**2)
    along = inverses * (vectors.T @ z)[:, np.newaxis]
    fit = np.zeros(s.size)
    blocks = [slice(start, start + _ROWS) for start in range(0, z.size, _ROWS)]
    for block in blocks:
        diagonal = vectors[block] ** 2 @ inverses
        squares = (vectors[block] @ along) ** 2 / diagonal
        fit += (0.5 * np.log(diagonal) + _log_density(squares)).sum(axis=0)
    best = int(fit.argmax())
    spectra = inverses[:, best] * np.stack([np.ones_like(values), values, values**2])
    diagonals = np.concatenate([vectors[block] ** 2 @ spectra.T for block in blocks]).T
    squares = (vectors @ along[:, best]) ** 2 / diagonals[0]
    inflation = max(1.0, float(np.median(squares)) / _MEDIAN_CHI2)
    inverse, slope, bend = spectra
    return _Model(vectors, inverse, slope, bend, diagonals, float(s[best]), inflation)


def _log_density(squares: Vector) -> Vector:
    """Log density, up to a constant, of a standard normal with a share of errors."""
    sound = np.log1p(-_ERRORS) - 0.5 * squares
    error = np.log(_ERRORS / _ERROR_SD) - 0.5 * squares / _ERROR_SD**2
    out: Vector = np.logaddexp(sound, error)
    return out


def _closest(ld: LDMatrix | LDFactor, count: int) -> Index:
    """The variants in highest LD with each, shape (p, count)."""
    everyone = np.arange(ld.p)
    found = np.empty((ld.p, count), dtype=np.intp)
    for start in range(0, ld.p if count else 0, _ROWS):
        rows = everyone[start : start + _ROWS]
        size = np.abs(ld.block(rows, everyone))
        size[np.arange(rows.size), rows] = -1.0
        found[rows] = np.argpartition(size, -count, axis=1)[:, -count:]
    return found


def _turned(
    z: Vector, model: _Model, partners: Index, stops: tuple[Limits, int]
) -> tuple[Vector, bool]:
    """Signs, and whether there was no end of turning; each turn raises the likelihood.

    Turned is one variant, or it and a partner, which has to be worth twice as much.
    """
    limits, most = stops
    z, sign = z.copy(), np.ones(z.size)
    weighted = model.times(model.inverse, z)
    scaled = model.vectors * model.inverse
    shared = np.stack(
        [np.einsum("ij,ij->i", scaled, model.vectors[column]) for column in partners.T]
    ) if partners.size else np.empty((0, z.size))  # fmt: skip
    for _ in range(2 * most):
        gain = 2.0 * z * (weighted - z * model.diagonals[0]) / model.inflation
        gain[np.abs(z) < limits.abs_z] = -np.inf
        pairs = 0.5 * (gain + gain[partners.T] - 4.0 * z * z[partners.T] * shared / model.inflation)
        best = np.vstack([gain, pairs])
        row, i = np.unravel_index(int(best.argmax()), best.shape)
        if best[row, i] < limits.log_lr:
            return sign, False
        which = np.array([i] if row == 0 else [i, partners[i, row - 1]], dtype=np.intp)
        weighted -= model.columns(model.inverse, which) @ (2.0 * z[which])
        z[which], sign[which] = -z[which], -sign[which]
    return sign, True


def _set_aside(z: Vector, model: _Model, limits: Limits, most: int) -> tuple[Index, bool]:
    """Variants that no sign explains, worst first; those that the rest clears come back."""
    aside = np.zeros(0, dtype=np.intp)
    nothing = np.zeros(z.size)
    for _ in range(most + 1):
        chi2 = _error_chi2(z, model, aside, nothing)
        cleared = chi2[aside] <= limits.chi2
        chi2[aside] = 0.0
        worst = int(chi2.argmax())
        if chi2[worst] <= limits.chi2:
            return aside[~cleared], False
        aside = np.append(aside, worst)
    return aside, True


def _error_chi2(z: Vector, model: _Model, aside: Index, shift: Vector) -> Vector:
    """Chi-squared, one degree of freedom, of an error in each z_i + shift_i alone.

    The smaller of two: for a z-score without an effect of its own, and for one whose own effect
    of any size explains what it can. So a causal variant of which others carry little is no
    error. ``shift``, shape (p,), is what turning added to each: it comes off the variant itself,
    not off the others.
    """
    mean, variance, own = _given_others(z, model, aside)
    difference = z - mean - shift
    plain = difference**2 / variance
    a, g, w = own
    # Precision of z_i given the others, and innovation, with the direction of its effect taken out.
    precision = 1.0 / variance
    moved = w - shift * a
    left = np.maximum(precision - a**2 / g, 1e-12 * precision)
    adjusted = (precision * difference - a * moved / g) ** 2 / left
    return np.minimum(plain, adjusted) / model.inflation


def _given_others(
    z: Vector, model: _Model, aside: Index
) -> tuple[Vector, Vector, tuple[Vector, Vector, Vector]]:
    """Mean and variance of each z given all others that are not set aside, and of its own effect.

    With P the precision of z_i and the others, and x the column i of R: the elements (P x)_i,
    x' P x and x' P z for each i.
    """
    weighted, slope = model.times(model.inverse, z), model.times(model.slope, z)
    diagonal, cross, square = model.diagonals
    if aside.size == 0:
        return z - weighted / diagonal, 1.0 / diagonal, (cross, square, slope)
    columns = model.columns(model.inverse, aside)
    effects = model.columns(model.slope, aside)
    block = np.linalg.inv(columns[aside])
    out = block @ weighted[aside]
    # Rows of what is set aside are solved for; the element of a variant itself comes back below.
    through, effect = columns @ block, effects @ block
    rest = weighted - columns @ out
    precision = diagonal - np.einsum("ij,ij->i", through, columns)
    a = cross - np.einsum("ij,ij->i", through, effects)
    g = square - np.einsum("ij,ij->i", effect, effects)
    w = slope - effects @ out
    own = np.diagonal(block)
    back = np.diagonal(effect[aside])
    precision[aside] = 1.0 / own
    rest[aside] = out / own
    a[aside] = back / own
    g[aside] += back**2 / own
    w[aside] += back * out / own
    return z - rest / precision, 1.0 / precision, (a, g, w)
