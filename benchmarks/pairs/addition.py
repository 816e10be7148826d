"""How long until sums are told right? The addition of the Keras examples.

A network reads a question such as "27+684" and says its answer, one character after
another. 45,000 questions are trained on; 5,000 others, none of them a known one with
its numbers exchanged, are the test. Keras' network trains until it tells 99 % of the
characters of the test answers, padding counted, for at most 60 epochs; its clock starts
with its graph traced, and stands still while it is validated. Ours is
`LSTMSequencePredictor` fitted for 10 epochs, with no pairs held out, and with defaults
otherwise; its whole `fit` is timed. So Keras' program stops by the test part, and ours
does not look at it.

Both run one after the other, each in a process of its own with one thread, pinned to
one core. "whole" is the share of test answers that are wholly right, "characters" that
of their characters, padding not counted; the ratio is Keras' seconds over ours.

Run: python benchmarks/addition.py [--seeds 3] [--set lr=0.002] [--alone] [--quick]

With --alone ours is measured without Keras, to compare settings.
"""

import statistics
import time

import numpy as np
from _measure import (
    Worker,
    add_parameters,
    argument_parser,
    print_machine,
    print_table,
    show_progress,
    write_json,
)

N_QUESTIONS, N_TEST = 50_000, 5_000
N_QUESTIONS_QUICK, N_TEST_QUICK = 1_000, 100
MOST_DIGITS = 3

# By default (--set max_epochs=auto) it is 18: more is right then, in more time.
EPOCHS = 10
N_THREADS = 1

# When Keras' network has learned it.
KERAS_ACCURACY, KERAS_EPOCHS = 0.99, 60

COLUMNS = {
    "seed": "d",
    "ours, s": ".1f",
    "Keras, s": ".1f",
    "Keras / ours": ".2f",
    "ours, whole": ".2%",
    "Keras, whole": ".2%",
    "ours, characters": ".2%",
    "Keras, characters": ".2%",
    "ours, epochs": "d",
    "Keras, epochs": "d",
    "Keras, with padding": ".2%",
}


def draw_questions(n_questions, n_test):
    """Draw sums, each once, and tell which are the test.

    Parameters
    ----------
    n_questions : int
        Number of distinct questions; a+b and b+a are the same.
    n_test : int
        How many of them are the test.

    Returns
    -------
    train, test : tuple of two lists of str
        Questions and answers.
    """
    rng = np.random.default_rng(0)
    questions = {}
    while len(questions) < n_questions:
        # Digits are drawn first: else nearly all numbers would have three.
        a, b = rng.integers(10 ** rng.integers(1, MOST_DIGITS + 1, size=2)).tolist()
        questions.setdefault(frozenset((a, b)), (f"{a}+{b}", str(a + b)))
    pairs = list(questions.values())
    # Pairs of few digits recur and so are met early: the test is not the last ones.
    order = rng.permutation(n_questions)
    parts = order[n_test:], order[:n_test]
    return [
        tuple(map(list, zip(*(pairs[i] for i in part), strict=True))) for part in parts
    ]


def learn_addition(train, questions, seed, parameters):
    """Fit ours in this process, and answer the test questions.

    Parameters
    ----------
    train : tuple of two lists of str
        Questions and answers to fit on.
    questions : list of str
        What to answer then.
    seed : int
        Seed of network and batches.
    parameters : dict
        Parameters that are not to be their defaults.

    Returns
    -------
    learned : dict
        `seconds` of `fit`, `epochs`, and `answers`, a list of str.
    """
    # Not at the top, which the process of Keras reads too: torch stays out of it.
    from sklearn_seqembed import LSTMSequencePredictor

    settings = {"device": "cpu", "early_stopping": False, "random_state": seed}
    predictor = LSTMSequencePredictor(**(settings | parameters))
    started = time.perf_counter()
    predictor.fit(*train)
    return {
        "seconds": time.perf_counter() - started,
        "epochs": predictor.n_iter_,
        "answers": predictor.predict(questions),
    }


