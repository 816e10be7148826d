"""Training: how the loss falls, when it stops, and how it continues."""

import pickle
import warnings

import numpy as np
import pytest
from skorch.callbacks import Callback
from small_fits import small_embedder


def test_loss_falls(X):
    history = small_embedder(max_epochs=20, lr=0.02).fit(X).history_

    assert history[-1]["train_loss"] < 0.7 * history[0]["train_loss"]


def test_the_one_cycle_schedule_spans_all_batches(X):
    class Rates(Callback):
        def on_batch_end(self, net, training, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    rates = []

    small_embedder(max_epochs=10, batch_size=8, lr=0.02, callbacks=[Rates()]).fit(X)

    assert len(rates) == 30
    assert max(rates) == pytest.approx(0.02)
    assert np.argmax(rates) in range(7, 11)  # after 30 % of the batches
    assert rates[-1] < 0.02 / 100


def test_without_a_schedule_the_learning_rate_is_constant(X):
    class Rates(Callback):
        def on_batch_end(self, net, training, **kwargs):
            rates.add(net.optimizer_.param_groups[0]["lr"])

    rates = set()

    small_embedder(lr=0.02, lr_schedule=None, callbacks=[Rates()]).fit(X)

    assert rates == {0.02}


def test_gradients_are_clipped_to_norm_one(X):
    class Norms(Callback):
        def on_grad_computed(self, net, **kwargs):
            squares = [w.grad.square().sum() for w in net.module_.parameters()]
            norms.append(sum(squares).sqrt().item())

    norms = []
    huge = [1e6 * x for x in X]

    small_embedder(scaler=None, callbacks=[Norms()]).fit(huge)

    assert norms and max(norms) <= 1 + 1e-4


def test_early_stopping_restores_the_weights_of_the_best_epoch(X):
    class Losses(Callback):
        def on_epoch_end(self, net, dataset_valid, **kwargs):
            epochs.append((net.history[-1, "valid_loss"], dataset_valid))

    epochs = []
    # With a learning rate this high the validation loss soon rises again.
    embedder = small_embedder(
        early_stopping=True,
        max_epochs=200,
        lr=0.3,
        lr_schedule=None,
        n_iter_no_change=4,
        validation_fraction=0.25,
        linear_map=False,
        callbacks=[Losses()],
    ).fit(X)

    losses = [loss for loss, _ in epochs]
    net, held_out = embedder.net_, epochs[0][1]
    net.module_.eval()
    inputs, targets = held_out.batch(np.arange(len(held_out)))
    restored = net.criterion_(net.module_(**inputs), targets).item()
    assert len(losses) == int(np.argmin(losses)) + 1 + 4 < 200
    assert restored == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.parametrize(
    ("n_samples", "fraction", "held_out"), [(20, 0.25, 5), (20, 0.01, 1), (2, 0.9, 1)]
)
def test_validation_fraction_is_held_out(X, n_samples, fraction, held_out):
    class Sizes(Callback):
        def on_epoch_end(self, net, dataset_train, dataset_valid, **kwargs):
            sizes[:] = len(dataset_train), len(dataset_valid)

    sizes = []

    small_embedder(
        early_stopping=True, validation_fraction=fraction, callbacks=[Sizes()]
    ).fit(X[:n_samples])

    assert sizes == [n_samples - held_out, held_out]


def test_early_stopping_of_one_sequence_is_refused(X):
    with pytest.raises(ValueError, match="early_stopping=True holds out sequences"):
        small_embedder(early_stopping=True).fit(X[:1])


@pytest.mark.parametrize(("n_samples", "expected"), [(9_999, False), (10_000, True)])
def test_auto_early_stopping_starts_at_ten_thousand_sequences(n_samples, expected):
    X = np.arange(float(n_samples))[:, None]

    embedder = small_embedder(max_epochs=0, n_components=1).fit(X)

    assert embedder.early_stopping_ is expected


def test_a_model_that_explains_little_warns(X):
    with pytest.warns(UserWarning, match=r"explains only .*% of its training"):
        small_embedder(linear_map=False, max_epochs=1).fit(X)


def test_a_model_that_explains_much_does_not_warn(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embedder = small_embedder(max_epochs=60, n_components=16, lr=0.02).fit(X)

    assert embedder.train_score_ > 0.3


def test_zero_epochs_give_an_untrained_network_without_warning(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embedder = small_embedder(max_epochs=0).fit(X)

    assert embedder.n_iter_ == 0
    vectors = embedder.transform(X)
    assert vectors.shape == (24, 4) and (vectors.std(axis=0) > 0).all()


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_loss_that_is_not_finite_raises_with_a_remedy(X):
    with pytest.raises(ValueError, match=r"NaN or infinite after 0 .* Lower lr, now"):
        small_embedder(scaler=None, lr=1.0).fit([1e30 * x for x in X])


@pytest.mark.parametrize("lr", [1e30, 1e20])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_the_remedy_for_a_loss_that_is_not_finite_helps(X, method, lr):
    embedder = small_embedder(warm_start=True, batch_size=5, lr_schedule=None)
    before = embedder.partial_fit(X).transform(X)

    with pytest.raises(ValueError, match="Lower lr, now"):
        getattr(embedder.set_params(lr=lr), method)(X)
    np.testing.assert_array_equal(embedder.transform(X), before)
    getattr(embedder.set_params(lr=0.003), method)(X)

    assert np.isfinite(embedder.transform(X)).all()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_failure_of_the_last_update_raises(X, method):
    embedder = small_embedder(
        lr=1e30, lr_schedule=None, hidden_size=3, batch_size=100, max_epochs=1
    )

    with pytest.raises(ValueError, match="NaN or infinite after 1 whole epoch"):
        getattr(embedder, method)(X)


def test_a_failed_warm_start_keeps_the_earlier_weights(X):
    embedder = small_embedder(scaler=None, warm_start=True).fit(X)
    before = embedder.transform(X)

    with pytest.raises(ValueError, match="NaN or infinite"):
        embedder.fit([1e30 * x for x in X])

    np.testing.assert_array_equal(embedder.transform(X), before)


def test_a_failed_fit_keeps_the_earlier_network(X):
    embedder = small_embedder(scaler=None).fit(X)
    before = embedder.transform(X)

    with pytest.raises(ValueError, match="NaN or infinite"):
        embedder.fit([1e30 * x[:, :1] for x in X])

    np.testing.assert_array_equal(embedder.transform(X), before)


class _Recorder(Callback):
    """Record the learning rate and the first values of each training batch."""

    def on_batch_begin(self, net, batch, training, **kwargs):
        if training:
            rate = net.optimizer_.param_groups[0]["lr"]
            recorded.append((rate, batch[0]["numeric"][:, 0, 0].tolist()))


recorded = []


def test_calls_of_partial_fit_draw_different_batches(X):
    recorded.clear()
    embedder = small_embedder(batch_size=6, augmentation=None, callbacks=[_Recorder()])

    embedder.partial_fit(X).partial_fit(X)

    batches = [tuple(sorted(values)) for _, values in recorded]
    first, second = batches[:4], batches[4:]
    assert sorted(sum(first, ())) == sorted(sum(second, ()))  # the same sequences
    assert set(first) != set(second)


def test_partial_fit_after_a_schedule_uses_the_full_learning_rate(X):
    recorded.clear()
    embedder = small_embedder(lr=0.02, callbacks=[_Recorder()]).fit(X)
    recorded.clear()

    embedder.partial_fit(X)

    assert {rate for rate, _ in recorded} == {0.02}


def test_partial_fit_uses_a_batch_size_set_later(X):
    recorded.clear()
    embedder = small_embedder(batch_size=24, callbacks=[_Recorder()]).partial_fit(X)

    embedder.set_params(batch_size=6).partial_fit(X)

    assert [len(values) for _, values in recorded] == [24, 6, 6, 6, 6]


def test_partial_fit_of_one_sequence_needs_no_validation(X):
    embedder = small_embedder(early_stopping=True).partial_fit(X[:1])

    assert embedder.n_iter_ == 1
    assert embedder.early_stopping_ is False


@pytest.mark.parametrize(
    ("method", "max_epochs"), [("fit", 2), ("fit", 0), ("partial_fit", 2)]
)
def test_the_encoder_is_in_evaluation_mode_after_training(X, method, max_epochs):
    embedder = small_embedder(num_layers=2, dropout=0.5, max_epochs=max_epochs)

    getattr(embedder, method)(X)

    assert not any(module.training for module in embedder.encoder_.modules())


def test_transform_switches_dropout_off_after_train_was_called(X):
    embedder = small_embedder(num_layers=2, dropout=0.5).fit(X)
    before = embedder.transform(X)

    embedder.encoder_.train()

    assert np.array_equal(embedder.transform(X), before)


def test_the_net_holds_no_training_data():
    X = np.random.default_rng(0).normal(size=(4000, 50, 1))

    embedder = small_embedder(
        linear_map=False,
        max_epochs=1,
        batch_size=500,
        early_stopping=True,
        patch_size=10,
    ).fit(X)

    # Weights, and means of 512 groups of three sequences. In float32, the sequences
    # would take half of their bytes.
    assert len(pickle.dumps(embedder)) < X.nbytes / 10
