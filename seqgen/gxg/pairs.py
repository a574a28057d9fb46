"""Chosen pairs looked at closely: robust errors, other scales, linkage, leads of the locus."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.gxg.carriers import count_double_carriers
from seqgen.gxg.design import PairDesign
from seqgen.gxg.exact import batches
from seqgen.gxg.pair_models import joint_tests, regress_all
from seqgen.gxg.regression import ROBUST, Fit
from seqgen.stats import neg_log10_p_of_t, rank_normal

Pairs = pd.DataFrame | Sequence[tuple[str, str]]
_LEAD_COLUMNS = ["variant_1", "variant_2", "lead"]


@dataclass(frozen=True)
class PairOptions:
    """Settings of `regress_pairs`.

    Attributes
    ----------
    robust : {"HC3", "HC1", None}
        Standard errors that hold when the trait's variance differs between genotypes. A binary
        trait's are HC1 where HC3 is asked for, which logistic regression does not have.
    dominance : bool
        Main effects with a heterozygote's deviation, and a joint test of all four products.
    missing : {"mean", "complete"}
        Missing genotypes at the variant's mean, or only people called at both variants.
    window : int
        Base pairs up to which two variants of a chromosome count as one locus.
    min_r2 : float
        Squared correlation from which two variants count as linked.
    handful : int
        Pairs with fewer double carriers rest on a handful of people.
    """

    robust: str | None = "HC3"
    dominance: bool = False
    missing: str = "mean"
    window: int = 1_000_000
    min_r2: float = 0.01
    handful: int = 10

    def __post_init__(self) -> None:
        if self.robust not in ROBUST:
            raise InputError(f"robust is {self.robust!r}; expected 'HC3', 'HC1' or None")
        if self.missing not in ("mean", "complete"):
            raise InputError(f"missing is {self.missing!r}; expected mean or complete")
        if self.window < 0 or not 0 <= self.min_r2 <= 1 or self.handful < 0:
            raise InputError(
                f"window, min_r2, handful are {self.window}, {self.min_r2}, {self.handful}; "
                "expected 0 or more, and min_r2 at most 1"
            )


def regress_pairs(
    design: PairDesign,
    pairs: Pairs,
    *,
    leads: Sequence[str] | pd.DataFrame | None = None,
    options: PairOptions | None = None,
) -> pd.DataFrame:
    """Fit the whole regression of each pair, and what a sceptic would ask about it.

    Two variants near a causal one that is not typed, or not in the model, show an interaction
    where there is none: their product tags the haplotypes that carry it. Pairs of one locus or
    in linkage disequilibrium are flagged, and with ``leads``, the fine-mapped variants of the
    locus, their additive effects are in the model.

    With the kinship of related people in the design all models are fitted by generalised least
    squares, exactly, with the h2 of the model without pairs; a trait on another scale has its own.

    Parameters
    ----------
    design : PairDesign
        From `prepare_pairs`.
    pairs : DataFrame or sequence of pairs
        Columns ``variant_1`` and ``variant_2``, such as a scan's table, or tuples of names.
    leads : sequence of str or DataFrame, optional
        Names of variants of the design: each pair is conditioned on those within ``window`` of
        either variant. Or a table of ``variant_1``, ``variant_2``, ``lead``, a row for each
        lead of each pair. A lead that is one of the pair itself is in the model already. Leads
        that are not typed go among the covariates of `prepare_pairs`.
    options : PairOptions, optional

    Returns
    -------
    DataFrame
        One row per pair in the order given:

        - ``variant_1``, ``variant_2``, ``n``;
        - ``beta`` per product of counted alleles (log odds for a binary trait), ``se``, ``t``,
          ``p``, ``neg_log10_p``: ordinary errors, given the leads;
        - ``se_robust``, ``neg_log10_p_robust``; of related people after they are made
          independent, so that a variance that differs between families is not covered;
        - ``n_leads``, and ``beta_unconditioned``, ``neg_log10_p_unconditioned`` without them;
        - ``neg_log10_p_rank_normal`` and ``neg_log10_p_log``, with the trait transformed (the
          logarithm only of positive traits), or for a binary trait ``neg_log10_p_linear``, on
          the scale of risk differences with robust errors;
        - ``neg_log10_p_genotypic``, joint test of four products, with ``dominance`` for a
          quantitative trait;
        - ``r2``, ``distance`` (base pairs; missing between chromosomes), ``phantom_risk``: one
          locus or linked;
        - ``double_carriers``, ``top5``: share of the five people whose genotypes weigh most in
          beta, ``handful``: few double carriers, or five people with more than half the weight.

        Missing values where a model cannot be fitted.

    Raises
    ------
    InputError
        If a variant is unknown, a pair is one variant twice, or leads are given by name and the
        variants have no positions.

    References
    ----------
    Wood et al. (2014), Another explanation for apparent epistasis, Nature 514:E3-E5.
    Hemani et al. (2014), Detection and replication of epistasis influencing transcription in
    humans, Nature 508:249-253; (2021), Phantom epistasis between unlinked loci, Nature
    596:E1-E3.
    Long and Ervin (2000), Using heteroscedasticity consistent standard errors in the linear
    regression model, The American Statistician 54:217-224: HC3.

    Examples
    --------
    >>> import numpy as np
    >>> from seqgen.gxg import prepare_pairs
    >>> rng = np.random.default_rng(0)
    >>> counts = rng.binomial(2, 0.4, size=(300, 5)).astype(float)
    >>> trait = counts[:, 0] * counts[:, 3] + rng.normal(size=300)
    >>> table = regress_pairs(prepare_pairs(counts, trait), [("variant_1", "variant_4")])
    >>> table[["beta", "double_carriers", "phantom_risk"]].round(1).to_numpy().tolist()
    [[1.1, 133, False]]
    """
    options = options or PairOptions()
    first, second = locate_pairs(design, pairs)
    held = None if leads is None else _leads(design, first, second, leads, options.window)
    names = design.variants["variant"].to_numpy()
    table = pd.DataFrame({"variant_1": names[first], "variant_2": names[second]})
    fit = partial(
        regress_all,
        design,
        first,
        second,
        complete=options.missing == "complete",
        dominance=options.dominance,
    )
    plain = fit(leads=held)
    p = _neg_log10_p(plain)
    table = table.assign(
        n=plain.n, beta=plain.beta, se=plain.se, t=plain.t, p=10.0**-p, neg_log10_p=p
    ).assign(**_other_models(fit, design, held, options))
    if options.dominance and design.null.kind == "quantitative":
        table["neg_log10_p_genotypic"] = joint_tests(
            design, first, second, complete=options.missing == "complete", leads=held
        )
    table["r2"], distance = pair_r2(design, first, second), _distance(design, first, second)
    table["distance"] = pd.Series(distance).astype("Int64")
    table["phantom_risk"] = (distance <= options.window) | (table["r2"] >= options.min_r2)
    table["double_carriers"] = count_double_carriers(design, first, second)
    table["top5"] = plain.top5
    table["handful"] = (table["double_carriers"] < options.handful) | (plain.top5 > 0.5)
    return table


def _other_models(
    fit: Callable[..., Fit], design: PairDesign, leads: np.ndarray | None, options: PairOptions
) -> dict[str, np.ndarray]:
    """Columns of the same pairs with robust errors, without leads and on other scales."""
    binary = design.null.kind == "binary"
    columns = {}
    if options.robust is not None:
        robust = fit(leads=leads, robust="HC1" if binary else options.robust)
        columns = {"se_robust": robust.se, "neg_log10_p_robust": _neg_log10_p(robust)}
    if leads is not None:
        alone = fit()
        columns["n_leads"] = (leads >= 0).sum(axis=1)
        columns["beta_unconditioned"] = alone.beta
        columns["neg_log10_p_unconditioned"] = _neg_log10_p(alone)
    for name, trait in _scales(design.trait, binary=binary).items():
        # A 0/1 trait has another variance at every mean, whence robust errors.
        other = fit(leads=leads, trait=trait, robust="HC3" if binary else None)
        columns[f"neg_log10_p_{name}"] = _neg_log10_p(other)
    return columns


def pair_r2(design: PairDesign, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared correlation of the genotypes of each pair, missing calls at the mean; shape (k,)."""
    out = np.zeros(len(first))
    for part in batches(len(first), 16 * design.n_people):
        x, y = design.scaled(first[part]), design.scaled(second[part])
        x -= x.mean(axis=1, keepdims=True)
        y -= y.mean(axis=1, keepdims=True)
        xy, xx, yy = (np.einsum("ij,ij->i", a, b) for a, b in ((x, y), (x, x), (y, y)))
        out[part] = np.minimum(xy**2 / (xx * yy), 1.0)
    return out


