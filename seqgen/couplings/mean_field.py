"""Couplings by the mean-field approximation: minus the inverse of the columns' covariance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, GAP, Alignment
from seqgen.couplings.direct_information import direct_information
from seqgen.couplings.norms import average_product_correction, frobenius_norms
from seqgen.couplings.weights import checked_weights, column_frequencies, sequence_weights
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel, pair_index
from seqgen.results import Couplings

_Q = len(ALIGNMENT_LETTERS)
_ROWS = 2048  # sequences turned into indicators at once


SCORES = ("norm", "direct-information")


class Convention(NamedTuple):
    """How a peer counts, so that its numbers come out.

    ``reference`` is the state whose parameters are zero, ``norm_states`` and
    ``information_states`` those that count in the Frobenius norm and in direct information
    (`seqgen.couplings.norms.STATES`), ``strict`` whether neighbours are those of an
    identity above the threshold rather than at least it, and ``tolerance`` the change at which
    the fields of the two-residue models of direct information count as found.
    """

    reference: int
    norm_states: str
    information_states: str
    strict: bool
    tolerance: float


CONVENTIONS = {
    "seqgen": Convention(GAP, "residues", "all", False, 1e-10),
    "pydca": Convention(GAP, "residues", "residues", True, 1e-4),
    "evcouplings": Convention(_Q - 1, "all", "all", False, 1e-4),
}


def fit_mean_field(
    alignment: Alignment,
    *,
    weights: np.ndarray | None = None,
    pseudocount: float = 0.5,
    convention: str = "seqgen",
) -> PottsModel:
    """Fit a Potts model by the naive mean-field approximation.

    Frequencies of one and of two columns are counted with the sequences' weights and mixed with
    a share ``pseudocount`` of the uniform distribution. The couplings are minus the inverse of
    the covariance of the indicators of all states but one; the fields are those at which the
    mean-field equations give the columns' frequencies. The gap is a state.

    It takes time as L cubed and N L squared, and holds a matrix of (20 L)^2 float64: 512 MB at
    400 columns.

    Parameters
    ----------
    alignment : Alignment
    weights : ndarray, shape (N,), optional
        One per sequence; by default `sequence_weights` at 80% identity, which ``pydca`` counts
        as more than, and the others as at least.
    pseudocount : float
        Share of the uniform distribution, above 0 and below 1.
    convention : {"seqgen", "pydca", "evcouplings"}
        Whose gauge the parameters are in: those of the gap are zero, or for ``evcouplings``
        those of tyrosine, the last letter.

    Returns
    -------
    PottsModel
        In float64.

    Raises
    ------
    InputError
        If an argument is out of range, there are fewer than two sequences or columns, or the
        covariance cannot be inverted or held in memory.

    References
    ----------
    Morcos et al. (2011), Direct-coupling analysis of residue coevolution captures native
    contacts across many protein families, PNAS 108:E1293-E1301.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> codes = np.array([[1, 2, 3], [1, 2, 4], [5, 6, 3], [5, 6, 4]], dtype=np.uint8)
    >>> alignment = Alignment(tuple("abcd"), codes, Residues.of_protein("ACD"), focus=0)
    >>> model = fit_mean_field(alignment, weights=np.ones(4))
    >>> model.pair(0, 1)[1, 2] > model.pair(0, 1)[1, 6]  # A goes with C, not with G
    np.True_
    """
    rules, weights = _checked(alignment, weights, pseudocount, convention)
    frequencies = column_frequencies(alignment, weights, pseudocount=pseudocount)
    states = np.delete(np.arange(_Q), rules.reference)
    kept = frequencies[:, states].ravel()
    covariance = _indicator_products(alignment.codes, weights, states)
    _to_covariance(covariance, kept, pseudocount)
    inverse = _inverse(covariance, pseudocount)
    return PottsModel(
        ALIGNMENT_LETTERS,
        _fields(inverse, frequencies, rules.reference, states),
        _couplings(inverse, alignment.length, states),
        alignment.residues,
        name="mean-field",
        settings={
            "method": "mean-field",
            "convention": convention,
            "pseudocount": pseudocount,
            "neff": float(weights.sum()),
            "n_sequences": alignment.n_sequences,
        },
    )


def mean_field_couplings(
    alignment: Alignment,
    *,
    weights: np.ndarray | None = None,
    pseudocount: float = 0.5,
    convention: str = "seqgen",
    score: str = "norm",
) -> Couplings:
    """Couplings of all pairs of columns by the mean-field approximation.

    Parameters
    ----------
    alignment, weights, pseudocount, convention
        As for `fit_mean_field`. The convention also says which states count: those of the 20
        residues, and of the gap as well in the norm of ``evcouplings`` and in the direct
        information of all but ``pydca``.
    score : {"norm", "direct-information"}
        Frobenius norm in the zero-sum gauge, or direct information. Both are corrected by the
        average product.

    Returns
    -------
    Couplings
        ``scores`` corrected, ``raw`` before the correction.

    Raises
    ------
    InputError
        As `fit_mean_field`, or if ``score`` is something else.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> codes = np.array([[1, 2, 3], [1, 2, 4], [5, 6, 3], [5, 6, 4]], dtype=np.uint8)
    >>> alignment = Alignment(tuple("abcd"), codes, Residues.of_protein("ACD"), focus=0)
    >>> found = mean_field_couplings(alignment, weights=np.ones(4)).to_frame()
    >>> found.loc[0, ["position_1", "position_2"]].tolist()
    [1, 2]
    """
    if score not in SCORES:
        raise InputError(f"score is {score!r}; expected one of {', '.join(SCORES)}")
    rules, weights = _checked(alignment, weights, pseudocount, convention)
    model = fit_mean_field(
        alignment, weights=weights, pseudocount=pseudocount, convention=convention
    )
    if score == "norm":
        raw = frobenius_norms(model, states=rules.norm_states)
    else:
        frequencies = column_frequencies(alignment, weights, pseudocount=pseudocount)
        raw = direct_information(
            model, frequencies, states=rules.information_states, tolerance=rules.tolerance
        )
    scores = average_product_correction(raw)
    for values in (raw, scores):
        np.fill_diagonal(values, np.nan)
    residues = alignment.residues
    told = {**model.settings, "score": score}
    return Couplings(scores, residues, residues, "mean-field", raw=raw, diagnostics=told)


def _checked(
    alignment: Alignment, weights: np.ndarray | None, pseudocount: float, convention: str
) -> tuple[Convention, np.ndarray]:
    if convention not in CONVENTIONS:
        raise InputError(f"convention is {convention!r}; expected one of {', '.join(CONVENTIONS)}")
    if not 0 < pseudocount < 1:
        raise InputError(
            f"pseudocount is {pseudocount}; expected a share above 0 and below 1, such as 0.5"
        )
    n, length = alignment.codes.shape
    if n < 2 or length < 2:
        raise InputError(
            f"{alignment.source}: {n} sequence(s) of {length} column(s); couplings need at least "
            "two of both"
        )
    rules = CONVENTIONS[convention]
    if weights is None:
        weights = sequence_weights(alignment, strict=rules.strict)
    return rules, checked_weights(weights, n)


# --- the covariance and its inverse ---------------------------------------------------------


def _indicator_products(codes: np.ndarray, weights: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Weighted co-occurrence of states as shares, (L r, L r), lower triangle, Fortran order."""
    from scipy.linalg.blas import dsyrk

    n, length = codes.shape
    size = length * len(states)
    try:
        products = np.zeros((size, size), order="F")
    except MemoryError as error:
        raise InputError(
            f"alignment of {length} columns: the covariance takes {size * size * 8 / 1e9:.1f} GB, "
            "more than there is; drop columns, or use pseudolikelihood"
        ) from error
    place = np.full(_Q, -1)
    place[states] = np.arange(len(states))
    share = np.sqrt(weights / weights.sum())
    for start in range(0, n, _ROWS):
        at = place[codes[start : start + _ROWS]]
        row, column = np.nonzero(at >= 0)
        indicators = np.zeros((size, len(at)), order="F")
        indicators[column * len(states) + at[row, column], row] = share[start + row]
        products = dsyrk(1.0, indicators, beta=1.0, c=products, lower=1, overwrite_c=1)
    return products


