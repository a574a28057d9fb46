"""One file from an address to a folder: resumed, checked, and moved into place when whole.

The one door to pooch and requests.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from seqgen.errors import InputError, OutputError

Progress = Callable[[str, int, int], None]
_CHUNK = 1 << 20
_TRIES = 3
_WAIT = (20, 120)  # seconds to connect, to wait for more
_SUMS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}


class Unreachable(InputError):
    """An address gives no file; the caller knows what to advise."""


class NotTheFile(InputError):
    """What came, or lies there, is not the file that a checksum is of."""


def checked_checksum(text: str | None) -> str | None:
    """A user's checksum as ``kind:digits``; the kind is told by the length where left out.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> checked_checksum("d41d8cd98f00b204e9800998ecf8427e")
    'md5:d41d8cd98f00b204e9800998ecf8427e'
    """
    if text is None:
        return None
    kind, _, digits = text.strip().lower().rpartition(":")
    kind = kind or next((name for name, size in _SUMS.items() if size == len(digits)), "")
    if kind not in _SUMS or not re.fullmatch(f"[0-9a-f]{{{_SUMS[kind]}}}", digits):
        raise InputError(
            f"checksum: found '{text}'; expected an md5 (32 hexadecimal digits) or sha256 (64)"
        )
    return f"{kind}:{digits}"


def digest(path: Path, kind: str = "sha256") -> str:
    """Checksum of a file as ``kind:digits``; ``sum`` is the sum of BSD and its count of blocks."""
    if kind == "sum":
        return bsd_sum(path)
    made = hashlib.new(kind)
    with open(path, "rb") as handle:
        while data := handle.read(_CHUNK):
            made.update(data)
    return f"{kind}:{made.hexdigest()}"


def bsd_sum(path: Path) -> str:
    """What the command ``sum`` says, which Ensembl publishes: 16 bits, rotated, and 1 kB blocks.

    Each byte waits for the one before, so where there is the command, it does it.
    """
    program = shutil.which("sum")
    if program:
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        if found := re.match(r"\s*(\d+)\s+(\d+)", done.stdout):
            return f"sum:{int(found[1]):05d} {int(found[2])}"
    return _sum_by_bytes(path)


def _sum_by_bytes(path: Path) -> str:
    total, size = 0, 0
    with open(path, "rb") as handle:
        while data := handle.read(_CHUNK):
            size += len(data)
            for byte in data:
                total = ((total >> 1) + ((total & 1) << 15) + byte) & 0xFFFF
    return f"sum:{total:05d} {-(-size // 1024)}"


def published(text: str, file: str) -> str | None:
    """Checksum of a file in a publisher's list; None where the list does not have it.

    Lists of ``md5sum``, of ``sum`` (Ensembl's) and Zenodo's records are understood.

    Examples
    --------
    >>> published("53504 793314 genome.fa.gz", "genome.fa.gz")
    'sum:53504 793314'
    """
    if text.lstrip().startswith("{"):
        return _of_record(text, file)
    for line in text.splitlines():
        *sums, name = line.split() or [""]
        if name.lstrip("*").rpartition("/")[2] != file:
            continue
        if len(sums) == 2 and all(each.isdigit() for each in sums):
            return f"sum:{int(sums[0]):05d} {int(sums[1])}"
        if len(sums) == 1:
            return checked_checksum(sums[0])
    return None


def _of_record(text: str, file: str) -> str | None:
    try:
        files = json.loads(text).get("files", [])
        told = {each.get("key"): each.get("checksum") for each in files}
    except (ValueError, AttributeError):
        return None
    return checked_checksum(told.get(file))


def read_text(url: str) -> str:
    """A short text at an address.

    Raises
    ------
    Unreachable
        If it cannot be read.
    """
    if local := local_path(url):
        with _reading(url):
            return local.read_text(encoding="utf-8", errors="replace")
    import requests

    with _reading(url):
        answer = requests.get(url, timeout=_WAIT)
        answer.raise_for_status()
        return answer.text


def local_path(url: str) -> Path | None:
    """The path of a ``file:`` address; None of others.

    Raises
    ------
    InputError
        If the address is neither a file nor of the web.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InputError(f"url: found '{url}'; expected https://, http:// or file://")
    return None


def download(
    url: str, target: Path, *, checksum: str | None = None, progress: Progress | None = None
) -> None:
    """Bring a file to ``target``, by way of ``<target>.part``, which a later call goes on with.

    Parameters
    ----------
    url : str
        ``http``, ``https`` or ``file``.
    target : Path
    checksum : str, optional
        ``md5:``, ``sha1:``, ``sha256:``, ``sha512:`` or ``sum:``; a file of another is removed.
    progress : callable, optional
        Takes the file's name, megabytes done, and in all.

    Raises
    ------
    Unreachable
        If the address gives no file.
    NotTheFile
        If the checksum is another.
    OutputError
        If the folder cannot be written, or there is no space.
    """
    import pooch

    local_path(url)
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    bring = _Resuming(part, checksum, progress)
    pooch.get_logger().setLevel("WARNING")
    with _writing(target):
        pooch.retrieve(url, None, fname=target.name, path=target.parent, downloader=bring)


@dataclass
class _Resuming:
    """A downloader for pooch: keeps what came in a file beside, and asks for the rest only."""

    part: Path
    checksum: str | None
    progress: Progress | None
    _from: Path = field(init=False)

    def __post_init__(self) -> None:
        self._from = self.part.with_name(self.part.name + ".json")

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        local = local_path(url)
        with _alone(self.part):
            if local is not None:
                self._copy(url, local)
            else:
                self._get(url)
            self._check(url)
            os.replace(self.part, output_file)
            self._from.unlink(missing_ok=True)

    def _copy(self, url: str, local: Path) -> None:
        if not local.is_file() or not os.access(local, os.R_OK):
            raise Unreachable(f"{url}: there is no such file, or it may not be read")
        size = local.stat().st_size
        with open(local, "rb") as source, open(self.part, "wb") as handle:
            self._room(size)
            chunks = iter(lambda: source.read(_CHUNK), b"")
            self._write(handle, chunks, (0, size))

    def _get(self, url: str) -> None:
        for left in range(_TRIES, 0, -1):
            before = self._have()
            try:
                with _reading(url):
                    self._once(url)
                return
            except _CutShort as error:
                if left == 1 and self._have() <= before:
                    raise Unreachable(str(error)) from error
        raise Unreachable(
            f"{url}: breaks off again and again; {self._have() / 1e6:,.0f} MB are kept, run the "
            "same command again to go on"
        )

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _once(self, url: str) -> None:
        import requests

        headers = {"Accept-Encoding": "identity"}
        have, mark = self._have(), self._mark(url)
        if have and mark:
            headers |= {"Range": f"bytes={have}-", "If-Range": mark}
        with requests.get(url, stream=True, timeout=_WAIT, headers=headers) as answer:
            if answer.status_code == 416:
                if answer.headers.get("Content-Range", "") == f"bytes */{have}":
                    return  # all of it is here already
                self.part.unlink()
                raise _CutShort(f"{url}: does not go on where it stopped")
            answer.raise_for_status()
            have = have if answer.status_code == 206 and _begins(answer.headers) == have else 0
            if answer.status_code == 206 and not have:
                self.part.unlink()
                raise _CutShort(f"{url}: answers with another part than was asked for")
            rest = int(answer.headers.get("Content-Length") or 0)
            self._remember(url, answer.headers)
            self._room(rest)
            with open(self.part, "ab" if have else "wb") as handle:
                chunks = answer.raw.stream(_CHUNK, decode_content=False)
                self._write(handle, chunks, (have, have + rest if rest else 0))

    def _mark(self, url: str) -> str:
        """What tells whether the file there is still the one that was begun."""
        try:
            told = json.loads(self._from.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ""
        return str(told.get("mark", "")) if told.get("url") == url else ""

    def _remember(self, url: str, headers: Any) -> None:
        tag = headers.get("ETag", "")
        mark = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")
        self._from.write_text(json.dumps({"url": url, "mark": mark}), encoding="utf-8")

    def _room(self, size: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if size > free:
            raise OutputError(
                f"{self.part.parent}: has {free / 1e9:,.1f} GB free, {size / 1e9:,.1f} GB are "
                "still to come; make room, or name another folder (cache, or SEQGEN_CACHE)"
            )

    def _write(self, handle: BinaryIO, chunks: Iterator[bytes], counted: tuple[int, int]) -> None:
        have, size = counted
        for data in chunks:
            handle.write(data)
            have += len(data)
            if self.progress is not None:
                self.progress(f"{self.part.stem} (MB)", have // 1_000_000, size // 1_000_000)
        if size and have != size:
            raise _CutShort(f"{self.part.stem}: {have:,} of {size:,} bytes came")

    def _check(self, url: str) -> None:
        if self.checksum is None:
            return
        found = digest(self.part, self.checksum.partition(":")[0])
        if found != self.checksum:
            self.part.unlink()
            self._from.unlink(missing_ok=True)
            raise NotTheFile(
                f"{url}: its checksum is {found}, expected {self.checksum}; what came was removed: "
                "try again, and if it stays so the file there has changed"
            )


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Refuse where another process writes the same file, as two would mix their bytes."""
    lock = part.with_name(part.name + ".lock")
    with open(lock, "w") as handle:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                f"{part}: another process is downloading this file; wait until it is done, then "
                "run this again"
            ) from error
        except (ImportError, OSError):
            pass  # no such locks on this system or this disk
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


class _CutShort(Exception):
    """The connection ended before the file did."""


def _begins(headers: Any) -> int:
    found = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


@contextmanager
def _reading(url: str) -> Iterator[None]:
    """Errors of reading an address, in one line; those of writing pass."""
    import requests
    from urllib3.exceptions import HTTPError, IncompleteRead, ProtocolError

    try:
        yield
    except requests.HTTPError as error:
        raise Unreachable(f"{url}: the server answers {_status(error)}") from error
    except (IncompleteRead, ProtocolError) as error:
        raise _CutShort(f"{url}: the connection broke off ({_first(error)})") from error
    except (requests.RequestException, HTTPError) as error:
        raise Unreachable(f"{url}: cannot be reached ({_first(error)})") from error
    except FileNotFoundError as error:
        raise Unreachable(f"{url}: there is no such file") from error


def _status(error: Any) -> int:
    return int(error.response.status_code)


def _first(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    known = re.search(
        r"(Name or service not known|Failed to resolve|Connection refused|timed out"
        r"|Network is unreachable|Temporary failure in name resolution)",
        text,
    )
    return known[0] if known else text[:120] or type(error).__name__


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except (OutputError, InputError):
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OutputError(
                f"{target.parent}: the disk is full; make room and run the same command, which "
                "goes on from what is kept, or name another folder (cache, or SEQGEN_CACHE)"
            ) from error
        raise OutputError(
            f"{target}: cannot be written ({error.strerror or error}); name a folder you may "
            "write to (cache, or SEQGEN_CACHE)"
        ) from error


def platform_folder() -> Path:
    """The folder in which this platform's programs keep what they can fetch again."""
    import pooch

    return Path(pooch.os_cache("seqgen"))
