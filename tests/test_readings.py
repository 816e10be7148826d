"""Readings that may surprise warn once, and plain ones never do."""

import datetime
import json
import re
import warnings
from functools import partial

import awkward as ak
import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
import xarray as xr
from numpy.testing import assert_array_equal
from round_trips import read
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from small_fits import small_embedder

import sklearn_seqembed
from sklearn_seqembed import LSTMSequenceRegressor
from sklearn_seqembed._data.targets import check_targets
from sklearn_seqembed.exceptions import SequenceReadingWarning

RNG = np.random.default_rng(0)
LONG = pd.DataFrame(
    {
        "customer": np.repeat(np.arange(60), 10),
        "day": np.tile(np.arange(10), 60),
        "amount": RNG.normal(size=600).round(2),
    }
)
CHANNELS_FIRST = RNG.normal(size=(8, 6, 100))
LETTERS = pd.DataFrame(RNG.choice(list("ACGT"), size=(20, 9)))
LETTERS.columns = [f"p{i}" for i in range(9)]


def messages_of(X):
    """List the warnings about the reading of X."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read(X)
    assert all(issubclass(w.category, SequenceReadingWarning) for w in caught)
    return [str(w.message) for w in caught]


# For evaluating lines of messages.
NAMES = {"numpy": np, "sklearn_seqembed": sklearn_seqembed}
BY_CUSTOMER = "sklearn_seqembed.sequences_from_long(X, by='customer')[0]"
LONG_TABLES = {
    "pandas": (LONG, BY_CUSTOMER),
    "nullable": (LONG.convert_dtypes(), BY_CUSTOMER),
    "shuffled": (LONG.sample(frac=1, random_state=0), BY_CUSTOMER),
    "by day": (LONG.sort_values("day", kind="stable"), BY_CUSTOMER),
    "letters": (LONG.set_axis(["a", "b", "c"], axis=1), "_from_long(X, by='a')[0]"),
    "integers": (LONG.set_axis(range(3), axis=1), "_from_long(X, by=0)[0]"),
    "index": (LONG.set_index("customer"), "X.groupby(level=0)"),
    "polars": (pl.from_pandas(LONG), BY_CUSTOMER),
    "pyarrow": (pa.Table.from_pandas(LONG), BY_CUSTOMER),
    "array": (
        LONG.to_numpy(),
        "[X[X[:, 0] == i][:, 1:] for i in numpy.unique(X[:, 0])]",
    ),
    "tensor": (torch.tensor(LONG.to_numpy()), "for i in numpy.unique(X[:, 0])]"),
}


@pytest.mark.parametrize(("X", "line"), LONG_TABLES.values(), ids=LONG_TABLES)
def test_a_long_table_warns_with_the_line_that_splits_it(X, line):
    (message,) = messages_of(X)

    n_columns = 2 if line == "X.groupby(level=0)" else 3
    assert (
        f"X was read as 600 univariate sequences of {n_columns} time steps" in message
    )
    assert line in message


@pytest.mark.parametrize("kind", ["pandas", "integers", "polars", "pyarrow", "array"])
def test_the_line_in_the_warning_works(kind):
    X = LONG_TABLES[kind][0]
    (message,) = messages_of(X)
    line = message.partition("pass ")[2].removesuffix(".")

    groups = eval(line, NAMES | {"X": X})

    sequences, schema = read(groups)
    assert_array_equal(sequences.lengths, [10] * 60)
    assert schema.n_features == 2


TIMES = pd.Timestamp("2025-03-01") + pd.to_timedelta(LONG["day"], unit="D")
NAMED = LONG.assign(customer="c" + LONG["customer"].astype(str))
EVENTS = pd.DataFrame(
    {"case": np.repeat([f"k{i}" for i in range(60)], 10), "act": ["go", "wait"] * 300}
)
REFUSED_LONG_TABLES = {
    "strings": NAMED,
    "categories": NAMED.astype({"customer": "category"}),
    "times": LONG.assign(day=TIMES),
    "strings and times": NAMED.assign(day=TIMES),
    "shuffled": LONG.assign(day=TIMES)
    .sample(frac=1, random_state=0)
    .sort_values("day"),
    "arrow": NAMED.convert_dtypes(dtype_backend="pyarrow"),
    "strings only": EVENTS,
}


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("kind", REFUSED_LONG_TABLES)
def test_a_long_table_that_is_refused_gets_the_line_that_splits_it(kind, library):
    X = REFUSED_LONG_TABLES[kind]
    as_arrow = partial(pa.Table.from_pandas, preserve_index=False)
    convert = {"polars": pl.from_pandas, "pyarrow": as_arrow}
    X = convert.get(library, lambda X: X)(X)

    with pytest.raises((TypeError, ValueError)) as caught:
        read(X)
    found = re.search(r"If X is a long table, .* pass (.*\])\.", str(caught.value))
    sequences, schema = read(eval(found[1], NAMES | {"X": X}))

    assert_array_equal(sequences.lengths, [10] * 60)
    assert schema.n_features == X.shape[1] - 1


def test_a_series_with_times_that_is_refused_gets_the_line_that_wraps_it():
    X = pd.DataFrame({"day": pd.date_range("2025", periods=9), "load": np.arange(9.0)})

    with pytest.raises(TypeError, match=r"If X is one sequence, pass \[X\]\.$"):
        read(X)

    assert read([X])[0].lengths.tolist() == [9]


@pytest.mark.parametrize("order", [1, -1])
def test_static_text_beside_other_columns_is_not_taken_for_a_long_table(order):
    dna = ["".join(RNG.choice(list("ACGT"), 6)) for _ in range(40)]
    columns = {"dna": dna, "sex": list("mf" * 20), "age": RNG.normal(size=40)}

    for names in (["dna", "sex"], ["sex", "age"]):
        with pytest.raises((TypeError, ValueError), match=r"ColumnTransformer\.$"):
            read(pd.DataFrame({name: columns[name] for name in names[::order]}))


LABELED = xr.DataArray(
    LONG.to_numpy(), dims=("row", "column"), coords={"column": list(LONG.columns)}
)
OTHER_LONG_TABLES = {
    "xarray": LABELED,
    "narwhals of polars": nw.from_native(pl.from_pandas(LONG)),
    "narwhals of pandas": nw.from_native(LONG),
    "duckdb": duckdb.from_arrow(pa.Table.from_pandas(LONG)),
    "matrix": np.matrix(LONG.to_numpy()),
    "gradients": torch.tensor(LONG.to_numpy()).requires_grad_(),
    "xarray without names": LABELED.drop_vars("column"),
    "record batch": pa.RecordBatch.from_pandas(NAMED),
    "narwhals with strings": nw.from_native(pl.from_pandas(NAMED)),
}


@pytest.mark.parametrize("X", OTHER_LONG_TABLES.values(), ids=OTHER_LONG_TABLES)
def test_the_line_that_splits_fits_the_object_that_was_passed(X):
    try:
        (message,) = messages_of(X)
    except TypeError as exc:
        message = str(exc)
    found = re.search(r"a long table,.* pass (.*\])\.", message)

    sequences, _ = read(eval(found[1], NAMES | {"X": X}))

    assert_array_equal(sequences.lengths, [10] * 60)


@pytest.mark.parametrize("make", [tuple, np.array], ids=["tuples", "arrays"])
def test_a_list_of_the_rows_of_a_long_table_warns(make):
    X = [make(row) for row in LONG.to_numpy().tolist()]

    (message,) = messages_of(X)

    assert "X was read as 600 univariate sequences of 3 time steps" in message
    assert "pass one list of rows per sequence" in message


def test_rows_with_times_are_the_steps_of_one_series():
    times = pd.date_range("2025", periods=50, freq="h")
    X = pd.DataFrame(RNG.normal(size=(50, 3)), index=times, columns=["x", "y", "z"])

    (message,) = messages_of(X)

    assert "if it is one sequence whose columns are features, pass [X]" in message


def test_a_frame_of_one_series_warns_with_a_list():
    X = pd.DataFrame(RNG.normal(size=(50, 2)), columns=["load", "wind"])

    (message,) = messages_of(X)

    assert "if it is one sequence whose columns are features, pass [X]" in message


def test_stacked_frames_warn_with_their_levels():
    X = pd.concat({i: pd.DataFrame(RNG.normal(size=(5, 3))) for i in range(4)})

    (message,) = messages_of(X)

    assert "[group for _, group in X.groupby(level=0)]" in message


MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
PLAIN = {
    "iris": load_iris().data,
    "digits": load_digits().data,
    "breast cancer": load_breast_cancer().data,
    "integers": RNG.integers(0, 3, (1000, 10)),
    "bools": RNG.integers(0, 2, (200, 20)),
    "by class": np.repeat([[0, 0, 1, 1], [0, 1, 0, 1]], 50, axis=0),
    "range": np.arange(60).reshape(20, 3),
    "sums": np.cumsum(RNG.integers(0, 3, (100, 8)), axis=1),
    "counts": RNG.poisson(3, (500, 12)),
    "hours": pd.DataFrame(RNG.normal(size=(50, 24))).add_prefix("h"),
    "months": pd.DataFrame(RNG.integers(0, 9, (50, 12)), columns=MONTHS),
    "dates": pd.DataFrame(
        RNG.integers(0, 3, (50, 9)), columns=pd.date_range("2025", periods=9)
    ),
    "days with hours": pd.DataFrame(
        RNG.normal(size=(50, 24)), index=pd.date_range("2025", periods=50)
    ),
    "list": [RNG.normal(size=(n, 3)) for n in (20, 2)],
    "list of equal lengths": list(RNG.normal(size=(200, 24))),
    "list of integers": RNG.integers(0, 9, (300, 4)).tolist(),
    "3-D": RNG.normal(size=(5, 10, 3)),
    "names": ["Meyer", "Ng", "O'Neil", "Lee, Jr."],
    "tokens": [["login", "30"], ["a", "x:y"]],
    "postal codes": ["10115", "20095"],
    "telephone": ["030 123 456", "0171 123456"],
    "molecules": ["CC(=O)[O-]", "[Na+]"],
    "sentences": ["Hello, world.", "(Yes.)"],
    "codes": [["250.00", "401.9", "001.1"]],
    "lists": [[1, 2], [3, 4]],
    "letters in an array": LETTERS.to_numpy(),
    "cells": pd.DataFrame({"a": [[1.0]], "b": [["x"]]}),
}


@pytest.mark.parametrize("X", PLAIN.values(), ids=PLAIN)
def test_plain_data_does_not_warn(X):
    assert not messages_of(X)


# The axis of features before that of time


@pytest.mark.parametrize(
    ("X", "line"),
    [
        (CHANNELS_FIRST, "X.transpose(0, 2, 1)"),
        (CHANNELS_FIRST[:, :1], "X.transpose(0, 2, 1)"),
        (torch.tensor(CHANNELS_FIRST), "X.permute(0, 2, 1)"),
        (np.ma.array(CHANNELS_FIRST), "X.transpose(0, 2, 1)"),
        (list(CHANNELS_FIRST), "[x.T for x in X]"),
        (list(torch.tensor(CHANNELS_FIRST)), "[x.T for x in X]"),
        (CHANNELS_FIRST.tolist(), "[numpy.transpose(x) for x in X]"),
        (pa.array(CHANNELS_FIRST.tolist()), "X.to_pylist()"),
    ],
    ids=["3-D", "one", "tensor", "masked", "list", "tensors", "lists", "Arrow"],
)
def test_more_features_than_time_steps_warn(X, line):
    (message,) = messages_of(X)

    assert "100 features" in message
    assert line in message


@pytest.mark.filterwarnings("ignore:The network explains only")
@pytest.mark.parametrize("make", [np.array, list, torch.tensor])
def test_transposed_sequences_are_recognized_after_fit(make):
    X = RNG.normal(size=(6, 5, 2))
    embedder = small_embedder().fit(X)
    line = {list: "[x.T for x in X]", torch.tensor: "X.permute(0, 2, 1)"}
    line = re.escape(line.get(make, "X.transpose(0, 2, 1)"))

    with pytest.raises(ValueError, match=rf"Did you mean {line}\?"):
        embedder.transform(make(X.transpose(0, 2, 1)))


CHANNELS_LAST = CHANNELS_FIRST.transpose(0, 2, 1)
TRANSPOSED = {
    "array": CHANNELS_FIRST,
    "masked": np.ma.array(CHANNELS_FIRST),
    "tensor": torch.tensor(CHANNELS_FIRST),
    "gradients": torch.tensor(CHANNELS_FIRST).requires_grad_(),
    "xarray": xr.DataArray(CHANNELS_FIRST, dims=("case", "channel", "time")),
    "awkward": ak.from_numpy(CHANNELS_FIRST),
    "arrays": list(CHANNELS_FIRST),
    "tuple of tensors": tuple(torch.tensor(CHANNELS_FIRST)),
    "lists": CHANNELS_FIRST.tolist(),
    "list of xarray": list(xr.DataArray(CHANNELS_FIRST)),
    "nested tensor": torch.nested.nested_tensor(list(torch.tensor(CHANNELS_FIRST))),
    "Series": pd.Series(list(CHANNELS_FIRST)),
    "polars": pl.Series(CHANNELS_FIRST.tolist()),
    "Arrow": pa.array(CHANNELS_FIRST.tolist()),
    "ragged awkward": ak.Array(
        [x[:, :n].tolist() for n, x in enumerate(CHANNELS_FIRST, 50)]
    ),
}


@pytest.mark.parametrize("X", TRANSPOSED.values(), ids=TRANSPOSED)
def test_the_line_that_transposes_fits_the_object_that_was_passed(X):
    try:
        (message,) = messages_of(X)
    except ValueError as exc:  # of another number of "features"
        message = str(exc)
    line = message.partition("pass ")[2].removesuffix(".")

    sequences, _ = read(eval(line, {"X": X, "numpy": np}))

    for i, expected in enumerate(CHANNELS_LAST):
        assert_array_equal(sequences.rows(i), expected[: sequences.lengths[i]])


def test_equal_numbers_of_rows_but_unequal_numbers_of_columns_get_a_remedy():
    with pytest.raises(ValueError, match=r"pass \[x.T for x in X\]"):
        read([np.ones((3, 50)), np.ones((3, 70))])


def test_arrays_of_xarray_are_read_as_arrays():
    xarray = pytest.importorskip("xarray")
    values = RNG.normal(size=(6, 5, 2))

    sequences, _ = read(xarray.DataArray(values))

    assert_array_equal(sequences.lengths, [5] * 6)
    assert read(xarray.DataArray(values[:, :, 0]))[1].n_steps == 5


# Text


POLYLINES = [json.dumps([[-8.6, 41.1], [-8.5, 41.2]]), "[[1.0, 2.0]]"]
TEXTS = {
    "polylines": (POLYLINES, "looks like a list written as text.*json.loads"),
    "empty": (["[1, 2, 3]", "[]"], "list written as text"),
    "numpy": (["[1. 2. 3.]", "[0.5 1.5]"], "list written as text"),
    "commas": (["1,2,3", "4,5,6,7"], r"list written as text.*split\(','\)"),
    "words": (["['a', 'b']", "['c']"], "ast.literal_eval"),
    "gaps": (["[1.0, None, 0.0]", "[2.0]"], "ast.literal_eval"),
    "bools": (["[True, False]", "[True]"], "ast.literal_eval"),
    "array of bools": (["[ True  True]", "[False]"], r"strip\('\[\]'\).split\(\)"),
    "array of strings": (["['a' 'b' 'c']", "['a' 'c']"], "such as Parquet"),
    "numpy's numbers": (["[np.float64(1.0), np.float64(2.0)]"], "such as Parquet"),
    "2-D arrays": ([str(np.eye(2) / 3), str(np.ones((3, 2)))], "such as Parquet"),
    "long arrays": ([str(np.arange(2000.0))], "such as Parquet"),
    "tensors": ([str(torch.arange(3.0)), str(torch.ones(2, 2))], "such as Parquet"),
    "printed arrays": ([repr(np.arange(3.0))], "such as Parquet"),
    "printed Series": ([str(pl.Series([1.0, 2.0]))], "such as Parquet"),
    "tabs": (["1.5\t2\t7", "3\t4.5\t6"], "list written as text"),
    "cells": (pd.DataFrame({"p": POLYLINES}), "Column 'p' of X.*json.loads"),
    "polars": (pl.Series(POLYLINES), "json.loads"),
    "Arrow": (pa.array(POLYLINES), "json.loads"),
    "categories": (pd.Series(POLYLINES, dtype="category"), "json.loads"),
    "tokens": ([["[1, 2]", "[3]"]], "json.loads"),
    "times": ([["2025-03-01T08:00:00", "2025-03-02"]], "looks like a time"),
    "compact times": ([["20250301T080000", "20250302T081500Z"]], "looks like a time"),
    "dates": (["2025-03-01", "2025-03-02"], "looks like a time"),
    "times in cells": (
        pd.DataFrame({"t": [["2025-03-01 08:00"]], "x": [[1.0]]}),
        "Column 't' of X .* looks like a time",
    ),
    "numbers": ([["0.5", "1.25", "3"]], "looks like a number.*float"),
    "identifiers": (
        [[f"u{i}x" for i in range(2000)]],
        "nearly every token is distinct",
    ),
}


@pytest.mark.parametrize(("X", "match"), TEXTS.values(), ids=TEXTS)
def test_text_that_looks_like_something_else_warns(X, match):
    with pytest.warns(SequenceReadingWarning, match=match):
        read(X)


def test_labels_beside_texts_in_y_are_for_another_estimator():
    y = pd.DataFrame({"word": ["abc", "de"], "class": ["x", "y"]})

    with pytest.raises(ValueError, match=r"y has 3 .* to another estimator\.$"):
        check_targets(y, 2)


def test_times_warn_as_tokens_of_y_but_not_as_characters():
    times = ["2025-03-01", "2025-03-02"]

    with pytest.warns(SequenceReadingWarning, match="^y .* predict the time between"):
        check_targets([times, times], 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_targets(times, 2)


@pytest.mark.parametrize(
    ("X", "line"),
    [
        (LETTERS, 'X.agg("".join, axis=1)'),
        (LETTERS.astype("category"), 'X.agg("".join, axis=1)'),
        (pl.from_pandas(LETTERS), "polars.concat_str(polars.all())"),
        (pa.Table.from_pandas(LETTERS), 'X.to_pandas().agg("".join, axis=1)'),
        (LETTERS.map(lambda letter: letter * 3), "X.to_numpy()"),
    ],
    ids=["pandas", "categories", "polars", "pyarrow", "codons"],
)
def test_a_wide_frame_of_letters_warns_with_the_way_to_strings(X, line):
    (message,) = messages_of(X)
    found = message.partition("pass ")[2].removesuffix(".")

    sequences, _ = read(eval(found, {"X": X, "polars": pl}))

    assert line in message
    assert_array_equal(sequences.lengths, [9] * 20)


@pytest.mark.filterwarnings("ignore:The network explains only")
def test_fit_warns_once_and_transform_does_not():
    with pytest.warns(SequenceReadingWarning) as caught:
        embedder = small_embedder().fit(LONG)
    assert len(caught.list) == 1
    assert caught.list[0].filename == __file__

    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        embedder.transform(LONG)


RAGGED = [RNG.normal(size=(n, 2)) for n in range(3, 12)]
PADDED = torch.nn.utils.rnn.pad_sequence(
    [torch.tensor(x) for x in RAGGED], batch_first=True
)
LEFT = np.stack([np.pad(x, ((11 - len(x), 0), (0, 0))) for x in RAGGED])
LEFT_NAN = np.where(
    np.arange(11)[:, None] < 11 - np.arange(3, 12)[:, None, None], np.nan, LEFT
)
TOKENS = np.where(LEFT[:, :, 0] == 0, 0, RNG.integers(1, 30, size=(9, 11)))
SUMS = np.cumsum(RNG.poisson(0.2, size=(60, 80)), axis=1)


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (PADDED, r"8 of them end with time steps of zeros; .* replace them by NaN"),
        (PADDED[:, :, 0], "8 of them end with time steps of zeros"),
        (pd.DataFrame(PADDED[:, :, 0].numpy()), "8 of them end with time steps"),
        (LEFT_NAN, "8 of them begin with missing time steps; .* move it to the end"),
        (np.pad(PADDED, ((0, 0), (0, 4), (0, 0))), "9 of them end with .* by NaN"),
        (list(PADDED), "8 of them end with time steps of zeros; .* cut them off"),
        (PADDED.tolist(), "8 of them end with time steps of zeros; .* cut them off"),
        (LEFT, "8 of them begin with time steps of zeros; .* without them"),
        (list(LEFT), "8 of them begin with time steps of zeros; .* cut them off"),
        (TOKENS, "8 of them begin with time steps of zeros"),
    ],
    ids=[
        "array",
        "table",
        "frame",
        "NaN in front",
        "one step more",
        "list",
        "nested lists",
        "in front",
        "list in front",
        "tokens in front",
    ],
)
def test_padding_that_is_read_as_time_steps_warns(X, match):
    with pytest.warns(SequenceReadingWarning, match=match):
        read(X)


@pytest.mark.parametrize(
    "X",
    [
        RNG.poisson(0.3, size=(200, 20, 2)),
        np.where(np.arange(11) < 7, RNG.normal(size=(9, 11)), 0),
        np.where(PADDED == 0, np.nan, PADDED),
        load_digits().images,
        SUMS,
        list(np.maximum(SUMS.max(axis=1).min() - SUMS, 0)),
        list(RNG.poisson(0.3, size=(200, 20))),
        list(LEFT[:4]),
    ],
    ids=[
        "counts",
        "equal ends",
        "NaN at the end",
        "images",
        "sums from zero",
        "stocks that run out",
        "list of counts",
        "few",
    ],
)
def test_other_zeros_do_not_warn_of_padding(X):
    assert not any("padding" in message for message in messages_of(X))


def _pad(values, constant, side="end"):
    """Pad rows of eleven positive integers, of different lengths, by a constant."""
    n_padded = np.arange(len(values))[:, None] % 8
    steps = np.arange(values.shape[1])
    is_padded = steps < n_padded
    return np.where(
        is_padded if side == "begin" else is_padded[:, ::-1], constant, values
    )


SMALL = RNG.integers(0, 5, size=(40, 11))
BY_CONSTANTS = {
    "table": (_pad(SMALL, -1), "35 of them end with time steps of -1, and no other"),
    "array": (_pad(SMALL, -9)[..., None], "replace it by NaN, or pass a list of"),
    "floats": (_pad(SMALL / 7, -99), "end with time steps of -99"),
    "frame": (pd.DataFrame(_pad(SMALL, -999)), "end with time steps of -999"),
    "list": (list(_pad(SMALL, -1)), "if -1 is padding, cut it off"),
    "nested lists": (_pad(SMALL, -1).tolist(), "cut it off"),
    "in front": (_pad(SMALL, -1, "begin"), "35 of them begin with time steps of -1"),
    "two features": (
        np.stack([_pad(SMALL, -1), _pad(10 * SMALL, -1)], axis=2),
        "end with time steps of -1",
    ),
    "one step more": (
        np.pad(_pad(SMALL, -1), ((0, 0), (0, 2)), constant_values=-1),
        "40",
    ),
}


@pytest.mark.parametrize(("X", "match"), BY_CONSTANTS.values(), ids=BY_CONSTANTS)
def test_padding_by_a_constant_warns(X, match):
    (message,) = messages_of(X)

    assert match in message


@pytest.mark.parametrize(
    "X",
    [
        RNG.integers(-1, 5, size=(40, 11)),
        np.where(RNG.random(SMALL.shape) < 0.1, -1, SMALL),
        _pad(SMALL - 2, -1),
        _pad(SMALL, -2),
        np.where(np.arange(11) < 7, SMALL, -1),
        np.array([[-1, -1, 0, 2], [0, 1, 2, 3], [-1, 2, 1, 3]]),
    ],
    ids=["scores", "scattered", "negative", "no mark", "equal ends", "few"],
)
def test_other_negative_constants_do_not_warn_of_padding(X):
    assert not any("padding" in message for message in messages_of(X))


@pytest.mark.parametrize(
    "index",
    [
        pd.timedelta_range("0h", periods=50, freq="h"),
        pd.Index(list(pd.date_range("2025", periods=50).date)),
        pd.date_range("2025", periods=50)[::-1],
    ],
    ids=["durations", "dates", "descending"],
)
def test_times_of_any_type_in_the_index_warn(index):
    X = pd.DataFrame(RNG.normal(size=(50, 3)), index=index, columns=["a", "b", "c"])

    (message,) = messages_of(X)

    assert "if it is one sequence whose columns are features, pass [X]" in message


def test_axes_are_features_and_times_may_decrease():
    X = pd.DataFrame(RNG.normal(size=(600, 3)), columns=["x", "y", "z"])

    assert "whose columns are features, pass [X]" in messages_of(X)[0]
    assert "numpy.unique(X[:, 0])" in messages_of(LONG.iloc[::-1].to_numpy())[0]


def test_a_wide_frame_of_words_is_refused_with_the_way_to_tokens():
    X = pd.DataFrame([["ab", "cde", "a", "cd", "ab"]] * 5)

    with pytest.raises(ValueError, match=r"is a time step, pass X\.to_numpy\(\)\.$"):
        read(X)
    assert read(X.to_numpy())[0].lengths.tolist() == [5] * 5


def make_cases(n=40, **columns):
    """Make a list of frames with an integer that identifies them."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 9, n)
    return [
        pd.DataFrame({"x": rng.normal(size=n_steps), "case": 100 + i} | columns)
        for i, n_steps in enumerate(lengths)
    ]


