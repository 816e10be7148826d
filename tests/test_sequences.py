"""Validation: supported and refused input, and values that are never copied."""

import copy
import datetime
import re
import tracemalloc
from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from round_trips import as_object_array
from scipy import sparse
from sklearn.exceptions import NotFittedError

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._data.checking import check_sequences
from sklearn_seqembed._data.sequences import Sequences

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

NAN = np.nan
RAGGED = [
    np.array([[1.0, 2.0], [3.0, NAN], [5.0, 6.0]]),
    np.array([[7.0, 8.0]]),
    np.array([[9.0, 10.0], [11.0, 12.0]]),
]
FLAT = [np.array([1.0, 2.0, NAN, 4.0]), np.array([5.0]), np.array([6.0, 7.0])]
TABLE = np.array([[1.0, 2.0, 3.0], [4.0, NAN, 6.0], [7.0, 8.0, 9.0], [3.0, 2.0, 1.0]])
CUBE = np.arange(24.0).reshape(4, 3, 2)
PADDED = np.array(
    [
        [[1.0, 2.0], [3.0, NAN], [5.0, 6.0]],
        [[7.0, 8.0], [NAN, NAN], [NAN, NAN]],
        [[9.0, 10.0], [11.0, 12.0], [NAN, NAN]],
    ]
)


def with_value(X, index, value):
    """Copy an array and change one value."""
    X = np.array(X)
    X[index] = value
    return X


def read(X):
    """Read X as fit does."""
    return check_sequences(X)[0]


def rows_of(sequences):
    return [sequences.rows(i) for i in range(len(sequences))]


def assert_same_sequences(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert_array_equal(a, b)


FORMS = {
    "list of 2-D arrays": (RAGGED, RAGGED),
    "tuple": (tuple(RAGGED), RAGGED),
    "1-D object array": (as_object_array(RAGGED), RAGGED),
    "pandas Series of arrays": (pd.Series(RAGGED, index=[5, 3, 1]), RAGGED),
    "nested lists": ([x.tolist() for x in RAGGED], RAGGED),
    "nested tuples": (tuple(tuple(map(tuple, x)) for x in RAGGED), RAGGED),
    "list of lists of arrays": ([list(x) for x in RAGGED], RAGGED),
    "None as missing": (
        [[[1, 2], [3, None], [5, 6]], [[7, 8]], [[9, 10], [11, 12]]],
        RAGGED,
    ),
    "arrays of dtype object": ([x.astype(object) for x in RAGGED], RAGGED),
    "list of tensors": ([torch.tensor(x) for x in RAGGED], RAGGED),
    "list of bfloat16 tensors": (
        [torch.tensor(x, dtype=torch.bfloat16) for x in RAGGED],
        RAGGED,
    ),
    "list of tensors with gradient": (
        [torch.tensor(x, requires_grad=True) for x in RAGGED],
        RAGGED,
    ),
    "list of frames": ([pd.DataFrame(x) for x in RAGGED], RAGGED),
    "list of mixed kinds": ([RAGGED[0], RAGGED[1].tolist(), RAGGED[2]], RAGGED),
    "list of Fortran arrays": ([np.asfortranarray(x) for x in RAGGED], RAGGED),
    "list of strided arrays": (
        [np.repeat(x, 2, axis=0)[::2] for x in RAGGED],
        RAGGED,
    ),
    "3-D padded with NaN": (PADDED, RAGGED),
    "3-D of dtype object": (
        np.where(np.isnan(PADDED), None, PADDED.astype(object)),
        RAGGED,
    ),
    "3-D padded tensor": (torch.tensor(PADDED), RAGGED),
    "3-D without padding": (CUBE, list(CUBE)),
    "3-D Fortran": (np.asfortranarray(CUBE), list(CUBE)),
    "3-D transposed": (CUBE.transpose(0, 2, 1), list(CUBE.transpose(0, 2, 1))),
    "3-D with steps left out": (CUBE[:, ::2], list(CUBE[:, ::2])),
    "list of 1-D arrays": (FLAT, [x[:, None] for x in FLAT]),
    "list of 1-D tensors": (
        [torch.tensor(x) for x in FLAT],
        [x[:, None] for x in FLAT],
    ),
    "list of lists": ([x.tolist() for x in FLAT], [x[:, None] for x in FLAT]),
    "list of Series": ([pd.Series(x) for x in FLAT], [x[:, None] for x in FLAT]),
    "Series of Series": (
        pd.Series([pd.Series(x) for x in FLAT]),
        [x[:, None] for x in FLAT],
    ),
    "polars Series of lists": (
        pl.Series([x.tolist() for x in FLAT]),
        [x[:, None] for x in FLAT],
    ),
    "list of polars Series": (
        [pl.Series(x) for x in FLAT],
        [x[:, None] for x in FLAT],
    ),
    "list of columns": ([x[:, None] for x in FLAT], [x[:, None] for x in FLAT]),
    "2-D": (TABLE, list(TABLE[:, :, None])),
    "2-D of dtype object": (TABLE.astype(object), list(TABLE[:, :, None])),
    "2-D Fortran": (np.asfortranarray(TABLE), list(TABLE[:, :, None])),
    "2-D strided": (TABLE[::2, ::-1], list(TABLE[::2, ::-1, None])),
    "2-D tensor": (torch.tensor(TABLE), list(TABLE[:, :, None])),
    "equal lists of numbers": (TABLE.tolist(), list(TABLE[:, :, None])),
    "equal lists with None": ([[1, None], [3, 4]], [[[1], [NAN]], [[3], [4]]]),
    "pandas frame": (
        pd.DataFrame(TABLE, columns=list("abc"), index=[9, 8, 7, 6]),
        list(TABLE[:, :, None]),
    ),
    "pandas frame of Int64 with NA": (
        pd.DataFrame({"a": [1, None], "b": [3, 4]}, dtype="Int64"),
        [[[1], [3]], [[NAN], [4]]],
    ),
    "polars frame": (
        pl.DataFrame(TABLE, schema=list("abc"), orient="row"),
        list(TABLE[:, :, None]),
    ),
    "polars frame with null": (
        pl.DataFrame({"a": [1, None], "b": [3, 4]}),
        [[[1], [3]], [[NAN], [4]]],
    ),
    "one sequence in a list": (RAGGED[:1], RAGGED[:1]),
    "one sequence in 3-D": (CUBE[:1], list(CUBE[:1])),
    "one sequence in 2-D": (TABLE[:1], list(TABLE[:1, :, None])),
    "one step each in a list": ([x[:1] for x in RAGGED], [x[:1] for x in RAGGED]),
    "one step each in 3-D": (CUBE[:, :1], list(CUBE[:, :1])),
    "one step each in 2-D": (CUBE[:, :1, 0], list(CUBE[:, :1, :1])),
    "one feature in 3-D": (CUBE[:, :, :1], list(CUBE[:, :, :1])),
}
forms = pytest.mark.parametrize(("X", "expected"), FORMS.values(), ids=FORMS)


@forms
def test_every_container_is_read_as_the_same_time_steps(X, expected):
    sequences = read(X)

    assert_same_sequences(rows_of(sequences), expected)


@forms
def test_reading_does_not_change_X(X, expected):
    before = copy.deepcopy(X)

    read(X)

    assert_same_sequences(rows_of(read(X)), rows_of(read(before)))
    assert type(X) is type(before)
    if isinstance(X, np.ndarray) and X.dtype != object:
        assert_array_equal(X, before)


@forms
def test_every_container_gives_the_vectors_of_a_list_of_arrays(X, expected):
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)

    vectors = embedder.fit_transform(X)
    reconstructed = embedder.reconstruct(X)
    decoded = embedder.inverse_transform(vectors)

    arrays = [np.asarray(x, dtype=float) for x in expected]
    assert_allclose(vectors, embedder.transform(arrays), atol=1e-5)
    found = rows_of(read(reconstructed))
    assert [x.shape for x in found] == [x.shape for x in arrays]
    for x, same in zip(found, embedder.reconstruct(arrays), strict=True):
        assert_allclose(x, same.reshape(x.shape), atol=1e-4)
    assert len(decoded) == len(expected)


