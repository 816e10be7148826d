"""Ctrl-C during fit, and callbacks that stop a training."""

import signal
import warnings

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback
from small_fits import small_embedder, weights

from sklearn_seqembed import LSTMSequenceEmbedder

pytestmark = pytest.mark.usefixtures("ctrl_c_raises")


class _CtrlC(Callback):
    """Press Ctrl-C before the first batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, training, **kwargs):
        if training and len(net.history) == self.epoch:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_the_weights_of_the_best_epoch(X):
    with pytest.warns(UserWarning, match="interrupted after 2 epochs: the weights of"):
        stopped = small_embedder(max_epochs=9, callbacks=[_CtrlC(3)]).fit(X)

    class Weights(Callback):
        def on_epoch_end(self, net, **kwargs):
            flat = [w.detach().flatten() for w in net.module_.parameters()]
            recorded.append((net.history[-1, "train_loss"], torch.cat(flat)))

    recorded = []
    small_embedder(max_epochs=9, callbacks=[Weights()]).fit(X)
    _, best = min(recorded[:2], key=lambda row: row[0])
    assert stopped.n_iter_ == len(stopped.history_) == 2
    assert torch.equal(weights(stopped), best)
    assert np.isfinite(stopped.transform(X)).all()


def test_ctrl_c_in_the_first_epoch_keeps_the_current_weights(X):
    with pytest.warns(UserWarning, match="no epoch was finished, so the current"):
        embedder = small_embedder(callbacks=[_CtrlC(1)]).fit(X)

    assert embedder.n_iter_ == 0
    assert np.isfinite(embedder.transform(X)).all()


@pytest.mark.parametrize("epoch", [1, 3])
def test_ctrl_c_keeps_the_linear_map_that_training_has_not_improved(epoch):
    X = np.random.default_rng(0).normal(size=(60, 20))  # nothing to learn

    with pytest.warns(UserWarning, match="had not improved on the linear map"):
        embedder = LSTMSequenceEmbedder(
            3, random_state=0, callbacks=[_CtrlC(epoch)]
        ).fit(X)

    untrained = LSTMSequenceEmbedder(3, random_state=0, max_epochs=0).fit(X)
    np.testing.assert_array_equal(embedder.transform(X), untrained.transform(X))


class _CtrlCAtBegin(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            signal.raise_signal(signal.SIGINT)


class _CtrlCAtEnd(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("callback", "n_epochs"), [(_CtrlCAtBegin(), 1), (_CtrlCAtEnd(), 2)]
)
def test_ctrl_c_between_epochs_warns(X, callback, n_epochs):
    with pytest.warns(UserWarning, match=f"interrupted after {n_epochs} epoch"):
        embedder = small_embedder(max_epochs=9, callbacks=[callback]).fit(X)

    assert embedder.n_iter_ == n_epochs
    assert np.isfinite(embedder.transform(X)).all()


def test_the_handler_of_ctrl_c_is_restored(X):
    handler = signal.getsignal(signal.SIGINT)

    small_embedder().fit(X)

    assert signal.getsignal(signal.SIGINT) is handler


def test_a_callback_that_stops_training_does_not_warn(X):
    class Stop(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", "The network explains only")
        embedder = small_embedder(callbacks=[Stop()]).fit(X)

    assert embedder.n_iter_ == 1


class _CtrlCAfterTraining(Callback):
    """Press Ctrl-C several times after the last epoch."""

    def __init__(self, n_presses=1):
        self.n_presses = n_presses

    def on_train_end(self, net, **kwargs):
        for _ in range(self.n_presses):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("n_presses", [1, 2])
def test_ctrl_c_after_the_last_epoch_loses_nothing(X, n_presses):
    expected = small_embedder().fit(X)

    callback = _CtrlCAfterTraining(n_presses)
    with pytest.warns(UserWarning, match="pressed after the last epoch"):
        embedder = small_embedder(callbacks=[callback]).fit(X)

    assert embedder.n_iter_ == 3
    assert embedder.train_score_ == expected.train_score_
    np.testing.assert_array_equal(embedder.transform(X), expected.transform(X))


def test_ctrl_c_again_while_the_best_weights_are_restored_keeps_them(X):
    callbacks = [_CtrlC(3), _CtrlCAfterTraining()]
    with pytest.warns(UserWarning, match="interrupted after 2 epochs"):
        embedder = small_embedder(max_epochs=9, callbacks=callbacks).fit(X)

    assert embedder.n_iter_ == 2
    assert np.isfinite(embedder.transform(X)).all()


def test_ctrl_c_three_times_stops_fit_at_once(X):
    embedder = small_embedder().fit(X)
    expected = embedder.transform(X)

    with pytest.raises(KeyboardInterrupt):
        embedder.set_params(callbacks=[_CtrlCAfterTraining(3)]).fit(X)

    np.testing.assert_array_equal(embedder.transform(X), expected)


@pytest.mark.parametrize("callback", [_CtrlC(2), _CtrlCAfterTraining()])
def test_ctrl_c_stops_a_search(X, callback):
    search = GridSearchCV(
        make_pipeline(small_embedder(callbacks=[callback])),
        {"lstmsequenceembedder__n_components": [2, 4]},
        cv=2,
    )

    with pytest.raises(KeyboardInterrupt):
        search.fit(X)


def test_ctrl_c_in_a_pipeline_keeps_the_weights(X):
    pipeline = make_pipeline(small_embedder(callbacks=[_CtrlC(2)]), StandardScaler())

    with pytest.warns(UserWarning, match="interrupted after 1 epoch"):
        vectors = pipeline.fit_transform(X)

    assert np.isfinite(vectors).all()


def test_a_handler_that_does_not_interrupt_is_called(X):
    numbers = []
    signal.signal(signal.SIGINT, lambda number, frame: numbers.append(number))

    embedder = small_embedder(callbacks=[_CtrlC(2)]).fit(X)

    assert set(numbers) == {signal.SIGINT}
    assert embedder.n_iter_ == 3
