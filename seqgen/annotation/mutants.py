"""Proteins as variants make them, for models to read or to leave alone."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from seqgen.annotation.coding import CodingSequences
from seqgen.annotation.edits import Edits, edited, edits
from seqgen.annotation.reference_proteins import coding_of, transcript_rows
from seqgen.annotation.translation import BEYOND, STOP, translate
from seqgen.errors import InputError
from seqgen.io.genemodels import read_gene_models
from seqgen.io.tally import Tally
from seqgen.schemas import MUTANT_PROTEINS, Counted

_STAGE = "mutant proteins"
_CELLS = 20_000_000
_NEEDED = ("chrom", "pos", "effect_allele", "other_allele", "allele_check", "transcript", "hgvs_p")
_KINDS = (
    ("start lost", r"Met1\?$", "start codon lost: which protein is made, if any, is not known"),
    ("unknown", r"^p\.\?$", "reaches beyond an exon's coding part: not known what is made"),
    ("frameshift", r"fsTer", "new reading frame: the new end resembles no protein"),
    ("stop lost", r"ext|_Ter\d+del", "stop lost: what is read on resembles no protein"),
    ("stop gained", r"Ter$", "stop gained: the protein is cut short, or its messenger destroyed"),
)
_SAME = r"=$"


def mutant_proteins(
    annotations: pd.DataFrame,
    *,
    gff: str | os.PathLike[str],
    fasta: str | os.PathLike[str],
) -> Counted:
    r"""Sequences of the proteins that variants make, frameshifts and lost stops read through.

    Reading goes on into what follows the coding part, to the new stop or to the transcript's end.

    Parameters
    ----------
    annotations : DataFrame
        Table ``annotations`` of `annotate` with gene models.
    gff, fasta : path
        Those gene models and that genome.

    Returns
    -------
    Counted
        ``table`` is the table ``mutant_proteins``: per variant and transcript whose protein
        changes the sequence, and whether a protein model can judge it (``scorable``) or why not
        (``reason``); ``drops`` counts rows without one.

    Raises
    ------
    MissingFileError
        If a file is not there.
    InputError
        If a column is missing, or no row changes a protein of ``gff``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import pandas as pd, seqgen
    >>> lines = ["1\tx\tmRNA\t3\t20\t.\t+\t.\tID=transcript:T", "1\tx\tCDS\t3\t20\t.\t+\t0\t"
    ...          "Parent=transcript:T"]
    >>> variants = pd.DataFrame({"chrom": ["1"], "pos": [5], "ref": ["GCGT"], "alt": ["G"]})
    >>> with tempfile.TemporaryDirectory() as name:
    ...     gff, fasta = pathlib.Path(name, "a.gff3"), pathlib.Path(name, "a.fa")
    ...     _ = gff.write_text("\n".join(lines))
    ...     _ = fasta.write_text(">1\nCCATGCGTAAAGAACTGTAACC\n")
    ...     table = seqgen.annotate(variants, gff=gff, fasta=fasta).table
    ...     made = mutant_proteins(table, gff=gff, fasta=fasta).table
    >>> made[["hgvs_p", "sequence", "scorable"]].values.tolist()
    [['p.Arg2del', 'MKEL', True]]
    """
    lacking = [name for name in _NEEDED if name not in annotations]
    if lacking:
        raise InputError(
            f"annotations: column(s) {', '.join(lacking)} missing; expected the table of annotate "
            "with gff and fasta"
        )
    tally = Tally(_STAGE)
    shown = ["chrom", "pos", "effect_allele", "other_allele", "transcript", "hgvs_p"]
    frame = annotations.reset_index(drop=True)
    same = frame["hgvs_p"].isna() | frame["hgvs_p"].fillna("").str.contains(_SAME)
    tally.note(frame[shown], same, "variant leaves the protein as it is", action="dropped")
    frame = frame[~same]
    models = read_gene_models(gff)
    rows = transcript_rows(models, frame["transcript"], frame["chrom"])
    tally.note(frame[shown], rows < 0, "transcript is not in the gene models", action="dropped")
    frame, rows = frame[rows >= 0].reset_index(drop=True), rows[rows >= 0]
    if frame.empty:
        raise InputError(
            f"annotations: no row changes a protein of a transcript of {gff}; expected the table "
            "of annotate with these gene models"
        )
    used, places = np.unique(rows, return_inverse=True)
    coding = coding_of(models.take(used), fasta)
    is_effect = (frame["allele_check"] != "other").to_numpy()
    effect, other = frame["effect_allele"], frame["other_allele"]
    alleles = pd.DataFrame({
        "pos": frame["pos"], "ref": other.where(is_effect, effect),
        "alt": effect.where(is_effect, other),
    })  # fmt: skip
    table = frame[[*shown, *(["consequence"] if "consequence" in frame else [])]].copy()
    sequence = _sequences(edits(alleles, places, coding), coding)
    return Counted(MUTANT_PROTEINS.validate(_judged(table, sequence)), tally.to_frame())


def _judged(table: pd.DataFrame, sequence: pd.Series) -> pd.DataFrame:
    name = table["hgvs_p"]
    conditions = [name.str.contains(pattern).to_numpy() for _, pattern, _ in _KINDS]
    kind = np.select(conditions, [kind for kind, _, _ in _KINDS], "in frame")
    reason = pd.Series(np.select(conditions, [why for _, _, why in _KINDS], ""), table.index)
    told = ~np.isin(kind, ("start lost", "unknown"))
    return table.assign(
        kind=kind,
        sequence=sequence.where(told).mask(sequence == "").astype("str"),
        scorable=kind == "in frame",
        reason=reason.mask(reason == "").astype("str"),
    )


def _sequences(edit: Edits, coding: CodingSequences) -> pd.Series:
    """Proteins up to the first stop, or to the transcript's end."""
    n = len(edit.row)
    width = int((coding.lengths()[edit.row] + np.maximum(edit.growth(), 0)).max(initial=3)) // 3
    step = max(1, _CELLS // (24 * max(width, 1)))
    parts = []
    for begin in range(0, n, step):
        part = edit.take(np.arange(begin, min(begin + step, n)))
        bases = edited(coding, part, np.zeros(len(part.row), dtype=np.int64), 3 * width)
        residues = translate(bases, coding.code[part.row])
        ended = np.logical_or.accumulate((residues == STOP) | (residues == BEYOND), axis=1)
        letters = np.where(ended, 0, residues).astype(np.uint8)
        text = np.char.decode(np.ascontiguousarray(letters).view(f"S{max(width, 1)}"), "ascii")
        parts.append(pd.Series(text.ravel()).astype("str"))
    return pd.concat(parts, ignore_index=True)
