"""From a paired alignment to weighted variant pairs: real couplings, simulated traits.

Histidine kinases and response regulators, 8,998 pairs. Couplings between the two proteins come
from the alignment (mean-field); which pairs of residues truly interact comes from elsewhere, the
contacts of a structure of the complex (3DGE), so that the evidence is as good as couplings are and
no better. Variants lie at random residues of both; each trait depends on every variant's main
effect, on six interactions of variants whose residues touch (fewer if fewer touch), and on noise.
All pairs between the proteins are tested. Three kinds of evidence: the couplings (informative),
the couplings shuffled over the pairs (useless), and their negative (adversarial).

Run it: ``python benchmarks/gxg_couplings.py FOLDER [repeats]`` with SKshortExact.fasta.gz,
RRshortExact.fasta.gz and 3DGE.pdb.gz (Mirmu/ParalogMatching.jl; PDB) in the folder.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import seqgen
from seqgen.gxg import prepare_pairs
from seqgen.scans import GxGOptions, scan_gxg
from seqgen.weighted_testing import WeightOptions

PEOPLE, VARIANTS, TRUE = 4000, 50, 6
EFFECT = 0.055  # of a product of standardised genotypes, in standard deviations of the noise
CONTACT = 8.0
SCHEMES = {
    "fixed": WeightOptions(shuffles=0),
    "alone": WeightOptions(shuffles=0, uniform_share=0.0),
}


def couplings_and_contacts(folder: Path) -> tuple[seqgen.Couplings, pd.DataFrame]:
    """Couplings between the proteins, and the distance of each pair of residues."""
    sides = [
        seqgen.read_alignment(
            folder / f"{file}.fasta.gz", name=name, focus=False, min_sequence_coverage=0
        )
        for file, name in (("SKshortExact", "HK"), ("RRshortExact", "RR"))
    ]
    joint = seqgen.pair_alignments(*sides, by="row", names=("HK", "RR"))
    model = seqgen.fit_potts(joint, method="mean-field")
    couplings = seqgen.potts_couplings(model, between=("HK", "RR"))
    distances = seqgen.residue_distances(
        couplings.rows, couplings.columns, seqgen.read_structure(folder / "3DGE.pdb.gz"),
        chains={"HK": ["A", "B"], "RR": ["C", "D"]}, atoms="heavy",
        profile={"HK": sides[0], "RR": sides[1]},
    )  # fmt: skip
    return couplings, distances


def draw(rng: np.random.Generator, couplings, distances) -> tuple:
    """Variants at residues, genotypes, a trait, and which pairs truly interact."""
    at = [np.sort(rng.choice(len(side), VARIANTS, replace=False))
          for side in (couplings.rows, couplings.columns)]  # fmt: skip
    names = [[f"{name}{k}" for k in places] for name, places in zip(("HK", "RR"), at, strict=True)]
    variants = pd.DataFrame({
        "variant": names[0] + names[1], "gene": ["HK"] * VARIANTS + ["RR"] * VARIANTS,
        "uniprot": ["HK"] * VARIANTS + ["RR"] * VARIANTS,
        "position": np.concatenate([couplings.rows.positions[at[0]],
                                    couplings.columns.positions[at[1]]]),
        "ref_aa": "A", "alt_aa": "V",
    })  # fmt: skip
    near = distances.values[np.ix_(*at)] < CONTACT
    touching = np.argwhere(near)
    true = touching[rng.permutation(len(touching))[:TRUE]]
    counts = rng.binomial(2, rng.uniform(0.1, 0.5, 2 * VARIANTS), (PEOPLE, 2 * VARIANTS))
    centred = counts - counts.mean(axis=0)
    scaled = centred / centred.std(axis=0)
    trait = scaled @ rng.normal(scale=0.03, size=2 * VARIANTS) + rng.normal(size=PEOPLE)
    for first, second in true:
        product = scaled[:, first] * scaled[:, VARIANTS + second]
        trait += EFFECT * product
    genotypes = pd.DataFrame(counts.astype(np.int8), columns=variants["variant"])
    wanted = {(names[0][a], names[1][b]) for a, b in true}
    return variants, genotypes, trait, wanted


def judged(pairs: pd.DataFrame, true: set, column: str) -> tuple[float, float]:
    """False discovery proportion and power at 5%."""
    found = pairs[pairs[column] <= 0.05]
    right = sum(pair in true or pair[::-1] in true
                for pair in zip(found["variant_1"], found["variant_2"], strict=True))  # fmt: skip
    return (len(found) - right) / max(1, len(found)), right / max(1, len(true))


def main() -> None:
    folder, repeats = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    begin = time.perf_counter()
    couplings, distances = couplings_and_contacts(folder)
    near = distances.values < CONTACT
    known = np.isfinite(distances.values)
    seconds = time.perf_counter() - begin
    print(f"couplings of {len(couplings.rows)} x {len(couplings.columns)} residues in "
          f"{seconds:.0f} s; {near.sum()} of {known.sum()} known pairs touch")  # fmt: skip
    rows = []
    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        variants, genotypes, trait, true = draw(rng, couplings, distances)
        evidence = seqgen.pair_evidence(variants, couplings=couplings, scope="between").table
        design = prepare_pairs(genotypes, trait)
        kinds = {
            "couplings": evidence["evidence"].to_numpy(),
            "shuffled": rng.permutation(evidence["evidence"].to_numpy()),
            "negative": -evidence["evidence"].to_numpy(),
        }
        for kind, values in kinds.items():
            for scheme, weights in SCHEMES.items():
                options = GxGOptions(lead_p=None, detail_p=0.0, weights=weights)
                pairs = scan_gxg(design, evidence.assign(evidence=values), options=options).pairs
                fdp, power = judged(pairs, true, "q_weighted")
                rows.append((kind, scheme, repeat, fdp, power, *judged(pairs, true, "q")))
    table = pd.DataFrame(
        rows, columns=["evidence", "weights", "repeat", "fdp", "power", "fdp_plain", "power_plain"]
    )
    grouped = table.groupby(["evidence", "weights"], sort=False)
    out = grouped[["fdp", "power", "fdp_plain", "power_plain"]].mean()
    out["fdp_se"] = grouped["fdp"].std() / np.sqrt(repeats)
    out["power_ratio"] = out["power"] / out["power_plain"]
    seconds = time.perf_counter() - begin
    print(f"{repeats} traits, {PEOPLE:,} people, {VARIANTS} x {VARIANTS} variants, {TRUE} true "
          f"pairs each, in {seconds:.0f} s")  # fmt: skip
    print(out.round(3).to_string())


if __name__ == "__main__":
    main()
