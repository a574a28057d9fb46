"""Consequences of variants by gene models: transcripts, residues, HGVS names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqgen.annotation.alleles import WHICH, oriented
from seqgen.annotation.changes import protein_changes
from seqgen.annotation.choice import choose_transcripts
from seqgen.annotation.coding import CodingSequences, coding_sequences
from seqgen.annotation.edits import edits, shortest, unedited
from seqgen.annotation.hgvs import named_within
from seqgen.annotation.terms import is_coding, ontology_terms, settled_terms
from seqgen.annotation.translation import translate
from seqgen.annotation.uniprot import UniProtPlaces, uniprot_places
from seqgen.errors import InputError
from seqgen.io.csq import consequences
from seqgen.io.genemodels import GeneModels, read_gene_models
from seqgen.io.reference import Reference, open_reference
from seqgen.io.tally import Tally, drops_text
from seqgen.schemas import ANNOTATIONS, DROPS, Counted

STAGE = "annotate"
_OUTSIDE = "variant lies in none of the transcripts"
_NO_CONTIG = "transcript's chromosome is not in the FASTA"
_UNNUMBERED = "residue has no counterpart in UniProt's sequence, numbered by the transcript"
_NO_CHANGES = pd.DataFrame()


class Mapped(NamedTuple):
    """Rows of variants and transcripts, and what they were told from."""

    rows: pd.DataFrame
    models: GeneModels
    coding: CodingSequences


def annotate_by_gene_models(
    sumstats: pd.DataFrame,
    files: tuple[str | os.PathLike[str], str | os.PathLike[str]],
    *,
    transcripts: Sequence[str] | str,
    proteins: pd.DataFrame,
    missense: pd.DataFrame | None,
    where_both: str,
    workers: int,
) -> Counted:
    """The table ``annotations`` of all variants in transcripts; see `annotate`."""
    tally = Tally(STAGE)
    mapped = map_variants(
        sumstats, files, tally, transcripts=transcripts, where_both=where_both, workers=workers
    )
    rows = mapped.rows
    told = mapped.models.transcripts.iloc[rows["transcript_row"]].reset_index(drop=True)
    sequences = mapped.coding.proteins()
    places = uniprot_places(mapped.models.transcripts, sequences, proteins, tally)
    table = pd.DataFrame({
        "chrom": rows["chrom"], "pos": rows["pos"], "rsid": rows["rsid"],
        "effect_allele": rows["effect_allele"], "other_allele": rows["other_allele"],
        "gene": told["gene"], "ref_aa": rows["ref_aa"], "alt_aa": rows["alt_aa"],
        "allele_check": rows["alt_is"], "consequence": rows["consequence"],
        "transcript": told["transcript"], "protein": told["protein"],
        "protein_position": rows["position"], "hgvs_p": rows["hgvs_p"],
    })  # fmt: skip
    table = _numbered(table, rows["transcript_row"].to_numpy(), places, tally)
    table["clinical"] = _clinical(table, missense)
    extra = [mapped.models.drops, tally.to_frame()]
    drops = pd.concat([each for each in extra if len(each)] or [DROPS.empty()], ignore_index=True)
    return Counted(ANNOTATIONS.validate(table), DROPS.validate(drops))


def map_variants(
    sumstats: pd.DataFrame,
    files: tuple[str | os.PathLike[str], str | os.PathLike[str]],
    tally: Tally,
    *,
    transcripts: Sequence[str] | str,
    where_both: str,
    workers: int,
) -> Mapped:
    """Consequence, residues and HGVS name of each variant in each transcript.

    Returns
    -------
    Mapped
        ``rows`` has the columns of the variants, ``transcript_row``, ``consequence``,
        ``position``, ``ref_aa``, ``alt_aa``, ``hgvs_p``.
    """
    if where_both not in WHICH:
        raise InputError(f"where_both is {where_both!r}; expected one of {', '.join(WHICH)}")
    gff, fasta = files
    models = read_gene_models(gff)
    with open_reference(fasta) as reference:
        told = "ref" if _says_ref(sumstats) else where_both
        variants = oriented(_variants(sumstats), reference, tally, where_both=told)
        models = _of_interest(models, variants, (reference, transcripts), tally)
        asked = shortest(variants[["contig", "pos", "ref", "alt"]])
        found = consequences(asked, models, reference.path, workers=workers)
        coding = coding_sequences(models, reference)
    inside = np.zeros(len(variants), dtype=bool)
    inside[found["row"].to_numpy(dtype=np.int64)] = True
    tally.note(
        variants[["chrom", "pos", "effect_allele", "other_allele"]], ~inside, _OUTSIDE,
        action="dropped",
    )  # fmt: skip
    if not inside.any():
        raise InputError(
            f"sumstats: none of {len(sumstats):,} variants lies in a transcript of {gff}; check "
            f"that both are of one genome build:\n{drops_text(tally.to_frame())}"
        )
    rows = variants.iloc[found["row"]].reset_index(drop=True)
    rows = rows.assign(transcript_row=found["transcript_row"].to_numpy(dtype=np.int64))
    return Mapped(_with_changes(rows, found, coding), models, coding)


def _says_ref(sumstats: pd.DataFrame) -> bool:
    return {"ref", "alt"} <= set(sumstats.columns) and "effect_allele" not in sumstats


def _variants(sumstats: pd.DataFrame) -> pd.DataFrame:
    """Place, alleles and name; ``ref`` and ``alt`` are read as other and effect allele."""
    named = sumstats
    if _says_ref(sumstats):
        named = sumstats.rename(columns={"ref": "other_allele", "alt": "effect_allele"})
    needed = ["chrom", "pos", "effect_allele", "other_allele"]
    lacking = [name for name in needed if name not in named]
    if lacking:
        raise InputError(
            f"sumstats: column(s) {', '.join(lacking)} missing; found "
            f"{', '.join(map(str, sumstats.columns))}; expected {', '.join(needed)} (or ref and "
            "alt)"
        )
    frame = named[needed].copy()
    frame["rsid"] = named["rsid"].to_numpy() if "rsid" in named else None
    pos = pd.to_numeric(frame["pos"], errors="coerce").to_numpy(dtype=float)
    bad = ~(pos >= 1) | (pos % 1 != 0)
    if bad.any():
        raise InputError(
            f"sumstats: pos of row {int(bad.argmax())} is {frame['pos'].iloc[bad.argmax()]!r}; "
            "expected a whole number of at least 1, in every row"
        )
    frame["pos"] = pos.astype(np.int64)
    return frame.astype({"rsid": "str", "chrom": "str"}).reset_index(drop=True)


def _of_interest(
    models: GeneModels,
    variants: pd.DataFrame,
    how: tuple[Reference, Sequence[str] | str],
    tally: Tally,
) -> GeneModels:
    """Transcripts chosen, on contigs of the reference, that have a variant in them."""
    reference, rules = how
    table = models.transcripts
    contig = reference.contigs_of(table["chrom"])
    lost = contig.isna().to_numpy()
    tally.note(table[["transcript", "gene", "chrom"]], lost, _NO_CONTIG, action="dropped")
    chosen = np.zeros(len(table), dtype=bool)
    chosen[choose_transcripts(table, rules)] = True
    spans = models.parts.groupby("row").agg(start=("start", "min"), end=("end", "max"))
    near = np.zeros(len(table), dtype=bool)
    for name, held in variants.groupby("contig", sort=False):
        at = np.flatnonzero((contig == name).fillna(value=False).to_numpy(dtype=bool))
        pos = np.sort(held["pos"].to_numpy())
        longest = int(held["ref"].str.len().max())
        first = np.searchsorted(pos, spans["start"].to_numpy()[at] - longest)
        last = np.searchsorted(pos, spans["end"].to_numpy()[at], side="right")
        near[at] = last > first
    kept = models.take(np.flatnonzero(chosen & near & ~lost))
    named = kept.transcripts.assign(chrom=contig[chosen & near & ~lost].to_numpy())
    return GeneModels(kept.name, named, kept.parts, kept.drops)


def _with_changes(rows: pd.DataFrame, found: pd.DataFrame, coding: CodingSequences) -> pd.DataFrame:
    """Residues and names: of single bases by csq's words, of the rest by reading the protein."""
    single = (rows["ref"].str.len() == 1) & (rows["alt"].str.len() == 1)
    words = found["consequence"].reset_index(drop=True)
    codes = is_coding(words)
    said = found[["position", "ref_aa", "alt_aa"]].reset_index(drop=True)
    told = single & codes & (said["ref_aa"].str.len() == 1) & (said["alt_aa"].str.len() == 1)
    told &= ~words.str.contains("stop_lost", regex=False)
    told &= _agrees(said, told, rows["transcript_row"], coding)
    out = said.where(told)
    out["hgvs_p"] = pd.Series(None, out.index, dtype="str")
    starts = coding.complete[rows["transcript_row"].to_numpy()]
    out.loc[told, "hgvs_p"] = named_within(out[told], starts[told])
    out["kind"] = _kinds_of_single(out, starts)
    changes, away = _read(rows, (codes & ~told, ~codes), words, coding)
    out.loc[away, "kind"] = "away"
    kept = np.ones(len(out), dtype=bool)
    kept[changes.index] = False
    if len(changes):
        out = pd.concat([out[kept], changes]).sort_index()
    terms = settled_terms(ontology_terms(words), out.pop("kind"), out["ref_aa"], out["alt_aa"])
    return rows.assign(consequence=terms).join(out)


