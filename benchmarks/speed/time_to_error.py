"""How soon is the training error of a Keras autoencoder after 100 epochs reached?

Keras trains the textbook network of 64 cells with its own defaults, on standardized
sequences padded in front to the longest. This library trains with its defaults, except
for `max_epochs`, which is the same for all sets. Errors are fractions of the variance
over all time steps of the training part. Seconds are those of the training alone for
Keras, and of the complete `fit` for ours.

On PLAID, padded to 1,344 steps, Keras needs more than an hour, and on OSULeaf many
minutes. On these sets its time is extrapolated from three epochs over two batches, and
its error is that of its twin, the same network trained in the same way in PyTorch. With
--full, Keras trains on all sets, and the twin also trains on ECG5000, to show how close
it is to Keras. With --include, the errors of Keras and the twin, which do not depend on
this library, are those of an earlier run, and the time of Keras is extrapolated for all
sets.
"""

import json
import pathlib
import statistics

from ..datasets import load_sequences, require_data_folder, standardize
from ..formatting import make_table
from ..runner import judge, judge_ratios, show_progress
from ..workers import Worker, available_cores

SETS = ("ECG5000", "TwoPatterns", "OSULeaf", "PLAID")
TOO_LONG_FOR_KERAS = ("OSULeaf", "PLAID")
TWIN_WITH_FULL = ("ECG5000", "PLAID")
KERAS_TRAINING = {"cells": 64, "batch_size": 32}
KERAS_EPOCHS = 100
TIMED_EPOCHS, TIMED_SEQUENCES = 3, 64  # to extrapolate from; the first epoch traces
MAX_EPOCHS = 50
TARGET = 10

QUICK_SEQUENCES, QUICK_EPOCHS, QUICK_STEPS = 64, 3, 200

COLUMNS = {
    "set": "",
    "sequences": ",d",
    "longest": ",d",
    "Keras error": ".4f",
    "twin error": ".4f",
    "our error": ".4f",
    "Keras, s": ",.1f",
    "extrapolated": "",
    "ours, s": ".1f",
    "Keras / ours": ".1f",
}


def add_arguments(parser):
    """Add the options of this program."""
    parser.add_argument(
        "--full",
        action="store_true",
        help="train Keras on OSULeaf and PLAID too: over an hour and several GB",
    )
    parser.add_argument("--rounds", type=int, default=3, help="fits of this library")
    parser.add_argument(
        "--include", type=pathlib.Path, help="JSON of a run with the errors of Keras"
    )


def run(options):
    """Compare on all sets."""
    require_data_folder()
    known = read_errors(options.include) if options.include else {}
    rows = []
    with (
        Worker("speed.contenders.ours") as ours,
        Worker("speed.contenders.keras_autoencoder") as keras,
        # Its time does not count, so it may use all cores.
        Worker("speed.contenders.bare_torch", len(available_cores())) as twin,
    ):
        for name in SETS:
            show_progress(f"time to error: {name}")
            errors = known.get(name)
            rows.append(compare(name, ours, keras, twin, options, errors))
    missed = [row["set"] for row in rows if not row["reached"]]
    return {
        "tables": {"time-to-error": make_table("Time to an error", COLUMNS, rows)},
        "targets": [
            judge_ratios(
                "time to error: Keras / ours",
                {row["set"]: row["Keras / ours"] for row in rows},
                TARGET,
            ),
            judge(
                "time to error: sets on which Keras' error is not reached",
                "none",
                ", ".join(missed) or "none",
                not missed,
            ),
        ],
        "max_epochs": MAX_EPOCHS,
    }


def read_errors(path):
    """Return the errors of Keras and of its twin, by set, in the JSON of a run."""
    rows = json.loads(path.read_text())["tables"]["time-to-error"]["rows"]
    return {row["set"]: (row.get("Keras error"), row.get("twin error")) for row in rows}


def compare(name, ours, keras, twin, options, errors=None):
    """Return the row of one set; `errors` are those of Keras and the twin if known."""
    X = load_sequences(name)
    n_epochs, max_epochs = KERAS_EPOCHS, MAX_EPOCHS
    if options.quick:
        X = [sequence[:QUICK_STEPS] for sequence in X[:QUICK_SEQUENCES]]
        n_epochs = max_epochs = QUICK_EPOCHS
    x, weights = keras.call("pad", X=standardize(X))
    fits = [
        ours.call("fit_defaults", X=X, max_epochs=max_epochs)
        for _ in range(options.rounds)
    ]
    seconds = statistics.median(seconds for seconds, _ in fits)
    error = fits[0][1]  # equal seeds give equal errors
    extrapolate = bool(errors) or (name in TOO_LONG_FOR_KERAS and not options.full)
    keras_seconds, keras_error = train_keras(x, weights, keras, n_epochs, extrapolate)
    twin_error = None
    if errors:
        keras_error, twin_error = errors
    elif extrapolate or (options.full and name in TWIN_WITH_FULL):
        twin_error = twin.call(
            "train_like_keras", x=x, weights=weights, epochs=n_epochs, **KERAS_TRAINING
        )
    return {
        "set": name,
        "sequences": len(X),
        "longest": x.shape[1],
        "Keras error": keras_error,
        "twin error": twin_error,
        "our error": error,
        "Keras, s": keras_seconds,
        "extrapolated": "yes" if extrapolate else "no",
        "ours, s": seconds,
        "Keras / ours": keras_seconds / seconds,
        "reached": error <= (twin_error if keras_error is None else keras_error),
        "figures": [seconds for seconds, _ in fits],
    }


def train_keras(x, weights, keras, n_epochs, extrapolate):
    """Train the Keras network, or extrapolate the time from a few epochs.

    Returns
    -------
    seconds : float
        Seconds of `n_epochs`.
    error : float or None
        Error after them; None if extrapolated.
    """
    if not extrapolate:
        seconds, error = keras.call(
            "train", x=x, weights=weights, epochs=n_epochs, **KERAS_TRAINING
        )
        return sum(seconds), error
    few = slice(TIMED_SEQUENCES)
    (first, *later), _ = keras.call(
        "train",
        x=x[few],
        weights=weights[few],
        epochs=TIMED_EPOCHS,
        **KERAS_TRAINING,
    )
    epoch = statistics.median(later) * len(x) / len(x[few])
    return first - later[0] + n_epochs * epoch, None
