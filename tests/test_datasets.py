"""Generated sequences and windows are as documented."""

import warnings
from collections import namedtuple

import awkward as ak
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_array_equal

from sklearn_seqembed.datasets import average_windows, make_sequences, make_windows
from sklearn_seqembed.exceptions import SequenceReadingWarning


def test_shapes_lengths_and_classes_are_as_requested():
    X, y = make_sequences(50, n_features=3, n_classes=5, lengths=(4, 9), random_state=0)

    assert {x.shape[1] for x in X} == {3}
    assert {len(x) for x in X} == set(range(4, 10))
    assert np.bincount(y).tolist() == [10] * 5


def test_classes_have_the_same_mean_and_different_orders():
    X, y = make_sequences(48, n_classes=24, lengths=40, noise=0.0, random_state=0)
    X = np.stack(X)[:, :, 0]

    np.testing.assert_allclose(X.mean(axis=1), 0, atol=1e-9)
    assert len(np.unique(X.round(9), axis=0)) == 24


def test_noise_has_the_requested_standard_deviation():
    clean = make_sequences(40, lengths=50, noise=0.0, random_state=0)[0]
    noisy = make_sequences(40, lengths=50, noise=0.3, random_state=0)[0]

    assert np.std(np.stack(noisy) - np.stack(clean)) == pytest.approx(0.3, rel=0.05)


def test_missing_fraction_is_met_and_no_sequence_is_empty():
    X, _ = make_sequences(300, lengths=(1, 9), missing=0.6, random_state=0)

    fraction = np.isnan(np.concatenate(X)).mean()
    # It is somewhat lower, because each sequence, however short, keeps a value.
    assert fraction == pytest.approx(0.6, abs=0.15)
    assert all((~np.isnan(x)).any() for x in X)


def test_equal_seeds_give_equal_sequences_and_keep_numpys_global_state():
    np.random.seed(7)
    expected = np.random.rand()

    np.random.seed(7)
    first, second = (make_sequences(5, random_state=1)[0] for _ in range(2))

    assert np.random.rand() == expected
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "n_samples == 0, must be >= 1"),
        ({"n_features": 0}, "n_features == 0, must be >= 1"),
        ({"n_classes": 25}, "n_classes == 25, must be <= 24"),
        ({"lengths": (0, 3)}, r"lengths \(lowest\) == 0, must be >= 1"),
        ({"lengths": (5, 3)}, r"lengths \(highest\) == 3, must be >= 5"),
        ({"noise": -1}, "noise == -1, must be >= 0"),
        ({"missing": 1.0}, "missing == 1.0, must be < 1"),
    ],
    ids=str,
)
def test_parameters_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_sequences(**options)


@pytest.mark.parametrize("stride", [1, 3])
def test_windows_are_those_of_a_loop(stride):
    series = np.random.default_rng(0).normal(size=(20, 2))

    X, y = make_windows(series, lookback=5, horizon=4, stride=stride)

    starts = range(0, 20 - 9 + 1, stride)
    assert len(X) == len(y) == len(starts)
    for start, x, target in zip(starts, X, y, strict=True):
        np.testing.assert_array_equal(x, series[start : start + 5])
        np.testing.assert_array_equal(target, series[start + 5 : start + 9])
    assert np.shares_memory(X, series)


def test_a_one_dimensional_series_has_one_feature():
    X, y = make_windows(list(range(8)), 3, 2)

    assert X[:, :, 0].tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    assert y[-1, :, 0].tolist() == [6, 7]


def test_sizes_may_be_integers_of_numpy():
    series = np.arange(300.0)

    X, y = make_windows(series, np.int8(100), np.int8(100), stride=np.int8(50))

    assert X.shape == y.shape == (3, 100, 1)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((np.ones(5), 4, 2), "has 5 time steps, but one window and its horizon take 6"),
        ((np.ones((2, 2, 2)), 1, 1), "series has 3 dimensions"),
        (([1, 10**400], 1, 1), "series holds an integer that is too large for float64"),
        ((np.ones(5), 0, 2), "lookback == 0, must be >= 1"),
        ((np.ones(5), 2, -1), "horizon == -1, must be >= 0"),
    ],
)
def test_windows_that_cannot_be_cut_are_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        make_windows(*arguments)


