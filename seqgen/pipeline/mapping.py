"""From variants to residues in a run: by rsID for all, or by gene models within the loci."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from seqgen.annotation import annotate
from seqgen.annotation.reference_proteins import reference_proteins
from seqgen.errors import InputError
from seqgen.io.resources import bundled_sha256, human_proteins, missense_map
from seqgen.pipeline.changes import is_missense, only_finemapped
from seqgen.pipeline.options import Progress, RunOptions
from seqgen.pipeline.store import RunFolder, file_sha256, step_key
from seqgen.schemas import ANNOTATIONS, DROPS, SUMSTATS, Counted

_OWN = "numbered by its transcript and scored in its protein: UniProt has none that fits"


def map_to_residues(
    sumstats: pd.DataFrame,
    finemapped: pd.DataFrame,
    folder: RunFolder,
    source_key: str,
    *,
    options: RunOptions,
    tell: Progress,
) -> tuple[Counted, str]:
    """Residue changes of the fine-mapped variants, and the key of this step.

    By rsID the whole file is asked, so that the step can be used again for other loci; by gene
    models, where every variant in an intron is a row, the fine-mapped variants alone.
    """
    if options.gff is None:
        key = step_key(source_key, bundled_sha256("human_missense.parquet"))
        counted, reused = folder.cached(
            ANNOTATIONS, "annotations", key, lambda: annotate(sumstats, missense_map())
        )
        tell("mapping rsIDs to residues" + (" (reused)" if reused else ""), 1, 1)
        return Counted(only_finemapped(counted.table, finemapped), counted.drops), key
    asked = finemapped[SUMSTATS.names].drop_duplicates(list(SUMSTATS.key))
    files = [file_sha256(path) for path in gene_model_files(options)]
    places = asked[list(SUMSTATS.key)].to_dict("list")
    key = step_key(source_key, files, places, options.transcripts)
    tell("following variants through transcripts", 0, 1)
    counted, reused = folder.cached(
        ANNOTATIONS, "annotations", key, lambda: _by_gene_models(asked, options)
    )
    tell("following variants through transcripts" + (" (reused)" if reused else ""), 1, 1)
    own = _has_own_number(counted.table)
    drops = [counted.drops, _told(counted.table[own & is_missense(counted.table)])]
    return Counted(_numbered(counted.table, own), _together(drops)), key


def protein_sequences(changes: pd.DataFrame, options: RunOptions) -> dict[str, str]:
    """Sequences to score in: UniProt's, and those of transcripts that UniProt has none for."""
    known = human_proteins()
    sequences = dict(zip(known["uniprot"], known["sequence"], strict=True))
    if options.gff is None:
        return sequences
    gff, fasta = gene_model_files(options)
    asked = [name for name in changes["uniprot"].dropna().unique() if name not in sequences]
    return sequences | (reference_proteins(asked, gff=gff, fasta=fasta) if asked else {})


def gene_model_files(options: RunOptions) -> list[Path]:
    """Gene models and genome of a run; empty where it maps by rsID."""
    return [Path(path) for path in (options.gff, options.fasta) if path is not None]


def _by_gene_models(asked: pd.DataFrame, options: RunOptions) -> Counted:
    gff, fasta = gene_model_files(options)
    try:
        return annotate(
            asked, missense_map(), gff=gff, fasta=fasta, transcripts=options.transcripts
        )
    except InputError as error:
        raise InputError(f"gff, fasta: {error}") from error


def _has_own_number(annotations: pd.DataFrame) -> pd.Series:
    return ~annotations["checked"] & annotations["protein_position"].notna()


def _numbered(annotations: pd.DataFrame, own: pd.Series) -> pd.DataFrame:
    """With transcript and its numbers in place of the accession where UniProt's do not fit."""
    return annotations.assign(
        uniprot=annotations["uniprot"].mask(own, annotations["transcript"]),
        position=annotations["position"].mask(own, annotations["protein_position"]),
        checked=annotations["checked"] | own,
    )


def _told(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return DROPS.empty()
    first = rows.iloc[0]
    example = f"{first['gene']} {first['hgvs_p']}"
    row = ("annotate", f"missense variant {_OWN}", "kept", len(rows), example)
    return DROPS.validate(pd.DataFrame([row], columns=DROPS.names))


def _together(drops: list[pd.DataFrame]) -> pd.DataFrame:
    told = [part for part in drops if len(part)]
    return pd.concat(told, ignore_index=True) if told else DROPS.empty()
