"""Parts of transcripts made whole: stop codons in the coding part, untranslated ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def with_stop_codons(parts: pl.DataFrame) -> pl.DataFrame:
    """Coding parts with the stop codon that a GTF tells on lines of its own.

    Parameters
    ----------
    parts : polars.DataFrame
        ``row``, ``strand``, ``kind``, ``start``, ``end``, ``phase``.

    Returns
    -------
    polars.DataFrame
        Without parts of kind ``stop_codon``.
    """
    import polars as pl

    stops = parts.filter(pl.col("kind") == "stop_codon")
    if stops.is_empty():
        return parts
    rest = parts.filter(pl.col("kind") != "stop_codon")
    cds = rest.filter(pl.col("kind") == "cds")
    # Which part a stop touches or lies in; a stop that touches none is a part of its own.
    touching = stops.join(cds, on="row", suffix="_cds").filter(
        (pl.col("start") <= pl.col("end_cds") + 1) & (pl.col("end") >= pl.col("start_cds") - 1)
    )
    grown = touching.group_by("row", "start_cds", "end_cds").agg(
        pl.col("start").min().alias("low"), pl.col("end").max().alias("high")
    )
    joined = rest.join(
        grown, left_on=["row", "start", "end"], right_on=["row", "start_cds", "end_cds"],
        how="left", maintain_order="left",
    )  # fmt: skip
    coding = pl.col("kind") == "cds"
    grown_rest = joined.with_columns(
        pl.when(coding).then(pl.min_horizontal("start", "low")).otherwise("start").alias("start"),
        pl.when(coding).then(pl.max_horizontal("end", "high")).otherwise("end").alias("end"),
    ).select(parts.columns)
    alone = stops.join(touching, on=["row", "start", "end"], how="anti")
    alone = alone.join(cds.select("row").unique(), on="row", how="semi")
    return pl.concat([grown_rest, alone.with_columns(kind=pl.lit("cds")).select(parts.columns)])


def five_and_three(parts: pl.DataFrame) -> pl.DataFrame:
    """Untranslated parts for coding transcripts that have exons and name none.

    Exons of a transcript with coding parts alone are its coding parts.
    """
    import polars as pl

    # A GTF tells untranslated parts that its own coding part, short of the stop, implies.
    cds = parts.filter(pl.col("kind") == "cds")
    span = cds.group_by("row").agg(
        pl.col("start").min().alias("cds_start"), pl.col("end").max().alias("cds_end")
    )
    overlapping = parts.filter(pl.col("kind").is_in(["utr5", "utr3"])).join(span, on="row")
    clear = (pl.col("end") < pl.col("cds_start")) | (pl.col("start") > pl.col("cds_end"))
    unclear = overlapping.filter(~clear).select("row").unique()
    parts = pl.concat([
        parts.filter(~pl.col("kind").is_in(["utr5", "utr3"])),
        parts.filter(pl.col("kind").is_in(["utr5", "utr3"])).join(unclear, on="row", how="anti"),
    ])  # fmt: skip
    named = parts.filter(pl.col("kind").is_in(["utr5", "utr3"])).select("row").unique()
    exons = parts.filter(pl.col("kind") == "exon").join(named, on="row", how="anti")
    exons = exons.join(span, on="row")
    plus = pl.col("strand") == "+"
    left = exons.filter(pl.col("start") < pl.col("cds_start")).with_columns(
        pl.min_horizontal("end", pl.col("cds_start") - 1).alias("end"),
        pl.when(plus).then(pl.lit("utr5")).otherwise(pl.lit("utr3")).alias("kind"),
    )
    right = exons.filter(pl.col("end") > pl.col("cds_end")).with_columns(
        pl.max_horizontal("start", pl.col("cds_end") + 1).alias("start"),
        pl.when(plus).then(pl.lit("utr3")).otherwise(pl.lit("utr5")).alias("kind"),
    )
    with_exons = parts.filter(pl.col("kind") == "exon").select("row").unique()
    bare = cds.join(with_exons, on="row", how="anti").with_columns(
        kind=pl.lit("exon"), phase=pl.lit(-1, dtype=pl.Int64)
    )
    made = [each.with_columns(phase=pl.lit(-1, dtype=pl.Int64)) for each in (left, right)]
    return pl.concat([parts, *(each.select(parts.columns) for each in (*made, bare))])
