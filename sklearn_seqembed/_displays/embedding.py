"""EmbeddingDisplay: a map of vectors in two dimensions."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.utils import check_array

from sklearn_seqembed._data.scalars import check_integer
from sklearn_seqembed._displays.colors import (
    MISSING,
    OTHER,
    check_colors,
    name_classes,
)
from sklearn_seqembed._displays.style import (
    FONT_SIZE,
    MARKERS,
    add_axes,
    gray,
    list_colors,
    make_ax,
    make_colormap,
    put_legend,
    tidy,
)
from sklearn_seqembed._displays.times import choose_unit, make_date_axis

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
    y : array-like of shape (n_samples,), default=None
        Class, number or time of each sequence.
    y_kind : {"auto", "class", "number", "time", None}, default="auto"
        What y holds; None is like "auto".
    axis_labels : tuple of str, default=("Component 1", "Component 2")
        Labels of both axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    scatter_ : dict of str to matplotlib PathCollection
        The points by class, with those of rare classes under "other"; under "all" if
        there are no classes. Points whose y is missing are under "missing".
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
        y_kind="auto",
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
            None is `PCA`, whose axes are labeled with the fraction of the variance
            that they explain.
        y_kind : {"auto", "class", "number", "time"}, default="auto"
            What y holds. With "auto", strings, bools, categories and integers with up
            to 20 distinct values are classes. Durations are numbers.
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
        y, kind = check_colors(y, len(vectors), y_kind)
        display = cls(points, y, y_kind=kind, axis_labels=labels)
        return display.plot(max_classes=max_classes, ax=ax)

    def plot(self, *, max_classes=10, ax=None):
        """Draw the map.

        Axes into which a display has drawn before are cleared.

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
        max_classes = check_integer(max_classes, "max_classes", 1)
        y, kind = check_colors(self.y, len(self.points), self.y_kind)
        self.ax_ = ax = make_ax(ax, type(self).__name__, height=4.4)
        self.figure_, self.colorbar_, self.legend_ = ax.figure, None, None
        self.scatter_ = {}
        self._style = {"linewidths": 0, "alpha": 0.85}
        self._style["s"] = 26 if len(self.points) <= N_LARGE_POINTS else 14
        if kind == "class":
            self._plot_classes(ax, y, max_classes)
        elif kind is None:
            self._scatter("all", slice(None), color=list_colors(ax)[0])
        else:
            self._plot_numbers(ax, y, kind)
        tidy(ax)
        ax.set_xlabel(self.axis_labels[0], parse_math=False)
        ax.set_ylabel(self.axis_labels[1], parse_math=False)
        return self

    def _scatter(self, name, mask, **options):
        points = np.asarray(self.points)[mask]
        self.scatter_[name] = self.ax_.scatter(
            points[:, 0], points[:, 1], **self._style | options
        )
        return self.scatter_[name]

    def _plot_classes(self, ax, y, max_classes):
        """Draw one color and marker per class, and the rest in gray."""
        codes, names = name_classes(y)
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        order = np.argsort(-counts, kind="stable")[:max_classes]
        shown, colors = np.sort(order), list_colors(ax)
        legend = {}
        n_others = len(names) - len(shown)
        if n_others:
            self._plot_rest(ax, OTHER, (codes >= 0) & ~np.isin(codes, shown))
        if (codes < 0).any():
            self._plot_rest(ax, MISSING, codes < 0)
        for i, code in enumerate(shown):
            name = names[code]
            label = name if len(name) <= 24 else f"{name[:23]}…"
            points = self._scatter(
                name,
                codes == code,
                color=colors[i % len(colors)],
                # Colors return with another marker.
                marker=MARKERS[i % len(MARKERS)],
                label=label,
            )
            legend[name] = points, label
        if n_others:  # at the end of the legend
            label = f"other ({n_others} classes)" if n_others > 1 else "other (1 class)"
            legend[OTHER] = self.scatter_[OTHER], label
        if MISSING in self.scatter_:
            legend[MISSING] = self.scatter_[MISSING], MISSING
        self.legend_ = put_legend(
            ax,
            *zip(*legend.values(), strict=True),
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            markerscale=1.3,
            borderaxespad=0,
            handletextpad=0.3,
        )

    def _plot_rest(self, ax, name, mask):
        """Draw points that belong to no shown class, below the others."""
        options = {"s": self._style["s"] / 2}
        if name == MISSING:  # open, as the others are filled
            options |= {"facecolors": "none", "linewidths": 0.8}
            self._scatter(name, mask, edgecolors=gray(ax, 0.45), **options)
        else:
            self._scatter(name, mask, color=gray(ax, 0.35), **options)

    def _plot_numbers(self, ax, y, kind):
        """Draw numbers or times in a sequence of colors, with a color bar."""
        values, unit = y, None
        if y.dtype.kind == "m":
            values = y / np.timedelta64(1, "s")
            unit, n_seconds = choose_unit(values)
            values = values / n_seconds
        is_known = ~np.isnan(values)
        if kind == "time":
            from matplotlib.dates import date2num

            values = np.full(len(y), np.nan)
            values[is_known] = date2num(y[is_known])
        if not is_known.all():
            self._scatter(MISSING, ~is_known, color=gray(ax, 0.3))
        drawn = self._scatter(
            "all", is_known, c=values[is_known], cmap=make_colormap(ax)
        )
        self.colorbar_ = bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02, aspect=30)
        add_axes(ax, bar.ax)
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=FONT_SIZE)
        if unit is not None:
            bar.set_label(unit, fontsize=FONT_SIZE)
        if kind == "time":
            bar.locator, bar.formatter = make_date_axis()
            bar.update_ticks()


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
    label = "t-SNE" if name == "TSNE" else name
    return points[:, :2], (f"{label} 1", f"{label} 2")
