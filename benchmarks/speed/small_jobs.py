"""How much does the estimator add to small jobs?

The program measures three overheads: `fit` on a hundred short sequences compared with a
bare PyTorch loop over prepared tensors; `transform` of one sequence compared with one
call of an LSTM of the same size; and the import of the package compared with that of
torch and scikit-learn, each in a new process. Contenders run in turn with one thread,
and figures are medians.
"""

import functools
import statistics
import subprocess
import sys
import time

import torch

from sklearn_seqembed import LSTMSequenceEmbedder

from ..formatting import make_table
from ..runner import show_progress
from ..timing import calls, median_ratio, seconds_per_call, take_turns
from ..workers import Worker
from .cases import Case, make_X
from .contenders.bare_torch import Network
from .contenders.ours import COMMON, TEXTBOOK

CASE = Case("small", 100, 24, 1, 16, 32, 5)
ROUNDS, IMPORT_ROUNDS = 15, 7
QUICK_ROUNDS, QUICK_IMPORT_ROUNDS = 3, 2
OURS = "sklearn_seqembed"
THEIRS = ("torch, sklearn", "torch, sklearn, skorch")

COLUMNS = {
    "job": "",
    "compared with": "",
    "ours, ms": ".2f",
    "other, ms": ".2f",
    "ours / other": ".2f",
}


def run(options):
    """Measure the three overheads."""
    n_rounds = QUICK_ROUNDS if options.quick else ROUNDS
    n_imports = QUICK_IMPORT_ROUNDS if options.quick else IMPORT_ROUNDS
    rows = [measure_fit(n_rounds), *measure_transform(n_rounds)]
    rows += measure_import(n_imports)
    return {"tables": {"small-jobs": make_table("Small jobs", COLUMNS, rows)}}


# In the worker


@functools.cache
def _fitted():
    embedder = LSTMSequenceEmbedder(CASE.cells, **TEXTBOOK, **COMMON, max_epochs=1)
    return embedder.fit(make_X(CASE))


def transform_one():
    """Time `transform` of one sequence."""
    embedder, X = _fitted(), make_X(CASE)[:1]
    return seconds_per_call(lambda: embedder.transform(X))


def encode_one():
    """Time our encoder alone, without validation, scaling and batching."""
    encoder = _fitted().encoder_
    numeric = torch.from_numpy(make_X(CASE)[:1])
    categories = torch.empty((1, CASE.lengths, 0), dtype=torch.int64)
    lengths = torch.tensor([CASE.lengths])
    with torch.inference_mode():
        return seconds_per_call(lambda: encoder(numeric, categories, lengths))


def encode_one_bare():
    """Time torch's LSTM alone, a lower bound for an encoder of this size."""
    encoder = Network(CASE.n_features, CASE.cells).encoder.eval()
    x = torch.from_numpy(make_X(CASE)[:1])
    with torch.inference_mode():
        return seconds_per_call(lambda: encoder(x))


def time_import(names):
    """Time a new process that imports `names`, from its start to its end."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {names}"], check=True)
    return time.perf_counter() - started


# In the main process


def measure_fit(n_rounds):
    """Return the row of `fit`."""
    show_progress("small jobs: fit")
    with (
        Worker("speed.contenders.ours") as ours,
        Worker("speed.contenders.bare_torch") as bare,
    ):
        workers = {"ours": ours, "bare": bare}
        take_turns(calls(workers, "fit", case=CASE, epochs=1), 1)  # warm-up
        fits = calls(workers, "fit", case=CASE, epochs=CASE.epochs)
        figures = take_turns(fits, n_rounds)
    job = f"fit of {CASE.n_sequences} sequences, {CASE.epochs} epochs"
    return _row(job, "bare loop", figures["ours"], figures["bare"])


def measure_transform(n_rounds):
    """Return the rows of `transform`."""
    show_progress("small jobs: transform")
    names = ("transform_one", "encode_one", "encode_one_bare")
    with Worker("speed.small_jobs") as worker:
        contenders = {name: functools.partial(worker.call, name) for name in names}
        take_turns(contenders, 1)  # warm-up
        figures = take_turns(contenders, n_rounds)
    job, ours = "transform of one sequence", figures["transform_one"]
    return [
        _row(job, "torch's LSTM alone", ours, figures["encode_one_bare"]),
        _row(job, "our encoder alone", ours, figures["encode_one"]),
    ]


def measure_import(n_rounds):
    """Return the rows of the import."""
    show_progress("small jobs: import")
    with Worker("speed.small_jobs") as worker:
        contenders = {
            names: functools.partial(worker.call, "time_import", names=names)
            for names in (OURS, *THEIRS)
        }
        take_turns(contenders, 1)  # reads the files into the system's cache
        figures = take_turns(contenders, n_rounds)
    return [
        _row("import", f"import {names}", figures[OURS], figures[names])
        for names in THEIRS
    ]


def _row(job, other_name, ours, other):
    return {
        "job": job,
        "compared with": other_name,
        "ours, ms": statistics.median(ours) * 1e3,
        "other, ms": statistics.median(other) * 1e3,
        "ours / other": median_ratio(ours, other),
        "figures": {"ours": ours, "other": other},
    }
