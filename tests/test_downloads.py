"""Downloads by name: from a server here and from files, whole, broken off, and wrong."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

import seqgen.downloads.door as door
import seqgen.downloads.transfer as transfer
from seqgen.cli import main
from seqgen.downloads import fetch, list_resources
from seqgen.downloads.catalogue import RESOURCES, place_of, resource
from seqgen.downloads.transfer import bsd_sum, published
from seqgen.errors import InputError, OutputError, SeqgenWarning
from seqgen.io.reference import open_reference

BYTES = bytes(range(256)) * 9_000  # more than two blocks of the reader
MD5 = hashlib.md5(BYTES).hexdigest()
CHAIN = "hg19ToHg38.over.chain.gz"
WHERE = f"/hgdownload.soe.ucsc.edu/goldenPath/hg19/liftOver/{CHAIN}"
SUMS = "/hgdownload.soe.ucsc.edu/goldenPath/hg19/liftOver/md5sum.txt"


class Handler(BaseHTTPRequestHandler):
    """Serves bytes by path; can break off, know no ranges, and remembers what was asked."""

    def __init__(self, site, *args):
        self.site = site
        super().__init__(*args)

    def log_message(self, *_):
        pass

    def do_GET(self):
        site = self.site
        site.asked.append((self.path, self.headers.get("Range")))
        body = site.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        start, wanted = 0, self.headers.get("Range")
        fresh = self.headers.get("If-Range") == site.tag
        if wanted and site.ranges and fresh:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("ETag", site.tag)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        rest = body[start:]
        if site.break_after and len(rest) > site.break_after:
            self.wfile.write(rest[: site.break_after])
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(rest)


@pytest.fixture
def site(socket_enabled):
    """A server on this machine that lays files out as a mirror does."""
    told = SimpleNamespace(files={WHERE: BYTES}, asked=[], tag='"1"', ranges=True, break_after=0)
    with _serving(told) as told.url:
        yield told


@contextmanager
def _serving(told):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, told))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def mirrored(site, monkeypatch):
    monkeypatch.setenv("SEQGEN_MIRROR", site.url)
    return site


def _part(folder):
    return folder / "hg19ToHg38" / f"{CHAIN}.part"


def test_fetched_once_and_checked_by_the_publishers_list(mirrored, tmp_path):
    mirrored.files[SUMS] = f"{MD5}  {CHAIN}\n".encode()
    told = []
    path = fetch("hg19ToHg38", cache=tmp_path, progress=lambda *one: told.append(one))
    assert path.read_bytes() == BYTES
    assert told[-1] == (f"{CHAIN} (MB)", 2, 2)
    note = json.loads((path.parent / f"{CHAIN}.source.json").read_text())
    assert note["checked"] == f"md5:{MD5} (the publisher's)"
    assert note["sha256"] == f"sha256:{hashlib.sha256(BYTES).hexdigest()}"
    asked = len(mirrored.asked)
    assert fetch("hg19ToHg38", cache=tmp_path, checksum=MD5) == path
    assert len(mirrored.asked) == asked
    assert sorted(each.name for each in path.parent.iterdir()) == [CHAIN, f"{CHAIN}.source.json"]


def test_a_list_of_checksums_that_is_not_there_is_told(mirrored, tmp_path):
    with pytest.warns(SeqgenWarning, match="checked against nothing.*answers 404"):
        path = fetch("hg19ToHg38", cache=tmp_path)
    note = json.loads((path.parent / f"{CHAIN}.source.json").read_text())
    assert note["checked"] == "by nothing: there was no checksum"


def test_another_file_than_the_publishers_is_removed(mirrored, tmp_path):
    mirrored.files[SUMS] = f"{'0' * 32}  {CHAIN}\n".encode()
    with pytest.raises(InputError, match=f"checksum is md5:{MD5}, expected md5:0000.*removed"):
        fetch("hg19ToHg38", cache=tmp_path)
    assert not list((tmp_path / "hg19ToHg38").iterdir())


def test_goes_on_where_the_connection_broke_off(mirrored, tmp_path):
    mirrored.break_after = 1_000_000
    path = fetch("hg19ToHg38", cache=tmp_path, checksum=MD5)
    assert path.read_bytes() == BYTES
    assert [wanted for _, wanted in mirrored.asked] == [
        None, "bytes=1000000-", "bytes=2000000-",
    ]  # fmt: skip


def test_a_second_call_goes_on_where_an_interrupt_came(mirrored, tmp_path):
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("hg19ToHg38", cache=tmp_path, checksum=MD5, progress=stop)
    have = _part(tmp_path).stat().st_size
    assert 0 < have < len(BYTES)
    assert fetch("hg19ToHg38", cache=tmp_path, checksum=MD5).read_bytes() == BYTES
    assert mirrored.asked[-1] == (WHERE, f"bytes={have}-")


@pytest.mark.parametrize("why", ["no ranges", "file changed", "another address"])
def test_starts_anew_where_it_cannot_go_on(mirrored, tmp_path, why):
    _part(tmp_path).parent.mkdir(parents=True)
    _part(tmp_path).write_bytes(b"x" * 1000)
    url = mirrored.url + (WHERE if why != "another address" else "/elsewhere")
    note = {"url": url, "mark": '"0"' if why == "file changed" else '"1"'}
    _part(tmp_path).with_name(f"{CHAIN}.part.json").write_text(json.dumps(note))
    mirrored.ranges = why != "no ranges"
    assert fetch("hg19ToHg38", cache=tmp_path, checksum=MD5).read_bytes() == BYTES


def test_a_part_that_is_whole_is_taken(mirrored, tmp_path):
    _part(tmp_path).parent.mkdir(parents=True)
    _part(tmp_path).write_bytes(BYTES)
    note = {"url": mirrored.url + WHERE, "mark": '"1"'}
    _part(tmp_path).with_name(f"{CHAIN}.part.json").write_text(json.dumps(note))
    assert fetch("hg19ToHg38", cache=tmp_path, checksum=MD5).read_bytes() == BYTES
    assert mirrored.asked == [(WHERE, f"bytes={len(BYTES)}-")]


def test_a_changed_file_is_refused(tmp_path):
    source = tmp_path / CHAIN
    source.write_bytes(BYTES)
    path = fetch("hg19ToHg38", url=source.as_uri(), cache=tmp_path)
    path.write_bytes(BYTES[:-1] + b"!")
    with pytest.raises(InputError, match="has changed since it was fetched"):
        fetch("hg19ToHg38", url=source.as_uri(), cache=tmp_path)
    path.write_bytes(BYTES)  # the same again, at another time
    assert fetch("hg19ToHg38", url=source.as_uri(), cache=tmp_path) == path
    with pytest.raises(InputError, match="expected md5:000"):
        fetch("hg19ToHg38", url=source.as_uri(), cache=tmp_path, checksum="0" * 32)


def test_without_a_network_the_message_says_where_to_put_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQGEN_MIRROR", str(tmp_path / "nothing"))
    with pytest.raises(InputError, match="Without a network") as told:
        fetch("esm1b", cache=tmp_path)
    place = tmp_path / "esm1b" / "ALL_hum_isoforms_ESM1b_LLR.zip"
    assert f"put the file at {place}" in str(told.value)
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(b"put there by hand")
    assert fetch("esm1b", cache=tmp_path) == place
    assert place.with_name(place.name + ".source.json").exists()


def test_a_server_that_is_not_there(socket_enabled, tmp_path):
    with pytest.raises(InputError, match=r"cannot be reached .Connection refused"):
        fetch("esm1b", url="http://127.0.0.1:9/x.zip", cache=tmp_path)


def test_no_room_is_told_before_anything_comes(mirrored, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(OutputError, match=r"0\.0 GB free"):
        fetch("hg19ToHg38", cache=tmp_path, checksum=MD5)


def test_two_at_a_time_do_not_mix(tmp_path):
    source = tmp_path / "x.zip"
    source.write_bytes(b"x")

    def again(*_):
        fetch("esm1b", url=source.as_uri(), cache=tmp_path)

    with pytest.raises(OutputError, match="another process is downloading"):
        fetch("esm1b", url=source.as_uri(), cache=tmp_path, progress=again)
    assert fetch("esm1b", url=source.as_uri(), cache=tmp_path).read_bytes() == b"x"


def test_a_full_disk_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    source = tmp_path / "x.zip"
    source.write_bytes(b"x")
    monkeypatch.setattr(transfer._Resuming, "_write", full)
    with pytest.raises(OutputError, match="the disk is full"):
        fetch("esm1b", url=source.as_uri(), cache=tmp_path)


def test_a_genome_is_packed_so_that_it_can_be_read(tmp_path, monkeypatch):
    mirror = tmp_path / "mirror"
    place = place_of(resource("ensembl-fasta"), "hg19", 115, "22")
    assert place.url.endswith("Homo_sapiens.GRCh37.dna.chromosome.22.fa.gz")
    source = mirror / place.url.removeprefix("https://")
    source.parent.mkdir(parents=True)
    source.write_bytes(gzip.compress(b">22 dna\nACGTACGT\nACG\n"))
    digits = bsd_sum(source).removeprefix("sum:")
    (source.parent / "CHECKSUMS").write_text(f"{digits} {source.name}\n")
    monkeypatch.setenv("SEQGEN_MIRROR", str(mirror))
    ask = partial(fetch, "ensembl-fasta", build="GRCh37", chrom="22", cache=tmp_path)
    path = ask()
    assert path.parent == tmp_path / "ensembl-fasta" / "GRCh37" / "release-115"
    assert path.name.endswith(".fa.bgz")
    with open_reference(path) as reference:
        assert reference.path == path  # by the index beside it
        assert bytes(reference.bases("22", 6, 10)) == b"GTAC"
    assert not (path.parent / source.name).exists()
    source.unlink()
    assert ask() == path
    (path.parent / f"{path.name}.source.json").write_text("{}")
    with pytest.raises(InputError, match="is damaged"):
        ask()


def test_a_table_of_positions_is_indexed(tmp_path):
    source = tmp_path / "AlphaMissense_hg38.tsv.gz"
    source.write_bytes(gzip.compress(b"#CHROM\tPOS\tREF\tALT\nchr1\t5\tA\tC\n"))
    path = fetch("alphamissense", url=source.as_uri(), cache=tmp_path)
    assert path.with_name(path.name + ".tbi").exists()
    assert gzip.decompress(path.read_bytes()).endswith(b"chr1\t5\tA\tC\n")
    assert fetch("alphamissense", url=source.as_uri(), cache=tmp_path) == path


def test_the_sum_of_ensembl(tmp_path):
    path = tmp_path / "some"
    path.write_bytes(bytes(range(256)) * 5)
    # sum: 37416 1 of coreutils is 16 bits, each byte after a rotation by one
    total = 0
    for byte in path.read_bytes():
        total = ((total >> 1) + (total % 2) * 0x8000 + byte) % 0x10000
    assert bsd_sum(path) == transfer._sum_by_bytes(path) == f"sum:{total:05d} 2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{'a' * 32} *./b.gz", f"md5:{'a' * 32}"),
        ("12 7 b.gz", "sum:00012 7"),
        (f'{{"files": [{{"key": "b.gz", "checksum": "md5:{MD5}"}}]}}', f"md5:{MD5}"),
        (f"{'a' * 32}  other.gz", None),
        ("{ not json", None),
    ],
)  # fmt: skip
def test_lists_of_checksums(text, expected):
    assert published(text, "b.gz") == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "alphamisense"}, "did you mean 'alphamissense'"),
        ({"name": "cadd", "build": "hg18"}, "build: found 'hg18'"),
        ({"name": "cadd", "release": 3}, "comes in no releases"),
        ({"name": "esm1b", "chrom": "2"}, "comes as one file"),
        ({"name": "ensembl-gff", "chrom": "31"}, "chrom: found '31'"),
        ({"name": "ensembl-gff", "release": "new"}, "release: found 'new'"),
        ({"name": "esm1b", "checksum": "abc"}, "checksum: found 'abc'"),
        ({"name": "esm1b", "url": "ftp://x/y"}, "url: found 'ftp://x/y'"),
    ],
)
def test_bad_requests(settings, message, tmp_path):
    with pytest.raises(InputError, match=message):
        fetch(cache=tmp_path, **settings)


def test_every_resource_has_an_address_and_terms():
    for build in ("GRCh38", "GRCh37"):
        table = list_resources(build)
        assert table["url"].str.fullmatch(r"https://\S+\.(gz|zip)").all()
        assert (table[["what", "licence", "citation", "size"]] != "").all(axis=None)
    assert len(table) == len(RESOURCES)
    last = place_of(resource("ensembl-gff"), "GRCh37", 115, None)
    assert last.url.endswith("grch37/release-115/gff3/homo_sapiens/Homo_sapiens.GRCh37.87.gff3.gz")
    assert last.checksums.endswith("homo_sapiens/CHECKSUMS")


def test_models_come_from_the_hub(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(door.hub, "fetch", lambda *given: asked.append(given) or tmp_path)
    assert fetch("facebook/esm2_t6_8M_UR50D", release="main") == tmp_path
    assert asked == [("facebook/esm2_t6_8M_UR50D", "main")]


def test_an_interrupt_in_the_shell_says_how_to_go_on(monkeypatch, capsys):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("seqgen.cli.download_commands.fetch_file", stop)
    assert main(["fetch", "esm1b"]) == 130
    assert "what came is kept, the same command goes on" in capsys.readouterr().err


def test_the_shell(tmp_path, capsys):
    source = tmp_path / CHAIN
    source.write_bytes(BYTES)
    given = ["--cache", str(tmp_path / "kept"), "--url", source.as_uri(), "-q"]
    assert main(["fetch", "hg19ToHg38", *given]) == 0
    path = capsys.readouterr().out.strip()
    assert Path(path).read_bytes() == BYTES
    assert main(["fetch", "--list"]) == 0
    assert "licence: free for non-commercial use" in capsys.readouterr().out
    assert main(["fetch"]) == 1
    assert "NAME is missing" in capsys.readouterr().err
