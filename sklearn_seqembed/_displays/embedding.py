"""EmbeddingDisplay: a map of vectors in two dimensions."""

import datetime

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import check_array

from sklearn_seqembed._data.messages import count
from sklearn_seqembed._displays.style import (
    FONT_SIZE,
    MARKERS,
    gray,
    list_colors,
    make_ax,
    make_colormap,
    tidy,
)

KINDS = "auto", "class", "number", "time"
# Integers with more distinct values are numbers.
MAX_INTEGER_CLASSES = 20
# Points of larger maps are smaller.
N_LARGE_POINTS = 400


class EmbeddingDisplay:
    """Map of vectors in two dimensions, colored by a class, a number or a time.

    It is recommended to use :meth:`from_estimator` or :meth:`from_vectors`. All
    parameters are stored as attributes.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        Position of each sequence.
    y : ndarray of shape (n_samples,), default=None
        Class, number or time of each sequence.
    y_kind : {"class", "number", "time", None}, default=None
        What y holds.
    axis_labels : tuple of str, default=("Component 1", "Component 2")
        Labels of both axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    scatter_ : dict of str to matplotlib PathCollection
        The points by class, with the other ones under "other"; under "all" if there
        are no classes.
    colorbar_ : matplotlib Colorbar or None
        The color bar of numbers and times.
    legend_ : matplotlib Legend or None
        The legend of classes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_seqembed.displays import EmbeddingDisplay
    >>> vectors = np.random.default_rng(0).normal(size=(20, 5))
    >>> display = EmbeddingDisplay.from_vectors(vectors, ["a", "b"] * 10)
    >>> list(display.scatter_)
    ['a', 'b']
    """

    def __init__(
        self,
        points,
        y=None,
        *,
        y_kind=None,
        axis_labels=("Component 1", "Component 2"),
    ):
        self.points = points
        self.y = y
        self.y_kind = y_kind
        self.axis_labels = axis_labels

    @classmethod
    def from_estimator(
        cls,
        embedder,
        X,
        y=None,
        *,
        reducer=None,
        y_kind="auto",
        max_classes=10,
        ax=None,
    ):
        """Draw a map of the vectors of sequences.

        Parameters
        ----------
        embedder : estimator
            A fitted estimator whose `transform` returns vectors: one of this package,
            or a pipeline.
        X : list, array, tensor or frame of n_samples sequences
            The sequences.
        y : array-like of shape (n_samples,), default=None
            As in :meth:`from_vectors`.
        reducer : transformer, default=None
            As in :meth:`from_vectors`.
        y_kind : {"auto", "class", "number", "time"}, default="auto"
            As in :meth:`from_vectors`.
        max_classes : int, default=10
            As in :meth:`from_vectors`.
        ax : matplotlib Axes, default=None
            Axes to draw into. By default, a new figure is made.

        Returns
        -------
        display : EmbeddingDisplay
            The display, drawn.
        """
        if not hasattr(embedder, "transform"):
            raise TypeError(
                f"embedder is of type {type(embedder).__name__}, which has no method "
                "transform. Pass a fitted estimator of this package."
            )
        return cls.from_vectors(
            embedder.transform(X),
            y,
            reducer=reducer,
            y_kind=y_kind,
            max_classes=max_classes,
            ax=ax,
        )

    @classmethod
    def from_vectors(
        cls, vectors, y=None, *, reducer=None, y_kind="auto", max_classes=10, ax=None
    ):
        """Draw a map of vectors.

        Parameters
        ----------
        vectors : array-like or frame of shape (n_samples, n_components)
            The vectors.
        y : array-like of shape (n_samples,), default=None
            Class, number or time of each sequence. None draws all points alike.
        reducer : transformer, default=None
            Object whose `fit_transform` returns two columns or more, such as `TSNE`.
            None is `PCA`, whose axes are labelled with the fraction of the variance
            that they explain.
        y_kind : {"auto", "class", "number", "time"}, default="auto"
            What y holds. With "auto", strings, bools, categories and integers with up
            to 20 distinct values are classes.
        max_classes : int, default=10
            Number of classes with a color, a marker and an entry in the legend: the
            most frequent ones. The others are gray.
        ax : matplotlib Axes, default=None
            Axes to draw into. By default, a new figure is made.

        Returns
        -------
        display : EmbeddingDisplay
            The display, drawn.
        """
        vectors = check_array(vectors, dtype=np.float64, ensure_min_samples=2)
        points, labels = _reduce(vectors, reducer)
        y, kind = _check_colors(y, len(vectors), y_kind)
        display = cls(points, y, y_kind=kind, axis_labels=labels)
        return display.plot(max_classes=max_classes, ax=ax)

    def plot(self, *, max_classes=10, ax=None):
        """Draw the map.

        Parameters
        ----------
        max_classes : int, default=10
            As in :meth:`from_vectors`.
        ax : matplotlib Axes, default=None
            Axes to draw into. By default, a new figure is made.

        Returns
        -------
        self : EmbeddingDisplay
            The display.
        """
        self.ax_ = ax = make_ax(ax, type(self).__name__, height=4.4)
        self.figure_, self.colorbar_, self.legend_ = ax.figure, None, None
        self.scatter_ = {}
        self._style = {"linewidths": 0, "alpha": 0.85}
        self._style["s"] = 26 if len(self.points) <= N_LARGE_POINTS else 14
        if self.y_kind == "class":
            self._plot_classes(ax, max_classes)
        elif self.y_kind is None:
            self._scatter("all", slice(None), color=list_colors(ax)[0])
        else:
            self._plot_numbers(ax)
        tidy(ax)
        ax.set_xlabel(self.axis_labels[0])
        ax.set_ylabel(self.axis_labels[1])
        return self

    def _scatter(self, name, mask, **options):
        points = self.points[mask]
        self.scatter_[name] = self.ax_.scatter(
            points[:, 0], points[:, 1], **self._style | options
        )
        return self.scatter_[name]

    def _plot_classes(self, ax, max_classes):
        """Draw one color and marker per class, and the rest in gray."""
        labels = np.array([str(label) for label in self.y.tolist()])
        classes, first, counts = np.unique(
            labels, return_index=True, return_counts=True
        )
        if self.y.dtype.kind in "biuf":  # in the order of the numbers
            by_value = np.argsort(self.y[first], kind="stable")
            classes, counts = classes[by_value], counts[by_value]
        order = np.argsort(-counts, kind="stable")[: max(1, int(max_classes))]
        shown = classes[np.sort(order)]
        rest = ~np.isin(labels, shown)
        n_others = len(classes) - len(shown)
        if n_others:
            name = f"other ({n_others} classes)" if n_others > 1 else "other (1 class)"
            self._scatter(
                "other", rest, color=gray(ax, 0.35), label=name, s=self._style["s"] / 2
            )
        colors = list_colors(ax)
        for i, label in enumerate(shown):
            self._scatter(
                str(label),
                labels == label,
                color=colors[i % len(colors)],
                # Colors return with another marker.
                marker=MARKERS[i % len(MARKERS)],
                label=str(label) if len(label) <= 24 else f"{label[:23]}…",
            )
        handles, names = ax.get_legend_handles_labels()
        if n_others:  # at the end of the legend
            handles, names = handles[1:] + handles[:1], names[1:] + names[:1]
        self.legend_ = ax.legend(
            handles,
            names,
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            frameon=False,
            fontsize=FONT_SIZE,
            markerscale=1.3,
            borderaxespad=0,
            handletextpad=0.3,
        )

    def _plot_numbers(self, ax):
        """Draw numbers or times in a sequence of colors, with a color bar."""
        values, is_known = self.y, ~np.isnan(self.y.astype(np.float64))
        if self.y_kind == "time":
            from matplotlib.dates import (
                AutoDateLocator,
                ConciseDateFormatter,
                date2num,
            )

            is_known = ~np.isnat(self.y)
            values = np.full(len(self.y), np.nan)
            values[is_known] = date2num(self.y[is_known])
        if not is_known.all():
            self._scatter("missing", ~is_known, color=gray(ax, 0.3))
        drawn = self._scatter(
            "all", is_known, c=values[is_known], cmap=make_colormap(ax)
        )
        self.colorbar_ = ax.figure.colorbar(drawn, ax=ax, pad=0.02, aspect=30)
        self.colorbar_.outline.set_visible(False)
        self.colorbar_.ax.tick_params(labelsize=FONT_SIZE)
        if self.y_kind == "time":
            locator = AutoDateLocator(minticks=3, maxticks=7)
            self.colorbar_.locator = locator
            self.colorbar_.formatter = ConciseDateFormatter(locator)
            self.colorbar_.update_ticks()


