"""Files as spreadsheets, papers and other countries write them: read right, or refused in words."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tarfile
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.explain import explain_sumstats
from seqgen.io.sumstats import read_sumstats

KEY = ["chrom", "pos", "effect_allele", "other_allele"]
PAIRS = [("A", "G"), ("C", "T"), ("G", "A"), ("T", "C"), ("A", "C"), ("AT", "A")]
ROWS = 40


def base() -> pd.DataFrame:
    """Forty variants; the fourth has a p value below 1e-308."""
    random = np.random.default_rng(1)
    eaf = random.uniform(0.05, 0.95, ROWS).round(3)
    se = (1 / np.sqrt(2 * eaf * (1 - eaf) * 20000)).round(5)
    beta = (random.standard_normal(ROWS) * se * 2).round(5)
    beta[3] = 0.9
    lp = -(norm.logsf(np.abs(beta / se)) + np.log(2)) / np.log(10)
    power = np.floor(-lp)
    p = [f"{10 ** (-x - k):.6f}e{k:.0f}" for x, k in zip(lp, power, strict=True)]
    pairs = [PAIRS[i % len(PAIRS)] for i in range(ROWS)]
    return pd.DataFrame(
        {
            "CHR": random.integers(1, 23, ROWS).astype(str),
            "BP": random.integers(10**6, 4 * 10**7, ROWS),
            "SNP": [f"rs{1000 + i}" for i in range(ROWS)],
            "EA": [a for a, _ in pairs],
            "NEA": [b for _, b in pairs],
            "EAF": eaf,
            "BETA": beta,
            "SE": se,
            "P": p,
            "N": 20000,
            "LP": lp,
        }
    )


BASE = base()
PLAIN = BASE.drop(columns="LP")
TRUTH = BASE.set_axis(
    ["chrom", "pos", "rsid", *KEY[2:], "eaf", "beta", "se", "p", "n", "neg_log10_p"], axis=1
).set_index(KEY).sort_index()  # fmt: skip
ODDS = PLAIN.drop(columns=["BETA", "SE"]).assign(
    OR=np.exp(BASE["BETA"]),
    OR_95L=np.exp(BASE["BETA"] - 1.959964 * BASE["SE"]),
    OR_95U=np.exp(BASE["BETA"] + 1.959964 * BASE["SE"]),
)
NAMED = (
    "chr" + BASE["CHR"] + "_" + BASE["BP"].astype(str) + "_" + BASE["NEA"] + "_" + BASE["EA"]
    + "_b38"
)  # fmt: skip


def text(frame: pd.DataFrame = PLAIN, sep: str = "\t", **options) -> str:
    return frame.to_csv(sep=sep, index=False, lineterminator="\n", **options)


def lines(edit, sep: str = "\t") -> str:
    """The plain table, each of its lines edited."""
    return "".join(
        edit(number, line) + "\n" for number, line in enumerate(text(sep=sep).split("\n")[:-1])
    )


def read(tmp_path, data: str | bytes, name: str = "gwas.tsv", **options):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    table, drops = read_sumstats(path, **options)
    return table.set_index(KEY).sort_index(), dict(
        zip(drops["reason"], drops["count"], strict=True)
    )


def check(table: pd.DataFrame, lacking: int = 0, names=("eaf", "beta", "se", "neg_log10_p", "n")):
    """Every row that is there is right, and no more than ``lacking`` are not."""
    assert len(table) == ROWS - lacking
    truth = TRUTH.loc[table.index]
    for name in names:
        np.testing.assert_allclose(
            table[name].to_numpy(float), truth[name].to_numpy(float), rtol=2e-3, err_msg=name
        )


def grouped(numbers: pd.Series) -> list[str]:
    return [f"{number:,}" for number in numbers]


def set_at(column: str, values: dict[int, object]) -> pd.DataFrame:
    frame = PLAIN.astype({column: "object"})
    frame.loc[list(values), column] = list(values.values())
    return frame


THOUSANDS = PLAIN.assign(BP=grouped(PLAIN["BP"]), N=grouped(PLAIN["N"]))
TIMES = [f"{float(p.split('e')[0]):.5f}x10^{p.split('e')[1]}" for p in PLAIN["P"]]
MINUS = [str(b).replace("-", "\u2212") for b in PLAIN["BETA"]]
UGLY = {
    "quoted, commas in thousands": text(THOUSANDS, ",", quoting=csv.QUOTE_ALL),
    "quoted where it has to be": text(THOUSANDS, ","),
    "tabs, commas in thousands": text(THOUSANDS),
    "semicolons and decimal commas": text(PLAIN, ";").replace(".", ","),
    "tabs and decimal commas": text().replace(".", ","),
    "bars": text(PLAIN, "|"),
    "powers of ten": text(PLAIN.assign(P=TIMES)),
    "powers as of Fortran": text(PLAIN.assign(P=[p.replace("e", "D") for p in PLAIN["P"]])),
    "minus signs of a typesetter": text(PLAIN.assign(BETA=MINUS)),
    "plus signs": text(PLAIN.assign(BETA=[f"{b:+}" for b in PLAIN["BETA"]])),
    "percent signs": text(PLAIN.assign(EAF=[f"{100 * f:.1f}%" for f in PLAIN["EAF"]])),
    "percent": text(PLAIN.assign(EAF=100 * PLAIN["EAF"])),
    "a bound for p": text(set_at("P", {3: "<1e-300", 4: "< 2e-16"})),
    "p is 0": text(PLAIN.assign(P="0")),
    "empty rows of a spreadsheet": text(PLAIN, ",") + "," * 9 + "\n" + "," * 9 + "\n",
    "tabs at the end": lines(lambda _, line: line + "\t"),
    "row names under an empty name": PLAIN.to_csv(sep="\t"),
    "comments": "# a GWAS\n# of height, 2020\n" + text(),
    "Windows-1252": text(PLAIN.assign(Gene="M\u00fcller")).encode("cp1252"),
    "no-break spaces": "\ufeff" + text().replace("\tBETA", "\t\u00a0BETA"),
    "blanks around cells": text().replace("\t", " \t  "),
    "runs of blanks": "  " + text(PLAIN, " ").replace(" ", "    ").replace("\n", "  \n"),
    "interval of the odds ratio": text(ODDS),
    "hazard ratio": text(ODDS.set_axis([*PLAIN.columns[:6], "P", "N", "HR", "lower_.95",
                                        "upper_.95"], axis=1)),
    "-log10 p": text(PLAIN.drop(columns="P").assign(MLOG10P=BASE["LP"])),
    "a corrected p beside p": text(PLAIN.assign(P_GC=0.5, PVAL_ADJ=0.5)),
    "long names": text(PLAIN.rename(columns={"EAF": "Effect_Allele_Freq"})),
    "a dosage r2": text(PLAIN.assign(R2=0.9, Rsq=0.8, STAT=1)),
    "lower case": text(PLAIN.assign(EA=PLAIN["EA"].str.lower(), NEA=PLAIN["NEA"].str.lower())),
    "accessions": text(PLAIN.assign(CHR=[f"NC_{int(c):06d}.10" for c in PLAIN["CHR"]])),
    "cases and controls": text(PLAIN.drop(columns="N").assign(N_CASES=5000, N_CONTROLS=15000)),
    "names with alleles beside alleles": text(PLAIN.drop(columns=["CHR", "BP"]).assign(SNP=NAMED)),
}  # fmt: skip


@pytest.mark.parametrize("case", list(UGLY))
def test_read_right(tmp_path, case):
    check(read(tmp_path, UGLY[case])[0])


def test_what_was_rewritten_is_counted(tmp_path):
    _, reasons = read(tmp_path, UGLY["semicolons and decimal commas"])
    assert reasons["beta written with decimal comma"] == ROWS
    _, reasons = read(tmp_path, UGLY["a bound for p"])
    assert reasons["p is a bound (such as <1e-300): taken as missing"] == 2
    _, reasons = read(tmp_path, UGLY["percent"])
    assert reasons["eaf is in percent: divided by 100"] == ROWS
    _, reasons = read(tmp_path, UGLY["minus signs of a typesetter"])
    assert reasons["beta: a dash that is no minus sign read as one"] == (PLAIN["BETA"] < 0).sum()


def test_a_bound_is_no_p_to_derive_from(tmp_path):
    frame = set_at("P", {5: "<1e-300"}).drop(columns="SE")
    table, reasons = read(tmp_path, text(frame))
    assert reasons["p is missing or 0 and there is no se"] == 1
    assert len(table) == ROWS - 1


def test_two_ways_of_writing_decimals_are_not_mixed(tmp_path):
    table, reasons = read(tmp_path, text(set_at("BETA", {7: "0,05"})))
    assert reasons["beta is not a number"] == 1
    check(table, 1)


def test_rows_that_a_spreadsheet_broke(tmp_path):
    short = {i: f"{PLAIN['BP'][i]:.2E}" for i in range(0, 10)}
    whole = {i: f"{PLAIN['BP'][i]:.7E}" for i in range(10, 20)}
    table, reasons = read(tmp_path, text(set_at("BP", short | whole)))
    cut = "pos is written with digits cut off (such as 1.23E+07), as spreadsheets do"
    assert reasons[cut] == 10
    check(table, 10)
    table, reasons = read(tmp_path, text(set_at("BETA", {7: "#DIV/0!", 8: "#VALUE!"})))
    assert reasons["beta is not a number"] == 2
    check(table, 2)
    table, reasons = read(tmp_path, text(set_at("SNP", {0: "1-Mar"})))
    assert reasons["name is no rsID: left missing"] == 1
    check(table)


def test_round_positions_as_r_writes_them_are_kept(tmp_path):
    frame = PLAIN.assign(BP=[f"{i + 1}e+05" for i in range(ROWS)])
    table, _ = read(tmp_path, text(frame))
    assert sorted(table.index.get_level_values("pos")) == [100000 * (i + 1) for i in range(ROWS)]


def test_names_that_hold_the_alleles(tmp_path):
    frame = PLAIN.drop(columns=["CHR", "BP", "EA", "NEA"]).assign(SNP=NAMED)
    with pytest.raises(InputError, match=r"in which order: columns=\{'chrom_pos_other_effect'"):
        read(tmp_path, text(frame))
    check(read(tmp_path, text(frame), columns={"chrom_pos_other_effect": "SNP"})[0])


def test_names_of_chromosomes(tmp_path):
    names = ["X", "23", "chrX", "XY", "25", "MT", "26", "chrM", "NC_000023.11", "NC_012920.1"]
    frame = set_at("CHR", dict(enumerate(names)))
    table, _ = read(tmp_path, text(frame))
    chrom = table.index.get_level_values("chrom").value_counts()
    assert (chrom["X"], chrom["MT"]) == (6, 4)
    assert len(table) == ROWS


def test_frequencies_of_others_are_not_used(tmp_path):
    for name in ("EAF_HapMap3", "A1FREQ", "Freq.A1.1000G.EUR", "EAF_cases"):
        table, _ = read(tmp_path, text(PLAIN.rename(columns={"EAF": name})))
        assert table["eaf"].isna().all(), name


def test_half_the_effective_size_is_no_n(tmp_path):
    table, _ = read(tmp_path, text(PLAIN.rename(columns={"N": "Neff_half"})))
    assert table["n"].isna().all()


def test_letters_for_indels_are_dropped_and_counted(tmp_path):
    table, reasons = read(tmp_path, text(set_at("EA", {5: "I", 11: "D"})))
    assert reasons["effect_allele holds other letters than A, C, G, T"] == 2
    check(table, 2)


def archive(kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as held:
            held.writestr("gwas.tsv", text())
        return out.getvalue()
    data = text().encode()
    with tarfile.open(fileobj=out, mode="w:gz") as held:
        member = tarfile.TarInfo("gwas.tsv")
        member.size = len(data)
        held.addfile(member, io.BytesIO(data))
    return out.getvalue()


REFUSED = {
    "two p": (text(PLAIN.assign(P_value=0.5)), "P and P_value could each be p"),
    "UTF-16": (text().encode("utf-16"), "UTF-16; expected UTF-8 text.*iconv"),
    "zip": (archive("zip"), "is a zip file"),
    "tar": (archive("tar"), "is a tar archive; unpack it"),
    "CR alone": (text().replace("\n", "\r"), "lines end in CR alone"),
    "web page": ("<!DOCTYPE html>\n<html>404</html>\n", "rather than a page about it"),
    "title": ("My GWAS of height\n" + text(), "Lines above the names have to begin with ##"),
    "row names": (lines(lambda i, line: f"{i}\t{line}" if i else line), "as R writes them"),
    "log10 p": (text(PLAIN.drop(columns="P").assign(log10P=-BASE["LP"])), "it is log10 p"),
    "logarithm as ratio": (text(PLAIN.rename(columns={"BETA": "OR"})), "the ratio's logarithm"),
    "A1 and A2": (text(PLAIN.rename(columns={"EA": "Allele_1", "NEA": "Allele_2"})), "not guessed"),
    "minor allele": (text(PLAIN.rename(columns={"EA": "minor_allele", "NEA": "major_allele"})),
                     "no column for effect_allele, other_allele"),
    "a column twice": (text(PLAIN.assign(P2=0.5)).replace("P2", "P"), "'P' stands 2 times"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(REFUSED))
def test_refused_in_words(tmp_path, case):
    data, words = REFUSED[case]
    with pytest.raises(InputError, match=words):
        read(tmp_path, data)


def test_effective_sample_sizes(tmp_path):
    cases = np.arange(ROWS) * 10 + 100
    finngen = PLAIN.drop(columns=["N", "EA", "NEA", "EAF"]).assign(
        ref=PLAIN["NEA"], alt=PLAIN["EA"], af_alt=PLAIN["EAF"], n_cases=cases, n_controls=5000
    )
    pgc = PLAIN.drop(columns=["N", "BETA", "EA", "NEA", "EAF"]).assign(
        A1=PLAIN["EA"], A2=PLAIN["NEA"], FRQ_A_100=0.1, FRQ_U_900=PLAIN["EAF"],
        OR=np.exp(PLAIN["BETA"]), Nca=cases, Nco=5000, Neff_half=1.0,
    )  # fmt: skip
    regenie = PLAIN.drop(columns=["CHR", "BP", "EA", "NEA", "EAF"]).assign(
        CHROM=PLAIN["CHR"], GENPOS=PLAIN["BP"], ALLELE0=PLAIN["NEA"], ALLELE1=PLAIN["EA"],
        A1FREQ=PLAIN["EAF"], N_CASES=cases, N_CONTROLS=5000,
    )  # fmt: skip
    expected = pd.Series((4 / (1 / cases + 1 / 5000)).round(), BASE["SNP"])
    for frame in (finngen, pgc, regenie):
        table, reasons = read(tmp_path, text(frame), n="effective")
        assert reasons["n is 4 / (1 / cases + 1 / controls)"] == ROWS
        assert table["n"].to_list() == expected.loc[table["rsid"]].to_list()
    with pytest.raises(InputError, match="needs the numbers of cases and controls"):
        read(tmp_path, text(), n="effective")


VCF = """##fileformat=VCFv4.2
##contig=<ID=1,length=248956422>
##FILTER=<ID=PASS,Description="x">
##FORMAT=<ID=ES,Number=A,Type=Float,Description="x">
##FORMAT=<ID=SE,Number=A,Type=Float,Description="x">
##FORMAT=<ID=LP,Number=A,Type=Float,Description="x">
##FORMAT=<ID=AF,Number=A,Type=Float,Description="x">
##FORMAT=<ID=SS,Number=A,Type=Float,Description="x">
##FORMAT=<ID=EZ,Number=A,Type=Float,Description="x">
##FORMAT=<ID=NC,Number=A,Type=Float,Description="x">
##FORMAT=<ID=ID,Number=1,Type=String,Description="x">
##SAMPLE=<ID=height,TotalCases=400,TotalControls=600>
##SAMPLE=<ID=bmi,TotalCases=10,TotalControls=20>
#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT height bmi
1 1000 rs1 G A . PASS . ES:SE:LP:AF:SS:EZ:NC:ID 0.1:0.02:6.2:0.3:1000:5:400:rs1 .:.:.:.:.:.:.:.
1 2000 . G A,T . PASS . ES:SE:LP:AF:SS:ID 0.1,-0.2:0.02,0.04:6,7:0.3,0.1:900:rs2 0.3,.:0.1,.:2,.:.:100:rs2
1 3000 rs3 C A,T . PASS . ES:SE:LP 0.1:0.02:6.2 .
1 4000 rs4 C A . PASS . SE:ES 0.02:0.1 0.02:-0.1
"""  # noqa: E501


def test_gwas_vcf_of_several_traits_and_alleles(tmp_path):
    head, _, body = VCF.rpartition("#CHROM")
    path = tmp_path / "gwas.vcf"
    path.write_text(head + "#CHROM" + body.replace(" ", "\t"))
    height, drops = read_sumstats(path, trait="height")
    assert height["rsid"].tolist() == ["rs1", "rs2", "rs2", "rs4"]
    assert height["effect_allele"].tolist() == ["A", "A", "T", "A"]
    assert height["beta"].tolist() == [0.1, 0.1, -0.2, 0.1]
    assert height["se"].tolist() == [0.02, 0.02, 0.04, 0.02]
    assert height["eaf"].tolist()[:3] == [0.3, 0.3, 0.1]
    assert height["n"].tolist()[:3] == [1000, 900, 900]
    assert height["neg_log10_p"].round(6).tolist()[:3] == [6.2, 6, 7]
    assert height.attrs == {"genome_build": "GRCh38"}
    # one effect for two alleles tells neither
    assert dict(zip(drops["reason"], drops["count"], strict=True))["beta missing"] == 2
    bmi, _ = read_sumstats(path, trait="bmi")
    assert bmi[["rsid", "effect_allele", "beta"]].to_numpy().tolist() == [
        ["rs2", "A", 0.3],
        ["rs4", "A", -0.1],
    ]
    with pytest.raises(InputError, match="2 traits: height, bmi; say which"):
        read_sumstats(path)


def test_bcf(tmp_path):
    head, _, body = VCF.rpartition("#CHROM")
    path, packed = tmp_path / "gwas.vcf", tmp_path / "gwas.bcf"
    path.write_text(head + "#CHROM" + body.replace(" ", "\t"))
    code = (
        "import sys; from pysam import bcftools as b; "
        "b.view('-O', 'b', '-o', sys.argv[2], sys.argv[1], catch_stdout=False)"
    )
    subprocess.run([sys.executable, "-c", code, str(path), str(packed)], check=True)
    expected, got = (read_sumstats(x, trait="height").table for x in (path, packed))
    pd.testing.assert_frame_equal(got, expected, rtol=1e-6)
    assert explain_sumstats(packed, trait="height").kind == "GWAS-VCF, BCF"
    packed.write_bytes(packed.read_bytes()[:200])
    with pytest.raises(InputError, match="BCF is damaged or cut short"):
        read_sumstats(packed, trait="height")


def test_sizes_of_effects_beside_their_signs(tmp_path):
    frame = pd.concat([PLAIN.assign(BP=PLAIN["BP"] + i) for i in range(6)])
    sizes = frame.assign(BETA=frame["BETA"].abs(), Direction=np.where(frame["BETA"] < 0, "-", "+"))
    with pytest.warns(SeqgenWarning, match="a column Direction: if that holds the sign"):
        read(tmp_path, text(sizes))
    read(tmp_path, text(frame.assign(Direction="++-")))
