"""What the reader must know before believing the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seqgen.report import numbers
from seqgen.report.findings import label
from seqgen.report.provenance import from_matrix, ld_words

if TYPE_CHECKING:
    import pandas as pd

    from seqgen.report.tables import ReportTables

_SMALL_SHARE = 0.1
_SUSPECT_S = 0.05
_MOST_NAMES = 6
_FEW_LEFT = 0.8


@dataclass(frozen=True)
class Notice:
    """A heading, and what it means for the reader; ``grave`` where results may mislead."""

    heading: str
    text: str
    grave: bool = False


def notices(tables: ReportTables, provenance: Mapping[str, Any]) -> list[Notice]:
    """All notices of a run, in the order of the page."""
    found = [
        _panel(tables.loci, provenance),
        _plain_claims(tables),
        _disagreement(tables, ld_words(provenance)),
        _coverage(tables, "LD matrix" if from_matrix(provenance) else "panel"),
        _sample_size(tables.loci),
        _convergence(tables.loci),
        _learning(tables, provenance),
        _model(provenance),
        _published(provenance),
    ]
    return [notice for notice in found if notice is not None]


def plain_claims(variants: pd.DataFrame) -> pd.DataFrame:
    """Variants that the uncorrected fit claims (PIP above 0.5) while their |z| is below 2."""
    doubtful = (variants["pip_plain"] > 0.5) & (variants["z"].abs() < 2)
    return variants[doubtful].sort_values("pip_plain", ascending=False, kind="stable")


def _panel(loci: pd.DataFrame, provenance: Mapping[str, Any]) -> Notice | None:
    panel_n, gwas_n = int(loci["panel_n"].min()), loci["gwas_n"].median()
    small = numbers.missing(gwas_n) or panel_n < _SMALL_SHARE * gwas_n
    uncorrected = (loci["ld_correction"] == "none").all()
    if not small and not uncorrected:
        return None
    matrix = from_matrix(provenance)
    people = "" if numbers.missing(gwas_n) else f", the GWAS on {numbers.count(gwas_n)}"
    names = numbers.listed(sorted(set(loci["panel"])))
    of = f"the matrix {names}, computed from" if matrix else f"{names} with"
    text = f"LD comes from {of} {numbers.count(panel_n)} people{people}. "
    heading = "LD matrix of few people" if matrix else "Small LD panel"
    if uncorrected and not small:
        return Notice(
            "LD was taken as exact",
            text + "No correction was made, which is right for LD of the GWAS's own people and "
            "claims too much for LD of any others.",
        )
    if uncorrected:
        return Notice(
            f"{heading}, and no correction was made",
            text + f"Without a correction, noise in {ld_words(provenance)} turns into credible "
            "sets that are not there. Treat every set on this page as unconfirmed.",
            grave=True,
        )
    size = "the number of people behind the matrix" if matrix else "the panel's size"
    what = {
        "finite+eb": f"{size} and its mismatch with the GWAS sample enter the likelihood",
        "finite": f"{size} enters the likelihood",
        "none": "at some loci nothing was corrected",
    }
    done = [what[kind] for kind in what if (loci["ld_correction"] == kind).any()]
    return Notice(
        heading,
        text + f"Therefore {numbers.listed(done)}. This makes the sets fewer and wider than a "
        f"fit that trusts {'it' if matrix else 'the panel'}, and it cannot restore what LD of more "
        "people would resolve.",
    )


def _plain_claims(tables: ReportTables) -> Notice | None:
    loci = tables.loci
    if (loci["ld_correction"] == "none").all():
        return None
    plain, flat = int(loci["n_sets_plain"].sum()), int(loci["n_sets_flat"].sum())
    doubtful = plain_claims(tables.variants)
    if plain == flat and doubtful.empty:
        return None
    text = (
        f"Without that correction the fit would claim {numbers.plural(plain, 'credible set')}; "
        f"with it {flat} under the flat and {int(loci['n_sets'].sum())} under the informed prior."
    )
    if len(doubtful):
        named = [
            f"{label(row)} (PIP {numbers.pip(row['pip_plain'])}, z = "
            f"{numbers.decimal(row['z'], 1)}; corrected PIP {numbers.pip(row['pip_flat'])})"
            for _, row in doubtful.head(_MOST_NAMES).iterrows()
        ]
        more = len(doubtful) - len(named)
        text += (
            f" {numbers.plural(len(doubtful), 'variant')} would stand above PIP 0.5 with hardly "
            f"any association of {'its' if len(doubtful) == 1 else 'their'} own (|z| < 2): "
            + "; ".join(named) + (f"; and {more} more." if more else ".")
        )  # fmt: skip
    return Notice("What the uncorrected fit would have claimed", text)


def _disagreement(tables: ReportTables, ld: str) -> Notice | None:
    loci = tables.loci
    odd = loci[(loci["n_inconsistent"] > 0) | (loci["s"] > _SUSPECT_S)]
    if odd.empty:
        return None
    single = int(loci["n_inconsistent"].sum())
    crosses = (
        f", and {numbers.plural(single, 'variant has', 'variants have')} a z that contradicts the "
        "others and the LD (crosses in the figures)" if single else ""
    )  # fmt: skip
    return Notice(
        "LD and association disagree in places",
        f"At {numbers.count(len(odd))} of {numbers.plural(len(loci), 'locus', 'loci')} {ld} "
        f"does not fit the z scores: s reaches {numbers.decimal(loci['s'].max(), 3)}{crosses}. "
        "Causes are differences of ancestry, allele or strand errors, and sample sizes that "
        f"differ between variants.{_what_to_do(tables, single)}",
        grave=_leads_flagged(tables) > 0,
    )


def _leads_flagged(tables: ReportTables) -> int:
    """Credible sets of the flat or informed fit that hold a variant which the LD contradicts."""
    sets = tables.credible_sets
    if "flagged" not in sets:
        return 0
    return int((sets["flagged"].notna() & (sets["fit"] != "plain")).sum())


def _what_to_do(tables: ReportTables, single: int) -> str:
    if not single:
        return ""
    text = " Check alleles at the source; --fix-flips turns those that look switched, and "
    text += "--drop-inconsistent shows whether a result hangs on the others."
    if sets := _leads_flagged(tables):
        text += f" {numbers.plural(sets, 'credible set holds', 'credible sets hold')} such "
        text += "variants: do not trust their PIPs before that."
    return text


def _coverage(tables: ReportTables, source: str) -> Notice | None:
    loci = tables.loci
    all_variants, used = int(loci["n_variants"].sum()), int(loci["n_finemapped"].sum())
    if not all_variants or used == all_variants:
        return None
    return Notice(
        f"Only variants in both GWAS and {source} can be found",
        f"{numbers.count(used)} of the {numbers.count(all_variants)} variants in the windows "
        f"({100 * used / all_variants:.0f}%) were fine-mapped. Probabilities are shared out among "
        "these; where the variant that matters is not typed or was left out, its neighbours "
        f"take its place.{_left_out(tables.drops, all_variants)}",
        grave=used < _FEW_LEFT * all_variants,
    )


def _left_out(drops: pd.DataFrame, all_variants: int) -> str:
    """The main reason for which variants of the loci were left out, if there were many."""
    dropped = drops[
        drops["stage"].isin(["align_to_panel", "align_to_ld"]) & (drops["action"] == "dropped")
    ]
    if dropped.empty or dropped["count"].sum() < (1 - _FEW_LEFT) * all_variants:
        return ""
    main = dropped.loc[dropped["count"] == dropped["count"].max()].iloc[0]
    return (
        f" The main reason, at {numbers.count(main['count'])} of them: {main['reason']}. Check "
        "alleles, frequencies, build and ancestry."
    )


def _sample_size(loci: pd.DataFrame) -> Notice | None:
    if not loci["gwas_n"].isna().any():
        return None
    return Notice(
        "No sample size",
        "The GWAS gives no sample size, so effects were taken to be tiny. Probabilities can differ "
        "from those with it; give it, even a rough one (--n).",
        grave=True,
    )


def _learning(tables: ReportTables, provenance: Mapping[str, Any]) -> Notice | None:
    """How the prior reached each locus, and whether learning it came to an end."""
    prior = provenance.get("prior") or {}
    if prior.get("rounds") is None:
        return None
    if prior.get("flat"):
        return Notice(
            "The prior is flat",
            "A prior was learned, but these loci do not show that it predicts loci it has not "
            "seen, so it was set aside: all variants of a locus had the same weight beforehand.",
        )
    text = (
        "The coefficients shown are those of all loci together. Each locus was given those that "
        "the other loci support, so that none is judged by what it taught itself."
        if prior.get("cross_fit")
        else "Every locus was given the coefficients of all loci, its own evidence included."
    )
    alone = bool(prior.get("cross_fit")) and len(tables.loci) == 1
    if alone:
        text += (
            " There is only one locus, so nothing was learned for it: its informed prior is flat. "
            "Fix the prior (--prior-coefficients) to see what a belief would change."
        )
    moving = not prior.get("converged")
    if moving:
        text += " Learning stopped before the coefficients stood still; take them as provisional."
    return Notice("Where the prior comes from", text, grave=moving or alone)


def _convergence(loci: pd.DataFrame) -> Notice | None:
    rows = numbers.records(loci[~loci["converged"].astype(bool)])
    failed = [f"chr{k['chrom']}, {numbers.megabases(k['start'], k['end'])}" for k in rows]
    if not failed:
        return None
    return Notice(
        "Not converged",
        f"The fit did not converge at {'; '.join(failed)}. Take the "
        "probabilities there as provisional. The note at the locus says how far they still moved.",
        grave=True,
    )


def _model(provenance: Mapping[str, Any]) -> Notice | None:
    model = provenance.get("model") or {}
    if not model.get("name"):
        return None
    relatives = (
        " Each is averaged with what the protein's relatives in Swiss-Prot have there (the homolog "
        "profile), where that is known."
        if (provenance.get("parameters") or {}).get("homologs")
        else ""
    )
    if model["name"] == "blosum62":
        return Notice(
            "What the score is, and is not",
            "Scores come from the substitution matrix BLOSUM62, which knows nothing of the "
            f"protein; it stands in for a language model, as a baseline.{relatives}",
        )
    return Notice(
        "What the score is, and is not",
        f"Scores come from the protein language model {model['name']}, which saw sequences only: "
        f"no structure, no trait, no clinical label.{relatives} A low ratio says that proteins "
        "like this one rarely carry that residue there; it does not say that the trait is "
        "affected.",
    )


def _published(provenance: Mapping[str, Any]) -> Notice | None:
    """Which scores of others stand beside the model's, and how many variants have them."""
    told = provenance.get("published_scores") or []
    if not told:
        return None
    each = [
        f"{one['column']} ({one['meaning']}): {numbers.count(one['rows_with'])} of "
        f"{numbers.plural(one['rows_with'] + one['rows_without'], 'variant has', 'variants have')} "
        "one"
        for one in told
    ]
    used = (provenance.get("parameters") or {}).get("scores_in_prior")
    prior = (
        "In the prior a variant without one counts as one of the mean." if used
        else "The prior does not use them."
    )  # fmt: skip
    return Notice("Published scores", f"{'; '.join(each)}. {prior}")
