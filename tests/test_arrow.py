"""Arrow lists are read without a copy, refused with a reason, and returned."""

import datetime
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from round_trips import contiguous, read
from sklearn.base import clone

from sklearn_seqembed import LSTMSequenceEmbedder

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

NAN = np.nan
FLAT = [[1.0, 2.0, NAN, 4.0], [5.0], [6.0, 7.0]]
EQUAL = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
STEPS = [[[1.0, 2.0], [3.0, NAN], [5.0, 6.0]], [[7.0, 8.0]], [[9.0, 10.0]]]
EQUAL_STEPS = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]

LIST = pa.list_(pa.float64())
LARGE = pa.large_list(pa.float64())
FIXED = pa.list_(pa.float64(), 2)
STEP_LIST = pa.list_(FIXED)


class OnlyArray:
    """Offer an array through the C interface and nothing else."""

    def __init__(self, array):
        self.array = array

    def __arrow_c_array__(self, requested_schema=None):
        return self.array.__arrow_c_array__(requested_schema)


class OnlyStream:
    """Offer chunks through the C interface and nothing else."""

    def __init__(self, chunked):
        self.chunked = chunked

    def __arrow_c_stream__(self, requested_schema=None):
        return self.chunked.__arrow_c_stream__(requested_schema)


def arrow_series(array, index=None):
    return pd.Series(pd.arrays.ArrowExtensionArray(array), index=index)


def embedder():
    return LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)


def assert_read_as(X, expected):
    sequences, _ = read(X)

    assert len(sequences) == len(expected)
    for i, values in enumerate(expected):
        values = np.asarray(values, dtype=float)
        assert_array_equal(sequences.rows(i), values.reshape(len(values), -1))


def address(array):
    return array.__array_interface__["data"][0]


FORMS = {
    "list": (pa.array(FLAT, LIST), FLAT),
    "large list": (pa.array(FLAT, LARGE), FLAT),
    "fixed-size list": (pa.array(EQUAL, FIXED), EQUAL),
    "chunks": (pa.chunked_array([FLAT[:1], FLAT[1:]], LIST), FLAT),
    "an empty chunk": (pa.chunked_array([FLAT[:2], [], FLAT[2:]], LIST), FLAT),
    "part of a list": (pa.array(FLAT, LIST)[1:], FLAT[1:]),
    "part of a large list": (pa.array(FLAT, LARGE)[:2], FLAT[:2]),
    "part of a fixed-size list": (pa.array(EQUAL, FIXED)[1:], EQUAL[1:]),
    "part of chunks": (pa.chunked_array([FLAT[:1], FLAT[1:]], LIST)[1:], FLAT[1:]),
    "null as missing": (pa.array([[1.0, 2.0, None, 4.0], *FLAT[1:]], LIST), FLAT),
    "null among integers": (pa.array([[1, None], [3]]), [[1, NAN], [3]]),
    "null in one of two chunks": (
        pa.chunked_array([[[1, 2]], [[None, 4]]], pa.list_(pa.int32())),
        [[1, 2], [NAN, 4]],
    ),
    "list of fixed-size steps": (pa.array(STEPS, STEP_LIST), STEPS),
    "list of lists of one width": (pa.array(STEPS, pa.list_(LIST)), STEPS),
    "large list of large lists": (pa.array(STEPS, pa.large_list(LARGE)), STEPS),
    "fixed-size list of steps": (
        pa.array(EQUAL_STEPS, pa.list_(FIXED, 2))[1:],
        EQUAL_STEPS[1:],
    ),
    "chunks of steps": (pa.chunked_array([STEPS[:1], STEPS[1:]], STEP_LIST), STEPS),
    "part of steps": (pa.array(STEPS, STEP_LIST)[1:], STEPS[1:]),
    "part of lists of steps": (pa.array(STEPS, pa.list_(LIST))[1:], STEPS[1:]),
    "null as missing step": (
        pa.array([[[1.0, 2.0], None], [[3.0, 4.0]]], STEP_LIST),
        [[[1, 2], [NAN, NAN]], [[3, 4]]],
    ),
    "null as missing step of integers": (
        pa.array([[None, [1, 2]], [[3, 4]]]),
        [[[NAN, NAN], [1, 2]], [[3, 4]]],
    ),
    "a chunk of null steps": (
        pa.chunked_array([[[[1.0, 2.0], None]], [[None, [3.0, 4.0]]]], pa.list_(LIST)),
        [[[1, 2], [NAN, NAN]], [[NAN, NAN], [3, 4]]],
    ),
    "polars Series": (pl.Series(FLAT), FLAT),
    "polars Series with null": (pl.Series([[1, None], [3]]), [[1, NAN], [3]]),
    "polars Series of arrays": (pl.Series(EQUAL, dtype=pl.Array(pl.Float64, 2)), EQUAL),
    "polars Series of steps": (
        pl.Series(STEPS, dtype=pl.List(pl.Array(pl.Float64, 2))),
        STEPS,
    ),
    "part of a polars Series": (pl.Series(FLAT)[1:], FLAT[1:]),
    "pandas Series": (arrow_series(pa.array(FLAT, LIST), [5, 3, 1]), FLAT),
    "chunks in a pandas Series": (
        arrow_series(pa.chunked_array([FLAT[:1], FLAT[1:]], LIST)),
        FLAT,
    ),
    "part of a pandas Series": (arrow_series(pa.array(FLAT, LIST)).iloc[1:], FLAT[1:]),
    "what offers an array": (OnlyArray(pa.array(FLAT, LIST)), FLAT),
    "what offers a stream": (
        OnlyStream(pa.chunked_array([FLAT[:1], FLAT[1:]], LIST)),
        FLAT,
    ),
    "list of Arrow arrays": (
        [pa.array(x[:2] + [None]) for x in FLAT],
        [x[:2] + [NAN] for x in FLAT],
    ),
}
forms = pytest.mark.parametrize(("X", "expected"), FORMS.values(), ids=FORMS)


