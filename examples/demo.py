"""Embed real sequences, classify them and draw the result.

The Japanese Vowels dataset, as shipped with ``sktime.datasets``, has 270 training and
370 test utterances by nine speakers. Each utterance has 7 to 29 time steps and 12
features. A pipeline of an embedder and a support vector machine learns to identify the
speaker. Run this script with ``make demo``.
"""

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draw to a file without opening a window

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sktime.datasets import load_japanese_vowels

from sklearn_seqembed import LSTMSequenceEmbedder

PICTURE = Path("demo.png")


def load(split):
    """Load the training or test set as a list of arrays and an array of speakers."""
    frames, speakers = load_japanese_vowels(split=split, return_type="df-list")
    return [frame.to_numpy() for frame in frames], speakers


def mean_over_time(X):
    """Average each feature over the time steps of each sequence."""
    return np.array([x.mean(axis=0) for x in X])


def mean_and_std(X):
    """Compute mean and standard deviation of each feature over time."""
    return np.hstack([mean_over_time(X), [x.std(axis=0) for x in X]])


def plot(embedder, X, speakers):
    """Draw three reconstructions and a map of the embeddings."""
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    *reconstructions, embedding_map = axes.flat

    shown = [0, len(X) // 2, len(X) - 1]
    decoded = embedder.reconstruct([X[i] for i in shown])
    for ax, i, x in zip(reconstructions, shown, decoded, strict=True):
        for feature in range(4):
            color = f"C{feature}"
            ax.plot(X[i][:, feature], "o", ms=4, alpha=0.6, color=color)
            ax.plot(x[:, feature], color=color, label=f"feature {feature}")
        ax.set(
            title=f"Test utterance {i} of speaker {speakers[i]}\n"
            "(points) and its reconstruction (lines)",
            xlabel="time step",
            ylabel="value",
        )
        ax.margins(y=0.2)  # space for the legend
        ax.legend(fontsize="small", ncols=4, loc="upper center")

    xy = TSNE(random_state=0).fit_transform(embedder.transform(X))
    for speaker in np.unique(speakers):
        embedding_map.scatter(*xy[speakers == speaker].T, s=12, label=speaker)
    embedding_map.set(
        title="t-SNE map of the test embeddings",
        xlabel="t-SNE 1",
        ylabel="t-SNE 2",
        xticks=[],
        yticks=[],
    )
    embedding_map.legend(
        title="speaker", fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5)
    )
    figure.savefig(PICTURE, dpi=100)


def main():
    """Fit the pipeline, compare it with two baselines and draw the result."""
    X_train, y_train = load("train")
    X_test, y_test = load("test")
    lengths = [len(x) for x in X_train + X_test]
    print(
        f"Japanese Vowels: {len(X_train)} training and {len(X_test)} test utterances "
        f"by {len(set(y_train))} speakers, {min(lengths)} to {max(lengths)} time "
        f"steps, {X_train[0].shape[1]} features"
    )

    started = time.perf_counter()
    embedder = LSTMSequenceEmbedder(random_state=0, verbose=1)
    model = make_pipeline(embedder, SVC())
    model.fit(X_train, y_train)
    seconds = time.perf_counter() - started

    baselines = [
        make_pipeline(FunctionTransformer(summarize), StandardScaler(), SVC())
        for summarize in (mean_over_time, mean_and_std)
    ]

    print("\nclassifier                       accuracy on the test set")
    print(f"LSTMSequenceEmbedder + SVM       {model.score(X_test, y_test):.3f}")
    for name, baseline in zip(("mean", "mean and std"), baselines, strict=True):
        accuracy = baseline.fit(X_train, y_train).score(X_test, y_test)
        print(f"{name + ' over time + SVM':32} {accuracy:.3f}")
    print(
        f"\nfitted in {seconds:.0f} s, with {embedder.n_iter_} epochs of training; "
        f"the vectors explain {embedder.score(X_test):.1%} of the test set"
    )

    plot(embedder, X_test, y_test)
    print(f"picture: {PICTURE.resolve()}")


if __name__ == "__main__":
    main()
