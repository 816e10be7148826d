"""Displays: what is drawn is the data, in every container that estimators accept."""

import datetime
import subprocess
import sys
import warnings
from decimal import Decimal
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.manifold import TSNE
from small_fits import small_embedder

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)
from sklearn_seqembed.datasets import average_windows, make_windows
from sklearn_seqembed.displays import (
    AnomalyDisplay,
    EmbeddingDisplay,
    ForecastDisplay,
    LossDisplay,
    ReconstructionDisplay,
)

LOOKBACK = 16


@pytest.fixture(autouse=True)
def closed_figures():
    """Close all figures, and check that rcParams are as they were."""
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 2)).cumsum(axis=0) for length in range(5, 25)]


@pytest.fixture(scope="module")
def y():
    return np.arange(20) % 3


@pytest.fixture(scope="module")
def embedder(X):
    return small_embedder().fit(X)


@pytest.fixture(scope="module")
def words():
    return ["abba", "abab", "bbaa", "baba", "aabb"] * 4


@pytest.fixture(scope="module")
def word_embedder(words):
    return small_embedder().fit(words)


@pytest.fixture(scope="module")
def series():
    steps = np.arange(200)
    return np.sin(steps / 3) + 0.1 * np.random.default_rng(0).normal(size=200)


@pytest.fixture(scope="module")
def window_embedder(series):
    return small_embedder().fit(make_windows(series, LOOKBACK, 0)[0])


@pytest.fixture(scope="module")
def pairs(series):
    return make_windows(series, LOOKBACK, 4)


@pytest.fixture(scope="module")
def predictor(pairs):
    return LSTMSequencePredictor(8, random_state=0).fit(*pairs)


def read_legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def find_line(ax, label):
    (line,) = (line for line in ax.lines if line.get_label() == label)
    return line


# Losses


