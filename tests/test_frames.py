"""Frames in which each row is a sequence and each column a feature."""

import copy
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from round_trips import contiguous, read, round_trip, schema_of, values_of
from sklearn.model_selection import train_test_split

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor
from sklearn_seqembed.metrics import exact_match_score, token_match_score

NAN = np.nan
LONG = pd.DataFrame(
    {
        "id": [7, 7, 7, 9, 8, 8],
        "word": ["a", "b", None, "é😀", "", "b"],
        "x": [1.0, NAN, 3.0, 4.0, 5.0, 6.0],
        "ok": [True, False, True, None, False, False],
    }
)
GROUPED = LONG.groupby("id").agg(list)
PLAIN = {
    "word": [["a", "b", None], ["", "b"], ["é😀"]],
    "x": [[1.0, NAN, 3.0], [5.0, 6.0], [4.0]],
    "ok": [[True, False, True], [False, False], [None]],
}


class OnlyStream:
    """Offer a table through the C interface and nothing else."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def as_cells(frame, make):
    """Convert each cell of a frame."""
    out = pd.DataFrame(index=frame.index)
    for name in frame.columns:
        cells = np.empty(len(frame), dtype=object)
        for i, cell in enumerate(frame[name]):
            cells[i] = make(cell)
        out[name] = cells
    return out


def as_arrow_dtype(table, index=None):
    """Make a pandas frame whose columns are in Arrow's memory."""
    columns = {
        name: pd.Series(pd.arrays.ArrowExtensionArray(table[name]), index=index)
        for name in table.column_names
    }
    return pd.DataFrame(columns)


def _embedder():
    return LSTMSequenceEmbedder(n_components=4, max_epochs=1, random_state=0)


def _predictor():
    return LSTMSequencePredictor(n_components=4, max_epochs=1, random_state=0)


def _frame_of(sequences):
    """Make a frame with the columns of `GROUPED` from lists of time steps."""
    rows = [list(map(list, zip(*steps, strict=True))) for steps in sequences]
    return pd.DataFrame(rows, columns=GROUPED.columns)