IDENTIFIED = {
    "frames": (make_cases(), "Column 'case' of X was read as a feature"),
    "categories": (
        [x.astype({"case": "category"}) for x in make_cases()],
        "Column 'case' of X",
    ),
    "beside strings": (make_cases(kind="a"), "Column 'case' of X"),
    "floats": ([x.astype(float) for x in make_cases()], "Column 'case' of X"),
    "arrays": ([x.to_numpy() for x in make_cases()], "Feature 1 of X was read"),
    "twice the same": (make_cases() + make_cases()[:1], "Column 'case' of X"),
}


@pytest.mark.parametrize(("X", "match"), IDENTIFIED.values(), ids=IDENTIFIED)
def test_a_feature_that_identifies_the_sequences_warns(X, match):
    (message,) = messages_of(X)

    assert message.startswith(match)
    assert message.endswith("if it identifies the sequences, leave it out.")


NOT_IDENTIFIED = {
    "fractions": [x.assign(case=x["case"] + 0.5) for x in make_cases()],
    "shared": [x.assign(case=x["case"] // 2) for x in make_cases()],
    "changing": [x.assign(case=x["case"] + np.arange(len(x))) for x in make_cases()],
    "missing": [x.assign(case=np.nan) for x in make_cases()],
    "few": make_cases(8),
    "single steps": [x[:1] for x in make_cases()],
    "alone": [x[["case"]] for x in make_cases()],
}


@pytest.mark.parametrize("X", NOT_IDENTIFIED.values(), ids=NOT_IDENTIFIED)
def test_other_constant_features_do_not_warn(X):
    assert not messages_of(X)


def test_describe_has_a_note_about_a_feature_that_identifies_the_sequences():
    with pytest.warns(SequenceReadingWarning, match="identifies the sequences"):
        description = sklearn_seqembed.describe(make_cases())

    assert "leave it out" in description.notes[0]


GAPS = RNG.normal(size=(40, 30, 2))
GAPS[3, 4:8] = GAPS[8, :2] = GAPS[5, -3:] = GAPS[9, -1:] = np.nan


def test_gaps_at_the_end_of_an_array_warn_if_there_are_gaps_elsewhere():
    (message,) = messages_of(GAPS)

    assert (
        "2 of them end with missing time steps, which were read as padding" in message
    )
    found = eval(message.partition("pass ")[2].partition(",")[0], {"X": GAPS})
    assert_array_equal(read(found)[0].lengths, [30] * 40)
    assert not messages_of(list(GAPS))


@pytest.mark.parametrize("n_padded", [5, 20])
def test_padding_that_is_longer_than_gaps_is_read_in_silence(n_padded):
    X = GAPS.copy()
    X[10:20, -n_padded:] = np.nan

    assert not messages_of(X)


def test_missing_ends_of_a_few_sequences_warn_without_other_gaps():
    X = RNG.normal(size=(40, 30, 1))
    X[3, -6:] = np.nan

    (message,) = messages_of(X)

    assert "1 of them end with missing time steps, which were read as" in message
    assert not messages_of(list(X))


@pytest.mark.filterwarnings("ignore:The network explains only")
def test_missing_ends_after_a_fit_without_any_warn():
    X = RNG.normal(size=(20, 12, 1))
    X_new = X[:1].copy()
    X_new[0, -3:] = np.nan
    embedder = small_embedder(max_epochs=1).fit(X)
    padded = small_embedder(max_epochs=1).fit(list(X) + [X[0, :5]])

    with pytest.warns(SequenceReadingWarning, match=r"all sequences of fit had the"):
        embedder.transform(X_new)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SequenceReadingWarning)
        embedder.transform(list(X_new))
        padded.transform(X_new)


READINGS = RNG.normal(18, 6, size=(30, 40)).round(1)
COUNTS = RNG.poisson(3, size=(30, 40))


def _marked(values, mark, dtype=np.float64):
    X = values.astype(dtype)
    X[RNG.random(X.shape) < 0.05] = mark
    return X


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (
            _marked(READINGS, -999),
            r"^X was read as numbers, of which \d\.\d% are -999",
        ),
        (_marked(READINGS, 9999), "if 9999 stands for missing values or padding"),
        (_marked(READINGS, 1e20, np.float32), r"are 1e\+20 and all others are between"),
        (_marked(READINGS, -99)[..., None], "replace it by NaN"),
        (_marked(COUNTS, -1, np.int64), "are -1 and all others are between 0 and"),
        (_marked(abs(READINGS) * 1e6, -1), "are -1 and"),
        (_marked(5 * COUNTS, -9).tolist(), "are -9 and"),
        (
            pd.DataFrame({"a": list(READINGS), "t": list(_marked(READINGS, -9999))}),
            "^Column 't' of X was read as numbers",
        ),
        (
            [np.c_[a, b] for a, b in zip(READINGS, _marked(COUNTS, -1), strict=True)],
            "^Feature 1 of X was",
        ),
    ],
    ids=[
        "table",
        "highest",
        "float32",
        "array",
        "integers",
        "large",
        "lists",
        "frame",
        "features",
    ],
)
def test_marks_of_missing_values_warn(X, match):
    with pytest.warns(SequenceReadingWarning, match=match):
        read(X)


