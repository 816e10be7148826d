"""Automatic choices that limit the time of fit."""

import warnings

import numpy as np
import pytest
from small_fits import small_embedder

from sklearn_seqembed import _auto


def estimate(lengths):
    lengths = np.array(lengths)
    n_patches = int((-(-lengths // _auto.choose_patch_size(lengths))).sum())
    return _auto.EpochCost(n_patches, int(lengths.sum()), 0)


@pytest.mark.parametrize(
    ("lengths", "n_batches", "expected"),
    [
        ([150] * 400, 7, 215),
        ([500] * 20_000, 313, 5),
        ([100_000], 1, 1500),
        ([100] * 100_000, 1563, 5),
        ([1_000_000] * 2, 1, 561),
    ],
)
def test_a_default_training_takes_about_ten_minutes_at_most(
    lengths, n_batches, expected
):
    cost = estimate(lengths)

    n_epochs, fraction = _auto.limit_epochs(_auto.choose_max_epochs(n_batches), cost)

    assert (n_epochs, fraction) == (expected, 1.0)
    assert n_epochs * cost.seconds <= _auto.MAX_SECONDS


def test_a_part_of_the_sequences_is_used_if_one_epoch_takes_too_long():
    cost = _auto.EpochCost(n_patches=10**7, n_values=0, n_tokens=10**7)

    n_epochs, fraction = _auto.limit_epochs(40, cost)

    assert n_epochs == 1
    assert fraction * cost.seconds == pytest.approx(_auto.MAX_SECONDS)


def test_one_very_long_sequence_does_not_spoil_the_others():
    lengths = np.array([150] * 50)

    patch_size = _auto.choose_patch_size(np.append(lengths, 100_000))

    assert patch_size == _auto.choose_patch_size(lengths) == 8


def test_patches_of_very_long_sequences_are_limited():
    assert _auto.choose_patch_size(np.array([10**6])) == 1000
    assert _auto.choose_patch_size(np.array([10**8])) == 100_000 // 1
    assert _auto.choose_patch_size(np.array([100] * 99 + [10**6])) == 50


@pytest.mark.parametrize(
    ("limit", "n_epochs", "trained"),
    [
        (0.5, 36, "36 epochs instead of 750"),
        (0.008, 1, "one epoch on [0-9]+% of the sequences"),
    ],
)
def test_a_limit_is_announced_once(monkeypatch, limit, n_epochs, trained):
    monkeypatch.setattr(_auto, "MAX_SECONDS", limit)
    X = np.random.default_rng(0).normal(size=(20, 30, 1)).cumsum(axis=1)

    with pytest.warns(UserWarning, match=f"X is large: .*{trained}") as caught:
        embedder = small_embedder(
            linear_map=False, max_epochs="auto", n_components=8
        ).fit(X)

    assert sum("X is large" in str(w.message) for w in caught) == 1
    assert embedder.n_iter_ == embedder.max_epochs_ == n_epochs
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "X is large")
        assert small_embedder(max_epochs=3).fit(X).n_iter_ == 3
        assert small_embedder(max_epochs="auto").partial_fit(X).n_iter_ == 1
