"""Proteins of transcripts beside UniProt's: the same, or aligned residue by residue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.io.tally import Tally
from seqgen.pairwise import align_positions
from seqgen.residues import BLOSUM62
from seqgen.schemas import AMINO_ACIDS

_MOST_CELLS = 4_000_000
_LEAST_SHARED = 0.5
ABSENT = "protein of a transcript is not among the UniProt proteins"
ALIGNED = "protein differs from UniProt's sequence, aligned to it"
UNLIKE = "protein is too unlike UniProt's sequence of the gene, not numbered by it"


def _scores() -> np.ndarray:
    table = np.zeros((256, 256))
    codes = np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)
    table[codes[:, None], codes] = BLOSUM62
    return table


_SCORES = _scores()


class UniProtPlaces(NamedTuple):
    """Where residues of transcripts lie in UniProt's sequences.

    ``accession`` (transcripts), missing where none; ``offsets`` (transcripts + 1) into
    ``places``: positions in UniProt's sequence, 1-based, 0 for none; ``letters`` its residues.
    """

    accession: pd.Series
    offsets: np.ndarray
    places: np.ndarray
    letters: np.ndarray


def uniprot_places(
    transcripts: pd.DataFrame, sequences: list[str], proteins: pd.DataFrame, tally: Tally
) -> UniProtPlaces:
    """Number the residues of transcripts as UniProt does.

    A protein of the very sequence is taken, that of the gene's symbol first; else that of the
    gene's symbol, aligned.

    Parameters
    ----------
    transcripts : DataFrame
        ``transcript``, ``gene``.
    sequences : list of str
        Their proteins; empty where one codes nothing.
    proteins : DataFrame
        ``uniprot``, ``gene``, ``sequence``.
    tally : Tally
        Counts proteins that differ or are absent.

    Returns
    -------
    UniProtPlaces
    """
    frame = transcripts[["transcript", "gene"]].assign(sequence=pd.Series(sequences, dtype="str"))
    known = proteins[["uniprot", "gene", "sequence"]].astype("str").reset_index(drop=True)
    same_both = known.drop_duplicates(["gene", "sequence"]).set_index(["gene", "sequence"])
    same = known.drop_duplicates("sequence").set_index("sequence")["uniprot"]
    by_gene = known.dropna(subset="gene").drop_duplicates("gene").set_index("gene")["uniprot"]
    keys = pd.MultiIndex.from_frame(frame[["gene", "sequence"]])
    exact = pd.Series(same_both["uniprot"].reindex(keys).to_numpy(), frame.index, dtype="str")
    exact = exact.fillna(frame["sequence"].map(same))
    coding = frame["sequence"] != ""
    exact = exact.where(coding)
    likely = frame["gene"].map(by_gene).where(exact.isna() & coding).astype("str")
    accession = exact.copy()
    of_accession = known.set_index("uniprot")["sequence"]
    lengths = frame["sequence"].str.len().to_numpy(dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    places = np.where(np.repeat(exact.notna().to_numpy(), lengths), within + 1, 0)
    letters = np.frombuffer("".join(sequences).encode("ascii"), dtype=np.uint8).copy()
    differing = np.zeros(len(frame), dtype=bool)
    for row, aligned in _aligned(frame["sequence"], likely, of_accession):
        span = slice(offsets[row], offsets[row + 1])
        if aligned is None:
            continue
        differing[row] = True
        accession.iloc[row] = likely.iloc[row]
        places[span] = aligned
        other = np.frombuffer(of_accession[likely.iloc[row]].encode(), dtype=np.uint8)
        letters[span] = np.where(aligned > 0, other[np.maximum(aligned, 1) - 1], 0)
    shown = frame[["transcript", "gene"]].assign(uniprot=likely)
    tally.note(shown, differing, ALIGNED, action="changed")
    tally.note(shown, likely.notna().to_numpy() & ~differing, UNLIKE, action="kept")
    absent = (coding & exact.isna() & likely.isna()).to_numpy()
    tally.note(shown, absent, ABSENT, action="kept")
    return UniProtPlaces(accession.astype("str"), offsets, places, letters)


def _aligned(
    sequences: pd.Series, likely: pd.Series, of_accession: pd.Series
) -> Iterator[tuple[int, np.ndarray | None]]:
    for row in np.flatnonzero(likely.notna().to_numpy()):
        own, other = sequences.iloc[row], of_accession[likely.iloc[row]]
        aligned = aligned_places(own, other)
        shared = _shared(own, other, aligned)
        yield int(row), aligned if shared >= _LEAST_SHARED * min(len(own), len(other)) else None


def _shared(own: str, other: str, places: np.ndarray) -> int:
    first, second = (np.frombuffer(text.encode(), dtype=np.uint8) for text in (own, other))
    return int(((places > 0) & (first == second[np.maximum(places, 1) - 1])).sum())


def aligned_places(own: str, other: str) -> np.ndarray:
    """Position in ``other`` (1-based) of each residue of ``own``; 0 where it has none.

    What the two share at either end is matched as it stands, and the rest is aligned
    (BLOSUM62); a middle too long to align has no counterpart.

    Examples
    --------
    >>> aligned_places("MKVLAW", "MKAW").tolist()
    [1, 2, 0, 0, 3, 4]
    """
    first, second = (np.frombuffer(text.encode(), dtype=np.uint8) for text in (own, other))
    n = min(len(first), len(second))
    same = first[:n] == second[:n]
    front = n if same.all() else int(same.argmin())
    n -= front
    same = first[len(first) - n :][::-1] == second[len(second) - n :][::-1]
    back = n if same.all() else int(same.argmin())
    places = np.zeros(len(first), dtype=np.int64)
    places[:front] = np.arange(1, front + 1)
    if back:
        places[-back:] = np.arange(len(second) - back, len(second)) + 1
    middle, target = first[front : len(first) - back], second[front : len(second) - back]
    if len(middle) and len(target) and len(middle) * len(target) <= _MOST_CELLS:
        found, _ = align_positions(_SCORES[middle[:, None], target])
        places[front : len(first) - back] = np.where(found >= 0, found + front + 1, 0)
    return places
