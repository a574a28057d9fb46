"""Summary statistics against a genome, in another build, and in a stream of windows."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqgen.cli import main
from seqgen.errors import InputError, SeqgenWarning
from seqgen.io import sumstats_stream, text_blocks
from seqgen.io.liftover import lift_over, read_chain
from seqgen.io.reference_alleles import align_to_reference
from seqgen.io.sumstats import Asked, plan_of, read_sumstats
from seqgen.io.tables import read_provenance, read_table
from seqgen.schemas import DROPS, SUMSTATS

COMPLEMENT = dict(zip("ACGT", "TGCA", strict=True))


def sumstats(rows) -> pd.DataFrame:
    """Rows of (chrom, pos, effect, other) with beta 0.1 and eaf 0.2."""
    frame = pd.DataFrame(rows, columns=["chrom", "pos", "effect_allele", "other_allele"])
    values = {"rsid": None, "eaf": 0.2, "beta": 0.1, "se": 0.05, "z": 2.0, "p": 0.0455}
    return SUMSTATS.validate(frame.assign(**values, neg_log10_p=1.342, n=100.0))


def fasta(tmp_path, **contigs):
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{name}\n{text}\n" for name, text in contigs.items()))
    return path


def reasons(drops):
    return dict(zip(drops["reason"], drops["count"], strict=True))


@pytest.mark.parametrize("name", ["chr1", "1", "NC_000001.11"])
def test_alleles_by_the_reference(tmp_path, name):
    #        1234567890123
    genome = fasta(tmp_path, **{name: "ACGTTTTGCATNAA"})
    rows = [
        ("1", 1, "G", "A"),  # as it is
        ("1", 2, "C", "T"),  # effect allele is the reference's
        ("1", 3, "T", "C"),  # other strand: G is the reference, so A over G
        ("1", 9, "G", "A"),  # other strand, switched: reference C
        ("1", 10, "A", "T"),  # palindromic, effect allele is the reference's
        ("1", 8, "A", "C"),  # neither, on either strand? reference G: C complements it
        ("1", 11, "C", "G"),  # palindromic, neither
        ("1", 13, "AAT", "A"),  # insertion
        ("1", 99, "A", "C"),  # beyond the end
        ("2", 5, "A", "C"),  # no such chromosome
    ]
    table, drops = align_to_reference(sumstats(rows), genome)
    got = {
        row.pos: (row.effect_allele, row.other_allele, round(row.beta, 3), round(row.eaf, 3))
        for row in table.itertuples()
    }
    assert got == {
        1: ("G", "A", 0.1, 0.2),
        2: ("T", "C", -0.1, 0.8),
        3: ("A", "G", 0.1, 0.2),
        9: ("T", "C", -0.1, 0.8),
        10: ("T", "A", -0.1, 0.8),
        8: ("T", "G", 0.1, 0.2),
        13: ("AAT", "A", 0.1, 0.2),
    }
    told = reasons(drops)
    assert told["neither allele is the reference's"] == 1
    assert told["pos is beyond the end of the FASTA's chromosome"] == 1
    assert told["chromosome is not in the FASTA"] == 1
    np.testing.assert_allclose(table["z"] / table["beta"], 20)


def test_indels_go_to_the_left_of_their_repeat(tmp_path):
    genome = fasta(tmp_path, chr1="GACACACATTT")
    table, drops = align_to_reference(
        sumstats([("1", 7, "CAC", "C"), ("1", 10, "TT", "T")]), genome
    )
    got = table[["pos", "effect_allele", "other_allele"]].to_numpy().tolist()
    assert got == [[1, "GAC", "G"], [8, "AT", "A"]]
    assert reasons(drops)["indel moved to the left of its repeat"] == 2
    # the same insertion, written at two places of the repeat
    twice = sumstats([("1", 7, "CAC", "C"), ("1", 5, "CAC", "C")])
    table, drops = align_to_reference(twice, genome)
    assert len(table) == 1
    assert reasons(drops)["repeats an earlier row of the same variant"] == 1


@given(data=st.data())
@settings(max_examples=20)
def test_turning_and_complementing_never_change_the_variant(tmp_path_factory, data):
    text = data.draw(st.text("ACGT", min_size=12, max_size=40))
    pos = data.draw(st.integers(2, len(text) - 4))
    kind = data.draw(st.sampled_from(["snv", "deletion", "insertion"]))
    if kind == "snv":
        ref = text[pos - 1]
        alt = data.draw(st.sampled_from([x for x in "ACGT" if x not in (ref, COMPLEMENT[ref])]))
    elif kind == "deletion":
        ref, alt = text[pos - 1 : pos + 2], text[pos - 1]
    else:
        ref = text[pos - 1]
        alt = ref + data.draw(st.text("ACGT", min_size=1, max_size=3))
    genome = tmp_path_factory.mktemp("g") / "g.fa"
    genome.write_text(f">1\n{text}\n")
    plain = sumstats([("1", pos, alt, ref)])
    turned = sumstats([("1", pos, ref, alt)]).assign(beta=-0.1, z=-2.0, eaf=0.8)
    one = align_to_reference(plain, genome).table
    two = align_to_reference(turned, genome).table
    ambiguous = text[pos - 1 : pos - 1 + len(alt)] == alt and kind != "snv"
    if not ambiguous:
        pd.testing.assert_frame_equal(one, two)
    if kind == "snv":
        back = plain.assign(effect_allele=COMPLEMENT[alt], other_allele=COMPLEMENT[ref])
        pd.testing.assert_frame_equal(one, align_to_reference(back, genome).table)
    # the haplotype that carries the effect allele is the same before and after
    row = one.iloc[0]
    at, a, b = int(row["pos"]), row["effect_allele"], row["other_allele"]
    if not ambiguous:
        assert text[at - 1 : at - 1 + len(b)] == b
        new = text[: at - 1] + a + text[at - 1 + len(b) :]
        assert new == text[: pos - 1] + alt + text[pos - 1 + len(ref) :]
    pd.testing.assert_frame_equal(align_to_reference(one, genome).table, one)


def test_another_build_is_refused(tmp_path):
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("ACGT"), 3000))
    genome = fasta(tmp_path, chr1=text)
    right = [("1", i + 1, "AC"[text[i] == "A"], text[i]) for i in range(0, 2000, 4)]
    right = [row for row in right if {row[2], row[3]} not in ({"A", "T"}, {"C", "G"})]
    assert len(align_to_reference(sumstats(right), genome).table) == len(right)
    wrong = [(c, pos + 801, a, b) for c, pos, a, b in right]
    with pytest.raises(InputError, match="likely of another genome build"):
        align_to_reference(sumstats(wrong), genome)


CHAIN = """chain 1000 chr1 1000 + 100 400 chr1 2000 + 1100 1410 1
100\t0\t10
200