@pytest.mark.parametrize(
    "estimator",
    [
        LSTMSequenceEmbedder(4),
        LSTMSequencePredictor(4),
        LSTMSequenceClassifier(4),
        LSTMSequenceRegressor(4),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_the_losses_of_each_estimator_are_those_of_its_history(estimator, X, y):
    estimator.set_params(max_epochs=3, early_stopping=True, random_state=0)
    target = y.astype(float) + 0.1
    if isinstance(estimator, LSTMSequenceClassifier):
        target = y

    display = LossDisplay.from_estimator(estimator.fit(X, target))

    for key, line in (
        ("train_loss", "train_loss"),
        ("valid_loss", "valid_loss"),
        ("lr", "lr"),
    ):
        expected = [row[key] for row in estimator.history_]
        np.testing.assert_array_equal(display.lines_[line].get_ydata(), expected)
    np.testing.assert_array_equal(display.lines_["lr"].get_xdata(), [1, 2, 3])
    assert display.figure_ is display.ax_.figure


def test_the_loss_of_the_closed_form_is_the_one_that_is_reported(X, capsys):
    embedder = small_embedder(early_stopping=True, verbose=1).fit(X)

    display = LossDisplay.from_estimator(embedder)

    assert f"{display.closed_form_loss:.4g}" in capsys.readouterr().out
    level = display.lines_["closed_form"].get_ydata()
    np.testing.assert_array_equal(level, [display.closed_form_loss] * 2)


def test_the_closed_form_is_marked_as_used_if_training_does_not_help(X):
    display = LossDisplay.from_estimator(small_embedder(early_stopping=True).fit(X))

    assert display.used_epoch == 0
    assert "Closed form, used" in read_legend(display.ax_)


def test_the_epoch_whose_weights_are_used_is_marked(words):
    embedder = small_embedder(max_epochs=5, early_stopping=True).fit(words)
    losses = [row["valid_loss"] for row in embedder.history_]

    display = LossDisplay.from_estimator(embedder)

    assert display.used_epoch == np.argmin(losses) + 1
    star = display.lines_["used_epoch"]
    assert star.get_ydata() == [min(losses)]
    assert f"Used: epoch {display.used_epoch}" in read_legend(display.ax_)


def test_the_loss_display_says_why_nothing_was_trained(X):
    embedder = LSTMSequenceEmbedder(8, random_state=0).fit(X)

    display = LossDisplay.from_estimator(embedder)

    assert embedder.n_iter_ == 0
    text = display.text_.get_text().replace("\n", " ")
    assert text == f"Nothing was trained: {display.reason}."
    assert display.lines_ == {}
    assert 0 < display.unexplained < 1
    assert display.bar_.get_width() == pytest.approx(1 - display.unexplained)


def test_the_loss_display_shows_what_the_closed_form_explains():
    display = LossDisplay([], unexplained=0.25).plot()

    assert display.bar_.get_width() == 0.75
    assert "75.00% explained" in [text.get_text() for text in display.ax_.texts]


def test_without_early_stopping_only_the_training_loss_is_drawn(words):
    embedder = small_embedder(early_stopping=False, lr_schedule=None).fit(words)

    display = LossDisplay.from_estimator(embedder)

    assert read_legend(display.ax_) == ["Training loss", "Learning rate"]
    assert set(display.learning_rate) == {embedder.lr}


def test_what_the_loss_display_shows_is_saved(X, tmp_path):
    from sklearn_seqembed import load

    embedder = small_embedder(early_stopping=True).fit(X)
    embedder.save(tmp_path / "file")

    display = LossDisplay.from_estimator(load(tmp_path / "file"))

    expected = LossDisplay.from_estimator(embedder).closed_form_loss
    assert display.closed_form_loss == expected


def test_the_loss_display_refuses_other_estimators():
    with pytest.raises(TypeError, match="of type PCA, expected an estimator of this"):
        LossDisplay.from_estimator(PCA())
    with pytest.raises(NotFittedError, match="not fitted yet"):
        LossDisplay.from_estimator(LSTMSequenceEmbedder())


def test_the_epoch_of_partial_fit_is_marked_as_used_after_it(words):
    embedder = small_embedder(max_epochs=5, early_stopping=True).fit(words)
    fitted = LossDisplay.from_estimator(embedder).used_epoch

    display = LossDisplay.from_estimator(embedder.partial_fit(words))

    assert display.used_epoch == embedder.n_iter_ > fitted
    star = display.lines_["used_epoch"]
    assert star.get_ydata() == [embedder.history_[-1]["train_loss"]]


def test_the_used_epoch_of_a_warm_start_is_one_of_the_last_fit(words):
    embedder = small_embedder(
        max_epochs=4, early_stopping=True, warm_start=True, lr=0.03
    )
    n_first = embedder.fit(["abab"] * 20).n_iter_
    first = embedder._closed_form

    embedder.fit(words)  # has higher losses than equal words

    losses = [row["valid_loss"] for row in embedder.history_]
    assert np.argmin(losses) < n_first
    display = LossDisplay.from_estimator(embedder)
    assert display.used_epoch == n_first + np.argmin(losses[n_first:]) + 1
    assert first["used_epoch"] <= n_first


def test_no_epoch_is_marked_if_the_used_one_is_unknown(words):
    embedder = small_embedder(max_epochs=3, early_stopping=True).fit(words)
    del embedder._closed_form["used_epoch"]

    display = LossDisplay.from_estimator(embedder)

    assert display.used_epoch is None
    assert not any("sed" in label for label in read_legend(display.ax_))


def test_the_background_of_the_axes_remains_behind_a_learning_rate():
    _, ax = plt.subplots()
    ax.set_facecolor("#222222")

    display = LossDisplay([1.0, 0.5], learning_rate=[0.1, 0.1]).plot(ax=ax)

    assert display.rate_ax_.patch.get_visible()
    background = matplotlib.colors.to_hex(display.rate_ax_.get_facecolor())
    assert background == "#222222"
    assert display.rate_ax_.get_zorder() < ax.get_zorder()
    line = matplotlib.colors.to_rgb(display.lines_["lr"].get_color())
    assert np.mean(line) > 0.5


# Reconstructions


def test_originals_and_reconstructions_are_drawn(X, embedder):
    decoded = embedder.reconstruct(X)

    display = ReconstructionDisplay.from_estimator(embedder, X, indices=[3, -1])

    assert display.axes_.shape == (2, 2)
    for column, i in enumerate((3, 19)):
        for k in range(2):
            ax = display.axes_[k, column]
            original = find_line(ax, "Original").get_ydata()
            found = find_line(ax, "Reconstruction").get_ydata()
            np.testing.assert_array_equal(original, X[i][:, k])
            np.testing.assert_array_equal(found, decoded[i][:, k])
    assert display.axes_[0, 1].get_title("left").startswith("X[19]\nerror ")


def test_the_best_and_the_worst_reconstructions_are_chosen(X, embedder):
    decoded, values = embedder.reconstruct(X), np.concatenate(X)
    errors = [
        np.mean((x - z) ** 2 / values.var(axis=0))
        for x, z in zip(X, decoded, strict=True)
    ]
    order = np.argsort(errors)

    display = ReconstructionDisplay.from_estimator(embedder, X, n_sequences=3)

    assert display.indices == [*order[:2], order[-1]]
    np.testing.assert_allclose(display.errors, np.array(errors)[display.indices])


def test_filled_in_values_are_drawn_differently(X, embedder):
    gaps = [x.copy() for x in X]
    gaps[2][1:3, 1] = np.nan
    before = gaps[2].copy()

    display = ReconstructionDisplay.from_estimator(embedder, gaps, indices=2)

    np.testing.assert_array_equal(gaps[2], before)
    filled = find_line(display.axes_[1, 0], "Filled in").get_ydata()
    expected = embedder.reconstruct(gaps)[2][1:3, 1]
    np.testing.assert_array_equal(np.flatnonzero(~np.isnan(filled)), [1, 2])
    np.testing.assert_array_equal(filled[1:3], expected)


def test_the_legend_of_reconstructions_is_above_their_titles(X, embedder):
    display = ReconstructionDisplay.from_estimator(embedder, X, features=0)
    title = display.figure_.suptitle("Reconstructions")

    display.figure_.draw_without_rendering()

    ax = display.axes_[0, 0]
    legend = ax.get_legend().get_window_extent()
    assert legend.y0 >= ax._left_title.get_window_extent().y1
    assert legend.y1 <= title.get_window_extent().y0


def test_letters_are_drawn_and_wrong_ones_are_bold(words, word_embedder):
    decoded = word_embedder.reconstruct(words)[2]

    display = ReconstructionDisplay.from_estimator(word_embedder, words, indices=2)

    texts = display.axes_[0, 0].texts
    assert "".join(text.get_text() for text in texts) == words[2] + decoded
    bold = [text.get_fontweight() == "bold" for text in texts[4:]]
    assert bold == [a != b for a, b in zip(words[2], decoded, strict=True)]


def test_missing_and_wrong_tokens_are_marked():
    original = np.array(["start", None, "end"], dtype=object)
    decoded = np.array(["start", "pay", "start"], dtype=object)

    display = ReconstructionDisplay(
        [[original]], [[decoded]], [0.5], [0], [True], ["event"]
    ).plot()

    ax = display.axes_[0, 0]
    assert [t.get_text() for t in ax.texts] == ["start", "", "end", *decoded]
    assert ax.texts[4].get_fontstyle() == "italic"
    cells = ax.images[0].get_array()
    assert cells.shape == (2, 3, 3)
    assert (cells[1, 2] != cells[1, 0]).any()
    np.testing.assert_array_equal(cells[1, 1], cells[1, 0])


def test_many_tokens_are_colors_without_text():
    values = np.array(list("ab" * 100), dtype=object)

    display = ReconstructionDisplay(
        [[values]], [[values]], [0], [0], [True], ["event"]
    ).plot()

    ax = display.axes_[0, 0]
    cells = ax.images[0].get_array()
    assert not ax.texts
    np.testing.assert_array_equal(cells[0], cells[1])
    assert (cells[0, 0] != cells[0, 1]).any()
    np.testing.assert_array_equal(cells[0, 0], cells[0, 2])


def test_frames_of_events_and_numbers_are_drawn_with_their_names():
    frame = pd.DataFrame(
        {
            "event": [["start", "payment", "end"], ["start", "end", "end"]] * 6,
            "amount": [[1.0, 2.0, 3.0], [3.0, 2.0, np.nan]] * 6,
        }
    )
    embedder = small_embedder().fit(frame)

    display = ReconstructionDisplay.from_estimator(embedder, frame, indices=[0, 1])

    assert display.feature_names == ["event", "amount"]
    assert display.axes_[1, 0].get_ylabel() == "amount"
    amounts = find_line(display.axes_[1, 1], "Original").get_ydata()
    np.testing.assert_array_equal(amounts, [3.0, 2.0, np.nan])


def test_events_of_several_features_get_one_row_each():
    frame = pd.DataFrame({"a": ["ab", "ba"] * 6, "b": ["xy", "yx"] * 6})

    display = ReconstructionDisplay.from_estimator(
        small_embedder().fit(frame), frame, indices=[1, 0], features="b"
    )

    assert display.feature_names == ["b"]
    texts = [text.get_text() for text in display.axes_[0, 0].texts]
    assert texts[:2] == ["y", "x"]
    both = ReconstructionDisplay.from_estimator(
        small_embedder().fit(frame), frame, indices=[1, 0]
    )
    assert both.axes_.shape == (4, 1)


def test_times_are_drawn_in_seconds():
    times = pd.date_range("2024-01-01", periods=4, freq="min")
    frame = pd.DataFrame({"when": [list(times)] * 12})

    display = ReconstructionDisplay.from_estimator(
        small_embedder().fit(frame), frame, indices=0
    )

    drawn = find_line(display.axes_[0, 0], "Original").get_ydata()
    np.testing.assert_array_equal(drawn, [0, 60, 120, 180])


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"n_sequences": 0}, ValueError, "n_sequences == 0, must be >= 1"),
        ({"indices": 99}, ValueError, "lists 99, but X has 20 sequences"),
        ({"indices": 1.5}, ValueError, "must be one or several positions"),
        ({"features": "speed"}, ValueError, "features lists 'speed', expected names"),
        ({"features": []}, ValueError, "features is empty"),
        ({"ax": "left", "indices": 0, "features": 0}, TypeError, "expected matplotlib"),
    ],
)
def test_wrong_choices_of_reconstructions_are_refused(
    X, embedder, options, error, match
):
    with pytest.raises(error, match=match):
        ReconstructionDisplay.from_estimator(embedder, X, **options)


