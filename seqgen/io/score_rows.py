"""Rows of a table of scores: those of some positions, or of some residue changes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.delimited import MISSING
from seqgen.io.score_tables import ScoreTable
from seqgen.io.tabix import IndexedTable, chromosome_keys, has_index, is_bgzip, open_table
from seqgen.io.tables import existing_file
from seqgen.io.text_blocks import Block, blocks_of

if TYPE_CHECKING:
    import polars as pl

# Spans nearer than this are read as one: a block of bgzip holds about as much.
_NEAR = 500
_LINES = 500_000
_LONG = 20_000_000_000
# Reading a span by the index costs about as much as reading through so many packed bytes.
_SPAN_BYTES = 700
_ALLELE = ("chrom", "pos", "ref", "alt")


def rows_at(table: ScoreTable, wanted: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table by allele at some positions.

    Parameters
    ----------
    table : ScoreTable
    wanted : DataFrame
        ``chrom``, ``pos``.

    Returns
    -------
    DataFrame
        ``chrom`` (without ``chr``), ``pos``, ``ref``, ``alt``, ``uniprot`` where told, and the
        scores by their names here.

    Raises
    ------
    InputError
        If the table is damaged, or too long to be read without an index.
    """
    places = pd.DataFrame({
        "chrom": chromosome_keys(wanted["chrom"]), "pos": wanted["pos"].astype("int64"),
    }).drop_duplicates()  # fmt: skip
    roles = [role for role in (*_ALLELE, "uniprot") if role in table.roles]
    if table.text is None:
        return _of_parquet(table, places, roles)
    if _by_index(table.path, places):
        with open_table(table.path) as opened:
            parts = [_parsed(table, text, roles) for text in _regions(opened, places)]
    else:
        _check_size(table.path)
        blocks = _blocks(table, roles, ("pos", np.unique(places["pos"]).tolist()))
        parts = [frame[_known(frame, places)] for frame in blocks]
    if not parts:
        return _parsed(table, "", roles)
    found = pd.concat(parts, ignore_index=True)
    return found[_known(found, places)].reset_index(drop=True)


