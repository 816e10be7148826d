"""ForecastDisplay: the past of sequences, their forecasts and prediction intervals."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_seqembed._data.messages import count, warn_user
from sklearn_seqembed._data.scalars import check_integer
from sklearn_seqembed._displays.style import (
    FONT_SIZE,
    gray,
    list_colors,
    make_grid,
    put_legend_above,
    text_color,
    tidy,
)
from sklearn_seqembed._displays.times import check_times, format_dates, is_time
from sklearn_seqembed._displays.values import (
    check_indices,
    choose_features,
    read_values,
)

MAX_FEATURES = 3
# What follows continues a feature if the mean squared difference between its first
# value and the feature's last one is less than this fraction of the feature's variance.
LARGEST_FRACTION = 0.5


class ForecastDisplay:
    """Past, forecast and, if known, truth of some sequences.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as
    attributes.

    Parameters
    ----------
    past : list of list of (ndarray of shape (n_timesteps_i,) or None)
        For each sequence the values that were read, by feature; None if the forecast
        continues no feature.
    forecast : list of list of ndarray of shape (horizon_i,)
        What follows, as predicted.
    lower, upper, truth : list of list of ndarray of shape (horizon_i,), default=None
        Bounds of prediction intervals, and what really follows, which may have another
        length.
    coverage : float, default=None
        Coverage of the intervals.
    times : list of ndarray, default=None
        For each sequence the times of its past and its forecast, or its truth if that
        is longer.
    indices : list of int, default=None
        Position of each sequence in X.
    feature_names : list of str, default=None
        Names of the features.

    Attributes
    ----------
    axes_ : ndarray of shape (n_sequences, n_features) of matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_seqembed.displays import ForecastDisplay
    >>> past, forecast = np.arange(5.0), np.arange(5.0, 8.0)
    >>> display = ForecastDisplay([[past]], [[forecast]]).plot()
    >>> display.axes_.shape
    (1, 1)
    """

    def __init__(
        self,
        past,
        forecast,
        *,
        lower=None,
        upper=None,
        truth=None,
        coverage=None,
        times=None,
        indices=None,
        feature_names=None,
    ):
        self.past = past
        self.forecast = forecast
        self.lower = lower
        self.upper = upper
        self.truth = truth
        self.coverage = coverage
        self.times = times
        self.indices = indices
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        indices=0,
        coverage=0.9,
        n_past=None,
        times=None,
        features=None,
        ax=None,
    ):
        """Forecast sequences, and draw some of them.

        A forecast is drawn after the past of the feature of X with the same name.
        Otherwise, it is drawn after that of the feature which it continues according to
        the estimator, or without a past.

        Parameters
        ----------
        estimator : LSTMSequencePredictor or LSTMSequenceEmbedder
            A fitted predictor of numbers, or an embedder with `objective="forecast"` or
            "composite", which has no prediction intervals.
        X : list, array, tensor or frame of n_samples sequences
            The sequences.
        y : list, array, tensor or frame of n_samples sequences, default=None
            What really follows each sequence.
        indices : int or array-like of int, default=0
            Positions of the sequences to draw.
        coverage : float or None, default=0.9
            Coverage of the prediction intervals, in (0, 1). None draws none. A warning
            is issued if a predictor has none, because `fit` held out no sequences.
        n_past : int, default=None
            Number of time steps of the past to draw. None draws all.
        times : array-like or list of array-like, default=None
            Dates or numbers: the times of the steps of X and of the forecast, or of y
            if that is longer, together. One array for each drawn sequence, or one for
            all. By default, steps are numbered from the last one of X, which is 0.
        features : array-like of int or str, default=None
            Forecast features to draw. By default, the first three.
        ax : matplotlib Axes or array of Axes, default=None
            One Axes is divided. By default, a new figure is made.

        Returns
        -------
        display : ForecastDisplay
            The display, drawn.
        """
        check_is_fitted(estimator)
        predict = _find_method(estimator)
        read = read_values(X, "X", estimator.is_categorical_)
        chosen = check_indices(indices, len(read.values))
        forecast = _read_targets(predict(X), estimator, "the forecast")
        if any(forecast.is_categorical):
            raise ValueError(
                "ForecastDisplay draws numbers, but the forecast holds categories. Use "
                "ReconstructionDisplay to compare tokens."
            )
        bounds = [None, None]
        if coverage is not None and _has_intervals(estimator):
            found = estimator.predict_interval(X, coverage)
            bounds = [_read_targets(bound, estimator, "a bound") for bound in found]
        truth = None
        if y is not None:
            truth = _read_targets(y, estimator, "y")
            _check_truth(truth, forecast)
        sources = _pair_features(estimator, read, forecast, truth)
        names = list(forecast.names)
        for k, source in enumerate(sources):
            if source is not None and not forecast.has_names:
                names[k] = read.names[source]
        drawn = choose_features(features, names, [True] * len(names), MAX_FEATURES)
        past = [
            [None if sources[k] is None else read.values[i][sources[k]] for k in drawn]
            for i in chosen
        ]
        forecast, lower, upper, truth = (
            None
            if sequences is None
            else [[sequences.values[i][k] for k in drawn] for i in chosen]
            for sequences in (forecast, *bounds, truth)
        )
        lengths = [
            len(read.values[i][0]) + _count_next(forecast, truth, n)
            for n, i in enumerate(chosen)
        ]
        display = cls(
            past,
            forecast,
            lower=lower,
            upper=upper,
            truth=truth,
            coverage=None if lower is None else coverage,
            times=_check_times(times, lengths),
            indices=chosen,
            feature_names=[names[k] for k in drawn],
        )
        return display.plot(n_past=n_past, ax=ax)

    def plot(self, *, n_past=None, ax=None):
        """Draw the forecasts.

        Axes into which a display has drawn before are cleared.

        Parameters
        ----------
        n_past : int, default=None
            As in :meth:`from_estimator`.
        ax : matplotlib Axes or array of Axes, default=None
            One Axes is divided. By default, a new figure is made.

        Returns
        -------
        self : ForecastDisplay
            The display.
        """
        if n_past is not None:
            n_past = check_integer(n_past, "n_past", 0)
        n_rows, n_columns = len(self.forecast), len(self.forecast[0])
        height = 2.6 if n_rows == 1 else 1.9
        self.axes_ = make_grid(ax, type(self).__name__, n_rows, n_columns, height)
        self.figure_ = self.axes_.flat[0].figure
        for i in range(n_rows):
            for k in range(n_columns):
                self._plot_one(self.axes_[i, k], i, k, n_past)
        # Not every panel has a past.
        shown = {}
        for one in self.axes_.flat:
            for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
                shown.setdefault(label, handle)
        labels = [label for label in self._list_labels() if label in shown]
        put_legend_above(self.axes_[0, 0], [shown[one] for one in labels], labels)
        for ax in self.axes_[-1]:
            has_times = self.times is not None
            label = "Time" if has_times else "Time step (0: last one read)"
            ax.set_xlabel(label, fontsize=FONT_SIZE)
        return self

    def _list_labels(self):
        """Return the labels that a legend may have, in their order."""
        interval = None if self.lower is None else f"{self.coverage:.0%} interval"
        return "Past", "Truth", interval, "Forecast"

    def _plot_one(self, ax, i, k, n_past):
        """Draw one feature of one sequence."""
        colors = list_colors(ax)
        past, forecast = self.past[i][k], self.forecast[i][k]
        x_past, x_all = self._positions(i)
        x_next = x_all[: len(forecast)]
        past = np.empty(0) if past is None else past
        x_past = x_past[len(x_past) - len(past) :]
        if n_past is not None:
            first = max(0, len(past) - n_past)
            past, x_past = past[first:], x_past[first:]
        marker = "o" if len(forecast) == 1 else None
        if len(past):
            ax.plot(x_past, past, color=gray(ax, 0.75), linewidth=1.3, label="Past")
        # Lines are joined to the last value that was read.
        joined = np.r_[x_past[-1:], x_all] if len(past) else x_all
        n_joined = len(joined) - len(x_all)
        if self.truth is not None:
            truth = self.truth[i][k]
            ax.plot(
                joined[: n_joined + len(truth)],
                np.r_[past[-1:], truth],
                color=gray(ax, 0.75),
                linewidth=1.3,
                linestyle=(0, (2, 1)),
                label="Truth",
            )
        if self.lower is not None:
            ax.fill_between(
                x_next,
                self.lower[i][k],
                self.upper[i][k],
                color=colors[0],
                alpha=0.25,
                linewidth=0,
                label=self._list_labels()[2],
            )
        ax.plot(
            joined[: n_joined + len(forecast)],
            np.r_[past[-1:], forecast],
            color=colors[0],
            linewidth=1.8,
            marker=marker,
            markersize=4,
            label="Forecast",
        )
        tidy(ax)
        ax.margins(x=0.01)
        if is_time(x_next):
            format_dates(ax)
        name = None if self.feature_names is None else self.feature_names[k]
        if name is not None and name != "feature 0":
            ax.set_ylabel(name, fontsize=FONT_SIZE, parse_math=False)
        if self.indices is not None and len(self.indices) > 1 and not k:
            ax.text(
                0.01,
                0.97,
                f"X[{self.indices[i]}]",
                transform=ax.transAxes,
                va="top",
                color=text_color(ax),
                fontsize=FONT_SIZE,
            )

    def _positions(self, i):
        """Return the positions on the x axis of the past, and of what follows."""
        n_next = _count_next(self.forecast, self.truth, i)
        if self.times is not None:
            times = np.asarray(self.times[i])
            return times[: len(times) - n_next], times[len(times) - n_next :]
        n_read = max(
            (len(past) for past in self.past[i] if past is not None), default=0
        )
        return np.arange(1 - n_read, 1), np.arange(1, n_next + 1)


def _has_intervals(estimator):
    """Return whether there are intervals, and warn if a predictor has none."""
    if not hasattr(estimator, "predict_interval"):
        return False
    if estimator._errors is None:
        warn_user(
            f"No intervals are drawn: {estimator._explain_missing_errors()} "
            "Pass coverage=None to avoid this warning."
        )
    return estimator._errors is not None


def _find_method(estimator):
    """Return the method that forecasts."""
    if hasattr(estimator, "predict_interval"):
        return estimator.predict
    if hasattr(estimator, "forecast"):
        return estimator.forecast
    raise TypeError(
        f"{type(estimator).__name__} does not forecast sequences here. Pass an "
        "LSTMSequencePredictor, or an LSTMSequenceEmbedder with objective='forecast' "
        "or 'composite'."
    )


def _read_targets(y, estimator, name):
    """Read sequences that follow others; single values are sequences of one step."""
    schema = getattr(estimator, "_target_schema", None)
    categorical = getattr(estimator, "is_categorical_target_", None)
    if categorical is None:
        categorical = estimator.is_categorical_
    if schema is not None and (schema.is_single or schema.has_columns):
        array = np.asarray(y)
        if schema.has_columns and array.ndim == 2:
            names = getattr(y, "columns", None)
            values = [[np.array([v], dtype=float) for v in row] for row in array]
            read = read_values(array[:, None, :], name, categorical)
            if names is not None:
                read = read._replace(names=[str(n) for n in names], has_names=True)
            return read._replace(values=values)
        if array.ndim == 1 and array.dtype.kind in "biuf":
            y = array[:, None]
    return read_values(y, name, categorical)


def _check_truth(truth, forecast):
    """Raise an error unless truth and forecast have the same shapes."""
    if len(truth.values) != len(forecast.values):
        raise ValueError(
            f"y holds {count(len(truth.values), 'sequence')}, but X holds "
            f"{len(forecast.values)}. Pass what follows each sequence of X."
        )
    if len(truth.names) != len(forecast.names):
        raise ValueError(
            f"y has {count(len(truth.names), 'feature')}, but the forecast has "
            f"{len(forecast.names)}. Pass the features that are forecast."
        )


def _count_next(forecast, truth, i):
    """Return how many time steps follow a sequence, as predicted or really."""
    rows = [forecast[i]] if truth is None else [forecast[i], truth[i]]
    return max(len(values) for row in rows for values in row)


def _pair_features(estimator, read, forecast, truth):
    """Return for each forecast feature the feature of X that it continues, or None."""
    n_features = len(forecast.names)
    if not hasattr(estimator, "_target_schema"):
        return list(range(n_features))  # an embedder forecasts what it reads
    sources = [None] * n_features
    columns = estimator._relative.columns
    numeric = []
    for k, is_category in enumerate(read.is_categorical):
        if not is_category:
            numeric += [k] * (2 if read.is_time[k] else 1)  # times are two numbers
    if estimator.instance_norm is False:  # `fit` has not compared the features
        sources = _compare_ends(read, forecast if truth is None else truth)
    elif len(columns) == n_features:
        sources = [numeric[c] if 0 <= c < len(numeric) else None for c in columns]
    if read.has_names and forecast.has_names:
        for k, name in enumerate(forecast.names):
            if name in read.names:
                sources[k] = read.names.index(name)
    return sources


def _compare_ends(read, following):
    """Return the features at the same positions whose ends are continued."""
    sources = [None] * len(following.names)
    for k in range(len(sources) if len(sources) == len(read.names) else 0):
        if read.is_categorical[k]:
            continue
        pasts = [row[k][~np.isnan(row[k])] for row in read.values]
        pairs = [
            (past[-1], row[k][0])
            for past, row in zip(pasts, following.values, strict=True)
            if len(past) and len(row[k]) and not np.isnan(row[k][0])
        ]
        if not pairs:
            continue
        last, first = np.array(pairs).reshape(-1, 2).T
        variance = np.var(np.concatenate(pasts))
        # As `fit` compares them.
        if np.mean((first - last) ** 2) < LARGEST_FRACTION * variance:
            sources[k] = k
    return sources


def _check_times(times, lengths):
    """Return one array of times for each drawn sequence."""
    if times is None:
        return None
    first = times[0] if isinstance(times, (list, tuple)) and len(times) else None
    if first is None or np.ndim(first) == 0:
        times = [times] * len(lengths)
    if len(times) != len(lengths):
        raise ValueError(
            f"times holds {len(times)} arrays, but {count(len(lengths), 'sequence')} "
            "are drawn. Pass one for each, or one for all."
        )
    arrays = [check_times(one, f"times[{i}]") for i, one in enumerate(times)]
    for i, (one, n_steps) in enumerate(zip(arrays, lengths, strict=True)):
        if one.shape != (n_steps,):
            raise ValueError(
                f"times[{i}] has shape {one.shape}, expected ({n_steps},): the time "
                "steps of the sequence and of what follows it."
            )
    return arrays
