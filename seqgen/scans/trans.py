"""Trans scans weighted by evidence, with cis genes, hotspots and controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.io.tally import Tally
from seqgen.scan_results import TransResult
from seqgen.scans.calibration import (
    GRID,
    Permuted,
    levels_of,
    needed_p,
)
from seqgen.scans.hotspots import find_hotspots
from seqgen.scans.listed import check_scheme, keep_known, require_columns, without_reserved
from seqgen.scans.remarks import tail_remarks, trans_remarks
from seqgen.scans.tables import in_order, placed_edges
from seqgen.scans.trans_options import TransOptions
from seqgen.schemas import CALIBRATION, TRANSQTL
from seqgen.transqtl import (
    Exclusions,
    Histogram,
    TransDesign,
    TransScan,
    best_cis,
    mediation,
    permuted_scan_maxima,
    permuted_traits,
    plan_exclusions,
    scan_edges,
    scan_trans,
)
from seqgen.weighted_testing import decide, max_t, permuted_orders

Progress = Callable[[str, int, int], None]
_FROM_EVIDENCE = ("variant", "trait", "evidence", "gene", "residue_change")
_EXCLUDED = (
    "edge is not tested: the variant is near the trait's gene, or near a gene whose reads map to it"
)
_UNTESTED = "edge of a variant that cannot be tested"
_CIS = "pair of a variant and a trait whose gene is near it (cis window)"
_CROSS = "pair of a variant and a trait of a gene that is cross-mappable with one near the variant"
_MOST_MEDIATED = 200_000


def rank_trans(
    design: TransDesign,
    evidence: pd.DataFrame | None = None,
    *,
    genes: pd.DataFrame | None = None,
    cross_mappable: pd.DataFrame | None = None,
    scan: TransScan | None = None,
    options: TransOptions | None = None,
    progress: Progress | None = None,
) -> TransResult:
    """Test all variants on all traits and weigh the tests by evidence about the edges.

    Each test is the regression of the trait on the variant and the covariates. Pairs of a
    variant and a trait near it are left out, and pairs near a gene whose reads map to the
    trait's. Evidence becomes weights by a rule that sees no p value; they average 1 over all
    tests run, so that weighted Benjamini-Hochberg keeps its false discovery rate whatever the
    evidence is worth. Of each reported test it is asked how much goes through the cis gene.

    Parameters
    ----------
    design : TransDesign
        From `prepare_trans`.
    evidence : DataFrame, optional
        ``variant``, ``target`` (a trait), ``evidence`` (the more the better; missing where
        nothing is known) and any columns beside, such as `trans_evidence` makes.
    genes : DataFrame, optional
        ``gene`` (named as the traits), ``chrom``, ``start``, ``end``: without it nothing is
        excluded, and cis genes are not known.
    cross_mappable : DataFrame, optional
        ``gene_1``, ``gene_2``.
    scan : TransScan, optional
        The tests run beforehand, in shards perhaps, by `scan_all_edges` with the same genes.
    options : TransOptions, optional
    progress : callable, optional
        Called as ``progress(step, done, total)``.

    Returns
    -------
    TransResult

    Raises
    ------
    InputError
        If the evidence lacks a column or is about no test of the scan, nothing is left to test,
        or an option is wrong.

    References
    ----------
    Genovese, Roeder, Wasserman (2006), False discovery control with p-value weighting, Biometrika
    93:509-524.
    Westra et al. (2013), Systematic identification of trans eQTLs as putative drivers of known
    disease associations, Nature Genetics 45:1238-1243.

    Examples
    --------
    >>> from seqgen.transqtl import prepare_trans
    >>> rng = np.random.default_rng(1)
    >>> genotypes, traits = rng.binomial(2, 0.3, (200, 50)), rng.normal(size=(200, 3))
    >>> traits[:, 1] += 0.5 * genotypes[:, 7]
    >>> evidence = pd.DataFrame({"variant": ["variant_8"], "target": ["trait_2"],
    ...                          "evidence": [2.0]})
    >>> result = rank_trans(prepare_trans(genotypes, traits), evidence)
    >>> result.hits[["variant", "trait", "decision"]].iloc[0].tolist()
    ['variant_8', 'trait_2', 'both']
    """
    ranking = _Ranking(design, options or TransOptions(), progress)
    return ranking.run(evidence, genes, cross_mappable, scan)


def scan_all_edges(
    design: TransDesign,
    *,
    genes: pd.DataFrame | None = None,
    cross_mappable: pd.DataFrame | None = None,
    options: TransOptions | None = None,
    shard: tuple[int, int] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TransScan:
    """A part of the tests of `rank_trans`, to be handed to it as ``scan``.

    Parameters
    ----------
    design, genes, cross_mappable, options
        As for `rank_trans`.
    shard : tuple (i, N), optional
        Do the i-th of N parts of the variants.
    progress : callable, optional
        Called as ``progress(done, total)``.

    Returns
    -------
    TransScan
    """
    ranking = _Ranking(design, options or TransOptions(), None)
    exclusions = ranking.exclusions(genes, cross_mappable)
    chosen = replace(ranking.options.scan(), shard=shard)
    return scan_trans(design, options=chosen, exclusions=exclusions, progress=progress)


class _Ranking:
    """A trans scan under way."""

    def __init__(
        self, design: TransDesign, options: TransOptions, progress: Progress | None
    ) -> None:
        self._design, self.options, self._progress = design, options, progress
        self._tally = Tally("transqtl")
        self._notices: list[str] = []
        self._genes: pd.DataFrame | None = None

    def run(
        self,
        evidence: pd.DataFrame | None,
        genes: pd.DataFrame | None,
        cross_mappable: pd.DataFrame | None,
        scan: TransScan | None,
    ) -> TransResult:
        check_scheme(self.options.weights, evidence)
        exclusions = self.exclusions(genes, cross_mappable)
        self._genes = genes
        listed = self._listed(evidence, exclusions)
        if self.options.permutations:
            permuted_traits(self._design, np.arange(self._design.n_people))  # refuses kinship
        given = scan is not None
        if scan is None:
            scan = self._scan(exclusions)
        elif scan.df != self._design.df:
            raise InputError(
                f"scan: has {scan.df} degrees of freedom, the design {self._design.df}; give the "
                "scan of the same people and covariates"
            )
        scan = self._completed(scan, exclusions, given=given)
        table = self._reported(scan, listed)
        decisions = decide(
            table["p"].to_numpy(),
            table["evidence"].to_numpy(dtype=np.float64, na_value=np.nan),
            table["listed"].to_numpy(),
            n_tests=scan.n_tests,
            folds=None if "chrom" not in table else table["chrom"].fillna("?").to_numpy(),
            options=self.options.weights,
        )
        table = pd.concat([table, decisions.table], axis=1)
        permuted = self._permuted(exclusions, scan)
        if permuted is not None:
            table["p_family"] = max_t(table["t"].to_numpy(), permuted.maxima)
            table["q_permutation"] = scan.histogram.false_discovery_rate(
                table["p"].to_numpy(), permuted.histogram, repeats=permuted.repeats
            )
        table = self._with_cis(table, exclusions)
        found = table[table["decision"] != "neither"]
        weights = self.options.weights
        hotspots = find_hotspots(
            found, self._variants(), window=self.options.hotspot_window, alpha=weights.alpha
        )
        self._notices += trans_remarks(scan, found, placed=genes is not None)
        if permuted is not None:
            self._notices += tail_remarks(permuted.calibration)
        for count, reason in ((scan.n_cis, _CIS), (scan.n_cross_mapped, _CROSS)):
            if count:
                self._tally.rows.append(("transqtl", reason, "dropped", count, None))
        drops = [scan.drops, self._tally.to_frame()]
        levels = [levels_of(scan, "all tests"), *([permuted.calibration] if permuted else [])]
        return TransResult(
            hits=in_order(table, TRANSQTL),
            hotspots=hotspots,
            n_tests=scan.n_tests,
            n_cis=scan.n_cis,
            n_cross_mapped=scan.n_cross_mapped,
            inflation=scan.inflation,
            calibration=CALIBRATION.validate(pd.concat(levels, ignore_index=True)),
            control=decisions.control,
            drops=pd.concat([d for d in drops if len(d)] or drops[:1], ignore_index=True),
            notices=tuple(self._notices),
            alpha=weights.alpha,
        )

    def _variants(self) -> pd.DataFrame:
        return self._design.variants.table

    def exclusions(
        self, genes: pd.DataFrame | None, cross_mappable: pd.DataFrame | None
    ) -> Exclusions | None:
        """Pairs that are not tested, and what is to be told of them."""
        if genes is None:
            if cross_mappable is not None:
                raise InputError("cross_mappable: given without genes; give the genes' positions")
            return None
        plan = plan_exclusions(
            self._variants(),
            self._design.traits["trait"],
            genes,
            cis_window=self.options.cis_window,
            cross_mappable=cross_mappable,
        )
        if plan.unplaced_traits:
            self._notices.append(
                f"{plan.unplaced_traits:,} of {self._design.n_traits:,} traits have no position: "
                "no variant is left out as too near to them"
            )
        if plan.unknown_genes:
            self._notices.append(
                f"{plan.unknown_genes:,} rows of the cross-mappability table name unknown genes"
            )
        return plan

    def _scan(self, exclusions: Exclusions | None, design: TransDesign | None = None) -> TransScan:
        options, progress = self.options, self._progress
        first = design is None
        return scan_trans(
            self._design if design is None else design,
            options=options.scan(),
            exclusions=exclusions,
            progress=None
            if progress is None or not first
            else lambda done, total: progress("variants", done, total),
        )

    def _completed(
        self, scan: TransScan, exclusions: Exclusions | None, *, given: bool
    ) -> TransScan:
        """The scan, with hits up to a larger p value where discoveries reach beyond it."""
        if not scan.n_tests:
            raise InputError("scan: none of its parts ran a test; look at their drops")
        needed = needed_p(
            GRID, scan.histogram.up_to(GRID), n_tests=scan.n_tests, alpha=self.options.weights.alpha
        )
        if needed <= self.options.p:
            return scan
        reach = f"discoveries reach beyond p = {self.options.p:g}, up to which tests are reported"
        if given:
            self._notices.append(f"{reach}: some are missing; scan again with p = {needed:.2g}")
            return scan
        self._notices.append(f"{reach}; tests up to {needed:.2g} were taken instead")
        self.options = replace(self.options, p=needed)
        return self._scan(exclusions)

    def _listed(self, evidence: pd.DataFrame | None, exclusions: Exclusions | None) -> pd.DataFrame:
        """Evidence on tests of the scan, each once, with the places of variant and trait."""
        if evidence is None:
            nothing = np.empty((0, 2), dtype=np.int64)
            places = pd.DataFrame(nothing, columns=["variant_at", "trait_at"])
            return places.assign(evidence=np.nan)
        require_columns(evidence, ("variant", "target", "evidence"), made_by="trans_evidence")
        table = without_reserved(
            evidence.rename(columns={"target": "trait"}), TRANSQTL, _FROM_EVIDENCE
        )
        sides = {"variant": pd.Index(self._variants()["variant"]),
                 "trait": pd.Index(self._design.traits["trait"])}  # fmt: skip
        table, (variant, trait) = keep_known(
            table, sides, self._tally, among="the variants and traits of the scan"
        )
        table = table.assign(variant_at=variant, trait_at=trait)
        table = table.sort_values("evidence", ascending=False, kind="stable", na_position="last")
        twice = table.duplicated(["variant_at", "trait_at"])
        table = self._tally.drop(
            table, twice, "edge listed again; the row with most evidence is kept"
        )
        if exclusions is not None:
            near = _excluded(
                exclusions, table["variant_at"].to_numpy(), table["trait_at"].to_numpy()
            )
            table = self._tally.drop(table, near, _EXCLUDED)
        return table.reset_index(drop=True)

    def _reported(self, scan: TransScan, listed: pd.DataFrame) -> pd.DataFrame:
        """Listed tests and those up to the reporting p value, with what is known of them."""
        design = self._design
        hits = scan.hits.assign(
            variant_at=pd.Index(self._variants()["variant"]).get_indexer(scan.hits["variant"]),
            trait_at=pd.Index(design.traits["trait"]).get_indexer(scan.hits["trait"]),
        )
        if (hits[["variant_at", "trait_at"]] < 0).any(axis=None):
            raise InputError(
                "scan: has variants or traits that the design has not; give the scan of the same "
                "genotypes and traits"
            )
        tested = scan_edges(design, *listed[["variant_at", "trait_at"]].to_numpy().T)
        lost = len(listed) - len(tested)
        if lost:
            keys = listed.merge(tested[["variant_at", "trait_at"]], how="left", indicator=True)
            absent = (keys["_merge"] == "left_only").to_numpy()
            self._tally.note(listed, absent, _UNTESTED, action="dropped")
        table = pd.concat([part for part in (tested, hits) if len(part)] or [hits])
        table = table.drop_duplicates(["variant_at", "trait_at"]).reset_index(drop=True)
        known = listed.drop(columns=["variant", "trait"], errors="ignore").assign(listed=True)
        table = table.merge(known, on=["variant_at", "trait_at"], how="left")
        table["listed"] = table["listed"].fillna(False).astype(bool)
        return placed_edges(table, self._variants(), self._genes)

    def _permuted(self, exclusions: Exclusions | None, scan: TransScan) -> Permuted | None:
        """What scans with the people of the traits in another order say of this one."""
        options, design = self.options, self._design
        if not options.permutations:
            return None
        orders = permuted_orders(design.n_people, options.permutations, seed=options.weights.seed)
        maxima = permuted_scan_maxima(design, orders).max(axis=1)
        scans = [self._scan(exclusions, permuted_traits(design, order))
                 for order in orders]  # fmt: skip
        tables = [levels_of(one, "people permuted") for one in scans]
        mean = tables[0].assign(observed=np.mean([one["observed"] for one in tables], axis=0))
        counts = np.sum([one.histogram.counts for one in scans], axis=0)
        return Permuted(maxima, mean, Histogram(counts, scan.df), len(scans))

    def _with_cis(self, table: pd.DataFrame, exclusions: Exclusions | None) -> pd.DataFrame:
        """The table with the cis gene of each variant and what goes through it."""
        if exclusions is None or not self.options.mediation or table.empty:
            return table
        if self._design.mixed is not None:
            self._notices.append(
                "no cis genes were looked for: what goes through them is told for unrelated people"
            )
            return table
        # Strongest first; beyond this many the answer is left missing.
        chosen = table["neg_log10_p"].sort_values(ascending=False).index[:_MOST_MEDIATED]
        cis = best_cis(self._design, exclusions, table.loc[chosen, "variant_at"].to_numpy())
        out = table.merge(cis, on="variant_at", how="left")
        out.loc[~out.index.isin(chosen), ["cis_at", "cis_gene", "cis_t", "n_cis"]] = np.nan
        have = out.index[out["cis_at"].notna()]
        places = out.loc[have, ["variant_at", "trait_at", "cis_at"]].astype("int64").to_numpy().T
        told = mediation(self._design, *places, n_cis=out.loc[have, "n_cis"].to_numpy())
        told = told.set_index(have)
        return out.join(told).drop(columns=["cis_at", "n_cis"])


def _excluded(exclusions: Exclusions, variant: np.ndarray, trait: np.ndarray) -> np.ndarray:
    """True where a test is excluded; shape (k,)."""
    wanted = np.unique(variant)
    row, near, _ = exclusions.pairs(wanted)
    width = int(max(near.max(initial=0), trait.max(initial=0))) + 1
    return np.isin(variant * width + trait, wanted[row] * width + near)
