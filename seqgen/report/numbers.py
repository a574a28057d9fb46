"""Numbers as a reader wants them; whatever is missing is an en dash."""

from __future__ import annotations

import calendar
import math
from datetime import datetime
from typing import Any

import pandas as pd

MISSING = "–"
_MINUS = "−"


def missing(value: Any) -> bool:
    """Whether ``value`` is None, NaN, <NA> or an empty text."""
    if value is None or (isinstance(value, str) and not value):
        return True
    return bool(pd.isna(value)) if not isinstance(value, list | tuple | dict) else False


def text(value: Any) -> str:
    """Any value as text."""
    return MISSING if missing(value) else str(value)


def short(value: Any, most: int = 70) -> str:
    """Text cut to ``most`` characters."""
    whole = text(value)
    return whole if len(whole) <= most else whole[: most - 1].rstrip(" ,") + "…"


def decimal(value: Any, places: int = 2) -> str:
    """A number with ``places`` decimals and a true minus sign."""
    if missing(value) or not math.isfinite(value):
        return MISSING
    out = f"{float(value):.{places}f}"
    if float(out) == 0:
        out = out.lstrip("-")
    return out.replace("-", _MINUS)


def pip(value: Any) -> str:
    """A probability with three decimals; never rounded up to one nor down to zero."""
    if missing(value):
        return MISSING
    if 0 < value < 0.0005:
        return "<0.001"
    return ">0.999" if 0.9995 <= value < 1 else f"{float(value):.3f}"


def prior(value: Any) -> str:
    """A small probability with two significant digits."""
    return MISSING if missing(value) else f"{float(value):#.2g}"


def p_value(neg_log10_p: Any) -> str:
    """A p value from its negative decimal logarithm, exact below the range of floats."""
    if missing(neg_log10_p):
        return MISSING
    if neg_log10_p < 3:
        return f"{10 ** -float(neg_log10_p):.2g}"
    exponent = math.floor(-float(neg_log10_p))
    mantissa = round(10 ** (-float(neg_log10_p) - exponent))
    if mantissa == 10:
        mantissa, exponent = 1, exponent + 1
    return f"{mantissa}e{exponent}"


def moment(value: Any) -> str:
    """An ISO 8601 time stamp as a reader writes it; any other text as it is."""
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        return text(value)
    zone = when.tzname() or ""
    return f"{when.day} {calendar.month_name[when.month]} {when.year}, {when:%H:%M} {zone}".strip()


def count(value: Any) -> str:
    """A whole number with thousands separated."""
    return MISSING if missing(value) else f"{round(float(value)):,}"


def factor(value: Any) -> str:
    """A multiplier with two or three significant digits."""
    if missing(value) or not math.isfinite(value):
        return MISSING
    if value >= 1000 or value < 0.001:
        return f"{float(value):.1e}"
    return f"{float(value):.0f}" if value >= 100 else f"{float(value):.2g}"


def megabases(start: Any, end: Any) -> str:
    """A range of positions in megabases."""
    return f"{start / 1e6:.2f}–{end / 1e6:.2f} Mb"


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as mappings from column name to value."""
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False)]


def plural(number: Any, one: str, many: str | None = None) -> str:
    """``number`` with the noun in the right form."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """Words joined with commas and an 'and'."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
