"""The autoencoder of the Keras tutorials, on TensorFlow.

Input, LSTM, RepeatVector, LSTM, TimeDistributed(Dense); "adam" and "mse".
"""

import functools
import time

import keras
import numpy as np

from ...datasets import unexplained_fraction
from ...timing import timed
from ..cases import make_X

# Sequences x steps x epochs x cells of one fit that takes a few seconds. If there are
# more sequences, the time is scaled up, because the time of a batch does not depend on
# their number.
MAXIMUM_STATES = 10_000_000
MINIMUM_BATCHES = 2


def build(n_timesteps, n_features, cells):
    """Build and compile the network; Keras traces its graph in the first batch."""
    model = keras.Sequential(
        [
            keras.layers.Input((n_timesteps, n_features)),
            keras.layers.LSTM(cells),
            keras.layers.RepeatVector(n_timesteps),
            keras.layers.LSTM(cells, return_sequences=True),
            keras.layers.TimeDistributed(keras.layers.Dense(n_features)),
        ]
    )
    model.compile("adam", "mse")
    return model


def pad(X, longest=None):
    """Pad sequences in front with zeros, the default of Keras.

    Returns
    -------
    x : float32 ndarray of shape (N, L, F)
        Padded to `longest`, or to the longest sequence.
    weights : float32 ndarray of shape (N, L)
        0 at padding, 1 elsewhere.
    """
    x = keras.utils.pad_sequences(X, maxlen=longest, dtype="float32")
    lengths = np.array([len(sequence) for sequence in X])
    weights = np.arange(x.shape[1]) >= x.shape[1] - lengths[:, None]  # (N, L)
    return x, weights.astype("float32")


def count_used(case):
    """Return the number of sequences that Keras trains on: whole batches, or all."""
    longest = max(map(len, make_X(case)))
    affordable = MAXIMUM_STATES // (longest * case.epochs * case.cells)
    n_batches = max(MINIMUM_BATCHES, affordable // case.batch_size)
    return min(case.n_sequences, n_batches * case.batch_size)


@functools.lru_cache(maxsize=1)
def _prepare(case):
    """Pad the sequences of a case and trace a network; also return its seconds."""
    X = make_X(case)
    longest = max(map(len, X))
    X = X[: count_used(case)]
    x, weights = pad(X, longest) if case.ragged else (X, None)
    model = build(x.shape[1], case.n_features, case.cells)
    # The last, smaller batch has another shape and so another trace.
    n_first = min(len(x), case.batch_size + len(x) % case.batch_size)
    few_weights = None if weights is None else weights[:n_first]
    seconds, _ = timed(_train, model, x[:n_first], few_weights, case.batch_size)
    return model, x, weights, seconds


def _train(model, x, weights, batch_size, epochs=1, callbacks=None):
    model.fit(
        x,
        x,
        batch_size=batch_size,
        epochs=epochs,
        sample_weight=weights,
        callbacks=callbacks,
        verbose=0,
    )


def trace(case):
    """Return the seconds of the first batches, in which Keras traces the graph."""
    return _prepare(case)[-1]


def fit(case, epochs):
    """Time `fit` of a traced network on padded arrays, scaled to all sequences."""
    model, x, weights, _ = _prepare(case)
    seconds, _ = timed(_train, model, x, weights, case.batch_size, epochs)
    return seconds * case.n_sequences / len(x)


def train(x, weights, cells, batch_size, epochs):
    """Train a new network.

    Parameters
    ----------
    x : float32 ndarray of shape (N, L, F)
        Standardized sequences, padded in front with zeros.
    weights : float32 ndarray of shape (N, L)
        1 at true time steps, 0 at padding.
    cells, batch_size, epochs : int
        Of network and training.

    Returns
    -------
    seconds : list of float
        Of each epoch; the first one traces.
    error : float
        Unexplained fraction of the variance over true time steps.
    """
    keras.utils.set_random_seed(0)
    model = build(*x.shape[1:], cells)
    clock = _EpochClock()
    sample_weight = None if weights.all() else weights
    _train(model, x, sample_weight, batch_size, epochs, [clock])
    # Memory grows with sequences x steps x cells of a batch.
    predicted = model.predict(x, batch_size=batch_size, verbose=0)
    true = weights.astype(bool)
    return clock.seconds, unexplained_fraction(predicted[true], x[true])


class _EpochClock(keras.callbacks.Callback):
    """Record the seconds of each epoch."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._started)
