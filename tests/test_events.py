"""Words, events and frames, from fit to inverse_transform."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._network import heads as heads_module
from sklearn_seqembed._network import hierarchical as hierarchical_module
from sklearn_seqembed.metrics import exact_match_score, token_match_score

WORDS = ["ana", "bob", "abba", "cabab", "baobab", "acacia"] * 4


def _embedder(**params):
    return LSTMSequenceEmbedder(
        **{"n_components": 6, "max_epochs": 2, "hidden_size": 32, "random_state": 0}
        | params
    )


def _frame(n_samples=24, seed=0):
    """Make a frame with one row per patient; wards and values depend on the class."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % 2
    rows = []
    for label in y:
        n_steps = rng.integers(3, 9)
        days = np.sort(rng.integers(0, 90, n_steps))
        values = rng.normal(3.0 * label, 1.0, n_steps)
        values[rng.random(n_steps) < 0.3] = np.nan
        values[0] = 3.0 * label
        rows.append(
            {
                "ward": rng.choice(
                    ["a", "b"] if label else ["b", "c"], n_steps
                ).tolist(),
                "value": values.tolist(),
                "time": list(pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D")),
            }
        )
    return pd.DataFrame(rows, index=[f"p{i}" for i in range(n_samples)]), y


FORMS = {
    "strings": WORDS,
    "object array": np.array(WORDS, dtype=object),
    "tokens": [list(word) for word in WORDS],
    "tuples": [[(c, float(i)) for i, c in enumerate(word)] for word in WORDS],
    "pandas": _frame()[0],
    "polars": pl.from_pandas(_frame()[0]),
    "pyarrow": pa.table(_frame()[0].reset_index(drop=True)),
}


def _kind(X):
    return type(X), type(X[0]) if isinstance(X, (list, np.ndarray)) else None


@pytest.mark.parametrize("form", FORMS)
def test_every_container_is_encoded_scored_and_decoded(form):
    X = FORMS[form]
    embedder = _embedder().fit(X)

    vectors = embedder.transform(X)
    back = embedder.reconstruct(X)
    decoded = embedder.inverse_transform(vectors)

    assert vectors.shape == (24, 6)
    assert np.isfinite(vectors).all()
    assert _kind(back) == _kind(decoded) == _kind(X)
    assert len(back) == len(decoded) == 24
    assert np.isfinite(embedder.score(X))
    assert embedder.score_samples(X).shape == (24,)
    assert (embedder.score_samples(X) < 0).all()


@pytest.mark.parametrize("form", FORMS)
def test_a_vector_does_not_depend_on_its_batch_mates(form):
    X = FORMS[form]
    embedder = _embedder(n_components=80, random_features=40).fit(X)

    some = X[[3]] if form == "polars" else X[3:4]

    assert_allclose(embedder.transform(some), embedder.transform(X)[3:4], atol=1e-5)


def test_training_words_are_reconstructed_letter_for_letter():
    embedder = _embedder(n_components=32, max_epochs=150, lr=0.01, batch_size=24)
    embedder.fit(WORDS)

    decoded = embedder.inverse_transform(embedder.transform(WORDS))

    assert decoded == WORDS
    assert exact_match_score(WORDS, decoded) == 1
    assert embedder.score(WORDS) > 0.9
    # A word unlike all others has a lower score.
    assert embedder.score_samples(["cccccc"])[0] < embedder.score_samples(WORDS).min()


def test_numbers_and_categories_are_learned_in_one_network():
    X = _frame(12)[0][["ward", "value"]]
    embedder = _embedder(
        n_components=64, max_epochs=100, lr=0.02, batch_size=12, augmentation=None
    ).fit(X)

    back = embedder.reconstruct(X)

    assert token_match_score(X[["ward"]], back[["ward"]]) > 0.97
    values, decoded = (np.concatenate(list(frame["value"])) for frame in (X, back))
    observed = ~np.isnan(values)
    error = ((values - decoded)[observed] ** 2).mean() / values[observed].var()
    assert error < 0.1
    assert not np.isnan(decoded).any()  # missing values are filled
    assert embedder.score(X) > 0.9


def test_a_hierarchical_softmax_reconstructs_its_training_words(monkeypatch):
    monkeypatch.setattr(heads_module, "FULL_SOFTMAX_CLASSES", 4)
    monkeypatch.setattr(hierarchical_module, "SHORTLIST_SIZE", 2)
    monkeypatch.setattr(hierarchical_module, "CLUSTER_SIZE", 3)
    X = ["abcdefgh", "hgfedcba", "aabbccdd", "ddeeffgg"] * 4
    embedder = _embedder(n_components=32, max_epochs=100, lr=0.02, batch_size=16).fit(X)

    assert len(embedder.decoder_.heads.hierarchical) == 1
    assert embedder.reconstruct(X) == X
    assert embedder.score(X) > 0.95


def test_an_unseen_category_is_encoded_as_an_infrequent_one():
    embedder = _embedder(min_frequency=5).fit([*WORDS, "xyz"])

    assert embedder.infrequent_categories_[0].tolist() == ["i", "n", "x", "y", "z"]
    vectors = embedder.transform(["aia", "aßa"])

    assert_array_equal(vectors[0], vectors[1])
    assert set("".join(embedder.reconstruct(WORDS))) <= {*"abco", "\ufffd"}


def test_an_unseen_category_raises_with_handle_unknown_error():
    embedder = _embedder(handle_unknown="error").fit(_frame()[0])
    other = _frame()[0]
    other.at["p1", "ward"] = ["b"] * (len(other["ward"]["p1"]) - 1) + ["z"]
    step = len(other["ward"]["p1"]) - 1

    match = rf"X\[1\] holds 'z' at time step {step}, feature 'ward'"
    with pytest.raises(ValueError, match=match):
        embedder.transform(other)


def test_missing_values_are_neither_a_category_nor_scored():
    X = [["a", "b", None], ["b", "a", "a"]] * 8
    embedder = _embedder().fit(X)

    assert embedder.categories_[0].tolist() == ["a", "b"]
    assert None not in sum(embedder.reconstruct(X), [])
    score = embedder.score_samples([["a", None, None]])
    assert np.isfinite(score).all()  # that of the only token


def test_a_frame_goes_through_pipeline_and_search():
    X, y = _frame(40)
    pipeline = make_pipeline(
        _embedder(max_epochs=10, lr=0.01), RandomForestClassifier(30, random_state=0)
    )

    search = GridSearchCV(
        pipeline, {"lstmsequenceembedder__n_components": [4, 8]}, cv=2
    ).fit(X, y)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

    assert search.best_score_ > 0.8
    assert pipeline.fit(X_train, y_train).score(X_test, y_test) > 0.6
    assert cross_val_score(pipeline, X, y, cv=2).mean() > 0.7


def test_static_columns_are_joined_by_a_column_transformer():
    X, y = _frame(40)
    X["age"] = np.random.default_rng(0).normal(60, 10, 40)
    columns = ColumnTransformer(
        [
            ("events", _embedder(), ["ward", "value", "time"]),
            ("static", StandardScaler(), ["age"]),
        ]
    ).set_output(transform="pandas")

    joined = columns.fit_transform(X, y)

    assert joined.shape == (40, 7)
    assert joined.index.tolist() == X.index.tolist()
    assert joined.columns[-1] == "static__age"
    with pytest.raises(TypeError, match="ColumnTransformer"):
        _embedder().fit(X)


def test_times_are_decoded_as_times_or_durations():
    X, _ = _frame()
    embedder = _embedder().fit(X)

    back = embedder.reconstruct(X)["time"]
    decoded = embedder.inverse_transform(embedder.transform(X))["time"]

    for found, own in zip(back, X["time"], strict=True):
        assert pd.Series(found).is_monotonic_increasing
        assert pd.Timestamp(found[0]) >= own[0]
    # A vector does not hold when a sequence began.
    assert all(isinstance(pd.Series(steps)[0], pd.Timedelta) for steps in decoded)


def test_a_frame_with_other_columns_than_in_fit_is_refused():
    X, _ = _frame()
    embedder = _embedder().fit(X[["ward", "value"]])

    with pytest.raises(ValueError, match="feature names"):
        embedder.transform(X[["value", "ward"]])
    swapped = X[["ward", "value"]].rename(columns={"ward": "value", "value": "ward"})
    with pytest.raises(TypeError, match="expected strings as in fit"):
        embedder.transform(swapped[["ward", "value"]])


def test_a_fitted_embedder_of_events_survives_pickle_and_clone():
    X, _ = _frame()
    embedder = _embedder().fit(X)

    opened = pickle.loads(pickle.dumps(embedder))

    assert_array_equal(opened.transform(X), embedder.transform(X))
    assert_array_equal(clone(embedder).fit(X).transform(X), embedder.transform(X))


@pytest.mark.parametrize("objective", ["forecast", "composite"])
def test_events_are_forecast(objective):
    X, _ = _frame()
    embedder = _embedder(objective=objective, horizon=2).fit(X)

    steps = embedder.forecast(X)

    assert list(steps.columns) == ["ward", "value", "time"]
    assert all(len(cell) == 2 for cell in steps["ward"])
    assert np.isfinite(embedder.score(X))


def test_later_calls_of_fit_and_partial_fit_keep_the_vocabulary():
    embedder = _embedder().partial_fit(["ab", "ba"])
    embedder.partial_fit(["abc", "ca"])

    assert embedder.categories_[0].tolist() == ["a", "b"]
    warm = _embedder(warm_start=True).fit(["ab", "ba"]).fit(["abc", "ca"])
    assert warm.categories_[0].tolist() == ["a", "b"]


def test_pieces_of_a_batch_of_categories_add_up_to_its_gradient(monkeypatch):
    X, _ = _frame()
    whole = _embedder(augmentation=None, lr=1e-3).fit(X)
    monkeypatch.setattr("sklearn_seqembed._training.pieces.TRAINING_STATES", 40 * 600)
    pieces = _embedder(augmentation=None, lr=1e-3).fit(X)

    assert_allclose(pieces.transform(X), whole.transform(X), atol=2e-3)
    assert pieces.history_[-1]["train_loss"] == pytest.approx(
        whole.history_[-1]["train_loss"], rel=1e-3
    )
