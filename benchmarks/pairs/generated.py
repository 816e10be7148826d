"""Reverse, sort and repeat random digits: how many predictions are exact?

Strings have 5 to 30 digits, drawn uniformly. No test string occurs in training. A
second table has the fraction of exact predictions by length, for strings of up to 60
digits.
"""

import numpy as np

from sklearn_seqembed.metrics import exact_match_score, token_match_score

from ..formatting import make_table
from ..runner import add_parameters, add_seeds, show_progress
from ..timing import timed
from .fitting import fit_predictor

TASKS = {
    "reverse": lambda x: x[::-1],
    "sort": lambda x: "".join(sorted(x)),
    "repeat": lambda x: x,
}
LENGTHS = 5, 30
RANGES = ((5, 10), (11, 20), (21, 30), (31, 32), (33, 35), (36, 40), (41, 60))

# Numbers of strings for training, for testing, and of each range of lengths.
SIZES = 100_000, 5_000, 500
QUICK_SIZES = 2_000, 50, 50

COLUMNS = {
    "task": "",
    "seed": "d",
    "exact": ".4f",
    "digits": ".4f",
    "epochs": "d",
    "fit, s": ",.0f",
    "sequences/s predicted": ",.0f",
}
LENGTH_COLUMNS = {"task": "", "length": "", "exact": ".3f", "length exact": ".3f"}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser, default=(0,))  # each takes half an hour or more
    add_parameters(parser)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))


def run(options):
    """Evaluate all tasks with all seeds."""
    rows, by_length = [], []
    for task in options.tasks:
        for seed in options.seeds:
            row, lengths = evaluate(task, seed, options)
            show_progress(str(row))
            rows.append(row)
            by_length += lengths
    return {
        "tables": {
            "generated": make_table("Unseen strings", COLUMNS, rows),
            "generated-lengths": make_table("By length", LENGTH_COLUMNS, by_length),
        }
    }


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


def evaluate(task, seed, options):
    """Train on one task; return a row, and rows by length."""
    n_train, n_test, n_per_range = QUICK_SIZES if options.quick else SIZES
    rng = np.random.default_rng(seed)
    X = draw(n_train, LENGTHS, rng)
    seen = set(X)
    X_test = draw(n_test, LENGTHS, rng, seen)
    y, y_test = (list(map(TASKS[task], part)) for part in (X, X_test))
    predictor, figures = fit_predictor(X, y, seed, options)
    seconds, predicted = timed(predictor.predict, X_test)
    row = {
        "task": task,
        **figures,
        "exact": exact_match_score(y_test, predicted),
        "digits": token_match_score(y_test, predicted),
        "sequences/s predicted": n_test / seconds,
    }
    predictor.set_params(max_length=RANGES[-1][1] + 10)
    by_length = []
    for low, high in RANGES:
        some = draw(min(n_per_range, 10**low), (low, high), rng, seen)
        true = list(map(TASKS[task], some))
        predicted = predictor.predict(some)
        pairs = zip(true, predicted, strict=True)
        by_length.append(
            {
                "task": task,
                "seed": seed,
                "length": f"{low}–{high}",
                "exact": exact_match_score(true, predicted),
                "length exact": np.mean([len(one) == len(two) for one, two in pairs]),
            }
        )
    return row, by_length