chain 900 chr2 500 + 0 200 chr3 600 - 50 250 2
200

chain 800 chr4 500 + 0 200 chr4_random 600 + 50 250 3
200

"""


def test_lift_over(tmp_path):
    path = tmp_path / "a.chain"
    path.write_text(CHAIN)
    rows = [
        ("1", 101, "A", "C"),
        ("1", 201, "A", "C"),
        ("1", 200, "AT", "A"),  # leaves its block
        ("1", 50, "A", "C"),
        ("2", 1, "A", "C"),  # other strand
        ("2", 5, "AT", "A"),
        ("4", 5, "A", "C"),
        ("5", 5, "A", "C"),
    ]
    table, drops = lift_over(sumstats(rows), path)
    got = table[["chrom", "pos", "effect_allele", "other_allele"]].to_numpy().tolist()
    # 600 bases, of which the stretch starts 50 from the other end
    assert got == [["1", 1101, "A", "C"], ["1", 1211, "A", "C"], ["3", 550, "T", "G"]]
    told = reasons(drops)
    assert told["no place in the other build"] == 3
    assert told["indel in a stretch that the other build has reversed"] == 1
    assert told["lifts to no chromosome 1 to 22, X, Y, MT"] == 1
    DROPS.validate(drops)
    from pyliftover import LiftOver

    theirs = LiftOver(str(path))
    for chrom, pos in (("chr1", 100), ("chr1", 350), ("chr2", 0), ("chr2", 133)):
        ours = lift_over(sumstats([(chrom[3:], pos + 1, "A", "C")]), path).table.iloc[0]
        (place,) = theirs.convert_coordinate(chrom, pos)
        assert (f"chr{ours['chrom']}", ours["pos"] - 1) == place[:2]
    path.write_text("nothing\n")
    with pytest.raises(InputError, match="holds no chain"):
        read_chain(path)


@pytest.fixture
def large(tmp_path) -> str:
    """A file whose rows are out of order, repeated and in part wrong, with its genome."""
    rng = np.random.default_rng(1)
    genome = {f"chr{c}": "".join(rng.choice(list("ACGT"), 5000)) for c in (1, 2, 22)}
    fasta(tmp_path, **genome)
    lines = []
    for chrom, text in genome.items():
        for i in rng.choice(4990, 600, replace=False):
            ref = text[i]
            alt = rng.choice([x for x in "ACGT" if x not in (ref, COMPLEMENT[ref])])
            pair = [alt, ref] if rng.random() < 0.5 else [ref, alt]
            if rng.random() < 0.05:
                pair = [COMPLEMENT[x] for x in pair]
            beta = f"{rng.normal(0, 0.1):.5f}"
            lines.append([chrom, str(i + 1), *pair, beta, "0.1", f"{rng.uniform():.4f}", "50"])
    lines += [lines[i] for i in range(0, 1800, 90)]
    lines += [[*lines[5][:5], "-1", "0.5", "50"], [*lines[6][:1], "x", *lines[6][2:]]]
    order = rng.permutation(len(lines))
    path = tmp_path / "gwas.tsv"
    header = ["CHR", "POS", "EA", "NEA", "BETA", "SE", "EAF", "N"]
    path.write_text("\n".join("\t".join(x) for x in [header, *[lines[i] for i in order]]) + "\n")
    return str(path)


@pytest.mark.parametrize("reference", [False, True])
def test_a_stream_writes_what_reading_whole_gives(large, tmp_path, monkeypatch, reference):
    table, drops = read_sumstats(large)
    if reference:
        table, more = align_to_reference(table, tmp_path / "genome.fa")
    monkeypatch.setattr(sumstats_stream, "WINDOW", 700)
    monkeypatch.setattr(text_blocks, "BYTES", 3000)
    monkeypatch.setattr("seqgen.io.sumstats_source.BYTES", 3000)
    out = tmp_path / "out.parquet"
    rows, told = sumstats_stream.stream_sumstats(
        plan_of(large, None, Asked()),
        out,
        reference=tmp_path / "genome.fa" if reference else None,
        provenance={"command": "x"},
    )
    written = read_table(out, SUMSTATS)
    assert rows == len(written)
    pd.testing.assert_frame_equal(written, table)
    assert read_provenance(out) == {"command": "x"}
    counted = reasons(drops)
    assert {k: v for k, v in reasons(told).items() if k in counted} == counted
    if reference:
        assert set(reasons(more)) <= set(reasons(told))
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_nothing_is_left_of_a_stream_that_fails(large, tmp_path):
    bad = tmp_path / "bad.tsv"
    bad.write_text("CHR\tPOS\tEA\tNEA\tBETA\tSE\n1\t5\tA\tC\t0.1\t-1\n")
    before = sorted(tmp_path.iterdir())
    assert main(["munge", str(bad), "--out", str(tmp_path / "o.parquet")]) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_the_shell(large, tmp_path, capsys):
    genome = str(tmp_path / "genome.fa")
    for name in ("o.parquet", "o.tsv"):
        status = main(["munge", large, "--out", str(tmp_path / name), "--reference", genome, "-q"])
        assert status == 0
    one, two = (read_table(tmp_path / name, SUMSTATS) for name in ("o.parquet", "o.tsv"))
    pd.testing.assert_frame_equal(one, two, check_dtype=False)
    assert (tmp_path / "o.drops.tsv").exists()
    capsys.readouterr()
    assert main(["munge", "--explain", large]) == 0
    out = capsys.readouterr().out
    assert "EA" in out
    assert "effect_allele" in out
    assert main(["munge", large]) == 1
    assert "--out is missing" in capsys.readouterr().err


def test_blocks_agree_on_the_scale_of_standard_errors(tmp_path, monkeypatch):
    rng = np.random.default_rng(3)
    beta = rng.normal(0, 0.5, 400)
    frame = pd.DataFrame({"CHR": 1, "POS": np.arange(400) + 1, "EA": "A", "NEA": "C"})
    frame["OR"], frame["SE"] = np.exp(beta), 0.1 * np.exp(beta)
    frame["P"] = 2 * 0.5 * np.exp(-0.717 * np.abs(beta / 0.1) - 0.416 * (beta / 0.1) ** 2)
    frame.loc[200:, "P"] = np.nan  # these rows cannot tell by themselves
    frame.to_csv(tmp_path / "g.tsv", sep="\t", index=False)
    monkeypatch.setattr("seqgen.io.sumstats_source.BYTES", 10_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeqgenWarning)
        table = read_sumstats(tmp_path / "g.tsv").table
    np.testing.assert_allclose(table["se"], 0.1)