def test_reconstructions_need_a_decoder(predictor, X):
    with pytest.raises(TypeError, match="Predictor has no method reconstruct here"):
        ReconstructionDisplay.from_estimator(predictor, X)


def test_categories_have_the_same_colors_in_all_panels_and_a_legend():
    first = np.array(list("bc" * 60), dtype=object)
    second = np.array(list("abc" * 40), dtype=object)

    display = ReconstructionDisplay(
        [[first], [second]], [[first], [second]], [0, 0], [0, 1], [True], ["event"]
    ).plot()

    cells = [ax.images[0].get_array() for ax in display.axes_[:, 0]]
    np.testing.assert_array_equal(cells[0][0, 0], cells[1][0, 1])
    np.testing.assert_array_equal(cells[0][0, 1], cells[1][0, 2])
    last = display.axes_[1, 0]
    assert read_legend(last) == ["a", "b", "c", "wrong"]
    patch = last.get_legend().get_patches()[1]
    np.testing.assert_allclose(patch.get_facecolor()[:3], cells[0][0, 0])


def test_rare_categories_are_gray_and_counted_in_the_legend():
    names = [f"t{i:02d}" for i in range(9)]
    values = np.array([name for name in names for _ in range(20)] + [None], object)
    values[:20] = "t08"  # the most frequent one, and t00 does not occur

    display = ReconstructionDisplay(
        [[values, np.arange(181.0)]],
        [[values, np.arange(181.0)]],
        [0],
        [0],
        [True, False],
        ["event", "size"],
    ).plot()

    ax = display.axes_[0, 0]
    assert read_legend(ax) == [
        "t01", "t02", "t03", "t04", "t08", "3 others", "wrong",
    ]  # fmt: skip
    cells = ax.images[0].get_array()
    np.testing.assert_array_equal(cells[0, 130], cells[0, 150])
    assert (cells[0, 130] != cells[0, 30]).any()


def test_errors_from_rounding_are_not_compared():
    x = np.arange(3.0)

    display = ReconstructionDisplay(
        [[x], [x], [x]], [[x], [x], [x]], [0, 5e-13, 0.25], [0, 1, 2], [False], ["x"]
    ).plot()

    titles = [ax.get_title("left") for ax in display.axes_[0]]
    assert titles == ["X[0]\nerror 0", "X[1]\nerror below 1e-06", "X[2]\nerror 0.25"]


def test_times_have_a_unit_on_their_axis():
    times = pd.date_range("2024-01-01", periods=4, freq="3D")
    frame = pd.DataFrame({"when": [list(times)] * 12})

    display = ReconstructionDisplay.from_estimator(
        small_embedder().fit(frame), frame, indices=[0, 1]
    )

    drawn = find_line(display.axes_[0, 0], "Original").get_ydata()
    np.testing.assert_array_equal(drawn, [0, 3, 6, 9])
    assert display.axes_[0, 0].get_ylabel() == "when\n(days since the first)"


# Maps


def test_points_are_principal_components_of_the_vectors(X, y, embedder):
    vectors = embedder.transform(X)
    pca = PCA(2).fit(vectors.astype(np.float64))

    display = EmbeddingDisplay.from_estimator(embedder, X, y)

    np.testing.assert_allclose(
        np.abs(display.points), np.abs(pca.transform(vectors)), rtol=1e-4, atol=1e-5
    )
    first = f"Principal component 1 ({pca.explained_variance_ratio_[0]:.0%} of the"
    assert display.ax_.get_xlabel().startswith(first)
    for label in range(3):
        offsets = display.scatter_[str(label)].get_offsets()
        np.testing.assert_array_equal(offsets, display.points[y == label])
    assert read_legend(display.ax_) == ["0", "1", "2"]


def test_rare_classes_are_gray_and_named_last():
    vectors = np.random.default_rng(0).normal(size=(30, 3))
    y = np.array(["b"] * 10 + ["a"] * 9 + ["c"] * 6 + ["d"] * 5)

    display = EmbeddingDisplay.from_vectors(vectors, y, max_classes=2)

    assert read_legend(display.ax_) == ["a", "b", "other (2 classes)"]
    others = display.scatter_["other"].get_offsets()
    np.testing.assert_array_equal(others, display.points[19:])


def test_many_classes_differ_in_color_or_marker():
    vectors = np.random.default_rng(0).normal(size=(60, 3))

    display = EmbeddingDisplay.from_vectors(vectors, np.arange(60) % 20, max_classes=20)

    assert read_legend(display.ax_) == [str(i) for i in range(20)]
    looks = {
        (tuple(points.get_facecolor()[0]), len(points.get_paths()[0].vertices))
        for points in display.scatter_.values()
    }
    assert len(looks) > 14


def test_numbers_get_a_color_bar_and_missing_ones_are_gray():
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    y = [1.5, 2.0, np.nan, 4.0, 8.0]

    display = EmbeddingDisplay.from_vectors(vectors, y)

    colors = display.scatter_["all"].get_array()
    np.testing.assert_array_equal(colors, [1.5, 2.0, 4.0, 8.0])
    missing = display.scatter_["missing"].get_offsets()
    np.testing.assert_array_equal(missing, display.points[[2]])
    assert display.colorbar_.vmax == 8.0


@pytest.mark.parametrize("convert", [np.asarray, list, pd.Series], ids=str)
def test_times_get_a_color_bar_of_dates(convert):
    vectors = np.random.default_rng(0).normal(size=(4, 3))
    y = pd.date_range("2024-01-01", periods=4, freq="D")

    display = EmbeddingDisplay.from_vectors(vectors, convert(y))

    assert display.y_kind == "time"
    np.testing.assert_array_equal(np.diff(display.scatter_["all"].get_array()), 1)
    display.figure_.canvas.draw()
    labels = [text.get_text() for text in display.colorbar_.ax.get_yticklabels()]
    assert any(labels)


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (np.arange(30), "number"),
        (np.arange(30) % 20, "class"),
        (np.arange(30) > 3, "class"),
        (pd.Series(np.arange(30), dtype="category"), "class"),
        (["a", None, "b"] * 10, "class"),
        (None, None),
    ],
    ids=str,
)
def test_the_kind_of_colors_is_guessed(y, kind):
    display = EmbeddingDisplay.from_vectors(np.eye(30), y)

    assert display.y_kind == kind
    assert sum(len(p.get_offsets()) for p in display.scatter_.values()) == 30


