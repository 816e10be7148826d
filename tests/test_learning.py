"""The embedder learns what can be learned from data with known properties."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences


def test_the_sequence_of_the_tutorial_is_reconstructed():
    sequence = np.arange(1, 10) / 10
    embedder = LSTMSequenceEmbedder(
        n_components=32, augmentation=None, max_epochs=400, lr=0.01, random_state=0
    )

    reconstructed = embedder.fit([sequence]).reconstruct([sequence])[0]

    assert np.abs(reconstructed - sequence).max() < 0.001


@pytest.fixture(scope="module")
def learned():
    """An embedder fitted on two classes that differ only in the order of values."""
    X, y = make_sequences(150, lengths=(10, 20), random_state=0)
    embedder = LSTMSequenceEmbedder(n_components=32, max_epochs=80, random_state=0)
    return embedder.fit(X[:100]), X, y


def test_vectors_separate_classes_that_means_and_deviations_do_not(learned):
    embedder, X, y = learned
    classifier = make_pipeline(StandardScaler(), LogisticRegression())

    on_vectors = cross_val_score(classifier, embedder.transform(X), y).mean()

    statistics = FunctionTransformer(
        lambda X: np.array([[x.mean(), x.std()] for x in X])
    )
    on_statistics = cross_val_score(make_pipeline(statistics, classifier), X, y).mean()
    assert on_vectors > 0.99
    assert on_statistics < 0.75


def test_new_sequences_are_reconstructed(learned):
    embedder, X, _ = learned

    assert embedder.score(X[100:]) > 0.85


def test_score_equals_r2_score_over_all_time_steps(learned):
    embedder, X, _ = learned

    expected = r2_score(np.concatenate(X), np.concatenate(embedder.reconstruct(X)))

    assert embedder.score(X) == pytest.approx(expected, abs=1e-5)


def test_inverse_transform_recovers_lengths(learned):
    embedder, X, _ = learned
    lengths = np.array([len(x) for x in X[100:]])

    decoded = embedder.inverse_transform(embedder.transform(X[100:]))

    errors = np.abs(np.array([len(x) for x in decoded]) - lengths)
    guess = np.abs(np.median(lengths) - lengths)  # the best constant guess
    assert errors.mean() < 0.25 * guess.mean()
    assert errors.max() <= 3


def test_inverse_transform_recovers_lengths_of_the_training_set_exactly():
    X, _ = make_sequences(40, lengths=(3, 12), noise=0.0, random_state=0)
    embedder = LSTMSequenceEmbedder(
        n_components=32, augmentation=None, max_epochs=150, lr=0.01, random_state=0
    )

    decoded = embedder.fit(X).inverse_transform(embedder.transform(X))

    assert [len(x) for x in decoded] == [len(x) for x in X]


def test_shuffled_sequences_have_lower_scores(learned):
    embedder, X, _ = learned
    rng = np.random.default_rng(0)
    usual = X[100:]
    unusual = [rng.permutation(x) for x in usual]

    scores = embedder.score_samples(usual + unusual)

    assert roc_auc_score([1] * 50 + [0] * 50, scores) > 0.99


def test_reconstruction_fills_gaps_better_than_the_mean(learned):
    _, X, _ = learned
    rng = np.random.default_rng(0)
    gappy, truth, filled = [x.copy() for x in X[:50]], [], []
    holes = [rng.choice(len(x) - 2, 2, replace=False) + 1 for x in gappy]
    for x, steps in zip(gappy, holes, strict=True):
        truth.append(x[steps])
        x[steps] = np.nan
    embedder = LSTMSequenceEmbedder(n_components=32, max_epochs=120, random_state=0)

    for x, steps in zip(embedder.fit(gappy).reconstruct(gappy), holes, strict=True):
        filled.append(x[steps])

    assert r2_score(np.concatenate(truth), np.concatenate(filled)) > 0.8


@pytest.mark.parametrize("objective", ["forecast", "composite"])
def test_forecasts_continue_sine_waves(objective):
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 2 * np.pi, 120)
    waves = np.sin(phases[:, None] + 0.6 * np.arange(24))
    embedder = LSTMSequenceEmbedder(
        n_components=32, objective=objective, horizon=4, max_epochs=60, random_state=0
    )

    forecasts = embedder.fit(waves[:80, :20]).forecast(waves[80:, :20])

    truth = waves[80:, 20:]
    assert forecasts.shape == (40, 4)
    assert r2_score(truth.ravel(), forecasts.ravel()) > 0.95
    assert embedder.score(waves[80:, :20]) > 0.9


@pytest.mark.parametrize(
    "options",
    [
        {"cell": "gru"},
        {"num_layers": 2, "dropout": 0.05},
        {"hidden_size": 24, "n_components": 16},
        {"n_components": 15},
        {"decoder_inputs": "vector"},
        {"bidirectional": False},
        {"patch_size": 4},
        {"lr_schedule": None},
        {"augmentation": None},
    ],
    ids=str,
)
def test_every_variant_of_the_network_learns(options):
    X, _ = make_sequences(60, lengths=(8, 14), random_state=0)
    defaults = {"n_components": 16, "max_epochs": 60, "lr": 0.01, "random_state": 0}

    embedder = LSTMSequenceEmbedder(**defaults | options).fit(X)

    assert embedder.train_score_ > 0.5


def test_composite_reconstructs_sequences_to_their_last_step():
    rng = np.random.default_rng(0)
    phases = rng.uniform(0, 2 * np.pi, 120)
    waves = np.sin(phases[:, None] + 0.6 * np.arange(20))
    embedder = LSTMSequenceEmbedder(
        n_components=32,
        objective="composite",
        horizon=5,
        max_epochs=50,
        random_state=0,
    ).fit(waves[:80])

    reconstructed = embedder.reconstruct(waves[80:])

    for part in (slice(0, 15), slice(15, 20)):
        r2 = r2_score(waves[80:, part].ravel(), reconstructed[:, part].ravel())
        assert r2 > 0.95


@pytest.mark.parametrize("horizon", ["auto", 0.3])
def test_composite_recovers_the_full_lengths(horizon):
    X, _ = make_sequences(150, lengths=(10, 20), random_state=0)
    embedder = LSTMSequenceEmbedder(
        n_components=32,
        objective="composite",
        horizon=horizon,
        max_epochs=50,
        random_state=0,
    ).fit(X[:100])
    lengths = np.array([len(x) for x in X[100:]])

    decoded = embedder.inverse_transform(embedder.transform(X[100:]))

    errors = np.array([len(x) for x in decoded]) - lengths
    guess = np.abs(np.median(lengths) - lengths)
    assert np.abs(errors).mean() < 0.25 * guess.mean()
    assert abs(errors.mean()) < 0.5


def test_few_sequences_are_not_augmented():
    x = np.arange(1, 10) / 10
    params = {"n_components": 32, "max_epochs": 2, "random_state": 0}

    augmented, plain = (
        LSTMSequenceEmbedder(augmentation=augmentation, **params)
        for augmentation in (("shift", "mix"), None)
    )

    for n, is_equal in ((1, True), (15, True), (16, False)):
        X = [x] * n
        scores = augmented.fit(X).history_[-1], plain.fit(X).history_[-1]
        losses = {score["train_loss"] for score in scores}
        assert len(losses) == (1 if is_equal else 2)


def test_the_sequence_of_the_tutorial_is_reconstructed_with_defaults():
    x = np.arange(1, 10) / 10
    embedder = LSTMSequenceEmbedder(n_components=64, random_state=0)

    (found,) = embedder.fit([x]).reconstruct([x])

    np.testing.assert_allclose(found, x, atol=1e-3)


@pytest.mark.parametrize("size", [1e-165, 1e-300])
def test_numbers_whose_squares_vanish_have_no_score(size):
    X = [size * np.arange(float(n)) for n in (5, 6, 7, 8)]
    embedder = LSTMSequenceEmbedder(4, max_epochs=1, random_state=0)

    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        embedder.fit(X)
        assert np.isfinite(embedder.transform(X)).all()
        assert np.isnan(embedder.score(X))
