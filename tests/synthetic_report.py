"""Small, deterministic tables of a run that never took place, for the report's tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from seqgen import schemas
from seqgen.report import ReportTables

MISSENSE = [
    ("RIBC2", "Q9H4K1", "R253C", -4.21),
    ("SMC1B", "Q8NDV3", "L1050M", -0.84),
    ("FAM118A", "Q9NWS6", "R239H", -2.35),
    ("ARFGAP3", "Q9NP61", "S355R", 0.42),
]

PROVENANCE = {
    "seqgen_version": "0.1.0",
    "command": "seqgen demo --out seqgen-demo",
    "created": "2026-01-02T03:04:05+00:00",
    "seed": 1,
    "genome_build": "GRCh37",
    "model": {"name": "seqgen-protein-v2", "revision": "0f1e2d3c4b5a", "parameters": 7500000},
    "panel": {"name": "1000G EUR", "n": 378},
    "inputs": [
        {"path": "ukb_height_chr22.fastGWA.gz", "sha256": "ab" * 32, "rows": 15938},
        {"path": "eur_chr22.bed", "sha256": "cd" * 32, "rows": None},
    ],
    "parameters": {"L": 10, "coverage": 0.95, "window": 500000},
    "packages": {"numpy": "2.4.6", "pandas": "3.1.1"},
    "model_card": {"AUROC, benign against pathogenic": 0.71, "AUROC of BLOSUM62": 0.66},
}


def locus_variants(seed: int, start: int, n: int = 260, missense: int = 2) -> pd.DataFrame:
    """One locus with blocks of LD, a peak, ``missense`` residue changes, one inconsistent z."""
    rng = np.random.default_rng(seed)
    pos = np.sort(rng.choice(np.arange(start + 20_000, start + 980_000), n, replace=False))
    lead = n // 2 + int(rng.integers(-n // 5, n // 5))
    block = np.exp(-np.abs(pos - pos[lead]) / 90_000)
    r = np.clip(block * rng.choice([1, 0.8, 0.3, 0.05], n), 0, 1) * rng.choice([-1, 1], n)
    r[lead] = 1.0
    z = 11 * r + rng.normal(0, 1, n)
    z[lead] = 15.0
    near = np.argsort(-np.abs(r))
    pip_flat = np.zeros(n)
    pip_flat[near[:6]] = [0.46, 0.22, 0.12, 0.08, 0.05, 0.03]
    pip_flat += rng.uniform(0, 0.003, n)
    prior = np.full(n, 1.0)
    changed = near[1 : 1 + missense * 3 : 3][:missense]
    prior[changed] = 12
    prior /= prior.sum()
    pip = pip_flat * prior
    pip *= pip_flat.sum() / pip.sum()
    pip_plain = pip_flat.copy()
    odd = int(near[-1])
    z[odd], pip_plain[odd] = -0.2, 0.997
    members = pd.array([None] * n, dtype="Int64")
    members[near[:5]] = 1
    effect = rng.choice(list("AC"), n)
    eaf = np.round(rng.uniform(0.02, 0.98, n), 3)
    expected = z + rng.normal(0, 0.8, n)
    expected[odd] = 8.4
    chosen = [MISSENSE[(seed + k) % len(MISSENSE)] for k in range(missense)]
    text = {c: pd.Series([None] * n, dtype="str") for c in ("gene", "uniprot", "residue_change")}
    ratio = np.full(n, np.nan)
    for row, (gene, uniprot, change, value) in zip(changed, chosen, strict=False):
        text["gene"][row], text["uniprot"][row] = gene, uniprot
        text["residue_change"][row], ratio[row] = change, value
    frame = pd.DataFrame(
        {
            "locus": f"22:{start}-{start + 1_000_000}",
            "chrom": "22",
            "pos": pos,
            "rsid": [f"rs{seed}{k:05d}" for k in range(n)],
            "effect_allele": effect,
            "other_allele": np.where(effect == "A", "G", "T"),
            "eaf": eaf,
            "beta": z * 0.002,
            "se": 0.002,
            "z": z,
            "p": 2 * norm.sf(np.abs(z)),
            "neg_log10_p": -(norm.logsf(np.abs(z)) + np.log(2)) / np.log(10),
            "n": 450_000.0,
            "panel_eaf": eaf,
            "r_lead": r,
            **text,
            "log_lik_ratio": ratio,
            "prior": prior,
            "pip_plain": np.clip(pip_plain, 0, 1),
            "pip_flat": np.clip(pip_flat, 0, 1),
            "pip": np.clip(pip, 0, 1),
            "pip_strong": np.clip(pip * 1.1, 0, 1),
            "cs_id_flat": members,
            "cs_id": members,
            "z_expected": expected,
            "ld_consistent": np.arange(n) != odd,
        }
    )
    return schemas.VARIANTS.validate(frame)


def locus_row(variants: pd.DataFrame) -> dict:
    """The row of the loci table that fits ``variants``."""
    lead = variants.loc[variants["neg_log10_p"].idxmax()]
    start, end = map(int, lead["locus"].split(":")[1].split("-"))
    return {
        "locus": lead["locus"],
        "chrom": "22",
        "start": start,
        "end": end,
        "lead_rsid": lead["rsid"],
        "lead_pos": lead["pos"],
        "lead_neg_log10_p": lead["neg_log10_p"],
        "n_variants": len(variants) + 40,
        "n_finemapped": len(variants),
        "n_missense": int(variants["residue_change"].notna().sum()),
        "panel": "1000G EUR",
        "panel_n": 378,
        "gwas_n": 450_000.0,
        "ld_correction": "finite+eb",
        "s": 0.066,
        "n_inconsistent": int((~variants["ld_consistent"]).sum()),
        "n_sets_plain": 2,
        "n_sets_flat": 1,
        "n_sets": 1,
        "converged": True,
        "warnings": "panel of 378 people for a GWAS of 450,000",
    }


def sets_of(variants: pd.DataFrame) -> list[dict]:
    """Credible sets of the three fits for one locus."""
    rows = []
    for fit, ids, pip in (
        ("informed", "cs_id", "pip"),
        ("flat", "cs_id_flat", "pip_flat"),
        ("plain", "cs_id_flat", "pip_plain"),
    ):
        for number in sorted(variants[ids].dropna().unique()):
            members = variants[variants[ids] == number]
            top = members.loc[members[pip].idxmax()]
            named = members[members["residue_change"].notna()]
            text = ", ".join(
                f"{g} {c}" for g, c in zip(named["gene"], named["residue_change"], strict=True)
            )
            rows.append(
                {
                    "locus": top["locus"],
                    "fit": fit,
                    "cs_id": int(number),
                    "n_variants": len(members),
                    "coverage": 0.957,
                    "min_abs_corr": 0.81,
                    "log_bayes_factor": 61.5,
                    "top_rsid": top["rsid"],
                    "top_pip": float(top[pip]),
                    "top_z": float(top["z"]),
                    "missense": text or None,
                }
            )
    odd = variants.loc[variants["pip_plain"].idxmax()]
    rows.append(
        rows[-1]
        | {"fit": "plain", "cs_id": 9, "n_variants": 1, "top_rsid": odd["rsid"], "missense": None}
        | {"top_pip": float(odd["pip_plain"]), "top_z": float(odd["z"]), "coverage": 0.997}
    )
    return rows


def make_tables(n_loci: int = 2, n: int = 260, missense: int = 2) -> ReportTables:
    """All tables of a run over ``n_loci`` loci of ``n`` variants."""
    frames = [locus_variants(k + 1, 20_000_000 + k * 2_000_000, n, missense) for k in range(n_loci)]
    scores = [
        {
            "uniprot": uniprot,
            "position": int(change[1:-1]),
            "ref_aa": change[0],
            "alt_aa": change[-1],
            "method": "masked-marginal",
            "log_lik_ratio": value,
        }
        for _, uniprot, change, value in MISSENSE
    ]
    drops = [
        ("read_sumstats", "not a finite beta or se", "dropped", 12, "rs9 (line 10)"),
        ("align", "not in the panel", "dropped", 310, "rs8"),
        ("align", "alleles swapped to match the panel", "changed", 7040, "rs7"),
    ]
    coefficients = [
        ("missense", 1.61, 0.62, 0.39, 2.83, 0.0, 2 * n_loci, "learned"),
        ("log_lik_ratio", -0.24, 0.31, -0.85, 0.37, -3.0, 2 * n_loci, "learned"),
    ]
    funnel = [("in the summary statistics", 15938), ("usable", 15926), ("in the panel", 15616)]
    funnel += [("in a locus, fine-mapped", n * n_loci), ("missense among them", 2 * n_loci)]
    drop_names, term_names = schemas.DROPS.names, schemas.PRIOR_COEFFICIENTS.names
    return ReportTables(
        variants=pd.concat(frames, ignore_index=True),
        loci=schemas.FINEMAP_LOCI.validate(pd.DataFrame([locus_row(f) for f in frames])),
        credible_sets=schemas.CREDIBLE_SETS.validate(
            pd.DataFrame([row for f in frames for row in sets_of(f)])
        ),
        prior_coefficients=pd.DataFrame(coefficients, columns=term_names),
        drops=pd.DataFrame(drops, columns=drop_names),
        scores=schemas.SCORES.validate(pd.DataFrame(scores)),
        funnel=pd.DataFrame(funnel, columns=["step", "count"]),
    )
