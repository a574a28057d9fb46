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
PGEN_SUFFIXES = (".pgen", ".pvar", ".pvar.zst", ".psam")
#: Genotypes that are not read; the last ones name people and variants only.
OTHER_SUFFIXES = (
    ".bgen", ".vcf.zst", ".ped", ".traw", ".raw", ".haps", ".hap.gz", ".gen", ".gen.gz",
    ".sample", ".map",
)  # fmt: skip
_NAMES_ONLY = 2

_EXPECTED = "a PLINK prefix (.bed, .bim, .fam, or .pgen, .pvar, .psam) or a VCF or BCF"
_PEEK = 4096


def other_kind(path: str | os.PathLike[str]) -> InputError:
    """The error of genotypes in a file that is not read."""
    return InputError(
        f"{path}: this kind of file is not read; expected {_EXPECTED}: make one with plink2 "
        "--make-bed, or --make-pgen where dosages matter"
    )


def genotype_kind(path: str | os.PathLike[str]) -> str:
    """``PLINK 1``, ``PLINK 2`` or ``VCF``, told by the name and what is beside it.

    Raises
    ------
    InputError
        If it is of a kind that is not read.
    """
    lower = Path(path).name.lower()
    if lower.endswith(VCF_SUFFIXES):
        return "VCF"
    if lower.endswith(OTHER_SUFFIXES):
        raise other_kind(path)
    if lower.endswith(PGEN_SUFFIXES):
        return "PLINK 2"
    second = Path(f"{path}.pgen").is_file() and not Path(f"{path}.bed").is_file()
    return "PLINK 2" if second else "PLINK 1"


def pgen_files(path: str | os.PathLike[str]) -> tuple[Path, Path, Path, Path]:
    """The prefix of PLINK 2 files, and the three; those of variants and people as they are there.

    These may be .bim and .fam, as ``plink2 --make-bpgen`` leaves them.
    """
    prefix = Path(path)
    for suffix in sorted(PGEN_SUFFIXES, key=len, reverse=True):
        if prefix.name.lower().endswith(suffix):
            prefix = prefix.with_name(prefix.name[: -len(suffix)])
            break
    plain, packed = Path(f"{prefix}.pvar"), Path(f"{prefix}.pvar.zst")
    pvar = packed if packed.is_file() and not plain.is_file() else plain
    psam, bim, fam = (Path(f"{prefix}.{suffix}") for suffix in ("psam", "bim", "fam"))
    if not (pvar.is_file() or psam.is_file()) and bim.is_file() and fam.is_file():
        pvar, psam = bim, fam  # plink2 --make-bpgen
    return prefix, Path(f"{prefix}.pgen"), pvar, psam


def genotype_files(path: str | os.PathLike[str]) -> list[str]:
    """The files that `read_genotypes` reads for a path."""
    kind = genotype_kind(path)
    if kind == "VCF":
        return [str(path)]
    if kind == "PLINK 2":
        return [str(file) for file in pgen_files(path)[1:]]
    prefix = Path(path)
    if prefix.suffix in (".bed", ".bim", ".fam"):
        prefix = prefix.with_suffix("")
    return [f"{prefix}.{suffix}" for suffix in ("bed", "bim", "fam")]


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
        for suffix in OTHER_SUFFIXES[:-_NAMES_ONLY]:
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
