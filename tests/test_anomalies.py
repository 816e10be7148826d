"""Unusual sequences have low scores."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from small_fits import measure_distances

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._network import nearest as nearest_module
from sklearn_seqembed._network.gaussian import VectorGaussian
from sklearn_seqembed._network.nearest import NearestMean
from sklearn_seqembed.datasets import make_sequences


def _embedder(**params):
    params = {"n_components": 160, "max_epochs": 1, "random_state": 0} | params
    return LSTMSequenceEmbedder(**params)


def _make_two_kinds(n=40, **options):
    X, y = make_sequences(4 * n, random_state=0, **options)
    normal = [x for x, label in zip(X, y, strict=True) if label == 0]
    unusual = [x for x, label in zip(X, y, strict=True) if label == 1]
    return normal[:n], normal[n:] + unusual[n:], np.repeat([True, False], n)


@pytest.fixture(scope="module")
def fitted():
    X, X_test, _ = _make_two_kinds()
    return _embedder().fit(X), X_test


@pytest.mark.parametrize(
    ("objective", "n_components"),
    [
        ("reconstruction", 8),
        ("reconstruction", 160),
        ("forecast", 160),
        ("composite", 160),
    ],
)
@pytest.mark.parametrize(
    "options", [{}, {"missing": 0.2}, {"n_features": 3, "lengths": 30}]
)
def test_another_class_has_low_scores(objective, n_components, options):
    X, X_test, is_normal = _make_two_kinds(**options)
    embedder = _embedder(n_components=n_components, objective=objective).fit(X)

    scores = embedder.score_samples(X_test)

    assert np.isfinite(scores).all()
    assert roc_auc_score(is_normal, scores) > 0.95


def test_tokens_in_another_order_have_low_scores():
    rng = np.random.default_rng(0)
    X = ["abcdefgh"[: rng.integers(5, 9)] for _ in range(60)]
    shuffled = ["".join(rng.permutation(list(x))) for x in X[:20]]
    embedder = _embedder().fit(X)

    scores = embedder.score_samples(X[:20] + shuffled)

    assert roc_auc_score(np.repeat([True, False], 20), scores) > 0.95


def test_the_distance_is_that_of_the_shrunk_covariance():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) + 3
    gaussian = VectorGaussian(4)
    gaussian.fit(vectors, left_out=6.0, n_left_out=3)
    found = gaussian(torch.tensor(vectors, dtype=torch.float32), torch.full((50,), 5.0))

    reference = LedoitWolf().fit(vectors)

    shrinkage = reference.shrinkage_
    variance = vectors.var(axis=0).mean()
    left_out = 5 / ((1 - shrinkage) * 6 / 3 + shrinkage * variance)
    expected = (reference.mahalanobis(vectors) + left_out) / 4
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_without_random_features_the_distance_is_that_of_the_vectors():
    X, _, _ = _make_two_kinds()
    embedder = _embedder(n_components=8).fit(X)
    vectors = embedder.transform(X).astype(float)

    found = measure_distances(embedder, X)[:, 0]

    expected = LedoitWolf().fit(vectors).mahalanobis(vectors) / 8
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_the_nearest_mean_is_that_of_three_similar_sequences():
    rng = np.random.default_rng(0)
    numeric = torch.tensor(rng.normal(size=(30, 10, 2)), dtype=torch.float32)
    lengths = torch.full((30,), 10)
    nearest_mean = NearestMean(2, 10)
    train, test = numeric[:20].flatten(1).double().numpy(), numeric[20:].flatten(1)
    nearest_mean.fit(train)

    found = nearest_mean(numeric[20:], lengths[20:])

    means = []
    for x in train:
        order = np.argsort(np.square(train - x).sum(axis=1))
        means.append(train[order[:3]].mean(axis=0))
    errors = np.square(test.numpy()[:, None] - np.array(means)).mean(axis=2)
    expected = errors.min(axis=1) / train.var(axis=0).mean()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_no_mean_is_a_training_sequence():
    X, _, _ = _make_two_kinds(lengths=30)
    nearest_mean = _embedder().fit(X).encoder_.nearest_mean
    points = nearest_mean.read(
        torch.tensor(np.stack(X), dtype=torch.float32), torch.full((len(X),), 30)
    )

    assert len(nearest_mean.means) == len(X)
    assert torch.cdist(points, nearest_mean.means).min() > 0.1


def test_the_number_of_means_is_limited(monkeypatch):
    monkeypatch.setattr(nearest_module, "MAX_MEANS", 10)
    X, X_test, is_normal = _make_two_kinds()
    embedder = _embedder().fit(X)

    assert len(embedder.encoder_.nearest_mean.means) == 10
    assert roc_auc_score(is_normal, embedder.score_samples(X_test)) > 0.95


def test_weights_can_be_loaded_into_a_module_with_another_number_of_means():
    fitted, loaded = NearestMean(1, 10), NearestMean(1, 10)
    fitted.fit(np.random.default_rng(0).normal(size=(20, 10)))

    loaded.load_state_dict(fitted.state_dict())

    x, length = torch.ones(1, 10, 1), torch.tensor([10])
    torch.testing.assert_close(loaded(x, length), fitted(x, length))


def test_deviations_from_means_do_not_depend_on_the_units():
    points = np.random.default_rng(0).normal(size=(20, 10))
    small, large = NearestMean(1, 10), NearestMean(1, 10)
    small.fit(points)
    large.fit(1000 * points)
    x, length = torch.ones(1, 10, 1), torch.tensor([10])

    torch.testing.assert_close(small(x, length), large(1000 * x, length))


def test_few_patterns_are_usual_even_if_they_are_far_from_the_mean():
    t = np.linspace(0, 2 * np.pi, 30)
    rng = np.random.default_rng(0)
    X = [np.sin(t + phase) for phase in (0, np.pi / 2)] * 20
    X = [x + rng.normal(0, 0.1, len(t)) for x in X]
    embedder = _embedder().fit(X)

    two, mean = embedder.net_.module_.encoder.nearest_mean(
        torch.tensor(np.stack([X[0], np.mean(X, axis=0)]), dtype=torch.float32)[
            :, :, None
        ],
        torch.tensor([30, 30]),
    )

    assert two < mean / 5


def test_features_that_vectors_leave_out_count(fitted):
    embedder, _ = fitted
    projection = embedder.net_.module_.encoder.projection
    features = projection.feature_mean.repeat(2, 1)
    # A change that no vector reflects.
    change = torch.randn(len(features[0]), generator=torch.Generator().manual_seed(0))
    change /= projection.feature_scale.clamp(min=1e-3)
    axes, _ = torch.linalg.qr(projection.axes)
    features[1] += change - axes @ (axes.T @ change)
    final = projection.final_mean.repeat(2, 1)

    usual, unusual = projection.distances(final, features)

    vectors = projection(final, features)
    torch.testing.assert_close(vectors[0], vectors[1], atol=1e-2, rtol=0)
    assert unusual > usual + 1


def test_numbers_and_categories_both_count():
    rng = np.random.default_rng(0)

    def make(kind):
        values = np.cumsum(rng.normal(size=12)) if kind == "walk" else np.zeros(12)
        letters = "abcabcabcabc" if kind != "order" else "aabbccabcabc"
        return [(float(v), x) for v, x in zip(values, letters, strict=True)]

    embedder = _embedder().fit([make("walk") for _ in range(40)])

    scores = embedder.score_samples(
        [make("walk") for _ in range(10)] + [make("order")] + [make("flat")]
    )

    assert scores[10] < scores[:10].min()
    assert np.isfinite(scores).all()


def test_scores_do_not_depend_on_other_sequences(fitted):
    embedder, X_test = fitted
    scores = embedder.score_samples(X_test)
    order = np.random.default_rng(0).permutation(len(X_test))

    np.testing.assert_allclose(
        embedder.score_samples([X_test[i] for i in order]), scores[order], rtol=1e-4
    )
    np.testing.assert_allclose(embedder.score_samples(X_test[:1]), scores[:1], 1e-4)


def test_scores_survive_pickle(fitted):
    embedder, X_test = fitted
    copied = pickle.loads(pickle.dumps(embedder))

    np.testing.assert_array_equal(
        copied.score_samples(X_test), embedder.score_samples(X_test)
    )


def test_equal_seeds_give_equal_scores():
    X, X_test, _ = _make_two_kinds()

    first, second = (_embedder().fit(X).score_samples(X_test) for _ in range(2))

    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("X", [[[1.0, 2.0, 3.0]], ["abca"], [[2.0, 2.0], [2.0, 2.0]]])
@pytest.mark.filterwarnings("ignore:The explained fraction")
@pytest.mark.filterwarnings("ignore:The network explains only")
def test_scores_after_one_sequence_are_finite(X):
    embedder = _embedder().fit(X)

    other = ["zzz"] if isinstance(X[0], str) else [[5.0, -1.0, 4.0, 2.0]]

    (usual, unusual) = embedder.score_samples([X[0], other[0]])
    assert np.isfinite([usual, unusual]).all()
    assert unusual < usual


def test_scores_of_extreme_values_are_finite(fitted):
    embedder, X_test = fitted

    (score,) = embedder.score_samples([np.full((20, 1), 1e30)])

    assert np.isfinite(score)
    assert score < embedder.score_samples(X_test).min()


@pytest.mark.parametrize("n_components", [8, 160])
@pytest.mark.parametrize("linear_map", [True, False])
def test_partial_fit_learns_the_distance(n_components, linear_map):
    X, X_test, is_normal = _make_two_kinds()
    embedder = _embedder(n_components=n_components, linear_map=linear_map)
    embedder.partial_fit(X[:1])
    assert not embedder.net_.module_.encoder.projection.gaussian.whitening.any()

    for _ in range(30):
        embedder.partial_fit(X)

    assert roc_auc_score(is_normal, embedder.score_samples(X_test)) > 0.95


def test_a_warm_start_learns_the_distance_again():
    X, X_test, is_normal = _make_two_kinds()
    embedder = _embedder(warm_start=True).fit([-x for x in X])

    embedder.fit(X)

    assert roc_auc_score(is_normal, embedder.score_samples(X_test)) > 0.95


def test_missing_held_back_steps_leave_the_distance():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 12, 1))
    embedder = _embedder(objective="forecast", horizon=2).fit(X)
    x = X[0].copy()
    x[-2:] = np.nan

    (score,) = embedder.score_samples([x])

    assert np.isfinite(score)
    assert score < 0
