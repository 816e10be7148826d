"""How much of the sequences a network explains, and how badly each one is explained."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_seqembed._network.loss import mean_errors


def explained_fraction(predictions, sequences, features):
    """Share of the deviance of the best constant that each part explains.

    Of numbers that is squared deviation from the mean, as in
    :func:`sklearn.metrics.r2_score` with its uniform average; of categories cross
    entropy against that of their own frequencies, as in
    :func:`sklearn.metrics.d2_log_loss_score`. Over all observed values of all
    sequences, in bounded memory.

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
        For each part the mean over features of 1 - deviance / that of the constant.
        Features that are constant are left out; NaN, with a warning, if all of them
        are.
    """
    numbers, categories = {}, {}
    for indices, outputs, targets in predictions:
        for part, (values, surprisals) in outputs.items():
            categories.setdefault(part, _Surprisals()).add(targets[part], surprisals)
            if not sequences.n_numeric:
                continue
            lengths = targets[part]["lengths"].numpy()
            steps = np.arange(values.shape[1])
            inside = steps < lengths[:, None]
            # What is forecast stands at the end, what is recreated at the start.
            first = sequences.starts[indices]
            if part == "forecast":
                first = first + sequences.lengths[indices] - lengths
            truth = sequences.take((first[:, None] + steps)[inside]).astype(np.float64)
            error = truth - features.decode(values.numpy()[inside])
            numbers.setdefault(part, _Deviations()).add(truth, error)
    return [
        _mean_share(numbers.get(part, _Deviations()), tally)
        for part, tally in categories.items()
    ]


def mean_r2(truth, predicted):
    """Share of the squared deviation from the mean that predicted numbers explain.

    Parameters
    ----------
    truth, predicted : Sequences
        Of equal lengths, in the user's units.

    Returns
    -------
    float
        Mean over the numeric features that are not constant, as
        :func:`explained_fraction` has it.
    """
    values = np.concatenate(list(truth.iter_chunks())).astype(np.float64)
    sums = _Deviations()
    sums.add(values, values - predicted.span(0, len(values)))
    return _mean_share(sums, _Surprisals())


def exact_match_fraction(truth, predicted):
    """Share of sequences whose length and categories are predicted wholly right.

    Parameters
    ----------
    truth, predicted : Sequences
        As many of both. What is missing in the truth may be anything.

    Returns
    -------
    float
        From 0 to 1.
    """
    right = truth.lengths == predicted.lengths
    some = np.flatnonzero(right)
    if not len(some):
        return 0.0
    rows = [_rows(sequences[some]) for sequences in (truth, predicted)]
    features = zip(truth.categorical, predicted.categorical, strict=True)
    for true, found in features:
        code_of = {level: code for code, level in enumerate(found.categories.tolist())}
        # A category that cannot be predicted is -2; last comes what is missing.
        codes = [code_of.get(level, -2) for level in true.categories.tolist()]
        expected = np.array([*codes, -1])[true.codes[rows[0]]]
        same = (expected == -1) | (expected == found.codes[rows[1]])
        first = np.cumsum(truth.lengths[some]) - truth.lengths[some]
        right[some] &= np.logical_and.reduceat(same, first)
    return float(right.mean())


def _rows(sequences):
    """Rows of all time steps, one sequence after another."""
    lengths = sequences.lengths
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(sequences.starts - before, lengths)


def _mean_share(numbers, categories):
    """Mean over the features of both kinds that are not constant."""
    shares = [*numbers.shares(), *categories.shares()]
    if not shares:
        why = "every feature is constant"
        if not (np.any(numbers.count) or categories.is_observed):
            why = "no value is observed in the steps that are judged"
        warnings.warn(
            f"The explained share is not defined: {why}.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
        return np.nan
    return float(np.mean(shares))


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

    def shares(self):
        """Share of each feature that is not constant."""
        varies = np.atleast_1d(self.high > self.low)  # False where nothing is observed
        if not varies.any():
            return np.empty(0)
        return 1 - self.error[varies] / self.squares[varies]


class _Surprisals:
    """Sums over observed time steps of categorical features, added batch by batch."""

    def __init__(self):
        self.sums, self.counts = 0.0, []

    @property
    def is_observed(self):
        """Whether any category was observed."""
        return any(count.any() for count in self.counts)

    def add(self, target, surprisals):
        known = target["class_weights"].numpy() > 0  # (N, L, K)
        self.sums = self.sums + np.where(known, surprisals, 0.0).sum(axis=(0, 1))
        for k, classes in enumerate(target["classes"].numpy().transpose(2, 0, 1)):
            count = np.bincount(classes[known[:, :, k]])
            if k == len(self.counts):
                self.counts.append(count)
                continue
            length = max(len(count), len(self.counts[k]))
            padded = [np.pad(c, (0, length - len(c))) for c in (count, self.counts[k])]
            self.counts[k] = sum(padded)

    def shares(self):
        """Share of each feature that is not constant."""
        for total, counts in zip(np.atleast_1d(self.sums), self.counts, strict=False):
            observed = counts[counts > 0]
            if len(observed) > 1:
                constant = -(observed * np.log(observed / observed.sum())).sum()
                yield 1 - total / constant


def mean_deviances(predictions, n_samples, class_scales=()):
    """Mean deviance of each sequence, in scaled units, over the parts.

    Parameters
    ----------
    predictions : iterable
        What :meth:`SequenceNet.predict_parts` yields.
    n_samples : int
        Number of sequences.
    class_scales : tuple of float, default=()
        As of :class:`SequenceLoss`.

    Returns
    -------
    ndarray of shape (n_samples,)
        NaN where a part has no observed value.
    """
    deviances = np.empty(n_samples)
    for indices, outputs, targets in predictions:
        means = [
            mean_errors(values, targets[part], surprisals, class_scales).numpy()
            for part, (values, surprisals) in outputs.items()
        ]
        deviances[indices] = np.mean(means, axis=0)
    return deviances
