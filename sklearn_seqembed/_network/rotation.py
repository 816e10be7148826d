"""Rotation of principal components to components of equal variance."""

import numpy as np


def rotate_to_equal_variance(scores, n_components):
    """Return a rotation after which all components have the same variance.

    Distances do not change. Principal components themselves are a poor input for a
    scaler: the last ones are mostly noise, which it would amplify.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_axes)
        Principal components, which are uncorrelated.
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
    if not total > 0:
        return np.eye(n_axes, n_components)
    variances *= n_components / total
    order = np.argsort(variances, kind="stable")
    variances = variances[order]
    rotation = np.eye(n_components)[order]  # components as rows
    small, large = 0, n_components - 1
    while small < large and variances[small] < 1 < variances[large]:
        # Rotate a pair so that one component has variance 1. The other one remains
        # uncorrelated with all that have not been finished, and gets the rest.
        rest = variances[small] + variances[large] - 1
        sine_squared = (1 - variances[small]) / (variances[large] - variances[small])
        sine, cosine = np.sqrt(sine_squared), np.sqrt(1 - sine_squared)
        pair = rotation[[small, large]]
        finished = cosine * pair[0] + sine * pair[1]
        other = cosine * pair[1] - sine * pair[0]
        if rest < 1:
            rotation[large], rotation[small], variances[small] = finished, other, rest
            large -= 1
        else:
            rotation[small], rotation[large], variances[large] = finished, other, rest
            small += 1
    return rotation[:, :n_axes].T
