"""Draw a map of surnames by their vectors, colored by language and last letters.

Fits the embedder on the training names of `benchmarks/events/names.py` with all
defaults, without their languages, and projects vectors of test names by t-SNE.

Run from the root of the repository:
SEQEMBED_DATA=folder python -m docs.figures.draw_names picture.png [--quick]
"""

import argparse
import pathlib

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE

from benchmarks.events.names import read_names
from sklearn_seqembed import LSTMSequenceEmbedder

from .labels import label_points

LANGUAGES = ("Russian", "English", "Arabic", "Japanese", "German", "Italian")
N_PER_LANGUAGE = 150  # at most; otherwise half of the map would be Russian
ENDINGS = ("ov", "ev", "in", "ky", "er", "on", "ma", "ni")
N_LABELED = 25

# Distinct for color-blind readers, except the last (Wong, 2011, Nature Methods 8).
COLORS = [
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#8C564B",
]
OTHER = "0.85"


def choose_names(names, languages):
    """Return the indices of up to `N_PER_LANGUAGE` random names of each language."""
    found = {}
    for i, (name, language) in enumerate(zip(names, languages, strict=True)):
        found.setdefault(name, []).append((i, language))
    # Names of several languages have no single color; repeated names are drawn once.
    unique = [
        listed[0]
        for listed in found.values()
        if len({language for _, language in listed}) == 1
    ]
    rng = np.random.default_rng(0)
    chosen = []
    for language in LANGUAGES:
        indices = np.array([i for i, of_name in unique if of_name == language], int)
        chosen.append(rng.permutation(indices)[:N_PER_LANGUAGE])
    return np.concatenate(chosen)


def draw(positions, names, languages):
    """Draw the map twice, colored by language and by the last two letters.

    `positions` is of shape (n_names, 2).
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10.5, 5.6), layout="constrained"
    )
    endings = [name[-2:].lower() for name in names]
    panels = {
        left: (LANGUAGES, languages, "Language"),
        right: (ENDINGS, endings, "Last two letters"),
    }
    for ax, (labels, found, title) in panels.items():
        found = np.array(found)
        other = ~np.isin(found, labels)
        ax.scatter(*positions[other].T, s=9, color=OTHER)
        for label, color in zip(labels, COLORS, strict=False):
            ax.scatter(*positions[found == label].T, s=12, color=color, label=label)
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            ncols=len(labels),
            fontsize=9,
            markerscale=1.6,
            columnspacing=0.8,
            handletextpad=0,
        )
        ax.set(xticks=[], yticks=[], title=title)
    order = np.random.default_rng(0).permutation(len(names))
    for ax in panels:
        shown = [names[i] for i in order]
        label_points(ax, shown, positions[order], N_LABELED, fontsize=9)
    return figure


def main():
    """Fit, project and save the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("picture", type=pathlib.Path, help="file to write")
    parser.add_argument("--quick", action="store_true", help="few names and epochs")
    args = parser.parse_args()
    (train, _), (test, languages) = read_names(args.quick)
    embedder = LSTMSequenceEmbedder(random_state=0)
    if args.quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    embedder.fit(train)
    chosen = choose_names(test, languages)
    names = [test[i] for i in chosen]
    positions = TSNE(random_state=0).fit_transform(embedder.transform(names))
    draw(positions, names, languages[chosen].tolist()).savefig(args.picture, dpi=100)


if __name__ == "__main__":
    main()
