"""Results have the container, the dtype and the names of X."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_array_equal
from round_trips import as_object_array, read, round_trip, schema_of

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._data.sequences import Sequences

NAN = np.nan
RAGGED = [np.array([[1.0, 2.0], [3.0, NAN]]), np.array([[5.0, 6.0]])]
PADDED = np.array([[[1.0, 2.0], [3.0, NAN]], [[5.0, 6.0], [NAN, NAN]]])
TABLE = np.array([[1.0, 2.0, 3.0], [4.0, NAN, 6.0]])


def of_arrays(arrays):
    """Make contiguous sequences of one block."""
    offsets = np.cumsum([0, *map(len, arrays)])
    return Sequences.from_offsets((np.concatenate(arrays),), offsets)


@pytest.mark.parametrize(
    "X",
    [
        RAGGED,
        tuple(RAGGED),
        [x.tolist() for x in RAGGED],
        [torch.tensor(x) for x in RAGGED],
    ],
    ids=["list", "tuple", "nested lists", "tensors"],
)
def test_lists_come_back_as_lists_of_arrays(X):
    built = round_trip(X)

    assert type(built) is list
    for found, expected in zip(built, RAGGED, strict=True):
        assert_array_equal(found, expected)


def test_lists_of_1d_arrays_come_back_as_1d_arrays():
    X = [np.array([1.0, NAN, 3.0]), np.array([4.0])]

    built = round_trip(X)

    assert [x.shape for x in built] == [(3,), (1,)]
    assert_array_equal(built[0], X[0])


@pytest.mark.parametrize("n_steps", [[3, 3], [3, 2]], ids=["equal", "unequal"])
def test_lists_of_numbers_come_back_as_a_list_whatever_their_lengths(n_steps):
    X = [list(range(n)) for n in n_steps]

    built = round_trip(X)

    assert type(built) is list
    for found, expected in zip(built, X, strict=True):
        assert_array_equal(found, expected)


def test_lists_of_columns_come_back_as_columns():
    X = [np.ones((3, 1)), np.ones((2, 1))]

    built = round_trip(X)

    assert [x.shape for x in built] == [(3, 1), (2, 1)]


@pytest.mark.parametrize(
    "X",
    [RAGGED, [np.ones((3, 2)), np.zeros((3, 2))], [np.ones(3), np.zeros(3)]],
    ids=["ragged", "equal lengths", "equal lengths, 1-D"],
)
def test_object_arrays_come_back_as_1d_object_arrays(X):
    built = round_trip(as_object_array(X))

    assert isinstance(built, np.ndarray)
    assert built.dtype == object
    assert built.shape == (2,)
    for found, expected in zip(built, X, strict=True):
        assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "X",
    [PADDED, torch.tensor(PADDED), PADDED.astype(object)],
    ids=["array", "tensor", "object"],
)
def test_3d_arrays_come_back_padded_with_nan(X):
    built = round_trip(X)

    assert type(built) is np.ndarray
    assert built.dtype == np.float64
    assert_array_equal(built, PADDED)


@pytest.mark.parametrize(
    "X",
    [TABLE, torch.tensor(TABLE)],
    ids=["array", "tensor"],
)
def test_tables_come_back_as_2d_arrays(X):
    built = round_trip(X)

    assert type(built) is np.ndarray
    assert_array_equal(built, TABLE)


def test_pandas_frames_come_back_with_index_and_columns():
    X = pd.DataFrame(TABLE, columns=["t0", "t1", "t2"], index=["x", "y"])

    built = round_trip(X)

    pd.testing.assert_frame_equal(built, X)


def test_pandas_frames_keep_integer_column_names():
    X = pd.DataFrame(TABLE)

    built = round_trip(X)

    pd.testing.assert_frame_equal(built, X, check_column_type=False)


def test_polars_frames_come_back_with_their_columns():
    X = pl.DataFrame(TABLE, schema=["t0", "t1", "t2"], orient="row")

    built = round_trip(X)

    assert isinstance(built, pl.DataFrame)
    assert built.columns == ["t0", "t1", "t2"]
    assert_array_equal(built.to_numpy(), TABLE)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(
    "make",
    [
        lambda x: list(x),
        lambda x: as_object_array(list(x)),
        lambda x: x,
        lambda x: x[:, :, 0],
        lambda x: pd.DataFrame(x[:, :, 0]),
    ],
    ids=["list", "object", "3-D", "2-D", "pandas"],
)
def test_floating_dtypes_are_kept(dtype, make):
    X = make(np.arange(12).reshape(2, 3, 2).astype(dtype))

    built = round_trip(X)

    values = built.to_numpy() if hasattr(built, "to_numpy") else built[0]
    assert values.dtype == dtype


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_floating_dtypes_of_polars_are_kept(dtype):
    X = pl.DataFrame({"a": np.ones(2, dtype), "b": np.zeros(2, dtype)})

    built = round_trip(X)

    assert built.schema == X.schema


@pytest.mark.parametrize("dtype", ["int64", "uint8"])
@pytest.mark.parametrize(
    "make",
    [lambda x: list(x), lambda x: x, lambda x: x[:, :, 0]],
    ids=["list", "3-D", "2-D"],
)
def test_integers_come_back_as_float64(dtype, make):
    X = make(np.arange(12).reshape(2, 3, 2).astype(dtype))

    built = round_trip(X)

    assert built[0].dtype == np.float64
    assert_array_equal(built[0], X[0])


def test_a_built_array_does_not_share_memory_with_the_sequences():
    arrays = [np.ones((2, 1)), np.ones((3, 1))]
    _, schema = read(np.ones((2, 3, 1)))

    schema.build(of_arrays(arrays))[:] = 7.0

    assert_array_equal(np.concatenate(arrays), np.ones((5, 1)))


def test_without_rows_a_frame_has_a_new_index():
    schema = schema_of(pd.DataFrame({"a": [1.0, 2.0]}, index=[7, 8]))

    built = schema.build(of_arrays([np.ones((1, 1))] * 3))

    assert_array_equal(built.index, [0, 1, 2])
    assert list(built.columns) == ["a"]


def test_without_names_a_frame_is_an_array():
    schema = schema_of(pd.DataFrame({"a": [1.0, 2.0]}))

    built = schema.without_names().build(of_arrays([np.ones((2, 1))] * 3))

    assert type(built) is np.ndarray
    assert_array_equal(built, np.ones((3, 2)))


@pytest.mark.filterwarnings("ignore:The network explains only")
@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame(TABLE, columns=["a", "b", "c"], index=[7, 8]),
        pl.DataFrame(TABLE, schema=["a", "b", "c"], orient="row"),
    ],
    ids=["pandas", "polars"],
)
def test_inverse_transform_returns_frames_for_frames(X):
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    vectors = embedder.fit_transform(X)

    decoded = embedder.inverse_transform(np.tile(vectors, (2, 1)))

    assert type(decoded) is type(X)
    assert decoded.shape == (4, 3)
    assert list(decoded.columns) == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore:The network explains only")
def test_a_reconstructed_frame_has_the_index_of_the_frame_passed():
    X = pd.DataFrame(TABLE, columns=["a", "b", "c"], index=[7, 8])
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    embedder.fit(X)

    reconstructed = embedder.reconstruct(X.iloc[[1]])

    assert_array_equal(reconstructed.index, [8])


@pytest.mark.filterwarnings("ignore:The network explains only")
def test_results_have_the_container_of_X_rather_than_that_of_fit(sequences):
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    embedder.fit(sequences)
    X = np.ones((3, 4, 2), dtype=np.float32)

    reconstructed = embedder.reconstruct(X)

    assert reconstructed.shape == (3, 4, 2)
    assert reconstructed.dtype == np.float32
