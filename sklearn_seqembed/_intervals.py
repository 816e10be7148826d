"""Prediction intervals from the errors of held-out forecasts."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.scalars import check_real
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._training.error_quantiles import ErrorQuantiles
from sklearn_seqembed._training.linear_forecasts import (
    measure_linear_forecasts,
    measure_network_forecasts,
)
from sklearn_seqembed._training.process import isolated

# Minimum number of held-out sequences whose errors determine prediction intervals;
# with fewer, those of the cross-validated linear map do. 100 tell the 95 % quantile.
MIN_HELD_OUT = 100


class PredictIntervalMixin:
    """Predict intervals of the numbers that an estimator predicts."""

    @isolated
    def predict_interval(self, X, coverage=0.9):
        """Predict an interval for each value of the targets.

        The intervals are symmetric around :meth:`predict`. Their width comes from the
        errors of held-out sequences of `fit` at the same time step, in units of the
        scale of each sequence (split conformal prediction). They cover a new value
        with about the given probability if errors do not grow after the time of `fit`.
        If the network was trained and `fit` held out fewer than 100 sequences, the
        errors are those of the cross-validated linear map from which it started, and
        training that continues without held-out sequences keeps the earlier errors; if
        the network overfits, intervals are then too narrow.

        Parameters
        ----------
        X : list, array, tensor or frame of n_samples sequences
            As for :meth:`predict`.
        coverage : float, default=0.9
            Probability, in (0, 1), with which an interval shall contain the true value.

        Returns
        -------
        lower, upper : list, ndarray or frame
            Bounds in the container and the units of y, with the shape of
            :meth:`predict`; infinite where `fit` observed too few values for this
            coverage.

        Raises
        ------
        ValueError
            If y is not numeric, if its lengths differ, if `fit` held out no sequences
            and there is no linear map, or if this coverage needs more errors.
        """
        check_is_fitted(self)
        check_real(coverage, "coverage", max_val=1, include_boundaries="neither")
        if self._errors is None:
            raise ValueError(self._explain_missing_errors())
        half_widths = self._errors.compute(float(coverage))  # (n_steps, n_features)
        sources, schema = self._check_X(X, reset=False)
        sources = self._take_recent(sources)
        self._check_prediction_parameters()
        predicted = self._predict(sources, self._encode(sources))
        n_steps = int(predicted.lengths[0])
        scale = self._scale_errors(sources)  # (n_samples, n_features)
        half_widths = scale[:, None] * half_widths[:n_steps]
        is_known = np.isfinite(half_widths)
        half_widths = np.where(is_known, half_widths, 0.0)  # scalers refuse infinity
        numeric = self._target_features.numeric
        center = numeric.scale(predicted.span(0, predicted.n_steps).astype(np.float64))
        bounds = []
        for sign in (-1, 1):
            rows = numeric.decode(center + sign * half_widths.reshape(center.shape))
            rows = np.where(is_known.reshape(center.shape), rows, sign * np.inf)
            shifted = Sequences.from_offsets(
                (rows,), n_steps * np.arange(len(predicted) + 1)
            )
            bounds.append(
                self._target_schema.build(shifted, schema.index, self._array_length)
            )
        return tuple(bounds)

    def _fit_intervals(self, net, encoded, validation, fitted, started):
        before, self._errors = getattr(self, "_errors", None), None
        if self._target_features.n_classes or self._shortest != self._longest:
            return
        is_trained = bool(net.module_.encoder.is_trained)
        is_linear = fitted is not None and bool(fitted.fold_maps)
        is_held_out = validation is not None and len(validation) >= MIN_HELD_OUT
        if is_linear and not (is_trained and is_held_out):
            # Cells that were trained without held-out sequences, or with few, are
            # supposed to be at least as good as the linear map.
            pairs = self._sample_pairs(encoded)
            errors, measured = measure_linear_forecasts(
                net, self._make_dataset, pairs, fitted.fold_maps
            )
        elif validation is not None and is_trained:
            pairs, linear = validation, net.module_.encoder.linear
            if started is not None and linear is not None:
                linear.load(started, shares=True)  # without the held-out pairs
            errors, measured = measure_network_forecasts(net, self._make_dataset, pairs)
            if fitted is not None and linear is not None:
                linear.load(fitted, shares=True)
        else:
            # Training that continues keeps the errors of the network it started from.
            self._errors = before if fitted is None else None
            return
        if pairs.weights is not None:
            errors *= np.sqrt(pairs.weights[measured])[:, None]
        self._errors = ErrorQuantiles(errors)

    def _scale_errors(self, sources):
        """Return the scale of the errors of sequences: (n_samples, F).

        Errors count in the loss in proportion to it.
        """
        location_scale = self._relative.compute_location_scale(sources)
        if location_scale is None:
            n_features = self._target_features.numeric.n_features
            return np.ones((len(sources), n_features))
        return location_scale[:, 1] / np.sqrt(self._weigh(location_scale))

    def _explain_missing_errors(self):
        """Return why there are no prediction intervals, and how to get them."""
        n_classes = self._target_features.n_classes
        if n_classes:
            return (
                "predict_interval needs numeric targets, but y has "
                f"{count(len(n_classes), 'categorical feature')}. Use predict_top for "
                "tokens."
            )
        if self._shortest != self._longest:
            return (
                "predict_interval needs targets of one length, but those of fit have "
                f"{self._shortest} to {self._longest} time steps. Fit with targets of "
                "equal lengths."
            )
        return (
            "predict_interval needs the errors of held-out sequences, but fit held out "
            "none. Set early_stopping=True and call fit with more sequences, or with "
            "a longer series or a shorter horizon."
        )