PRESSURE = RNG.normal(1013, 5, size=(30, 40))
IS_RARE = RNG.random((30, 40)) < 0.03


@pytest.mark.parametrize("X", [PRESSURE, -PRESSURE, PRESSURE.round().astype(int)])
def test_zeros_far_from_all_other_values_warn(X):
    X = X.copy()
    X[::3, 7] = 0

    (message,) = messages_of(X)

    assert "X was read as numbers, of which 0.8% are 0 and all others are" in message
    assert message.endswith(
        "if 0 stands for missing values or padding, replace it by NaN."
    )


@pytest.mark.parametrize(
    "X",
    [
        np.where(RNG.random((30, 40)) < 0.2, 0, PRESSURE),
        np.where(np.arange(1200).reshape(30, 40) == 77, 0, PRESSURE),
        np.where(IS_RARE, 0, RNG.normal(10, 2, (30, 40))),
        (~IS_RARE).astype(int),
        np.where(IS_RARE, 0, RNG.integers(10, 12, (30, 40))),
        np.where(
            RNG.random((30, 40)) < 0.03, 0, RNG.choice([-1, 1], (30, 40)) * PRESSURE
        ),
    ],
    ids=["many", "once", "near", "binary", "two values", "both signs"],
)
def test_other_zeros_are_read_in_silence(X):
    assert not messages_of(X)


