"""BCF as the text of a VCF, by the bcftools that pysam carries, in a process of its own."""

from __future__ import annotations

import gzip
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.spawn import get_executable
from pathlib import Path

from seqgen.errors import InputError
from seqgen.io.delimited import DAMAGE

_CALL = "import sys; from pysam import bcftools as b; b.view(*sys.argv[1:], catch_stdout=False)"
_GZIP, _BCF = b"\x1f\x8b", b"BCF"


@contextmanager
def as_text(path: Path) -> Iterator[Path]:
    """The file, or while the context lasts the text of what is a BCF.

    Raises
    ------
    InputError
        If a BCF is damaged.
    """
    if not _is_bcf(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="seqgen-bcf-") as folder:
        text = Path(folder) / "text.vcf"
        command = [get_executable(), "-c", _CALL, "-O", "v", "-o", str(text), str(path)]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False
        )
        if done.returncode or not text.exists():
            told = [line for line in done.stderr.strip().splitlines() if line.strip()]
            raise InputError(
                f"{path}: the BCF is damaged or cut short ({' / '.join(told[-2:])}); fetch the "
                "file again"
            )
        yield text


def _is_bcf(path: Path) -> bool:
    with open(path, "rb") as handle:
        start = handle.read(3)
    if start[:2] != _GZIP:
        return start == _BCF
    try:
        with gzip.open(path, "rb") as unpacked:
            return unpacked.read(3) == _BCF
    except DAMAGE:
        return False
