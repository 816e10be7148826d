"""Threads of torch: their number, batches in several of them, and none that is left."""

import multiprocessing
import os
import signal
import threading
from contextlib import closing

import numpy as np
import pytest
import torch
from joblib import Parallel, cpu_count, delayed
from skorch.callbacks import Callback
from small_fits import small_embedder
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_seqembed import LSTMSequenceClassifier, LSTMSequencePredictor
from sklearn_seqembed._network import closed_form
from sklearn_seqembed._training import batching as batching_module
from sklearn_seqembed._training import inference as inference_module
from sklearn_seqembed._training import net as net_module
from sklearn_seqembed._training import threads as threads_module
from sklearn_seqembed._training.process import ProcessState
from sklearn_seqembed.datasets import make_sequences

WORDS = ["abc", "bca", "cab", "acb", "aab"] * 4


_others = set()  # what ran before a test, such as joblib's and scikit-learn's threads


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    _others.update(threading.enumerate())
    yield
    _others.clear()
    torch.set_num_threads(before)


@pytest.fixture
def small_batches(monkeypatch):
    """Limit batches outside training to five sequences."""
    monkeypatch.setattr(batching_module, "INFERENCE_SEQUENCES", 5)


class _Threads(Callback):
    """Record how many threads torch uses in training."""

    def __init__(self, counts, error=None):
        self.counts, self.error = counts, error

    def on_batch_begin(self, net, **kwargs):
        self.counts.add(torch.get_num_threads())
        if self.error is not None:
            raise self.error


class _Calls:
    """Record the threads that call the encoder, and how many of them at a time."""

    def __init__(self, embedder):
        self.threads, self.counts, self.highest = set(), set(), 0
        self._now, self._lock = 0, threading.Lock()
        embedder.encoder_.reader.register_forward_pre_hook(self._enter)
        embedder.encoder_.reader.register_forward_hook(self._leave)

    def _enter(self, *args):
        torch.ones(2) @ torch.ones(2)  # torch sets the number at the first operation
        with self._lock:
            self.threads.add(threading.get_ident())
            self.counts.add(torch.get_num_threads())
            self._now += 1
            self.highest = max(self.highest, self._now)

    def _leave(self, *args):
        with self._lock:
            self._now -= 1


def _in_new_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def _assert_as_before():
    assert torch.get_num_threads() == 2
    assert _in_new_thread(torch.get_num_threads) == 2
    assert set(threading.enumerate()) <= _others
    assert not threads_module._running


def test_small_networks_are_trained_in_one_thread(X):
    counts = set()

    small_embedder(callbacks=[_Threads(counts)], early_stopping=True).fit(X)

    assert counts == {1}
    _assert_as_before()


def _count_blas_threads():
    pools = threadpool_info()
    return {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"}


@pytest.fixture
def two_blas_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        if _count_blas_threads() != {2}:
            pytest.skip("the BLAS of numpy or scipy cannot use two threads")
        yield


@pytest.mark.usefixtures("two_blas_threads")
def test_closed_forms_use_one_thread(X, monkeypatch):
    counts, solve = set(), closed_form.eigh

    def record(*args, **kwargs):
        counts.update(_count_blas_threads())
        return solve(*args, **kwargs)

    monkeypatch.setattr(closed_form, "eigh", record)
    small_embedder(max_epochs=0).fit(X)

    assert counts == {1}
    assert _count_blas_threads() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_has_its_threads_again_when_the_last_of_several_fits_ends(X):
    counts = set()

    class FitWithin(Callback):
        def on_epoch_end(self, net, **kwargs):
            small_embedder(max_epochs=1).fit(X)
            counts.update(_count_blas_threads())

    small_embedder(max_epochs=1, callbacks=[FitWithin()]).fit(X)

    assert counts == {1}
    assert _count_blas_threads() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_has_its_threads_again_after_an_error(X):
    class Fail(Callback):
        def on_batch_begin(self, net, **kwargs):
            raise RuntimeError("within the fit")

    with pytest.raises(RuntimeError, match="within the fit"):
        small_embedder(callbacks=[Fail()]).fit(X)

    assert _count_blas_threads() == {2}


def test_large_networks_are_trained_in_several_threads(X, monkeypatch):
    monkeypatch.setattr(net_module, "LEAST_OPERATIONS", 1)
    counts = set()

    small_embedder(callbacks=[_Threads(counts)], early_stopping=True).fit(X)

    assert counts == {2}
    _assert_as_before()


def test_a_fit_outside_the_main_thread_trains_in_one_thread(X, monkeypatch):
    monkeypatch.setattr(net_module, "LEAST_OPERATIONS", 1)
    counts = set()
    embedder = small_embedder(callbacks=[_Threads(counts)])

    _in_new_thread(lambda: embedder.fit(X))

    assert counts == {1}
    _assert_as_before()


def test_threads_that_start_during_a_fit_have_the_users_number(X):
    counts = []

    class NewThread(Callback):
        def on_batch_begin(self, net, **kwargs):
            counts.append(_in_new_thread(torch.get_num_threads))

    small_embedder(callbacks=[NewThread()]).fit(X)

    assert set(counts) == {2}


@pytest.mark.parametrize("least", [1, 10**12], ids=["several threads", "one thread"])
@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError])
def test_an_error_in_training_restores_the_number(X, least, error, monkeypatch):
    monkeypatch.setattr(net_module, "LEAST_OPERATIONS", least)

    with pytest.raises(error):
        small_embedder(callbacks=[_Threads(set(), error)]).fit(X)

    _assert_as_before()


