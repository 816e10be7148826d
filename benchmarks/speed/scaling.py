"""Is the cost per sequence the same for ten thousand and for a million sequences?

Time: one epoch of `fit`, and `transform`, on sequences of 100 steps and one feature
with a fixed batch size, in microseconds per sequence. The sizes run in ascending and
then in descending order, in one process after a warm-up. The network is small, so that
a growth of all other costs would be visible.

Memory: highest anonymous memory (RssAnon) during `fit` and `transform`, minus that of
the process before the call, with the data in memory, and minus the returned vectors.
Each figure is measured in a new process, from another one, after a warm-up on few
sequences in the same container. Growth is in bytes per sequence.
"""

import functools
import statistics
import tempfile

import numpy as np
import pyarrow as pa

from sklearn_seqembed import LSTMSequenceEmbedder

from ..formatting import make_table
from ..runner import judge, show_progress
from ..timing import seconds_per_call
from ..workers import Worker, check_memory_is_readable, free_memory
from .cases import draw_walks

N_TIMESTEPS = 100
N_WARM_UP = 256
MIB = 2**20
METHODS = ("fit", "transform")

# The default network takes minutes for a million sequences. Memory does not depend on
# the time of a batch, so longer patches save time there.
TIME_NETWORK = {"n_components": 16, "patch_size": 20}
MEMORY_NETWORK = {"n_components": 16, "patch_size": 50}

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 4_000)
ROUNDS = {"fit": 2, "transform": 6}  # a million sequences take a minute, or seconds
MINIMUM_SECONDS = 2  # of one timing: small sizes are called several times
CONTAINERS = ("3-D array", "2-D array", "memory map", "Arrow lists", "list of arrays")

TIME_TARGET = 1.10  # factor between the cost per sequence of any size and the smallest
# "Constant" needs a bound: up to 64 MiB of scaled values may be kept, and a batch with
# its gradients takes about as much. A list may be copied once.
MEMORY_TARGET_MIB = 128
GROWTH_TARGET = 64  # bytes per sequence: its start, its length and the order

TIME_COLUMNS = {
    "method": "",
    "sequences": ",d",
    "µs per sequence": ".1f",
    "relative to smallest": ".3f",
}
MEMORY_COLUMNS = {
    "container": "",
    "sequences": ",d",
    "data, MiB": ".0f",
    "fit, MiB": ".1f",
    "transform, MiB": ".1f",
    "fit, copies": ".2f",
    "transform, copies": ".2f",
}


def run(options):
    """Measure time and memory."""
    check_memory_is_readable()
    sizes = QUICK_SIZES if options.quick else SIZES
    rounds = dict.fromkeys(METHODS, 1) if options.quick else ROUNDS
    times = measure_times(sizes, rounds)
    memory = measure_memory(sizes[-2:])
    return {
        "tables": {
            "scaling-time": make_table("Cost per sequence", TIME_COLUMNS, times),
            "scaling-memory": make_table(
                "Memory above data and result", MEMORY_COLUMNS, memory
            ),
        },
        "targets": judge_times(times) + judge_memory(memory),
    }


def make_X(container, n_sequences):
    """Draw random walks in one of `CONTAINERS`, without keeping another copy."""
    rng = np.random.default_rng(0)
    walks = draw_walks(rng, (n_sequences, N_TIMESTEPS, 1))
    if container == "3-D array":
        return walks
    if container == "2-D array":
        return walks[:, :, 0]
    if container == "list of arrays":
        return [walk.copy() for walk in walks]
    if container == "Arrow lists":
        offsets = np.arange(n_sequences + 1, dtype=np.int32) * N_TIMESTEPS
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(walks.ravel()))
    with tempfile.TemporaryFile() as file:  # deleted when its last user closes it
        walks.tofile(file)
        file.flush()
        return np.memmap(file, dtype=walks.dtype, mode="r", shape=walks.shape)


def build_embedder(network):
    """Return an embedder of one epoch."""
    return LSTMSequenceEmbedder(
        **network,
        batch_size=64,
        max_epochs=1,
        early_stopping=False,
        device="cpu",
        random_state=0,
    )


# In the workers


@functools.cache
def _prepare_time(n_sequences):
    X, few = make_X("3-D array", n_sequences), make_X("3-D array", N_WARM_UP)
    return X, build_embedder(TIME_NETWORK).fit(few)


def time_method(method, n_sequences):
    """Return the seconds of one call."""
    X, embedder = _prepare_time(n_sequences)
    if method == "fit":
        embedder = build_embedder(TIME_NETWORK)
    return seconds_per_call(lambda: getattr(embedder, method)(X), MINIMUM_SECONDS)


