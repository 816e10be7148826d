"""Automatic choices that limit the time of fit."""

import warnings

import numpy as np
import pytest
from small_fits import small_embedder

from sklearn_seqembed import _auto


@pytest.mark.parametrize(
    ("lengths", "n_batches", "lowest", "highest"),
    [
        ([100_000], 1, 300, 1499),
        ([1_000_000] * 2, 1, 20, 100),
        ([500] * 20_000, 313, 5, 5),  # not limited
        ([150] * 400, 16, 94, 94),
        ([10**9], 1, 1, 1),
    ],
)
def test_the_work_of_all_epochs_is_bounded(lengths, n_batches, lowest, highest):
    lengths = np.array(lengths)
    n_patches = int((-(-lengths // _auto.choose_patch_size(lengths))).sum())
    chosen = _auto.choose_max_epochs(n_batches)

    limited = _auto.limit_epochs(chosen, lengths.sum(), n_patches, n_batches)

    assert lowest <= limited <= highest <= chosen


def test_a_limit_is_announced_once(monkeypatch):
    monkeypatch.setattr(_auto, "MAX_WORK", 40_000)
    X = np.random.default_rng(0).normal(size=(20, 30, 1)).cumsum(axis=1)

    with pytest.warns(
        UserWarning, match="is 22 epochs instead of 750.*600 time"
    ) as all_:
        embedder = small_embedder(max_epochs="auto").fit(X)
    assert sum("max_epochs='auto'" in str(w.message) for w in all_) == 1
    assert embedder.n_iter_ == 22
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "max_epochs='auto'")
        assert small_embedder(max_epochs=3).partial_fit(X).n_iter_ == 1
        assert small_embedder(max_epochs=3, n_components=8).fit(X).n_iter_ == 3
