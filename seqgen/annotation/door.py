"""Residue changes of variants: one question, two ways to the answer."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pandas as pd

from seqgen.annotation.choice import RULES
from seqgen.annotation.consequences import annotate_by_gene_models
from seqgen.annotation.rsids import annotate_by_rsid
from seqgen.errors import InputError
from seqgen.io.resources import human_proteins
from seqgen.parallel import thread_count
from seqgen.schemas import Counted


def annotate(
    sumstats: pd.DataFrame,
    missense: pd.DataFrame | None = None,
    *,
    gff: str | os.PathLike[str] | None = None,
    fasta: str | os.PathLike[str] | None = None,
    transcripts: Sequence[str] | str = RULES,
    proteins: pd.DataFrame | None = None,
    where_both: str = "other",
    workers: int | None = 1,
) -> Counted:
    """What variants do to proteins: by rsID and a table of known changes, or by gene models.

    By rsID a change is kept only where the two alleles, on either strand, can turn a codon of
    the reference residue into one of the new residue; where only one direction works, that tells
    which allele makes the change.

    With ``gff`` and ``fasta`` every variant is held against the reference genome and followed
    through the transcripts it lies in (bcftools csq, each variant by itself): consequence,
    residues and HGVS name, insertions, deletions and new reading frames included. Mitochondrial
    genes are read by their own code. Positions are UniProt's where the transcript's protein is
    known there or can be aligned to it.

    Parameters
    ----------
    sumstats : DataFrame
        Table ``sumstats``, or any with ``chrom``, ``pos`` and ``effect_allele``,
        ``other_allele`` (or ``alt``, ``ref``).
    missense : DataFrame, optional
        Table ``missense_map``, such as ``seqgen.missense_map()``: the known changes; with gene
        models it gives the clinical labels alone, and may be left out.
    gff : path, optional
        Gene models, GFF3 or GTF of Ensembl, GENCODE or RefSeq.
    fasta : path, optional
        The genome that ``gff`` and ``sumstats`` are of, plain or bgzipped.
    transcripts : "all" or sequence of {"mane", "canonical", "longest"}
        Which transcript of a gene: the first rule that tells two apart decides.
    proteins : DataFrame, optional
        ``uniprot``, ``gene``, ``sequence``, such as ``seqgen.human_proteins()``, the default.
    where_both : {"other", "effect", "drop"}
        Which allele is the reference's where both could be (an insertion or deletion in a
        repeat); such variants are counted.
    workers : int, optional
        Processes at a time, for gene models; None for all cores.

    Returns
    -------
    Counted
        ``table`` is the table ``annotations`` (one row per variant and residue change, or per
        variant and transcript), ``drops`` counts what did not become a row, by reason.

    Raises
    ------
    MissingFileError
        If a file is not there.
    InputError
        No variant has an rsID; one of ``gff`` and ``fasta`` without the other; no variant fits
        the FASTA, or lies in a transcript; a file is not what it has to be.

    References
    ----------
    Danecek & McCarthy (2017), BCFtools/csq: haplotype-aware variant consequences,
    Bioinformatics 33:2037-2039.
    Morales et al. (2022), A joint NCBI and EMBL-EBI transcript set for clinical genomics and
    research (MANE), Nature 604:310-315.

    Examples
    --------
    >>> import seqgen
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> sumstats = seqgen.read_sumstats(demo_sumstats_path()).table
    >>> changes = seqgen.annotate(sumstats, seqgen.missense_map()).table
    >>> changes[changes.gene == "RIBC2"].rsid.tolist()[0]
    'rs2142661'
    """
    if gff is None and fasta is None:
        if missense is None:
            raise InputError(
                "missense: none given, and no gene models; give seqgen.missense_map(), or gff and "
                "fasta"
            )
        return annotate_by_rsid(sumstats, missense)
    if gff is None or fasta is None:
        lacking = "gff" if gff is None else "fasta"
        raise InputError(f"{lacking}: not given; gene models need both gff and fasta")
    return annotate_by_gene_models(
        sumstats,
        (gff, fasta),
        transcripts=transcripts,
        proteins=human_proteins() if proteins is None else proteins,
        missense=missense,
        where_both=where_both,
        workers=thread_count(workers),
    )
