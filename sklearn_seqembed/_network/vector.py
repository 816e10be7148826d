"""How final states and random features become the components of a vector."""

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import nn

from sklearn_seqembed._network.rotation import rotate_to_equal_variance

# Fraction of the total variance of a vector that final states have at least if there
# are random features, and largest variance of a component for random features, where
# the mean of all components is 1. See "Random features" on the recipe page for the
# trials. With all defaults for numeric features, both limits are reached.
FINAL_VARIANCE = 0.1
MAX_RANDOM_VARIANCE = 1.5

# Largest fraction of the components for random features that are statistics.
MAX_STATISTICS = 0.5

# Lower bound on a standard deviation, as a fraction of the largest one. It keeps the
# rounding errors of a nearly constant state from being amplified. It was not tuned.
MIN_STD_FRACTION = 1e-2

# A statistic whose standard deviation is smaller than this, relative to the largest
# absolute value or 1, is constant.
MIN_STATISTIC_STD = 1e-4


class VectorProjection(nn.Module):
    """Combine final states and random features into a vector.

    The statistics that vary, or their principal components if there are many, are the
    first components. The others are the final states and the directions in which the
    other features vary most, rotated so that all have the same variance. A scaler then
    changes no distances, and the final states can be recovered by the inverse rotation.
    Without random features, the components are the final states. :meth:`fit` learns all
    this from some sequences.

    Parameters
    ----------
    n_final : int
        Number of final states.
    random_features : RandomFeatures, default=None
        The random features, if there are any. It is not registered as a submodule.
    n_random : int, default=0
        Number of components for them, at most the number of features.
    standardize : bool, default=False
        Give all final states mean 0 and the same variance. With False they are only
        multiplied by a common factor if there are random features.

    Attributes
    ----------
    is_fitted : bool tensor of shape ()
        Whether :meth:`fit` has learned the projection.
    """

    def __init__(self, n_final, random_features=None, n_random=0, *, standardize=False):
        super().__init__()
        self.n_final, self.n_random, self.standardize = n_final, n_random, standardize
        self.n_features = self.n_statistics = 0
        if random_features is not None:
            self.n_features = random_features.n_outputs
            self.n_statistics = random_features.n_statistics
            self.blocks = random_features.blocks
        self.register_buffer("is_fitted", torch.tensor(False))
        self.register_buffer("final_mean", torch.zeros(n_final))
        self.register_buffer("final_scale", torch.ones(n_final))
        if n_random:
            n_components = n_final + n_random
            self.register_buffer("feature_mean", torch.zeros(self.n_features))
            self.register_buffer("final_axes", torch.eye(n_final, n_components))
            axes = torch.zeros(self.n_features, n_components)
            axes[:, n_final:] = torch.eye(self.n_features, n_random)
            self.register_buffer("axes", axes)

    def forward(self, final_states, features=None):
        """Combine final states (N, n_final) and features (N, ·): (N, C)."""
        final = (final_states - self.final_mean) * self.final_scale
        if not self.n_random:
            return final
        return final @ self.final_axes + (features - self.feature_mean) @ self.axes

    def final_states(self, vectors):
        """Recover the final states (N, n_final) from vectors (N, C)."""
        if self.n_random:
            vectors = vectors @ self.final_axes.T  # their rows are orthonormal
        return vectors / self.final_scale + self.final_mean

    def fit(self, final_states, features):
        """Learn means, scales and axes.

        Parameters
        ----------
        final_states : float32 ndarray of shape (n_samples, n_final)
            Final states of some sequences. Nothing is learned from a single one.
        features : float32 ndarray of shape (n_samples, n_features)
            Their random features.
        """
        if len(final_states) < 2:
            return
        self.is_fitted.fill_(True)
        if not self.n_random:
            return
        # The mean variance of all components is 1.
        n_components = self.n_final + self.n_random
        random_variance = (1 - FINAL_VARIANCE) * n_components / self.n_random
        random_variance = min(random_variance, MAX_RANDOM_VARIANCE)
        final_variance = (n_components - random_variance * self.n_random) / self.n_final
        mean, std = _compute_moments(final_states)
        scale = _invert(std)
        if not self.standardize:
            mean[:], scale[:] = 0, 1 / np.sqrt(np.square(std).mean() or 1.0)
        scale *= np.sqrt(final_variance)
        feature_mean, statistics, others = self._fit_axes(features)
        others = others * np.sqrt(random_variance)
        rotation = _fit_rotation(
            np.hstack(
                [(final_states - mean) * scale, (features - feature_mean) @ others]
            )
        )
        n_statistics = statistics.shape[1]
        final_axes = np.zeros((self.n_final, n_components))
        final_axes[:, n_statistics:] = rotation[: self.n_final]
        axes = np.zeros((self.n_features, n_components))
        axes[:, :n_statistics] = statistics * np.sqrt(random_variance)
        axes[:, n_statistics:] = others @ rotation[self.n_final :]
        for name, value in (
            ("final_mean", mean),
            ("final_scale", scale),
            ("feature_mean", feature_mean),
            ("final_axes", final_axes),
            ("axes", axes),
        ):
            getattr(self, name).copy_(torch.as_tensor(value))

    def _fit_axes(self, features):
        """Return the mean of features and, as columns, axes.

        The statistics that vary, or some of their principal components, have a variance
        of 1, and the other features have a mean variance of 1 along their axes.
        """
        mean = features.mean(axis=0, dtype=np.float64)
        statistics, others = np.split(features, [self.n_statistics], axis=1)
        varying = _find_varying(statistics)
        n_kept = min(len(varying), int(MAX_STATISTICS * self.n_random))
        statistic_axes = np.zeros((self.n_features, n_kept))
        if n_kept:
            statistics = statistics[:, varying].astype(np.float64)
            scale = 1 / statistics.std(axis=0)
            found = np.eye(n_kept)
            if n_kept < len(varying):
                statistics = (statistics - mean[varying]) * scale
                found = _fit_principal_axes(statistics, n_kept)
                found = found @ _fit_rotation(statistics @ found)
            statistic_axes[varying] = scale[:, None] * found
        scales = []
        edges = np.cumsum([block.size for block in self.blocks])[:-1]
        parts = np.split(others, edges, axis=1)
        for part, block in zip(parts, self.blocks, strict=True):
            std = _compute_moments(part)[1]
            scale = _invert(std) if block.standardize else np.ones(block.size)
            total = np.square(std * scale).sum() or 1.0
            scales.append(scale * np.sqrt(block.weight / total))
        scale = np.concatenate(scales)
        # In place and in float32: these are the largest arrays of a fit.
        standardized = others - mean[self.n_statistics :].astype(np.float32)
        standardized *= scale.astype(np.float32)
        n_others = self.n_random - n_kept
        axes = np.zeros((self.n_features, n_others))
        axes[self.n_statistics :] = scale[:, None] * _fit_principal_axes(
            standardized, n_others
        )
        return mean, statistic_axes, axes