def assert_same_frame(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    elif isinstance(expected, pl.DataFrame):
        assert found.schema == expected.schema
        assert found.equals(expected)
    else:
        assert found.schema == expected.schema
        # NaN does not equal itself, but its text does.
        assert str(found.to_pydict()) == str(expected.to_pydict())


TABLE = pa.table(PLAIN)
LARGE = pa.table(
    {
        "word": pa.array(PLAIN["word"], pa.large_list(pa.large_string())),
        "x": pa.array(PLAIN["x"], pa.large_list(pa.float32())),
        "ok": pa.array(PLAIN["ok"], pa.large_list(pa.bool_())),
    }
)
FORMS = {
    "groupby": GROUPED,
    "lists": pd.DataFrame(PLAIN),
    "arrays": as_cells(pd.DataFrame(PLAIN), lambda x: np.array(x, dtype=object)),
    "tuples": as_cells(pd.DataFrame(PLAIN), tuple),
    "pandas Series": as_cells(
        pd.DataFrame(PLAIN), lambda x: pd.Series(x, dtype=object)
    ),
    "polars Series": as_cells(pd.DataFrame(PLAIN), pl.Series),
    "Arrow arrays": as_cells(pd.DataFrame(PLAIN), pa.array),
    "Arrow dtype": as_arrow_dtype(TABLE, index=[5, 3, 1]),
    "polars": pl.DataFrame(PLAIN),
    "Arrow table": TABLE,
    "large lists": LARGE,
    "chunks": pa.concat_tables([TABLE[:1], TABLE[1:]]),
    "slice": pa.concat_tables([TABLE[2:], TABLE]).combine_chunks()[1:],
    "slice of polars": pl.concat([pl.DataFrame(PLAIN)[2:], pl.DataFrame(PLAIN)])[1:],
    "record batch": TABLE.to_batches()[0],
    "stream": OnlyStream(TABLE),
    "reader": OnlyStream(TABLE.to_reader()),
}


@pytest.mark.parametrize("X", FORMS.values(), ids=FORMS)
def test_each_column_is_a_feature(X):
    X = OnlyStream(TABLE.to_reader()) if isinstance(X, OnlyStream) else X
    sequences, schema = read(X)

    assert schema.kinds == ("string", "numeric", "bool")
    assert sequences.lengths.tolist() == [3, 2, 1]
    assert values_of(sequences) == [
        ["a", "b", None, "", "b", "é😀"],
        [True, False, True, False, False, None],
    ]
    assert sequences.categorical[0].categories.tolist() == ["", "a", "b", "é😀"]
    assert_array_equal(sequences.blocks[0][:, 0], [1.0, NAN, 3.0, 5.0, 6.0, 4.0])
    assert schema.feature_names == ("word", "x", "ok")
    assert schema.n_features == 3
    assert schema.is_categorical.tolist() == [True, False, True]


BACK = {
    "groupby": LONG.dropna().groupby("id").agg(list),
    "lists": pd.DataFrame(PLAIN, index=list("xyz")),
    "arrays": pd.DataFrame({"x": [np.array([1.0, 2.0]), np.array([NAN, 3.0])]}),
    "float32": pd.DataFrame({"x": [np.ones(2, "f4"), np.ones(3, "f4")]}),
    "arrays of strings": as_cells(
        pd.DataFrame({"w": [["a", "b"], ["c", None]]}),
        lambda x: np.array(x, dtype=object),
    ),
    "Arrow dtype": as_arrow_dtype(TABLE, index=[5, 3, 1]),
    "strings": pd.DataFrame({"text": ["abc", "é😀"], "name": ["xyz", "ab"]}),
    "string[pyarrow]": pd.DataFrame({"text": ["ab", "c"]}, dtype="string[pyarrow]"),
    "strings of Arrow's": pd.DataFrame(
        {"text": ["ab", "c"]}, dtype=pd.ArrowDtype(pa.string())
    ),
    "polars": pl.DataFrame(PLAIN),
    "polars float32": pl.DataFrame(
        {"x": [[1.0, None], [2.0]]}, schema={"x": pl.List(pl.Float32)}
    ).with_columns(pl.col("x").list.eval(pl.element().fill_null(NAN))),
    "polars strings": pl.DataFrame({"text": ["abc", "é😀"]}),
    "Arrow table": TABLE,
    "large lists": LARGE,
    "Arrow strings": pa.table({"text": ["abc", "é😀"]}),
}


@pytest.mark.parametrize("X", BACK.values(), ids=BACK)
def test_frames_come_back_unchanged(X):
    assert_same_frame(round_trip(X), X)


def test_a_duckdb_relation_is_read_through_its_stream():
    table = duckdb.from_df(LONG.reset_index())
    relation = table.query(
        "events",
        "SELECT list(word ORDER BY index) AS word, list(x ORDER BY index) AS x, "
        "list(ok ORDER BY index) AS ok FROM events GROUP BY id ORDER BY id",
    )
    embedder = LSTMSequenceEmbedder(4, max_epochs=1, random_state=0).fit(relation)

    recreated = embedder.reconstruct(relation)

    assert embedder.feature_names_in_.tolist() == ["word", "x", "ok"]
    assert_array_equal(embedder.transform(relation), embedder.transform(GROUPED))
    assert isinstance(recreated, pa.Table)
    assert recreated.column_names == ["word", "x", "ok"]
    assert [len(cell) for cell in recreated["word"].to_pylist()] == [3, 2, 1]


def test_lists_in_cells_may_be_of_fixed_size():
    X = pa.table({"x": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float64(), 2))})

    sequences, _ = read(X)

    assert sequences.lengths.tolist() == [2, 2]
    assert_same_frame(round_trip(X), X)


