"""Draw what `quality.py` found: where ours is ahead, and where something simpler is.

Left, each set's accuracy by an SVM on our vectors against MiniRocket's features; right,
what is left unexplained against principal components of the same number.

Run: python benchmarks/draw_quality.py results.json picture.png
"""

import argparse
import json
import pathlib

import matplotlib.pyplot as plt
from _quality.contenders import OURS
from _quality.summary import column, mean_over_seeds

LOW = 1e-4  # shares below are drawn here: PCA may keep all values of a set


def draw(results):
    """Draw both comparisons, a dot for each set.

    Parameters
    ----------
    results : list of dict
        Single results of `quality.py`.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The picture.
    """
    means = mean_over_seeds(results)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
    _scatter(left, column(means["MiniRocket"], "svm"), column(means[OURS], "svm"))
    left.set(
        title="Accuracy of an SVM: above the line ours is better",
        xlabel="MiniRocket, 9,996 features",
        ylabel="ours, 320 numbers",
    )
    shares = [
        {
            name: max(LOW, 1 - share)
            for name, share in column(figures, "explained").items()
        }
        for figures in (means["PCA"], means[OURS])
    ]
    _scatter(right, *shares)
    right.set(
        title="Unexplained share: below the line ours is better",
        xlabel="PCA, up to 320 numbers",
        ylabel="ours, 320 numbers",
        xscale="log",
        yscale="log",
    )
    return figure


def _scatter(ax, theirs, ours):
    """Draw one dot a set with its name, and the line on which both are equal."""
    names = [name for name in ours if name in theirs]
    ax.scatter([theirs[name] for name in names], [ours[name] for name in names], s=18)
    for name in names:
        ax.annotate(
            name,
            (theirs[name], ours[name]),
            xytext=(3, 3),
            textcoords="offset points",
            fontsize=6,
        )
    reach = [
        f(values[name] for name in names)
        for f in (min, max)
        for values in (theirs, ours)
    ]
    ends = min(reach), max(reach)
    ax.plot(ends, ends, color="0.6", zorder=0)


def main():
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path, help="JSON of quality.py")
    parser.add_argument("picture", type=pathlib.Path, help="file to write")
    args = parser.parse_args()
    figure = draw(json.loads(args.results.read_text())["results"])
    figure.savefig(args.picture, dpi=110)


if __name__ == "__main__":
    main()
