"""Results that are R's own kind of thing: tables with their drops, classed lists, susie fits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from seqgen.errors import InputError
from seqgen.rbridge.arguments import build
from seqgen.rbridge.engine import ri
from seqgen.rbridge.text import strings_to_r
from seqgen.results import CredibleSet, FineMapResult
from seqgen.schemas import Counted

#: Results made of tables and numbers, which R users want whole: a named list with a class.
#: Everything else that is no table, array or scalar stays in Python behind a handle.
LISTS = {
    "AlignedLD",
    "ConsistencyResult",
    "Depth",
    "FineMapOptions",
    "FoldWeights",
    "GxGOptions",
    "GxGResult",
    "GxGTables",
    "KrigingResult",
    "Merged",
    "PairOptions",
    "PriorEvaluation",
    "PriorFit",
    "PriorOptions",
    "PriorTerms",
    "ReportTables",
    "RunOptions",
    "RunResult",
    "ScanOptions",
    "SusieOptions",
    "TorusFit",
    "TraitTable",
    "TransOptions",
    "TransResult",
    "TransTables",
    "WeightOptions",
    "Weights",
}


def to_r(value: Any, convert: Callable[[Any], Any]) -> Any:
    """A result as an R object, None if it is not one that has a form of its own."""
    if isinstance(value, FineMapResult):
        return _susie(value, convert)
    if isinstance(value, Counted):
        table = convert(value.table)
        table.do_slot_assign("drops", convert(value.drops))
        return table
    kind = type(value)
    if kind.__name__ not in LISTS or not kind.__module__.startswith("seqgen."):
        return None
    made = convert({name: _item(value, name) for name in _fields(kind)})
    made.do_slot_assign("python_class", convert(f"{kind.__module__}.{kind.__name__}"))
    made.rclass = ri.StrSexpVector([f"seqgen_{kind.__name__}", "seqgen_result"])
    return made


def to_python(items: dict[str, Any], classes: list[str], told: Any) -> Any:
    """A named list as what it was in Python: a result, a fit, or just a dict."""
    if "susie" in classes:
        return _fine_map_result(items)
    if told is None:
        return items
    module, _, name = str(told[0]).rpartition(".")
    if name not in LISTS or not module.startswith("seqgen."):
        raise InputError(f"python_class of a list is {told[0]!r}; expected a result of seqgen")
    return build(getattr(import_module(module), name), items)


def _fields(kind: type) -> list[str]:
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    return list(kind._fields)  # type: ignore[attr-defined]


def _item(value: Any, name: str) -> Any:
    """A field; an empty tuple as the numbers or strings it has none of."""
    item = getattr(value, name)
    if not isinstance(item, tuple) or item:
        return item
    annotation = str(type(value).__annotations__.get(name, ""))
    return np.empty(0) if annotation.startswith("tuple[float") else strings_to_r([])


def _susie(fit: FineMapResult, convert: Callable[[Any], Any]) -> Any:
    """A fit as susieR makes it: its fields, 1-based positions, class ``susie``."""
    order = ("alpha", "mu", "mu2", "KL", "lbf", "lbf_variable", "sigma2", "V")
    items = {name: getattr(fit, name) for name in order}
    scale = fit.X_column_scale_factors
    items |= {
        "pi": fit.prior,
        "null_index": 0.0,
        "converged": fit.converged,
        "elbo": fit.elbo,
        "niter": fit.niter,
        "X_column_scale_factors": np.ones(len(fit.pip)) if scale is None else scale,
        "intercept": np.array([fit.intercept]),
        "sets": _sets(fit),
        "pip": fit.pip,
        "notices": strings_to_r(fit.warnings),
        "diagnostics": fit.diagnostics,
    }
    made = convert(items)
    made.rclass = ri.StrSexpVector(["susie"])
    return made


def _sets(fit: FineMapResult) -> dict[str, Any]:
    """Element ``sets`` of a susie object; ``cs`` is NULL where there is no set."""
    found = fit.credible_sets
    if not found:
        return {"cs": None, "coverage": None, "requested_coverage": 0.95}
    labels = [f"L{one.effect + 1}" for one in found]
    purity = {
        f"{which}.abs.corr": [getattr(one, f"{which}_abs_corr") for one in found]
        for which in ("min", "mean", "median")
    }
    return {
        "cs": {label: one.variants + 1 for label, one in zip(labels, found, strict=True)},
        "purity": pd.DataFrame(purity, index=pd.Index(labels, dtype="str")),
        "cs_index": np.array([one.effect + 1 for one in found]),
        "coverage": np.array([one.coverage for one in found]),
        "requested_coverage": 0.95,
    }


def _fine_map_result(items: dict[str, Any]) -> FineMapResult:
    """A susie object, of seqgen or of susieR, as a result to start from."""
    needed = ("alpha", "mu", "mu2", "lbf_variable", "V", "lbf", "KL", "sigma2", "pip", "elbo")
    missing = [name for name in needed if items.get(name) is None]
    if missing:
        raise InputError(
            f"the susie object lacks {', '.join(missing)}; expected a fit of susie_rss()"
        )
    if items.get("null_index"):
        raise InputError(
            "the susie object was fitted with a null_weight, as if there were one more variant; "
            "expected a fit without; fit it again with null_weight = 0"
        )
    values: dict[str, Any] = {
        name: np.atleast_1d(np.asarray(items[name], dtype=np.float64))
        for name in needed
        if name != "sigma2"
    }
    prior, scale, intercept = map(items.get, ("pi", "X_column_scale_factors", "intercept"))
    flat = np.full(len(values["pip"]), 1 / len(values["pip"]))
    return FineMapResult(
        **values,
        X_column_scale_factors=None if scale is None else np.atleast_1d(np.asarray(scale)),
        intercept=float("nan") if intercept is None else float(intercept),
        sigma2=float(items["sigma2"]),
        prior=flat if prior is None else np.asarray(prior, dtype=np.float64),
        niter=int(items.get("niter") or 0),
        converged=bool(items.get("converged")),
        credible_sets=_credible_sets(items.get("sets") or {}, values["lbf"]),
        warnings=tuple(_as_list(items.get("notices"))),
        diagnostics=dict(items.get("diagnostics") or items.get("R_finite_diagnostics") or {}),
    )


def _credible_sets(sets: dict[str, Any], lbf: np.ndarray) -> tuple[CredibleSet, ...]:
    members = sets.get("cs") or {}
    if not members:
        return ()
    effects = np.atleast_1d(sets["cs_index"]).astype(np.int64) - 1
    coverage = np.atleast_1d(sets["coverage"]).astype(np.float64)
    purity = sets["purity"].to_numpy(dtype=np.float64)
    return tuple(
        CredibleSet(
            effect=int(effect),
            variants=np.atleast_1d(variants).astype(np.int64) - 1,
            coverage=float(mass),
            min_abs_corr=row[0],
            mean_abs_corr=row[1],
            median_abs_corr=row[2],
            log_bayes_factor=float(lbf[effect]),
        )
        for effect, variants, mass, row in zip(
            effects, members.values(), coverage, purity.tolist(), strict=True
        )
    )


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)
