"""ReconstructionDisplay: originals and reconstructions, the best and the worst."""

import numpy as np

from sklearn_seqembed._data.scalars import check_integer
from sklearn_seqembed._displays.cells import CategoryColors, plot_cells
from sklearn_seqembed._displays.style import (
    FONT_SIZE,
    WIDTH,
    gray,
    list_colors,
    make_grid,
    put_legend_above,
    tidy,
)
from sklearn_seqembed._displays.times import choose_unit
from sklearn_seqembed._displays.values import (
    check_indices,
    choose_features,
    read_values,
)

MAX_FEATURES = 3
# Fraction of the width of a panel that cells fill.
CELL_FRACTION = 0.85
# Smaller errors are rounding errors.
MIN_ERROR = 1e-6
# Points from the top of axes to that of a title of two lines, and those of a legend.
TITLE_HEIGHT, LEGEND_HEIGHT = 28, 16


class ReconstructionDisplay:
    """Originals and reconstructions of some sequences.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as
    attributes.

    Parameters
    ----------
    originals, reconstructions : list of list of ndarray of shape (n_timesteps_i,)
        For each sequence the values of each feature. Missing ones are NaN or None.
    errors : array-like of shape (n_sequences,)
        Error of each sequence.
    indices : list of int
        Position of each sequence in X.
    is_categorical : list of bool
        Which features are categories.
    feature_names : list of str
        Names of the features.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        For numbers, one row per feature and one column per sequence. If all features
        are categories, one row for each feature of each sequence.
    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_seqembed.displays import ReconstructionDisplay
    >>> display = ReconstructionDisplay(
    ...     [[np.array(list("abc"), object)]],
    ...     [[np.array(list("abx"), object)]],
    ...     [1 / 3],
    ...     [0],
    ...     [True],
    ...     ["letter"],
    ... )
    >>> display.plot().axes_.shape
    (1, 1)
    """

    def __init__(
        self,
        originals,
        reconstructions,
        errors,
        indices,
        is_categorical,
        feature_names,
    ):
        self.originals = originals
        self.reconstructions = reconstructions
        self.errors = errors
        self.indices = indices
        self.is_categorical = is_categorical
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls, embedder, X, *, n_sequences=4, indices=None, features=None, ax=None
    ):
        """Reconstruct sequences, and draw those with the lowest and highest errors.

        The error of a sequence is the mean over features: of numbers the mean squared
        error divided by the variance of the feature in X, and of categories the
        fraction that is wrong. Missing values are not counted.

        Parameters
        ----------
        embedder : LSTMSequenceEmbedder
            An embedder that was fitted to reconstruct sequences.
        X : list, array, tensor or frame of n_samples sequences
            The sequences.
        n_sequences : int, default=4
            Number of sequences to draw, one half with the lowest errors and one half
            with the highest.
        indices : int or array-like of int, default=None
            Positions of the sequences to draw instead.
        features : array-like of int or str, default=None
            Features to draw. By default, the first three.
        ax : matplotlib Axes or array of Axes, default=None
            One Axes is divided. By default, a new figure is made.

        Returns
        -------
        display : ReconstructionDisplay
            The display, drawn.
        """
        if not hasattr(embedder, "reconstruct"):
            raise TypeError(
                f"{type(embedder).__name__} has no method reconstruct here. Pass an "
                "LSTMSequenceEmbedder with objective='reconstruction' or 'composite'."
            )
        decoded = embedder.reconstruct(X)
        is_categorical = embedder.is_categorical_
        original = read_values(X, "X", is_categorical)
        found = read_values(decoded, "the reconstruction", is_categorical)
        errors = _measure_errors(original, found)
        if indices is None:
            n_sequences = check_integer(n_sequences, "n_sequences", 1)
            chosen = _choose_extremes(errors, n_sequences)
        else:
            chosen = check_indices(indices, len(errors))
        names = original.names
        drawn = choose_features(features, names, [True] * len(names), MAX_FEATURES)
        values = [
            [[row[k] for k in drawn] for row in sequences.select(chosen).values]
            for sequences in (original, found)
        ]
        names = [names[k] for k in drawn]
        for n, k in enumerate(drawn):
            if original.is_time[k] and not original.is_categorical[k]:
                names[n] += _convert_seconds(values, n)
        display = cls(
            *values,
            errors[chosen],
            chosen,
            [original.is_categorical[k] for k in drawn],
            names,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the sequences.

        Axes into which a display has drawn before are cleared.

        Parameters
        ----------
        ax : matplotlib Axes or array of Axes, default=None
            One Axes is divided. By default, a new figure is made.

        Returns
        -------
        self : ReconstructionDisplay
            The display.
        """
        n_sequences, n_features = len(self.originals), len(self.feature_names)
        name = type(self).__name__
        if all(self.is_categorical):
            shape, height = (n_sequences * n_features, 1), 0.75
        else:
            shape, height = (n_features, n_sequences), 1.7
        options = {"sharey": "row"} if shape[1] > 1 and np.size(ax) == 1 else {}
        self.axes_ = make_grid(ax, name, *shape, height, **options)
        self.figure_ = self.axes_.flat[0].figure
        self._colors = CategoryColors(self.axes_.flat[0])
        self._width = CELL_FRACTION * WIDTH / shape[1]
        for i in range(n_sequences):
            for k in np.flatnonzero(self.is_categorical):
                self._colors.count(self.originals[i][k], self.reconstructions[i][k])
        for i in range(n_sequences):
            for k in range(n_features):
                if all(self.is_categorical):
                    ax = self.axes_[i * n_features + k, 0]
                else:
                    ax = self.axes_[k, i]
                self._plot_one(ax, i, k)
        if all(self.is_categorical):
            self._colors.put_legend(self.axes_[-1, 0])
        else:
            k = self.is_categorical.index(True) if any(self.is_categorical) else 0
            self._colors.put_legend(self.axes_[k, -1], beside=True)
        return self

    def _plot_one(self, ax, i, k):
        """Draw one feature of one sequence."""
        original, found = self.originals[i][k], self.reconstructions[i][k]
        n_steps = min(len(original), len(found))
        if self.is_categorical[k]:
            plot_cells(
                ax,
                original[:n_steps],
                found[:n_steps],
                self._colors,
                cell_width=self._width / max(1, n_steps),
                may_turn=not all(self.is_categorical),
            )
        else:
            _plot_numbers(ax, original, found)
            if not i and k == self.is_categorical.index(False):
                _put_legend(ax, 0 if k else TITLE_HEIGHT)
        tidy(ax)
        rows = all(self.is_categorical)
        if not k:
            separator = ", " if rows else "\n"
            error = f"error {self.errors[i]:.2g}"
            if 0 < self.errors[i] < MIN_ERROR:
                error = f"error below {MIN_ERROR:g}"
            ax.set_title(
                f"X[{self.indices[i]}]{separator}{error}",
                fontsize=FONT_SIZE,
                loc="left",
                pad=4,
            )
        if rows and len(self.feature_names) > 1:
            ax.text(
                1.01,
                0.5,
                self.feature_names[k],
                transform=ax.transAxes,
                fontsize=FONT_SIZE,
                va="center",
                parse_math=False,
            )
        elif not rows and not i and self.feature_names != ["feature 0"]:
            ax.set_ylabel(self.feature_names[k], fontsize=FONT_SIZE, parse_math=False)
        if not rows and k == len(self.feature_names) - 1:
            ax.set_xlabel("Time step", fontsize=FONT_SIZE)


def _put_legend(ax, height):
    """Put the legend above axes and their titles, which have a height in points."""
    from matplotlib.transforms import ScaledTranslation

    shift = ScaledTranslation(0, height / 72, ax.figure.dpi_scale_trans)
    legend = put_legend_above(
        ax, *ax.get_legend_handles_labels(), bbox_transform=ax.transAxes + shift
    )
    # Its width must not widen the first column. A narrow text reserves its height.
    legend.set_in_layout(False)
    ax.annotate(
        " ",
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, height + LEGEND_HEIGHT),
        textcoords="offset points",
        va="top",
    )


def _plot_numbers(ax, original, found):
    """Draw the original, its reconstruction, and what was filled in."""
    colors, steps = list_colors(ax), np.arange(len(original))
    short = len(steps) == 1
    ax.plot(
        steps,
        original,
        color=gray(ax, 0.45),
        linewidth=2.4,
        marker="o" if short else None,
        label="Original",
    )
    ax.plot(
        steps,
        found[: len(steps)],
        color=colors[1],
        linewidth=1.2,
        marker="o" if short else None,
        label="Reconstruction",
    )
    missing = np.isnan(original)
    if missing.any():
        ax.plot(
            steps,
            np.where(missing, found[: len(steps)], np.nan),
            linestyle="none",
            marker="o",
            markersize=3.5,
            markerfacecolor=ax.get_facecolor(),
            markeredgecolor=colors[1],
            label="Filled in",
        )


def _convert_seconds(values, k):
    """Convert a feature from seconds to a larger unit, and return what names it.

    `values` are lists of sequences, originals and reconstructions, which are changed.
    """
    every = [row[k] for sequences in values for row in sequences]
    unit, n_seconds = choose_unit(np.concatenate(every))
    for sequences in values:
        for row in sequences:
            row[k] = row[k] / n_seconds
    return f"\n({unit} since the first)"


def _measure_errors(original, found):
    """Return the error of each sequence."""
    errors = np.full((len(original.values), len(original.names)), np.nan)
    for k, categorical in enumerate(original.is_categorical):
        variance = 1.0
        if not categorical:
            every = np.concatenate([row[k] for row in original.values])
            known = every[~np.isnan(every)]
            variance = (known.var() if len(known) else 0.0) or 1.0
        for i, (row, decoded) in enumerate(
            zip(original.values, found.values, strict=True)
        ):
            n_steps = min(len(row[k]), len(decoded[k]))
            true, pred = row[k][:n_steps], decoded[k][:n_steps]
            if categorical:
                wrong = [
                    a != b for a, b in zip(true, pred, strict=True) if a is not None
                ]
                errors[i, k] = np.mean(wrong) if wrong else np.nan
            elif not np.isnan(true).all():
                errors[i, k] = np.nanmean((true - pred) ** 2) / variance
    known = ~np.isnan(errors)
    return np.where(known, errors, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def _choose_extremes(errors, n_sequences):
    """Return the positions of the lowest and the highest errors, in this order."""
    order = np.argsort(errors, kind="stable").tolist()
    if n_sequences >= len(order):
        return order
    n_worst = n_sequences // 2
    return order[: n_sequences - n_worst] + order[len(order) - n_worst :]
