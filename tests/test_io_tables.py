"""Tables are written whole or not at all, and damaged ones are refused."""

from __future__ import annotations

import json
import os

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from seqgen.errors import InputError, MissingFileError, OutputError
from seqgen.io.shards import merge_shards
from seqgen.io.tables import (
    read_provenance,
    read_table,
    replacing,
    write_json,
    write_table,
    write_text,
)
from seqgen.schemas import DROPS, LOCI, PRIOR_COEFFICIENTS

SUFFIXES = ["parquet", "tsv", "tsv.gz", "csv", "csv.gz"]


@pytest.fixture
def drops() -> pd.DataFrame:
    return DROPS.validate(
        pd.DataFrame(
            {
                "stage": ["read", "read"],
                "reason": ['odd, "quoted"', "NA"],
                "action": ["dropped", "kept"],
                "count": [3, 1],
                "example": ["22:1", None],
            }
        )
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_comes_back_as_it_was(tmp_path, drops, suffix):
    path = write_table(drops, tmp_path / f"t.{suffix}", schema=DROPS)
    pd.testing.assert_frame_equal(read_table(path, DROPS), drops)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_and_precise_numbers_come_back(tmp_path, suffix):
    frame = pd.DataFrame(
        {
            "term": ["a", "b"],
            "estimate": [0.1 + 0.2, 1e-300],
            "se": [None, 1 / 3],
            "lower": [None, None],
            "upper": [1.0, None],
            "centre": [0.0, -2.5],
            "n_variants": [0, 7],
            "source": ["given", "learned"],
        }
    )
    frame = PRIOR_COEFFICIENTS.validate(frame)
    path = write_table(frame, tmp_path / f"t.{suffix}")
    pd.testing.assert_frame_equal(read_table(path, PRIOR_COEFFICIENTS), frame, check_exact=True)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_table_gives_the_same_bytes(tmp_path, drops, suffix):
    note = {"b": 1, "a": [1, 2]}
    first = write_table(drops, tmp_path / f"one.{suffix}", provenance=note)
    again = write_table(drops, tmp_path / f"two.{suffix}", provenance=dict(reversed(note.items())))
    assert first.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_provenance_comes_back(tmp_path, drops, suffix):
    note = {"seed": 1, "model": "é", "inputs": {"x": None}}
    path = write_table(drops, tmp_path / f"t.{suffix}", provenance=note)
    assert read_provenance(path) == note
    bare = write_table(drops, tmp_path / f"bare.{suffix}")
    assert read_provenance(bare) == {}


def test_provenance_of_a_run_is_that_of_its_folder_and_page(tmp_path):
    page = write_text(tmp_path / "report.html", "<p>")
    for path in (tmp_path, page):
        with pytest.raises(InputError, match=r"no provenance\.json (in|beside) it"):
            read_provenance(path)
    write_json(tmp_path / "provenance.json", {"seed": 1})
    assert read_provenance(tmp_path) == read_provenance(page) == {"seed": 1}
    with pytest.raises(MissingFileError):
        read_provenance(tmp_path / "other.html")


def test_dates_stay_dates(tmp_path):
    days = np.array(["2024-02-29", "NaT", "1899-12-31"], dtype="datetime64[s]")
    frame = pd.DataFrame({
        "n": [1, 2, 3], "day": days, "time": days + np.timedelta64(1, "s"),
        "milli": days.astype("datetime64[ms]"), "none": np.full(3, "NaT", dtype="datetime64[s]"),
    })  # fmt: skip
    path = write_table(frame, tmp_path / "t.parquet")
    kinds = [str(kind) for kind in pq.read_schema(path).types]
    assert kinds == ["int64", "date32[day]", "timestamp[ms]", "timestamp[ms]", "date32[day]"]
    found = read_table(path)
    assert [str(kind) for kind in found.dtypes[1:]] == ["datetime64[s]", *["datetime64[ms]"] * 2,
                                                         "datetime64[s]"]  # fmt: skip
    pd.testing.assert_frame_equal(found.astype(frame.dtypes), frame)
    assert read_table(write_table(frame[:0], path, allow_empty=True))["day"].dtype == days.dtype


def test_a_table_says_which_part_it_is(tmp_path, drops):
    part = write_table(
        drops, tmp_path / "t.tsv", schema=DROPS, provenance={"seed": 1}, shard=(1, 2)
    )
    told = read_provenance(part)
    assert (told["seed"], told["shard"]["part"], told["shard"]["of"]) == (1, 1, 2)
    other = write_table(
        drops, tmp_path / "u.tsv", schema=DROPS, provenance={"seed": 1}, shard=(2, 2)
    )
    merged = merge_shards([other, part])
    assert merged.table["count"].tolist() == [6, 2]
    assert merged.provenance == {"seed": 1, "merged": 2}
    with pytest.raises(InputError, match=r"shard is \(3, 2\); expected"):
        write_table(drops, tmp_path / "v.tsv", shard=(3, 2))
    assert not (tmp_path / "v.tsv").exists()


def test_no_rows_are_refused_unless_allowed(tmp_path):
    with pytest.raises(OutputError, match=r"no rows.*allow_empty"):
        write_table(LOCI.empty(), tmp_path / "t.parquet")
    assert list(tmp_path.iterdir()) == []
    path = write_table(LOCI.empty(), tmp_path / "t.parquet", allow_empty=True)
    pd.testing.assert_frame_equal(read_table(path, LOCI), LOCI.empty())


def test_a_table_that_breaks_its_schema_is_not_written(tmp_path, drops):
    with pytest.raises(InputError, match="action"):
        write_table(drops.assign(action="eaten"), tmp_path / "t.parquet", schema=DROPS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0, 4, 100, -8])
