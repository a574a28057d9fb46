"""Values cross between R and Python exactly, whichever side they start from."""

from __future__ import annotations

import datetime

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from r_session import start_r

from seqgen.errors import InputError

ri = start_r()

from seqgen.rbridge import to_python, to_r  # noqa: E402
from seqgen.rbridge.engine import r_code  # noqa: E402
from seqgen.rbridge.fitting import fit  # noqa: E402

IDENTICAL = "function(x, y) identical(x, y, single.NA = FALSE)"


def r(text: str):
    """What R code evaluates to."""
    return ri.evalr(text)


def ask(text: str, value) -> list:
    """An R function of a Python value, as a list."""
    return list(r_code(text)(to_r(value)))


def back(value):
    return to_python(to_r(value))


FROM_R = [
    "c(TRUE, FALSE, NA)",
    "c(1L, NA, -2147483647L, 2147483647L)",
    "c(1.5, NA, -0, Inf, -Inf, 5e-324)",
    "c('a', NA, '', 'NA', 'é', '漢', '\\U1F9EC')",
    "factor(c('b', NA, 'a'), levels = c('b', 'a', 'unused'))",
    "factor(character(), levels = c('x', 'y'))",
    "factor(c('lo', 'hi'), levels = c('lo', 'hi'), ordered = TRUE)",
    "as.Date(c('2024-02-29', NA, '1899-12-31'))",
    "structure(c(0.5, NA, 1.7e9), class = c('POSIXct', 'POSIXt'), tzone = 'Europe/Paris')",
    "structure(c(1.5, NA), class = 'difftime', units = 'secs')",
    "structure(c(4.94065645841247e-324, 1.28822975391943e-231), class = 'integer64')",
    "c(TRUE, NA)",
    "rep(c('chr1', NA, 'chr22'), 2000)",
    "paste0('rs', 1:5000)",
    "list(1:3, 'a', NULL)",
]


@pytest.mark.parametrize("text", FROM_R)
def test_a_column_comes_back_to_r_identical(text):
    column = r(text)
    frame = r_code(
        "function(x) { d <- list(x = x); attr(d, 'row.names') <- "
        ".set_row_names(length(x)); class(d) <- 'data.frame'; d }"
    )(column)
    returned = to_r(to_python(frame))
    assert r_code(IDENTICAL)(frame, returned)[0]


def test_nan_and_na_of_r_are_told_apart_through_python():
    values = to_python(r("c(NA, NaN, 0, NaN)"))
    assert np.isnan(values).tolist() == [True, True, False, True]
    shifted = np.concatenate([values[:2], values[2:] + 1.0])  # arithmetic keeps the mark
    assert list(r_code("function(x) is.nan(x)")(to_r(shifted))) == [False, True, False, True]
    assert ask("function(x) is.na(x)", shifted) == [True, True, False, True]


def test_what_pandas_calls_missing_is_na():
    frame = pd.DataFrame(
        {
            "float": [1.0, np.nan],
            "float32": np.array([1, np.nan], dtype=np.float32),
            "Float": pd.array([1.0, None], dtype="Float64"),
            "Int": pd.array([1, None], dtype="Int32"),
            "boolean": pd.array([True, None], dtype="boolean"),
            "str": pd.array(["a", None], dtype="str"),
            "category": pd.Categorical(["a", None]),
            "object": pd.Series([True, None], dtype=object),
            "time": pd.to_datetime(["2020-01-01 01:02:03", None]),
        }
    )
    told = r_code("function(d) sapply(d, function(x) c(is.na(x), is.nan(unclass(x))))")(to_r(frame))
    by_column = np.asarray(list(told)).reshape(frame.shape[1], 4).tolist()
    assert by_column == [[False, True, False, False]] * frame.shape[1]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2**31 - 1], "integer"),
        ([-(2**31) + 1], "integer"),
        ([-(2**31)], "numeric"),
        ([2**31, 2**53], "numeric"),
        ([2**53 + 1, -5], "integer64"),
        ([], "integer"),
    ],
)
def test_whole_numbers_take_the_first_type_that_holds_them(values, kind):
    array = np.array(values, dtype=np.int64)
    assert r_code("function(x) class(x)")(to_r(array))[0] == kind
    assert np.array_equal(np.atleast_1d(back(array)).astype(np.int64), array)
    missing = pd.array([*values, None], dtype="Int64")
    assert next(iter(to_r(missing).rclass)) == kind
    assert back(pd.DataFrame({"x": missing}))["x"].isna().sum() == 1