def test_any_reducer_can_be_used(X, embedder):
    class Corner:
        def fit_transform(self, vectors):
            return vectors[:, :3]

    display = EmbeddingDisplay.from_estimator(embedder, X, reducer=Corner())

    expected = embedder.transform(X)[:, :2]
    np.testing.assert_array_equal(display.scatter_["all"].get_offsets(), expected)
    assert display.ax_.get_ylabel() == "Corner 2"


def test_axes_of_t_sne_have_its_usual_name(X, embedder):
    reducer = TSNE(perplexity=3, max_iter=250, random_state=0)

    display = EmbeddingDisplay.from_estimator(embedder, X, reducer=reducer)

    assert display.axis_labels == ("t-SNE 1", "t-SNE 2")


@pytest.mark.parametrize(
    ("arguments", "options", "error", "match"),
    [
        ((np.eye(3), [1, 2]), {}, ValueError, "y has 2 values, but there are 3 vec"),
        ((np.eye(3), np.eye(3)), {}, ValueError, "y has shape"),
        ((np.ones((3, 1)),), {}, ValueError, "vectors have 1 component"),
        ((np.eye(3),), {"reducer": 3}, TypeError, "has no method fit_transform"),
        ((np.eye(3),), {"y_kind": "colour"}, ValueError, "y_kind == 'colour'"),
        (
            (np.eye(3), list("abc")),
            {"y_kind": "number"},
            ValueError,
            "y cannot be converted",
        ),
        (
            (np.eye(3),),
            {"reducer": SimpleNamespace(fit_transform=lambda v: v[:, 0])},
            ValueError,
            r"shape \(3,\), expected \(3, 2\)",
        ),
    ],
)
def test_wrong_maps_are_refused(arguments, options, error, match):
    with pytest.raises(error, match=match):
        EmbeddingDisplay.from_vectors(*arguments, **options)


def test_a_map_needs_an_estimator_with_vectors(X):
    with pytest.raises(TypeError, match="which has no method transform"):
        EmbeddingDisplay.from_estimator("model", X)


@pytest.mark.parametrize("labels", [("_a", "b"), ("$5-$10", "$a_$")], ids=str)
def test_labels_are_drawn_as_they_are(labels):
    display = EmbeddingDisplay.from_vectors(np.eye(4), list(labels) * 2)

    display.figure_.canvas.draw()

    assert read_legend(display.ax_) == sorted(labels)
    assert not any(text.get_parse_math() for text in display.legend_.get_texts())


def test_names_and_tokens_are_drawn_as_they_are(series):
    names = ["_US$_EUR$", "$a_$"]
    frame = pd.DataFrame(dict.fromkeys(names, series))
    anomalies = AnomalyDisplay.from_scores(frame, series)
    x, tokens = np.arange(3.0), np.array(["$a_$", "$b", "c$"], dtype=object)
    displays = [
        anomalies,
        AnomalyDisplay.from_scores(frame, series, features="$a_$"),
        ForecastDisplay([[x]], [[x]], feature_names=["$a_$"]).plot(),
        EmbeddingDisplay(np.eye(2), axis_labels=("$a_$", "$b_$")).plot(),
    ]
    for is_categorical in ([True, False], [True, True]):
        displays.append(
            ReconstructionDisplay(
                [[tokens, x if not is_categorical[1] else tokens]],
                [[tokens, x if not is_categorical[1] else tokens]],
                [0],
                [0],
                is_categorical,
                names,
            ).plot()
        )

    for display in displays:
        display.figure_.canvas.draw()  # a formula would raise an error

    assert read_legend(anomalies.axes_[0]) == names


def test_missing_classes_are_gray_and_equal_names_are_told_apart():
    y = [1, "1", None, np.nan, pd.NA, "missing", "other", 1]

    display = EmbeddingDisplay.from_vectors(np.eye(8), y, max_classes=3)

    assert read_legend(display.ax_) == [
        "'1'", "1", "'missing'", "other (1 class)", "missing",
    ]  # fmt: skip
    n_points = {name: len(p.get_offsets()) for name, p in display.scatter_.items()}
    assert n_points == {"'1'": 1, "1": 2, "'missing'": 1, "other": 1, "missing": 3}
    color = display.scatter_["missing"].get_edgecolor()[0, :3]
    assert np.ptp(color) == 0


def test_strings_with_a_missing_float_are_classes_and_a_missing_value():
    display = EmbeddingDisplay.from_vectors(np.eye(3), ["a", np.nan, "b"])

    assert list(display.scatter_) == ["missing", "a", "b"]


@pytest.mark.parametrize("zones", [["Europe/Berlin"], ["Europe/Berlin", "UTC"]])
@pytest.mark.filterwarnings("error")
def test_times_with_time_zones_are_drawn(zones):
    days = [
        pd.Timestamp(f"2024-01-0{i + 1} 12:00", tz=zones[i % len(zones)])
        for i in range(4)
    ]

    display = EmbeddingDisplay.from_vectors(np.eye(5), pd.Series([*days, pd.NaT]))

    dates = display.y[:4].astype("datetime64[h]")
    hours = [12] * 4 if len(zones) == 1 else [11, 12, 11, 12]
    assert [value.item().hour for value in dates] == hours
    assert len(display.scatter_["missing"].get_offsets()) == 1