DTYPES = ["float64", "float32", "float16", "int64", "int32", "int8", "uint8", ">f8"]


@pytest.mark.parametrize(
    ("shape", "dtype"),
    # Only in a table are bools numbers.
    [*product([(3, 4), (3, 4, 2)], DTYPES), ((3, 4), "bool")],
)
def test_numbers_keep_their_dtype(shape, dtype):
    X = (np.arange(np.prod(shape)) % 5).reshape(shape).astype(dtype)

    sequences = read(X)

    assert sequences.blocks[0].dtype == X.dtype
    assert_array_equal(sequences.blocks[0].ravel(), X.ravel())


def test_a_list_of_several_dtypes_is_read_as_their_common_dtype():
    X = [np.ones((2, 1), dtype=np.float32), np.ones((3, 1), dtype=np.float64)]

    sequences = read(X)

    assert sequences.blocks[0].dtype == np.float64


@pytest.mark.parametrize(
    "X",
    [
        TABLE,
        CUBE,
        PADDED,
        CUBE.astype(np.float32),
        CUBE.astype(np.int64),
        TABLE[1:],
        CUBE[1:],
    ],
    ids=["2-D", "3-D", "padded", "float32", "int64", "part of 2-D", "part of 3-D"],
)
def test_arrays_are_not_copied(X):
    sequences = read(X)

    assert np.shares_memory(sequences.blocks[0], X)


@pytest.mark.parametrize("X", [TABLE, CUBE, PADDED], ids=["2-D", "3-D", "padded"])
def test_tensors_are_not_copied(X):
    tensor = torch.tensor(X)

    sequences = read(tensor)

    assert np.shares_memory(sequences.blocks[0], tensor.numpy())


@pytest.mark.parametrize("X", [TABLE, CUBE, PADDED], ids=["2-D", "3-D", "padded"])
def test_memory_maps_are_not_copied(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")

    sequences = read(mapped)

    assert np.shares_memory(sequences.blocks[0], mapped)
    assert_array_equal(sequences.blocks[0].ravel(), X.ravel())


@pytest.mark.parametrize(
    "X",
    [TABLE, CUBE, PADDED, RAGGED, FLAT],
    ids=["2-D", "3-D", "padded", "list", "flat list"],
)
def test_fit_accepts_read_only_arrays(X):
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    vectors = embedder.fit_transform(X)
    X = copy.deepcopy(X)
    for array in [X] if isinstance(X, np.ndarray) else X:
        array.setflags(write=False)

    assert_array_equal(embedder.fit_transform(X), vectors)


def test_a_memory_map_gives_the_vectors_of_its_array(tmp_path):
    np.save(tmp_path / "X.npy", PADDED)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)

    vectors = embedder.fit_transform(mapped)

    assert_array_equal(vectors, embedder.fit_transform(PADDED))


