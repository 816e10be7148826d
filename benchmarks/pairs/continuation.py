"""What happens until a ticket is closed? The remaining activities after each prefix.

Needs `events/helpdesk_events.csv.gz`. Each ticket is cut after each of its events but
the last. The activities that follow, up to the end of the ticket, are predicted.

`LSTMSequencePredictor` with all defaults receives the activities of the prefix alone,
or all columns and times of its events. The baseline is the most frequent continuation
of the same prefix in the training tickets. If the prefix is unseen, it is that of the
prefix without its first event, and so on.

"next" is the accuracy of the next activity, "similarity" the mean of 1 -
Damerau-Levenshtein distance / length of the longer sequence [1]_ (restricted, by
rapidfuzz), and "exact" the fraction of exact predictions.

References
----------
.. [1] Camargo, M., Dumas, M. and González-Rojas, O. (2019). Learning Accurate LSTM
       Models of Business Processes. BPM.
"""

from collections import Counter, defaultdict

import numpy as np
from rapidfuzz.distance import OSA

from sklearn_seqembed.metrics import exact_match_score

from ..datasets import PARTS
from ..events.logs import HELPDESK_CATEGORIES, read_prefixes
from ..formatting import average_seeds, make_table
from ..runner import show_progress
from . import fitting

COLUMNS = {
    "contender": "",
    "next": ".3f",
    "similarity": ".3f",
    "exact": ".3f",
    "epochs": ".1f",
    "fit, s": ".0f",
    "predict, s": ".1f",
}

add_arguments = fitting.add_arguments


def run(options):
    """Evaluate the most frequent continuation, and both inputs with all seeds."""
    (train, y), (test, y_test) = (read_prefixes(p, options.quick) for p in PARTS)
    activities, activities_test = (part["activity"].tolist() for part in (train, test))
    predicted = MostFrequent().fit(activities, y).predict(activities_test)
    baseline = {"contender": "most frequent continuation"}
    results = [baseline | evaluate(predicted, y_test)]
    columns = [*HELPDESK_CATEGORIES, "timestamp"]
    inputs = {
        "ours, activities": (activities, activities_test),
        "ours, all columns and times": (train[columns], test[columns]),
    }
    for name, (X, X_test) in inputs.items():
        fits = fitting.fit_and_predict(name, X, y, X_test, options)
        for figures, predicted in fits:
            results.append(figures | evaluate(predicted, y_test))
            show_progress(str(results[-1]))
    rows = average_seeds(results, list(COLUMNS)[1:])
    title = f"{len(y):,} prefixes for training, {len(y_test):,} for testing"
    return {
        "tables": {"continuation": make_table(title, COLUMNS, rows)},
        "results": results,
    }


class MostFrequent:
    """Predict the most frequent continuation of the longest known end of a prefix."""

    def fit(self, prefixes, continuations):
        """Count the continuations of each prefix and of each of its endings."""
        counts = defaultdict(Counter)
        for prefix, continuation in zip(prefixes, continuations, strict=True):
            events = (None, *prefix)  # None marks the start of the ticket
            for start in range(len(events) + 1):
                counts[events[start:]][tuple(continuation)] += 1
        self.found_ = {end: list(c.most_common(1)[0][0]) for end, c in counts.items()}
        return self

    def predict(self, prefixes):
        """Return the most frequent continuation of the longest known ending."""
        predicted = []
        for prefix in prefixes:
            end = (None, *prefix)
            while end not in self.found_:
                end = end[1:]
            predicted.append(self.found_[end])
        return predicted


def evaluate(predicted, true):
    """Compare predicted with true activities."""
    pairs = list(zip(predicted, true, strict=True))
    similarities = [OSA.normalized_similarity(*pair) for pair in pairs]
    return {
        "next": float(np.mean([one[0] == other[0] for one, other in pairs])),
        "similarity": float(np.mean(similarities)),
        "exact": exact_match_score(true, predicted),
    }
