"""What do categories cost, beside numbers? And are frames read without a copy?

100,000 sequences of 20 steps, made by a generator, stand in a table of Arrow lists:
4 numbers a step; 2 numbers and 2 categories of 20 and 500 levels; one category of
100,000 levels. Levels are as frequent as words are (Zipf). The network is the same for
all: seconds of one epoch of `fit` and of `transform`, the cases in turn, and the
highest anonymous memory (RssAnon) of each above that of the data, in a process of its
own, watched from outside. A million steps in Arrow lists are read, and beside the
memory that this takes stands that of their values. Memory needs Linux.

Run: python benchmarks/events.py
"""

import functools
import os
import pathlib
import statistics
import time

import numpy as np
import pyarrow as pa
from _measure import (
    Peak,
    Worker,
    argument_parser,
    give_memory_back,
    median_ratio,
    print_machine,
    print_table,
    show_progress,
    write_json,
)

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._data.checking import check_sequences

N_TIMESTEPS = 20
MIB = 2**20

# Numbers a step, and levels of each category, by case.
CASES = {
    "4 numbers": (4, ()),
    "2 numbers, 2 categories": (2, (20, 500)),
    "100,000 categories": (0, (100_000,)),
}
METHODS = ("fit", "transform")

# The rules of "auto" would choose more cells for categories, and smaller batches.
NETWORK = {"hidden_size": 128, "batch_size": 128, "max_epochs": 1}


def make_table(case, n_sequences):
    """Draw sequences that hang together: the level of a step leads to that of the next.

    Parameters
    ----------
    case : str
        One of `CASES`.
    n_sequences : int
        Number of sequences.

    Returns
    -------
    table : pyarrow Table
        One row a sequence, one column of lists a feature.
    """
    n_numbers, n_levels = CASES[case]
    rng = np.random.default_rng(0)
    offsets = pa.array(np.arange(n_sequences + 1, dtype=np.int32) * N_TIMESTEPS)
    shape = (n_sequences, N_TIMESTEPS)
    columns = {}
    for i in range(n_numbers):
        walks = rng.standard_normal(shape, dtype=np.float32).cumsum(axis=1)
        columns[f"number {i}"] = pa.array(walks.ravel())
    for n in n_levels:
        ranks = _draw_levels(rng, n, shape)
        names = np.char.mod("level %d", np.arange(n))
        columns[f"category {n}"] = pa.array(names).take(pa.array(ranks.ravel()))
    return pa.table(
        {
            name: pa.ListArray.from_arrays(offsets, values)
            for name, values in columns.items()
        }
    )


def _draw_levels(rng, n, shape):
    """Draw ranks by Zipf's law; each second step repeats the one before."""
    shares = 1 / np.arange(1, n + 1)
    ranks = rng.choice(n, size=shape, p=shares / shares.sum())
    ranks[:, 1::2] = ranks[:, ::2]
    return ranks


@functools.cache
def prepare(case, n_sequences):
    """Make the table and a fitted embedder in the worker, and free all else.

    Parameters
    ----------
    case : str
        One of `CASES`.
    n_sequences : int
        Number of sequences.

    Returns
    -------
    table, embedder
        What :func:`run` uses.
    """
    table = make_table(case, n_sequences)
    embedder = LSTMSequenceEmbedder(**NETWORK, early_stopping=False, random_state=0)
    embedder.fit(table.slice(0, 256))
    give_memory_back()
    return table, embedder


def process_id(case, n_sequences):
    """Prepare, and tell whom to watch."""
    prepare(case, n_sequences)
    return os.getpid()


def run(method, case, n_sequences):
    """Call a method in the worker.

    Returns
    -------
    seconds : float
        What a user waits.
    n_bytes : int
        Size of the result.
    """
    table, embedder = prepare(case, n_sequences)
    start = time.perf_counter()
    result = getattr(embedder, method)(table)
    return time.perf_counter() - start, getattr(result, "nbytes", 0)


def read(case, n_sequences):
    """Read a table as `fit` does, in the worker."""
    table, embedder = prepare(case, n_sequences)
    start = time.perf_counter()
    sequences, _ = check_sequences(table, estimator=embedder, reset=True)
    return time.perf_counter() - start, sequences.n_steps


def measure(case, n_sequences):
    """Call both methods in a fresh process, and watch it.

    Returns
    -------
    figures : dict
        Seconds, and bytes above data and result, by method.
    """
    at = {"case": case, "n_sequences": n_sequences}
    figures = {}
    with Worker("events") as worker:
        pid = worker.call("process_id", **at)
        for method in METHODS:
            show_progress(f"{method}, {case}")
            with Peak(pid) as peak:
                seconds, n_bytes = worker.call("run", method=method, **at)
            figures[method] = seconds
            figures[f"{method} bytes"] = max(0, peak.extra - n_bytes)
    return figures


def make_rows(rounds, n_sequences):
    """Bring the rounds to one row a case.

    Parameters
    ----------
    rounds : list of dict of str to dict
        Figures of :func:`measure` by case, round by round.
    n_sequences : int
        Number of sequences.

    Returns
    -------
    rows : list of dict
        Ratios are medians over the rounds, within a round.
    """
    rows = [{"case": case} for case in CASES]
    for method in METHODS:
        at_first = [figures[next(iter(CASES))][method] for figures in rounds]
        for row in rows:
            figures = [figures[row["case"]] for figures in rounds]
            seconds = [figure[method] for figure in figures]
            row[f"{method}, sequences/s"] = n_sequences / statistics.median(seconds)
            row[f"{method}, to numbers"] = median_ratio(seconds, at_first)
            extra = statistics.median(figure[f"{method} bytes"] for figure in figures)
            row[f"{method}, MiB"] = extra / MIB
    return rows


SPECS = {"sequences/s": ",.0f", "to numbers": ".2f", "MiB": ".0f"}
COLUMNS = {"case": ""} | {
    f"{method}, {figure}": spec for method in METHODS for figure, spec in SPECS.items()
}


def measure_reading(n_sequences):
    """Read the table of numbers in a fresh process.

    Returns
    -------
    figures : dict
        Steps, bytes of their values, bytes above them, and seconds.
    """
    case = next(iter(CASES))
    at = {"case": case, "n_sequences": n_sequences}
    with Worker("events") as worker:
        pid = worker.call("process_id", **at)
        with Peak(pid) as peak:
            seconds, n_steps = worker.call("read", **at)
    values = n_steps * CASES[case][0] * np.dtype(np.float32).itemsize
    return {
        "steps": n_steps,
        "values": values,
        "extra": peak.extra,
        "seconds": seconds,
    }


def main():
    """Measure all cases, print a table and write JSON."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    if not pathlib.Path("/proc/self/status").exists():
        raise SystemExit("Memory is measured by /proc, which is Linux's.")
    print_machine(1, args.quick)
    n_sequences, n_rounds = (1_000, 1) if args.quick else (100_000, args.rounds)
    rounds = [
        {case: measure(case, n_sequences) for case in CASES} for _ in range(n_rounds)
    ]
    rows = make_rows(rounds, n_sequences)
    print_table(rows, COLUMNS)
    reading = measure_reading(n_sequences // 2)
    print(
        f"{reading['steps']:,} steps of 4 columns read in {reading['seconds']:.3f} s: "
        f"{reading['extra'] / MIB:.1f} MiB above the values, which have "
        f"{reading['values'] / MIB:.1f} MiB"
    )
    payload = {"table": rows, "rounds": rounds, "reading": reading}
    write_json("events", payload | {"quick": args.quick})


if __name__ == "__main__":
    main()