def _reduce(vectors, reducer):
    """Return points of two dimensions, and the labels of their axes."""
    if reducer is None:
        if vectors.shape[1] < 2:
            raise ValueError(
                "vectors have 1 component, but a map needs two. Set n_components to at "
                "least 2."
            )
        pca = PCA(2, random_state=0)
        points = pca.fit_transform(vectors)
        fractions = np.nan_to_num(pca.explained_variance_ratio_)
        labels = [
            f"Principal component {i} ({fraction:.0%} of the variance)"
            for i, fraction in enumerate(fractions, start=1)
        ]
        return points, tuple(labels)
    if not hasattr(reducer, "fit_transform"):
        raise TypeError(
            f"reducer is of type {type(reducer).__name__}, which has no method "
            "fit_transform. Pass a transformer, such as "
            "sklearn.manifold.TSNE(random_state=0)."
        )
    points = np.asarray(reducer.fit_transform(vectors), dtype=np.float64)
    name = type(reducer).__name__
    if points.ndim != 2 or points.shape[1] < 2 or len(points) != len(vectors):
        raise ValueError(
            f"{name} returned an array of shape {points.shape}, expected "
            f"({len(vectors)}, 2). Set its n_components to 2."
        )
    return points[:, :2], (f"{name} 1", f"{name} 2")