def test_a_list_is_copied_once():
    X = [np.ones((1000, 10)) for _ in range(100)]
    size = sum(x.nbytes for x in X)

    tracemalloc.start()
    try:
        check_sequences(X)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size <= peak < 1.1 * size


def test_padding_at_the_end_is_not_read_as_time_steps():
    sequences = read(PADDED)

    assert_array_equal(sequences.lengths, [3, 1, 2])


def test_missing_values_at_the_end_of_a_table_are_time_steps():
    X = np.array([[1.0, 2.0, NAN], [1.0, NAN, NAN]])

    sequences = read(X)

    assert_array_equal(sequences.lengths, [3, 3])


def test_missing_values_at_the_end_of_a_list_item_are_time_steps():
    X = [np.array([1.0, NAN]), np.array([1.0, NAN, NAN])]

    sequences = read(X)

    assert_array_equal(sequences.lengths, [2, 3])


def test_missing_steps_at_the_start_and_in_between_are_kept():
    X = np.array([[[NAN], [1.0], [NAN], [2.0], [NAN]]])

    sequences = read(X)

    assert_array_equal(sequences.rows(0), [[NAN], [1.0], [NAN], [2.0]])


def test_padding_is_found_in_every_chunk_of_a_large_array(monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 8)

    sequences = read(np.tile(PADDED, (5, 1, 1)))

    assert_array_equal(sequences.lengths, [3, 1, 2] * 5)


def test_values_whose_sum_overflows_are_accepted():
    X = [np.full((3, 1), 2e38, np.float32), np.full((2, 1), 2e38, np.float32)]

    sequences = read(X)

    assert_array_equal(sequences.lengths, [3, 2])


def test_a_value_too_large_to_be_scaled_is_refused_naming_the_item():
    X = [np.ones((3, 2)), np.ones((4, 2))]
    X[1][2, 0] = -1e308

    with pytest.raises(
        ValueError, match=r"X\[1\] holds -1e\+308 at time step 2, feature 0"
    ):
        read(X)


@pytest.mark.parametrize(
    ("X", "n_features"),
    [(RAGGED, 2), (PADDED, 2), (FLAT, 1), (TABLE, 3), (TABLE.tolist(), 1)],
    ids=["list", "3-D", "flat list", "2-D", "equal lists"],
)
def test_the_number_of_features_is_set_at_fit(X, n_features):
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1)

    embedder.fit(X)

    assert embedder.n_features_in_ == n_features


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_column_names_are_set_at_fit(library):
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1)

    embedder.fit(library.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]}))

    assert_array_equal(embedder.feature_names_in_, ["a", "b"])


def test_column_names_of_an_earlier_fit_are_forgotten():
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1)
    embedder.fit(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]}))

    embedder.fit(RAGGED)

    assert not hasattr(embedder, "feature_names_in_")


