"""Ctrl-C during fit, and callbacks that stop a training."""

import signal
import warnings

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from small_fits import small_embedder, weights


@pytest.fixture(autouse=True)
def default_handler():
    """Raise KeyboardInterrupt on Ctrl-C, which background processes ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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
