"""Draw the results of the quality benchmark: our vectors against simpler ones.

Left, the accuracy of an SVM on each set, our vectors against MiniRocket's features;
right, the unexplained fraction, against as many principal components.

Run from the root of the repository, with the JSON of a run of all contenders:
python -m docs.figures.draw_quality benchmark-results/classification.json picture.png
"""

import matplotlib.pyplot as plt

from benchmarks.quality.contenders import OURS
from benchmarks.quality.summary import column, mean_over_seeds

from .command import save_drawing
from .labels import label_points

MINIMUM = 1e-4  # smaller fractions are drawn here: PCA may keep all values of a set


def draw(results):
    """Draw both comparisons, with one dot per set."""
    means = mean_over_seeds(results)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.4), layout="constrained")
    _scatter(left, column(means["MiniRocket"], "svm"), column(means[OURS], "svm"))
    left.set(
        title="Accuracy of an SVM",
        xlabel="MiniRocket, 9,996 features",
        ylabel="LSTMSequenceEmbedder, 320 components",
    )
    fractions = [
        {
            name: max(MINIMUM, 1 - fraction)
            for name, fraction in column(figures, "explained").items()
        }
        for figures in (means["PCA"], means[OURS])
    ]
    right.set(
        title="Unexplained fraction",
        xlabel="PCA, up to 320 components",
        ylabel="LSTMSequenceEmbedder, 320 components",
        xscale="log",
        yscale="log",
    )
    _scatter(right, *fractions)
    return figure


def _scatter(ax, theirs, ours):
    """Draw one dot per set, and the line on which both are equal.

    Dots have labels where there is room.
    """
    names = [name for name in ours if name in theirs]
    x, y = ([figures[name] for name in names] for figures in (theirs, ours))
    ax.scatter(x, y, s=18)
    ends = min(x + y), max(x + y)
    ax.plot(ends, ends, color="0.6", zorder=0)
    label_points(ax, names, list(zip(x, y, strict=True)))


if __name__ == "__main__":
    save_drawing(draw, __doc__.splitlines()[0], dpi=110)
