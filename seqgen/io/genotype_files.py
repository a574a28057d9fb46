"""What a path is that leads to no genotypes, and what to do about it."""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

from seqgen.errors import InputError, MissingFileError

#: First bytes of a PLINK 1 .bed file with variants in rows.
BED_MAGIC = b"\x6c\x1b\x01"
VCF_SUFFIXES = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")
#: Genotypes that are not read; the first three hold the calls themselves.
OTHER_SUFFIXES = (".pgen", ".bgen", ".vcf.zst", ".pvar", ".psam", ".sample")

_EXPECTED = "a PLINK 1 prefix (.bed, .bim, .fam) or a VCF or BCF"
_PEEK = 4096


def other_kind(path: str | os.PathLike[str]) -> InputError:
    """The error of genotypes in a file that is not read."""
    return InputError(
        f"{path}: this kind of file is not read; expected {_EXPECTED}: make one with plink2 "
        "--make-bed, or with --export vcf bgz vcf-dosage=DS where dosages matter"
    )


def no_panel(given: Path, prefix: Path, missing: list[str]) -> InputError:
    """The error of a path without all three files of a PLINK panel.

    Parameters
    ----------
    given : Path
        As it was asked for.
    prefix : Path
        Without the suffix of one of the three files.
    missing : list of str
        Those of the three that are not there.
    """
    if len(missing) == 3:
        for suffix in OTHER_SUFFIXES[:3]:
            if Path(f"{prefix}{suffix}").is_file():
                return other_kind(f"{prefix}{suffix}")
        for suffix in VCF_SUFFIXES:
            if Path(f"{prefix}{suffix}").is_file():
                return MissingFileError(
                    f"{given}: no such PLINK panel, but {prefix}{suffix} is there; give its whole "
                    "name"
                )
    if given.is_file() and given.suffix not in (".bim", ".fam"):
        start = _start(given)
        if not start.startswith(BED_MAGIC):
            return _no_genotypes(given, start)
    return MissingFileError(
        f"panel {prefix}: {', '.join(missing)} not there; expected {prefix}.bed, .bim and .fam "
        "side by side"
    )


def _start(path: Path) -> bytes:
    """The first bytes of a file, unpacked where it is gzipped."""
    with open(path, "rb") as handle:
        start = handle.read(_PEEK)
    if start.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(path, "rb") as packed:
                return packed.read(_PEEK)
        except (OSError, EOFError, zlib.error):
            return start
    return start


def _no_genotypes(path: Path, start: bytes) -> InputError:
    if not start:
        return InputError(f"{path}: is empty; expected {_EXPECTED}")
    if min(start) < 9:  # text has no such bytes
        return InputError(
            f"{path}: begins with the bytes {start[:4].hex()}; expected {_EXPECTED}, told by the "
            f"suffix ({', '.join(VCF_SUFFIXES)})"
        )
    line = start.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n").split("\n")[0].strip()
    if line.startswith("##fileformat=VCF"):
        return InputError(
            f"{path}: is a VCF by its first line; give it a name that ends in .vcf, or .vcf.gz if "
            "it is packed"
        )
    return InputError(
        f"{path}: is a text file, whose first line is {line[:60]!r}; expected genotypes: "
        f"{_EXPECTED}. Are genotypes and traits swapped?"
    )
