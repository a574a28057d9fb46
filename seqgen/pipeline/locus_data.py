"""The variants of one locus beside the panel's genotypes for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.finemap import LDMatrix, SusieOptions, prepare_ld, susie_rss
from seqgen.io.genotype_source import GenotypeSource
from seqgen.pipeline.ld_files import LDFiles, Source, align_loci, locus_ld
from seqgen.pipeline.options import RunOptions
from seqgen.results import FineMapResult
from seqgen.schemas import DROPS

MIN_VARIANTS = 10
# Beyond this a locus needs gigabytes for LD and hours for its eigenvectors.
MAX_VARIANTS = 12_000
# An LD matrix and its eigenvectors, in bytes per entry, and how many bytes loci may hold at once.
_BYTES_PER_PAIR = 16
_LD_BUDGET = 2_000_000_000
# An effect has to beat no effect by a tenth of a log unit. Without that, effects of nothing spread
# a percent or two of inclusion probability over every variant of a locus.
CORRECTED = SusieOptions(check_null_threshold=0.1, max_iter=100)
_LEARNING = replace(CORRECTED, diagnose=False)
_PLAIN = SusieOptions()


@dataclass(frozen=True)
class LocusData:
    """One locus, ready to be fine-mapped.

    Attributes
    ----------
    name : str
        ``chrom:start-end``.
    variants : DataFrame
        Summary statistics of the variants that the panel has, with ``panel_index``,
        ``flipped`` and ``panel_eaf``.
    panel : GenotypeSource or ReferenceLD
        Where the genotypes are read from, or the correlations of this locus.
    keep_ld : bool
        Hold the LD matrix between fits; else it is computed from the panel each time.
    repaired : DataFrame, optional
        Variants whose sign was turned or that were left out (schema ``LD_CONSISTENCY``).
    """

    name: str
    variants: pd.DataFrame
    panel: Source
    keep_ld: bool = True
    repaired: pd.DataFrame | None = field(default=None, repr=False)
    _ld: list[LDMatrix] = field(default_factory=list, repr=False)

    @property
    def z(self) -> np.ndarray:
        """Z scores of the effect alleles, shape (p,)."""
        return self.variants["z"].to_numpy(dtype=float)

    @property
    def n(self) -> float | None:
        """Median sample size of the locus, or None where it is unknown."""
        n = self.variants["n"].median()
        return None if pd.isna(n) else float(n)

    @property
    def n_people(self) -> int:
        """People that the LD comes of."""
        assert self.panel.n_people is not None  # files of LD are not opened without it
        return self.panel.n_people

    def ld(self) -> LDMatrix:
        """Correlations between the effect alleles in the panel, shape (p, p)."""
        if self._ld:
            return self._ld[0]
        ld = prepare_ld(locus_ld(self.variants, self.panel))
        if self.keep_ld:
            self._ld.append(ld)
        return ld

    @contextmanager
    def holding_ld(self) -> Iterator[LDMatrix]:
        """Hold the LD matrix for several fits; afterwards it is let go unless it is to be kept."""
        ld = self.ld()
        if not self._ld:
            self._ld.append(ld)
        try:
            yield ld
        finally:
            if not self.keep_ld:
                self._ld.clear()

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the locus in any complaint about its data."""
        try:
            yield
        except InputError as error:
            raise InputError(f"locus {self.name}: {error}") from error

    def fit(
        self,
        options: RunOptions,
        prior: np.ndarray | None = None,
        *,
        plain: bool = False,
        learning: bool = False,
    ) -> FineMapResult:
        """Fine-map under ``prior`` (flat where None).

        ``plain`` is what susieR does with its defaults: the panel's LD taken as exact.
        ``learning`` leaves out the diagnosis that only a reader needs.
        """
        corrected = options.ld_correction != "none" and not plain
        return susie_rss(
            self.z,
            self.ld(),
            self.n,
            prior_weights=prior,
            L=min(options.L, len(self.variants)),
            coverage=options.coverage,
            min_abs_corr=options.min_abs_corr,
            R_finite=self.n_people if corrected else None,
            R_mismatch="eb" if corrected and options.ld_correction == "finite+eb" else "none",
            options=_PLAIN if plain else _LEARNING if learning else CORRECTED,
        )


def prepare_loci(
    sumstats: pd.DataFrame,
    loci: pd.DataFrame,
    panel: GenotypeSource | LDFiles,
    *,
    palindromic: str = "infer",
) -> tuple[dict[str, LocusData], pd.DataFrame]:
    """Align the variants of the loci with the panel and split them by locus.

    Parameters
    ----------
    sumstats, loci : DataFrame
        Tables ``sumstats`` and ``loci``.
    panel : GenotypeSource or LDFiles
    palindromic : str
        As in ``align_to_panel``.

    Returns
    -------
    (dict of LocusData, DataFrame)
        Loci with at least ten variants in the panel, and the drops table.

    Raises
    ------
    InputError
        No variant of the loci is in the panel, or no locus has enough of them.
    """
    aligned, drops = align_loci(sumstats, loci, panel, palindromic=palindromic)
    data, few, many = {}, [], []
    budget = _LD_BUDGET
    for name, (rows, source) in aligned.items():
        variants = rows.reset_index(drop=True)
        if len(variants) < MIN_VARIANTS:
            few.append(f"{name}: {len(variants)} variants")
            continue
        if len(variants) > MAX_VARIANTS:
            many.append(f"{name}: {len(variants):,} variants")
            continue
        cost = _BYTES_PER_PAIR * len(variants) ** 2
        data[name] = LocusData(name, variants, source, keep_ld=cost <= budget)
        budget -= cost if cost <= budget else 0
    where = "panel" if isinstance(panel, GenotypeSource) else "LD matrix"
    if not data:
        raise InputError(
            f"no locus has {MIN_VARIANTS} to {MAX_VARIANTS:,} variants in {where} '{panel.name}' "
            f"({'; '.join((few + many)[:5])}); use a panel of the same build and ancestry, or "
            "name smaller regions"
        )
    return data, _with_skipped(drops, few, many, where)


def _with_skipped(drops: pd.DataFrame, few: list[str], many: list[str], where: str) -> pd.DataFrame:
    """The drops of the alignment and the loci that were left out."""
    reasons = {
        f"locus with fewer than {MIN_VARIANTS} variants in the {where}": few,
        f"locus with more than {MAX_VARIANTS:,} variants: name smaller regions": many,
    }
    rows = [
        ("finemap", why, "dropped", len(loci), loci[0]) for why, loci in reasons.items() if loci
    ]
    if not rows:
        return drops
    skipped = pd.DataFrame(rows, columns=DROPS.names)
    return DROPS.validate(pd.concat([drops, skipped] if len(drops) else [skipped]))