def rows_of(table: ScoreTable, wanted: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table by residue change.

    Parameters
    ----------
    table : ScoreTable
    wanted : DataFrame
        ``uniprot`` and ``change`` (such as A12V).

    Returns
    -------
    DataFrame
        ``uniprot``, ``change``, and the scores by their names here.

    Raises
    ------
    InputError
        If the table is damaged.
    """
    asked = wanted[["uniprot", "change"]].drop_duplicates()
    if table.by == "matrix":
        return _of_matrices(table, asked)
    given = ("change",) if "change" in table.roles else ("position", "ref_aa", "alt_aa")
    roles = ["uniprot", *given]
    if table.text is None:
        return _with_change(_of_parquet(table, asked[["uniprot"]].drop_duplicates(), roles)).merge(
            asked, on=["uniprot", "change"]
        )
    parts, left = [], len(asked)
    for frame in _blocks(table, roles, ("uniprot", asked["uniprot"].unique().tolist())):
        held = _with_change(frame)
        parts.append(held.merge(asked, on=["uniprot", "change"]))
        left -= len(parts[-1].drop_duplicates(["uniprot", "change"]))
        if left <= 0:  # each change is in the table once
            break
    return pd.concat(parts, ignore_index=True)


def _known(frame: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """Whether each row is at one of the places."""
    keys = pd.Index(places["chrom"].unique())
    asked = keys.get_indexer(places["chrom"]) * (1 << 33) + places["pos"].to_numpy()
    chrom = keys.get_indexer(frame["chrom"])
    return (chrom >= 0) & np.isin(chrom * (1 << 33) + frame["pos"].to_numpy(), asked)


def _by_index(path: Path, places: pd.DataFrame) -> bool:
    """Whether a table has an index, and the places are not so many that it is better read whole."""
    if not (is_bgzip(path) and has_index(path)):
        return False
    count = sum(len(_spans(held["pos"])) for _, held in places.groupby("chrom"))
    size = path.stat().st_size
    return size > _LONG or count * _SPAN_BYTES < max(size, 1 << 20)


def _spans(positions: pd.Series) -> list[tuple[int, int]]:
    """Stretches that hold the positions, first and last."""
    pos = np.sort(positions.to_numpy())
    first = np.flatnonzero(np.diff(pos, prepend=-_NEAR - 1) > _NEAR)
    last = np.append(first[1:], len(pos)) - 1
    return list(zip(pos[first].tolist(), pos[last].tolist(), strict=True))


def _regions(opened: IndexedTable, places: pd.DataFrame) -> Iterator[str]:
    """Text of the table around the places, in its order, some lines at a time."""
    for chrom, held in places.groupby("chrom"):
        contig = opened.contig(str(chrom))
        if contig is None:
            continue
        lines: list[str] = []
        for line in opened.lines(contig, _spans(held["pos"])):
            lines.append(line)
            if len(lines) == _LINES:
                yield "\n".join(lines)
                lines = []
        if lines:
            yield "\n".join(lines)


def _parsed(table: ScoreTable, text: str, roles: list[str]) -> pd.DataFrame:
    """Columns of some lines of a text table."""
    import polars as pl

    assert table.text is not None
    header = table.text.header
    frame = pl.DataFrame({name: [] for name in header}, schema=dict.fromkeys(header, pl.String))
    if text:
        frame = pl.read_csv(
            text.encode(), has_header=False, separator="\t", infer_schema=False, quote_char=None,
            new_columns=list(header), null_values=list(MISSING),
        )  # fmt: skip
    return _as_frame(table, frame.lazy(), roles)


def _as_frame(table: ScoreTable, frame: pl.LazyFrame, roles: list[str]) -> pd.DataFrame:
    """The columns wanted, named as here and of the right kinds."""
    import polars as pl

    kinds = {"pos": pl.Int64, "position": pl.Int64}
    columns = [
        pl.col(table.roles[role]).cast(kinds.get(role, pl.String)).alias(role) for role in roles
    ]
    columns += [pl.col(score.column).cast(pl.Float64).alias(score.name) for score in table.scores]
    try:
        made = frame.select(columns).collect().to_pandas()
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"{table.path}: holds what is no number where one is expected "
            f"({str(error).splitlines()[0]}); is it whole, and are the columns the right ones?"
        ) from error
    return _tidy(made, roles)


def _tidy(frame: pd.DataFrame, roles: list[str]) -> pd.DataFrame:
    if "chrom" in roles:
        frame["chrom"] = chromosome_keys(frame["chrom"])
        frame["ref"], frame["alt"] = frame["ref"].str.upper(), frame["alt"].str.upper()
    return frame.astype({role: "str" for role in roles if role not in ("pos", "position")})


def _blocks(table: ScoreTable, roles: list[str], keep: tuple[str, list]) -> Iterator[pd.DataFrame]:
    """Rows of a text table whose role is among some values, read through in blocks."""
    assert table.text is not None
    role, values = keep
    for block in blocks_of(table.text):
        fast = _filtered(table, block, roles, keep)
        if fast is not None:
            yield fast
            continue
        frame = _whole(table, block, roles)
        yield _tidy(frame[frame[role].isin(values)].copy(), roles)


def _filtered(
    table: ScoreTable, block: Block, roles: list[str], keep: tuple[str, list]
) -> pd.DataFrame | None:
    """The rows by polars, where every line is whole; else None."""
    import polars as pl

    mark, data = block.layout.separator.encode(), block.data
    if len(mark) > 1 or b'"' in data or b"\r" in data:
        return None
    letters = np.frombuffer(data, dtype=np.uint8)
    lines = int(np.count_nonzero(letters == 10)) + (not data.endswith(b"\n"))
    if np.count_nonzero(letters == mark[0]) != lines * (len(block.layout.header) - 1):
        return None
    names = {*(table.roles[role] for role in roles), *(score.column for score in table.scores)}
    at = sorted(block.layout.header.index(name) for name in names)
    role, values = keep
    told = pl.col(table.roles[role])
    frame = pl.read_csv(
        data, has_header=False, separator=block.layout.separator, columns=at,
        infer_schema=False, quote_char=None,
    )  # fmt: skip
    frame.columns = [block.layout.header[place] for place in at]
    if role == "pos":
        numbers = frame.select(told.cast(pl.Int64, strict=False)).to_series()
        if numbers.null_count():
            return None
        frame = frame.filter(numbers.is_in(values))
    else:
        frame = frame.filter(told.is_in(values))
    missing = [pl.when(~pl.all().is_in(list(MISSING))).then(pl.all())]
    return _as_frame(table, frame.lazy().with_columns(missing), roles)


def _whole(table: ScoreTable, block: Block, roles: list[str]) -> pd.DataFrame:
    """All rows of a block, with a word on what is no number."""
    header = block.layout.header
    place = {name: at for at, name in enumerate(header)}
    numbers = [role for role in roles if role in ("pos", "position")]
    at = {role: place[table.roles[role]] for role in roles}
    at |= {score.name: place[score.column] for score in table.scores}
    text = [at[role] for role in roles if role not in numbers]
    read = block.read(list(at.values()), text=text)
    frame = pd.DataFrame({name: read[column] for name, column in at.items()})
    for name in [*numbers, *(score.name for score in table.scores)]:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            raise InputError(
                f"{table.path}: column '{header[at[name]]}' holds what is no number, from line "
                f"{block.line + 1} on; are the columns the right ones?"
            )
    return frame


def _of_parquet(table: ScoreTable, wanted: pd.DataFrame, roles: list[str]) -> pd.DataFrame:
    import polars as pl

    frame = pl.scan_parquet(table.path)
    if "chrom" not in roles:
        held = pl.col(table.roles["uniprot"]).is_in(wanted["uniprot"].tolist())
        return _as_frame(table, frame.filter(held), roles)
    held = pl.col(table.roles["pos"]).is_in(np.unique(wanted["pos"]).tolist())
    found = _as_frame(table, frame.filter(held), roles)
    return found[_known(found, wanted)].reset_index(drop=True)


def _with_change(frame: pd.DataFrame) -> pd.DataFrame:
    if "change" in frame:
        return frame
    position = frame["position"].astype("Int64").astype("str")
    change = frame["ref_aa"] + position + frame["alt_aa"]
    return frame.drop(columns=["position", "ref_aa", "alt_aa"]).assign(change=change)


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > _LONG:
        raise InputError(
            f"{path}: {size / 1e9:,.0f} GB without an index are too much to read through; fetch "
            f"its .tbi, or make it: tabix -s 1 -b 2 -e 2 {path}"
        )


def _of_matrices(table: ScoreTable, wanted: pd.DataFrame) -> pd.DataFrame:
    """ESM-1b's tables: columns are residues (``M 1``), rows what they change to."""
    proteins = wanted["uniprot"].unique()
    parts = [
        _melted(name, matrix, table.scores[0].name)
        for name, matrix in _matrices(table.path, set(proteins))
    ]
    empty = pd.DataFrame({"uniprot": [], "change": [], table.scores[0].name: []})
    found = pd.concat(parts or [empty.astype({"uniprot": "str", "change": "str"})])
    return found.merge(wanted, on=["uniprot", "change"])


def _matrices(path: Path, proteins: set[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    if path.is_dir():
        for name in sorted(proteins):
            if (path / f"{name}_LLR.csv").exists():
                yield name, _matrix(path / f"{name}_LLR.csv", path)
        return
    path = existing_file(path)
    if not path.name.lower().endswith(".zip"):
        yield path.name[: -len("_LLR.csv")], _matrix(path, path)
        return
    try:
        with zipfile.ZipFile(path) as packed:
            for member in packed.namelist():
                name = member.rpartition("/")[2].removesuffix("_LLR.csv")
                if name in proteins and member.endswith("_LLR.csv"):
                    with packed.open(member) as handle:
                        yield name, _matrix(handle, path)
    except zipfile.BadZipFile as error:
        raise InputError(f"{path}: is no whole zip file ({error}); fetch it again") from error


def _matrix(source: object, path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(source, index_col=0)  # type: ignore[call-overload]
        fits = all(re.fullmatch(r"[A-Z] \d+", str(name)) for name in frame.columns)
        if fits and len(frame.columns):
            return frame.astype("float64")
    except ValueError:
        pass
    raise InputError(
        f"{path}: holds a table that is not ESM-1b's; expected a column per residue, named such as "
        "'M 1', and a row per residue in its place"
    )


def _melted(name: str, matrix: pd.DataFrame, score: str) -> pd.DataFrame:
    residues = np.array([str(column).replace(" ", "") for column in matrix.columns], dtype=object)
    to = np.array([str(letter) for letter in matrix.index], dtype=object)
    change = (residues[:, None] + to[None, :]).ravel()
    frame = pd.DataFrame(
        {"change": pd.Series(change, dtype="str"), score: matrix.to_numpy().T.ravel()}
    )
    return frame.assign(uniprot=name).dropna(subset=score).astype({"uniprot": "str"})
