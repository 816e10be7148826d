"""The level and the scale of each sequence, taken out of its targets and put back.

What comes after a sequence begins where it ends: that need not be learned.
"""

import numpy as np

from sklearn_seqembed._network.reader import RELATIVE_STD_OFFSET

# Pairs, at most, that tell whether targets begin where sequences end.
LOOKED_AT = 1000

# Targets go on from a sequence where its last values leave less than so much of the
# variance of their first steps.
LARGEST_SHARE = 0.5


class RelativeTargets:
    """Level and scale that the targets of a sequence have in common with it.

    The level is the last observed value of a feature, as in NLinear [1]_ and SegRNN
    [2]_, the scale its spread over the sequence, as in reversible instance
    normalisation [3]_.

    Attributes
    ----------
    columns : int ndarray of shape (F,)
        For each numeric feature of the targets the feature of the sequences that it
        goes on from, -1 for none.

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

    def fit(self, sources, targets, option):
        """Choose the columns.

        Parameters
        ----------
        sources, targets : Sequences
            Some pairs, in the user's units.
        option : bool or "auto"
            True takes a feature for each target, False none, "auto" one where the
            first steps of targets lie about the last values of sequences by far more
            closely than about their own mean.
        """
        n_features, n_sources = len(self.columns), sources.n_numeric
        if option is False or not n_features or not n_sources:
            return self
        last = np.stack([_last(sources.rows(i)) for i in range(len(sources))])
        first = np.stack([_first(targets.rows(i)) for i in range(len(targets))])
        for k in range(n_features):
            # Of as many features each goes on from the one in its place.
            columns = [k] if n_features == n_sources else range(n_sources)
            found = [_mean_square(first[:, k] - last[:, j]) for j in columns]
            variance = _mean_square(first[:, k] - _mean(first[:, k]))
            best = int(np.argmin(found))
            if option is True or found[best] < LARGEST_SHARE * variance:
                self.columns[k] = columns[best]
        return self

    @property
    def is_forecast(self):
        """Whether all targets are numbers that go on from sequences: a forecast."""
        return len(self.columns) > 0 and bool((self.columns >= 0).all())

    @property
    def relative_features(self):
        """Features of the sequences that need be read relative to themselves alone.

        A tuple of int, without any where a target is learned as it is: what is known of
        it may lie in levels.
        """
        if not self.is_forecast:
            return ()
        return tuple(np.unique(self.columns).tolist())

    def of(self, sources):
        """Give level and scale of the targets of each sequence.

        Parameters
        ----------
        sources : Sequences
            In the user's units.

        Returns
        -------
        levels : float32 ndarray of shape (n_samples, 2, F)
            Level and scale, in the scaled units of the targets.
        """
        levels = np.zeros((len(sources), 2, len(self.columns)), dtype=np.float32)
        levels[:, 1] = 1.0
        known = np.flatnonzero(self.columns >= 0)
        if not len(known):
            return levels
        for i in range(len(sources)):
            rows = sources.rows(i)[:, np.maximum(self.columns, 0)]
            values = self.target_features.encode(rows.astype(np.float64))
            observed = ~np.isnan(values)
            count = np.maximum(observed.sum(axis=0), 1)
            mean = np.where(observed, values, 0).sum(axis=0) / count
            apart = np.where(observed, values - mean, 0)
            spread = np.sqrt((apart**2).sum(axis=0) / count)
            levels[i, 0, known] = np.nan_to_num(_last(values))[known]
            levels[i, 1, known] = (spread + RELATIVE_STD_OFFSET)[known]
        return levels


def _last(values):
    """Take the last observed value of each feature of (n_timesteps, F)."""
    values = values.astype(np.float64)
    if not np.isnan(values[-1]).any():
        return values[-1]
    observed = ~np.isnan(values)
    steps = len(values) - 1 - observed[::-1].argmax(axis=0)
    return values[steps, np.arange(values.shape[1])]


def _first(values):
    """Take the first observed value of each feature of (n_timesteps, F)."""
    return _last(values[::-1])


def _mean(values):
    observed = values[~np.isnan(values)]
    return float(observed.mean()) if len(observed) else np.nan


def _mean_square(values):
    observed = values[~np.isnan(values)]
    return float((observed**2).mean()) if len(observed) else np.inf
