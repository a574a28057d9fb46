"""Potts energies against a deep mutational scan of TEM-1 beta-lactamase (about a minute).

Run: python benchmarks/tem1_scan.py

Prints the Spearman correlation of predicted energies with measured fitness at 2,500 ug/ml
ampicillin (Stiffler et al. 2015) for a site-independent model, mean field and pseudolikelihood.
For comparison: EVmutation's published scores for this assay reach .718 (Hopf et al. 2017).
Needs the alignment and the scan of the shared data.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pandas as pd
from scipy.stats import spearmanr

from seqgen.couplings import (
    alignment_depth,
    fit_mean_field,
    fit_plm,
    fit_site_independent,
    mutant_energies,
    sequence_weights,
)
from seqgen.io.alignments import read_alignment

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", HERE.parents[2] / "shared" / "data"))
SCAN = SHARED / "dms" / "BLAT_ECOLX_Ranganathan2015_esm1v_labeled.csv.gz"


def main() -> None:
    """Fit each model and print how it ranks the mutants."""
    if not SCAN.exists():
        print(f"{SCAN} is not at hand; set SEQGEN_SHARED_DATA")
        return
    family = read_alignment(SHARED / "msa" / "BLAT_ECOLX.a2m.gz")
    weights = sequence_weights(family)
    print(f"{family.source}: {alignment_depth(family, weights).verdict}")
    scan = pd.read_csv(SCAN)
    covered = scan["mutant"].str[1:-1].astype(int).isin(family.residues.positions)
    scan = scan[covered]
    for name, fit in {
        "site-independent": lambda: fit_site_independent(family, weights=weights),
        "mean field": lambda: fit_mean_field(family, weights=weights),
        "pseudolikelihood, gaps ignored": lambda: fit_plm(family, weights=weights, gaps="ignore"),
        "pseudolikelihood, gap a state": lambda: fit_plm(family, weights=weights),
    }.items():
        start = time.process_time()
        energies = mutant_energies(fit(), scan["mutant"].tolist())["delta_energy"]
        rho = spearmanr(energies, scan["2500"]).statistic
        seconds = time.process_time() - start
        print(f"  {name}: Spearman {rho:.3f} over {len(scan)} mutants ({seconds:.0f} CPU s)")


if __name__ == "__main__":
    main()
