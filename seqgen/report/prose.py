"""The sentences of the report that depend on the numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from seqgen.report import numbers
from seqgen.report.findings import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from seqgen.report.tables import ReportTables

_MOVED = 0.05
_RATIO = re.compile(r"log[_ ]?lik|llr|ratio|score")
_REVERSED = re.compile(r"neg|minus|lower|delet|surpris")


def summary(tables: ReportTables) -> str:
    """What was done, in one plain paragraph."""
    loci, variants = tables.loci, tables.variants
    sets = numbers.plural(loci["n_sets"].sum(), "credible set")
    moved = int(((variants["pip"] - variants["pip_flat"]).abs() >= _MOVED).sum())
    return (
        f"{numbers.plural(len(loci), 'associated locus', 'associated loci')} with "
        f"{numbers.plural(len(variants), 'variant')} {'was' if len(loci) == 1 else 'were'} "
        "fine-mapped twice: once with every variant equally likely beforehand, once with a prior "
        "that knows which variants change a protein and what a protein language model says of "
        f"the change. The informed fit reports {sets}; the prior moved "
        f"{numbers.plural(moved, 'variant') if moved else 'no variant'} by {_MOVED} or more in "
        f"posterior inclusion probability (PIP). {_best_missense(variants)} "
        "A PIP is a reason to look, not a proof of cause."
    )


def _best_missense(variants: pd.DataFrame) -> str:
    """How likely the most likely missense variant is."""
    changed = variants[variants["residue_change"].notna()]
    if changed.empty:
        return "No fine-mapped variant is known to be missense."
    best = changed.iloc[int(changed["pip"].to_numpy().argmax())]
    if len(changed) == 1:
        return f"The only missense variant, {label(best)}, has PIP {numbers.pip(best['pip'])}."
    return (
        f"Of {len(changed)} missense variants {label(best)} has the highest PIP, "
        f"{numbers.pip(best['pip'])}."
    )


def prior_sentences(tables: ReportTables, published: Sequence[str] = ()) -> list[str]:
    """One sentence for each coefficient of the prior; ``published`` are terms of such scores."""
    rows = numbers.records(tables.prior_coefficients)
    return [_sentence(row, published=row["term"] in published) for row in rows]


def held_out_sentences(tables: ReportTables, provenance: Mapping[str, Any]) -> list[str]:
    """What the prior is worth on loci that it was not learned from, and how it moved the sets."""
    prior = provenance.get("prior") or {}
    if not prior.get("verdict"):
        return []
    verdict = str(prior["verdict"])
    told = [f"{verdict[:1].upper()}{verdict[1:]}."]
    if prior.get("flat"):
        told.append(
            "Every variant of a locus was therefore given the same weight: informed and flat fit "
            "are one, and no set moved. What a firm belief would change is told by the PIP if 10 "
            "to 1, or by a prior of your own (--prior-coefficients)."
        )
        return told
    return [*told, _moved_sets(tables.credible_sets)]


def _moved_sets(sets: pd.DataFrame) -> str:
    """Number and size of the credible sets under the two priors."""
    words = {}
    for fit in ("flat", "informed"):
        sizes = sets.loc[sets["fit"] == fit, "n_variants"]
        mean = "" if sizes.empty else f" of {numbers.decimal(sizes.mean(), 1)} variants on average"
        words[fit] = f"{numbers.plural(len(sizes), 'credible set')}{mean}"
    return f"Under the flat prior there are {words['flat']}; with this one {words['informed']}."


def _sentence(row: dict[str, Any], *, published: bool = False) -> str:
    """What one coefficient does to the prior odds, and whether it differs from nothing."""
    term, sign = str(row["term"]), 1
    name = term.lower()
    if published:
        subject = f"One unit more of the published score “{term}”"
    elif _RATIO.search(name):
        sign = 1 if _REVERSED.search(name) else -1
        subject = "A log-likelihood ratio lower by one unit"
    elif name == "loss_of_function":
        subject = "Being taken to destroy a protein (a stop, start or splice site, a new frame)"
    elif "missense" in name:
        subject = "Being a missense variant of typical score"
    else:
        subject = f"One unit more of “{term}”"
    if row["source"] == "silenced":
        return _silenced(term, subject, sorted((sign * row["lower"], sign * row["upper"])))
    times = numbers.factor(math.exp(_bounded(sign * row["estimate"])))
    text = f"{subject} multiplies the prior odds by {times}"
    if row["source"] == "penalty":
        return (
            f"The loci say next to nothing about “{term}”: its value and interval are little more "
            "than what was assumed beforehand."
        )
    if row["source"] == "given":
        return text + " (given, not learned from these data)."
    if numbers.missing(row["lower"]) or numbers.missing(row["upper"]):
        return text + "; its uncertainty could not be estimated."
    ends = sorted((sign * row["lower"], sign * row["upper"]))
    low, high = (numbers.factor(math.exp(_bounded(end))) for end in ends)
    text += f" (95% interval {low} to {high})"
    if ends[0] <= 0 <= ends[1]:
        return text + "; the interval includes 1, so these data do not show an effect."
    return text + "."


def _silenced(term: str, subject: str, ends: list[float]) -> str:
    low, high = (numbers.factor(math.exp(_bounded(end))) for end in ends)
    return (
        f"“{term}” is held at zero, for it is not shown to predict held-out loci. {subject} may "
        f"multiply the prior odds by anything from {low} to {high}, as far as these loci tell."
    )


def _bounded(value: float) -> float:
    """Keep the exponential within the range of floats."""
    return max(min(float(value), 700.0), -700.0)


def glossary(ld: str) -> list[tuple[str, str]]:
    """Terms of the page and what they mean; ``ld`` is what sentences call the LD of the run."""
    return [(term, meaning.replace("the panel's LD", ld)) for term, meaning in _GLOSSARY]


_GLOSSARY = (
    (
        "PIP",
        "Posterior inclusion probability: how probable it is, given the model, the data and the "
        "panel, that the variant is among those with an effect of their own.",
    ),
    (
        "Credible set",
        "The fewest variants that together hold one effect with the stated probability (coverage). "
        "A small set is a sharp result; a large set says that LD cannot tell its members apart.",
    ),
    (
        "Flat, informed and uncorrected fit",
        "Flat: all variants equally likely beforehand. Informed: prior weights from the "
        "annotations. Uncorrected: flat prior and full trust in the panel's LD; shown only so that "
        "you can see what the correction took away.",
    ),
    (
        "Log-likelihood ratio",
        "log p(new residue) − log p(reference residue) under the protein language model, averaged "
        "with the same among the protein's relatives where these are known; natural logarithm. "
        "Negative: the new residue is less likely there; −2.3 is ten times.",
    ),
    (
        "Prior",
        "Probability, before the association is seen, that an effect at this locus belongs to this "
        "variant. The priors of a locus sum to one.",
    ),
    (
        "PIP if 10 to 1",
        "PIP that a missense variant would have if missense variants were ten times likelier than "
        "others beforehand, whatever these data taught the prior: how far a strong belief carries.",
    ),
    (
        "z",
        "Effect divided by its standard error; sign as for the effect allele.",
    ),
    (
        "s and inconsistent variants",
        "s estimates how far the panel's LD departs from the LD of the GWAS sample: 0 is a perfect "
        "match. A variant is inconsistent where its z is far from what the other z-scores and the "
        "panel's LD foretell; its alleles look switched where a z of the other sign would fit "
        "(check_consistency).",
    ),
    ("Purity", "The smallest absolute correlation between two members of a credible set."),
)