@pytest.mark.parametrize(
    ("y", "kind", "values", "label"),
    [
        (pd.to_timedelta(np.arange(4), unit="D"), "number", np.arange(4), "days"),
        (
            [datetime.timedelta(hours=i) for i in range(3)] + [None],
            "number",
            np.arange(3),
            "hours",
        ),
        ([np.timedelta64(i, "s") for i in range(4)], "number", np.arange(4), "seconds"),
        ([Decimal(i) for i in range(4)], "number", np.arange(4), ""),
        ([1.5, 2, None, 3], "number", [1.5, 2, 3], ""),
        (
            pd.Series(pd.period_range("2024-01-01", periods=4, freq="D")),
            "time",
            19723 + np.arange(4),
            "",
        ),
        (
            np.array(
                [np.datetime64("2024-01-01"), np.datetime64("2024-01-03")] * 2, "O"
            ),
            "time",
            [19723, 19725] * 2,
            "",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_durations_and_decimals_are_numbers_and_periods_are_times(
    y, kind, values, label
):
    display = EmbeddingDisplay.from_vectors(np.eye(4), y)

    assert display.y_kind == kind
    np.testing.assert_allclose(display.scatter_["all"].get_array(), values)
    assert display.colorbar_.ax.get_ylabel() == label


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (list(range(30)), "number"),
        ([None, *range(29)], "number"),
        ([None, *[1, 2] * 14, 1], "class"),
        ([None, *[True, False] * 14, True], "class"),
        ([None] * 30, "class"),
    ],
    ids=["ints", "many", "few", "bools", "nothing"],
)
def test_the_kind_of_objects_with_gaps_is_guessed(y, kind):
    display = EmbeddingDisplay.from_vectors(np.eye(30), np.array(y, dtype=object))

    assert display.y_kind == kind


def test_a_map_can_be_made_of_points_and_a_list_of_classes():
    display = EmbeddingDisplay([[0, 1], [1, 2]], ["a", "b"]).plot()

    assert read_legend(display.ax_) == ["a", "b"]


def test_classes_may_be_times():
    y = np.array(["2024-01-01", "2024-01-02", "NaT"], dtype="datetime64[D]")

    display = EmbeddingDisplay.from_vectors(np.eye(3), y, y_kind="class")

    assert read_legend(display.ax_) == ["2024-01-01", "2024-01-02", "missing"]


@pytest.mark.parametrize("max_classes", [None, "x", 0])
def test_a_number_of_classes_is_at_least_one(max_classes):
    with pytest.raises((TypeError, ValueError), match="max_classes"):
        EmbeddingDisplay.from_vectors(np.eye(3), list("abc"), max_classes=max_classes)


# Anomalies


@pytest.mark.parametrize("stride", [1, 3])
def test_scores_are_minus_the_averages_of_the_windows(series, window_embedder, stride):
    windows, _ = make_windows(series, LOOKBACK, 0, stride=stride)
    scores = window_embedder.score_samples(windows)
    expected = -average_windows(scores, LOOKBACK, stride=stride, n_timesteps=200)

    display = AnomalyDisplay.from_estimator(
        window_embedder, series, LOOKBACK, stride=stride, threshold=3.0
    )

    top, bottom = display.axes_
    np.testing.assert_array_equal(find_line(top, "Series").get_ydata(), series)
    np.testing.assert_array_equal(bottom.lines[0].get_ydata(), expected)
    np.testing.assert_array_equal(display.is_alarm_, np.nan_to_num(expected) > 3.0)
    assert bottom.lines[1].get_ydata() == [3.0, 3.0]
    assert "threshold 3" in [text.get_text() for text in bottom.texts]


def test_a_threshold_is_a_quantile_of_the_scores_of_a_usual_series(
    series, window_embedder
):
    usual = AnomalyDisplay.from_estimator(window_embedder, series[:100], LOOKBACK)

    display = AnomalyDisplay.from_estimator(
        window_embedder, series, LOOKBACK, reference=series[:100], quantile=0.9
    )

    assert display.threshold == np.quantile(usual.scores, 0.9)


def test_windows_without_values_have_no_score(series, window_embedder):
    gaps = series.copy()
    gaps[50:80] = np.nan

    display = AnomalyDisplay.from_estimator(window_embedder, gaps, LOOKBACK, stride=4)

    is_unknown = np.isnan(display.scores)
    assert is_unknown[64:68].all()
    assert not is_unknown[:50].any()


def test_alarms_and_labeled_spans_are_marked():
    series, scores = np.arange(6.0), np.array([0, 0, 5.0, 5.0, 0, np.nan])

    display = AnomalyDisplay.from_scores(series, scores, threshold=1, spans=[(1, 3)])

    top = display.axes_[0]
    alarm = find_line(top, "Alarm").get_ydata()
    np.testing.assert_array_equal(alarm, [np.nan, np.nan, 2, 3, np.nan, np.nan])
    assert read_legend(top) == ["Series", "Alarm", "Labeled"]
    assert [patch.get_x() for patch in display.span_patches_] == [1, 1]
    assert [patch.get_width() for patch in display.span_patches_] == [2, 2]


def test_a_mask_of_labels_becomes_spans():
    mask = np.array([True, False, True, True, False, True])

    display = AnomalyDisplay.from_scores(np.arange(6.0), np.arange(6.0), spans=mask)

    assert display.spans == [(0, 1), (2, 4), (5, 6)]


@pytest.mark.parametrize("kind", ["D", "period"])
def test_dates_of_a_pandas_index_are_on_the_axis(kind):
    index = pd.date_range("2024-01-01", periods=6)
    index = index if kind == "D" else index.to_period("D")
    frame = pd.DataFrame({"a": range(6), "b": range(6)}, index=index)

    display = AnomalyDisplay.from_scores(frame, np.arange(6), features=["b"])

    x = display.axes_[1].lines[0].get_xdata()
    np.testing.assert_array_equal(x, pd.date_range("2024-01-01", periods=6))
    assert display.feature_names == ["b"]
    assert display.axes_[1].get_xlabel() == "Time"


def test_given_times_are_on_the_axis():
    display = AnomalyDisplay.from_scores(
        np.eye(5), np.arange(5), times=np.arange(5) / 2, threshold=9
    )

    np.testing.assert_array_equal(display.axes_[0].lines[0].get_xdata()[:2], [0, 0.5])
    assert len(display.axes_[0].lines) == 4
    assert read_legend(display.axes_[0])[0] == "feature 0"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"spans": [(3, 9)]}, r"spans holds \(3, 9\), but the series has the time"),
        ({"spans": [1, 2]}, "spans must be pairs of integers"),
        ({"spans": [True]}, r"spans has shape \(1,\), but series has 4 time steps"),
        ({"times": [1, 2]}, r"times has shape \(2,\)"),
    ],
)
def test_wrong_arguments_of_anomalies_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        AnomalyDisplay.from_scores(np.arange(4), np.arange(4), **options)


def test_a_mask_with_other_values_is_refused_without_printing_it():
    with pytest.raises(ValueError, match="and dtype int64 with other values") as caught:
        AnomalyDisplay.from_scores(
            np.arange(99), np.arange(99), spans=pd.Series(np.arange(99))
        )

    assert len(str(caught.value).splitlines()) == 1


def test_no_spans_are_no_error():
    assert AnomalyDisplay.from_scores([1, 2], [1, 2], spans=[]).span_patches_ == []


def test_anomalies_need_an_estimator_with_scores(series, predictor, window_embedder):
    with pytest.raises(TypeError, match="which has no method score_samples"):
        AnomalyDisplay.from_estimator(predictor, series, LOOKBACK)
    with pytest.raises(ValueError, match="either threshold or reference"):
        AnomalyDisplay.from_estimator(
            window_embedder, series, LOOKBACK, threshold=1.0, reference=series
        )


