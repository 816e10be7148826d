"""How final states and reservoir features become the components of a vector."""

import numpy as np
import torch
from scipy.stats import random_correlation
from sklearn.decomposition import PCA
from torch import nn

# Variance of a component from the reservoir, relative to that of a final state, in a
# balanced vector. With the default numbers of components, 192 and 128, four fifths of
# the total variance come from the reservoir: see "Scaling of the vector" on the recipe
# page.
RESERVOIR_VARIANCE = 8 / 3

# Lower bound on a standard deviation, as a fraction of the largest one. It keeps the
# rounding errors of a nearly constant state from being amplified. It was not tuned.
MIN_STD_FRACTION = 1e-2


class VectorProjection(nn.Module):
    """Combine final states and reservoir features into a vector.

    Each final state has its own component, so that it can be recovered from a vector.
    Reservoir features are standardized, and projected to the few directions in which
    they vary most. :meth:`fit` learns this projection, and the scale of all components,
    from some sequences.

    Parameters
    ----------
    n_final : int
        Number of final states, which are the first components of the vector.
    n_reservoir_features : int, default=0
        Number of reservoir features.
    n_reservoir : int, default=0
        Number of components for them, at most `n_reservoir_features`.
    balanced : bool, default=False
        Give all final states mean 0 and the same variance, and all components from the
        reservoir another variance, so that the mean variance is 1. With False, final
        states are left unchanged, and components from the reservoir have variance 1.

    Attributes
    ----------
    is_fitted : bool tensor of shape ()
        Whether :meth:`fit` has learned the projection.
    """

    def __init__(
        self, n_final, n_reservoir_features=0, n_reservoir=0, *, balanced=False
    ):
        super().__init__()
        self.n_final, self.n_reservoir = n_final, n_reservoir
        self.n_reservoir_features, self.balanced = n_reservoir_features, balanced
        self.register_buffer("is_fitted", torch.tensor(False))
        self.register_buffer("final_mean", torch.zeros(n_final))
        self.register_buffer("final_scale", torch.ones(n_final))
        self.register_buffer("reservoir_mean", torch.zeros(n_reservoir_features))
        self.register_buffer("axes", torch.eye(n_reservoir_features, n_reservoir))

    def forward(self, final_states, features=None):
        """Combine final states (N, n_final) and features (N, ·): (N, C)."""
        final = (final_states - self.final_mean) * self.final_scale
        if not self.n_reservoir:
            return final
        reservoir = (features - self.reservoir_mean) @ self.axes  # (N, n_reservoir)
        return torch.cat([final, reservoir], dim=1)

    def final_states(self, vectors):
        """Recover the final states (N, n_final) from vectors (N, C)."""
        return vectors[:, : self.n_final] / self.final_scale + self.final_mean

    def fit(self, final_states, features):
        """Learn means, scales and axes.

        Parameters
        ----------
        final_states : float32 ndarray of shape (n_samples, n_final)
            Final states of some sequences. Nothing is learned from a single one.
        features : float32 ndarray of shape (n_samples, n_reservoir_features)
            Their reservoir features.
        """
        if len(final_states) < 2:
            return
        self.is_fitted.fill_(True)
        reservoir_variance = 1.0
        if self.balanced:
            n_components = self.n_final + self.n_reservoir
            variance = n_components / (
                self.n_final + RESERVOIR_VARIANCE * self.n_reservoir
            )
            reservoir_variance = RESERVOIR_VARIANCE * variance
            mean, scale = _fit_standardization(final_states)
            self.final_mean.copy_(torch.from_numpy(mean))
            self.final_scale.copy_(torch.from_numpy(scale * np.sqrt(variance)))
        if self.n_reservoir:
            mean, scale = _fit_standardization(features)
            axes = _fit_axes((features - mean) * scale, self.n_reservoir)
            axes = scale[:, None] * axes * np.sqrt(reservoir_variance)
            self.reservoir_mean.copy_(torch.from_numpy(mean))
            self.axes.copy_(torch.from_numpy(axes))


def _fit_standardization(states):
    """Return the mean of each state and the factor that gives it variance 1."""
    states = states.astype(np.float64)
    mean, std = states.mean(axis=0), states.std(axis=0)
    if not std.any():
        return mean, np.ones_like(mean)
    return mean, 1 / np.maximum(std, MIN_STD_FRACTION * std.max())


def _fit_axes(states, n_axes):
    """Return axes, as columns, that span the directions of largest variance.

    These are principal axes, rotated and scaled so that the centered states
    (n_samples, ·) have variance 1 along each of them. All distances change by the same
    factor. Principal components without rotation are a poor input for a scaler: the
    last ones are mostly noise, which it would amplify.
    """
    if not states.any():
        return np.eye(states.shape[1], n_axes)
    n_spanned = min(n_axes, len(states) - 1)
    pca = PCA(n_spanned, random_state=0).fit(states)
    axes = pca.components_.T
    variances = np.zeros(n_axes)  # few sequences span fewer directions than n_axes
    variances[:n_spanned] = states.var(axis=0).sum() * pca.explained_variance_ratio_
    scale = np.sqrt(n_axes / variances.sum())
    if n_axes > 1:
        # A random covariance matrix that has these eigenvalues and only variances of 1.
        # Its eigenvectors rotate the principal axes to axes with that covariance. The
        # eigenvalues have the right sum up to rounding, hence the tolerance.
        equal = random_correlation.rvs(variances * scale**2, random_state=0, tol=1e-6)
        rotation = np.linalg.eigh(equal)[1][:, ::-1]  # largest variance first, as pca
        axes = axes @ rotation[:, :n_spanned].T
    return axes * scale
