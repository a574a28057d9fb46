"""What a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqgen import schemas
from seqgen.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ReportTables:
    """The tables of one run.

    Attributes
    ----------
    variants : DataFrame
        ``schemas.VARIANTS``.
    loci : DataFrame
        ``schemas.FINEMAP_LOCI``, in the order of the report.
    credible_sets : DataFrame
        ``schemas.CREDIBLE_SETS``; may have no rows.
    prior_coefficients : DataFrame
        ``schemas.PRIOR_COEFFICIENTS``; may have no rows.
    drops : DataFrame
        ``schemas.DROPS``; may have no rows.
    scores : DataFrame
        ``schemas.SCORES``; may have no rows.
    funnel : DataFrame
        ``step`` and ``count``: how many variants each step left.
    ld_consistency : DataFrame, optional
        ``schemas.LD_CONSISTENCY``.
    """

    variants: pd.DataFrame
    loci: pd.DataFrame
    credible_sets: pd.DataFrame
    prior_coefficients: pd.DataFrame
    drops: pd.DataFrame
    scores: pd.DataFrame
    funnel: pd.DataFrame
    ld_consistency: pd.DataFrame | None = None

    def __repr__(self) -> str:
        return (
            f"ReportTables({len(self.variants):,} variants, {len(self.loci)} loci, "
            f"{len(self.credible_sets)} credible sets)"
        )

    def validated(self) -> ReportTables:
        """The same tables, each held to its schema.

        Raises
        ------
        InputError
            Naming the table and what it lacks; also where there is no locus to report.
        """
        if not {"step", "count"} <= set(self.funnel.columns):
            raise InputError(
                f"table 'funnel': found columns {', '.join(map(str, self.funnel.columns))}; "
                "expected step and count"
            )
        consistency = self.ld_consistency
        if consistency is None:
            consistency = schemas.LD_CONSISTENCY.empty()
        checked = ReportTables(
            variants=schemas.VARIANTS.validate(self.variants),
            loci=schemas.FINEMAP_LOCI.validate(self.loci),
            credible_sets=schemas.CREDIBLE_SETS.validate(self.credible_sets),
            prior_coefficients=schemas.PRIOR_COEFFICIENTS.validate(self.prior_coefficients),
            drops=schemas.DROPS.validate(self.drops),
            scores=schemas.SCORES.validate(self.scores),
            funnel=self.funnel,
            ld_consistency=schemas.LD_CONSISTENCY.validate(consistency),
        )
        absent = sorted(set(checked.loci["locus"]) - set(checked.variants["locus"]))
        if absent or checked.loci.empty:
            raise InputError(
                f"table 'variants' has no rows for locus {absent[0]}" if absent
                else "table 'loci' has no rows; a report needs at least one fine-mapped locus"
            )  # fmt: skip
        return checked
