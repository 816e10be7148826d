"""Location and scale of targets that continue a sequence.

A forecast starts close to where the sequence ends. The network does not have to learn
this if location and scale are removed from the targets and restored in its outputs.
"""

import numpy as np

from sklearn_seqembed._data.messages import count, warn_reading
from sklearn_seqembed._features.encoder import evenly_spaced

# Maximum number of pairs that are compared to decide whether targets continue
# sequences, to limit the time of `fit`. It was not tuned.
COMPARED_PAIRS = 1000

# A target continues a feature if the mean squared difference between its first steps
# and the feature's last values is less than this fraction of the first steps' variance,
# or of the feature's variance over time if that is larger.
# One half means that the last value predicts the first step clearly better than the
# mean does; no other value was tried.
LARGEST_FRACTION = 0.5

# The columns of a table are not time steps of the feature that the first one continues
# if the root mean square distance of any of them from its last value is larger than
# this many standard deviations of the feature. If the standard deviations of the
# columns differ by a larger factor than the second constant, `fit` warns. They were not
# tuned.
LARGEST_DISTANCE = 10
SURPRISING_RATIO = 1000

# `fit` also warns of a y that is a list of sequences of equal lengths, of at most as
# many time steps as the first constant, if the standard deviations of these time steps
# differ by a larger factor than the second. They were not tuned.
FEW_STEPS = 10
SURPRISING_RATIO_OF_STEPS = 100


class RelativeTargets:
    """Compute the location and scale of each sequence's targets from the sequence.

    The location is the last observed value of a feature, as in NLinear [1]_ and SegRNN
    [2]_. The scale is its standard deviation over the sequence, as in reversible
    instance normalization [3]_. A sequence that does not vary has no scale of its own:
    its targets have the root mean square of the changes that followed such sequences in
    `fit`.

    Parameters
    ----------
    target_features : NumericFeatures
        The fitted numeric features of the targets.

    Attributes
    ----------
    columns : int ndarray of shape (F,)
        For each numeric feature of the targets, the feature of the sequences that it
        continues; -1 if there is none.
    constant_scale : float64 ndarray of shape (F,)
        Scale of the targets of a sequence that does not vary.
    mean_scale : float64 ndarray of shape (F,)
        Mean of the scales in `fit`.

    References
    ----------
    .. [1] Zeng, A. et al. (2023). Are Transformers Effective for Time Series
           Forecasting? AAAI. arXiv:2205.13504.
    .. [2] Lin, S. et al. (2023). SegRNN: Segment Recurrent Neural Network for
           Long-Term Time Series Forecasting. arXiv:2308.11200.
    .. [3] Kim, T. et al. (2022). Reversible Instance Normalization for Accurate
           Time-Series Forecasting against Distribution Shift. ICLR.
    """

    def __init__(self, target_features):
        self.target_features = target_features
        self.columns = np.full(target_features.n_features, -1)
        self.constant_scale = np.ones(target_features.n_features)
        self.mean_scale = np.ones(target_features.n_features)

    def fit(self, sources, targets, option):
        """Choose the feature that each feature of the targets continues.

        Parameters
        ----------
        sources, targets : Sequences
            Pairs, in the user's units. At most `COMPARED_PAIRS` of them are compared.
        option : bool or "auto"
            With True every feature of the targets continues one, with False none does.
            With "auto" it does if its first values are much closer to the last values
            of the other feature than to their own mean.
        """
        self.columns = find_continued(sources, targets, option)
        continued = np.flatnonzero(self.columns >= 0)
        if not len(continued):
            return self
        some = evenly_spaced(sources, COMPARED_PAIRS)
        location, scale = self._measure(sources[some])
        self.mean_scale = scale.mean(axis=0)
        for k in continued:
            changes = [
                self._encode(targets.rows(i))[:, k] - value
                for i, value, spread in zip(
                    some, location[:, k], scale[:, k], strict=True
                )
                if not spread
            ]
            if changes:
                square = _mean_square(np.concatenate(changes))
                self.constant_scale[k] = np.sqrt(square) if 0 < square < np.inf else 1
        return self

    @property
    def is_forecast(self):
        """Whether all targets are numeric and continue sequences: a forecast."""
        return len(self.columns) > 0 and bool((self.columns >= 0).all())

    @property
    def relative_features(self):
        """Features of the sequences that the network reads only as relative values.

        A tuple of int, empty unless all targets continue sequences, because other
        targets may depend on the location.
        """
        if not self.is_forecast:
            return ()
        return tuple(np.unique(self.columns).tolist())

    def compute_location_scale(self, sources):
        """Compute the location and scale of the targets of each sequence.

        Parameters
        ----------
        sources : Sequences
            In the user's units.

        Returns
        -------
        location_scale : float64 ndarray of shape (n_samples, 2, F) or None
            Location and scale, in the scaled units of the targets; 0 and 1 for targets
            that continue no feature. None if no target does.
        """
        if not (self.columns >= 0).any():
            return None
        location, scale = self._measure(sources)
        scale = np.where(scale > 0, scale, self.constant_scale)
        return np.stack([location, scale], axis=1)

    def weigh(self, location_scale):
        """Compute the weights of relative errors in the loss.

        The error of a sequence whose scale is far above the mean has the weight 1, so
        that no large sequence dominates. Far below the mean, errors count in the common
        units: such sequences often contain little but noise. On ETTh1, the mean squared
        error over 96 hours was .467 (two seeds), .489 with errors in common units and
        .478 with equal weights.

        Parameters
        ----------
        location_scale : ndarray of shape (n_samples, 2, F) or None
            As :meth:`compute_location_scale` returns it.

        Returns
        -------
        weights : float32 ndarray of shape (n_samples, F) or None
            In [0, 1]; 1 for targets that continue no feature.
        """
        if location_scale is None:
            return None
        squares = location_scale[:, 1] ** 2
        total = squares + self.mean_scale**2
        weights = np.divide(squares, total, out=np.ones_like(total), where=total > 0)
        return np.where(self.columns >= 0, weights, 1.0).astype(np.float32)

    def _measure(self, sources):
        """Return location and scale, (n_samples, F); a scale is 0 if nothing varies."""
        continued = self.columns >= 0
        columns = np.maximum(self.columns, 0)
        location, scale = measure(sources, lambda rows: self._encode(rows[:, columns]))
        return np.where(continued, location, 0.0), np.where(continued, scale, 1.0)

    def _encode(self, rows):
        return self.target_features.scale(rows.astype(np.float64))


