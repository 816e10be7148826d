"""How much of the sequences a network explains, and how badly each one is explained."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed._training import sequence_errors


def explained_share(predictions, features):
    """Share of squared deviation from the mean that each part explains.

    As :func:`sklearn.metrics.r2_score` with its uniform average, over all observed
    values of all sequences, in bounded memory.

    Parameters
    ----------
    predictions : iterable
        What :meth:`SequenceNet.predict_parts` yields.
    features : NumericFeatures
        Brings values to the user's units, in which errors are squared.

    Returns
    -------
    list of float
        For each part the mean over features of 1 - error / deviation. Features that
        are constant are left out; NaN, with a warning, if all of them are.
    """
    sums = {}
    for _, outputs, targets in predictions:
        for part, values in outputs.items():
            target, lengths = (targets[part][k].numpy() for k in ("values", "lengths"))
            rows = np.arange(target.shape[1]) < lengths[:, None]
            truth = features.decode(target[rows])
            error = truth - features.decode(values.numpy()[rows])
            sums.setdefault(part, _Deviations()).add(truth, error)
    return [part.share() for part in sums.values()]


class _Deviations:
    """Sums over time steps, one number a feature."""

    def __init__(self):
        self.truth = StandardScaler()  # merges means and variances batch by batch
        self.error = self.low = self.high = None

    def add(self, truth, error):
        self.truth.partial_fit(truth)
        squared = np.nansum(error**2, axis=0)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All-NaN", RuntimeWarning)
            low, high = np.nanmin(truth, axis=0), np.nanmax(truth, axis=0)
        if self.error is None:
            self.error, self.low, self.high = squared, low, high
        else:
            self.error = self.error + squared
            self.low, self.high = np.fmin(self.low, low), np.fmax(self.high, high)

    def share(self):
        varies = self.high > self.low  # False where nothing is observed
        if not varies.any():
            warnings.warn(
                "The explained share is not defined: every feature of X is constant.",
                UndefinedMetricWarning,
                stacklevel=2,
            )
            return np.nan
        total = (self.truth.var_ * self.truth.n_samples_seen_)[varies]
        return float(np.mean(1 - self.error[varies] / total))


def mean_deviances(predictions, n_samples):
    """Mean squared error of each sequence, in scaled units, over the parts.

    Parameters
    ----------
    predictions : iterable
        What :meth:`SequenceNet.predict_parts` yields.
    n_samples : int
        Number of sequences.

    Returns
    -------
    ndarray of shape (n_samples,)
        NaN where a part has no observed value.
    """
    deviances = np.empty(n_samples)
    for indices, outputs, targets in predictions:
        errors = [
            sequence_errors(values, targets[part]["values"], targets[part]["lengths"])
            for part, values in outputs.items()
        ]
        deviances[indices] = np.mean([error.numpy() for error in errors], axis=0)
    return deviances