def _check_colors(y, n_samples, kind):
    """Return y as an array, and what it holds."""
    if kind not in KINDS:
        raise ValueError(f"y_kind == {kind!r}, must be one of {list(KINDS)}.")
    if y is None:
        return None, None
    is_category = str(getattr(y, "dtype", "")).lower().startswith(("categ", "enum"))
    y = np.asarray(y)
    if y.ndim != 1:
        raise ValueError(f"y has shape {y.shape}, expected ({n_samples},).")
    if len(y) != n_samples:
        raise ValueError(
            f"y has {count(len(y), 'value')}, but there are "
            f"{count(n_samples, 'vector')}. Pass one value for each sequence."
        )
    if kind == "auto":
        kind = "class" if is_category else _guess_kind(y)
    try:
        if kind == "number":
            y = y.astype(np.float64)
        elif kind == "time":
            y = y.astype("datetime64[us]")
    except (TypeError, ValueError) as exc:
        raise ValueError(
            f"y_kind='{kind}', but y cannot be converted: {exc}. Pass y_kind='class'."
        ) from exc
    return y, kind


def _guess_kind(y):
    if y.dtype.kind == "M":
        return "time"
    if y.dtype.kind == "O" and len(y):
        known = [value for value in y.tolist() if value is not None and value == value]
        if known and all(isinstance(value, datetime.date) for value in known):
            return "time"
        return "class"
    if y.dtype.kind == "f":
        return "number"
    if y.dtype.kind in "iu" and len(np.unique(y)) > MAX_INTEGER_CLASSES:
        return "number"
    return "class"
