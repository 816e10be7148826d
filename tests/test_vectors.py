"""What a vector holds: last states, pooled states, and how its numbers are scaled."""

import numpy as np
import pytest
import torch

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._encoder import Encoder
from sklearn_seqembed._inputs import LEAST_SPREAD, Reader
from sklearn_seqembed._layout import LEAST_VARIANCE, Layout
from sklearn_seqembed._vectors import POOLED_VARIANCE, UNSEEN, VectorScaling
from sklearn_seqembed.datasets import make_sequences

WAYS = ("mean", "max", "min", "std")


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _encode(encoder, numeric, lengths):
    categories = torch.empty((*numeric.shape[:2], 0), dtype=torch.int64)
    with torch.no_grad():
        return encoder.eval()(numeric, categories, torch.tensor(lengths))


@pytest.mark.parametrize("lengths", [[5, 5, 5], [5, 3, 1], [2, 5, 3]])
@pytest.mark.parametrize("n_cells", [1, 10_000])  # 10,000: cut into blocks
def test_pooling_is_over_each_sequences_own_patches(lengths, n_cells):
    lengths = torch.tensor(lengths)
    layout = Layout(lengths, 6, n_cells)
    x = torch.randn(3, 6, 4)

    pooled = layout.pool(layout.lay(x), WAYS)

    for i, length in enumerate(lengths.tolist()):
        own = x[i, :length]
        deviation = (own.var(dim=0, correction=0) + LEAST_VARIANCE).sqrt()
        expected = [own.mean(dim=0), own.amax(dim=0), own.amin(dim=0), deviation]
        torch.testing.assert_close(pooled[i], torch.stack(expected))


def test_blocks_are_pooled_together_where_they_are_cut():
    layout = Layout(torch.tensor([9, 2, 1]), 9, 10_000)

    assert len(layout.blocks) > 1


@pytest.mark.parametrize(
    ("n_components", "options", "n_pooled"),
    [
        (320, {}, 192),
        (27, {}, 16),
        (26, {}, 0),
        (100, {"pooling": ("max",)}, 60),
        (100, {"bidirectional": False}, 56),
        (100, {"pooled_share": 0.0}, 0),
        (16, {"pooled_share": 0.99}, 0),  # one number is left for last states
        (17, {"pooled_share": 0.99}, 16),
    ],
)
def test_pooled_states_fill_their_share_in_whole_groups(
    n_components, options, n_pooled
):
    encoder = Encoder(
        1, n_components, **({"pooled_share": 0.6, "pooling": WAYS} | options)
    )

    vectors = _encode(encoder, torch.randn(2, 9, 1), [9, 4])

    assert encoder.n_pooled == n_pooled
    assert vectors.shape == (2, n_components)


@pytest.mark.parametrize("patch_sizes", [(1, 1), (4, 1), (3, 2), (2, 5)])
@pytest.mark.parametrize("padding", [0.0, 1e9, float("nan")])
@pytest.mark.parametrize("instance_norm", [False, True])
def test_what_stands_after_the_end_reaches_no_part_of_the_vector(
    patch_sizes, padding, instance_norm
):
    encoder = Encoder(
        2,
        40,
        patch_size=patch_sizes[0],
        pooled_share=0.6,
        pooling=WAYS,
        pooled_patch_size=patch_sizes[1],
        instance_norm=instance_norm,
    )
    numeric = torch.randn(3, 13, 2)
    numeric[1, 2, 0] = float("nan")  # a gap
    lengths = [13, 5, 1]
    alone = torch.cat(
        [_encode(encoder, numeric[[i], :n], [n]) for i, n in enumerate(lengths)]
    )

    for i, n in enumerate(lengths):
        numeric[i, n:] = padding
    together = _encode(encoder, numeric, lengths)

    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_pooled_states_tell_what_comes_wherever_it_comes():
    """A bump that moves changes last states, and hardly pooled ones."""
    encoder = Encoder(1, 40, pooled_share=0.6, pooling=("max",), pooled_patch_size=1)
    numeric = torch.zeros(3, 60, 1)
    numeric[0, 15:18] = numeric[1, 35:38] = 2.0
    numeric[2, 15:18] = -2.0

    early, late, other = _encode(encoder, numeric, [60, 60, 60])[:, -24:]

    assert (early - late).norm() < 0.1 * (early - other).norm()


