"""Are sequences in Parquet files as fast as in memory, and is memory constant?

Throughput: sequences per second of `fit`, of one epoch, and of `transform`, from
Parquet files and from the same sequences in memory, in turn. The ratio is that of
elapsed times, since files are read on a thread of their own.

Explained fractions of other sequences, after training on so many that they do not fit
into two of the buffers in which a stream is shuffled. They are short, so that an epoch
takes seconds. The fraction of the untrained network shows what training adds: nothing
with a linear map, which is the best for random walks, and nearly all without one.

Memory: highest anonymous memory (RssAnon) of `fit`, of one epoch, and of
`transform_batches`, above that of the process before the call. The files have 2 to 14
time steps per sequence, and two numbers per time step in float32, or, in the long
table, the same with one row per event. Each figure is measured in a new process.
"""

import collections
import functools
import pathlib
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sklearn_seqembed import LSTMSequenceEmbedder, scan_sequences

from ..formatting import make_table
from ..runner import judge, show_progress
from ..timing import median_ratio, seconds_per_call, take_turns
from ..workers import Worker, check_memory_is_readable, free_memory

# `transform` reads parts of 16,384 sequences, of which the first is not read ahead.
N_TIMED, TIMED_LENGTHS = {"fit": 30_000, "transform": 60_000}, (10, 31)
N_FITTED = 2000  # for `transform`
N_TRAINED, N_TESTED, TRAINED_LENGTHS, N_EPOCHS = 270_000, 10_000, (4, 13), 2
SIZES = (1_000_000, 10_000_000)
QUICK_SIZES = (50_000, 100_000)
FILE_ROWS = 250_000
ROW_GROUP_ROWS = 50_000
MIB = 2**20

NETWORKS = {
    "defaults": {},
    "32 cells, no linear map": {
        "linear_map": False,
        "hidden_size": 32,
        "random_features": 0,
    },
}
TIMED = {"n_components": 32, "max_epochs": 1}
# Fewer components than the numbers of a sequence, so that not all can be explained.
TRAINED = {"n_components": 8, "batch_size": 1024}
MEMORY_NETWORK = {
    "n_components": 8,
    "hidden_size": 8,
    "random_features": 0,
    "patch_size": 8,
    "batch_size": 1024,
}

TIME_TARGET, SCORE_TARGET = 0.85, 0.005
# MiB. The C library keeps about as much of the memory that was freed.
MEMORY_TARGET = 64

TIME_COLUMNS = {
    "network": "",
    "method": "",
    "in memory, sequences/s": ",.0f",
    "Parquet, sequences/s": ",.0f",
    "ratio": ".2f",
}
SCORE_COLUMNS = {
    "network": "",
    "untrained, explained": ".4f",
    "in memory, explained": ".4f",
    "Parquet, explained": ".4f",
}
MEMORY_COLUMNS = {
    "method": "",
    "rows are": "",
    "sequences": ",d",
    "files, MiB": ",.0f",
    "memory, MiB": ",.0f",
    "seconds": ",.0f",
}


