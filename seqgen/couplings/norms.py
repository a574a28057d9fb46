"""How strong a coupling is: its Frobenius norm, corrected for what its residues share."""

from __future__ import annotations

import numpy as np

from seqgen.errors import InputError
from seqgen.models.potts import PottsModel
from seqgen.schemas import AMINO_ACIDS

STATES = ("residues", "all")

_BLOCK = 4096  # pairs centred at once


def frobenius_norms(model: PottsModel, *, states: str = "residues") -> np.ndarray:
    """Frobenius norm of each pair's coupling matrix in the zero-sum gauge.

    The gauge in which rows and columns of each coupling matrix sum to zero has the least norm:
    whatever the fields could express is left out. So the norm does not depend on the gauge the
    model was fitted in.

    Parameters
    ----------
    model : PottsModel
    states : {"residues", "all"}
        ``residues``: the gauge and the norm are those of the 20 residues alone, so that shared
        gaps, which come from how the alignment was made, do not count. ``all``: the gap as well
        where it is a state of the model, as plmc and EVcouplings have it.

    Returns
    -------
    ndarray, shape (L, L)
        Symmetric, float64, with a diagonal of zeros.

    Raises
    ------
    InputError
        If ``states`` is something else.

    References
    ----------
    Ekeberg et al. (2013), Improved contact prediction in proteins: using pseudolikelihoods to
    infer Potts models, Physical Review E 87:012707.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> couplings = np.zeros((1, 20, 20)); couplings[0, 3] = 1.0  # a field in disguise
    >>> couplings[0, 4, 5] = 1.0
    >>> model = PottsModel(AMINO_ACIDS, np.zeros((2, 20)), couplings, Residues.of_protein("MK"))
    >>> float(frobenius_norms(model)[0, 1].round(2))
    0.95
    """
    if states not in STATES:
        raise InputError(f"states is {states!r}; expected one of {', '.join(STATES)}")
    length = model.length
    norms = np.zeros((length, length))
    if model.couplings is None:
        return norms
    first = len(model.letters) - len(AMINO_ACIDS) if states == "residues" else 0
    values = np.empty(len(model.couplings))
    for start in range(0, len(values), _BLOCK):
        block = model.couplings[start : start + _BLOCK, first:, first:].astype(np.float64)
        block -= block.mean(axis=1, keepdims=True)
        block -= block.mean(axis=2, keepdims=True)
        values[start : start + _BLOCK] = np.sqrt(np.einsum("pab,pab->p", block, block))
    norms[np.triu_indices(length, 1)] = values
    return norms + norms.T


def average_product_correction(matrix: np.ndarray, *, symmetric: bool | None = None) -> np.ndarray:
    """Subtract from each entry the product of its row's and column's means over the whole mean.

    What a residue shares with all others, by its variability and by the tree of the sequences,
    is about the product of the two residues' levels; what is left belongs to the pair.

    Parameters
    ----------
    matrix : ndarray, shape (L1, L2)
        Scores of pairs. NaN takes no part in the means and stays NaN.
    symmetric : bool, optional
        Whether rows and columns are the same residues, so that the diagonal takes no part and
        comes back as zeros. By default true where the matrix equals its transpose.

    Returns
    -------
    ndarray, shape (L1, L2)
        Float64. Where the whole mean is zero there is nothing to correct.

    Raises
    ------
    InputError
        If the matrix does not have two dimensions, or is to be symmetric and is not.

    References
    ----------
    Dunn, Wahl & Gloor (2008), Mutual information without the influence of phylogeny or entropy
    dramatically improves residue contact prediction, Bioinformatics 24:333-340.

    Examples
    --------
    >>> levels = np.array([1.0, 2.0, 4.0])
    >>> bool(np.allclose(average_product_correction(np.outer(levels, [1.0, 3.0])), 0))
    True
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2:
        raise InputError(f"matrix has {matrix.ndim} dimension(s); expected 2, residues by residues")
    same = matrix.shape[0] == matrix.shape[1] and np.allclose(matrix, matrix.T, equal_nan=True)
    if symmetric and not same:
        raise InputError(
            f"matrix of shape {matrix.shape} is not symmetric; expected one, or symmetric=False"
        )
    used = np.isfinite(matrix)
    within = same if symmetric is None else symmetric
    if within:
        np.fill_diagonal(used, False)
    values = np.where(used, matrix, 0.0)
    rows = _mean(values.sum(axis=1), used.sum(axis=1))
    columns = _mean(values.sum(axis=0), used.sum(axis=0))
    whole = float(_mean(values.sum(), used.sum()))
    corrected = matrix - (np.outer(rows, columns) / whole if whole else 0.0)
    if within:
        np.fill_diagonal(corrected, 0.0)
    return corrected


def _mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    return np.asarray(total / np.maximum(count, 1))
