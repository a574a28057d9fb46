"""Alleles of summary statistics put right by a reference genome."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.alleles import as_column, paired, replaced, reverse_complement
from seqgen.io.duplicates import drop_repeats
from seqgen.io.genome_build import ATTRIBUTE, build_of_lengths, refuse_other_build
from seqgen.io.reference import Reference, open_reference
from seqgen.io.sumstats import finished
from seqgen.io.tally import Tally
from seqgen.schemas import SUMSTATS, Counted

_MARGIN = 1000
_FEWEST = 100
_FEWEST_RIGHT = 0.75


def align_to_reference(table: pd.DataFrame, fasta: str | os.PathLike[str]) -> Counted:
    r"""Put the alleles of summary statistics right by a reference genome.

    The reference's allele becomes ``other_allele``: where it was the effect allele, the two are
    switched, beta and z change sign and the frequency becomes one minus itself. Alleles read
    from the other strand are complemented, but for A/T and C/G, whose strand the reference
    cannot tell. Indels are moved to the left of repeats. Rows of which neither allele is the
    reference's are dropped.

    Parameters
    ----------
    table : DataFrame
        Schema ``SUMSTATS``.
    fasta : path
        FASTA, plain or bgzipped; names with or without ``chr``.

    Returns
    -------
    Counted
        Sorted by chromosome and position; repeats that come to light are treated as
        `read_sumstats` does.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is no FASTA, so many alleles differ from it that it must be of another genome
        build, or no row is left.

    References
    ----------
    Tan A, Abecasis GR, Kang HM. Unified representation of genetic variants. Bioinformatics 31,
    2202-2204 (2015).

    Examples
    --------
    >>> import tempfile
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> from seqgen.io.sumstats import read_sumstats
    >>> table = read_sumstats(demo_sumstats_path()).table.head(2).assign(pos=[1, 2])
    >>> table["other_allele"].tolist(), table["beta"].gt(0).tolist()
    (['G', 'C'], [False, False])
    >>> with tempfile.NamedTemporaryFile("w", suffix=".fa") as fasta:
    ...     _ = fasta.write(f">22\nG{table['effect_allele'].iloc[1]}\n")
    ...     fasta.flush()
    ...     right, drops = align_to_reference(table, fasta.name)
    >>> right["beta"].gt(0).tolist()
    [False, True]
    """
    tally = Tally("align_to_reference")
    build = table.attrs.get(ATTRIBUTE)
    table = SUMSTATS.validate(table, where="align_to_reference")
    with open_reference(fasta) as genome:
        of_fasta = build_of_lengths(genome.lengths)
        refuse_other_build(build, of_fasta, what=f"FASTA {fasta}", where="align_to_reference")
        parts = [
            to_reference(rows, genome, tally) for _, rows in table.groupby("chrom", sort=False)
        ]
    whole = drop_repeats(pd.concat(parts) if parts else table, tally)
    whole = finished(whole, tally, str(fasta))
    whole.attrs = {ATTRIBUTE: build or of_fasta} if build or of_fasta else {}
    return Counted(whole, tally.to_frame())


def to_reference(
    frame: pd.DataFrame, genome: Reference, tally: Tally, *, first: int = 1
) -> pd.DataFrame:
    """`align_to_reference` for rows of one chromosome; none is moved left of ``first``."""
    contig = genome.contigs_of(frame["chrom"].iloc[:1]).iloc[0]
    if pd.isna(contig):
        every = np.ones(len(frame), dtype=bool)
        return tally.drop(frame, every, "chromosome is not in the FASTA")
    words, *codes = paired(frame["effect_allele"], frame["other_allele"])
    lengths = [words.str.len().to_numpy()[each] for each in codes]
    end = frame["pos"].to_numpy() + np.minimum(*lengths) - 1
    longest = int(np.maximum(*lengths).max())
    beyond = end > genome.lengths[contig]
    frame = tally.drop(frame, beyond, "pos is beyond the end of the FASTA's chromosome")
    if frame.empty:
        return frame
    start = max(0, int(frame["pos"].min()) - _MARGIN)
    stop = min(genome.lengths[contig], int(frame["pos"].max()) + longest)
    # an insertion at the very end reaches beyond it
    bases = np.append(genome.bases(contig, start, stop), np.zeros(longest, np.uint8))
    offset = frame["pos"].to_numpy() - 1 - start
    frame = _turned(frame, bases, offset, tally=tally, where=str(genome.path))
    return _left_aligned(frame, bases, start, tally=tally, first=first)


def _turned(
    frame: pd.DataFrame, bases: np.ndarray, offset: np.ndarray, *, tally: Tally, where: str
) -> pd.DataFrame:
    """Rows whose other allele is the reference's, switched and complemented as needed."""
    found, effect, other = paired(frame["effect_allele"], frame["other_allele"])
    turned_words = pd.Index(reverse_complement(found.to_series()))
    every = found.append(turned_words.difference(found, sort=False))
    words = every.to_series(pd.RangeIndex(len(every)))
    back = every.get_indexer(pd.Index(reverse_complement(words)))
    alike = back[effect] == other
    lengths = words.str.len().to_numpy()
    right = _matches(words, other, bases, offset=offset)
    switched = _matches(words, effect, bases, offset=offset)
    single = (lengths[effect] == 1) & (lengths[other] == 1)
    _refuse_other_build((right | switched)[single & ~alike], where)
    fits = right & switched
    tally.note(frame, fits, "both alleles fit the reference: left as written", action="kept")
    strand = np.zeros(len(frame), dtype=bool)
    rest = np.flatnonzero(~(right | switched) & ~alike & (lengths[effect] == lengths[other]))
    if len(rest):
        right[rest] = _matches(words, back[other[rest]], bases, offset=offset[rest])
        switched[rest] = _matches(words, back[effect[rest]], bases, offset=offset[rest])
        strand[rest] = right[rest] | switched[rest]
    turn = switched & ~right
    tally.note(frame, strand, "alleles were of the other strand: complemented", action="changed")
    tally.note(frame, turn, "effect allele was the reference's: alleles switched", action="changed")
    effect, other = (np.where(strand, back[x], x) for x in (effect, other))
    sign = np.where(turn, -1.0, 1.0)
    eaf = frame["eaf"].to_numpy()
    out = frame.assign(
        effect_allele=as_column(every, np.where(turn, other, effect), frame["effect_allele"]),
        other_allele=as_column(every, np.where(turn, effect, other), frame["other_allele"]),
        # adding 0 makes -0 a 0
        beta=frame["beta"].to_numpy() * sign + 0.0,
        z=frame["z"].to_numpy() * sign + 0.0,
        eaf=np.where(turn, 1.0 - eaf, eaf),
    )
    return tally.drop(out, ~(right | switched), "neither allele is the reference's")


