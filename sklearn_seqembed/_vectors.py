"""How the encoder's states become the numbers of a vector, and back."""

import numpy as np
import torch
from torch import nn

# What varies among vectors but did not among those of fit is kept, at this share. With
# fewer sequences than numbers there are such directions, and along them every new
# sequence is far from all of fit, for no reason that could be learned from these.
UNSEEN = 0.3

# Of the variance of all numbers together, so much is the pooled states' share where
# both kinds are there: four times that of the last states.
POOLED_VARIANCE = 0.8

# A direction was not seen if the states of fit vary less than this in it, as a share
# of what they do in the one that they vary most in.
LEAST_VARIANCE = 1e-8

# A number's spread counts as at least this share of the largest one.
LEAST_SPREAD = 1e-2


class VectorScaling(nn.Module):
    """Give the numbers of a vector balanced scales; the identity until it is fitted.

    Each number has mean 0 over the sequences of fit, all last states together one
    variance and all pooled states another. Directions in which these sequences do not
    vary are scaled down. Nothing is lost: :meth:`inverse` gives the states back.

    Parameters
    ----------
    n_components : int
        Length C of the vector.
    """

    def __init__(self, n_components):
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_components))
        self.register_buffer("matrix", torch.eye(n_components))
        self.register_buffer("inverse_matrix", torch.eye(n_components))

    def forward(self, states):
        """Turn states (N, C) into vectors (N, C)."""
        return (states - self.mean) @ self.matrix

    def inverse(self, vectors):
        """Turn vectors (N, C) into states (N, C)."""
        return vectors @ self.inverse_matrix + self.mean

    def fit(self, states, n_pooled):
        """Learn mean and scales from the states of some sequences.

        Parameters
        ----------
        states : float32 ndarray of shape (n_samples, C)
            Their states. With a single sequence nothing is learned.
        n_pooled : int
            How many numbers, the last ones, are pooled states.
        """
        if len(states) < 2:
            return
        states = states.astype(np.float64)
        mean = states.mean(axis=0)
        scales = _balanced_scales(states, n_pooled)
        scaled = (states - mean) * scales
        variances, axes = np.linalg.eigh(scaled.T @ scaled)
        unseen = axes[:, variances <= LEAST_VARIANCE * variances[-1]]  # (C, ·)
        shrink = unseen @ unseen.T
        identity = np.eye(len(mean))
        matrix = scales[:, None] * (identity - (1 - UNSEEN) * shrink)
        inverse = (identity + (1 / UNSEEN - 1) * shrink) / scales
        for name, values in (
            ("mean", mean),
            ("matrix", matrix),
            ("inverse_matrix", inverse),
        ):
            getattr(self, name).copy_(torch.from_numpy(values))


def _balanced_scales(states, n_pooled):
    """Factor for each number: one variance within a kind, shares between the kinds."""
    n_components = states.shape[1]
    n_last = n_components - n_pooled
    spread = states.std(axis=0)
    if not spread.any():
        return np.ones(n_components)
    # A number that hardly varies shall not be blown up to its rounding errors.
    scales = 1 / np.maximum(spread, LEAST_SPREAD * spread.max())
    if not (n_last and n_pooled):
        return scales
    for numbers, share in (
        (slice(None, n_last), 1 - POOLED_VARIANCE),
        (slice(n_last, None), POOLED_VARIANCE),
    ):
        variance = np.square(spread[numbers] * scales[numbers]).sum()
        if variance:
            scales[numbers] *= np.sqrt(share * n_components / variance)
    return scales
