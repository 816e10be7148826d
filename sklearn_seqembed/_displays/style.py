"""Colors, axes and legends that all displays share.

Colors follow the current style of matplotlib: they contrast with the background of the
axes, and can be told apart with any color vision (Okabe and Ito).
"""

import numpy as np

LIGHT_COLORS = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #806000".split()
DARK_COLORS = "#56B4E9 #E69F00 #00B487 #E58FBB #F0E442 #FF7F2A #DDDDDD".split()
MARKERS = "osD^vP<X>"
FONT_SIZE = 9
WIDTH = 7.0  # inches of a new figure


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
    """Return the axes to draw into: those of the user, or those of a new figure."""
    pyplot = import_pyplot(name)
    if ax is None:
        _, ax = pyplot.subplots(figsize=(WIDTH, height), layout="constrained")
    elif not hasattr(ax, "transData"):
        raise TypeError(
            f"ax is of type {type(ax).__name__}, expected matplotlib Axes. Pass one of "
            "those that plt.subplots returns."
        )
    return ax


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
        ax.set_axis_off()
        ratios = {k: options.pop(k) for k in ("height_ratios",) if k in options}
        part = ax.get_subplotspec()
        if part is None:
            raise ValueError(
                "ax is at a fixed position and cannot be divided. Pass an Axes that "
                f"plt.subplots returns, or an array of {n_rows * n_columns} Axes."
            )
        grid = part.subgridspec(n_rows, n_columns, **ratios)
        return grid.subplots(squeeze=False, **options)
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
    *color, alpha = ax.get_facecolor()
    if not alpha:
        *color, _ = ax.figure.get_facecolor()
    return float(np.dot(color, (0.299, 0.587, 0.114))) < 0.5


def make_colormap(ax):
    """Return a map of numbers to colors, all of which contrast with the background."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    ends = (0.25, 1.0) if is_dark(ax) else (0.0, 0.9)
    return ListedColormap(colormaps["viridis"](np.linspace(*ends, 256)))


def text_color():
    """Return the color of text in the current style."""
    from matplotlib import rcParams

    return rcParams["text.color"]


def blend(ax, color, fraction):
    """Return the RGB values of a color over the background, without transparency."""
    from matplotlib.colors import to_rgb

    background = ax.get_facecolor()
    if not background[3]:
        background = ax.figure.get_facecolor()
    mixed = fraction * np.array(to_rgb(color))
    return tuple(mixed + (1 - fraction) * np.array(background[:3]))


def gray(ax, fraction=0.55):
    """Return a color between text and background."""
    return blend(ax, text_color(), fraction)


def tidy(ax):
    """Remove the frame at the top and the right, and set the size of tick labels."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=FONT_SIZE)


def put_legend_above(ax, *args, **options):
    """Put the legend above the axes, outside of the data, in one line if it fits."""
    handles, labels = args or ax.get_legend_handles_labels()
    n_columns = len(labels) if sum(map(len, labels)) + 6 * len(labels) < 95 else 3
    return ax.legend(
        handles,
        labels,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=max(1, n_columns),
        frameon=False,
        fontsize=FONT_SIZE,
        handlelength=1.6,
        columnspacing=1.4,
        borderaxespad=0.2,
        **options,
    )


def format_dates(ax):
    """Label dates on the x axis without repeating what they share."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def is_time(values):
    """Return whether an array holds dates or times."""
    return np.asarray(values).dtype.kind == "M"
