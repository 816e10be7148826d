"""LSTMSequenceClassifier: classes, probabilities, scikit-learn's tools, errors."""

import datetime
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from sklearn_seqembed import LSTMSequenceClassifier, LSTMSequenceEmbedder
from sklearn_seqembed._training import linear_heads
from sklearn_seqembed._training.linear_heads import (
    INVERSE_PENALTIES,
    LogisticHead,
    _choose_penalty,
)
from sklearn_seqembed.exceptions import SequenceReadingWarning

CLASSES = np.array(["down", "up", "wave"])


def _make_classes(n_samples=90, seed=0):
    """Make noisy lines and waves of different lengths, and their classes."""
    rng = np.random.default_rng(seed)
    y = CLASSES[np.arange(n_samples) % 3]
    X = []
    for label in y:
        steps = np.linspace(0, 1, rng.integers(12, 30))
        shape = {"down": -steps, "up": steps, "wave": np.sin(12 * steps)}[label]
        X.append(shape + 0.2 * rng.normal(size=len(steps)))
    return X, y


def _classifier(**parameters):
    return LSTMSequenceClassifier(
        **{"n_components": 24, "random_state": 0} | parameters
    )


@pytest.fixture(scope="module")
def fitted():
    """A classifier fitted to the classes. Tests must not change it."""
    return _classifier().fit(*_make_classes())


def test_classes_are_predicted(fitted):
    X, y = _make_classes(60, seed=1)

    assert fitted.score(X, y) > 0.95
    assert_array_equal(fitted.classes_, CLASSES)
    assert_array_equal(np.unique(fitted.predict(X)), CLASSES)


def test_probabilities_are_calibrated_and_in_the_order_of_the_classes(fitted):
    X, y = _make_classes(60, seed=1)

    probabilities = fitted.predict_proba(X)

    assert probabilities.shape == (60, 3)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert_allclose(np.log(probabilities), fitted.predict_log_proba(X), atol=1e-6)
    assert log_loss(y, probabilities, labels=CLASSES) < 0.3
    assert_array_equal(CLASSES[probabilities.argmax(axis=1)], fitted.predict(X))


def test_two_classes_have_two_columns():
    X, y = _make_classes()
    binary = [(x, label) for x, label in zip(X, y, strict=True) if label != "wave"]
    X, y = map(list, zip(*binary, strict=True))
    classifier = _classifier().fit(X, y)

    probabilities = classifier.predict_proba(X)

    assert probabilities.shape == (60, 2)
    assert roc_auc_score(np.array(y) == "up", probabilities[:, 1]) > 0.99


@pytest.mark.parametrize(
    "convert",
    [
        list,
        np.asarray,
        pd.Series,
        lambda y: pd.Series(y).astype("category"),
        pl.Series,
        lambda y: pl.Series(y).cast(pl.Categorical),
        pa.array,
        lambda y: pa.array(y).dictionary_encode(),
        lambda y: np.array(y, dtype=object),
    ],
)
def test_classes_may_be_in_any_container(fitted, convert):
    X, y = _make_classes()

    classifier = _classifier().fit(X, convert(y))

    assert_array_equal(classifier.classes_, CLASSES)
    assert_array_equal(classifier.predict(X), fitted.predict(X))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([5, -2, 7], "i"),
        ([0.0, 1.0, 2.0], "f"),
        ([True, False, True], "b"),
        (list("abc"), "U"),
    ],
)
def test_predictions_have_the_type_of_the_classes(values, kind):
    X, y = _make_classes(30)
    mapping = dict(zip(CLASSES, values, strict=True))
    y = [mapping[label] for label in y]

    classifier = _classifier().fit(X, y)

    assert_array_equal(classifier.classes_, np.unique(values))
    assert classifier.predict(X).dtype.kind == kind


def test_torch_tensors_may_be_classes(fitted):
    X, y = _make_classes(30)

    classifier = _classifier().fit(X, torch.tensor(np.searchsorted(CLASSES, y)))

    assert_array_equal(classifier.classes_, [0, 1, 2])


def test_the_vectors_are_those_of_the_embedder():
    X, y = _make_classes()
    embedder = LSTMSequenceEmbedder(24, max_epochs=0, random_state=0).fit(X)

    vectors = _classifier().fit(X, y).transform(X)

    assert_allclose(vectors, embedder.transform(X), rtol=1e-4, atol=1e-5)


def test_logits_are_those_of_logistic_regression_on_the_vectors(fitted):
    X, y = _make_classes()
    vectors = fitted.transform(X)
    vectors = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    losses = [
        log_loss(y, LogisticRegression(C=C).fit(vectors, y).predict_proba(vectors))
        for C in (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)
    ]

    found = log_loss(y, fitted.predict_proba(X))

    # It is one of them, up to the tolerance of the solver.
    assert np.abs(np.log(losses) - np.log(found)).min() < 0.05


