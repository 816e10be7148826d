"""The network of the Keras tutorials, on TensorFlow.

Input, LSTM, RepeatVector, LSTM, TimeDistributed(Dense); "adam" and "mse".
"""

import functools
import time

import keras
import numpy as np
from _cases import make_X
from _data import unexplained

# What one fit computes, about: sequences x steps x epochs x cells, some seconds' worth.
# Sequences beyond that are not trained on but counted: the time of a batch does not
# depend on how many there are.
MOST_STATES = 10_000_000
LEAST_BATCHES = 2


def build(n_timesteps, n_features, cells):
    """Build and compile the network.

    Parameters
    ----------
    n_timesteps, n_features, cells : int
        Its shape.

    Returns
    -------
    model : keras.Model
        Not traced yet: Keras traces in the first batch.
    """
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
    """Pad sequences as Keras does, in front.

    Parameters
    ----------
    X : list of ndarray of shape (n_timesteps_i, n_features), or 3-D array
        The sequences.
    longest : int, default=None
        Number of time steps, that of the longest sequence if None.

    Returns
    -------
    x : float32 ndarray of shape (N, L, F)
        Zeros in front of those that are shorter.
    weights : float32 ndarray of shape (N, L)
        0 at padding, 1 elsewhere.
    """
    x = keras.utils.pad_sequences(X, maxlen=longest, dtype="float32")
    lengths = np.array([len(sequence) for sequence in X])
    steps = np.arange(x.shape[1])
    weights = steps >= x.shape[1] - lengths[:, None]  # (N, L)
    return x, weights.astype("float32")


def n_sequences_used(case):
    """Return how many of a case's sequences Keras trains on: whole batches, or all."""
    longest = max(map(len, make_X(case)))
    affordable = MOST_STATES // (longest * case.epochs * case.cells)
    n_batches = max(LEAST_BATCHES, affordable // case.batch_size)
    return min(case.n_sequences, n_batches * case.batch_size)


@functools.lru_cache(maxsize=1)
def _ready(case):
    """Pad a case's sequences and trace a network for it."""
    X = make_X(case)
    longest = max(map(len, X))
    X = X[: n_sequences_used(case)]
    x, weights = pad(X, longest) if case.ragged else (X, None)
    model = build(x.shape[1], case.n_features, case.cells)
    seconds = _trace(model, x, weights, case.batch_size)
    return model, x, weights, seconds


def _trace(model, x, weights, batch_size):
    """Train on a whole batch and on a last, smaller one; return the seconds."""
    n_last = len(x) % batch_size  # another shape is another trace
    n_first = min(len(x), batch_size + n_last)
    started = time.perf_counter()
    _train(
        model,
        x[:n_first],
        weights if weights is None else weights[:n_first],
        batch_size,
    )
    return time.perf_counter() - started


def _train(model, x, weights, batch_size, epochs=1):
    model.fit(
        x, x, batch_size=batch_size, epochs=epochs, sample_weight=weights, verbose=0
    )


def trace(case):
    """Return the seconds that the first batches take, in which Keras traces."""
    return _ready(case)[-1]


def fit(case, epochs):
    """Time `fit` of a network whose graph is traced, on padded arrays.

    Parameters
    ----------
    case : Case
        The case.
    epochs : int
        Passes over the sequences.

    Returns
    -------
    seconds : float
        Duration, scaled up where a part of the sequences is used.
    """
    model, x, weights, _ = _ready(case)
    started = time.perf_counter()
    _train(model, x, weights, case.batch_size, epochs)
    return (time.perf_counter() - started) * case.n_sequences / len(x)


def time_epochs(x, weights, cells, batch_size, epochs):
    """Train, and return the seconds of each epoch; the first one traces.

    Parameters
    ----------
    x, weights, cells, batch_size, epochs
        As of :func:`reach`.
    """
    return _trained(x, weights, cells, batch_size, epochs)[1]


def reach(x, weights, cells, batch_size, epochs):
    """Train, and tell how well the training sequences come back.

    Parameters
    ----------
    x : float32 ndarray of shape (N, L, F)
        Standardised sequences, zeros in front of those that are shorter.
    weights : float32 ndarray of shape (N, L)
        1 at true time steps, 0 at padding.
    cells, batch_size, epochs : int
        Of network and training.

    Returns
    -------
    seconds : list of float
        Of each epoch; the first one traces.
    error : float
        Mean squared error over true time steps over their variance.
    """
    model, seconds = _trained(x, weights, cells, batch_size, epochs)
    # The batch bounds the memory, which grows with sequences x steps x cells.
    predicted = model.predict(x, batch_size=batch_size, verbose=0)
    true = weights.astype(bool)
    return seconds, unexplained(predicted[true], x[true])


def _trained(x, weights, cells, batch_size, epochs):
    keras.utils.set_random_seed(0)
    model = build(*x.shape[1:], cells)
    clock = _EpochClock()
    model.fit(
        x,
        x,
        batch_size=batch_size,
        epochs=epochs,
        sample_weight=None if weights.all() else weights,
        callbacks=[clock],
        verbose=0,
    )
    return model, clock.seconds


class _EpochClock(keras.callbacks.Callback):
    """Keep the seconds of each epoch."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self._started)