def run(options):
    """Measure throughput, explained fractions and memory."""
    check_memory_is_readable()
    times, scores, memory = [], [], []
    with tempfile.TemporaryDirectory(prefix="streams-") as folder:
        root = pathlib.Path(folder)
        divisor = 10 if options.quick else 1
        n_timed = {method: n // divisor for method, n in N_TIMED.items()}
        n_trained = N_TRAINED // divisor
        for method, n in n_timed.items():
            write_files(root / method, n, *TIMED_LENGTHS)
        write_files(root / "trained", n_trained, *TRAINED_LENGTHS)
        write_files(root / "tested", N_TESTED, *TRAINED_LENGTHS, seed=1)
        with Worker("speed.streams") as worker:
            for network in NETWORKS:
                times += compare_times(worker, root, network, n_timed, options.quick)
                scores.append(compare_scores(worker, root, network))
        for n in QUICK_SIZES if options.quick else SIZES:
            for is_long in (False, True):
                path = root / f"{n}-{is_long}"
                write_files(path, n, 2, 15, is_long=is_long)
                memory += measure_memory(path, n, is_long)
    return {
        "tables": {
            "streams": make_table("From files and in memory", TIME_COLUMNS, times),
            "streams-explained": make_table("Explained", SCORE_COLUMNS, scores),
            "streams-memory": make_table("Memory", MEMORY_COLUMNS, memory),
        },
        "targets": judge_all(times, scores, memory),
    }


def write_files(folder, n_sequences, shortest, longest, *, is_long=False, seed=0):
    """Write random walks of two features, with lengths below `longest`, to Parquet."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for first in range(0, n_sequences, FILE_ROWS):
        n = min(FILE_ROWS, n_sequences - first)
        lengths = rng.integers(shortest, longest, n)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        walks = rng.normal(size=(offsets[-1], 2)).cumsum(axis=0, dtype=np.float32)
        walks -= np.repeat(walks[offsets[:-1]], lengths, axis=0)
        columns = {"a": walks[:, 0], "b": walks[:, 1]}
        if is_long:
            columns = {"id": np.repeat(np.arange(first, first + n), lengths)} | columns
        else:
            starts = pa.array(offsets.astype(np.int32))
            columns = {
                name: pa.ListArray.from_arrays(starts, pa.array(values))
                for name, values in columns.items()
            }
        n_rows = ROW_GROUP_ROWS * (8 if is_long else 1)
        path = folder / f"{first:09}.parquet"
        pq.write_table(pa.table(columns), path, row_group_size=n_rows)


def build_embedder(**options):
    """Return an embedder without early stopping."""
    return LSTMSequenceEmbedder(**options, early_stopping=False, random_state=0)


# In the workers


@functools.cache
def _load(folder, in_memory):
    if in_memory:
        return pq.read_table(folder)
    return scan_sequences(folder)


def build_timed(network):
    """Return an embedder of which the speed is measured."""
    return build_embedder(**NETWORKS[network], **TIMED)


@functools.cache
def _fit_timed(folder, network):
    return build_timed(network).fit(_load(folder, True).slice(0, N_FITTED))


def time_method(method, folder, network, in_memory):
    """Return the seconds of one call."""
    X = _load(folder, in_memory)
    if method == "transform":
        embedder = _fit_timed(folder, network)
        return seconds_per_call(lambda: embedder.transform(X))
    return seconds_per_call(lambda: build_timed(network).fit(X))


def score(folder, tested, network, in_memory, max_epochs):
    """Return the explained fraction of other sequences."""
    embedder = build_embedder(**NETWORKS[network], **TRAINED, max_epochs=max_epochs)
    return embedder.fit(_load(folder, in_memory)).score(_load(tested, True))


@functools.cache
def _prepare(folder, is_long):
    """Make a stream, and call all methods with a few of its sequences."""
    stream = scan_sequences(folder, by="id" if is_long else None)
    few = next(stream.iter_chunks()).table.slice(0, 300)
    embedder = build_embedder(**MEMORY_NETWORK, max_epochs=1).fit(few)
    embedder.transform(few)
    return stream, embedder


def prepare(folder, is_long):
    """Warm up, and free memory."""
    _prepare(folder, is_long)
    free_memory()


def call_method(method, folder, is_long):
    """Call a method; return its seconds."""
    stream, embedder = _prepare(folder, is_long)
    began = time.perf_counter()
    if method == "fit":
        embedder.fit(stream)
    else:
        collections.deque(embedder.transform_batches(stream), maxlen=0)
    return time.perf_counter() - began


# In the main process


def compare_times(worker, root, network, n_timed, quick):
    """Return the rows of throughput of a network."""
    rows = []
    for method, n in n_timed.items():
        show_progress(f"{method}, {network}")
        folder = str(root / method)
        arguments = {"method": method, "folder": folder, "network": network}
        seconds = take_turns(
            {
                in_memory: functools.partial(
                    worker.call, "time_method", **arguments, in_memory=in_memory
                )
                for in_memory in (True, False)
            },
            1 if quick else 2,
        )
        rows.append(
            {
                "network": network,
                "method": method,
                "in memory, sequences/s": n / min(seconds[True]),
                "Parquet, sequences/s": n / min(seconds[False]),
                "ratio": median_ratio(seconds[True], seconds[False]),
                "figures": seconds,
            }
        )
    return rows


def compare_scores(worker, root, network):
    """Return the row of explained fractions of a network."""
    show_progress(f"explained fractions, {network}")
    row = {"network": network}
    for name, in_memory, max_epochs in (
        ("untrained", True, 0),
        ("in memory", True, N_EPOCHS),
        ("Parquet", False, N_EPOCHS),
    ):
        row[f"{name}, explained"] = worker.call(
            "score",
            folder=str(root / "trained"),
            tested=str(root / "tested"),
            network=network,
            in_memory=in_memory,
            max_epochs=max_epochs,
        )
    return row


def measure_memory(path, n_sequences, is_long):
    """Return a row for each method."""
    rows, size = [], sum(file.stat().st_size for file in path.iterdir())
    for method in ("fit", "transform_batches"):
        show_progress(f"memory of {method}, {n_sequences:,}, long={is_long}")
        data = {"folder": str(path), "is_long": is_long}
        with Worker("speed.streams") as worker:
            worker.call("prepare", **data)
            seconds, n_bytes = worker.call_watched("call_method", method=method, **data)
        rows.append(
            {
                "method": method,
                "rows are": "events" if is_long else "sequences",
                "sequences": n_sequences,
                "files, MiB": size / MIB,
                "memory, MiB": n_bytes / MIB,
                "seconds": seconds,
            }
        )
    return rows


def judge_all(times, scores, memory):
    """Compare all figures with their targets."""
    worst = min(row["ratio"] for row in times)
    difference = max(
        abs(row["in memory, explained"] - row["Parquet, explained"]) for row in scores
    )
    sizes = sorted({row["sequences"] for row in memory})
    small, large = (
        {
            (row["method"], row["rows are"]): row["memory, MiB"]
            for row in memory
            if row["sequences"] == n
        }
        for n in sizes
    )
    growth = max(large[key] - small[key] for key in small)
    return [
        judge(
            "streams: throughput from files, relative to memory",
            f"at least {TIME_TARGET:g}",
            f"{worst:.2f}",
            worst >= TIME_TARGET,
        ),
        judge(
            "streams: difference of explained fractions",
            f"at most {SCORE_TARGET:g}",
            f"{difference:.4f}",
            difference <= SCORE_TARGET,
        ),
        judge(
            f"streams: more memory with {sizes[1]:,} than with {sizes[0]:,} sequences",
            f"at most {MEMORY_TARGET:g} MiB",
            f"{growth:.0f} MiB",
            growth <= MEMORY_TARGET,
        ),
    ]
