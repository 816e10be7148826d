"""Is `transform` as fast as ONNX Runtime with the same weights?

`transform` of ours, whole and from the user's raw container, in turn with sessions of
ONNX Runtime on tensors that are scaled, sorted, padded and laid out beforehand, in the
chunks that are fastest for the case: the comparison favours ONNX Runtime. Both give the
same vectors, or the program stops. One direction, and both directions as by default;
`patch_size=1`, so that the encoder is an LSTM alone.

Run: python benchmarks/transform.py [--threads 2] [--quick]
"""

import statistics

import numpy as np
from _cases import select_cases
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

ROUNDS = 5
ROUNDS_BESIDE = 3  # with more threads, which do not judge

BAR = 1.0
TOLERANCE = 1e-4  # of vectors in (-1, 1), in float32 over up to 2,000 steps

COLUMNS = {
    "case": "",
    "directions": "d",
    "chunk of ONNX Runtime": "d",
    "ours, vectors/s": ",.0f",
    "ONNX Runtime, vectors/s": ",.0f",
    "ours / ONNX Runtime": ".2f",
    "largest difference": ".0e",
}


def measure(case, bidirectional, ours, onnx, n_rounds):
    """Encode in turn, one case.

    Parameters
    ----------
    case : Case
        The case.
    bidirectional : bool
        Whether the encoder reads backward too.
    ours, onnx : Worker
        The contenders.
    n_rounds : int
        Number of rounds.

    Returns
    -------
    row : dict
        Figures by heading.

    Raises
    ------
    RuntimeError
        If their vectors differ.
    """
    both = {"bidirectional": bidirectional}
    exported = ours.call("exported", case=case, **both)
    chunk_size = onnx.call(
        "prepare", case=case, exported=exported, n_threads=onnx.n_threads, **both
    )
    difference = _difference(
        ours.call("vectors", case=case, **both), onnx.call("vectors", **both), case
    )
    ways = {
        "ours": lambda: ours.call("transform", case=case, **both),
        "ONNX Runtime": lambda: onnx.call("transform", **both),
    }
    figures = take_turns(ways, n_rounds)
    rates = {
        f"{name}, vectors/s": case.n_sequences / statistics.median(seconds)
        for name, seconds in figures.items()
    }
    return {
        "case": case.name,
        "directions": 1 + bidirectional,
        "chunk of ONNX Runtime": chunk_size,
        **rates,
        "ours / ONNX Runtime": median_ratio(figures["ONNX Runtime"], figures["ours"]),
        "largest difference": difference,
        "rounds": figures,
    }


def _difference(ours, theirs, case):
    """Return the largest difference of two arrays of vectors, or refuse it."""
    difference = float(np.abs(ours - theirs).max())
    if not difference < TOLERANCE:
        raise RuntimeError(
            f"{case.name}: the vectors of ours and of ONNX Runtime differ by "
            f"{difference:.1e}, more than {TOLERANCE:g}: they are not the same network."
        )
    return difference


def main():
    """Measure, print tables and verdicts, write JSON."""
    args = argument_parser(__doc__, threads=True).parse_args()
    print_machine(args.threads, args.quick)
    n_rounds = ROUNDS if args.threads == 1 else ROUNDS_BESIDE
    n_rounds = 1 if args.quick else n_rounds
    rows = []
    with (
        Worker("_contenders.ours", args.threads) as ours,
        Worker("_contenders.onnx_runtime", args.threads) as onnx,
    ):
        for case in select_cases(args.quick, args.threads):
            show_progress(f"transform: {case.name}")
            rows += [
                measure(case, bidirectional, ours, onnx, n_rounds)
                for bidirectional in (False, True)
            ]
    print_table(rows, COLUMNS)
    verdicts = [
        judge(
            f"ours / ONNX Runtime, {what}",
            {
                row["case"]: row["ours / ONNX Runtime"]
                for row in rows
                if row["directions"] == directions
            },
            BAR,
        )
        for directions, what in ((1, "one direction"), (2, "both directions"))
    ]
    write_json(
        f"transform_{args.threads}",
        {
            "threads": args.threads,
            "rounds": n_rounds,
            "quick": args.quick,
            "cases": rows,
            "verdicts": verdicts,
        },
    )


if __name__ == "__main__":
    main()
