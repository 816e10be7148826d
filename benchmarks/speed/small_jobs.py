"""What does the estimator add to jobs that are small?

Three overheads: `fit` of a hundred short sequences against a bare loop of torch over
ready-made tensors; `transform` of one sequence against a bare call of an LSTM as
large; and the import of the package against that of torch and scikit-learn, each in
fresh processes. Medians, in turn, on one thread.

Run: python benchmarks/small_jobs.py
"""

import functools
import statistics
import subprocess
import sys
import time

import torch
from _cases import Case, make_X
from _contenders.bare_torch import Network
from _contenders.ours import COMMON, TEXTBOOK
from _measure import (
    Worker,
    argument_parser,
    median_ratio,
    print_machine,
    print_table,
    seconds_per_call,
    show_progress,
    take_turns,
    write_json,
)

from sklearn_seqembed import LSTMSequenceEmbedder

CASE = Case("small", 100, 24, 1, 16, 32, 5)
ROUNDS = 15
QUICK_ROUNDS = 3

IMPORT_ROUNDS = 7
QUICK_IMPORT_ROUNDS = 2
OURS = "sklearn_seqembed"
THEIRS = ("torch, sklearn", "torch, sklearn, skorch")


@functools.cache
def _fitted():
    embedder = LSTMSequenceEmbedder(CASE.cells, **TEXTBOOK, **COMMON, max_epochs=1)
    return embedder.fit(make_X(CASE))


def transform_one():
    """Time `transform` of one sequence, in a worker.

    Returns
    -------
    seconds : float
        What a user waits.
    """
    embedder, X = _fitted(), make_X(CASE)[:1]
    return seconds_per_call(lambda: embedder.transform(X))


def encode_one():
    """Time our own encoder alone, on tensors that are ready, in a worker.

    Returns
    -------
    seconds : float
        Of the network, without checks, scaling and batches.
    """
    encoder = _fitted().encoder_
    numeric = torch.from_numpy(make_X(CASE)[:1])
    categories = torch.empty((1, CASE.lengths, 0), dtype=torch.int64)
    lengths = torch.tensor([CASE.lengths])
    with torch.inference_mode():
        return seconds_per_call(lambda: encoder(numeric, categories, lengths))


def encode_one_bare():
    """Time torch's LSTM on one sequence that is ready, in a worker.

    Returns
    -------
    seconds : float
        What is the least that an encoder of this size takes.
    """
    encoder = Network(CASE.n_features, CASE.cells).encoder.eval()
    x = torch.from_numpy(make_X(CASE)[:1])
    with torch.inference_mode():
        return seconds_per_call(lambda: encoder(x))


def import_seconds(names):
    """Time an import in a fresh process, in a worker.

    Parameters
    ----------
    names : str
        What is imported, as it stands after "import".

    Returns
    -------
    seconds : float
        From the start of the process to its end, that of Python itself included.
    """
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {names}"], check=True)
    return time.perf_counter() - started


def measure_fit(n_rounds):
    """Fit in turn with the bare loop.

    Parameters
    ----------
    n_rounds : int
        Number of rounds.

    Returns
    -------
    row : dict
        A row of the table.
    """
    show_progress("fit")
    with Worker("_contenders.ours") as ours, Worker("_contenders.bare_torch") as bare:
        workers = {"ours": ours, "bare": bare}
        for worker in workers.values():
            worker.call("fit", case=CASE, epochs=1)  # first calls are slower
        figures = take_turns(
            {
                name: functools.partial(
                    worker.call, "fit", case=CASE, epochs=CASE.epochs
                )
                for name, worker in workers.items()
            },
            n_rounds,
        )
    what = f"fit of {CASE.n_sequences} sequences, {CASE.epochs} epochs"
    return _row(what, "bare loop", figures["ours"], figures["bare"])


def measure_transform(n_rounds):
    """Transform one sequence in turn with encoders alone.

    Parameters
    ----------
    n_rounds : int
        Number of rounds.

    Returns
    -------
    rows : list of dict
        A row of the table for each encoder.
    """
    show_progress("transform")
    with Worker("small_jobs") as worker:
        names = ("transform_one", "encode_one", "encode_one_bare")
        ways = {name: functools.partial(worker.call, name) for name in names}
        take_turns(ways, 1)  # first calls are slower
        figures = take_turns(ways, n_rounds)
    what, ours = "transform of one sequence", figures["transform_one"]
    return [
        _row(what, "torch's LSTM alone", ours, figures["encode_one_bare"]),
        _row(what, "our encoder alone", ours, figures["encode_one"]),
    ]


def measure_import(n_rounds):
    """Import in turn, in fresh processes.

    Parameters
    ----------
    n_rounds : int
        Number of rounds.

    Returns
    -------
    rows : list of dict
        A row of the table for each set of libraries.
    """
    show_progress("import")
    with Worker("small_jobs") as worker:
        ways = {
            names: functools.partial(worker.call, "import_seconds", names=names)
            for names in (OURS, *THEIRS)
        }
        take_turns(ways, 1)  # reads the files into the system's cache
        figures = take_turns(ways, n_rounds)
    return [
        _row("import", f"import {names}", figures[OURS], figures[names])
        for names in THEIRS
    ]


def _row(what, beside, ours, theirs):
    """Compare milliseconds of both."""
    return {
        "job": what,
        "beside": beside,
        "ours, ms": statistics.median(ours) * 1e3,
        "beside, ms": statistics.median(theirs) * 1e3,
        "added, ms": statistics.median(
            (our - their) * 1e3 for our, their in zip(ours, theirs, strict=True)
        ),
        "ours / beside": 1 / median_ratio(theirs, ours),
        "rounds": {"ours": ours, "beside": theirs},
    }


COLUMNS = {
    "job": "",
    "beside": "",
    "ours, ms": ".2f",
    "beside, ms": ".2f",
    "added, ms": ".2f",
    "ours / beside": ".2f",
}


def main():
    """Measure the three, print a table, and write it."""
    args = argument_parser(__doc__).parse_args()
    print_machine(n_threads=1)
    n_rounds = QUICK_ROUNDS if args.quick else ROUNDS
    n_imports = QUICK_IMPORT_ROUNDS if args.quick else IMPORT_ROUNDS
    rows = [measure_fit(n_rounds), *measure_transform(n_rounds)]
    rows += measure_import(n_imports)
    print_table(rows, COLUMNS)
    print("No bar is set for these: they are reported.")
    write_json("small_jobs", {"rows": rows, "quick": args.quick})


if __name__ == "__main__":
    main()
