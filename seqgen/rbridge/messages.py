"""Python's words in messages put into those of R, outside of what is quoted."""

from __future__ import annotations

import re

# An apostrophe within a word opens no quotation.
_QUOTED = re.compile(r"""((?<!\w)'[^'\n]*'(?!\w)|(?<!\w)"[^"\n]*"(?!\w)|`[^`\n]*`)""")
# A dict as Python writes it: values are quoted, numbers, constants, or the dots of an example.
_STRING = r"""(?:'[^'\n]*'|"[^"\n]*")"""
_ITEM = rf"({_STRING}): ({_STRING}|-?\d[\w.+-]*|True|False|None|\.\.\.)"
_ITEMS = re.compile(_ITEM)
_DICT = re.compile(
    rf"{_QUOTED.pattern}|(?P<name>(?<!\w)\w+=)?\{{(?P<items>\.\.\.|{_ITEM}(?:, {_ITEM})*)\}}"
)
# Part of no path, file name, attribute or longer word.
_BEFORE, _AFTER = r"(?<![\w./\\$@-])", r"(?![\w/\\-]|\.\w|\()"
_ARTICLE = r"(?P<article>\b[Aa]n? )"
_NOUNS = {
    "pd.DataFrame": "data.frame",
    "pandas.DataFrame": "data.frame",
    "DataFrame": "data.frame",
    "DataFrames": "data.frames",
    "pd.Series": "named vector",
    "Series": "named vector",
    "np.ndarray": "vector or matrix",
    "numpy.ndarray": "vector or matrix",
    "ndarray": "vector or matrix",
    "dict": "named list",
    "SequenceModel": "model that load_model gives",
    "list of str": "character vector",
    "lists of str": "character vectors",
}
_CONSTANTS = {"True": "TRUE", "False": "FALSE", "None": "NULL", "NoneType": "NULL", "NaN": "NA"}
# These are words of English or of files, too, and are Python's only after an article or "type".
_TYPES = {
    "int": "whole number",
    "float": "number",
    "str": "string",
    "bool": "TRUE or FALSE",
    "tuple": "vector",
    "dictionary": "named list",
}
_PHRASES = [
    (re.compile(r"(?<=[\w)])\.(values)\['(\w+)'\]"), r'$\1[["\2"]]'),
    (re.compile(r"(?<=\))\.(?=[a-z_]+\b(?!\())"), "$"),
    (re.compile(r"(?<!\w)\((-?[\d.]+|'[^'\n]*'),\)"), r"\1"),  # a tuple of one
    (re.compile(r"(?<=shard is )\((-?[\d.]+, -?[\d.]+)\)"), r"c(\1)"),
    (re.compile(r"\(i, N\)( with i from 1 to N, such as )\((\d+, \d+)\)"), r"c(i, N)\1c(\2)"),
    (re.compile(r"(?<=\bmethods is )[\[(]('[^'\n]*'(?:, '[^'\n]*')*),?[\])]"), r"\1"),
]


def _rule(words: dict[str, str], before: str) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(f"{before}(?P<word>{'|'.join(map(re.escape, longest_first))}){_AFTER}")


_TABLES = [
    (_rule(_NOUNS | _TYPES, _ARTICLE), _NOUNS | _TYPES),
    (_rule(_NOUNS | _TYPES, r"(?P<article>\btype )"), _NOUNS | _TYPES),
    (_rule(_NOUNS | _CONSTANTS, f"(?P<article>){_BEFORE}"), _NOUNS | _CONSTANTS),
]


# Messages of Python count elements, and rows of tables, from 0; those of files from 1.
_INDEX = re.compile(r"\bat index (\d+)\b")
_ROW = re.compile(r"((?:\b(?:at|of|in)|:|') row )(\d+)(?:(, column )(\d+))?\b(?!['.,]\d)")


def for_r(message: str) -> str:
    """A message as R users read it; quoted values and paths stay.

    Examples
    --------
    >>> for_r("pass shared_people=True or a DataFrame; found None in 'None.tsv'")
    "pass shared_people=TRUE or a data.frame; found NULL in 'None.tsv'"
    >>> for_r("1 of 20 values are not finite (first at index 1: nan)")
    '1 of 20 values are not finite (first at position 2: nan)'
    >>> for_r("expected a Series, such as read_traits(...).values['height'], not of type str")
    'expected a named vector, such as read_traits(...)$values[["height"]], not of type string'
    >>> for_r("name it, as columns={'effect_allele': 'A1', 'other_allele': ...}")
    'name it, as columns = c(effect_allele = "A1", other_allele = ...)'
    """
    message = _DICT.sub(_vector_of_dict, message)
    for pattern, meaning in _PHRASES:
        message = pattern.sub(meaning, message)
    message = _INDEX.sub(lambda match: f"at position {int(match[1]) + 1}", message)
    message = _ROW.sub(_from_one, message)
    parts = _QUOTED.split(message)
    parts[::2] = [_translated(part) for part in parts[::2]]
    return "".join(parts)


def _vector_of_dict(match: re.Match[str]) -> str:
    """A named vector in the place of a dict, a named list where None is in it."""
    if match["items"] is None:  # a quotation
        return match[0]
    items = _ITEMS.findall(match["items"])
    told = ", ".join(f"{_r_name(key[1:-1])} = {_r_value(value)}" for key, value in items)
    kind = "list" if any(value == "None" for _, value in items) else "c"
    name = f"{match['name'][:-1]} = " if match["name"] else ""
    return f"{name}{kind}({told or match['items']})"


def _r_name(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z][\w.]*", key) else f"`{key}`"


def _r_value(value: str) -> str:
    if value[0] == "'" and '"' not in value:
        return f'"{value[1:-1]}"'
    return _CONSTANTS.get(value, value)


def _from_one(match: re.Match[str]) -> str:
    row = f"{match[1]}{int(match[2]) + 1}"
    return row if match[3] is None else f"{row}{match[3]}{int(match[4]) + 1}"


def _translated(text: str) -> str:
    for pattern, words in _TABLES:

        def meaning(match: re.Match[str], words: dict[str, str] = words) -> str:
            article, word = match["article"], words[match["word"]]
            if article in ("an ", "a ", "An ", "A "):
                article = "" if word == "TRUE or FALSE" else f"{article[0]} "
            return article + word

        text = pattern.sub(meaning, text)
    return text