WAY_OUT = r"Replace it by NaN to have it treated as missing\."
REFUSED = {
    # Empty input
    "empty list": ([], ValueError, r"X is empty: it holds 0 sequences"),
    "empty tuple": ((), ValueError, r"X is empty: it holds 0 sequences"),
    "empty object array": (
        np.empty(0, dtype=object),
        ValueError,
        r"X is empty: it holds 0 sequences",
    ),
    "3-D without sequences": (
        np.empty((0, 5, 2)),
        ValueError,
        r"X is empty: its shape \(0, 5, 2\) holds 0 sequences \(axis 0\)",
    ),
    "3-D without time steps": (
        np.empty((3, 0, 2)),
        ValueError,
        r"X is empty: its shape \(3, 0, 2\) holds 0 time steps \(axis 1\)",
    ),
    "3-D without features": (
        np.empty((3, 5, 0)),
        ValueError,
        r"X is empty: its shape \(3, 5, 0\) holds 0 features \(axis 2\)",
    ),
    "2-D without sequences": (np.empty((0, 5)), ValueError, r"0 sample\(s\)"),
    "2-D without time steps": (np.empty((3, 0)), ValueError, r"0 feature\(s\)"),
    "frame without rows": (
        pd.DataFrame({"a": []}, dtype=float),
        ValueError,
        r"0 sample\(s\)",
    ),
    "first sequence empty": (
        [[], [1.0]],
        ValueError,
        r"X\[0\] has no time steps\. Drop empty sequences, or give each at least one "
        r"time step\.",
    ),
    "all sequences empty": ([[], []], ValueError, r"X\[0\] has no time steps"),
    "later sequence empty": (
        [RAGGED[0], np.empty((0, 2))],
        ValueError,
        r"X\[1\] has no time steps",
    ),
    "empty list between sequences of two features": (
        [RAGGED[0], [], RAGGED[1]],
        ValueError,
        r"X\[1\] has no time steps",
    ),
    "empty list before sequences of two features": (
        [[], RAGGED[0], RAGGED[1]],
        ValueError,
        r"X\[0\] has no time steps",
    ),
    "no features": ([np.empty((3, 0))], ValueError, r"X\[0\] has no features"),
    "list item all missing": (
        [RAGGED[0], np.full((2, 2), NAN)],
        ValueError,
        r"X\[1\] has no observed value: all of its values are missing",
    ),
    "flat item all missing": (
        [FLAT[0], [None, None]],
        ValueError,
        r"X\[1\] has no observed value",
    ),
    "3-D item all missing": (
        with_value(CUBE, 2, NAN),
        ValueError,
        r"X\[2\] has no observed value",
    ),
    "2-D row all missing": (
        with_value(TABLE, 3, NAN),
        ValueError,
        r"X\[3\] has no observed value",
    ),
    # Infinite values
    "infinite in a list": (
        [RAGGED[0], RAGGED[1], with_value(np.ones((9, 2)), (5, 1), np.inf)],
        ValueError,
        rf"X\[2\] is infinite at time step 5, feature 1\. {WAY_OUT}",
    ),
    "minus infinity": (
        [with_value(RAGGED[0], (1, 1), -np.inf)],
        ValueError,
        rf"X\[0\] is infinite at time step 1, feature 1\. {WAY_OUT}",
    ),
    "both infinities": (
        [RAGGED[0], np.array([[1.0, 2.0], [np.inf, -np.inf]])],
        ValueError,
        r"X\[1\] is infinite at time step 1, feature 0\.",
    ),
    "infinite float16": (
        [np.ones(3, dtype=np.float16), np.array([1, np.inf], dtype=np.float16)],
        ValueError,
        r"X\[1\] is infinite at time step 1, feature 0\.",
    ),
    "infinite in 3-D": (
        with_value(CUBE, (3, 2, 1), np.inf),
        ValueError,
        r"X\[3\] is infinite at time step 2, feature 1\.",
    ),
    "infinite in padded 3-D": (
        with_value(PADDED, (2, 1, 0), np.inf),
        ValueError,
        r"X\[2\] is infinite at time step 1, feature 0\.",
    ),
    "infinite in 2-D": (
        with_value(TABLE, (1, 2), np.inf),
        ValueError,
        r"X\[1\] is infinite at time step 2, feature 0\.",
    ),
    "infinite in a frame": (
        pd.DataFrame(with_value(TABLE, (1, 2), np.inf), columns=list("abc")),
        ValueError,
        r"X\[1\] is infinite at time step 2, feature 0\.",
    ),
    "infinite in a tensor": (
        torch.tensor(with_value(CUBE, (3, 2, 1), np.inf)),
        ValueError,
        r"X\[3\] is infinite at time step 2, feature 1\.",
    ),
    # Shapes
    "another number of features": (
        [np.ones((2, 3)), np.ones((4, 3)), np.ones((1, 3)), np.ones((2, 4))],
        ValueError,
        r"X\[3\] has 4 features, but X\[0\] has 3\. All sequences must have the same "
        r"number of features \(axis 1\)\.",
    ),
    "1-D and 2-D items": (
        [np.ones((2, 3)), np.ones(4)],
        ValueError,
        r"X\[1\] has 1 feature, but X\[0\] has 3",
    ),
    "1-D array": (np.arange(5.0), ValueError, r"1-D array.*Reshape your data"),
    "1-D list": ([1.0, 2.0, 3.0], ValueError, r"3 numbers\. Reshape your data"),
    "1-D list of numpy's numbers": (
        list(np.arange(3)),
        ValueError,
        r"3 numbers\. Reshape your data",
    ),
    "1-D tensor": (torch.arange(5.0), ValueError, r"Reshape your data"),
    "Series of numbers": (pd.Series([1.0, 2.0]), ValueError, r"Reshape your data"),
    "1-D object array of numbers": (
        np.array([1, 2], dtype=object),
        TypeError,
        r"X\[0\] is of type int, expected a list or an array",
    ),
    "a number": (5.0, TypeError, r"X is of type float, expected sequences"),
    "4-D array": (
        np.ones((2, 2, 2, 2)),
        ValueError,
        r"X has 4 dimensions, expected at most 3: "
        r"\(n_samples, n_timesteps, n_features\)",
    ),
    "3-D item": (
        [np.ones((2, 2)), np.ones((2, 2, 2))],
        ValueError,
        r"X\[1\] has 3 dimensions \(shape \(2, 2, 2\)\), expected \(n_timesteps, "
        r"n_features\) or \(n_timesteps,\)",
    ),
    "4-D list": ([[[[1.0]]]], ValueError, r"X\[0\] has 3 dimensions"),
    "ragged item": (
        [[[1, 2], [3, 4]], [[1, 2], [3]]],
        ValueError,
        r"X\[1\] is ragged: it has 1 feature at time step 1, but "
        r"2 features at time step 0\.",
    ),
    "ragged item of a single value": (
        [[[1, 2], [3, 4], 5]],
        ValueError,
        r"X\[0\] is ragged: it has a single value at time step 2, but 2",
    ),
    "ragged item of a time and a list": (
        [[datetime.datetime(2020, 1, 1), [1, 2]]],
        ValueError,
        r"X\[0\] is ragged: it has 2 features at time step 1, but a",
    ),
    "ragged item of a tensor and a list": (
        [[torch.tensor(1.0), [1, 2]]],
        ValueError,
        r"X\[0\] is ragged: it has 2 features at time step 1, but a",
    ),
    "item ragged in a third dimension": (
        [[[[1], [2, 3]], [[1], [2, 3]]]],
        ValueError,
        r"X\[0\] is ragged: its time steps differ in their number of "
        r"features",
    ),
    "number and array": (
        [1.0, np.ones(3)],
        TypeError,
        r"X\[0\] is of type float, expected a list or an array of time steps",
    ),
    "array and number": ([np.ones(3), 1.0], TypeError, r"X\[1\] is of type float, ex"),
    "set": ([[1.0], {1.0}], TypeError, r"X\[1\] is of type set, expected a list"),
    # Kinds
    "bytes": ([b"abc", b"de"], TypeError, r"X\[0\] holds bytes.*Decode them"),
    "one string": ("abc", TypeError, r"str"),
    "numbers and strings": (
        [[1.0, 2.0], ["a"]],
        TypeError,
        r"X\[1\] holds strings",
    ),
    "an object array with a string": (
        [np.array([1.0, "a"], dtype=object)],
        TypeError,
        r"X\[0\] holds strings",
    ),
    "datetimes in a list": (
        [np.array(["2020-01-01"], dtype="M8[D]")],
        TypeError,
        r"X\[0\] holds values of datetime64\[D\], expected numbers",
    ),
    "datetimes in 3-D": (
        np.ones((2, 2, 2), dtype="M8[D]"),
        TypeError,
        r"X holds values of datetime64\[D\]",
    ),
    "datetimes in 2-D": (
        np.ones((2, 3), dtype="M8[D]"),
        TypeError,
        r"X holds values of datetime64\[D\]",
    ),
    "time differences in 2-D": (
        np.ones((2, 3), dtype="m8[s]"),
        TypeError,
        r"X holds values of timedelta64\[s\]",
    ),
    "frame of datetimes": (
        pd.DataFrame({"a": pd.date_range("2020", periods=3)}),
        TypeError,
        r"X holds values of datetime64",
    ),
    "datetime objects": (
        [[datetime.datetime(2020, 1, 1)], [1.0, 2.0]],
        TypeError,
        r"X\[0\] must hold numbers",
    ),
    "complex in a list": (
        [np.ones(2), np.ones(3, dtype=complex)],
        ValueError,
        r"Complex data not supported: X\[1\]",
    ),
    "complex in 3-D": (
        np.ones((2, 2, 2), dtype=complex),
        ValueError,
        r"Complex data not supported",
    ),
    "complex in 2-D": (
        np.ones((2, 2), dtype=complex),
        ValueError,
        r"Complex data not supported",
    ),
    "dictionaries": (
        [{"a": 1}, {"a": 2}],
        TypeError,
        r"X\[0\] is a dict of single values",
    ),
    "a dictionary": ({"a": [1.0, 2.0]}, TypeError, r"dict"),
    "item that is None": ([[1.0, 2.0], None], ValueError, r"X\[1\] is missing: a seq"),
    "first item that is None": ([None, [1.0]], ValueError, r"X\[0\] is missing: a seq"),
    "sparse matrix": (
        sparse.csr_matrix(np.eye(3)),
        TypeError,
        r"It is sparse: pass X.toarray",
    ),
}