def test_what_r_cannot_hold_is_refused():
    with pytest.raises(InputError, match="NUL"):
        to_r("a\0b")
    with pytest.raises(InputError, match="integer64 of R means by NA"):
        to_r(np.array([-(2**63), 0]))
    with pytest.raises(InputError, match="beyond 2\\*\\*63"):
        to_r(np.array([2**63], dtype=np.uint64))
    with pytest.raises(InputError, match="64 bits"):
        to_r(2**70)
    with pytest.raises(InputError, match=r"column 'c': .*complex128"):
        to_r(pd.DataFrame({"c": [1j]}))
    with pytest.raises(InputError, match="not distinct"):
        to_r(pd.Categorical([1, "1"]))
    with pytest.raises(InputError, match="environment"):
        to_python(r("globalenv()"))
    with pytest.raises(InputError, match="complex"):
        to_python(r("data.frame(x = 1i)"))
    with pytest.raises(InputError, match="names"):
        to_python(r("list(a = 1, 2)"))
    with pytest.raises(InputError, match="column 'm' is a matrix"):
        to_python(r("data.frame(m = I(matrix(1, 1, 1)))"))
    with pytest.raises(InputError, match="UTF-8"):
        to_python(r("local({ x <- rawToChar(as.raw(255)); Encoding(x) <- 'UTF-8'; c('a', x) })"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NULL", None),
        ("NA", None),
        ("NA_integer_", None),
        ("NA_character_", None),
        ("TRUE", True),
        ("3L", 3),
        ("2.5", 2.5),
        ("'x'", "x"),
        ("I('x')", ["x"]),
        ("c('x', NA)", ["x", None]),
        ("list()", []),
        ("list(1, 'a')", [1.0, "a"]),
        ("list(a = 1L, b = list(c = NULL))", {"a": 1, "b": {"c": None}}),
        ("as.raw(c(1, 255))", b"\x01\xff"),
        ("as.Date('2024-02-29')", np.datetime64("2024-02-29", "s")),
    ],
)
def test_scalars_and_lists_of_r(text, expected):
    found = to_python(r(text))
    assert found == expected
    assert type(found) is type(expected)


def test_scalars_and_lists_of_python():
    told = r_code("function(x) paste(deparse(x), collapse = '')")
    for value, text in [
        (None, "NULL"),
        (True, "TRUE"),
        (np.int32(3), "3L"),
        (2**40, "1099511627776"),
        (-0.5, "-0.5"),
        (float("nan"), "NA_real_"),
        ("x", '"x"'),
        (pd.NA, "NA"),
        (["a", None], 'c("a", NA)'),
        ((1, 2.5), "c(1, 2.5)"),
        ([1, None], "c(1L, NA)"),
        ([True, 1], "list(TRUE, 1L)"),
        ([], "list()"),
        ((), "character(0)"),
        ({"a": 1, "b": [1.0, "x"]}, 'list(a = 1L, b = list(1, "x"))'),
        ({"b", "a"}, 'c("a", "b")'),
        (datetime.date(1970, 1, 2), 'structure(1, class = "Date")'),
        (np.array(1.5), "1.5"),
        (b"\x01", "as.raw(0x01)"),
    ]:
        assert told(to_r(value))[0] == text


def test_names_make_series_and_dimnames_make_frames():
    named = to_python(r("c(a = 1, b = NA)"))
    assert named.index.tolist() == ["a", "b"]
    assert r_code(IDENTICAL)(to_r(named), r("c(a = 1, b = NA)"))[0]
    frame = to_python(r("matrix(1:4, 2, dimnames = list(c('x', 'y'), c('a', 'b')))"))
    assert frame.loc["y", "a"] == 2
    half = to_python(r("matrix(1:4, 2, dimnames = list(NULL, c('a', 'b')))"))
    assert half.index.tolist() == [0, 1]
    half = to_python(r("matrix(1:4, 2, dimnames = list(c('x', 'y'), NULL))"))
    assert (half.index.tolist(), half.columns.tolist()) == (["x", "y"], ["V1", "V2"])
    with_rows = r("data.frame(a = 1:2, row.names = c('x', 'y'))")
    assert to_python(with_rows).index.tolist() == ["x", "y"]
    assert r_code(IDENTICAL)(with_rows, to_r(to_python(with_rows)))[0]


