"""Contacts from the attention maps of a protein language model, by logistic regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqgen.alignment import Residues
from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.residues import refuse_dna
from seqgen.results import Couplings

FORMAT = "seqgen attention contacts 1"


def attention_contacts(
    model: SequenceModel, sequence: str, *, name: str = "protein", start: int = 1
) -> Couplings:
    """Contact probabilities by the contact head that a checkpoint of the ESM family brings.

    The head is a logistic regression on its attention maps, symmetrised and corrected by the
    average product.

    Parameters
    ----------
    model : SequenceModel
        One in Hugging Face format with a trained contact head.
    sequence : str
        At most ``max_length`` residues.
    name, start : str, int
        Of the protein, and the position of its first residue.

    Returns
    -------
    Couplings
        Method ``attention``: ``scores`` are log odds, ``probability`` those of a contact.

    Raises
    ------
    InputError
        If the sequence is not usable or the model has no attention.
    ModelError
        If the model has no contact head, or one that was never trained.

    References
    ----------
    Rao et al. (2021), Transformer protein language models are unsupervised structure learners,
    International Conference on Learning Representations.

    Examples
    --------
    >>> from seqgen.models.registry import load_model
    >>> attention_contacts(load_model("blosum62"), "MKVLA")
    Traceback (most recent call last):
        ...
    seqgen.errors.InputError: model 'blosum62' has no attention maps; expected a protein \
language model in Hugging Face format, such as 'default'
    """
    from seqgen.models.attention import contact_head

    coefficients, intercept = contact_head(model)
    head = AttentionContacts(coefficients, intercept, model.revision, {"trained": "checkpoint"})
    return head.predict(model, sequence, name=name, start=start)


@dataclass(frozen=True)
class AttentionContacts:
    """A logistic regression from attention maps to contacts.

    Attributes
    ----------
    coefficients : ndarray, shape (layers * heads,)
    intercept : float
    revision : str
        Of the model whose attention it reads.
    settings : dict
        How it was fitted.
    """

    coefficients: np.ndarray
    intercept: float
    revision: str
    settings: dict[str, Any]

    def __repr__(self) -> str:
        return (
            f"AttentionContacts({len(self.coefficients)} attention heads, "
            f"{np.count_nonzero(self.coefficients)} used, model {self.revision[:12]})"
        )

    def predict(
        self, model: SequenceModel, sequence: str, *, name: str = "protein", start: int = 1
    ) -> Couplings:
        """Contact probabilities of a sequence; scores are log odds.

        Raises
        ------
        InputError
            If the model is not the one it was fitted with, or the sequence is not usable.
        """
        if model.revision != self.revision:
            raise InputError(
                f"model {model.name!r} has revision {model.revision[:12]}; these contacts were "
                f"fitted with {self.revision[:12]}; pass that model, or fit anew"
            )
        refuse_dna({name: sequence}, "sequence")
        features = attention_features(model, sequence)
        logits = np.tensordot(self.coefficients, features, axes=1) + self.intercept
        logits = np.asarray((logits + logits.T) / 2, dtype=np.float64)
        np.fill_diagonal(logits, np.nan)
        residues = Residues.of_protein(sequence, name, start)
        told = {"model": model.name, "revision": model.revision, **self.settings}
        return Couplings(logits, residues, residues, "attention", probability=_sigmoid(logits),
                         diagnostics=told)  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers, text, lists and mappings, for a file or a log."""
        return {
            "format": FORMAT, "revision": self.revision, "intercept": self.intercept,
            "coefficients": self.coefficients.tolist(), "settings": self.settings,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> AttentionContacts:
        """What `to_dict` gave.

        Raises
        ------
        InputError
            If it is something else.
        """
        try:
            if told["format"] != FORMAT:
                raise ValueError(f"format {told['format']!r}")
            coefficients = np.array(told["coefficients"], dtype=np.float64)
            if coefficients.ndim != 1 or not np.isfinite(coefficients).all():
                raise ValueError("coefficients are no list of numbers")
            return cls(coefficients, float(told["intercept"]), str(told["revision"]),
                       dict(told["settings"]))  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"not attention contacts ({type(error).__name__}: {error}); expected what "
                "AttentionContacts.to_dict gives"
            ) from error


