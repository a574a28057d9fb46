"""Interaction tests of variant pairs, weighted by evidence, with what a sceptic asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.gxg import PairDesign, PairScan, inflation_of_levels
from seqgen.io.tally import Tally, drops_text
from seqgen.scan_results import GxGResult
from seqgen.scans.calibration import needed_p
from seqgen.scans.gxg_options import GxGOptions
from seqgen.scans.leads import find_leads
from seqgen.scans.listed import (
    check_scheme,
    independent_folds,
    keep_known,
    require_columns,
    without_reserved,
)
from seqgen.scans.pair_tests import PairTests
from seqgen.scans.remarks import pair_remarks
from seqgen.scans.tables import (
    NAMES,
    filled_in,
    in_order,
    placed,
    survives_scale,
    with_evidence,
    with_robust,
)
from seqgen.schemas import CALIBRATION, GXG, LEADS
from seqgen.stats import t_of_p
from seqgen.weighted_testing import Decisions, WeightOptions, decide, max_t, permuted_orders

_MAIN = {"all": "all pairs", "listed": "listed pairs"}
_MOST_DETAILED = 200_000
_FROM_EVIDENCE = (*NAMES, "evidence", "gene_1", "gene_2", "residue_change_1", "residue_change_2")
_NO_FIT = "pair whose whole regression has no fit, such as one with its leads; counted as p = 1"
Progress = Callable[[str, int, int], None]


def scan_gxg(
    design: PairDesign,
    evidence: pd.DataFrame | None = None,
    *,
    leads: Sequence[str] | pd.DataFrame | None = None,
    loco: pd.DataFrame | None = None,
    chromosomes: Sequence[str] | None = None,
    scan: PairScan | None = None,
    options: GxGOptions | None = None,
    progress: Progress | None = None,
) -> GxGResult:
    """Test pairs of variants for interaction and weigh the tests by evidence about the pairs.

    Each pair is tested in the regression of the trait on covariates, both variants and their
    product. Pairs that may be discoveries are fitted anew with the fine-mapped leads of their
    loci in the model, for variants near a causal one that is not typed show an interaction
    where there is none, and with robust errors and on other scales. Evidence becomes weights by a
    rule that sees no p value; they average 1 over all tests run, so that weighted
    Benjamini-Hochberg keeps its false discovery rate whatever the evidence is worth, as far as
    the p values are right. Where a causal variant is not typed, leads take away only what they
    tag: pairs of one locus or in LD (``phantom_risk``) may still be phantoms and are best counted
    apart.

    Parameters
    ----------
    design : PairDesign
        From `prepare_pairs`.
    evidence : DataFrame, optional
        ``variant_1``, ``variant_2``, ``evidence`` (the more the better; missing where nothing is
        known) and any columns beside, such as `pair_evidence` makes.
    leads : sequence of str or DataFrame, optional
        Fine-mapped variants, as for `regress_pairs`; by default loci near the pairs are
        fine-mapped here.
    loco : DataFrame, shape (people, chromosomes), optional
        Leave-one-chromosome-out predictions of the trait, as for `scan_pairs_loco`.
    chromosomes : sequence of str, optional
        All chromosomes of ``loco``; 1 to 22 by default.
    scan : PairScan, optional
        All pairs tested beforehand, in shards perhaps, by `scan_all_pairs` and `merge_scans`.
    options : GxGOptions, optional
    progress : callable, optional
        Called as ``progress(step, done, total)``.

    Returns
    -------
    GxGResult

    Raises
    ------
    InputError
        If the evidence lacks a column or is about no variant of the design, nothing is left to
        test, or an option is wrong.

    References
    ----------
    Genovese, Roeder, Wasserman (2006), False discovery control with p-value weighting, Biometrika
    93:509-524.
    Hemani et al. (2021), Phantom epistasis between unlinked loci, Nature 596:E1-E3.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from seqgen.gxg import prepare_pairs
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.4, size=(400, 6)).astype(float)
    >>> trait = 0.5 * counts[:, 0] * counts[:, 3] + rng.normal(size=400)
    >>> evidence = pd.DataFrame({"variant_1": ["variant_1", "variant_2", "variant_1"],
    ...     "variant_2": ["variant_4", "variant_3", "variant_6"], "evidence": [3.0, 0.5, np.nan]})
    >>> result = scan_gxg(prepare_pairs(counts, trait), evidence)
    >>> result.pairs[["variant_2", "decision"]].to_numpy().tolist()[0]
    ['variant_4', 'both']
    """
    options = options or GxGOptions()
    which = options.tests or ("all" if evidence is None or scan is not None else "listed")
    if which == "listed" and (evidence is None or scan is not None):
        raise InputError(
            "evidence: none, and tests is 'listed'; give some, or tests='all'" if scan is None
            else "scan: given, and tests is 'listed'; a scan is of all pairs: use tests='all'"
        )  # fmt: skip
    tests = PairTests(design, options, loco, chromosomes)
    return _Scan(tests, which, scan, progress).run(evidence, leads)


class _Scan:
    """A scan under way."""

    def __init__(
        self, tests: PairTests, which: str, scan: PairScan | None, progress: Progress | None
    ) -> None:
        self._tests, self._design, self._options = tests, tests.design, tests.options
        self._which, self._given, self._progress = which, scan, progress
        self._tally = Tally("gxg")
        self._notices: list[str] = []

    def run(
        self, evidence: pd.DataFrame | None, leads: Sequence[str] | pd.DataFrame | None
    ) -> GxGResult:
        check_scheme(self._options.weights, evidence)
        self._check_leads(leads)
        if self._options.permutations:
            self._tests.permuted(np.arange(self._design.n_people))  # refuses what it cannot do
        listed = self._listed(evidence)
        pairs, n_tests, calibration = self._tested(self._tests, listed)
        pairs = self._completed(pairs, listed, n_tests, calibration)
        if not n_tests:
            left_out = drops_text(self._tally.to_frame())
            raise InputError(f"pairs: none is left to test\n{left_out}")
        maxima, permuted = self._permuted(listed)
        own = pairs["t"].abs().to_numpy()
        table, leads_table, control = self._decided(pairs, n_tests, leads)
        if maxima is not None:
            # The permuted have the scan's t; what leads or robust errors leave of it counts too.
            table["p_family"] = max_t(np.fmin(own, table["t"].abs().fillna(0.0)), maxima)
        inflation = inflation_of_levels(
            calibration[calibration["tests"] == _MAIN[self._which]], n_tests
        )
        self._notices += pair_remarks(table, inflation=inflation, n_tests=n_tests)
        return GxGResult(
            pairs=in_order(placed(table, self._design.variants), GXG),
            n_tests=n_tests,
            inflation=inflation,
            calibration=CALIBRATION.validate(pd.concat([calibration, permuted], ignore_index=True)),
            control=control,
            leads=leads_table,
            drops=pd.concat([self._design.drops, self._tally.to_frame()], ignore_index=True),
            notices=tuple(self._notices),
            alpha=self._options.weights.alpha,
        )

    def _check_leads(self, leads: Sequence[str] | pd.DataFrame | None) -> None:
        """Leads that are unknown are told before the scan, not after."""
        if leads is not None and not isinstance(leads, pd.DataFrame) and len(leads):
            self._design.locate(np.asarray(list(leads)), "leads")

    def _listed(self, evidence: pd.DataFrame | None) -> pd.DataFrame:
        """Evidence on pairs of the design, each pair once, with their row numbers."""
        if evidence is None:
            return pd.DataFrame({"first": [], "second": []}, dtype=np.int64).assign(evidence=np.nan)
        require_columns(evidence, (*NAMES, "evidence"), made_by="pair_evidence")
        evidence = without_reserved(evidence, GXG, _FROM_EVIDENCE)
        names = pd.Index(self._design.variants["variant"])
        table, (first, second) = keep_known(
            evidence,
            dict.fromkeys(NAMES, names),
            self._tally,
            among="the variants that can be tested",
        )
        table = table.assign(first=first, second=second)
        table = self._tally.drop(table, first == second, "pair of a variant with itself")
        sides = table[["first", "second"]].to_numpy()
        low, high = sides.min(axis=1), sides.max(axis=1)
        strength = table["evidence"].to_numpy(dtype=np.float64, na_value=-np.inf)
        key = pd.Series(low * len(names) + high).iloc[np.argsort(-strength, kind="stable")]
        twice = key.duplicated().sort_index()
        return self._tally.drop(
            table, twice, "pair listed again; the row with most evidence is kept"
        ).reset_index(drop=True)

    def _tested(
        self, tests: PairTests, listed: pd.DataFrame, *, count: bool = True
    ) -> tuple[pd.DataFrame, int, pd.DataFrame]:
        """Tests to report, with what is known of the pairs; tests run; calibration."""
        scans: dict[str, PairScan] = {}
        if self._which == "all":
            scans[_MAIN["all"]] = (
                self._given
                if self._given is not None and count
                else tests.everything(progress=self._step("pairs") if count else None)
            )
        if len(listed):
            scans[_MAIN["listed"]] = tests.listed(
                *(listed[name].to_numpy() for name in ("first", "second"))
            )
        if count:
            self._untested(scans)
        tables = [self._numbered(scan.table) for scan in scans.values()]
        table = pd.concat(tables[::-1], ignore_index=True).drop_duplicates(["low", "high"])
        table = table.reset_index(drop=True)
        main = scans.get(_MAIN[self._which])
        calibration = pd.concat(
            [scan.calibration.assign(tests=name) for name, scan in scans.items()], ignore_index=True
        )
        return with_evidence(table, listed), 0 if main is None else main.n_tests, calibration

    def _completed(
        self, pairs: pd.DataFrame, listed: pd.DataFrame, n_tests: int, calibration: pd.DataFrame
    ) -> pd.DataFrame:
        """The tests to report, up to a larger p value where discoveries reach beyond it."""
        if self._which != "all":
            return pairs
        main = calibration[calibration["tests"] == _MAIN["all"]].sort_values("level")
        needed = needed_p(
            main["level"].to_numpy(), main["observed"].to_numpy(), n_tests=n_tests,
            alpha=self._options.weights.alpha,
        )  # fmt: skip
        if needed <= self._options.p:
            return pairs
        reach = f"discoveries reach beyond p = {self._options.p:g}, up to which pairs are reported"
        if self._given is not None:
            self._notices.append(f"{reach}: some are missing; scan again with p = {needed:g}")
            return pairs
        self._notices.append(f"{reach}; pairs up to {needed:g} were taken instead")
        self._options = replace(self._options, p=needed)
        self._tests = replace(self._tests, options=self._options)
        return self._tested(self._tests, listed, count=False)[0]

    def _step(self, name: str) -> Callable[[int, int], None] | None:
        if self._progress is None:
            return None
        progress = self._progress
        return lambda done, total: progress(name, done, total)

    def _untested(self, scans: dict[str, PairScan]) -> None:
        for name, scan in scans.items():
            for reason, number in scan.untested.items():
                self._tally.rows.append(("gxg", f"{name}: {reason}", "dropped", number, None))

    def _numbered(self, table: pd.DataFrame) -> pd.DataFrame:
        names = pd.Index(self._design.variants["variant"])
        a, b = (names.get_indexer(pd.Index(table[name])) for name in NAMES)
        return table.assign(low=np.minimum(a, b), high=np.maximum(a, b))

    def _permuted(self, listed: pd.DataFrame) -> tuple[np.ndarray | None, pd.DataFrame]:
        """Largest |t| of each permutation, and the mean calibration of all."""
        count = self._options.permutations
        if not count:
            return None, CALIBRATION.empty()
        orders = permuted_orders(self._design.n_people, count, seed=self._options.weights.seed)
        maxima, observed = np.empty(count), []
        for place, order in enumerate(orders):
            table, _, calibration = self._tested(self._tests.permuted(order), listed, count=False)
            largest = 0.0 if table.empty else float(table["t"].abs().max())
            # Of pairs beyond the reporting p value it is only known that their t is below its.
            maxima[place] = max(largest, self._reach() if self._which == "all" else 0.0)
            observed.append(calibration[calibration["tests"] == _MAIN[self._which]])
            if self._progress is not None:
                self._progress("permutations", place + 1, count)
        mean = observed[0].assign(
            tests="people permuted", observed=np.mean([one["observed"] for one in observed], axis=0)
        )
        return maxima, mean

    def _reach(self) -> float:
        design = self._design
        return t_of_p(self._options.p, design.n_people - design.null.basis.shape[1] - 3)

    def _decided(
        self, pairs: pd.DataFrame, n_tests: int, leads: Sequence[str] | pd.DataFrame | None
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Pairs with all that may be a discovery fitted in detail, leads used, control."""
        table = pairs.assign(detailed=False)
        found = [LEADS.empty()]
        quick = replace(self._options.weights, shuffles=0)
        while True:
            decisions = self._decide(table, n_tests, quick)
            wanted = ~table["detailed"] & (
                (table["p"] <= self._options.detail_p) | (decisions.table["decision"] != "neither")
            )
            wanted &= self._strongest(table, wanted)
            if not wanted.any():
                break
            table, new = self._detailed(table, wanted.to_numpy(), leads)
            found.append(new)
        decisions = self._decide(table, n_tests, self._options.weights)
        table = pd.concat([table, decisions.table], axis=1)
        leads_table = pd.concat(found, ignore_index=True).drop_duplicates(["locus", "lead"])
        return table, leads_table.reset_index(drop=True), decisions.control

    def _strongest(self, table: pd.DataFrame, wanted: pd.Series) -> pd.Series:
        """True for the wanted pairs of smallest p, as many as get the whole regression."""
        room = _MOST_DETAILED - int(table["detailed"].sum())
        if int(wanted.sum()) <= room:
            return wanted
        note = f"only the {_MOST_DETAILED:,} strongest pairs got the whole regression"
        if note not in self._notices:
            self._notices.append(note)
        chosen = table.loc[wanted, "p"].sort_values(kind="stable").index[: max(room, 0)]
        return pd.Series(table.index.isin(chosen), index=table.index)

    def _decide(self, table: pd.DataFrame, n_tests: int, options: WeightOptions) -> Decisions:
        folds = None
        if options.scheme == "cross-fold":
            listed = table["listed"].to_numpy()
            genes = [_gene(table[listed], side) for side in (1, 2)]
            folds = np.zeros(len(table), dtype=np.int64)
            folds[listed] = independent_folds(*genes)
        return decide(
            table["p"].to_numpy(), table["evidence"].to_numpy(dtype=np.float64, na_value=np.nan),
            table["listed"].to_numpy(), n_tests=n_tests, folds=folds, options=options,
        )  # fmt: skip

    def _detailed(
        self, table: pd.DataFrame, wanted: np.ndarray, leads: Sequence[str] | pd.DataFrame | None
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The table with the wanted pairs fitted whole, and leads that were found for them."""
        rows = table.loc[wanted, [*NAMES, "low", "high"]]
        leads, new = self._leads(rows, leads)
        fit = self._tests.whole(rows, leads)
        fit = fit.drop(columns=["beta_unconditioned"], errors="ignore").set_index(rows.index)
        if self._options.robust:
            fit = with_robust(fit)
        lost = fit["neg_log10_p"].isna()
        self._tally.note(rows[list(NAMES)], lost.to_numpy(), _NO_FIT, action="changed")
        fit.loc[lost, ["p", "neg_log10_p"]] = [1.0, 0.0]
        fit["survives_scale"] = survives_scale(fit)
        if "n_leads" not in fit:
            fit["n_leads"] = 0
        fit["detailed"] = True
        fit = fit.drop(columns=[*NAMES, "double_carriers"])
        return filled_in(table, fit), new

    def _leads(
        self, rows: pd.DataFrame, leads: Sequence[str] | pd.DataFrame | None
    ) -> tuple[Sequence[str] | pd.DataFrame | None, pd.DataFrame]:
        if leads is not None or self._options.lead_p is None:
            return leads, LEADS.empty()
        table = self._design.variants
        if "chrom" not in table or "pos" not in table:
            note = ("pairs are not conditioned on leads, for the variants have no positions; give "
                    "chrom and pos, or name the leads")  # fmt: skip
            if note not in self._notices:
                self._notices.append(note)
            return None, LEADS.empty()
        near = np.unique(rows[["low", "high"]].to_numpy())
        window = self._options.pairs.window
        found = find_leads(self._design, near, window=window, p=self._options.lead_p)
        return (found["lead"].tolist() if len(found) else None), found


def _gene(table: pd.DataFrame, side: int) -> pd.Series:
    """Gene of one side of each pair; the variant itself where it is unknown."""
    variant = table[f"variant_{side}"]
    return table[f"gene_{side}"].fillna(variant) if f"gene_{side}" in table else variant
