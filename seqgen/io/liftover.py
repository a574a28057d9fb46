"""Positions of one genome build in another, by a chain file: the one door to pyliftover."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from seqgen.errors import InputError, MissingDependencyError
from seqgen.io.alleles import reverse_complement
from seqgen.io.chromosomes import canonical_chromosomes
from seqgen.io.duplicates import drop_repeats
from seqgen.io.genome_build import ATTRIBUTE, build_of_lengths, refuse_other_build
from seqgen.io.sumstats import finished
from seqgen.io.tables import existing_file
from seqgen.io.tally import Tally
from seqgen.schemas import SUMSTATS, Counted

_COLUMNS = ["start", "end", "target", "chrom", "size", "backward"]


@dataclass(frozen=True)
class Chain:
    """A chain file as blocks; made by `read_chain`.

    Attributes
    ----------
    blocks : dict of str to DataFrame
        Chromosome to its blocks in order: ``start`` and ``end`` in the old build (from 0, end
        not included), ``target`` where it starts in the new, ``chrom`` and its ``size`` there,
        ``backward`` where it runs on the other strand.
    source_build, build : str or None
        Genome build that it lifts from, and to, where its chromosomes' lengths tell.
    """

    blocks: dict[str, pd.DataFrame] = field(repr=False)
    source_build: str | None = None
    build: str | None = None

    def lift(self, frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
        """Rows in the new build; those that have no place there are dropped and counted."""
        if frame.empty:
            return frame
        parts = [self._of_chromosome(str(c), rows) for c, rows in frame.groupby("chrom")]
        moved = pd.concat(parts).loc[frame.index]
        frame = tally.drop(frame, moved["target"].isna(), "no place in the other build")
        moved = moved.loc[frame.index]
        back = moved["backward"].to_numpy(dtype=bool)
        indel = frame["effect_allele"].str.len() != frame["other_allele"].str.len()
        lost = back & np.asarray(indel, dtype=bool)
        frame = tally.drop(frame, lost, "indel in a stretch that the other build has reversed")
        moved, back = moved[~lost], back[~lost]
        tally.note(
            frame, back, "strand reversed in the other build: complemented", action="changed"
        )
        length = frame["effect_allele"].str.len().to_numpy()
        start = moved["target"].to_numpy(dtype="int64")
        start = np.where(back, moved["size"].to_numpy(dtype="int64") - start - length, start)
        lifted = frame.assign(
            chrom=moved["chrom"].astype("str"),
            pos=start + 1,
            effect_allele=frame["effect_allele"].where(
                ~back, reverse_complement(frame["effect_allele"])
            ),
            other_allele=frame["other_allele"].where(
                ~back, reverse_complement(frame["other_allele"])
            ),
        )
        return tally.drop(lifted, lifted["chrom"] == "", "lifts to no chromosome 1 to 22, X, Y, MT")

    def _of_chromosome(self, chrom: str, rows: pd.DataFrame) -> pd.DataFrame:
        blocks = self.blocks.get(chrom)
        out = pd.DataFrame(
            {"target": np.nan, "chrom": "", "size": 0, "backward": False}, index=rows.index
        )
        if blocks is None:
            return out
        start = rows["pos"].to_numpy() - 1
        longest = np.maximum(rows["effect_allele"].str.len(), rows["other_allele"].str.len())
        at = np.searchsorted(blocks["start"].to_numpy(), start, side="right") - 1
        inside = (at >= 0) & (start + np.asarray(longest) <= blocks["end"].to_numpy()[at])
        found = blocks.iloc[at[inside]]
        place = found["target"].to_numpy() + start[inside] - found["start"].to_numpy()
        out.loc[inside, "target"] = place
        for name in ("chrom", "size", "backward"):
            out.loc[inside, name] = found[name].to_numpy()
        return out


def read_chain(path: str | os.PathLike[str]) -> Chain:
    """Read a UCSC chain file (``hg19ToHg38.over.chain.gz``).

    Raises
    ------
    MissingFileError
        If there is no such file.
    MissingDependencyError
        If pyliftover is not installed.
    InputError
        If it is no chain file, or a base has two places in it.
    """
    try:
        from pyliftover import LiftOver
    except ImportError as error:
        raise MissingDependencyError(
            f"{path}: lifting over needs pyliftover: pip install pyliftover"
        ) from error
    path = existing_file(path)
    try:
        chains = LiftOver(str(path)).chain_file.chains
    except Exception as error:  # pyliftover raises nothing narrower
        raise InputError(
            f"{path}: is no chain file ({error}); expected one of UCSC's, such as "
            "hg19ToHg38.over.chain.gz"
        ) from error
    rows = [
        (chain.source_name, start, end, target, chain.target_name, chain.target_size,
         chain.target_strand == "-")
        for chain in chains
        for start, end, target in chain.blocks
    ]  # fmt: skip
    if not rows:
        raise InputError(f"{path}: holds no chain; expected a UCSC chain file")
    table = pd.DataFrame(rows, columns=["source", *_COLUMNS])
    table["source"] = canonical_chromosomes(table["source"])
    table["chrom"] = canonical_chromosomes(table["chrom"]).fillna("")
    blocks = {}
    for source, held in table.dropna(subset="source").groupby("source"):
        ordered = held.sort_values("start")[_COLUMNS].reset_index(drop=True)
        if (ordered["start"].to_numpy()[1:] < ordered["end"].to_numpy()[:-1]).any():
            raise InputError(
                f"{path}: bases of chromosome {source} have two places; expected a chain file for "
                "lifting over (.over.chain), in which each has one"
            )
        blocks[str(source)] = ordered
    lengths = (
        {chain.source_name: chain.source_size for chain in chains},
        {chain.target_name: chain.target_size for chain in chains},
    )
    return Chain(blocks, *(build_of_lengths(sizes) for sizes in lengths))


def lift_over(table: pd.DataFrame, chain: str | os.PathLike[str]) -> Counted:
    r"""Move summary statistics to another genome build.

    Parameters
    ----------
    table : DataFrame
        Schema ``SUMSTATS``.
    chain : path
        UCSC chain file from the table's build to the other.

    Returns
    -------
    Counted
        Sorted by chromosome and position; variants without a place are counted in ``drops``.

    Raises
    ------
    InputError
        If it is no chain file, lifts from another build than the table is of, or no row is
        left.

    References
    ----------
    Hinrichs AS et al. The UCSC Genome Browser Database: update 2006. Nucleic Acids Research 34,
    D590-D598 (2006).

    Examples
    --------
    >>> import tempfile
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> from seqgen.io.sumstats import read_sumstats
    >>> table = read_sumstats(demo_sumstats_path()).table
    >>> with tempfile.NamedTemporaryFile("w", suffix=".chain") as chain:
    ...     _ = chain.write("chain 1 chr22 60000000 + 0 60000000 chr22 60000100 + 100 60000100 1")
    ...     _ = chain.write("\n60000000\n\n")
    ...     chain.flush()
    ...     lifted, drops = lift_over(table, chain.name)
    >>> (lifted["pos"] - table["pos"]).unique().tolist()
    [100]
    """
    tally = Tally("lift_over")
    read = read_chain(chain)
    known = table.attrs.get(ATTRIBUTE)
    refuse_other_build(known, read.source_build, what=f"chain file {chain}", where="lift_over")
    lifted = read.lift(SUMSTATS.validate(table, where="lift_over"), tally)
    lifted = finished(drop_repeats(lifted, tally), tally, str(chain))
    lifted.attrs = {} if read.build is None else {ATTRIBUTE: read.build}
    return Counted(lifted, tally.to_frame())
