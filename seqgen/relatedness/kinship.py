"""How related people are, and the axes of it that covariates leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.errors import InputError

KinshipInput = pd.DataFrame | np.ndarray | tuple[np.ndarray, Sequence]

# Shares of the mean diagonal: beyond them it is another matrix, not rounding.
_ASYMMETRY = 1e-5
_NEGATIVE = 1e-3


@dataclass(frozen=True)
class Kinship:
    """Relatedness of every two people; made by `check_kinship`.

    Attributes
    ----------
    values : ndarray of float64, shape (n, n)
    people : Index
        Names of rows and columns.
    """

    values: np.ndarray = field(repr=False)
    people: pd.Index

    def __repr__(self) -> str:
        return f"Kinship({len(self.people):,} people)"

    def among(self, people: pd.Index) -> np.ndarray:
        """The kinship of ``people``, in their order, scaled to a mean diagonal of 1.

        Raises
        ------
        InputError
            If one of them is not in the kinship.
        """
        at = self.people.get_indexer(people)
        absent = at < 0
        if absent.any():
            raise InputError(
                f"kinship: lacks {int(absent.sum()):,} of {len(people):,} analysed people, such "
                f"as {people[absent][0]!r} (it names {self.people[0]!r}, ...); give the kinship "
                "of all of them, names written alike"
            )
        chosen = self.values[np.ix_(at, at)]
        return chosen / np.diag(chosen).mean()


@dataclass(frozen=True)
class KinshipAxes:
    """The kinship beyond the covariates as independent axes; made by `kinship_axes`.

    With Q a basis of the covariates and S = I - QQ', SKS = U diag(values) U'. Whatever h2 is, the
    generalised least-squares projection is then P = U diag(1 / d) U' with d from `variances`, so
    that a rotated variable needs no covariates any more.

    Attributes
    ----------
    vectors : ndarray of float64, shape (n, n - q)
        U: orthonormal, and orthogonal to the covariates.
    values : ndarray of float64, shape (n - q,)
        At least 0.
    """

    vectors: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)

    def __repr__(self) -> str:
        return f"KinshipAxes({self.vectors.shape[0]:,} people, {len(self.values):,} axes)"

    def variances(self, h2: np.ndarray | float) -> np.ndarray:
        """Variance on each axis over the total, h2 * values + 1 - h2; (n - q,) or (k, n - q)."""
        share = np.asarray(h2, dtype=np.float64)[..., None]
        return 1.0 + share * (self.values - 1.0)

    def root(self, h2: float) -> np.ndarray:
        """Symmetric W, (n, n), with WW = P: takes out covariates and makes errors independent.

        The symmetric root mixes a person with relatives only, so that a row still is a person.
        """
        return (self.vectors / np.sqrt(self.variances(h2))) @ self.vectors.T


def check_kinship(kinship: KinshipInput, people: pd.Index | None = None) -> Kinship:
    """Check a kinship or genomic relationship matrix.

    Parameters
    ----------
    kinship : DataFrame, (ndarray, names) or ndarray, shape (n, n)
        Its scale does not matter: kinship coefficients and twice them give the same results.
    people : Index, optional
        Names for an array without names.

    Returns
    -------
    Kinship

    Raises
    ------
    InputError
        If it is not square, symmetric and finite, a name comes twice or is lacking, or a person's
        relatedness with themself is not above 0.

    Examples
    --------
    >>> sibs = np.array([[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]])
    >>> check_kinship((sibs, ["a", "b", "c"])).among(pd.Index(["c", "a"])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    values, names = _named(kinship, people)
    if not np.isfinite(values).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(values))[0])
        raise InputError(
            f"kinship: of {names[row]!r} and {names[column]!r} is {values[row, column]}; expected "
            "finite numbers for all people"
        )
    own = np.diag(values)
    if not (own > 0).all():
        worst = int(own.argmin())
        raise InputError(
            f"kinship: of {names[worst]!r} with themself is {own[worst]:g}; expected above 0 (1, "
            "or 0.5 for kinship coefficients); a matrix of distances is no kinship"
        )
    apart = np.abs(values - values.T)
    if apart.max(initial=0.0) > _ASYMMETRY * own.mean():
        row, column = divmod(int(apart.argmax()), len(apart))
        raise InputError(
            f"kinship: not symmetric, {values[row, column]:g} for {names[row]!r} and "
            f"{names[column]!r} but {values[column, row]:g} the other way; if only one triangle is "
            "filled, add its transpose and take the diagonal off once"
        )
    return Kinship((values + values.T) / 2, names)


