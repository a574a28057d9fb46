"""Do the z-scores of the loci and the LD belong together, and what to do where not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from seqgen.finemap.consistency import ConsistencyResult, check_consistency
from seqgen.pipeline.locus_data import MIN_VARIANTS, LocusData
from seqgen.pipeline.options import RunOptions
from seqgen.schemas import DROPS, LD_CONSISTENCY

_KEY = ["chrom", "pos", "effect_allele", "other_allele"]
_TURNED = "alleles switched by the LD: sign of z and beta turned (fix_flips)"
_LEFT_OUT = "z contradicts the LD: left out (drop_inconsistent)"


def repair_loci(
    data: Mapping[str, LocusData], options: RunOptions
) -> tuple[dict[str, LocusData], pd.DataFrame]:
    """Turn switched alleles and leave out inconsistent variants, as far as that is asked for.

    Loci where so many variants contradict the LD that it is not theirs stay as they are.

    Parameters
    ----------
    data : mapping
        Locus name to LocusData.
    options : RunOptions
        ``fix_flips`` and ``drop_inconsistent``.

    Returns
    -------
    (dict of LocusData, DataFrame)
        The loci, each with what was changed in ``repaired``, and the drops table.
    """
    if not (options.fix_flips or options.drop_inconsistent):
        return dict(data), DROPS.empty()
    loci = {name: _repaired(locus, options) for name, locus in data.items()}
    repaired = [locus.repaired for locus in loci.values() if locus.repaired is not None]
    if not repaired:
        return loci, DROPS.empty()
    changed, rows = pd.concat(repaired), []
    for action, what, why in (("turned", "changed", _TURNED), ("dropped", "dropped", _LEFT_OUT)):
        those = changed[changed["action"] == action]
        if len(those):
            first = those.iloc[0]
            example = f"{first['chrom']}:{first['pos']}"
            example = example if pd.isna(first["rsid"]) else str(first["rsid"])
            rows.append(("finemap", why, what, len(those), example))
    return loci, DROPS.validate(pd.DataFrame(rows, columns=DROPS.names))


def _repaired(locus: LocusData, options: RunOptions) -> LocusData:
    with locus.named():
        check = check_consistency(locus.z, locus.ld(), locus.n)
    turn = check.flipped & options.fix_flips
    drop = (check.verdict != "ok") & ~turn & options.drop_inconsistent
    if check.stopped or not (turn.any() or drop.any()) or (~drop).sum() < MIN_VARIANTS:
        return locus
    told = consistency_rows(locus, check)
    told["action"] = np.select([turn, drop], ["turned", "dropped"], "none")
    variants = locus.variants.copy()
    for column in ("z", "beta"):
        variants.loc[turn, column] = -variants.loc[turn, column]
    kept = variants[~drop].reset_index(drop=True)
    # The matrix of fewer variants is another one; with all of them it stays.
    held = [] if drop.any() else locus._ld
    return replace(locus, variants=kept, repaired=told[turn | drop], _ld=held)


def consistency_rows(locus: LocusData, check: ConsistencyResult) -> pd.DataFrame:
    """Rows of the table ``ld_consistency`` for one locus: as it stands, and what was changed."""
    columns = ["chrom", "pos", "rsid", "effect_allele", "other_allele"]
    rows = locus.variants[columns].assign(locus=locus.name).reset_index(drop=True)
    rows = pd.concat([rows, check.to_frame()], axis=1).assign(action="none")
    changed = locus.repaired
    if changed is not None:
        keys = pd.MultiIndex.from_frame(changed[_KEY])
        rows = rows[~pd.MultiIndex.from_frame(rows[_KEY]).isin(keys)]
        rows = pd.concat([rows, changed], ignore_index=True)
        rows = rows.sort_values("pos", kind="stable")
    return LD_CONSISTENCY.validate(rows[LD_CONSISTENCY.names].reset_index(drop=True))