@pytest.mark.usefixtures("ctrl_c_raises")
@pytest.mark.parametrize("least", [1, 10**12], ids=["several threads", "one thread"])
def test_ctrl_c_in_training_restores_the_number(X, least, monkeypatch):
    monkeypatch.setattr(net_module, "LEAST_OPERATIONS", least)

    class CtrlC(Callback):
        def on_batch_begin(self, net, **kwargs):
            signal.raise_signal(signal.SIGINT)

    with pytest.warns(UserWarning, match="Training was interrupted"):
        small_embedder(callbacks=[CtrlC()]).fit(X)

    _assert_as_before()


def test_one_thread_is_left_alone(X, monkeypatch):
    def fail(*args):
        raise AssertionError("a thread was started")

    torch.set_num_threads(1)
    monkeypatch.setattr(threading.Thread, "start", fail)

    embedder = small_embedder().fit(X)
    embedder.transform(X)

    assert torch.get_num_threads() == 1


@pytest.mark.usefixtures("small_batches")
def test_batches_are_computed_in_two_threads_with_one_of_torch_each(X):
    embedder = small_embedder().fit(X)
    calls = _Calls(embedder)

    for _ in range(20):  # one thread may be fast enough for all batches of a call
        embedder.transform(X)

    assert len(calls.threads) >= 2
    assert threading.get_ident() not in calls.threads
    assert calls.highest <= 2
    assert calls.counts == {1}
    _assert_as_before()


@pytest.mark.usefixtures("small_batches")
def test_results_do_not_depend_on_the_number_of_threads():
    X, y = make_sequences(60, n_features=2, lengths=(4, 40), random_state=0)

    def compute():
        embedder = small_embedder(max_epochs=1).fit(X)
        classifier = LSTMSequenceClassifier(4, max_epochs=1, random_state=0).fit(X, y)
        predictor = LSTMSequencePredictor(
            n_components=4, max_epochs=1, categorical_targets=[0], random_state=0
        ).fit(WORDS, WORDS)
        return [
            embedder.transform(X),
            embedder.score_samples(X),
            embedder.score(X),
            np.concatenate(embedder.reconstruct(X)),
            classifier.predict_proba(X),
            predictor.transform(WORDS),
            predictor.predict(WORDS),
            predictor.score(WORDS, WORDS),
        ]

    several = compute()
    torch.set_num_threads(1)
    alone = compute()

    for found, expected in zip(several, alone, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_single_batch_is_cut_for_several_threads(X, monkeypatch):
    embedder = small_embedder().fit(X)
    expected = embedder.transform(X)
    calls = _Calls(embedder)
    monkeypatch.setattr(inference_module, "LEAST_PIECE_SEQUENCES", 5)
    monkeypatch.setattr(inference_module, "LEAST_PIECE_STATES", 1)

    for _ in range(20):
        found = embedder.transform(X)
        # Products of other shapes may be rounded differently.
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)

    assert len(calls.threads) >= 2


