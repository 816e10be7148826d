"""How final states and random features become the components of a vector."""

from typing import NamedTuple

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import nn

from sklearn_seqembed._network.exact import as_exact
from sklearn_seqembed._network.gaussian import VectorGaussian
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


class _FeatureAxes(NamedTuple):
    """Axes of random features.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_features,)
        Mean of the features. With this scale, the axes are orthogonal, and of norm 1.
    axes : ndarray of shape (n_features, n_random)
        The axes, as columns; those of statistics come first.
    n_statistics : int
        Number of axes of statistics.
    """

    mean: np.ndarray
    scale: np.ndarray
    axes: np.ndarray
    n_statistics: int


class VectorProjection(nn.Module):
    """Combine final states and random features into a vector.

    The statistics that vary, or their principal components if there are many, are the
    first components. The others are the final states and the directions in which the
    other features vary most, rotated so that all have the same variance. A scaler then
    changes no distances, and the final states can be recovered by the inverse rotation.
    Without random features, the components are the final states. :meth:`fit` learns all
    this from some sequences, and how their vectors are distributed.

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
    gaussian : VectorGaussian
        Distribution of the part of the vectors that random features determine or,
        without any, of the vectors.
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
        n_components = n_final + n_random
        self.gaussian = VectorGaussian(n_components, n_random or n_final)
        if n_random:
            self.register_buffer("feature_mean", torch.zeros(self.n_features))
            self.register_buffer("final_axes", torch.eye(n_final, n_components))
            axes = torch.zeros(self.n_features, n_components)
            axes[:, n_final:] = torch.eye(self.n_features, n_random)
            self.register_buffer("axes", axes)
            # With this scale of the features, axes are orthogonal and of norm 1.
            self.register_buffer("feature_scale", torch.zeros(self.n_features))

    def forward(self, final_states, features=None):
        """Combine final states (N, n_final) and features (N, ·): (N, C)."""
        final = (final_states - self.final_mean) * self.final_scale
        if not self.n_random:
            return final
        # The features of sequences that are unlike those of `fit` are far from their
        # mean. In float32 their sums would lose digits that others keep.
        described = as_exact(features) - as_exact(self.feature_mean)
        described = described @ as_exact(self.axes)
        vectors = as_exact(final) @ as_exact(self.final_axes) + described
        return vectors.to(final.dtype)

    def distances(self, final_states, features=None):
        """Compute how far vectors are from those of the training sequences.

        Only the part of the vectors that random features determine counts, if there are
        any. It does not change if training continues, and the error of the decoder
        tells how unusual the final states are.

        Parameters
        ----------
        final_states : float32 tensor of shape (N, n_final)
            Final states of some sequences.
        features : float32 tensor of shape (N, n_features), default=None
            Their random features.

        Returns
        -------
        float32 tensor of shape (N,)
            What :class:`VectorGaussian` returns.
        """
        if not self.n_random:
            vectors = self.forward(final_states)
            return self.gaussian(vectors, vectors.new_zeros(len(vectors)))
        centered = features - self.feature_mean
        described = centered @ self.axes
        left_out = (centered * self.feature_scale).square().sum(dim=1)
        left_out = (left_out - described.square().sum(dim=1)).clamp(min=0)
        return self.gaussian(described, left_out)

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
        features : float32 ndarray of shape (n_samples, n_features) or None
            Their random features.
        """
        if len(final_states) < 2:
            return
        self.is_fitted.fill_(True)
        if not self.n_random:
            self.gaussian.fit(final_states.astype(np.float64))
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
        fitted = self._fit_axes(features)
        feature_mean, n_statistics = fitted.mean, fitted.n_statistics
        feature_axes = fitted.axes * np.sqrt(random_variance)
        feature_scale = fitted.scale * np.sqrt(random_variance)
        described = (features - feature_mean) @ feature_axes
        mixed = np.hstack([(final_states - mean) * scale, described[:, n_statistics:]])
        rotation = _fit_rotation(mixed)
        final_axes = np.zeros((self.n_final, n_components))
        final_axes[:, n_statistics:] = rotation[: self.n_final]
        axes = np.zeros((self.n_features, n_components))
        axes[:, :n_statistics] = feature_axes[:, :n_statistics]
        axes[:, n_statistics:] = (
            feature_axes[:, n_statistics:] @ rotation[self.n_final :]
        )
        for name, value in (
            ("final_mean", mean),
            ("final_scale", scale),
            ("feature_mean", feature_mean),
            ("final_axes", final_axes),
            ("axes", axes),
            ("feature_scale", feature_scale),
        ):
            getattr(self, name).copy_(torch.as_tensor(value))
        rotated = described[:, n_statistics:] @ rotation[self.n_final :]
        vectors = np.hstack([described[:, :n_statistics], rotated])
        variances = np.square(_compute_moments(features)[1] * feature_scale)
        left_out = max(0.0, variances.sum() - described.var(axis=0).sum())
        n_varying = min(len(features) - 1, np.count_nonzero(variances))
        n_left_out = n_varying - np.count_nonzero(feature_axes.any(axis=0))
        self.gaussian.fit(vectors, left_out, n_left_out)

    def _fit_axes(self, features):
        """Return a :class:`_FeatureAxes`, without the variance of random features.

        The statistics that vary, or some of their principal components, have a variance
        of 1, and the other features have a mean variance of 1 along their axes.
        """
        mean = features.mean(axis=0, dtype=np.float64)
        statistics, others = np.split(features, [self.n_statistics], axis=1)
        varying = _find_varying(statistics)
        n_kept = min(len(varying), int(MAX_STATISTICS * self.n_random))
        axes = np.zeros((self.n_features, self.n_random))
        feature_scale = np.zeros(self.n_features)
        if n_kept:
            statistics = statistics[:, varying].astype(np.float64)
            scale = 1 / statistics.std(axis=0)
            found = np.eye(n_kept)
            if n_kept < len(varying):
                statistics = (statistics - mean[varying]) * scale
                found = _fit_principal_axes(statistics, n_kept)
            feature_scale[varying] = scale * _largest_norm(found)
            if n_kept < len(varying):
                found = found @ _fit_rotation(statistics @ found)
            axes[varying, :n_kept] = scale[:, None] * found
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
        found = _fit_principal_axes(standardized, self.n_random - n_kept)
        axes[self.n_statistics :, n_kept:] = scale[:, None] * found
        feature_scale[self.n_statistics :] = scale * _largest_norm(found)
        return _FeatureAxes(mean, feature_scale, axes, n_kept)


def _largest_norm(axes):
    """Return the common norm of orthogonal axes, as columns, some of which may be 0."""
    return np.sqrt(np.square(axes).sum(axis=0).max())


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