def test_fixed_size_lists_of_another_length_become_plain_lists():
    X = pa.table({"x": pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2))})
    _, schema = read(X)
    longer, _ = read([[1.0, 2.0, 3.0], [4.0]])

    built = schema.without_rows().build(contiguous(longer))

    assert built["x"].to_pylist() == [[1.0, 2.0, 3.0], [4.0]]


def test_categoricals_in_polars_lists_stay_categoricals():
    X = pl.DataFrame({"w": [["b", "a"], ["a", None]]})
    X = X.cast(pl.List(pl.Categorical))

    back = round_trip(X)

    assert back.schema == X.schema
    assert back["w"].to_list() == X["w"].to_list()


def test_arrow_tables_of_numbers_come_back_unchanged():
    X = pa.table({"0": [1.0, 2.0], "1": [None, 3.0]})

    back = round_trip(X)

    assert back.column_names == ["0", "1"]
    assert back["0"].to_pylist() == [1.0, 2.0]
    assert np.isnan(back["1"][0].as_py())


def test_columns_of_missing_values_keep_their_type():
    X = pa.table(
        {
            "w": pa.array([[None], [None]], pa.list_(pa.string())),
            "b": pa.array([[None], [None]], pa.list_(pa.bool_())),
            "x": [[1.0], [2.0]],
        }
    )

    assert_same_frame(round_trip(X), X)


def test_integers_and_decimals_are_numbers():
    X = pa.table({"i": [[1, 2], [3]], "d": pa.array([[1, None], [2]])})
    X = X.set_column(1, "d", X["d"].cast(pa.list_(pa.decimal128(21, 1))))

    sequences, schema = read(X)

    assert schema.kinds == ("numeric", "numeric")
    assert sequences.blocks[0].dtype == np.int64
    assert_array_equal(sequences.blocks[1][:, 0], [1.0, NAN, 2.0])


def test_numbers_listed_by_name_are_categories():
    sequences, schema = read(GROUPED, categorical_features=["word", "x", "ok"])

    assert schema.kinds == ("string", "number", "bool")
    assert sequences.blocks == ()
    assert sequences.categorical[1].categories.tolist() == [1, 3, 4, 5, 6]
    found = schema.build(contiguous(sequences))["x"].tolist()
    assert str(found) == str(GROUPED["x"].tolist())


@pytest.mark.parametrize(
    ("option", "error", "match"),
    [
        (["nope"], ValueError, r"lists 'nope', which is not in X.*\['word', 'x', 'ok"),
        ([3], ValueError, r"lists 3: indices must be integers in \[0, 2\]"),
        (
            ["x"],
            TypeError,
            r"Column 'word' of X, row 0 \(index 7\), holds strings \('a",
        ),
        (None, TypeError, r"Column 'word' of X, row 0 \(index 7\), holds strings"),
    ],
)
def test_invalid_categorical_features_are_refused(option, error, match):
    with pytest.raises(error, match=match):
        read(GROUPED, categorical_features=option)


# No copies


NUMBERS = pa.table({"x": [[9.0], [1.0, 2.0], [3.0]], "y": [[9], [4, 5], [6]]})


@pytest.mark.parametrize("n_left_out", [0, 1], ids=["whole", "slice"])
@pytest.mark.parametrize("make", [lambda x: x, as_arrow_dtype], ids=["table", "pandas"])
def test_numbers_in_arrows_memory_are_not_copied(make, n_left_out):
    X = make(NUMBERS)[n_left_out:]

    sequences, _ = read(X)

    for block, column in zip(sequences.blocks, NUMBERS.columns, strict=True):
        values = column.chunk(0).values.to_numpy()[n_left_out:]
        assert np.shares_memory(block, values)
        assert_array_equal(block[:, 0], values)
    assert sequences.starts[0] == 0


def test_numbers_of_a_polars_frame_are_not_copied():
    X = pl.DataFrame({"x": [np.arange(1000.0), np.arange(500.0)]})

    sequences, _ = read(X)

    assert np.shares_memory(sequences.blocks[0], X["x"].explode().to_numpy())


