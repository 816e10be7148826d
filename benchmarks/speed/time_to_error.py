"""How long until the training error of Keras' network after 100 epochs is reached?

Keras trains the textbook network of 64 cells by its own defaults, on standardised
sequences, padded in front to the longest. Ours trains with its defaults, but for
`max_epochs`, which is the same on all sets. Errors are shares of the variance over all
time steps of the training part, seconds those of the training alone for Keras and of
the whole `fit` for ours: the median of three, beside one training of Keras, which takes
minutes.

On PLAID, padded to 1,344 steps, Keras needs more than an hour, and on OSULeaf many
minutes: there its time is extrapolated from three epochs over two batches, and its
error is that of the torch twin, the same network trained alike. With --full Keras
trains everywhere, and the twin trains on ECG5000 too, so that a reader sees how near
it comes.

Run: SEQEMBED_DATA=... python benchmarks/time_to_error.py [--full] [--quick]
"""

import statistics
import sys

from _data import NOT_SET, data_folder, load_sequences, standardise
from _measure import (
    Worker,
    argument_parser,
    available_cores,
    judge,
    print_machine,
    print_table,
    show_progress,
    write_json,
)

SETS = ("ECG5000", "TwoPatterns", "OSULeaf", "PLAID")
TOO_LONG_FOR_KERAS = ("OSULeaf", "PLAID")
SETS_OF_TWIN_TOO = ("ECG5000", "PLAID")  # where Keras trains on all
KERAS_TRAINING = {"cells": 64, "batch_size": 32}
KERAS_EPOCHS = 100
# Where the rest is extrapolated; the first epoch traces.
TIMED_EPOCHS, TIMED_SEQUENCES = 3, 64
MAX_EPOCHS = 50  # ours, on every set
ROUNDS = 3
BAR = 10

QUICK_SEQUENCES, QUICK_EPOCHS, QUICK_STEPS = 64, 3, 200

COLUMNS = {
    "set": "",
    "sequences": "d",
    "longest": "d",
    "error of Keras": ".4f",
    "error of its twin": ".4f",
    "error of ours": ".4f",
    "Keras, s": ".1f",
    "ours, s": ".1f",
    "Keras / ours": ".1f",
    "error reached": "",
    "Keras": "",
}


def train_keras(x, weights, keras, n_epochs, extrapolate):
    """Train Keras' network, or a few epochs of it.

    Parameters
    ----------
    x : float32 ndarray of shape (N, L, F)
        Padded sequences.
    weights : float32 ndarray of shape (N, L)
        1 at true time steps.
    keras : Worker
        The contender.
    n_epochs : int
        Epochs that count.
    extrapolate : bool
        Whether to train only as many as a guess of the time needs.

    Returns
    -------
    seconds : float
        For all `n_epochs`.
    error : float or None
        After them; None where they were not trained.
    """
    if not extrapolate:
        seconds, error = keras.call(
            "reach", x=x, weights=weights, epochs=n_epochs, **KERAS_TRAINING
        )
        return sum(seconds), error
    some = slice(TIMED_SEQUENCES)
    first, *later = keras.call(
        "time_epochs",
        x=x[some],
        weights=weights[some],
        epochs=TIMED_EPOCHS,
        **KERAS_TRAINING,
    )
    epoch = statistics.median(later) * len(x) / len(x[some])
    return first - later[0] + n_epochs * epoch, None


def compare(name, X, workers, n_epochs, max_epochs, extrapolate, with_twin=False):
    """Train all contenders on one set.

    Parameters
    ----------
    name : str
        Name of the set.
    X : list of ndarray of shape (n_timesteps_i, n_features)
        Its training sequences.
    workers : dict of str to Worker
        "ours", "Keras" and "twin".
    n_epochs, max_epochs : int
        Epochs of Keras, and of ours.
    extrapolate : bool
        Whether Keras trains few epochs and the twin gives the error.
    with_twin : bool, default=False
        Whether the twin trains beside Keras on some sets.

    Returns
    -------
    row : dict
        Figures by heading.
    """
    x, weights = workers["Keras"].call("pad", X=standardise(X))
    rounds = [
        workers["ours"].call("reach", X=X, max_epochs=max_epochs) for _ in range(ROUNDS)
    ]
    seconds = statistics.median(seconds for seconds, _ in rounds)
    error = rounds[0][1]  # equal seeds, equal errors
    keras_seconds, keras_error = train_keras(
        x, weights, workers["Keras"], n_epochs, extrapolate
    )
    twin_error = None
    if extrapolate or (with_twin and name in SETS_OF_TWIN_TOO):
        twin_error = workers["twin"].call(
            "reach_like_keras", x=x, weights=weights, epochs=n_epochs, **KERAS_TRAINING
        )
    to_reach = twin_error if keras_error is None else keras_error
    return {
        "set": name,
        "sequences": len(X),
        "longest": x.shape[1],
        "error of Keras": keras_error,
        "error of its twin": twin_error,
        "error of ours": error,
        "Keras, s": keras_seconds,
        "ours, s": seconds,
        "Keras / ours": keras_seconds / seconds,
        "error reached": "yes" if error <= to_reach else "NO",
        "Keras": "time extrapolated, error of the twin" if extrapolate else "trained",
        "rounds": [seconds for seconds, _ in rounds],
    }


def _load(name, quick):
    X = load_sequences(name, "train")
    if quick:
        return [sequence[:QUICK_STEPS] for sequence in X[:QUICK_SEQUENCES]]
    return X


def compare_all(args):
    """Compare on all sets, and return their rows."""
    n_epochs, max_epochs = KERAS_EPOCHS, MAX_EPOCHS
    if args.quick:
        n_epochs = max_epochs = QUICK_EPOCHS
    with (
        Worker("_contenders.ours") as ours,
        Worker("_contenders.keras_textbook") as keras,
        # Its time does not count: it takes what there is.
        Worker("_contenders.bare_torch", len(available_cores())) as twin,
    ):
        workers = {"ours": ours, "Keras": keras, "twin": twin}
        rows = []
        for name in SETS:
            show_progress(f"time to error: {name}")
            extrapolate = name in TOO_LONG_FOR_KERAS and not args.full
            X = _load(name, args.quick)
            epochs = n_epochs, max_epochs
            rows.append(compare(name, X, workers, *epochs, extrapolate, args.full))
    return rows


def main():
    """Measure, print table and verdict, write JSON."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--full",
        action="store_true",
        help="train Keras on OSULeaf and PLAID too: over an hour, several GB of memory",
    )
    args = parser.parse_args()
    if data_folder() is None:
        sys.exit(NOT_SET)
    print_machine(1, args.quick)
    rows = compare_all(args)
    print(f"max_epochs={QUICK_EPOCHS if args.quick else MAX_EPOCHS} on every set.")
    print_table(rows, COLUMNS)
    missed = [row["set"] for row in rows if row["error reached"] != "yes"]
    verdict = judge(
        "Keras' seconds / ours",
        {row["set"]: row["Keras / ours"] for row in rows},
        BAR,
    )
    if missed:
        print(f"Keras' error is NOT reached on {', '.join(missed)}: bar NOT met.")
        verdict["met"] = False
    write_json(
        "time_to_error",
        {
            "max_epochs": MAX_EPOCHS,
            "quick": args.quick,
            "sets": rows,
            "verdicts": [verdict | {"not_reached": missed}],
        },
    )


if __name__ == "__main__":
    main()