@forms
def test_every_container_is_read_as_the_same_time_steps(X, expected):
    assert_read_as(X, expected)


@forms
def test_every_container_gives_the_vectors_of_a_list_of_arrays(X, expected):
    model = embedder()

    vectors = model.fit_transform(X)
    reconstructed = model.reconstruct(X)
    decoded = model.inverse_transform(vectors)

    arrays = [np.asarray(x, dtype=float).reshape(len(x), -1) for x in expected]
    assert_allclose(vectors, model.transform(arrays), atol=1e-5)
    sequences, _ = read(reconstructed)
    assert sequences.lengths.tolist() == [len(x) for x in expected]
    for i, same in enumerate(model.reconstruct(arrays)):
        assert_allclose(sequences.rows(i), same, atol=1e-4)
    assert len(decoded) == len(expected)


def test_vectors_are_those_of_a_list_of_arrays():
    as_arrays = [np.asarray(x) for x in STEPS]

    vectors = embedder().fit_transform(pa.array(STEPS, STEP_LIST))

    assert_array_equal(vectors, embedder().fit_transform(as_arrays))


def test_a_fixed_size_list_is_one_feature_rather_than_a_table():
    model = embedder().fit(pa.array(EQUAL, FIXED))

    vectors = model.transform(pa.array(FLAT, LIST))

    assert model.n_features_in_ == 1
    assert vectors.shape == (3, 2)


@pytest.mark.parametrize(
    ("X", "numbers"),
    [
        (pa.array(FLAT, LIST), lambda X: X.values),
        (pa.array(FLAT, LARGE), lambda X: X.values),
        (pa.array(EQUAL, FIXED), lambda X: X.values),
        (pa.chunked_array([FLAT], LIST), lambda X: X.chunk(0).values),
        (pa.array(STEPS, STEP_LIST), lambda X: X.values.values),
        (pa.array(STEPS, pa.list_(LIST)), lambda X: X.values.values),
        (
            arrow_series(pa.array(FLAT, LIST)),
            lambda X: X.array.__arrow_array__().chunk(0).values,
        ),
    ],
    ids=["list", "large", "fixed", "one chunk", "steps", "lists of lists", "pandas"],
)
def test_one_chunk_without_nulls_is_not_copied(X, numbers):
    sequences, _ = read(X)

    found = numbers(X).to_numpy()
    assert np.shares_memory(sequences.blocks[0], found)
    assert address(sequences.blocks[0]) == address(found)


def test_a_part_is_not_copied():
    X = pa.array(FLAT, LIST)

    sequences, _ = read(X[1:])

    # Four numbers of 8 bytes belong to the sequence left out.
    assert address(sequences.blocks[0]) == address(X.values.to_numpy()) + 32
    assert sequences.starts.tolist() == [0, 1]


def test_nulls_outside_a_part_make_no_copy():
    X = pa.array([[None, 1.0], [2.0, 3.0]], LIST)

    sequences, _ = read(X[1:])

    assert address(sequences.blocks[0]) == X.values.buffers()[1].address + 16


def test_a_polars_series_is_not_copied():
    X = pl.Series([np.arange(1000.0), np.arange(500.0)])

    sequences, _ = read(X)

    # explode() of one chunk returns the inner values themselves.
    assert np.shares_memory(sequences.blocks[0], X.explode().to_numpy())


def test_nothing_is_written_into_arrows_buffers():
    X = pa.array(STEPS, STEP_LIST)
    before = pa.array(STEPS, STEP_LIST)
    model = embedder().set_params(scaler=None)

    model.partial_fit(X).fit(X).reconstruct(X)
    model.score(X), model.score_samples(X)

    assert not read(X)[0].blocks[0].flags.writeable
    assert_array_equal(X.values.values.to_numpy(), before.values.values.to_numpy())


