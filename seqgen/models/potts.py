"""The Potts model of an alignment: a field per residue and a coupling per pair of residues."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.alignment import ALIGNMENT_LETTERS, GAP, Residues
from seqgen.errors import InputError
from seqgen.models.potts_sequences import UNKNOWN_CODE, aligned_codes, encode, line_up
from seqgen.models.requests import Hidden, checked_positions, checked_sequences
from seqgen.schemas import AMINO_ACIDS

_MAX_LENGTH = 100_000  # longer than any known protein
_CHUNK = 1 << 22  # numbers gathered at once


class PottsModel:
    """Probability of an aligned sequence from fields and pairwise couplings.

    The statistical energy ``E(s) = sum_i h_i(s_i) + sum_(i<j) J_ij(s_i, s_j)`` is the log
    probability of a sequence up to a constant: the higher, the more like the family.

    As a `seqgen.models.protocol.SequenceModel` it gives, at each residue, the probabilities of
    the 20 residues given all others. They never read the residue itself, so hiding it changes
    nothing there, and the log ratio of two residues is the difference of their energies.

    A sequence is lined up with the columns by their positions: residue p of the sequence is the
    column whose position is p. A sequence of exactly L letters is taken as the L columns
    themselves. Residues outside the columns are not covered by the alignment and get rows of
    NaN; columns beyond the end of a shorter sequence count as gaps.

    Parameters
    ----------
    letters : str
        States in order of code: ``-ACDEFGHIKLMNPQRSTVWY`` where the gap is a state (q = 21), or
        the 20 residues where gaps are ignored (q = 20).
    fields : ndarray, shape (L, q)
        Natural-log units; float32 unless given as float64.
    couplings : ndarray, shape (L (L - 1) / 2, q, q), or None
        One matrix per pair i < j in the order of ``np.triu_indices(L, 1)``; entry (a, b) is for
        letter a at i and b at j. None for a model of independent sites.
    residues : Residues
        What the columns are.
    name : str
        What the model is called in tables and messages.
    settings : mapping
        How it was fitted; kept with the file.

    Attributes
    ----------
    letters, fields, couplings, residues, name, settings
        As given; the arrays are read-only.
    revision : str
        SHA-256 over the arrays, the letters and the residues.
    alphabet, max_length, masked
        As in `seqgen.models.protocol.SequenceModel`.

    Raises
    ------
    InputError
        If letters or shapes do not fit, or a parameter is not finite.

    References
    ----------
    Hopf et al. (2017), Mutation effects predicted from sequence co-variation, Nature
    Biotechnology 35:128-135: statistical energies.

    Examples
    --------
    >>> fields = np.zeros((3, 21)); fields[1, 9] = 2.0
    >>> model = PottsModel("-ACDEFGHIKLMNPQRSTVWY", fields, None, Residues.of_protein("MKV"))
    >>> model.energy(["MKV", "MAV"]).tolist()
    [2.0, 0.0]
    >>> rows = model.log_probs(["MKV"])[0]
    >>> round(float(rows[1, 8] - rows[1, 0]), 6)  # K over A
    2.0
    """

    def __init__(
        self, letters: str, fields: np.ndarray, couplings: np.ndarray | None, residues: Residues,
        *, name: str = "potts", settings: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.letters = letters
        self.fields = _read_only(fields)
        self.couplings = None if couplings is None else _read_only(couplings)
        self.residues = residues
        self.name = name
        self.settings = dict(settings or {})
        _check(self)
        self.revision = _revision(self)
        self.alphabet = AMINO_ACIDS
        self.max_length = _MAX_LENGTH
        self.masked = True

    def __repr__(self) -> str:
        pairs = "no couplings" if self.couplings is None else f"{len(self.couplings):,} pairs"
        return (
            f"PottsModel({self.name!r}, {self.length} columns, {len(self.letters)} states, {pairs})"
        )

    @property
    def proteins(self) -> tuple[str, ...]:
        """Names of the proteins the columns are of."""
        return tuple(self.residues.names)

    @property
    def length(self) -> int:
        """Columns, L."""
        return len(self.residues)

    @property
    def has_gap(self) -> bool:
        """True where the gap is a state."""
        return self.letters == ALIGNMENT_LETTERS

    def pair(self, i: int, j: int) -> np.ndarray:
        """Couplings of columns ``i`` and ``j`` (0-based, either order), (q, q) by their letters."""
        if self.couplings is None or i == j:
            return np.zeros((len(self.letters), len(self.letters)), dtype=self.fields.dtype)
        values = self.couplings[pair_index(min(i, j), max(i, j), self.length)]
        return values if i < j else values.T

    # --- energies -----------------------------------------------------------------------------

    def energy(self, sequences: Sequence[str] | np.ndarray) -> np.ndarray:
        """Statistical energies, shape (n,), float64.

        Parameters
        ----------
        sequences : sequence of str, or ndarray of uint8, shape (n, L)
            Sequences over the columns or whole proteins in the numbering of the residues, which
            count over the columns; or the codes of an `Alignment`.

        Raises
        ------
        InputError
            If a sequence does not line up or holds other letters than the 20 residues and ``-``.
        """
        codes = aligned_codes(sequences, self.residues)
        step = max(1, _CHUNK // max(self.length, 1))
        parts = [self._energies(codes[k : k + step]) for k in range(0, len(codes), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _energies(self, codes: np.ndarray) -> np.ndarray:
        states, present = self._states(codes)
        columns = np.arange(self.length)
        total = np.where(present, self.fields[columns, states], 0).sum(axis=1, dtype=np.float64)
        if self.couplings is None:
            return total
        for i in range(self.length - 1):
            first, later = pair_index(i, i + 1, self.length), columns[i + 1 :]
            values = self.couplings[first + later - i - 1, states[:, i, None], states[:, later]]
            both = present[:, i, None] & present[:, later]
            total += np.where(both, values, 0).sum(axis=1, dtype=np.float64)
        return total

    def _states(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Alignment codes as states of this model, and where there is a state at all."""
        if self.has_gap:
            return codes, np.ones(codes.shape, dtype=bool)
        return np.maximum(codes, 1) - 1, codes != GAP

    # --- conditional probabilities ------------------------------------------------------------

    def conditionals(self, codes: np.ndarray) -> np.ndarray:
        """Energy of each of the 20 residues at each column given the others, (L, 20), float64.

        Parameters
        ----------
        codes : ndarray of int, shape (L,)
            Alignment codes of one sequence, or 21 where the residue is unknown. An unknown
            residue contributes the mean of its 20 couplings, which does not depend on the gauge.
        """
        first = len(self.letters) - len(AMINO_ACIDS)
        total = self.fields[:, first:].astype(np.float64)
        if self.couplings is not None:
            for k in range(self.length):
                total += self._influence(k, int(codes[k]))
        return total

    def _influence(self, k: int, code: int) -> np.ndarray:
        """What column ``k`` in state ``code`` adds to the residues of all columns, (L, 20)."""
        first = len(self.letters) - len(AMINO_ACIDS)
        added = np.zeros((self.length, len(AMINO_ACIDS)))
        if self.couplings is None or (code == GAP and not self.has_gap):
            return added
        before = pair_index(np.arange(k), k, self.length)
        start = pair_index(k, k + 1, self.length)
        later = self.couplings[start : start + self.length - 1 - k]
        if code == UNKNOWN_CODE:
            added[:k] = self.couplings[before, first:, first:].mean(axis=2, dtype=np.float64)
            added[k + 1 :] = later[:, first:, first:].mean(axis=1, dtype=np.float64)
        else:
            state = code - 1 + first
            added[:k] = self.couplings[before, first:, state]
            added[k + 1 :] = later[:, state, first:]
        return added

    def log_probs(
        self, sequences: Sequence[str], masked_positions: Sequence[Hidden] | None = None
    ) -> list[np.ndarray]:
        """Log probabilities of the 20 residues given the rest, (length, 20) for each sequence.

        Rows of residues that the alignment does not cover are NaN. A hidden position is unknown
        to the others; its own row is the same, hidden or not.

        Raises
        ------
        InputError
            If a sequence or a position to hide is not usable, or a sequence is not the protein
            of this alignment.
        """
        from scipy.special import log_softmax

        checked = checked_sequences(sequences, self.max_length)
        positions = checked_positions(masked_positions, checked)
        return [log_softmax(rows, axis=1) for rows in self._conditional_rows(checked, positions)]

    def embed(self, sequences: Sequence[str]) -> list[np.ndarray]:
        """Conditional energies of the 20 residues, centred, (length, 20); NaN where not covered."""
        checked = checked_sequences(sequences, self.max_length)
        rows = self._conditional_rows(checked, [()] * len(checked))
        return [one - one.mean(axis=1, keepdims=True) for one in rows]

    def _conditional_rows(
        self, sequences: Sequence[str], positions: Sequence[tuple[int, ...]]
    ) -> Iterator[np.ndarray]:
        """For each sequence the conditional energies at its residues, NaN where not covered."""
        known: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = {}
        for place, (sequence, position) in enumerate(zip(sequences, positions, strict=True)):
            if sequence not in known:
                columns, at = line_up(sequence, self.residues, f"sequences[{place}]")
                codes = np.full(self.length, GAP, dtype=np.uint8)
                codes[columns] = encode(sequence)[at]
                known[sequence] = columns, at, codes, self.conditionals(codes)
            columns, at, codes, energies = known[sequence]
            for k in columns[np.isin(at, position)]:
                energies = energies + self._influence(k, UNKNOWN_CODE)
                energies -= self._influence(k, int(codes[k]))
            rows = np.full((len(sequence), len(AMINO_ACIDS)), np.nan)
            rows[at] = energies[columns]
            yield rows

    def save(self, path: str | Path) -> None:
        """Write the model to a safetensors file, whole or not at all.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        from seqgen.models.potts_files import save_potts

        save_potts(self, path)


def pair_index(i: Any, j: Any, length: int) -> Any:
    """Place of pair i < j in the order of ``np.triu_indices(length, 1)``."""
    return i * (2 * length - i - 1) // 2 + j - i - 1


def _read_only(values: np.ndarray) -> np.ndarray:
    """A view that cannot be written to, in float32 unless it is float64."""
    values = np.asarray(values)
    dtype = values.dtype if values.dtype == np.float64 else np.float32
    view = np.ascontiguousarray(values, dtype=dtype).view()
    view.flags.writeable = False
    return view


def _check(model: PottsModel) -> None:
    if model.letters not in (ALIGNMENT_LETTERS, AMINO_ACIDS):
        raise InputError(
            f"letters is {model.letters!r}; expected {ALIGNMENT_LETTERS!r}, or {AMINO_ACIDS!r} "
            "where gaps are ignored"
        )
    length, q = len(model.residues), len(model.letters)
    expected = {"fields": (length, q), "couplings": (length * (length - 1) // 2, q, q)}
    for name, shape in expected.items():
        values = getattr(model, name)
        if values is None:
            continue
        if values.shape != shape:
            raise InputError(
                f"{name} has shape {values.shape}; expected {shape} for {length} residues and "
                f"{q} letters"
            )
        # The sum of finite numbers is finite unless it overflows; it needs no second array.
        if not np.isfinite(values.sum(dtype=np.float64)):
            raise InputError(f"{name} holds NaN or infinite numbers; fit the model again")


def _revision(model: PottsModel) -> str:
    digest = hashlib.sha256()
    digest.update("\n".join([model.letters, model.residues.letters]).encode())
    digest.update(repr([model.residues.positions.tolist(), model.residues.names]).encode())
    for values in (model.fields, model.couplings):
        if values is not None:
            digest.update(str(values.dtype).encode())
            digest.update(values.ravel().view(np.uint8).data)
    return digest.hexdigest()