def test_training_helps_where_the_class_is_no_linear_function_of_the_vector():
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], size=(3000, 6))
    y = (X[:, 0] * X[:, 3] > 0).astype(int)  # whether two values are equal
    parameters = {"n_components": 16, "random_features": 0, "random_state": 0}
    parameters |= {"lr": 0.01, "batch_size": 64}

    untrained = LSTMSequenceClassifier(max_epochs=0, **parameters).fit(
        X[:2500], y[:2500]
    )
    trained = LSTMSequenceClassifier(**parameters).fit(X[:2500], y[:2500])

    assert untrained.score(X[2500:], y[2500:]) < 0.6
    assert trained.score(X[2500:], y[2500:]) > 0.95
    assert trained.n_iter_ > 0


def test_training_that_does_not_help_is_not_used():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 8))
    y = rng.permutation(2000) % 2
    parameters = {"n_components": 8, "random_state": 0, "batch_size": 256}

    untrained = LSTMSequenceClassifier(max_epochs=0, **parameters).fit(X, y)
    default = LSTMSequenceClassifier(**parameters).fit(X, y)

    assert default.n_iter_ > 0
    assert_allclose(default.predict_proba(X), untrained.predict_proba(X), atol=1e-5)


def test_few_sequences_are_not_trained(capsys):
    X, y = _make_classes()

    classifier = _classifier(verbose=1).fit(X, y)

    assert classifier.max_epochs_ == classifier.n_iter_ == 0
    assert "at least 2000 sequences are needed" in capsys.readouterr().out


def test_what_follows_the_last_events_is_learned():
    rng = np.random.default_rng(0)
    following = {"a": "c", "b": "a", "c": "b"}
    X = ["".join(rng.choice(list("abc"), rng.integers(1, 9))) for _ in range(200)]
    y = [following[text[-1]] for text in X]

    classifier = _classifier().fit(X[:100], y[:100])

    assert classifier.score(X[100:], y[100:]) == 1


def test_unknown_categories_and_missing_values_are_allowed():
    frame = pd.DataFrame({"event": [list("ab"), list("ba")] * 20})
    frame["value"] = [[1.0, np.nan], [np.nan, 2.0]] * 20
    classifier = _classifier().fit(frame, [0, 1] * 20)

    with pytest.warns(SequenceReadingWarning, match="No category of feature 0"):
        found = classifier.predict_proba(
            pd.DataFrame({"event": [["z", "z"]], "value": [[np.nan, 1.0]]})
        )

    assert np.isfinite(found).all()


def test_results_do_not_depend_on_other_sequences(fitted):
    X, _ = _make_classes(20, seed=2)

    alone = np.vstack([fitted.predict_proba([x]) for x in X])

    assert_allclose(alone, fitted.predict_proba(X), atol=1e-5)


def test_equal_seeds_give_equal_results(fitted):
    X, y = _make_classes()

    assert_array_equal(
        _classifier().fit(X, y).predict_proba(X), fitted.predict_proba(X)
    )


def test_it_can_be_pickled(fitted):
    X, _ = _make_classes(20, seed=2)

    copied = pickle.loads(pickle.dumps(fitted))

    assert_array_equal(copied.predict_proba(X), fitted.predict_proba(X))


def test_cross_validation_is_stratified_and_predicts_probabilities():
    X, y = _make_classes(60)
    order = np.argsort(y)  # folds without stratification would miss a class
    X, y = [X[i] for i in order], y[order]

    probabilities = cross_val_predict(_classifier(), X, y, cv=3, method="predict_proba")

    assert probabilities.shape == (60, 3)
    assert np.mean(CLASSES[probabilities.argmax(axis=1)] == y) > 0.9
    assert cross_val_score(_classifier(), X, y, cv=3, scoring="roc_auc_ovr").min() > 0.9


def test_a_grid_search_selects_by_accuracy():
    X, y = _make_classes(60)

    search = GridSearchCV(_classifier(), {"cell": ["lstm", "gru"]}, cv=3).fit(X, y)

    assert search.best_score_ > 0.9
    assert search.score(X, y) > 0.95


def test_calibration_and_voting_accept_it(fitted):
    X, y = _make_classes(60)
    calibrated = CalibratedClassifierCV(_classifier(), cv=3).fit(X, y)
    frozen = CalibratedClassifierCV(FrozenEstimator(fitted)).fit(X, y)
    vote = VotingClassifier(
        [("a", _classifier()), ("b", _classifier(random_state=1))], voting="soft"
    )

    for model in (calibrated, frozen, vote.fit(X, y)):
        assert model.score(X, y) > 0.95


def test_self_training_uses_unlabeled_sequences():
    X, y = _make_classes(90)
    X = np.stack([_resample(x) for x in X])
    codes = np.searchsorted(CLASSES, y)
    partly = np.where(np.arange(90) < 15, codes, -1)

    model = SelfTrainingClassifier(_classifier()).fit(X, partly)

    assert model.score(X, codes) > 0.9
    assert (model.transduction_ >= 0).sum() > 60


