"""The likelihood of a stretch of a sequence, whatever the model's tokens are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen.models.protocol import SequenceModel


def span_log_likelihoods(
    model: SequenceModel, sequences: Sequence[str], spans: Sequence[tuple[int, int]],
    *, hidden: bool = True,
) -> np.ndarray:  # fmt: skip
    """Natural log likelihood of the letters of each span given the rest, (sequences,).

    Where tokens are single letters, the sum of the letters' log probabilities, all of the span
    hidden at once or none; where they are longer, the model's own ``log_likelihoods``; of an
    ensemble the mean. Unknown letters count nothing. A causal model hides nothing.

    Parameters
    ----------
    model : SequenceModel
    sequences : sequence of str
    spans : sequence of (int, int)
        0-based and half open, one for each sequence.
    hidden : bool
        Whether the model is to be without the span.

    Examples
    --------
    >>> from seqgen.models.substitution import SubstitutionModel
    >>> values = span_log_likelihoods(SubstitutionModel(), ["MKV", "MKV"], [(0, 1), (0, 2)])
    >>> bool(values[1] < values[0] < 0)
    True
    """
    members = getattr(model, "models", None)
    if members:
        each = [span_log_likelihoods(one, sequences, spans, hidden=hidden) for one in members]
        return np.mean(each, axis=0)
    own = getattr(model, "log_likelihoods", None)
    if own is not None:
        return own(sequences, spans, hidden=hidden)
    hide = hidden and model.masked
    places = [range(*span) if hide else None for span in spans]
    table = {letter: code for code, letter in enumerate(model.alphabet)}
    total = np.zeros(len(sequences))
    asked = zip(sequences, spans, model.log_probs(sequences, places), strict=True)
    for index, (sequence, (first, end), rows) in enumerate(asked):
        codes = np.array([table.get(letter, -1) for letter in sequence[first:end]], dtype=np.int64)
        known = np.flatnonzero(codes >= 0)
        total[index] = rows[first + known, codes[known]].sum(dtype=np.float64)
    return total