def measure(train, test, seed, ours, keras, parameters, keras_epochs):
    """Let both learn, one after the other, and count their right answers.

    Parameters
    ----------
    train, test : tuple of two lists of str
        Questions and answers.
    seed : int
        Seed of both.
    ours : Worker
        Ours.
    keras : Worker or None
        Keras, or none of it.
    parameters : dict
        Parameters of ours that are not to be their defaults.
    keras_epochs : int
        The most epochs of Keras.

    Returns
    -------
    row : dict
        Figures by heading.
    """
    # Not at the top, for the same reason as above.
    from sklearn_seqembed.metrics import exact_match_score, token_match_score

    questions, answers = test
    learned = {
        "ours": ours.call(
            "learn_addition",
            train=train,
            questions=questions,
            seed=seed,
            parameters=parameters,
        )
    }
    if keras is not None:
        learned["Keras"] = keras.call(
            "learn_addition",
            train=train,
            test=test,
            seed=seed,
            most_digits=MOST_DIGITS,
            accuracy=KERAS_ACCURACY,
            epochs=keras_epochs,
        )
    row = {"seed": seed}
    for name, result in learned.items():
        row[f"{name}, s"] = result["seconds"]
        row[f"{name}, epochs"] = result["epochs"]
        row[f"{name}, whole"] = exact_match_score(answers, result["answers"])
        row[f"{name}, characters"] = token_match_score(answers, result["answers"])
    if keras is None:
        return row
    return row | {
        "Keras / ours": row["Keras, s"] / row["ours, s"],
        "Keras, with padding": learned["Keras"]["accuracies"][-1],
        "Keras, accuracies": learned["Keras"]["accuracies"],
    }


def conclude(rows, keras_epochs):
    """Print the ratio of seconds, and where it is not what it seems.

    Parameters
    ----------
    rows : list of dict
        Of :func:`measure`, a seed each.
    keras_epochs : int
        The most epochs of Keras.
    """
    ratio = statistics.median(row["Keras / ours"] for row in rows)
    print(f"Keras / ours, median of {len(rows)} seeds: {ratio:.2f}.")
    n_short = sum(row["Keras, with padding"] < KERAS_ACCURACY for row in rows)
    if n_short:
        print(
            f"Note: Keras did not reach {KERAS_ACCURACY:.0%} with {n_short} of "
            f"{len(rows)} seeds; its seconds are those of all {keras_epochs} epochs."
        )


def main():
    """Measure all seeds, print a table, write JSON."""
    parser = argument_parser(__doc__, seeds=True)
    parser.add_argument("--alone", action="store_true", help="ours without Keras")
    add_parameters(parser)
    args = parser.parse_args()
    print_machine(N_THREADS, args.quick)
    sizes = (N_QUESTIONS, N_TEST)
    parameters, keras_epochs = {"max_epochs": EPOCHS} | dict(args.set), KERAS_EPOCHS
    if args.quick:
        sizes = (N_QUESTIONS_QUICK, N_TEST_QUICK)
        parameters, keras_epochs = {"max_epochs": 2} | dict(args.set), 2
    train, test = draw_questions(*sizes)
    rows = []
    with (
        Worker("addition", N_THREADS) as ours,
        Worker("_contenders.keras_sequences", N_THREADS) as keras,
    ):
        for seed in range(args.seeds):
            show_progress(f"addition: seed {seed}")
            other = None if args.alone else keras
            rows.append(
                measure(train, test, seed, ours, other, parameters, keras_epochs)
            )
            show_progress(str(rows[-1]))  # hours are not lost with an interrupted run
    print_table(rows, COLUMNS)
    if not args.alone:
        conclude(rows, keras_epochs)
    write_json(
        "addition",
        {
            "quick": args.quick,
            "parameters": parameters,
            "questions": sizes,
            "rows": rows,
        },
    )


if __name__ == "__main__":
    main()
