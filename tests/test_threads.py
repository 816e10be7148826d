"""Threads and forks: random numbers, refits and locks of other threads."""

import multiprocessing
import threading

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequencePredictor

WORDS = ["abc", "bca", "cab", "acb", "aab"] * 4


def fit_with_dropout(X):
    return small_embedder(num_layers=2, dropout=0.2).fit_transform(X)


def sample_from_itself():
    predictor = LSTMSequencePredictor(
        n_components=4,
        max_epochs=3,
        num_layers=2,
        dropout=0.2,
        scheduled_sampling=0.5,
        random_state=0,
    )
    return predictor.fit(WORDS, WORDS).transform(WORDS)


def test_fit_and_transform_leave_torchs_generator_unchanged(X):
    before = torch.get_rng_state()

    fit_with_dropout(X)
    sample_from_itself()

    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fit_does_not_depend_on_torchs_generator(X, seed):
    expected = fit_with_dropout(X), sample_from_itself()

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        found = fit_with_dropout(X), sample_from_itself()

    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_a_fit_does_not_depend_on_threads_that_draw_random_numbers(X):
    expected = fit_with_dropout(X)
    is_done = threading.Event()

    def draw():
        while not is_done.is_set():
            torch.rand(10)

    thread = threading.Thread(target=draw)
    with torch.random.fork_rng():
        thread.start()
        try:
            found = [fit_with_dropout(X) for _ in range(3)]
        finally:
            is_done.set()
            thread.join()

    for vectors in found:
        np.testing.assert_allclose(vectors, expected, rtol=1e-4, atol=1e-5)


def test_fits_in_threads_are_reproducible(X):
    expected = fit_with_dropout(X)

    vectors = Parallel(n_jobs=4, backend="threading")(
        delayed(fit_with_dropout)(X) for _ in range(6)
    )

    for found in vectors:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_transform_uses_old_or_new_attributes_while_another_thread_fits(X):
    embedder = small_embedder(warm_start=True)
    other = [1000 * x[:, :1] for x in X]  # one feature, of another scale
    vectors = {}
    for name, data in (("X", X), ("other", other)):
        embedder.set_params(warm_start=False)
        vectors[name] = embedder.fit(data).transform(data)
    is_done = threading.Event()

    def refit():
        for data in [X, other] * 8:
            embedder.fit(data)
        is_done.set()

    thread = threading.Thread(target=refit)
    thread.start()
    n_checked = 0
    while not is_done.is_set():
        for name, data in (("X", X), ("other", other)):
            try:
                found = embedder.transform(data)
            except ValueError as error:  # the estimator was fitted on the other data
                assert "features" in str(error)
                continue
            np.testing.assert_allclose(found, vectors[name], rtol=1e-3, atol=1e-4)
            n_checked += 1
    thread.join()

    assert n_checked


def _transform_and_fit(connection, embedder, X):
    torch.set_num_threads(1)
    connection.send((embedder.transform(X), small_embedder().fit_transform(X)))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_during_a_fit_in_another_thread_can_fit_and_transform(X):
    embedder = small_embedder().fit(X)
    expected = embedder.transform(X)
    is_done = threading.Event()

    def fit():
        while not is_done.is_set():
            small_embedder(max_epochs=20).fit(X)

    thread = threading.Thread(target=fit)
    thread.start()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_transform_and_fit, args=(sender, embedder, X))
    child.start()
    try:
        assert receiver.poll(60), "the child waits for ever"
        vectors = receiver.recv()
    finally:
        is_done.set()
        child.terminate()
        child.join()
        thread.join()

    for found in vectors:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
