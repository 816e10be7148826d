"""Is a GPU used as well as by a plain loop over cuDNN's LSTM?

`fit` of the textbook network (complete, from the user's arrays in the memory of the
host) and `transform` by an LSTM alone are compared with a plain PyTorch loop, whose
tensors are on the device before the clock starts, so that the ratio contains all copies
that do not overlap with computing. "bare / ours" is the seconds of the loop divided by
ours. Both run in this process, in turn, in float32 (with TF32, as cuDNN does by
default) and in bfloat16.

The fraction of the peak is the rate of the matrix products of the LSTMs, divided by
that of a plain product of two large matrices in the same type.

Without a CUDA device nothing is measured. ``--device cpu`` tries the program.
"""

import statistics
import sys

import torch

from ..formatting import make_table
from ..runner import judge_ratios, show_progress
from ..timing import median_ratio, take_turns
from .cases import Case, LogNormal, count_steps, make_X
from .contenders import bare_torch, ours
from .training import count_operations

ROUNDS = 3
PRECISIONS = ("float32", "bfloat16")
CASES = (
    Case("gpu24-128", 50_000, 24, 1, 128, 1024, 10),
    Case("gpu100-256", 20_000, 100, 4, 256, 512, 6),
    Case("gpu100-1024", 5_000, 100, 16, 1024, 512, 4),
    Case("gpu1000-256", 2_000, 1_000, 4, 256, 128, 3),
    Case("gpu-lognormal-256", 10_000, LogNormal(60, 10, 400), 4, 256, 256, 6),
)
QUICK_CASES = (
    Case("tiny24-16", 200, 24, 1, 16, 64, 2),
    Case("tiny-lognormal-16", 200, LogNormal(20, 5, 60), 2, 16, 64, 2),
)
PEAK_SIZE, QUICK_PEAK_SIZE = 4096, 256
TARGET = 0.9

COLUMNS = {
    "case": "",
    "cells": "d",
    "precision": "",
    "fit, s": ".2f",
    "fit, bare / ours": ".2f",
    "transform, s": ".3f",
    "transform, bare / ours": ".2f",
    "sequences/s, fit": ",.0f",
    "fraction of peak": ".0%",
}


def add_arguments(parser):
    """Add the option --device."""
    parser.add_argument("--device", default="cuda", help="device (default: cuda)")


def run(options):
    """Compare both on all cases."""
    if options.device != "cpu" and not torch.cuda.is_available():
        sys.exit("There is no CUDA device, so nothing was measured.")
    rows = []
    for case in QUICK_CASES if options.quick else CASES:
        for precision in ("float32",) if options.device == "cpu" else PRECISIONS:
            show_progress(f"{case.name}, {precision}")
            rows.append(measure(case, precision, options.device, options.quick))
    targets = []
    for method in ("fit", "transform"):
        ratios = {
            f"{row['case']}, {row['precision']}": row[f"{method}, bare / ours"]
            for row in rows
        }
        targets.append(judge_ratios(f"GPU: bare / ours, {method}", ratios, TARGET))
    name = "gpu" if options.device != "cpu" else "gpu-on-cpu"
    return {
        "tables": {name: make_table("Ours and a plain loop", COLUMNS, rows)},
        "targets": targets,
    }


def measure(case, precision, device, quick):
    """Return the row of a case in one precision."""
    where = {"device": device, "precision": precision}
    fits = {
        "ours": lambda: ours.fit(case, case.epochs, **where),
        "bare": lambda: bare_torch.fit(case, case.epochs, **where),
    }
    encoders = {
        "ours": lambda: ours.transform(case, bidirectional=False, **where),
        "bare": lambda: bare_torch.encode(case, **where),
    }
    for function in (*fits.values(), *encoders.values()):
        function()  # the first calls are slower
    n_rounds = 1 if quick else ROUNDS
    fitted, encoded = (take_turns(calls, n_rounds) for calls in (fits, encoders))
    size = QUICK_PEAK_SIZE if quick else PEAK_SIZE
    peak = ours.measure_matmul_gflops(size, size, device, getattr(torch, precision))
    seconds = statistics.median(fitted["ours"])
    billions = case.epochs * count_operations(case) / 1e9
    return {
        "case": case.name,
        "cells": case.cells,
        "precision": precision,
        "fit, s": seconds,
        "fit, bare / ours": median_ratio(fitted["bare"], fitted["ours"]),
        "transform, s": statistics.median(encoded["ours"]),
        "transform, bare / ours": median_ratio(encoded["bare"], encoded["ours"]),
        "sequences/s, fit": case.epochs * case.n_sequences / seconds,
        "time steps": count_steps(make_X(case)),
        "fraction of peak": billions / seconds / peak,
        "figures": {"fit": fitted, "transform": encoded},
    }