def fit_attention_contacts(
    model: SequenceModel, examples: Sequence[tuple[str, np.ndarray]], *, cutoff: float = 8.0,
    min_separation: int = 6, penalty: str = "l1", strength: float = 1.0,
) -> AttentionContacts:  # fmt: skip
    """Fit a logistic regression from attention maps to contacts on a few known structures.

    Twenty structures were enough in the work it follows.

    Parameters
    ----------
    model : SequenceModel
        One in Hugging Face format.
    examples : sequence of (str, ndarray of shape (L, L))
        Sequences with their distances in ångström, NaN where unknown, or with true and false.
    cutoff : float
        Closer pairs are contacts, in ångström.
    min_separation : int
        Least distance in positions of the pairs that are fitted to.
    penalty : {"l1", "l2"}
        Sum of absolute or half the sum of squared coefficients, of features scaled to unit
        variance; the intercept is free.
    strength : float
        What the penalty is multiplied with; the loss is the sum over pairs.

    Returns
    -------
    AttentionContacts

    Raises
    ------
    InputError
        If an example or option is not usable, there are no contacts or nothing but contacts, or
        the fit does not converge.

    References
    ----------
    Rao et al. (2021), Transformer protein language models are unsupervised structure learners,
    International Conference on Learning Representations.

    Examples
    --------
    >>> from seqgen.models.registry import load_model
    >>> model = load_model("default")
    >>> sequence, near = "MKVLAGHEWDTRLKVAGE", np.zeros((18, 18), dtype=bool)
    >>> near[2, 9] = near[9, 2] = near[4, 15] = near[15, 4] = True  # of a known structure
    >>> fit = fit_attention_contacts(model, [(sequence, near)], penalty="l2", strength=10)
    >>> fit.settings["n_pairs"], fit.settings["n_contacts"]
    (78, 2)
    >>> fit.predict(model, sequence).probability.shape
    (18, 18)
    """
    if penalty not in ("l1", "l2"):
        raise InputError(f"penalty is {penalty!r}; expected l1 or l2")
    if not strength >= 0:
        raise InputError(f"strength is {strength}; expected 0 or more")
    if min_separation < 1:
        raise InputError(f"min_separation is {min_separation}; expected at least 1")
    if not len(examples):
        raise InputError("examples is empty; expected sequences with distances")
    parts = [
        _pairs(model, place, *example, cutoff=cutoff, separation=min_separation)
        for place, example in enumerate(examples)
    ]
    features, contact = (np.concatenate(part) for part in zip(*parts, strict=True))
    if not 0 < contact.sum() < len(contact):
        raise InputError(
            f"examples: {int(contact.sum())} contacts among {len(contact)} pairs; expected both "
            "contacts and others"
        )
    scale = features.std(axis=0)
    scale[scale == 0] = 1.0
    mean = features.mean(axis=0)
    weights, intercept = _minimise((features - mean) / scale, contact, penalty, strength)
    weights = weights / scale
    return AttentionContacts(
        weights, float(intercept - weights @ mean), model.revision,
        {"trained": f"{len(examples)} structure(s)", "n_pairs": len(contact),
         "n_contacts": int(contact.sum()), "cutoff": cutoff, "min_separation": min_separation,
         "penalty": penalty, "strength": strength},
    )  # fmt: skip


def attention_features(model: SequenceModel, sequence: str) -> np.ndarray:
    """Attention maps plus their transposes, each corrected by the average product.

    Here the correction takes in the diagonal, as contact heads were trained.

    Returns
    -------
    ndarray, shape (layers * heads, L, L)
    """
    from seqgen.models.attention import attention_maps

    maps = attention_maps(model, sequence)
    for channel in maps:  # one at a time: the maps of a large model fill the memory
        channel += channel.T.copy()
        level = channel.sum(axis=0)
        channel -= np.outer(level, level) / level.sum()
    return maps


def _pairs(
    model: SequenceModel, place: int, sequence: str, known: np.ndarray, *, cutoff: float,
    separation: int,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Features (pairs, channels) and contacts of an example's pairs of known distance."""
    known, length = np.asarray(known), len(sequence)
    if known.shape != (length, length):
        raise InputError(
            f"examples[{place}]: distances have shape {known.shape}; expected ({length}, "
            f"{length}), that of the sequence"
        )
    i, j = np.triu_indices(length, separation)
    values = known[i, j]
    there = np.isfinite(values)
    contact = values if known.dtype == bool else values < cutoff
    features = attention_features(model, sequence)[:, i[there], j[there]].T
    return features.astype(np.float64), contact[there].astype(np.float64)


def _minimise(
    features: np.ndarray, contact: np.ndarray, penalty: str, strength: float
) -> tuple[np.ndarray, float]:
    """Coefficients and intercept; for l1 the two signs are separate, bounded variables."""
    from scipy.optimize import minimize

    width = features.shape[1]
    split = penalty == "l1"

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        weights = values[1 : width + 1] - values[width + 1 :] if split else values[1:]
        logits = features @ weights + values[0]
        wrong = _sigmoid(logits) - contact
        value = float(np.logaddexp(0.0, logits).sum() - contact @ logits)
        slope = features.T @ wrong
        if split:
            value += strength * float(values[1:].sum())
            slope = np.concatenate([slope + strength, strength - slope])
        else:
            value += strength / 2 * float(weights @ weights)
            slope = slope + strength * weights
        return value / len(contact), np.concatenate([[wrong.sum()], slope]) / len(contact)

    start = np.zeros(1 + width * (2 if split else 1))
    start[0] = np.log(contact.mean() / (1 - contact.mean()))
    bounds = [(None, None)] + [(0, None)] * (2 * width) if split else None
    options = {"maxiter": 5000, "maxfun": 20000, "ftol": 1e-12, "gtol": 1e-7}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    if not found.success:
        raise InputError(
            f"the regression did not converge ({found.message}); pass a larger strength than "
            f"{strength}"
        )
    values = found.x
    return (values[1 : width + 1] - values[width + 1 :] if split else values[1:]), values[0]


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 0.5 * (1.0 + np.tanh(0.5 * logits))
