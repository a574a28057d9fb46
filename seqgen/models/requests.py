"""What every backend checks before it runs: sequences, lengths, positions to hide."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seqgen.errors import InputError
from seqgen.models.alphabets import DNA, PROTEIN, Alphabet

#: Positions to hide in one sequence: one of them, several, or None.
Hidden = int | Sequence[int] | None

_READS = {PROTEIN.name: "proteins", DNA.name: "DNA"}
_FOREIGN = {one.name: re.compile(f"[^{one.letters}{one.unknown}]") for one in (PROTEIN, DNA)}


def checked_sequences(
    sequences: Sequence[str], max_length: int, alphabet: Alphabet = PROTEIN
) -> list[str]:
    """The sequences as a list, each of 1 to ``max_length`` letters or the unknown one.

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
                f"sequences: the one at index {place} has {len(sequence)} {alphabet.unit}; "
                f"the model takes 1 to {max_length}; cut longer ones into windows"
            )
        foreign = _FOREIGN[alphabet.name].search(sequence)
        if foreign:
            raise InputError(
                f"sequences: the one at index {place} has {foreign[0]!r} at position "
                f"{foreign.start() + 1}; the model reads {_READS[alphabet.name]}; expected the "
                f"{len(alphabet.letters)} {alphabet.unit} or "
                f"{alphabet.unknown}; {alphabet.remedy}"
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
    foreign = _FOREIGN[PROTEIN.name].search(text)
    if foreign:
        raise InputError(
            f"{argument} has {foreign[0]!r} at position {foreign.start() + 1}; expected the 20 "
            "residues or X, upper case; use seqgen.residues.clean_sequence"
        )


def checked_positions(
    masked_positions: Sequence[Hidden] | None, sequences: Sequence[str]
) -> list[tuple[int, ...]]:
    """For each sequence the 0-based positions to hide; none where none is given.

    Raises
    ------
    InputError
        If the counts differ or a position lies outside its sequence.
    """
    if masked_positions is None:
        return [()] * len(sequences)
    positions = [_several(places) for places in masked_positions]
    if len(positions) != len(sequences):
        raise InputError(
            f"masked_positions: {len(positions)} given for {len(sequences)} sequences; "
            "expected one position, several or None for each"
        )
    for place, (hidden, sequence) in enumerate(zip(positions, sequences, strict=True)):
        outside = [position for position in hidden if not 0 <= position < len(sequence)]
        if outside:
            raise InputError(
                f"masked_positions[{place}] is {outside[0]}; sequence has {len(sequence)} letters, "
                f"expected 0 to {len(sequence) - 1}"
            )
    return positions


def _several(places: Hidden) -> tuple[int, ...]:
    if places is None:
        return ()
    if isinstance(places, Sequence) or hasattr(places, "__iter__"):
        return tuple(int(place) for place in places)
    return (int(places),)
