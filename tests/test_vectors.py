"""What a vector holds: last states, pooled states, and how its numbers are scaled."""

import copy

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._network.layout import LEAST_VARIANCE, Layout
from sklearn_seqembed._network.reader import LARGEST_SCALE, Reader
from sklearn_seqembed._network.vector import POOLED_VARIANCE, VectorProjection
from sklearn_seqembed.datasets import make_sequences

WAYS = ("mean", "max", "min", "std", "ppv")


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
        shares = (own > 0).float().mean(dim=0)
        expected = [
            own.mean(dim=0),
            own.amax(dim=0),
            own.amin(dim=0),
            deviation,
            shares,
        ]
        torch.testing.assert_close(pooled[i], torch.stack(expected))


def test_blocks_are_pooled_together_where_they_are_cut():
    layout = Layout(torch.tensor([9, 2, 1]), 9, 10_000)

    assert len(layout.blocks) > 1


@pytest.mark.parametrize(
    ("n_components", "options", "n_pooled"),
    [
        (320, {}, 192),
        (27, {}, 16),
        (2, {}, 1),
        (1, {}, 0),
        (100, {"pooling": ("max",)}, 48),  # there are no more states than these
        (100, {"pooling": ("max",), "bidirectional": False}, 24),
        (100, {"reservoir_fraction": 0.0}, 0),
        (16, {"reservoir_fraction": 0.99}, 15),  # one number is left for last states
    ],
)
def test_pooled_states_have_their_share_of_the_vector(n_components, options, n_pooled):
    options = {
        "reservoir_fraction": 0.6,
        "pooling": WAYS,
        "reservoir_size": 12,
    } | options
    encoder = Encoder(1, n_components, **options)

    vectors = _encode(encoder, torch.randn(2, 9, 1), [9, 4])

    assert encoder.projection.n_pooled == n_pooled
    assert vectors.shape == (2, n_components)


@pytest.mark.parametrize(
    ("n_components", "n_last"), [(1, 1), (32, 32), (33, 32), (80, 32), (320, 128)]
)
def test_short_vectors_are_of_last_states_first(n_components, n_last):
    X = np.random.default_rng(0).normal(size=(4, 20))

    embedder = LSTMSequenceEmbedder(n_components, max_epochs=0).fit(X)

    assert embedder.encoder_.projection.n_last == n_last
    assert embedder.reservoir_fraction_ == pytest.approx(1 - n_last / n_components)


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
        reservoir_fraction=0.6,
        reservoir_size=3,
        reservoir_patch_size=patch_sizes[1],
        pooling=WAYS,
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


@pytest.mark.parametrize(("n_features", "n_cells"), [(1, 64), (4, 64), (5, 128)])
def test_many_features_are_read_by_more_random_cells(n_features, n_cells):
    X = list(np.random.default_rng(0).normal(size=(4, 9, n_features)))

    embedder = LSTMSequenceEmbedder(max_epochs=0).fit(X)

    assert embedder.reservoir_size_ == n_cells
    assert embedder.encoder_.reservoir.n_cells == n_cells


def test_pooled_states_tell_what_comes_wherever_it_comes():
    """A bump that moves changes last states, and hardly pooled ones."""
    encoder = Encoder(1, 40, reservoir_fraction=0.6, reservoir_size=6, pooling=("max",))
    numeric = torch.zeros(3, 60, 1)
    numeric[0, 15:18] = numeric[1, 35:38] = 2.0
    numeric[2, 15:18] = -2.0

    early, late, other = _encode(encoder, numeric, [60, 60, 60])[:, -24:]

    assert (early - late).norm() < 0.1 * (early - other).norm()


def test_each_sequence_is_read_in_its_own_scale_too():
    reader = Reader(2, instance_norm=True)
    numeric = torch.randn(3, 8, 2)
    louder = 7 * numeric + 3

    lengths = torch.tensor([8, 6, 1])
    quiet, loud = (reader(x, lengths, differences=True) for x in (numeric, louder))

    inside = ~quiet.ended
    torch.testing.assert_close(
        quiet.values[inside][:, 2:], loud.values[inside][:, 2:], rtol=1e-3, atol=1e-3
    )
    spread = numeric[0].std(dim=0, correction=0)
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


