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

# Standard deviation of the components next to suffix features. The smaller it is, the
# more the penalty favors the latter. See "Classes" on the recipe page for the trials.
COMPONENT_STD = 0.3

# Minimum number of sequences for a comparison of penalties, and the penalties for
# fewer. Held-out cross-entropies of a few sequences say little about penalties; 1 is
# the default of scikit-learn.
MIN_SEQUENCES_LOGISTIC, INVERSE_PENALTY_OF_FEW = 200, 1.0
MIN_SEQUENCES_RIDGE, PENALTY_OF_FEW = 10, 100.0

# Number of folds of cross-validation for at most so many sequences. With more sequences
# only one of `N_FOLDS` is held out.
FOLDS = {1000: 5, 4000: 3}
N_FOLDS = 5

# Number of blocks of a fold. See `_make_folds`.
N_BLOCKS = 10

MAX_ITERATIONS = 200

# Largest gradient at which logistic regression ends, and its ratio to the fraction of
# the deviance that is unexplained so far, while penalties are compared. If little is
# unexplained, small gradients matter: with a fixed 1e-3, strong penalties were chosen
# for separable classes.
TOLERANCE, COMPARED_TOLERANCE = 1e-4, 1e-3

# The comparison of penalties ends when the deviance is so much above the lowest one.
MAX_RISE = 1.02

# Steps of iteratively reweighted least squares, and the smallest error, as a fraction
# of the median, at which the weight of a sequence is limited.
N_REWEIGHTINGS, N_COMPARED_REWEIGHTINGS = 15, 5
MIN_ERROR_FRACTION = 0.05

# Standard deviation, as a fraction of the mean one, below which a component is
# constant up to rounding.
MIN_STD_FRACTION = 1e-3


class HeadFit(NamedTuple):
    """A closed form that was fitted.

    Attributes
    ----------
    encoder, decoders : dict of str to tensor
        State of the encoder and of the linear layer.
    unexplained : float
        Deviance of held-out sequences relative to that of the best constant; NaN if
        there were too few to hold any out.
    """

    encoder: dict
    decoders: dict
    unexplained: float


class LogisticHead:
    """Logistic regression of a class, 1, 2, ...; the first one may have no logit.

    Parameters
    ----------
    n_classes : int
        Number of classes, also of those that do not occur in every fold.
    """

    penalties, penalty_of_few = INVERSE_PENALTIES, INVERSE_PENALTY_OF_FEW
    min_sequences = MIN_SEQUENCES_LOGISTIC

    def __init__(self, n_classes):
        self.n_classes = n_classes

    def make_model(self):
        """Return a model that starts each fit from the last one."""
        return LogisticRegression(max_iter=MAX_ITERATIONS, warm_start=True)

    def fit(self, model, features, targets, penalty, unexplained=None):
        """Fit to features (n_samples, D): return weights (D, ·) and bias (·,).

        Penalties are compared with a larger tolerance than that of the final fit:
        `unexplained` is the fraction of the deviance that the last penalty left, None
        for the final fit.
        """
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
        tolerance = TOLERANCE
        if unexplained is not None:
            tolerance = max(tolerance, COMPARED_TOLERANCE * min(1, unexplained))
        model.set_params(C=penalty, tol=tolerance)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            # `check_classes` warned already if there are many classes.
            warnings.filterwarnings("ignore", "The number of unique classes")
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

    def split(self, targets):
        """Return parts of the targets that have their own penalty."""
        return [targets]


class RidgeHead:
    """Ridge regression of numbers.

    Parameters
    ----------
    absolute : bool
        Whether to minimize absolute instead of squared errors, by iteratively
        reweighted least squares [1]_.
    """

    penalties, penalty_of_few = PENALTIES, PENALTY_OF_FEW
    min_sequences = MIN_SEQUENCES_RIDGE

    def __init__(self, absolute):
        self.absolute = absolute

    def make_model(self):
        """Return a model; its solver depends on the features."""
        return Ridge()

    def fit(self, model, features, targets, penalty, unexplained=None):
        """Fit to features (n_samples, D): return weights (D, ·) and bias (·,).

        Penalties are compared after fewer reweightings than those of the final fit, for
        which `unexplained` is None.
        """
        solver = "sparse_cg" if sparse.issparse(features) else "auto"
        model.set_params(alpha=penalty, solver=solver)
        if self.absolute:
            is_final = unexplained is None
            n_times = N_REWEIGHTINGS if is_final else N_COMPARED_REWEIGHTINGS
            _reweight(model, features, targets[:, 0], n_times)
        else:
            model.fit(features, targets[:, 0])
        return model.coef_[:, None], np.array([model.intercept_])

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

    def split(self, targets):
        """Return parts of the targets that have their own penalty."""
        return np.hsplit(targets, targets.shape[1])


