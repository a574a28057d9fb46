"""R's values fitted to Python's annotations, refused in R's words, and told in messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqgen.errors import InputError
from seqgen.rbridge.arguments import build
from seqgen.rbridge.fitting import fit
from seqgen.rbridge.messages import for_r

Chains = str | Sequence[str] | Mapping[str, str]
Pairs = pd.DataFrame | Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Inner:
    scale: float = 1.0


@dataclass(frozen=True)
class Options:
    p: float | None = 0.05
    workers: int = 1
    names: tuple[str, ...] = ("a", "b")
    inner: Inner = field(default_factory=Inner)


HERE = globals()


def ask(**given):
    def function(
        path: str | PathLike[str] = "",
        taxon: int | None = 9606,
        seed: int = 1,
        methods: Sequence[str] = ("x",),
        options: Options = Options(),
        parts: Sequence[Options] = (),
        values: np.ndarray | None = None,
    ):
        return {
            "path": path, "taxon": taxon, "seed": seed, "methods": methods,
            "options": options, "parts": parts, "values": values,
        }  # fmt: skip

    return build(function, given)


def test_null_is_none_where_none_is_taken():
    assert ask(taxon=None)["taxon"] is None
    assert ask(options={"p": None})["options"] == Options(p=None)


def test_null_is_left_out_where_r_cannot_write_the_default():
    found = ask(methods=None, options=None)
    assert (found["methods"], found["options"]) == (("x",), Options())
    assert ask(options={"inner": None, "names": None})["options"] == Options()


def test_null_for_a_constant_that_cannot_be_none_is_refused():
    with pytest.raises(InputError, match=r"^seed is NULL; expected a whole number, .*default, 1$"):
        ask(seed=None)
    with pytest.raises(InputError, match="options: workers is NULL"):
        ask(options={"workers": None})


def test_what_is_not_there_is_named_with_what_is():
    with pytest.raises(InputError, match=r"options: Options has no option 'P'; it has p, workers"):
        ask(options={"P": 1})
    with pytest.raises(InputError, match=r"function has no argument 'pth'; it has path, taxon"):
        ask(pth=1)

    def needs(first: int, second: int):
        return first + second

    with pytest.raises(InputError, match=r"needs: missing .*'second'; it has first, second"):
        build(needs, {"first": 1})


def test_the_home_folder_is_what_a_tilde_means(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")

    def open_all(out: Path, parts: Sequence[Path], name: str, note: str, given: Mapping[str, Any]):
        return out, parts, name, note, given

    found = build(
        open_all,
        {
            "out": "~/x", "parts": ["~/a", "b"], "name": "~/model", "note": "~/kept",
            "given": {"dir": "~/kept"},
        },
    )  # fmt: skip
    assert found == (
        "/home/me/x", ["/home/me/a", "b"], "/home/me/model", "~/kept", {"dir": "~/kept"},
    )  # fmt: skip
    assert build(open_all, dict.fromkeys(("out", "parts", "name", "note", "given"), "~"))[2] == "~"


@pytest.mark.parametrize(
    ("given", "annotation", "expected"),
    [
        (pd.Series({"a": "b"}), "Mapping[str, str] | pd.DataFrame", {"a": "b"}),
        (pd.Series({"a": "b", "c": "d"}), "Sequence[str] | pd.DataFrame", ["b", "d"]),
        (pd.Series({"n": 5000.0}), "float | None", 5000.0),
        (pd.Series({"p": 0.1, "workers": 2.0}), "Options", Options(p=0.1, workers=2)),
        ([], "Mapping[str, float] | None", {}),
        ([], "Options", Options()),
        ([], "Chains | None", []),
        (22.0, "str | None", "22"),
        (np.array([21.0, 22.0]), "Sequence[str]", ["21", "22"]),
        (pd.Categorical(["x", None, "y"]), "Sequence[str]", ["x", None, "y"]),
        (["L", "10", "L/2"], "Sequence[str | int]", ["L", 10, "L/2"]),
        (["10"], "Sequence[str]", ["10"]),
        (["rs1", "rs2"], "Pairs", [("rs1", "rs2")]),
        ([["a", "b"], ["c", "d"]], "Pairs", [("a", "b"), ("c", "d")]),
        (pd.DataFrame({"a": [1, 2], "b": [3, 4]}), "Iterable[tuple[int, int]]", [(1, 3), (2, 4)]),
        ({"a": ["x"], "b": "y"}, "Mapping[str, Sequence[str]]", {"a": ["x"], "b": ["y"]}),
        ({"x": "a", "y": "b"}, "Sequence[str]", ["a", "b"]),
        (Inner(), "list[Inner]", [Inner()]),
        (Inner(), "Inner | Iterable[Inner]", Inner()),
    ],
)
def test_values_of_r_take_the_form_that_is_asked_for(given, annotation, expected):
    found = fit(given, annotation, HERE)
    assert found == expected
    assert type(found) is type(expected)


def test_a_single_value_is_a_series_of_one():
    for given in ("A", 2.0, True):
        assert fit(given, "pd.Series", {}).tolist() == [given]


def test_missing_whole_numbers_are_nan_in_arrays():
    given = pd.array([1, None], dtype="Int64")
    for annotation in ("np.ndarray", "np.ndarray | pd.DataFrame"):
        assert np.array_equal(fit(given, annotation, {}), [1, np.nan], equal_nan=True)
    table = pd.DataFrame({"a": given, "b": [2, 3]}, index=["x", "y"])
    kept = fit(table, "np.ndarray | pd.DataFrame", {})
    assert kept.dtypes.tolist() == [np.float64, np.int64]
    assert kept.index.tolist() == ["x", "y"]
    assert fit(table, "np.ndarray", {}).dtype == np.float64
    assert fit(table, "pd.DataFrame", {}) is table
    logicals = np.array([[True, pd.NA]], dtype=object)
    assert np.array_equal(fit(logicals, "np.ndarray", {}), [[1, np.nan]], equal_nan=True)


def test_a_column_of_a_table_is_a_vector_with_names():
    found = fit(pd.DataFrame({"y": [1.0, 2.0]}, index=["p", "q"]), "np.ndarray | pd.Series", {})
    assert found.to_dict() == {"p": 1.0, "q": 2.0}


def test_what_json_is_to_hold_is_plain():
    given = {
        "whole": np.array([1, 2]),
        "missing": pd.array([1, None], dtype="Int64"),
        "named": pd.Series({"a": 0.5}),
        "factor": pd.Categorical(["x", "y"]),
        "day": np.datetime64("2024-02-29", "s"),
        "deep": [{"x": np.array([np.nan, 1.0])}],
        "table": pd.DataFrame({"q": [1, 2]}),
    }
    assert json.loads(json.dumps(fit(given, "Mapping[str, Any] | None", HERE))) == {
        "whole": [1, 2],
        "missing": [1, None],
        "named": {"a": 0.5},
        "factor": ["x", "y"],
        "day": "2024-02-29",
        "deep": [{"x": [None, 1.0]}],
        "table": {"q": [1, 2]},
    }


def failing(frame: pd.DataFrame, parts: list[Inner], call: Callable[[int], None] | None = None):
    return frame.columns, [part.scale for part in parts], call and call(1)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"frame": "x", "parts": []}, "frame is 'x'; expected a data.frame"),
        ({"frame": None, "parts": []}, "frame is NULL; expected a data.frame"),
        ({"frame": np.eye(2), "parts": []}, "frame is a matrix of 2 x 2; expected a data.frame"),
        ({"frame": {"a": 1}, "parts": []}, "frame is a named list; expected a data.frame"),
        ({"frame": pd.DataFrame(), "parts": [Inner(), None]},
         "parts holds NULL; expected a list of Inner"),
        ({"frame": pd.DataFrame(), "parts": [], "call": 3},
         "call is 3; expected a function or NULL"),
    ],
)  # fmt: skip
def test_values_of_a_wrong_kind_are_told_by_name(given, told):
    with pytest.raises(InputError) as caught:
        build(failing, given)
    assert str(caught.value) == told


def test_other_failures_stay_what_they_are():
    def fail(n: int):
        raise TypeError("of its own")

    with pytest.raises(TypeError, match="of its own"):
        build(fail, {"n": 3.0})


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("give shared_people=True, or False", "give shared_people=TRUE, or FALSE"),
        ("at least 1, or None for all cores", "at least 1, or NULL for all cores"),
        ("expected a DataFrame or a dict", "expected a data.frame or a named list"),
        (
            "is of type str; expected a list of str",
            "is of type string; expected a character vector",
        ),
        ("an ndarray of float", "a vector or matrix of float"),
        ("path is of type int", "path is of type whole number"),
        ("column 'None' of x/None.tsv and None.tsv", "column 'None' of x/None.tsv and None.tsv"),
        ("people's None isn't 'a DataFrame'", "people's NULL isn't 'a DataFrame'"),
        ("such as read_panel(...) or DataFrame(x)", "such as read_panel(...) or DataFrame(x)"),
        ("as read_traits(...).values", "as read_traits(...)$values"),
        ("Trueness of Nonesuch", "Trueness of Nonesuch"),
        ("write NaN where missing", "write NA where missing"),
        ("first at row 0, column 3", "first at row 1, column 4"),
        ("x.tsv row 3 and line 2", "x.tsv row 3 and line 2"),
        ("between is ('x',)", "between is 'x'"),
        ("methods is ['x', 'y']; expected", "methods is 'x', 'y'; expected"),
        (
            "shard is (3, 2); expected (i, N) with i from 1 to N, such as (2, 5) for the second",
            "shard is c(3, 2); expected c(i, N) with i from 1 to N, such as c(2, 5) for the second",
        ),
        ("expected a SequenceModel", "expected a model that load_model gives"),
        (
            "name both, as columns={'a': 'A1', 'b': ...}",
            'name both, as columns = c(a = "A1", b = ...)',
        ),
        ("them with columns={...} or x", "them with columns = c(...) or x"),
        ("(n was {'n-1': 5e-8, 'k': \"it's\"})", '(n was c(`n-1` = 5e-8, k = "it\'s"))'),
        ("options={'a': None, 'b': True}", "options = list(a = NULL, b = TRUE)"),
        ("column '{\"a\": 1}' of {x} and {'a'}", "column '{\"a\": 1}' of {x} and {'a'}"),
    ],
)
def test_messages_are_in_the_words_of_r(message, told):
    assert for_r(message) == told