def measure(sequences, encode):
    """Measure the location and scale of each sequence.

    Parameters
    ----------
    sequences : Sequences
        The sequences, in the user's units.
    encode : callable
        Encodes time steps (n_timesteps, F) as float64.

    Returns
    -------
    location, scale : float64 ndarray of shape (n_samples, F)
        Last observed value, 0 if there is none, and standard deviation over time. The
        latter is 0 exactly if all observed values are equal.
    """
    found = []
    for i in range(len(sequences)):
        values = encode(sequences.rows(i))
        observed = ~np.isnan(values)
        count = np.maximum(observed.sum(axis=0), 1)
        last = np.nan_to_num(_last(values))
        # Deviations from a value of the sequence are exactly 0 if it does not vary.
        deviations = np.where(observed, values - last, 0)
        mean = deviations.sum(axis=0) / count
        deviations = np.where(observed, deviations - mean, 0)
        found.append((last, np.sqrt((deviations**2).sum(axis=0) / count)))
    return np.array(found).transpose(1, 0, 2)


def measure_sources(features, sequences, relative):
    """Measure the features that the network reads relative to their last values.

    Parameters
    ----------
    features : NumericFeatures
        The fitted numeric features of the sequences.
    sequences : Sequences
        The sequences, in the user's units.
    relative : sequence of int
        Their relative features; the location of the others is 0, their scale 1.

    Returns
    -------
    location_scale : float64 ndarray of shape (n_samples, 2, F)
        Location and scale in scaled units. The scale is 1 if a sequence does not vary.
    """
    location, scale = measure(
        sequences, lambda rows: features.scale(rows.astype(np.float64))
    )
    is_relative = np.isin(np.arange(location.shape[1]), relative)
    location = np.where(is_relative, location, 0.0)
    return np.stack([location, np.where(is_relative & (scale > 0), scale, 1.0)], axis=1)


def find_continued(sources, targets, option="auto"):
    """Find the feature of the sequences that each feature of the targets continues.

    Parameters
    ----------
    sources, targets, option
        As for :meth:`RelativeTargets.fit`.

    Returns
    -------
    columns : int ndarray of shape (F,)
        For each numeric feature of the targets, the feature that it continues; -1 if
        there is none.
    """
    n_features, n_sources = targets.n_numeric, sources.n_numeric
    continued = np.full(n_features, -1)
    if option is False or not n_features or not n_sources:
        return continued
    some = evenly_spaced(sources, COMPARED_PAIRS)
    last = np.stack([_last(sources.rows(i)) for i in some])
    first = np.stack([_last(targets.rows(i)[::-1]) for i in some])
    for k in range(n_features):
        # With equal numbers of features, those at the same position are paired.
        columns = [k] if n_features == n_sources else range(n_sources)
        errors = [_mean_square(first[:, k] - last[:, j]) for j in columns]
        best = int(np.argmin(errors))
        # Series that are similar to each other vary over time only.
        variance = max(
            _mean_square(first[:, k] - _mean(first[:, k])),
            _mean_variance(sources, some, columns[best]),
        )
        if option is True or errors[best] < LARGEST_FRACTION * variance:
            continued[k] = columns[best]
    return continued


def _mean_variance(sequences, indices, feature):
    """Return the mean variance over time of a feature of some sequences."""
    variances = []
    for i in indices:
        values = sequences.rows(i)[:, feature].astype(np.float64)
        variances.append(_mean_square(values - _mean(values)))
    return np.nanmean(variances) if np.isfinite(variances).any() else np.nan