@pytest.mark.parametrize(
    "series",
    [
        np.ma.array(np.arange(6), mask=[0, 0, 1, 0, 0, 0]),
        np.ma.array(np.arange(6.0)[:, None], mask=np.arange(6)[:, None] == 2),
        [0, 1, None, 3, 4, 5],
        pd.Series([0, 1, None, 3, 4, 5], dtype="Int64"),
        pd.Series([0, 1, pd.NA, 3, 4, 5], dtype=object),
        pd.Series([0, 1, None, 3, 4, 5], dtype="int64[pyarrow]"),
        pd.DataFrame({"a": pd.array([0, 1, None, 3, 4, 5], dtype="Int64")}),
        pl.Series([0, 1, None, 3, 4, 5]),
        pl.DataFrame({"a": [0, 1, None, 3, 4, 5]}),
        pa.array([0, 1, None, 3, 4, 5]),
        pa.table({"a": [0, 1, None, 3, 4, 5]}),
        torch.tensor([0, 1, np.nan, 3, 4, 5], requires_grad=True),
    ],
    ids=lambda series: type(series).__name__,
)
def test_missing_values_of_a_series_are_nan_in_its_windows(series):
    X, y = make_windows(series, lookback=3, horizon=1)

    assert X.dtype.kind == "f"
    assert_array_equal(X[0], [[0], [1], [np.nan]])
    assert_array_equal(y[:, 0, 0], [3, 4, 5])


def test_masked_strings_are_missing_in_windows():
    series = np.ma.array(list("abcd"), mask=[0, 1, 0, 0])

    X, _ = make_windows(series, lookback=2, horizon=1)

    assert X[0].ravel().tolist() == ["a", None]


@pytest.mark.parametrize(
    "series",
    [
        [np.ma.array([1.0, 99.0], mask=[False, True])] * 4,
        [(1.0, np.ma.masked)] * 4,
        [torch.tensor([1.0, np.nan], requires_grad=True)] * 4,
        pd.Series([[1.0, np.nan]] * 4),
        pl.Series([[1.0, None]] * 4),
        pa.array([[1.0, None]] * 4),
        ak.Array([[1.0, None]] * 4),
    ],
    ids=[
        "masked arrays",
        "masked values",
        "tensors",
        "a pandas Series",
        "a polars Series",
        "an Arrow array",
        "an awkward array",
    ],
)
def test_time_steps_of_a_series_may_be_objects(series):
    X, y = make_windows(series, lookback=2, horizon=1)

    assert_array_equal(X, [[[1.0, np.nan]] * 2] * 2)
    assert_array_equal(y, [[[1.0, np.nan]]] * 2)


def test_an_awkward_series_may_have_gaps():
    X, _ = make_windows(ak.Array([1.0, None, 3.0]), lookback=2, horizon=1)

    assert_array_equal(X, [[[1.0], [np.nan]]])


def test_lists_of_time_steps_of_different_widths_are_no_series():
    with pytest.raises(ValueError, match="its time steps differ in their number of"):
        make_windows(pd.Series([[1.0, 2.0], [1.0]] * 3), lookback=2, horizon=1)


def test_numbers_beside_strings_remain_numbers_in_windows():
    X, y = make_windows([(1.5, "a"), (2.0, "b"), (None, "c")], lookback=2, horizon=1)

    assert X.tolist() == [[[1.5, "a"], [2.0, "b"]]]
    assert y.tolist() == [[[None, "c"]]]
    assert make_windows(list("abc"), lookback=2, horizon=1)[0].dtype == "<U1"


Step = namedtuple("Step", ["load", "wind"])
Reversed = namedtuple("Reversed", ["wind", "load"])


