"""How the encoder's states become the numbers of a vector, and back."""

import numpy as np
import torch
from scipy.stats import random_correlation
from sklearn.decomposition import PCA
from torch import nn

# A pooled number's variance in a balanced vector, over that of a last state. With the
# default's 192 and 128 numbers pooled ones have four fifths of the whole.
POOLED_VARIANCE = 8 / 3

# A state's spread counts as at least this share of the largest one: what hardly varies
# shall not be blown up to its rounding errors.
LEAST_SPREAD = 1e-2


class VectorProjection(nn.Module):
    """Join last and pooled states to one vector; take the last ones out of it again.

    There are more pooled states than the vector has room for: they are standardised and
    led to the directions in which they vary most. That, and what balances the numbers,
    is learned by :meth:`fit` from the states of some sequences.

    Parameters
    ----------
    n_last : int
        Number of last states, the first numbers of the vector.
    n_pooled_states : int, default=0
        Number of pooled states.
    n_pooled : int, default=0
        Numbers of the vector that they are led to, at most `n_pooled_states`.
    balanced : bool, default=False
        Give all last states mean 0 and one variance, all pooled numbers another one:
        1 is the mean of all. Otherwise last states stay as they are, and pooled
        numbers have variance 1.

    Attributes
    ----------
    is_fitted : bool
        Whether :meth:`fit` has learned something.
    """

    def __init__(self, n_last, n_pooled_states=0, n_pooled=0, *, balanced=False):
        super().__init__()
        self.n_last, self.n_pooled, self.balanced = n_last, n_pooled, balanced
        self.is_fitted = False
        self.register_buffer("last_mean", torch.zeros(n_last))
        self.register_buffer("last_scale", torch.ones(n_last))
        self.register_buffer("pooled_mean", torch.zeros(n_pooled_states))
        self.register_buffer("axes", torch.eye(n_pooled_states, n_pooled))

    def forward(self, last, pooled=None):
        """Join last states (N, n_last) and pooled ones (N, ·) to vectors (N, C)."""
        last = (last - self.last_mean) * self.last_scale
        if not self.n_pooled:
            return last
        return torch.cat([last, (pooled - self.pooled_mean) @ self.axes], dim=1)

    def final_states(self, vectors):
        """Take the last states out of vectors (N, C)."""
        return vectors[:, : self.n_last] / self.last_scale + self.last_mean

    def fit(self, last, pooled):
        """Learn means, scales and axes from the states of some sequences.

        Parameters
        ----------
        last, pooled : float32 ndarray of shape (n_samples, ·)
            Their states. With a single sequence nothing is learned.
        """
        if len(last) < 2:
            return
        self.is_fitted = True
        variance, pooled_variance = 1.0, 1.0  # of a number
        if self.balanced:
            n_components = self.n_last + self.n_pooled
            variance = n_components / (self.n_last + POOLED_VARIANCE * self.n_pooled)
            pooled_variance = POOLED_VARIANCE * variance
            mean, scale = _standardisation(last)
            self.last_mean.copy_(torch.from_numpy(mean))
            self.last_scale.copy_(torch.from_numpy(scale * np.sqrt(variance)))
        if self.n_pooled:
            mean, scale = _standardisation(pooled)
            axes = _axes((pooled - mean) * scale, self.n_pooled)
            axes = scale[:, None] * axes * np.sqrt(pooled_variance)
            self.pooled_mean.copy_(torch.from_numpy(mean))
            self.axes.copy_(torch.from_numpy(axes))


def _standardisation(states):
    """Mean of each state, and the factor that gives it variance 1."""
    states = states.astype(np.float64)
    mean, spread = states.mean(axis=0), states.std(axis=0)
    if not spread.any():
        return mean, np.ones_like(mean)
    return mean, 1 / np.maximum(spread, LEAST_SPREAD * spread.max())


def _axes(states, n_axes):
    """Axes, as columns, in which centred states (n_samples, ·) vary most.

    Principal ones, turned among themselves until the states vary equally in all of
    them, by 1. The shape of their distances stays; but in the last principal
    components there is little to see but noise, which a scaler behind the embedder
    would blow up.
    """
    n_spanned = min(n_axes, len(states) - 1)
    if not states.any():
        return np.eye(states.shape[1], n_axes)
    pca = PCA(n_spanned, random_state=0).fit(states)
    axes = pca.components_.T
    variances = np.zeros(n_axes)  # fewer sequences than numbers span fewer directions
    variances[:n_spanned] = states.var(axis=0).sum() * pca.explained_variance_ratio_
    scale = np.sqrt(n_axes / variances.sum())
    if n_axes > 1:
        equal = random_correlation.rvs(variances * scale**2, random_state=0, tol=1e-6)
        turned = np.linalg.eigh(equal)[1][:, ::-1]  # as pca: the largest variance first
        axes = axes @ turned[:, :n_spanned].T
    return axes * scale