def _refuse_other_build(forward: np.ndarray, where: str) -> None:
    """Half the alleles fit by chance: far fewer than nearly all means another genome build."""
    if len(forward) >= _FEWEST and forward.mean() < _FEWEST_RIGHT:
        raise InputError(
            f"{where}: only {forward.mean():.0%} of {len(forward):,} single-base variants have the "
            "reference's base as one of their alleles, and half do by chance; the summary "
            "statistics are likely of another genome build: give the FASTA of theirs, or lift "
            "them over with a chain file"
        )


def _matches(
    words: pd.Series, codes: np.ndarray, bases: np.ndarray, *, offset: np.ndarray
) -> np.ndarray:
    """Whether each allele, a code into ``words``, is what the reference has at its place."""
    lengths = words.str.len().to_numpy()
    first = words.str.get(0).to_numpy(dtype="S1").view(np.uint8)
    out: np.ndarray = bases[offset] == first[codes]
    long = np.flatnonzero(out & (lengths[codes] > 1))
    for length in np.unique(lengths[codes[long]]):
        rows = long[lengths[codes[long]] == length]
        text = words.take(codes[rows]).to_numpy(dtype=f"S{length}").view(np.uint8)
        there = offset[rows, None] + np.arange(length)
        out[rows] = (bases[there] == text.reshape(len(rows), length)).all(axis=1)
    return out


def _left_aligned(
    frame: pd.DataFrame, bases: np.ndarray, start: int, *, tally: Tally, first: int
) -> pd.DataFrame:
    """Indels as far to the left as their repeat goes, one base before them."""
    words, *codes = paired(frame["effect_allele"], frame["other_allele"])
    lengths = words.str.len().to_numpy()
    at = np.flatnonzero(lengths[codes[0]] != lengths[codes[1]])
    if not len(at):
        return frame
    pos = frame["pos"].to_numpy(copy=True)
    a, b = (words.take(each[at]).to_series(pd.RangeIndex(len(at))) for each in codes)
    live = np.arange(len(at))
    while len(live):
        x, y = a.take(live), b.take(live)
        alike = (x.str.get(-1) == y.str.get(-1)).to_numpy(dtype=bool)
        # one base more is needed on the left where an allele would be used up
        short = (np.minimum(x.str.len(), y.str.len()) == 1).to_numpy(dtype=bool)
        room = pos[at[live]] - 1 >= max(first, start + 1)
        live = live[alike & (~short | room)]
        short = short[alike & (~short | room)]
        if not len(live):
            break
        before = pos[at[live]] - 2 - start
        base = pd.Series(bases[np.maximum(before, 0)].view("S1").astype("U1"), dtype="str")
        base = base.where(short, "").set_axis(live)
        a.iloc[live] = base + a.take(live).str.slice(0, -1)
        b.iloc[live] = base + b.take(live).str.slice(0, -1)
        pos[at[live[short]]] -= 1
    moved = pos != frame["pos"].to_numpy()
    if not moved.any():
        return frame
    tally.note(frame, moved, "indel moved to the left of its repeat", action="changed")
    words, effect = replaced(words, codes[0], at, a)
    words, other = replaced(words, codes[1], at, b)
    return frame.assign(
        pos=pos,
        effect_allele=as_column(words, effect, frame["effect_allele"]),
        other_allele=as_column(words, other, frame["other_allele"]),
    )
