"""Calls of susieR, as text, made with this package instead."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from seqgen.finemap import SusieOptions, susie, susie_rss, susie_rss_lambda, susie_ss

SHARED = Path(os.environ.get("SEQGEN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
REFERENCE = SHARED / "finemap_ref"
OPTIONS = set(SusieOptions.__dataclass_fields__)
# What a call names and neither its own saved values nor the inputs hold.
NAMED = {"i5": np.array([400, 500, 652, 772, 776]), "p3": 1001}
# Names that were saved under another one.
SAVED = {"pw_zeros": "pw_zero", "pw_lognormal": "pw_logn"}
# What only says how much is printed or kept.
SILENT = {"verbose", "track_fit", "n_purity", "check_input", "check_R", "check_z", "r_tol"}
POSITIONAL: dict[Callable[..., Any], tuple[str, ...]] = {
    susie: ("X", "y", "L"),
    susie_rss: ("z", "R", "n"),
    susie_rss_lambda: ("z", "R", "n"),
    susie_ss: ("XtX", "Xty", "yty", "n"),
}


@cache
def inputs(name: str) -> dict[str, np.ndarray]:
    data = dict(np.load(REFERENCE / "inputs" / f"{name}.npz"))
    if "X" in data:
        data["R"] = np.corrcoef(data["X"], rowvar=False)
        data["n"] = np.array([data["X"].shape[0]])
    return data


class Array(np.ndarray):
    """Counts from one, as R does."""

    def __getitem__(self, index: Any) -> Any:
        plain = np.asarray(self)
        places = tuple(map(_place, index if isinstance(index, tuple) else (index,)))
        lists = [one for one in places if isinstance(one, np.ndarray)]
        return _array(plain[np.ix_(*places) if len(lists) > 1 else places])

    def __setitem__(self, index: Any, value: Any) -> None:
        np.asarray(self)[tuple(map(_place, index))] = value


def _array(values: Any) -> Any:
    return values.view(Array) if isinstance(values, np.ndarray) else values


def _place(index: Any) -> Any:
    if index is ...:
        return slice(None)
    if np.ndim(index) == 0:
        return int(index) - 1
    found = np.asarray(index)
    return np.flatnonzero(found) if found.dtype == bool else found.astype(int) - 1


class Session(dict):  # type: ignore[type-arg]
    """What a call may name; ``saved`` are the values stored beside its result."""

    def __init__(self, saved: Mapping[str, np.ndarray]) -> None:
        super().__init__({
            "c": lambda *values: tuple(map(float, values)),
            "rep": lambda value, times: np.full(int(times), float(value)),
            "var": lambda values: float(np.var(np.asarray(values).ravel(), ddof=1)),
            "as_vector": lambda values: np.asarray(values).ravel(),
            "nrow": len,
            "listed": lambda *values: list(values),
            "slot_prior_betabinom": lambda a, b: (float(a), float(b)),
            "compute_suff_stat": _sums,
            "suppressWarnings": lambda fit: fit,
            "ALL": ...,
            **{one.__name__: _made(one) for one in POSITIONAL},
        })  # fmt: skip
        self.saved = saved

    def __missing__(self, name: str) -> Any:
        for alias in (name, SAVED.get(name, name)):
            if f"in_{alias}" in self.saved:
                value = self.saved[f"in_{alias}"]
                return _array(value.astype(bool) if alias.startswith("keep") else value)
        if name in NAMED:
            return NAMED[name]
        sample = {"n3": "N3", "n2": "N2", "nu": "UM"}
        if name in sample:
            return float(inputs(sample[name])["n"].ravel()[0])
        if re.fullmatch("[A-Z][A-Z0-9]", name):
            found = {key: _natural(value) for key, value in inputs(name).items()}
            return SimpleNamespace(**found)
        raise KeyError(name)


def _natural(value: np.ndarray) -> Any:
    return float(value.ravel()[0]) if value.size == 1 else _array(value)


def _sums(X: Any, y: Any, standardize: bool = False) -> SimpleNamespace:
    assert not standardize
    X, y = np.asarray(X), np.asarray(y)
    centred, left = X - X.mean(axis=0), y - y.mean()
    return SimpleNamespace(
        XtX=centred.T @ centred, Xty=centred.T @ left, yty=float(left @ left),
        n=float(len(y)), X_colmeans=X.mean(axis=0), y_mean=float(y.mean()),
    )  # fmt: skip


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any, **arguments: Any) -> Any:
        arguments |= dict(zip(POSITIONAL[function], values, strict=False))
        arguments = {k: v for k, v in arguments.items() if k not in SILENT}
        for name, own in (("s_init", "model_init"), ("lam", "lambda_")):
            if name in arguments:
                arguments[own] = arguments.pop(name)
        if arguments.get("R_finite") is True:
            arguments["R_finite"] = len(arguments["X"])
        options = {k: arguments.pop(k) for k in list(arguments) if k in OPTIONS}
        for name in ("max_iter", "L_greedy"):
            options |= {name: int(options[name])} if name in options else {}
        arguments |= {"L": int(arguments["L"])} if "L" in arguments else {}
        arguments = {
            k: np.asarray(v) if isinstance(v, np.ndarray) else v for k, v in arguments.items()
        }
        # susieR takes a missing z for zero; seqgen refuses it, so this stands in.
        if arguments.get("z") is not None:
            arguments["z"] = np.nan_to_num(arguments["z"])
        return function(**arguments, options=SusieOptions(**options))

    return call


def run(call: str, saved: Mapping[str, np.ndarray]) -> tuple[Any, dict[str, Any]]:
    """Return what a call of susieR gives here, and what it named.

    Parameters
    ----------
    call : str
        R code: one expression, or several in braces of which the last counts.
    saved : mapping
        Values that it names, as ``in_`` and the name.
    """
    session = Session(saved)
    lines = re.sub(r"^\{|\}$", "", call.strip()).strip().splitlines()
    value = None
    for line in lines:
        target, arrow, expression = line.strip().rpartition(" <- ")
        value = eval(_python(expression), {}, session)
        if isinstance(value, Array):
            value = value.copy()
        if arrow and "[" in target:
            name, _, index = _python(target).partition("[")
            session[name][eval(f"({index[:-1]})", {}, session)] = value
        elif arrow:
            session[target] = value
    return value, session


def _python(code: str) -> str:
    for pattern, text in (
        (r"\bas\.(vector|numeric)\b", "as_vector"),
        (r"\blambda\b", "lam"),
        (r"\$", "."),
        (r"\bTRUE\b", "True"),
        (r"\bFALSE\b", "False"),
        (r"\bNULL\b", "None"),
        (r"\bInf\b", "float('inf')"),
        (r"\[,", "[ALL,"),
        (r",\s*\]", ", ALL]"),
        (r"\^", "**"),
        (r"\blist\(", "listed("),
    ):
        code = re.sub(pattern, text, code)
    return code
