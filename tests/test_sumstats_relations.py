"""Whole columns that cannot be right are told, with the cause; those that are right are not."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from seqgen.errors import SeqgenWarning
from seqgen.io.resources import demo_sumstats_path
from seqgen.io.sumstats import read_sumstats
from seqgen.io.whole_columns import Context, disagreements

PEOPLE = 50_000
CONTEXT = Context(("beta", "se"), {"beta", "se", "eaf", "n"}, by_tool=False)


def study(
    seed: int = 0, *, rows: int = 1000, scale: float = 1.0, rare: bool = False, vary: bool = False
) -> pd.DataFrame:
    """Summary statistics with imputation of all qualities; ``scale`` is the trait's."""
    random = np.random.default_rng(seed)
    eaf = random.beta(0.5, 0.5, rows) if rare else random.uniform(0.02, 0.98, rows)
    eaf = np.clip(eaf, 0.001, 0.999)
    n = np.full(rows, float(PEOPLE))
    if vary:
        n = (n * random.choice([0.3, 0.6, 1.0], rows) * random.uniform(0.97, 1, rows)).round()
    se = scale / np.sqrt(2 * eaf * (1 - eaf) * n * random.uniform(0.4, 1, rows))
    beta = se * random.standard_normal(rows) * 1.1
    return pd.DataFrame(
        {
            "CHR": np.sort(random.integers(1, 23, rows)),
            "BP": 1000 * np.arange(1, rows + 1),
            "EA": "A",
            "NEA": "G",
            "EAF": eaf.round(4),
            "BETA": beta,
            "SE": se,
            "P": 2 * norm.sf(np.abs(beta / se)),
            "N": n,
        }
    )


def odds(cases: float, **options) -> pd.DataFrame:
    frame = study(scale=1 / np.sqrt(cases * (1 - cases)), **options)
    return frame.assign(OR=np.exp(frame["BETA"])).drop(columns="BETA")


def remarks(frame: pd.DataFrame, tmp_path, digits: str = "%.4g") -> list[str]:
    path = tmp_path / "gwas.tsv"
    frame.to_csv(path, sep="\t", index=False, float_format=digits)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", SeqgenWarning)
        read_sumstats(path)
    return [str(remark.message).replace(f"{path}: ", "") for remark in told]


GOOD = {
    "plain": lambda seed: study(seed),
    "rare": lambda seed: study(seed, rare=True),
    "trait in centimetres": lambda seed: study(seed, scale=9.3),
    "n varies": lambda seed: study(seed, vary=True),
    "n varies, rare": lambda seed: study(seed, vary=True, rare=True),
    "few cases": lambda seed: odds(0.05, seed=seed),
    "as many cases": lambda seed: odds(0.5, seed=seed, vary=True),
    "few rows": lambda seed: study(seed, rows=210),
}


@pytest.mark.parametrize("case", list(GOOD))
def test_nothing_is_said_of_what_is_right(tmp_path, case):
    for seed, digits in enumerate(("%.6g", "%.3g", "%.2g")):
        assert remarks(GOOD[case](seed), tmp_path, digits) == []


def test_nothing_is_said_of_the_bundled_study():
    with warnings.catch_warnings():
        warnings.simplefilter("error", SeqgenWarning)
        read_sumstats(demo_sumstats_path())


def shuffled(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    return frame.assign(**{column: np.random.default_rng(9).permutation(frame[column])})


def minor(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(EAF=np.minimum(frame["EAF"], 1 - frame["EAF"]))


def per_deviation(frame: pd.DataFrame) -> pd.DataFrame:
    """Of the genotype in standard deviations."""
    se = np.full(len(frame), 1 / np.sqrt(PEOPLE)) * (1 + 1e-3 * np.arange(len(frame)) / len(frame))
    return frame.assign(BETA=se * frame["BETA"] / frame["SE"], SE=se)


NO_P = study().drop(columns="P")
BROKEN = {
    "frequencies of other rows": (
        shuffled(study(), "EAF"), r"se does not fall with 2 eaf \(1 - eaf\).* of other rows"),
    "minor alleles' frequencies": (minor(study()), "nowhere above 0.5 in 1,000 rows"),
    "variance": (study().assign(SE=study()["SE"] ** 2), "se is likely a variance: take its square"),
    "variance, no p": (NO_P.assign(SE=NO_P["SE"] ** 2), "it is likely a variance; take its square"),
    "precision, no p": (NO_P.assign(SE=1 / NO_P["SE"]), "it is likely a precision"),
    "per standard deviation": (per_deviation(study()), "per standard deviation of the genotype"),
    "odds ratio": (study().assign(BETA=np.exp(study()["BETA"])), "beta is likely an odds ratio"),
    "odds ratio, no p": (NO_P.assign(BETA=np.exp(NO_P["BETA"])),
                         "lies around 1.00: it is likely an odds ratio; name it so"),
    "n of other rows": (shuffled(study(vary=True), "N"), "n goes from .* and se does not get"),
    "n of cases": (odds(0.05).assign(N=0.05 * PEOPLE), "n is likely of the cases alone"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(BROKEN))
def test_the_cause_is_named(tmp_path, case):
    frame, words = BROKEN[case]
    (told,) = remarks(frame, tmp_path, "%.6g")
    assert re.search(words, told), told


def test_a_tool_s_own_frequency_may_be_the_minor_allele_s(tmp_path):
    names = {"CHR": "CHR", "BP": "POS", "EA": "A1", "NEA": "A2", "EAF": "AF1"}
    frame = minor(study()).rename(columns=names).assign(SNP="rs1")
    assert remarks(frame, tmp_path) == []


def test_few_rows_few_digits_and_one_frequency_tell_nothing():
    rows = study().rename(columns=str.lower).assign(chrom="1")
    wrong = shuffled(rows, "eaf")
    assert disagreements(wrong, CONTEXT)
    assert not disagreements(wrong.head(150), CONTEXT)
    assert not disagreements(wrong.assign(se=0.003), CONTEXT)
    alike = rows.assign(eaf=np.linspace(0.45, 0.55, len(rows)))
    assert not disagreements(shuffled(alike, "se"), CONTEXT)
    derived = CONTEXT._replace(route=("beta", "p"))
    assert not disagreements(wrong, derived)
