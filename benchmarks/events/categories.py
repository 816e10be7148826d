"""How much do categories cost, compared with numbers? Are frames read without a copy?

The program simulates 100,000 sequences of 20 steps in a table of Arrow lists, in three
cases: 4 numbers per step; 2 numbers and 2 categorical features of 20 and 500
categories; 1 categorical feature of 100,000 categories. Frequencies of categories
follow Zipf's law, as those of words do. The network is the same in all cases. Measured
are the seconds of one epoch of `fit` and of `transform`, with the cases in turn, and
the highest anonymous memory (RssAnon) of each, above that of the data and the result,
in new processes. The last table has the memory of reading a million steps from Arrow
lists, above that of their values.
"""

import functools
import statistics

import numpy as np
import pyarrow as pa

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._data.checking import check_sequences

from ..formatting import make_table
from ..runner import show_progress
from ..timing import median_ratio, take_turns, timed
from ..workers import Worker, check_memory_is_readable, free_memory

N_TIMESTEPS = 20
MIB = 2**20
METHODS = ("fit", "transform")

# Numbers per step, and categories of each categorical feature.
NUMBERS = "4 numbers"
CASES = {
    NUMBERS: (4, ()),
    "2 numbers, 2 categorical (20, 500)": (2, (20, 500)),
    "1 categorical (100,000)": (0, (100_000,)),
}

# "auto" would choose more cells for categories, and smaller batches.
NETWORK = {"hidden_size": 128, "batch_size": 128, "max_epochs": 1}

SPECS = {"sequences/s": ",.0f", "time / numbers": ".2f", "MiB": ",.0f"}
COLUMNS = {"features": ""} | {
    f"{method}, {figure}": spec for method in METHODS for figure, spec in SPECS.items()
}
READING_COLUMNS = {
    "steps": ",d",
    "values, MiB": ".1f",
    "above, MiB": ".1f",
    "seconds": ".3f",
}


def run(options):
    """Measure all cases, and reading."""
    check_memory_is_readable()
    n_sequences, n_rounds = (1_000, 1) if options.quick else (100_000, 2)
    cases = {case: functools.partial(measure, case, n_sequences) for case in CASES}
    figures = take_turns(cases, n_rounds)
    reading = measure_reading(n_sequences // 2)
    return {
        "tables": {
            "categories": make_table(
                f"{n_sequences:,} sequences",
                COLUMNS,
                summarize(figures, n_sequences),
            ),
            "categories-reading": make_table(
                "Reading 4 columns of Arrow lists", READING_COLUMNS, [reading]
            ),
        },
        "figures": figures,
    }


def make_X(case, n_sequences):
    """Simulate a table of Arrow lists; each pair of steps has one category."""
    n_numbers, n_categories = CASES[case]
    rng = np.random.default_rng(0)
    offsets = pa.array(np.arange(n_sequences + 1, dtype=np.int32) * N_TIMESTEPS)
    shape = (n_sequences, N_TIMESTEPS)
    columns = {}
    for i in range(n_numbers):
        walks = rng.standard_normal(shape, dtype=np.float32).cumsum(axis=1)
        columns[f"number {i}"] = pa.array(walks.ravel())
    for n in n_categories:
        weights = 1 / np.arange(1, n + 1)
        codes = rng.choice(n, size=shape, p=weights / weights.sum())
        codes[:, 1::2] = codes[:, ::2]
        names = np.char.mod("category %d", np.arange(n))
        columns[f"category of {n}"] = pa.array(names).take(pa.array(codes.ravel()))
    return pa.table(
        {
            name: pa.ListArray.from_arrays(offsets, values)
            for name, values in columns.items()
        }
    )


# In the worker


@functools.cache
def _prepare(case, n_sequences):
    X = make_X(case, n_sequences)
    embedder = LSTMSequenceEmbedder(**NETWORK, early_stopping=False, random_state=0)
    return X, embedder.fit(X.slice(0, 256))


def prepare(case, n_sequences):
    """Make the table and a fitted embedder, and free all other memory."""
    _prepare(case, n_sequences)
    free_memory()


def call_method(method, case, n_sequences):
    """Call a method, or "read" X as `fit` does; return seconds and bytes of the result.

    What is read refers to X, so it counts as 0 bytes, as a fitted embedder does.
    """
    X, embedder = _prepare(case, n_sequences)
    function = check_sequences if method == "read" else getattr(embedder, method)
    seconds, result = timed(function, X)
    return seconds, getattr(result, "nbytes", 0)


# In the main process


def measure(case, n_sequences, methods=METHODS):
    """Return seconds and memory of methods in a fresh process."""
    data = {"case": case, "n_sequences": n_sequences}
    figures = {}
    with Worker("events.categories") as worker:
        worker.call("prepare", **data)
        for method in methods:
            show_progress(f"{method}, {case}")
            (seconds, n_result), n_bytes = worker.call_watched(
                "call_method", method=method, **data
            )
            figures[method] = seconds
            figures[f"{method}, MiB"] = max(0, n_bytes - n_result) / MIB
    return figures


def summarize(figures, n_sequences):
    """Return one row per case: medians over rounds, and ratios within a round."""
    rows = []
    for case, rounds in figures.items():
        row = {"features": case}
        for method in METHODS:
            seconds = [figure[method] for figure in rounds]
            numbers = [figure[method] for figure in figures[NUMBERS]]
            memory = [figure[f"{method}, MiB"] for figure in rounds]
            row |= {
                f"{method}, sequences/s": n_sequences / statistics.median(seconds),
                f"{method}, time / numbers": median_ratio(seconds, numbers),
                f"{method}, MiB": statistics.median(memory),
            }
        rows.append(row)
    return rows


def measure_reading(n_sequences):
    """Read the table of numbers in a fresh process."""
    figures = measure(NUMBERS, n_sequences, ["read"])
    n_steps = n_sequences * N_TIMESTEPS
    n_bytes = n_steps * CASES[NUMBERS][0] * np.dtype(np.float32).itemsize
    return {
        "steps": n_steps,
        "values, MiB": n_bytes / MIB,
        "above, MiB": figures["read, MiB"],
        "seconds": figures["read"],
    }
