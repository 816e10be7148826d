"""The benchmarks of predicted sequences draw, cut and judge as they say."""

import _measure
import addition
import continuation
import forecasting
import generated
import numpy as np
import pytest
import translation

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
    ("task", "answer"), [("reverse", "213"), ("sort", "123"), ("echo", "312")]
)
def test_tasks_are_what_they_are_called(task, answer):
    assert generated.TASKS[task]("312") == answer


@pytest.mark.parametrize("text", ["Wait!", "I'm ill.", "It is 7:45, Tom.", "„Ja“"])
def test_words_are_joined_as_they_were(text):
    assert translation.join_words(translation.split_words(text)) == text


def test_translations_are_judged_by_all_references():
    references = {"Hi.": ["Hallo!", "Grüß Gott!"], "Run!": ["Lauf!"]}

    figures = translation.judge(["Grüß Gott!", "Geh!"], references)

    assert figures["exact"] == 0.5
    assert figures["distinct"] == figures["sentences"] == 2


def test_the_nearest_sentence_lends_its_translation():
    train = (["I am here.", "Go away!"], ["Ich bin hier.", "Geh weg!"])

    assert translation.look_up(train, ["I am there."]) == ["Ich bin hier."]


def test_each_feature_of_a_window_becomes_a_sequence():
    windows = np.arange(12).reshape(2, 3, 2)

    sequences = forecasting.one_by_one(windows)

    assert sequences[:, :, 0].tolist() == [
        [0, 2, 4],
        [1, 3, 5],
        [6, 8, 10],
        [7, 9, 11],
    ]


def test_the_last_hours_are_repeated():
    X = np.arange(4.0).reshape(1, 4, 1)

    assert forecasting.repeat_last(X, 5, 2)[0, :, 0].tolist() == [2, 3, 2, 3, 2]


def test_the_linear_forecast_goes_on_with_each_feature():
    times = np.arange(60.0)[:, None]
    series = np.hstack([times, -2 * times])
    X, y = make_windows(series, lookback=4, horizon=3)

    predicted = forecasting.forecast_linearly(
        {"train": (X, y), "between": (X, y), "test": (X[-5:] + 100, None)}, 3
    )

    np.testing.assert_allclose(predicted, y[-5:] + 100, atol=0.05)


def test_means_are_taken_over_horizons():
    results = [
        {"contender": "ours", "seed": seed, "horizon": horizon, "MSE": seed + horizon}
        for seed in (0, 10)
        for horizon in (1, 3)
    ]

    means = forecasting.add_means(results)[len(results) :]

    assert [mean["MSE"] for mean in means] == [2, 12]
    assert {mean["horizon"] for mean in means} == {"mean"}


def test_the_most_frequent_continuation_knows_beginnings_and_their_ends():
    beginnings = [["a"], ["a"], ["a"], ["a", "b"]]
    rests = [["b", "c"], ["b", "c"], ["d"], ["c"]]
    frequent = continuation.MostFrequent().fit(beginnings, rests)

    assert frequent.predict([["a"], ["a", "b"]]) == [["b", "c"], ["c"]]
    # Never met: what followed "b", and what was said most often of all.
    assert frequent.predict([["x", "b"], ["x"]]) == [["c"], ["b", "c"]]


def test_continuations_are_judged_by_next_rest_and_whole():
    figures = continuation.judge([["a", "b"], ["c"]], [["a", "b"], ["d", "c"]])

    assert figures == {"next": 0.5, "similarity": 0.75, "exact": 0.5}


def test_parameters_are_set_from_the_command_line():
    parser = _measure.argument_parser("A program.")
    _measure.add_parameters(parser)

    given = parser.parse_args(["--set", "cell=gru", "lr=0.002"]).set

    assert dict(given) == {"cell": "gru", "lr": 0.002}
