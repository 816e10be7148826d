"""Datasets of Hugging Face and their columns."""

import re
from importlib.metadata import version

import numpy as np
import pytest
from round_trips import read

import sklearn_seqembed
from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.exceptions import SequenceReadingWarning

if int(version("datasets").partition(".")[0]) < 3:
    pytest.skip("older versions do not fit pyarrow", allow_module_level=True)

import datasets

ONE_FEATURE = [[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]]


def values_of(X):
    sequences, _ = read(X)
    return [sequences.rows(i).tolist() for i in range(len(sequences))]


def make(**columns):
    return datasets.Dataset.from_dict(columns)


def test_a_dataset_is_read_as_a_frame():
    X = make(a=[[1.0, 3.0], [5.0]], b=[[2.0, 4.0], [6.0]])

    assert values_of(X) == [[[1, 2], [3, 4]], [[5, 6]]]


@pytest.mark.parametrize(
    "X",
    [
        make(a=ONE_FEATURE)["a"],
        make(a=[[0.0], *ONE_FEATURE]).select([1, 2, 3]),
    ],
    ids=["column", "selected rows"],
)
def test_columns_and_selected_rows_are_read(X):
    assert values_of(X) == [[[value] for value in x] for x in ONE_FEATURE]


def test_a_column_of_numbers_holds_single_targets():
    y = make(y=[1, 2, 3])["y"]

    predictor = LSTMSequencePredictor(4, max_epochs=1).fit(ONE_FEATURE, y)

    assert predictor.predict(ONE_FEATURE).shape == (3,)


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (datasets.DatasetDict(train=make(a=[1])), r"X\['train'\] for example"),
        (
            make(a=[1]).to_iterable_dataset(),
            r"Pass datasets.Dataset.from_list\(list\(X\)\)",
        ),
    ],
    ids=["parts", "stream"],
)
def test_what_cannot_be_read_twice_or_at_once_is_refused(X, match):
    with pytest.raises(TypeError, match=match):
        read(X)


def test_a_long_table_is_refused_with_the_line_that_splits_it():
    ids = [f"c{i}" for i in range(20) for _ in range(10)]
    X = datasets.Dataset.from_dict({"id": ids, "day": [*range(10)] * 20})

    with pytest.raises(TypeError, match="If X is a long table") as caught:
        read(X)

    line = re.search(r"pass (.*\])\.$", str(caught.value))[1]
    names = {"X": X, "sklearn_seqembed": sklearn_seqembed}
    assert read(eval(line, names))[0].lengths.tolist() == [10] * 20


def test_a_column_of_transposed_sequences_warns_with_the_line_that_transposes_them():
    values = np.random.default_rng(0).normal(size=(3, 2, 7))
    X = datasets.Dataset.from_dict({"x": values.tolist()})["x"]

    with pytest.warns(SequenceReadingWarning) as caught:
        read(X)

    line = str(caught[0].message).partition("pass ")[2].removesuffix(".")
    sequences, _ = read(eval(line, {"X": X, "numpy": np}))
    np.testing.assert_array_equal(sequences.rows(0), values[0].T)
