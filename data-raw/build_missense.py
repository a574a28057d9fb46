"""Bundle the known human missense variants: rsID to gene, protein, residue change.

Run it with ``python data-raw/build_missense.py`` after ``build_proteins.py``. A variant of a
protein with a bundled sequence is kept only where its reference residue is the one the sequence
has at that position. Where no sequence of the protein is bundled, or the sequence carries the new
residue (Swiss-Prot has changed its reference allele since), it is kept with ``checked`` false, so
that it is still known as missense and never scored against a wrong sequence. Every row that is not
kept is counted under one reason.

Checked variants without an rsID go to ``data-raw/cache/humsavar_checked.parquet`` together with
those that have one. That file only serves evaluation and is not bundled.
"""

from __future__ import annotations

import re

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from provenance import record
from sources import BUNDLE, CACHE, SOURCES, read_member
from swissprot import HUMSAVAR_MEMBER

RECORD = re.compile(
    r"'=', '(?P<gene>[^']+)'\)\]\"/>\s*"
    r'<field name="protein">(?P<uniprot>[^<]+)</field>\s*'
    r'<field name="variant">(?P<variant>[^<]+)</field>\s*'
    r'<field name="aa_change">(?P<change>[^<]+)</field>\s*'
    r'<field name="significance">(?P<clinical>[^<]+)</field>\s*'
    r'<field name="dbsnp">(?P<rsid>[^<]+)</field>'
)
CHANGE = r"^p\.(?P<ref>[A-Z][a-z]{2})(?P<position>\d+)(?P<alt>[A-Z][a-z]{2})$"
THREE_LETTERS = "AlaArgAsnAspCysGlnGluGlyHisIleLeuLysMetPheProSerThrTrpTyrVal"
THREE_TO_ONE = {
    THREE_LETTERS[3 * number : 3 * number + 3]: letter
    for number, letter in enumerate("ARNDCQEGHILKMFPSTWYV")
}
CLINICAL = {"lbb": "benign", "lpp": "pathogenic", "us": "uncertain"}
COLUMNS = ["rsid", "gene", "uniprot", "position", "ref_aa", "alt_aa", "clinical", "checked"]
TYPES = {"position": pa.int32(), "checked": pa.bool_()}
FACTS = {
    "upstream": "UniProtKB humsavar: human polymorphisms and disease mutations",
    "upstream_reference": "UniProt Consortium, https://www.uniprot.org/docs/humsavar",
    "licence": "CC BY 4.0 (UniProt)",
    "note": (
        "Of the source package only the facts UniProt publishes are taken (gene, accession, "
        "residue change, category, rsID), none of its code. Categories: LB/B is benign, LP/P "
        "pathogenic, US uncertain."
    ),
}


def read_humsavar() -> pd.DataFrame:
    """Every row of the source, one-letter residues and 1-based positions where it has them."""
    text = read_member("humsavar", HUMSAVAR_MEMBER).decode()
    rows = pd.DataFrame([match.groupdict() for match in RECORD.finditer(text)])
    if len(rows) != text.count("<record "):
        raise SystemExit(f"{text.count('<record ')} records but {len(rows)} understood")
    parts = rows["change"].str.extract(CHANGE)
    rows["ref_aa"] = parts["ref"].map(THREE_TO_ONE)
    rows["alt_aa"] = parts["alt"].map(THREE_TO_ONE)
    rows["position"] = pd.to_numeric(parts["position"]).astype("Int64")
    rows["clinical"] = rows["clinical"].map(CLINICAL)
    rows["rsid"] = rows["rsid"].where(rows["rsid"].str.fullmatch(r"rs\d+"))
    return rows.sort_values(["uniprot", "position", "alt_aa", "variant"], ignore_index=True)


def residue_at(rows: pd.DataFrame, sequences: pd.Series) -> pd.Series:
    """Residue the sequence has at each row's position; missing where there is none."""
    found = rows["uniprot"].map(sequences)
    pairs = zip(found, rows["position"], strict=True)
    residues = [
        sequence[position - 1]
        if isinstance(sequence, str) and pd.notna(position) and 1 <= position <= len(sequence)
        else None
        for sequence, position in pairs
    ]
    return pd.Series(residues, index=rows.index, dtype="object")


def reasons(rows: pd.DataFrame, sequences: pd.Series) -> pd.Series:
    """The first reason against each row, empty where there is none."""
    residue = residue_at(rows, sequences)
    known = rows["uniprot"].isin(sequences.index)
    key = ["rsid", "uniprot", "position", "alt_aa"]
    tests = {
        "not_single_residue": rows["ref_aa"].isna() | rows["alt_aa"].isna(),
        "no_change": rows["ref_aa"] == rows["alt_aa"],
        "unknown_category": rows["clinical"].isna(),
        "position_beyond_sequence": known & residue.isna(),
        "reference_residue_mismatch": known
        & (residue != rows["ref_aa"])
        & (residue != rows["alt_aa"]),
        "duplicate": rows.duplicated(key),
        "no_rsid": rows["rsid"].isna(),
    }
    reason = pd.Series("", index=rows.index)
    for name, fails in tests.items():
        reason = reason.mask(fails.fillna(False).astype(bool) & (reason == ""), name)
    return reason


def _unchecked(rows: pd.DataFrame, sequences: pd.Series) -> dict[str, int]:
    """Why kept rows are not checked, and how many."""
    has_sequence = rows["uniprot"].isin(sequences.index)
    return {
        "no_sequence": int((~has_sequence).sum()),
        "sequence_has_the_new_residue": int((has_sequence & ~rows["checked"]).sum()),
    }


def write(rows: pd.DataFrame, path) -> None:
    """Write the variants as a Parquet table with plain types, in a fixed order."""
    order = ["uniprot", "position", "alt_aa", "rsid"]
    rows = rows.sort_values(order, ignore_index=True, na_position="last")[COLUMNS]
    schema = pa.schema([(column, TYPES.get(column, pa.string())) for column in COLUMNS])
    table = pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
    pq.write_table(
        table.replace_schema_metadata(None), path, compression="zstd", compression_level=19
    )


def main() -> None:
    """Write the bundled table and the one for evaluation, and record the counts."""
    proteins = pd.read_parquet(BUNDLE / "human_proteins.parquet")
    rows = read_humsavar()
    sequences = proteins.set_index("uniprot")["sequence"]
    rows["checked"] = residue_at(rows, sequences) == rows["ref_aa"]
    reason = reasons(rows, sequences)
    counts = reason[reason != ""].value_counts()
    write(rows[reason.isin(["", "no_rsid"]) & rows["checked"]], CACHE / "humsavar_checked.parquet")
    path = BUNDLE / "human_missense.parquet"
    write(rows[reason == ""], path)
    record(
        path,
        rows=int((reason == "").sum()),
        rows_read=len(rows),
        unchecked=_unchecked(rows[reason == ""], sequences),
        dropped={name: int(counts[name]) for name in sorted(counts.index)},
        by_category=rows.loc[reason == "", "clinical"].value_counts().sort_index().to_dict(),
        script="data-raw/build_missense.py",
        **SOURCES["humsavar"].label(),
        **FACTS,
    )


if __name__ == "__main__":
    main()
