"""Labels of points that cover neither each other nor other points."""

import numpy as np

# Where a label may stand, relative to its point: alignment, and offset in points.
PLACES = (
    ("left", "bottom", 3, 2),
    ("right", "bottom", -3, 2),
    ("left", "top", 3, -2),
    ("right", "top", -3, -2),
)


def label_points(ax, names, positions, n_labels=None, fontsize=8):
    """Label points, in the given order, where there is room.

    Parameters
    ----------
    ax : matplotlib Axes
        Axes in which the points are drawn, with limits that no longer change.
    names : list of str
        Labels.
    positions : array-like of shape (n_points, 2)
        The points.
    n_labels : int, default=None
        Largest number of labels.
    fontsize : float, default=8
        Size of the labels.

    Returns
    -------
    list of str
        Names of the points that are labeled.
    """
    ax.figure.canvas.draw()  # fixes the positions in pixels
    renderer = ax.figure.canvas.get_renderer()
    pixels = ax.transData.transform(np.asarray(positions, dtype=float))
    frame, taken, labeled = ax.get_window_extent(), [], []
    for i, name in enumerate(names):
        if n_labels is not None and len(labeled) == n_labels:
            break
        for horizontal, vertical, dx, dy in PLACES:
            text = ax.annotate(
                name,
                positions[i],
                xytext=(dx, dy),
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=fontsize,
            )
            box = text.get_window_extent(renderer)
            is_inside = frame.containsx(box.x0) and frame.containsx(box.x1)
            is_inside &= frame.containsy(box.y0) and frame.containsy(box.y1)
            others = np.delete(pixels, i, axis=0)
            covers = np.any(np.all((others > box.min) & (others < box.max), axis=1))
            if is_inside and not covers and not any(map(box.overlaps, taken)):
                taken.append(box)
                labeled.append(name)
                break
            text.remove()
    return labeled
