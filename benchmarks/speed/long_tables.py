"""How long does it take to turn a long table into one row per sequence?

Converts simulated events, one row each, in random order, with a time, a number and a
category: with `sequences_from_long`, and with the lines that users of pandas, polars
and pyarrow would write for that. Contenders run in turn, each in a process of its own
with one thread. Prefixes, with the next category as target, are timed for a tenth of
the events, and have no baseline. Seconds are CPU time, which equals elapsed time on an
idle machine and is hardly affected by other programs.
"""

import contextlib
import functools
import os
import statistics
import time

import numpy as np

from ..formatting import make_table
from ..runner import judge, judge_ratios, show_progress
from ..timing import median_ratio, take_turns, timed
from ..workers import Worker

N_EVENTS = 10_000_000
EVENTS_PER_SEQUENCE = 20
LAST = 10  # events that a prefix keeps
N_ROUNDS = 2
LIBRARIES = ("pandas", "polars", "pyarrow")
CATEGORIES = ("view", "search", "cart", "order", "return")
MAX_SECONDS = 20
MODULE = "speed.long_tables"

SEQUENCES_COLUMNS = {
    "library": "",
    "ours, s": ".1f",
    "baseline, s": ".1f",
    "baseline / ours": ".2f",
    "ours, GiB": ".2f",
    "baseline, GiB": ".2f",
}
PREFIXES_COLUMNS = {"library": "", "prefixes": ",d", "seconds": ".1f", "GiB": ".2f"}


def add_arguments(parser):
    """Add the options of this program."""
    parser.add_argument("--events", type=int, default=N_EVENTS)
    parser.add_argument("--rounds", type=int, default=N_ROUNDS)


def run(options):
    """Time all libraries."""
    n_events = 20_000 if options.quick else options.events
    n_rounds = 1 if options.quick else options.rounds
    sequences, prefixes, ratios = [], [], {}
    for library in LIBRARIES:
        show_progress(f"long tables: {library}")
        row, prefix_row = compare(library, n_events, n_rounds)
        sequences.append(row)
        prefixes.append(prefix_row)
        ratios[library] = row["baseline / ours"]
    slowest = max(sequences, key=lambda row: row["ours, s"])
    title = f"{n_events:,} events to sequences"
    return {
        "tables": {
            "long-sequences": make_table(title, SEQUENCES_COLUMNS, sequences),
            "long-prefixes": make_table(
                f"{n_events // 10:,} events to prefixes", PREFIXES_COLUMNS, prefixes
            ),
        },
        "targets": [
            judge(
                f"long tables: seconds for {n_events:,} events",
                f"below {MAX_SECONDS}",
                f"{slowest['ours, s']:.1f} at most ({slowest['library']})",
                slowest["ours, s"] < MAX_SECONDS,
            ),
            judge_ratios("long tables: baseline / ours", ratios, target=1),
        ],
    }


def compare(library, n_events, n_rounds):
    """Time our function and the baseline of a library in turn.

    Returns
    -------
    row : dict
        Seconds, their ratio and memory for sequences.
    prefix_row : dict
        Number, seconds and memory of prefixes.
    """
    with contextlib.ExitStack() as stack:
        workers = {
            name: stack.enter_context(Worker(MODULE)) for name in ("ours", "baseline")
        }
        for worker in workers.values():
            worker.call("prepare", library=library, n_events=n_events)
        measured = take_turns(
            {
                name: functools.partial(worker.call_watched, f"convert_{name}")
                for name, worker in workers.items()
            },
            n_rounds,
        )
        workers["ours"].call("prepare", library=library, n_events=n_events // 10)
        (prefix_seconds, n_prefixes), prefix_memory = workers["ours"].call_watched(
            "cut_prefixes"
        )
    seconds = {name: [pair[0] for pair in pairs] for name, pairs in measured.items()}
    memory = {name: max(pair[1] for pair in pairs) for name, pairs in measured.items()}
    row = {
        "library": library,
        "ours, s": statistics.median(seconds["ours"]),
        "baseline, s": statistics.median(seconds["baseline"]),
        "baseline / ours": median_ratio(seconds["baseline"], seconds["ours"]),
        "ours, GiB": memory["ours"] / 2**30,
        "baseline, GiB": memory["baseline"] / 2**30,
    }
    prefix_row = {
        "library": library,
        "prefixes": n_prefixes,
        "seconds": prefix_seconds,
        "GiB": prefix_memory / 2**30,
    }
    return row, prefix_row


# What follows runs in the workers, which keep the events between calls.
_EVENTS = {}


def prepare(library, n_events):
    """Generate the events, in random order, as a frame of a library."""
    os.environ["POLARS_MAX_THREADS"] = "1"  # read when polars is imported
    import pyarrow as pa

    import sklearn_seqembed  # noqa: F401, importing takes seconds and memory

    pa.set_cpu_count(1)
    rng = np.random.default_rng(0)
    n_sequences = n_events // EVENTS_PER_SEQUENCE
    seconds = rng.integers(0, 10**8, n_events).astype("m8[s]")
    table = pa.table(
        {
            "customer": rng.integers(0, n_sequences, n_events),
            "time": np.datetime64("2024-01-01", "us") + seconds,
            "amount": rng.normal(size=n_events),
            "action": np.array(CATEGORIES, object)[
                rng.integers(0, len(CATEGORIES), n_events)
            ],
        }
    )
    if library == "pandas":
        table = table.to_pandas()
    elif library == "polars":
        import polars as pl

        table = pl.from_arrow(table)
    _EVENTS["frame"] = table


def convert_ours():
    """Return the seconds that our function takes."""
    from sklearn_seqembed import sequences_from_long

    frame = _EVENTS["frame"]
    return timed(
        sequences_from_long,
        frame,
        by="customer",
        time="time",
        clock=time.process_time,
    )[0]


def convert_baseline():
    """Return the seconds that the lines of the library take."""
    frame = _EVENTS["frame"]
    started = time.process_time()
    if hasattr(frame, "iloc"):
        frame.sort_values("time", kind="stable").groupby("customer").agg(list)
    elif hasattr(frame, "group_by") and hasattr(frame, "get_columns"):
        frame.sort("time", maintain_order=True).group_by(
            "customer", maintain_order=True
        ).agg(["time", "amount", "action"])
    else:
        lists = [(name, "list") for name in ("time", "amount", "action")]
        groups = frame.sort_by("time").group_by("customer", use_threads=False)
        groups.aggregate(lists)
    return time.process_time() - started


def cut_prefixes():
    """Return the seconds that prefixes take, and their number."""
    from sklearn_seqembed import sequences_from_long

    seconds, (X, _, _) = timed(
        sequences_from_long,
        _EVENTS["frame"],
        by="customer",
        time="time",
        target="action",
        last=LAST,
        end="<end>",
        clock=time.process_time,
    )
    return seconds, len(X)