@functools.cache
def _prepare_memory(container, n_sequences):
    few = make_X(container, N_WARM_UP)
    embedder = build_embedder(MEMORY_NETWORK).fit(few)
    embedder.transform(few)
    return make_X(container, n_sequences), embedder


def prepare_memory(container, n_sequences):
    """Make X and an embedder that has been called, and free all other memory."""
    _prepare_memory(container, n_sequences)
    free_memory()


def call_method(method, container, n_sequences):
    """Call a method once and return the bytes of its result."""
    X, embedder = _prepare_memory(container, n_sequences)
    return getattr(getattr(embedder, method)(X), "nbytes", 0)


# In the main process


def measure_times(sizes, n_rounds):
    """Return one row per method and size."""
    # In each round the small sizes run before and after the largest one, so that a slow
    # minute affects more than one size.
    up_and_down = [*sizes, *sizes[-2::-1]]
    rows = []
    with Worker("speed.scaling") as worker:
        worker.call("time_method", method="fit", n_sequences=N_WARM_UP)
        for method in METHODS:
            seconds = {n: [] for n in sizes}
            for n in up_and_down * n_rounds[method]:
                show_progress(f"time of {method}, {n:,}")
                seconds[n].append(
                    worker.call("time_method", method=method, n_sequences=n)
                )
            costs = {n: statistics.median(seconds[n]) / n for n in sizes}
            rows += [
                {
                    "method": method,
                    "sequences": n,
                    "µs per sequence": costs[n] * 1e6,
                    "relative to smallest": costs[n] / costs[sizes[0]],
                    "figures": seconds[n],
                }
                for n in sizes
            ]
    return rows


def measure_memory(sizes):
    """Return one row per container and size."""
    rows = []
    for container in CONTAINERS:
        for n_sequences in sizes:
            n_bytes = n_sequences * N_TIMESTEPS * np.dtype(np.float32).itemsize
            row = {"container": container, "sequences": n_sequences}
            row["data, MiB"] = n_bytes / MIB
            for method in METHODS:
                show_progress(f"memory of {method}, {container}, {n_sequences:,}")
                extra = _extra_bytes(method, container, n_sequences)
                row[f"{method}, MiB"] = extra / MIB
                if container == "list of arrays":
                    row[f"{method}, copies"] = extra / n_bytes
            rows.append(row)
    return rows


def _extra_bytes(method, container, n_sequences):
    with Worker("speed.scaling") as worker:
        data = {"container": container, "n_sequences": n_sequences}
        worker.call("prepare_memory", **data)
        n_result, n_bytes = worker.call_watched("call_method", method=method, **data)
    return n_bytes - n_result


def judge_times(rows):
    """Compare the cost per sequence of all sizes with that of the smallest."""
    verdicts = []
    for method in METHODS:
        ratios = [r["relative to smallest"] for r in rows if r["method"] == method]
        factor = max(max(ratios), 1 / min(ratios))
        question = f"scaling: cost per sequence of {method}, largest factor"
        target = f"at most {TIME_TARGET:g}"
        verdicts.append(judge(question, target, f"{factor:.3f}", factor <= TIME_TARGET))
    return verdicts


def judge_memory(rows):
    """Compare memory, and its growth between two sizes, with their targets."""
    verdicts = []
    for method in METHODS:
        above = {
            f"{row['container']}, {row['sequences']:,}": row[f"{method}, MiB"]
            - row["data, MiB"] * (row["container"] == "list of arrays")
            for row in rows
        }
        worst = max(above, key=above.get)
        verdicts.append(
            judge(
                f"scaling: memory of {method} above data, result and a list's copy",
                f"at most {MEMORY_TARGET_MIB} MiB",
                f"{above[worst]:.1f} MiB ({worst})",
                above[worst] <= MEMORY_TARGET_MIB,
            )
        )
        growth = max(
            (large[f"{method}, MiB"] - small[f"{method}, MiB"])
            * MIB
            / (large["sequences"] - small["sequences"])
            for small, large in zip(rows[::2], rows[1::2], strict=True)
            if small["container"] != "list of arrays"
        )
        verdicts.append(
            judge(
                f"scaling: growth of the memory of {method}, lists excepted",
                f"at most {GROWTH_TARGET} bytes per sequence",
                f"{growth:.0f}",
                growth <= GROWTH_TARGET,
            )
        )
    return verdicts
