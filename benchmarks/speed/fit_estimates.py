"""How well does `describe` estimate the duration of `fit`?

Describes and then fits simulated sequences of several numbers and lengths, real
sequences if there are any, pairs of letters, a forecast, labels, trainings that may
stop early and very different lengths, all with one thread. A ratio is the estimated by
the measured duration. It should be between 1/2 and 2; if a fit takes less than a
second, the estimate should be below two seconds. "Not stopped" is the estimate for a
training that does not stop early. Epochs are those of the training and the largest
number of `fit`; describe may expect a training that does not take place. Seconds are
CPU time, which equals elapsed time on an idle machine and is hardly affected by other
programs.
"""

import functools
import time

import numpy as np

from ..datasets import data_folder, load_labels, load_sequences, load_table
from ..formatting import make_table
from ..runner import judge, show_progress
from ..timing import timed
from ..workers import Worker

SIMULATED = (
    (20, 50),
    (200, 10),
    (200, 100),
    (200, 300),
    (100, 1_000),
    (2_000, 200),
    (20_000, 10),
    (20_000, 100),
)
SETS = "GunPoint", "JapaneseVowels", "PLAID", "OSULeaf", "TwoPatterns", "ECG5000"
STOPPED_SETS = "JapaneseVowels", "ECG200", "GunPoint", "Libras"
QUICK = "20 x 50", "200 x 10"

# Fits that are shorter are judged by the estimate alone.
SHORT_SECONDS, SHORT_ESTIMATE = 1.0, 2.0
LARGEST_RATIO = 2.0

COLUMNS = {
    "data": "",
    "estimator": "",
    "describe, s": ".1f",
    "estimate, s": ".1f",
    "not stopped, s": ".1f",
    "fit, s": ".1f",
    "ratio": ".2f",
    "epochs": "",
    "within": "",
}


def add_arguments(parser):
    """Add the options of this program."""
    parser.add_argument("--cases", nargs="+", help="names of some cases only")


def run(options):
    """Describe and fit all cases in turn."""
    names = options.cases or (QUICK if options.quick else list_cases())
    rows = []
    with Worker("speed.fit_estimates") as worker:
        worker.call("warm_up")
        for name in names:
            rows.append({"data": name} | worker.call("compare", case=name))
            show_progress(str(rows[-1]))
    n_within = sum(row["within"] == "yes" for row in rows)
    ratios = np.array([row["ratio"] for row in rows])
    verdict = judge(
        "fit estimates: within a factor of two of the duration",
        "at least 80 % of the cases",
        f"{n_within} of {len(rows)}, ratios from {ratios.min():.2f} to "
        f"{ratios.max():.2f}",
        n_within >= 0.8 * len(rows),
    )
    table = make_table("Estimated and measured seconds of fit", COLUMNS, rows)
    return {"tables": {"fit-estimates": table}, "targets": [verdict]}


def list_cases():
    """Return the names of all cases; those of real sequences only if there are any."""
    return [
        name
        for name, (_, is_real) in make_cases().items()
        if not is_real or data_folder() is not None
    ]


def make_cases():
    """Return, for each name, a function that makes estimator and data, and a flag.

    The flag tells whether the sequences are real.
    """
    cases = {
        f"{n:,} x {length}": (functools.partial(make_simulated, n, length), False)
        for n, length in SIMULATED
    }
    cases |= {name: (functools.partial(make_set, name), True) for name in SETS}
    return cases | {
        "2,000 names": (functools.partial(make_names, 2_000, 20), True),
        "16,000 names": (functools.partial(make_names, 16_000, 2), True),
        "events": (make_events, True),
        "pairs of letters": (make_pairs, False),
        "airline": (make_forecast, True),
        "labels of 270 vowels": (make_vowel_labels, True),
        "labels of 3,000 simulated": (make_simulated_labels, False),
        "labels of 4,000 names": (make_name_labels, True),
        "strings, early stopping": (make_strings, False),
        "strings, 300 epochs, early stopping": (make_long_training, False),
        "regular strings, early stopping": (make_regular_strings, False),
        "noise, early stopping": (make_noise, False),
        "pairs of noise, early stopping": (make_noise_pairs, False),
        "JapaneseVowels, early stopping": (make_vowels, True),
        **{
            f"labels of {name}, early stopping": (
                functools.partial(make_stopped_labels, name),
                True,
            )
            for name in STOPPED_SETS
        },
        "303 x 5 to 8,000": (make_skewed, False),
    }


def make_simulated(n_sequences, length):
    """Return an embedder and sequences of one feature."""
    from sklearn_seqembed import LSTMSequenceEmbedder
    from sklearn_seqembed.datasets import make_sequences

    X, _ = make_sequences(n_sequences, lengths=(length, length), random_state=0)
    return LSTMSequenceEmbedder(random_state=0), X, None


def make_set(name):
    """Return an embedder and a classification set."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    return LSTMSequenceEmbedder(random_state=0), load_sequences(name), None


def make_names(n_sequences, max_epochs):
    """Return an embedder, which is not trained as long as by default, and surnames."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    names = load_table("text/names.tsv")["name"].tolist()[:n_sequences]
    return LSTMSequenceEmbedder(max_epochs=max_epochs, random_state=0), names, None


