"""Components of a vector: final states, random features, and their scale."""

import copy

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._network.random_features import Block
from sklearn_seqembed._network.reservoir import STATISTICS, VARIANCE_OFFSET, summarize
from sklearn_seqembed._network.vector import (
    FINAL_VARIANCE,
    MAX_RANDOM_VARIANCE,
    VectorProjection,
)
from sklearn_seqembed.datasets import make_sequences

NAN = float("nan")


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _encode(encoder, numeric, lengths):
    categories = torch.empty((*numeric.shape[:2], 0), dtype=torch.int64)
    with torch.no_grad():
        return encoder.eval()(numeric, categories, torch.tensor(lengths))


# The reservoir


@pytest.mark.parametrize("lengths", [[5, 5, 5], [5, 3, 1], [2, 5, 3]])
@pytest.mark.parametrize("n_cells", [1, 10_000], ids=["one segment", "segments"])
def test_statistics_are_those_of_each_sequence_alone(lengths, n_cells):
    layout = Layout(torch.tensor(lengths), 6, n_cells)
    states = torch.randn(3, 6, 4)

    found = summarize(layout.flatten(states), layout)

    for i, length in enumerate(lengths):
        own = states[i, :length]
        expected = [
            own.mean(dim=0),
            own.amax(dim=0),
            own.amin(dim=0),
            (own.var(dim=0, correction=0) + VARIANCE_OFFSET).sqrt(),
            (own > 0).float().mean(dim=0),
        ]
        torch.testing.assert_close(found[i], torch.stack(expected))


def test_reservoir_reads_values_and_differences_in_both_directions():
    encoder = Encoder(1, 50, n_random=40, random_options={"n_cells": 2})
    numeric = torch.randn(1, 7, 1)
    categories = torch.empty(1, 7, 0, dtype=torch.int64)

    _, features = encoder.states(numeric, categories, torch.tensor([7]))

    reservoir, expected = encoder.random_features.reservoir, []
    differences = numeric.diff(dim=1, prepend=numeric[:, :1])
    for x, layer in (
        (numeric, reservoir.value_layer),
        (differences, reservoir.difference_layer),
    ):
        for y, cells in ((x, layer.forward_cells), (x.flip(1), layer.backward_cells)):
            states = cells(y[0])[0]  # (7, 2)
            layout = Layout(torch.tensor([7]), 7, 2)
            expected.append(summarize(states, layout).flatten())
    n_statistics = encoder.random_features.n_statistics
    found = features[0, n_statistics : n_statistics + reservoir.n_outputs]
    torch.testing.assert_close(found, torch.cat(expected))


@pytest.mark.parametrize(
    ("n_components", "n_random", "expected"),
    [(320, 192, 192), (2, 1, 1), (1, 0, 0), (3000, 2900, 2080)],
)
def test_vectors_have_no_more_random_components_than_random_features(
    n_components, n_random, expected
):
    encoder = Encoder(1, n_components, n_random=n_random, random_options={"n_cells": 3})

    assert encoder.projection.n_random == expected
    assert encoder.projection.n_final == n_components - expected
    vectors = _encode(encoder, torch.randn(2, 9, 1), [9, 4])
    assert vectors.shape == (2, n_components)


@pytest.mark.parametrize(
    ("n_components", "n_final"), [(1, 1), (32, 32), (128, 128), (129, 128), (320, 128)]
)
def test_short_vectors_consist_of_final_states(n_components, n_final):
    X = np.random.default_rng(0).normal(size=(4, 20))

    embedder = LSTMSequenceEmbedder(n_components, max_epochs=0).fit(X)

    assert embedder.encoder_.projection.n_final == n_final
    assert embedder.random_features_ == n_components - n_final


@pytest.mark.parametrize("patch_sizes", [(1, 1), (4, 1), (3, 2), (2, 5)])
@pytest.mark.parametrize("padding", [0.0, 1e9, NAN])
@pytest.mark.parametrize("instance_norm", [False, True])
def test_padding_changes_no_component(patch_sizes, padding, instance_norm):
    encoder = Encoder(
        2,
        40,
        patch_size=patch_sizes[0],
        n_random=24,
        random_options={"n_cells": 3, "patch_sizes": patch_sizes[::-1], "length": 13},
        instance_norm=instance_norm,
        n_points=7,
    )
    numeric = torch.randn(3, 13, 2)
    numeric[1, 2, 0] = NAN
    lengths = [13, 5, 1]
    alone = torch.cat(
        [_encode(encoder, numeric[[i], :n], [n]) for i, n in enumerate(lengths)]
    )

    for i, n in enumerate(lengths):
        numeric[i, n:] = padding
    together = _encode(encoder, numeric, lengths)

    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("n_features", "n_cells"), [(1, 64), (4, 64), (5, 128)])
