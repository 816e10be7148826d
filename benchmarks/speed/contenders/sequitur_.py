"""sequitur, an LSTM autoencoder that trains on one sequence at a time.

Its LSTM_AE does not run with `h_dims=[]`; with one entry it has two layers in encoder
and decoder, so it is compared with a network of two layers.
"""

import functools
import warnings

import numpy as np
import torch
from sequitur.models import LSTM_AE
from sequitur.quick_train import train_model

from ...timing import timed
from ..cases import count_steps, make_X

# Each sequence is one training step, which costs the same in every epoch.
MAXIMUM_SEQUENCES = 50


def count_used(case):
    """Return the number of sequences that sequitur trains on."""
    return min(case.n_sequences, MAXIMUM_SEQUENCES)


@functools.lru_cache(maxsize=1)
def _draw(case):
    """Draw the sequences to train on; also return their fraction of all time steps."""
    X = make_X(case)
    drawn = np.random.default_rng(0).permutation(len(X))[: count_used(case)]
    tensors = [torch.from_numpy(X[i]) for i in drawn]
    return tensors, count_steps(tensors) / count_steps(X)


def fit(case, epochs):
    """Time one epoch on some sequences, scaled up to all sequences and epochs."""
    tensors, fraction = _draw(case)
    torch.manual_seed(0)
    model = LSTM_AE(case.n_features, case.cells, h_dims=[case.cells])
    options = {"verbose": False, "lr": 1e-3, "epochs": 1, "denoise": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a deprecated argument of MSELoss
        seconds, _ = timed(train_model, model, tensors, **options)
    return seconds * epochs / fraction
