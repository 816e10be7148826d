"""Is training as fast as the machine allows?

Trains the textbook network with `fit` of this library (complete, from the user's own
container), with a bare PyTorch loop over prepared tensors, with Keras on an already
traced graph and, on some cases, with sequitur. Each contender runs in a process with
the same number of threads. Ratios are the seconds of the other contender divided by
ours, as medians over rounds. Keras runs in the first round only.

The fraction of the peak is the rate of the matrix products in the LSTMs, divided by the
rate of a plain product with the shapes of one time step, measured in the same process
and round. Only true time steps are counted. "sequitur / peak" compares sequitur with a
hypothetical training that computes nothing but these products at peak rate.
"""

import os
import statistics
from concurrent.futures.process import BrokenProcessPool

from ..formatting import make_table
from ..runner import add_threads, judge_ratios, show_progress
from ..timing import calls, median_ratio, take_turns
from ..workers import Worker
from .cases import count_steps, make_X, select_cases

ROUNDS = 3
OURS, BARE = "speed.contenders.ours", "speed.contenders.bare_torch"
KERAS, SEQUITUR = "speed.contenders.keras_autoencoder", "speed.contenders.sequitur_"

BARE_TARGET, SEQUITUR_TARGET = 0.95, 20
KERAS_TARGET, KERAS_TARGET_LARGE, LARGEST_SMALL = 2.0, 1.5, 64
PEAK_TARGET, PEAK_CELLS = 0.5, 128

# The graph of this case did not fit into 23 GiB.
KERAS_MINIMUM_GIB = {"steps2000x12-64": 24}

# sequitur needs minutes where the others need seconds.
SEQUITUR_CASES = ("steps24-16", "steps100-32", "steps100x12-64", "lognormal-64")
SEQUITUR_LAYERS = 2  # its smallest network that runs

COLUMNS = {
    "case": "",
    "cells": "d",
    "ours, s": ".2f",
    "bare torch, s": ".2f",
    "Keras, s": ".2f",
    "bare / ours": ".2f",
    "Keras / ours": ".2f",
    "fraction of peak": ".0%",
}
SEQUITUR_COLUMNS = {
    "case": "",
    "cells": "d",
    "ours, s": ".2f",
    "sequitur, s": ".1f",
    "sequitur / ours": ".1f",
    "sequitur / peak": ".1f",
}
PEAK_COLUMNS = {"cells": "d", "cases": "d", "fraction of peak": ".0%"}


def add_arguments(parser):
    """Add the options of this program."""
    add_threads(parser)


def run(options):
    """Compare all contenders on all cases."""
    n_rounds = ROUNDS if options.threads == 1 and not options.quick else 1
    cases = select_cases(options.quick, options.threads)
    rows = compare_networks(cases, options.threads, n_rounds)
    few = [case for case in cases if case.name in SEQUITUR_CASES]
    sequitur_rows = compare_sequitur(few, options.threads, n_rounds)
    by_cells = summarize_peak(rows)
    name = "training" if options.threads == 1 else f"training-{options.threads}-threads"
    return {
        "tables": {
            name: make_table("Seconds of one fit", COLUMNS, rows),
            f"{name}-sequitur": make_table(
                "Two layers per direction", SEQUITUR_COLUMNS, sequitur_rows
            ),
            f"{name}-peak": make_table(
                "Fraction of the peak, median over cases", PEAK_COLUMNS, by_cells
            ),
        },
        "targets": judge_all(rows, sequitur_rows),
        "rounds": n_rounds,
    }


def count_operations(case, num_layers=1):
    """Count the operations of the LSTMs' matrix products in one training epoch.

    The gradient of the weights costs as much as the product itself, and so does the
    gradient of its input, which is not needed for the data that enter the encoder.
    """
    gates = 4 * case.cells
    data, cells = 2 * case.n_features * gates, 2 * case.cells * gates
    layer = 3 * cells + 3 * cells  # input (vectors or states) and recurrent products
    first = 2 * data + 3 * cells
    return (first + (2 * num_layers - 1) * layer) * count_steps(make_X(case))


def compare_networks(cases, n_threads, n_rounds):
    """Return one row per case: ours, bare torch and Keras."""
    rows = []
    with Worker(OURS, n_threads) as ours, Worker(BARE, n_threads) as bare:
        workers = {"ours": ours, "bare torch": bare}
        for case in cases:
            show_progress(f"training: {case.name}")
            rows.append(_measure_with_keras(case, workers, n_threads, n_rounds))
    return rows


