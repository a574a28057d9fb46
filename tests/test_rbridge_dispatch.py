"""What R gets from a call: values, conditions, handles, susie objects."""

from __future__ import annotations

import gc
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from r_session import start_r

import seqgen
from seqgen.errors import InputError, SeqgenWarning
from seqgen.finemap import SusieOptions

ri = start_r()

from seqgen.rbridge import handles, to_python, to_r  # noqa: E402
from seqgen.rbridge.arguments import build, fit  # noqa: E402
from seqgen.rbridge.dispatch import condition_classes  # noqa: E402
from seqgen.rbridge.engine import r_code  # noqa: E402
from seqgen.rbridge.verbs import VERBS  # noqa: E402


def called(code: str) -> dict:
    """The answer of the dispatcher as R sees it, as a dict of R objects."""
    answer = r_code(
        "function(code) local({ d <- getOption('seqgen.dispatch'); eval(parse(text = code)) })"
    )(code)
    return dict(zip(list(answer.do_slot("names")), answer, strict=True))


def value(code: str):
    answer = called(code)
    assert answer["ok"][0], answer["message"][0]
    return answer["value"]


@pytest.fixture
def verb(monkeypatch):
    """Let R call a Python function under the name ``.test``."""

    def let(function):
        monkeypatch.setitem(VERBS, ".test", function)

    return let


def test_a_table_brings_its_drops():
    table = value("d('read_sumstats', list(path = d('.example', list('sumstats'))$value))")
    assert list(table.rclass) == ["data.frame"]
    assert len(table[0]) == 15935
    drops = table.do_slot("drops")
    assert list(drops.do_slot("names")) == ["stage", "reason", "action", "count", "example"]


@pytest.mark.parametrize(
    ("code", "classes", "said"),
    [
        (
            "d('read_sumstats', list(path = 'nowhere'))",
            ["seqgen_missing_file_error", "seqgen_input_error", "seqgen_error"],
            "nowhere: no such file",
        ),
        ("d('load_model', list('nothing'))", ["seqgen_model_error", "seqgen_error"], "unknown"),
        ("d('_load', list())", ["seqgen_input_error", "seqgen_error"], "no public function"),
        ("d('os.getcwd', list())", ["seqgen_input_error", "seqgen_error"], "no public function"),
        ("d('PottsModel._x', list())", ["seqgen_input_error", "seqgen_error"], "no public"),
        (
            "d('missense_map', list(1))",
            ["seqgen_input_error", "seqgen_error"],
            "missense_map: too many positional arguments; it has no arguments",
        ),
        (
            "d('annotate', list(sumstats = globalenv()))",
            ["seqgen_input_error", "seqgen_error"],
            "sumstats: an R object of type environment",
        ),
    ],
)
def test_errors_are_told_with_class_message_and_traceback(code, classes, said):
    answer = called(code)
    assert not answer["ok"][0]
    assert list(answer["class"]) == classes
    assert said in answer["message"][0]
    assert answer["traceback"][0].startswith("Traceback")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), MemoryError("full")])
def test_nothing_that_is_raised_escapes(verb, error):
    def fail():
        raise error

    verb(fail)
    answer = called("d('.test', list())")
    assert not answer["ok"][0]
    if isinstance(error, KeyboardInterrupt):
        assert list(answer["class"]) == ["interrupt"]
    else:
        assert answer["class"][-1] == "seqgen_error"


def test_warnings_and_prints_are_told(verb, capsys):
    def talk():
        warnings.warn("mind this", SeqgenWarning, stacklevel=2)
        print("on stdout")
        print("  5%\r 50%\r100%\non stderr", file=sys.stderr)
        return 1

    verb(talk)
    answer = called("{ out <- utils::capture.output(x <- d('.test', list())); c(x, out = out) }")
    assert answer["out"][0] == "on stdout"
    assert list(answer["notes"]) == ["100%", "on stderr"]
    told = to_python(answer["warnings"])
    assert told == [{"message": "mind this", "class": ["seqgen_warning"]}] or told == [
        {"message": "mind this", "class": "seqgen_warning"}
    ]
    called("d('.test', list())")
    assert capsys.readouterr().out == "on stdout\n"  # once, not for ever from R to Python to R


def test_null_is_none_except_where_the_default_is_an_object(verb):
    def function(a, b=None, c=5, *, d: float | None = 1.5, e: tuple[int, ...] = (3,)):
        return repr((a, b, c, d, e))

    verb(function)
    told = value("d('.test', list(a = 1, b = NULL, c = NULL, d = NULL, e = NULL))")
    assert told[0] == "(1.0, None, None, None, (3,))"


def test_callbacks_of_r_are_called(verb):
    def count(progress):
        return [progress("step", done, 3) for done in range(3)]

    verb(count)
    assert to_python(
        value("d('.test', list(function(what, done, total) total - done))")
    ).tolist() == [3, 2, 1]
    answer = called("d('.test', list(function(...) stop('enough')))")
    assert answer["message"][0] == "the R function that was passed failed: enough"


