"""Jobs in parts: the parts are the whole, and what does not fit together is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from seqgen import schemas
from seqgen.cli import main
from seqgen.errors import InputError, MissingFileError
from seqgen.io.genotypes import read_panel
from seqgen.io.resources import demo_panel_prefix, demo_sumstats_path
from seqgen.io.shards import merge_drops, merge_shards, shard_note
from seqgen.io.sumstats import read_sumstats
from seqgen.io.tables import read_provenance, read_table, write_table
from seqgen.loci import find_loci
from seqgen.models.substitution import SubstitutionModel
from seqgen.pipeline import RunOptions, finemap_loci, prepare_loci
from seqgen.schemas import DROPS, SCORES
from seqgen.scores import score_variants

MODEL = {"model": {"name": "blosum62", "revision": "1"}}


def scores(*positions, protein="P1"):
    return pd.DataFrame({
        "uniprot": protein, "position": positions, "ref_aa": "A", "alt_aa": "C",
        "method": "wild-type-marginal", "log_lik_ratio": np.arange(len(positions)) - 0.5,
    })  # fmt: skip


def part(folder, number, of, frame, *, suffix=".parquet", schema=SCORES, told=MODEL, **note):
    path = folder / f"part{number}{suffix}"
    provenance = {"command": f"seqgen --shard {number}/{of}", **told}
    provenance |= shard_note((number, of), schema, **note)
    return write_table(frame, path, schema=schema, provenance=provenance, allow_empty=True)


# --- merging -------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".parquet", ".tsv", ".csv.gz"])
def test_parts_are_put_together_in_their_order(suffix, tmp_path):
    frames = [scores(1, 2), scores(5), scores(9, 12, 13)]
    paths = [
        part(tmp_path, k, 3, frame, suffix=suffix, sums={"n_tests": k, "levels": [k, 10 * k]})
        for k, frame in enumerate(frames, start=1)
    ]
    merged = merge_shards([paths[2], paths[0], paths[1]])
    pd.testing.assert_frame_equal(merged.table, pd.concat(frames, ignore_index=True))
    assert merged.schema is SCORES
    assert merged.provenance == {
        **MODEL, "merged": 3, "sums": {"n_tests": 6, "levels": [6, 60]}
    }  # fmt: skip


def test_parts_without_rows_and_tables_without_schema(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    paths = [part(tmp_path, k, 3, f, schema=None) for k, f in
             enumerate((frame[:0], frame, frame[:0]), start=1)]  # fmt: skip
    pd.testing.assert_frame_equal(merge_shards(paths).table, frame)
    empty = [part(tmp_path, k, 2, SCORES.empty()) for k in (1, 2)]
    assert merge_shards(empty).table.empty


def drops(count, example, reason="why"):
    row = ("scores", reason, "dropped", count, example)
    return pd.DataFrame([row], columns=DROPS.names)


def test_drops_are_added_up_by_reason(tmp_path):
    frames = [drops(2, "P1 A1C"), pd.concat([drops(5, "P3 A1C"), drops(1, "P4", "other")])]
    paths = [part(tmp_path, k, 2, f, schema=DROPS) for k, f in enumerate(frames, start=1)]
    table = merge_shards(paths).table
    assert table[["reason", "count", "example"]].to_numpy().tolist() == [
        ["why", 7, "P1 A1C"], ["other", 1, "P4"],
    ]  # fmt: skip
    assert merge_drops([]).empty


def test_a_table_that_every_part_has_whole_is_taken_once(tmp_path):
    paths = [part(tmp_path, k, 2, scores(1, 2), whole=True) for k in (1, 2)]
    assert len(merge_shards(paths).table) == 2
    paths[1] = part(tmp_path, 2, 2, scores(1, 3), whole=True)
    with pytest.raises(InputError, match=r"part2.*differs from .*part1"):
        merge_shards(paths)


def test_what_does_not_fit_together_is_refused(tmp_path):
    one, two = part(tmp_path, 1, 3, scores(1)), part(tmp_path, 2, 3, scores(2))
    with pytest.raises(InputError, match=r"parts: 3 of 3 missing; run --shard 3/3"):
        merge_shards([one, two])
    twice = tmp_path / "again.parquet"
    twice.write_bytes(two.read_bytes())
    with pytest.raises(InputError, match=r"again.parquet: is part 2 of 3, as is .*part2"):
        merge_shards([one, two, twice])
    with pytest.raises(MissingFileError, match="no such file"):
        merge_shards([one, tmp_path / "part3.parquet"])
    with pytest.raises(InputError, match="none given"):
        merge_shards([])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"of": 3}, r"part2.*is one of so many parts: 3, .*part1.*: 2"),
        ({"schema": DROPS, "frame": drops(1, "x")}, r"part2.*is a part of table drops.*scores"),
        ({"whole": True}, r"part2.*is the same in every part: True"),
        ({"told": {"model": {"name": "esm2", "revision": "2"}}},
         r"part2.*was made with another model than .*part1.*'esm2'.*'blosum62'"),
        ({"told": {}}, r"part2.*was made with another model than"),
        ({"frame": scores(1)}, r"table 'scores' \(of all parts\).*repeat the key"),
    ],
)  # fmt: skip
def test_parts_of_other_jobs_are_refused(other, message, tmp_path):
    one = part(tmp_path, 1, 2, scores(1))
    given = {"of": 2, "frame": scores(2)} | other
    two = part(tmp_path, 2, given.pop("of"), given.pop("frame"), **given)
    with pytest.raises(InputError, match=message):
        merge_shards([one, two])


def test_parts_with_other_columns_and_unknown_tables(tmp_path):
    one = part(tmp_path, 1, 2, pd.DataFrame({"a": [1]}), schema=None)
    two = part(tmp_path, 2, 2, pd.DataFrame({"b": [1]}), schema=None)
    with pytest.raises(InputError, match=r"part2.*has columns b; .*part1.* has a"):
        merge_shards([one, two])
    lone = part(tmp_path, 1, 1, scores(1), suffix=".tsv")
    beside = tmp_path / "part1.tsv.provenance.json"
    beside.write_text(beside.read_text().replace('"scores"', '"dreams"'))
    with pytest.raises(InputError, match="part of table 'dreams', which this version"):
        merge_shards([lone])
    whole = write_table(scores(1), tmp_path / "whole.parquet", provenance=MODEL)
    with pytest.raises(InputError, match="does not say which part of a job"):
        merge_shards([whole])


# --- scoring in parts ----------------------------------------------------------------------

PROTEINS = {f"P{k}": "MKVLAACDE"[k:] + "ACDEFGHIK" for k in range(5)}


def changes():
    """Changes in five proteins, mixed, with some that cannot be scored."""
    rows = [(name, position, text[position - 1], "W") for position in (2, 4, 7)
            for name, text in PROTEINS.items()]  # fmt: skip
    rows += [("P1", 3, "Y", "W"), ("Q9", 1, "M", "W"), (None, 1, "M", "W"), ("P4", 99, "A", "W")]
    return pd.DataFrame(rows, columns=["uniprot", "position", "ref_aa", "alt_aa"])


def in_order(frame):
    return frame.sort_values(list(frame.columns[:5]), ignore_index=True)


@pytest.mark.parametrize("of", [1, 2, 5])
def test_scores_of_all_shards_are_the_scores(of):
    methods = ["wild-type-marginal"]
    whole = score_variants(changes(), PROTEINS, SubstitutionModel(), methods=methods)
    parts = [
        score_variants(changes(), PROTEINS, SubstitutionModel(), methods=methods, shard=(k, of))
        for k in range(1, of + 1)
    ]
    table = pd.concat([one.table for one in parts], ignore_index=True)
    pd.testing.assert_frame_equal(in_order(table), in_order(whole.table))
    proteins = [set(one.table["uniprot"]) for one in parts]
    assert sum(map(len, proteins)) == 5
    added = merge_drops([one.drops for one in parts]).set_index("reason")["count"]
    assert added.to_dict() == whole.drops.set_index("reason")["count"].to_dict()


def test_more_shards_than_proteins():
    with pytest.raises(InputError, match="6 shards of 5 proteins"):
        score_variants(
            changes(), PROTEINS, SubstitutionModel(), methods=["wild-type-marginal"], shard=(1, 6)
        )


# --- fine-mapping in parts and on processes ------------------------------------------------

REGIONS = ("22:20000000-20200000", "22:33000000-33150000", "22:43200000-43350000")


@pytest.fixture(scope="module")
def loci():
    table = read_sumstats(demo_sumstats_path()).table
    found = find_loci(table, regions=REGIONS)
    return prepare_loci(table, found, read_panel(demo_panel_prefix()))[0], found


def fine_mapped(loci, **how):
    data, found = loci
    told = []
    nothing = pd.DataFrame(columns=[*schemas.SUMSTATS.key, "gene", "uniprot", "residue_change",
                                    "log_lik_ratio"])  # fmt: skip
    types = {name: data[next(iter(data))].variants[name].dtype for name in schemas.SUMSTATS.key}
    tables = finemap_loci(
        data, nothing.astype(types), found, options=RunOptions(L=3),
        progress=lambda *at: told.append(at), **how,
    )  # fmt: skip
    return tables, told


def test_loci_on_processes_and_in_shards_are_the_loci(loci):
    whole, told = fine_mapped(loci)
    assert len(whole.loci) == 3
    on_processes, told_too = fine_mapped(loci, workers=2)
    assert told_too == told
    shards = [fine_mapped(loci, shard=(k, 2))[0] for k in (1, 2)]
    assert [len(one.loci) for one in shards] == [1, 2]
    for name in ("variants", "loci", "credible_sets"):
        expected = getattr(whole, name)
        # To rounding: in a process of its own BLAS has one thread.
        pd.testing.assert_frame_equal(getattr(on_processes, name), expected, rtol=1e-8)
        parts = pd.concat([getattr(one, name) for one in shards], ignore_index=True)
        pd.testing.assert_frame_equal(parts, expected)
    for name in ("prior_coefficients", "prior_by_locus"):
        for other in (on_processes, *shards):
            pd.testing.assert_frame_equal(getattr(other, name), getattr(whole, name))


def test_more_shards_than_loci(loci):
    with pytest.raises(InputError, match="4 shards of 3 loci"):
        fine_mapped(loci, shard=(1, 4))


# --- in the shell --------------------------------------------------------------------------


def call(capsys, *arguments):
    status = main([str(a) for a in arguments] + ["--quiet"])
    out, err = capsys.readouterr()
    return status, out, err


def test_score_in_parts_and_merge(capsys, tmp_path):
    changes().to_csv(tmp_path / "changes.tsv", sep="\t", index=False)
    fasta = "".join(f">{name}\n{text}\n" for name, text in PROTEINS.items())
    (tmp_path / "proteins.fasta").write_text(fasta)
    score = ["score", tmp_path / "changes.tsv", "--proteins", tmp_path / "proteins.fasta",
             "--model", "blosum62"]  # fmt: skip
    assert call(capsys, *score, "--out", tmp_path / "whole.parquet")[0] == 0
    parts = [tmp_path / f"part{k}.parquet" for k in (1, 2, 3)]
    for k, path in enumerate(parts, start=1):
        assert call(capsys, *score, "--shard", f"{k}/3", "--out", path)[0] == 0
    status, _, err = call(capsys, "merge", *parts[:2], "--out", tmp_path / "merged.parquet")
    assert (status, err) == (
        1, "seqgen merge: parts: 3 of 3 missing; run --shard 3/3 and give its table too\n",
    )  # fmt: skip
    status, out, _ = call(capsys, "merge", *parts, "--out", tmp_path / "merged.parquet")
    assert status == 0
    whole, merged = (read_table(tmp_path / f"{x}.parquet", SCORES) for x in ("whole", "merged"))
    assert f"{len(whole)} rows" in out
    pd.testing.assert_frame_equal(in_order(merged), in_order(whole))
    told = read_provenance(tmp_path / "merged.parquet")
    assert told["model"]["name"] == "blosum62"
    assert told["command"].startswith("seqgen merge")
    one, other = (read_table(tmp_path / f"{x}.drops.tsv", DROPS) for x in ("whole", "merged"))
    assert dict(zip(one["reason"], one["count"], strict=True)) == dict(
        zip(other["reason"], other["count"], strict=True)
    )
    status, _, err = call(capsys, "merge", *parts, "--out", parts[0])
    assert status == 1
    assert "is an input file" in err


def test_parts_made_from_other_inputs_are_told(capsys, tmp_path):
    (tmp_path / "p.fasta").write_text(
        "".join(f">{name}\n{text}\n" for name, text in PROTEINS.items())
    )
    for k, frame in enumerate((changes(), changes()[3:]), start=1):
        frame.to_csv(tmp_path / f"changes{k}.tsv", sep="\t", index=False)
        status, *_ = call(
            capsys, "score", tmp_path / f"changes{k}.tsv", "--proteins", tmp_path / "p.fasta",
            "--model", "blosum62", "--shard", f"{k}/2", "--out", tmp_path / f"part{k}.tsv",
        )  # fmt: skip
        assert status == 0
    note = json.loads((tmp_path / "part1.tsv.provenance.json").read_text())["shard"]
    assert (note["part"], note["of"], note["table"]) == (1, 2, "scores")
    status, _, err = call(
        capsys, "merge", tmp_path / "part1.tsv", tmp_path / "part2.tsv", "--out", tmp_path / "m.tsv"
    )
    assert status == 1
    assert "was made with another inputs_sha256" in err
    assert not (tmp_path / "m.tsv").exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--shard", "3/2"], "shard is '3/2'; expected i/N with i from 1 to N"),
        (["--shard", "2"], "shard is '2'; expected i/N"),
        (["--workers", "0"], "found '0', expected a number from 1, or all"),
    ],
)
def test_flags_that_cannot_be_meant(flags, message, capsys):
    with pytest.raises(SystemExit):
        main(["finemap", "x", "--panel", "p", "--out", "o", *flags])
    assert message in capsys.readouterr().err


def test_finemap_in_parts_and_merge(capsys, tmp_path):
    finemap = ["finemap", demo_sumstats_path(), "--panel", demo_panel_prefix(), "--regions",
               *REGIONS[:2], "--L", "2"]  # fmt: skip
    assert call(capsys, *finemap, "--out", tmp_path / "whole", "--workers", "1")[0] == 0
    for k in (1, 2):
        assert call(capsys, *finemap, "--out", tmp_path / f"s{k}", "--shard", f"{k}/2")[0] == 0
    for name in ("variants", "loci", "credible_sets", "prior_coefficients", "prior_by_locus",
                 "drops"):  # fmt: skip
        parts = [tmp_path / f"s{k}" / f"{name}.parquet" for k in (1, 2)]
        out = tmp_path / f"{name}.parquet"
        assert call(capsys, "merge", *parts, "--out", out)[0] == 0
        pd.testing.assert_frame_equal(
            read_table(out), read_table(tmp_path / "whole" / f"{name}.parquet")
        )
