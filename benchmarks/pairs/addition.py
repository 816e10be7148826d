"""How soon are sums learned, compared with the addition example of Keras?

A network reads a question such as "27+684" and predicts the digits of the sum. It is
trained on 45,000 questions and tested on 5,000 others, none of which is a training
question with its numbers exchanged. Keras' network trains until it predicts 99 % of the
characters of the test answers, including padding, for at most 60 epochs; its graph is
traced before the clock starts, and validation is not timed. `LSTMSequencePredictor` is
fitted for 10 epochs on all pairs, with defaults otherwise, and its complete `fit` is
timed. The test part thus determines when the training of Keras stops, but not ours.

Both run in turn, in processes of one thread pinned to one core. "exact" is the fraction
of exact answers, "characters" is the fraction of correct characters without padding,
and the ratio is the seconds of Keras divided by ours.
"""

import statistics

import numpy as np

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.metrics import exact_match_score, token_match_score

from ..formatting import make_table
from ..runner import add_parameters, add_seeds, judge, show_progress
from ..timing import timed
from ..workers import Worker

N_QUESTIONS, N_TEST = 50_000, 5_000
QUICK_QUESTIONS, QUICK_TEST = 1_000, 100
MAXIMUM_DIGITS = 3

# The default (--set max_epochs=auto) is 18, with more exact answers in more time.
EPOCHS = 10
KERAS_ACCURACY, KERAS_EPOCHS = 0.99, 60

COLUMNS = {
    "seed": "d",
    "ours, s": ".0f",
    "Keras, s": ".0f",
    "Keras / ours": ".2f",
    "ours, exact": ".2%",
    "Keras, exact": ".2%",
    "ours, characters": ".2%",
    "Keras, characters": ".2%",
    "ours, epochs": "d",
    "Keras, epochs": "d",
}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser)
    add_parameters(parser)
    parser.add_argument("--alone", action="store_true", help="ours without Keras")


def run(options):
    """Train both with all seeds."""
    sizes, epochs, keras_epochs = (N_QUESTIONS, N_TEST), EPOCHS, KERAS_EPOCHS
    if options.quick:
        sizes, epochs, keras_epochs = (QUICK_QUESTIONS, QUICK_TEST), 2, 2
    parameters = {"max_epochs": epochs} | options.parameters
    train, test = draw_questions(*sizes)
    rows = []
    for seed in options.seeds:
        show_progress(f"addition: seed {seed}")
        data = {"train": train, "test": test, "seed": seed}
        learned = {}
        with Worker("pairs.addition") as worker:
            learned["ours"] = worker.call("learn", parameters=parameters, **data)
        if not options.alone:
            data |= {"accuracy": KERAS_ACCURACY, "epochs": keras_epochs}
            with Worker("pairs.keras_examples") as worker:
                learned["Keras"] = worker.call(
                    "learn_addition", maximum_digits=MAXIMUM_DIGITS, **data
                )
        rows.append({"seed": seed} | compare(test[1], learned))
        show_progress(str(rows[-1]))
    results = {"tables": {"addition": make_table("Sums", COLUMNS, rows)}}
    if not options.alone:
        ratio = statistics.median(row["Keras / ours"] for row in rows)
        result = f"median {ratio:.2f} of {len(rows)} seeds"
        verdict = judge("addition: Keras / ours", "above 1", result, ratio > 1)
        results["targets"] = [verdict]
    return results


def draw_questions(n_questions, n_test):
    """Draw distinct sums and split them; a+b and b+a count as the same sum.

    Returns
    -------
    train, test : tuple of two lists of str
        Questions and answers.
    """
    rng = np.random.default_rng(0)
    questions = {}
    while len(questions) < n_questions:
        # Digits are drawn first; otherwise nearly all numbers would have three.
        n_digits = rng.integers(1, MAXIMUM_DIGITS + 1, size=2)
        a, b = rng.integers(10**n_digits).tolist()
        questions.setdefault(frozenset((a, b)), (f"{a}+{b}", str(a + b)))
    pairs = list(questions.values())
    # Short questions repeat and are drawn early, so the test part is not the last ones.
    order = rng.permutation(n_questions)
    return [
        tuple(map(list, zip(*(pairs[i] for i in part), strict=True)))
        for part in (order[n_test:], order[:n_test])
    ]


def learn(train, test, seed, parameters):
    """Fit ours, in its process; return seconds, epochs and answers."""
    settings = {"device": "cpu", "early_stopping": False, "random_state": seed}
    predictor = LSTMSequencePredictor(**(settings | parameters))
    seconds, _ = timed(predictor.fit, *train)
    answers = predictor.predict(test[0])
    return {"seconds": seconds, "epochs": predictor.n_iter_, "answers": answers}


def compare(answers, learned):
    """Return the figures of what each contender learned, and their ratio."""
    row = {}
    for name, figures in learned.items():
        row |= {
            f"{name}, s": figures["seconds"],
            f"{name}, epochs": figures["epochs"],
            f"{name}, exact": exact_match_score(answers, figures["answers"]),
            f"{name}, characters": token_match_score(answers, figures["answers"]),
        }
    if "Keras" in learned:
        row["Keras / ours"] = row["Keras, s"] / row["ours, s"]
        row["Keras, accuracies"] = learned["Keras"]["accuracies"]
    return row
