"""A fitted estimator holds vocabularies, but no sequences, numbers or labels of X."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor

pytestmark = [
    pytest.mark.filterwarnings("ignore:The network explains only"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

RNG = np.random.default_rng(0)
PLANTED = 0.7182818284590452
SECRET = "planted sequence"
LABELS = [f"planted label {i}" for i in range(6)]
LABELED = pd.Index(LABELS, name="planted name")
NUMBERS = [RNG.normal(size=5) for _ in range(6)]
NUMBERS[2][3] = PLANTED
STRINGS = [SECRET, "other one", "third of them", "fourth", "fifth", "sixth"]
CELLS = pd.DataFrame({"x": NUMBERS, "s": [text[:5] for text in STRINGS]}, index=LABELED)
TABLE = pd.DataFrame(np.stack(NUMBERS), index=LABELED)
TWO = [pd.DataFrame({"a": x, "b": x[::-1]}, index=LABELS[:5]) for x in NUMBERS]

CONTAINERS = {
    "list": NUMBERS,
    "2-D": np.stack(NUMBERS),
    "3-D": np.stack(NUMBERS)[:, :, None],
    "table": TABLE,
    "polars table": pl.DataFrame(np.stack(NUMBERS)),
    "cells": CELLS,
    "polars cells": pl.DataFrame({"x": [x.tolist() for x in NUMBERS]}),
    "Arrow lists": pa.array([x.tolist() for x in NUMBERS]),
    "Series of lists": pd.Series(NUMBERS, index=LABELED),
    "list of frames": TWO,
    "list of polars frames": [pl.from_pandas(x) for x in TWO],
    "dicts": [{"a": x.tolist()} for x in NUMBERS],
    "strings": STRINGS,
    "Series of strings": pd.Series(STRINGS, index=LABELED),
    "category": pd.Series(STRINGS, index=LABELED, dtype="category"),
    "category cells": pd.DataFrame({"s": STRINGS}, index=LABELED).astype("category"),
    "polars category": pl.Series(STRINGS, dtype=pl.Categorical),
    "polars enum": pl.Series(STRINGS, dtype=pl.Enum(STRINGS)),
    "polars enum cells": pl.DataFrame(
        {"s": pl.Series(STRINGS, dtype=pl.Enum(STRINGS))}
    ),
    "polars enum that is not used up": pl.DataFrame(
        {"s": [["a", "b"]] * 6}, schema={"s": pl.List(pl.Enum(["a", "b", SECRET]))}
    ),
    "polars lists of enums": pl.Series(
        [["a", "b"]] * 6, dtype=pl.List(pl.Enum(["a", "b", SECRET]))
    ),
    "Arrow dictionary": pa.array(STRINGS).dictionary_encode(),
    "Arrow dtype": pd.Series(STRINGS, dtype="string[pyarrow]"),
}


def check_nothing_is_planted(estimator):
    saved = pickle.dumps(estimator)
    for text in (SECRET, *LABELS, "planted name"):
        assert text.encode() not in saved
    for dtype in ("<f8", ">f8"):
        assert np.array(PLANTED, dtype).tobytes() not in saved


@pytest.mark.parametrize("X", CONTAINERS.values(), ids=CONTAINERS)
def test_a_fitted_embedder_holds_nothing_of_X(X):
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)

    check_nothing_is_planted(embedder.fit(X))


# A categorical y holds labels, which are a vocabulary.
LABEL_LIKE = (
    *("category", "category cells", "polars category", "polars enum"),
    "Arrow dictionary",
)
TARGETS = {name: y for name, y in CONTAINERS.items() if not name.startswith(LABEL_LIKE)}


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_a_fitted_predictor_holds_nothing_of_y(y):
    predictor = LSTMSequencePredictor(n_components=2, max_epochs=1, random_state=0)

    check_nothing_is_planted(predictor.fit(NUMBERS, y))


def test_categories_in_cells_come_back_as_categories():
    X = CONTAINERS["category cells"]
    embedder = LSTMSequenceEmbedder(n_components=2, max_epochs=1, random_state=0)

    assert embedder.fit(X).reconstruct(X)["s"].dtype == "category"
