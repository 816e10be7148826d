"""Reverse, sort and repeat random sequences: how many come back wholly right?

Sequences of digits with 5 to 30 of them, drawn uniformly; those of the test part do not
occur in training. Of longer ones than were seen, 31 to 60, a second table says how the
share falls off, by length.

    python benchmarks/generated.py [--tasks reverse sort echo] [--seeds 1]
        [--n-train 20000] [--set reverse_source=False] [--quick]
"""

import time

import numpy as np
from _measure import add_parameters, argument_parser, print_table, write_json

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.metrics import exact_match_score, token_match_score

TASKS = {
    "reverse": lambda x: x[::-1],
    "sort": lambda x: "".join(sorted(x)),
    "echo": lambda x: x,
}
LENGTHS = 5, 30
N_TRAIN, N_TEST = 100_000, 5_000

# Bands of lengths that the second table has.
BANDS = ((5, 10), (11, 20), (21, 30), (31, 32), (33, 35), (36, 40), (41, 60))
N_BAND = 500

COLUMNS = {
    "task": "",
    "seed": "",
    "wholly right": ".4f",
    "tokens": ".4f",
    "epochs": "",
    "fit, s": ".0f",
    "sequences/s said": ".0f",
}
BAND_COLUMNS = {"right": ".3f", "right length": ".3f"}


def draw(n_samples, lengths, rng, seen=()):
    """Draw distinct strings of digits that are not in `seen`."""
    found = {}
    low, high = lengths
    while len(found) < n_samples:
        length = rng.integers(low, high + 1)
        digits = "".join(map(str, rng.integers(0, 10, length)))
        if digits not in seen:
            found[digits] = None
    return list(found)


def judge(task, seed, n_train, parameters):
    """Train on one task, and judge it on unseen sequences.

    Returns
    -------
    row : dict
        Shares and seconds.
    bands : list of dict
        Share wholly right by length.
    """
    rng = np.random.default_rng(seed)
    X = draw(n_train, LENGTHS, rng)
    seen = set(X)
    X_test = draw(N_TEST, LENGTHS, rng, seen)
    y, y_test = (list(map(TASKS[task], part)) for part in (X, X_test))
    predictor = LSTMSequencePredictor(**({"random_state": seed} | parameters))
    start = time.perf_counter()
    predictor.fit(X, y)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    predicted = predictor.predict(X_test)
    predict_seconds = time.perf_counter() - start
    row = {
        "task": task,
        "seed": seed,
        "wholly right": exact_match_score(y_test, predicted),
        "tokens": token_match_score(y_test, predicted),
        "epochs": predictor.n_iter_,
        "fit, s": seconds,
        "sequences/s said": N_TEST / predict_seconds,
    }
    predictor.set_params(max_length=BANDS[-1][1] + 10)
    bands = []
    for lengths in BANDS:
        some = draw(min(N_BAND, 10 ** lengths[0]), lengths, rng, seen)
        truth = list(map(TASKS[task], some))
        said = predictor.predict(some)
        share = exact_match_score(truth, said)
        pairs = zip(truth, said, strict=True)
        right_length = np.mean([len(true) == len(found) for true, found in pairs])
        name = f"{lengths[0]} to {lengths[1]}"
        bands.append(
            {
                "task": task,
                "seed": seed,
                "length": name,
                "right": share,
                "right length": right_length,
            }
        )
    return row, bands


def main():
    """Run all tasks, print tables and write JSON."""
    parser = argument_parser(__doc__, seeds=True)
    parser.set_defaults(seeds=1)  # each takes half an hour and more
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--n-train", type=int, default=N_TRAIN)
    add_parameters(parser)
    args = parser.parse_args()
    n_train = 2_000 if args.quick else args.n_train
    parameters = dict(args.set)
    rows, bands = [], []
    for task in args.tasks:
        for seed in range(args.seeds):
            row, by_length = judge(task, seed, n_train, parameters)
            rows.append(row)
            bands += by_length
            print(row, flush=True)
    print_table(rows, COLUMNS)
    print_table(bands, dict.fromkeys(["task", "seed", "length"], "") | BAND_COLUMNS)
    write_json(
        "generated",
        {
            "quick": args.quick,
            "parameters": parameters,
            "results": rows,
            "bands": bands,
        },
    )


if __name__ == "__main__":
    main()
