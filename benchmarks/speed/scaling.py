"""Does a sequence cost the same among ten thousand and among a million?

Time: one epoch of `fit`, and `transform`, over sequences of 100 steps and one feature,
with a fixed batch, in microseconds a sequence; the sizes in turn, up and down again, in
one process, after a warm-up fit. The network is small: beside a large one nobody would
see what all around it costs, which is what may grow.

Memory: the highest anonymous memory (RssAnon, which leaves memory maps of files out)
during `fit` and `transform`, above what the process held before with the data made,
less the vectors that are given back. Each figure is taken of a process of its own,
watched from outside, after a warm-up fit on little data of the same form. What grows
with the number of sequences is given in bytes a sequence. This needs Linux.

Run: python benchmarks/scaling.py
"""

import functools
import importlib.util
import itertools
import os
import pathlib
import statistics
import tempfile

import numpy as np
from _measure import (
    Peak,
    Worker,
    argument_parser,
    give_memory_back,
    print_machine,
    print_table,
    seconds_per_call,
    show_progress,
    write_json,
)

from sklearn_seqembed import LSTMSequenceEmbedder

N_TIMESTEPS = 100
BATCH_SIZE = 64
N_WARM_UP = 256
# The default network takes five times as long: minutes, for a million sequences.
NETWORK = {"n_components": 16, "patch_size": 20}

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 4_000)
METHODS = ("fit", "transform")
ROUNDS = {"fit": 2, "transform": 6}  # a million take a minute, or seconds
LEAST_SECONDS = 2  # of one timing: small sizes are called several times

# Memory does not depend on how long a batch takes: longer patches are soon computed.
MEMORY_NETWORK = {"n_components": 16, "patch_size": 50}
MEMORY_SIZES = (100_000, 1_000_000)
FORMS = ("3-D array", "2-D array", "memory map", "Arrow lists", "list of arrays")

MIB = 2**20

TIME_BAR = 1.10  # cost a sequence, over that of the smallest size, either way
# A constant has to have a size. Up to 64 MiB of scaled values may be kept, and a batch
# with its gradients takes about as much.
MEMORY_BAR = 128  # MiB above data and result
COPIES_BAR = 1  # copies of the data that a list may cost, beside that
GROWTH_BAR = 64  # bytes a sequence: where it begins, its length, and their order


def make_table(n_sequences):
    """Draw random walks.

    Parameters
    ----------
    n_sequences : int
        Number of sequences.

    Returns
    -------
    table : float32 ndarray of shape (n_sequences, N_TIMESTEPS)
        The sequences.
    """
    rng = np.random.default_rng(0)
    table = rng.standard_normal((n_sequences, N_TIMESTEPS), dtype=np.float32)
    np.cumsum(table, axis=1, out=table)
    table /= np.float32(N_TIMESTEPS**0.5)
    return table


def make_X(form, n_sequences):
    """Draw random walks in one of the forms that X may have.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    n_sequences : int
        Number of sequences.

    Returns
    -------
    X : ndarray, memmap, pyarrow Array or list
        The sequences; no other copy of them is left.
    """
    table = make_table(n_sequences)
    if form == "2-D array":
        return table
    if form == "3-D array":
        return table[:, :, None]
    if form == "memory map":
        return _as_memory_map(table)
    if form == "Arrow lists":
        return _as_arrow(table)
    return [row[:, None].copy() for row in table]


def _as_memory_map(table):
    """Write a table to a file that vanishes with its last user, and map it."""
    with tempfile.TemporaryFile() as file:
        table.tofile(file)
        file.flush()
        shape = (*table.shape, 1)
        return np.memmap(file, dtype=table.dtype, mode="r", shape=shape)


def _as_arrow(table):
    import pyarrow as pa

    offsets = np.arange(len(table) + 1, dtype=np.int32) * table.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(table.ravel()))


def _embedder(network=NETWORK):
    return LSTMSequenceEmbedder(
        **network,
        batch_size=BATCH_SIZE,
        max_epochs=1,
        early_stopping=False,
        device="cpu",
        random_state=0,
    )


# Each size is asked for in every round; the largest is 400 MB.
@functools.cache
def _ready(n_sequences):
    """Make an array, and an embedder warmed up, for a worker that stays."""
    return make_X("3-D array", n_sequences), _embedder().fit(
        make_X("3-D array", N_WARM_UP)
    )


