"""DNA language models whose tokens are several bases, and what an allele's likelihood is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

from seqgen.errors import InputError
from seqgen.models.alphabets import DNA
from seqgen.models.dna_tokens import Tokens, Words, read_words
from seqgen.models.encoding import length_batches
from seqgen.models.huggingface import CheckpointModel, max_tokens
from seqgen.models.requests import Hidden, checked_positions

_DEFAULT_LENGTH = 8192


class MaskedDnaWords(CheckpointModel):
    """A masked language model of DNA whose tokens are k-mers or byte pairs.

    The log likelihood of an allele is the sum, over the tokens that cover any base of it, of the
    token's log probability. To hide an allele all these tokens are hidden at once, so that none
    tells of another: each is then read given all that does not touch the allele. Probabilities
    are over the tokens that are made of bases. Tokens that hold an unknown base are left out.

    Where tokens are k-mers, a base's row of `log_probs` is the sum, over the tokens that cover
    it, of the log probability of the token with that base in place of the sequence's, scaled to
    sum to one over the four bases. A k-mer model of non-overlapping tokens (Nucleotide
    Transformer) has one such token, one of overlapping tokens (DNABERT) up to k. Byte pairs
    (DNABERT-2) change their cut with the allele, so rows are refused; `log_likelihoods` tells
    alleles apart, each in its own cut.

    References
    ----------
    Dalla-Torre et al. (2025), Nucleotide Transformer: building and evaluating robust foundation
    models for human genomics, Nature Methods 22:287-297.
    Ji et al. (2021), DNABERT: pre-trained Bidirectional Encoder Representations from
    Transformers model for DNA-language in genome, Bioinformatics 37:2112-2120.
    Zhou et al. (2024), DNABERT-2: efficient foundation model and benchmark for multi-species
    genomes, ICLR.
    """

    kind = "masked"
    letters = DNA
    _loader: ClassVar[Any] = AutoModelForMaskedLM
    _read_encoding = staticmethod(read_words)
    _encoding: Words

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """Log probabilities of the four bases, (length, 4) for each sequence; see the class.

        Raises
        ------
        InputError
            If a sequence or a position to hide is not usable, or tokens are byte pairs.
        """
        if self._encoding.kind == "byte-pair":
            raise InputError(
                f"model {self.name!r} has tokens of several lengths, which change with the "
                "allele, so that there are no rows of bases; use score_dna_variants"
            )
        checked = self._checked(sequences)
        positions = checked_positions(masked_positions, checked)
        spans = [[(place, place + 1) for place in places] for places in positions]
        asked = self._ask(checked, spans, self._word_log_probs)
        return [
            self._rows(tokens, values, len(sequence))
            for (tokens, values), sequence in zip(asked, checked, strict=True)
        ]

    def log_likelihoods(
        self, sequences: Sequence[str], spans: Sequence[tuple[int, int]], *, hidden: bool = True
    ) -> np.ndarray:
        """Natural log likelihood of the bases of each span given the rest, (sequences,).

        Parameters
        ----------
        sequences : sequence of str
        spans : sequence of (int, int)
            0-based and half open, one for each sequence.
        hidden : bool
            Whether the tokens that cover the span are hidden, else each is read from a pass that
            sees it (the one-pass approximation).

        Raises
        ------
        InputError
            If a sequence is not usable.
        """
        checked = self._checked(sequences)
        cover = [[span] if hidden and self.masked else [] for span in spans]
        asked = self._ask(checked, cover, self._word_log_probs)
        total = np.zeros(len(checked))
        for place, ((tokens, values), span) in enumerate(zip(asked, spans, strict=True)):
            wanted = np.flatnonzero(_covers(tokens, [span]) & (tokens.codes >= 0))
            column = np.searchsorted(self._sorted, tokens.ids[wanted])
            total[place] = values[wanted, column].sum(dtype=np.float64)
        return total

    def embed(self, sequences: Sequence[str], *, layer: int = -1) -> list[np.ndarray]:
        """A hidden layer by base, (length, width): the mean over the tokens that cover it.

        Raises
        ------
        InputError
            If a sequence is not usable or there is no such layer.
        """
        checked = self._checked(sequences)
        asked = self._ask(checked, [[]] * len(checked), self._layer(layer))
        return [
            _by_base(tokens, values, len(sequence))
            for (tokens, values), sequence in zip(asked, checked, strict=True)
        ]

    def summarise(self, sequences: Sequence[str], *, layer: int = -1) -> np.ndarray:
        """As `CheckpointModel.summarise`."""
        if not self._encoding.prefix:
            return super().summarise(sequences, layer=layer)
        checked = self._checked(sequences)
        asked = self._ask(checked, [[]] * len(checked), self._layer(layer), whole=True)
        return np.stack([values[0] for _, values in asked]) if asked else np.empty((0, 0))

    def _is_finite(self) -> bool:
        text = "ACGTTGCAAGTCCATG"[: self.max_length]
        return bool(np.isfinite(self.log_likelihoods([text], [(0, len(text))])).all())

    @property
    def _sorted(self) -> np.ndarray:
        """The tokens that columns of word probabilities are of."""
        return np.sort(self._encoding.dna_ids)

    def _word_log_probs(self, tokens: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        ids = torch.as_tensor(self._sorted, device=self.device)
        found = self._logits(tokens, mask)[..., ids].float().log_softmax(dim=-1)
        if not self.causal:
            return found
        nothing = torch.full_like(found[:, :1], -float(np.log(len(ids))))
        return torch.cat([nothing, found[:, :-1]], dim=1)

    def _ask(
        self, sequences: list[str], hidden: Sequence[list[tuple[int, int]]], forward,
        *, whole: bool = False,
    ) -> list[tuple[Tokens, np.ndarray]]:  # fmt: skip
        """Tokens and answers of each sequence, tokens that touch a hidden span hidden."""
        words = self._encoding
        cut = [words.cut(sequence) for sequence in sequences]
        lengths = np.array([len(tokens.ids) + words.n_special for tokens in cut], dtype=np.int64)
        self._check_tokens(lengths)
        answers: list[np.ndarray] = [np.empty(0)] * len(cut)
        first = len(words.prefix)
        batches = list(length_batches(lengths, self.batch_tokens, alike=self._alike))

        def shown(batch: np.ndarray) -> np.ndarray:
            ids = np.full((len(batch), lengths[batch].max()), words.pad_id, dtype=np.int64)
            for row, place in zip(ids, batch, strict=True):
                tokens = cut[place]
                seen = np.where(_covers(tokens, hidden[place]), words.mask_id, tokens.ids)
                row[: lengths[place]] = [*words.prefix, *seen, *words.suffix]
            return ids

        for batch, output in self._answers(forward, batches, map(shown, batches), lengths):
            for row, place in enumerate(batch):
                end = first + len(cut[place].ids)
                answers[place] = output[row, 0 if whole else first : end].copy()
        return list(zip(cut, answers, strict=True))

    def fits(self, sequences: Sequence[str]) -> np.ndarray:
        """Whether the model has room for the tokens of each sequence, bool, (sequences,).

        Of sequences up to ``max_length`` only those with unknown bases may not fit.
        """
        limit, words = self._most_tokens(), self._encoding
        if limit is None:
            return np.ones(len(sequences), dtype=bool)
        return np.array([len(words.cut(one).ids) + words.n_special <= limit for one in sequences])

    def _most_tokens(self) -> int | None:
        return max_tokens(self._network.config.to_dict(), self._encoding.pad_id)

    def _check_tokens(self, lengths: np.ndarray) -> None:
        limit = self._most_tokens()
        if limit is not None and len(lengths) and lengths.max() > limit:
            raise InputError(
                f"sequences: the one at index {int(lengths.argmax())} makes {lengths.max()} "
                f"tokens; model {self.name!r} takes {limit}; give fewer bases, or fewer unknown "
                "ones, each of which is a token"
            )

    def _checked(self, sequences: Sequence[str]) -> list[str]:
        checked, k = super()._checked(sequences), self._encoding.k
        short = [place for place, sequence in enumerate(checked) if len(sequence) < k]
        if short and self._encoding.kind == "overlapping k-mer":
            raise InputError(
                f"sequences: the one at index {short[0]} has {len(checked[short[0]])} bases; "
                f"model {self.name!r} reads {k}-mers, expected at least {k}"
            )
        return checked

    def _rows(self, tokens: Tokens, values: np.ndarray, length: int) -> np.ndarray:
        """Sum over covering k-mers of the log probability with each base put in."""
        words, rows = self._encoding, np.zeros((length, 4))
        size = tokens.ends - tokens.starts
        for k, table in ((1, words.base_ids), (words.k, words.table)):
            mine = np.flatnonzero((size == k) & (tokens.codes >= 0))
            power = 4 ** np.arange(k - 1, -1, -1)
            digit = tokens.codes[mine, None] // power % 4
            others = tokens.codes[mine, None] - digit * power
            codes = others[:, :, None] + power[:, None] * np.arange(4)
            column = np.searchsorted(self._sorted, table[codes.reshape(len(mine), 4 * k)])
            found = np.take_along_axis(values[mine], column, axis=1).reshape(len(mine), k, 4)
            np.add.at(rows, tokens.starts[mine, None] + np.arange(k), found)
        rows -= rows.max(axis=1, keepdims=True)
        rows -= np.log(np.exp(rows).sum(axis=1, keepdims=True))
        return rows.astype(np.float32)

    @classmethod
    def _max_length(cls, config: dict[str, Any], encoding: Words) -> int:  # type: ignore[override]
        """Bases that always fit where none is unknown."""
        tokens = max_tokens(config, encoding.pad_id)
        if tokens is None:
            return _DEFAULT_LENGTH
        free = max(tokens - encoding.n_special, 1)
        if encoding.kind == "k-mer":
            # Up to k - 1 bases left over are tokens of their own.
            return max((free - encoding.k + 1) * encoding.k, 1) + encoding.k - 1
        return free + max(encoding.k - 1, 0)


class CausalDnaWords(MaskedDnaWords):
    """A causal language model of DNA whose tokens are several bases.

    The log likelihood of a span is the sum, over the tokens that cover it, of the token's log
    probability given those before it.
    """

    kind = "causal"
    _loader = AutoModelForCausalLM

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """As `MaskedDnaWords.log_probs`, nothing hidden.

        Raises
        ------
        InputError
            If a position is to be hidden, or as there.
        """
        if any(checked_positions(masked_positions, sequences)):
            raise InputError(
                f"masked_positions: model {self.name!r} is causal and cannot hide a position; "
                "expected None"
            )
        return super().log_probs(sequences)


def _covers(tokens: Tokens, spans: Sequence[tuple[int, int]]) -> np.ndarray:
    """Which tokens touch any of the spans."""
    if not spans:
        return np.zeros(len(tokens.ids), dtype=bool)
    first, end = np.array(spans).T
    return ((tokens.starts[:, None] < end) & (tokens.ends[:, None] > first)).any(axis=1)


def _by_base(tokens: Tokens, values: np.ndarray, length: int) -> np.ndarray:
    """The mean of the vectors of the tokens over each base."""
    sums = np.zeros((length + 1, values.shape[1]))
    np.add.at(sums, tokens.starts, values)
    np.subtract.at(sums, tokens.ends, values)
    count = np.bincount(tokens.starts, minlength=length + 1) - np.bincount(
        tokens.ends, minlength=length + 1
    )
    means = sums.cumsum(axis=0)[:length] / count.cumsum()[:length, None]
    return means.astype(np.float32)
