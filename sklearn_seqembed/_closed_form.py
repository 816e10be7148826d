"""The closed form from which `fit` starts, and whether training can improve on it."""

from sklearn_seqembed import _auto
from sklearn_seqembed._features.encoder import evenly_spaced
from sklearn_seqembed._parameters import as_options
from sklearn_seqembed._training.dataset import SequenceDataset
from sklearn_seqembed._training.linear_forecasts import (
    count_fitted_pairs,
    fit_linear_forecast,
)
from sklearn_seqembed._training.plan import N_LINEAR_SEQUENCES, N_PROJECTION_SEQUENCES


class ClosedFormMixin:
    """Fit a linear map, or a linear forecast, and decide whether to train after it."""

    # Number of points that a linear map reads, 0 without one; sizes of a linear
    # forecast, None without one.
    _n_points = 0
    _forecast_shape = None

    # What `fit` knows of the closed form, for `LossDisplay`: its validation "loss",
    # the fraction that it leaves "unexplained", and the "reason" for no training. Also
    # the "used_epoch", the number of the epoch whose weights are used, if it is known.
    _closed_form = None

    @property
    def _has_linear_map(self):
        return self._n_points > 0 or self._forecast_shape is not None

    @property
    def _may_be_useless(self):
        """Whether `fit` decides if training improves on the closed form at all."""
        return (
            self._has_linear_map
            and self.max_epochs == "auto"
            and self.early_stopping == "auto"
        )

    @property
    def _absolute_loss(self):
        """Whether training minimizes absolute errors of numbers."""
        # As in SegRNN. In the months of ETTh1 after the training part, squared errors
        # made the cells worse than the linear map, absolute ones better.
        return self._forecast_shape is not None

    @property
    def _uses_trained_cells(self):
        """Whether trained cells contribute to the results."""
        return bool(self.net_.module_.encoder.is_trained)

    def _fit_closed_form(self, net, encoded, seed):
        """Fit all closed forms of a net from which training starts."""
        return self._fit_linear_map(net, encoded, seed)

    def _fit_linear_map(self, net, encoded, seed, max_folds=None):
        """Fit the linear map or the linear forecast of a net to pairs.

        `max_folds` limits the cross-validation of a linear map.
        """
        if self._forecast_shape is not None:
            some = self._sample_pairs(encoded)
            least = _auto.MIN_TRAINED_SEQUENCES * self._forecast_shape.horizon
            few = self._windows is not None and len(encoded) < least
            dataset = self._make_dataset(some)
            return fit_linear_forecast(net, dataset, some.weights, few)
        sample = self._sample(encoded.sources, self._count_linear_sequences())
        variations = as_options(self.augmentation)
        return net.fit_linear_map(sample, variations, seed, max_folds)

    def _count_linear_sequences(self):
        """Maximum number of sequences to which a linear map is fitted."""
        n_values = self._n_points * self._features.numeric.n_features
        return min(N_LINEAR_SEQUENCES, max(1, _auto.LINEAR_VALUES // n_values))

    def _find_reason_not_to_train(self, n_samples, unexplained):
        """Return why training cannot improve on the closed form, None if it may."""
        horizon = 1 if self._forecast_shape is None else self._forecast_shape.horizon
        return _auto.find_reason_not_to_train(
            n_samples, unexplained, horizon, predicts_label=self._predicts_label
        )

    def _skip_useless_training(self, n_samples, unexplained):
        """Set `max_epochs_` to 0 if training cannot improve on the closed form."""
        reason = self._find_reason_not_to_train(n_samples, unexplained)
        if reason:
            self.max_epochs_ = 0
            self._closed_form["reason"] = reason
            self._report(f"The network was not trained: {reason}.")

    def _record_used_epoch(self, net):
        """Record the epoch of the history whose weights a trained net has."""
        if not self.max_epochs_:  # the weights are those of before
            return
        # A new dict, because an earlier fit, or a copy of it, may hold the old one.
        known = dict(self._closed_form or {})
        known.pop("used_epoch", None)
        used = dict(net.callbacks_)["seqembed_best"].used_epoch_
        self._closed_form = known if used is None else known | {"used_epoch": used}

    def _closed_form_loss(self, net):
        """Return the validation loss of the closed form."""
        return float(dict(net.callbacks_)["seqembed_best"].start_loss)

    def _sample(self, sources, n_sequences):
        """Return a dataset of at most `n_sequences` sequences, evenly spaced."""
        sources = sources[evenly_spaced(sources, n_sequences)]
        return SequenceDataset(sources, self.patch_size_, parts=())

    def _sample_pairs(self, encoded):
        """Return the pairs to which a linear forecast is fitted."""
        n_features = self._features.numeric.n_features
        n_pairs = count_fitted_pairs(self._forecast_shape, n_features)
        return encoded[evenly_spaced(encoded.sources, n_pairs)]

    def _sample_projected(self, net, encoded, single_pass):
        """Return sequences from which to learn the projection of states to vectors."""
        # The components must keep their meaning between calls of partial_fit. Without
        # random features, only the distribution of the vectors is learned again.
        projection = net.module_.encoder.projection
        if single_pass and projection.is_fitted and projection.n_random:
            return None
        # Including the validation sequences, whose loss does not depend on it.
        return self._sample(encoded.sources, N_PROJECTION_SEQUENCES)