def seconds(method, n_sequences):
    """Time one call on a 3-D array, in the worker.

    Parameters
    ----------
    method : {"fit", "transform"}
        What is called.
    n_sequences : int
        Number of sequences.

    Returns
    -------
    seconds : float
        What a user waits.
    """
    X, embedder = _ready(n_sequences)
    if method == "fit":
        embedder = _embedder()
    return seconds_per_call(lambda: getattr(embedder, method)(X), LEAST_SECONDS)


@functools.cache
def prepare(form, n_sequences):
    """Make X and a warmed-up embedder in the worker, and free all else.

    Parameters
    ----------
    form : str
        One of `FORMS`.
    n_sequences : int
        Number of sequences.

    Returns
    -------
    X, embedder
        What :func:`run` uses.
    """
    embedder = _embedder(MEMORY_NETWORK).fit(make_X(form, N_WARM_UP))
    embedder.transform(make_X(form, N_WARM_UP))
    X = make_X(form, n_sequences)
    give_memory_back()
    return X, embedder


def process_id(form, n_sequences):
    """Prepare, and tell whom to watch."""
    prepare(form, n_sequences)
    return os.getpid()


def run(method, form, n_sequences):
    """Call a method in the worker, and return the bytes of its result."""
    X, embedder = prepare(form, n_sequences)
    return getattr(getattr(embedder, method)(X), "nbytes", 0)


def extra_memory(method, form, n_sequences):
    """Measure the memory of one call above data and result, of a fresh process.

    Parameters
    ----------
    method : {"fit", "transform"}
        What is called.
    form : str
        One of `FORMS`.
    n_sequences : int
        Number of sequences.

    Returns
    -------
    n_bytes : int
        Highest RssAnon during the call, above that before, less the vectors.
    """
    case = {"form": form, "n_sequences": n_sequences}
    with Worker("scaling") as worker:
        pid = worker.call("process_id", **case)
        with Peak(pid) as peak:
            result = worker.call("run", method=method, **case)
    return peak.extra - result


def time_rows(sizes, n_rounds):
    """Time all sizes in turn, up and down again.

    Parameters
    ----------
    sizes : tuple of int
        Numbers of sequences, the smallest first.
    n_rounds : dict of str to int
        Number of rounds by method.

    Returns
    -------
    rows : list of dict
        A row of the table for each method and size.
    """
    cases = list(itertools.product(METHODS, sizes))
    figures = {case: [] for case in cases}
    # In each round the small sizes come before the largest and after it: what slows the
    # machine down for seconds would else count for one of the sizes alone.
    there_and_back = [*sizes, *sizes[-2::-1]]
    # Called by this file's own name: the worker runs functions of this module.
    with Worker("scaling") as worker:
        worker.call("seconds", method="fit", n_sequences=N_WARM_UP)
        for method in METHODS:
            for n in there_and_back * n_rounds[method]:
                show_progress(f"time of {method}, {n:,}")
                figures[method, n].append(
                    worker.call("seconds", method=method, n_sequences=n)
                )
    costs = {
        (method, n): statistics.median(figures[method, n]) / n * 1e6
        for method, n in cases
    }
    return [
        {
            "method": method,
            "sequences": n,
            "µs a sequence": costs[method, n],
            "to the smallest": costs[method, n] / costs[method, sizes[0]],
            "rounds": figures[method, n],
        }
        for method, n in cases
    ]


TIME_COLUMNS = {
    "method": "",
    "sequences": ",d",
    "µs a sequence": ".1f",
    "to the smallest": ".3f",
}


