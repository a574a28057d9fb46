"""Results made of several arrays of different shapes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.alignment import Residues
from seqgen.errors import InputError
from seqgen.schemas import COUPLINGS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CredibleSet:
    """One credible set of a fine-mapping fit.

    Attributes
    ----------
    effect : int
        0-based row of ``alpha`` that the set comes from.
    variants : ndarray of int, shape (k,)
        0-based columns, in order of position in the input.
    coverage : float
        Posterior mass the set attains.
    min_abs_corr, mean_abs_corr, median_abs_corr : float
        Purity: absolute correlations among the members.
    log_bayes_factor : float
        Natural-log Bayes factor of the effect.
    """

    effect: int
    variants: np.ndarray
    coverage: float
    min_abs_corr: float
    mean_abs_corr: float
    median_abs_corr: float
    log_bayes_factor: float

    def __repr__(self) -> str:
        return (
            f"CredibleSet({len(self.variants)} variants, coverage {self.coverage:.3g}, "
            f"min_abs_corr {self.min_abs_corr:.3g}, log_bayes_factor {self.log_bayes_factor:.4g})"
        )


@dataclass(frozen=True)
class FineMapResult:
    """Posterior of a sum-of-single-effects fit.

    Attributes
    ----------
    alpha, mu, mu2, lbf_variable : ndarray, shape (L, p)
        Inclusion probabilities, posterior means and second moments given
        inclusion (standardised scale), per-variant log Bayes factors.
    V, lbf, KL : ndarray, shape (L,)
        Prior variance, log Bayes factor and Kullback-Leibler term per effect.
    sigma2 : float
        Residual variance.
    pip : ndarray, shape (p,)
        Posterior inclusion probabilities.
    prior : ndarray, shape (p,)
        Normalised prior inclusion weights that were used.
    elbo : ndarray, shape (niter,)
        Evidence lower bound per iteration. Where a reference panel inflates the
        likelihood there is none (``diagnostics["elbo_is_bound"]`` is False) and
        the entries are minus the summed KL terms, as susieR 0.16.5 reports: they
        serve no comparison between fits. With effects of every variant beside the mapped ones
        it is no bound either.
    niter : int
    converged : bool
    credible_sets : tuple of CredibleSet
    warnings : tuple of str
        What the reader has to know about this fit.
    diagnostics : dict
        What the LD reference panel did to the fit; empty for in-sample LD. Keys
        as in susieR's ``R_finite_diagnostics``: ``B``, ``effective_rank``,
        ``r_over_B``, ``lambda_bias``, ``B_corrected``, ``Q_art``,
        ``artifact_flag``, ``R_sensitivity_flag``, ``R_reliability_flag``, ... With effects
        beside the mapped ones their variance ``tau2`` and predictions ``theta`` (p,), with a
        prior on the number of effects their probabilities ``slot_weights`` (L,), with noise
        beside the LD's its variance ``lambda``.
    X_column_scale_factors : ndarray, shape (p,), or None
        Standard deviations by which genotypes were divided; None where they are not known.
    intercept : float
        On the phenotype's scale; NaN where there is none.
    """

    alpha: np.ndarray
    mu: np.ndarray
    mu2: np.ndarray
    lbf_variable: np.ndarray
    V: np.ndarray
    lbf: np.ndarray
    KL: np.ndarray
    sigma2: float
    pip: np.ndarray
    prior: np.ndarray
    elbo: np.ndarray
    niter: int
    converged: bool
    credible_sets: tuple[CredibleSet, ...]
    warnings: tuple[str, ...] = ()
    diagnostics: dict[str, Any] = field(default_factory=dict)
    X_column_scale_factors: np.ndarray | None = None
    intercept: float = math.nan

    @property
    def coef(self) -> np.ndarray:
        """Posterior mean effects, shape (p,), in units of the phenotype per allele where known."""
        effects: np.ndarray = np.sum(self.alpha * self.mu, axis=0)
        effects = effects + self.diagnostics.get("theta", 0.0)
        scale = self.X_column_scale_factors
        return effects if scale is None else effects / scale

    def __repr__(self) -> str:
        sizes = ", ".join(str(len(one.variants)) for one in self.credible_sets) or "none"
        top = f", highest PIP {self.pip.max():.3g}" if len(self.pip) else ""
        return (
            f"FineMapResult({len(self.pip):,} variants, L {len(self.V)}, sizes of credible sets: "
            f"{sizes}{top}, {'converged' if self.converged else 'not converged'})"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per variant: ``pip``, ``prior``, ``cs_id`` (<NA> outside any set)."""
        import pandas as pd

        cs_id = pd.array([None] * len(self.pip), dtype="Int32")
        for number, credible_set in enumerate(self.credible_sets, start=1):
            cs_id[credible_set.variants] = number
        return pd.DataFrame({"pip": self.pip, "prior": self.prior, "cs_id": cs_id})