@pytest.mark.parametrize("X", [GROUPED, pd.DataFrame(PLAIN), pl.DataFrame(PLAIN)])
def test_reading_does_not_change_X(X):
    before = copy.deepcopy(X)

    round_trip(X)

    assert_same_frame(X, before)


# Rows


@pytest.mark.parametrize("X", [GROUPED, pl.DataFrame(PLAIN)], ids=["pandas", "polars"])
def test_parts_of_a_frame_come_back_as_frames(X):
    train, test = train_test_split(X, random_state=0)

    schema = schema_of(train)
    sequences, found = read(test, schema=schema)

    assert len(sequences) == 1
    assert type(found.build(contiguous(sequences))) is type(X)
    if isinstance(X, pd.DataFrame):
        assert found.index is test.index


def test_a_fitted_schema_holds_no_rows():
    schema = schema_of(GROUPED)
    sequences, _ = read(GROUPED[1:])

    built = schema.build(contiguous(sequences))

    assert built.index.tolist() == [0, 1]
    assert schema.origins == ()


# After fit


@pytest.mark.parametrize(
    "X",
    [
        GROUPED,
        pd.DataFrame(PLAIN),
        pl.DataFrame(PLAIN),
        TABLE,
        GROUPED.assign(word=[[None] * 3, [None] * 2, [None]]),
        as_arrow_dtype(TABLE),
    ],
    ids=["same", "pandas", "polars", "Arrow", "nothing in a column", "Arrow dtype"],
)
def test_frames_of_all_libraries_are_accepted_after_fit_on_one(X):
    schema = schema_of(GROUPED)

    _, found = read(X, schema=schema)

    assert found.kinds == ("string", "numeric", "bool")


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (GROUPED.rename(columns={"x": "z"}), "feature names should match"),
        (GROUPED[["x", "word", "ok"]], "must be in the same order"),
        (GROUPED[["x"]], "feature names should match"),
    ],
    ids=["other names", "other order", "one missing"],
)
def test_other_columns_than_in_fit_are_refused_in_scikit_learns_words(X, match):
    embedder = _embedder().fit(GROUPED)

    with pytest.raises(ValueError, match=match):
        embedder.transform(X)


@pytest.mark.parametrize(
    "X",
    [
        GROUPED.rename(columns={"x": "z"}),
        GROUPED[["x", "word", "ok"]],
        GROUPED[["x"]],
    ],
    ids=["other names", "other order", "one missing"],
)
def test_other_columns_than_in_the_schema_are_refused(X):
    schema = schema_of(GROUPED)

    with pytest.raises(ValueError, match=r"expected \['word', 'x', 'ok'\] in this ord"):
        read(X, schema=schema)


def test_another_kind_than_in_fit_is_refused():
    schema = schema_of(GROUPED)

    match = (
        r"Column 'x' of X, row 0 \(index 7\), holds strings \('a' at time step 0\), "
    )
    with pytest.raises(TypeError, match=match + "expected numbers as in fit"):
        read(GROUPED.assign(x=GROUPED["word"]), schema=schema)


NOTHING = pa.table({"x": pa.array([[None], [None, None]], pa.list_(pa.string()))})


@pytest.mark.parametrize(
    ("fit_X", "kind"),
    [
        (pd.DataFrame({"x": [[1.0], [2.0]], "y": [["a"], ["b"]]}), "numeric"),
        (pd.DataFrame({"x": [[True], [False]], "y": [["a"], ["b"]]}), "bool"),
        (
            pd.DataFrame({"x": [[pd.Timestamp("2020")]] * 2, "y": [["a"], ["b"]]}),
            "datetime",
        ),
    ],
    ids=["numbers", "bools", "times"],
)
def test_a_column_of_missing_values_is_accepted_for_any_kind(fit_X, kind):
    schema = schema_of(fit_X)
    X = NOTHING.append_column("y", pa.array([["a"], ["b", "c"]]))

    sequences, found = read(X, schema=schema)

    assert found.kinds == (kind, "string")
    assert all(np.isnan(block).all() for block in sequences.blocks)
    assert sequences.n_steps == 3


