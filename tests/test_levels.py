"""pandas frames whose rows or columns have labels of several levels."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from round_trips import read

from sklearn_seqembed import sequences_from_long
from sklearn_seqembed._data.column_names import describe_names
from sklearn_seqembed.datasets import make_windows

SALES = pd.DataFrame(
    {
        "store": np.repeat([1, 2], 6),
        "item": np.tile(np.repeat([1, 2, 3], 2), 2),
        "date": np.tile(pd.date_range("2025", periods=2), 6),
        "sold": np.arange(12.0),
        "price": np.arange(12.0) / 4,
    }
)
STACKED = SALES.query("item == 1").set_index(["store", "date"])[["sold", "price"]]


@pytest.mark.parametrize("names", [["sold", "price"], ["var_0", "var_1"]])
def test_rows_of_time_steps_are_refused_with_the_way_out(names):
    X = STACKED.set_axis(names, axis=1)

    with pytest.raises(
        ValueError, match=r"sequences_from_long\(X, by='store', time='date'\)\[0\]"
    ):
        read(X)

    sequences, _ = read(sequences_from_long(X, by="store", time="date")[0])
    assert_array_equal(sequences.lengths, [2, 2])


def test_rows_of_levels_without_names_are_grouped_by_position():
    X = STACKED.rename_axis([None, None])

    with pytest.raises(
        ValueError, match=r"\[group for _, group in X.groupby\(level=0\)\]"
    ):
        read(X)

    sequences, _ = read([group for _, group in X.groupby(level=0)])
    assert_array_equal(sequences.lengths, [2, 2])


def test_rows_of_three_levels_are_grouped_by_the_first_two():
    X = SALES.set_index(["store", "item", "date"])

    with pytest.raises(ValueError, match=r"by=\['store', 'item'\], time='date'\)"):
        read(X)


def test_a_series_of_numbers_with_two_levels_is_refused():
    with pytest.raises(ValueError, match=r"Series of numbers .*groupby\(level=0\)"):
        read(STACKED["sold"])


@pytest.mark.parametrize("columns", ["date", "number", "text"])
def test_a_wide_table_with_two_row_levels_is_read_as_a_table(columns):
    X = SALES.pivot(index=["store", "item"], columns="date", values="sold")
    if columns != "date":
        X.columns = [0, 1] if columns == "number" else ["2025-01-01", "2025-01-02"]

    _, schema = read(X)

    assert schema.n_steps == 2


def test_cells_with_two_row_levels_are_read_as_sequences():
    X = SALES.groupby(["store", "item"])[["sold", "price"]].agg(list)

    sequences, schema = read(X)

    assert schema.feature_names == ("sold", "price")
    assert_array_equal(sequences.lengths, [2] * 6)


WIDE = SALES.pivot(index=["store", "item"], columns="date", values=["sold", "price"])


@pytest.mark.parametrize("X", [WIDE, WIDE.swaplevel(axis=1)], ids=["first", "last"])
def test_columns_of_features_and_times_are_refused_with_the_way_out(X):
    with pytest.raises(ValueError, match="columns of 2 levels") as caught:
        read(X)

    line = str(caught.value).partition("array: ")[2].removesuffix(".")
    sequences, schema = read(eval(line, {"X": X, "numpy": np}))
    assert schema.n_features == 2
    assert_array_equal(sequences.lengths, [2] * 6)


def test_cells_under_columns_of_two_levels_are_refused_with_the_way_out():
    X = SALES.groupby("store").agg({"sold": [list], "price": [list]})

    with pytest.raises(ValueError, match=r"X.droplevel\(1, axis=1\)"):
        read(X)

    assert read(X.droplevel(1, axis=1))[1].feature_names == ("sold", "price")


@pytest.mark.parametrize(
    ("names", "meaning"),
    [
        (["t0", "t1"], "times"),
        (["t", "t-1", "t-2"], "times"),
        ([0, 1], "times"),
        (["2025-01", "2025-02"], "times"),
        (["jan 2025", "feb 2025"], "times"),
        (["12am", "1pm"], "times"),
        (["Q1 2025", "Q2 2025"], "times"),
        (["var_0", "var_1"], "numbered"),
        (["450nm", "460nm"], "numbered"),
        (["a", "b", "c"], "numbered"),
        (["customer", "day", "amount"], "features"),
        (["acc1_x", "acc1_y"], "features"),
        (["may", "be"], "features"),
        (["a", 0], "features"),
    ],
)
def test_names_of_columns_say_what_columns_are(names, meaning):
    assert describe_names(names) == meaning


PRICES = pd.DataFrame(
    np.arange(60.0).reshape(20, 3),
    index=pd.MultiIndex.from_product([pd.date_range("2025", periods=10), ["A", "B"]]),
    columns=["x", "y", "z"],
)


@pytest.mark.parametrize(
    "X",
    [PRICES, PRICES.swaplevel(), PRICES.sample(frac=1, random_state=0), PRICES["x"]],
    ids=["time first", "time last", "shuffled", "Series"],
)
def test_the_level_of_times_is_found_wherever_it_is(X):
    with pytest.raises(ValueError, match="row index of 2 levels") as caught:
        read(X)

    line = re.search(r"\[group .*?\)\]", str(caught.value))[0]
    sequences, _ = read(eval(line, {"X": X}))
    n_columns = 3 if X.ndim == 2 else 1
    assert_array_equal(sequences.lengths, [10, 10])
    assert_array_equal(sequences.rows(0)[:, 0], PRICES["x"].to_numpy()[::2])
    assert sequences.n_features == n_columns


def test_windows_of_several_series_are_refused():
    with pytest.raises(ValueError, match=r"several series.*series.groupby\(level=1\)"):
        make_windows(PRICES, 3, 1)
