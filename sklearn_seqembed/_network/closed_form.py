"""Fit a :class:`LinearMap` in closed form, before any training.

The axes are principal components of the sequences and of varied copies of them. How
much the copies count, and whether the components determine more than a linear function
of them, is decided by cross-validation.

References
----------
.. [1] Ledoit, O. and Wolf, M. (2004). A well-conditioned estimator for
       large-dimensional covariance matrices. Journal of Multivariate Analysis 88(2).
.. [2] Poggio, T. and Girosi, F. (1990). Networks for approximation and learning.
       Proceedings of the IEEE 78(9).
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh, solve
from scipy.spatial.distance import cdist
from sklearn.utils.extmath import randomized_svd

from sklearn_seqembed._network.linear import MAX_LOG_LENGTH
from sklearn_seqembed._network.rotation import rotate_to_equal_variance

# Weights of the covariance matrix of the copies that are compared, between that of the
# sequences (0) and that of the copies (1), as in a shrinkage estimator [1]_. See
# "Linear map" on the recipe page for the trials, also for the following constants.
COPY_WEIGHTS = (0.0, 0.1, 0.3, 1.0)

# The weight if there are too few sequences for a comparison.
COPY_WEIGHT_OF_FEW = 0.1

# Number of varied copies per sequence, and bounds on their total; the number of their
# values is limited as well, to 16 MiB of float64.
COPIES = 4
MIN_COPIES, MAX_COPIES = 200, 1000
COPIED_VALUES = 2**21

# Largest shift of a copy as a fraction of its length, and largest weight of another
# sequence that is mixed into it. Training batches are varied by as much. Shifts of up
# to a quarter were no better, and weights of up to 1 make no difference
# (docs/development/recipe.rst, "Overfitting").
MAX_SHIFT = 0.1
MAX_MIX = 0.5

# Radial basis functions exp(-width * distance^2): their largest number and that of
# their weights (16 MiB of float32), and the widths and penalties that are compared.
# Components have a mean variance of 1.
MAX_CENTERS = 512
MAX_CENTER_WEIGHTS = 2**22
WIDTHS = (0.1, 0.3)
PENALTIES = (0.1, 1.0, 10.0)

# The correction is dropped if it leaves more than this fraction of what the linear
# map leaves, or if that is less than this fraction of the variance.
MIN_GAIN_RATIO = 0.98
NEGLIGIBLE = 1e-3

# From this number of components on, the length has one of its own.
MIN_COMPONENTS_WITH_LENGTH = 4

# Largest slope of the logit of the end of a sequence, per time step. The probability of
# ending is then close to 0 before the last step and to 1 with it.
MAX_END_SLOPE = 20.0

# A logarithm of lengths that varies less than this is constant.
MIN_LENGTH_STD = 1e-6

# Smaller matrices are decomposed exactly, larger ones by a randomized algorithm.
MAX_EXACT_SIZE = 1000

# A direction with a smaller fraction of the largest variance consists of rounding
# errors.
MIN_VARIANCE = 1e-10

# Cross-validation: number of folds for at most so many sequences. With more sequences
# only one fold is held out.
MIN_SEQUENCES = 5
FOLDS = {200: 5, 1000: 3}


def count_folds(n_samples):
    """Return how many folds of so many sequences are held out in turn."""
    if n_samples < MIN_SEQUENCES:
        return 0
    return next((k for most, k in FOLDS.items() if n_samples <= most), 1)


def count_rows(n_samples):
    """Return the number of sequences and of their copies, unless these are large."""
    return n_samples + int(np.clip(COPIES * n_samples, MIN_COPIES, MAX_COPIES))


class LinearFit(NamedTuple):
    """Tensors of a :class:`LinearMap`; see its docstring."""

    mean: np.ndarray
    encoding: np.ndarray
    decoding: np.ndarray
    centers: np.ndarray
    weights: np.ndarray
    width: float
    end_slope: float
    unexplained: float


class _Axes(NamedTuple):
    """Principal axes (n_axes, D), as rows, of points around their mean (D,)."""

    mean: np.ndarray
    axes: np.ndarray

    def project(self, points):
        """Return the components of points, and what they leave."""
        centered = points - self.mean
        components = centered @ self.axes.T
        return components, centered - components @ self.axes


def fit_linear_map(values, n_features, n_components, variations, rng, max_folds=None):
    """Fit the tensors of a :class:`LinearMap`.

    Parameters
    ----------
    values : float64 ndarray of shape (n_samples, n_points * n_features + 1)
        What :meth:`LinearMap.read` returns for some sequences.
    n_features : int
        Number of features F.
    n_components : int
        Number C of components.
    variations : tuple of {"shift", "mix"}
        How the copies vary; without any there are no copies.
    rng : numpy.random.Generator
        Source of all random numbers.
    max_folds : int, default=None
        Largest number of folds that are held out, to estimate quickly what the map
        leaves unexplained. None sets no limit.

    Returns
    -------
    LinearFit
        The tensors.
    """
    points, log_lengths = values[:, :-1], values[:, -1]
    length_std = log_lengths.std()
    varies = bool(length_std > MIN_LENGTH_STD)
    has_length = int(varies and n_components >= MIN_COMPONENTS_WITH_LENGTH)
    n_axes = n_components - has_length
    vary = _Variations(n_features, variations, rng)
    folds = _make_folds(len(points), rng)[:max_folds]
    weight, unexplained = _choose_weight(points, n_axes, vary, folds)
    copies = vary(values)
    fit = _fit_axes(points, copies[:, :-1], weight, n_axes)
    scores = fit.project(points)[0]
    if not scores.any() and len(copies):  # a single sequence is its own mean
        scores = fit.project(copies[:, :-1])[0]
    # Rotated and scaled, so that all components have the same variance, 1.
    rotation = rotate_to_equal_variance(scores, n_axes)  # (axes, n_axes)
    scale = 1 / np.sqrt(max((scores @ rotation).var(axis=0).mean(), MIN_VARIANCE))
    if not scores.any():
        scale = 1.0
    encoding = np.zeros((values.shape[1], n_components))
    decoding = np.zeros((n_components, values.shape[1]))
    encoding[:-1, has_length:] = fit.axes.T @ rotation * scale
    decoding[has_length:, :-1] = rotation.T @ fit.axes / scale
    if has_length:
        encoding[-1, 0], decoding[0, -1] = 1 / length_std, length_std
    mean = np.append(fit.mean, log_lengths.mean())
    components = (values - mean) @ encoding
    if varies and not has_length:
        decoding[:, -1] = _regress(components, log_lengths - mean[-1])
    linear = LinearFit(
        mean,
        encoding,
        decoding,
        np.zeros((0, n_components)),
        np.zeros((0, values.shape[1])),
        1.0,
        MAX_END_SLOPE,
        unexplained,
    )
    if unexplained > NEGLIGIBLE:
        linear = _add_correction(linear, values, vary, folds, rng)
    if varies and not has_length:
        linear = linear._replace(end_slope=_choose_end_slope(linear, values))
    return linear


class _Variations:
    """Make copies of sequences that are shifted in time and mixed with others.

    Parameters
    ----------
    n_features : int
        Number of features F.
    kinds : tuple of {"shift", "mix"}
        How the copies vary; without any there are no copies.
    rng : numpy.random.Generator
        Source of random numbers.
    """

    def __init__(self, n_features, kinds, rng):
        self.n_features, self.kinds, self.rng = n_features, kinds, rng

    def __call__(self, values):
        """Return copies (n_copies, D + 1) of values (n_samples, D + 1)."""
        n_samples = len(values)
        n_copies = int(np.clip(COPIES * n_samples, MIN_COPIES, MAX_COPIES))
        n_copies = min(n_copies, COPIED_VALUES // values.shape[1])
        n_copies *= bool(self.kinds)
        origins = np.arange(n_copies) % n_samples
        copies = values[origins].copy()
        copies[:, :-1] = self._shift(copies[:, :-1])
        if "mix" in self.kinds and n_samples > 1:
            steps = self.rng.integers(1, n_samples, size=n_copies)
            others = values[(origins + steps) % n_samples, :-1]
            weights = MAX_MIX * self.rng.random((n_copies, 1))
            copies[:, :-1] += weights * (self._shift(others) - copies[:, :-1])
        return copies

    def _shift(self, points):
        """Shift each sequence in time, and repeat its first or last point."""
        if "shift" not in self.kinds:
            return points
        steps = points.reshape(len(points), -1, self.n_features)
        n_points = steps.shape[1]
        largest = round(MAX_SHIFT * n_points)
        shifts = self.rng.integers(-largest, largest + 1, size=(len(points), 1))
        taken = np.clip(np.arange(n_points) + shifts, 0, n_points - 1)
        return np.take_along_axis(steps, taken[:, :, None], axis=1).reshape(
            points.shape
        )


def _make_folds(n_samples, rng):
    """Return index arrays of held-out sequences; an empty list for too few."""
    n_folds = count_folds(n_samples)
    if not n_folds:
        return []
    order = rng.permutation(n_samples)
    # A single fold is a fifth of the sequences.
    return np.array_split(order, n_folds if n_folds > 1 else 5)[:n_folds]


def _choose_weight(points, n_axes, vary, folds):
    """Choose the weight of the copies, and estimate what the axes leave unexplained."""
    weights = COPY_WEIGHTS if vary.kinds else (0.0,)
    if not folds:
        return (COPY_WEIGHT_OF_FEW if vary.kinds else 0.0), np.nan
    errors, total = np.zeros(len(weights)), 0.0
    for held_out in folds:
        rest = np.delete(points, held_out, axis=0)
        copies = vary(np.column_stack([rest, np.zeros(len(rest))]))[:, :-1]
        total += np.square(points[held_out] - rest.mean(axis=0)).sum()
        for k, weight in enumerate(weights):
            fit = _fit_axes(rest, copies, weight, n_axes)
            errors[k] += np.square(fit.project(points[held_out])[1]).sum()
    best = int(errors.argmin())
    return weights[best], errors[best] / total if total else 0.0


def _fit_axes(points, copies, weight, n_axes):
    """Fit principal axes to points and copies, whose covariance has this weight."""
    mean = points.mean(axis=0)
    rows = [(points - mean) * np.sqrt((1 - weight) / len(points))]
    if weight:
        rows.append((copies - mean) * np.sqrt(weight / len(copies)))
    return _Axes(mean, _principal_axes(np.concatenate(rows), n_axes))


def _principal_axes(rows, n_axes):
    """Return the leading right singular vectors of rows (n, D): at most (n_axes, D)."""
    n_axes = min(n_axes, *rows.shape)
    if min(rows.shape) > MAX_EXACT_SIZE:
        _, variances, axes = randomized_svd(rows, n_axes, random_state=0)
        variances = variances**2
    elif len(rows) < rows.shape[1]:
        variances, left = eigh(rows @ rows.T)
        variances, left = variances[::-1][:n_axes], left[:, ::-1][:, :n_axes]
        norms = np.sqrt(np.maximum(variances, np.finfo(float).tiny))
        axes = (left / norms).T @ rows
    else:
        variances, axes = eigh(rows.T @ rows)
        variances, axes = variances[::-1][:n_axes], axes[:, ::-1][:, :n_axes].T
    return axes[variances > MIN_VARIANCE * max(variances.max(), 0)]


def _regress(components, target):
    """Return the coefficients of a linear regression."""
    return np.linalg.lstsq(components, target, rcond=1e-6)[0]


def _add_correction(linear, values, vary, folds, rng):
    """Add radial basis functions if they reduce the error of held-out sequences.

    The axes of the linear map are kept, although they were fitted to all sequences:
    the cross-validation compares what is left with and without the functions.
    """

    def split(values):
        components = (values - linear.mean) @ linear.encoding
        return components, values - linear.mean - components @ linear.decoding

    def prepare(values):
        copies = vary(values)
        inputs, targets = split(np.concatenate([values, copies]))
        # Not the sequences themselves: a network should hold no data of its user.
        candidates = inputs[len(values) :] if len(copies) else inputs
        n_centers = min(MAX_CENTERS, MAX_CENTER_WEIGHTS // values.shape[1])
        chosen = np.sort(rng.permutation(len(candidates))[:n_centers])
        return inputs, targets, candidates[chosen]

    errors = {(width, penalty): 0.0 for width in WIDTHS for penalty in PENALTIES}
    total = 0.0
    for held_out in folds:
        inputs, targets, centers = prepare(np.delete(values, held_out, axis=0))
        components, left = split(values[held_out])
        for width in WIDTHS:
            functions = _evaluate(components, centers, width)
            for penalty, weights in _solve(inputs, targets, centers, width):
                error = left - functions @ weights
                errors[width, penalty] += np.square(error[:, :-1]).sum()
        total += np.square(left[:, :-1]).sum()
    width, penalty = min(errors, key=errors.get)
    ratio = errors[width, penalty] / total if total else 1.0
    if ratio > MIN_GAIN_RATIO:
        return linear
    inputs, targets, centers = prepare(values)
    weights = dict(_solve(inputs, targets, centers, width))[penalty]
    return linear._replace(
        centers=centers,
        weights=weights,
        width=width,
        unexplained=linear.unexplained * ratio,
    )


def _choose_end_slope(linear, values):
    """Choose the slope of a logistic distribution of the errors of decoded lengths."""
    components = (values - linear.mean) @ linear.encoding
    decoded = linear.mean[-1] + components @ linear.decoding[:, -1]
    if len(linear.centers):
        functions = _evaluate(components, linear.centers, linear.width)
        decoded += functions @ linear.weights[:, -1]
    errors = np.exp(values[:, -1]) - np.exp(np.minimum(decoded, MAX_LOG_LENGTH))
    std = np.sqrt(np.square(errors).mean())
    return float(np.clip(np.pi / np.sqrt(3) / max(std, 1e-9), 0, MAX_END_SLOPE))


def _evaluate(inputs, centers, width):
    return np.exp(-width * cdist(inputs, centers, "sqeuclidean"))


def _solve(inputs, targets, centers, width):
    """Yield pairs of a penalty and the weights of the functions [2]_."""
    functions = _evaluate(inputs, centers, width)
    between = _evaluate(centers, centers, width) + 1e-6 * np.eye(len(centers))
    gram, moments = functions.T @ functions, functions.T @ targets
    for penalty in PENALTIES:
        yield penalty, solve(gram + penalty * between, moments, assume_a="pos")
