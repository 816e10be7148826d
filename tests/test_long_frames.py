"""Long tables become frames with one row per sequence, or per prefix."""

import datetime
import sys

import duckdb
import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GroupKFold, cross_val_score

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    sequences_from_long,
)
from sklearn_seqembed._data import long_frames

# Events are shuffled in most tests, and not sorted in many of them.
pytestmark = pytest.mark.filterwarnings("ignore:The events of each sequence were read")

N_EVENTS = 90


def make_events(seed=0):
    """Shuffled events with ties, two keys, and missing values in all features."""
    rng = np.random.default_rng(seed)
    hours = rng.integers(0, 15, N_EVENTS)
    rows = {
        "case": rng.permutation(np.arange(N_EVENTS) % 12).tolist(),
        "site": rng.choice(["north", "south"], N_EVENTS).tolist(),
        "time": [
            datetime.datetime(2024, 3, 30) + datetime.timedelta(hours=int(hour))
            for hour in hours
        ],
        "activity": rng.choice(["a", "b", "c"], N_EVENTS).tolist(),
        "cost": rng.normal(size=N_EVENTS).tolist(),
        "flag": rng.choice([True, False], N_EVENTS).tolist(),
        "count": rng.integers(0, 9, N_EVENTS).tolist(),
    }
    for name, missing in (("activity", 7), ("cost", 11), ("count", 13)):
        rows[name][missing] = None
    return rows


EVENTS = make_events()
FEATURES = ["time", "activity", "cost", "flag", "count"]


def as_pandas(rows):
    frame = pd.DataFrame(rows)
    return frame.assign(count=frame["count"].astype("Int64"))


LIBRARIES = {
    "pandas": as_pandas,
    "pandas with Arrow": lambda rows: pd.DataFrame(
        {
            name: pd.array(x, dtype=pd.ArrowDtype(pa.array(x).type))
            for name, x in rows.items()
        }
    ),
    "polars": pl.DataFrame,
    "lazy": pl.LazyFrame,
    "narwhals": lambda rows: nw.from_native(pl.DataFrame(rows)),
    "pyarrow": pa.table,
    "pyarrow in chunks": lambda rows: pa.concat_tables(
        [pa.table(rows).slice(0, 33), pa.table(rows).slice(33)]
    ),
    "duckdb": lambda rows: duckdb.from_arrow(pa.table(rows)),
}
all_libraries = pytest.mark.parametrize(
    "make_frame", LIBRARIES.values(), ids=LIBRARIES.keys()
)


def convert_slowly(rows, by, time=None, columns=FEATURES, last=None):
    """Convert a long table with plain loops: keys, and lists per feature."""
    keys = sorted(set(zip(*(rows[name] for name in by), strict=True)))
    sequences = []
    for key in keys:
        events = [
            i
            for i in range(len(rows[by[0]]))
            if tuple(rows[name][i] for name in by) == key
        ]
        if time is not None:
            events.sort(key=rows[time].__getitem__)  # stable
        events = events if last is None else events[-last:]
        sequences.append({name: [rows[name][i] for i in events] for name in columns})
    return keys, sequences


def cut_slowly(rows, by, time, target, last=None, end=None):
    """Cut every sequence into its prefixes with plain loops."""
    keys, prefixes, targets = [], [], []
    for key, sequence in zip(*convert_slowly(rows, by, time), strict=True):
        following = sequence[target][1:] + ([] if end is None else [end])
        for stop, value in enumerate(following, start=1):
            start = 0 if last is None else max(0, stop - last)
            prefixes.append({name: x[start:stop] for name, x in sequence.items()})
            targets.append(value)
            keys.append(key)
    return keys, prefixes, targets


def as_rows(frame):
    """Convert a frame of any library to a list of dicts, with None for NaN."""
    if isinstance(frame, pd.DataFrame):
        frame = pa.table({name: pa.array(frame[name]) for name in frame})
    rows = frame.to_pylist() if isinstance(frame, pa.Table) else frame.to_dicts()
    return [
        {
            name: [plain(value) for value in cell] if isinstance(cell, list) else cell
            for name, cell in row.items()
        }
        for row in rows
    ]


def plain(value):
    """Convert one value to Python, with None for all that are missing."""
    if value is None or value is pd.NA or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


