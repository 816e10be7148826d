"""Displays: what is drawn is the data, in every container that estimators accept."""

import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
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


def test_alarms_and_labelled_spans_are_marked():
    series, scores = np.arange(6.0), np.array([0, 0, 5.0, 5.0, 0, np.nan])

    display = AnomalyDisplay.from_scores(series, scores, threshold=1, spans=[(1, 3)])

    top = display.axes_[0]
    alarm = find_line(top, "Alarm").get_ydata()
    np.testing.assert_array_equal(alarm, [np.nan, np.nan, 2, 3, np.nan, np.nan])
    assert read_legend(top) == ["Series", "Alarm", "Labelled"]
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


def test_no_spans_are_no_error():
    assert AnomalyDisplay.from_scores([1, 2], [1, 2], spans=[]).span_patches_ == []


def test_anomalies_need_an_estimator_with_scores(series, predictor, window_embedder):
    with pytest.raises(TypeError, match="which has no method score_samples"):
        AnomalyDisplay.from_estimator(predictor, series, LOOKBACK)
    with pytest.raises(ValueError, match="either threshold or reference"):
        AnomalyDisplay.from_estimator(
            window_embedder, series, LOOKBACK, threshold=1.0, reference=series
        )


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