def _named(kinship: KinshipInput, people: pd.Index | None) -> tuple[np.ndarray, pd.Index]:
    """Square array and the names of its rows."""
    given: object = kinship
    if isinstance(kinship, pd.DataFrame):
        people = kinship.index
        if not kinship.columns.is_unique or set(people) != set(kinship.columns):
            raise InputError(
                f"kinship: rows and columns name other people ({len(people):,} rows, such as "
                f"{list(people[:1])}; {kinship.shape[1]:,} columns, such as "
                f"{list(kinship.columns[:1])}); name both alike, each person once"
            )
        given = kinship[list(people)].to_numpy()
    elif isinstance(kinship, tuple):
        if len(kinship) != 2:
            raise InputError(f"kinship: a tuple of {len(kinship)}; expected (array, names)")
        given, people = kinship[0], pd.Index(kinship[1])
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"kinship: holds values that are no numbers ({error}); expected a DataFrame of people "
            "by people, or (array, names)"
        ) from error
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not values.size:
        raise InputError(f"kinship: shape {values.shape}; expected people by people, square")
    if people is None or len(people) != len(values):
        raise InputError(
            f"kinship: shape {values.shape} for {0 if people is None else len(people):,} names; "
            "expected one row per person with genotypes, or a DataFrame or (array, names)"
        )
    if people.has_duplicates:
        raise InputError(
            f"kinship: person {people[people.duplicated()][0]!r} comes twice; keep one row each"
        )
    return values, people


def kinship_axes(kinship: np.ndarray, basis: np.ndarray) -> KinshipAxes:
    """Decompose the kinship beyond the covariates; the one step that is cubic in people.

    Parameters
    ----------
    kinship : ndarray of float64, shape (n, n)
        From `Kinship.among`. Negative eigenvalues down to -0.001 are rounding and read as 0.
    basis : ndarray of float64, shape (n, q)
        Orthonormal basis of intercept and covariates.

    Returns
    -------
    KinshipAxes

    Raises
    ------
    InputError
        If the kinship has a negative eigenvalue beyond rounding.

    References
    ----------
    Kang et al. (2008), Efficient control of population structure in model organism association
    mapping, Genetics 178:1709-1723: the spectrum beyond the covariates.

    Examples
    --------
    >>> sibs = np.kron(np.eye(2), [[1, 0.5], [0.5, 1]])
    >>> kinship_axes(sibs, np.full((4, 1), 0.5)).values.round(3).tolist()
    [0.5, 0.5, 1.5]
    """
    from scipy.linalg import eigh

    # With I added the axes within the covariates, at 0, are clear of all others, at 1 and above.
    inner = kinship + np.eye(len(kinship))
    for _ in range(2):
        inner = inner - basis @ (basis.T @ inner)
        inner = inner.T
    values, vectors = eigh(inner, overwrite_a=True, check_finite=False)
    # A negative eigenvalue may fall below those of the covariates.
    within = np.argsort(np.abs(values))[: basis.shape[1]]
    values = np.delete(values, within) - 1.0
    if values.min(initial=0.0) < -_NEGATIVE:
        raise InputError(
            f"kinship: eigenvalue {values.min():.3g} of the mean diagonal once covariates are out "
            f"({int((values < -_NEGATIVE).sum()):,} negative); expected a positive semidefinite "
            "matrix, such as one computed from a pedigree, or from genotypes without gaps"
        )
    return KinshipAxes(np.delete(vectors, within, axis=1), np.maximum(values, 0.0))