@pytest.mark.parametrize(("X", "error", "match"), REFUSED.values(), ids=REFUSED)
def test_unsupported_input_is_refused_with_a_reason(X, error, match):
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1)

    with pytest.raises(error, match=match):
        embedder.fit(X)


@pytest.mark.parametrize("shape", [(50, 3, 2), (50, 6)], ids=["3-D", "2-D"])
@pytest.mark.parametrize("i", [0, 17, 49])
def test_infinity_is_found_in_every_chunk_of_a_large_X(shape, i, monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 16)
    X = np.zeros(shape)
    X[i].flat[3] = np.inf
    step, feature = (1, 1) if len(shape) == 3 else (3, 0)

    match = rf"X\[{i}\] is infinite at time step {step}, feature {feature}\."
    with pytest.raises(ValueError, match=match):
        read(X)


@pytest.mark.parametrize("i", [0, 4, 7, 11])
def test_infinity_is_found_in_every_chunk_of_a_list(i, sequences, monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 8)
    sequences[i][-1, 1] = np.inf
    step = len(sequences[i]) - 1

    match = rf"X\[{i}\] is infinite at time step {step}, feature 1\."
    with pytest.raises(ValueError, match=match):
        read(sequences)


def test_infinity_after_padding_is_found_in_every_chunk(monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 4)
    X = np.tile(PADDED, (5, 1, 1))
    X[11, 1, 1] = np.inf

    with pytest.raises(ValueError, match=r"X\[11\] is infinite at time step 1, f.* 1"):
        read(X)


def test_a_missing_sequence_is_found_across_chunks(monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 4)
    X = [np.ones(3), np.full(15, NAN), np.ones(2)]

    with pytest.raises(ValueError, match=r"X\[1\] has no observed value"):
        read(X)