def test_zeros_among_the_targets_of_a_regressor_warn():
    y = PRESSURE[:, 0].copy()
    y = np.r_[y, y]
    y[[3, 8]] = 0

    with pytest.warns(SequenceReadingWarning, match=r"^y was read.*3\.3% are 0 and"):
        LSTMSequenceRegressor(4, max_epochs=0).fit([*READINGS, *READINGS], y)


def _dated(*others, cell=list):
    """Make a frame of two sequences with times in 2024, and others."""
    days = pd.date_range("2024-05-01", periods=20, freq="12h").tolist()
    cells = [cell(days), cell(sorted([*days, *map(pd.Timestamp, others)]))]
    return pd.DataFrame({"at": cells, "v": [[1.0] * len(x) for x in cells]})


@pytest.mark.parametrize("cell", [list, np.array, pd.Series])
@pytest.mark.parametrize(
    "date",
    ["1900-01-01", "1970-01-01", "2099-12-31", "2099-12-31 23:59:59"],
)
def test_dates_that_stand_for_missing_ones_warn(date, cell):
    with pytest.warns(SequenceReadingWarning) as caught:
        read(_dated(date, cell=cell))

    message = str(caught[0].message)
    assert "Column 'at' of X was read as times, of which 2.4% are " in message
    assert (
        f"{date[:10]} and all others are between 2024-05-01 and 2024-05-10" in message
    )
    assert message.endswith("stands for missing times, replace it by NaT.")


