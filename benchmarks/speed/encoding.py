"""Is `transform` as fast as ONNX Runtime with the same weights?

`transform` of this library (complete, from the user's own container) alternates with a
session of ONNX Runtime whose tensors are scaled, sorted, padded and laid out in
advance, in the chunk size that is fastest for the case. This favors ONNX Runtime. The
program stops if the two do not return the same vectors. The encoder is an LSTM alone
(`patch_size=1`, no reservoir), in one direction and in both. `transform.py` measures
`transform` with all defaults.
"""

import statistics

import numpy as np

from ..formatting import make_table
from ..runner import add_threads, judge_ratios, show_progress
from ..timing import calls, median_ratio, take_turns
from ..workers import Worker
from .cases import select_cases

ROUNDS, ROUNDS_MULTITHREADED = 5, 3
TARGET = 1.0
# Of components in (-1, 1), computed in float32 over up to 2,000 steps.
TOLERANCE = 1e-4

COLUMNS = {
    "case": "",
    "directions": "d",
    "ours, vectors/s": ",.0f",
    "ONNX Runtime, vectors/s": ",.0f",
    "ours / ONNX Runtime": ".2f",
}


def add_arguments(parser):
    """Add the options of this program."""
    add_threads(parser)


def run(options):
    """Compare both on all cases and directions."""
    n_rounds = ROUNDS if options.threads == 1 else ROUNDS_MULTITHREADED
    n_rounds = 1 if options.quick else n_rounds
    rows = []
    with (
        Worker("speed.contenders.ours", options.threads) as ours,
        Worker("speed.contenders.onnx_runtime", options.threads) as onnx,
    ):
        for case in select_cases(options.quick, options.threads):
            show_progress(f"encoding: {case.name}")
            for bidirectional in (False, True):
                rows.append(measure(case, bidirectional, ours, onnx, n_rounds))
    name = "encoding" if options.threads == 1 else f"encoding-{options.threads}-threads"
    return {
        "tables": {name: make_table("Encoding by an LSTM", COLUMNS, rows)},
        "targets": judge_all(rows) if options.threads == 1 else [],
        "rounds": n_rounds,
    }


def judge_all(rows):
    """Judge the ratios of each number of directions."""
    return [
        judge_ratios(
            f"encoding: ours / ONNX Runtime, {directions} direction(s)",
            {
                row["case"]: row["ours / ONNX Runtime"]
                for row in rows
                if row["directions"] == directions
            },
            TARGET,
        )
        for directions in (1, 2)
    ]


def measure(case, bidirectional, ours, onnx, n_rounds):
    """Return the row of one case."""
    both = {"bidirectional": bidirectional}
    exported = ours.call("export_encoder", case=case, **both)
    chunk_size = onnx.call(
        "prepare", case=case, exported=exported, n_threads=onnx.n_threads, **both
    )
    difference = compare_vectors(
        ours.call("encode", case=case, **both), onnx.call("encode", **both), case
    )
    contenders = calls({"ours": ours}, "transform", case=case, **both)
    contenders |= calls({"ONNX Runtime": onnx}, "transform", **both)
    figures = take_turns(contenders, n_rounds)
    return {
        "case": case.name,
        "directions": 1 + bidirectional,
        "chunk size of ONNX Runtime": chunk_size,
        **{
            f"{name}, vectors/s": case.n_sequences / statistics.median(seconds)
            for name, seconds in figures.items()
        },
        "ours / ONNX Runtime": median_ratio(figures["ONNX Runtime"], figures["ours"]),
        "largest difference": difference,
        "figures": figures,
    }


def compare_vectors(ours, theirs, case):
    """Return the largest difference, or stop if it is more than rounding."""
    difference = float(np.abs(ours - theirs).max())
    if not difference < TOLERANCE:
        raise RuntimeError(
            f"{case.name}: the vectors of this library and of ONNX Runtime differ by "
            f"{difference:.1e}, more than {TOLERANCE:g}: the networks are not the same."
        )
    return difference