@pytest.mark.parametrize(
    "series",
    [
        [Step(1.0, 2.0), Reversed(4.0, 3.0), Step(5.0, 6.0)],
        [{"load": 1, "wind": 2}, {"wind": 4, "load": 3}, {"load": 5, "wind": 6}],
        [
            pd.Series({"load": 1, "wind": 2}),
            pd.Series({"wind": 4, "load": 3}),
            pd.Series({"load": 5, "wind": 6}),
        ],
    ],
    ids=["named tuples", "dicts", "rows"],
)
def test_time_steps_with_names_are_matched_by_them(series):
    X, y = make_windows(series, 2, 1)

    assert_array_equal(X, [[[1, 2], [3, 4]]])
    assert_array_equal(y, [[[5, 6]]])


def test_time_steps_with_other_names_are_refused():
    for other in ({"load": 3}, Step(3, 4)):
        with pytest.raises(ValueError, match=r"series holds .* at time step 1, but \["):
            make_windows([{"load": 1, "wind": 2}, other], 1, 1)


TIMED = pd.DataFrame(
    {"t": pd.date_range("2025", periods=9, freq="h"), "load": np.arange(9.0)}
)


@pytest.mark.parametrize(
    ("series", "line"),
    [
        (TIMED, r"pass series.set_index\('t'\)"),
        (pl.from_pandas(TIMED), r"pass series.drop\('t'\)"),
        (pa.Table.from_pandas(TIMED), r"pass series.drop\('t'\)"),
        (nw.from_native(pl.from_pandas(TIMED)), r"pass series.drop\('t'\)"),
    ],
    ids=["pandas", "polars", "pyarrow", "narwhals"],
)
def test_a_column_of_times_is_refused(series, line):
    with pytest.raises(ValueError, match=f"Column 't' of series holds times, .*{line}"):
        make_windows(series, 3, 1)


def test_an_index_that_goes_back_in_time_is_refused():
    series = TIMED.set_index("t")

    for wrong in (series[::-1], series[1::-1], pd.concat([series, series])["load"]):
        with pytest.raises(ValueError, match="goes back in time.*one series at a time"):
            make_windows(wrong, 3, 1)
    assert len(make_windows(series, 3, 1)[0]) == 6


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%d.%m.%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("convert", [list, pd.Categorical])
def test_texts_that_are_dates_are_read_like_dates(form, convert):
    days = pd.date_range("2025-01-20", periods=60)
    series = pd.DataFrame({"t": convert(days.strftime(form)), "load": range(60)})
    dated = series.set_index("t")

    frames = [series, pl.from_pandas(series), pa.Table.from_pandas(series)]
    for frame in frames:
        with pytest.raises(ValueError, match="Column 't' of series holds times, which"):
            make_windows(frame, 3, 1)
    with pytest.raises(ValueError, match=r"back in time\. Pass series\.sort_index\(\)"):
        make_windows(dated.sample(frac=1, random_state=0), 3, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(make_windows(dated, 3, 1)[0]) == 57


def test_other_texts_are_not_read_like_dates():
    labels = pd.Series(range(60), index=[f"{i * 7 % 60}-x" for i in range(60)])
    clock = pd.Series(range(60), index=[f"{i % 24:02}:00" for i in range(60)])
    kinds = pd.DataFrame({"kind": ["a", "b", None] * 20, "v": range(60)})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for series in (labels, clock, kinds):
            assert len(make_windows(series, 3, 1)[0]) == 57


def test_an_index_of_integers_out_of_order_warns():
    series = pd.DataFrame({"load": np.arange(60.0)})

    with pytest.warns(SequenceReadingWarning, match=r"its index of integers is not in"):
        make_windows(series.sample(frac=1, random_state=0), 3, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for other in (
            series,
            series[::-1],
            series[::2],
            series.set_axis([*range(30)] * 2),
            series.set_axis(np.random.default_rng(0).normal(size=60)),
        ):
            make_windows(other, 3, 1)


def test_averages_of_several_series_have_their_index():
    machines = {
        name: TIMED.set_index("t")[:n] * factor
        for name, n, factor in (("a", 9, 1), ("b", 7, -1))
    }

    scores = {}
    for name, series in machines.items():
        X, _ = make_windows(series, 4, 0, stride=2)
        averages = average_windows(
            X.mean(axis=(1, 2)), 4, stride=2, n_timesteps=len(series)
        )
        scores[name] = pd.Series(averages, index=series.index)
    scores = pd.concat(scores, names=["machine"])

    assert scores.index.names == ["machine", "t"]
    assert scores.loc["a"].round(1).tolist()[:8] == [
        1.5,
        1.5,
        2.5,
        2.5,
        4.5,
        4.5,
        5.5,
        5.5,
    ]
    assert scores.loc["b"].isna().tolist() == [False] * 6 + [True]


# Averages of windows


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_average_windows_is_the_mean_over_the_windows_that_cover_a_step(stride):
    rng = np.random.default_rng(0)
    X, y = make_windows(np.arange(23), lookback=4, horizon=0, stride=stride)
    values = rng.normal(size=len(X))
    values[2] = np.nan

    averages = average_windows(values, 4, stride=stride, n_timesteps=23)

    assert y.shape == (len(X), 0, 1)
    for step, average in enumerate(averages):
        covering = [
            value
            for x, value in zip(X, values, strict=True)
            if step in x and not np.isnan(value)
        ]
        expected = np.mean(covering) if covering else np.nan
        np.testing.assert_allclose(average, expected)


def test_windows_that_end_long_before_the_series_warn():
    values = np.zeros(944)

    match = "ends 1888 time steps before .* cover 967 of n_timesteps=2855. Pass the str"
    with pytest.warns(UserWarning, match=match) as caught:
        average_windows(values, lookback=24, n_timesteps=2855)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        average_windows(values, lookback=24, stride=3, n_timesteps=2855)
        average_windows(np.zeros(60), 24, n_timesteps=60 + 23 + 24)  # with a horizon
        average_windows(values, lookback=24, n_timesteps=967 + 90)


def test_average_windows_ends_with_the_last_window_by_default():
    assert len(average_windows([1.0, 2.0], 5, stride=3)) == 8


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([[1.0]], {}, r"values has shape \(1, 1\), expected \(n_windows,\)"),
        ([], {}, r"values has shape \(0,\), expected \(n_windows,\), at least one"),
        (["a"], {}, "values must be one number per window"),
        ([1.0, np.inf], {}, r"values\[1\] is infinite. Replace it by NaN"),
        ([1.0], {"stride": 0}, "stride == 0, must be >= 1"),
        (
            [1.0, 2.0],
            {"stride": 2, "n_timesteps": 4},
            "2 windows of lookback=3 with stride=2 take 5 time steps, but n_time",
        ),
    ],
)
def test_average_windows_refuses_what_does_not_fit(values, options, message):
    with pytest.raises(ValueError, match=message):
        average_windows(values, 3, **options)