def test_objects_stay_and_are_let_go():
    before = handles.held()
    handle = value("d('load_model', list(name = 'blosum62'))")
    assert list(handle.rclass) == ["seqgen_SubstitutionModel", "seqgen_object"]
    assert to_python(handle).name == "blosum62"
    assert handles.held() == before + 1
    text = r_code("function(m) getOption('seqgen.dispatch')('.repr', list(m))$value")(handle)
    assert text[0] == repr(to_python(handle))
    del handle
    gc.collect()
    r_code("function() { gc(); gc() }")()
    assert handles.held() == before


def test_a_handle_of_another_session_is_refused():
    handle = to_r(object())
    r_code("function(h) { k <- unclass(h)$key; k$session <- 'other' }")(handle)
    with pytest.raises(InputError, match="this object belongs to another R session"):
        to_python(handle)


def test_parts_and_methods_of_objects():
    start = "m <- d('load_model', list('blosum62'))$value; "
    assert value(start + "d('.attribute', list(m, 'alphabet'))")[0] == "ACDEFGHIKLMNPQRSTVWY"
    method = value(start + "d('.attribute', list(m, 'log_probs'))")
    assert "seqgen_Method" in list(method.rclass)
    found = to_python(value(start + "d('.call', list(m, 'log_probs', 'MKV'))"))
    assert np.array_equal(found[0], seqgen.load_model("blosum62").log_probs(["MKV"])[0])
    assert "log_probs" in to_python(value(start + "d('.names', list(m))"))
    for name in ("_secret", "nothing"):
        answer = called(start + f"d('.attribute', list(m, '{name}'))")
        assert "it has name" in answer["message"][0]
    assert "no table" in called(start + "d('.frame', list(m))")["message"][0]


def test_options_are_lists_and_come_back():
    options = seqgen.GxGOptions(p=1e-3, tests=None)
    there = to_r(options)
    assert list(there.rclass) == ["seqgen_GxGOptions", "seqgen_result"]
    assert to_python(there) == options
    changed = r_code("function(o) { o$p <- 0.01; o$permutations <- 3; o }")(there)
    assert to_python(changed) == seqgen.GxGOptions(p=0.01, tests=None, permutations=3)
    forged = r_code("function(o) { attr(o, 'python_class') <- 'os.PathLike'; o }")(there)
    with pytest.raises(InputError, match="expected a result of seqgen"):
        to_python(forged)


def test_a_result_of_tables_is_a_list_and_comes_back():
    frame = pd.DataFrame({"x": [1.0]})
    names = dict.fromkeys(("pairs", "calibration", "control", "leads", "drops"), frame)
    result = seqgen.GxGResult(**names, n_tests=5, inflation=1.0)
    there = to_r(result)
    assert list(there.rclass) == ["seqgen_GxGResult", "seqgen_result"]
    assert r_code("function(x) c(class(x$pairs), class(x$notices))")(there)[0] == "data.frame"
    again = to_python(there)
    assert (again.n_tests, again.notices, again.alpha) == (5, (), 0.05)
    pd.testing.assert_frame_equal(again.pairs, frame)


@pytest.fixture
def locus():
    r = 0.9 ** np.abs(np.subtract.outer(np.arange(12), np.arange(12)))
    r[:6, 6:] = r[6:, :6] = 0
    z = 7.0 * r[3] - 6.0 * r[8]
    return z, r, seqgen.susie_rss(z, r, n=5000, L=4)


def test_a_fit_is_a_susie_object_to_susier(locus):
    z, r, fitted = locus
    assert len(fitted.credible_sets) == 2
    there = to_r(fitted)
    if not r_code("function() requireNamespace('susieR', quietly = TRUE)")()[0]:
        pytest.skip("R lacks its package susieR")
    sets = r_code("function(f, r) susieR::susie_get_cs(f, Xcorr = r)")(there, to_r(r))
    mine = r_code("function(f) f$sets")(there)
    for name in ("cs", "coverage", "cs_index", "requested_coverage"):
        same = r_code("function(a, b, n) all.equal(a[[n]], b[[n]])")(sets, mine, name)
        assert same[0] is True, (name, same[0])
    pip = r_code("function(f) susieR::susie_get_pip(f)")(there)
    assert np.allclose(pip, fitted.pip, atol=1e-12)
    own = r_code(
        "function(z, r) suppressMessages(susieR::susie_rss(z, r, n = 5000, L = 4, "
        "estimate_residual_variance = FALSE))"
    )(to_r(z), to_r(r))
    assert np.allclose(r_code("function(f) f$pip")(own), fitted.pip, atol=1e-4)
    shared = r_code("function(a, b) setdiff(names(a), c(names(b), 'XtXr', 'Xr', 'fitted'))")(
        own, there
    )
    assert list(shared) == []
    types = r_code(
        "function(a, b) { n <- intersect(names(a), names(b)); "
        "n[sapply(a[n], typeof) != sapply(b[n], typeof)] }"
    )
    assert list(types(own, there)) == []
    said = r_code(
        "function(f) utils::capture.output(print(summary(f)), grDevices::pdf(NULL), "
        "susieR::susie_plot(f, 'PIP'), coef(f))"
    )(there)
    assert any("Credible sets summary" in line for line in said)


