"""Columns that mean something else in one tool: what once was read wrong without a word."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from seqgen.errors import InputError, SeqgenWarning
from seqgen.io.explain import explain_sumstats
from seqgen.io.sumstats import Asked, plan_of, read_sumstats
from seqgen.io.sumstats_stream import stream_sumstats

ROWS = 60


def base() -> pd.DataFrame:
    """Sixty variants, whose other columns belong to no one."""
    random = np.random.default_rng(4)
    eaf = random.uniform(0.05, 0.95, ROWS).round(3)
    se = (1 / np.sqrt(2 * eaf * (1 - eaf) * 20000)).round(6)
    beta = (random.standard_normal(ROWS) * se * 2).round(6)
    z = beta / se
    pairs = [("A", "G"), ("C", "T"), ("G", "A"), ("AT", "A")]
    frame = pd.DataFrame(
        {"c": "3", "pos": np.arange(ROWS) * 997 + 10**6, "rs": [f"rs{k + 7}" for k in range(ROWS)]}
    )
    frame["ea"], frame["oa"] = zip(*(pairs[k % 4] for k in range(ROWS)), strict=True)
    frame = frame.assign(eaf=eaf, b=beta, se=se, z=z, n=20000, lp=-np.log10(2 * norm.sf(abs(z))))
    frame = frame.assign(p=10 ** -frame["lp"], cases=8000, controls=12000, few=3, half=0.5)
    frame["or"], frame["miss"] = np.exp(beta), random.integers(1, 50, ROWS)
    for name, sign in (("low", -1), ("high", 1)):
        frame[f"b{name}"] = beta + sign * 1.959963985 * se
        frame[name] = np.exp(frame[f"b{name}"])
    return frame.assign(add="ADD", firth="ADD-WGR-FIRTH", na="NA", dir="++-")


BASE = base()
PLAIN = "SNP=rs CHR=c BP=pos EA=ea NEA=oa EAF=eaf BETA=b SE=se P=p N=n"
SSF = (
    "chromosome=c base_pair_location=pos effect_allele=ea other_allele=oa beta=b "
    "standard_error=se effect_allele_frequency=eaf rsid=rs "
)
HTP = "Name=rs Chr=c Pos=pos Ref=oa Alt=ea Trait=dir Cohort=dir Model=firth AAF=eaf Pval=p "
PLINK2 = "#CHROM=c POS=pos ID=rs REF=oa ALT=ea A1=ea TEST=add OBS_CT=n BETA=b SE=se P=p"
GENES = (
    "gene_id=dir CHR=c BP=pos ref=oa alt=ea beta=b se=se pvalue=p rsid=rs"  # as the eQTL Catalogue
)


def written(layout: str) -> pd.DataFrame:
    pairs = [pair.rsplit("=", 1) for pair in layout.split()]
    return pd.DataFrame({name: BASE[source] for name, source in pairs})


def save(frame: pd.DataFrame | str, path):
    frame = written(frame) if isinstance(frame, str) else frame
    frame.to_csv(path, sep="\t", index=False, na_rep="NA", float_format="%.10g")
    return path


def check(table: pd.DataFrame, *, n: float | None = 20000, eaf: bool = True):
    assert table["pos"].tolist() == BASE["pos"].tolist()
    assert table["effect_allele"].tolist()[:3] == BASE["ea"].tolist()[:3]
    for name, mine in (("beta", "b"), ("se", "se"), ("neg_log10_p", "lp")):
        np.testing.assert_allclose(table[name], BASE[mine], rtol=1e-5, atol=1e-9, err_msg=name)
    assert table["n"].isna().all() if n is None else set(table["n"]) == {n}
    if eaf:
        np.testing.assert_allclose(table["eaf"], BASE["eaf"])


FORMATS = {
    "REGENIE --htp, binary": HTP + "Effect=or LCI_Effect=low UCI_Effect=high Num_Cases=cases "
    "Num_Controls=controls Info=dir",
    "REGENIE --htp": HTP + "Effect=b LCI_Effect=blow UCI_Effect=bhigh Num_Cases=n "
    "Num_Controls=na Info=dir",
    "GWAMA": "rs_number=rs chromosome=c position=pos reference_allele=ea other_allele=oa eaf=eaf "
    "OR=or OR_se=half OR_95L=low OR_95U=high z=z p-value=p q_statistic=half n_studies=few "
    "n_samples=n effects=dir",
    "GLGC": "rsID=rs CHROM=c POS_b37=pos REF=oa ALT=ea N=n N_studies=few POOLED_ALT_AF=eaf "
    "EFFECT_SIZE=b SE=se pvalue_neg_log10=lp",
    "a chromosome in words": PLAIN,
    "hazard ratio beside empty odds ratio": PLAIN.replace("BETA=b", "OR=na HR=or"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_columns_of_a_tool(tmp_path, name):
    frame = written(FORMATS[name])
    if "words" in name:
        frame["CHR"] = np.where(np.arange(ROWS) % 2, "chr 3", "chromosome3")
    check(read_sumstats(save(frame, tmp_path / "gwas.tsv")).table)


WITHOUT_N = {
    "GEMMA": "chr=c rs=rs ps=pos n_miss=miss allele1=ea allele0=oa af=eaf beta=b se=se p_wald=p",
    "missing calls": PLAIN.replace("N=n", "N_MISS=miss"),
    "GCTA --mlma": "Chr=c SNP=rs bp=pos A1=ea A2=oa Freq=eaf b=b se=se p=p",
}


@pytest.mark.parametrize("name", WITHOUT_N)
def test_missing_calls_are_no_sample_size(tmp_path, name):
    check(read_sumstats(save(WITHOUT_N[name], tmp_path / "gwas.tsv")).table, n=None)


def test_calls_of_plink_are(tmp_path):
    check(read_sumstats(save(PLAIN.replace("N=n", "NMISS=n"), tmp_path / "gwas.tsv")).table)


def test_studies_of_a_meta_analysis_are_no_sample_size(tmp_path):
    layout = "CHR=c BP=pos SNP=rs A1=ea A2=oa N=few P=p P(R)=half BETA=b BETA(R)=half Q=half I=half"
    path = save(layout, tmp_path / "gwas.tsv")
    with pytest.raises(InputError, match="do not say which is the effect allele"):
        read_sumstats(path)
    table = read_sumstats(path, columns={"effect_allele": "A1"}).table
    assert table["n"].isna().all()


def test_the_alleles_of_plink_and_gcta_are_known(tmp_path):
    bim = tmp_path / "panel.bim"
    written("c=c rs=rs cm=few pos=pos a=oa b=ea").to_csv(bim, sep="\t", index=False, header=False)
    path = save("SNP=rs A1=ea A2=oa freq=eaf b=b se=se p=p N=n", tmp_path / "gwas.ma")
    check(read_sumstats(path, bim=bim).table)
    for columns in ("F_A=half F_U=eaf", "C_A=few C_U=few"):
        path = save(f"CHR=c SNP=rs BP=pos A1=ea {columns} A2=oa P=p OR=or", tmp_path / "x.assoc")
        table = read_sumstats(path).table
        assert table["effect_allele"].tolist()[:3] == BASE["ea"].tolist()[:3]
        np.testing.assert_allclose(table["beta"], BASE["b"], atol=1e-8)
        assert table["eaf"].isna().all() == columns.startswith("C")


@pytest.mark.parametrize("test", ["DOM", "REC", "DOM-WGR-LR"])
def test_effects_that_are_not_per_allele_are_told(tmp_path, test):
    path = save(written(PLINK2).assign(TEST=test), tmp_path / "gwas.tsv")
    with pytest.warns(SeqgenWarning, match=f"are of test {test[:3]}, not ADD: .* not per copy"):
        table, drops = read_sumstats(path)
    check(table, eaf=False)
    assert "row is of another test than ADD" in drops["reason"].tolist()


def test_tests_of_later_blocks_are_left_out_too(tmp_path, monkeypatch):
    frame = written(PLINK2)
    path = save(pd.concat([frame, frame.assign(TEST="DOM", BETA=9)]), tmp_path / "gwas.tsv")
    monkeypatch.setattr("seqgen.io.sumstats_source.Source.blocks.__defaults__", (1500,))
    assert len(list(plan_of(path, None, Asked()).source.blocks())) > 2
    check(read_sumstats(path).table, eaf=False)
    save(pd.concat([frame.assign(TEST="DOM"), frame]), path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeqgenWarning)
        with pytest.raises(InputError, match="first rows are of another test"):
            read_sumstats(path)


def test_25_is_mt_in_gwas_ssf_and_x_in_plink(tmp_path):
    path = save(written(SSF + "p_value=p n=n").assign(chromosome=25), tmp_path / "gwas.tsv")
    table, drops = read_sumstats(path)
    assert set(table["chrom"]) == {"MT"}
    assert "chromosome 25 is MT in GWAS-SSF" in drops["reason"].tolist()
    save(written(PLAIN).assign(CHR=25), path)
    assert set(read_sumstats(path).table["chrom"]) == {"X"}


def test_what_a_side_car_says_of_p_and_n(tmp_path):
    path = save(SSF + "p_value=lp", tmp_path / "gwas.tsv")
    told = "pvalue_is_neg_log10: true\nsamples:\n  - sample_size: 8,000\n  - sample_size: '12000'\n"
    (tmp_path / "gwas.tsv-meta.yaml").write_text(told)
    check(read_sumstats(path).table)
    columns = explain_sumstats(path).columns.set_index("column")
    assert columns.loc["p_value", "read_as"] == "neg_log10_p"


def test_an_infinite_log_p_does_not_lose_the_variant(tmp_path):
    frame = written(PLAIN.replace(" P=p", " LOG10P=lp"))
    frame.loc[5, "LOG10P"] = np.inf
    table, drops = read_sumstats(save(frame, tmp_path / "gwas.tsv"))
    check(table)
    assert "-log10 p is infinite (of a p of 0): taken as missing" in drops["reason"].tolist()


def test_logarithms_in_the_column_of_p_are_refused(tmp_path):
    path = save(written(PLAIN).assign(P=np.log(BASE["p"])), tmp_path / "gwas.tsv")
    with pytest.raises(InputError, match=r"below 0 in 60 of 60 rows.*likely ln p or log10 p"):
        read_sumstats(path)


def test_an_odds_ratio_called_beta_is_told_without_se_too(tmp_path):
    path = save(PLAIN.replace("BETA=b SE=se", "BETA=or"), tmp_path / "gwas.tsv")
    with pytest.warns(SeqgenWarning, match="likely an odds ratio; name it so"):
        read_sumstats(path)


def test_z_of_the_other_allele_is_told(tmp_path):
    frame = written(PLAIN + " Z=z")
    check(read_sumstats(save(frame, tmp_path / "gwas.tsv")).table)
    with pytest.warns(SeqgenWarning, match="opposite sign of beta in 100% of 60 rows"):
        read_sumstats(save(frame.assign(Z=-frame["Z"]), tmp_path / "gwas.tsv"))


def test_results_of_several_genes_are_told(tmp_path):
    frame = written(GENES)
    other = frame.assign(gene_id="++", beta=frame["beta"].to_numpy()[::-1])
    path = save(pd.concat([frame, other]), tmp_path / "gwas.tsv")
    told = r"several traits or genes \(column gene_id\?\), and these are a mixture"
    with pytest.warns(SeqgenWarning, match=told):
        read_sumstats(path)
    with pytest.warns(SeqgenWarning, match=told):
        stream_sumstats(plan_of(path, None, Asked()), tmp_path / "out.parquet")
