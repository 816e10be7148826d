"""Rotation of principal components to components of equal variance."""

import numpy as np
from scipy.stats import random_correlation


def rotate_to_equal_variance(scores, n_components):
    """Return a rotation after which all components have the same variance.

    Distances do not change. Principal components themselves are a poor input for a
    scaler: the last ones are mostly noise, which it would amplify.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_axes)
        Principal components.
    n_components : int
        Number of components after the rotation, at least `n_axes`.

    Returns
    -------
    ndarray of shape (n_axes, n_components)
        The rotation, with orthonormal rows.
    """
    n_axes = scores.shape[1]
    variances = np.zeros(n_components)
    variances[:n_axes] = scores.var(axis=0)
    total = variances.sum()
    if n_components == 1 or not total > 0:
        return np.eye(n_axes, n_components)
    variances *= n_components / total
    order = np.argsort(-variances, kind="stable")
    # A random covariance matrix that has these eigenvalues and only variances of 1. Its
    # eigenvectors rotate the principal axes to axes with that covariance. The
    # eigenvalues have the right sum up to rounding, hence the tolerance.
    equal = random_correlation.rvs(variances, random_state=0, tol=1e-6)
    rotation = np.empty((n_components, n_components))
    rotation[order] = np.linalg.eigh(equal)[1][:, ::-1].T  # largest variance first
    return rotation[:n_axes]
