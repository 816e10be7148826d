"""Explained fractions of whole datasets, and how unusual single sequences are."""

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from sklearn_seqembed._data.messages import count, warn_user
from sklearn_seqembed._network.loss import sum_squared_errors

# Mean squared error, relative to the variance, up to which sequences are hardly told
# apart, and weight of the logarithm of the errors. See "Anomaly scores" on the recipe
# page for the trials.
NEGLIGIBLE_ERROR = 1e-3
ERROR_WEIGHT = 1 / 3


def explained_fraction(predictions, sequences, features, location_scale=None):
    """Compute the fraction of the deviance that each part of the network explains.

    Parameters
    ----------
    predictions, sequences, features, location_scale
        As for :meth:`ExplainedTally.add`.

    Returns
    -------
    list of float
        What :meth:`ExplainedTally.fractions` returns.
    """
    tally = ExplainedTally(features)
    tally.add(predictions, sequences, location_scale)
    return tally.fractions()


class ExplainedTally:
    """The deviances of sequences, of which the network explains a fraction.

    The deviance of a numeric feature is its squared error in the user's units, as in
    :func:`sklearn.metrics.r2_score`; that of a categorical feature is its
    cross-entropy, as in :func:`sklearn.metrics.d2_log_loss_score`. Both are compared
    with the deviance of the best constant: the mean of the observed values, or the
    frequencies of the observed categories. Values are summed batch by batch, so memory
    does not grow with their number.

    Parameters
    ----------
    features : NumericFeatures
        Decodes predicted values to the user's units.
    """

    def __init__(self, features):
        self._features = features
        self._numeric, self._categorical = {}, {}

    def add(self, predictions, sequences, location_scale=None):
        """Add the deviances of some sequences.

        Parameters
        ----------
        predictions : iterable
            The batches that :meth:`SequenceNet.predict_parts` yields.
        sequences : Sequences
            The sequences, in the user's units.
        location_scale : ndarray of shape (n_samples, 2, F), default=None
            Location and scale to which predicted values are relative; reconstructed
            ones are not.
        """
        for indices, outputs, targets in predictions:
            for part, (values, cross_entropies) in outputs.items():
                tally = self._categorical.setdefault(part, _CrossEntropies())
                tally.add(targets[part], cross_entropies)
                if not sequences.n_numeric:
                    continue
                lengths = targets[part]["lengths"].numpy()
                steps = np.arange(values.shape[1])
                inside = steps < lengths[:, None]
                first, _ = _scored_rows(part, targets[part], sequences, indices)
                rows = (first[:, None] + steps)[inside]
                truth = sequences.take(rows).astype(np.float64)
                values = values.numpy()
                if location_scale is not None and part != "reconstruction":
                    location, scale = np.split(location_scale[indices], 2, axis=1)
                    values = values * scale + location
                error = truth - self._features.decode(values[inside])
                self._numeric.setdefault(part, _SquaredErrors()).add(truth, error)

    def fractions(self):
        """Return the explained fraction of each part.

        Returns
        -------
        list of float
            For each part the mean over features of 1 - deviance / deviance of the best
            constant. Constant features are left out. NaN, with a warning, if all
            features are constant.
        """
        return [
            _mean_explained(self._numeric.get(part, _SquaredErrors()), tally)
            for part, tally in self._categorical.items()
        ]


def mean_r2(truth, predicted):
    """Compute the fraction of the variance that predicted numbers explain.

    Parameters
    ----------
    truth, predicted : Sequences
        Sequences of the same lengths, in the user's units; those of `predicted` are
        contiguous.

    Returns
    -------
    float
        Mean over the numeric features that are not constant, as in
        :func:`explained_fraction`.
    """
    values = np.concatenate(list(truth.iter_chunks())).astype(np.float64)
    errors = _SquaredErrors()
    errors.add(values, values - predicted.span(0, len(values)))
    return _mean_explained(errors, _CrossEntropies())


