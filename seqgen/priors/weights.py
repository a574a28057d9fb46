"""From annotations and coefficients to prior inclusion probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.schemas import PRIOR_COEFFICIENTS

NORMAL_95 = 1.959963984540054


def prior_weights(annotations: pd.DataFrame, coefficients: pd.DataFrame) -> pd.Series:
    """Prior inclusion probabilities, softmax of the annotations within each locus.

    Parameters
    ----------
    annotations : DataFrame
        Column ``locus`` and one numeric column per term.
    coefficients : DataFrame
        Columns ``term`` and ``estimate`` (natural log of relative prior odds per unit).

    Returns
    -------
    Series
        One weight per row of ``annotations``, summing to one within each locus; what
        ``susie_rss(prior_weights=)`` and susieR's argument of that name take.

    Raises
    ------
    InputError
        A term has no column or is there twice, a locus is missing, or an annotation or a
        coefficient is not a finite number.

    Examples
    --------
    >>> import pandas as pd
    >>> annotations = pd.DataFrame({"locus": "22:1-9", "missense": [0.0, 0.0, 1.0]})
    >>> coefficients = pd.DataFrame({"term": ["missense"], "estimate": [1.0986122886681098]})
    >>> prior_weights(annotations, coefficients).round(3).tolist()
    [0.2, 0.2, 0.6]
    """
    absent = [name for name in ("term", "estimate") if name not in coefficients]
    if absent:
        raise InputError(
            f"coefficients: no column {', '.join(absent)}; expected term and estimate, as of "
            "fit_prior"
        )
    terms = list(coefficients["term"])
    design = design_of(annotations, terms)
    estimate = pd.to_numeric(coefficients["estimate"], errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(estimate).all():
        wrong = int(np.flatnonzero(~np.isfinite(estimate))[0])
        raise InputError(
            f"coefficients: estimate of '{terms[wrong]}' is "
            f"{coefficients['estimate'].iloc[wrong]}; expected a finite number"
        )
    logits = pd.Series(design @ estimate, index=annotations.index)
    locus = annotations["locus"]
    weight = pd.Series(
        np.exp(logits - logits.groupby(locus).transform("max")), index=annotations.index
    )
    return weight / weight.groupby(locus).transform("sum")


def given_coefficients(values: Mapping[str, float], annotations: pd.DataFrame) -> pd.DataFrame:
    """Table ``prior_coefficients`` of values that the user fixed instead of learning them."""
    terms = list(values)
    design = design_of(annotations, terms)
    estimate = np.array([float(values[term]) for term in terms])
    if not np.isfinite(estimate).all():
        raise InputError(f"prior coefficients must be finite numbers; found {dict(values)}")
    return coefficient_table(terms, (estimate, np.full(len(terms), np.nan)), design, "given")


def design_of(annotations: pd.DataFrame, terms: Sequence[str]) -> np.ndarray:
    """Values of the terms, shape (variants, terms), all of them finite numbers."""
    if "locus" not in annotations:
        raise InputError("annotations: no column 'locus'; expected the locus of each variant")
    if annotations["locus"].isna().any():
        row = int(np.flatnonzero(annotations["locus"].isna())[0])
        raise InputError(f"annotations: locus of row {row} is missing; expected one of each row")
    named = list(terms)
    twice = [term for k, term in enumerate(named) if term in named[:k]]
    twice += [term for term in named if (annotations.columns == term).sum() > 1]
    if twice:
        raise InputError(f"annotations: term '{twice[0]}' is there twice; expected each once")
    absent = [term for term in terms if term not in annotations]
    if absent:
        raise InputError(
            f"annotations have no column for the prior's term(s) {', '.join(absent)}; found "
            f"{', '.join(map(str, annotations.columns))}"
        )
    try:
        design = annotations[list(terms)].to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"annotations: a term is not numeric: {error}") from error
    bad = ~np.isfinite(design)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise InputError(
            f"annotations: term '{terms[column]}' row {row} is {design[row, column]}; expected a "
            "finite number (0 where the annotation does not apply)"
        )
    return design


def coefficient_table(
    terms: Sequence[str],
    values: tuple[np.ndarray, np.ndarray],
    design: np.ndarray,
    source: np.ndarray | str,
) -> pd.DataFrame:
    """Table ``prior_coefficients`` of estimates and standard errors."""
    estimate, se = values
    half = NORMAL_95 * se
    return PRIOR_COEFFICIENTS.validate(
        pd.DataFrame(
            {
                "term": list(terms),
                "estimate": estimate,
                "se": se,
                "lower": estimate - half,
                "upper": estimate + half,
                "centre": 0.0,
                "n_variants": (design != 0).sum(axis=0),
                "source": source,
            }
        )
    )
