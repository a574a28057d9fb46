"""What a schema is: columns with types and ranges, checked on the way in, rendered as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from seqgen.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_PANDAS_DTYPES = {"string": "str", "int": "int64", "float": "float64", "bool": "bool"}
_PANDAS_NULLABLE = {"string": "str", "int": "Int64", "float": "float64", "bool": "boolean"}


@dataclass(frozen=True)
class Column:
    """One column: its kind (string, int, float, bool), range and meaning."""

    name: str
    kind: str
    meaning: str
    unit: str = ""
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    optional: bool = False

    @property
    def dtype(self) -> str:
        """The pandas dtype in which the column is held."""
        return (_PANDAS_NULLABLE if self.nullable else _PANDAS_DTYPES)[self.kind]


@dataclass(frozen=True)
class Schema:
    """A named table: one row per ``row``, unique in ``key``."""

    name: str
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def validate(self, frame: pd.DataFrame, where: str = "") -> pd.DataFrame:
        """Check ``frame`` and return it with columns in order and of the right dtype.

        Columns beyond the schema are kept, after its own.

        Raises
        ------
        InputError
            Naming the table, the column, the first offending row and the remedy.
        """
        label = f"table '{self.name}'" + (f" ({where})" if where else "")
        missing = [c.name for c in self.columns if c.name not in frame and not c.optional]
        if missing:
            raise InputError(
                f"{label}: column(s) {', '.join(missing)} missing; found "
                f"{', '.join(map(str, frame.columns)) or 'none'}; expected "
                f"{', '.join(self.names)}"
            )
        present = [c for c in self.columns if c.name in frame]
        extra = [name for name in frame.columns if name not in set(self.names)]
        out = frame[[c.name for c in present] + extra].copy()
        for column in present:
            out[column.name] = _checked(out[column.name], column, label)
        if self.key:
            _check_key(out, self.key, label)
        return out

    def empty(self) -> pd.DataFrame:
        """A table of no rows with this schema's columns and dtypes."""
        import pandas as pd

        return pd.DataFrame({c.name: pd.Series([], dtype=c.dtype) for c in self.columns})

    def to_markdown(self) -> str:
        """The documentation's table of columns."""
        lines = [
            f"**{self.name}**: one row per {self.row}"
            + (f"; key {', '.join(f'`{k}`' for k in self.key)}." if self.key else "."),
            "",
            "| column | type | unit | meaning |",
            "|---|---|---|---|",
        ]
        for column in self.columns:
            kind = column.kind + (", may be missing" if column.nullable else "")
            lines.append(f"| `{column.name}` | {kind} | {column.unit} | {column.meaning} |")
        return "\n".join(lines)


def _checked(values: pd.Series, column: Column, label: str) -> pd.Series:
    """One column cast to its dtype and held to its range."""
    try:
        values = values.astype(column.dtype)  # type: ignore[call-overload]
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{label}: column '{column.name}' holds values that are not {column.kind}: {error}"
        ) from error
    absent = values.isna()
    if not column.nullable and absent.any():
        raise InputError(
            f"{label}: column '{column.name}' has {int(absent.sum())} missing value(s), first at "
            f"row {int(absent.to_numpy().argmax())}; drop those rows or fill them"
        )
    bad = _out_of_range(values, column) & ~absent.to_numpy(dtype=bool)
    if bad.any():
        first = int(bad.argmax())
        raise InputError(
            f"{label}: column '{column.name}' row {first} is {values.iloc[first]!r}; expected "
            f"{_range_text(column)}; {int(bad.sum())} row(s) in all"
        )
    return values


def _out_of_range(values: pd.Series, column: Column):
    import numpy as np

    bad = np.zeros(len(values), dtype=bool)
    if column.low is not None:
        bad |= (values < column.low).fillna(False).to_numpy(dtype=bool)
    if column.high is not None:
        bad |= (values > column.high).fillna(False).to_numpy(dtype=bool)
    if column.allowed:
        bad |= ~values.isin(column.allowed).to_numpy(dtype=bool)
    return bad


def _range_text(column: Column) -> str:
    if column.allowed:
        return "one of " + ", ".join(column.allowed)
    low = "-inf" if column.low is None else f"{column.low:g}"
    high = "inf" if column.high is None else f"{column.high:g}"
    return f"{column.kind} in [{low}, {high}]"


def _check_key(frame: pd.DataFrame, key: tuple[str, ...], label: str) -> None:
    key = tuple(name for name in key if name in frame)  # optional columns may be part of it
    duplicated = frame.duplicated(list(key))
    if duplicated.any():
        first = frame.loc[duplicated, list(key)].iloc[0].to_dict()
        raise InputError(
            f"{label}: {int(duplicated.sum())} row(s) repeat the key {', '.join(key)}, first "
            f"{first}; keep one row per key"
        )


class Counted(NamedTuple):
    """A table and the count of rows that were dropped or changed on the way to it."""

    table: pd.DataFrame
    drops: pd.DataFrame