def test_a_truncated_parquet_file_is_refused(tmp_path, drops, keep):
    path = write_table(drops, tmp_path / "t.parquet")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"t\.parquet: is not a whole Parquet file.*make it again"):
        read_table(path)
    with pytest.raises(InputError, match="whole Parquet"):
        read_provenance(path)


def test_damage_inside_a_parquet_file_is_refused(tmp_path):
    path = write_table(pd.DataFrame({"x": range(10_000)}), tmp_path / "t.parquet")
    data = bytearray(path.read_bytes())
    data[40:400] = b"\xff" * 360
    path.write_bytes(data)
    with pytest.raises(InputError, match="whole Parquet"):
        read_table(path)


def test_a_cut_gzip_table_is_refused(tmp_path, drops):
    path = write_table(drops, tmp_path / "t.tsv.gz")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match=r"t\.tsv\.gz"):
        read_table(path)


def test_missing_file_folder_and_unknown_suffix(tmp_path):
    with pytest.raises(MissingFileError, match=r"none\.parquet: no such file"):
        read_table(tmp_path / "none.parquet")
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path)
    (tmp_path / "t.xlsx").write_text("x")
    with pytest.raises(InputError, match=r"t\.xlsx.*expected one of \.parquet"):
        read_table(tmp_path / "t.xlsx")
    with pytest.raises(InputError, match=r"read_sumstats, or made a table by seqgen munge"):
        read_table(tmp_path / "t.xlsx")
    with pytest.raises(OutputError, match=r"t\.xlsx") as caught:
        write_table(pd.DataFrame({"x": [1]}), tmp_path / "t.xlsx")
    assert "munge" not in str(caught.value)
    (tmp_path / "empty.tsv").write_text("")
    with pytest.raises(InputError, match=r"empty\.tsv: is empty"):
        read_table(tmp_path / "empty.tsv")


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(OutputError, match="create it first"):
        write_text(tmp_path / "no" / "t.txt", "x")
    with pytest.raises(OutputError, match="is a folder"):
        write_text(tmp_path, "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        write_text(tmp_path / "file" / "t.txt", "x")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match=r"t\.txt: cannot be written \(Permission denied\)"):
        write_text(tmp_path / "t.txt", "x")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_a_failure_half_way_keeps_the_old_file_and_leaves_nothing(tmp_path, failure):
    path = write_text(tmp_path / "t.txt", "old")

    def write_half():
        with replacing(path) as handle:
            handle.write(b"half")
            raise failure

    with pytest.raises(failure):
        write_half()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.txt"]


def test_a_full_disk_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="No space left"), replacing(tmp_path / "t.txt"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_json(tmp_path):
    path = write_json(tmp_path / "t.json", {"b": 1, "a": "é"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "é", "b": 1}
    with pytest.raises(OutputError, match="cannot be written as JSON"):
        write_json(tmp_path / "u.json", {"a": object()})
    assert not (tmp_path / "u.json").exists()


def test_files_have_the_usual_permissions(tmp_path):
    path = write_text(tmp_path / "t.txt", "x")
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask
