"""Objects of other libraries: those that are converted, and those that are refused."""

import warnings
from collections import deque, namedtuple
from decimal import Decimal

import awkward as ak
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import torch
import xarray as xr
from numpy.testing import assert_array_equal
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed._data.checking import check_sequences
from sklearn_seqembed.exceptions import SequenceReadingWarning
from sklearn_seqembed.metrics import exact_match_score

ONE_FEATURE = [[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]]
TWO_FEATURES = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]]
TENSORS = [torch.tensor(x) for x in TWO_FEATURES]
TABLE = pa.table({"a": [1.0, 2.0]})
PEOPLE = pd.DataFrame({"id": [1, 1, 2], "a": [1.0, 3.0, 5.0], "b": [2.0, 4.0, 6.0]})
GRID = xr.Dataset({"a": (("sample", "time"), np.ones((2, 3)))})


class ArrayLike:
    """An object that offers only numpy's protocol for arrays."""

    def __init__(self, values):
        self.values = np.array(values)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


def read(X):
    """Return the values of each sequence."""
    sequences, _ = check_sequences(X)
    return [sequences.rows(i).tolist() for i in range(len(sequences))]


CONVERTED = {
    "a nested tensor": torch.nested.nested_tensor(TENSORS),
    "a jagged tensor": torch.nested.nested_tensor(TENSORS, layout=torch.jagged),
    "an awkward array": ak.Array(TWO_FEATURES),
    "awkward records": ak.Array(
        [[{"a": a, "b": b} for a, b in x] for x in TWO_FEATURES]
    ),
    "pandas groups": PEOPLE.groupby("id"),
    "dicts of lists": [{"a": [1.0, 3.0], "b": [2.0, 4.0]}, {"b": [6.0], "a": [5.0]}],
    "lists of dicts": [[{"a": 1, "b": 2}, {"b": 4, "a": 3}], [{"b": 6, "a": 5}]],
    "a deque": deque(map(np.array, TWO_FEATURES)),
    "a frame of narwhals": nw.from_native(
        pl.DataFrame({"a": [[1.0, 3.0], [5.0]], "b": [[2.0, 4.0], [6.0]]})
    ),
    "objects with a protocol": [ArrayLike(x) for x in TWO_FEATURES],
    "views of lists": pa.array(
        TWO_FEATURES, pa.list_view(pa.large_list_view(pa.float64()))
    ),
}


@pytest.mark.parametrize("X", CONVERTED.values(), ids=CONVERTED)
def test_objects_are_read_as_the_sequences_that_they_hold(X):
    assert read(X) == TWO_FEATURES


UNIVARIATE = {
    "an awkward array": ak.Array(ONE_FEATURE),
    "integers of 128 bits": pl.Series(ONE_FEATURE).cast(pl.List(pl.Int128)),
    "a frame of integers of 128 bits": pl.DataFrame({"a": ONE_FEATURE}).cast(
        pl.List(pl.Int128)
    ),
    "a Series of narwhals": nw.from_native(
        pl.Series(ONE_FEATURE).cast(pl.List(pl.Int128)), series_only=True
    ),
    "groups of one column": pd.DataFrame(
        {"id": [1, 1, 1, 2, 3, 3], "a": np.arange(1.0, 7)}
    ).groupby("id")["a"],
}


@pytest.mark.parametrize("X", UNIVARIATE.values(), ids=UNIVARIATE)
def test_objects_of_one_feature_are_read(X):
    assert read(X) == [[[value] for value in x] for x in ONE_FEATURE]


def test_arrays_of_other_libraries_are_read_as_arrays():
    values = np.arange(12.0).reshape(2, 3, 2)

    assert read(ArrayLike(values)) == values.tolist()
    assert read(xr.DataArray(values)) == values.tolist()
    assert read(xr.DataArray(values.astype(object))) == values.tolist()
    assert read(ak.from_numpy(values)) == values.tolist()
    assert read(pa.FixedShapeTensorArray.from_numpy_ndarray(values)) == values.tolist()
    assert read(np.matrix("1 2; 3 4")) == [[[1], [2]], [[3], [4]]]


@pytest.mark.parametrize(
    "X",
    [
        pl.DataFrame({"a": [Decimal("1.5"), None], "b": [Decimal(2), Decimal(3)]}),
        pd.DataFrame(
            {
                "a": pd.array(
                    [Decimal("1.5"), None], pd.ArrowDtype(pa.decimal128(5, 2))
                ),
                "b": [2.0, 3.0],
            }
        ),
    ],
    ids=["polars", "pandas"],
)
def test_decimals_in_a_table_may_be_missing(X):
    assert_array_equal(read(X), [[[1.5], [2]], [[np.nan], [3]]])


