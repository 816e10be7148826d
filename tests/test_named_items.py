"""Lists of frames, dicts of lists and records: features are matched by their names."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from round_trips import as_object_array, read, round_trip
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.metrics import exact_match_score

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

VALUES = [
    {"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]},
    {"a": [7.0, 8.0], "b": [9.0, 0.0]},
]
EVENTS = [
    {"word": ["x", "y"], "size": [1.0, None], "paid": [True, False]},
    {"word": ["y"], "size": [3.0], "paid": [True]},
]


def as_records(item):
    return [
        dict(zip(item, step, strict=True)) for step in zip(*item.values(), strict=True)
    ]


MAKERS = {
    "pandas": pd.DataFrame,
    "pandas nullable": lambda item: pd.DataFrame(item).convert_dtypes(),
    "polars": pl.DataFrame,
    "pyarrow": pa.table,
    "a batch of pyarrow": pa.RecordBatch.from_pydict,
    # A table keeps the order of its columns; older versions sort fields of dicts.
    "structs of pyarrow": lambda item: pa.table(item).to_struct_array().chunk(0),
    "chunks of structs": lambda item: pa.table(item).to_struct_array(),
    "structs of polars": lambda item: pl.Series(as_records(item)),
    "rows of pandas": lambda item: [row for _, row in pd.DataFrame(item).iterrows()],
    "dict": dict,
    "dict of arrays": lambda item: {name: np.array(v) for name, v in item.items()},
    "records": as_records,
}
every_form = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def reverse(item):
    """Reverse the order of the columns."""
    return dict(reversed(item.items()))


@pytest.fixture(scope="module")
def fitted_on_frames():
    return small_embedder().fit([pd.DataFrame(item) for item in VALUES] * 3)


@every_form
def test_items_with_names_are_read_as_arrays_of_the_same_values(make):
    sequences, schema = read([make(item) for item in VALUES])

    assert schema.feature_names == ("a", "b")
    assert_array_equal(sequences.lengths, [3, 2])
    assert_array_equal(
        sequences.take(np.arange(5)), [[1, 4], [2, 5], [3, 6], [7, 9], [8, 0]]
    )


@every_form
def test_columns_in_another_order_are_matched_within_X(make):
    expected, _ = read([make(item) for item in VALUES])

    sequences, schema = read([make(VALUES[0]), make(reverse(VALUES[1]))])

    assert schema.feature_names == ("a", "b")
    assert_array_equal(sequences.take(np.arange(5)), expected.take(np.arange(5)))


@every_form
@pytest.mark.parametrize("method", ["transform", "score_samples"])
def test_columns_in_another_order_are_matched_with_fit(make, method, fitted_on_frames):
    expected = getattr(fitted_on_frames, method)([pd.DataFrame(v) for v in VALUES])

    found = getattr(fitted_on_frames, method)([make(reverse(v)) for v in VALUES])

    assert_allclose(found, expected, atol=1e-6)


@every_form
def test_other_names_than_in_fit_are_refused(make, fitted_on_frames):
    X = [make({"a": [1.0], "c": [2.0]})]

    with pytest.raises(
        ValueError, match=r"X\[0\] has the columns .*expected \['a', 'b'"
    ):
        fitted_on_frames.transform(X)


@every_form
def test_other_names_than_in_the_first_item_are_refused(make):
    X = [make(VALUES[0]), make({"a": [1.0], "c": [2.0]})]

    with pytest.raises(
        ValueError, match=r"X\[1\] has the columns .*'c'.*X\[0\] has \['a'"
    ):
        read(X)


@every_form
def test_several_kinds_of_features_are_read(make):
    sequences, schema = read([make(item) for item in EVENTS])

    assert schema.kinds == ("string", "numeric", "bool")
    assert_array_equal(sequences.blocks[0].ravel(), [1.0, np.nan, 3.0])


def test_features_are_listed_by_name():
    _, schema = read([pd.DataFrame(v) for v in VALUES], categorical_features=["b"])

    assert schema.kinds == ("numeric", "number")


@pytest.mark.parametrize("form", ["pandas", "polars", "pyarrow"])
def test_frames_come_back_as_frames(form):
    X = [
        MAKERS[form](item | {"size": np.arange(1.0, 1 + len(item["word"]))})
        for item in EVENTS
    ]

    built = round_trip(X)

    for found, expected in zip(built, X, strict=True):
        assert found.equals(expected)


def test_dicts_and_records_come_back_as_they_were():
    assert round_trip(VALUES) == VALUES
    records = [as_records(item) for item in VALUES]
    assert round_trip(records) == records
    texts = [{"bases": "ACG", "quality": [1.0, 2.0, 3.0]}]
    assert round_trip(texts) == texts


def test_row_labels_of_frames_come_back():
    X = [pd.DataFrame(VALUES[0], index=[7, 8, 9]), pd.DataFrame(VALUES[1])]

    built = round_trip(as_object_array(X))

    assert built.dtype == object
    assert_array_equal(built[0].index, [7, 8, 9])


def test_reconstructions_have_the_columns_of_fit(fitted_on_frames):
    X = [pd.DataFrame(reverse(VALUES[0]), index=[7, 8, 9])]

    (reconstructed,) = fitted_on_frames.reconstruct(X)

    assert list(reconstructed.columns) == ["a", "b"]
    assert_array_equal(reconstructed.index, [7, 8, 9])


def test_times_in_a_list_of_frames_are_read_as_in_a_frame_of_cells():
    times = pd.to_datetime(["2025-03-01 08:00", "2025-03-01 09:30", "2025-03-02 07:00"])
    X = [pd.DataFrame({"time": times[:n], "x": np.arange(float(n))}) for n in (3, 2)]
    cells = pd.DataFrame(
        {"time": [list(x["time"]) for x in X], "x": [list(x["x"]) for x in X]}
    )
    expected, _ = read(cells)

    sequences, schema = read(X)

    assert schema.kinds == ("datetime", "numeric")
    assert_allclose(sequences.take(np.arange(5)), expected.take(np.arange(5)))


def test_times_out_of_order_name_the_item():
    times = pd.to_datetime(["2025-03-02", "2025-03-01"])

    with pytest.raises(ValueError, match=r"Column 't' of X\[1\] goes back in time"):
        read([pd.DataFrame({"t": times[::-1]}), pd.DataFrame({"t": times})])


LONG = pd.DataFrame(
    {"id": ["q", "p", "q", "p", "p"], "a": np.arange(5.0), "b": [0.0, 1, 0, 1, 1]}
)


@pytest.mark.parametrize(
    "groups",
    [
        LONG.groupby("id"),
        LONG.groupby("id")[["a", "b"]],
        LONG.groupby(["id"], sort=True),
        LONG.set_index("id").groupby(level=0),
    ],
    ids=["by column", "selection", "by list", "by level"],
)
def test_each_group_of_a_groupby_is_a_sequence_without_its_key(groups):
    sequences, schema = read(groups)

    assert schema.feature_names == ("a", "b")
    assert_array_equal(sequences.lengths, [3, 2])
    assert_array_equal(sequences.blocks[0][:, 0], [1.0, 3.0, 4.0, 0.0, 2.0])


def test_a_groupby_of_one_column_holds_univariate_sequences():
    sequences, _ = read(LONG.groupby("id")["a"])

    assert_array_equal(sequences.lengths, [3, 2])
    assert_array_equal(sequences.blocks[0].ravel(), [1.0, 3.0, 4.0, 0.0, 2.0])


def test_targets_are_matched_by_name():
    X = [np.ones((3, 1)), np.zeros((2, 1))] * 3
    y = [pd.DataFrame(item) for item in VALUES] * 3
    predictor = LSTMSequencePredictor(n_components=4, max_epochs=2, random_state=0)
    predictor.fit(X, y)

    predicted = predictor.predict(X)

    assert list(predicted[0].columns) == ["a", "b"]
    swapped = [item[["b", "a"]] for item in y]
    assert_allclose(predictor.score(X, swapped), predictor.score(X, y))


def test_metrics_match_columns_by_name():
    X = [pd.DataFrame(item) for item in VALUES]

    assert exact_match_score(X, [item[["b", "a"]] for item in X]) == 1.0


FRAME = pd.DataFrame(VALUES[1])


@pytest.mark.parametrize(
    ("X", "error", "match"),
    [
        (
            [FRAME, np.ones((2, 2))],
            TypeError,
            r"X\[1\] is of type ndarray, but X\[0\] is a pandas frame",
        ),
        (
            [np.ones((2, 2)), FRAME],
            TypeError,
            r"X\[1\] is a pandas frame, but X\[0\] is of type ndarray",
        ),
        ([FRAME, pl.from_pandas(FRAME)], TypeError, r"X\[1\] is a polars frame"),
        ([FRAME, FRAME.iloc[:0]], ValueError, r"X\[1\] has no time steps"),
        ([pd.concat([FRAME, FRAME], axis=1)], ValueError, "several columns 'a'"),
        (
            [{"a": [1], "b": [1, 2]}],
            ValueError,
            r"X\[0\] has 1 time step in 'a', but 2",
        ),
        ([{"a": 1}, {"a": 2}], TypeError, r"Pass \[X\] if it is one sequence"),
        ([{}], ValueError, r"X\[0\] has no features"),
        ([[{"a": 1}, {"b": 2}]], ValueError, r"X\[0\] holds \['b'\] at time step 1"),
        ([[{"a": 1}], []], ValueError, r"X\[1\] has no time steps"),
    ],
)
def test_invalid_lists_are_refused_naming_the_item(X, error, match):
    with pytest.raises(error, match=match):
        read(X)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"f": [[1.0, 2.0]]}),
        pl.DataFrame({"f": [[1.0, 2.0]]}),
        pa.table({"f": [[1.0, 2.0]]}),
        pa.table({"f": [["b", "c", "a"], ["d", "e", "f"]]}),
    ],
    ids=["pandas", "polars", "pyarrow", "strings"],
)
def test_lists_in_the_cells_of_a_listed_frame_are_refused(frame):
    with pytest.raises(TypeError, match=r"Column 'f' of X\[0\] is nested"):
        read([frame, frame])


def test_decimals_in_some_of_the_listed_frames_are_numbers():
    X = [pl.DataFrame({"f": [1.5]}), pl.DataFrame({"f": [Decimal("2.5"), None]})]

    for order in ([0, 1], [1, 0]):
        sequences, _ = read([X[i] for i in order])
        found = [sequences.rows(i) for i in order]
        assert_array_equal(found[0], [[1.5]])
        assert_array_equal(found[1], [[2.5], [np.nan]])


PAIRS = [("close", "A"), ("volume", "A")]


@pytest.mark.parametrize(
    "names", [PAIRS, [3, 7], [0, 1], pd.to_datetime(["2025", "2026"])], ids=str
)
@pytest.mark.parametrize("form", ["frames", "dicts"])
def test_names_that_are_no_strings_are_matched_with_fit(names, form):
    values = np.random.default_rng(0).normal(size=(8, 5, 2)) * [1, 1000]
    index = pd.MultiIndex.from_tuples(names) if names is PAIRS else names
    X = [pd.DataFrame(x, columns=index) for x in values]
    other = [x[x.columns[::-1]] for x in X]
    renamed = [x.set_axis([5, 6], axis=1) for x in X]
    if form == "dicts":
        X, other, renamed = (
            [x.to_dict("list") for x in y] for y in (X, other, renamed)
        )
    embedder = small_embedder().fit(X)

    assert_array_equal(embedder.transform(other), embedder.transform(X))
    if list(names) != [0, 1]:  # the names of frames without names
        with pytest.raises(ValueError, match=r"X\[0\] has the columns \[5, 6\]"):
            embedder.transform(renamed)


def test_frames_without_names_are_read_by_position():
    X = [np.ones((4, 2)) * i for i in range(3)]
    embedder = small_embedder().fit([pd.DataFrame(x, columns=["a", "b"]) for x in X])

    assert_array_equal(
        embedder.transform([pd.DataFrame(x) for x in X]), embedder.transform(X)
    )


def test_a_column_is_categorical_if_it_is_in_any_frame():
    X = [pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": pd.Categorical([2, 1])})]

    assert read(X)[1].kinds == read(X[::-1])[1].kinds == ("number",)