def test_few_labels_among_many_sequences_with_a_frozen_embedder():
    X, y = _make_classes(90)
    embedder = LSTMSequenceEmbedder(24, random_state=0).fit(X)
    model = make_pipeline(FrozenEstimator(embedder), LogisticRegression())

    model.fit(X[:15], y[:15])

    assert model.score(X[15:], y[15:]) > 0.9


def _resample(x, n_steps=20):
    return np.interp(np.linspace(0, 1, n_steps), np.linspace(0, 1, len(x)), x)


@pytest.mark.parametrize(
    ("y", "error", "match"),
    [
        (None, ValueError, "requires y to be passed"),
        (["a"] * 6, ValueError, "only one class, 'a'"),
        (["a", "b"] * 2, ValueError, "X has 6 sequences, y has 4"),
        (["a", "b", None] * 2, ValueError, r"y\[2\] is missing: Input y contains NaN"),
        ([0, 1, np.nan] * 2, ValueError, r"y\[2\] is missing"),
        ([0.5, 1.5, 2.5] * 2, ValueError, "Unknown label type: continuous"),
        (["a", 1] * 3, TypeError, "y holds classes of different types: int, str"),
        ([1, "a"] * 3, TypeError, "y holds classes of different types: int, str"),
        (np.arange(6).astype("M8[D]"), TypeError, "y holds dates or times, .* strings"),
        ([datetime.date(2020, 1, 1)] * 6, TypeError, "y holds dates or times"),
        ([0, 1, np.inf] * 2, ValueError, r"y\[2\] is inf: Input y contains infinity"),
        ([["a"], ["b"]] * 3, ValueError, r"y\[0\] is a list, but .* one class per"),
        (np.zeros((6, 2)), ValueError, "should be a 1d array.* one class per sequence"),
        ("abcdef", ValueError, "y is a str, but .* in a list or an array"),
    ],
)
def test_bad_classes_are_refused(y, error, match):
    X = [np.arange(4.0) + i for i in range(6)]

    with pytest.raises(error, match=match):
        _classifier().fit(X, y)


def test_too_many_classes_are_refused():
    X = np.random.default_rng(0).normal(size=(2001, 2))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of scikit-learn, about many classes
        with pytest.raises(ValueError, match="y has 2001 classes, but .* at most 2000"):
            _classifier().fit(X, np.arange(2001))


def test_a_class_that_fit_did_not_meet_is_not_predicted_but_scored(fitted):
    X, y = _make_classes(6)

    assert fitted.score(X, ["new"] * 6) == 0


def test_there_is_no_decoder(fitted):
    with pytest.raises(AttributeError, match="has no decoder"):
        _ = fitted.decoder_


def test_a_failed_fit_changes_nothing():
    X, y = _make_classes(30)
    classifier = _classifier().fit(X, y)
    before = classifier.predict_proba(X)

    with pytest.raises(ValueError, match="infinite"):
        classifier.fit([np.full(4, np.inf)] * 30, y)

    assert_array_equal(classifier.predict_proba(X), before)


def _draw_classes(n_classes, n_samples, noise):
    """Draw standard normal features, and classes by the largest of noisy logits."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n_samples, 30))
    logits = features @ rng.normal(size=(30, n_classes))
    logits += noise * rng.gumbel(size=(n_samples, n_classes))
    return features, logits.argmax(axis=1) + 1


@pytest.mark.parametrize("seed", range(3))
def test_separable_classes_have_the_penalty_of_converged_weights(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    targets = rng.integers(1, 13, 600)
    features = rng.normal(size=(13, 30))[targets] + 0.5 * rng.normal(size=(600, 30))
    _check_chosen_penalty(monkeypatch, features, targets)


def test_noisy_classes_have_the_penalty_of_converged_weights(monkeypatch):
    penalty = _check_chosen_penalty(monkeypatch, *_draw_classes(12, 400, noise=2))

    assert INVERSE_PENALTIES[0] < penalty < INVERSE_PENALTIES[-1]


def _check_chosen_penalty(monkeypatch, features, targets):
    head = LogisticHead(12)

    penalty, unexplained = _choose_penalty(head, features, targets)

    monkeypatch.setattr(linear_heads, "TOLERANCE", 1e-7)
    monkeypatch.setattr(linear_heads, "COMPARED_TOLERANCE", 1e-7)
    converged_penalty, converged_unexplained = _choose_penalty(head, features, targets)
    assert penalty == converged_penalty
    assert_allclose(unexplained, converged_unexplained, rtol=0.01, atol=1e-3)
    return penalty


def test_the_final_weights_are_those_of_logistic_regression():
    features, targets = _draw_classes(4, 400, noise=1)
    head = LogisticHead(4)

    weights, bias = head.fit(head.make_model(), features, targets, penalty=0.1)

    expected = LogisticRegression(C=0.1, tol=1e-8, max_iter=1000).fit(features, targets)
    assert_allclose(weights, expected.coef_.T, atol=1e-3)
    assert_allclose(bias, expected.intercept_, atol=1e-3)
