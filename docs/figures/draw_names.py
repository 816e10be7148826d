"""Draw a map of surnames: languages and last letters that no one told the embedder.

Fits the embedder of :mod:`names`, with all defaults, on the training names, and lays
the vectors of test names out in the plane by t-SNE.

Run: python benchmarks/draw_names.py picture.png [--quick]
"""

import pathlib

import matplotlib.pyplot as plt
import numpy as np
from _measure import argument_parser
from names import read_names
from sklearn.manifold import TSNE

from sklearn_seqembed import LSTMSequenceEmbedder

LANGUAGES = ("Russian", "English", "Arabic", "Japanese", "German", "Italian")
N_MOST = 150  # of each language, or Russian would be half of the map
ENDINGS = ("ov", "ev", "in", "ky", "er", "on", "ma", "ni")
N_NAMED = 40

# Distinct for colour-blind readers, all but the last (Wong, 2011, Nature Methods 8).
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
REST = "0.85"


def choose_names(names, languages):
    """Draw as many names of each of `LANGUAGES`, `N_MOST` or all.

    Returns
    -------
    chosen : int ndarray
        Their places.
    """
    found = {}
    for place, (name, language) in enumerate(zip(names, languages, strict=True)):
        found.setdefault(name, []).append((place, language))
    # A name of several languages has no one colour; what is listed twice stands once.
    only = [
        listed[0]
        for listed in found.values()
        if len({language for _, language in listed}) == 1
    ]
    rng = np.random.default_rng(0)
    chosen = []
    for language in LANGUAGES:
        places = np.array([place for place, its in only if its == language], dtype=int)
        chosen.append(rng.permutation(places)[:N_MOST])
    return np.concatenate(chosen)


def draw(places, names, languages):
    """Draw the map twice, coloured by language and by the last two letters.

    Parameters
    ----------
    places : ndarray of shape (n_names, 2)
        Where each name stands.
    names : list of str
        The names; some are written.
    languages : list of str
        Their languages.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The picture.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 6), layout="constrained")
    endings = [name[-2:].lower() for name in names]
    panels = {
        left: (LANGUAGES, languages, "Language"),
        right: (ENDINGS, endings, "Last two letters"),
    }
    for ax, (labels, found, title) in panels.items():
        found = np.array(found)
        rest = ~np.isin(found, labels)
        ax.scatter(*places[rest].T, s=9, color=REST)
        for label, color in zip(labels, COLORS, strict=False):
            ax.scatter(*places[found == label].T, s=12, color=color, label=label)
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            ncols=len(labels),
            fontsize="small",
            markerscale=1.6,
            columnspacing=0.8,
            handletextpad=0,
        )
        ax.set(xticks=[], yticks=[], title=title)
    for i in np.random.default_rng(0).permutation(len(names))[:N_NAMED]:
        for ax in panels:
            ax.annotate(names[i], places[i], fontsize=7, alpha=0.8)
    return figure


def main():
    """Fit, lay out, and write the picture."""
    parser = argument_parser(__doc__)
    parser.add_argument("picture", type=pathlib.Path, help="file to write")
    args = parser.parse_args()
    (train, _), (test, languages) = read_names(args.quick)
    embedder = LSTMSequenceEmbedder(random_state=0)
    if args.quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    embedder.fit(train)
    chosen = choose_names(test, languages)
    names = [test[i] for i in chosen]
    layout = TSNE(random_state=0).fit_transform(embedder.transform(names))
    draw(layout, names, languages[chosen].tolist()).savefig(args.picture, dpi=80)


if __name__ == "__main__":
    main()
