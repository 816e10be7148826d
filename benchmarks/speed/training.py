"""Is training as fast as the machine? The textbook network against its peers.

`fit` of ours, whole and from the user's own container, in turn with a bare loop of
torch over ready-made tensors, with Keras on a graph that is traced already, and, over
fewer cases, with sequitur; each in a process of its own with the same number of
threads. Ratios are their seconds over ours, medians over rounds; Keras takes part in
the first round alone.

The share of the peak is the rate of the LSTMs' matrix products, over the rate of a
plain product of a step's shapes, measured in the same process and round. Counted is
the network as it is written, step by step, over true steps alone; everything else that
`fit` does counts as time lost. Beside sequitur stands how many times faster a training
would be that did nothing but these products, at the peak.

Run: python benchmarks/training.py [--threads 2] [--quick]
"""

import os
import statistics

from _cases import make_X, n_timesteps, select_cases
from _measure import (
    Worker,
    argument_parser,
    judge,
    median_ratio,
    print_machine,
    print_table,
    show_progress,
    take_turns,
    write_json,
)

ROUNDS = 3
ROUNDS_BESIDE = 1  # with more threads, which do not judge

BARE_BAR = 0.95
KERAS_BAR, KERAS_BAR_LARGE, LARGEST_SMALL = 2.0, 1.5, 64
SEQUITUR_BAR = 20
PEAK_BAR, PEAK_CELLS = 0.5, 128

# Keras' graph of this case did not fit into 23 GiB, and took all of them to find out.
KERAS_GIB = {"steps2000x12-64": 24}

# sequitur needs minutes where others need seconds: some cases and sequences will do.
SEQUITUR_CASES = ("steps24-16", "steps100-32", "steps100x12-64", "lognormal-64")
SEQUITUR_LAYERS = 2  # what its smallest network that runs has

COLUMNS = {
    "case": "",
    "cells": "d",
    "epochs": "d",
    "ours, s": ".2f",
    "bare torch, s": ".2f",
    "Keras, s": ".2f",
    "Keras with tracing, s": ".2f",
    "bare / ours": ".2f",
    "Keras / ours": ".2f",
    "GFLOP/s": ".1f",
    "torch.mm, GFLOP/s": ".1f",
    "share of peak": ".0%",
}
SEQUITUR_COLUMNS = {
    "case": "",
    "cells": "d",
    "epochs": "d",
    "ours, s": ".2f",
    "sequitur, s": ".1f",
    "sequitur / ours": ".1f",
    "sequitur / peak": ".1f",
}
PEAK_COLUMNS = {"cells": "d", "cases": "d", "share of peak": ".0%"}


def n_operations(case, num_layers=1):
    """Count the operations of the LSTMs' matrix products in one epoch of training.

    A product forward costs as much again for the gradient of its weights, and once
    more for that of what enters it; of the data that enter the encoder nobody needs a
    gradient.

    Parameters
    ----------
    case : Case
        The case.
    num_layers : int, default=1
        Layers of encoder and decoder.

    Returns
    -------
    n_operations : int
        Multiplications and additions, over true time steps.
    """
    gates = 4 * case.cells
    data, cells = 2 * case.n_features * gates, 2 * case.cells * gates
    layer = 3 * cells + 3 * cells  # of vectors or states that enter, and recurrent ones
    first = 2 * data + 3 * cells
    return (first + (2 * num_layers - 1) * layer) * n_timesteps(make_X(case))


def measure(case, workers, n_rounds):
    """Train in turn, on one case.

    Parameters
    ----------
    case : Case
        The case.
    workers : dict of str to Worker
        "ours", "bare torch" and, where it can, "Keras".
    n_rounds : int
        Number of rounds.

    Returns
    -------
    row : dict
        Figures by heading.
    """
    tracing = workers["Keras"].call("trace", case=case) if "Keras" in workers else None
    for name in ("ours", "bare torch"):
        workers[name].call("fit", case=case, epochs=1)  # first calls are slower
    ways = _fits(case, workers)
    ways["peak"] = lambda: workers["ours"].call(
        "matmul_gflops", cells=case.cells, batch_size=case.batch_size
    )
    figures = take_turns(ways, 1)
    # Keras takes most of the hour and is far from the bar: one round will do.
    ways.pop("Keras", None)
    for name, more in take_turns(ways, n_rounds - 1).items():
        figures[name] += more
    billions = case.epochs * n_operations(case) / 1e9
    rates = [billions / seconds for seconds in figures["ours"]]
    row = {"case": case.name, "cells": case.cells, "epochs": case.epochs}
    row |= {f"{name}, s": statistics.median(figures[name]) for name in workers}
    if tracing is not None:
        row |= {
            "Keras with tracing, s": tracing + figures["Keras"][0],
            "Keras / ours": figures["Keras"][0] / figures["ours"][0],
        }
    return row | {
        "bare / ours": median_ratio(figures["bare torch"], figures["ours"]),
        "GFLOP/s": statistics.median(rates),
        "torch.mm, GFLOP/s": statistics.median(figures["peak"]),
        "share of peak": median_ratio(rates, figures["peak"]),
        "rounds": figures,
    }


def _fits(case, workers):
    """Return what trains on the case, by contender."""

    def way(worker):
        return lambda: worker.call("fit", case=case, epochs=case.epochs)

    return {name: way(worker) for name, worker in workers.items()}


