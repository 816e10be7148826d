"""How much time and memory do the most extreme data take?

One million sequences of one time step, one sequence of 200,000 steps, 5,000 features,
and 200,000 categories. Each is fitted for one epoch, and encoded, with all other
parameters at their defaults, in a process of its own with one thread. Memory is the
highest anonymous memory (RssAnon) of the process, with data and libraries, above that
of one that has done nothing. Seconds are CPU time.
"""

import time

import numpy as np

from sklearn_seqembed import LSTMSequenceEmbedder

from ..formatting import make_table
from ..runner import judge, show_progress
from ..workers import Worker, check_memory_is_readable

LARGEST_GIB = 4
GIB = 2**30

COLUMNS = {
    "data": "",
    "fit, s": ".0f",
    "transform, s": ".0f",
    "memory, GiB": ".2f",
}


def run(options):
    """Fit and encode all data in turn."""
    check_memory_is_readable()
    rows = []
    for name in CASES:
        show_progress(name)
        with Worker("speed.limits") as worker:
            seconds, n_bytes = worker.call_watched(
                "fit_and_transform", case=name, divisor=100 if options.quick else 1
            )
        rows.append(
            {"data": name, "memory, GiB": n_bytes / GIB}
            | dict(zip(("fit, s", "transform, s"), seconds, strict=True))
        )
        show_progress(str(rows[-1]))
    largest = max(row["memory, GiB"] for row in rows)
    verdict = judge(
        "limits: memory of the process, with data and libraries",
        f"at most {LARGEST_GIB} GiB",
        f"{largest:.2f} GiB",
        largest <= LARGEST_GIB,
    )
    return {
        "tables": {"limits": make_table("Extreme data", COLUMNS, rows)},
        "targets": [verdict],
    }


# In the workers


def _draw_single_steps(rng, divisor):
    return rng.normal(size=(1_000_000 // divisor, 1, 1))


def _draw_long(rng, divisor):
    return [rng.normal(size=200_000 // divisor).cumsum()]


def _draw_wide(rng, divisor):
    n_features = 5_000 // divisor
    return [rng.normal(size=(n, n_features)) for n in rng.integers(10, 30, 200)]


def _draw_categories(rng, divisor):
    n_categories = 200_000 // divisor
    names = np.array([f"c{i}" for i in range(n_categories)], dtype=object)
    tokens = names[rng.permutation(4 * n_categories) % n_categories]
    return np.array_split(tokens, n_categories // 10)


CASES = {
    "1,000,000 sequences of one step": _draw_single_steps,
    "one sequence of 200,000 steps": _draw_long,
    "5,000 features": _draw_wide,
    "200,000 categories": _draw_categories,
}


def fit_and_transform(case, divisor):
    """Return the CPU seconds of `fit` and of `transform`."""
    X = CASES[case](np.random.default_rng(0), divisor)
    began = time.process_time()
    embedder = LSTMSequenceEmbedder(max_epochs=1, random_state=0).fit(X)
    fitted = time.process_time()
    embedder.transform(X)
    return fitted - began, time.process_time() - fitted