def _find_varying(statistics):
    """Return the indices of statistics (n_samples, ·) that are not constant."""
    largest = np.maximum(np.abs(statistics).max(axis=0, initial=0), 1)
    std = statistics.std(axis=0, dtype=np.float64)
    return np.flatnonzero(std > MIN_STATISTIC_STD * largest)


def _compute_moments(states):
    """Return mean and standard deviation of each column of states, as float64."""
    mean = states.mean(axis=0, dtype=np.float64)
    centered = states - mean.astype(states.dtype)  # no copy of all states as float64
    squares = np.einsum("ij,ij->j", centered, centered, dtype=np.float64)
    return mean, np.sqrt(squares / len(states))


def _invert(std):
    """Return the factor that gives each column variance 1, if it is not constant."""
    if not std.any():
        return np.ones_like(std)
    return 1 / np.maximum(std, MIN_STD_FRACTION * std.max())


def _fit_principal_axes(states, n_axes):
    """Return axes, as columns, that span the directions of largest variance.

    The centered states (n_samples, ·) have a mean variance of 1 along them. If they
    span fewer directions, the last axes are 0.
    """
    axes = np.zeros((states.shape[1], n_axes))
    if not states.any():
        return axes
    n_spanned = min(n_axes, len(states) - 1, states.shape[1])
    pca = PCA(n_spanned, random_state=0).fit(states)
    scale = np.sqrt(n_axes / (states @ pca.components_.T).var(axis=0).sum())
    axes[:, :n_spanned] = pca.components_.T * scale
    return axes


def _fit_rotation(components):
    """Return a rotation (C, C) to components of equal variance, from (n_samples, C)."""
    principal = np.linalg.eigh(
        np.cov(components.T, ddof=0).reshape(components.shape[1], -1)
    )[1]
    return principal @ rotate_to_equal_variance(
        components @ principal, components.shape[1]
    )