def test_awkward_bools_beside_numbers_are_bools():
    _, schema = check_sequences(ak.Array([[(True, 0.3), (False, 1.0)]]))

    assert schema.kinds == ("bool", "numeric")


def test_awkward_strings_and_gaps_are_read():
    assert small_embedder().fit(ak.Array(["ab", "c"])).n_features_in_ == 1
    assert_array_equal(read(ak.Array([[1.0, None], [2.0]]))[0], [[1], [np.nan]])


def gapped(*values):
    """Return a masked tensor in which NaN is masked, not stored."""
    values = torch.tensor(values)
    return torch.masked.masked_tensor(values.nan_to_num(99.0), ~values.isnan())


GAPS = [[[1.0, np.nan], [3.0, 4.0]], [[5.0, 6.0]]]
MASKED = {
    "masked arrays": [np.ma.masked_invalid(x) for x in GAPS],
    "masked time steps": [[np.ma.masked_invalid(step) for step in x] for x in GAPS],
    "masked values": [[(1.0, np.ma.masked), (3.0, 4.0)], [[5.0, 6.0]]],
    "masked values beside others": [[[1, np.ma.masked], [3, 4]], np.array([[5, 6.0]])],
    "masked tensors": [gapped(*x) for x in GAPS],
    "masked tensors as time steps": [[gapped(*step) for step in x] for x in GAPS],
}


@pytest.mark.filterwarnings("ignore:The PyTorch API of MaskedTensors")
@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("X", MASKED.values(), ids=MASKED)
def test_masked_values_are_missing_wherever_the_mask_is(X):
    for found, expected in zip(read(X), GAPS, strict=True):
        assert_array_equal(found, expected)


def test_integers_of_a_masked_tensor_are_read_as_numbers():
    X = [torch.masked.masked_tensor(torch.tensor([7, 8]), torch.tensor([True, False]))]

    assert_array_equal(read(X)[0], [[7.0], [np.nan]])


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # quantized tensors are deprecated
    QUANTIZED = torch.quantize_per_tensor(torch.ones(2, 2), 0.5, 0, torch.quint8)
UNUSUAL_TENSORS = {
    "with gradients": torch.ones(2, 2, requires_grad=True),
    "quantized": QUANTIZED,
    "lazily negated": torch.full((2, 2), 1 - 1j).conj().imag,
}


@pytest.mark.parametrize("form", ["array", "sequences", "time steps", "values"])
@pytest.mark.parametrize("tensor", UNUSUAL_TENSORS.values(), ids=UNUSUAL_TENSORS)
def test_tensors_are_read_in_lists_and_in_nested_lists(tensor, form):
    X = {
        "array": tensor[None],
        "sequences": [tensor],
        "time steps": [list(tensor)],
        "values": [[list(step) for step in tensor]],
    }[form]

    assert read(X) == [[[1.0, 1.0], [1.0, 1.0]]]


def test_a_tensor_without_values_is_refused_wherever_it_is():
    for X in (torch.ones(2, 3, device="meta"), [[torch.ones(2, device="meta")]]):
        with pytest.raises(TypeError, match="^X.* It holds no values: its device is"):
            read(X)


def label(values, names, dims=("time", "feature")):
    """Return a DataArray whose features have names."""
    return xr.DataArray(np.array(values), dims=dims, coords={"feature": list(names)})


LABELED = {
    "labels": [label(TWO_FEATURES[0], "ab"), label([[6.0, 5.0]], "ba")],
    "dimensions": [label(TWO_FEATURES[0], "ab"), label([[5.0, 6.0]], "ab").T],
    "dimensions without labels": [
        xr.DataArray(TWO_FEATURES[0], dims=("time", "feature")),
        xr.DataArray([[5.0], [6.0]], dims=("feature", "time")),
    ],
    "objects": [label(np.array(x, dtype=object), "ab") for x in TWO_FEATURES],
}


@pytest.mark.parametrize("X", LABELED.values(), ids=LABELED)
def test_features_of_xarray_are_matched_by_their_names(X):
    assert read(X) == TWO_FEATURES