def test_gaps_longer_than_a_chunk_are_accepted(monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 4)
    X = [np.ones(3), np.r_[np.full(15, NAN), 1.0], np.r_[2.0, np.full(9, NAN)]]

    sequences = read(X)

    assert_array_equal(sequences.lengths, [3, 16, 10])


@pytest.fixture(scope="module")
def fitted_on_table():
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    return embedder.fit(TABLE)


@pytest.fixture(scope="module")
def fitted_on_one_feature():
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    return embedder.fit(FLAT)


@pytest.mark.parametrize(
    ("X", "n_features"),
    [
        ([np.ones((4, 3)), np.ones((5, 3))], 3),
        (np.ones((2, 4, 3)), 3),
        ([np.ones(4), np.ones(5)], 1),
        (np.ones((2, 2)), 1),
        ([[1.0, 2.0], [3.0, 4.0]], 1),
    ],
    ids=["list", "3-D", "flat list", "2-D", "equal lists"],
)
def test_another_number_of_features_is_refused_after_fit(fitted, X, n_features):
    match = (
        rf"X has {n_features} features, but LSTMSequenceEmbedder is expecting 2 "
        r"features as input.*axis 1"
    )

    with pytest.raises(ValueError, match=match):
        fitted.transform(X)


@pytest.mark.parametrize(
    "X",
    [np.ones((2, 5)), torch.ones(2, 5)],
    ids=["array", "tensor"],
)
def test_a_table_of_another_width_is_refused_with_a_remedy(fitted_on_table, X):
    match = (
        r"X has 5 features, but LSTMSequenceEmbedder is expecting 3 features as "
        r"input.*To pass sequences of other lengths, use a list of 1-D arrays: "
        r"list\(numpy.asarray\(X\)\)"
    )

    with pytest.raises(ValueError, match=match):
        fitted_on_table.transform(X)


def test_the_remedy_in_the_message_works(fitted_on_table):
    X = np.ones((2, 5))

    vectors = fitted_on_table.transform(list(X))

    assert_array_equal(vectors, fitted_on_table.transform(X[:, :, None]))


@pytest.mark.parametrize(
    "X",
    [FLAT, [x[:, None] for x in FLAT], np.ones((2, 7, 1)), np.ones((2, 5)).tolist()],
    ids=["flat list", "list", "3-D", "equal lists"],
)
def test_one_feature_of_any_length_is_accepted_after_fit_on_a_table(fitted_on_table, X):
    vectors = fitted_on_table.transform(X)

    alone = [fitted_on_table.transform([np.reshape(x, -1)])[0] for x in X]
    assert_allclose(vectors, alone, atol=1e-6)


def test_several_features_are_refused_after_fit_on_a_table(fitted_on_table):
    with pytest.raises(ValueError, match="X has 2 features, but .* expecting 1 feat"):
        fitted_on_table.transform(RAGGED)


@pytest.mark.parametrize(
    "X",
    [np.ones((2, 9)), pd.DataFrame(np.ones((2, 5))), [[1.0, 2.0], [3.0, 4.0]]],
    ids=["2-D", "frame", "equal lists"],
)
def test_a_table_of_any_width_is_accepted_after_fit_on_a_list_of_one_feature(
    fitted_on_one_feature, X
):
    vectors = fitted_on_one_feature.transform(X)

    assert_array_equal(vectors, fitted_on_one_feature.transform(list(np.asarray(X))))


def test_a_frame_with_other_columns_than_in_fit_is_refused():
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    embedder.fit(pd.DataFrame(TABLE, columns=["a", "b", "c"]))

    with pytest.raises(ValueError, match="feature names should match"):
        embedder.transform(pd.DataFrame(TABLE, columns=["a", "b", "d"]))


@pytest.mark.parametrize(
    ("X", "match"),
    [
        ([], "X is empty"),
        ([RAGGED[0], np.full((2, 2), np.inf)], r"X\[1\] is infinite at time step 0"),
        ([RAGGED[0], np.full((2, 2), NAN)], r"X\[1\] has no observed value"),
        ([["a", "b"]], r"X has 1 features, but .* expecting 2"),
        ([[("a", 1.0)]], r"X\[0\] holds strings \('a' at time step 0, feature 0\)"),
    ],
    ids=["empty", "infinite", "missing", "tokens", "strings and numbers"],
)
def test_invalid_input_is_refused_at_transform(fitted, X, match):
    with pytest.raises((TypeError, ValueError), match=match):
        fitted.transform(X)


def test_transform_checks_that_it_is_fitted_before_anything_else():
    with pytest.raises(NotFittedError, match="LSTMSequenceEmbedder.* is not fitted"):
        LSTMSequenceEmbedder().transform("nonsense")


def test_a_message_is_one_string():
    with pytest.raises(ValueError, match="X is empty") as caught:
        read([])

    assert len(caught.value.args) == 1
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))


# The name of the argument