def test_missing_rows_of_a_dated_series_warn():
    hours = pd.date_range("2025-01-01", periods=60, freq="h")
    series = pd.Series(np.arange(60.0), index=hours)

    with pytest.warns(
        SequenceReadingWarning, match="has 1 gap of more than its usual step"
    ):
        make_windows(series.drop(hours[20:30]), 5, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_windows(series, 5, 2)
        for freq in ("ME", "B"):  # weekends are no gaps
            index = pd.date_range("2020-01-31", periods=60, freq=freq)
            make_windows(series.set_axis(index), 5, 2)


def test_repeated_dates_of_a_series_warn():
    index = pd.date_range("2025-01-01", periods=50, freq="h")
    sites = pd.DataFrame({"v": np.arange(100.0)}, index=index.append(index))

    match = "repeats 50 dates, and rows were read as consecutive time steps; if they"
    with pytest.warns(SequenceReadingWarning, match=match):
        make_windows(sites.sort_index(kind="stable"), 5, 1)

    mixed = pd.Series(np.arange(53.0), index=index[:50].append(index[:3])).sort_index()
    with pytest.warns(SequenceReadingWarning, match="repeats 3 dates"):
        make_windows(mixed, 5, 1)

    hours = pd.DatetimeIndex([*index[:3], *index[2:]])  # when clocks are set back
    years = pd.date_range("2015-01-01", "2025-01-01", freq="h")
    years = years.append(years[7000::8760]).sort_values()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_windows(pd.Series(np.arange(51.0), index=hours), 5, 1)
        make_windows(pd.Series(0.0, index=years), 5, 1)
