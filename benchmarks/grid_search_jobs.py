"""How long does a grid search take with two processes, against one?

The same search over eight candidates, on a list of ragged arrays, three ways in turn:
one process held to one thread, one process with torch's own number of threads, and
``n_jobs=2``. The start of the workers is left out. Printed are medians over rounds,
ratios, and the number of threads that torch has in a process: more threads than cores,
over all processes, would be oversubscription.

Run: python benchmarks/grid_search_jobs.py
"""

import os
import platform
import time

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences

ROUNDS = 3
GRID = {
    "lstmsequenceembedder__n_components": [16, 32, 48, 64],
    "lstmsequenceembedder__lr": [0.003, 0.01],
}


def search(X, y, n_jobs, n_threads):
    """Time one search, in seconds."""
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    model = make_pipeline(
        LSTMSequenceEmbedder(max_epochs=30, random_state=0), StandardScaler(), SVC()
    )
    started = time.perf_counter()
    GridSearchCV(model, GRID, cv=3, n_jobs=n_jobs, refit=False).fit(X, y)
    seconds = time.perf_counter() - started
    torch.set_num_threads(before)
    return seconds


def main():
    """Time the three ways in turn, and print a table."""
    X, y = make_sequences(
        300, n_features=3, n_classes=4, lengths=(20, 60), random_state=0
    )
    own = torch.get_num_threads()
    ways = {
        "n_jobs=1, one thread": (1, 1),
        f"n_jobs=1, {own} threads (torch's own)": (1, own),
        "n_jobs=2": (2, own),
    }
    workers = Parallel(n_jobs=2)(delayed(torch.get_num_threads)() for _ in range(8))
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, torch "
        f"{torch.__version__}; torch's threads in a worker: {max(workers)}"
    )
    search(X, y, 2, own)  # starts the workers and warms up
    seconds = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (n_jobs, n_threads) in ways.items():
            seconds[name].append(search(X, y, n_jobs, n_threads))
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    for name, median in medians.items():
        ratio = median / medians["n_jobs=2"]
        print(f"{name:36} {median:6.1f} s   {ratio:5.2f} times n_jobs=2")


if __name__ == "__main__":
    main()
