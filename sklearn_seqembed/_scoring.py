"""How much of the sequences a network explains, and how badly each one is explained."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_seqembed._loss import mean_errors


def explained_share(predictions, sequences, features):
    """Share of squared deviation from the mean that each part explains.

    As :func:`sklearn.metrics.r2_score` with its uniform average, over all observed
    values of all sequences, in bounded memory.

    Parameters
    ----------
    predictions : iterable
        What :meth:`SequenceNet.predict_parts` yields.
    sequences : Sequences
        The sequences as they are, in the user's units.
    features : NumericFeatures
        Brings predicted values to the user's units, in which errors are squared.

    Returns
    -------
    list of float
        For each part the mean over features of 1 - error / deviation. Features that
        are constant are left out; NaN, with a warning, if all of them are.
    """
    sums = {}
    for indices, outputs, targets in predictions:
        for part, values in outputs.items():
            lengths = targets[part]["lengths"].numpy()
            steps = np.arange(values.shape[1])
            inside = steps < lengths[:, None]
            # What is forecast stands at the end, what is recreated at the start.
            first = sequences.starts[indices]
            if part == "forecast":
                first = first + sequences.lengths[indices] - lengths
            truth = sequences.take((first[:, None] + steps)[inside]).astype(np.float64)
            error = truth - features.decode(values.numpy()[inside])
            sums.setdefault(part, _Deviations()).add(truth, error)
    return [part.share() for part in sums.values()]


class _Deviations:
    """Sums over observed time steps, one number a feature, merged batch by batch.

    Squares are of deviations from a batch's own mean, merged as Chan et al. (1983) do:
    sums of squares would lose all digits where the mean is large.
    """

    def __init__(self):
        self.error = self.count = self.mean = self.squares = 0.0
        self.low, self.high = np.inf, -np.inf

    def add(self, truth, error):
        observed = ~np.isnan(truth)
        count = observed.sum(axis=0)
        mean = np.where(observed, truth, 0).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(observed, truth - mean, 0) ** 2
        apart = (mean - self.mean) ** 2
        merged = self.count + count
        weight = count / np.maximum(merged, 1)
        self.squares = self.squares + squares.sum(axis=0) + apart * self.count * weight
        self.mean = self.mean + (mean - self.mean) * weight
        self.count = merged
        # An output that is NaN is infinitely wrong; a missing truth is not counted.
        error = np.nan_to_num(error**2, nan=np.inf, posinf=np.inf)
        self.error = self.error + np.where(observed, error, 0).sum(axis=0)
        self.low = np.fmin(self.low, np.where(observed, truth, np.inf).min(axis=0))
        self.high = np.fmax(self.high, np.where(observed, truth, -np.inf).max(axis=0))

    def share(self):
        varies = self.high > self.low  # False where nothing is observed
        if not varies.any():
            why = "every feature of X is constant"
            if not np.any(self.count):
                why = "no value is observed in the steps that are judged"
            warnings.warn(
                f"The explained share is not defined: {why}.",
                UndefinedMetricWarning,
                stacklevel=2,
            )
            return np.nan
        return float(np.mean(1 - self.error[varies] / self.squares[varies]))


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
        means = [
            mean_errors(values, **targets[part]).numpy()
            for part, values in outputs.items()
        ]
        deviances[indices] = np.mean(means, axis=0)
    return deviances
