"""Timing of contenders in turn, and ratios of their times."""

import functools
import statistics
import time


def seconds_per_call(function, at_least=0.3, clock=time.perf_counter):
    """Return the mean duration of calls that take `at_least` seconds in total."""
    n_calls, started = 0, clock()
    while True:
        function()
        n_calls += 1
        elapsed = clock() - started
        if elapsed >= at_least:
            return elapsed / n_calls


def timed(function, *args, clock=time.perf_counter, **kwargs):
    """Call a function; return the seconds it took, and its result."""
    started = clock()
    result = function(*args, **kwargs)
    return clock() - started, result


def calls(workers, name, **kwargs):
    """Bind the same call of several workers, for :func:`take_turns`."""
    return {
        contender: functools.partial(worker.call, name, **kwargs)
        for contender, worker in workers.items()
    }


def take_turns(contenders, n_rounds):
    """Measure contenders in turn, so that temporary slowness affects all of them.

    Parameters
    ----------
    contenders : dict of str to callable
        Each is called without arguments and returns a figure, usually seconds.
    n_rounds : int
        Number of rounds: A B C, A B C, ...

    Returns
    -------
    figures : dict of str to list
        Results of each contender, one per round.
    """
    figures = {name: [] for name in contenders}
    for _ in range(n_rounds):
        for name, measure in contenders.items():
            figures[name].append(measure())
    return figures


def median_ratio(numerators, denominators):
    """Return the median over rounds of the ratio within each round."""
    pairs = zip(numerators, denominators, strict=True)
    return statistics.median(numerator / other for numerator, other in pairs)