def test_spans_include_their_last_step():
    index = pd.date_range("2024-01-01", periods=6)
    scores = np.arange(6.0)

    steps = AnomalyDisplay.from_scores(scores, scores, spans=[(5, 6), (4, 6)])
    dates = AnomalyDisplay.from_scores(
        pd.Series(scores, index=index), scores, spans=[(5, 6), (0, 1)]
    )

    assert [patch.get_width() for patch in steps.span_patches_[::2]] == [1, 2]
    assert [patch.get_width() for patch in dates.span_patches_[::2]] == [1, 1]
    one = AnomalyDisplay.from_scores([1.0], [1.0], spans=[(0, 1)])
    assert one.span_patches_[0].get_width() == 1


@pytest.mark.parametrize("convert", [list, np.array, pd.Series], ids=str)
@pytest.mark.parametrize("dtype", [int, float, bool])
def test_a_column_of_labels_is_a_mask(convert, dtype):
    labels = np.array([0, 1, 1, 0, 0, 1]).astype(dtype)

    display = AnomalyDisplay.from_scores(
        np.arange(6), np.arange(6), spans=convert(labels)
    )

    assert display.spans == [(1, 3), (5, 6)]


def test_a_span_that_ends_on_a_date_contains_that_day():
    times = pd.date_range("2025-02-01", periods=96, freq="h")
    day = datetime.date(2025, 2, 3)

    display = AnomalyDisplay.from_scores(
        np.zeros(96), np.zeros(96), times=times, spans=[(day, day)]
    )

    assert display.spans == [(48, 72)]


@pytest.mark.parametrize("tz", [None, "Europe/Berlin"])
def test_spans_may_be_pairs_of_dates(tz):
    index = pd.date_range("2024-01-01", periods=6, tz=tz)
    series = pd.Series(np.arange(6.0), index=index)

    display = AnomalyDisplay.from_scores(
        series, series, spans=[(index[1], index[3]), (index[5], index[5])]
    )

    assert display.spans == [(1, 4), (5, 6)]
    with pytest.raises(ValueError, match="no time step is between these dates"):
        AnomalyDisplay.from_scores(series, series, spans=[(index[3], index[1])])


def test_spans_of_another_time_zone_are_converted():
    index = pd.date_range("2024-01-01", periods=6, freq="h", tz="Europe/Berlin")
    series = pd.Series(np.arange(6.0), index=index)
    spans = [(index[1].tz_convert("UTC"), index[3].tz_convert("Asia/Tokyo"))]

    for options in ({}, {"times": index}, {"times": list(index)}):
        display = AnomalyDisplay.from_scores(series, series, spans=spans, **options)
        assert display.spans == [(1, 4)]

    series.index = index.tz_localize(None)
    with pytest.raises(ValueError, match="those of the series have none"):
        AnomalyDisplay.from_scores(series, series, spans=spans)


def test_a_window_of_another_length_is_warned_of(series, window_embedder, recwarn):
    AnomalyDisplay.from_estimator(window_embedder, series, LOOKBACK)
    assert not recwarn

    match = "sequences of 5 time steps, but those of fit had 16 time steps"
    with pytest.warns(UserWarning, match=match):
        AnomalyDisplay.from_estimator(window_embedder, series, 5)

    embedder = small_embedder().fit([series[:10], series[:20]])
    with pytest.warns(UserWarning, match="those of fit had 10 to 20 time steps"):
        AnomalyDisplay.from_estimator(embedder, series, 30)


def test_a_list_of_numbers_is_a_series():
    display = AnomalyDisplay([1.0, 2.0], [1.0, 2.0]).plot()

    np.testing.assert_array_equal(display.axes_[0].lines[0].get_ydata(), [1, 2])


@pytest.mark.parametrize("make", [list, pd.DatetimeIndex], ids=["list", "index"])
def test_times_with_a_zone_are_dates_on_the_axis(make):
    times = pd.date_range("2024-01-01", periods=4, tz="Europe/Berlin")

    display = AnomalyDisplay.from_scores(np.eye(4), np.arange(4), times=make(times))

    expected = pd.date_range("2024-01-01", periods=4)
    np.testing.assert_array_equal(display.axes_[0].lines[0].get_xdata(), expected)


@pytest.mark.parametrize(
    "times",
    [list("abcd"), [object()] * 4, np.full(4, None), np.array(list("abcd"), object)],
    ids=["strings", "objects", "missing", "string objects"],
)
def test_times_that_are_no_times_are_refused(times):
    with pytest.raises(
        TypeError, match="times holds values of type .*, expected dates"
    ):
        AnomalyDisplay.from_scores(np.arange(4), np.arange(4), times=times)


def test_dates_of_two_months_are_labeled_with_their_month():
    times = pd.date_range("2023-03-20", "2023-04-16")
    display = AnomalyDisplay.from_scores(np.ones(28), np.ones(28), times=times)

    display.figure_.canvas.draw()

    axis = display.axes_[1].xaxis
    labels = [text.get_text() for text in axis.get_ticklabels()]
    assert "22 Mar" in labels
    assert "01 Apr" in labels
    assert axis.get_offset_text().get_text() == "2023"


# Forecasts


def test_past_forecast_truth_and_intervals_are_drawn(pairs, predictor):
    X, y = pairs
    lower, upper = predictor.predict_interval(X, 0.8)

    display = ForecastDisplay.from_estimator(
        predictor, X, y, indices=[2, 7], coverage=0.8, n_past=6
    )

    assert display.axes_.shape == (2, 1)
    for ax, i in zip(display.axes_[:, 0], (2, 7), strict=True):
        past, truth, forecast = (
            find_line(ax, label) for label in ("Past", "Truth", "Forecast")
        )
        np.testing.assert_array_equal(past.get_xdata(), np.arange(-5, 1))
        np.testing.assert_array_equal(past.get_ydata(), X[i, -6:, 0])
        np.testing.assert_array_equal(truth.get_ydata()[1:], y[i, :, 0])
        predicted = predictor.predict(X)[i, :, 0]
        np.testing.assert_array_equal(forecast.get_ydata()[1:], predicted)
        np.testing.assert_array_equal(forecast.get_xdata(), np.arange(5))
        (area,) = ax.collections
        drawn = area.get_paths()[0].vertices[:, 1]
        assert drawn.min() == lower[i].min()
        assert drawn.max() == upper[i].max()
    assert read_legend(display.axes_[0, 0]) == [
        "Past",
        "Truth",
        "80% interval",
        "Forecast",
    ]