NAMED = {
    "empty": ([], "y is empty: it holds 0 sequences"),
    "no steps": ([[1.0], [], [2.0, 3.0]], r"y\[1\] has no time steps"),
    "infinite": ([[1.0], [np.inf, 1.0]], r"y\[1\] is infinite at time step 0"),
    "not observed": ([[1.0], [NAN, NAN]], r"y\[1\] has no observed value"),
    "features": (
        [np.ones((2, 3)), np.ones((2, 2))],
        r"y\[1\] has 2 features, but y\[0\] has 3",
    ),
    "mixture": (
        [["X"], ["a", 3]],
        r"y\[1\] holds int values \(3 at time step 1\), but an earlier value is 'X'",
    ),
    "3-D": (np.empty((0, 2, 2)), r"y is empty: its shape \(0, 2, 2\)"),
    "table": (np.empty((0, 2)), r"y is empty: 0 sample\(s\)"),
    "1-D": (
        np.ones(3),
        r"got a 1-D array.*\[y\] if it .* numpy\.reshape\(y, \(-1, 1\)\)",
    ),
    "string": ("abc", r"y is of type str.*: \[y\]"),
    "sparse": (sparse.csr_matrix(np.eye(3)), "y is of type .* It is sparse"),
    "frame": (pd.DataFrame({"X": [[1], []]}), r"Column 'X' of y, row 1 .* has no time"),
    "frame of both": (
        pd.DataFrame({"a": [[1], [2]], "b": [1, 2]}),
        "Column 'a' of y holds sequences.* the others to another estimator",
    ),
    "frame of strings": (
        pd.DataFrame({"a": [1, 2], "b": pd.Categorical([1, 2])}),
        "Column 'b' of y holds values of category",
    ),
    "Arrow": (pl.Series([[1.0], None]), r"y\[1\] is null.* y\.drop_nulls\(\)"),
}


@pytest.mark.parametrize(("y", "match"), NAMED.values(), ids=NAMED)
def test_messages_name_the_argument_that_was_passed(y, match):
    with pytest.raises((TypeError, ValueError), match=match):
        check_sequences(y, "y")


@pytest.mark.parametrize(
    ("option", "match"),
    [
        ([3], r"categorical_targets lists 3: .* because y has 1 feature"),
        (["a"], "categorical_targets lists the name 'a', but y is not a frame"),
        ([True, False], r"categorical_targets is a mask of shape \(2,\)"),
        ("auto", "categorical_targets == 'auto', must be"),
        (None, r"y\[0\] holds strings .* categorical_targets does not list"),
    ],
)
def test_messages_about_targets_name_their_option(option, match):
    with pytest.raises((TypeError, ValueError), match=match):
        check_sequences(["ab", "c"], "y", categorical_features=option)


def test_messages_name_the_estimator_if_its_name_is_passed():
    _, schema = check_sequences(RAGGED)

    with pytest.raises(ValueError, match="y has 1 features, but the estimator is exp"):
        check_sequences(FLAT, "y", schema=schema)
    with pytest.raises(ValueError, match="y has 1 features, but Predictor is expect"):
        check_sequences(FLAT, "y", schema=schema, estimator_name="Predictor")


def test_check_sequences_returns_a_new_schema_and_keeps_the_one_passed():
    _, schema = check_sequences(pd.DataFrame(TABLE, columns=["a", "b", "c"]))
    fields = dict(vars(schema))

    _, found = check_sequences(TABLE, schema=schema)

    assert vars(schema) == fields
    assert found.kinds == schema.kinds
    assert found.n_steps == schema.n_steps == 3
    assert found.index is None
    with pytest.raises(AttributeError):
        schema.kinds = ()


# The Sequences class


def make_contiguous():
    """Make five sequences over two blocks of different dtype."""
    offsets = [0, 3, 4, 9, 11, 16]
    blocks = (
        np.arange(32.0).reshape(16, 2),
        np.arange(100, 116, dtype=np.int32).reshape(16, 1),
    )
    return Sequences.from_offsets(blocks, offsets)


def rows_by_loop(sequences):
    """Collect every time step of every sequence, one by one."""
    steps = []
    for start, length in zip(sequences.starts, sequences.lengths, strict=True):
        for row in range(start, start + length):
            step = []
            for block in sequences.blocks:
                step.extend(block[row].tolist())
            steps.append(step)
    return np.array(steps)


SELECTIONS = {
    "all": slice(None),
    "one": [2],
    "part in order": slice(1, 4),
    "with holes": [0, 2, 4],
    "reversed": slice(None, None, -1),
    "mixed": [3, 0, 4],
    "mask": np.array([True, False, False, True, True]),
    "repeated": [1, 1, 3],
}
selections = pytest.mark.parametrize("indices", SELECTIONS.values(), ids=SELECTIONS)


def test_offsets_are_turned_into_starts_and_lengths():
    sequences = make_contiguous()

    assert len(sequences) == 5
    assert sequences.n_features == 3
    assert sequences.n_steps == 16
    assert_array_equal(sequences.starts, [0, 3, 4, 9, 11])
    assert_array_equal(sequences.lengths, [3, 1, 5, 2, 5])
    assert sequences.lengths.dtype == np.int64


@selections
def test_a_selection_shares_the_blocks(indices):
    sequences = make_contiguous()

    selected = sequences[indices]

    assert all(a is b for a, b in zip(selected.blocks, sequences.blocks, strict=True))
    assert_array_equal(selected.lengths, sequences.lengths[indices])


