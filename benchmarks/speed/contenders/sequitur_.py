"""sequitur, an LSTM autoencoder that trains on one sequence at a time.

With `h_dims=[]` its LSTM_AE does not run; with one entry it has two layers each way,
so it is compared with a network of two layers.
"""

import functools
import time
import warnings

import numpy as np
import torch
from _cases import make_X, n_timesteps
from sequitur.models import LSTM_AE
from sequitur.quick_train import train_model

# Each sequence is a step of training, and costs the same in the first epoch as later.
MOST_SEQUENCES = 50


def n_sequences_used(case):
    """Return how many of a case's sequences sequitur trains on."""
    return min(case.n_sequences, MOST_SEQUENCES)


@functools.lru_cache(maxsize=1)
def _used(case):
    """Draw some sequences as tensors, and say which share of all steps they have."""
    X = make_X(case)
    drawn = np.random.default_rng(0).permutation(len(X))[: n_sequences_used(case)]
    tensors = [torch.from_numpy(X[i]) for i in drawn]
    return tensors, n_timesteps(tensors) / n_timesteps(X)


def fit(case, epochs):
    """Time an epoch over some sequences, scaled up to all of them and all epochs.

    Parameters
    ----------
    case : Case
        The case.
    epochs : int
        Passes over the sequences.

    Returns
    -------
    seconds : float
        Scaled up by the number of time steps and by `epochs`.
    """
    tensors, share = _used(case)
    torch.manual_seed(0)
    model = LSTM_AE(case.n_features, case.cells, h_dims=[case.cells])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls MSELoss by a deprecated argument
        started = time.perf_counter()
        train_model(model, tensors, verbose=False, lr=1e-3, epochs=1, denoise=False)
        return (time.perf_counter() - started) * epochs / share