@pytest.mark.parametrize("level", [0.0, 5.0, -300.0])
def test_a_flat_sequence_is_not_blown_up(level):
    reader = Reader(1, instance_norm=True)
    flat = torch.full((1, 1000, 1), level) * (1 + 1e-7 * torch.randn(1, 1000, 1))

    readings = reader(flat, torch.tensor([1000]))

    assert readings.values[0, :, 1].abs().max() < 1
    assert readings.scales.item() == 0


def test_what_is_read_varies_about_as_much_as_values_after_calibration():
    reader = Reader(1, instance_norm=True)
    numeric = torch.randn(50, 30, 1).cumsum(dim=1) * torch.rand(50, 1, 1)
    lengths = torch.full((50,), 30)

    halves = [(numeric[:20], lengths[:20]), (numeric[20:], lengths[20:])]
    reader.calibrate(halves)
    readings = reader(numeric, lengths, differences=True)

    deviation = readings.differences.flatten(0, 1).std(dim=0, correction=0)
    torch.testing.assert_close(deviation, torch.ones(2))
    raw = reader.scale_mean + readings.scales * reader.scale_spread
    inside = readings.scales.abs() < LARGEST_SCALE  # others are held there
    spread = numeric.std(dim=1, correction=0)
    torch.testing.assert_close(raw[inside], spread.log()[inside])
    torch.testing.assert_close(reader.scale_mean, spread.log().mean(dim=0))


