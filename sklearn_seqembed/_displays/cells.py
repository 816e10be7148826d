"""Cells for the categories of a sequence, and of its reconstruction below them."""

from collections import Counter

import numpy as np

from sklearn_seqembed._displays.style import (
    DARK_COLORS,
    FONT_SIZE,
    LIGHT_COLORS,
    blend,
    gray,
    list_colors,
    put_legend,
    text_color,
)

# Inches of a character.
CHARACTER_WIDTH = 0.09
# Characters that fit into a cell from bottom to top, and with which they are turned.
N_TURNED = 7
# Colors of both palettes that are not used for categories.
SIMILAR = LIGHT_COLORS[5], DARK_COLORS[6]
# Characters of a label in the legend.
LABEL_LENGTH = 24


class CategoryColors:
    """Colors of categories in all panels of a figure, where no text fits.

    The most frequent categories have a color, and the others are gray.

    Parameters
    ----------
    ax : Axes
        Axes with the background of all panels.
    """

    def __init__(self, ax):
        colors = list_colors(ax)
        # Of pale colors, the second blue and the light gray look like others.
        distinct = [color for color in colors[2:] if color not in SIMILAR]
        self.wrong = blend(ax, colors[1], 0.85)
        self.missing = blend(ax, colors[0], 0.0)
        self._palette = [blend(ax, colors[0], 0.25)]
        self._palette += [blend(ax, color, 0.55) for color in distinct]
        self._other = gray(ax, 0.4)
        self._counts = Counter()
        self._color_of = None

    def count(self, *sequences):
        """Count the categories of sequences, before any color is assigned."""
        for values in sequences:
            self._counts.update(str(value) for value in values if value is not None)

    def assign(self, values):
        """Return the colors of the categories of a sequence."""
        if self._color_of is None:
            ranked = sorted(self._counts, key=lambda name: (-self._counts[name], name))
            shown = sorted(ranked[: len(self._palette)])
            self._color_of = dict(zip(shown, self._palette, strict=False))
        return [
            self.missing if v is None else self._color_of.get(str(v), self._other)
            for v in values
        ]

    def put_legend(self, ax, beside=False):
        """Explain the colors below axes, or beside them, if any were assigned."""
        if self._color_of is None:
            return
        from matplotlib.patches import Patch

        entries = dict(self._color_of)
        n_others = len(self._counts) - len(entries)
        if n_others:
            entries[f"{n_others} others"] = self._other
        entries["wrong"] = self.wrong
        place = {"loc": "upper left", "bbox_to_anchor": (0, -0.05), "ncols": 5}
        if beside:
            place = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        put_legend(
            ax,
            [Patch(color=color) for color in entries.values()],
            [_shorten(name, LABEL_LENGTH) for name in entries],
            **place,
            handlelength=1.2,
            borderaxespad=0.2,
        )


def plot_cells(ax, original, found, colors, *, cell_width, may_turn):
    """Draw cells: the original above its reconstruction, wrong ones in color.

    Parameters
    ----------
    ax : Axes
        The axes.
    original, found : ndarray of shape (n_timesteps,)
        Categories, None where missing.
    colors : CategoryColors
        Colors of the categories if no text fits.
    cell_width : float
        Inches.
    may_turn : bool
        Whether cells are high enough for text from bottom to top.
    """
    n_characters = int(cell_width / CHARACTER_WIDTH)
    longest = max((len(str(v)) for v in (*original, *found)), default=0)
    is_turned = may_turn and 1 < n_characters < longest
    if is_turned:
        n_characters = N_TURNED
    is_missing = np.array([value is None for value in original], dtype=bool)
    is_wrong = ~is_missing & np.array(
        [a != b for a, b in zip(original, found, strict=True)], dtype=bool
    )
    faces = np.empty((2, max(1, len(original)), 3))
    faces[:] = blend(ax, list_colors(ax)[0], 0.22)
    faces[0, : len(original)][is_missing] = colors.missing
    if not n_characters:  # no text fits, so colors stand for categories
        faces[:] = colors.assign(original), colors.assign(found)
    faces[1, : len(original)][is_wrong] = colors.wrong
    ax.imshow(faces, aspect="auto", interpolation="nearest")
    for edge in np.arange(len(original) - 1) + 0.5 if n_characters else ():
        ax.axvline(edge, color=ax.get_facecolor(), linewidth=1)
    ax.axhline(0.5, color=ax.get_facecolor(), linewidth=2)
    for row, values in enumerate((original, found) if n_characters else ()):
        for step, value in enumerate(values):
            wrong = bool(row and is_wrong[step])
            ax.text(
                step,
                row,
                "" if value is None else _shorten(str(value), n_characters),
                ha="center",
                va="center",
                rotation=90 if is_turned else 0,
                fontsize=FONT_SIZE,
                fontweight="bold" if wrong else "normal",
                fontstyle="italic" if row and is_missing[step] else "normal",
                color="black" if wrong else text_color(ax),
                parse_math=False,
            )
    ax.set_yticks([0, 1], ["original", "decoded"])
    ax.set_xticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _shorten(text, n_characters):
    """Return the beginning of a text that is too long."""
    if len(text) <= max(1, n_characters):
        return text
    return text[: max(1, n_characters - 1)] + "…" * (n_characters > 1)