@pytest.mark.parametrize("shape", [(3, 2), (0, 4), (1, 1), (2, 3, 4)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_keep_their_cells(shape, order):
    for dtype in (np.float64, np.float32, np.int64, np.int8, bool):
        array = np.asarray(np.arange(np.prod(shape)).reshape(shape), dtype=dtype, order=order)
        found = to_r(array)
        assert list(found.do_slot("dim")) == list(shape)
        assert np.array_equal(back(array), array)
    words = np.array([["a", "b"], ["c", None]], dtype=object)
    assert back(words).tolist() == words.tolist()


def test_a_matrix_of_whole_numbers_with_na_stays_one_and_is_of_doubles_in_arguments():
    counts = r("matrix(c(1L, NA, 3L, 4L), 2)")
    assert r_code(IDENTICAL)(counts, to_r(to_python(counts)))[0]
    named = r("matrix(c(1L, NA, 3L, 4L), 2, dimnames = list(c('x', 'y'), c('a', 'b')))")
    for matrix in (counts, named):
        for annotation in ("ArrayLike", "ndarray | None", "Any"):
            found = fit(to_python(matrix), annotation, {})
            assert not isinstance(found, np.ma.MaskedArray)
            assert np.asarray(found).dtype == np.float64
            assert np.array_equal(found, [[1, 3], [np.nan, 4]], equal_nan=True)


def test_a_wide_table_of_numbers_is_that_of_its_columns():
    values = np.arange(200.0).reshape(2, 100)
    values[1, 3] = np.nan
    names = [f"rs{k}" for k in range(100)]
    for rows in (2, 1, 0):
        frame = pd.DataFrame(values[:rows], columns=names)
        one_by_one = r_code("function(x) as.data.frame(x)")(to_r(dict(frame.items())))
        if rows:
            assert r_code("identical")(to_r(frame), one_by_one)[0]
        pd.testing.assert_frame_equal(back(frame), frame)
    mixed = pd.DataFrame(values, columns=names).assign(rs7=[1, 2], rs8=["a", None])
    told = r_code("function(d) sapply(d[c('rs3', 'rs7', 'rs8')], class)")(to_r(mixed))
    assert list(told) == ["numeric", "integer", "character"]


def test_a_table_keeps_its_genome_build():
    table = pd.DataFrame({"pos": [1, 2]}, index=pd.Index(["a", "b"], dtype="str"))
    table.attrs = {"genome_build": "GRCh37", "other": {"of": "Python"}}
    assert ask("function(x) attr(x, 'genome_build')", table) == ["GRCh37"]
    assert back(table).attrs == {"genome_build": "GRCh37"}
    assert ask("function(x) names(attributes(x))", table[["pos"]].assign(y=1)).count(
        "genome_build") == 1  # fmt: skip
    kept = fit(to_python(r("structure(data.frame(n = c(1L, NA)), genome_build = 'GRCh38')")),
               "np.ndarray | pd.DataFrame", {})  # fmt: skip
    assert kept.attrs == {"genome_build": "GRCh38"}
    for odd in ("c('GRCh37', 'GRCh38')", "37", "NULL"):
        text = f"structure(data.frame(n = 1), genome_build = {odd})"
        assert to_python(r(text)).attrs == {}


def test_a_table_keeps_what_made_its_scores():
    made = {"model": "m", "revision": None, "methods": ["masked-marginal"], "context": 512,
            "sign": "negative: less likely"}  # fmt: skip
    table = pd.DataFrame({"position": [1, 2], "log_lik_ratio": [-1.0, 2.0]})
    table.attrs = {
        "log_lik_ratio": made,
        "combined": {"how": "rank", "of": ["a", "b"], "within": "all"},
        "models": {"a": made, "b": {"model": "b"}},
        "embedding": {"layer": -1, "pooling": "mean"},
    }
    assert back(table).attrs == table.attrs
    assert ask("function(x) attr(x, 'log_lik_ratio')$model", table) == ["m"]
    assert ask("function(x) attr(x, 'log_lik_ratio')$context", table) == [512]
    assert ask("function(x) attr(x, 'combined')$of", table) == ["a", "b"]
    assert ask("function(x) attr(x, 'models')$b$model", table) == ["b"]
    some = r_code("function(x) x[x$log_lik_ratio < 0, ]")(to_r(table))
    assert to_python(some).attrs == table.attrs
    assert fit(to_python(some), "np.ndarray | pd.DataFrame", {}).attrs == table.attrs


@pytest.mark.parametrize(
    "own",
    ["'a model'", "1:3", "list(1, 2)", "list(fit = globalenv())", "list(a = 1, a = 2)", "mean"],
)
def test_attributes_of_users_under_these_names_are_left_alone(own):
    text = f"structure(data.frame(n = 1), models = {own}, embedding = list(layer = 1:2))"
    assert to_python(r(text)).attrs == {"embedding": {"layer": [1, 2]}}


def test_tables_that_are_empty_or_odd():
    for frame in (pd.DataFrame(), pd.DataFrame({"a": pd.Series([], dtype="str")})):
        assert back(frame).shape == frame.shape
    assert back(pd.DataFrame(index=range(3))).shape == (3, 0)
    twice = pd.DataFrame([[1, "x"]], columns=["a", "a"])
    assert back(twice).columns.tolist() == ["a", "a"]
    grouped = pd.DataFrame({"n": [1, 2]}, index=pd.Index([7, 9], name="pos"))
    assert back(grouped).columns.tolist() == ["pos", "n"]
    people = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["p1", "p2"], dtype="str"))
    assert back(people).index.tolist() == ["p1", "p2"]
    nested = pd.DataFrame({"x": [[1, 2], None, {"k": "v"}]})
    assert list(back(nested)["x"])[1:] == [None, {"k": "v"}]
    offset = pd.Series(pd.to_datetime(["2020-01-01T00:00+01:00"]))
    assert back(offset.to_frame("t"))["t"].iloc[0] == offset.iloc[0]


