"""R for tests: in this process through rpy2, or a fresh Rscript; skipped where there is none."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def start_r():
    """rpy2's low level with R running and the bridge up; skips the test without them."""
    if shutil.which("R") is None:
        pytest.skip("R is not installed", allow_module_level=True)
    pytest.importorskip("rpy2.rinterface", reason="rpy2 is not installed")
    from seqgen.rbridge import install
    from seqgen.rbridge.engine import ri

    install()
    return ri


@cache
def library() -> str:
    """A folder with the R package installed from the sources, or why there is none."""
    folder = tempfile.mkdtemp(prefix="seqgen-r-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    quick = ("--no-docs", "--no-html", "--no-test-load", "--no-multiarch")
    command = ["R", "CMD", "INSTALL", *quick, f"--library={folder}", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment())
    return folder if done.returncode == 0 else done.stderr


def rscript(code: str, **environment: str) -> subprocess.CompletedProcess:
    """Run R code in a session of its own, with the R package of the sources attached."""
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    pytest.importorskip("rpy2", reason="rpy2 is not installed")
    if not Path(library()).is_dir():
        if "reticulate" in library():
            pytest.skip("R lacks its package reticulate")
        pytest.fail(library())
    load = f"library(seqgen, lib.loc = '{library()}'); py_call <- seqgen:::py_call\n"
    return subprocess.run(
        ["Rscript", "--vanilla", "-"],
        input=load + code,
        capture_output=True,
        text=True,
        timeout=240,
        env=_environment() | environment,
    )


def _environment() -> dict[str, str]:
    """That of a fresh session: nothing of the R that may run in this process."""
    told = {
        **os.environ,
        "RETICULATE_PYTHON": sys.executable,
        "OMP_NUM_THREADS": "1",
        "LANG": "C.UTF-8",
    }
    for name in ("R_SESSION_INITIALIZED", "PYTHON_SESSION_INITIALIZED", "LD_LIBRARY_PATH"):
        told.pop(name, None)
    return told
