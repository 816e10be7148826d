"""The project itself, called as a user calls it."""

import functools
import time

import torch
from _cases import make_X
from _measure import seconds_per_call

from sklearn_seqembed import LSTMSequenceEmbedder

TEXTBOOK = {
    "patch_size": 1,
    "bidirectional": False,
    "decoder_inputs": "vector",
    "reservoir_fraction": 0,
    "instance_norm": False,
    "vector_scaling": None,
    "weight_decay": 0,
    "augmentation": None,
    "lr_schedule": None,
    "early_stopping": False,
    "lr": 1e-3,
}
# Processors are compared: "auto" would take a GPU that a peer does not get.
COMMON = {"device": "cpu", "random_state": 0}


def fit(case, epochs, num_layers=1):
    """Time `fit` of the textbook network, whole, from the user's own container.

    Parameters
    ----------
    case : Case
        The case.
    epochs : int
        Passes over the sequences.
    num_layers : int, default=1
        Stacked layers of encoder and decoder.

    Returns
    -------
    seconds : float
        What a user waits.
    """
    X = make_X(case)
    embedder = LSTMSequenceEmbedder(
        case.cells,
        **TEXTBOOK,
        **COMMON,
        num_layers=num_layers,
        batch_size=case.batch_size,
        max_epochs=epochs,
    )
    started = time.perf_counter()
    embedder.fit(X)
    return time.perf_counter() - started


def matmul_gflops(cells, batch_size):
    """Measure the peak that the recurrence of an LSTM could reach.

    Parameters
    ----------
    cells, batch_size : int
        The product is (batch_size, cells) x (cells, 4 cells), a step's recurrent one.

    Returns
    -------
    gflops : float
        Billions of floating-point operations a second of a plain `torch.mm`.
    """
    states = torch.randn(batch_size, cells)
    weights = torch.randn(cells, 4 * cells)
    gates = torch.empty(batch_size, 4 * cells)
    n_products = 200  # of some microseconds each, so that the clock does not count

    def multiply():
        for _ in range(n_products):
            torch.mm(states, weights, out=gates)

    n_operations = n_products * 2 * batch_size * cells * 4 * cells
    return n_operations / seconds_per_call(multiply) / 1e9


# One case at a time, in both directions and in one.
@functools.lru_cache(maxsize=2)
def _fitted(case, bidirectional):
    """Fit for a case without training: the speed does not depend on the weights."""
    embedder = LSTMSequenceEmbedder(
        case.cells,
        **COMMON,
        patch_size=1,
        reservoir_fraction=0,
        instance_norm=False,
        vector_scaling=None,
        bidirectional=bidirectional,
        max_epochs=0,
    )
    return embedder.fit(make_X(case))


def transform(case, bidirectional):
    """Time `transform`, whole, from the user's own container.

    Parameters
    ----------
    case : Case
        The case.
    bidirectional : bool
        Whether the encoder reads backward too.

    Returns
    -------
    seconds : float
        What a user waits for the vectors of all sequences.
    """
    embedder, X = _fitted(case, bidirectional), make_X(case)
    return seconds_per_call(lambda: embedder.transform(X))


def vectors(case, bidirectional):
    """Return what the timed `transform` returns, float32 of shape (n, cells)."""
    return _fitted(case, bidirectional).transform(make_X(case))


def exported(case, bidirectional):
    """Hand over the encoder, to be rebuilt elsewhere.

    Parameters
    ----------
    case : Case
        The case.
    bidirectional : bool
        Whether the encoder reads backward too.

    Returns
    -------
    encoder : dict
        `mean` and `scale` of the scaler, and under `directions` for each direction the
        arrays of torch's nn.LSTM: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0.
    """
    embedder = _fitted(case, bidirectional)
    layer = embedder.encoder_.layers[0]
    directions = [layer.forward_cells, layer.backward_cells]
    return {
        "mean": embedder.scaler_.mean_,
        "scale": embedder.scaler_.scale_,
        "directions": [
            {name: array.numpy() for name, array in cells.state_dict().items()}
            for cells in directions
            if cells is not None
        ],
    }


def reach(X, max_epochs):
    """Train with the defaults, and tell how well the training sequences come back.

    Parameters
    ----------
    X : list of ndarray of shape (n_timesteps_i, n_features)
        The sequences.
    max_epochs : int
        Passes over them.

    Returns
    -------
    seconds : float
        What a user waits in `fit`.
    error : float
        Share of the variance over all time steps that is not explained.
    """
    embedder = LSTMSequenceEmbedder(**COMMON, max_epochs=max_epochs)
    started = time.perf_counter()
    embedder.fit(X)
    seconds = time.perf_counter() - started
    return seconds, 1 - embedder.score(X)