def test_an_embedder_forecasts_without_intervals(series):
    embedder = small_embedder(objective="forecast", horizon=4)
    frame = pd.DataFrame({"load": list(make_windows(series, 20, 0)[0][:, :, 0])})
    embedder.fit(frame)

    display = ForecastDisplay.from_estimator(embedder, frame)

    ax = display.axes_[0, 0]
    expected = embedder.forecast(frame)["load"][0]
    np.testing.assert_array_equal(find_line(ax, "Forecast").get_ydata()[1:], expected)
    assert read_legend(ax) == ["Past", "Forecast"]
    assert ax.get_ylabel() == "load"


def test_targets_that_continue_no_feature_are_drawn_without_a_past(X):
    y = [[float(len(x)), 1.0, 2.0] for x in X]
    predictor = LSTMSequencePredictor(4, max_epochs=1, random_state=0).fit(X, y)

    display = ForecastDisplay.from_estimator(predictor, X, y, coverage=None)

    assert read_legend(display.axes_[0, 0]) == ["Truth", "Forecast"]
    truth = find_line(display.axes_[0, 0], "Truth").get_ydata()
    np.testing.assert_array_equal(truth, y[0])


def test_single_values_are_forecasts_of_one_step(series):
    X, y = make_windows(series, LOOKBACK, 1)
    predictor = LSTMSequencePredictor(4, random_state=0).fit(X, y[:, 0, 0])

    display = ForecastDisplay.from_estimator(predictor, X, y[:, 0, 0], indices=4)

    line = find_line(display.axes_[0, 0], "Forecast").get_ydata()
    np.testing.assert_array_equal(line[1:], predictor.predict(X)[[4]])
    truth = find_line(display.axes_[0, 0], "Truth").get_ydata()
    np.testing.assert_array_equal(truth[1:], y[4, :, 0])


def test_columns_of_targets_are_drawn_by_name(X, y):
    targets = pd.DataFrame({"a": y.astype(float), "b": 2.0 * y})
    predictor = LSTMSequencePredictor(4, max_epochs=1, random_state=0).fit(X, targets)

    display = ForecastDisplay.from_estimator(predictor, X, targets, coverage=None)

    assert display.feature_names == ["a", "b"]
    truth = find_line(display.axes_[0, 1], "Truth").get_ydata()
    assert truth[-1] == targets["b"][0]


def test_a_predictor_without_intervals_warns_that_none_are_drawn():
    X, y = np.arange(60.0).reshape(10, 6), np.arange(30.0).reshape(10, 3)
    predictor = LSTMSequencePredictor(4, early_stopping=False, max_epochs=1).fit(X, y)

    with pytest.warns(UserWarning, match="No intervals are drawn.*Set early_stopping="):
        display = ForecastDisplay.from_estimator(predictor, X)

    assert display.lower is None


def test_one_feature_of_several_continues_its_own_past():
    series = np.random.default_rng(0).normal(size=(120, 2)).cumsum(axis=0)
    X, y = make_windows(series, LOOKBACK, 3)
    predictor = LSTMSequencePredictor(4, random_state=0).fit(X, y[:, :, [1]])

    display = ForecastDisplay.from_estimator(predictor, X)

    past = find_line(display.axes_[0, 0], "Past").get_ydata()
    np.testing.assert_array_equal(past, X[0, :, 1])
    assert display.feature_names == ["feature 1"]


def test_times_of_a_forecast_are_on_the_axis(pairs, predictor):
    times = pd.date_range("2024-01-01", periods=LOOKBACK + 4)

    one = ForecastDisplay.from_estimator(predictor, pairs[0], times=times)
    two = ForecastDisplay.from_estimator(
        predictor, pairs[0], indices=[0, 1], times=[times, times + pd.Timedelta("1D")]
    )

    x = find_line(one.axes_[0, 0], "Forecast").get_xdata()
    np.testing.assert_array_equal(x, times[-5:])
    x = find_line(two.axes_[1, 0], "Past").get_xdata()
    assert x[0] == np.datetime64("2024-01-02")
    assert one.axes_[0, 0].get_xlabel() == "Time"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"times": range(3)}, r"times\[0\] has shape \(3,\), expected \(20,\)"),
        ({"times": [[1], [2]]}, "times holds 2 arrays, but 1 sequence"),
        ({"y": np.ones((3, 4, 1))}, "y holds 3 sequences, but X holds 181"),
        ({"y": np.ones((181, 4, 2))}, "y has 2 features, but the forecast has 1"),
        ({"n_past": -1}, "n_past == -1, must be >= 0"),
        ({"coverage": 2}, "coverage == 2"),
    ],
)
def test_wrong_arguments_of_forecasts_are_refused(pairs, predictor, options, match):
    with pytest.raises(ValueError, match=match):
        ForecastDisplay.from_estimator(predictor, pairs[0], **options)


def test_forecasts_need_an_estimator_that_forecasts_numbers(X, embedder, words):
    with pytest.raises(TypeError, match="LSTMSequenceEmbedder does not forecast"):
        ForecastDisplay.from_estimator(embedder, X)
    predictor = LSTMSequencePredictor(
        4, max_epochs=1, categorical_targets=[0], random_state=0
    )
    with pytest.raises(ValueError, match="the forecast holds categories"):
        ForecastDisplay.from_estimator(predictor.fit(words, words), words)


def make_frames(scale, names):
    rng = np.random.default_rng(0)
    pasts = [20 + rng.normal(size=12).cumsum() for _ in range(40)]
    X = pd.DataFrame({names[0]: pasts})
    y = pd.DataFrame({names[1]: [scale * past[-1] + np.zeros(3) for past in pasts]})
    return X, y


@pytest.mark.parametrize(
    ("scale", "names", "is_joined"),
    [
        (50, ("temperature", "energy"), False),
        (50, ("load", "load"), True),
        (1, ("load", "load tomorrow"), True),
    ],
)
def test_a_forecast_is_joined_to_the_past_that_it_continues(scale, names, is_joined):
    X, y = make_frames(scale, names)
    predictor = LSTMSequencePredictor(4, max_epochs=0, random_state=0).fit(X, y)

    display = ForecastDisplay.from_estimator(predictor, X, y, coverage=None)

    assert ("Past" in read_legend(display.axes_[0, 0])) == is_joined
    assert display.axes_[0, 0].get_ylabel() == names[1]


