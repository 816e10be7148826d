"""How the encoder's states become the numbers of a vector, and back."""

import numpy as np
import torch
from scipy.stats import random_correlation
from sklearn.decomposition import PCA
from torch import nn

# Of the variance of a balanced vector so much is the pooled states' share: four times
# that of the last states.
POOLED_VARIANCE = 0.8

# A state's spread counts as at least this share of the largest one: what hardly varies
# shall not be blown up to its rounding errors.
LEAST_SPREAD = 1e-2


class JoinedVector(nn.Module):
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
        Give all last states mean 0 and one variance, and each kind its share of the
        variance of the vector. Otherwise last states stay as they are, and pooled ones
        have variance 1 on the mean of their numbers.
    """

    def __init__(self, n_last, n_pooled_states=0, n_pooled=0, *, balanced=False):
        super().__init__()
        self.n_last, self.n_pooled, self.balanced = n_last, n_pooled, balanced
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

    def last_states(self, vectors):
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
        n_components = self.n_last + self.n_pooled
        pooled_variance = self.n_pooled  # of all its numbers together
        if self.balanced:
            pooled_variance = POOLED_VARIANCE * n_components
            variance = n_components - pooled_variance * (self.n_pooled > 0)
            mean, scale = _standardisation(last, variance)
            self.last_mean.copy_(torch.from_numpy(mean))
            self.last_scale.copy_(torch.from_numpy(scale))
        if self.n_pooled:
            mean, scale = _standardisation(pooled, pooled_variance)
            axes = _axes((pooled - mean) * scale, self.n_pooled)
            self.pooled_mean.copy_(torch.from_numpy(mean))
            self.axes.copy_(torch.from_numpy(scale[:, None] * axes))


def _standardisation(states, variance):
    """Mean and factor of each state by which together they have this variance."""
    states = states.astype(np.float64)
    mean, spread = states.mean(axis=0), states.std(axis=0)
    if not spread.any():
        return mean, np.ones_like(mean)
    scale = 1 / np.maximum(spread, LEAST_SPREAD * spread.max())
    return mean, scale * np.sqrt(variance / np.square(spread * scale).sum())


def _axes(states, n_axes):
    """Axes, as columns, in which centred states (n_samples, ·) vary most.

    Principal ones, turned among themselves until the states vary equally in all of
    them. Distances stay what they are; but in the last principal components there is
    little to see but noise, which a scaler behind the embedder would blow up.
    """
    n_spanned = min(n_axes, len(states) - 1)
    if not states.any():
        return np.eye(states.shape[1], n_axes)
    pca = PCA(n_spanned, random_state=0).fit(states)
    if n_axes == 1:
        return pca.components_.T
    variances = np.zeros(n_axes)  # fewer sequences than numbers span fewer directions
    variances[:n_spanned] = pca.explained_variance_
    variances *= n_axes / variances.sum()
    equal = random_correlation.rvs(variances, random_state=0, tol=1e-6)
    turned = np.linalg.eigh(equal)[1][:, ::-1]  # as pca: the largest variance first
    return pca.components_.T @ turned[:, :n_spanned].T
