"""Errors and warnings of seqgen.

Every message names the argument or the file and line, what was found, what was
expected, and the remedy.
"""

from __future__ import annotations


class SeqgenError(Exception):
    """Base of every error that seqgen raises on purpose."""


class InputError(SeqgenError, ValueError):
    """An input file, table or argument is not what it has to be."""


class MissingFileError(InputError, FileNotFoundError):
    """A file that was named is not there or cannot be read."""


class OutputError(SeqgenError, OSError):
    """A result cannot be written where it was asked for."""


class ModelError(SeqgenError):
    """A model is unknown, damaged, or not of the kind that is needed."""


class MissingDependencyError(SeqgenError, ImportError):
    """An optional package is needed; the message gives the install command."""


class SeqgenWarning(UserWarning):
    """Something the reader of a result has to know."""


def require_type(
    value: object, kind: type | tuple[type, ...], argument: str, *, remedy: str
) -> None:
    """Refuse a value of another type than an argument takes.

    Parameters
    ----------
    value : object
    kind : type or tuple of types
    argument : str
        Its name.
    remedy : str
        What is expected, and which function makes it.

    Raises
    ------
    InputError
        If ``value`` is of another type.

    Examples
    --------
    >>> require_type(3, str, "path", remedy="the path of a file")
    Traceback (most recent call last):
    ...
    seqgen.errors.InputError: path is of type int; expected the path of a file
    """
    if not isinstance(value, kind):
        found = "None" if value is None else f"of type {type(value).__name__}"
        raise InputError(f"{argument} is {found}; expected {remedy}")