def measure_sequitur(case, ours, sequitur, n_rounds):
    """Train networks of two layers in turn, on one case.

    Parameters
    ----------
    case : Case
        The case.
    ours, sequitur : Worker
        The contenders.
    n_rounds : int
        Number of rounds.

    Returns
    -------
    row : dict
        Figures by heading.
    """
    ours.call("fit", case=case, epochs=1, num_layers=SEQUITUR_LAYERS)
    sequitur.call("fit", case=case, epochs=1)
    ways = {
        "ours": lambda: ours.call(
            "fit", case=case, epochs=case.epochs, num_layers=SEQUITUR_LAYERS
        ),
        "sequitur": lambda: sequitur.call("fit", case=case, epochs=case.epochs),
    }
    figures = take_turns(ways, n_rounds)
    peak = ours.call("matmul_gflops", cells=case.cells, batch_size=case.batch_size)
    row = {"case": case.name, "cells": case.cells, "epochs": case.epochs}
    row |= {f"{name}, s": statistics.median(figures[name]) for name in ways}
    billions = case.epochs * n_operations(case, SEQUITUR_LAYERS) / 1e9
    return row | {
        "sequitur / ours": median_ratio(figures["sequitur"], figures["ours"]),
        "sequitur / peak": row["sequitur, s"] / (billions / peak),
        "rounds": figures,
    }


def compare_networks(cases, n_threads, n_rounds):
    """Measure all cases against bare torch and Keras, and print the table."""
    rows = []
    with (
        Worker("_contenders.ours", n_threads) as ours,
        Worker("_contenders.bare_torch", n_threads) as bare,
    ):
        workers = {"ours": ours, "bare torch": bare}
        for case in cases:
            show_progress(f"training: {case.name}")
            rows.append(_measure_beside_keras(case, workers, n_threads, n_rounds))
    print_table(rows, COLUMNS)
    return rows


def _memory_gib():
    """Return the memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _measure_beside_keras(case, workers, n_threads, n_rounds):
    """Measure with a Keras of its own: its graphs of long sequences take gigabytes."""
    if _memory_gib() < KERAS_GIB.get(case.name, 0):
        print(f"{case.name}: Keras is left out, for lack of memory.")
        return measure(case, workers, n_rounds)
    try:
        with Worker("_contenders.keras_textbook", n_threads) as keras:
            row = measure(case, workers | {"Keras": keras}, n_rounds)
            _say_scaled("Keras", keras, case)
            return row
    except RuntimeError as exc:
        if "keras_textbook died" not in str(exc):
            raise
        print(f"{case.name}: Keras did not get through, mostly for lack of memory.")
        return measure(case, workers, n_rounds)


def compare_sequitur(cases, n_threads, n_rounds):
    """Measure some cases against sequitur, and print the table."""
    with (
        Worker("_contenders.ours", n_threads) as ours,
        Worker("_contenders.sequitur_", n_threads) as sequitur,
    ):
        rows = []
        for case in cases:
            show_progress(f"training against sequitur: {case.name}")
            rows.append(measure_sequitur(case, ours, sequitur, n_rounds))
            _say_scaled("sequitur", sequitur, case, " in one epoch")
    print(f"Networks of {SEQUITUR_LAYERS} layers each way:")
    print_table(rows, SEQUITUR_COLUMNS)
    return rows


def _say_scaled(name, worker, case, how=""):
    n_used = worker.call("n_sequences_used", case=case)
    if n_used < case.n_sequences:
        print(
            f"{case.name}: {name} trains on {n_used:,} of {case.n_sequences:,} "
            f"sequences{how}; its time is scaled up."
        )


def shares_by_size(rows):
    """Return rows of the median share of the peak for each number of cells."""
    shares = {}
    for row in sorted(rows, key=lambda row: row["cells"]):
        shares.setdefault(row["cells"], []).append(row["share of peak"])
    return [
        {
            "cells": cells,
            "cases": len(found),
            "share of peak": statistics.median(found),
        }
        for cells, found in shares.items()
    ]


def judge_all(rows, sequitur_rows):
    """Print how the figures stand to the bars, and return the verdicts."""

    def ratios(heading, chosen):
        return {row["case"]: row[heading] for row in chosen if heading in row}

    small = [row for row in rows if row["cells"] <= LARGEST_SMALL]
    large = [row for row in rows if row["cells"] > LARGEST_SMALL]
    peak = [row for row in rows if row["cells"] == PEAK_CELLS]
    return [
        judge("bare torch / ours", ratios("bare / ours", rows), BARE_BAR),
        judge(
            f"Keras / ours, up to {LARGEST_SMALL} cells",
            ratios("Keras / ours", small),
            KERAS_BAR,
        ),
        judge(
            f"Keras / ours, above {LARGEST_SMALL} cells",
            ratios("Keras / ours", large),
            KERAS_BAR_LARGE,
        ),
        judge(
            "sequitur / ours", ratios("sequitur / ours", sequitur_rows), SEQUITUR_BAR
        ),
        judge(
            f"share of the peak at {PEAK_CELLS} cells",
            ratios("share of peak", peak),
            PEAK_BAR,
        ),
    ]


def main():
    """Measure, print tables and verdicts, write JSON."""
    args = argument_parser(__doc__, threads=True).parse_args()
    print_machine(args.threads, args.quick)
    n_rounds = ROUNDS if args.threads == 1 and not args.quick else ROUNDS_BESIDE
    cases = select_cases(args.quick, args.threads)
    rows = compare_networks(cases, args.threads, n_rounds)
    by_size = shares_by_size(rows)
    print_table(by_size, PEAK_COLUMNS)
    few = [case for case in cases if case.name in SEQUITUR_CASES]
    sequitur_rows = compare_sequitur(few, args.threads, n_rounds)
    verdicts = judge_all(rows, sequitur_rows)
    write_json(
        f"training_{args.threads}",
        {
            "threads": args.threads,
            "rounds": n_rounds,
            "quick": args.quick,
            "cases": rows,
            "sequitur": sequitur_rows,
            "share_of_peak": by_size,
            "verdicts": verdicts,
        },
    )


if __name__ == "__main__":
    main()