def test_the_reservoir_is_larger_for_many_features(n_features, n_cells):
    X = list(np.random.default_rng(0).normal(size=(4, 9, n_features)))

    embedder = LSTMSequenceEmbedder(max_epochs=0).fit(X)

    assert embedder.encoder_.random_features.reservoir.n_cells == n_cells


def test_maxima_of_the_reservoir_do_not_depend_on_the_position_of_an_event():
    encoder = Encoder(1, 100, n_random=80, random_options={"n_cells": 6})
    numeric = torch.zeros(3, 60, 1)
    numeric[0, 15:18] = numeric[1, 35:38] = 2.0
    numeric[2, 15:18] = -2.0
    categories = torch.empty(3, 60, 0, dtype=torch.int64)

    _, features = encoder.states(numeric, categories, torch.full((3,), 60))

    n_statistics = encoder.random_features.n_statistics
    n_outputs = encoder.random_features.reservoir.n_outputs
    features = features[:, n_statistics : n_statistics + n_outputs]
    features = features.reshape(3, -1, len(STATISTICS), 6)
    early, late, opposite = features[:, :, STATISTICS.index("max")]
    assert (early - late).norm() < 0.1 * (early - opposite).norm()


# The projection


class _Features:
    """Numbers of random features: statistics, and two blocks."""

    n_statistics = 4
    blocks = (Block(10, 1.0, standardize=True), Block(20, 0.5, standardize=True))
    n_outputs = 34


def _random_variance(n_final, n_random):
    """Return the mean variance of the components for random features."""
    n_components = n_final + n_random
    return min(MAX_RANDOM_VARIANCE, (1 - FINAL_VARIANCE) * n_components / n_random)


def _projection(n_final=10, n_random=12, **options):
    return VectorProjection(n_final, _Features, n_random, **options)