def as_values(series):
    """Convert a Series, or a frame, of any library to a list of values or tuples."""
    if hasattr(series, "to_pylist") and not isinstance(series, pa.Table):
        return [plain(value) for value in series.to_pylist()]
    if isinstance(series, (pd.DataFrame, pl.DataFrame, pa.Table)):
        return [tuple(row.values()) for row in as_rows(series)]
    return [plain(value) for value in series]


@all_libraries
@pytest.mark.parametrize("last", [None, 3])
@pytest.mark.parametrize("time", [None, "time", "count"])
def test_sequences_are_those_of_plain_loops(make_frame, time, last):
    rows = EVENTS | {"count": [0 if x is None else x for x in EVENTS["count"]]}
    keys, sequences = convert_slowly(rows, ["case"], time, last=last)

    X, found = sequences_from_long(
        make_frame(rows), by="case", time=time, columns=FEATURES, last=last
    )

    assert as_rows(X) == sequences
    assert as_values(found) == [case for (case,) in keys]


@all_libraries
def test_several_columns_identify_a_sequence(make_frame):
    keys, sequences = convert_slowly(EVENTS, ["site", "case"], "time")

    X, found = sequences_from_long(make_frame(EVENTS), by=["site", "case"], time="time")

    assert as_rows(X) == sequences
    assert as_values(found) == keys


@all_libraries
@pytest.mark.parametrize("last", [None, 2])
@pytest.mark.parametrize("end", [None, "<end>"])
def test_prefixes_are_those_of_plain_loops(make_frame, end, last):
    keys, prefixes, targets = cut_slowly(
        EVENTS, ["case"], "time", "activity", last=last, end=end
    )

    X, y, found = sequences_from_long(
        make_frame(EVENTS),
        by="case",
        columns=FEATURES,
        time="time",
        target="activity",
        end=end,
        last=last,
    )

    assert as_rows(X) == prefixes
    assert as_values(y) == targets
    assert as_values(found) == [case for (case,) in keys]


@all_libraries
def test_several_targets_are_a_frame(make_frame):
    _, _, activities = cut_slowly(EVENTS, ["case"], "time", "activity")
    _, _, costs = cut_slowly(EVENTS, ["case"], "time", "cost")

    _, y, _ = sequences_from_long(
        make_frame(EVENTS), by="case", time="time", target=["activity", "cost"]
    )

    found = [(plain(activity), plain(cost)) for activity, cost in as_values(y)]
    assert found == list(zip(activities, costs, strict=True))


@all_libraries
def test_estimators_read_the_frame_and_the_targets(make_frame):
    rows = {name: x for name, x in EVENTS.items() if name != "site"}
    rows = rows | {"activity": ["a" if x is None else x for x in rows["activity"]]}
    frame = make_frame(rows)

    X, _ = sequences_from_long(frame, by="case", time="time")
    vectors = LSTMSequenceEmbedder(4, max_epochs=0, random_state=0).fit_transform(X)
    prefixes, y, _ = sequences_from_long(
        frame, by="case", time="time", target="activity", end="end"
    )
    classifier = LSTMSequenceClassifier(4, max_epochs=0, random_state=0)
    classifier.fit(prefixes, y)

    grouped = as_pandas(rows).sort_values("time", kind="stable").groupby("case")
    expected = LSTMSequenceEmbedder(4, max_epochs=0, random_state=0)
    np.testing.assert_array_equal(
        np.asarray(vectors), expected.fit_transform(grouped.agg(list))
    )
    assert classifier.classes_.tolist() == ["a", "b", "c", "end"]


@pytest.mark.parametrize("name", ["pandas", "polars", "pyarrow"])
def test_the_result_is_of_the_library_of_the_frame(name):
    frame = LIBRARIES[name](EVENTS)

    X, y, keys = sequences_from_long(frame, by=["case"], target="activity")

    assert type(X) is type(keys) is type(frame)
    assert type(y) is type(frame["activity"])


def test_a_pandas_frame_has_the_keys_as_index():
    frame = as_pandas(EVENTS)
    labels = pd.Series(np.arange(12) % 2, index=np.arange(12)[::-1])

    X, keys = sequences_from_long(frame, by="case")
    pairs, several = sequences_from_long(frame, by=["site", "case"])
    _, y, of_prefixes = sequences_from_long(frame, by="case", target="activity")

    assert X.index.name == "case" and X.index.tolist() == keys.tolist()
    assert labels.loc[X.index].tolist() == labels.loc[keys].tolist()
    assert labels.loc[keys].tolist() == [1, 0] * 6
    assert pairs.index.equals(pd.MultiIndex.from_frame(several))
    assert y.index.tolist() == of_prefixes.tolist()


