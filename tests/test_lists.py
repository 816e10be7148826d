"""Lists of sequences: whatever their lengths, and in whichever forms they stand."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from round_trips import read, round_trip, values_of
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequencePredictor

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

EQUAL = [[1.0, 2.0, 4.0], [3.0, 1.0, 0.0], [0.0, 2.0, 5.0]]


# Equal lengths


def test_a_list_of_equally_long_lists_is_one_feature():
    sequences, schema = read(EQUAL)

    assert not schema.is_table
    assert sequences.n_features == 1
    assert_array_equal(sequences.lengths, [3, 3, 3])


def test_lengths_that_are_equal_in_one_fold_do_not_break_cross_validation():
    lengths = [3, 3, 3, 3, 5, 4, 5, 4]
    X = [np.arange(n, dtype=float).tolist() for n in lengths]
    y = [0, 1] * 4
    pipeline = make_pipeline(small_embedder(), LogisticRegression())

    scores = cross_val_score(pipeline, X, y, cv=2, error_score="raise")

    assert np.isfinite(scores).all()


@pytest.mark.parametrize("fit_X", [EQUAL, np.array(EQUAL)], ids=["list", "array"])
def test_lists_and_2d_arrays_are_accepted_after_fit_on_the_other(fit_X):
    embedder = small_embedder().fit(fit_X)

    vectors = embedder.transform(EQUAL)

    assert_allclose(vectors, embedder.transform(np.array(EQUAL)), atol=1e-6)
    assert embedder.transform([[1.0, 2.0], [1.0]]).shape == (2, 4)


@pytest.mark.parametrize("n", [2, 3], ids=["unequal lengths", "equal lengths"])
def test_targets_in_a_list_of_lists_come_back_as_a_list(n):
    y = [*EQUAL[:2], EQUAL[2][:n]]
    predictor = LSTMSequencePredictor(n_components=4, max_epochs=1, random_state=0)

    predicted = predictor.fit(EQUAL, y).predict(EQUAL)

    assert type(predicted) is list
    assert [x.ndim for x in predicted] == [1, 1, 1]


def test_a_single_sequence_of_several_features_gets_the_remedy():
    embedder = small_embedder().fit([np.ones((4, 2)), np.zeros((3, 2))])

    with pytest.raises(ValueError, match=r"pass \[X\] if X is one sequence"):
        embedder.transform([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


# Items of shape (n_timesteps,) and (n_timesteps, 1)

FLAT = ["ab", "c"]


@pytest.mark.parametrize(
    "column",
    [[["ab"], ["c"]], [("ab",), ("c",)], np.array([["ab"], ["c"]])],
    ids=["lists", "tuples", "array"],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "last"])
def test_flat_items_and_columns_of_strings_are_read_alike(column, is_first):
    X = [column, FLAT] if is_first else [FLAT, column]

    sequences, schema = read(X)

    assert schema.kinds == ("string",)
    assert values_of(sequences) == [["ab", "c", "ab", "c"]]
    assert [np.shape(x) for x in round_trip(X)] == [(2, 1), (2, 1)]


@pytest.mark.parametrize(
    "X",
    [
        [[[1.0], [None]], [1.0, None]],
        [[1.0, None], [[1.0], [None]]],
        [np.array([[1.0], [np.nan]]), [1.0, None]],
        [np.array([[1.0], [np.nan]]), np.array([1.0, np.nan])],
    ],
    ids=["first", "last", "array", "arrays"],
)
def test_flat_items_and_columns_of_numbers_are_read_alike(X):
    sequences, _ = read(X)

    assert_array_equal(sequences.blocks[0], [[1.0], [np.nan], [1.0], [np.nan]])


def test_flat_items_among_several_features_are_refused_naming_both():
    with pytest.raises(ValueError, match=r"X\[1\] has 1 feature, but X\[0\] has 2"):
        read([[["a", "b"], ["c", "d"]], ["a", "b"]])


# Subclasses and missing values


class Sublist(list):
    """A list of another class."""


class Subarray(np.ndarray):
    """An array of another class."""


class Labeled(pd.DataFrame):
    """A frame as geopandas makes it."""

    @property
    def _constructor(self):
        return Labeled


@pytest.mark.parametrize(
    ("X", "base"),
    [
        (Sublist(EQUAL), EQUAL),
        ([Sublist(x) for x in EQUAL], EQUAL),
        (np.array(EQUAL).view(Subarray), np.array(EQUAL)),
        (np.asmatrix(EQUAL), np.array(EQUAL)),
        (np.ones((2, 3, 1)).view(Subarray), np.ones((2, 3, 1))),
        ([np.array(x).view(Subarray) for x in EQUAL], list(np.array(EQUAL))),
        ([np.asmatrix(EQUAL)], [np.array(EQUAL)]),
        (
            [Labeled({"a": [1.0, 2.0]}, index=[7, 8])],
            [pd.DataFrame({"a": [1.0, 2.0]}, index=[7, 8])],
        ),
    ],
    ids=["list", "items", "2-D", "matrix", "3-D", "arrays", "matrices", "frames"],
)
def test_subclasses_are_read_as_their_base(X, base):
    expected, base_schema = read(base)

    sequences, schema = read(X)

    assert_array_equal(sequences.lengths, expected.lengths)
    assert_array_equal(sequences.blocks[0], expected.blocks[0])
    assert schema.is_table == base_schema.is_table


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=str)
@pytest.mark.parametrize("shape", [(6, 2), (3, 2, 2)], ids=["2-D", "3-D"])
def test_missing_values_in_object_arrays_are_nan(missing, shape):
    X = np.arange(12.0).reshape(shape).astype(object)
    X.flat[5] = missing

    sequences, _ = read(X)

    values = sequences.blocks[0].ravel()
    assert values.dtype == np.float64
    assert_array_equal(np.flatnonzero(np.isnan(values)), [5])


@pytest.mark.parametrize("make", [list, lambda y: np.array(y, dtype=object)])
def test_a_missing_target_is_refused_naming_it(make):
    predictor = LSTMSequencePredictor(n_components=4, max_epochs=1, random_state=0)

    with pytest.raises(ValueError, match=r"y\[1\] has no observed value"):
        predictor.fit(EQUAL, make([1, pd.NA, 3]))


@pytest.mark.parametrize("width", [None, 2], ids=["1-D", "2-D"])
def test_a_packed_sequence_is_refused_with_the_way_out(width):
    shapes = [(n,) if width is None else (n, width) for n in (3, 2)]
    packed = torch.nn.utils.rnn.pack_sequence([torch.ones(shape) for shape in shapes])

    with pytest.raises(TypeError, match=r"PackedSequence.*unpack_sequence\(X\)"):
        read(packed)