def test_each_sequence_is_read_in_its_own_scale_too():
    reader = Reader(2, instance_norm=True, differences=True)
    numeric = torch.randn(3, 8, 2)
    louder = 7 * numeric + 3

    quiet, loud = (reader(x, torch.tensor([8, 6, 1])) for x in (numeric, louder))

    inside = ~quiet.ended
    torch.testing.assert_close(
        quiet.values[inside][:, 2:], loud.values[inside][:, 2:], rtol=1e-3, atol=1e-3
    )
    spread = numeric[0].std(dim=0, correction=0) + LEAST_SPREAD
    torch.testing.assert_close(quiet.scales[0].exp(), spread)
    steps = quiet.values[0, :, :2].diff(dim=0)
    torch.testing.assert_close(quiet.differences[0, 1:, :2], steps)
    assert (quiet.differences[:, 0] == 0).all()


def test_missing_values_do_not_count_in_a_sequences_own_scale():
    reader = Reader(1, instance_norm=True)
    nan = float("nan")
    gaps = torch.tensor([[[1.0], [nan], [3.0], [nan]]])

    own = reader(gaps, torch.tensor([4])).values[0, :, 1]

    torch.testing.assert_close(
        own, torch.tensor([-1.0, -1.0, 1.0, 1.0]), atol=1e-3, rtol=0
    )


def test_what_is_read_varies_about_as_much_as_values_after_calibration():
    reader = Reader(1, instance_norm=True, differences=True)
    numeric = torch.randn(50, 30, 1).cumsum(dim=1) * torch.rand(50, 1, 1)
    lengths = torch.full((50,), 30)

    reader.calibrate(numeric, lengths)
    readings = reader(numeric, lengths)

    deviation = readings.differences.flatten(0, 1).std(dim=0, correction=0)
    torch.testing.assert_close(deviation, torch.ones(2))
    torch.testing.assert_close(readings.scales.mean(dim=0), torch.zeros(1))
    torch.testing.assert_close(readings.scales.std(dim=0, correction=0), torch.ones(1))


@pytest.mark.parametrize("n_samples", [2, 5, 40])
def test_scaling_of_vectors_can_be_undone(n_samples):
    scaling = VectorScaling(10)
    states = torch.randn(n_samples, 10) * torch.logspace(-2, 1, 10)
    unseen = torch.randn(6, 10)

    scaling.fit(states.numpy(), 4)

    for x in (states, unseen):
        torch.testing.assert_close(scaling.inverse(scaling(x)), x, rtol=1e-4, atol=1e-4)


def test_scaled_numbers_have_mean_0_and_each_kind_its_share_of_the_variance():
    scaling = VectorScaling(10)
    states = torch.randn(40, 10) * torch.logspace(-0.5, 0.5, 10) + 5

    scaling.fit(states.numpy(), 4)
    vectors = scaling(states).numpy()

    variances = vectors.var(axis=0)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(variances[6:].sum() / 10, POOLED_VARIANCE, rtol=1e-3)
    np.testing.assert_allclose(variances.sum(), 10, rtol=1e-3)
    np.testing.assert_allclose(variances[:6], variances[0], rtol=1e-3)


def test_directions_that_fit_did_not_see_are_scaled_down():
    scaling = VectorScaling(3)
    states = np.array([[1.0, 2, 0], [-1, 1, 0], [0, -3, 0]], dtype=np.float32)
    states = states - states.mean(axis=0)
    states[:, 2] = states[:, 0]  # two numbers that go together

    scaling.fit(states, 0)
    along, across = scaling(torch.tensor([[1.0, 0, 1], [1, 0, -1]])) - scaling(
        torch.zeros(1, 3)
    )

    np.testing.assert_allclose(across.norm() / along.norm(), UNSEEN, rtol=1e-4)


@pytest.mark.parametrize("states", [np.zeros((4, 3)), np.ones((1, 3))])
def test_scaling_of_vectors_that_do_not_vary_is_harmless(states):
    scaling = VectorScaling(3)
    states = states.astype(np.float32)

    scaling.fit(states, 1)

    vectors = scaling(torch.from_numpy(states))
    assert torch.isfinite(vectors).all()
    torch.testing.assert_close(scaling.inverse(vectors), torch.from_numpy(states))


