"""One set of variants, written as each tool and archive writes it, is read as one table."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.alleles import palindromic, reverse_complement, trim
from seqgen.io.explain import explain_sumstats
from seqgen.io.sumstats import read_sumstats

# effect, other, eaf, beta, se, n; the third has a p value below 1e-308, the fifth is an indel
ROWS = [
    ("1", 1000, "rs1", "A", "G", 0.62, 0.1, 0.02, 1000),
    ("1", 2000, "rs2", "C", "T", 0.1, -0.05, 0.02, 1000),
    ("2", 3000, "rs3", "T", "C", 0.9, 0.8, 0.02, 1000),
    ("7", 4000, "rs4", "G", "A", 0.25, 0.02, 0.02, 1000),
    ("22", 5000, "rs5", "AT", "A", 0.05, 0.3, 0.05, 1000),
    ("X", 6000, "rs6", "C", "A", 0.5, -0.2, 0.04, 1000),
]
BASE = pd.DataFrame(ROWS, columns=["c", "pos", "rs", "ea", "oa", "eaf", "b", "se", "n"])
BASE["z"] = BASE["b"] / BASE["se"]
BASE["lp"] = -(norm.logsf(BASE["z"].abs()) + np.log(2)) / np.log(10)
POWER = np.floor(-BASE["lp"])
BASE["p"] = [f"{10 ** (-x - e):.9f}e{e:.0f}" for x, e in zip(BASE["lp"], POWER, strict=True)]
BASE["or"] = np.exp(BASE["b"])
BASE["low"] = np.exp(BASE["b"] - 1.959963985 * BASE["se"])
BASE["high"] = np.exp(BASE["b"] + 1.959963985 * BASE["se"])
BASE["ref_is_effect"] = [True, False, True, False, False, True]
BASE["ref"] = BASE["ea"].where(BASE["ref_is_effect"], BASE["oa"])
BASE["alt"] = BASE["oa"].where(BASE["ref_is_effect"], BASE["ea"])
BASE["num"] = BASE["c"].replace("X", "23")
BASE["cpra"] = BASE["c"] + ":" + BASE["pos"].astype(str) + ":" + BASE["oa"] + ":" + BASE["ea"]
for name, value in {"add": "ADD", "dot": ".", "zero": "0", "dir": "++-"}.items():
    BASE[name] = value
BASE["caf"] = 400
BASE["con"] = 600

FORMATS = {
    "gwas-ssf": "chromosome=num base_pair_location=pos effect_allele=ea other_allele=oa beta=b "
    "standard_error=se effect_allele_frequency=eaf p_value=p variant_id=cpra rsid=rs n=n",
    "gwas-ssf odds ratio, -log10 p": "chromosome=num base_pair_location=pos effect_allele=ea "
    "other_allele=oa odds_ratio=or standard_error=se effect_allele_frequency=eaf "
    "neg_log_10_p_value=lp ci_upper=high ci_lower=low rsid=rs n=n",
    "catalogue harmonised, new": "chromosome=num base_pair_location=pos effect_allele=ea "
    "other_allele=oa beta=b standard_error=se effect_allele_frequency=eaf p_value=p rsid=rs n=n "
    "hm_coordinate_conversion=dot hm_code=zero variant_id=cpra",
    "catalogue harmonised, old": "hm_variant_id=cpra hm_rsid=rs hm_chrom=num hm_pos=pos "
    "hm_other_allele=oa hm_effect_allele=ea hm_beta=b hm_odds_ratio=or hm_ci_lower=low "
    "hm_ci_upper=high hm_effect_allele_frequency=eaf hm_code=zero chromosome=num "
    "base_pair_location=con beta=or odds_ratio=b effect_allele=oa other_allele=ea "
    "effect_allele_frequency=zero p_value=p standard_error=se variant_id=cpra n=n",
    "regenie": "CHROM=num GENPOS=pos ID=rs ALLELE0=oa ALLELE1=ea A1FREQ=eaf INFO=zero N=n TEST=add "
    "BETA=b SE=se CHISQ=zero LOG10P=lp EXTRA=dot",
    "saige": "CHR=num POS=pos MarkerID=rs Allele1=oa Allele2=ea AC_Allele2=con AF_Allele2=eaf "
    "MissingRate=zero BETA=b SE=se Tstat=con var=con p.value=p p.value.NA=zero Is.SPA=dot N=n",
    "plink 2 linear": "#CHROM=c POS=pos ID=rs REF=ref ALT=alt A1=ea TEST=add OBS_CT=n BETA=b SE=se "
    "T_STAT=z P=p ERRCODE=dot A1_FREQ=eaf",
    "plink 2 logistic": "#CHROM=c POS=pos ID=rs REF=ref ALT=alt PROVISIONAL_REF?=dot A1=ea "
    "OMITTED=oa A1_FREQ=eaf TEST=add OBS_CT=n OR=or LOG(OR)_SE=se Z_STAT=z P=p ERRCODE=dot",
    "bolt": "SNP=rs CHR=num BP=pos GENPOS=zero ALLELE1=ea ALLELE0=oa A1FREQ=eaf F_MISS=zero BETA=b "
    "SE=se P_BOLT_LMM_INF=zero P_BOLT_LMM=p N=n",
    "fastgwa": "CHR=num SNP=rs POS=pos A1=ea A2=oa N=n AF1=eaf BETA=b SE=se P=p",
    "metal": "MarkerName=cpra Allele1=ea Allele2=oa Freq1=eaf FreqSE=zero Effect=b StdErr=se "
    "P-value=p Direction=dir HetISq=zero TotalSampleSize=n",
    "finngen": "#chrom=num pos=pos ref=oa alt=ea rsids=rs nearest_genes=dot pval=p mlogp=lp beta=b "
    "sebeta=se af_alt=eaf af_alt_cases=zero af_alt_controls=zero N=n",
    "daner": "CHR=num SNP=rs BP=pos A1=ea A2=oa FRQ_A_400=zero FRQ_U_600=eaf INFO=zero OR=or SE=se "
    "P=p ngt=zero Direction=dir",
    "daner with Nca": "CHR=num SNP=rs BP=pos A1=ea A2=oa FRQ_A_4=zero FRQ_U_6=eaf INFO=zero OR=or "
    "SE=se P=p Nca=caf Nco=con",
    "mtag": "SNP=rs CHR=num BP=pos A1=ea A2=oa Z=con N=n FRQ=eaf mtag_beta=b mtag_se=se mtag_z=z "
    "mtag_pval=p",
    "opengwas": "chr=num position=pos beta=b se=se p=p n=n id=dot rsid=rs ea=ea nea=oa eaf=eaf "
    "trait=dot",
    "plink 1.9 logistic": "CHR=num SNP=rs BP=pos A1=ea A2=oa TEST=add NMISS=n OR=or SE=se L95=low "
    "U95=high STAT=z P=p",
    "neale": "variant=cpra minor_allele=dot minor_AF=zero low_confidence_variant=dot "
    "n_complete_samples=n AC=zero ytx=zero beta=b se=se tstat=z pval=p",
    "gwaslab": "SNPID=cpra CHR=c POS=pos EA=ea NEA=oa EAF=eaf BETA=b SE=se Z=z P=p MLOG10P=lp N=n",
    "snptest": "rsid=rs chromosome=num position=pos alleleA=oa alleleB=ea beta=b se=se "
    "pvalue=p N=n",
    "positions of a build": "rsid=rs chr=c pos_hg38=pos effect_allele=ea other_allele=oa eaf=eaf "
    "beta=b se=se pval=p n=n",
}
# what a format has no column for
WITHOUT = {
    "rsid": {"metal", "neale", "gwaslab"},
    "eaf": {"plink 1.9 logistic", "neale", "snptest"},
}


def written(layout: str) -> pd.DataFrame:
    pairs = [pair.rsplit("=", 1) for pair in layout.split()]
    return pd.DataFrame({name: BASE[source] for name, source in pairs})


def save(frame: pd.DataFrame, path, sep="\t"):
    frame.to_csv(path, sep=sep, index=False, float_format="%.10g")
    return path


def check(table: pd.DataFrame, without=()):
    assert table["chrom"].tolist() == BASE["c"].tolist()
    assert table["pos"].tolist() == BASE["pos"].tolist()
    assert table["effect_allele"].tolist() == BASE["ea"].tolist()
    assert table["other_allele"].tolist() == BASE["oa"].tolist()
    np.testing.assert_allclose(table["beta"], BASE["b"], rtol=1e-6)
    np.testing.assert_allclose(table["se"], BASE["se"], rtol=1e-6)
    np.testing.assert_allclose(table["neg_log10_p"], BASE["lp"], rtol=1e-6)
    if "n" not in without:
        assert table["n"].tolist() == BASE["n"].tolist()
    if "rsid" not in without:
        assert table["rsid"].tolist() == BASE["rs"].tolist()
    if "eaf" in without:
        assert table["eaf"].isna().all()
    else:
        np.testing.assert_allclose(table["eaf"], BASE["eaf"])


def lacking(name: str) -> set[str]:
    return {column for column, names in WITHOUT.items() if name in names}


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_format(tmp_path, name):
    path = save(written(FORMATS[name]), tmp_path / "gwas.tsv")
    check(read_sumstats(path).table, lacking(name))


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("saige", "SAIGE"),
        ("mtag", "MTAG"),
        ("catalogue harmonised, old", "GWAS Catalog harmonised (hm_ columns)"),
        ("daner", "PGC daner"),
        ("neale", "Neale lab UK Biobank"),
        ("metal", "METAL"),
        ("plink 2 linear", "PLINK 2 --glm"),
        ("gwas-ssf", None),
    ],
)
def test_a_format_is_named_by_explain(tmp_path, name, dialect):
    found = explain_sumstats(save(written(FORMATS[name]), tmp_path / "gwas.tsv"))
    assert found.dialect == dialect
    assert found.problems == ()
    assert found.columns["column"].tolist() == written(FORMATS[name]).columns.tolist()
    read_as = found.columns.set_index("column")["read_as"]
    assert read_as.isin(["effect_allele", "other_allele"]).sum() >= (name != "neale")


@pytest.mark.parametrize("sep", [",", " ", ";"])
@pytest.mark.parametrize("name", ["regenie", "gwas-ssf", "plink 2 linear"])
def test_separators(tmp_path, name, sep):
    check(read_sumstats(save(written(FORMATS[name]), tmp_path / "gwas.txt", sep)).table)


@pytest.mark.parametrize("kind", ["gz", "bgz", "bz2", "xz", "zst"])
def test_packings(tmp_path, kind):
    plain = save(written(FORMATS["gwas-ssf"]), tmp_path / "gwas.tsv")
    path = tmp_path / f"gwas.tsv.{kind}"
    data = plain.read_bytes()
    if kind == "zst":
        if not shutil.which("zstd"):
            pytest.skip("zstd is not installed")
        subprocess.run(["zstd", "-q", plain, "-o", path], check=True)
    elif kind == "bgz":  # blocks one after the other
        path.write_bytes(gzip.compress(data[:150]) + gzip.compress(data[150:]))
    else:
        path.write_bytes({"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress(data))
    check(read_sumstats(path).table)
    if kind != "bgz":
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(InputError, match="damaged or cut short"):
            read_sumstats(path)


def test_comment_lines_of_one_hash(tmp_path):
    path = save(written(FORMATS["finngen"]), tmp_path / "gwas.tsv")
    path.write_text("# study 5, build GRCh38\n#\n" + path.read_text())
    check(read_sumstats(path).table)


def test_parquet(tmp_path):
    frame = written("SNP=rs CHR=num BP=pos A1=ea A2=oa Z=z N=n MAF=eaf").astype({"CHR": int})
    frame["MAF"] = np.minimum(frame["MAF"], 1 - frame["MAF"])
    frame.to_parquet(tmp_path / "polyfun.parquet")
    table, drops = read_sumstats(tmp_path / "polyfun.parquet")
    assert table["effect_allele"].tolist() == BASE["ea"].tolist()
    np.testing.assert_allclose(table["z"], BASE["z"])
    assert table["eaf"].isna().all()
    assert drops["reason"].str.contains("derived from z, n and allele frequency").any()
    frame.drop(columns="MAF").to_parquet(tmp_path / "z.parquet")
    with pytest.warns(SeqgenWarning, match="not per allele"):
        table = read_sumstats(tmp_path / "z.parquet").table
    np.testing.assert_allclose(table["z"], BASE["z"])


def gwas_vcf(fields: str, samples=("height",)) -> str:
    lines = ["##fileformat=VCFv4.2", "##SAMPLE=<ID=x,TotalCases=400,TotalControls=600>"]
    lines.append("\t".join(["#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t"),
                            *samples]))  # fmt: skip
    columns = {"ES": "b", "SE": "se", "LP": "lp", "AF": "eaf", "SS": "n", "ID": "rs"}
    for _, row in BASE.iterrows():
        cell = ":".join(str(row[columns[name]]) for name in fields.split(":"))
        start = [row["c"], row["pos"], row["rs"], row["oa"], row["ea"], ".", "PASS", ".", fields]
        lines.append("\t".join(map(str, [*start, *[cell] * len(samples)])))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("fields", ["ES:SE:LP:AF:SS:ID", "ES:SE:LP:AF", "AF:LP:SE:ES"])
def test_gwas_vcf(tmp_path, fields):
    (tmp_path / "a.vcf").write_text(gwas_vcf(fields))
    check(read_sumstats(tmp_path / "a.vcf").table)
    two = gwas_vcf(fields, ("height", "weight"))
    (tmp_path / "b.vcf").write_text(two)
    with pytest.raises(InputError, match="2 traits: height, weight; say which"):
        read_sumstats(tmp_path / "b.vcf")
    check(read_sumstats(tmp_path / "b.vcf", trait="weight").table)


def test_a_vcf_of_genotypes_is_refused(tmp_path):
    text = gwas_vcf("ES:SE").replace("ES:SE", "GT:DP")
    (tmp_path / "a.vcf").write_text(text)
    with pytest.raises(InputError, match="neither ES nor EZ"):
        read_sumstats(tmp_path / "a.vcf")


def test_side_car(tmp_path):
    path = save(written(FORMATS["gwas-ssf"]).drop(columns="n"), tmp_path / "gwas.tsv")
    beside = tmp_path / "gwas.tsv-meta.yaml"
    beside.write_text("genome_assembly: GRCh38\ncoordinate_system: 0-based\n"
                      "samples:\n  - sample_size: 600\n  - sample_size: 400\n")  # fmt: skip
    table = read_sumstats(path).table
    assert (table["pos"] - 1).tolist() == BASE["pos"].tolist()
    assert set(table["n"]) == {1000}
    assert explain_sumstats(path).build == "GRCh38"
    beside.write_text("a: [1\n")
    with pytest.raises(InputError, match="is no YAML"):
        read_sumstats(path)


def test_rows_of_covariates_are_left_out(tmp_path):
    frame = written(FORMATS["plink 2 linear"])
    path = save(pd.concat([frame, frame.assign(TEST="AGE", BETA=9)]), tmp_path / "gwas.tsv")
    table, drops = read_sumstats(path)
    check(table)
    assert "row is of another test than ADD" in drops["reason"].tolist()


@pytest.mark.parametrize("header", ["A1 A2", "Allele1 Allele2", "a1 a2"])
def test_generic_alleles_are_not_guessed(tmp_path, header):
    one, two = header.split()
    layout = f"SNP=rs CHR=c BP=pos {one}=ea {two}=oa BETA=b SE=se P=p FRQ=eaf N=n"
    path = save(written(layout), tmp_path / "gwas.tsv")
    with pytest.raises(InputError, match="do not say which is the effect allele"):
        read_sumstats(path)
    found = explain_sumstats(path)
    assert "do not say which" in found.problems[0]
    table = read_sumstats(path, columns={"effect_allele": one}).table
    assert table["effect_allele"].tolist() == BASE["ea"].tolist()
    assert table["eaf"].isna().all()  # FRQ does not say whose


def test_alleles_in_names_are_not_guessed(tmp_path):
    path = save(written("MarkerName=cpra EAF=eaf BETA=b SE=se P=p N=n"), tmp_path / "gwas.tsv")
    with pytest.raises(InputError, match=r"in which order.*'chrom_pos_other_effect': 'MarkerName'"):
        read_sumstats(path)
    table = read_sumstats(path, columns={"chrom_pos_other_effect": "MarkerName"}).table
    check(table, {"rsid"})
    turned = read_sumstats(path, columns={"chrom_pos_effect_other": "MarkerName"}).table
    assert turned["effect_allele"].tolist() == BASE["oa"].tolist()


@pytest.mark.parametrize("scale", ["logarithm", "ratio"])
@pytest.mark.parametrize("by", ["P=p", "OR_95L=low OR_95U=high"])
def test_the_scale_of_se_beside_an_odds_ratio(tmp_path, scale, by):
    frame = written(f"SNP=rs CHR=c BP=pos EA=ea NEA=oa OR=or SE=se {by}")
    if scale == "ratio":
        frame["SE"] *= frame["OR"]
    table, drops = read_sumstats(save(frame, tmp_path / "gwas.tsv"))
    np.testing.assert_allclose(table["se"], BASE["se"], rtol=1e-6)
    assert drops["reason"].str.contains("divided by it").any() == (scale == "ratio")


def test_effects_from_what_there_is(tmp_path):
    place = "SNP=rs CHR=c BP=pos EA=ea NEA=oa "
    for columns in ("OR=or P=p", "OR=or L95=low U95=high", "OR=or Z=z", "Z=z SE=se", "BETA=b P=p"):
        table = read_sumstats(save(written(place + columns), tmp_path / "gwas.tsv")).table
        np.testing.assert_allclose(table["beta"], BASE["b"], rtol=1e-6)
        np.testing.assert_allclose(table["se"], BASE["se"], rtol=1e-5)


def test_sample_size_of_cases_and_controls(tmp_path):
    path = save(written("SNP=rs CHR=c BP=pos EA=ea NEA=oa BETA=b SE=se n_cases=caf n_controls=con"),
                tmp_path / "gwas.tsv")  # fmt: skip
    assert set(read_sumstats(path).table["n"]) == {1000}
    assert set(read_sumstats(path, n="effective").table["n"]) == {960}
    with pytest.raises(InputError, match="needs the numbers of cases and controls"):
        read_sumstats(save(written(FORMATS["fastgwa"]), tmp_path / "b.tsv"), n="effective")
    with pytest.raises(InputError, match="is no sample size"):
        read_sumstats(path, n="many")


def test_traits_in_suffixes_and_prefixes(tmp_path):
    place = "SNP=rs CHR=c BP=pos EA=ea NEA=oa EAF=eaf N=n "
    for names in ("beta_BMI=con se_BMI=con p_BMI=p beta_T2D=b se_T2D=se p_T2D=p",
                  "BMI.beta=con BMI.se=con BMI.p=p T2D.beta=b T2D.se=se T2D.p=p"):  # fmt: skip
        path = save(written(place + names), tmp_path / "gwas.tsv")
        with pytest.raises(InputError, match=re.escape("several traits: BMI, T2D")):
            read_sumstats(path)
        check(read_sumstats(path, trait="T2D").table)


alleles = st.text("ACGT", min_size=1, max_size=6)


@settings(max_examples=40)
@given(first=alleles, second=alleles, before=alleles, after=alleles)
def test_trimming_keeps_the_variant(first, second, before, after):
    frame = pd.DataFrame({"pos": [100], "a": [before + first + after],
                          "b": [before + second + after]}, )  # fmt: skip
    trimmed, _ = trim(frame, "a", "b")
    pos, a, b = trimmed.iloc[0]
    start = pos - 100
    whole, other = frame.loc[0, "a"], frame.loc[0, "b"]
    assert whole[start : start + len(a)] == a
    assert other[start : start + len(b)] == b
    assert whole[:start] == other[:start]
    assert whole[start + len(a) :] == other[start + len(b) :]
    if first != second and min(len(a), len(b)) > 1:
        assert a[0] != b[0]
        assert a[-1] != b[-1]
    again, changed = trim(trimmed, "a", "b")
    assert not changed.any()
    pd.testing.assert_frame_equal(again, trimmed)


@given(values=st.lists(alleles, min_size=1, max_size=5))
def test_reading_from_the_other_strand_twice(values):
    series = pd.Series(values, dtype="str")
    turned = reverse_complement(series)
    assert reverse_complement(turned).tolist() == values
    assert palindromic(series, turned).all()
    assert (turned.str.len() == series.str.len()).all()
