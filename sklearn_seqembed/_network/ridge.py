"""Fit a :class:`LinearForecast` in closed form, before any training.

The map is a ridge regression. Its penalty, how far back it reads, and which features it
reads are decided by cross-validation. Only sums over the sequences are kept, so that
memory does not depend on their number.

References
----------
.. [1] Hoerl, A. E. and Kennard, R. W. (1970). Ridge Regression: Biased Estimation for
       Nonorthogonal Problems. Technometrics 12(1).
.. [2] Timmermann, A. (2006). Forecast Combinations. Handbook of Economic Forecasting 1.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from sklearn_seqembed._network.rotation import rotate_to_equal_variance

# Number of folds of the cross-validation. They consist of successive sequences: windows
# of one series overlap, and those of a random fold would be almost known.
N_FOLDS = 5

# Penalties that are compared, in units of the mean variance of the inputs times the
# number of sequences.
PENALTIES = 10.0 ** np.arange(-6, 1.5, 0.5)

# Shares of the map from all lags and of that from their later half.
SHARES = ((1.0, 0.0), (0.5, 0.5), (0.0, 1.0))

# What is used if there are too few sequences for a comparison. In forecasts of a year
# of airline passengers, from twelve earlier months, the mean absolute error was 15.8
# with them, and 18.1 with those that cross-validation chose.
PENALTY_OF_FEW = 1e-3
SHARES_OF_FEW = (0.5, 0.5)

# The largest penalty is used whose squared error is at most this fraction above the
# lowest one, and fewer lags only if they lower it by more than the second one: what
# a series does changes over time. In the four months of ETTh1 after the training part,
# the mean of both maps had a squared error up to 2 % higher than the map from all lags,
# where cross-validation preferred it by less than 1 %.
TOLERANCE = 0.001
MIN_GAIN_OF_FEWER_LAGS = 0.01

# A direction of the inputs with a smaller fraction of the largest variance consists of
# rounding errors.
MIN_VARIANCE = 1e-10


class ForecastFit(NamedTuple):
    """Tensors of a :class:`LinearForecast`, and the map of each fold.

    Attributes
    ----------
    encoding : float64 ndarray of shape (D, C)
        From inputs to components.
    decoding : float64 ndarray of shape (C, T)
        From components to targets.
    unexplained : float
        Fraction of the squared targets that held-out forecasts leave unexplained; NaN
        for fewer sequences than folds.
    fold_maps : list of float64 ndarray of shape (D, T)
        For each fold, the map that was fitted without it; empty for too few sequences.
    gram : float64 ndarray of shape (D, D)
        Weighted sum of the products of inputs.
    total_weight : float
        Sum of the weights.
    """

    encoding: np.ndarray
    decoding: np.ndarray
    unexplained: float
    fold_maps: list
    gram: np.ndarray
    total_weight: float

    def reduce(self, n_components):
        """Return the best approximation by fewer components."""
        encoding, decoding = _factorize(
            self.encoding @ self.decoding, self.gram, self.total_weight, n_components
        )
        return self._replace(encoding=encoding, decoding=decoding)


class Moments:
    """Sums over weighted pairs of inputs (D,) and targets (T,), one for each fold.

    Parameters
    ----------
    n_samples : int
        Number of pairs, which determines the folds.
    n_inputs, n_targets : int
        Numbers D and T of values.
    """

    def __init__(self, n_samples, n_inputs, n_targets):
        self.n_samples = n_samples
        self.n_folds = N_FOLDS if n_samples >= N_FOLDS else 1
        shape = self.n_folds, n_inputs
        self.gram = np.zeros((*shape, n_inputs))
        self.cross = np.zeros((*shape, n_targets))
        self.squares = np.zeros((self.n_folds, n_targets))
        self.total_weight = 0.0

    def find_folds(self, indices):
        """Return the fold of each of these pairs."""
        return indices * self.n_folds // self.n_samples

    def add(self, indices, inputs, targets, weights):
        """Add a batch of pairs.

        Parameters
        ----------
        indices : int ndarray of shape (N,)
            Positions of the pairs among all pairs.
        inputs, targets : float64 ndarray of shape (N, D) and (N, T)
            The pairs.
        weights : float64 ndarray of shape (N,)
            Their weights.
        """
        folds = self.find_folds(indices)
        for fold in np.unique(folds):
            chosen = folds == fold
            x, y, weight = inputs[chosen], targets[chosen], weights[chosen, None]
            weighted = (x * weight).T
            self.gram[fold] += weighted @ x
            self.cross[fold] += weighted @ y
            self.squares[fold] += (y**2 * weight).sum(axis=0)
        self.total_weight += weights.sum()


class _Problem:
    """A ridge regression that is part of the map.

    Parameters
    ----------
    pairs : list of (rows, columns)
        Indices of inputs, in order of time, and of the targets that are computed from
        them. All pairs share their weights.
    n_skipped : int
        Number of the rows that are the first half of the lags.
    """

    def __init__(self, pairs, n_skipped):
        self.pairs, self.n_skipped = pairs, n_skipped

    def take(self, gram, cross):
        """Add up the parts of a Gram matrix and of cross moments."""
        return (
            sum(gram[np.ix_(rows, rows)] for rows, _ in self.pairs),
            sum(cross[np.ix_(rows, columns)] for rows, columns in self.pairs),
        )

    def solve(self, gram, cross, penalties, shares):
        """Combine the solutions from all lags and from the later half of them.

        The moments are those that :meth:`take` returns.
        """
        weights = np.zeros_like(cross)
        starts = 0, self.n_skipped
        for start, penalty, share in zip(starts, penalties, shares, strict=True):
            if share:
                solution = _solve(gram[start:, start:], cross[start:], penalty)
                weights[start:] += share * solution
        return weights

    def cross_validate(self, moments, few):
        """Choose penalties and shares: (change of the squared error, choice).

        If there are few sequences, the choice is fixed, and only the error is measured.
        """
        held_out = [
            self.take(gram, cross)
            for gram, cross in zip(moments.gram, moments.cross, strict=True)
        ]
        gram, cross = (sum(parts) for parts in zip(*held_out, strict=True))
        folds = [(gram - g, cross - c, g, c) for g, c in held_out]
        squares = sum(moments.squares[:, columns].sum() for _, columns in self.pairs)
        penalties, compared = (PENALTY_OF_FEW, PENALTY_OF_FEW), (SHARES_OF_FEW,)
        if not few:
            penalties, compared = self._choose_penalties(folds, squares), SHARES
        errors = {
            shares: sum(
                _measure(self.solve(*fold[:2], penalties, shares), *fold[2:])
                for fold in folds
            )
            for shares in compared
        }
        first, best = compared[0], min(errors, key=errors.get)
        gain = errors[first] - errors[best]
        is_noise = gain <= MIN_GAIN_OF_FEWER_LAGS * (squares + errors[first])
        shares = first if is_noise else best
        return errors[shares], (penalties, shares)

    def _choose_penalties(self, folds, squares):
        """Choose the penalties of the maps from all lags and from half of them."""
        penalties = []
        for start in (0, self.n_skipped):
            errors = sum(_compare_penalties(*fold, start) for fold in folds)
            is_good = errors <= errors.min() + TOLERANCE * (squares + errors.min())
            penalties.append(PENALTIES[is_good].max())
        return tuple(penalties)


def fit_forecast(moments, n_features, columns, n_components, few=False):
    """Fit the tensors of a :class:`LinearForecast` by ridge regression [1]_.

    Compared are maps from all lags, from the later half of them, and the mean of both:
    with few sequences, combined forecasts are often better than each of them [2]_. With
    several features, either all of them are read to forecast each, or each is forecast
    from its own past, with weights of its own or the same weights.

    Parameters
    ----------
    moments : Moments
        Sums over the training pairs. An input consists of lags of F features, a target
        of the steps of the features that continue some of them.
    n_features : int
        Number of features F of the inputs.
    columns : tuple of int
        For each feature of the targets, the feature that it continues.
    n_components : int
        Number C of components.
    few : bool, default=False
        Whether there are too few sequences to choose the penalty and the lags.

    Returns
    -------
    ForecastFit
        The tensors.
    """
    gram, cross = moments.gram.sum(axis=0), moments.cross.sum(axis=0)
    designs = _make_designs(*cross.shape, n_features, columns)
    if moments.n_folds == 1:
        penalties = (PENALTY_OF_FEW, PENALTY_OF_FEW)
        choices = [(penalties, SHARES[0]) for _ in designs[0]]
        weights = _solve_design(designs[0], choices, gram, cross)
        return ForecastFit(
            *_factorize(weights, gram, moments.total_weight, n_components),
            np.nan,
            [],
            gram,
            moments.total_weight,
        )
    best, lowest = None, np.inf
    for design in designs:
        errors, choices = zip(
            *(problem.cross_validate(moments, few) for problem in design), strict=True
        )
        if sum(errors) < lowest:
            lowest, best = sum(errors), (design, choices)
    weights = _solve_design(*best, gram, cross)
    total = moments.squares.sum()
    return ForecastFit(
        *_factorize(weights, gram, moments.total_weight, n_components),
        float((total + lowest) / total) if total > 0 else 0.0,
        [
            _solve_design(*best, gram - moments.gram[k], cross - moments.cross[k])
            for k in range(moments.n_folds)
        ],
        gram,
        moments.total_weight,
    )


def _make_designs(n_inputs, n_targets, n_features, columns):
    """Return the lists of problems that are compared; each list is a whole map."""
    inputs = np.arange(n_inputs).reshape(-1, n_features)
    targets = np.arange(n_targets).reshape(-1, len(columns))
    n_skipped = len(inputs) // 2
    everything = _Problem([(inputs.ravel(), targets.ravel())], n_skipped * n_features)
    if n_features == 1:
        return [[everything]]
    own = [(inputs[:, j], targets[:, k]) for k, j in enumerate(columns)]
    apart = [_Problem([pair], n_skipped) for pair in own]
    return [[_Problem(own, n_skipped)], apart, [everything]]


def _solve_design(design, choices, gram, cross):
    """Return the weights (D, T) of all problems."""
    weights = np.zeros_like(cross)
    for problem, choice in zip(design, choices, strict=True):
        solution = problem.solve(*problem.take(gram, cross), *choice)
        for rows, columns in problem.pairs:
            weights[np.ix_(rows, columns)] = solution
    return weights


def _solve(gram, cross, penalty):
    variances, axes = eigh(gram)
    variances = np.maximum(variances, 0)
    shrunk = variances + penalty * variances.mean()
    inverse = np.divide(1, shrunk, out=np.zeros_like(shrunk), where=shrunk > 0)
    return axes @ (inverse[:, None] * (axes.T @ cross))


def _compare_penalties(gram, cross, held_out_gram, held_out_cross, start):
    """Return the squared error of held-out pairs, less a constant, of each penalty."""
    variances, axes = eigh(gram[start:, start:])
    variances = np.maximum(variances, 0)
    moments = axes.T @ cross[start:]
    # The weights are axes @ (inverse * moments), so all errors follow from two products
    # of matrices.
    quadratic = (axes.T @ held_out_gram[start:, start:] @ axes) * (moments @ moments.T)
    linear = (moments * (axes.T @ held_out_cross[start:])).sum(axis=1)
    errors = []
    for penalty in PENALTIES:
        shrunk = variances + penalty * variances.mean()
        inverse = np.divide(1, shrunk, out=np.zeros_like(shrunk), where=shrunk > 0)
        errors.append(inverse @ quadratic @ inverse - 2 * inverse @ linear)
    return np.array(errors)


def _measure(weights, gram, cross):
    """Return the squared error of weights, less the squares of the targets."""
    return float((weights * (gram @ weights - 2 * cross)).sum())


def _factorize(weights, gram, total_weight, n_components):
    """Factorize weights (D, T) into maps to components and from them.

    The components are the principal components of the forecasts, rotated and scaled so
    that all have the variance 1.
    """
    variances, axes = eigh(gram)
    roots = np.sqrt(np.maximum(variances, 0))
    forecasts = roots[:, None] * (axes.T @ weights)
    if len(forecasts) < forecasts.shape[1]:
        variances, left = _leading(forecasts @ forecasts.T, n_components)
        directions = forecasts.T @ (left / np.sqrt(variances))  # (T, R)
    else:
        variances, directions = _leading(forecasts.T @ forecasts, n_components)
    encoding = np.zeros((len(weights), n_components))
    decoding = np.zeros((n_components, weights.shape[1]))
    if len(variances):
        spread = np.sqrt(variances) * [[1.0], [-1.0]]  # scores of these variances
        rotation = rotate_to_equal_variance(spread, n_components)  # (R, C)
        scale = np.sqrt(variances.sum() / (max(total_weight, 1e-9) * n_components))
        encoding = weights @ directions @ rotation / scale
        decoding = scale * rotation.T @ directions.T
    return encoding, decoding


def _leading(matrix, n_components):
    """Return the leading eigenvalues (R,) and eigenvectors (·, R) of a matrix."""
    values, vectors = eigh(matrix)
    values, vectors = values[::-1][:n_components], vectors[:, ::-1][:, :n_components]
    kept = values > MIN_VARIANCE * max(values.max(), 0)
    return values[kept], vectors[:, kept]
