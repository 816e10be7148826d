"""Fit the linear forecast of a net, and measure the errors of its forecasts."""

from contextlib import closing

import numpy as np

from sklearn_seqembed._network.resampling import interpolate_missing
from sklearn_seqembed._network.ridge import ForecastFit, Moments, fit_forecast

# Upper bound on the multiplications of a fit, which take some seconds on one core, and
# on the forecasts whose errors are kept for intervals, and on their values (64 MiB of
# float32). They limit time and memory and were not tuned.
FIT_PRODUCTS = 2**37
MEASURED_FORECASTS = 2000
MEASURED_VALUES = 2**24


def fit_linear_forecast(net, dataset, weights, few=False):
    """Fit the linear forecast of the encoder of a net.

    Parameters
    ----------
    net : SequenceNet
        The net, whose encoder has a :class:`LinearForecast`.
    dataset : PairDataset or SequenceDataset
        Sequences and the steps that follow them, without augmentation.
    weights : float32 ndarray of shape (n_samples, F)
        Weights of the features of each target.
    few : bool, default=False
        As for :func:`fit_forecast`.

    Returns
    -------
    ForecastFit
        What was fitted.
    """
    linear = net.module_.encoder.linear
    n_inputs, n_targets = len(linear.encoding), linear.decoding.shape[1]
    moments = Moments(len(dataset), n_inputs, n_targets)
    for indices, inputs, targets, observed in _iter_pairs(net, dataset):
        weight = weights[indices].mean(axis=1, dtype=float)
        weight = weight * observed.mean(axis=(1, 2))
        moments.add(indices, inputs, targets.reshape(len(targets), -1), weight)
    n_components = linear.encoding.shape[1]
    shape = linear.shape
    n_features = n_inputs // shape.n_lags
    fitted = fit_forecast(moments, n_features, shape.columns, n_components, few)
    linear.load(fitted)
    return fitted


def share_components(net, dataset):
    """Leave half of the components of a linear forecast to cells that were not trained.

    Parameters
    ----------
    net : SequenceNet
        The net, whose linear forecast has all components.
    dataset : PairDataset or SequenceDataset
        Pairs that tell which components matter most for forecasts.
    """
    linear = net.module_.encoder.linear
    gram = np.zeros((len(linear.encoding),) * 2)
    for _, inputs, _, _ in _iter_pairs(net, dataset):
        gram += inputs.T @ inputs
    encoding, decoding = (
        weights.cpu().numpy().astype(np.float64)
        for weights in (linear.encoding, linear.decoding)
    )
    unexplained = float(linear.unexplained)
    fitted = ForecastFit(encoding, decoding, unexplained, [], gram, len(dataset))
    linear.load(fitted, shares=True)


def count_fitted_pairs(shape, n_features):
    """Return the maximum number of pairs to which a linear forecast is fitted."""
    n_inputs = shape.n_lags * n_features
    n_targets = shape.horizon * len(shape.columns)
    return max(1, FIT_PRODUCTS // (n_inputs * (n_inputs + n_targets)))


def measure_linear_forecasts(net, make_dataset, pairs, fold_maps):
    """Measure the errors of linear forecasts of the folds that were left out.

    Parameters
    ----------
    net : SequenceNet
        The net.
    make_dataset : callable
        Makes a dataset of pairs.
    pairs : Pairs
        The encoded pairs that were passed to :func:`fit_linear_forecast`.
    fold_maps : list of ndarray of shape (D, T)
        Maps that were fitted without each fold.

    Returns
    -------
    errors : float32 ndarray of shape (n_measured, horizon, F)
        Absolute errors, relative to the sequence; NaN where the target is missing.
    indices : int ndarray of shape (n_measured,)
        The pairs that were measured.
    """
    shape = net.module_.encoder.linear.shape
    chosen = _choose_measured(pairs, shape.horizon * len(shape.columns))
    folds = chosen * len(fold_maps) // len(pairs)
    errors = np.empty((len(chosen), shape.horizon, len(shape.columns)), np.float32)
    for indices, inputs, targets, observed in _iter_pairs(
        net, make_dataset(pairs[chosen])
    ):
        for fold in np.unique(folds[indices]):
            rows = folds[indices] == fold
            predicted = inputs[rows] @ fold_maps[fold]
            error = np.abs(predicted.reshape(targets[rows].shape) - targets[rows])
            errors[indices[rows]] = np.where(observed[rows], error, np.nan)
    return errors, chosen


def measure_network_forecasts(net, make_dataset, pairs):
    """Measure the errors of the forecasts of a net: as `measure_linear_forecasts`.

    All targets have the same number of time steps.
    """
    n_steps = int(pairs.targets.lengths[0])
    n_features = net.module_.decoders["prediction"].n_features
    chosen = _choose_measured(pairs, n_steps * n_features)
    errors = np.empty((len(chosen), n_steps, n_features), np.float32)
    dataset = make_dataset(pairs[chosen])
    with closing(net.predict_parts(dataset)) as predictions:
        for indices, outputs, targets in predictions:
            target = targets["prediction"]
            error = (outputs["prediction"][0] - target["values"]).abs().numpy()
            observed = (target["weights"] > 0).expand(error.shape).numpy()
            errors[indices] = np.where(observed, error, np.nan)
    return errors, chosen


def _choose_measured(pairs, n_values):
    """Return the indices of some pairs, evenly spaced."""
    n_measured = min(MEASURED_FORECASTS, max(1, MEASURED_VALUES // n_values))
    n_measured = min(n_measured, len(pairs))
    return np.linspace(0, len(pairs) - 1, n_measured).astype(int)


def _iter_pairs(net, dataset):
    """Yield indices, inputs (N, D), targets (N, L, F) and where these are observed."""
    linear = net.module_.encoder.linear
    for indices, inputs, targets in net._iter_batches(dataset):
        values = net._run(linear.read, inputs["numeric"], inputs["lengths"])
        (target,) = targets.values()
        observed = (target["weights"] > 0).expand(target["values"].shape)
        filled = interpolate_missing(target["values"], ~observed)
        yield (
            indices,
            values.cpu().numpy().astype(np.float64),
            filled.numpy().astype(np.float64),
            observed.numpy(),
        )
