"""Small, deterministic tables of pair and trans scans that never took place."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqgen import schemas

GENES = (
    ("RIBC2", "22", 45_800_000), ("SMC1B", "22", 45_740_000), ("FAM118A", "22", 45_700_000),
    ("ARFGAP3", "22", 43_190_000), ("APOB", "2", 21_001_429), ("LDLR", "19", 11_089_362),
    ("PCSK9", "1", 55_039_447), ("HBB", "11", 5_225_464), ("HBA1", "16", 176_680),
    ("BCL11A", "2", 60_450_000), ("ERAP1", "5", 96_760_000), ("HLA-B", "6", 31_353_872),
    ("G6PD", "X", 154_531_390), ("ACKR1", "1", 159_203_307),
)  # fmt: skip
PROVENANCE = {
    "seqgen_version": "0.2.0",
    "command": "seqgen gxg --pairs pairs.parquet",
    "created": "2026-01-02T03:04:05+00:00",
    "seed": 1,
    "genome_build": "GRCh38",
    "inputs": [{"path": "people.bed", "sha256": "ab" * 32, "rows": 12_000}],
    "parameters": {"alpha": 0.05, "uniform_share": 0.5},
    "packages": {"numpy": "2.4.6"},
}
YEAST = (
    230218, 813184, 316620, 1531933, 576874, 270161, 1090940, 562643, 439888, 745751, 666816,
    1078177, 924431, 784333, 1091291, 948066,
)  # fmt: skip
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV",
         "XV", "XVI")  # fmt: skip


def _decisions(q: np.ndarray, q_weighted: np.ndarray) -> np.ndarray:
    first, second = q <= 0.05, q_weighted <= 0.05
    return np.select([first & second, second, first], ["both", "gained", "lost"], default="neither")


def _adjusted(rng: np.random.Generator, neg_log10_p: np.ndarray, n_tests: int) -> dict:
    """Adjusted p values and weights that hang together."""
    n = len(neg_log10_p)
    weight = np.round(rng.choice([0.5, 0.5, 1.5, 4.0, 9.0], n), 2)
    p = 10.0**-neg_log10_p

    def adjust(values: np.ndarray) -> np.ndarray:
        order = np.argsort(values)
        steps = np.minimum.accumulate((values[order] * n_tests / np.arange(1, n + 1))[::-1])[::-1]
        out = np.empty(n)
        out[order] = np.minimum(steps, 1)
        return out

    q, q_weighted = adjust(p), adjust(p / weight)
    return {
        "weight": weight, "q": q, "q_weighted": q_weighted,
        "p_bonferroni": np.minimum(p * n_tests, 1),
        "p_bonferroni_weighted": np.minimum(p / weight * n_tests, 1),
        "decision": _decisions(q, q_weighted),
    }  # fmt: skip


def make_pairs(n: int = 40, *, n_tests: int = 100_000, seed: int = 3, evidence: bool = True):
    """A table of ``n`` pairs; the first few are strong."""
    rng = np.random.default_rng(seed)
    variants = []
    for k, (gene, chrom, start) in enumerate(GENES):
        for number in range(1 + k % 3):
            change = f"{'ARNDCQEGHI'[(k + number) % 10]}{37 + 61 * number + 13 * k}V"
            variants.append((f"rs{1000 + 10 * k + number}", chrom, start + 900 * number, gene,
                             change))  # fmt: skip
    first, second = np.triu_indices(len(variants), 1)
    keep = np.sort(rng.choice(len(first), n, replace=False))
    rng.shuffle(keep)
    table = pd.DataFrame()
    for side, index in ((1, first[keep]), (2, second[keep])):
        for c, name in enumerate(("variant", "chrom", "pos", "gene", "residue_change")):
            table[f"{name}_{side}"] = [variants[k][c] for k in index]
        table[f"effect_allele_{side}"], table[f"other_allele_{side}"] = "A", "G"
    least = np.concatenate([np.linspace(8.5, 5.3, min(n, 12)), np.full(max(n - 12, 0), 3.0)])
    strength = np.sort(rng.exponential(0.8, n) + least)[::-1]
    t = rng.choice([-1, 1], n) * np.sqrt(4.6 * strength)
    same = (table["chrom_1"] == table["chrom_2"]).to_numpy()
    distance = (table["pos_1"] - table["pos_2"]).abs().where(same).astype("Int64")
    listed = rng.random(n) < 0.7
    detailed = np.arange(n) < 25
    columns = {
        "listed": listed, "evidence": np.where(listed, rng.normal(1, 1, n).round(2), np.nan),
        "n": 12_000, "beta": t * 0.02, "se": 0.02, "t": t, "p": 10.0**-strength,
        "neg_log10_p": strength, **_adjusted(rng, strength, n_tests),
        "p_family": np.minimum(1, 10.0**-strength * n_tests / 2),
        "double_carriers": rng.integers(6, 900, n), "detailed": detailed,
        "n_leads": pd.array(np.where(detailed, rng.integers(0, 3, n), None), dtype="Int64"),
        "neg_log10_p_unconditioned": np.where(detailed, strength * 1.2, np.nan),
        "neg_log10_p_robust": np.where(detailed, strength * 0.9, np.nan),
        "neg_log10_p_rank_normal": np.where(detailed, strength * rng.uniform(0.3, 1, n), np.nan),
        "r2": np.where(detailed, rng.uniform(0, 0.02, n).round(4), np.nan),
        "distance": distance,
        "phantom_risk": pd.array(np.where(detailed, (distance < 1_000_000).fillna(False), None),
                                 dtype="boolean"),
        "top5": np.where(detailed, rng.uniform(0.02, 0.7, n), np.nan),
        "handful": pd.array(np.where(detailed, rng.random(n) < 0.2, None), dtype="boolean"),
        "survives_scale": pd.array(np.where(detailed, rng.random(n) < 0.7, None),
                                   dtype="boolean"),
    }  # fmt: skip
    table = table.assign(**columns)
    if evidence:
        known = rng.random(n) < 0.6
        table = table.assign(
            coupling_alignment=np.where(listed & known, rng.normal(2, 1, n), np.nan),
            coupling_language_model=np.where(listed, rng.normal(1, 1, n), np.nan),
            structure_distance=np.where(listed & ~known, rng.uniform(3, 20, n), np.nan),
            gene_network=np.where(listed, rng.random(n), np.nan),
        )
    return schemas.GXG.validate(table)


def make_hits(
    n: int = 600, *, n_tests: int = 40_000_000, yeast: bool = True, places: bool = True,
    seed: int = 5,
) -> pd.DataFrame:  # fmt: skip
    """Hits of a trans scan: three hotspots, and variants all over the genome."""
    rng = np.random.default_rng(seed)
    names = list(ROMAN) if yeast else [str(k) for k in range(1, 23)]
    lengths = np.array(YEAST if yeast else np.linspace(248e6, 47e6, 22), dtype=float)
    share = lengths / lengths.sum()

    def place(count: int) -> tuple[np.ndarray, np.ndarray]:
        chrom = rng.choice(len(names), count, p=share)
        return chrom, (rng.random(count) * lengths[chrom]).astype(int) + 1

    chrom, pos = place(n)
    hot = rng.random(n)
    for low, high, number, where in ((0, 0.2, 13, 0.6), (0.2, 0.3, 1, 0.55), (0.3, 0.36, 14, 0.2)):
        mine = (hot >= low) & (hot < high)
        chrom[mine] = number
        pos[mine] = int(where * lengths[number]) + rng.integers(0, 40, mine.sum()) * 100
    trait_chrom, trait_pos = place(n)
    strength = rng.exponential(3.2, n) + 5
    t = rng.choice([-1, 1], n) * np.sqrt(4.6 * strength)
    listed = rng.random(n) < 0.2
    mediated = listed & (rng.random(n) < 0.5)
    nothing = pd.array([None] * n, dtype="Int64")
    table = pd.DataFrame({
        "variant": [f"{names[c]}:{p}" for c, p in zip(chrom, pos, strict=True)],
        "chrom": [names[c] for c in chrom], "pos": pos,
        "gene": np.where(hot < 0.2, "MKT1", np.where(hot < 0.3, "AMN1", None)),
        "residue_change": np.where(hot < 0.2, "D30G", None),
        "trait": [f"YTR{k:06d}" for k in range(n)],
        "trait_chrom": [names[c] for c in trait_chrom] if places else [None] * n,
        "trait_pos": trait_pos if places else nothing,
        "effect_allele": "A", "other_allele": "G", "distance": nothing,
        "listed": listed, "evidence": np.where(listed, rng.normal(1, 1, n).round(2), np.nan),
        "frequency": 0.48, "beta": t * 0.05, "se": 0.05, "t": t, "p": 10.0**-strength,
        "neg_log10_p": strength, **_adjusted(rng, strength, n_tests),
        "q_permutation": np.nan,
        "p_family": np.minimum(1, 10.0**-strength * n_tests / 3),
        "cis_gene": np.where(mediated, "YCIS01", None),
        "cis_t": np.where(mediated, 9.1, np.nan),
        "t_given_cis": np.where(mediated, t * 0.4, np.nan),
        "mediated": np.where(mediated, 0.6, np.nan),
        "p_mediation": np.where(mediated, 1e-4, np.nan),
    })  # fmt: skip
    return schemas.TRANSQTL.validate(table)


def make_hotspots(hits: pd.DataFrame, width: int = 20_000) -> pd.DataFrame:
    """Windows of ``width`` with at least eight traits of ``hits``."""
    best = hits.loc[hits.groupby("trait")["neg_log10_p"].idxmax()]
    best = best.assign(start=(best["pos"] - 1) // width * width + 1)
    rows = []
    for (chrom, start), here in best.groupby(["chrom", "start"], sort=True):
        if len(here) >= 8:
            genes = ", ".join(sorted(set(here["gene"].dropna())))
            rows.append({
                "chrom": chrom, "start": start, "end": start + width - 1, "n_traits": len(here),
                "expected": 1.1, "p": min(1.0, 10.0 ** (3 - len(here))),
                "lead_variant": here["variant"].mode()[0], "genes": genes or None,
            })  # fmt: skip
    if not rows:
        return schemas.HOTSPOTS.empty()
    return schemas.HOTSPOTS.validate(pd.DataFrame(rows))


def make_calibration(n_tests: int = 100_000, *, inflated: float = 1.0, seed: int = 2):
    """Calibration of all tests, of those listed, and of permuted people."""
    rng = np.random.default_rng(seed)
    rows = []
    for tests, size, factor, extra in (
        ("all tests", n_tests, inflated, 12), ("listed tests", n_tests // 100, 1.1, 6),
        ("people permuted", n_tests, 1.0, 0),
    ):  # fmt: skip
        for level in (0.5, 0.1, 0.05, 0.01, 1e-3, 1e-4, 1e-5, 1e-6):
            expected = level * size
            observed = rng.poisson(expected * (1 if level == 0.5 else factor)) + extra
            rows.append((tests, level, float(min(observed, size)), expected))
    return schemas.CALIBRATION.validate(pd.DataFrame(rows, columns=schemas.CALIBRATION.names))


def make_control(table: pd.DataFrame, alpha: float = 0.05, shuffles: bool = True) -> pd.DataFrame:
    """Control that agrees with the decisions of ``table``."""
    rows = []
    for procedure, plain, weighted in (
        ("Benjamini-Hochberg", "q", "q_weighted"),
        ("Bonferroni", "p_bonferroni", "p_bonferroni_weighted"),
    ):
        without, found = table[plain] <= alpha, table[weighted] <= alpha
        n, m = int(without.sum()), int(found.sum())
        gained, lost = int((found & ~without).sum()), int((without & ~found).sum())
        rows.append((procedure, "none", n, n, n, 0, 0, alpha))
        rows.append((procedure, "evidence", m, m, m, gained, lost, alpha))
        if shuffles:
            rows.append((procedure, "shuffled", n * 0.9, n * 4 // 5, n, n * 0.05, n * 0.15,
                         alpha))  # fmt: skip
    return schemas.CONTROL.validate(pd.DataFrame(rows, columns=schemas.CONTROL.names))


def make_leads() -> pd.DataFrame:
    """Two leads of one locus and one of another."""
    rows = [("22:45200000-46200000", "rs1000", 1, 0.93, 14.2),
            ("22:45200000-46200000", "rs1011", 2, 0.61, 9.7),
            ("2:20500000-21500000", "rs1040", None, 0.12, 6.1)]  # fmt: skip
    return schemas.LEADS.validate(pd.DataFrame(rows, columns=schemas.LEADS.names))


def make_drops() -> pd.DataFrame:
    """Three reasons."""
    rows = [("read_people", "no phenotype", "dropped", 31, "id17"),
            ("scan", "fewer double carriers than asked for", "dropped", 41_220, "rs1000 rs1041"),
            ("scan", "missing genotype, now the mean", "changed", 88, "rs1011")]  # fmt: skip
    return schemas.DROPS.validate(pd.DataFrame(rows, columns=schemas.DROPS.names))