def _measure_with_keras(case, workers, n_threads, n_rounds):
    """Start a Keras process for this case: graphs of long sequences take gigabytes."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    if memory < KERAS_MINIMUM_GIB.get(case.name, 0):
        return _measure(case, workers, n_rounds)
    try:
        with Worker(KERAS, n_threads) as keras:
            return _measure(case, workers | {"Keras": keras}, n_rounds)
    except BrokenProcessPool:
        show_progress(f"{case.name}: Keras died, probably for lack of memory.")
        return _measure(case, workers, n_rounds)


def _measure(case, workers, n_rounds):
    row = {"case": case.name, "cells": case.cells, "epochs": case.epochs}
    if "Keras" in workers:
        row["Keras tracing, s"] = workers["Keras"].call("trace", case=case)
        row["Keras sequences"] = workers["Keras"].call("count_used", case=case)
    for name in ("ours", "bare torch"):
        workers[name].call("fit", case=case, epochs=1)  # first calls are slower
    contenders = calls(workers, "fit", case=case, epochs=case.epochs)
    contenders["peak"] = lambda: _peak_gflops(workers["ours"], case)
    figures = take_turns(contenders, 1)
    # Keras takes most of the time and is far from its target: one round is enough.
    contenders.pop("Keras", None)
    for name, more in take_turns(contenders, n_rounds - 1).items():
        figures[name] += more
    row |= {f"{name}, s": statistics.median(figures[name]) for name in workers}
    row["bare / ours"] = median_ratio(figures["bare torch"], figures["ours"])
    if "Keras" in figures:
        row["Keras / ours"] = figures["Keras"][0] / figures["ours"][0]
    billions = case.epochs * count_operations(case) / 1e9
    rates = [billions / seconds for seconds in figures["ours"]]
    row["fraction of peak"] = median_ratio(rates, figures["peak"])
    return row | {"figures": figures}


def _peak_gflops(worker, case):
    return worker.call(
        "measure_matmul_gflops", cells=case.cells, batch_size=case.batch_size
    )


def compare_sequitur(cases, n_threads, n_rounds):
    """Return one row per case: two layers per direction, ours and sequitur."""
    rows = []
    with Worker(OURS, n_threads) as ours, Worker(SEQUITUR, n_threads) as sequitur:
        for case in cases:
            show_progress(f"training, sequitur: {case.name}")
            rows.append(_measure_sequitur(case, ours, sequitur, n_rounds))
    return rows


def _measure_sequitur(case, ours, sequitur, n_rounds):
    layers = {"num_layers": SEQUITUR_LAYERS}
    ours.call("fit", case=case, epochs=1, **layers)
    sequitur.call("fit", case=case, epochs=1)
    contenders = calls({"ours": ours}, "fit", case=case, epochs=case.epochs, **layers)
    contenders |= calls({"sequitur": sequitur}, "fit", case=case, epochs=case.epochs)
    figures = take_turns(contenders, n_rounds)
    row = {"case": case.name, "cells": case.cells, "epochs": case.epochs}
    row |= {f"{name}, s": statistics.median(figures[name]) for name in contenders}
    billions = case.epochs * count_operations(case, SEQUITUR_LAYERS) / 1e9
    return row | {
        "sequitur / ours": median_ratio(figures["sequitur"], figures["ours"]),
        "sequitur / peak": row["sequitur, s"] / (billions / _peak_gflops(ours, case)),
        "sequitur sequences": sequitur.call("count_used", case=case),
        "figures": figures,
    }


def summarize_peak(rows):
    """Return the median fraction of the peak for each number of cells."""
    by_cells = {}
    for row in sorted(rows, key=lambda row: row["cells"]):
        by_cells.setdefault(row["cells"], []).append(row["fraction of peak"])
    return [
        {
            "cells": cells,
            "cases": len(fractions),
            "fraction of peak": statistics.median(fractions),
        }
        for cells, fractions in by_cells.items()
    ]


def judge_all(rows, sequitur_rows):
    """Compare the ratios with their targets."""

    def ratios(heading, chosen):
        return {row["case"]: row[heading] for row in chosen if heading in row}

    small = [row for row in rows if row["cells"] <= LARGEST_SMALL]
    large = [row for row in rows if row["cells"] > LARGEST_SMALL]
    peak = [row for row in rows if row["cells"] == PEAK_CELLS]
    return [
        judge_ratios(question, ratios(heading, chosen), target)
        for question, heading, chosen, target in (
            ("training: bare torch / ours", "bare / ours", rows, BARE_TARGET),
            (
                f"training: Keras / ours, up to {LARGEST_SMALL} cells",
                "Keras / ours",
                small,
                KERAS_TARGET,
            ),
            (
                f"training: Keras / ours, more than {LARGEST_SMALL} cells",
                "Keras / ours",
                large,
                KERAS_TARGET_LARGE,
            ),
            (
                "training: sequitur / ours",
                "sequitur / ours",
                sequitur_rows,
                SEQUITUR_TARGET,
            ),
            (
                f"training: fraction of the peak at {PEAK_CELLS} cells",
                "fraction of peak",
                peak,
                PEAK_TARGET,
            ),
        )
    ]
