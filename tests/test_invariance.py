"""The vector of a sequence depends on nothing but the sequence."""

import numpy as np
import pytest
import torch
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor


def constant(rng, n):
    """A sequence that does not vary, at a level of its own."""
    return np.full((n, 2), rng.normal(scale=10, size=2))


def nearly_constant(rng, n):
    return constant(rng, n) * (1 + 1e-6 * rng.normal(size=(n, 2)))


def varying(rng, n):
    return rng.normal(scale=5, size=(n, 2))


def with_gaps(rng, n):
    x = varying(rng, n)
    x[1:][rng.random((n - 1, 2)) < 0.3] = np.nan
    return x


def with_one_observed_feature(rng, n):
    x = varying(rng, n)
    x[:, 1] = np.nan
    return x


SEQUENCES = {
    "constant": (constant,),
    "nearly constant": (nearly_constant,),
    "gaps": (with_gaps,),
    "constant and varying": (constant, varying),
    "gaps and constant": (with_gaps, constant),
    "a feature never observed": (with_one_observed_feature, varying),
    "all": (constant, nearly_constant, varying, with_gaps, with_one_observed_feature),
}
LENGTHS = {
    "short": [1, 2, 3, 7, 8, 9] * 3,
    "short and long": [1, 399, 3, 441, 17, 64] * 2,
}


@pytest.fixture(params=SEQUENCES)
def make_X(request):
    def make(lengths):
        rng = np.random.default_rng(0)
        kinds = SEQUENCES[request.param]
        return [kinds[i % len(kinds)](rng, n) for i, n in enumerate(lengths)]

    return make


def check_vectors(estimator, X):
    vectors = estimator.transform(X)
    alone = np.concatenate([estimator.transform([x]) for x in X])
    reordered = estimator.transform(X[::-1])[::-1]
    # Proportions of positive states change by a step if rounding changes a sign.
    tolerance = 1e-3 * np.abs(vectors).max()
    np.testing.assert_allclose(alone, vectors, rtol=0, atol=tolerance)
    np.testing.assert_allclose(reordered, vectors, rtol=0, atol=tolerance)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize(
    "params",
    [
        {"instance_norm": True},
        {"instance_norm": False},
        {"patch_size": 7, "instance_norm": True},
        {"cell": "gru", "hidden_size": 5, "bidirectional": False},
    ],
    ids=["normalized", "plain", "patches", "gru"],
)
def test_vectors_of_an_embedder(make_X, lengths, params):
    X = make_X(LENGTHS[lengths])
    embedder = small_embedder(
        n_components=20, max_epochs=1, random_features=10, **params
    )

    check_vectors(embedder.fit(X), X)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("instance_norm", [True, False])
def test_vectors_and_predictions_of_a_predictor(make_X, lengths, instance_norm):
    X = make_X(LENGTHS[lengths])
    y = np.linspace(-1, 1, len(X))
    if instance_norm:
        y = [np.nan_to_num(x[-1:]) + 1 for x in X]
    predictor = LSTMSequencePredictor(
        n_components=8, max_epochs=1, instance_norm=instance_norm, random_state=0
    ).fit(X, y)

    check_vectors(predictor, X)
    predicted = np.array(predictor.predict(X))
    alone = np.concatenate([predictor.predict([x]) for x in X])
    tolerance = 1e-4 * np.abs(predicted).max()
    np.testing.assert_allclose(alone, predicted, rtol=0, atol=tolerance)


def test_a_constant_sequence_has_no_form_of_its_own():
    X = [np.full((n, 1), level) for n, level in [(5, 0.1), (300, -1e6), (40, 7.0)]]
    X += [np.arange(50.0)[:, None], -np.arange(9.0)[:, None]]
    embedder = small_embedder(instance_norm=True).fit(X)
    reader = embedder.encoder_.reader

    for x in X[:3]:
        scaled = torch.tensor(embedder.scaler_.transform(x), dtype=torch.float32)[None]
        inputs = reader(scaled, torch.tensor([len(x)]))
        assert (inputs.values[0, :, 1] == 0).all()
        assert (inputs.log_scales == 0).all()


def test_vectors_do_not_depend_on_the_batch_by_more_than_their_own_rounding():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 1)).cumsum(axis=0) for n in rng.integers(60, 120, 80)]
    embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit(X)
    prefixes = [x[: rng.integers(1, len(x))] for x in X[:20]]

    together = embedder.transform(prefixes)
    alone = np.concatenate([embedder.transform([x]) for x in prefixes])

    # With sums in float32, the largest difference is 1.2e-5 of the spread.
    spread = np.sqrt(embedder.transform(X).var(axis=0).mean())
    assert np.abs(together - alone).max() < 2e-6 * spread
