"""The provenance table of the bundled files: one entry per file, kept sorted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sources import BUNDLE, sha256_of

TABLE = BUNDLE / "provenance.json"


def record(path: Path, **facts: Any) -> None:
    """Write or replace the entry of one bundled file.

    Parameters
    ----------
    path : Path
        The bundled file, below ``seqgen/data``.
    **facts
        Source, version, origin, licence, seed, script, row and drop counts of that file.
    """
    entries = {entry["file"]: entry for entry in read()}
    name = path.relative_to(BUNDLE).as_posix()
    measured = {"file": name, "sha256": sha256_of(path), "bytes": path.stat().st_size}
    entries[name] = measured | {"rows": None, "seed": None, "dropped": {}} | facts
    present = [entries[key] for key in sorted(entries) if (BUNDLE / key).exists()]
    TABLE.write_text(json.dumps({"files": present}, indent=1) + "\n")
    print(f"wrote {name}: {measured['bytes']:,} bytes, rows {entries[name]['rows']}")


def read() -> list[dict[str, Any]]:
    """Entries of the table as it stands; none if there is no table yet."""
    if not TABLE.exists():
        return []
    return json.loads(TABLE.read_text())["files"]
