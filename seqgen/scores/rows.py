"""Which residue changes can be scored, and why the others cannot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.models.protocol import SequenceModel
from seqgen.parallel import Shard, shard_slice
from seqgen.residues import SUBSTITUTES, refuse_dna
from seqgen.schemas import AMINO_ACIDS, DROPS, SCORES, Counted

CHANGE = ["uniprot", "position", "ref_aa", "alt_aa"]

READ = "protein holds U, O, B, Z, J or X; read as C, K or unknown"
_NOT_COVERED = "residue is not covered by the model (outside the alignment it was fitted to)"
_OTHER_PROTEIN = "protein is not one the model was fitted to"


def protein_sequences(
    proteins: pd.DataFrame | Mapping[str, str], names: pd.Series
) -> dict[str, str]:
    """Accession to sequence for those of ``names`` that are there: upper case, no final stop.

    Raises
    ------
    InputError
        If a sequence that is needed is no text, or all are DNA.
    """
    if isinstance(proteins, pd.DataFrame):
        proteins = _mapping(proteins)
    refuse_dna(proteins, "proteins")
    sequences = {name: proteins[name] for name in names.dropna().unique() if name in proteins}
    for name, sequence in sequences.items():
        if not isinstance(sequence, str):
            raise InputError(
                f"proteins: the sequence of {name!r} is {sequence!r}; expected one-letter residues"
            )
        sequences[name] = sequence.strip().upper().removesuffix("*")
    return sequences


def _mapping(proteins: pd.DataFrame) -> dict[str, str]:
    """Accession to sequence, each accession with one sequence."""
    missing = [name for name in ("uniprot", "sequence") if name not in proteins]
    if missing:
        raise InputError(
            f"proteins: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, proteins.columns)) or 'none'}; expected uniprot, sequence"
        )
    distinct = proteins[["uniprot", "sequence"]].drop_duplicates()
    twice = distinct["uniprot"].duplicated()
    if twice.any():
        raise InputError(
            f"proteins: {distinct['uniprot'][twice].iloc[0]!r} has more than one sequence; "
            "keep one per accession"
        )
    return dict(zip(distinct["uniprot"], distinct["sequence"], strict=True))


def require_changes(variants: pd.DataFrame) -> None:
    """Refuse a table without the columns of a change, or without rows.

    Raises
    ------
    InputError
        Naming what is missing.
    """
    missing = [name for name in CHANGE if name not in variants]
    if missing:
        raise InputError(
            f"variants: column(s) {', '.join(missing)} missing; found "
            f"{', '.join(map(str, variants.columns)) or 'none'}; expected {', '.join(CHANGE)}"
        )
    if not len(variants):
        raise InputError("variants: no rows; expected at least one residue change to score")


def only_proteins(model: SequenceModel, variants: pd.DataFrame) -> set[str] | None:
    """The proteins a model of one family is for, where ``variants`` name them; None for any."""
    own = set(getattr(model, "proteins", ()))
    return own if own and own & set(variants["uniprot"].dropna()) else None


def shard_rows(variants: pd.DataFrame, changes: pd.DataFrame, shard: Shard) -> pd.DataFrame:
    """Rows of one part of the proteins with changes that can be scored; see `score_variants`."""
    names = changes["uniprot"].drop_duplicates()
    mine = names.iloc[shard_slice(len(names), shard, what="proteins")]
    here = variants["uniprot"].isin(mine)
    if shard[0] == 1:
        here |= ~variants["uniprot"].isin(names)
    return variants[here]


def usable_changes(
    variants: pd.DataFrame, sequences: Mapping[str, str], only: set[str] | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Distinct changes that can be scored, and the count of rows that cannot, by reason."""
    reason = _reasons(variants, sequences)
    if only is not None:
        reason = np.where(variants["uniprot"].isin(only), reason, _OTHER_PROTEIN)
    read = {name for name, text in sequences.items() if set(text) & SUBSTITUTES.keys()}
    text = variants[CHANGE].astype("str").fillna("?")
    text["position"] = text["position"].str.removesuffix(".0")  # of a column of floats, as R's
    rows = pd.DataFrame({
        "reason": np.where((reason == "") & variants["uniprot"].isin(read), READ, reason),
        "example": (text["uniprot"] + " " + text["ref_aa"] + text["position"]
                    + text["alt_aa"]).to_numpy(),
    })  # fmt: skip
    rows = rows[rows["reason"] != ""]
    drops = rows.drop_duplicates("reason", ignore_index=True).assign(stage="scores")
    drops["count"] = drops["reason"].map(rows["reason"].value_counts())
    drops["action"] = np.where(drops["reason"] == READ, "changed", "dropped")
    drops = DROPS.validate(drops.sort_values("count", ascending=False, ignore_index=True))
    usable = variants.loc[reason == "", CHANGE].drop_duplicates(ignore_index=True)
    if usable.empty:
        why = "; ".join(f"{reason}: {count}" for reason, count in
                        zip(drops["reason"], drops["count"], strict=True))  # fmt: skip
        raise InputError(
            f"variants: none of {len(variants)} row(s) can be scored ({why}; for example "
            f"{drops['example'].iloc[0]}); check accessions, positions and protein sequences"
        )
    return usable.astype({"uniprot": "str", "position": "int64"}), drops


