"""How long does a grid search take with two processes, against one?

The same search over eight candidates, on a list of ragged arrays, three ways in turn:
one process held to one thread, one process with torch's own number of threads, and
``n_jobs=2``. The start of the workers is left out. Ratios are seconds over those of
``n_jobs=2``, medians over rounds. Printed too is the number of threads that torch has
in a worker: more threads than cores, over all workers, would be oversubscription.

Run: python benchmarks/grid_search_jobs.py
"""

import functools
import statistics
import time

import torch
from _measure import (
    argument_parser,
    available_cores,
    machine,
    median_ratio,
    print_table,
    show_progress,
    take_turns,
    write_json,
)
from joblib import Parallel, delayed
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

ROUNDS = 2
N_JOBS = 2
GRID = {
    "lstmsequenceembedder__n_components": [16, 32, 48, 64],
    "lstmsequenceembedder__lr": [0.003, 0.01],
}
N_SEQUENCES, N_EPOCHS = 300, 20
N_QUICK_SEQUENCES, N_QUICK_EPOCHS = 60, 2

PARALLEL = f"n_jobs={N_JOBS}"
ONE_THREAD = "n_jobs=1, one thread"
OWN_THREADS = "n_jobs=1, torch's own threads"
BARS = {ONE_THREAD: 1.5, OWN_THREADS: 1.0}

COLUMNS = {"way": "", "threads": "d", "seconds": ".1f", f"to {PARALLEL}": ".2f"}


def search(X, y, max_epochs, n_jobs, n_threads):
    """Time one search.

    Parameters
    ----------
    X : list of ndarray of shape (n_timesteps_i, n_features)
        The sequences.
    y : ndarray of shape (n_samples,)
        Their classes.
    max_epochs : int
        Passes over them in each fit.
    n_jobs : int
        Processes.
    n_threads : int
        Torch's threads in this process; workers settle their own.

    Returns
    -------
    seconds : float
        Duration of `fit` of the search.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    model = make_pipeline(
        LSTMSequenceEmbedder(max_epochs=max_epochs, device="cpu", random_state=0),
        StandardScaler(),
        SVC(),
    )
    started = time.perf_counter()
    GridSearchCV(model, GRID, cv=3, n_jobs=n_jobs, refit=False).fit(X, y)
    seconds = time.perf_counter() - started
    torch.set_num_threads(before)
    return seconds


def measure(n_sequences, max_epochs, n_rounds):
    """Search all three ways in turn.

    Parameters
    ----------
    n_sequences, max_epochs : int
        Size of each search.
    n_rounds : int
        Number of rounds.

    Returns
    -------
    rows : list of dict
        A row of the table for each way.
    """
    X, y = make_sequences(
        n_sequences, n_features=3, n_classes=4, lengths=(20, 60), random_state=0
    )
    own = torch.get_num_threads()
    settings = {ONE_THREAD: (1, 1), OWN_THREADS: (1, own), PARALLEL: (N_JOBS, own)}
    ways = {
        way: functools.partial(search, X, y, max_epochs, *setting)
        for way, setting in settings.items()
    }
    ways[PARALLEL]()  # starts the workers and warms up
    figures = take_turns(ways, n_rounds)
    return [
        {
            "way": way,
            "threads": threads_of_workers() if way == PARALLEL else settings[way][1],
            "seconds": statistics.median(figures[way]),
            f"to {PARALLEL}": median_ratio(figures[way], figures[PARALLEL]),
            "rounds": figures[way],
        }
        for way in ways
    ]


def threads_of_workers():
    """Return the most threads that torch has in one of joblib's workers."""
    workers = Parallel(n_jobs=N_JOBS)
    return max(workers(delayed(torch.get_num_threads)() for _ in range(4 * N_JOBS)))


def judge_jobs(rows):
    """Print how two processes stand to the bars.

    Parameters
    ----------
    rows : list of dict
        Of :func:`measure`.

    Returns
    -------
    verdicts : list of dict
        The figures of the lines.
    """
    ratios = {row["way"]: row[f"to {PARALLEL}"] for row in rows}
    verdicts = []
    for way, bar in BARS.items():
        met = ratios[way] >= bar
        print(
            f"{PARALLEL} is {ratios[way]:.2f} times as fast as {way}. Bar {bar:g}: "
            f"{'met' if met else 'NOT met'}."
        )
        verdicts.append({"what": way, "ratio": ratios[way], "bar": bar, "met": met})
    return verdicts


def main():
    """Time the three ways, print a table, and write it."""
    args = argument_parser(__doc__).parse_args()
    print(", ".join(f"{name} {value}" for name, value in machine().items()), "\n")
    if len(available_cores()) < N_JOBS:
        print(f"Note: {N_JOBS} processes share one core; the ratios say nothing.\n")
    show_progress("grid searches")
    sizes = (N_SEQUENCES, N_EPOCHS, ROUNDS)
    if args.quick:
        sizes = (N_QUICK_SEQUENCES, N_QUICK_EPOCHS, 1)
    rows = measure(*sizes)
    print_table(rows, COLUMNS)
    verdicts = judge_jobs(rows)
    write_json(
        "grid_search_jobs", {"rows": rows, "verdicts": verdicts, "quick": args.quick}
    )


if __name__ == "__main__":
    main()
