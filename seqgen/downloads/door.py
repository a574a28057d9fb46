"""A name becomes a file: from the cache folder where it is whole, else downloaded into it."""

from __future__ import annotations

import json
import os
import warnings
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from seqgen.downloads.catalogue import RESOURCES, Resource, place_of, resource
from seqgen.downloads.transfer import (
    NotTheFile,
    Progress,
    Unreachable,
    checked_checksum,
    digest,
    download,
    local_path,
    published,
    read_text,
)
from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.tabix import index_table, pack_genome
from seqgen.io.tables import write_json
from seqgen.models import hub

if TYPE_CHECKING:
    import pandas as pd

CACHE, MIRROR = "SEQGEN_CACHE", "SEQGEN_MIRROR"
_RECORD = ".source.json"
_PACKED = ".fa.gz", ".fa.bgz"


def fetch(
    name: str,
    *,
    build: str = "GRCh38",
    release: str | int | None = None,
    chrom: str | None = None,
    url: str | None = None,
    checksum: str | None = None,
    cache: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Download a published file by its name, once, and give its place on this machine.

    What was interrupted goes on where it stopped, by the same call. A file is held to
    ``checksum`` where one is given, else to the publisher's list where there is one; its sha256
    is noted beside it (``.source.json``), and a file that has changed since is refused. Genomes
    are packed anew by bgzip and indexed, tables of positions indexed, so that `annotate` and
    `add_published_scores` can read them as they are.

    The addresses are those of the publishers' pages, and were not tried when this was written;
    where one has moved, give ``url``. The environment variable ``SEQGEN_MIRROR`` names a folder
    or address under which files lie by host and path, as ``wget -x`` leaves them;
    ``SEQGEN_CACHE`` names the cache folder.

    Parameters
    ----------
    name : str
        One of `list_resources`, or a model of the Hugging Face hub as ``owner/model`` (its
        folder is returned; ``release`` is the revision).
    build : {"GRCh38", "GRCh37"}
        Also as hg38, hg19; of no matter to files that are of no build.
    release : int, optional
        Of Ensembl; 115 where left out.
    chrom : str, optional
        One chromosome alone, where the publisher has such files (Ensembl).
    url : str, optional
        Another address of the same file: ``https``, ``http`` or ``file``.
    checksum : str, optional
        md5 or sha256 that the file has to have.
    cache : path, optional
        Folder to keep files in; the platform's cache folder where neither this nor
        ``SEQGEN_CACHE`` is given.
    progress : callable, optional
        Takes the file's name, megabytes done, and in all (0 if unknown).

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the name is unknown, the file cannot be reached (the message says where to put it), or
        it is not the one that the checksum is of.
    OutputError
        If the cache folder cannot be written, or there is no space.
    ModelError
        If the hub has no such model.

    References
    ----------
    Uieda et al. (2020), Pooch: A friend to fetch your data files, Journal of Open Source
    Software 5:1943.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     chain = Path(folder) / "hg19ToHg38.over.chain.gz"
    ...     _ = chain.write_bytes(b"a chain")
    ...     fetch("hg19ToHg38", url=chain.as_uri(), cache=folder).read_bytes()
    b'a chain'
    """
    wanted = checked_checksum(checksum)
    if hub.is_hub_id(name):
        return hub.fetch(name, None if release is None else str(release))
    asked = resource(name)
    place = place_of(asked, build, release, chrom)
    source = url or _mirrored(place.url)
    local_path(source)
    folder = _cache_folder(cache) / place.folder
    sums = _mirrored(place.checksums) if place.checksums else ""
    if url:  # a copy elsewhere is kept apart, and has its list of checksums there or nowhere
        folder /= f"from-{sha256(url.encode()).hexdigest()[:8]}"
        sums = ""
    file = unquote(urlsplit(source).path.rpartition("/")[2])
    kept = _kept(asked, _File(source, folder / file, wanted, sums), progress)
    for suffix in asked.beside:
        _companion(source + suffix, kept.with_name(kept.name + suffix), progress)
    return kept


def list_resources(build: str = "GRCh38") -> pd.DataFrame:
    """What `fetch` knows by name, besides models of the Hugging Face hub.

    Parameters
    ----------
    build : {"GRCh38", "GRCh37"}
        Whose addresses to give.

    Returns
    -------
    DataFrame
        ``name``, ``what``, ``size`` (as published, rounded), ``licence``, ``citation``,
        ``checksum`` (where it comes from), ``url``.

    Raises
    ------
    InputError
        If there is no such build.

    Examples
    --------
    >>> list_resources()["name"].tolist()[:2]
    ['ensembl-gff', 'ensembl-fasta']
    """
    import pandas as pd

    places = [place_of(each, build, None, None) for each in RESOURCES]
    return pd.DataFrame({
        "name": [each.name for each in RESOURCES],
        "what": [each.what for each in RESOURCES],
        "size": [each.size for each in RESOURCES],
        "licence": [each.licence for each in RESOURCES],
        "citation": [each.citation for each in RESOURCES],
        "checksum": ["publisher's" if each.checksums else "first seen" for each in RESOURCES],
        "url": [place.url for place in places],
    }).astype("str")  # fmt: skip


class _File:
    """Where a file comes from, where it goes as it came, and what it is held to."""

    def __init__(self, url: str, raw: Path, checksum: str | None, sums: str) -> None:
        self.url, self.raw, self.checksum, self.sums = url, raw, checksum, sums


def _kept(asked: Resource, file: _File, progress: Progress | None) -> Path:
    """The file as it is used, checked or new."""
    final = file.raw
    if asked.after == "genome" and final.name.endswith(_PACKED[0]):
        final = final.with_name(final.name.removesuffix(_PACKED[0]) + _PACKED[1])
    if final.exists() and _record(final).exists():
        _check_kept(final, file.checksum)
        return final
    checked = _obtained(asked, file, progress)
    came = digest(file.raw)
    anew = asked.after == "table" and index_table(final)
    if final != file.raw:
        pack_genome(file.raw, final)
        anew = True
    note = {
        "resource": asked.name,
        "url": file.url,
        "licence": asked.licence,
        "citation": asked.citation,
        "checked": checked,
        "downloaded": came,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        **_stamp(final, None if anew else came),
    }
    write_json(_record(final), note)
    if final != file.raw:
        file.raw.unlink()
    return final


def _obtained(asked: Resource, file: _File, progress: Progress | None) -> str:
    """Have the file as it comes, downloaded or put there by hand, and say how it was checked."""
    wanted, told, complaint = file.checksum, "given", ""
    if wanted is None and file.sums:
        (wanted, complaint), told = _published(file), "the publisher's"
    if not file.raw.exists():
        _brought(asked, file, wanted, progress)
    elif wanted and (found := digest(file.raw, wanted.partition(":")[0])) != wanted:
        raise NotTheFile(
            f"{file.raw}: its checksum is {found}, expected {wanted} ({told}); remove it and fetch "
            "it again"
        )
    if complaint:
        warnings.warn(complaint, SeqgenWarning, stacklevel=4)
    return f"{wanted} ({told})" if wanted else "by nothing: there was no checksum"


def _brought(asked: Resource, file: _File, wanted: str | None, progress: Progress | None) -> None:
    try:
        download(file.url, file.raw, checksum=wanted, progress=progress)
    except Unreachable as error:
        raise Unreachable(
            f"{asked.name}: {error}. Without a network: fetch that address elsewhere (wget -c), "
            f"put the file at {file.raw} and run this again; where the address has moved, give the "
            "new one as url (file:///path will do too)"
        ) from error


def _companion(url: str, path: Path, progress: Progress | None) -> None:
    """A file that goes with another; where there is none, the table is indexed here."""
    if path.exists():
        return
    try:
        download(url, path, progress=progress)
    except Unreachable:
        index_table(path.with_name(path.name.removesuffix(".tbi")))


def _published(file: _File) -> tuple[str | None, str]:
    """The publisher's checksum, and where it is not to be had, what to say of that."""
    try:
        found = published(read_text(file.sums), file.raw.name)
        reason = f"it does not list {file.raw.name}"
    except Unreachable as error:
        found, reason = None, str(error)
    return found, "" if found else (
        f"{file.raw.name}: was checked against nothing, as the publisher's checksums are not to "
        f"be had ({reason}); give its checksum to have it checked"
    )


def _check_kept(path: Path, wanted: str | None) -> None:
    """Refuse a kept file that has changed; its contents are read where its date has."""
    told = _read_record(path)
    stat = path.stat()
    same = (stat.st_size, stat.st_mtime_ns) == (told.get("size"), told.get("mtime_ns"))
    if not same and digest(path) != told["sha256"]:
        raise NotTheFile(
            f"{path}: has changed since it was fetched (its sha256 is no longer "
            f"{str(told['sha256']).removeprefix('sha256:')}); remove it and fetch it again"
        )
    known = {told["sha256"], told["downloaded"], str(told["checked"]).partition(" (")[0]}
    if wanted is None or wanted in known:
        return
    found = digest(path, wanted.partition(":")[0])
    if found != wanted:
        repacked = "" if told["sha256"] == told["downloaded"] else ", packed anew since it came"
        raise NotTheFile(
            f"{path}: its checksum is {found}{repacked}, expected {wanted} (given); remove it and "
            "fetch it again"
        )


def _read_record(path: Path) -> dict[str, object]:
    try:
        told: dict[str, object] = json.loads(_record(path).read_text(encoding="utf-8"))
        return told | {name: str(told[name]) for name in ("sha256", "downloaded", "checked")}
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{_record(path)}: is damaged ({error}); remove it, and the file is checked anew"
        ) from error


def _stamp(path: Path, known: str | None) -> dict[str, object]:
    stat = path.stat()
    return {
        "sha256": known or digest(path),
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
    }


def _record(path: Path) -> Path:
    return path.with_name(path.name + _RECORD)


def _cache_folder(cache: str | os.PathLike[str] | None) -> Path:
    given = cache or os.environ.get(CACHE)
    if given:
        return Path(given).expanduser().absolute()
    from seqgen.downloads.transfer import platform_folder

    return platform_folder()


def _mirrored(url: str) -> str:
    """The address under the mirror that the environment names, if it does."""
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return url
    base = mirror if "://" in mirror else Path(mirror).expanduser().absolute().as_uri()
    parts = urlsplit(url)
    return f"{base.rstrip('/')}/{parts.netloc}{quote(unquote(parts.path))}"