@pytest.mark.parametrize(("scale", "is_joined"), [(50, False), (1, True)])
def test_without_instance_norm_the_ends_are_compared(scale, is_joined):
    X, y = make_frames(scale, ("a", "b"))
    X["kind"], y["other"] = [list("ab" * 6)] * 40, y["b"]
    X["gap"], y["gaps"] = [np.full(12, np.nan)] * 40, y["b"]
    predictor = LSTMSequencePredictor(
        4, max_epochs=0, instance_norm=False, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a feature without values
        predictor.fit(X, y)

    display = ForecastDisplay.from_estimator(predictor, X, y, coverage=None)

    assert ("Past" in read_legend(display.axes_[0, 0])) == is_joined
    assert display.past[0][1:] == [None, None]


def test_features_in_another_order_are_not_joined():
    rng = np.random.default_rng(0)
    X = [np.c_[1000 + rng.normal(size=30), rng.normal(size=30)] for _ in range(40)]
    y = [x[-1:, ::-1] + np.zeros((3, 1)) for x in X]
    predictor = LSTMSequencePredictor(4, max_epochs=0, random_state=0).fit(X, y)

    display = ForecastDisplay.from_estimator(predictor, X, y, coverage=None)

    assert display.past[0] == [None, None]


def test_times_among_the_features_do_not_shift_the_past():
    X, y = make_frames(1, ("load", "load tomorrow"))
    times = list(pd.date_range("2024-01-01", periods=12))
    X.insert(0, "when", [times] * len(X))
    predictor = LSTMSequencePredictor(4, max_epochs=0, random_state=0).fit(X, y)

    display = ForecastDisplay.from_estimator(predictor, X)

    np.testing.assert_array_equal(display.past[0][0], X["load"][0])


def test_the_legend_names_the_past_of_any_panel():
    x = np.arange(3.0)

    display = ForecastDisplay([[None, x]], [[x, x]]).plot()

    assert read_legend(display.axes_[0, 0]) == ["Past", "Forecast"]


def test_a_truth_may_be_longer_than_the_forecast(pairs, predictor):
    X, y = pairs
    longer = np.concatenate([y, y], axis=1)
    times = pd.period_range("2024-01", periods=LOOKBACK + 8, freq="M")

    steps = ForecastDisplay.from_estimator(predictor, X, longer)
    dates = ForecastDisplay.from_estimator(predictor, X, longer, times=times)

    ax = steps.axes_[0, 0]
    np.testing.assert_array_equal(find_line(ax, "Truth").get_xdata(), np.arange(9))
    np.testing.assert_array_equal(find_line(ax, "Forecast").get_xdata(), np.arange(5))
    truth = find_line(dates.axes_[0, 0], "Truth").get_xdata()
    assert truth[-1] == times[-1].to_timestamp()
    assert (
        find_line(dates.axes_[0, 0], "Past").get_xdata()[0] == times[0].to_timestamp()
    )


@pytest.mark.parametrize("n_past", [2.5, "3"])
def test_a_number_of_past_steps_is_an_integer(pairs, predictor, n_past):
    with pytest.raises(TypeError, match="n_past must be an instance of int"):
        ForecastDisplay.from_estimator(predictor, pairs[0], n_past=n_past)


# Axes, styles and imports


def test_given_axes_are_used(X, y, embedder, series):
    _, (left, right) = plt.subplots(1, 2)

    assert EmbeddingDisplay.from_estimator(embedder, X, y, ax=left).ax_ is left
    display = AnomalyDisplay.from_scores(series, series, ax=right)

    assert not right.axison
    assert display.figure_ is right.figure
    assert len(plt.get_fignums()) == 1


def test_an_array_of_axes_is_used(series):
    _, axes = plt.subplots(1, 2)

    display = AnomalyDisplay.from_scores(series, series, ax=axes)

    assert list(display.axes_) == list(axes)
    with pytest.raises(ValueError, match="ax holds 3 Axes, but AnomalyDisplay draws 2"):
        AnomalyDisplay.from_scores(series, series, ax=plt.subplots(3)[1])


def test_axes_at_a_fixed_position_are_not_divided(series):
    ax = plt.figure().add_axes((0, 0, 1, 1))

    with pytest.raises(ValueError, match="ax is at a fixed position"):
        AnomalyDisplay.from_scores(series, series, ax=ax)


def test_plot_draws_again_into_other_axes(X, embedder):
    display = EmbeddingDisplay.from_estimator(embedder, X)
    first = display.ax_

    assert display.plot() is display

    assert display.ax_ is not first
    offsets = display.scatter_["all"].get_offsets()
    np.testing.assert_array_equal(offsets, display.points)


def test_colors_contrast_with_a_dark_background(X, y, embedder):
    def draw():
        display = EmbeddingDisplay.from_estimator(embedder, X, y)
        return display.scatter_["0"].get_facecolor()[0, :3]

    light = draw()
    with plt.style.context("dark_background"):
        dark = draw()

    assert dark.mean() > light.mean()


def test_transparent_axes_have_the_background_of_the_figure():
    figure, ax = plt.subplots(facecolor="black")
    ax.set_facecolor("none")

    display = EmbeddingDisplay.from_vectors(np.eye(3), ax=ax)

    color = display.scatter_["all"].get_facecolor()[0, :3]
    assert matplotlib.colors.to_hex(color).upper() == "#56B4E9"


def test_importing_the_displays_does_not_import_matplotlib():
    code = (
        "import sys, sklearn_seqembed.displays as d\n"
        "assert 'matplotlib' not in sys.modules\n"
        "sys.modules['matplotlib'] = None\n"
        "try:\n"
        "    d.LossDisplay([1.0]).plot()\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )

    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8"
    ).stdout

    assert "LossDisplay.plot needs matplotlib" in printed
    assert "sklearn-seqembed[plot]" in printed


def test_a_second_drawing_into_the_same_axes_replaces_the_first(series):
    figure, ax = plt.subplots()
    EmbeddingDisplay.from_vectors(np.eye(4), [1.0, 2.0, 3.0, 4.0], ax=ax)
    LossDisplay([1.0], learning_rate=[1.0]).plot(ax=ax)
    AnomalyDisplay.from_scores(series, series, ax=ax)
    first = AnomalyDisplay.from_scores(series, series, ax=ax)
    assert figure.axes == [ax, *first.axes_]
    first.axes_[0].remove()

    for y in (list("aabb"), list("ccdd")):
        display = EmbeddingDisplay.from_vectors(np.eye(4), y, ax=ax)

    assert figure.axes == [ax]
    assert ax.axison
    assert read_legend(ax) == ["c", "d"]
    assert len(ax.collections) == len(display.scatter_) == 2


def test_what_the_user_has_drawn_remains():
    _, ax = plt.subplots()
    ax.plot([0, 1], [0, 1])

    EmbeddingDisplay.from_vectors(np.eye(4), ax=ax)

    assert len(ax.lines) == 1


def test_parts_of_a_figure_have_its_background():
    figure = plt.figure(facecolor="white")
    ax = figure.subfigures(1, 2)[0].subplots()
    ax.set_facecolor("none")

    display = EmbeddingDisplay.from_vectors(np.eye(3), ax=ax)

    color = display.scatter_["all"].get_facecolor()[0, :3]
    assert matplotlib.colors.to_hex(color).upper() == "#0072B2"
    figure.set_facecolor("none")
    color = EmbeddingDisplay.from_vectors(np.eye(3), ax=ax).scatter_["all"]
    assert matplotlib.colors.to_hex(color.get_facecolor()[0]).upper() == "#0072B2"
