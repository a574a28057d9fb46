"""Codons to residues, as arrays: the standard code and that of vertebrate mitochondria."""

from __future__ import annotations

import numpy as np

_ORDER = "TCAG"
_STANDARD = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
_MITOCHONDRIAL = "FFLLSSSSYY**CCWWLLLLPPPPHHQQRRRRIIMMTTTTNNKKSS**VVVVAAAADDEEGGGG"

STOP = ord("*")
UNKNOWN = ord("X")
#: What stands where there is no codon: beyond the end of a transcript.
BEYOND = 0
#: Stands for the first base of a codon TGA that is read as selenocysteine.
SELENO = 1
_NOTHING, _OTHER, _SELENO = 5, 4, 6
_T, _A, _G = (_ORDER.index(base) for base in "TAG")


def _digits() -> np.ndarray:
    digits = np.full(256, _OTHER, dtype=np.uint8)
    for number, base in enumerate(_ORDER):
        digits[[ord(base), ord(base.lower())]] = number
    digits[0], digits[SELENO] = _NOTHING, _SELENO
    return digits


def _table(code: str) -> np.ndarray:
    table = np.full((7, 7, 7), UNKNOWN, dtype=np.uint8)
    table[:4, :4, :4] = np.frombuffer(code.encode(), dtype=np.uint8).reshape(4, 4, 4)
    table[_SELENO] = table[_T]
    table[:, _SELENO], table[:, :, _SELENO] = table[:, _T], table[:, :, _T]
    table[_SELENO, _G, _A] = ord("U")
    table[_NOTHING] = table[:, _NOTHING] = table[:, :, _NOTHING] = BEYOND
    return table.ravel()


_DIGITS = _digits()
_TABLES = np.stack([_table(_STANDARD), _table(_MITOCHONDRIAL)])
_COMPLEMENT = np.arange(256, dtype=np.uint8)
_COMPLEMENT[np.frombuffer(b"ACGTacgt", dtype=np.uint8)] = np.frombuffer(b"TGCAtgca", dtype=np.uint8)


def complement(bases: np.ndarray) -> np.ndarray:
    """Complements of bases (uint8), in the same order; other letters stay."""
    return _COMPLEMENT[bases]


def translate(bases: np.ndarray, code: np.ndarray | int = 0) -> np.ndarray:
    """Residues of whole codons along the last axis.

    Parameters
    ----------
    bases : ndarray of uint8, shape (..., 3 n)
        Letters; 0 where there is none, `SELENO` for the T of a TGA that codes selenocysteine.
    code : int or ndarray of int, shape (...)
        0 for the standard code, 1 for that of vertebrate mitochondria.

    Returns
    -------
    ndarray of uint8, shape (..., n)
        One-letter codes, ``*`` for a stop, ``X`` for a codon with a letter other than A, C, G
        and T, and 0 where a base is lacking.

    References
    ----------
    Elzanowski & Ostell, The Genetic Codes (NCBI), tables 1 and 2.

    Examples
    --------
    >>> import numpy as np
    >>> text = np.frombuffer(b"ATGAGATGANNN", dtype=np.uint8)
    >>> bytes(translate(text)), bytes(translate(text, 1))
    (b'MR*X', b'M*WX')
    """
    digits = _DIGITS[bases].reshape(*bases.shape[:-1], bases.shape[-1] // 3, 3).astype(np.int16)
    codon = digits[..., 0] * 49 + digits[..., 1] * 7 + digits[..., 2]
    if np.ndim(code) == 0:
        return _TABLES[int(code)][codon]
    return _TABLES.ravel()[codon + len(_TABLES[0]) * np.asarray(code)[..., None]]
