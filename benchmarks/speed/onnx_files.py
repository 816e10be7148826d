"""Do ONNX files return the vectors of `transform`, and how fast?

For each labelled set, the embedder is fitted and written by `to_onnx`, and the file is
run by ONNX Runtime, in a process with one thread. Both encode the same batches:

- ragged: prefixes of random length of the test sequences;
- gaps: the test sequences, with a fifth of their values missing;
- 1 step: only the first step of each;
- 5,000 steps: one sequence made of the others, with some short ones;
- batch of 1: single test sequences;
- batch of 1,000: test sequences, repeated if there are fewer.

The deviation of a vector is its largest absolute difference, divided by the spread: the
root mean square of the standard deviations of all components over the training
sequences. "torch" is the same for `transform` of single sequences and of all at once:
the same weights and the same library, but sums in another order.

Milliseconds are medians over several rounds, in which both take turns. The arrays for
ONNX Runtime are padded in advance; `transform` also reads and checks a list.
"""

import functools
import os
import statistics
import tempfile

import numpy as np

from ..formatting import make_table
from ..quality.summary import SETS
from ..runner import judge, show_progress
from ..timing import median_ratio, seconds_per_call, take_turns, timed
from ..workers import Worker

QUICK_SETS = ("ItalyPowerDemand", "PickupGestureWiimoteZ", "BasicMotions")
MAX_EPOCHS = 20
N_COMPARED, N_SINGLE, N_LONG = 300, 30, 5000
N_ROUNDS = 5
TARGET = 1e-5

CASES = ("ragged", "gaps", "1 step", "5,000 steps", "batch of 1", "batch of 1,000")
AGREEMENT = {
    "set": "",
    **dict.fromkeys(CASES, ".0e"),
    "above 1e-5": "",
    "torch": ".0e",
}
SPEED = {
    "set": "",
    "MB": ".1f",
    "torch, 1": ".1f",
    "ONNX, 1": ".1f",
    "ratio, 1": ".2f",
    "torch, 1,000": ",.0f",
    "ONNX, 1,000": ",.0f",
    "ratio, 1,000": ".2f",
}


def add_arguments(parser):
    """Add the options of this program."""
    parser.add_argument("--sets", nargs="+", choices=SETS, metavar="NAME")
    parser.add_argument(
        "--epochs",
        type=int,
        default=MAX_EPOCHS,
        help=f"epochs of training (default: {MAX_EPOCHS})",
    )


def run(options):
    """Compare all sets."""
    names = options.sets or (QUICK_SETS if options.quick else SETS)
    rows = []
    for name in names:
        show_progress(f"ONNX: {name}")
        with Worker("speed.onnx_files") as worker:
            row = worker.call(
                "compare",
                dataset=name,
                max_epochs=0 if options.quick else options.epochs,
                n_rounds=1 if options.quick else N_ROUNDS,
            )
        show_progress(str(row))
        rows.append({"set": name} | row)
    largest = {name: max(row[name] for row in rows) for name in CASES}
    n_above = sum(row["n_above"] for row in rows)
    n_compared = sum(row["n_compared"] for row in rows)
    verdict = judge(
        "ONNX files: deviation from `transform`",
        "at most 1e-5 of the spread",
        f"{n_above:,} of {n_compared:,} vectors are above, at most by "
        f"{max(largest.values()):.0e}",
        n_above == 0,
    )
    agreement = make_table(
        "Largest deviation from transform, in units of the spread", AGREEMENT, rows
    )
    speed = make_table(
        "Size of the file, milliseconds for 1 and for 1,000 sequences, and ratio of "
        "the times of torch and ONNX",
        SPEED,
        rows,
    )
    return {
        "tables": {"onnx-agreement": agreement, "onnx-speed": speed},
        "targets": [verdict],
    }


# In the worker


def compare(dataset, max_epochs, n_rounds):
    """Fit on one set, write the file, and compare; return the row of the tables."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    from ..datasets import load_sequences

    train, test = load_sequences(dataset), load_sequences(dataset, "test")
    embedder = LSTMSequenceEmbedder(
        max_epochs=max_epochs, random_state=0, device="cpu"
    ).fit(train)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vectors.onnx")
        seconds, _ = timed(embedder.to_onnx, path)
        row = {"MB": os.path.getsize(path) / 1e6, "export, s": seconds}
        session = _open(path)
    spread = np.sqrt(embedder.transform(train).var(axis=0).mean())
    deviations = {
        case: np.concatenate([_deviate(embedder, session, X) for X in batches]) / spread
        for case, batches in make_batches(test).items()
    }
    row |= {case: found.max() for case, found in deviations.items()}
    together = np.concatenate(list(deviations.values()))
    row["n_above"] = int((together > TARGET).sum())
    row["n_compared"] = len(together)
    row["above 1e-5"] = f"{row['n_above']} of {len(together):,}"
    row["shares above"] = {
        case: float((found > TARGET).mean()) for case, found in deviations.items()
    }
    some = test[:N_SINGLE]
    single = np.concatenate([embedder.transform([x]) for x in some])
    row["torch"] = (np.abs(single - embedder.transform(some)).max() / spread).item()
    return row | _time(embedder, session, test, n_rounds)


def make_batches(X):
    """Return lists of batches by case."""
    rng = np.random.default_rng(0)
    some = X[:N_COMPARED]
    gaps = [np.where(rng.random(x.shape) < 0.2, np.nan, x) for x in some]
    gaps = [
        x if np.isnan(with_gaps).all() else with_gaps.astype(x.dtype)
        for x, with_gaps in zip(some, gaps, strict=True)
    ]
    joined = np.concatenate(X)
    long = np.resize(joined, (N_LONG, joined.shape[1]))
    return {
        "ragged": [[x[: rng.integers(1, len(x) + 1)] for x in some]],
        "gaps": [gaps],
        "1 step": [[x[:1] for x in some]],
        "5,000 steps": [[long], [long, *some[:3]]],
        "batch of 1": [[x] for x in some[:N_SINGLE]],
        "batch of 1,000": [_repeat(X, 1000)],
    }


def _repeat(X, n):
    return [X[i % len(X)] for i in range(n)]


def _open(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )


def pad(X):
    """Return the inputs of an ONNX file for sequences of numbers."""
    lengths = np.array([len(x) for x in X], dtype=np.int64)
    shape = len(X), lengths.max(), X[0].shape[1]
    values = np.full(shape, np.nan, dtype=np.float32)
    for row, x in zip(values, X, strict=True):
        row[: len(x)] = x
    return {"values": values, "lengths": lengths}


def _deviate(embedder, session, X):
    """Return the largest absolute difference of each vector."""
    (found,) = session.run(["vectors"], pad(X))
    return np.abs(found - embedder.transform(X)).max(axis=1)


def _time(embedder, session, X, n_rounds):
    """Return the milliseconds for one sequence and for 1,000."""
    row = {}
    for n, label in ((1, "1"), (1000, "1,000")):
        batch = _repeat(X, n)
        feed = pad(batch)
        calls = {
            "torch": functools.partial(embedder.transform, batch),
            "ONNX": functools.partial(session.run, ["vectors"], feed),
        }
        figures = take_turns(
            {
                key: functools.partial(seconds_per_call, call, 0.2)
                for key, call in calls.items()
            },
            n_rounds + 1,
        )
        figures = {key: values[1:] for key, values in figures.items()}  # warmed up
        for key, values in figures.items():
            row[f"{key}, {label}"] = 1000 * statistics.median(values)
        row[f"ratio, {label}"] = median_ratio(figures["torch"], figures["ONNX"])
    return row
