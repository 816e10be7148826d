"""Times in the cells of frames <-> two numeric features per time step."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from round_trips import contiguous, read, round_trip, schema_of
from sklearn.linear_model import LinearRegression

from sklearn_seqembed import LSTMSequenceEmbedder

NAN = np.nan
STAMPS = [
    ["2020-01-01T00:00:00", "2020-01-01T00:00:02", "2020-03-01T12:00:00.5"],
    ["1969-12-31T23:59:59", "1969-12-31T23:59:59"],
]
SINCE_PREVIOUS = [0, 2, 5227198.5, 0, 0]
SINCE_FIRST = [0, 2, 5227200.5, 0, 0]


def timestamps(zone=None):
    return [[pd.Timestamp(x, tz=zone) for x in row] for row in STAMPS]


def as_datetimes():
    return [[datetime.datetime.fromisoformat(x) for x in row] for row in STAMPS]


def frame(cells):
    return pd.DataFrame({"t": pd.Series(cells, index=["p", "q"], dtype=object)})


ARROW = pa.table({"t": pa.array(as_datetimes(), pa.list_(pa.timestamp("us")))})
FORMS = {
    "Timestamps": frame(timestamps()),
    "zone": frame(timestamps("Europe/Berlin")),
    "datetimes": frame(as_datetimes()),
    "arrays": frame([np.array(row, "M8[us]") for row in STAMPS]),
    "arrays of ns": frame([np.array(row, "M8[ns]") for row in STAMPS]),
    "indices": frame([pd.DatetimeIndex(row) for row in timestamps()]),
    "Series": frame([pd.Series(row) for row in timestamps("UTC")]),
    "polars": pl.DataFrame({"t": as_datetimes()}),
    "Arrow": ARROW,
    "Arrow zone": ARROW.cast(
        pa.schema({"t": pa.list_(pa.timestamp("ns", "Asia/Tokyo"))})
    ),
    "Arrow dtype": pd.DataFrame(
        {"t": pd.Series(pd.arrays.ArrowExtensionArray(ARROW["t"]), index=["p", "q"])}
    ),
}


@pytest.mark.parametrize("X", FORMS.values(), ids=FORMS)
def test_times_are_read_as_two_features_of_one_column(X):
    sequences, schema = read(X)

    (block,) = sequences.blocks
    assert block.dtype == np.float64
    assert_allclose(block[:, 0], np.log1p(SINCE_PREVIOUS), rtol=1e-14)
    assert_allclose(block[:, 1], np.log1p(SINCE_FIRST), rtol=1e-14)
    assert schema.kinds == ("datetime",)
    assert schema.n_features == 1
    assert schema.feature_names == ("t",)
    assert schema.is_categorical.tolist() == [False]


@pytest.mark.parametrize("X", FORMS.values(), ids=FORMS)
def test_times_of_the_same_rows_come_back(X):
    built = round_trip(X)

    assert type(built) is type(X)
    for found, expected in zip(_rows(built), _rows(X), strict=True):
        assert list(found) == list(expected)
    if not isinstance(X, pd.DataFrame):
        assert built.schema == X.schema
    else:
        assert built.index.equals(X.index)


def _rows(X):
    if isinstance(X, pd.DataFrame):
        return [list(cell) for cell in X["t"].tolist()]
    return X["t"].to_pylist() if isinstance(X, pa.Table) else X["t"].to_list()


@pytest.mark.parametrize(
    "X",
    [
        pl.DataFrame({"t": [[datetime.date(2020, 1, 1), datetime.date(2020, 1, 3)]]}),
        pa.table({"t": [[datetime.date(2020, 1, 1), datetime.date(2020, 1, 3)]]}),
    ],
    ids=["polars", "Arrow"],
)
def test_dates_are_times(X):
    sequences, _ = read(X)

    assert_allclose(sequences.blocks[0][:, 1], np.log1p([0, 172800]))
    assert round_trip(X).equals(X)


def test_whole_seconds_of_decades_come_back_whole():
    rng = np.random.default_rng(0)
    seconds = np.sort(rng.integers(0, 2**31, (2, 500)))

    found = round_trip(frame(list(seconds.astype("M8[s]").astype("M8[us]"))))

    for cell, expected in zip(found["t"], seconds, strict=True):
        assert_array_equal(cell.astype("M8[us]").astype(np.int64), expected * 10**6)


def test_times_with_and_without_a_zone_are_refused():
    cells = [timestamps("UTC")[0], timestamps()[1]]

    with pytest.raises(TypeError, match=r"row 1 \(index 'q'\), holds a time without a"):
        read(frame(cells))


def test_dates_in_python_lists_come_back_as_timestamps():
    X = frame([[datetime.date(2020, 1, 1)], [datetime.date(2020, 1, 3)]])

    assert _rows(round_trip(X)) == [[pd.Timestamp("2020")], [pd.Timestamp("2020-1-3")]]


@pytest.mark.parametrize(
    "cells",
    [
        [[None, "2020-01-01", None, "2020-01-02"], ["2020-01-01"]],
        [np.array(["NaT", "2020-01-01", "NaT", "2020-01-02"], "M8[s]"), ["2020-01-01"]],
    ],
    ids=["None", "NaT"],
)
def test_a_missing_time_is_missing_in_both_features(cells):
    cells = [
        [None if pd.isna(value) else pd.Timestamp(value) for value in cell]
        for cell in cells
    ]

    sequences, schema = read(frame(cells))

    expected = np.log1p([[NAN, NAN], [0, 0], [NAN, NAN], [86400, 86400], [0, 0]])
    assert_allclose(sequences.blocks[0], expected)
    found = _rows(schema.build(contiguous(sequences)))
    assert [value is pd.NaT for value in found[0]] == [True, False, True, False]


def test_null_times_come_back_as_null():
    X = pl.DataFrame({"t": [[None, *as_datetimes()[0]], as_datetimes()[1]]})

    assert round_trip(X).equals(X)


@pytest.mark.parametrize(
    ("X", "where"),
    [
        (frame([timestamps()[1], timestamps()[0][::-1]]), r"row 1 \(index 'q'\),"),
        (pl.DataFrame({"t": [as_datetimes()[0][::-1]]}), "row 0,"),
    ],
    ids=["pandas", "polars"],
)
def test_times_out_of_order_are_refused(X, where):
    match = (
        rf"Column 't' of X, {where} goes back in time at time step 1: "
        r"2020-01-01T00:00:02.000000 comes after 2020-03-01T12:00:00.500000. Sort "
    )

    with pytest.raises(ValueError, match=match):
        read(X)


def test_order_is_checked_across_missing_times():
    later, earlier = pd.Timestamp("2021"), pd.Timestamp("2020")

    with pytest.raises(ValueError, match="goes back in time at time step 2"):
        read(frame([[later, None, earlier], [later]]))


def test_without_rows_times_are_counted_from_the_first_step():
    sequences, schema = read(FORMS["Timestamps"])

    built = schema.without_rows().build(contiguous(sequences))

    seconds = [[step.total_seconds() for step in cell] for cell in built["t"]]
    assert seconds == [[0, 2, 5227200.5], [0, 0]]


@pytest.mark.parametrize("name", ["polars", "Arrow", "Arrow dtype", "arrays"])
def test_without_rows_every_frame_holds_durations(name):
    sequences, schema = read(FORMS[name])

    built = schema.without_rows().build(contiguous(sequences))

    seconds = [
        [pd.Timedelta(step).total_seconds() for step in row] for row in _rows(built)
    ]
    assert seconds == [[0, 2, 5227200.5], [0, 0]]


def test_decoded_times_are_in_order():
    sequences, schema = read(FORMS["Timestamps"])
    decoded = contiguous(sequences)
    decoded.blocks[0][:, 1] = [-0.5, 1.0, 0.5, 2.0, 1.0]

    built = schema.build(decoded)

    for cell in built["t"]:
        assert cell == sorted(cell)
    assert built["t"].iloc[0][0] == pd.Timestamp(STAMPS[0][0])


def test_times_are_read_with_other_features():
    X = FORMS["Timestamps"].assign(
        w=[["a", "b", "c"], ["d", "e"]], x=[[1.0, 2, 3], [4, 5]]
    )[["x", "t", "w"]]

    sequences, schema = read(X)

    assert schema.kinds == ("numeric", "datetime", "string")
    assert [block.shape[1] for block in sequences.blocks] == [1, 2]
    pd.testing.assert_frame_equal(schema.build(contiguous(sequences)), X)


def test_times_listed_as_categories_are_refused():
    with pytest.raises(TypeError, match=r"Column 't'.* cannot be categories"):
        read(FORMS["Timestamps"], categorical_features=["t"])


@pytest.mark.parametrize(
    ("fit_X", "X", "match"),
    [
        (
            [[1.0], [2.0, 3.0]],
            FORMS["arrays"],
            r"holds dates and times .*numbers as",
        ),
        (FORMS["arrays"], frame([[1.0], [2.0]]), r"holds numbers .*dates and times as"),
    ],
    ids=["times", "numbers"],
)
def test_another_kind_than_in_fit_is_refused(fit_X, X, match):
    schema = schema_of(fit_X)

    with pytest.raises(TypeError, match=match):
        read(X, schema=schema)


def test_infinity_in_a_column_after_times_is_named():
    X = FORMS["Timestamps"].assign(x=[[1.0, 2, 3], [4, np.inf]])

    with pytest.raises(ValueError, match=r"time step 1, feature 1 \('x'\)"):
        read(X)


@pytest.mark.parametrize("with_categories", [False, True])
def test_time_since_the_last_event_can_be_read_off_vectors(with_categories):
    rng = np.random.default_rng(0)
    moment = pd.Timestamp("2026-01-01")
    cells, recency = {"time": [], "amount": [], "kind": []}, []
    for n in rng.integers(3, 12, 500):
        days = np.sort(rng.uniform(1, 300, n))[::-1]
        recency.append(np.log(days[-1]))
        # The moment is one more time step, for which nothing else is known.
        times = moment - pd.to_timedelta(days, unit="D")
        cells["time"].append([*times, moment])
        cells["amount"].append([*rng.gamma(2, 20, n), None])
        cells["kind"].append([*rng.choice(["a", "b", "c"], n), None])
    if not with_categories:
        del cells["kind"]
    vectors = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit_transform(
        pd.DataFrame(cells)
    )

    model = LinearRegression().fit(vectors[:400], recency[:400])

    assert model.score(vectors[400:], recency[400:]) > 0.99