@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "float16", "int64", "int32", "int8", "uint8"],
)
@pytest.mark.parametrize("n_chunks", [1, 2])
def test_numbers_keep_their_dtype(dtype, n_chunks):
    values = pa.array(np.array([0, 1, 1], dtype=dtype))
    lists = pa.ListArray.from_arrays([0, 2, 3], values)

    sequences, _ = read(pa.chunked_array([lists] * n_chunks))

    assert sequences.blocks[0].dtype == dtype
    assert_array_equal(sequences.blocks[0][:3, 0], [0, 1, 1])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_nulls_keep_the_floating_dtype(dtype):
    values = pa.array(np.array([1, 2, 3], dtype=dtype), mask=np.array([0, 1, 0], bool))

    sequences, _ = read(pa.ListArray.from_arrays([0, 2, 3], values))

    assert sequences.blocks[0].dtype == dtype
    assert_array_equal(sequences.blocks[0][:, 0], [1, NAN, 3])


BACK = {
    "list": (pa.array(FLAT, LIST), LIST),
    "large list": (pa.array(FLAT, LARGE), LARGE),
    "fixed-size list": (pa.array(EQUAL, FIXED), FIXED),
    "chunks": (pa.chunked_array([FLAT, FLAT], LARGE), LARGE),
    "float32": (pa.array(FLAT, pa.list_(pa.float32())), pa.list_(pa.float32())),
    "integers": (pa.array([[1, 2], [3]]), LIST),
    "steps": (pa.array(STEPS, STEP_LIST), STEP_LIST),
    "one feature in steps": (
        pa.array([[[1.0], [2.0]], [[3.0]]], pa.list_(pa.list_(pa.float64(), 1))),
        pa.list_(pa.list_(pa.float64(), 1)),
    ),
    "lists of steps": (pa.array(STEPS, pa.large_list(LIST)), pa.large_list(FIXED)),
    "what offers an array": (OnlyArray(pa.array(FLAT, LARGE)), LARGE),
}


@pytest.mark.parametrize(("X", "arrow_type"), BACK.values(), ids=BACK)
def test_arrow_lists_come_back_as_arrow_lists(X, arrow_type):
    sequences, schema = read(X)

    built = schema.build(contiguous(sequences))

    assert isinstance(built, pa.Array)
    assert built.type == arrow_type
    assert_read_as(built, [sequences.rows(i) for i in range(len(sequences))])


def test_a_polars_series_comes_back_as_a_polars_series():
    X = pl.Series(FLAT, dtype=pl.List(pl.Float32))

    reconstructed = embedder().fit(X).reconstruct(X)

    assert isinstance(reconstructed, pl.Series)
    assert reconstructed.dtype == X.dtype
    assert reconstructed.list.len().to_list() == [4, 1, 2]


def test_a_pandas_series_comes_back_with_its_index():
    X = arrow_series(pa.array(FLAT, LIST), index=[7, 8, 9])
    model = embedder()

    vectors = model.fit_transform(X)

    assert_array_equal(model.reconstruct(X.iloc[1:]).index, [8, 9])
    assert model.reconstruct(X).dtype == X.dtype
    assert_array_equal(model.inverse_transform(vectors).index, [0, 1, 2])


def test_forecasts_of_arrow_lists_are_arrow_lists():
    X = pa.array([[1.0, 2.0, 3.0, 5.0], [2.0, 1.0, 0.0]], LARGE)
    model = embedder().set_params(objective="forecast", horizon=2).fit(X)

    found = model.forecast(X)

    assert found.type == LARGE
    assert found.value_lengths().to_pylist() == [2, 2]


