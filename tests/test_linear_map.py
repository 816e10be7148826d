"""The linear map from which training starts, and its fit in closed form."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._auto import choose_points
from sklearn_seqembed._network.closed_form import fit_linear_map
from sklearn_seqembed._network.linear import LinearMap
from sklearn_seqembed._network.resampling import (
    from_points,
    interpolate_missing,
    to_points,
)
from sklearn_seqembed._network.rotation import rotate_to_equal_variance

NAN = float("nan")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def _waves(rng, n_samples, n_steps=40, n_features=1):
    """Make sequences that three components explain, except for some noise."""
    shapes = rng.normal(size=(3, n_steps * n_features)).cumsum(axis=1)
    X = rng.normal(size=(n_samples, 3)) @ shapes + 5
    X += 0.1 * rng.normal(size=X.shape)
    return X.reshape(n_samples, n_steps, n_features)


def _fit(X, n_components, variations=("shift", "mix"), n_points=None):
    """Fit a linear map to sequences of any lengths."""
    numeric = torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(x, dtype=torch.float32) for x in X], batch_first=True
    )
    lengths = torch.tensor([len(x) for x in X])
    linear = LinearMap(numeric.shape[2], n_components, n_points or numeric.shape[1])
    values = linear.read(numeric, lengths).double().numpy()
    rng = np.random.default_rng(0)
    linear.load(fit_linear_map(values, numeric.shape[2], n_components, variations, rng))
    return linear, numeric, lengths


# Resampling


@pytest.mark.parametrize("length", [1, 2, 5, 9, 20])
def test_points_are_interpolated_between_the_first_and_the_last_step(length):
    x = torch.randn(3, 20, 2)

    found = to_points(x, torch.tensor([20, length, 20]), 9)

    places = np.linspace(0, length - 1, 9)
    for feature in range(2):
        expected = np.interp(places, np.arange(length), x[1, :length, feature])
        if length > 18:
            continue
        np.testing.assert_allclose(found[1, :, feature], expected, atol=1e-6)


def test_points_of_long_sequences_are_means():
    x = torch.arange(12.0).reshape(1, 12, 1)

    found = to_points(x, torch.tensor([12]), 4)

    assert found.flatten().tolist() == [1.0, 4.0, 7.0, 10.0]


def test_resampling_to_the_same_length_changes_nothing():
    x = torch.randn(2, 7, 3)
    lengths = torch.tensor([7, 4])

    assert torch.equal(to_points(x[:1], lengths[:1], 7), x[:1])
    assert torch.equal(to_points(x, lengths, 7)[0], x[0])
    assert torch.equal(from_points(x, torch.tensor([7, 7]), 7), x)


@pytest.mark.parametrize("length", [2, 7, 15, 40])
def test_smooth_sequences_survive_resampling(length):
    steps = torch.linspace(0, 3, length)[None, :, None]
    lengths = torch.tensor([length])

    found = from_points(to_points(steps, lengths, 15), lengths, length)

    # Means of a long sequence do not reach its first and last values.
    torch.testing.assert_close(found, steps, rtol=0, atol=0.1)


def test_missing_values_are_interpolated():
    x = torch.tensor([[NAN, 1.0, NAN, NAN, 4.0, NAN], [NAN] * 6])[:, :, None]

    found = interpolate_missing(x, x.isnan())

    assert found[0].flatten().tolist() == [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    assert found[1].flatten().tolist() == [0.0] * 6


# The closed form


def test_without_copies_the_components_span_those_of_pca(rng):
    X = _waves(rng, 30, n_features=2)

    linear, numeric, lengths = _fit(X, 5, variations=())

    pca = PCA(5).fit(X.reshape(30, -1))
    expected = pca.inverse_transform(pca.transform(X.reshape(30, -1)))
    linear.centers, linear.weights = linear.centers[:0], linear.weights[:0]
    found, _ = linear.decode(linear.encode(numeric, lengths), lengths, 40)
    np.testing.assert_allclose(found.flatten(1), expected, atol=1e-3)
    components = linear.encode(numeric, lengths).numpy()
    np.testing.assert_allclose(components.var(axis=0), 1, rtol=1e-3)


def test_copies_explain_new_sequences_that_are_shifted(rng):
    bump = np.exp(-np.square(np.arange(60) - 30) / 4)
    X, new = (
        np.stack([np.roll(bump, shift) for shift in shifts])[..., None]
        for shifts in ((-6, -4, -1, 0, 3, 6), (-5, -3, -2, 1, 2, 4, 5))
    )
    errors = {}
    for variations in ((), ("shift",)):
        linear, *_ = _fit(X, 12, variations)
        numeric = torch.tensor(new, dtype=torch.float32)
        lengths = torch.full((len(new),), 60)
        found, _ = linear.decode(linear.encode(numeric, lengths), lengths, 60)
        errors[variations] = float((found - numeric).square().mean())

    assert errors["shift",] < 0.5 * errors[()]


def test_radial_basis_functions_are_added_where_they_help(rng):
    """The second half of each sequence is proportional to the square of the first."""
    first = rng.normal(size=(300, 1)) @ rng.uniform(0.5, 1, size=(1, 10))
    X = np.concatenate([first, 0.3 * first**2], axis=1)[:, :, None]

    linear, _, lengths = _fit(X[:250], 1, variations=())

    assert len(linear.centers)
    unseen = torch.tensor(X[250:], dtype=torch.float32)
    components = linear.encode(unseen, lengths[:50])
    errors = []
    for n_centers in (len(linear.centers), 0):
        linear.centers = linear.centers[:n_centers]
        linear.weights = linear.weights[:n_centers]
        found, _ = linear.decode(components, lengths[:50], 20)
        errors.append(float((found - unseen).square().mean()))
    assert errors[0] < 0.5 * errors[1]


def test_radial_basis_functions_are_left_out_where_they_do_not_help(rng):
    X = rng.normal(size=(60, 20, 1))

    linear, *_ = _fit(X, 4)

    assert not len(linear.centers)
    assert 0.5 < float(linear.unexplained) < 1.2


@pytest.mark.parametrize("n_samples", [1, 2, 4])
def test_few_sequences_are_reconstructed_exactly(rng, n_samples):
    # Lengths at which no time step lies between two points.
    X = [rng.normal(size=(n, 2)) for n in (9, 5, 3, 9)][:n_samples]

    linear, numeric, lengths = _fit(X, 20, n_points=9)

    found, ends = linear.decode(linear.encode(numeric, lengths), lengths, 9)
    for i, x in enumerate(X):
        np.testing.assert_allclose(found[i, : len(x)], x, atol=1e-3)
        assert int((ends[i] > 0).float().argmax()) == len(x) - 1
    assert float(linear.unexplained) != float(linear.unexplained)  # NaN


def test_centers_are_no_vectors_of_training_sequences(rng):
    first = rng.normal(size=(200, 1)) @ rng.uniform(0.5, 1, size=(1, 10))
    X = np.concatenate([first, 0.3 * first**2], axis=1)[:, :, None]

    linear, numeric, lengths = _fit(X, 1, variations=("mix",))

    assert len(linear.centers)
    vectors = linear.encode(numeric, lengths)
    assert (linear.centers[:, None] != vectors).any(dim=2).all()


@pytest.mark.parametrize("n_components", [3, 20])
def test_lengths_are_decoded(rng, n_components):
    X = [np.full((n, 1), n / 10) for n in rng.integers(5, 30, 80)]

    linear, numeric, lengths = _fit(X, n_components)

    n_steps = numeric.shape[1]
    _, ends = linear.decode(linear.encode(numeric, lengths), None, n_steps)
    decoded = ((ends < 0).sum(dim=1) + 1).clamp(max=n_steps)
    assert (decoded - lengths).abs().max() <= (0 if n_components == 20 else 3)


def test_rotated_components_have_one_variance_and_the_same_distances(rng):
    scores = rng.normal(size=(40, 4)) * [5, 2, 1, 0.1]
    scores -= scores.mean(axis=0)
    scores = PCA(4).fit_transform(scores)

    rotated = scores @ rotate_to_equal_variance(scores, 6)

    assert rotated.shape == (40, 6)
    np.testing.assert_allclose(rotated.var(axis=0), scores.var(axis=0).sum() / 6)
    np.testing.assert_allclose(rotated @ rotated.T, scores @ scores.T, atol=1e-9)


# The estimator


def test_fit_explains_as_much_as_pca_without_training(rng):
    X = _waves(rng, 80)
    train, test = X[:60, :, 0], X[60:, :, 0]

    embedder = LSTMSequenceEmbedder(4, max_epochs=0, random_state=0).fit(train)

    pca = PCA(4).fit(train)
    error = np.square(pca.inverse_transform(pca.transform(test)) - test).sum()
    explained = 1 - error / np.square(test - test.mean()).sum()
    assert embedder.score(test) > explained - 0.002
    assert not embedder.encoder_.is_trained


@pytest.mark.parametrize(
    ("n_samples", "noise", "reason"),
    [(30, 1.0, "but X has 30"), (80, 0.0, "leaves 0.00% of the variance")],
)
def test_verbose_tells_why_there_is_no_training(rng, n_samples, noise, reason, capsys):
    X = np.ones((n_samples, 1)) * np.arange(20) + rng.normal(size=(n_samples, 1))
    X += noise * rng.normal(size=X.shape)

    embedder = LSTMSequenceEmbedder(2, random_state=0, verbose=1).fit(X)

    assert embedder.max_epochs_ == embedder.n_iter_ == 0
    assert reason in capsys.readouterr().out


def test_useless_training_leaves_the_linear_map(rng, monkeypatch, capsys):
    monkeypatch.setattr("sklearn_seqembed._auto.PATIENCE_BATCHES", 5)
    X = rng.normal(size=(60, 20))  # nothing can be learned from noise
    options = {"n_components": 3, "random_state": 0}
    start = LSTMSequenceEmbedder(max_epochs=0, **options).fit(X)

    embedder = LSTMSequenceEmbedder(verbose=1, **options).fit(X)

    assert 0 < embedder.n_iter_ < embedder.max_epochs_
    assert not embedder.encoder_.is_trained
    np.testing.assert_allclose(embedder.transform(X), start.transform(X), atol=1e-4)
    # One epoch has four batches, so two epochs without a lower loss have at least five.
    losses = [row["valid_loss"] for row in embedder.history_]
    assert len(losses) == int(np.argmin(losses)) + 1 + 2
    printed = capsys.readouterr().out
    assert f"of {embedder.max_epochs_}, since the last ones did not" in printed
    assert "is not used" in printed


def test_cells_do_not_change_the_length(rng):
    X = [rng.normal(size=n) for n in rng.integers(5, 30, 60)]
    embedder = LSTMSequenceEmbedder(5, max_epochs=0, random_state=0).fit(X)
    before, encoder = embedder.transform(X), embedder.encoder_

    encoder.is_trained.fill_(True)
    torch.nn.init.normal_(encoder.to_vector.weight)

    changed = (embedder.transform(X) != before).any(axis=0)
    np.testing.assert_array_equal(changed, [False, True, True, True, True])
    assert abs(np.corrcoef(before[:, 0], np.log([len(x) for x in X]))[0, 1]) > 0.999


def test_many_sequences_are_more_important_than_points():
    few, many = (choose_points(np.full(n, 512), 64) for n in (200, 2000))

    assert few == 512
    assert many == 128  # as many values as 1024 sequences may have


def test_many_values_have_as_many_points_as_steps(rng):
    """White noise, which is lost with fewer points, along a few directions."""
    X = (rng.normal(size=(80, 5)) @ rng.normal(size=(5, 300 * 40))).reshape(80, 300, 40)

    embedder = LSTMSequenceEmbedder(8, max_epochs=0, random_state=0).fit(X[:70])

    assert embedder.score(X[70:]) > 0.999


def test_useful_training_is_kept(rng, capsys):
    """One axis and radial functions of it miss most of what two values determine."""
    steps = np.linspace(0, 1, 12)
    frequencies, phases = rng.uniform(3, 9, (2, 400, 1))
    X = np.sin(frequencies * steps + phases)
    options = {"n_components": 2, "patch_size": 1, "random_state": 0}
    start = LSTMSequenceEmbedder(max_epochs=0, **options).fit(X[:300])

    embedder = LSTMSequenceEmbedder(verbose=1, lr=0.01, **options).fit(X[:300])

    assert embedder.encoder_.is_trained
    assert 1 - embedder.score(X[300:]) < 0.98 * (1 - start.score(X[300:]))
    assert "reduced the validation loss" in capsys.readouterr().out


def test_gaps_are_filled_by_interpolation(rng):
    X = _waves(rng, 60)[:, :, 0]
    gappy = np.where(rng.random(X.shape) < 0.3, np.nan, X)
    embedder = LSTMSequenceEmbedder(3, max_epochs=0, random_state=0)

    found = np.stack(embedder.fit(gappy).reconstruct(gappy))

    assert np.square(found - X).mean() < 0.1 * X.var()


def test_without_a_linear_map_the_cells_alone_are_trained():
    X = np.random.default_rng(0).normal(size=(20, 9))

    embedder = LSTMSequenceEmbedder(4, linear_map=False, max_epochs=1).fit(X)

    assert embedder.encoder_.linear is None
    assert embedder.hidden_size_ is None


@pytest.mark.parametrize(
    "options",
    [
        {"objective": "forecast"},
        {"objective": "composite"},
        {"categorical_features": [0]},
    ],
)
def test_forecasts_and_categories_have_no_linear_map(options):
    X = list(np.random.default_rng(0).integers(3, size=(20, 12, 1)))

    embedder = LSTMSequenceEmbedder(4, max_epochs=1, **options).fit(X)

    assert embedder.encoder_.linear is None


def test_level_spread_last_value_and_length_are_linear_in_the_vector(rng):
    X = [
        rng.normal(size=(n, 2)).cumsum(axis=0) * rng.uniform(0.5, 3, 2)
        for n in rng.integers(10, 60, 600)
    ]
    targets = np.array([[*x.mean(axis=0), *x.std(axis=0), *x[-1], len(x)] for x in X])

    vectors = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit_transform(X)

    inputs = np.column_stack([vectors, np.ones(len(vectors))])[:400]
    weights = np.linalg.lstsq(inputs, targets[:400], rcond=None)[0]
    found = np.column_stack([vectors, np.ones(len(vectors))])[400:] @ weights
    errors = np.square(found - targets[400:]).sum(axis=0)
    totals = np.square(targets[400:] - targets[400:].mean(axis=0)).sum(axis=0)
    assert (1 - errors / totals > 0.99).all()


def test_early_stopping_compares_with_the_linear_map():
    X = np.random.default_rng(0).normal(size=(150, 60))  # nothing to learn
    start = LSTMSequenceEmbedder(40, max_epochs=0, random_state=0).fit(X)

    embedder = LSTMSequenceEmbedder(
        40, early_stopping=True, n_iter_no_change=2, max_epochs=4, random_state=0
    ).fit(X)

    # The loss of sequences that the linear map was not fitted to.
    assert embedder.history_[0]["valid_loss"] > 0.25
    np.testing.assert_array_equal(embedder.transform(X), start.transform(X))
