"""What the names of variants tell: rsIDs, places, alleles; and what a .bim file tells of them."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.columns import Layout
from seqgen.io.delimited import MISSING
from seqgen.io.sumstats_source import Source
from seqgen.io.tables import existing_file
from seqgen.io.tally import Tally

COMBINED = ("chrom_pos", "chrom_pos_other_effect", "chrom_pos_effect_other")
_PLACE = r"(?i)^\s*(?:chr)?([0-9]{1,2}|xy|x|y|mt|m)[:_-]([0-9]+)(?:[:_-]([a-z]+)[:_-]([a-z]+))?"
_SHARE = 0.9


def place_in_names(source: Source, layout: Layout) -> Layout:
    """Take ``chrom_pos`` from a column of names such as ``1:1000:A:G`` where nothing else tells."""
    has = set(layout.columns)
    if {"chrom", "pos"} <= has or has & set(COMBINED) or "rsid" not in has:
        return layout
    at = layout.columns["rsid"]
    cells = source.first(at)
    named = cells[cells.notna()].str.extract(_PLACE)[0].notna()
    if not len(named) or named.mean() < _SHARE:
        return layout
    layout.columns["chrom_pos"] = at
    layout.reasons["chrom_pos"] = "its cells are chrom:pos"
    return layout


def split_places(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Columns ``chrom`` and ``pos``, and alleles where their order is known, out of one."""
    name = next((name for name in COMBINED if name in frame), None)
    if name is None:
        return frame
    parts = frame[name].astype("str").str.extract(_PLACE)
    frame = frame.drop(columns=name)
    if "chrom" not in frame:
        frame = frame.assign(chrom=parts[0].astype("category"))
    if "pos" not in frame:
        frame = frame.assign(pos=pd.to_numeric(parts[1], errors="coerce"))
    orders = {COMBINED[1]: (2, 3), COMBINED[2]: (3, 2)}
    if name in orders:
        other, effect = orders[name]
        for standard, at in (("other_allele", other), ("effect_allele", effect)):
            if standard not in frame:
                frame = frame.assign(**{standard: parts[at].astype("category")})
    tally.note(
        frame,
        parts[0].isna(),
        "name is not chrom:pos, so chromosome and position are missing",
        action="kept",
    )
    return frame


def other_of_two(frame: pd.DataFrame) -> pd.DataFrame:
    """``other_allele``: of ``ref`` and ``alt`` the one that is not the effect allele."""
    if "other_allele" in frame or not {"ref", "alt", "effect_allele"} <= set(frame):
        return frame
    effect = frame["effect_allele"].astype("str")
    ref, alt = frame["ref"].astype("str"), frame["alt"].astype("str")
    other = ref.where(effect == alt, alt.where(effect == ref))
    return frame.drop(columns=["ref", "alt"]).assign(other_allele=other.astype("category"))


def from_bim(frame: pd.DataFrame, bim: str | os.PathLike[str], tally: Tally) -> pd.DataFrame:
    """Fill missing columns ``chrom``, ``pos`` and ``other_allele`` from a .bim file, by rsID."""
    lacking = [x for x in ("chrom", "pos", "other_allele") if x not in frame]
    if not lacking:
        return frame
    if "rsid" not in frame:
        raise InputError(f"bim: the summary statistics have no names to look up in {bim}")
    known = _read_bim(bim).drop_duplicates("rsid", keep=False).set_index("rsid")
    at = known.index.get_indexer(pd.Index(frame["rsid"]))
    frame = tally.drop(frame, at < 0, "name is not in the .bim file, or is there twice")
    found = known.take(at[at >= 0]).set_index(frame.index)
    effect = frame["effect_allele"].astype("str").str.upper()
    is_first, is_second = effect == found["a1"], effect == found["a2"]
    strange = ~(is_first | is_second)
    frame = tally.drop(frame, strange, "effect allele is neither of the .bim file's")
    other = found["a2"].where(is_first, found["a1"])[~strange].astype("category")
    values = {
        "chrom": found["chrom"].astype("category"),
        "pos": found["pos"],
        "other_allele": other,
    }
    frame = frame.assign(**{name: values[name].loc[frame.index] for name in lacking})
    told = ", ".join(lacking)
    tally.note(frame, np.ones(len(frame), bool), f"{told} from the .bim file", action="changed")
    return frame


def _read_bim(path: str | os.PathLike[str]) -> pd.DataFrame:
    path = existing_file(path)
    names = ["chrom", "rsid", "cm", "pos", "a1", "a2"]
    try:
        frame = pd.read_csv(
            path, sep=r"\s+", header=None, names=names, dtype=dict.fromkeys(names, "str")
        )
        frame["pos"] = pd.to_numeric(frame["pos"])
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: is no .bim file ({str(error).strip()}); expected six columns: chromosome, "
            "name, cM, position, two alleles"
        ) from error
    return frame.assign(a1=frame["a1"].str.upper(), a2=frame["a2"].str.upper())


def rsids(frame: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """rsIDs; the first where a cell holds several, missing where it holds none."""
    if "rsid" not in frame:
        return frame.assign(rsid=pd.Series(None, frame.index, dtype="str"))
    given = frame["rsid"].where(~frame["rsid"].isin(MISSING))
    plain = (given.isna() | given.str.fullmatch(r"rs\d+")).to_numpy(dtype=bool)
    if plain.all():
        return frame.assign(rsid=given)
    odd = frame.loc[~plain, "rsid"].str.extract(r"(?i)(?<![a-z0-9])(rs\d+)")[0].str.lower()
    kept = np.zeros(len(frame), dtype=bool)
    kept[~plain] = odd.notna().to_numpy()
    tally.note(frame, kept, "name holds more than an rsID: its first rsID taken", action="changed")
    tally.note(frame, ~plain & ~kept, "name is no rsID: left missing", action="changed")
    rsid = given.copy()
    rsid[~plain] = odd
    return frame.assign(rsid=rsid)