def test_dates_beyond_the_range_of_nanoseconds_warn():
    times = [[datetime.date(2024, 5, 1), datetime.date(9999, 12, 31)]] * 3

    (message,) = messages_of(pl.DataFrame({"at": times, "v": [[1.5, 2.5]] * 3}))

    assert "of which 50.0% are 9999-12-31" in message


@pytest.mark.parametrize(
    "others",
    [
        [],
        ["1970-01-01 08:00"],
        ["1970-01-01", "1968-03-02"],
        ["1980-01-01", "2199-12-31"],
        ["2099-12-30", "2099-12-31"],
    ],
    ids=["none", "later", "near", "other dates", "near the end"],
)
def test_other_dates_are_read_in_silence(others):
    assert not messages_of(_dated(*others))
    assert not messages_of(_dated(*others).map(np.asarray))


def test_marks_and_identifiers_warn_together():
    X = [
        np.c_[np.full(10, i), row[:10], other[:10]]
        for i, (row, other) in enumerate(
            zip(_marked(READINGS, -999), _marked(COUNTS * 5, -1), strict=True)
        )
    ]

    identifier, mark = messages_of(X)

    assert identifier.startswith("Feature 0 of X was read as a feature, but it is an")
    assert mark.startswith("Feature 1 of X") and mark.endswith("for 1 other feature.")