def exact_match_fraction(truth, predicted):
    """Compute the fraction of sequences with correct length and correct categories.

    Parameters
    ----------
    truth, predicted : Sequences
        The same number of sequences. Any prediction is correct where `truth` is
        missing.

    Returns
    -------
    float
        Fraction, in [0, 1].
    """
    is_correct = truth.lengths == predicted.lengths
    compared = np.flatnonzero(is_correct)
    if not len(compared):
        return 0.0
    true_rows = _list_rows(truth[compared])
    predicted_rows = _list_rows(predicted[compared])
    first = np.cumsum(truth.lengths[compared]) - truth.lengths[compared]
    features = zip(truth.categorical, predicted.categorical, strict=True)
    for true, pred in features:
        code_of = {name: code for code, name in enumerate(pred.categories.tolist())}
        # Convert codes of `true` to codes of `pred`: -2 for categories that it lacks,
        # and -1, the appended value, for missing ones.
        codes = [code_of.get(name, -2) for name in true.categories.tolist()]
        expected = np.array([*codes, -1])[true.codes[true_rows]]
        is_same = (expected == -1) | (expected == pred.codes[predicted_rows])
        is_correct[compared] &= np.logical_and.reduceat(is_same, first)
    return float(is_correct.mean())


def mean_squared_errors(predictions, n_samples):
    """Compute the mean squared error of each sequence, averaged over the parts.

    Parameters
    ----------
    predictions : iterable
        The batches that :meth:`SequenceNet.predict_parts` yields.
    n_samples : int
        Number of sequences.

    Returns
    -------
    ndarray of shape (n_samples,)
        In scaled units. Parts without an observed number are left out; 0 if there are
        no others.
    """
    errors = np.empty(n_samples)
    for indices, outputs, targets in predictions:
        means, is_observed = [], []
        for part, (values, _) in outputs.items():
            sums, counts = (
                tensor.numpy().astype(np.float64)
                for tensor in sum_squared_errors(values, targets[part])
            )
            means.append(sums / np.maximum(counts, 1))
            is_observed.append(counts > 0)
        n_parts = np.maximum(np.sum(is_observed, axis=0), 1)
        errors[indices] = np.sum(means, axis=0) / n_parts
    return errors


def combine_surprises(distances, errors, surprises):
    """Combine how unusual sequences are in three respects.

    Each term resembles minus twice a log density per value. The logarithm of a squared
    distance belongs to a Student t distribution, whose heavy tails keep one term from
    hiding the others.

    Parameters
    ----------
    distances, errors, surprises : ndarray of shape (n_samples,)
        Squared distances of random features, mean squared errors of numbers, and mean
        surprises of categories, in nats.

    Returns
    -------
    float64 ndarray of shape (n_samples,)
        The sum of the terms, at least 0.
    """
    # In float32, the squares of huge values are infinite.
    largest = float(np.finfo(np.float32).max)
    distances, errors = (
        np.nan_to_num(np.asarray(values, dtype=np.float64), nan=largest, posinf=largest)
        for values in (distances, errors)
    )
    of_numbers = ERROR_WEIGHT * np.log1p(errors / NEGLIGIBLE_ERROR)
    return np.log1p(distances) + of_numbers + 2 * surprises


def _scored_rows(part, target, sequences, indices):
    """Return the first row of the scored steps of each sequence, and the row after."""
    lengths = target["lengths"].numpy()
    first = sequences.starts[indices]
    if part == "forecast":  # it is compared with the last steps of a sequence
        first = first + sequences.lengths[indices] - lengths
    return first, first + lengths


def _list_rows(sequences):
    """Return the row numbers of all time steps, sequence by sequence."""
    lengths = sequences.lengths
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(sequences.starts - before, lengths)


def _mean_explained(numeric, categorical):
    """Average the explained fractions of all features that are not constant."""
    fractions = [*numeric.explained(), *categorical.explained()]
    if not fractions:
        reason = "every feature is constant"
        if not (np.any(numeric.count) or categorical.is_observed):
            reason = "no value is observed in the time steps that are scored"
        warn_user(
            f"The explained fraction is not defined: {reason}.",
            UndefinedMetricWarning,
        )
        return np.nan
    return float(np.mean(fractions))