@pytest.mark.parametrize("as_fitted", [np.stack, list], ids=["array", "list"])
def test_names_of_xarray_are_compared_with_those_of_fit(as_fitted):
    values = np.arange(12.0).reshape(2, 3, 2)
    X = label(values, "ab", ("sample", "time", "feature"))
    fitted = X if as_fitted is np.stack else list(X)
    embedder = small_embedder().fit(fitted)

    for other in (X[:, :, ::-1], list(X[:, :, ::-1])):
        assert_array_equal(embedder.transform(other), embedder.transform(X))
    with pytest.raises(
        ValueError, match=r"columns \['a', 'z'\], expected \['a', 'b'\]"
    ):
        embedder.transform(X.assign_coords(feature=["a", "z"]))


SQUARE = np.random.default_rng(0).normal(size=(4, 6, 6))
CASES = xr.DataArray(SQUARE, dims=("case", "time", "feature"))


@pytest.mark.parametrize("fitted", [CASES, list(CASES)], ids=["array", "list"])
@pytest.mark.parametrize(
    "X",
    [
        CASES.transpose("case", "feature", "time"),
        CASES.transpose("feature", "time", "case"),
        [x.T for x in CASES],
    ],
    ids=["last", "all", "list"],
)
def test_axes_have_the_order_of_fit(fitted, X):
    embedder = small_embedder().fit(fitted)

    assert_array_equal(embedder.transform(X), embedder.transform(CASES))


def test_features_of_y_are_matched_by_their_names():
    X = np.random.default_rng(0).normal(size=(12, 5, 1))
    y = label(X[:, -1:] * [1000, 0.1, 1], "abc", ("case", "time", "feature"))
    predictor = LSTMSequencePredictor(4, max_epochs=1, random_state=0).fit(X, y)
    expected = predictor.score(X, y)

    for other in (y[:, :, ::-1], y.transpose("case", "feature", "time")):
        assert predictor.score(X, other) == expected


def test_other_dimensions_are_refused():
    X = [label(x, "ab") for x in TWO_FEATURES]

    with pytest.raises(
        ValueError, match=r"X\[1\] has the dimensions \['t', 'feature'\]"
    ):
        read([X[0], X[1].rename(time="t")])


def test_a_table_of_xarray_with_named_columns_warns_as_a_frame_does():
    X = label(np.random.default_rng(0).normal(size=(20, 2)), ["temperature", "load"])

    with pytest.warns(SequenceReadingWarning, match=r"one sequence .* pass \[X\]"):
        read(X)
    assert read([X]) == [X.to_numpy().tolist()]


Step = namedtuple("Step", ["a", "b"])
Reversed = namedtuple("Reversed", ["b", "a"])
NAMED_TUPLES = {
    "time steps": [[Step(1.0, 2.0), Step(3.0, 4.0)], [Reversed(6.0, 5.0)]],
    "sequences": [Step([1.0, 3.0], [2.0, 4.0]), Reversed([6.0], [5.0])],
    "arrays": [
        Step(*np.transpose(TWO_FEATURES[0])),
        Reversed(np.array([6.0]), np.array([5.0])),
    ],
}


@pytest.mark.parametrize("X", NAMED_TUPLES.values(), ids=NAMED_TUPLES)
def test_fields_of_named_tuples_are_matched_by_their_names(X):
    assert read(X) == TWO_FEATURES


def test_named_tuples_beside_others_are_refused():
    with pytest.raises(ValueError, match=r"X\[0\] holds \(3, 4\) at time step 1"):
        read([[Step(1, 2), (3, 4)]])
    with pytest.raises(
        TypeError, match=r"X\[1\] is of type list, but X\[0\] is a list"
    ):
        read([[Step(1, 2)], [(3, 4)]])


def test_named_tuples_of_single_values_are_sequences_of_one_feature():
    assert read([Step(1, 2), Reversed(3, 4)]) == [[[1], [2]], [[3], [4]]]


