"""Draw how much of test sequences is explained, by the number of components.

One panel for each set of the reconstruction benchmark on which the textbook network
runs, with our vectors, principal components and that network.

Run from the root of the repository, with the JSON of a run of all methods:
python -m docs.figures.draw_reconstruction benchmark-results/reconstruction.json out.png
"""

import matplotlib.pyplot as plt

from benchmarks.quality.reconstruction import (
    SIZES,
    TEXTBOOK_NAME,
    TEXTBOOK_SETS,
    average_over_seeds,
)

from .command import save_drawing

# Label, color and marker of each method. Readers with any color vision can distinguish
# the colors (Okabe and Ito).
METHODS = {
    "ours": ("LSTMSequenceEmbedder", "#0072B2", "o"),
    "PCA": ("PCA", "#E69F00", "s"),
    TEXTBOOK_NAME: ("Textbook LSTM autoencoder", "#CC79A7", "^"),
}


def draw(results):
    """Draw one panel per set, with one line per method."""
    explained = average_over_seeds(results)
    figure, axes = plt.subplots(
        2, 3, figsize=(7.4, 5), sharex=True, sharey=True, layout="constrained"
    )
    for ax, name in zip(axes.flat, TEXTBOOK_SETS, strict=True):
        for method, (label, color, marker) in METHODS.items():
            fractions = [explained[name, method, size] for size in SIZES]
            ax.plot(
                SIZES,
                fractions,
                color=color,
                marker=marker,
                markersize=5 if method == "ours" else 6,
                zorder=3 if method == "ours" else 2,  # on top where both are equal
                label=label,
            )
        ax.set_xscale("log", base=2)
        ax.set_xticks(SIZES, SIZES)
        ax.set_title(name, fontsize=11)
        ax.set_ylim(0, 1.05)
        ax.grid(color="0.9")
        ax.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("Components", fontsize=11)
    figure.supylabel("Explained fraction of the test part", fontsize=11)
    figure.legend(
        *axes.flat[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=len(METHODS),
        frameon=False,
    )
    return figure


if __name__ == "__main__":
    save_drawing(draw, __doc__.splitlines()[0], dpi=200)
