"""How long does a grid search take with two processes, compared with one?

The same search over eight candidates on a list of ragged arrays, three ways in turn:
one process limited to one thread, one process with torch's default number of threads,
and ``n_jobs=2``. Starting the workers is not timed. Ratios are seconds divided by those
of ``n_jobs=2``, medians over rounds. The table also has the number of torch threads in
a worker: more threads in all workers than cores would be oversubscription.
"""

import functools
import statistics

import torch
from joblib import Parallel, delayed
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

from ..formatting import make_table
from ..runner import judge, show_progress
from ..timing import median_ratio, take_turns, timed

ROUNDS = 2
N_JOBS = 2
GRID = {
    "lstmsequenceembedder__n_components": [16, 32, 48, 64],
    "lstmsequenceembedder__lr": [0.003, 0.01],
}
N_SEQUENCES, N_EPOCHS = 300, 20
QUICK_SEQUENCES, QUICK_EPOCHS = 60, 2

PARALLEL = f"n_jobs={N_JOBS}"
ONE_THREAD = "n_jobs=1, one thread"
DEFAULT_THREADS = "n_jobs=1, torch's default threads"
TARGETS = {ONE_THREAD: 1.5, DEFAULT_THREADS: 1.0}
RATIO = f"seconds / {PARALLEL}"
COLUMNS = {"search": "", "threads": "d", "seconds": ".1f", RATIO: ".2f"}


def run(options):
    """Run the searches in turn."""
    show_progress("grid searches")
    n_sequences, max_epochs, n_rounds = N_SEQUENCES, N_EPOCHS, ROUNDS
    if options.quick:
        n_sequences, max_epochs, n_rounds = QUICK_SEQUENCES, QUICK_EPOCHS, 1
    X, y = make_sequences(
        n_sequences, n_features=3, n_classes=4, lengths=(20, 60), random_state=0
    )
    n_threads = torch.get_num_threads()
    settings = {
        ONE_THREAD: (1, 1),
        DEFAULT_THREADS: (1, n_threads),
        PARALLEL: (N_JOBS, n_threads),
    }
    searches = {
        name: functools.partial(search, X, y, max_epochs, *setting)
        for name, setting in settings.items()
    }
    searches[PARALLEL]()  # starts the workers and warms up
    figures = take_turns(searches, n_rounds)
    rows = [
        {
            "search": name,
            "threads": count_threads() if name == PARALLEL else settings[name][1],
            "seconds": statistics.median(figures[name]),
            RATIO: median_ratio(figures[name], figures[PARALLEL]),
            "figures": figures[name],
        }
        for name in searches
    ]
    return {
        "tables": {"grid-search": make_table("Grid search", COLUMNS, rows)},
        "targets": [
            judge(
                f"grid search: {row['search']} / {PARALLEL}",
                f"at least {TARGETS[row['search']]:g}",
                f"{row[RATIO]:.2f}",
                row[RATIO] >= TARGETS[row["search"]],
            )
            for row in rows
            if row["search"] in TARGETS
        ],
    }


def search(X, y, max_epochs, n_jobs, n_threads):
    """Return the seconds of one search with `n_threads` in this process."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    model = make_pipeline(
        LSTMSequenceEmbedder(max_epochs=max_epochs, device="cpu", random_state=0),
        StandardScaler(),
        SVC(),
    )
    grid_search = GridSearchCV(model, GRID, cv=3, n_jobs=n_jobs, refit=False)
    seconds, _ = timed(grid_search.fit, X, y)
    torch.set_num_threads(before)
    return seconds


def count_threads():
    """Return the largest number of torch threads in any of joblib's workers."""
    workers = Parallel(n_jobs=N_JOBS)
    return max(workers(delayed(torch.get_num_threads)() for _ in range(4 * N_JOBS)))