class Broken:
    """An object whose protocol for arrays fails."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("not today")


REFUSED = {
    "objects as time steps": (
        [[ArrayLike(1.0), ArrayLike(2.0)]],
        r"X\[0\] holds objects that cannot be converted to numbers",
    ),
    "a failing protocol": (Broken(), r"of type \w+\.Broken, .*asarray\(X\) fails: Run"),
    "fields of xarray": (
        xr.DataArray(np.zeros((2, 3), dtype=[("a", float)])),
        r"structured array with the fields \['a'\]",
    ),
    "a view of numbers": (memoryview(np.zeros((2, 3))), r"Pass numpy.asarray\(X\)"),
    "groups of narwhals": (
        nw.from_native(pl.DataFrame({"i": [1, 2], "a": [1, 2]})).group_by("i"),
        r"Pass \[group for _, group in X\]",
    ),
    "pairs of a loop over groups": (
        list(PEOPLE.groupby("id")),
        r"X\[0\] is a pair .*\[group.drop\(columns=keys\) for _, group in groups\]",
    ),
    "pairs of polars": (
        list(pl.from_pandas(PEOPLE).group_by("id")),
        r"X\[0\] is a pair of a key and a table",
    ),
    "a resampled frame": (
        PEOPLE.set_index(pd.date_range("2025-03-01", periods=3)).resample("2D"),
        r"Pass \[group for _, group in X\]",
    ),
    "packed sequences": (
        torch.nn.utils.rnn.pack_sequence(TENSORS),
        r"X is of type torch.PackedSequence, .*torch.nn.utils.rnn.unpack_sequence\(X\)",
    ),
    "a sparse tensor": (torch.eye(3).to_sparse(), r"sparse: pass X.to_dense\(\)"),
    "a CSR tensor": (torch.eye(3).to_sparse_csr(), r"sparse: pass X.to_dense\(\)"),
    "a sparse matrix": (scipy.sparse.eye(3).tocsr(), r"pass X.toarray\(\)"),
    "a sparse array": (scipy.sparse.coo_array(np.eye(3)), r"pass X.toarray\(\)"),
    "a sparse item": ([scipy.sparse.coo_array(np.eye(3))], r"pass X\[0\].toarray\(\)"),
    "a sparse frame": (
        pd.DataFrame({"a": pd.arrays.SparseArray([0.0, 1.0])}),
        r"pass X.sparse.to_dense\(\)",
    ),
    "an xarray dataset": (GRID, r"X is of type xarray.Dataset.*X.to_dataarray\(\)"),
    "a stream of batches": (
        pa.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches()),
        r"read only once, which is not enough: pass X.read_all\(\)",
    ),
    "a structured array": (
        np.zeros(3, [("a", float), ("b", int)]),
        r"structured array with the fields \['a', 'b'\].*structured_to_unstructured",
    ),
    "a record array": (np.rec.array(np.zeros(3, [("a", float)])), "structured array"),
    "a structured item": ([np.zeros(3, [("a", float)])], r"X\[0\] is a structured"),
    "a lazy frame": (pl.LazyFrame({"a": [1]}), r"Here, pass X.collect\(\)"),
    "groups of polars": (pl.DataFrame({"a": [1]}).group_by("a"), "group.drop"),
    "a generator": ((x for x in ONE_FEATURE), r"only once: pass list\(X\)"),
    "a generator item": ([iter([1.0])], r"X\[0\] is .* only once: pass list\(X\[0\]\)"),
    "a dict": (dict(enumerate(ONE_FEATURE)), r"Pass list\(X.values\(\)\) if each"),
    "values of a dict": ({"a": [1.0]}.values(), r"Pass list\(X\)"),
    "a set": ({1, 2}, "Its elements have no order"),
    "bytes": (b"abc", r"\[bytes\(X\).decode\(\)\]"),
    "a string": ("abc", r"One string is one sequence of characters: \[X\]"),
    "maps": (
        pa.array([[("a", 1.0)]], pa.map_(pa.string(), pa.float64())),
        "Maps have no order: pass their values",
    ),
    "a column of maps": (
        pa.table({"m": pa.array([[("a", 1.0)]], pa.map_(pa.string(), pa.float64()))}),
        "Column 'm' of X holds map.*Maps have no order",
    ),
    "runs": (
        pa.RunEndEncodedArray.from_arrays([2], ["ab"]),
        "Decode the runs: pyarrow.compute.run_end_decode",
    ),
    "an extension": (
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)], pa.binary(16))),
        "Pass the storage of this extension type",
    ),
    "bytes in Arrow": (pa.array([[b"a"]]), "Cast bytes to strings"),
    "large integers": (
        pl.Series([[2**100]], dtype=pl.List(pl.Int128)),
        "integers of 128 bits, some of which do not fit into 64",
    ),
    "single values in dicts": (
        [{"a": 1.0}],
        r"X\[0\] is a dict of single values, expected a list of values",
    ),
    "sparse cells": (
        pd.DataFrame({"a": [scipy.sparse.csr_array([[1.0]])], "b": [[1.0]]}),
        r"Column 'a' of X, row 0 \(index 0\), is of type .* It is sparse: pass",
    ),
    "names beside none": (
        [label([[1.0]], "a"), np.ones((1, 1))],
        r"X\[1\] is of type nda",
    ),
    "text beside lists": (
        pl.DataFrame({"sex": ["f", "m"], "a": [[1, 2], [3, 4]]}),
        "Column 'a' of X holds sequences, but column 'sex' holds single.*ColumnTransf",
    ),
}


@pytest.mark.parametrize(("X", "match"), REFUSED.values(), ids=REFUSED)
def test_objects_that_are_not_read_are_refused_with_the_way_out(X, match):
    with pytest.raises(TypeError, match=match):
        check_sequences(X)


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (
            [{"a": [1.0]}, {"b": [1.0]}],
            r"X\[1\] has the columns \['b'\], but X\[0\] has",
        ),
        ([{"a": [1.0], "b": [1.0, 2.0]}], r"X\[0\] has 1 time step in 'a', but 2 in"),
        (
            [[{"a": 1.0}, {"b": 1.0}]],
            r"X\[0\] holds \['b'\] at time step 1, but \['a'\]",
        ),
        ([np.array([10**400, 1])], r"X\[0\] holds an integer that is too large for fl"),
        (
            [label(np.array([[1.5, None], [10**400, 2]], dtype=object), "ab")],
            r"Column 'a' of X\[0\] holds an integer that is too large for float64",
        ),
        ([[1.0], [1j, None]], "Complex data not supported: X holds values of type c"),
        (pd.DataFrame({"a": [1j]}), "Complex data not supported: X holds complex128"),
        (np.array(3.0), "Expected sequences, got a single value"),
        (
            [np.ones(2), np.array([1e308, -1e308])],
            r"X\[1\] holds 1e\+308 at time step 0, feature 0, whose square",
        ),
        (
            [np.array([1, np.longdouble("1e1000")])],
            r"X\[0\] holds 1e\+1000 at time step 1, feature 0, whose square",
        ),
    ],
    ids=range(10),
)
def test_values_that_are_not_read_are_named(X, match):
    with pytest.raises(ValueError, match=match):
        check_sequences(X)


@pytest.mark.parametrize(
    "y",
    [
        pa.array([1.0, 2.0, 3.0]),
        pa.chunked_array([[1], [2, 3]]),
        ak.Array([1.0, 2.0, 3.0]),
        pl.Series([1, 2, 3], dtype=pl.Int128),
        nw.from_native(pl.Series([1, 2, 3]), series_only=True),
        xr.DataArray([1.0, 2.0, 3.0]),
        ArrayLike([1, 2, 3]),
    ],
    ids=lambda y: type(y).__module__.partition(".")[0],
)
def test_numbers_of_other_libraries_are_single_targets(y):
    predictor = LSTMSequencePredictor(4, max_epochs=1).fit(ONE_FEATURE, y)

    assert predictor.predict(ONE_FEATURE).shape == (3,)


def test_sequences_with_a_protocol_are_targets():
    y = [ArrayLike(x) for x in ONE_FEATURE]

    predictor = LSTMSequencePredictor(4, max_epochs=1).fit(ONE_FEATURE, y)

    assert len(predictor.predict(ONE_FEATURE)[0]) in (1, 2, 3)


def test_targets_without_a_value_are_named():
    for y in (
        pa.array([1.0, None]),
        ak.Array([1.0, None]),
        pd.Series([True, None], dtype="boolean"),
    ):
        with pytest.raises(ValueError, match=r"y\[1\] has no observed value"):
            LSTMSequencePredictor(4, max_epochs=1).fit(ONE_FEATURE[:2], y)


def test_an_unseen_target_is_refused_by_name_in_score():
    X = [list("ab"), list("ba")]
    predictor = LSTMSequencePredictor(4, max_epochs=1, handle_unknown="error")
    predictor.fit(X, X)

    with pytest.raises(ValueError, match=r"y.*'z'"):
        predictor.score(X, [list("az"), list("b")])


def test_metrics_convert_and_refuse_the_same_objects():
    assert exact_match_score(ak.Array(ONE_FEATURE), deque(ONE_FEATURE)) == 1

    with pytest.raises(TypeError, match=r"X_pred is .*pass list\(X_pred\)"):
        exact_match_score(ONE_FEATURE, iter(ONE_FEATURE))
