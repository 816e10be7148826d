"""What do two workers of Ray gain, and how does Ray's backend of joblib compare?

The program starts Ray on this machine with two cores, and measures three jobs in turn
with one and two workers, of one thread each:

- ``sklearn_seqembed.ray.transform``: sequences per second after the first quarter of
  the dataset, while all workers run.
- ``sklearn_seqembed.ray.fit`` of a network with 256 cells per direction, in batches of
  256 sequences: seconds per epoch, without the start of the workers, and the explained
  fraction, which must be that of the method ``fit``.
- a grid search, and a halving search of the same candidates, with joblib's backends
  "ray" and "loky", including the start of the workers, which Ray repeats for each
  search, and for each iteration of a halving search. Both backends must find the same
  parameters with the same scores.
"""

import contextlib
import os
import statistics
import time
import warnings

import joblib
import numpy as np
import pyarrow as pa
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences
from sklearn_seqembed.ray import fit, transform

from ..formatting import make_table
from ..runner import judge, show_progress
from ..timing import median_ratio, take_turns, timed

ROUNDS = 3
N_WORKERS = (1, 2)
N_ROWS, ROWS_PER_CALL = 40_000, 500
N_SEQUENCES, N_EPOCHS, BATCH_SIZE = 2048, 3, 256
GRID = {"n_components": [16, 32, 48, 64], "lr": [0.003, 0.01]}
SEARCHED_SEQUENCES, SEARCHED_EPOCHS = 300, 20
# Of 8 candidates, 2 are left for the second iteration.
HALVING = {"factor": 4, "min_resources": 60, "max_resources": 240, "random_state": 0}

QUICK_ROWS, QUICK_ROWS_PER_CALL = 1000, 50
QUICK_SEQUENCES, QUICK_EPOCHS = 100, 2

COLUMNS = {"job": "", "figure": "", "1 worker": ".3g", "2 workers": ".3g", "ratio": ""}


def add_arguments(parser):
    """Add the option --jobs."""
    parser.add_argument(
        "--jobs",
        nargs="+",
        choices=JOBS,
        default=list(JOBS),
        help="jobs to measure (default: all)",
    )


def run(options):
    """Measure the jobs."""
    rows, targets = [], []
    with _running_ray():
        for name in options.jobs:
            show_progress(f"ray: {name}")
            row, judged = JOBS[name](options.quick)
            rows.append(row)
            targets += judged
    return {
        "tables": {"ray-jobs": make_table("Jobs on Ray", COLUMNS, rows)},
        "targets": targets,
    }


def measure_transform(quick):
    """Return the row of `transform`: rows per second."""
    import ray

    n_rows = QUICK_ROWS if quick else N_ROWS
    X, _ = make_sequences(n_rows, n_features=1, lengths=(50, 150), random_state=0)
    table = pa.table({"x": [x[:, 0].tolist() for x in X]})
    embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0)
    embedder.fit(table.slice(0, 1000))
    dataset = ray.data.from_arrow(table)
    size = QUICK_ROWS_PER_CALL if quick else ROWS_PER_CALL

    def measure(n_workers):
        vectors = transform(embedder, dataset, n_workers=n_workers, batch_size=size)
        times = [
            time.perf_counter()
            for _ in vectors.iter_batches(batch_size=size, prefetch_batches=0)
        ]
        # While the first quarter is encoded, a worker may still be starting.
        quarter = len(times) // 4
        return size * (len(times) - 1 - quarter) / (times[-1] - times[quarter])

    figures = _take_turns(measure, 1 if quick else ROUNDS)
    ratio = median_ratio(figures[2], figures[1])
    row = _row("transform", "sequences per second", figures, ratio)
    return row, [_judge_least("transform: throughput of 2 workers / 1", 1.7, ratio)]


