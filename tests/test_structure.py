"""The house: who may import whom, what importing costs, and that files stay readable."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "seqgen"
MODULES = {
    "seqgen."
    + ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# Room -> floor. A file imports only from lower floors or from its own room.
FLOORS = {
    "errors": 1,
    "stats": 1,
    "correlations": 1,
    "models.protocol": 1,
    "schemas": 2,
    "native": 2,
    "pairwise": 3,
    "alignment": 3,
    "structure": 4,
    "results": 4,
    "scan_results": 4,
    "variants": 3,
    "residues": 3,
    "io": 5,
    "models": 5,
    "parallel": 4,
    "relatedness": 5,
    "annotation": 6,
    "downloads": 6,
    "scores": 6,
    "loci": 6,
    "priors": 6,
    "finemap": 6,
    "couplings": 6,
    "weighted_testing": 6,
    "embeddings": 6,
    "evidence": 6,
    "gxg": 6,
    "transqtl": 6,
    "plots": 6,
    "scans": 7,
    "report": 7,
    "pipeline": 8,
    "demo": 9,
    "cli": 10,
    "rbridge": 11,
}
# Heavy dependency -> the rooms that may import it.
DOORS = {
    "torch": {
        "models",
        "couplings.plm_torch",
        "finemap.batch_torch",
        "gxg.products_torch",
        "transqtl.products_torch",
    },
    "transformers": {"models"},
    "safetensors": {"models"},
    "openvino": {"models.openvino_pass"},
    "huggingface_hub": {"models"},
    "pyarrow": {"io.tables"},
    "bed_reader": {"io.genotypes"},
    "cyvcf2": {"io.vcf"},
    "pgenlib": {"io.pgen"},
    "pysam": {"io.reference", "io.tabix"},
    "pooch": {"downloads.transfer"},
    "requests": {"downloads.transfer"},
    "polars": {"io"},
    "pyliftover": {"io.liftover"},
    "yaml": {"io.sumstats_source"},
    "dask": {"parallel"},
    "statsmodels": {"stats"},
    "rpy2": {"rbridge"},
    "matplotlib": {"plots"},
    "gemmi": {"io.structures"},
    "jinja2": {"report"},
}
HEAVY = (
    "torch", "transformers", "pandas", "polars", "pysam", "pyarrow", "matplotlib", "scipy",
    "statsmodels",
)  # fmt: skip


def room_of(module: str) -> str | None:
    """The longest prefix of ``module`` that has a floor; None for the package itself."""
    parts = module.split(".")[1:]
    for length in range(len(parts), 0, -1):
        if ".".join(parts[:length]) in FLOORS:
            return ".".join(parts[:length])
    return None


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports anywhere, inside functions and type checks too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write it whole"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("module", [m for m in MODULES if m not in ("seqgen.",)])
def test_imports_go_down(module):
    room = room_of(module)
    if room is None:
        assert module in ("seqgen", "seqgen.__init__"), f"{module} has no floor; give it one"
        return
    for name in imports_of(MODULES[module]):
        other = room_of(name) if name.startswith("seqgen.") else None
        if other is None or other == room:
            continue
        assert FLOORS[other] < FLOORS[room], (
            f"{module} (floor {FLOORS[room]}) imports {name} (floor {FLOORS[other]})"
        )


@pytest.mark.parametrize("module", list(MODULES))
def test_heavy_dependencies_have_one_door(module):
    inside = module.removeprefix("seqgen.")
    for name in imports_of(MODULES[module]):
        rooms = DOORS.get(name.split(".")[0])
        if rooms is not None:
            assert any(inside == room or inside.startswith(room + ".") for room in rooms), (
                f"{module} imports {name}; only {', '.join(sorted(rooms))} may"
            )


def test_importing_seqgen_loads_nothing_heavy():
    code = (
        "import sys, seqgen, seqgen.cli; "
        f"print([m for m in {HEAVY!r} + ('numpy',) if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_package_is_named_for_installation():
    import tomllib

    told = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
    packages = {
        ".".join(("seqgen", *path.parent.relative_to(PACKAGE).parts))
        for path in PACKAGE.rglob("__init__.py")
    }
    assert set(told["tool"]["setuptools"]["packages"]) == packages


def test_every_public_name_is_there():
    import seqgen

    for name in seqgen.__all__:
        assert getattr(seqgen, name) is not None


@pytest.mark.parametrize("module", list(MODULES))
def test_files_tell_one_idea(module):
    lines = MODULES[module].read_text().count("\n")
    assert lines <= 450, f"{MODULES[module]} has {lines} lines; does it tell two ideas?"