def test_a_fit_comes_back_and_so_does_one_of_susier(locus):
    z, r, fitted = locus
    again = to_python(to_r(fitted))
    assert np.array_equal(again.alpha, fitted.alpha)
    for one, other in zip(again.credible_sets, fitted.credible_sets, strict=True):
        assert one.variants.tolist() == other.variants.tolist()
        assert (one.effect, one.coverage, one.min_abs_corr) == (
            other.effect, other.coverage, other.min_abs_corr,
        )  # fmt: skip
    restarted = seqgen.susie_rss(z, r, n=5000, L=4, model_init=again)
    assert np.allclose(restarted.pip, fitted.pip, atol=1e-6)
    nothing = seqgen.susie_rss(np.zeros(12), r, n=5000, L=2)
    assert to_python(to_r(nothing)).credible_sets == ()
    with pytest.raises(InputError, match="lacks"):
        to_python(r_code("structure(list(pip = 1), class = 'susie')"))


NAMES = {**vars(seqgen.finemap.susie_rss.__globals__["np"]), "SusieOptions": SusieOptions,
         "Shard": tuple[int, int], "Chains": str | list[str]}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "annotation", "expected"),
    [
        (10.0, "int", 10),
        (10.5, "int", 10.5),
        (10, "float", 10.0),
        (10.0, "int | float", 10.0),
        (True, "int", True),
        ("a", "str", "a"),
        ("a", "str | os.PathLike[str]", "a"),
        ("a", "Sequence[str]", ["a"]),
        ("a", "tuple[str, ...] | None", ("a",)),
        ("a", "str | Sequence[str]", "a"),
        ("a", "Sequence[str] | pd.DataFrame", ["a"]),
        ("a", "Mapping[str, str]", "a"),
        (["a", "b"], "tuple[str, str] | None", ("a", "b")),
        (["L", "L/2"], "Sequence[str | int]", ["L", "L/2"]),
        (5.0, "Sequence[str | int]", [5]),
        (np.array([1.0, 4.0]), "Shard | None", (1, 4)),
        (np.array([0.5, 1.0]), "tuple[float, ...]", (0.5, 1.0)),
        ({"a": 1.0}, "Mapping[str, int] | None", {"a": 1}),
        ({"a": 1.0}, "Mapping[str, float]", {"a": 1.0}),
        (pd.Series({"beta": "B"}), "Mapping[str, str] | None", {"beta": "B"}),
        ({"max_iter": 9.0, "tol": 1}, "SusieOptions", SusieOptions(max_iter=9, tol=1.0)),
        ("A", "Chains | None", "A"),
        (None, "int", None),
    ],
)
def test_values_are_fitted_to_annotations(given, annotation, expected):
    found = fit(given, annotation, NAMES)
    assert found == expected
    assert type(found) is type(expected)


def test_arrays_are_fitted_to_annotations():
    assert fit(0.5, "np.ndarray", {}).tolist() == [0.5]
    assert isinstance(fit(np.array([1.0, 2.0]), "pd.Series", {}), pd.Series)
    named = pd.Series({"rs1": 1.0, "rs2": 2.0})
    assert fit(named, "ArrayLike", {}).tolist() == [1.0, 2.0]
    assert fit(named, "np.ndarray | pd.Series", {}) is named
    matrix = pd.DataFrame(np.eye(2))
    assert isinstance(fit(matrix, "ArrayLike | LDMatrix", {}), np.ndarray)
    assert fit(matrix, "pd.DataFrame | np.ndarray", {}) is matrix


def test_positions_are_fitted_too():
    def function(a: int, b: tuple[str, ...] = (), *rest: int):
        return a, b, rest

    function.__annotations__ = {"a": "int", "b": "tuple[str, ...]", "rest": "int"}
    assert build(function, {"0": 2.0, "1": "x", "2": 3.0}) == (2, ("x",), (3.0,))


def test_conditions_of_warnings():
    assert condition_classes(SeqgenWarning) == ["seqgen_warning"]
    assert condition_classes(FutureWarning) == ["python_future_warning"]


def test_arguments_of_public_functions_are_told():
    told = to_python(value("d('.parameters', list('contact_precision'))"))
    assert told["names"][:3] == ["couplings", "distances", "cutoff"]
    assert told["required"][:3].tolist() == [True, True, False]
    assert (told["defaults"]["cutoff"], told["defaults"]["tops"][:2]) == (8.0, ["L", "L/2"])
    told = to_python(value("d('.parameters', list('susie_rss'))"))
    assert (told["defaults"]["L"], told["defaults"]["options"]) == (10, None)
    told = to_python(value("d('.parameters', list('linked_jacobian'))"))
    assert told["defaults"]["partners"] == []
