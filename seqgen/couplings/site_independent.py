"""The model of independent sites: how common each residue is at each column, nothing else."""

from __future__ import annotations

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, Alignment
from seqgen.couplings.weights import checked_weights, sequence_weights
from seqgen.errors import InputError
from seqgen.models.potts import PottsModel


def fit_site_independent(
    alignment: Alignment, *, weights: np.ndarray | None = None, pseudocount: float = 1.0
) -> PottsModel:
    """Fit a Potts model without couplings: log frequencies of the letters at each column.

    What couplings add to the prediction of variant effects shows against this model.

    Parameters
    ----------
    alignment : Alignment
    weights : ndarray, shape (N,), optional
        One per sequence; by default `sequence_weights` at 80% identity.
    pseudocount : float
        Added to the weighted count of each of the 21 letters, above 0.

    Returns
    -------
    PottsModel
        With ``couplings`` None.

    Raises
    ------
    InputError
        If the weights do not fit or the pseudocount is not above zero.

    Examples
    --------
    >>> from seqgen.alignment import Residues
    >>> codes = np.array([[1, 2], [1, 3], [1, 3]], dtype=np.uint8)
    >>> alignment = Alignment(tuple("abc"), codes, Residues.of_protein("AC"), focus=0)
    >>> model = fit_site_independent(alignment, weights=np.ones(3))
    >>> float(np.exp(model.fields[1, 3] - model.fields[1, 2]).round(6))  # (2 + 1) / (1 + 1)
    1.5
    """
    if not 0 < pseudocount < np.inf:
        raise InputError(f"pseudocount is {pseudocount}; expected a count above 0, such as 1")
    if weights is None:
        weights = sequence_weights(alignment)
    weights = checked_weights(weights, alignment.n_sequences)
    q = len(ALIGNMENT_LETTERS)
    counts = np.array(
        [np.bincount(column, weights=weights, minlength=q) for column in alignment.codes.T]
    )
    total = weights.sum() + pseudocount * q
    return PottsModel(
        ALIGNMENT_LETTERS,
        np.log((counts + pseudocount) / total),
        None,
        alignment.residues,
        name="site-independent",
        settings={
            "method": "site-independent",
            "pseudocount": pseudocount,
            "neff": float(weights.sum()),
            "n_sequences": alignment.n_sequences,
        },
    )