def test_a_column_of_missing_values_that_is_not_listed_is_numeric():
    X = NOTHING.append_column("y", pa.array([[1.0], [2.0, 3.0]]))

    _, schema = read(X, categorical_features=None)

    assert schema.kinds == ("numeric", "numeric")


def test_a_list_after_a_frame_warns_as_scikit_learn_does():
    embedder = _embedder().fit(GROUPED)
    X = [[("a", 1.0, True)]]

    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        vectors = embedder.transform(X)

    assert_array_equal(vectors, embedder.transform(_frame_of(X)))


def test_a_frame_after_a_list_warns_as_scikit_learn_does():
    X = [[("a", 1.0, True), ("b", 2.0, False)], [("b", 3.0, False)]]
    embedder = _embedder().fit(X)

    with pytest.warns(UserWarning, match="X has feature names, but"):
        vectors = embedder.transform(_frame_of(X))

    assert_array_equal(vectors, embedder.transform(X))


def test_a_frame_of_one_column_is_accepted_after_fit_on_a_table():
    schema = schema_of(np.ones((2, 3)))

    sequences, _ = read(GROUPED[["x"]], schema=schema)

    assert sequences.lengths.tolist() == [3, 2, 1]


# Refused input


def frame(**columns):
    return pd.DataFrame(columns, index=["p", "q"])


