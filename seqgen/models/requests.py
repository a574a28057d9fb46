"""What every backend checks before it runs: sequences, lengths, positions to hide."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seqgen.errors import InputError
from seqgen.residues import UNKNOWN
from seqgen.schemas import AMINO_ACIDS

_FOREIGN = re.compile(f"[^{AMINO_ACIDS}{UNKNOWN}]")


def checked_sequences(sequences: Sequence[str], max_length: int) -> list[str]:
    """The sequences as a list, each of 1 to ``max_length`` residues of the 20 or ``X``.

    Raises
    ------
    InputError
        Naming the sequence by its 0-based place, and the letter by its 1-based position.
    """
    if isinstance(sequences, str):
        raise InputError("sequences: a single string was given; expected a list of sequences")
    checked = list(sequences)
    for place, sequence in enumerate(checked):
        if not 0 < len(sequence) <= max_length:
            raise InputError(
                f"sequences: the one at index {place} has {len(sequence)} residues; "
                f"the model takes 1 to {max_length}; cut longer proteins into windows"
            )
        foreign = _FOREIGN.search(sequence)
        if foreign:
            raise InputError(
                f"sequences: the one at index {place} has {foreign[0]!r} at position "
                f"{foreign.start() + 1}; expected the 20 residues or X; "
                "use seqgen.residues.clean_sequence"
            )
    return checked


def check_letters(text: str, argument: str) -> None:
    """Require residues of the 20 or ``X``, upper case; for an argument of the user's.

    Raises
    ------
    InputError
        Naming the argument, the letter and its 1-based position.
    """
    if not isinstance(text, str):
        raise InputError(f"{argument} is {type(text).__name__}; expected one-letter residues")
    foreign = _FOREIGN.search(text)
    if foreign:
        raise InputError(
            f"{argument} has {foreign[0]!r} at position {foreign.start() + 1}; expected the 20 "
            "residues or X, upper case; use seqgen.residues.clean_sequence"
        )


def checked_positions(
    masked_positions: Sequence[int | None] | None, sequences: Sequence[str]
) -> list[int | None]:
    """For each sequence the 0-based position to hide, or None; all None where none is given.

    Raises
    ------
    InputError
        If the counts differ or a position lies outside its sequence.
    """
    if masked_positions is None:
        return [None] * len(sequences)
    positions = [None if place is None else int(place) for place in masked_positions]
    if len(positions) != len(sequences):
        raise InputError(
            f"masked_positions: {len(positions)} given for {len(sequences)} sequences; "
            "expected one position or None for each"
        )
    for place, (position, sequence) in enumerate(zip(positions, sequences, strict=True)):
        if position is not None and not 0 <= position < len(sequence):
            raise InputError(
                f"masked_positions[{place}] is {position}; sequence has {len(sequence)} residues, "
                f"expected 0 to {len(sequence) - 1}"
            )
    return positions
