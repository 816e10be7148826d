"""Embedders that fit in a moment, for tests of training and of results."""

import torch

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._training.dataset import SequenceDataset


def small_embedder(**parameters):
    """Return an embedder of few components and epochs; `parameters` override these."""
    defaults = {"n_components": 4, "max_epochs": 3, "random_state": 0}
    return LSTMSequenceEmbedder(**defaults | parameters)


def weights(embedder):
    """Return all weights of a fitted network in one tensor."""
    return torch.cat([w.flatten() for w in embedder.net_.module_.parameters()])


def measure_distances(embedder, X):
    """Return what `score_samples` subtracts besides the deviance."""
    sequences, _ = embedder._check_X(X, reset=False)
    encoded = embedder._encode_sources(sequences)
    dataset = SequenceDataset(encoded, embedder.patch_size_, parts=())
    return embedder.net_.measure_distances(dataset)