REFUSED = {
    "lengths": (
        frame(a=[[1, 2], [3]], b=[[1, 2], [3, 4]]),
        ValueError,
        r"X has 1 time step in column 'a', but 2 in column 'b', at row 1 \(index 'q'",
    ),
    "lengths in Arrow": (
        pa.table({"a": [[1, 2]], "b": [["x"]]}),
        ValueError,
        r"X has 2 time steps in column 'a', but 1 in column 'b', at row 0\.",
    ),
    "scalars beside sequences": (
        frame(a=[[1, 2], [3]], b=[1, 2]),
        TypeError,
        r"Column 'a' of X holds sequences, but column 'b' holds single.*ColumnTransfor",
    ),
    "scalars beside sequences in polars": (
        pl.DataFrame({"n": [1], "a": [[1, 2]]}),
        TypeError,
        r"Column 'a' of X holds sequences, but column 'n'",
    ),
    "scalars beside sequences in Arrow": (
        pa.table({"n": [1], "a": [[1, 2]]}),
        TypeError,
        r"Column 'a' of X holds sequences, but column 'n'",
    ),
    "times beside sequences": (
        frame(t=pd.date_range("2020", periods=2), a=[[1, 2], [3]]),
        TypeError,
        r"Column 'a' of X holds sequences, but column 't'",
    ),
    "a scalar among lists": (
        frame(a=[[1, 2], 3]),
        TypeError,
        r"Column 'a' of X, row 1 \(index 'q'\), is a single value of type int",
    ),
    "None": (frame(a=[[1], None]), ValueError, r"row 1 \(index 'q'\), is missing"),
    "NaN": (frame(a=[NAN, [1]]), ValueError, r"row 0 \(index 'p'\), is missing"),
    "NA": (frame(a=[[1], pd.NA]), ValueError, r"row 1 \(index 'q'\), is missing"),
    "nothing in a column": (
        frame(a=[[1], [2]], b=[None, None]),
        ValueError,
        r"Column 'b' of X, row 0 \(index 'p'\), is missing",
    ),
    "structs in place of numbers": (
        pl.DataFrame({"a": [{"b": 1}]}),
        TypeError,
        r"Column 'a' of X, row 0, holds a value of type dict, but each value",
    ),
    "dictionaries in place of numbers": (
        frame(x=[1.0, 2.0], a=[1, {"b": 1}]),
        TypeError,
        r"Column 'a' of X, row 1, holds a value of type dict, but each value",
    ),
    "structs in Arrow": (
        pa.table({"a": [{"b": 1}]}),
        TypeError,
        r"Column 'a' of X, row 0, holds a value of type dict",
    ),
    "columns of one name": (
        pd.DataFrame([[[1], [2]], [[3], [4]]], columns=["a", "a"]),
        ValueError,
        r"X has several columns 'a'\. Rename them",
    ),
    "sets": (
        frame(a=[[1], {1}]),
        TypeError,
        r"Column 'a' of X, row 1 \(index 'q'\), is of type set, expected a list",
    ),
    "times and numbers": (
        frame(a=[[pd.Timestamp("2020")], [pd.Timestamp("2021"), 3]]),
        TypeError,
        r"Column 'a' of X, row 1 \(index 'q'\), holds int values \(3 at time step 1\), "
        r"but an earlier value is Timestamp",
    ),
    "a lazy frame": (
        pl.LazyFrame(PLAIN),
        TypeError,
        r"X is of type polars.LazyFrame, expected .*X.collect\(\)",
    ),
    "a missing string": (frame(a=["b", None]), ValueError, r"Column 'a'.*is missing"),
    "null in polars": (
        pl.DataFrame({"a": [[1], None]}),
        ValueError,
        r"Column 'a' of X, row 1, is null",
    ),
    "empty list": (
        frame(a=[[1], []]),
        ValueError,
        r"Column 'a' of X, row 1 \(index 'q'\), has no time steps",
    ),
    "empty string": (frame(a=["b", ""]), ValueError, r"row 1 .*, has no time steps"),
    "empty list in Arrow": (
        pa.table({"a": [[1], []]}),
        ValueError,
        r"Column 'a' of X, row 1, has no time steps",
    ),
    "nested lists": (
        frame(a=[[1, 2], [[1, 2], [3, 4]]]),
        TypeError,
        r"Column 'a' of X, row 1 \(index 'q'\), is nested.*column of each feature",
    ),
    "2-D arrays": (
        frame(a=[np.ones((2, 2)), np.ones((3, 2))]),
        TypeError,
        r"Column 'a' of X, row 0 \(index 'p'\), is nested",
    ),
    "nested Arrow": (
        pa.table({"a": [[[1.0, 2.0]]]}),
        TypeError,
        r"Column 'a' of X holds lists of lists \(list<.*, row 0\)",
    ),
    "structs": (
        pa.table({"a": [[{"b": 1}]]}),
        TypeError,
        r"Column 'a' of X holds list",
    ),
    "strings and numbers": (
        frame(a=[["x"], ["y", 1]]),
        TypeError,
        r"Column 'a' of X, row 1 \(index 'q'\), holds int values \(1 at time step 1\)",
    ),
    "strings and lists": (
        frame(a=["xy", ["y"]]),
        TypeError,
        r"Column 'a' of X, row 1 \(index 'q'\), is of type list, but row 0 \(index 'p'",
    ),
    "bytes": (frame(a=[b"xy", b"z"]), TypeError, r"row 0 .*, holds bytes.*decode"),
    "dictionaries": (
        frame(a=[[1], {"b": 1}]),
        TypeError,
        r"Column 'a' of X, row 1 \(index 'q'\), is a single value of type dict",
    ),
    "infinity": (
        frame(w=[["x"], ["y", "z"]], a=[[1.0], [2.0, np.inf]]),
        ValueError,
        r"X\[1\] is infinite at time step 1, feature 1 \('a'\)",
    ),
    "nothing observed": (
        frame(w=[["x"], [None, None]], a=[[1.0], [NAN, None]]),
        ValueError,
        r"X\[1\] has no observed value",
    ),
    "durations": (
        frame(a=[[pd.Timedelta(1, "s")], [pd.Timedelta(1, "s")]]),
        TypeError,
        r"Column 'a' of X, row 0 \(index 'p'\), must hold numbers.*total_seconds\(\)",
    ),
    "durations in arrays": (
        frame(a=[np.array([1], "m8[s]")] * 2),
        TypeError,
        r"Column 'a' of X, row 0 .* timedelta64.* to seconds",
    ),
    "no rows": (
        pa.table({"a": pa.array([], pa.list_(pa.int8()))}),
        ValueError,
        "empty",
    ),
}