REFUSED = {
    "null list": (
        pa.array([[1.0], None, [2.0]], LIST),
        ValueError,
        r"X\[1\] is null: .*drop_null\(\)",
    ),
    "null in the second chunk": (
        pa.chunked_array([[[1.0]], [[2.0], None]], LIST),
        ValueError,
        r"X\[2\] is null",
    ),
    "null fixed-size list": (
        pa.array([[1.0, 2.0], None], FIXED),
        ValueError,
        r"X\[1\] is null",
    ),
    "null in a polars Series": (
        pl.Series([None, [1.0]]),
        ValueError,
        r"X\[0\] is null",
    ),
    "empty list": (
        pa.array([[1.0], []], LIST),
        ValueError,
        r"X\[1\] has no time steps. Drop empty",
    ),
    "no list": (pa.array([], LIST), ValueError, r"X is empty: it holds 0 sequences"),
    "no chunk": (
        pa.chunked_array([], LIST),
        ValueError,
        r"X is empty: it holds 0 sequences",
    ),
    "all missing": (
        pa.array([[1.0], [None]], LIST),
        ValueError,
        r"X\[1\] has no observed value",
    ),
    "nothing but nulls": (
        pa.array([[None], [None]]),
        ValueError,
        r"X\[0\] has no observed value",
    ),
    "nothing but null steps": (
        pa.array([[None], [None]], pa.list_(LIST)),
        ValueError,
        r"X\[0\] has no observed value",
    ),
    "infinite": (
        pa.array([[1.0], [2.0, np.inf]], LIST),
        ValueError,
        r"X\[1\] is infinite at time step 1, feature 0",
    ),
    "steps of other widths": (
        pa.array([[[1.0, 2.0]], [[3.0, 4.0], [5.0]]], pa.list_(LIST)),
        ValueError,
        r"X\[1\] has 1 feature at time step 1, expected 2",
    ),
    "steps of other widths in other chunks": (
        pa.chunked_array([[[[1.0, 2.0]]], [[[3.0]]]], pa.list_(LIST)),
        ValueError,
        r"X\[1\] has 1 feature at time step 0, expected 2",
    ),
    "no features": (
        pa.array([[[]], [[]]], pa.list_(LIST)),
        ValueError,
        r"X\[0\] has no features",
    ),
    "no features in fixed-size steps": (
        pa.array([[[]], [[]]], pa.list_(pa.list_(pa.float64(), 0))),
        ValueError,
        r"X\[0\] has no features",
    ),
    "lists of lists of strings": (
        pa.array([[["a"]], [["b"]]]),
        TypeError,
        r"X holds list<.*string.*>, expected lists of numbers",
    ),
    "a null string": (pa.array(["a", None]), ValueError, r"X\[1\] is null"),
    "an empty string": (pa.array(["a", ""]), ValueError, r"X\[1\] has no time steps"),
    "durations": (
        pa.array([[datetime.timedelta(1)]]),
        TypeError,
        r"X holds list<.*duration.*>, .*total_seconds\(\)",
    ),
    "structs": (
        pa.array([[{"a": 1.0}]]),
        TypeError,
        r"X holds list<.*struct.*>, expected lists of numbers",
    ),
    "lists three deep": (
        pa.array([[[[1.0]]]]),
        TypeError,
        r"X holds list<.*>, expected lists of numbers",
    ),
    "dates": (pa.array([[datetime.date(2020, 1, 1)]]), TypeError, r"X holds list<"),
    "numbers": (
        pa.array([1.0, None]),
        ValueError,
        r"got an Arrow array of 2 numbers. Pass \[X\] if",
    ),
    "numbers in a polars Series": (
        pl.Series([1.0, 2.0]),
        ValueError,
        r"Expected sequences, got a 1-D array",
    ),
    "numbers in a pandas Series": (
        arrow_series(pa.array([1.0, 2.0])),
        ValueError,
        r"Expected sequences, got a 1-D array",
    ),
}


@pytest.mark.parametrize(("X", "error", "match"), REFUSED.values(), ids=REFUSED)
def test_unsupported_input_is_refused_with_a_reason(X, error, match):
    with pytest.raises(error, match=match):
        embedder().fit(X)


def test_the_remedies_in_messages_work():
    model = embedder()

    model.fit(pa.array([[1.0], None, [2.0]], LIST).drop_null())
    model.fit([pa.array([1.0, None, 2.0])])

    assert model.transform(pa.array([[1.0]], LIST)).shape == (1, 2)


def test_another_number_of_features_is_refused_after_fit():
    model = embedder().fit(pa.array(STEPS, STEP_LIST))

    with pytest.raises(ValueError, match=r"X has 1 features, but .* expecting 2"):
        model.transform(pa.array(FLAT, LIST))


def test_a_table_of_numbers_is_read_as_univariate_sequences():
    table = pa.table({"a": [1.0, 2.0, 4.0], "b": [3.0, 4.0, 0.0]})

    assert_read_as(table, [[1.0, 3.0], [2.0, 4.0], [4.0, 0.0]])


def test_without_pyarrow_a_polars_series_is_read_through_numpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    sequences, schema = read(pl.Series(EQUAL))

    built = schema.build(contiguous(sequences))
    assert isinstance(built, np.ndarray)
    assert built.dtype == object
    assert_array_equal(np.stack(built), EQUAL)


def test_a_fitted_estimator_holds_no_arrow_data():
    X = arrow_series(pa.array(FLAT, LIST))
    model = embedder().fit(X)

    again = clone(model).fit(X)

    assert_array_equal(again.transform(X), model.transform(X))
    held = vars(model._schema.container).values()
    assert model._schema.index is None
    assert not any(isinstance(value, pa.Array | pd.Series) for value in held)
