"""Tables as arguments, and what is often given in their place."""

from __future__ import annotations

import pandas as pd

from seqgen.errors import InputError, require_type
from seqgen.schemas import Counted


def require_table(value: object, argument: str, *, remedy: str) -> None:
    """Refuse what is no table; of a table with its drops, say how to give the table.

    Raises
    ------
    InputError
        If ``value`` is no DataFrame.

    Examples
    --------
    >>> require_table(Counted(pd.DataFrame(), pd.DataFrame()), "variants", remedy="a table")
    Traceback (most recent call last):
    ...
    seqgen.errors.InputError: variants is a table with its drops (Counted); give its .table
    """
    if isinstance(value, Counted):
        raise InputError(f"{argument} is a table with its drops (Counted); give its .table")
    require_type(value, pd.DataFrame, argument, remedy=remedy)
