"""This library, called as a user calls it."""

import functools

import torch

from sklearn_seqembed import LSTMSequenceEmbedder

from ...timing import seconds_per_call, timed
from ..cases import make_X
from .bare_torch import synchronize

LSTM_ALONE = {
    "patch_size": 1,
    "linear_map": False,
    "random_features": 0,
    "instance_norm": False,
}
TEXTBOOK = LSTM_ALONE | {
    "bidirectional": False,
    "decoder_inputs": "vector",
    "weight_decay": 0,
    "augmentation": None,
    "lr_schedule": None,
    "early_stopping": False,
    "lr": 1e-3,
}
# "auto" would take a GPU, which the other contenders do not get.
COMMON = {"device": "cpu", "random_state": 0}


def fit(case, epochs, num_layers=1, **options):
    """Time `fit` of the textbook network, complete, from the user's container."""
    X = make_X(case)
    embedder = LSTMSequenceEmbedder(
        case.cells,
        **TEXTBOOK,
        **(COMMON | options),
        num_layers=num_layers,
        batch_size=case.batch_size,
        max_epochs=epochs,
    )
    seconds, _ = timed(embedder.fit, X)
    return seconds


def fit_defaults(X, max_epochs):
    """Fit with all defaults; return seconds and the unexplained fraction of `X`."""
    embedder = LSTMSequenceEmbedder(**COMMON, max_epochs=max_epochs)
    seconds, _ = timed(embedder.fit, X)
    return seconds, 1 - embedder.score(X)


def measure_matmul_gflops(cells, batch_size, device="cpu", dtype=torch.float32):
    """Measure the peak rate that the recurrence of an LSTM could reach.

    Returns
    -------
    gflops : float
        Billions of operations per second of `torch.mm`, (batch_size, cells) times
        (cells, 4 cells), the recurrent product of one time step.
    """
    states = torch.randn(batch_size, cells, device=device, dtype=dtype)
    weights = torch.randn(cells, 4 * cells, device=device, dtype=dtype)
    gates = torch.empty(batch_size, 4 * cells, device=device, dtype=dtype)
    n_products = 200  # of a few microseconds each, so that the clock does not matter

    def multiply():
        for _ in range(n_products):
            torch.mm(states, weights, out=gates)
        synchronize(device)

    n_operations = n_products * 2 * batch_size * cells * 4 * cells
    return n_operations / seconds_per_call(multiply) / 1e9


# One case at a time, in one direction and in both.
@functools.lru_cache(maxsize=2)
def _fitted(case, bidirectional, **options):
    """Fit without training: the speed does not depend on the weights."""
    embedder = LSTMSequenceEmbedder(
        case.cells,
        **(COMMON | options),
        **LSTM_ALONE,
        bidirectional=bidirectional,
        max_epochs=0,
    )
    return embedder.fit(make_X(case))


def transform(case, bidirectional, **options):
    """Time `transform`, complete, from the user's container."""
    embedder, X = _fitted(case, bidirectional, **options), make_X(case)
    return seconds_per_call(lambda: embedder.transform(X))


def encode(case, bidirectional):
    """Return what the timed `transform` returns, float32 of shape (n, cells)."""
    return _fitted(case, bidirectional).transform(make_X(case))


def export_encoder(case, bidirectional):
    """Export the encoder.

    Returns
    -------
    encoder : dict
        `mean` and `scale` of the scaler, and in `directions`, for each direction, the
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
