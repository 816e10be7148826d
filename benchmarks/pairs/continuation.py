"""What happens until a ticket is closed? The rest of a case from its beginning.

Needs `events/helpdesk_events.csv.gz` under SEQEMBED_DATA. Each ticket is cut after each
of its events but the last; what follows is to be told, activity by activity, to the
end.

Ours is `LSTMSequencePredictor` with all defaults, on the beginning's activities alone
and on all that is known of its events. Beside it stands the most frequent continuation
of the same beginning in the training tickets; where that has not been met, of the same
beginning without its first event, and so on.

Figures: "next" is the share whose next activity is right, "similarity" the mean of 1 -
Damerau-Levenshtein distance / length of the longer of both [1]_ (restricted, by
rapidfuzz), "exact" the share whose rest is wholly right.

    python benchmarks/continuation.py [--beam 1 5] [--seeds 3] [--set max_epochs=10]
        [--quick]

References
----------
.. [1] Camargo, M., Dumas, M. and González-Rojas, O. (2019). Learning Accurate LSTM
       Models of Business Processes. BPM.
"""

from collections import Counter, defaultdict

import numpy as np
from _events import HELPDESK_CATEGORIES, cut_prefixes, read_helpdesk
from _measure import add_parameters, argument_parser, mean_rows, print_table, write_json
from _pairs import add_beams, fit_and_say
from rapidfuzz.distance import OSA

from sklearn_seqembed.metrics import exact_match_score

FIGURES = ("next", "similarity", "exact", "epochs", "seconds", "predict")


def read_beginnings(part, quick=False):
    """Return beginnings of the tickets of one part, and how each goes on.

    Parameters
    ----------
    part : {"train", "test"}
        Which part.
    quick : bool, default=False
        Whether few will do.

    Returns
    -------
    prefixes : DataFrame
        One row a beginning, a list a column.
    rests : list of list of str
        The activities that follow, to the end of the ticket.
    """
    frame = read_helpdesk(part)
    if quick:
        frame = frame.iloc[::20]
    prefixes, _, _ = cut_prefixes(frame)
    rests = [
        activities[stop:]
        for activities in frame["activity"]
        for stop in range(1, len(activities))
    ]
    return prefixes, rests


class MostFrequent:
    """The most frequent continuation of a beginning, or of what it ends with."""

    def fit(self, beginnings, rests):
        """Count what follows each beginning, and each end of one.

        Parameters
        ----------
        beginnings, rests : list of list of str
            Activities.
        """
        counts = defaultdict(Counter)
        for beginning, rest in zip(beginnings, rests, strict=True):
            whole = (None, *beginning)  # None: the ticket starts here
            for start in range(len(whole) + 1):
                counts[whole[start:]][tuple(rest)] += 1
        self.found_ = {end: list(c.most_common(1)[0][0]) for end, c in counts.items()}
        return self

    def predict(self, beginnings):
        """Say what followed most often the longest end of a beginning that is known."""
        said = []
        for beginning in beginnings:
            end = (None, *beginning)
            while end not in self.found_:
                end = end[1:]
            said.append(self.found_[end])
        return said


def judge(said, rests):
    """Compare what is said with what happened.

    Parameters
    ----------
    said, rests : list of list of str
        Activities.

    Returns
    -------
    figures : dict
        "next", "similarity" and "exact".
    """
    pairs = list(zip(said, rests, strict=True))
    return {
        "next": float(np.mean([one[0] == true[0] for one, true in pairs])),
        "similarity": float(np.mean([OSA.normalized_similarity(*p) for p in pairs])),
        "exact": exact_match_score(rests, said),
    }


def main():
    """Run all contenders, print a table and write JSON."""
    parser = argument_parser(__doc__, seeds=True)
    add_beams(parser)
    add_parameters(parser)
    args = parser.parse_args()
    parameters = dict(args.set)
    if args.quick:
        parameters = {"max_epochs": 5, "n_components": 32} | parameters
    (train, rests), (test, true) = (
        read_beginnings(part, args.quick) for part in ("train", "test")
    )
    print(f"{len(rests)} beginnings to learn from, {len(true)} to judge")
    activities, activities_test = (part["activity"].tolist() for part in (train, test))
    frequent = MostFrequent().fit(activities, rests)
    name = "most frequent continuation"
    said = frequent.predict(activities_test)
    results = [{"contender": name} | judge(said, true)]
    columns = [*HELPDESK_CATEGORIES, "timestamp"]
    ways = {
        "activities": (activities, activities_test),
        "all columns": (train[columns], test[columns]),
    }
    for way, (X, X_test) in ways.items():
        for seed in range(args.seeds):
            for figures, said in fit_and_say(
                f"ours, {way}", X, rests, X_test, seed, args.beam, parameters
            ):
                results.append(figures | judge(said, true))
                print(results[-1], flush=True)
    print_table(mean_rows(results, FIGURES), dict.fromkeys(["contender", *FIGURES], ""))
    write_json(
        "continuation",
        {"quick": args.quick, "parameters": parameters, "results": results},
    )


if __name__ == "__main__":
    main()