@pytest.mark.parametrize("n_samples", [1, 2, 5, 40])
@pytest.mark.parametrize("standardize", [True, False])
def test_final_states_can_be_recovered_from_vectors(n_samples, standardize):
    projection = _projection(standardize=standardize)
    final_states = torch.randn(n_samples, 10) * torch.logspace(-1, 1, 10)
    features = torch.randn(n_samples, 34)
    unseen = torch.randn(6, 10), torch.randn(6, 34)

    projection.fit(final_states.numpy(), features.numpy())

    for x in ((final_states, features), unseen):
        recovered = projection.final_states(projection(*x))
        torch.testing.assert_close(recovered, x[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_samples", [3, 40], ids=["few", "many"])
@pytest.mark.parametrize("standardize", [True, False])
def test_components_have_mean_0_and_equal_variances(n_samples, standardize):
    projection = _projection(standardize=standardize)
    final_states = torch.randn(n_samples, 10) * torch.logspace(-0.5, 0.5, 10)
    final_states = final_states - final_states.mean(dim=0)
    features = torch.randn(n_samples, 34) * torch.logspace(-0.5, 0.5, 34) + 5

    projection.fit(final_states.numpy(), features.numpy())
    vectors = projection(final_states, features).numpy()

    variances = vectors.var(axis=0)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-4)
    statistics = _random_variance(10, 12)
    np.testing.assert_allclose(variances[:4], statistics, rtol=1e-3)
    # The mean over all components is 1.
    np.testing.assert_allclose(variances[4:], (22 - 4 * statistics) / 18, rtol=1e-3)


@pytest.mark.parametrize(
    ("n_final", "n_random", "expected"),
    [(8, 12, 0.1), (4, 16, 0.1), (10, 10, 0.25), (18, 2, 0.85)],
)
def test_final_states_have_a_tenth_of_the_variance_or_more(n_final, n_random, expected):
    projection = _projection(n_final, n_random)
    final_states, features = torch.randn(40, n_final), torch.randn(40, 34)
    projection.fit(final_states.numpy(), features.numpy())

    without = projection(torch.zeros(40, n_final), features)
    vectors = projection(final_states, features)

    n_components = n_final + n_random
    share = (vectors - without).var(dim=0, correction=0).sum() / n_components
    np.testing.assert_allclose(share, expected, rtol=1e-3)
    assert vectors.var(dim=0, correction=0).max() < MAX_RANDOM_VARIANCE * 1.001


def test_n_grams_keep_their_relative_variances():
    class Features(_Features):
        blocks = (Block(10, 1.0, standardize=True), Block(20, 2.0, standardize=False))

    projection = VectorProjection(1, Features, 33)
    features = torch.randn(80, 34) * torch.logspace(-1, 1, 34)
    features[:, :4] = 7.0  # no statistics
    projection.fit(np.zeros((80, 1), np.float32), features.numpy())

    components = projection(torch.zeros(80, 1), features)

    x = features - features.mean(dim=0)
    cells = x[:, 4:14] / x[:, 4:14].std(dim=0, correction=0) / np.sqrt(10)
    n_grams = x[:, 14:] / x[:, 14:].var(dim=0, correction=0).sum().sqrt()
    expected = torch.pdist(torch.cat([cells, np.sqrt(2) * n_grams], dim=1))
    found = torch.pdist(components)
    torch.testing.assert_close(
        found / found[0], expected / expected[0], rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("n_samples", [4, 60])
def test_features_keep_their_distances_in_the_directions_of_largest_variance(n_samples):
    rng = np.random.default_rng(0)
    projection = _projection(1, 9)
    hidden = rng.normal(size=(n_samples, 5))
    features = hidden @ rng.normal(size=(5, 34))  # vary in five directions only
    features[:, :4] = 7.0

    features = features.astype(np.float32)
    projection.fit(np.ones((n_samples, 1), np.float32), features)
    x = torch.from_numpy(features)
    components = projection(torch.ones(n_samples, 1), x)

    x = (x - x.mean(dim=0))[:, 4:]
    x = x / x.std(dim=0, correction=0)
    # Each of the 20 features of the second block counts a quarter of one of the first.
    x[:, 10:] /= 2
    expected, found = torch.pdist(x), torch.pdist(components)
    torch.testing.assert_close(
        found / found[0], expected / expected[0], rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("n_random", [4, 12])
def test_statistics_that_vary_are_components_or_span_them(n_random):
    rng = np.random.default_rng(0)
    projection = _projection(1, n_random)
    features = rng.normal(size=(50, 34)).astype(np.float32)
    features[:, 1] = 3.0
    final_states = rng.normal(size=(50, 1)).astype(np.float32)

    projection.fit(final_states, features)
    found = projection(torch.from_numpy(final_states), torch.from_numpy(features))

    scale = np.sqrt(_random_variance(1, n_random))
    found = found.numpy() / scale
    n_kept = 2 if n_random == 4 else 3  # at most half of the components
    expected = features[:, [0, 2, 3]]
    expected = (expected - expected.mean(axis=0)) / expected.std(axis=0)
    if n_kept == 3:
        np.testing.assert_allclose(found[:, :3], expected, atol=1e-4)
    others = features[:, 4:] + 1
    changed = projection(
        torch.from_numpy(final_states),
        torch.from_numpy(np.concatenate([features[:, :4], others], axis=1)),
    )
    np.testing.assert_allclose(
        changed.numpy()[:, :n_kept] / scale, found[:, :n_kept], atol=1e-5
    )


@pytest.mark.parametrize("n_samples", [1, 4])
@pytest.mark.parametrize("n_random", [1, 3])
def test_constant_states_become_zeros(n_samples, n_random):
    projection = _projection(3, n_random, standardize=True)
    final_states = np.ones((n_samples, 3), dtype=np.float32)
    features = np.ones((n_samples, 34), dtype=np.float32)
    is_fitted = n_samples > 1

    projection.fit(final_states, features)

    x = torch.from_numpy(final_states)
    vectors = projection(x, torch.from_numpy(features))
    expected = 0.0 if is_fitted else 1.0  # a single sequence teaches nothing
    assert torch.equal(vectors, torch.full_like(vectors, expected))
    torch.testing.assert_close(projection.final_states(vectors), x)
    assert bool(projection.is_fitted) == is_fitted


def test_vectors_have_a_mean_variance_of_1():
    X, _ = make_sequences(60, n_features=2, lengths=(10, 30), random_state=0)

    for n_components in (16, 200):
        embedder = LSTMSequenceEmbedder(n_components, max_epochs=3, random_state=0)
        vectors = embedder.fit_transform(X)
        np.testing.assert_allclose(vectors.var(axis=0).mean(), 1, rtol=0.05)


def test_training_changes_all_layers_but_the_reservoir():
    X, _ = make_sequences(20, lengths=(10, 30), random_state=0)
    options = {"n_components": 40, "random_features": 20, "random_state": 0}

    before = LSTMSequenceEmbedder(max_epochs=0, **options).fit(X).encoder_
    after = LSTMSequenceEmbedder(max_epochs=2, **options).fit(X).encoder_

    for old, new, is_trained in (
        (before.random_features, after.random_features, False),
        (before.layers, after.layers, True),
    ):
        for x, y in zip(old.parameters(), new.parameters(), strict=True):
            assert torch.equal(x, y) is not is_trained


def test_only_final_states_are_decoded():
    X, _ = make_sequences(20, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(
        40, random_features=20, max_epochs=2, random_state=0
    ).fit(X)
    vectors = embedder.transform(X)
    changed = vectors.copy()
    changed[:, :3] += 7  # mean, standard deviation and last value
    # Directions that are orthogonal to the axes of the final states.
    axes = embedder.encoder_.projection.final_axes.numpy()
    random = np.random.default_rng(0).normal(size=vectors.shape)
    changed += (random - random @ axes.T @ axes).astype(np.float32)

    for x, y in zip(
        embedder.inverse_transform(vectors),
        embedder.inverse_transform(changed),
        strict=True,
    ):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-4)


def test_standardizing_default_vectors_changes_distances_little():
    X, _ = make_sequences(100, lengths=(20, 40), random_state=0)
    vectors = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit_transform(X)

    before, after = map(pdist, (vectors, StandardScaler().fit_transform(vectors)))

    np.testing.assert_allclose(after, before, rtol=0.05)


def test_observed_features_are_reconstructed_if_another_one_is_missing():
    rng = np.random.default_rng(0)
    X = np.sin(np.arange(40)[:, None] / rng.uniform(2, 6, (100, 1, 2)))
    X *= rng.normal(1, 0.1, (100, 1, 2))
    embedder = LSTMSequenceEmbedder(40, max_epochs=60, random_state=0).fit(X)
    assert embedder.instance_norm_
    incomplete = X[:30].copy()
    incomplete[:, :, 1] = np.nan

    complete_error, incomplete_error = (
        np.mean(np.square(np.stack(embedder.reconstruct(x))[:, :, 0] - X[:30, :, 0]))
        for x in (X[:30], incomplete)
    )

    assert complete_error < incomplete_error < 0.01  # the mean has an error of 0.5


def test_the_first_partial_fit_with_two_sequences_fits_the_projection():
    X, _ = make_sequences(40, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(200, random_state=0)

    embedder.partial_fit(X[:1]).partial_fit(X)

    variances = embedder.transform(X).var(axis=0)
    np.testing.assert_allclose(variances[128:], variances[-1], rtol=1e-3)


def test_standardized_vectors_of_few_sequences_have_no_huge_components():
    X, _ = make_sequences(60, lengths=(20, 40), random_state=0)
    embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit(X[:20])
    scaler = StandardScaler().fit(embedder.transform(X[:20]))

    assert np.abs(scaler.transform(embedder.transform(X[20:]))).max() < 50


@pytest.mark.parametrize(
    ("scale", "location", "chosen"),
    [(1.0, 0.0, False), (5.0, 0.0, True), (1.0, 3.0, True)],
)
def test_instance_norm_is_chosen_where_sequences_have_different_scales(
    scale, location, chosen
):
    X = np.random.default_rng(0).normal(size=(20, 30))
    X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    X[::2] = X[::2] * scale + location

    embedder = LSTMSequenceEmbedder(8, max_epochs=1, random_state=0).fit(X)

    assert embedder.instance_norm_ is chosen
    assert embedder.encoder_.reader.instance_norm is chosen


def test_instance_norm_can_be_set_for_sequences_of_one_scale():
    X = np.random.default_rng(0).normal(size=(10, 30))
    embedder = LSTMSequenceEmbedder(8, instance_norm=True, max_epochs=1)

    assert embedder.fit(X).encoder_.reader.instance_norm


def test_sequences_that_differ_only_in_scale_have_different_vectors():
    rng = np.random.default_rng(0)
    shape = rng.normal(size=(1, 40))
    X = shape * np.logspace(-3, 0, 12)[:, None]

    vectors = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit_transform(X)

    distances = np.linalg.norm(vectors[1:] - vectors[:-1], axis=1)
    assert (distances > 0.1).all()


def test_later_calls_of_partial_fit_keep_the_projection():
    X, _ = make_sequences(40, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(40, random_state=0).partial_fit(X[:20])
    first = copy.deepcopy(embedder.encoder_.projection.state_dict())

    embedder.partial_fit(X[20:])

    for name, values in embedder.encoder_.projection.state_dict().items():
        # Without random features, the distribution is that of the final states.
        if not name.startswith("gaussian."):
            assert torch.equal(values, first[name])


def test_warm_start_fits_the_projection_again():
    X, _ = make_sequences(40, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(
        40, random_features=20, max_epochs=2, warm_start=True, random_state=0
    )

    vectors = embedder.fit(X).fit(X).transform(X)

    np.testing.assert_allclose(vectors.var(axis=0).mean(), 1, rtol=1e-3)


def test_weight_decay_may_change_between_warm_starts():
    X, _ = make_sequences(20, lengths=(10, 30), random_state=0)
    options = {"n_components": 8, "max_epochs": 2, "random_state": 0}

    plain, decayed = (
        LSTMSequenceEmbedder(warm_start=True, **options)
        .fit(X)
        .set_params(weight_decay=decay)
        .fit(X)
        .transform(X)
        for decay in (0.0, 5.0)
    )

    assert np.abs(plain - decayed).max() > 1e-3
