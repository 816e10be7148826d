"""Threads: several for the batches of a prediction, usually one for those of `fit`.

torch computes one operation in several threads, which wait for one another after each
of them. A step of recurrent cells takes microseconds, so they hardly gain. If another
program uses one of the cores, each step may wait for it until the system changes
programs, which takes milliseconds. Batches outside training are therefore computed
in several threads, each of which computes one batch alone.
"""

import functools
import multiprocessing
import os
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import torch
from threadpoolctl import threadpool_limits

# Upper bound on the batches that are computed at the same time. It limits memory and
# was not tuned.
MAX_WORKERS = 8

# One object for each thread that computes for this library in this process. Adding and
# removing one is atomic, so that no lock is needed, which a fork might copy.
_running = set()

# `allowed`: the number of torch's threads in this thread before it was limited.
_own = threading.local()


class ThreadLimit:
    """Let torch use one thread in this thread, until the limit is removed.

    It remembers how many threads torch used before, and so may be in use by
    :func:`mapped` and :func:`several_threads`.
    """

    def __init__(self):
        self._before = torch.get_num_threads()
        self._allowed = getattr(_own, "allowed", None)  # of an outer limit
        self._token = object()

    def apply(self):
        """Apply the limit."""
        if self._allowed is None:
            _own.allowed = self._before
            _running.add(self._token)
        if self._before > 1:
            _set_in_this_thread(1, self._before)

    def remove(self):
        """Let torch use as many threads as before. It may be called repeatedly."""
        _own.allowed = self._allowed
        _running.discard(self._token)
        if torch.get_num_threads() != self._before:
            torch.set_num_threads(self._before)


class BlasLimit:
    """Let numpy and scipy use one thread in products, until the limit is removed.

    The closed forms consist of many products and decompositions that take less than a
    millisecond. If another program uses one of the cores, their threads wait for it in
    each of them, and a fit takes many times longer. The limit is one of the process:
    it is applied by the first of several calls at a time, and the last one removes it.
    """

    def __init__(self):
        self._token = object()

    def apply(self):
        """Apply the limit."""
        with _limited.lock:
            _limited.tokens.add(self._token)
            if _limited.limits is None:
                _limited.limits = threadpool_limits(limits=1, user_api="blas")

    def remove(self):
        """Let them use as many threads as before. It may be called repeatedly."""
        with _limited.lock:
            _limited.tokens.discard(self._token)
            if not _limited.tokens and _limited.limits is not None:
                _limited.limits.restore_original_limits()
                _limited.limits = None


class _Limited:
    """The calls that limit the threads of numpy and scipy, and the limit."""

    def __init__(self):
        self.lock = threading.RLock()  # Ctrl-C may be pressed while it is held
        self.tokens = set()
        self.limits = None


_limited = _Limited()


def _forget_calls():
    """Forget the calls of the parent process after a fork.

    The limit of numpy and scipy is kept: setting it in the new process could wait for
    threads that exist only in the parent.
    """
    global _limited
    _running.clear()
    _limited = _Limited()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_calls)


def count_threads():
    """Return in how many threads this thread may compute, itself included."""
    if multiprocessing.current_process().daemon:
        return 1  # of a pool, which usually has a process for each core
    if not threading.main_thread().is_alive():
        return 1  # the interpreter ends, and starts no more threads
    allowed = getattr(_own, "allowed", None)
    return torch.get_num_threads() if allowed is None else allowed


@contextmanager
def several_threads(n_threads):
    """Let torch use `n_threads` threads in a with block, if so many are allowed.

    In threads other than the main one, such as those of joblib, it uses one thread.
    """
    before, n_threads = torch.get_num_threads(), min(n_threads, count_threads())
    is_main = threading.current_thread() is threading.main_thread()
    if n_threads <= before or not is_main:
        yield
        return
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        _set_in_this_thread(before, count_threads())


@contextmanager
def mapped(function, items):
    """Call a function of each item, in as many threads as torch may use.

    In each of them torch uses one thread, so results do not depend on their number. The
    caller has limited its own thread by a :class:`ThreadLimit`. The threads of all
    calls in this process are counted, so that together they use no more than torch may
    use, apart from one for each call.

    Parameters
    ----------
    function : callable
        Function of an item.
    items : list
        The items.

    Yields
    ------
    iterator
        Results in the order of the items, to be used in the with block. At its end no
        thread is left.
    """
    allowed = count_threads()
    n_workers = min(allowed, len(items), MAX_WORKERS)
    if n_workers < 2:
        yield map(function, items)
        return
    helpers, name = [], f"sklearn_seqembed {threading.get_ident()}"
    executor = ThreadPoolExecutor(
        n_workers, name, _set_in_this_thread, initargs=(1, allowed)
    )
    submit = functools.partial(executor.submit, function)
    try:
        yield _iter_results(submit, deque(items), n_workers, allowed, helpers)
    finally:
        _running.difference_update(helpers)
        executor.shutdown(cancel_futures=True)
        # The executor does not know a thread if Ctrl-C was pressed while it started.
        while any(thread.name.startswith(name) for thread in threading.enumerate()):
            time.sleep(0.001)


def _iter_results(submit, items, n_workers, allowed, helpers):
    """Yield results in order, and compute at most `n_workers` of them in advance.

    `helpers` are the tokens of all but one worker, which computes instead of the
    caller.
    """
    pending = deque()

    def submit_some():
        while items and len(pending) < n_workers:
            if len(pending) > len(helpers) and not _add_helper(helpers, allowed):
                return
            pending.append(submit(items.popleft()))

    submit_some()
    while pending:
        result = pending.popleft().result()
        if helpers and len(_running) > allowed:  # another call began
            _running.discard(helpers.pop())
        submit_some()
        yield result


def _add_helper(helpers, allowed):
    """Add a token if fewer threads compute than `allowed`; return whether it was."""
    token = object()
    _running.add(token)
    if len(_running) > allowed:
        _running.discard(token)
        return False
    helpers.append(token)
    return True


def _set_in_this_thread(n_threads, in_new_threads):
    """Set the number of torch's threads in this thread, but not in those of the user.

    A thread that uses torch for the first time, other than to set the number, gets the
    number of the last call in any thread.
    """
    torch.get_num_threads()
    torch.set_num_threads(n_threads)
    setter = threading.Thread(target=torch.set_num_threads, args=(in_new_threads,))
    with suppress(RuntimeError):  # no thread can be started
        setter.start()
        setter.join()