@pytest.mark.usefixtures("small_batches")
def test_an_error_in_a_batch_is_raised_and_ends_the_threads(X):
    embedder = small_embedder().fit(X)
    calls = []

    def fail(*args):
        calls.append(None)
        if len(calls) == 2:
            raise ZeroDivisionError("in a batch")

    embedder.encoder_.reader.register_forward_hook(fail)

    with pytest.raises(ZeroDivisionError, match="in a batch") as caught:
        embedder.transform(X)

    assert caught.value.__traceback__ is not None  # which holds frames of the call
    _assert_as_before()


@pytest.mark.usefixtures("small_batches", "ctrl_c_raises")
@pytest.mark.parametrize("method", ["transform", "score", "score_samples"])
def test_ctrl_c_in_a_batch_ends_the_threads(X, method):
    embedder = small_embedder().fit(X)
    presses = []

    def press(*args):
        presses.append(None)
        if len(presses) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    embedder.encoder_.reader.register_forward_hook(press)

    with pytest.raises(KeyboardInterrupt) as caught:
        getattr(embedder, method)(X)

    assert caught.value.__traceback__ is not None
    _assert_as_before()


@pytest.mark.usefixtures("small_batches")
def test_predictions_that_are_not_used_leave_no_thread(X):
    embedder = small_embedder().fit(X)
    sequences, _ = embedder._check_X(X, reset=False)
    pairs = embedder._check_recent(X)
    dataset = embedder._make_dataset(embedder._encode_pairs(pairs))

    with ProcessState(), closing(embedder.net_.predict_parts(dataset)) as predictions:
        indices, _, _ = next(predictions)

    assert 0 < len(indices) < len(sequences)
    _assert_as_before()


@pytest.mark.usefixtures("small_batches")
def test_calls_in_other_threads_count(X):
    """A fit in one thread and a call in another use two threads together."""
    embedder = small_embedder().fit(X)
    calls = _Calls(embedder)
    began, may_end = threading.Event(), threading.Event()

    class Wait(Callback):
        def on_batch_begin(self, net, **kwargs):
            began.set()
            may_end.wait(60)

    other = small_embedder(callbacks=[Wait()])
    thread = threading.Thread(target=other.fit, args=(X,))
    thread.start()
    try:
        assert began.wait(60)
        for _ in range(5):
            embedder.transform(X)
    finally:
        may_end.set()
        thread.join()

    assert calls.highest == 1
    _assert_as_before()


@pytest.mark.usefixtures("small_batches")
def test_threads_of_joblib_use_no_more_threads_together(X):
    embedder = small_embedder().fit(X)
    barrier = threading.Barrier(2)
    highest = []

    def transform():
        calls = _Calls(embedder)
        with ProcessState():  # both calls have begun
            barrier.wait(60)
            embedder.transform(X)
            barrier.wait(60)
        highest.append(calls.highest)

    Parallel(n_jobs=2, backend="threading")(delayed(transform)() for _ in range(2))

    assert max(highest) <= 2
    assert not threads_module._running


def _count_threads_of_a_fit(X):
    counts = set()
    embedder = small_embedder(callbacks=[_Threads(counts)]).fit(X)
    calls = _Calls(embedder)
    embedder.transform(X)
    return max(counts | calls.counts), calls.highest, threads_module.count_threads()


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_processes_of_joblib_share_the_cores(X, backend, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # joblib sets it
    n_jobs = 2

    counts = Parallel(n_jobs=n_jobs, backend=backend)(
        delayed(_count_threads_of_a_fit)(X) for _ in range(4)
    )

    for of_torch, at_a_time, allowed in counts:
        assert of_torch == 1
        assert at_a_time <= allowed
        assert n_jobs * allowed <= max(n_jobs, cpu_count())


def _transform_in_a_fork(connection, embedder, X):
    connection.send((len(threads_module._running), embedder.transform(X)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.usefixtures("small_batches")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_does_not_count_threads_of_its_parent(X):
    embedder = small_embedder().fit(X)
    expected = embedder.transform(X)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_transform_in_a_fork, args=(sender, embedder, X))

    with ProcessState():
        child.start()
    try:
        assert receiver.poll(60), "the child waits for ever"
        n_running, vectors = receiver.recv()
    finally:
        child.terminate()
        child.join()

    assert n_running == 0
    np.testing.assert_array_equal(vectors, expected)