@dataclass(frozen=True)
class Couplings:
    """How strongly pairs of residues are coupled, within a protein or between two.

    Attributes
    ----------
    scores : ndarray, shape (L1, L2)
        What pairs are ranked by, after average product correction unless the method says
        otherwise; symmetric, with a diagonal of NaN, where rows and columns are the same.
    rows, columns : Residues
        The residues of both sides; one and the same object within a protein or a joint fit.
    method : str
        ``plm``, ``mean-field``, ``categorical-jacobian``, ``attention``, ...
    raw : ndarray, shape (L1, L2), or None
        Before the correction: Frobenius norms, or what the method has in their place.
    z : ndarray, shape (L1, L2), or None
        Score in standard deviations of the background of uncoupled pairs.
    probability : ndarray, shape (L1, L2), or None
        Probability that the pair is coupled at all, between 0 and 1.
    p : ndarray, shape (L1, L2), or None
        One-sided p value under the null the method states in ``diagnostics["null"]``.
    notices : tuple of str
        What the reader has to know.
    diagnostics : dict
        What the method was run with and on: ``neff``, ``n_sequences``, ``lambda_J``, ...
    """

    scores: np.ndarray
    rows: Residues
    columns: Residues
    method: str
    raw: np.ndarray | None = None
    z: np.ndarray | None = None
    probability: np.ndarray | None = None
    p: np.ndarray | None = None
    notices: tuple[str, ...] = ()
    diagnostics: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (len(self.rows), len(self.columns))
        for name in ("scores", *COUPLING_ARRAYS):
            values = getattr(self, name)
            if values is not None and values.shape != expected:
                raise InputError(
                    f"couplings: {name} has shape {values.shape}; expected {expected}, the "
                    "residues of rows and columns"
                )

    def __repr__(self) -> str:
        known = ["scores", *(name for name in COUPLING_ARRAYS if getattr(self, name) is not None)]
        sides = repr(self.rows) if self.symmetric else f"{self.rows!r} with {self.columns!r}"
        return f"Couplings({self.method}, {sides}; {', '.join(known)})"

    @property
    def symmetric(self) -> bool:
        """True where rows and columns are the same residues."""
        return self.rows is self.columns

    def between(self, first: str, second: str) -> Couplings:
        """The block of two proteins of a joint result; ``first`` may equal ``second``.

        Raises
        ------
        InputError
            If a protein is not among those of the rows or columns.
        """
        for name, residues in ((first, self.rows), (second, self.columns)):
            if name not in residues.names:
                raise InputError(
                    f"protein {name!r} is not in these couplings; found "
                    f"{', '.join(map(repr, residues.names))}"
                )
        row = np.flatnonzero(self.rows.proteins == first)
        column = np.flatnonzero(self.columns.proteins == second)
        rows = self.rows.take(row)
        cut: dict[str, Any] = {
            name: None if getattr(self, name) is None else getattr(self, name)[np.ix_(row, column)]
            for name in ("scores", *COUPLING_ARRAYS)
        }
        columns = rows if self.symmetric and first == second else self.columns.take(column)
        return replace(self, rows=rows, columns=columns, **cut)

    def to_frame(self, *, min_separation: int = 1) -> pd.DataFrame:
        """One row per pair, `seqgen.schemas.COUPLINGS`, the highest score first.

        Parameters
        ----------
        min_separation : int
            Least distance in positions of pairs within one protein.
        """
        import pandas as pd

        i, j = self._pairs(min_separation)
        rows, columns = self.rows, self.columns
        table = {
            "protein_1": rows.proteins[i],
            "position_1": rows.positions[i],
            "residue_1": np.array(list(rows.letters))[i],
            "protein_2": columns.proteins[j],
            "position_2": columns.positions[j],
            "residue_2": np.array(list(columns.letters))[j],
            "score": self.scores[i, j],
        }
        for name in COUPLING_ARRAYS:
            values = getattr(self, name)
            table[name] = np.full(len(i), np.nan) if values is None else values[i, j]
        table["method"] = self.method
        frame = pd.DataFrame(table)
        order = np.argsort(-frame["score"].to_numpy(), kind="stable")
        return COUPLINGS.validate(frame.iloc[order].reset_index(drop=True))

    def _pairs(self, min_separation: int) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of every pair with a score that is far enough apart."""
        if self.symmetric:
            i, j = np.triu_indices(len(self.rows), 1)
        else:
            i, j = (axis.ravel() for axis in np.indices(self.scores.shape))
        same = self.rows.proteins[i] == self.columns.proteins[j]
        apart = np.abs(self.rows.positions[i] - self.columns.positions[j]) >= min_separation
        keep = (apart | ~same) & np.isfinite(self.scores[i, j])
        return i[keep], j[keep]


COUPLING_ARRAYS = ("raw", "z", "probability", "p")


def posterior_table(fit: FineMapResult) -> pd.DataFrame:
    """What a fit says of each variant.

    Parameters
    ----------
    fit : FineMapResult

    Returns
    -------
    DataFrame
        One row per variant: ``pip``, ``prior`` (the weight used) and ``cs_id`` (number of the
        credible set, <NA> outside any).

    Examples
    --------
    >>> from seqgen.finemap import susie_rss
    >>> fit = susie_rss([7.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], n=1000)
    >>> posterior_table(fit)["cs_id"].tolist()
    [1, <NA>]
    """
    return fit.to_frame()