def test_marks_as_padding_warn_with_their_fraction():
    X = abs(READINGS)
    X[0, 30:], X[1, 20:] = -1, -1

    with pytest.warns(SequenceReadingWarning, match=r"of which 2\.5% are -1"):
        read(X[..., None])


@pytest.mark.parametrize(
    "X",
    [
        READINGS - 30,
        np.sign(READINGS - 18),
        _marked(READINGS * 100, 999),
        RNG.choice([199.0, 299.0, 499.0, 999.0], size=(30, 40)),
        RNG.integers(-1, 5, size=(30, 40)),
        _marked(COUNTS % 3, -1),
        np.where(COUNTS == 4, -1, READINGS - 18),
        np.full((30, 40), -999.0),
        _marked(COUNTS, 255, np.uint8),
        _marked(COUNTS, 9, np.float16),
        np.round(RNG.normal(size=(30, 400)) * 20000).clip(-32768, 32767).astype("i2"),
        np.array([[-999.0] + [1.0, 2.0, 3.0] * 5] + [[1.0, 2.0] * 8] * 9),
    ],
    ids=[
        "negative",
        "signs",
        "within",
        "prices",
        "scores",
        "few values",
        "both signs",
        "constant",
        "bytes",
        "half precision",
        "saturated",
        "once",
    ],
)
def test_numbers_that_are_not_marks_are_read_in_silence(X):
    assert not [
        message for message in messages_of(X) if "was read as numbers" in message
    ]