def test_static_columns_join_the_frame():
    static = pd.DataFrame({"age": range(12, 0, -1)}, index=range(11, -1, -1))
    columns = ["activity", "cost"]
    X, _ = sequences_from_long(as_pandas(EVENTS), by="case", columns=columns)
    embedder = LSTMSequenceEmbedder(4, max_epochs=0, random_state=0)
    transformer = ColumnTransformer(
        [("events", embedder, columns), ("static", "passthrough", ["age"])]
    )

    found = transformer.fit_transform(X.join(static))

    np.testing.assert_array_equal(found[:, -1], range(1, 13))
    np.testing.assert_allclose(found[:, :-1], embedder.fit_transform(X), rtol=1e-6)


def test_labels_join_the_keys_of_polars():
    labels = pl.DataFrame({"case": range(11, -1, -1), "label": range(12)})

    _, keys = sequences_from_long(pl.DataFrame(EVENTS), by="case")
    joined = keys.to_frame().join(labels, on="case", how="left", maintain_order="left")

    assert joined["label"].to_list() == list(range(11, -1, -1))


@pytest.mark.parametrize("name", ["pandas", "polars", "pyarrow"])
def test_keys_are_groups_of_a_cross_validation(name):
    frame = LIBRARIES[name](EVENTS)

    X, y, keys = sequences_from_long(
        frame, by="case", target="flag", columns=["cost", "flag"]
    )
    scores = cross_val_score(
        LSTMSequenceClassifier(4, max_epochs=0, random_state=0),
        X,
        np.asarray(y),
        groups=keys,
        cv=GroupKFold(3),
        error_score="raise",
    )

    assert len(scores) == 3


def test_prefixes_of_pairs_of_keys_are_grouped_by_their_number():
    X, _, keys = sequences_from_long(
        as_pandas(EVENTS), by=["site", "case"], target="activity", end="end"
    )

    groups = keys.groupby(list(keys)).ngroup()
    for train, test in GroupKFold(3).split(X, groups=groups):
        assert not set(X.index[train]) & set(X.index[test])


def test_levels_of_a_row_index_count_as_columns():
    frame = as_pandas(EVENTS)
    expected, _ = sequences_from_long(frame, by="case", time="time")

    X, _ = sequences_from_long(
        frame.set_index(["case", "time"]), by="case", time="time", columns=FEATURES
    )

    pd.testing.assert_frame_equal(X, expected[FEATURES])


def test_a_level_that_is_not_named_is_no_feature():
    frame = as_pandas(EVENTS).set_index(["site", "case"])

    X, _ = sequences_from_long(frame, by="case")

    assert list(X) == FEATURES


def test_categories_and_time_zones_are_kept():
    kinds = pd.CategoricalDtype(["unused", "c", "b", "a"])
    frame = as_pandas(EVENTS).assign(
        activity=pd.Categorical(EVENTS["activity"], dtype=kinds),
        size=pd.Categorical(np.arange(N_EVENTS) % 3),
        time=pd.to_datetime(EVENTS["time"]).tz_localize("Europe/Berlin"),
    )

    X, y, _ = sequences_from_long(frame, by="case", time="time", target="activity")

    assert pa.types.is_dictionary(X.dtypes["activity"].pyarrow_dtype.value_type)
    assert pa.types.is_integer(X.dtypes["size"].pyarrow_dtype.value_type)
    assert X.dtypes["time"].pyarrow_dtype.value_type.tz == "Europe/Berlin"
    assert y.dtype == kinds


def test_polars_keeps_the_types_of_values():
    frame = pl.DataFrame(EVENTS).with_columns(
        pl.col("activity").cast(pl.Enum(["c", "b", "a"])),
        pl.col("site").cast(pl.Categorical),
        pl.col("count").cast(pl.UInt8),
        pl.col("time").cast(pl.Datetime("ms", "Asia/Tokyo")),
    )

    X, y, _ = sequences_from_long(frame, by="case", target="activity")

    for name in X.columns:
        assert X.schema[name] == pl.List(frame.schema[name])
    assert y.dtype == frame.schema["activity"]