def measure_fit(quick):
    """Return the row of `fit`: seconds per epoch."""
    import ray

    n_sequences = QUICK_SEQUENCES if quick else N_SEQUENCES
    X, _ = make_sequences(n_sequences, n_features=2, lengths=(40, 80), random_state=0)
    table = pa.table({f"x{k}": [x[:, k].tolist() for x in X] for k in range(2)})
    dataset = ray.data.from_arrow(table).materialize()
    scores = {}

    def make_embedder():
        return LSTMSequenceEmbedder(
            hidden_size=16 if quick else 256,
            max_epochs=QUICK_EPOCHS if quick else N_EPOCHS,
            batch_size=BATCH_SIZE,
            linear_map=False,
            device="cpu",
            random_state=0,
        )

    def measure(n_workers):
        embedder = fit(make_embedder(), dataset, n_workers=n_workers)
        scores[n_workers] = embedder.train_score_
        # The first epoch of a process is slower.
        return statistics.median(row["dur"] for row in embedder.history_[1:])

    figures = _take_turns(measure, 1 if quick else ROUNDS)
    scores["fit"] = make_embedder().fit(table).train_score_
    ratio = median_ratio(figures[1], figures[2])
    row = _row("fit, 256 cells", "seconds per epoch", figures, ratio)
    difference = max(abs(scores["fit"] - scores[n]) for n in N_WORKERS)
    row["scores"] = {str(name): score for name, score in scores.items()}
    return row, [
        _judge_least("fit: speed-up of 2 workers", 1.5, ratio),
        judge(
            "fit: explained fraction, difference from the method fit",
            "at most .005",
            f"{difference:.6f}",
            difference <= 0.005,
        ),
    ]


def measure_grid_search(quick):
    """Return the row of the grid search: seconds with two processes."""
    return _measure_search("grid search", GridSearchCV, {}, quick)


def measure_halving_search(quick):
    """Return the row of the halving search: seconds with two processes."""
    return _measure_search("halving search", HalvingGridSearchCV, HALVING, quick)


def _measure_search(name, search_class, options, quick):
    """Search with both backends, and compare seconds and results."""
    from ray.util.joblib import register_ray

    register_ray()
    n_sequences = SEARCHED_SEQUENCES
    if quick:
        n_sequences = max(QUICK_SEQUENCES, options.get("max_resources", 0))
    X, _ = make_sequences(n_sequences, n_features=3, lengths=(20, 60), random_state=0)
    embedder = LSTMSequenceEmbedder(
        max_epochs=QUICK_EPOCHS if quick else SEARCHED_EPOCHS,
        device="cpu",
        random_state=0,
    )
    found = {}

    def search(backend):
        candidates = search_class(embedder, GRID, cv=3, refit=False, **options)
        with joblib.parallel_config(backend=backend, n_jobs=2):
            seconds, found[backend] = timed(candidates.fit, X)
        return seconds

    backends = {name: lambda name=name: search(name) for name in ("loky", "ray")}
    figures = take_turns(backends, 1 if quick else ROUNDS)
    ratio = median_ratio(figures["ray"], figures["loky"])
    row = {
        "job": f"{name}, 2 processes",
        "figure": f"seconds, loky {statistics.median(figures['loky']):.1f}",
        "1 worker": None,
        "2 workers": statistics.median(figures["ray"]),
        "ratio": f"{ratio:.2f} (ray / loky)",
        "figures": figures,
    }
    difference = _compare_searches(found["ray"], found["loky"])
    return row, [
        judge(
            f"{name}: seconds with ray / loky",
            "at most 1.2",
            f"{ratio:.2f}",
            ratio <= 1.2,
        ),
        judge(
            f"{name}: scores with ray and loky, largest difference",
            "at most .0001, and the same best parameters",
            f"{difference:.6f}",
            difference <= 1e-4,
        ),
    ]


def _compare_searches(search, other):
    """Return the largest difference of scores; infinity if the best ones differ."""
    scores, expected = (
        np.asarray(found.cv_results_["mean_test_score"]) for found in (search, other)
    )
    if len(scores) != len(expected) or search.best_params_ != other.best_params_:
        return float("inf")
    return float(np.abs(scores - expected).max())


JOBS = {
    "transform": measure_transform,
    "fit": measure_fit,
    "search": measure_grid_search,
    "halving": measure_halving_search,
}


@contextlib.contextmanager
def _running_ray():
    """Run Ray on this machine with two cores."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    import ray.data

    warnings.filterwarnings("ignore", module="ray")
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        yield
    finally:
        ray.shutdown()


def _take_turns(measure, n_rounds):
    contenders = {n: lambda n=n: measure(n) for n in N_WORKERS}
    return take_turns(contenders, n_rounds)


def _row(job, figure, figures, ratio):
    return {
        "job": job,
        "figure": figure,
        "1 worker": statistics.median(figures[1]),
        "2 workers": statistics.median(figures[2]),
        "ratio": f"{ratio:.2f}",
        "figures": {str(n): values for n, values in figures.items()},
    }


def _judge_least(name, least, ratio):
    return judge(name, f"at least {least:g}", f"{ratio:.2f}", ratio >= least)
