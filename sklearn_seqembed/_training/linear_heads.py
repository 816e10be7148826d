"""Fit the linear layer of a :class:`SequenceToLabel`, before any training.

Its input is fixed, so that the best weights are those of logistic regression or ridge
regression. Cross-validation chooses the penalty.

References
----------
.. [1] Schlossmacher, E. J. (1973). An Iterative Technique for Absolute Deviations Curve
       Fitting. Journal of the American Statistical Association 68(344).
"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

# Inverse penalties of logistic regression, and penalties of ridge regression, that are
# compared, from strong to weak. Features have a variance of 1, or are 0 or about 1.
INVERSE_PENALTIES = (0.001, 0.01, 0.03, 0.1, 0.3, 1.0)
PENALTIES = (3000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)

# Number of folds of cross-validation for at most so many sequences. With more sequences
# only one of `N_FOLDS` is held out.
FOLDS = {1000: 5, 4000: 3}
N_FOLDS = 5

MAX_ITERATIONS = 200

# Steps of iteratively reweighted least squares, and the smallest error, as a fraction
# of the median, at which the weight of a sequence is limited.
N_REWEIGHTINGS = 15
MIN_ERROR_FRACTION = 0.05

# Standard deviation, as a fraction of the mean one, below which a component is
# constant up to rounding.
MIN_STD_FRACTION = 1e-3


class HeadFit(NamedTuple):
    """A network whose linear layer was fitted.

    Attributes
    ----------
    weights : dict of str to tensor
        State of the network.
    unexplained : float
        Deviance of held-out sequences relative to that of the best constant; NaN if
        there were too few to hold any out.
    """

    weights: dict
    unexplained: float


class LogisticHead:
    """Logistic regression of a class, 1, 2, ...; the first one may have no logit.

    Parameters
    ----------
    n_classes : int
        Number of classes, also of those that do not occur in every fold.
    """

    penalties = INVERSE_PENALTIES

    def __init__(self, n_classes):
        self.n_classes = n_classes

    def fit(self, features, targets, penalty):
        """Fit to features (n_samples, D): return weights (D, ·) and bias (·,)."""
        found, places = np.unique(targets, return_inverse=True)
        n_outputs = 1 if self.n_classes == 2 else self.n_classes
        weights, bias = np.zeros((features.shape[1], n_outputs)), np.zeros(n_outputs)
        if len(found) == 1:
            # An odds ratio of n + 1, as for a category that was never observed.
            certainty = np.log(len(targets) + 1)
            if n_outputs == 1:
                bias[:] = certainty * (1 if found[0] == 2 else -1)
            else:
                bias[found[0] - 1] = certainty
            return weights, bias
        model = LogisticRegression(C=penalty, max_iter=MAX_ITERATIONS, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features, places)
        if n_outputs == 1:
            return model.coef_.T, model.intercept_
        coef, intercept = model.coef_, model.intercept_
        if len(found) == 2:  # scikit-learn fits one logit
            coef, intercept = np.vstack([0 * coef, coef]), np.append(0, intercept)
        weights[:, found - 1] = coef.T
        bias[:] = intercept.min() - np.log(len(targets) + 1)
        bias[found - 1] = intercept
        return weights, bias

    def deviance(self, outputs, targets):
        """Return the mean cross-entropy of targets, in nats."""
        if self.n_classes == 2:
            outputs = np.column_stack([np.zeros(len(outputs)), outputs])
        peak = outputs.max(axis=1)
        totals = np.log(np.exp(outputs - peak[:, None]).sum(axis=1)) + peak
        return float((totals - outputs[np.arange(len(outputs)), targets - 1]).mean())

    def constant(self, targets):
        """Return the outputs (·,) of the best constant prediction."""
        counts = np.bincount(targets - 1, minlength=self.n_classes) + 1e-9
        logits = np.log(counts / counts.sum())
        return logits[1:] - logits[:1] if self.n_classes == 2 else logits

    def groups(self, targets):
        """Return the group of each target that folds should hold a part of."""
        return targets


class RidgeHead:
    """Ridge regression of numbers.

    Parameters
    ----------
    absolute : bool
        Whether to minimize absolute instead of squared errors, by iteratively
        reweighted least squares [1]_.
    """

    penalties = PENALTIES

    def __init__(self, absolute):
        self.absolute = absolute

    def fit(self, features, targets, penalty):
        """Fit to features (n_samples, D): return weights (D, ·) and bias (·,)."""
        if self.absolute:
            columns = [
                self._fit_absolute(features, column, penalty) for column in targets.T
            ]
            models = [(model.coef_, model.intercept_) for model in columns]
            weights, bias = map(np.array, zip(*models, strict=True))
            return weights.T, bias
        model = _make_ridge(features, penalty).fit(features, targets)
        weights = np.reshape(model.coef_, (targets.shape[1], -1)).T
        return weights, np.reshape(model.intercept_, -1)

    def _fit_absolute(self, features, target, penalty):
        weights, model = None, _make_ridge(features, penalty)
        for _ in range(N_REWEIGHTINGS):
            model.fit(features, target, sample_weight=weights)
            errors = np.abs(target - model.predict(features))
            floor = MIN_ERROR_FRACTION * np.median(errors) or 1.0
            weights = 1 / np.maximum(errors, floor)
            weights /= weights.mean()
        return model

    def deviance(self, outputs, targets):
        """Return the mean error."""
        errors = outputs - targets
        return float((np.abs(errors) if self.absolute else np.square(errors)).mean())

    def constant(self, targets):
        """Return the best constant prediction (·,)."""
        return (np.median if self.absolute else np.mean)(targets, axis=0)

    def groups(self, targets):
        """Return the group of each target that folds should hold a part of."""
        return np.zeros(len(targets), dtype=int)


def _make_ridge(features, penalty):
    solver = "sparse_cg" if sparse.issparse(features) else "auto"
    return Ridge(alpha=penalty, solver=solver)


def fit_linear_head(net, dataset, head, min_sequences):
    """Fit the linear layer of a net to pairs of sequences and targets.

    Parameters
    ----------
    net : SequenceNet
        A net whose module is a :class:`SequenceToLabel`.
    dataset : PairDataset
        The pairs. Each target is a sequence of one time step.
    head : LogisticHead or RidgeHead
        How to fit.
    min_sequences : int
        With fewer sequences, none is held out, and the penalty is the strongest that is
        not extreme.

    Returns
    -------
    HeadFit
        The net's module afterwards.
    """
    vectors, events, targets = net.read_for_head(dataset)
    std = vectors.std(axis=0, dtype=np.float64)
    mean = vectors.mean(axis=0, dtype=np.float64)
    scale = np.where(std > MIN_STD_FRACTION * std.mean(), std, np.inf)
    features = (vectors - mean) / scale
    if events is not None:
        used = np.unique(events.indices)
        features = sparse.csr_matrix(sparse.hstack([features, events[:, used]]))
    penalty, unexplained = _choose_penalty(head, features, targets, min_sequences)
    weights, bias = head.fit(features, targets, penalty)
    n_components = vectors.shape[1]
    dense = weights[:n_components] / scale[:, None]
    sparse_weights = None
    if events is not None:
        sparse_weights = np.zeros((events.shape[1], weights.shape[1]))
        sparse_weights[used] = weights[n_components:]
    module = net.module_
    module.decoders["prediction"].load(dense, sparse_weights, bias - mean @ dense)
    state = {name: value.clone() for name, value in module.state_dict().items()}
    return HeadFit(state, unexplained)


def _choose_penalty(head, features, targets, min_sequences):
    """Choose a penalty, and estimate the deviance that is left unexplained."""
    folds = _make_folds(head.groups(targets))
    if len(targets) < min_sequences or not folds:
        return head.penalties[1], np.nan
    deviances, total = np.zeros(len(head.penalties)), 0.0
    for held_out in folds:
        rest = np.setdiff1d(np.arange(len(targets)), held_out)
        known, new = targets[rest], targets[held_out]
        constant = np.tile(head.constant(known), (len(new), 1))
        total += len(new) * head.deviance(constant, new)
        for k, penalty in enumerate(head.penalties):
            weights, bias = head.fit(features[rest], known, penalty)
            outputs = features[held_out] @ weights + bias
            deviances[k] += len(new) * head.deviance(outputs, new)
            if deviances[k] > 1.02 * deviances[: k + 1].min() and len(folds) == 1:
                deviances[k + 1 :] = np.inf  # weaker penalties would be worse
                break
    best = int(deviances.argmin())
    return head.penalties[best], deviances[best] / total if total else np.nan


def _make_folds(groups):
    """Return index arrays of held-out sequences.

    A fold is a contiguous part of each group, because successive sequences are often
    related, such as prefixes of one case.
    """
    folds = np.empty(len(groups), dtype=int)
    n_folds = next((k for n, k in FOLDS.items() if len(groups) <= n), N_FOLDS)
    for i, group in enumerate(np.unique(groups)):
        members = np.flatnonzero(groups == group)
        # Groups that are smaller than the number of folds start at different ones.
        folds[members] = (np.arange(len(members)) * n_folds // len(members) + i) % (
            n_folds
        )
    indices = [np.flatnonzero(folds == k) for k in range(n_folds)]
    indices = [found for found in indices if 0 < len(found) < len(groups)]
    return indices if len(groups) <= max(FOLDS) else indices[:1]