CATEGORICAL_KEYS = {
    "pandas": (
        pd.DataFrame(
            {"id": pd.Categorical(["b", "a", "b"], categories=["x", "b", "a"])}
        ),
        ["b", "a"],
    ),
    "enum": (
        pl.DataFrame({"id": ["b", "a", "b"]}, schema={"id": pl.Enum(["x", "b", "a"])}),
        ["b", "a"],
    ),
    "polars": (
        pl.DataFrame({"id": ["b", "a", "b"]}, schema={"id": pl.Categorical}),
        ["a", "b"],
    ),
    "pyarrow": (
        pa.table({"id": pa.array(["b", "a", "b"]).dictionary_encode()}),
        ["a", "b"],
    ),
}


@pytest.mark.parametrize(
    ("frame", "expected"), CATEGORICAL_KEYS.values(), ids=CATEGORICAL_KEYS.keys()
)
def test_categorical_keys_have_no_groups_without_events(frame, expected):
    frame = nw.from_native(frame)
    frame = frame.with_columns(
        v=nw.new_series("v", [1, 2, 3], backend=frame.implementation)
    )

    X, keys = sequences_from_long(frame, by="id")

    assert as_values(keys) == expected
    assert sorted(len(row["v"]) for row in as_rows(X)) == [1, 2]


KEYS = {
    "mixed": [1, "a", 1],
    "dates": [
        datetime.date(2024, 1, 2),
        datetime.date(2024, 1, 1),
        datetime.date(2024, 1, 2),
    ],
    "floats": [0.5, -1.0, 0.5],
    "bools": [True, False, True],
}


@pytest.mark.parametrize("values", KEYS.values(), ids=KEYS.keys())
def test_keys_may_be_of_any_type(values):
    for make_frame in (pd.DataFrame, pl.DataFrame, pa.table):
        if isinstance(values[1], str) and make_frame is not pd.DataFrame:
            continue

        X, keys = sequences_from_long(
            make_frame({"id": values, "v": [1.0, 2.0, 3.0]}), by="id"
        )

        sizes = {
            key: len(row["v"])
            for key, row in zip(as_values(keys), as_rows(X), strict=True)
        }
        assert sizes == {values[0]: 2, values[1]: 1}


@pytest.mark.parametrize("name", ["pandas", "polars", "pyarrow"])
def test_the_frame_of_the_user_is_unchanged(name):
    frame = LIBRARIES[name](EVENTS)
    before = as_rows(frame)

    sequences_from_long(frame, by="case", time="time", target="activity", end="end")

    assert as_rows(frame) == before


def test_sorted_events_are_not_copied():
    frame = pa.table({"id": [1, 1, 2], "t": [3, 4, 0], "v": [0.5, 1.5, 2.5]})

    X, _ = sequences_from_long(frame, by="id", time="t")

    buffers = X["v"].chunk(0).values.buffers(), frame["v"].chunk(0).buffers()
    assert buffers[0][1].address == buffers[1][1].address


def test_a_time_that_decreases_within_a_sequence_is_sorted():
    frame = pa.table({"id": [1, 1, 2], "t": [4.5, 3.0, 9.0]})

    X, _ = sequences_from_long(frame, by="id", time="t")

    assert X["t"].to_pylist() == [[3.0, 4.5], [9.0]]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([3, 1, 2], pa.date32()),
        pa.array([3, 1, 2], pa.time64("us")),
        pa.array([3, 1, 2], pa.duration("s")),
        pa.array([3, 1, 2], pa.int8()).cast(pa.decimal128(9, 2)),
    ],
    ids=lambda times: str(times.type),
)
def test_events_are_sorted_by_times_of_any_type(times):
    frame = pa.table({"id": [1, 1, 1], "t": times, "v": ["c", "a", "b"]})

    X, _ = sequences_from_long(frame, by="id", time="t", columns="v")

    assert X["v"].to_pylist() == [["a", "b", "c"]]


def test_one_event_is_no_prefix_of_a_next_one():
    frame = pd.DataFrame({"id": [1, 2, 2, 3], "v": ["a", "b", "c", "d"]})

    with pytest.warns(UserWarning, match="2 of 3 sequences have only one event.*end"):
        X, y, keys = sequences_from_long(frame, by="id", target="v")
    whole, _, _ = sequences_from_long(frame, by="id", target="v", end="<end>")

    assert (X["v"].tolist(), y.tolist(), keys.tolist()) == ([["b"]], ["c"], [2])
    assert len(whole) == 4