def _with_column(column):
    return [
        pd.DataFrame({"id": ids, "x": x[:10], "state": list("abcbacabba")})
        for ids, x in zip(column, READINGS, strict=True)
    ]


IDS = [f"customer {i:03}" for i in range(30)]


@pytest.mark.parametrize(
    ("column", "match"),
    [
        ([[name] * 10 for name in IDS], "it is a category that does not change within"),
        ([[7 * i] * 10 for i in range(30)], "it is an integer that does not change"),
        (
            [[f"{name}-{j}" for j in range(10)] for name in IDS],
            "none of its categories occurs twice",
        ),
        (
            RNG.permutation(300).reshape(30, 10) + 1000,
            "it is an integer that no two time steps share",
        ),
        (
            RNG.permutation(800)[:300].reshape(30, 10),
            "it is an integer that no two time steps share",
        ),
    ],
    ids=["texts", "integers", "texts of steps", "integers of steps", "gaps"],
)
def test_identifiers_next_to_features_warn(column, match):
    with pytest.warns(SequenceReadingWarning, match=f"^Column 'id' of .*{match}"):
        read(_with_column(column))


@pytest.mark.parametrize(
    "column",
    [
        [[name] * 10 for name in IDS[:15] * 2],
        RNG.permutation(3000)[:300].reshape(30, 10),
        [range(10)] * 30,
        [[f"{name}-{j // 2}" for j in range(10)] for name in IDS],
    ],
    ids=["groups", "integers", "positions", "twice"],
)
def test_features_that_identify_nothing_are_read_in_silence(column):
    assert not messages_of(_with_column(column))