@pytest.mark.parametrize(("X", "error", "match"), REFUSED.values(), ids=REFUSED)
def test_unsupported_input_is_refused_with_a_reason(X, error, match):
    with pytest.raises(error, match=match):
        read(X)


def test_frames_of_numbers_are_tables():
    for X in (pd.DataFrame({"a": [1.0], "b": [2.0]}), pa.table({"a": [1], "b": [2]})):
        sequences, schema = read(X)

        assert schema.is_table
        assert sequences.lengths.tolist() == [2]


def test_the_message_names_the_extra_if_pyarrow_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ImportError, match=r"sklearn-seqembed\[dataframe\]"):
        read(pl.DataFrame(PLAIN))


# Subclasses, whose index must not become a feature


class Subframe(pd.DataFrame):
    """A frame as geopandas and others make it."""

    @property
    def _constructor(self):
        return Subframe

    @property
    def _constructor_sliced(self):
        return Subseries


class Subseries(pd.Series):
    """A Series of such a frame."""

    @property
    def _constructor(self):
        return Subseries


NUMBERS_FRAME = pd.DataFrame(
    {"a": [1.0, 2.0, 4.0], "b": [3.0, 5.0, NAN]}, index=[70, 80, 90]
)
SERIES = {
    "strings": pd.Series(["ab", "c", "ba"], index=[70, 80, 90]),
    "lists": pd.Series([[1.0, 2.0], [3.0], [4.0, 5.0]], index=[70, 80, 90]),
    "Arrow": pd.Series(
        pd.arrays.ArrowExtensionArray(pa.array([[1.0, 2.0], [3.0], [4.0]])),
        index=[70, 80, 90],
    ),
}
frames_of_both_kinds = pytest.mark.parametrize(
    "X",
    [GROUPED, as_arrow_dtype(TABLE, index=[5, 3, 1]), NUMBERS_FRAME],
    ids=["sequences", "Arrow dtype", "numbers"],
)
all_series = pytest.mark.parametrize("X", SERIES.values(), ids=SERIES)


@frames_of_both_kinds
def test_a_subclass_of_a_frame_is_embedded_as_the_frame(X):
    expected = _embedder().fit(X)

    embedder = _embedder().fit(Subframe(X))

    assert embedder.feature_names_in_.tolist() == list(X.columns)
    assert embedder.n_features_in_ == X.shape[1]
    assert_array_equal(embedder.transform(Subframe(X)), expected.transform(X))
    assert_array_equal(embedder.transform(X), expected.transform(X))


@frames_of_both_kinds
def test_a_subclass_of_a_frame_comes_back_as_a_frame(X):
    expected = _embedder().fit(X)
    embedder = _embedder().fit(Subframe(X))
    vectors = embedder.transform(X)

    pd.testing.assert_frame_equal(
        embedder.reconstruct(Subframe(X)), expected.reconstruct(X)
    )
    pd.testing.assert_frame_equal(
        embedder.inverse_transform(vectors), expected.inverse_transform(vectors)
    )


@all_series
def test_a_subclass_of_a_series_is_embedded_as_the_series(X):
    expected = _embedder().fit(X)

    embedder = _embedder().fit(Subseries(X))

    assert embedder.n_features_in_ == 1
    assert_array_equal(embedder.transform(Subseries(X)), expected.transform(X))
    pd.testing.assert_series_equal(
        embedder.reconstruct(Subseries(X)), expected.reconstruct(X)
    )