def test_the_end_is_a_class_beside_those_of_a_categorical_target():
    frame = pd.DataFrame({"id": [1, 1], "v": pd.Categorical(["a", "b"])})

    _, y, _ = sequences_from_long(frame, by="id", target="v", end="<end>")

    assert y.tolist() == ["b", "<end>"]


def test_the_end_may_be_a_number():
    frame = pl.DataFrame({"id": [1, 1], "v": [5, 7]})

    _, y, _ = sequences_from_long(frame, by="id", target="v", end=-1)

    assert y.to_list() == [7, -1]


def test_the_end_may_be_a_number_that_is_rounded():
    frame = pd.DataFrame({"id": [1, 1], "v": np.float32([5, 7])})

    _, y, _ = sequences_from_long(frame, by="id", target="v", end=0.1)

    assert y.tolist() == [7, np.float32(0.1)]


def test_a_column_is_used_before_a_level_of_the_index_of_the_same_name():
    index = pd.Index([3, 3, 3], name="id")
    frame = pd.DataFrame({"id": [2, 1, 2], "v": ["a", "b", "c"]}, index=index)

    X, keys = sequences_from_long(frame, by="id")

    assert keys.tolist() == [1, 2]
    assert X["v"].tolist() == [["b"], ["a", "c"]]


def test_more_steps_than_lists_can_count_are_refused(monkeypatch):
    monkeypatch.setattr(long_frames, "MAX_STEPS", 5)
    frame = pd.DataFrame({"id": [1] * 4, "v": range(4)})

    with pytest.raises(ValueError, match="6 time steps in total, .* Pass last=n"):
        sequences_from_long(frame, by="id", target="v")


