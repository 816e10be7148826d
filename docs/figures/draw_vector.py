"""Draw docs/images/vector.png: how a vector is made of numeric features, and decoded.

The sequence, its vector and its reconstruction are real: the first test sequence of
ArrowHead, as shipped with sktime, and an embedder with all defaults. On this set, it
keeps neither radial basis functions nor corrections by LSTM cells. Run
``python docs/figures/draw_vector.py``; it takes about half a minute.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # write a file, open no window

import matplotlib.pyplot as plt
from matplotlib.patches import Circle, FancyBboxPatch
from sktime.datasets import load_arrow_head

from sklearn_seqembed import LSTMSequenceEmbedder

PICTURE = Path(__file__).parents[1] / "images" / "vector.png"
WIDTH, HEIGHT = 740, 602  # pixels of the documentation, and units of all positions

# Backgrounds of boxes by where their numbers come from.
RANDOM, LINEAR, TRAINED, DATA = "#DDEFE6", "#DCE9F5", "#FBE3C8", "white"
LEGEND = {
    LINEAR: "fitted in one step",
    TRAINED: "trained in epochs",
    RANDOM: "fixed or random",
}
LINE, CURVE = "#444444", "#0072B2"

# Vertical centers of the rows.
STATISTICS, FEATURES, ENCODE, CORRECT = 74, 162, 250, 338
DECODE, CORRECT_DECODED = 468, 556
ROW_HEIGHT, LINE_HEIGHT = 66, 14.5
# Horizontal edges of the columns, and positions at which arrows branch or join.
CURVES, BOXES, STATES, ROTATIONS = (12, 122), (184, 408), (462, 564), (590, 662)
VECTOR = 692, 728
LEFT, RIGHT = 154, 434
RADIUS = 9

# Title, text and color of the boxes in which numbers are computed, by row.
CORRECTION = "LSTM cells", "a correction, 0 before training", TRAINED
ENCODER = {
    STATISTICS: (
        "Statistics",
        "mean, standard deviation, last\nvalue of each feature; length",
        RANDOM,
    ),
    FEATURES: (
        "Random features",
        "random LSTM cells and random\nconvolutions, summarized over\n"
        "time; principal components",
        RANDOM,
    ),
    ENCODE: (
        "Linear map",
        "resampled to a fixed number of\npoints; principal components",
        LINEAR,
    ),
    CORRECT: CORRECTION,
}
DECODER = {
    DECODE: ("Linear map back", "plus radial basis functions", LINEAR),
    CORRECT_DECODED: CORRECTION,
}


def draw_box(ax, edges, y, title, text="", color=DATA, height=ROW_HEIGHT):
    """Draw a box with a title and a text between two horizontal edges."""
    left, right = edges
    style = "round,pad=0,rounding_size=6"
    corner = left, y - height / 2
    ax.add_patch(
        FancyBboxPatch(corner, right - left, height, style, fc=color, ec=LINE, lw=0.9)
    )
    lines = [(line, 9.5, "bold") for line in title.splitlines()]
    lines += [(line, 8.5, "normal") for line in text.splitlines()]
    for i, (line, size, weight) in enumerate(lines):
        baseline = y + LINE_HEIGHT * (i - (len(lines) - 1) / 2) + 4
        x = (left + right) / 2
        ax.text(x, baseline, line, ha="center", fontsize=size, fontweight=weight)


def draw_arrow(ax, *points):
    """Draw straight lines through points, with an arrowhead at the last one."""
    ax.plot(*zip(*points, strict=True), color=LINE, lw=1.1, solid_joinstyle="miter")
    style = {"arrowstyle": "-|>", "color": LINE, "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", points[-1], points[-2], arrowprops=style)


def draw_sum(ax, x, y):
    """Draw a circle with a plus sign."""
    ax.add_patch(Circle((x, y), RADIUS, fc="white", ec=LINE, lw=0.9, zorder=3))
    for dx, dy in ((5, 0), (0, 5)):
        ax.plot([x - dx, x + dx], [y - dy, y + dy], color=LINE, lw=1.1, zorder=4)


def draw_curve(ax, y, values, title, original=None):
    """Draw a sequence as a small curve in a box, with a title above it."""
    left, right = CURVES
    inner = ax.inset_axes((left, y - 40, right - left, 80), transform=ax.transData)
    if original is not None:
        inner.plot(original, color="0.75", lw=3)
    inner.plot(values, color=CURVE, lw=1.3)
    inner.set(xticks=[], yticks=[])
    inner.spines[:].set_color(LINE)
    inner.margins(0.08, 0.12)
    ax.text((left + right) / 2, y - 48, title, ha="center", va="bottom", fontsize=9.5)


def draw_encoder(ax, sequence, vector):
    """Draw the way from a sequence to its vector, left to right."""
    middle = (FEATURES + ENCODE) / 2
    draw_curve(ax, middle, sequence, "Sequence")
    for y, (title, text, color) in ENCODER.items():
        draw_box(ax, BOXES, y, title, text, color)
        draw_arrow(ax, (CURVES[1], middle), (LEFT, middle), (LEFT, y), (BOXES[0], y))
    draw_box(ax, STATES, ENCODE, "Final states", "128 numbers")
    draw_box(
        ax,
        ROTATIONS,
        middle,
        "Rotation",
        "to equal\nvariances",
        LINEAR,
        ENCODE - FEATURES + ROW_HEIGHT,
    )
    draw_arrow(ax, (BOXES[1], STATISTICS), (VECTOR[0], STATISTICS))
    draw_arrow(ax, (BOXES[1], FEATURES), (ROTATIONS[0], FEATURES))
    draw_arrow(ax, (BOXES[1], ENCODE), (STATES[0], ENCODE))
    draw_arrow(ax, (BOXES[1], CORRECT), (RIGHT, CORRECT), (RIGHT, ENCODE + RADIUS))
    draw_sum(ax, RIGHT, ENCODE)
    draw_arrow(ax, (STATES[1], ENCODE), (ROTATIONS[0], ENCODE))
    draw_arrow(ax, (ROTATIONS[1], middle), (VECTOR[0], middle))
    for y, text in (
        ((STATISTICS + FEATURES) / 2, "together 192 numbers,\n90 % of the variance"),
        (ENCODE + ROW_HEIGHT / 2 + 14, "10 % of the variance"),
    ):
        ax.text(sum(STATES) / 2, y, text, ha="center", va="center", fontsize=8.5)

    left, right = VECTOR
    top, bottom = STATISTICS - ROW_HEIGHT / 2, ENCODE + ROW_HEIGHT / 2
    inner = ax.inset_axes(
        (left, top, right - left, bottom - top), transform=ax.transData
    )
    inner.imshow(vector.reshape(-1, 8), cmap="RdBu", vmin=-3, vmax=3, aspect="auto")
    inner.set(xticks=[], yticks=[])
    inner.spines[:].set_color(LINE)
    ax.text(right, top - 8, "Vector: 320 numbers", ha="right", fontsize=9.5)


def draw_decoder(ax, sequence, decoded):
    """Draw the way from the vector to the reconstructed sequence, right to left."""
    draw_curve(ax, DECODE, decoded, "Reconstruction", sequence)
    draw_box(ax, ROTATIONS, DECODE, "Inverse\nrotation", color=LINEAR)
    draw_box(ax, STATES, DECODE, "Final states", "128 numbers")
    x, bottom = sum(VECTOR) / 2, ENCODE + ROW_HEIGHT / 2
    draw_arrow(ax, (x, bottom), (x, DECODE), (ROTATIONS[1], DECODE))
    draw_arrow(ax, (ROTATIONS[0], DECODE), (STATES[1], DECODE))
    for y, (title, text, color) in DECODER.items():
        draw_box(ax, BOXES, y, title, text, color)
        draw_arrow(ax, (STATES[0], DECODE), (RIGHT, DECODE), (RIGHT, y), (BOXES[1], y))
    draw_arrow(
        ax,
        (BOXES[0], CORRECT_DECODED),
        (LEFT, CORRECT_DECODED),
        (LEFT, DECODE + RADIUS),
    )
    draw_arrow(ax, (BOXES[0], DECODE), (CURVES[1], DECODE))
    draw_sum(ax, LEFT, DECODE)


def draw_legend(ax):
    """Explain the colors of boxes."""
    for i, (color, text) in enumerate(LEGEND.items()):
        x, y = ROTATIONS[0], CORRECT_DECODED + 20 * (i - 1)
        draw_box(ax, (x, x + 16), y, "", color=color, height=12)
        ax.text(x + 23, y + 4, text, fontsize=8.5)


def main():
    """Embed and draw."""
    X_train, X_test = (
        [
            x.to_numpy()
            for x in load_arrow_head(split, return_type="nested_univ")[0].dim_0
        ]
        for split in ("train", "test")
    )
    embedder = LSTMSequenceEmbedder(random_state=0).fit(X_train)
    vectors = embedder.transform(X_test[:1])
    decoded = embedder.inverse_transform(vectors)[0]

    figure = plt.figure(figsize=(WIDTH / 100, HEIGHT / 100))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    ax.set_axis_off()
    draw_encoder(ax, X_test[0], vectors[0])
    draw_decoder(ax, X_test[0], decoded)
    draw_legend(ax)
    figure.savefig(PICTURE, dpi=200)


if __name__ == "__main__":
    main()
