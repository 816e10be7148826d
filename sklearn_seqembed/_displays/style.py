"""Colors, axes and legends that all displays share.

Colors follow the current style of matplotlib: they contrast with the background of the
axes, and can be told apart with any color vision (Okabe and Ito).
"""

from weakref import WeakKeyDictionary, WeakSet

import numpy as np

LIGHT_COLORS = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #806000".split()
DARK_COLORS = "#56B4E9 #E69F00 #00B487 #E58FBB #F0E442 #FF7F2A #DDDDDD".split()
MARKERS = "osD^vP<X>"
FONT_SIZE = 9
WIDTH = 7.0  # inches of a new figure

# Axes that a display has drawn into or divided, and the further axes that it has added.
_drawn = WeakKeyDictionary()


def import_pyplot(name):
    """Import matplotlib.pyplot, or raise an error that names the extra."""
    try:
        from matplotlib import pyplot
    except ImportError as exc:
        raise ImportError(
            f"{name}.plot needs matplotlib. Install it with the extra plot: "
            "pip install 'sklearn-seqembed[plot]'."
        ) from exc
    return pyplot


def make_ax(ax, name, height=3.6):
    """Return the axes to draw into: those of the user, or those of a new figure.

    Axes of the user are cleared if a display has drawn into them before, because two
    maps or forecasts in the same axes could not be told apart.
    """
    pyplot = import_pyplot(name)
    if ax is None:
        _, ax = pyplot.subplots(figsize=(WIDTH, height), layout="constrained")
    elif not hasattr(ax, "transData"):
        raise TypeError(
            f"ax is of type {type(ax).__name__}, expected matplotlib Axes. Pass one of "
            "those that plt.subplots returns."
        )
    if ax in _drawn:
        for added in _drawn.pop(ax):
            if added.figure is not None:  # the user may have removed it
                added.remove()
        ax.clear()
    _drawn[ax] = WeakSet()
    return ax


def add_axes(ax, *added):
    """Remember axes that belong to those that `make_ax` returned."""
    _drawn[ax].update(added)


def make_grid(ax, name, n_rows, n_columns, row_height=1.6, **options):
    """Return an array of axes: new ones, parts of one, or those that the user passed.

    Parameters
    ----------
    ax : None, Axes or array-like of Axes
        One Axes is divided, and is no longer visible itself.
    name : str
        Name of the class, for errors.
    n_rows, n_columns : int
        Shape of the array.
    row_height : float, default=1.6
        Inches of each row of a new figure.
    **options : dict
        Passed to `subplots`, `height_ratios` for example.

    Returns
    -------
    axes : ndarray of shape (n_rows, n_columns)
        The axes.
    """
    pyplot = import_pyplot(name)
    if ax is None:
        size = WIDTH, 0.7 + row_height * n_rows
        figure = pyplot.figure(figsize=size, layout="constrained")
        return figure.subplots(n_rows, n_columns, squeeze=False, **options)
    if np.size(ax) == 1 and n_rows * n_columns > 1:
        (ax,) = np.ravel(ax)
        ax = make_ax(ax, name)
        ratios = {k: options.pop(k) for k in ("height_ratios",) if k in options}
        part = ax.get_subplotspec()
        if part is None:
            raise ValueError(
                "ax is at a fixed position and cannot be divided. Pass an Axes that "
                f"plt.subplots returns, or an array of {n_rows * n_columns} Axes."
            )
        ax.set_axis_off()
        grid = part.subgridspec(n_rows, n_columns, **ratios)
        axes = grid.subplots(squeeze=False, **options)
        add_axes(ax, *axes.flat)
        return axes
    axes = np.ravel(np.asarray(ax, dtype=object))
    if len(axes) != n_rows * n_columns:
        raise ValueError(
            f"ax holds {len(axes)} Axes, but {name} draws {n_rows * n_columns} panels "
            f"({n_rows} rows, {n_columns} columns). Pass one Axes, which is divided, "
            "or one for each panel."
        )
    for one in axes:
        make_ax(one, name)
    return axes.reshape(n_rows, n_columns)


def list_colors(ax):
    """Return the palette for the background of axes."""
    return DARK_COLORS if is_dark(ax) else LIGHT_COLORS


def is_dark(ax):
    """Return whether the background of axes is dark."""
    return _is_dark(_find_background(ax))


def _is_dark(color):
    return float(np.dot(color, (0.299, 0.587, 0.114))) < 0.5


def _find_background(ax):
    """Return the RGB values of the background of axes, or of a figure."""
    # The parent of axes may be a part of a figure, which is transparent as well.
    for artist in (ax, ax.figure, ax.figure.figure):
        *color, alpha = artist.get_facecolor()
        if alpha:
            return np.array(color)
    return np.ones(3)


def make_colormap(ax):
    """Return a map of numbers to colors, all of which contrast with the background."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    ends = (0.25, 1.0) if is_dark(ax) else (0.0, 0.9)
    return ListedColormap(colormaps["viridis"](np.linspace(*ends, 256)))


def text_color(ax):
    """Return the color of text in the current style, or one that can be read on axes.

    The background of axes may differ from that of the style.
    """
    from matplotlib import rcParams
    from matplotlib.colors import to_rgb

    color = rcParams["text.color"]
    if _is_dark(to_rgb(color)) != is_dark(ax):
        return color
    return "white" if is_dark(ax) else "black"


def blend(ax, color, fraction):
    """Return the RGB values of a color over the background, without transparency."""
    from matplotlib.colors import to_rgb

    mixed = fraction * np.array(to_rgb(color))
    return tuple(mixed + (1 - fraction) * _find_background(ax))


def gray(ax, fraction=0.55):
    """Return a color between text and background."""
    return blend(ax, text_color(ax), fraction)


def tidy(ax):
    """Remove the frame at the top and the right, and set the size of tick labels."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=FONT_SIZE)


def put_legend(ax, handles, labels, **options):
    """Add a legend whose labels are drawn as they are.

    Matplotlib hides labels that begin with "_", and reads "$" as formulas.

    Parameters
    ----------
    ax : Axes
        The axes.
    handles : list of artists
        What is drawn before each label.
    labels : list of str
        The labels.
    **options : dict
        Passed to `ax.legend`.

    Returns
    -------
    legend : Legend
        The legend.
    """
    hidden = [str(i) for i in range(len(labels))]
    options = {"frameon": False, "fontsize": FONT_SIZE} | options
    legend = ax.legend(handles, hidden, **options)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=label, parse_math=False)
    return legend


def put_legend_above(ax, handles, labels, **options):
    """Put the legend above the axes, outside of the data, in one line if it fits."""
    n_columns = len(labels) if sum(map(len, labels)) + 6 * len(labels) < 95 else 3
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1.0)}
    return put_legend(
        ax,
        handles,
        labels,
        **place | options,
        ncols=max(1, n_columns),
        handlelength=1.6,
        columnspacing=1.4,
        borderaxespad=0.2,
    )
