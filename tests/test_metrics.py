"""Fractions of sequences and tokens that are reconstructed exactly."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch

from sklearn_seqembed.metrics import exact_match_score, token_match_score

NAN = np.nan


@pytest.mark.parametrize(
    ("true", "pred", "exact", "tokens"),
    [
        (["ab", "cde"], ["ab", "cde"], 1.0, 1.0),
        (["ab", "cde"], ["ab", "cdf"], 0.5, 4 / 5),
        (["ab"], ["abc"], 0.0, 1.0),  # too long: no token is lost, the sequence is
        (["abc"], ["ab"], 0.0, 2 / 3),
        (["abc"], [""], 0.0, 0.0),
        (["abc"], ["xabc"], 0.0, 0.0),  # a place further on is another place
        ([["a", "b"], ["c"]], [["a", "b"], ["d"]], 0.5, 2 / 3),
        ([["a", None], ["c"]], [["a", "x"], ["c"]], 1.0, 1.0),
        ([["a", NAN], ["c"]], [["a", "x"], [None]], 0.5, 1 / 2),
        ([["a", pd.NA]], [["a", "<NA>"]], 1.0, 1.0),
        ([["<NA>"]], [["a"]], 0.0, 0.0),
        ([[("a", 1.0), ("b", NAN)]], [[("a", 1.0), ("c", 2.0)]], 0.0, 2 / 3),
        (
            np.array([["a", "b"], ["c", "d"]]),
            np.array([["a", "b"], ["c", "c"]]),
            0.5,
            0.75,
        ),
        ([np.array([1.0, 2.0])], [np.array([1.0, 2.5])], 0.0, 0.5),
        ([np.ones((3, 2))], [np.ones((3, 2))], 1.0, 1.0),
    ],
)
def test_sequences_and_values_that_match_are_counted(true, pred, exact, tokens):
    assert exact_match_score(true, pred) == pytest.approx(exact)
    assert token_match_score(true, pred) == pytest.approx(tokens)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_row_of_a_frame_is_exact_if_all_its_cells_are(frame):
    true = frame({"a": [["x", "y"], ["z"]], "b": [[1.0, 2.0], [3.0]]})
    pred = frame({"a": [["x", "y"], ["z"]], "b": [[1.0, 2.0], [4.0]]})

    assert exact_match_score(true, pred) == 0.5
    assert token_match_score(true, pred) == pytest.approx(5 / 6)


@pytest.mark.parametrize("metric", [exact_match_score, token_match_score])
def test_sequences_that_cannot_be_compared_are_refused(metric):
    with pytest.raises(ValueError, match="X_true holds 2 sequences and X_pred 1"):
        metric(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="X_true is empty: it holds 0 sequences"):
        metric([], [])
    with pytest.raises(
        ValueError, match=r"X_pred\[1\] has 3 features, but X_pred\[0\]"
    ):
        metric([np.ones((2, 2))] * 2, [np.ones((2, 2)), np.ones((2, 3))])
    with pytest.raises(ValueError, match="X_true has 2 features and X_pred 3"):
        metric([np.ones((2, 2))] * 2, [np.ones((2, 3))] * 2)
    with pytest.raises(ValueError, match="X_true has 2 features and X_pred 1"):
        metric(pd.DataFrame({"a": ["x"], "b": ["y"]}), pd.DataFrame({"a": ["x"]}))
    with pytest.raises(TypeError, match=r"X_pred is of type str.*: \[X_pred\]"):
        metric(["a"], "a")
    with pytest.raises(TypeError, match="X_true is of type int, expected sequences"):
        metric(5, ["a"])
    with pytest.raises(TypeError, match=r"X_pred\[1\] is of type float, expected a l"):
        metric([[1.0], [2.0]], [[1.0], 2.0])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_frames_of_other_columns_are_refused(frame):
    true, pred = frame({"a": ["x"], "b": ["y"]}), frame({"b": ["y"], "a": ["x"]})

    with pytest.raises(ValueError, match=r"columns \['a', 'b'\] and X_pred \['b', 'a'"):
        exact_match_score(true, pred)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_row_of_a_table_is_one_sequence(frame):
    true = frame({"0": [1.0, 3.0], "1": [2.0, 4.0]})
    pred = frame({"0": [1.0, 3.0], "1": [2.0, 5.0]})

    assert exact_match_score(true, pred) == 0.5
    assert token_match_score(true, pred) == 0.75


def test_a_relation_of_duckdb_is_compared():
    relation = duckdb.sql("SELECT * FROM (VALUES (['x', 'y']), (['z'])) AS t(a)")

    assert exact_match_score(relation, pa.table({"a": [["x", "y"], ["w"]]})) == 0.5


@pytest.mark.parametrize(
    "as_series", [pd.Series, pl.Series, pa.array], ids=["pandas", "polars", "Arrow"]
)
def test_each_item_of_a_series_is_a_sequence(as_series):
    true, pred = as_series([["a", "b"], ["c"]]), as_series([["a", "b"], ["d"]])

    assert exact_match_score(true, pred) == 0.5


def test_cells_that_are_not_sequences_are_named():
    good = pd.DataFrame({"a": [["x"], ["y"]], "b": [[1.0], [2.0]]})
    missing = pd.DataFrame({"a": [["x"], None], "b": [[1.0], [2.0]]})
    uneven = pd.DataFrame({"a": [["x"], ["y"]], "b": [[1.0], [2.0, 3.0]]})

    match = r"Column 'a' of X_pred, row 1 \(index 1\), is missing"
    with pytest.raises(ValueError, match=match):
        exact_match_score(good, missing)
    match = r"X_true has 1 time step in column 'a', but 2 in column 'b', at row 1"
    with pytest.raises(ValueError, match=match):
        exact_match_score(uneven, good)


def test_padding_of_3d_arrays_is_not_counted():
    true = np.array(
        [[[1.0, NAN], [2.0, 3.0], [NAN, NAN]], [[4.0, 5.0]] + [[NAN] * 2] * 2]
    )

    assert exact_match_score(true, [true[0, :2], true[1, :1]]) == 1.0
    assert exact_match_score(true, true[:, :2]) == 1.0
    assert exact_match_score([true[0, :2], true[1, :1]], true) == 1.0
    assert exact_match_score(true, [true[0, :1], true[1, :1]]) == 0.5
    assert exact_match_score(true[:, :, :1] * NAN, true[:, :, :1]) == 0.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_tensors_are_compared(dtype):
    true = torch.ones((2, 3, 1), dtype=dtype)
    pred = true.clone()
    pred[1, 2] = 2

    assert token_match_score(true, pred) == pytest.approx(5 / 6)
    assert token_match_score(list(true), list(pred)) == pytest.approx(5 / 6)


def test_sequences_without_observed_values_are_refused():
    with pytest.raises(ValueError, match="X_true has no observed value"):
        token_match_score([[None]], [["a"]])


def test_numpy_strings_are_sequences_of_characters():
    words = list(np.array(["ab", "cd"]))

    assert exact_match_score(words, ["ab", "ce"]) == 0.5
    assert token_match_score(["ab", "ce"], words) == 0.75


@pytest.mark.parametrize(
    "make",
    [pd.Categorical, lambda x: pd.Series(x, dtype="category"), pl.Series],
    ids=["Categorical", "pandas", "polars"],
)
def test_a_categorical_column_holds_labels(make):
    labels = make(["up", "down", "up"])
    if isinstance(labels, pl.Series):
        labels = labels.cast(pl.Categorical)

    for predicted in (
        np.array(["up", "down", "down"], dtype=object),
        labels[[0, 1, 1]],
    ):
        for pair in ((labels, predicted), (predicted, labels)):
            assert token_match_score(*pair) == pytest.approx(2 / 3)
            assert exact_match_score(*pair) == pytest.approx(2 / 3)