FRAME = pd.DataFrame(
    {"id": [1, 1, 2], "t": [0.0, np.nan, 1.0], "v": ["a", "b", "c"], "k": [1, None, 2]}
)
DEFECTS = {
    "no frame": (
        lambda: sequences_from_long([[1, 2]], by="id"),
        TypeError,
        "frame must be a DataFrame of .* got list",
    ),
    "unknown key": (
        lambda: sequences_from_long(FRAME, by="ID"),
        ValueError,
        "by names 'ID', which is not a column of frame. Its columns are 'id', 't',",
    ),
    "unknown column": (
        lambda: sequences_from_long(FRAME, by="id", columns=["v", "w"]),
        ValueError,
        "columns names 'w', which is not",
    ),
    "many columns": (
        lambda: sequences_from_long(pd.DataFrame(np.eye(20)), by="id"),
        ValueError,
        r"Its columns are 0, .*, 9, \.\.\.\.",
    ),
    "twice": (
        lambda: sequences_from_long(FRAME, by="id", columns=["v", "v"]),
        ValueError,
        "columns names 'v' twice",
    ),
    "two columns of one name": (
        lambda: sequences_from_long(
            FRAME.set_axis(["id", "t", "t", "k"], axis=1), by="id"
        ),
        ValueError,
        r"frame has several columns 't' \(columns\)",
    ),
    "levels of columns": (
        lambda: sequences_from_long(
            pd.concat({"a": FRAME, "b": FRAME}, axis=1), by="id"
        ),
        ValueError,
        "frame has columns of 2 levels",
    ),
    "nothing but keys": (
        lambda: sequences_from_long(FRAME[["id"]], by="id"),
        ValueError,
        r"no columns besides those in by: \['id'\]",
    ),
    "no key": (
        lambda: sequences_from_long(FRAME, by=[]),
        ValueError,
        "by is empty",
    ),
    "no rows": (
        lambda: sequences_from_long(FRAME[:0], by="id"),
        ValueError,
        "frame has no rows",
    ),
    "missing key": (
        lambda: sequences_from_long(FRAME, by="k"),
        ValueError,
        r"Column 'k' of frame \(by\) is missing in 1 row, the first of which is row 1 "
        r".*frame.dropna\(subset=\['k'\]\)",
    ),
    "missing key of polars": (
        lambda: sequences_from_long(
            pl.DataFrame({"k": [1.0, float("nan")]}), by="k", columns="k"
        ),
        ValueError,
        r"row 1 .*frame.drop_nulls\('k'\).drop_nans\('k'\)",
    ),
    "missing time": (
        lambda: sequences_from_long(FRAME, by="id", time="t"),
        ValueError,
        r"Column 't' of frame \(time\) is missing in 1 row",
    ),
    "missing time of pyarrow": (
        lambda: sequences_from_long(
            pa.table({"k": [1], "t": [None]}), by="k", time="t"
        ),
        ValueError,
        r"frame.filter\(~pyarrow.compute.field\('t'\).is_null\(",
    ),
    "text as time": (
        lambda: sequences_from_long(FRAME, by="id", time="v"),
        TypeError,
        r"Column 'v' of frame \(time\) is of type \w+, expected dates.*to_datetime",
    ),
    "two times": (
        lambda: sequences_from_long(FRAME, by="id", time=["t", "v"]),
        TypeError,
        "time must be one column",
    ),
    "time as key": (
        lambda: sequences_from_long(FRAME, by="t", time="t"),
        ValueError,
        "Column 't' cannot be both the time",
    ),
    "last": (
        lambda: sequences_from_long(FRAME, by="id", last=0),
        ValueError,
        "last == 0, must be >= 1",
    ),
    "end without target": (
        lambda: sequences_from_long(FRAME, by="id", end="e"),
        ValueError,
        "end='e' is a value of the target, so it needs one target, got target=None",
    ),
    "end of another type": (
        lambda: sequences_from_long(FRAME, by="id", target="v", end=1),
        TypeError,
        "end=1 must be of the type of the target: column 'v'",
    ),
    "end that is not an integer": (
        lambda: sequences_from_long(
            pd.DataFrame({"id": [1, 1], "v": [1, 2]}), by="id", target="v", end=0.5
        ),
        TypeError,
        "end=0.5 must be of the type of the target: column 'v'",
    ),
    "end that occurs": (
        lambda: sequences_from_long(FRAME, by="id", target="v", end="a"),
        ValueError,
        "end='a' occurs in column 'v'",
    ),
    "single events": (
        lambda: sequences_from_long(FRAME[1:], by="id", target="v"),
        ValueError,
        "All sequences have one event, so none has a next. Pass end",
    ),
    "mixed values": (
        lambda: sequences_from_long(
            pd.DataFrame({"id": [1, 1], "v": [1, "a"]}), by="id"
        ),
        TypeError,
        "Column 'v' of frame, of dtype object, cannot be converted to Arrow",
    ),
    "lists": (
        lambda: sequences_from_long(pd.DataFrame({"id": [1], "v": [[1]]}), by="id"),
        TypeError,
        "Column 'v' of frame holds values of type list<",
    ),
    "periods": (
        lambda: sequences_from_long(
            pd.DataFrame({"id": 1, "v": pd.period_range("2024", periods=2)}), by="id"
        ),
        TypeError,
        "Column 'v' of frame holds values of type extension",
    ),
    "lists as keys": (
        lambda: sequences_from_long(pa.table({"id": [[1]], "v": [1]}), by="id"),
        TypeError,
        r"Column 'id' of frame \(by\), of type list<.*cannot identify sequences",
    ),
}


@pytest.mark.parametrize(
    ("call", "error", "message"), DEFECTS.values(), ids=DEFECTS.keys()
)
def test_defects_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("make_frame", [pd.DataFrame, pl.DataFrame, pa.table])
@pytest.mark.parametrize(
    "keys", [[1.0, None, float("nan")], ["a", None, None]], ids=["numbers", "strings"]
)
def test_the_line_that_drops_missing_keys_works(make_frame, keys):
    frame = make_frame({"id": keys, "v": [1, 2, 3]})
    with pytest.raises(ValueError, match="missing in 2 rows") as caught:
        sequences_from_long(frame, by="id")
    line = str(caught.value).partition("drop these rows: ")[2].removesuffix(".")

    X, _ = sequences_from_long(eval(line, {"frame": frame, "pyarrow": pa}), by="id")

    assert as_rows(X) == [{"v": [1]}]


def test_the_extra_is_named_without_pyarrow(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ImportError, match=r"sklearn-seqembed\[dataframe\].*groupby"):
        sequences_from_long(FRAME, by="id")