def _reweight(model, features, target, n_times):
    """Fit a ridge model to minimize the absolute errors of a target [1]_."""
    weights = None
    for _ in range(n_times):
        model.fit(features, target, sample_weight=weights)
        errors = np.abs(target - model.predict(features))
        floor = MIN_ERROR_FRACTION * np.median(errors) or 1.0
        weights = 1 / np.maximum(errors, floor)
        weights /= weights.mean()


def fit_linear_head(net, dataset, head):
    """Fit the linear layer of a net to pairs of sequences and targets.

    Parameters
    ----------
    net : SequenceNet
        A net whose module is a :class:`SequenceToLabel`.
    dataset : PairDataset
        The pairs. Each target is a sequence of one time step.
    head : LogisticHead or RidgeHead
        How to fit.

    Returns
    -------
    HeadFit
        What was fitted.
    """
    vectors, events, targets = net.read_for_head(dataset)
    std = vectors.std(axis=0, dtype=np.float64)
    mean = vectors.mean(axis=0, dtype=np.float64)
    scale = np.where(std > MIN_STD_FRACTION * std.mean(), std, np.inf)
    if events is not None:
        scale /= COMPONENT_STD
    features = (vectors - mean) / scale
    if events is not None:
        used = np.unique(events.indices)
        features = sparse.csr_matrix(sparse.hstack([features, events[:, used]]))
    fits = [
        _fit_with_chosen_penalty(head, features, part) for part in head.split(targets)
    ]
    weights = np.hstack([fit[0] for fit in fits])
    bias = np.concatenate([fit[1] for fit in fits])
    unexplained = float(np.mean([fit[2] for fit in fits]))
    n_components = vectors.shape[1]
    dense = weights[:n_components] / scale[:, None]
    sparse_weights = None
    if events is not None:
        sparse_weights = np.zeros((events.shape[1], weights.shape[1]))
        sparse_weights[used] = weights[n_components:]
    module = net.module_
    module.decoders["prediction"].load(dense, sparse_weights, bias - mean @ dense)
    states = [_copy_state(part) for part in (module.encoder, module.decoders)]
    return HeadFit(*states, unexplained)


def count_fits(head, n_samples):
    """Return how many models are fitted at most, to compare penalties and at last."""
    if n_samples < head.min_sequences:
        return 1
    n_folds = next((k for most, k in FOLDS.items() if n_samples <= most), 1)
    return 1 + n_folds * len(head.penalties)


def _copy_state(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def _fit_with_chosen_penalty(head, features, targets):
    """Return weights (D, ·), bias (·,), and the deviance that is left unexplained."""
    penalty, unexplained = _choose_penalty(head, features, targets)
    model = head.make_model()
    weights, bias = head.fit(model, features, targets, penalty)
    return weights, bias, unexplained


def _choose_penalty(head, features, targets):
    """Choose a penalty, and estimate the deviance that is left unexplained."""
    folds = _make_folds(head.groups(targets))
    if len(targets) < head.min_sequences or not folds:
        return head.penalty_of_few, np.nan
    parts, total = [], 0.0
    for held_out in folds:
        rest = np.setdiff1d(np.arange(len(targets)), held_out)
        parts.append((head.make_model(), rest, held_out))
        constant = np.tile(head.constant(targets[rest]), (len(held_out), 1))
        total += len(held_out) * head.deviance(constant, targets[held_out])
    deviances, left = [], 1.0
    for penalty in head.penalties:
        deviances.append(0.0)
        for model, rest, held_out in parts:
            pairs = features[rest], targets[rest]
            weights, bias = head.fit(model, *pairs, penalty, unexplained=left)
            outputs = features[held_out] @ weights + bias
            found = head.deviance(outputs, targets[held_out])
            deviances[-1] += len(held_out) * found
        left = deviances[-1] / total if total else np.nan
        if deviances[-1] > MAX_RISE * min(deviances):
            break  # weaker penalties would be worse
    best = int(np.argmin(deviances))
    return head.penalties[best], deviances[best] / total if total else np.nan


def _make_folds(groups):
    """Return index arrays of held-out sequences.

    A fold consists of blocks of each group. Successive sequences are often related,
    such as prefixes of one case, so they should be in the same fold. But the first and
    the last ones may differ, for example if a process changes, so a fold needs some of
    each.
    """
    folds = np.empty(len(groups), dtype=int)
    n_folds = next((k for n, k in FOLDS.items() if len(groups) <= n), N_FOLDS)
    for i, group in enumerate(np.unique(groups)):
        members = np.flatnonzero(groups == group)
        places = np.arange(len(members))
        if len(members) > n_folds * N_BLOCKS:
            places = places * n_folds * N_BLOCKS // len(members)
        # Groups that are smaller than the number of folds start at different ones.
        folds[members] = (places + i) % n_folds
    indices = [np.flatnonzero(folds == k) for k in range(n_folds)]
    indices = [found for found in indices if 0 < len(found) < len(groups)]
    return indices if len(groups) <= max(FOLDS) else indices[:1]