def _neg_log10_p(fit: Fit) -> np.ndarray:
    return neg_log10_p_of_t(fit.t, fit.df)


def locate_pairs(design: PairDesign, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of the first and second variants of listed pairs."""
    if isinstance(pairs, pd.DataFrame):
        missing = [name for name in ("variant_1", "variant_2") if name not in pairs]
        if missing:
            raise InputError(
                f"pairs: column(s) {', '.join(missing)} missing; found "
                f"{', '.join(map(str, pairs.columns))}"
            )
        both = pairs[["variant_1", "variant_2"]].to_numpy()
    else:
        both = np.array(list(pairs))
    if both.ndim != 2 or both.shape[1] != 2 or not len(both):
        raise InputError(f"pairs: shape {both.shape}; expected one or more pairs of two variants")
    index = design.locate(both, "pairs")
    same = index[:, 0] == index[:, 1]
    if same.any():
        raise InputError(
            f"pairs: {both[same].tolist()[0][0]!r} is paired with itself; name two variants"
        )
    return index[:, 0], index[:, 1]


def _scales(trait: np.ndarray, *, binary: bool) -> dict[str, np.ndarray]:
    """The trait on other scales, by the name of the scale."""
    if binary:
        return {"linear": trait}
    scales = {"rank_normal": rank_normal(trait)}
    if trait.min() > 0:
        scales["log"] = np.log(trait)
    return scales


def _distance(design: PairDesign, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Base pairs between the variants; NaN between chromosomes or without positions."""
    table = design.variants
    if "chrom" not in table or "pos" not in table:
        return np.full(len(first), np.nan)
    chrom, pos = table["chrom"].to_numpy(), table["pos"].to_numpy(dtype=np.float64)
    return np.where(chrom[first] == chrom[second], np.abs(pos[first] - pos[second]), np.nan)


def _leads(
    design: PairDesign,
    first: np.ndarray,
    second: np.ndarray,
    leads: Sequence[str] | pd.DataFrame,
    window: int,
) -> np.ndarray:
    """Row numbers of the leads of each pair, -1 where there are fewer; shape (k, most leads)."""
    if isinstance(leads, pd.DataFrame):
        pair, lead = _listed(design, first, second, leads)
    else:
        pair, lead = _within(design, first, second, list(leads), window)
    other = (lead != first[pair]) & (lead != second[pair])
    pair, lead = np.unique(np.stack([pair[other], lead[other]]), axis=1)
    rank = np.arange(len(pair)) - np.searchsorted(pair, pair)
    out = np.full((len(first), int(rank.max(initial=-1)) + 1), -1)
    out[pair, rank] = lead
    return out


def _listed(
    design: PairDesign, first: np.ndarray, second: np.ndarray, leads: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of pairs and their leads, from a table that names both."""
    index = locate_leads(design, leads)
    given = pd.DataFrame({"key": pair_key(design, index[:, 0], index[:, 1]), "lead": index[:, 2]})
    pairs = pd.DataFrame({"key": pair_key(design, first, second), "pair": np.arange(len(first))})
    stray = ~given["key"].isin(pairs["key"])
    if stray.any():
        raise InputError(
            f"leads: {int(stray.sum())} row(s) are for pairs that are not to be tested, first "
            f"{leads.iloc[int(stray.to_numpy().argmax())][_LEAD_COLUMNS].tolist()}"
        )
    both = pairs.merge(given, on="key")
    return both["pair"].to_numpy(), both["lead"].to_numpy()


def locate_leads(design: PairDesign, leads: pd.DataFrame) -> np.ndarray:
    """Row numbers of both variants and the lead of each row of a table, (rows, 3)."""
    absent = [name for name in _LEAD_COLUMNS if name not in leads]
    if absent:
        raise InputError(
            f"leads: column(s) {', '.join(absent)} missing; expected {', '.join(_LEAD_COLUMNS)}"
        )
    return design.locate(leads[_LEAD_COLUMNS].to_numpy(), "leads")


def pair_key(design: PairDesign, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """One number for a pair, whichever variant comes first."""
    return np.minimum(first, second) * design.n_variants + np.maximum(first, second)


def _within(
    design: PairDesign, first: np.ndarray, second: np.ndarray, leads: list[str], window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of pairs and the leads that lie near either of their variants."""
    if "chrom" not in design.variants or "pos" not in design.variants:
        raise InputError(
            "leads: named without the pairs they are for, and the variants have no positions; "
            "give chrom and pos in variants, or a table of variant_1, variant_2, lead"
        )
    at = design.locate(leads, "leads") if leads else np.empty(0, dtype=np.int64)
    near = np.zeros((len(first), len(at)), dtype=bool)
    for side in (first, second):
        distance = _distance(design, np.repeat(side, len(at)), np.tile(at, len(side)))
        near |= (distance <= window).reshape(near.shape)
    pair, lead = np.nonzero(near)
    return pair, at[lead]