def test_vectors_of_fit_are_balanced_by_default_and_raw_without_scaling():
    X, _ = make_sequences(60, n_features=2, lengths=(10, 30), random_state=0)
    options = {"n_components": 40, "max_epochs": 3, "random_state": 0}

    balanced = LSTMSequenceEmbedder(**options).fit(X)
    raw = LSTMSequenceEmbedder(vector_scaling=None, **options).fit(X)

    vectors = balanced.transform(X)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(vectors.var(axis=0).sum(), 40, rtol=1e-3)
    assert np.abs(raw.transform(X)).max() <= 1  # states of LSTM cells
    # The same network behind both: nothing is lost on the way back.
    for x, y in zip(balanced.reconstruct(X), raw.reconstruct(X), strict=True):
        np.testing.assert_allclose(x, y, atol=1e-3)


def test_the_gradient_reaches_the_cells_whose_states_are_pooled():
    X, _ = make_sequences(20, lengths=(10, 30), random_state=0)
    options = {"n_components": 40, "random_state": 0}

    before = LSTMSequenceEmbedder(max_epochs=0, **options).fit(X)
    after = LSTMSequenceEmbedder(max_epochs=2, **options).fit(X)

    for old, new in zip(
        before.encoder_.pooled_layers.parameters(),
        after.encoder_.pooled_layers.parameters(),
        strict=True,
    ):
        assert not torch.equal(old, new)


@pytest.mark.parametrize(
    ("scale", "level", "chosen"),
    [(1.0, 0.0, False), (5.0, 0.0, True), (1.0, 3.0, True)],
)
def test_instance_norm_is_chosen_where_sequences_have_different_scales(
    scale, level, chosen
):
    X = np.random.default_rng(0).normal(size=(20, 30))
    X = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    X[::2] = X[::2] * scale + level

    embedder = LSTMSequenceEmbedder(8, max_epochs=1, random_state=0).fit(X)

    assert embedder.instance_norm_ is chosen
    assert embedder.encoder_.reader.instance_norm is chosen


def test_without_differences_of_scale_the_choice_can_be_made_by_hand():
    X = np.random.default_rng(0).normal(size=(10, 30))
    embedder = LSTMSequenceEmbedder(8, instance_norm=True, max_epochs=1)

    assert embedder.fit(X).encoder_.reader.instance_norm


def test_sequences_that_differ_in_scale_alone_have_different_vectors():
    rng = np.random.default_rng(0)
    shape = rng.normal(size=(1, 40))
    X = shape * np.logspace(-3, 0, 12)[:, None]

    vectors = LSTMSequenceEmbedder(64, max_epochs=1, random_state=0).fit_transform(X)

    apart = np.linalg.norm(vectors[1:] - vectors[:-1], axis=1)
    assert (apart > 0.1).all()


@pytest.mark.parametrize(
    "pooling", ["sum", (), ("max", "max"), ("max", "median"), 3, None]
)
def test_ways_to_pool_that_are_unknown_are_refused(pooling):
    with pytest.raises(ValueError, match="pooling must be one of 'mean', 'max'"):
        LSTMSequenceEmbedder(pooling=pooling).fit(np.eye(4, 20))


def test_one_way_to_pool_may_be_named_alone():
    X = np.random.default_rng(0).normal(size=(10, 30))
    options = {"n_components": 40, "max_epochs": 1, "random_state": 0}

    alone = LSTMSequenceEmbedder(pooling="max", **options).fit_transform(X)
    in_a_tuple = LSTMSequenceEmbedder(pooling=("max",), **options).fit_transform(X)

    np.testing.assert_array_equal(alone, in_a_tuple)


def test_partial_fit_keeps_the_scales_of_its_first_call():
    X, _ = make_sequences(40, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(40, random_state=0).partial_fit(X[:20])
    matrix = embedder.encoder_.scaling.matrix.clone()

    embedder.partial_fit(X[20:])

    assert torch.equal(embedder.encoder_.scaling.matrix, matrix)
    assert np.isfinite(embedder.reconstruct(X)[0]).all()


def test_warm_start_scales_vectors_anew():
    X, _ = make_sequences(40, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(40, max_epochs=2, warm_start=True, random_state=0)
    embedder.fit(X)

    vectors = embedder.fit(X).transform(X)

    np.testing.assert_allclose(vectors.var(axis=0).sum(), 40, rtol=1e-3)


def test_weight_decay_may_change_from_one_warm_start_to_the_next():
    X, _ = make_sequences(20, lengths=(10, 30), random_state=0)
    options = {"n_components": 8, "max_epochs": 2, "random_state": 0}

    plain, pulled = (
        LSTMSequenceEmbedder(warm_start=True, **options)
        .fit(X)
        .set_params(weight_decay=decay)
        .fit(X)
        .transform(X)
        for decay in (0.0, 5.0)
    )

    assert np.abs(plain - pulled).max() > 1e-3