@selections
def test_rows_equal_those_of_a_plain_loop(indices):
    selected = make_contiguous()[indices]

    found = np.concatenate(rows_of(selected))

    assert_array_equal(found, rows_by_loop(selected))


def test_rows_of_a_single_block_are_a_view():
    block = np.arange(8.0).reshape(4, 2)
    sequences = Sequences.from_offsets((block,), [0, 1, 4])

    assert np.shares_memory(sequences.rows(1), block)


def test_take_returns_values_in_the_shape_of_its_argument():
    sequences = make_contiguous()
    rows = np.array([[0, 5], [5, 15], [2, 2]])

    taken = sequences.take(rows)

    assert taken.shape == (3, 2, 3)
    assert_array_equal(taken[1, 1], [30.0, 31.0, 115.0])


@selections
@pytest.mark.parametrize("size", [1, 3, 7, 12, 10**6])
def test_joined_chunks_equal_a_plain_loop(indices, size, monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", size)
    selected = make_contiguous()[indices]

    chunks = list(selected.iter_chunks())

    assert all(len(chunk) for chunk in chunks)
    assert_array_equal(np.concatenate(chunks), rows_by_loop(selected))


def test_chunks_of_a_padded_array_do_not_contain_padding(monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 4)

    chunks = list(read(PADDED).iter_chunks())

    assert_array_equal(np.concatenate(chunks), np.concatenate(RAGGED))


@pytest.mark.parametrize("indices", [slice(None), [4, 1, 3, 0]], ids=["all", "mixed"])
def test_a_chunk_is_at_most_one_sequence_longer_than_its_size(indices, monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._data.sequences.CHUNK_VALUES", 6)
    selected = make_contiguous()[indices]

    sizes = [len(chunk) for chunk in selected.iter_chunks()]

    # 6 values of 3 features are 2 steps; a sequence that begins there is not cut.
    assert max(sizes) <= 2 + selected.lengths.max()


@pytest.mark.parametrize("as_list", [True, False], ids=["list", "2-D"])
def test_masked_values_are_missing(as_list):
    table = np.ma.masked_greater(np.arange(6.0).reshape(2, 3), 4.0)
    X = list(table) if as_list else table

    sequences = read(X)

    np.testing.assert_array_equal(sequences.rows(1)[:, 0], [3.0, 4.0, np.nan])


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (pd.DataFrame(), ValueError, r"X is empty: 0 sample\(s\) \(shape=\(0, 0\)\)"),
        (np.ones((0, 3)), ValueError, "0 sample.*Pass at least one sequence"),
        ((x for x in "ab"), TypeError, "X is of type generator, expected sequences"),
        (None, TypeError, "X is of type NoneType, expected sequences"),
        ({}.values(), TypeError, "X is of type dict_values, expected sequences"),
        ([np.ones((3, 0))], ValueError, r"X\[0\] has no features.*one feature"),
        (
            pd.DataFrame({"a": pd.to_datetime(["2020-01-01"]), "b": [1.0]}),
            TypeError,
            "Column 'a' of X holds values of datetime64",
        ),
    ],
    ids=[
        "empty frame",
        "empty 2-D array",
        "generator",
        "None",
        "dict values",
        "no features",
        "frame of times and numbers",
    ],
)
def test_messages_are_our_own_rather_than_those_of_other_libraries(X, error, match):
    with pytest.raises(error, match=match):
        LSTMSequenceEmbedder(n_components=2, max_epochs=1).fit(X)


def test_arrays_in_the_cells_of_an_object_array_are_refused():
    X = np.empty((2, 2), dtype=object)
    for cell in np.ndindex(2, 2):
        X[cell] = np.ones(3)

    with pytest.raises(TypeError, match=r"Column 0 of X, row 0, holds a sequence \(n"):
        LSTMSequenceEmbedder(n_components=2, max_epochs=1).fit(X)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_the_remedy_for_another_width_works_for_frames(frame):
    table = np.random.default_rng(0).normal(size=(4, 5))
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    embedder.fit(table)
    narrow = frame(
        table[:, :3], **{"schema" if frame is pl.DataFrame else "columns": list("abc")}
    )

    vectors = embedder.transform(list(np.asarray(narrow)))

    np.testing.assert_array_equal(vectors, embedder.transform(list(table[:, :3])))


@pytest.mark.parametrize(
    "refused",
    [[np.full((4, 3), np.inf)], np.full((4, 3), np.inf), pd.DataFrame({"a": [np.inf]})],
    ids=["list", "2-D", "frame"],
)
def test_a_refused_fit_leaves_a_fitted_estimator_unchanged(refused):
    X = [np.random.default_rng(i).normal(size=(4, 2)) for i in range(5)]
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)
    expected = embedder.fit(X).transform(X)

    with pytest.raises(ValueError, match="is infinite"):
        embedder.fit(refused)

    assert embedder.n_features_in_ == 2
    assert not hasattr(embedder, "feature_names_in_")
    assert_array_equal(embedder.transform(X), expected)


def test_the_message_suggests_a_list_for_a_single_sequence():
    X = [np.random.default_rng(i).normal(size=(22, 2)) for i in range(3)]
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1).fit(X)

    with pytest.raises(ValueError, match=r"read as 22 univariate .* pass \[X\] if"):
        embedder.transform(X[0])