class _SquaredErrors:
    """Squared errors and deviations of numeric features, summed batch by batch.

    Deviations are taken from the mean of each batch, and batches are merged as in Chan
    et al. (1983): a plain sum of squares loses precision if the mean is large.
    """

    def __init__(self):
        self.error = self.count = self.mean = self.squares = 0.0
        self.low, self.high = np.inf, -np.inf

    def add(self, truth, error):
        observed = ~np.isnan(truth)
        count = observed.sum(axis=0)
        mean = np.where(observed, truth, 0).sum(axis=0) / np.maximum(count, 1)
        squares = np.where(observed, truth - mean, 0) ** 2
        between = (mean - self.mean) ** 2
        merged = self.count + count
        weight = count / np.maximum(merged, 1)
        within = self.squares + squares.sum(axis=0)
        self.squares = within + between * self.count * weight
        self.mean = self.mean + (mean - self.mean) * weight
        self.count = merged
        # A predicted NaN is an infinite error; values missing in `truth` are ignored.
        error = np.nan_to_num(error**2, nan=np.inf, posinf=np.inf)
        self.error = self.error + np.where(observed, error, 0).sum(axis=0)
        self.low = np.fmin(self.low, np.where(observed, truth, np.inf).min(axis=0))
        self.high = np.fmax(self.high, np.where(observed, truth, -np.inf).max(axis=0))

    def explained(self):
        """Return the explained fraction of each feature that is not constant."""
        # False if no value is observed, or if deviations are so small that their
        # squares are 0.
        varies = np.atleast_1d((self.high > self.low) & (self.squares > 0))
        if not varies.any():
            return np.empty(0)
        return 1 - self.error[varies] / self.squares[varies]


class _CrossEntropies:
    """Cross-entropies and counts of categorical features, summed batch by batch.

    A cross-entropy is the negative logarithm of the predicted probability of a
    category.
    """

    def __init__(self):
        self.sums, self.counts = 0.0, []

    @property
    def is_observed(self):
        """Whether any category was observed."""
        return any(count.any() for count in self.counts)

    def add(self, target, cross_entropies):
        observed = target["class_weights"].numpy() > 0  # (N, L, K)
        self.sums = self.sums + np.where(observed, cross_entropies, 0.0).sum(
            axis=(0, 1)
        )
        for k, classes in enumerate(target["classes"].numpy().transpose(2, 0, 1)):
            count = np.bincount(classes[observed[:, :, k]])
            if k == len(self.counts):
                self.counts.append(count)
                continue
            length = max(len(count), len(self.counts[k]))
            padded = [np.pad(c, (0, length - len(c))) for c in (count, self.counts[k])]
            self.counts[k] = sum(padded)

    def explained(self):
        """Yield the explained fraction of each feature that is not constant."""
        # Before the first batch `sums` is a single number and `counts` is empty.
        for total, counts in zip(np.atleast_1d(self.sums), self.counts, strict=False):
            observed = counts[counts > 0]
            if len(observed) > 1:
                constant = -(observed * np.log(observed / observed.sum())).sum()
                yield 1 - total / constant


def warn_about_lengths(lengths, shortest, longest):
    """Warn if all sequences to score are shorter or longer than those of `fit`.

    Parameters
    ----------
    lengths : int64 ndarray of shape (n_samples,)
        Their numbers of time steps.
    shortest, longest : int
        Fewest and most time steps of a sequence of `fit`.
    """
    if lengths.max() >= shortest and lengths.min() <= longest:
        return
    found, known = (
        count(high, "time step") if low == high else f"{low} to {high} time steps"
        for low, high in ((lengths.min(), lengths.max()), (shortest, longest))
    )
    warn_user(
        f"X has sequences of {found}, but those of fit had {known}. For other lengths, "
        "the scores tell less well which sequences are unusual. Pass sequences as long "
        "as those of fit, or fit the embedder to sequences of this length."
    )