def test_encodings_of_r_arrive_as_they_read():
    assert to_python(r(r"iconv('\u00e9', 'UTF-8', 'latin1')")) == "é"
    both = r(r"c(iconv('\u00e9', 'UTF-8', 'latin1'), '\u6f22')")
    assert to_python(both) == ["é", "漢"]
    assert r_code("function(x, y) x == y")(to_r(["é", "漢"]), both)[0]


def test_tibbles_and_data_tables_are_tables():
    for kind in ("c('tbl_df', 'tbl', 'data.frame')", "c('data.table', 'data.frame')"):
        found = to_python(r(f"structure(data.frame(a = 1:2), class = {kind})"))
        assert isinstance(found, pd.DataFrame)
        assert found["a"].tolist() == [1, 2]


def test_functions_of_r_are_called_and_their_errors_come_out():
    assert to_python(r("function(x, y) x + y"))(1.5, 2) == 3.5
    assert to_python(r("sum"))(np.array([1, 2])) == 3
    with pytest.raises(Exception, match="failed: no way"):
        to_python(r("function() stop('no way')"))()


text = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=8)
columns = st.one_of(
    st.lists(st.one_of(st.none(), text), max_size=80).map(lambda x: pd.Series(x, dtype="str")),
    st.lists(st.floats(width=64), max_size=20).map(lambda x: pd.Series(x, dtype="float64")),
    st.lists(st.integers(-(2**31) + 1, 2**31 - 1), max_size=20).map(
        lambda x: pd.Series(x, dtype="int64")
    ),
    st.lists(st.booleans(), max_size=20).map(lambda x: pd.Series(x, dtype="bool")),
    st.lists(st.one_of(st.none(), st.integers(-9, 9)), min_size=1, max_size=20)
    .filter(lambda x: None in x)
    .map(lambda x: pd.Series(x, dtype="Int64")),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=20)
    .filter(lambda x: None in x)
    .map(lambda x: pd.Series(x, dtype="boolean")),
    st.lists(st.sampled_from(["a", "é", None]), max_size=20).map(
        lambda x: pd.Series(pd.Categorical(x, categories=pd.Index(["é", "a"], dtype="str")))
    ),
    st.lists(st.one_of(st.none(), st.dates()), max_size=9).map(
        lambda x: pd.Series(np.array(x, dtype="datetime64[s]"))
    ),
    st.lists(st.one_of(st.none(), st.integers(-(10**14), 10**15)), max_size=9).map(
        lambda x: pd.Series(
            np.array([np.datetime64("NaT") if i is None else i for i in x], dtype="datetime64[us]")
        ).dt.tz_localize("UTC")
    ),
)


@given(columns)
def test_any_column_comes_back_to_python_the_same(column):
    frame = column.to_frame("x")
    pd.testing.assert_frame_equal(back(frame), frame, check_exact=True)


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=1, max_size=9))
def test_any_whole_number_is_exact(values):
    found = np.atleast_1d(back(np.array(values, dtype=np.int64)))
    assert [int(one) for one in found] == values


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=9))
def test_the_bits_of_floats_stay(bits):
    values = np.array(bits, dtype=np.uint64).view(np.float64)
    found = np.atleast_1d(back(pd.DataFrame({"x": values}))["x"].to_numpy())
    known = ~np.isnan(values)
    assert (found.view(np.uint64)[known] == np.array(bits, dtype=np.uint64)[known]).all()
    assert np.isnan(found[~known]).all()