@pytest.mark.parametrize(
    ("y", "subclass"),
    [
        (GROUPED[["word", "x"]], Subframe),
        (NUMBERS_FRAME, Subframe),
        (pd.DataFrame({"label": pd.Categorical(["u", "v", "u"])}), Subframe),
        *[(series, Subseries) for series in SERIES.values()],
        (pd.Series([1.0, 2.0, 4.0], index=[70, 80, 90]), Subseries),
        (pd.Series(["u", "v", "u"], dtype="category"), Subseries),
    ],
    ids=["sequences", "numbers", "label", *SERIES, "single values", "labels"],
)
def test_targets_of_a_subclass_are_predicted_as_those_of_its_base(y, subclass):
    expected = _predictor().fit(GROUPED, y)

    predictor = _predictor().fit(Subframe(GROUPED), subclass(y))

    found, other = predictor.predict(Subframe(GROUPED)), expected.predict(GROUPED)
    assert type(found) is type(other)
    if isinstance(other, pd.DataFrame):
        pd.testing.assert_frame_equal(found, other)
    elif isinstance(other, pd.Series):
        pd.testing.assert_series_equal(found, other)
    else:
        assert_array_equal(found, other)
    assert predictor.score(GROUPED, subclass(y)) == expected.score(GROUPED, y)


@frames_of_both_kinds
def test_a_subclass_of_a_frame_is_compared_without_its_index(X):
    moved = X.set_axis(range(len(X)))

    assert exact_match_score(Subframe(X), moved) == 1.0
    assert token_match_score(X, Subframe(moved)) == 1.0


@all_series
def test_a_subclass_of_a_series_is_compared_without_its_index(X):
    assert exact_match_score(Subseries(X), X.to_list()) == 1.0
    assert token_match_score(X.to_list(), Subseries(X)) == 1.0


@pytest.mark.parametrize("missing", [None, np.nan, pd.NaT, pd.NA], ids=str)
def test_missing_objects_in_a_table_of_numbers(missing):
    table = pd.DataFrame({"t0": [1.0, 2.0, 4.0], "t1": [2.0, missing, 3.0]}, dtype="O")

    sequences, _ = read(table)

    np.testing.assert_array_equal(sequences.rows(1)[:, 0], [2.0, np.nan])
    assert table["t1"][1] is missing


def test_durations_among_numbers_are_refused():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": pd.to_timedelta([1, 2], unit="s")})

    with pytest.raises(TypeError, match="Column 'b' of X holds values of timedelta"):
        read(table)


def test_complex_numbers_among_objects_are_refused():
    table = pd.DataFrame({0: [1.0, 2.0], 1: [2.0, 1j]}, dtype=object)

    with pytest.raises(ValueError, match="Column 1 of X, row 1, holds 1j"):
        read(table)


def test_a_column_of_missing_cells_beside_text():
    table = pd.DataFrame({"a": ["ab", "c"], "b": [[1.0, 2.0], [3.0]], "c": [None] * 2})

    with pytest.raises(ValueError, match="Column 'c' of X, row 0 .* is missing"):
        read(table)


@pytest.mark.parametrize("cells", [[1.0, 2.0], ["a", "b"]], ids=["numbers", "mixed"])
def test_one_row_of_a_frame_of_sequences_is_refused_with_the_way_to_a_frame(cells):
    X = pd.DataFrame({"v": [[0.5, 1.5, 3.5]] * 6, "w": [[*cells, cells[0]]] * 6})
    embedder = LSTMSequenceEmbedder(4, max_epochs=0, random_state=0).fit(X)

    with pytest.raises(ValueError, match=r"X\.iloc\[\[0\]\] instead of"):
        embedder.transform(X.iloc[0])
    assert embedder.transform(X.iloc[[0]]).shape == (1, 4)
    single = LSTMSequenceEmbedder(4, max_epochs=0, random_state=0).fit(X[["v"]])
    assert single.transform(X["v"]).shape == (6, 4)
