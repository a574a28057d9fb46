"""The columns of tables as a table, for those who look at one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqgen.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def table_schema(name: str | None = None) -> pd.DataFrame:
    """What the columns of a table are, or which tables there are.

    Parameters
    ----------
    name : str, optional
        Name of a table, as of a file without its ending, such as "variants".

    Returns
    -------
    DataFrame
        Of a table one row per column: ``column``, ``type`` (string, int, float or bool),
        ``unit``, ``meaning``, ``key`` (whether it is part of what names a row), ``may_be_missing``
        (a value), ``optional`` (the column), ``low``, ``high`` and ``allowed`` (values, separated
        by commas). Without a name one row per table: ``table``, ``row`` (what a row is),
        ``key`` and ``columns``, separated by commas.

    Raises
    ------
    InputError
        If there is no such table.

    Examples
    --------
    >>> table_schema("sumstats")["column"].tolist()[:4]
    ['chrom', 'pos', 'rsid', 'effect_allele']
    >>> "credible_sets" in table_schema()["table"].tolist()
    True
    """
    import pandas as pd

    from seqgen.schemas import ALL

    known = {schema.name: schema for schema in ALL}
    if name is None:
        tables = [(s.name, s.row, ", ".join(s.key), ", ".join(s.names)) for s in ALL]
        return pd.DataFrame(tables, columns=["table", "row", "key", "columns"], dtype="str")
    if name not in known:
        raise InputError(f"name: found {name!r}; expected a table of {', '.join(known)}")
    schema = known[name]
    columns = schema.columns
    return pd.DataFrame(
        {
            "column": pd.Series(schema.names, dtype="str"),
            "type": pd.Series([one.kind for one in columns], dtype="str"),
            "unit": pd.Series([one.unit for one in columns], dtype="str"),
            "meaning": pd.Series([one.meaning for one in columns], dtype="str"),
            "key": [one.name in schema.key for one in columns],
            "may_be_missing": [one.nullable for one in columns],
            "optional": [one.optional for one in columns],
            "low": pd.Series([one.low for one in columns], dtype="float64"),
            "high": pd.Series([one.high for one in columns], dtype="float64"),
            "allowed": pd.Series([", ".join(one.allowed) for one in columns], dtype="str"),
        }
    )