def make_events():
    """Return an embedder and the activities and times of tickets, as a frame."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    events = load_table("events/helpdesk_events.csv.gz").sort_values("timestamp")
    events["timestamp"] = events["timestamp"].astype("datetime64[ns]")
    columns = ["timestamp", "activity", "resource"]
    frame = events.groupby("case")[columns].agg(list).iloc[:1_000]
    return LSTMSequenceEmbedder(max_epochs=10, random_state=0), frame, None


def make_pairs():
    """Return a predictor, words of random letters, and the same words reversed."""
    from sklearn_seqembed import LSTMSequencePredictor

    rng = np.random.default_rng(0)
    words = [
        "".join(rng.choice(list("abcdefgh"), rng.integers(3, 9))) for _ in range(1_000)
    ]
    reversed_words = [word[::-1] for word in words]
    return LSTMSequencePredictor(max_epochs=20, random_state=0), words, reversed_words


def make_forecast():
    """Return a predictor, a monthly series without its last year, and this year."""
    from sklearn_seqembed import LSTMSequencePredictor

    series = load_table("forecasting/airline.csv").iloc[:, -1].to_numpy(float)
    return LSTMSequencePredictor(random_state=0), [series[:-12]], [series[-12:]]


def make_vowel_labels():
    """Return a classifier, JapaneseVowels, and its classes."""
    from sklearn_seqembed import LSTMSequenceClassifier

    name, classifier = "JapaneseVowels", LSTMSequenceClassifier(random_state=0)
    return classifier, load_sequences(name), load_labels(name)


def make_simulated_labels():
    """Return a classifier, and enough simulated sequences to train it."""
    from sklearn_seqembed import LSTMSequenceClassifier
    from sklearn_seqembed.datasets import make_sequences

    return LSTMSequenceClassifier(random_state=0), *make_sequences(
        3_000, random_state=0
    )


def make_name_labels():
    """Return a classifier, surnames and their languages."""
    from sklearn_seqembed import LSTMSequenceClassifier

    table = load_table("text/names.tsv").iloc[:4_000]
    classifier = LSTMSequenceClassifier(random_state=0)
    return classifier, table["name"].tolist(), table["language"].tolist()


def make_strings(**params):
    """Return an embedder with early stopping, and strings of random letters."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    rng = np.random.default_rng(0)
    strings = [
        "".join(rng.choice(list("abcdef"), size=n)) for n in rng.integers(3, 10, 200)
    ]
    params = {"early_stopping": True, "random_state": 0} | params
    return LSTMSequenceEmbedder(**params), strings, None


def make_long_training():
    """Return a small embedder that would train for long, and the same strings."""
    return make_strings(n_components=16, hidden_size=32, max_epochs=300)


def make_regular_strings():
    """Return a small embedder with early stopping, and strings without randomness."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    strings = ["ab" * n for n in np.random.default_rng(0).integers(1, 5, 60)]
    embedder = LSTMSequenceEmbedder(
        16, hidden_size=32, early_stopping=True, random_state=0
    )
    return embedder, strings, None


def make_noise():
    """Return an embedder with early stopping, and random numbers."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    X = np.random.default_rng(0).normal(size=(150, 30, 3))
    embedder = LSTMSequenceEmbedder(
        16, early_stopping=True, max_epochs=100, random_state=0
    )
    return embedder, X, None


def make_noise_pairs():
    """Return a predictor with early stopping, random numbers, and some of them."""
    from sklearn_seqembed import LSTMSequencePredictor

    X = np.random.default_rng(0).normal(size=(150, 20, 2))
    predictor = LSTMSequencePredictor(
        16, hidden_size=32, early_stopping=True, max_epochs=200, random_state=0
    )
    return predictor, X, X[:, :3]


def make_vowels():
    """Return an embedder with early stopping, and JapaneseVowels."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    embedder = LSTMSequenceEmbedder(
        16, early_stopping=True, max_epochs=100, random_state=0
    )
    return embedder, load_sequences("JapaneseVowels"), None


def make_stopped_labels(name):
    """Return a classifier with early stopping, a classification set and its classes."""
    from sklearn_seqembed import LSTMSequenceClassifier

    classifier = LSTMSequenceClassifier(
        early_stopping=True, max_epochs=100, random_state=0
    )
    return classifier, load_sequences(name), load_labels(name)


def make_skewed():
    """Return an embedder, 300 short sequences and 3 long ones."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    rng = np.random.default_rng(0)
    lengths = [*rng.integers(5, 20, 300), 8_000, 8_000, 8_000]
    X = [rng.normal(size=n).cumsum() for n in lengths]
    return LSTMSequenceEmbedder(16, max_epochs=5, random_state=0), X, None


def warm_up():
    """Import all that a fit needs, in the worker."""
    from sklearn_seqembed import describe

    estimator, X, y = make_simulated(20, 20)
    describe(X, estimator=estimator)
    estimator.fit(X, y)


def compare(case):
    """Describe and fit a case in the worker; return the durations and their ratio."""
    from sklearn_seqembed import _fit_times, describe

    _fit_times.clock = clock = time.process_time
    estimator, X, y = make_cases()[case][0]()
    described, description = timed(describe, X, y, estimator=estimator, clock=clock)
    measured, _ = timed(estimator.fit, X, y, clock=clock)
    estimate = description.fit["seconds"]
    ratio = estimate / measured
    is_within = 1 / LARGEST_RATIO <= ratio <= LARGEST_RATIO
    if measured < SHORT_SECONDS:
        is_within = estimate < SHORT_ESTIMATE
    return {
        "estimator": type(estimator).__name__,
        "describe, s": described,
        "estimate, s": estimate,
        "not stopped, s": description.fit["longest"],
        "fit, s": measured,
        "ratio": ratio,
        "within": "yes" if is_within else "no",
        "epochs": f"{estimator.n_iter_} of {estimator.max_epochs_}",
        "steps": description.fit["steps"],
    }
