"""The main job on real data: utterances of nine speakers become vectors.

JapaneseVowels, as shipped in ``sktime.datasets``: 270 training and 370 test utterances
of 7 to 29 steps, 12 features a step. An embedder, a scaler and a support vector machine
in one Pipeline learn to tell the speakers apart. Run it by ``make demo``.
"""

import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # a file, no window

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
    """Read a part of the data as a list of (n_timesteps, 12) arrays, and labels."""
    frame, speakers = load_japanese_vowels(split=split, return_X_y=True)
    return [np.column_stack(list(row)) for row in frame.to_numpy()], speakers


def mean_over_time(X):
    """Average each feature over the steps of each sequence."""
    return np.array([x.mean(axis=0) for x in X])


def plot(embedder, X, speakers):
    """Draw the loss, two reconstructions and a map of the vectors."""
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    loss, *_ = axes.flat
    loss.plot(
        [row["epoch"] for row in embedder.history_],
        [row["train_loss"] for row in embedder.history_],
    )
    loss.set(title="Training loss", xlabel="epoch", yscale="log", ylabel="loss")

    shown = [0, len(X) // 2]
    for ax, i, x in zip(
        axes.flat[1:3], shown, embedder.reconstruct([X[i] for i in shown]), strict=True
    ):
        for feature in range(4):
            color = f"C{feature}"
            ax.plot(X[i][:, feature], "o", ms=4, alpha=0.6, color=color)
            ax.plot(x[:, feature], color=color, label=f"feature {feature}")
        ax.set(
            title=f"Speaker {speakers[i]}, test utterance {i}: points are the\n"
            "original, lines its reconstruction from the vector",
            xlabel="time step",
        )
    ax.legend(fontsize="small", ncols=2)

    at = TSNE(random_state=0).fit_transform(embedder.transform(X))
    for speaker in np.unique(speakers):
        axes[1, 1].scatter(*at[speakers == speaker].T, s=12, label=speaker)
    axes[1, 1].set(
        title="Map of the test utterances: their vectors,\nby t-SNE",
        xticks=[],
        yticks=[],
    )
    axes[1, 1].legend(
        title="speaker", fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5)
    )
    figure.savefig(PICTURE, dpi=100)


def main():
    """Fit, score beside two baselines, draw."""
    X_train, y_train = load("train")
    X_test, y_test = load("test")
    lengths = [len(x) for x in X_train + X_test]
    print(
        f"JapaneseVowels: {len(X_train)} training and {len(X_test)} test utterances of "
        f"{len(set(y_train))} speakers, {min(lengths)} to {max(lengths)} steps, "
        f"{X_train[0].shape[1]} features"
    )

    started = time.perf_counter()
    embedder = LSTMSequenceEmbedder(random_state=0, verbose=1)
    model = make_pipeline(embedder, SVC())
    model.fit(X_train, y_train)
    seconds = time.perf_counter() - started

    untrained = make_pipeline(
        LSTMSequenceEmbedder(max_epochs=0, random_state=0), SVC()
    ).fit(X_train, y_train)
    baseline = make_pipeline(
        FunctionTransformer(mean_over_time), StandardScaler(), SVC()
    ).fit(X_train, y_train)

    print(f"\n{'on the test part':32} accuracy  explained share")
    for name, pipeline in [
        ("LSTMSequenceEmbedder + SVM", model),
        ("the same, untrained", untrained),
        ("mean over time + SVM", baseline),
    ]:
        embeds = isinstance(pipeline[0], LSTMSequenceEmbedder)
        share = f"{pipeline[0].score(X_test):15.3f}" if embeds else f"{'-':>15}"
        print(f"{name:32} {pipeline.score(X_test, y_test):8.3f}  {share}")
    print(f"\ntrained for {embedder.n_iter_} epochs; fit took {seconds:.0f} s")

    plot(embedder, X_test, y_test)
    print(f"picture: {PICTURE.resolve()}")


if __name__ == "__main__":
    main()
