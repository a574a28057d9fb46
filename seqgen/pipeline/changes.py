"""Annotations and scores brought together: one residue change and one score per variant."""

from __future__ import annotations

import pandas as pd

from seqgen.annotation.terms import severity
from seqgen.errors import InputError
from seqgen.io.resources import homolog_scores
from seqgen.schemas import AMINO_ACIDS, LOSS_OF_FUNCTION, SUMSTATS

_CHANGE = ["uniprot", "position", "ref_aa", "alt_aa"]


def residue_changes(
    annotations: pd.DataFrame, scores: pd.DataFrame, method: str = "wild-type-marginal"
) -> pd.DataFrame:
    """One row per variant: its residue change, and where it makes several the worst one.

    Join it to variants by ``chrom``, ``pos``, ``effect_allele`` and ``other_allele``; with a
    column ``locus`` the result is what `prior_annotations` takes.

    Parameters
    ----------
    annotations : DataFrame
        Table ``annotations``, such as of `annotate`.
    scores : DataFrame
        Table ``scores``, such as of `score_variants`.
    method : str
        Which method's scores are taken; by default that of `run`.

    Returns
    -------
    DataFrame
        The columns of ``annotations``, ``residue_change`` (such as R253C; missing where gene
        models tell another change than that of one residue) and ``log_lik_ratio``, missing
        where the change has no score. Of several changes of a variant the one taken to destroy
        a protein, else that of lowest ratio, else the gravest.

    Raises
    ------
    InputError
        If a column is missing, or none of the scores is of that method.

    Examples
    --------
    >>> import seqgen
    >>> from seqgen.io.resources import demo_sumstats_path
    >>> sumstats = seqgen.read_sumstats(demo_sumstats_path()).table
    >>> found = seqgen.annotate(sumstats, seqgen.missense_map()).table
    >>> found = found[found["checked"]].head(20)
    >>> model = seqgen.load_model("blosum62")
    >>> scores = seqgen.score_variants(found, seqgen.human_proteins(), model).table
    >>> changes = residue_changes(found, scores)
    >>> {"residue_change", "log_lik_ratio"} <= set(changes.columns)
    True
    """
    _require("annotations", annotations, (*SUMSTATS.key, *_CHANGE))
    _require("scores", scores, (*_CHANGE, "method", "log_lik_ratio"))
    if len(scores) and not (scores["method"] == method).any():
        raise InputError(
            f"method is {method!r}; expected one that there are scores of: "
            f"{', '.join(map(str, scores['method'].unique()))}"
        )
    wanted = scores.loc[scores["method"] == method, [*_CHANGE, "log_lik_ratio"]]
    joined = annotations.merge(wanted, on=_CHANGE, how="left")
    joined = joined.join(_ranks(joined)).sort_values(
        ["_spares", "log_lik_ratio", "_severity", "uniprot"], kind="stable"
    )
    joined = joined.drop(columns=["_spares", "_severity"])
    joined = joined.drop_duplicates(list(SUMSTATS.key)).reset_index(drop=True)
    change = joined["ref_aa"] + joined["position"].astype(str) + joined["alt_aa"]
    return joined.assign(residue_change=change.where(is_missense(joined)).astype("str"))


def is_missense(changes: pd.DataFrame) -> pd.Series:
    """Whether each row is the change of one residue into another."""
    ref, alt = changes["ref_aa"], changes["alt_aa"]
    letters = list(AMINO_ACIDS)
    return ref.isin(letters) & alt.isin(letters) & (ref != alt)


def _ranks(changes: pd.DataFrame) -> pd.DataFrame:
    """Whether a change spares the protein, and how grave it is, where there are terms."""
    if "consequence" not in changes:
        return pd.DataFrame({"_spares": True, "_severity": 0}, index=changes.index)
    ranks = severity(changes["consequence"])
    return pd.DataFrame({"_spares": ranks >= len(LOSS_OF_FUNCTION), "_severity": ranks})


def add_homologs(scores: pd.DataFrame, method: str = "wild-type-marginal") -> pd.DataFrame:
    """Scores of a model, those of the relatives, and the mean of both, which feeds the prior.

    Adds the bundled homolog profile (method "homolog-profile") of the changes that are scored by
    ``method``, and the mean of the two log-likelihood ratios ("average"): of a change that has no
    profile it is the model's ratio.

    Parameters
    ----------
    scores : DataFrame
        Table ``scores``.
    method : str
        Of the model's scores, the one to average with.

    Returns
    -------
    DataFrame
        Table ``scores``; `residue_changes` takes it with ``method="average"``.

    Raises
    ------
    InputError
        If a column is missing, or there are no scores of that method.

    Examples
    --------
    >>> from seqgen.io.resources import homolog_scores
    >>> known = homolog_scores().head(1).drop(columns="depth")
    >>> scores = known.assign(method="wild-type-marginal", log_lik_ratio=-1.0)
    >>> add_homologs(scores)["method"].tolist()
    ['wild-type-marginal', 'homolog-profile', 'average']
    """
    _require("scores", scores, (*_CHANGE, "method", "log_lik_ratio"))
    if not (scores["method"] == method).any():
        raise InputError(
            f"method is {method!r}; expected one that there are scores of: "
            f"{', '.join(map(str, scores['method'].unique())) or 'there are none'}"
        )
    model = scores.loc[scores["method"] == method, [*_CHANGE, "log_lik_ratio"]]
    profile = model[_CHANGE].merge(homolog_scores(), on=_CHANGE)[list(scores.columns)]
    beside = model.merge(profile[[*_CHANGE, "log_lik_ratio"]], on=_CHANGE, how="left",
                         suffixes=("", "_profile"))  # fmt: skip
    ratios = beside[["log_lik_ratio", "log_lik_ratio_profile"]].mean(axis=1)
    average = beside[_CHANGE].assign(method="average", log_lik_ratio=ratios)
    parts = [one for one in (scores, profile, average[list(scores.columns)]) if len(one)]
    return pd.concat(parts, ignore_index=True)


def only_finemapped(annotations: pd.DataFrame, finemapped: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``annotations`` whose variant is among ``finemapped``."""
    key = list(SUMSTATS.key)
    return annotations.merge(finemapped[key].drop_duplicates(), on=key, how="inner")


def _require(argument: str, table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    lacking = [name for name in columns if name not in table]
    if lacking:
        raise InputError(
            f"{argument}: no column {', '.join(lacking)}; expected {', '.join(columns)}"
        )
