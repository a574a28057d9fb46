"""Consequences by bcftools csq: each call in a process of its own, which it needs."""

from __future__ import annotations

import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from multiprocessing.spawn import get_executable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.genemodels import GeneModels
from seqgen.io.reference import is_mitochondrial

if TYPE_CHECKING:
    import polars as pl

# csq remembers the last position in a static variable and stops a second call in one process.
_CALL = "import sys; from pysam import bcftools as b; b.csq(*sys.argv[1:], catch_stdout=False)"
_VERTEBRATE_MITOCHONDRIAL = "2"  # the number of the table at NCBI
_KNOWN_BIOTYPES = frozenset((
    "protein_coding", "nonsense_mediated_decay", "non_stop_decay", "polymorphic_pseudogene",
    "IG_C_gene", "IG_D_gene", "IG_J_gene", "IG_LV_gene", "IG_V_gene", "TR_C_gene", "TR_D_gene",
    "TR_J_gene", "TR_V_gene", "lincRNA", "lncRNA", "antisense", "retained_intron", "miRNA",
    "misc_RNA", "processed_transcript", "rRNA", "snRNA", "snoRNA", "scaRNA", "Mt_rRNA", "Mt_tRNA",
    "sense_intronic", "sense_overlapping", "processed_pseudogene", "unprocessed_pseudogene",
    "transcribed_processed_pseudogene", "transcribed_unprocessed_pseudogene",
    "transcribed_unitary_pseudogene", "unitary_pseudogene", "pseudogene",
    "bidirectional_promoter_lncRNA", "macro_lncRNA", "vaultRNA", "sRNA", "scRNA", "non_coding",
    "3prime_overlapping_ncRNA", "aberrant_processed_transcript",
))  # fmt: skip
_TYPES = {"exon": "exon", "cds": "CDS", "utr5": "five_prime_UTR", "utr3": "three_prime_UTR"}
_BLOCK = 250_000


