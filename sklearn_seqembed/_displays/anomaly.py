"""AnomalyDisplay: a long series, and how unusual it is at each time step."""

import numpy as np

from sklearn_seqembed._data.scalars import check_real
from sklearn_seqembed._displays.spans import check_length, check_spans
from sklearn_seqembed._displays.style import (
    blend,
    gray,
    list_colors,
    make_grid,
    put_legend_above,
    text_color,
    tidy,
)
from sklearn_seqembed._displays.times import (
    check_times,
    find_zone,
    format_dates,
    is_time,
)
from sklearn_seqembed._displays.values import choose_features
from sklearn_seqembed.datasets import average_windows, make_windows

MAX_FEATURES = 4


class AnomalyDisplay:
    """A series, and how unusual it is over time.

    It is recommended to use :meth:`from_estimator` or :meth:`from_scores`. All
    parameters are stored as attributes.

    Parameters
    ----------
    series : ndarray of shape (n_timesteps, n_features)
        The series.
    scores : ndarray of shape (n_timesteps,)
        How unusual each time step is: higher scores are more unusual. NaN where
        unknown.
    threshold : float, default=None
        Scores above it are alarms.
    times : ndarray of shape (n_timesteps,), default=None
        Time of each step.
    spans : list of (int, int), default=None
        First time step, and the one after the last, of each labeled span.
    feature_names : list of str, default=None
        Names of the features.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        Axes of the series and of the scores.
    figure_ : matplotlib Figure
        The figure.
    is_alarm_ : bool ndarray of shape (n_timesteps,)
        Where scores exceed the threshold.
    span_patches_ : list of matplotlib artists
        Shaded spans, in both axes.

    Examples
    --------
    >>> from sklearn_seqembed.displays import AnomalyDisplay
    >>> series, scores = [0.0, 1.0, 0.0, 5.0], [1.0, 1.0, 1.0, 3.0]
    >>> display = AnomalyDisplay.from_scores(series, scores, threshold=2.0)
    >>> display.is_alarm_
    array([False, False, False,  True])
    """

    def __init__(
        self,
        series,
        scores,
        *,
        threshold=None,
        times=None,
        spans=None,
        feature_names=None,
    ):
        self.series = series
        self.scores = scores
        self.threshold = threshold
        self.times = times
        self.spans = spans
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        embedder,
        series,
        lookback,
        *,
        stride=1,
        threshold=None,
        reference=None,
        quantile=0.99,
        times=None,
        spans=None,
        features=None,
        ax=None,
    ):
        """Score the windows of a series, and draw the averages over time.

        Parameters
        ----------
        embedder : LSTMSequenceEmbedder
            An embedder that was fitted to windows of a usual series.
        series : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
            The series, in any form that :func:`~sklearn_seqembed.datasets.make_windows`
            accepts.
        lookback : int
            Number of time steps of each window: that of the windows of `fit`. With
            others, scores distinguish unusual steps worse.
        stride : int, default=1
            Number of time steps between the starts of two windows.
        threshold : float, default=None
            Scores above it are alarms. Scores are minus the averages of
            `score_samples` of the windows around a time step: higher is more unusual.
        reference : array-like, default=None
            Another usual series, whose scores have the threshold as their `quantile`.
            It should not have been used in `fit`: the scores of such a series are
            lower than those of others, and the threshold would be too low.
        quantile : float, default=0.99
            Fraction, in (0, 1), of the scores of `reference` below the threshold.
        times : array-like of shape (n_timesteps,), default=None
            Time of each step: dates or numbers. By default, those of a pandas index of
            dates, otherwise the steps are numbered.
        spans : list of pairs or array-like of shape (n_timesteps,), default=None
            Labeled spans: pairs of the first time step and the one after the last;
            pairs of dates, the first and the last one of a span, if the times are
            dates; or a mask of bools, or of 0 and 1.
        features : array-like of int or str, default=None
            Features to draw. By default, the first four.
        ax : matplotlib Axes or array of two Axes, default=None
            One Axes is divided. By default, a new figure is made.

        Returns
        -------
        display : AnomalyDisplay
            The display, drawn.
        """
        if not hasattr(embedder, "score_samples"):
            raise TypeError(
                f"embedder is of type {type(embedder).__name__}, which has no method "
                "score_samples. Pass a fitted LSTMSequenceEmbedder."
            )
        if threshold is not None and reference is not None:
            raise ValueError("Pass either threshold or reference, but not both.")
        scores = _score_steps(embedder, series, lookback, stride)
        if reference is not None:
            check_real(quantile, "quantile", max_val=1, include_boundaries="neither")
            usual = _score_steps(embedder, reference, lookback, stride)
            threshold = float(np.nanquantile(usual, quantile))
        return cls.from_scores(
            series,
            scores,
            threshold=threshold,
            times=times,
            spans=spans,
            features=features,
            ax=ax,
        )

    @classmethod
    def from_scores(
        cls,
        series,
        scores,
        *,
        threshold=None,
        times=None,
        spans=None,
        features=None,
        ax=None,
    ):
        """Draw a series and given scores.

        Parameters
        ----------
        series : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
            The series.
        scores : array-like of shape (n_timesteps,)
            How unusual each time step is: higher is more unusual. NaN where unknown.
        threshold : float, default=None
            Scores above it are alarms.
        times : array-like of shape (n_timesteps,), default=None
            As in :meth:`from_estimator`.
        spans : list of pairs or array-like of shape (n_timesteps,), default=None
            As in :meth:`from_estimator`.
        features : array-like of int or str, default=None
            As in :meth:`from_estimator`.
        ax : matplotlib Axes or array of two Axes, default=None
            One Axes is divided. By default, a new figure is made.

        Returns
        -------
        display : AnomalyDisplay
            The display, drawn.
        """
        # One window as long as the series checks and converts it.
        values = make_windows(series, 1, 0)[0][:, 0].astype(np.float64)
        n_steps = len(values)
        scores = check_length(scores, "scores", n_steps).astype(np.float64)
        if threshold is not None:
            check_real(threshold, "threshold")
            threshold = float(threshold)
        names = _name_columns(series, values.shape[1])
        chosen = choose_features(features, names, [True] * len(names), MAX_FEATURES)
        if times is None:
            times = _read_index(series)
            zone = getattr(getattr(series, "index", None), "tz", None)
        else:
            zone = find_zone(times)
            times = check_length(check_times(times, "times"), "times", n_steps)
        display = cls(
            values[:, chosen],
            scores,
            threshold=threshold,
            times=times,
            spans=check_spans(spans, n_steps, times, zone),
            feature_names=[names[k] for k in chosen],
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the series and the scores.

        Axes into which a display has drawn before are cleared.

        Parameters
        ----------
        ax : matplotlib Axes or array of two Axes, default=None
            One Axes is divided. By default, a new figure is made.

        Returns
        -------
        self : AnomalyDisplay
            The display.
        """
        options = {"height_ratios": (3, 2)}
        if np.size(ax) == 1:
            options["sharex"] = True
        grid = make_grid(ax, type(self).__name__, 2, 1, 1.7, **options)
        self.axes_ = top, bottom = grid[:, 0]
        self.figure_ = top.figure
        x = np.arange(len(self.scores)) if self.times is None else self.times
        self.is_alarm_ = np.zeros(len(self.scores), dtype=bool)
        if self.threshold is not None:
            self.is_alarm_ = np.nan_to_num(self.scores, nan=-np.inf) > self.threshold
        colors = list_colors(top)
        # Alarms are vermilion, or orange on a dark background.
        lines = [color for i, color in enumerate(colors) if i != 1]
        handles = {}
        series = np.reshape(self.series, (len(self.scores), -1))
        for k, values in enumerate(series.T):
            color = lines[k % len(lines)]
            (line,) = top.plot(x, values, color=color, linewidth=1.1)
            if self.feature_names is not None:
                line.set_label(self.feature_names[k])
                handles[self.feature_names[k]] = line
            alarmed = np.where(self.is_alarm_, values, np.nan)
            if self.is_alarm_.any():
                (line,) = top.plot(x, alarmed, color=colors[1], linewidth=2.2)
                if not k:
                    line.set_label("Alarm")
                    alarm = line
        if self.is_alarm_.any():
            handles["Alarm"] = alarm
        bottom.plot(x, self.scores, color=gray(bottom, 0.75), linewidth=1.1)
        if self.threshold is not None:
            bottom.axhline(self.threshold, color=colors[1], linestyle="--", linewidth=1)
            bottom.fill_between(
                x,
                self.threshold,
                self.scores,
                where=self.is_alarm_,
                interpolate=True,
                color=colors[1],
                linewidth=0,
            )
            bottom.annotate(
                f"threshold {self.threshold:.3g}",
                (1, self.threshold),
                xycoords=("axes fraction", "data"),
                xytext=(-2, 2),
                textcoords="offset points",
                ha="right",
                va="bottom",
                color=text_color(bottom),
                fontsize=9,
                # Scores behind the text do not make it illegible.
                bbox={
                    "facecolor": bottom.get_facecolor(),
                    "edgecolor": "none",
                    "alpha": 0.75,
                    "pad": 0.5,
                },
            )
        self._shade_spans(x)
        if self.span_patches_:
            handles["Labeled"] = self.span_patches_[0]
        for one in self.axes_:
            tidy(one)
            one.margins(x=0.01)
        if is_time(x):
            format_dates(bottom)
        top.tick_params(labelbottom=False)
        single = len(self.feature_names or ()) == 1
        label = self.feature_names[0] if single else "Series"
        top.set_ylabel(label, parse_math=False)
        bottom.set_ylabel("Score\n(high: unusual)")
        bottom.set_xlabel("Time" if self.times is not None else "Time step")
        if len(handles) > single:
            put_legend_above(top, list(handles.values()), list(handles))
        return self

    def _shade_spans(self, x):
        """Shade labeled spans in both axes."""
        self.span_patches_ = []
        # The last step of a span lasts until the next one, and the last one of the
        # series as long as the step before it.
        x = np.asarray(x)
        step = x[-1] - x[-2] if len(x) > 1 else (x - x + 1)[0]
        edges = np.append(x, x[-1] + step)
        for start, stop in self.spans or ():
            for one in self.axes_:
                color = blend(one, list_colors(one)[4], 0.35)
                patch = one.axvspan(
                    edges[start], edges[stop], color=color, linewidth=0, zorder=0
                )
                self.span_patches_.append(patch)


def _score_steps(embedder, series, lookback, stride):
    """Return how unusual each time step of a series is."""
    windows, _ = make_windows(series, lookback, 0, stride=stride)
    windows = list(windows)  # in an array, missing last steps would be padding
    known = [i for i, window in enumerate(windows) if not _is_missing(window)]
    scores = np.full(len(windows), np.nan)
    if known:
        scores[known] = embedder.score_samples([windows[i] for i in known])
    n_steps = len(make_windows(series, 1, 0)[0])
    return -average_windows(scores, lookback, stride=stride, n_timesteps=n_steps)


def _is_missing(window):
    return window.dtype.kind == "f" and bool(np.isnan(window).all())


def _name_columns(series, n_features):
    """Return the names of the columns of a frame or a Series, else numbers."""
    names = getattr(series, "columns", None)
    if names is None:
        name = getattr(series, "name", None)
        names = [name] if name is not None and n_features == 1 else None
    if names is None or callable(names) or len(names) != n_features:
        if n_features == 1:
            return ["Series"]
        return [f"feature {k}" for k in range(n_features)]
    return [str(name) for name in names]


def _read_index(series):
    """Return the dates of a pandas index, None if there are none."""
    index = getattr(series, "index", None)
    if hasattr(index, "to_timestamp"):  # a PeriodIndex
        index = index.to_timestamp()
    if getattr(getattr(index, "dtype", None), "kind", "") != "M":
        return None
    return np.asarray(index.tz_localize(None))
