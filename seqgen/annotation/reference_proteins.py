"""Proteins of transcripts as the reference genome has them."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np
import pandas as pd

from seqgen.annotation.coding import CodingSequences, coding_sequences
from seqgen.errors import InputError
from seqgen.io.genemodels import GeneModels, read_gene_models
from seqgen.io.reference import contig_key, open_reference


def reference_proteins(
    transcripts: Iterable[str],
    *,
    gff: str | os.PathLike[str],
    fasta: str | os.PathLike[str],
) -> dict[str, str]:
    r"""Sequences of the proteins that transcripts code for.

    Parameters
    ----------
    transcripts : iterable of str
        As in column ``transcript`` of the table ``annotations``.
    gff, fasta : path
        Gene models and genome, as of `annotate`.

    Returns
    -------
    dict
        From transcript to residues, without a final stop. Those that code nothing, or are not
        in the gene models, are left out.

    Raises
    ------
    MissingFileError
        If a file is not there.
    InputError
        If a file is not what it has to be, or the genome lacks a transcript's chromosome.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> lines = ["1\tx\tmRNA\t3\t14\t.\t+\t.\tID=transcript:T", "1\tx\tCDS\t3\t14\t.\t+\t0\t"
    ...          "Parent=transcript:T"]
    >>> with tempfile.TemporaryDirectory() as name:
    ...     gff, fasta = pathlib.Path(name, "a.gff3"), pathlib.Path(name, "a.fa")
    ...     _ = gff.write_text("\n".join(lines))
    ...     _ = fasta.write_text(">1\nCCATGCGTAAATAACC\n")
    ...     reference_proteins(["T"], gff=gff, fasta=fasta)
    {'T': 'MRK'}
    """
    names = pd.Series(list(transcripts), dtype="str").drop_duplicates()
    models = read_gene_models(gff)
    rows = transcript_rows(models, names)
    names, rows = names[rows >= 0], rows[rows >= 0]
    if not len(names):
        return {}
    sequences = coding_of(models.take(rows), fasta).proteins()
    return {name: text for name, text in zip(names, sequences, strict=True) if text}


def coding_of(models: GeneModels, fasta: str | os.PathLike[str]) -> CodingSequences:
    """Coding sequences of gene models, whatever the genome calls their chromosomes.

    Raises
    ------
    InputError
        If the genome lacks a chromosome.
    """
    with open_reference(fasta) as reference:
        contigs = reference.contigs_of(models.transcripts["chrom"])
        if contigs.isna().any():
            lost = models.transcripts["chrom"][contigs.isna()].iloc[0]
            raise InputError(
                f"fasta: {fasta} has no sequence {lost}, on which {models.name} has a transcript; "
                "give the genome that the gene models are of"
            )
        named = models.transcripts.assign(chrom=contigs.to_numpy())
        models = GeneModels(models.name, named, models.parts, models.drops)
        return coding_sequences(models, reference)


def transcript_rows(
    models: GeneModels, names: pd.Series, chroms: pd.Series | None = None
) -> np.ndarray:
    """Row of each transcript, -1 where there is none.

    One identifier may stand on X and on Y: ``chroms`` tells which is meant, else it is the first.
    """
    table = models.transcripts
    if chroms is None:
        keys, wanted = pd.Index(table["transcript"]), pd.Index(names)
    else:
        keys, wanted = (
            pd.MultiIndex.from_arrays([name, _keys(chrom)])
            for name, chrom in ((table["transcript"], table["chrom"]), (names, chroms))
        )
    place = pd.Series(np.arange(len(table)), index=keys)
    place = place[~place.index.duplicated()]
    return place.reindex(wanted).fillna(-1).to_numpy(dtype=np.int64)


def _keys(chroms: pd.Series) -> pd.Series:
    named = chroms.astype("str")
    return named.map({name: contig_key(name) for name in named.dropna().unique()})