def consequences(
    variants: pd.DataFrame, models: GeneModels, fasta: Path, *, workers: int = 1
) -> pd.DataFrame:
    """What bcftools csq says of each variant by itself, as raw fields.

    Parameters
    ----------
    variants : DataFrame
        ``contig`` (the FASTA's name), ``pos``, ``ref``, ``alt``, of which ``ref`` is the
        reference's bases, in any order.
    models : GeneModels
        ``chrom`` as in the FASTA; at most a few thousand transcripts are fastest.
    fasta : Path
        With its index beside it.
    workers : int
        Processes at a time.

    Returns
    -------
    DataFrame
        ``row`` (of ``variants``, by place), ``transcript_row`` (of ``models.transcripts``),
        ``consequence`` (bcftools' words, ``&`` between), ``amino_acids`` (such as 59Y>59H; empty
        where it says none), and taken out of it ``position``, ``ref_aa`` and ``alt_aa`` (missing
        where there is none; ``alt_aa`` is ``ref_aa`` where nothing changes).

    Raises
    ------
    InputError
        If bcftools stops; its words are in the message.
    """
    import polars as pl

    order = variants.assign(row=np.arange(len(variants)))
    order = order.sort_values(["contig", "pos"], kind="stable")
    mitochondrial = order["contig"].map({c: is_mitochondrial(c) for c in order["contig"].unique()})
    blocks = []
    for code, held in (("0", order[~mitochondrial.astype(bool)]),
                       (_VERTEBRATE_MITOCHONDRIAL, order[mitochondrial.astype(bool)])):  # fmt: skip
        pieces = max(1, -(-len(held) // _BLOCK), min(workers, len(held) // 20_000))
        cuts = np.linspace(0, len(held), pieces + 1).astype(int)
        blocks += [(code, held.iloc[a:b]) for a, b in pairwise(cuts) if b > a]
    with tempfile.TemporaryDirectory(prefix="seqgen-csq-") as name:
        folder = Path(name)
        gff = folder / "models.gff"
        _write_gff(models, gff)

        def call(numbered: tuple[int, tuple[str, pd.DataFrame]]) -> pl.DataFrame:
            number, (code, held) = numbered
            return _parsed(_called(held, code, (folder / str(number), gff, fasta)))

        with ThreadPoolExecutor(max(1, workers)) as pool:
            found = list(pool.map(call, enumerate(blocks)))
    if not found:
        found = [_empty()]
    said = pl.col("amino_acids")
    table = _by_transcript(pl.concat(found)).with_columns(
        said.str.extract(r"^(\d+)").cast(pl.Int64).fill_null(0).alias("position"),
        said.str.extract(r"^\d+([A-Z*]+)").alias("ref_aa"),
        said.str.extract(r"^(?:\d+[A-Z*]+>)?\d+([A-Z*]+)$").alias("alt_aa"),
    )
    text = dict.fromkeys(("consequence", "amino_acids", "ref_aa", "alt_aa"), "str")
    frame = table.to_pandas().astype(text)
    return frame.assign(position=frame["position"].astype("Int64").mask(frame["position"] == 0))


def _empty() -> pl.DataFrame:
    import polars as pl

    types = {"row": pl.Int64, "transcript_row": pl.Int64, "consequence": pl.String}
    return pl.DataFrame(schema=types | {"amino_acids": pl.String})


def _write_gff(models: GeneModels, path: Path) -> None:
    """Gene models in the one spelling that csq reads, identifiers being numbers of rows.

    Each transcript is its own gene, because csq names introns by gene alone.
    """
    import polars as pl

    told = pl.from_pandas(models.transcripts[["chrom", "strand", "biotype", "cds_length"]])
    told = told.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    known = pl.col("biotype").is_in(sorted(_KNOWN_BIOTYPES))
    other = pl.when(pl.col("cds_length") > 0).then(pl.lit("protein_coding"))
    told = told.with_columns(
        pl.when(known).then("biotype").otherwise(other.otherwise(pl.lit("misc_RNA"))).alias("kind")
    )
    parts = pl.from_pandas(models.parts).join(told, on="row", how="inner")
    spans = parts.group_by("row", "chrom", "strand", "kind_right", maintain_order=True).agg(
        pl.col("start").min(), pl.col("end").max()
    )
    number, kind = pl.col("row").cast(pl.String), pl.col("kind_right")
    gene = spans.with_columns(
        pl.lit("gene").alias("type"), pl.lit(".").alias("frame"),
        pl.format("ID=gene:{};Name={};biotype={}", number, number, kind).alias("attributes"),
    )  # fmt: skip
    transcript = spans.with_columns(
        pl.lit("transcript").alias("type"), pl.lit(".").alias("frame"),
        pl.format("ID=transcript:{};Parent=gene:{};biotype={}", number, number, kind)
        .alias("attributes"),
    )  # fmt: skip
    phase = pl.col("phase")
    part = parts.with_columns(
        pl.col("kind").replace_strict(_TYPES).alias("type"),
        pl.when(phase < 0).then(pl.lit(".")).otherwise(phase.cast(pl.String)).alias("frame"),
        pl.format("Parent=transcript:{}", number).alias("attributes"),
    )
    names = ["chrom", "type", "start", "end", "strand", "frame", "attributes"]
    lines = pl.concat([each.select(names) for each in (gene, transcript, part)])
    dot = pl.lit(".")
    lines.select(
        "chrom", dot.alias("s"), "type", "start", "end", dot.alias("d"), "strand", "frame",
        "attributes",
    ).write_csv(path, separator="\t", include_header=False, quote_style="never")  # fmt: skip


def _called(held: pd.DataFrame, code: str, paths: tuple[Path, Path, Path]) -> Path:
    """The VCF that csq made of some variants."""
    import polars as pl

    base, gff, fasta = paths
    given, made = base.with_suffix(".in.vcf"), base.with_suffix(".out.vcf")
    contigs = "".join(f"##contig=<ID={name}>\n" for name in held["contig"].unique())
    with open(given, "wb") as out:
        out.write(
            f"##fileformat=VCFv4.2\n{contigs}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".encode()
        )
        dot = pl.lit(".")
        frame = pl.from_pandas(held[["contig", "pos", "row", "ref", "alt"]])
        frame.with_columns(dot.alias("q"), dot.alias("f"), dot.alias("i")).write_csv(
            out, separator="\t", include_header=False, quote_style="never"
        )
    command = [
        get_executable(), "-c", _CALL, "-l", "-G", "1", "-n", "1000", "--force", "-C", code,
        "-f", str(fasta), "-g", str(gff), "-O", "v", "-o", str(made), str(given),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode or not made.exists():
        told = [line for line in done.stderr.strip().splitlines() if line.strip()]
        raise InputError(
            f"bcftools csq stopped on the gene models and {fasta.name}: "
            f"{' / '.join(told[-3:]) or f'exit status {done.returncode}'}; check that the gene "
            "models and the FASTA are of one genome build"
        )
    given.unlink()
    return made


def _parsed(path: Path) -> pl.DataFrame:
    import polars as pl

    names = ["chrom", "pos", "row", "ref", "alt", "qual", "filter", "info"]
    frame = pl.read_csv(
        path, separator="\t", has_header=False, comment_prefix="#", quote_char=None,
        schema=dict.fromkeys(names, pl.String) | {"row": pl.Int64},
    ).select("row", "info")  # fmt: skip
    path.unlink()
    told = frame.with_columns(pl.col("info").str.extract(r"(?:^|;)BCSQ=([^;]+)").str.split(","))
    told = told.filter(pl.col("info").is_not_null()).explode("info").with_columns(
        pl.col("info").str.splitn("|", 7).struct.rename_fields(list("abcdefg")).alias("f")
    )  # fmt: skip
    return told.select(
        "row",
        pl.col("f").struct.field("b").cast(pl.Int64, strict=False).alias("transcript_row"),
        pl.col("f").struct.field("a").str.replace_all("*", "", literal=True).alias("consequence"),
        pl.col("f").struct.field("f").fill_null("").alias("amino_acids"),
    ).filter(pl.col("transcript_row").is_not_null())


def _by_transcript(found: pl.DataFrame) -> pl.DataFrame:
    """One row per variant and transcript: what a part says goes before the whole transcript."""
    import polars as pl

    whole = pl.col("consequence").str.contains(r"^(?:intron|non_coding)(?:&NMD_transcript)?$")
    key = ["row", "transcript_row"]
    found = found.with_columns(whole.alias("whole"))
    repeated = pl.struct(key).is_duplicated()
    single, several = found.filter(~repeated), found.filter(repeated)
    several = several.filter(~(pl.col("whole") & ~pl.col("whole").all().over(key)))
    several = several.group_by(key, maintain_order=True).agg(
        pl.col("consequence").str.split("&").explode().unique(maintain_order=True).str.join("&"),
        pl.col("amino_acids").filter(pl.col("amino_acids") != "").first().fill_null(""),
    )
    names = [*key, "consequence", "amino_acids"]
    return pl.concat([single.select(names), several.select(names)]).sort(key)