def _to_covariance(products: np.ndarray, kept: np.ndarray, pseudocount: float) -> None:
    """Turn shares of pairs into the covariance with pseudocounts, in place (lower triangle)."""
    r = _Q - 1
    products *= 1 - pseudocount
    products += pseudocount / _Q**2
    for start in range(0, len(kept), r):
        here = slice(start, start + r)
        products[here, here] = np.diag(kept[here])
        products[start:, here] -= np.outer(kept[start:], kept[here])


def _inverse(covariance: np.ndarray, pseudocount: float) -> np.ndarray:
    """Inverse of a positive definite matrix, in place of it; lower triangle."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, failed = dpotrf(covariance, lower=1, clean=0, overwrite_a=1)
    if not failed:
        inverse, failed = dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise InputError(
            f"the covariance of the columns cannot be inverted with pseudocount {pseudocount}; "
            "expected a larger one, such as 0.5"
        )
    return inverse


def _couplings(inverse: np.ndarray, length: int, states: np.ndarray) -> np.ndarray:
    """Minus the inverse's blocks, one (21, 21) per pair, zero at the reference state."""
    r = len(states)
    couplings = np.zeros((length * (length - 1) // 2, _Q, _Q))
    lower = slice(1, _Q) if states[0] == 1 else slice(0, r)
    for i in range(length - 1):
        first = pair_index(i, i + 1, length)
        blocks = inverse[(i + 1) * r :, i * r : (i + 1) * r].reshape(length - 1 - i, r, r)
        into = couplings[first : first + length - 1 - i, lower, lower]
        np.negative(blocks.transpose(0, 2, 1), out=into)
    return couplings


def _fields(
    inverse: np.ndarray, frequencies: np.ndarray, reference: int, states: np.ndarray
) -> np.ndarray:
    """Fields at which the mean-field equations give the frequencies, zero at the reference."""
    from scipy.linalg.blas import dsymv

    length, r = len(frequencies), len(states)
    kept = frequencies[:, states]
    fields = np.zeros((length, _Q))
    fields[:, states] = np.log(kept / frequencies[:, [reference]])
    # Minus the sum over the other columns: the product with the whole less the own block.
    whole = dsymv(1.0, inverse, kept.ravel(), lower=1).reshape(length, r)
    for i in range(length):
        own = np.tril(inverse[i * r : (i + 1) * r, i * r : (i + 1) * r])
        own = own + np.tril(own, -1).T
        whole[i] -= own @ kept[i]
    fields[:, states] += whole
    return fields
