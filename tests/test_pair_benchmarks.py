"""Benchmarks of predicted sequences: drawing, cutting and evaluating."""

import numpy as np
import pytest

from benchmarks.pairs import (
    addition,
    beams,
    continuation,
    forecasting,
    generated,
    translation,
)
from sklearn_seqembed.datasets import make_windows


def test_questions_are_distinct_sums():
    train, test = addition.draw_questions(300, 50)

    pairs = list(zip(*train, strict=True)) + list(zip(*test, strict=True))
    assert len(train[0]) == 250
    assert len(test[0]) == 50
    numbers = [tuple(map(int, question.split("+"))) for question, _ in pairs]
    assert len({tuple(sorted(pair)) for pair in numbers}) == 300
    for (_, answer), pair in zip(pairs, numbers, strict=True):
        assert int(answer) == sum(pair)


def test_generated_sequences_are_new():
    rng = np.random.default_rng(0)
    seen = generated.draw(50, (1, 2), rng)

    new = generated.draw(20, (1, 2), rng, set(seen))

    assert len(set(seen)) == 50
    assert not set(seen) & set(new)
    assert {len(word) for word in [*seen, *new]} == {1, 2}


@pytest.mark.parametrize(
    ("task", "answer"), [("reverse", "213"), ("sort", "123"), ("repeat", "312")]
)
def test_tasks_transform_digits(task, answer):
    assert generated.TASKS[task]("312") == answer


@pytest.mark.parametrize("text", ["Wait!", "I'm ill.", "It is 7:45, Tom.", "„Ja“"])
def test_joining_words_restores_the_sentence(text):
    assert translation.join_words(translation.split_words(text)) == text


def test_translations_are_compared_with_all_references():
    references = {"Hi.": ["Hallo!", "Grüß Gott!"], "Run!": ["Lauf!"]}

    figures = translation.evaluate(["Grüß Gott!", "Geh!"], references)

    assert figures["exact"] == 0.5
    assert figures["distinct"] == 2


def test_look_up_returns_the_translation_of_the_nearest_sentence():
    train = (["I am here.", "Go away!"], ["Ich bin hier.", "Geh weg!"])

    assert translation.look_up(train, ["I am there."]) == ["Ich bin hier."]


def test_features_of_windows_are_split_into_sequences():
    windows = np.arange(12).reshape(2, 3, 2)

    assert forecasting.split_features(windows)[:, :, 0].tolist() == [
        [0, 2, 4],
        [1, 3, 5],
        [6, 8, 10],
        [7, 9, 11],
    ]


def test_the_last_hours_are_repeated():
    X = np.arange(4.0).reshape(1, 4, 1)

    assert forecasting.repeat_last(X, 5, 2)[0, :, 0].tolist() == [2, 3, 2, 3, 2]


def test_linear_forecast_extrapolates_each_feature():
    times = np.arange(60.0)[:, None]
    series = np.hstack([times, -2 * times])
    X, y = map(forecasting.split_features, make_windows(series, lookback=4, horizon=3))

    predicted = forecasting.forecast_linearly(
        {"train": (X, y), "between": (X, y), "test": (X[-5:] + 100, None)}
    )

    np.testing.assert_allclose(predicted, y[-5:] + 100, atol=0.05)


def test_errors_are_averaged_over_horizons():
    results = [
        {"method": "ours, seed 0", "horizon": h, "errors": [h, 2 * h], "fit, s": 5.0}
        for h in (1, 3)
    ]

    tables = forecasting.tabulate(results)

    assert tables["forecasting"]["rows"] == [
        {
            "method": "ours, seed 0",
            "1 h": "1.000 / 2.000",
            "3 h": "3.000 / 6.000",
            "mean": "2.000 / 4.000",
        }
    ]
    assert tables["forecasting-seconds"]["rows"][0]["3 h"] == 5.0


def test_most_frequent_continuation_falls_back_to_known_endings():
    prefixes = [["a"], ["a"], ["a"], ["a", "b"]]
    continuations = [["b", "c"], ["b", "c"], ["d"], ["c"]]
    frequent = continuation.MostFrequent().fit(prefixes, continuations)

    assert frequent.predict([["a"], ["a", "b"]]) == [["b", "c"], ["c"]]
    # Unseen: what follows "b", and the most frequent continuation of all.
    assert frequent.predict([["x", "b"], ["x"]]) == [["c"], ["b", "c"]]


def test_continuations_are_compared_by_next_activity_similarity_and_equality():
    figures = continuation.evaluate([["a", "b"], ["c"]], [["a", "b"], ["d", "c"]])

    assert figures == {"next": 0.5, "similarity": 0.75, "exact": 0.5}


class _Beams:
    """A predictor whose predictions depend on the beam size."""

    found = {1: ["ab", "cd", "ef"], beams.BEAM_SIZE: ["ab", "xy", "gh"]}
    scores = {1: [-1.0, -2.0, -3.0], beams.BEAM_SIZE: [-1.0, -1.5, -4.0]}

    def set_params(self, beam_size):
        self.beam_size = beam_size

    def predict_top(self, X, k):
        candidates = [[text] for text in self.found[self.beam_size]]
        return candidates, [np.array([s]) for s in self.scores[self.beam_size]]


def test_beams_are_compared_with_greedy_predictions():
    figures = beams.compare_beam(_Beams(), ["1", "2", "3"], ["ab", "xy", "ef"])

    assert figures == pytest.approx(
        {
            "greedy, exact": 2 / 3,
            "beam, exact": 2 / 3,
            "other prediction": 2 / 3,
            "beam more probable": 1 / 3,
            "only beam exact": 1 / 3,
            "only greedy exact": 1 / 3,
        }
    )
