"""Direct information: the mutual information that a pair's own coupling accounts for."""

from __future__ import annotations

import numpy as np

from seqgen.couplings.norms import STATES
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel
from seqgen.schemas import AMINO_ACIDS

_BLOCK = 2048  # pairs at once
_MOST_ROUNDS = 2_000
_TINY = 1e-100


def direct_information(
    model: PottsModel,
    frequencies: np.ndarray,
    *,
    states: str = "all",
    tolerance: float = 1e-10,
) -> np.ndarray:
    """Mutual information of each pair in the two-residue model of its coupling, in nats.

    Each pair gets a model of two residues alone, with the pair's coupling and with fields under
    which both have their frequencies. Its mutual information leaves out what two residues share
    through others.

    Parameters
    ----------
    model : PottsModel
    frequencies : ndarray, shape (L, q)
        Frequencies of the states of each column, all above zero:
        `seqgen.couplings.weights.column_frequencies`.
    states : {"all", "residues"}
        Which states' terms are summed: ``all`` gives the mutual information; ``residues`` leaves
        out those of the gap, as pydca does, and can fall a little below zero.
    tolerance : float
        The fields count as found once no factor changes by more in a round; factors sum to one.
        Peers stop at 1e-4.

    Returns
    -------
    ndarray, shape (L, L)
        Symmetric, with a diagonal of zeros.

    Raises
    ------
    InputError
        If shapes differ, a frequency is not above zero, or the fields are not found.

    References
    ----------
    Weigt et al. (2009), Identification of direct residue contacts in protein-protein interaction
    by message passing, PNAS 106:67-72.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> couplings = np.zeros((1, 20, 20)); couplings[0, range(20), range(20)] = 3.0
    >>> model = PottsModel("ACDEFGHIKLMNPQRSTVWY", np.zeros((2, 20)), couplings,
    ...                    Residues.of_protein("MK"))
    >>> float(direct_information(model, np.full((2, 20), 0.05))[0, 1].round(3))
    0.872
    """
    if states not in STATES:
        raise InputError(f"states is {states!r}; expected one of {', '.join(STATES)}")
    frequencies = np.asarray(frequencies, dtype=np.float64)
    expected = model.fields.shape
    if frequencies.shape != expected or not (frequencies > 0).all():
        raise InputError(
            f"frequencies has shape {frequencies.shape} and a least value of "
            f"{frequencies.min() if frequencies.size else 'none'}; expected {expected} above "
            "zero; use a pseudocount"
        )
    result = np.zeros((model.length, model.length))
    if model.couplings is None:
        return result
    first = len(model.letters) - len(AMINO_ACIDS) if states == "residues" else 0
    i, j = np.triu_indices(model.length, 1)
    for start in range(0, len(i), _BLOCK):
        here = slice(start, start + _BLOCK)
        factors = np.exp(model.couplings[here].astype(np.float64))
        terms = _terms(factors, frequencies[i[here]], frequencies[j[here]], tolerance)
        result[i[here], j[here]] = terms[:, first:, first:].sum(axis=(1, 2))
    return result + result.T


def _terms(
    factors: np.ndarray, left: np.ndarray, right: np.ndarray, tolerance: float
) -> np.ndarray:
    """Terms of the mutual information of pairs with exponentiated couplings, both (n, q, q)."""
    first, second = _balanced(factors, left, right, tolerance)
    joint = factors * first[:, :, None] * second[:, None, :]
    joint /= joint.sum(axis=(1, 2), keepdims=True)
    apart = left[:, :, None] * right[:, None, :]
    return joint * np.log((joint + _TINY) / (apart + _TINY))


def _balanced(
    factors: np.ndarray, left: np.ndarray, right: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """Exponentiated fields of both residues, (n, q) each, by turns; each pair stops by itself."""
    n, q = left.shape
    first, second = np.full((n, q), 1 / q), np.full((n, q), 1 / q)
    active = np.arange(n)
    for _ in range(_MOST_ROUNDS):
        own = factors if len(active) == n else factors[active]
        new_first = left[active] / np.einsum("nab,nb->na", own, second[active])
        new_first /= new_first.sum(axis=1, keepdims=True)
        new_second = right[active] / np.einsum("nab,na->nb", own, first[active])
        new_second /= new_second.sum(axis=1, keepdims=True)
        change = np.maximum(
            np.abs(new_first - first[active]).max(axis=1),
            np.abs(new_second - second[active]).max(axis=1),
        )
        first[active], second[active] = new_first, new_second
        active = active[change > tolerance]
        if not len(active):
            return first, second
    raise InputError(
        f"direct information: the fields of {len(active)} pair(s) are not found in "
        f"{_MOST_ROUNDS} rounds; use a larger pseudocount or tolerance={tolerance * 100:g}"
    )