def continue_sources(sources, targets, option="auto"):
    """Decide whether a few targets continue the features at the same positions.

    Unlike :func:`find_continued`, it compares the first step of a target with all steps
    of the sequences, because a few pairs tell little about the variance between them.

    Parameters
    ----------
    sources, targets, option
        As for :meth:`RelativeTargets.fit`.

    Returns
    -------
    bool
        Whether there is a feature, and every one is continued.
    """
    if option is False or not sources.n_numeric == targets.n_numeric > 0:
        return False
    if option is True:
        return True
    last = np.stack([_last(sources.rows(i)) for i in range(len(sources))])
    first = np.stack([_last(targets.rows(i)[::-1]) for i in range(len(sources))])
    for k in range(sources.n_numeric):
        rows = [sources.rows(i)[:, k].astype(np.float64) for i in range(len(sources))]
        variance = np.mean([_mean_square(row - _mean(row)) for row in rows])
        steps = np.concatenate([np.diff(row[~np.isnan(row)]) for row in rows])
        largest = max(LARGEST_FRACTION * variance, np.max(steps**2, initial=0))
        if not _mean_square(first[:, k] - last[:, k]) <= largest:
            return False
    return True


def columns_are_steps(sources, targets, option="auto"):
    """Decide whether the columns of a table are time steps that continue a feature.

    Otherwise they are several targets. Whether the location of a sequence is removed
    from its target is another question, so False is treated like "auto".

    Parameters
    ----------
    sources : Sequences
        The sequences.
    targets : Sequences
        The rows of the table, each a sequence of one numeric feature.
    option : bool or "auto", default="auto"
        As for :meth:`RelativeTargets.fit`.

    Returns
    -------
    bool
        Whether the first column continues a feature and no column is far from it.
    """
    (continued,) = find_continued(sources, targets, option or "auto")
    if continued < 0 or option is True:
        return bool(continued >= 0)
    some = evenly_spaced(sources, COMPARED_PAIRS)
    rows = [sources.rows(i)[:, continued].astype(np.float64) for i in some]
    last = np.array([_last(row[:, None])[0] for row in rows])
    values = np.concatenate(rows)
    variance = _mean_square(values - _mean(values))
    columns = np.stack([targets.rows(i)[:, 0] for i in some]).astype(np.float64).T
    largest = max(_mean_square(column - last) for column in columns)
    if not largest <= LARGEST_DISTANCE**2 * variance:
        return False
    if _compare_spreads(columns) > SURPRISING_RATIO:
        warn_reading(
            f"y was read as {count(len(targets), 'sequence')} of "
            f"{count(len(columns), 'time step')} that continue X, but some of its "
            f"columns vary more than {SURPRISING_RATIO} times as much as others; if "
            "they are different targets, pass numpy.asarray(y)[:, None, :]."
        )
    return True


def warn_about_scales(targets):
    """Warn of sequences whose time steps seem to be different targets.

    Parameters
    ----------
    targets : Sequences
        The items of a list, or the cells of a Series or a frame.
    """
    n_steps = int(targets.lengths[0])
    if (
        targets.n_features > 1
        or not targets.n_numeric
        or not 1 < n_steps <= FEW_STEPS
        or (targets.lengths != n_steps).any()
    ):
        return
    some = evenly_spaced(targets, COMPARED_PAIRS)
    steps = np.stack([targets.rows(i)[:, 0] for i in some]).astype(np.float64).T
    if _compare_spreads(steps) > SURPRISING_RATIO_OF_STEPS:
        warn_reading(
            f"y was read as {count(len(targets), 'sequence')} of "
            f"{count(n_steps, 'time step')} with a common scale, but some time steps "
            f"vary more than {SURPRISING_RATIO_OF_STEPS} times as much as others; if "
            "they are different targets, pass them as an array of shape "
            f"({len(targets)}, {n_steps})."
        )


def _compare_spreads(columns):
    """Return the ratio of the largest to the smallest positive standard deviation."""
    spreads = [np.sqrt(_mean_square(c - _mean(c))) for c in columns]
    spreads = [spread for spread in spreads if 0 < spread < np.inf]
    return max(spreads) / min(spreads) if spreads else 1.0


def _last(values):
    """Return the last observed value of each feature of (n_timesteps, F)."""
    values = values.astype(np.float64)
    if not np.isnan(values[-1]).any():
        return values[-1]
    observed = ~np.isnan(values)
    steps = len(values) - 1 - observed[::-1].argmax(axis=0)
    return values[steps, np.arange(values.shape[1])]


def _mean(values):
    observed = values[~np.isnan(values)]
    return float(observed.mean()) if len(observed) else np.nan


def _mean_square(values):
    observed = values[~np.isnan(values)]
    return float((observed**2).mean()) if len(observed) else np.inf