@pytest.mark.parametrize("n_samples", [1, 2, 5, 40])
@pytest.mark.parametrize("balanced", [True, False])
def test_last_states_can_be_taken_out_of_vectors(n_samples, balanced):
    joined = VectorProjection(10, 30, 6, balanced=balanced)
    last = torch.randn(n_samples, 10) * torch.logspace(-1, 1, 10)
    pooled = torch.randn(n_samples, 30)
    unseen = torch.randn(6, 10), torch.randn(6, 30)

    joined.fit(last.numpy(), pooled.numpy())

    for x in ((last, pooled), unseen):
        back = joined.final_states(joined(*x))
        torch.testing.assert_close(back, x[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_samples", [3, 40])  # fewer than numbers, and more
def test_balanced_numbers_have_mean_0_and_each_kind_one_variance(n_samples):
    joined = VectorProjection(6, 20, 4, balanced=True)
    last = torch.randn(n_samples, 6) * torch.logspace(-0.5, 0.5, 6) + 5
    pooled = torch.randn(n_samples, 20) * torch.logspace(-0.5, 0.5, 20) + 5

    joined.fit(last.numpy(), pooled.numpy())
    vectors = joined(last, pooled).numpy()

    variances = vectors.var(axis=0)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(variances[:6], variances[0], rtol=1e-3)
    np.testing.assert_allclose(variances[6:], POOLED_VARIANCE * variances[0], rtol=1e-3)
    np.testing.assert_allclose(variances.mean(), 1, rtol=1e-3)


@pytest.mark.parametrize("n_samples", [4, 60])
def test_pooled_states_keep_their_distances_but_what_varies_least(n_samples):
    rng = np.random.default_rng(0)
    joined = VectorProjection(1, 30, 5)
    hidden = rng.normal(size=(n_samples, 5))
    pooled = hidden @ rng.normal(size=(5, 30))  # vary in five directions alone

    joined.fit(np.ones((n_samples, 1)), pooled.astype(np.float32))
    x = torch.from_numpy(pooled.astype(np.float32))
    vectors = joined(torch.ones(n_samples, 1), x)[:, 1:]

    apart = torch.pdist((x - x.mean(dim=0)) / x.std(dim=0, correction=0))
    kept = torch.pdist(vectors)
    torch.testing.assert_close(kept / kept[0], apart / apart[0], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("states", [np.zeros((4, 3)), np.ones((1, 3))])
@pytest.mark.parametrize("n_pooled", [1, 2])
def test_states_that_do_not_vary_are_harmless(states, n_pooled):
    joined = VectorProjection(3, 3, n_pooled, balanced=True)
    states = states.astype(np.float32)

    joined.fit(states, states)

    x = torch.from_numpy(states)
    vectors = joined(x, x)
    assert torch.isfinite(vectors).all()
    torch.testing.assert_close(joined.final_states(vectors), x)


def test_vectors_of_fit_are_balanced_by_default_and_last_states_raw_without():
    X, _ = make_sequences(60, n_features=2, lengths=(10, 30), random_state=0)
    options = {"n_components": 80, "max_epochs": 3, "random_state": 0}

    balanced = LSTMSequenceEmbedder(**options).fit(X)
    raw = LSTMSequenceEmbedder(vector_scaling=None, **options).fit(X)

    vectors = balanced.transform(X)
    np.testing.assert_allclose(vectors.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(vectors.var(axis=0).mean(), 1, rtol=1e-3)
    assert np.abs(raw.transform(X)[:, :32]).max() <= 1  # states of LSTM cells
    # The same network behind both: nothing is lost on the way back.
    for x, y in zip(balanced.reconstruct(X), raw.reconstruct(X), strict=True):
        np.testing.assert_allclose(x, y, atol=1e-3)


def test_cells_whose_states_are_pooled_stay_as_they_started():
    X, _ = make_sequences(20, lengths=(10, 30), random_state=0)
    options = {"n_components": 40, "random_state": 0}

    before = LSTMSequenceEmbedder(max_epochs=0, **options).fit(X)
    after = LSTMSequenceEmbedder(max_epochs=2, **options).fit(X)

    for cells, learns in (("reservoir", False), ("layers", True)):
        for old, new in zip(
            getattr(before.encoder_, cells).parameters(),
            getattr(after.encoder_, cells).parameters(),
            strict=True,
        ):
            assert torch.equal(old, new) is not learns


def test_what_is_played_back_comes_from_the_last_states_alone():
    X, _ = make_sequences(20, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(40, max_epochs=2, random_state=0).fit(X)
    vectors = embedder.transform(X)
    others = vectors.copy()
    others[:, embedder.encoder_.projection.n_last :] = 7

    for x, y in zip(
        embedder.inverse_transform(vectors),
        embedder.inverse_transform(others),
        strict=True,
    ):
        np.testing.assert_array_equal(x, y)


def test_by_default_pooled_states_have_four_fifths_of_the_variance():
    X, _ = make_sequences(30, lengths=(20, 40), random_state=0)

    variances = LSTMSequenceEmbedder(max_epochs=0).fit_transform(X).var(axis=0)

    np.testing.assert_allclose(variances[128:].sum() / variances.sum(), 0.8, rtol=1e-3)


def test_a_sequence_of_which_a_feature_is_unknown_is_recreated_in_the_others():
    rng = np.random.default_rng(0)
    X = np.sin(np.arange(40)[:, None] / rng.uniform(2, 6, (100, 1, 2)))
    X *= rng.normal(1, 0.1, (100, 1, 2))
    embedder = LSTMSequenceEmbedder(40, max_epochs=60, random_state=0).fit(X)
    assert embedder.instance_norm_
    gaps = X[:30].copy()
    gaps[:, :, 1] = np.nan

    whole, partly = (
        np.mean(np.square(np.stack(embedder.reconstruct(x))[:, :, 0] - X[:30, :, 0]))
        for x in (X[:30], gaps)
    )

    assert partly < 2 * whole < 0.3  # 0.5 is what the mean gives


def test_scales_are_learned_by_the_first_partial_fit_that_can():
    X, _ = make_sequences(40, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(80, random_state=0)

    embedder.partial_fit(X[:1]).partial_fit(X)

    variances = embedder.transform(X).var(axis=0)
    np.testing.assert_allclose(variances[32:], variances[-1], rtol=1e-3)


def test_standardising_vectors_of_few_sequences_blows_nothing_up():
    X, _ = make_sequences(60, lengths=(20, 40), random_state=0)
    embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit(X[:20])
    scaler = StandardScaler().fit(embedder.transform(X[:20]))

    assert np.abs(scaler.transform(embedder.transform(X[20:]))).max() < 50


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
    joined = copy.deepcopy(embedder.encoder_.projection.state_dict())

    embedder.partial_fit(X[20:])

    for name, values in embedder.encoder_.projection.state_dict().items():
        assert torch.equal(values, joined[name])
    assert np.isfinite(embedder.reconstruct(X)[0]).all()


def test_warm_start_scales_vectors_anew():
    X, _ = make_sequences(40, lengths=(10, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(40, max_epochs=2, warm_start=True, random_state=0)
    embedder.fit(X)

    vectors = embedder.fit(X).transform(X)

    np.testing.assert_allclose(vectors.var(axis=0).mean(), 1, rtol=1e-3)


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
