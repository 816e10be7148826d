"""Location and scale of targets that continue a sequence.

A forecast starts close to where the sequence ends. The network does not have to learn
this if location and scale are removed from the targets and restored in its outputs.
"""

import numpy as np

from sklearn_seqembed._features.continuation import (
    COMPARED_PAIRS,
    find_continued,
    last_observed,
    mean_square,
)
from sklearn_seqembed._features.encoder import evenly_spaced


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
                square = mean_square(np.concatenate(changes))
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
        last = np.nan_to_num(last_observed(values))
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