def _kinds_of_single(told: pd.DataFrame, starts: np.ndarray) -> np.ndarray:
    """Sorts of change of single bases where what csq says may need to be settled."""
    old, new = (told[name].fillna("").to_numpy(dtype="U1") for name in ("ref_aa", "alt_aa"))
    first = (told["position"] == 1).fillna(value=False).to_numpy(dtype=bool)
    cases = {
        "same": first & (old == new),
        "start": first & starts & (old == "M"),
        "substitution": first & ~starts,
    }
    return np.select([*cases.values()], [*cases], "")


def _agrees(
    said: pd.DataFrame, told: pd.Series, rows: pd.Series, coding: CodingSequences
) -> np.ndarray:
    """Whether the protein has the residue that csq says: of N and of selenocysteine it has not."""
    out = np.zeros(len(said), dtype=bool)
    which = np.flatnonzero(told)
    first = 3 * (said["position"].iloc[which].to_numpy(dtype=np.int64) - 1)
    at = rows.to_numpy()[which]
    own = translate(unedited(coding, at, first[:, None] + np.arange(3)), coding.code[at])
    letters = said["ref_aa"].iloc[which].to_numpy(dtype=object).astype("S1").view(np.uint8)
    out[which] = own[:, 0] == letters
    return out


def _read(
    rows: pd.DataFrame,
    asked: tuple[pd.Series, pd.Series],
    words: pd.Series,
    coding: CodingSequences,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Changes read from the protein, and rows that csq calls coding but are away from it.

    csq overlooks some changes beside the edge of an exon and in the last codon of a coding part
    that is not whole, and takes some in introns for coding ones.
    """
    said, unsaid = (each.to_numpy(copy=True) for each in asked)
    at, pos = rows["transcript_row"].to_numpy(), rows["pos"].to_numpy()
    near = coding.touched(at, pos, pos + rows["ref"].str.len().to_numpy())
    which = np.flatnonzero(near & (said | unsaid))
    edit = edits(rows.iloc[which], at[which], coding)
    taken = edit.touches & (said[which] | ~edit.at_edge)
    read = which[taken]
    said[read] = False
    if not len(read):
        return _NO_CHANGES, np.flatnonzero(said)
    edit = edit.take(taken)
    changes = protein_changes(edit, coding).set_axis(read)
    changes = _starts(changes, words.iloc[read], coding.complete[edit.row])
    return changes, np.flatnonzero(said)


def _starts(changes: pd.DataFrame, words: pd.Series, complete: np.ndarray) -> pd.DataFrame:
    """Start codons that go with what is before them, or that it makes anew, as csq has seen."""
    lost = words.str.contains("start_lost", regex=False).to_numpy()
    retained = ~lost & words.str.contains("start_retained", regex=False).to_numpy()
    kind = changes["kind"].to_numpy(dtype=object)
    lost = lost & complete & (kind == "unknown")
    retained = retained & ((kind == "unknown") | (kind == "start"))
    names = ["position", "ref_aa", "alt_aa", "hgvs_p", "kind"]
    for name, gone, made in zip(names, [1, "M", None, "p.Met1?", "start"],
                                [1, "M", "M", "p.Met1=", "same"], strict=True):  # fmt: skip
        changes[name] = changes[name].mask(lost, gone).mask(retained, made)
    return changes


def _numbered(
    table: pd.DataFrame, transcript_row: np.ndarray, places: UniProtPlaces, tally: Tally
) -> pd.DataFrame:
    """With accession and UniProt's position, where the residue has one."""
    own = table["protein_position"].fillna(0).to_numpy(dtype=np.int64)
    lengths = np.diff(places.offsets)[transcript_row]
    inside = (own >= 1) & (own <= lengths)
    at = places.offsets[transcript_row] + np.clip(own - 1, 0, np.maximum(lengths - 1, 0))
    at = np.minimum(at, max(len(places.places) - 1, 0))
    # The stop is one beyond the last residue.
    place = np.where(inside, places.places[at], 0) if len(places.places) else np.zeros_like(own)
    letter = places.letters[at] if len(places.letters) else np.zeros_like(own, dtype=np.uint8)
    stop = (own >= 2) & (own == lengths + 1)
    if len(places.places):
        before = places.places[np.minimum(at, len(places.places) - 1)]
        place = np.where(stop & (before > 0), before + 1, place)
    accession = places.accession.iloc[transcript_row].reset_index(drop=True)
    known = accession.notna().to_numpy()
    lost = known & (own > 0) & (place == 0)
    tally.note(table[["chrom", "pos", "gene", "hgvs_p"]], lost, _UNNUMBERED, action="kept")
    numbered = known & (place > 0)
    first = table["ref_aa"].str.slice(0, 1).fillna("").to_numpy(dtype=object).astype("S1")
    checked = numbered & inside & (first.view(np.uint8) == letter)
    return table.assign(
        uniprot=accession.where(numbered).astype("str"),
        position=pd.Series(np.where(numbered, place, own), dtype="Int64").mask(own == 0),
        checked=checked,
    )


def _clinical(table: pd.DataFrame, missense: pd.DataFrame | None) -> pd.Series:
    """UniProt's label of the change, where known."""
    if missense is None:
        return pd.Series(None, table.index, dtype="str")
    key = ["uniprot", "position", "ref_aa", "alt_aa"]
    known = missense.dropna(subset="clinical").drop_duplicates(key)[[*key, "clinical"]]
    asked = table[key].assign(position=table["position"].astype("Int64"))
    known = known.assign(position=known["position"].astype("Int64"))
    return asked.merge(known, on=key, how="left")["clinical"].set_axis(table.index)