def memory_rows(sizes):
    """Measure the memory of all forms, each in fresh processes.

    Parameters
    ----------
    sizes : tuple of int
        Numbers of sequences, the largest last.

    Returns
    -------
    rows : list of dict
        A row of the table for each form and size.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise SystemExit("pyarrow is not installed: Arrow lists cannot be measured.")
    rows = []
    for form in FORMS:
        extras = {}
        for n_sequences in sizes:
            row = {"form": form, "sequences": n_sequences}
            data = n_sequences * N_TIMESTEPS * np.dtype(np.float32).itemsize
            row["data, MiB"] = data / MIB
            for method in METHODS:
                show_progress(f"memory of {method}, {form}, {n_sequences:,}")
                extra = extra_memory(method, form, n_sequences)
                row[f"{method}, MiB"] = extra / MIB
                if form == "list of arrays":
                    row[f"{method}, copies"] = extra / data
                if method in extras:
                    grown = extra - extras[method]
                    row[f"{method}, B/sequence"] = grown / (n_sequences - sizes[0])
                extras.setdefault(method, extra)
            rows.append(row)
    return rows


MEMORY_COLUMNS = {
    "form": "",
    "sequences": ",d",
    "data, MiB": ".1f",
    "fit, MiB": ".1f",
    "transform, MiB": ".1f",
    "fit, B/sequence": ".0f",
    "transform, B/sequence": ".0f",
    "fit, copies": ".2f",
    "transform, copies": ".2f",
}


def judge_time(rows):
    """Print how the cost a sequence stands to the bar.

    Parameters
    ----------
    rows : list of dict
        Of :func:`time_rows`.

    Returns
    -------
    verdicts : list of dict
        The figures of the lines.
    """
    verdicts = []
    for method in METHODS:
        ratios = [row["to the smallest"] for row in rows if row["method"] == method]
        apart = max(max(ratios), 1 / min(ratios))
        met = apart <= TIME_BAR
        print(
            f"Cost a sequence of {method}: apart from the smallest by a factor of "
            f"{apart:.3f} at most. Bar {TIME_BAR:g}: {'met' if met else 'NOT met'}."
        )
        verdicts.append({"what": method, "apart": apart, "bar": TIME_BAR, "met": met})
    print(flush=True)
    return verdicts


def judge_memory(rows):
    """Print how memory above data and result stands to the bars.

    Parameters
    ----------
    rows : list of dict
        Of :func:`memory_rows`.

    Returns
    -------
    verdicts : list of dict
        The figures of the lines.
    """
    verdicts = []
    for method in METHODS:
        above = {}
        for row in rows:
            copies = COPIES_BAR if row["form"] == "list of arrays" else 0
            case = f"{row['form']}, {row['sequences']:,}"
            above[case] = row[f"{method}, MiB"] - copies * row["data, MiB"]
        worst = max(above, key=above.get)
        met = above[worst] <= MEMORY_BAR
        print(
            f"Memory of {method} above data and result, and above one copy of a list: "
            f"{above[worst]:.1f} MiB at most ({worst}). Bar, the same constant for "
            f"all sizes, {MEMORY_BAR} MiB: {'met' if met else 'NOT met'}."
        )
        growth = max(
            row.get(f"{method}, B/sequence", 0)
            for row in rows
            if row["form"] != "list of arrays"
        )
        grows = growth > GROWTH_BAR
        print(
            f"It grows by {growth:.0f} bytes a sequence of arrays, maps and Arrow at "
            f"most, of which {N_TIMESTEPS} steps take {4 * N_TIMESTEPS}. Bar "
            f"{GROWTH_BAR}: {'NOT met' if grows else 'met'}."
        )
        verdicts.append(
            {
                "what": method,
                "highest": above[worst],
                "highest_case": worst,
                "bar": MEMORY_BAR,
                "growth": growth,
                "growth_bar": GROWTH_BAR,
                "met": met and not grows,
            }
        )
    print(flush=True)
    return verdicts


def main():
    """Measure time and memory, print both tables, and write them."""
    args = argument_parser(__doc__).parse_args()
    print_machine(1, args.quick)
    sizes, n_rounds = SIZES, ROUNDS
    if args.quick:
        sizes, n_rounds = QUICK_SIZES, dict.fromkeys(METHODS, 1)
    times = time_rows(sizes, n_rounds)
    print_table(times, TIME_COLUMNS)
    payload = {"time": times, "time_verdicts": judge_time(times)}
    if pathlib.Path("/proc/self/status").exists():
        memory = memory_rows(QUICK_SIZES if args.quick else MEMORY_SIZES)
        print_table(memory, MEMORY_COLUMNS)
        payload |= {"memory": memory, "memory_verdicts": judge_memory(memory)}
    else:
        print("Note: memory is not measured, which needs Linux.")
    write_json("scaling", payload | {"quick": args.quick})


if __name__ == "__main__":
    main()
