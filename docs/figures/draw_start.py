"""Draw docs/images/start.png: recordings of nine speakers, before and after embedding.

JapaneseVowels, as shipped with sktime: 270 training and 370 test recordings of 7 to 29
time steps and 12 features. Left: the mean over time of each feature. Right: the vectors
of an embedder with all defaults, fitted on the training part without the speakers. Run
``python docs/figures/draw_start.py``; it takes about half a minute.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # write a file, open no window

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sktime.datasets import load_japanese_vowels

from sklearn_seqembed import LSTMSequenceEmbedder

PICTURE = Path(__file__).parents[1] / "images" / "start.png"

# The colors of Okabe and Ito, made to be distinguished by color-blind readers, and a
# gray. A marker of its own and a number on the map identify each speaker as well.
COLORS = (
    "#E69F00 #56B4E9 #009E73 #D0B800 #0072B2 #D55E00 #CC79A7 #000000 #8C8C8C".split()
)
MARKERS = "osD^vPX<>"


def load(split):
    """Load one part of the data as a list of (n_timesteps, 12) arrays, and speakers."""
    frames, speakers = load_japanese_vowels(split=split, return_type="df-list")
    return [frame.to_numpy() for frame in frames], speakers


def mean_over_time(X):
    """Average each feature over the time steps of each sequence."""
    return np.array([x.mean(axis=0) for x in X])


def draw_map(ax, features, speakers):
    """Draw a t-SNE map of the features, one marker per recording."""
    points = TSNE(random_state=0).fit_transform(features)
    for speaker, color, marker in zip(
        np.unique(speakers), COLORS, MARKERS, strict=True
    ):
        of_speaker = points[speakers == speaker]
        ax.scatter(
            *of_speaker.T, s=17, color=color, marker=marker, alpha=0.75, linewidths=0
        )
        ax.annotate(
            speaker,
            np.median(of_speaker, axis=0),
            ha="center",
            va="center",
            fontsize=13,
            fontweight="bold",
            path_effects=[withStroke(linewidth=3.5, foreground="white")],
        )
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color("#BBBBBB")
    ax.margins(0.06)


def main():
    """Embed, classify and draw."""
    X_train, y_train = load("train")
    X_test, y_test = load("test")
    # Means have the units of their features; vectors are scaled by the embedder.
    baseline = make_pipeline(FunctionTransformer(mean_over_time), StandardScaler())
    embedder = LSTMSequenceEmbedder(random_state=0)

    figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.9), layout="constrained")
    for ax, name, transformer in [
        (axes[0], "Mean over time", baseline),
        (axes[1], "LSTMSequenceEmbedder", embedder),
    ]:
        classifier = SVC().fit(transformer.fit_transform(X_train), y_train)
        features = transformer.transform(X_test)
        accuracy = classifier.score(features, y_test)
        draw_map(ax, features, y_test)
        ax.set_title(f"{name}\nSVM test accuracy {accuracy:.3f}", fontsize=11.5)
        print(f"{name}: {accuracy:.3f}")
    figure.savefig(PICTURE, dpi=200)


if __name__ == "__main__":
    main()