def test_a_list_of_paths_warns_with_the_way_to_read_files():
    paths = [f"events/part-{i}.parquet" for i in range(3)]

    (message,) = messages_of(paths)

    assert "'events/part-0.parquet' looks like the path of a file" in message
    assert "pass sklearn_seqembed.scan_sequences with a list of paths" in message
    assert not messages_of(["a.py", "b.csv", "notes.txt"])


DATED = [
    pd.DataFrame({"v": x}, index=pd.date_range("2025-01-01", periods=40))
    for x in READINGS
]
MIXED = [x.sample(frac=1, random_state=0) for x in DATED]


@pytest.mark.parametrize(
    ("X", "others"),
    [
        (MIXED, ", as does that of 29 other items"),
        ([x["v"] for x in MIXED], ", as does that of 29 other items"),
        (DATED[:3] + [DATED[3][::-1]], ""),
        ([x.to_period("D") for x in MIXED[:2]], ", as does that of 1 other item"),
    ],
    ids=["frames", "series", "reversed", "periods"],
)
def test_items_whose_dates_go_back_warn(X, others):
    (message,) = messages_of(X)

    i = 0 if others else 3
    assert f"X[{i}] was read in the order of its rows" in message
    assert f"its index goes back in time{others};" in message
    assert not messages_of([x.sort_index() for x in X])


def test_shuffled_rows_without_dates_are_read_in_silence():
    assert not messages_of([x.reset_index(drop=True).sample(frac=1) for x in DATED])


def test_one_hot_features_are_not_taken_for_time_steps():
    X = np.eye(27)[RNG.integers(0, 27, size=(40, 8))]
    X[::2, 5:] = np.nan

    assert not messages_of(X)
    assert not messages_of([x[~np.isnan(x[:, 0])] for x in X])
    (message,) = messages_of(2 * np.nan_to_num(X))
    assert "if the axis of features comes first" in message


@pytest.mark.parametrize("mark", ["nan", "NULL", "<pad>", "None", "#N/A"])
def test_texts_that_stand_for_missing_values_warn(mark):
    (message,) = messages_of([["go", "wait", mark], ["wait", "go", "go"]])

    assert f"X was read as categories, one of which is {mark!r}" in message


def test_a_single_category_that_may_be_missing_is_read_in_silence():
    assert not messages_of([["None", "None"], ["None"]])


@pytest.mark.parametrize(
    "texts",
    [["$5.20", "$13", "$2.00"], ["1,5", "2,25", "3"], ["1.234,50 \u20ac"], ["5%"]],
)
def test_formatted_numbers_warn(texts):
    (message,) = messages_of([texts * 3, texts])

    assert "looks like a number written as text; remove signs and separators" in message


@pytest.mark.parametrize("separator", [",", ";", "|", " > "])
def test_tokens_in_one_string_warn_with_the_line_that_splits_them(separator):
    texts = [["login", "buy", "logout"], ["login", "logout"], ["buy", "view", "buy"]]
    X = [separator.join(tokens) for tokens in texts * 5]

    (message,) = messages_of(X)

    line = message.partition("split it: ")[2].removesuffix(".")
    found = eval(line, {"text": X[0]})
    assert [token.strip() for token in found] == texts[0]


@pytest.mark.parametrize(
    "X",
    [
        ["Smith, John", "Doe, Jane", "Miller, Ann", "Smith, Ann"],
        ["12345", "-7", "+5", "900"],
        ["I came, I saw, I won.", "No, thanks.", "Yes, please, and soon."],
    ],
    ids=["names", "digits", "sentences"],
)
def test_other_strings_with_separators_are_read_in_silence(X):
    assert not messages_of(X)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_a_mark_in_the_targets_of_a_regressor_warns(n_targets):
    y = RNG.normal(20, 2, size=(30, n_targets))
    y[::10, -1] = -999
    regressor = LSTMSequenceRegressor(n_components=4, max_epochs=0, random_state=0)

    match = "^y was read" if n_targets == 1 else "^Column 1 of y was read"
    with pytest.warns(SequenceReadingWarning, match=f"{match}.*10.0% are -999"):
        regressor.fit(list(READINGS), y[:, 0] if n_targets == 1 else y)
