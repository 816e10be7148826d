"""Strings, which are sequences of characters, are not mistaken for lists of tokens."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from round_trips import read, schema_of
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.metrics import exact_match_score, token_match_score

pytestmark = pytest.mark.filterwarnings("ignore:The network explains only")

TOKENS = [["login", "buy"], ["look"], ["buy", "login"]]
STRINGS = ["anna", "bob", "otto"]


@pytest.mark.parametrize(
    "X",
    [
        STRINGS,
        np.array(STRINGS),
        pd.Series(STRINGS),
        pl.Series(STRINGS),
        pa.array(STRINGS),
    ],
    ids=["list", "array", "pandas", "polars", "pyarrow"],
)
def test_strings_are_refused_after_fit_on_tokens(X):
    schema = schema_of(TOKENS)

    with pytest.raises(
        TypeError, match=r"X holds strings, .* expected lists of tokens"
    ):
        read(X, schema=schema)


@pytest.mark.parametrize(
    "X",
    [TOKENS, pl.Series(TOKENS), pa.array(TOKENS), np.array([["login", "buy"]])],
    ids=["list", "polars", "pyarrow", "2-D"],
)
def test_tokens_are_refused_after_fit_on_strings(X):
    schema = schema_of(STRINGS)

    with pytest.raises(TypeError, match=r"X holds lists of tokens .* expected strings"):
        read(X, schema=schema)


def test_cells_of_another_form_are_refused_naming_the_column():
    schema = schema_of(pd.DataFrame({"word": TOKENS}))

    with pytest.raises(TypeError, match="Column 'word' of X holds strings"):
        read(pd.DataFrame({"word": STRINGS}), schema=schema)


@pytest.mark.parametrize(
    ("fit_X", "X"), [([["a", "b"]], ["ab"]), (["ab"], [["a", "b"], ["b", "<unk>"]])]
)
def test_tokens_of_one_character_are_read_like_strings(fit_X, X):
    sequences, _ = read(X, schema=schema_of(fit_X))

    assert_array_equal(sequences.lengths, [2] * len(X))


def test_every_method_refuses_strings_after_fit_on_tokens():
    embedder = small_embedder().fit(TOKENS)

    for method in ("transform", "reconstruct", "score", "score_samples"):
        with pytest.raises(TypeError, match="expected lists of tokens as in fit"):
            getattr(embedder, method)(STRINGS)


def test_targets_of_another_form_are_refused():
    predictor = LSTMSequencePredictor(n_components=4, max_epochs=1, random_state=0)
    predictor.fit(STRINGS, TOKENS)

    with pytest.raises(TypeError, match="y holds strings, .* expected lists of tokens"):
        predictor.score(STRINGS, STRINGS)


@pytest.mark.parametrize("metric", [exact_match_score, token_match_score])
def test_metrics_refuse_to_compare_strings_with_tokens(metric):
    with pytest.raises(TypeError, match="X_pred holds strings.*as in X_true"):
        metric(TOKENS, STRINGS)
    with pytest.raises(TypeError, match="X_pred holds lists of tokens.*as in X_true"):
        metric(STRINGS, TOKENS)

    assert metric(["ab"], [["a", "b"]]) == 1.0
