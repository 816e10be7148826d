"""The benchmarks of predicted sequences draw, cut and judge as they say."""

import addition
import generated
import numpy as np
import pytest
import translation


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