def covered(scored: pd.DataFrame, drops: pd.DataFrame, variants: pd.DataFrame) -> Counted:
    """Scores, and drops with the rows of ``variants`` that the model says nothing about."""
    missing = scored["log_lik_ratio"].isna()
    if not missing.any():
        return Counted(SCORES.validate(scored), drops)
    changes = scored.loc[missing, CHANGE].drop_duplicates()
    first = changes.iloc[0]
    example = f"{first['uniprot']} {first['ref_aa']}{first['position']}{first['alt_aa']}"
    if missing.all():
        raise InputError(
            f"variants: none of {len(variants)} row(s) can be scored ({_NOT_COVERED}; for example "
            f"{example}); check positions against the model's, or use another model"
        )
    rows = variants[CHANGE].assign(
        position=pd.to_numeric(variants["position"], errors="coerce").astype(float)
    )
    count = len(rows.merge(changes.astype({"position": "float64"}), on=CHANGE))
    told = {"stage": "scores", "reason": _NOT_COVERED, "action": "dropped", "count": count,
            "example": example}  # fmt: skip
    drops = DROPS.validate(pd.concat([drops, pd.DataFrame([told])], ignore_index=True))
    return Counted(SCORES.validate(scored[~missing].reset_index(drop=True)), drops)


def _reasons(variants: pd.DataFrame, sequences: Mapping[str, str]) -> np.ndarray:
    """Why each row cannot be scored; empty where it can. The first reason that holds counts."""
    accession, ref, alt = variants["uniprot"], variants["ref_aa"], variants["alt_aa"]
    position = pd.to_numeric(variants["position"], errors="coerce").to_numpy(float, na_value=np.nan)
    whole = (position >= 1) & (position % 1 == 0)
    place = pd.Index(list(sequences)).get_indexer(pd.Index(accession))
    length = np.array([len(text) for text in sequences.values()] + [0])
    inside = (place >= 0) & whole & (position <= length[place])
    letters = np.frombuffer("".join(sequences.values()).encode("ascii", "replace"), dtype=np.uint8)
    first = np.concatenate([[0], np.cumsum(length[:-1])])
    found = np.zeros(len(variants), dtype=np.int64)
    found[inside] = letters[first[place[inside]] + position[inside].astype(np.int64) - 1]
    residues = list(AMINO_ACIDS)
    expected = ref.map({residue: ord(residue) for residue in residues}).to_numpy(float)
    reasons = {
        "change gains or loses a stop": (ref == "*") | (alt == "*"),
        "ref_aa or alt_aa is not one of the 20 residues":
            ~(ref.isin(residues) & alt.isin(residues)),
        "alt_aa equals ref_aa": ref == alt,
        "protein not among the given sequences": place < 0,
        "position is not a whole number of at least 1": ~whole,
        "position beyond the end of the protein": ~inside,
        "ref_aa differs from the protein's residue (another isoform or version?)":
            found != expected,
    }  # fmt: skip
    conditions = [np.asarray(holds, dtype=bool) for holds in reasons.values()]
    return np.select(conditions, list(reasons), default="")
