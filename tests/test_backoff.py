"""Probabilities of categories, given those before or after them."""

import itertools
import pickle
from collections import Counter

import numpy as np
import pytest

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._features import backoff
from sklearn_seqembed._features.backoff import BackoffModel

TRAINING = [[1, 2, 3, 1, 2], [2, 2, 1], [3], [1, 2, 3, 3, 1, 2, 2, 1], [1, 2]]
TESTED = [[1, 2, 3], [3, 3, 3, 1], [2], [1, 4, 2], [4, 4]]


def _join(sequences):
    lengths = np.array([len(sequence) for sequence in sequences])
    return np.concatenate(sequences).astype(np.int64), lengths


def _fit(sequences, n_classes=3, **options):
    return BackoffModel(n_classes, **options).count(*_join(sequences))


def _estimate_all(model, sequence):
    """Return the probability of each token in a sequence, then that of the end."""
    ngrams = model._list_ngrams(*_join([sequence]), observed=False)
    return model._estimate(*ngrams)


def _estimate(training, context, token, n_classes, n):
    """Return the probability of a token after n - 1 others, by counting afresh."""
    if n == 0:
        return 1 / (n_classes + 2)
    shorter = _estimate(training, context, token, n_classes, n - 1)
    context = tuple(context[len(context) - n + 1 :])
    followers = Counter()
    for sequence in training:
        padded = ["edge"] * (n - 1) + sequence + ["edge"]
        for i in range(n - 1, len(padded)):
            if tuple(padded[i - n + 1 : i]) == context and padded[i] != 0:
                followers[padded[i]] += 1
    if not followers:
        return shorter
    total, kinds = sum(followers.values()), len(followers)
    return (followers[token] + kinds * shorter) / (total + kinds)


def _surprise(training, sequence, n_classes=3, n=4):
    padded = ["edge"] * (n - 1) + sequence + ["edge"]
    known = [0 if token == n_classes + 1 else token for token in padded]
    return -sum(
        np.log(_estimate(training, known[i - n + 1 : i], padded[i], n_classes, n))
        for i in range(n - 1, len(padded))
        if padded[i] != 0
    )


@pytest.mark.parametrize("missing", [False, True])
def test_surprises_are_those_of_a_plain_count(missing):
    training, tested = TRAINING, TESTED
    if missing:
        training = [*training, [1, 0, 3], [0, 0]]
        tested = [*tested, [1, 0, 3], [0], [0, 1, 2]]

    sums, counts = _fit(training).surprises(*_join(tested))

    expected = [_surprise(training, sequence) for sequence in tested]
    np.testing.assert_allclose(sums, expected)
    n_observed = [1 + sum(token != 0 for token in sequence) for sequence in tested]
    np.testing.assert_array_equal(counts, n_observed)


def test_the_backward_model_reads_reversed_sequences():
    backward = _fit(TRAINING, backward=True).surprises(*_join(TESTED))

    reverse = [[x[::-1] for x in sequences] for sequences in (TRAINING, TESTED)]
    forward = _fit(reverse[0]).surprises(*_join(reverse[1]))

    np.testing.assert_allclose(backward, forward)


@pytest.mark.parametrize("max_ngrams", [backoff.MAX_NGRAMS, 5])
@pytest.mark.parametrize("context", [[1], [1, 2], [2, 2, 1], [4, 3], [3, 0, 1]])
def test_probabilities_of_what_may_follow_sum_to_one(context, max_ngrams, monkeypatch):
    monkeypatch.setattr(backoff, "MAX_NGRAMS", max_ngrams)
    model = _fit(TRAINING)
    assert max(len(table.ngrams) for table in model.tables) <= max_ngrams

    continued = [[*context, token] for token in (1, 2, 3, 4)]
    found = [_estimate_all(model, x)[len(context)] for x in [*continued, context]]

    assert sum(found) == pytest.approx(1)


def test_unknown_tokens_are_more_surprising_than_known_ones_in_any_context():
    model = _fit(TRAINING)
    for context in itertools.product([1, 2, 3], repeat=2):
        *known, unknown = (_estimate_all(model, [*context, x])[2] for x in (1, 2, 3, 4))

        assert unknown < min(known)


def test_counts_in_parts_and_in_chunks_are_those_of_all_sequences(monkeypatch):
    whole = _fit(TRAINING)
    parts = BackoffModel(3).count(*_join(TRAINING[:2])).count(*_join(TRAINING[2:]))
    monkeypatch.setattr(backoff, "CHUNK_SIZE", 3)
    chunks = _fit(TRAINING)

    for model in (parts, chunks):
        for table, expected in zip(model.tables, whole.tables, strict=True):
            np.testing.assert_array_equal(table.ngrams, expected.ngrams)
            np.testing.assert_array_equal(table.counts, expected.counts)
            np.testing.assert_array_equal(table.totals, expected.totals)
            np.testing.assert_array_equal(table.kinds, expected.kinds)
    np.testing.assert_allclose(
        chunks.surprises(*_join(TESTED)), whole.surprises(*_join(TESTED))
    )


def test_counting_leaves_a_model_as_it_was():
    model = _fit(TRAINING[:2])
    before = pickle.dumps(model)

    model.count(*_join(TRAINING[2:]))

    assert pickle.dumps(model) == before


def test_partial_fit_counts_and_fit_starts_anew():
    options = {"n_components": 4, "max_epochs": 1, "random_state": 0}
    words, others = ["abab", "ba"] * 5, ["aabb", "bbaa"] * 5

    added = LSTMSequenceEmbedder(**options).partial_fit(words).partial_fit(others)
    both = LSTMSequenceEmbedder(**options).fit(words + others)
    again = LSTMSequenceEmbedder(warm_start=True, **options).fit(words).fit(others)
    once = LSTMSequenceEmbedder(**options).fit(others)

    for embedder, expected in ((added, both), (again, once)):
        found = [
            fitted._category_models.mean_surprises(fitted._check_X(words, False)[0])
            for fitted in (embedder, expected)
        ]
        np.testing.assert_allclose(*found)
