"""Means over seeds and sets, and their targets.

A result is a dict with "contender", "set", "seed", and figures by name or "error".
"""

import heapq
import math
import operator
import pathlib
import statistics

import pandas as pd

from ..runner import judge
from .contenders import OURS, TEXTBOOK_NAME, UNTRAINED

# Published figures: for each set its "kind", and figures by column.
PUBLISHED = pd.read_csv(pathlib.Path(__file__).parent / "published.csv", index_col=0)
SETS = tuple(PUBLISHED.index)
KINDS = ("univariate", "multivariate")


def sets_of(kind):
    """Return the names of the univariate or multivariate sets."""
    return tuple(PUBLISHED.index[PUBLISHED["kind"] == kind])


UNIVARIATE, MULTIVARIATE = map(sets_of, KINDS)
# Univariate sets with 20 to 36 training sequences.
FEW = ("FaceFour", "SonyAIBORobotSurface1", "Coffee", "CBF", "ArrowHead")
COMPARISONS = {"at least": operator.ge, "above": operator.gt, "at most": operator.le}

# Question, figure and sets of a mean, how it compares, and with what.
TARGETS = (
    ("SVM, univariate sets: 1-NN with DTW", "svm", UNIVARIATE, "above", 0.853),
    ("SVM, univariate sets: T-Loss combined", "svm", UNIVARIATE, "above", 0.903),
    ("SVM, univariate sets: TS2Vec", "svm", UNIVARIATE, "above", 0.917),
    ("SVM, multivariate sets: T-Loss combined", "svm", MULTIVARIATE, "above", 0.950),
    ("SVM, multivariate sets: MiniRocket", "svm", MULTIVARIATE, "above", 0.960),
    ("SVM, univariate sets", "svm", UNIVARIATE, "at least", 0.945),
    ("SVM, multivariate sets", "svm", MULTIVARIATE, "at least", 0.970),
    ("SVM, width chosen, univariate sets", "svm_width", UNIVARIATE, "at least", 0.945),
    ("the same, multivariate sets", "svm_width", MULTIVARIATE, "at least", 0.970),
    ("ridge, univariate sets", "ridge", UNIVARIATE, "at least", 0.945),
    ("ridge, multivariate sets", "ridge", MULTIVARIATE, "at least", 0.970),
    ("SVM, JapaneseVowels: best", "svm", ("JapaneseVowels",), "at least", 0.989),
    ("SVM, PLAID: 1-NN with DTW", "svm", ("PLAID",), "above", 0.840),
    ("SVM, PLAID", "svm", ("PLAID",), "at least", 0.900),
    ("SVM, NATOPS: T-Loss combined", "svm", ("NATOPS",), "at least", 0.944),
    ("SVM, fewer than 40 sequences: MiniRocket, ridge", "svm", FEW, "at least", 0.947),
    ("ridge, fewer than 40 sequences: the same", "ridge", FEW, "at least", 0.947),
    ("NMI, univariate sets: k-means with DTW", "nmi", UNIVARIATE, "above", 0.473),
    ("NMI, univariate sets", "nmi", UNIVARIATE, "at least", 0.515),
)
RATIO_TARGET = 0.5
WORST_RATIO_TARGET = 1.0
MINUTES_TARGET = 2.8  # a third of the time of the first version

# An unexplained fraction below this is rounding: PCA may keep all values of a set.
NOTHING = 1e-9


def mean_over_seeds(results):
    """Average figures over seeds.

    Returns
    -------
    means : dict of str to DataFrame
        By contender: one row per set, one column per figure. Failed results are left
        out.
    """
    return {name: group.mean() for name, group in _group_by_set(results)}


def spread_over_seeds(results):
    """Return standard deviations over seeds, NaN for a single seed."""
    return {name: group.std() for name, group in _group_by_set(results)}


def _group_by_set(results):
    if not results:  # no contender fits the chosen sets
        return
    for name, frame in pd.DataFrame(results).groupby("contender", sort=False):
        figures = frame.drop(columns="seed").select_dtypes("number")
        yield name, figures.groupby(frame["set"])


def means_by_seed(results, contender, metric, sets):
    """Return the mean over sets of one figure for each seed.

    Seeds that lack a set which another seed has are left out.
    """
    frame = pd.DataFrame(results, columns=["contender", "set", "seed", metric])
    chosen = frame[(frame["contender"] == contender) & frame["set"].isin(sets)]
    by_seed = chosen.pivot(index="set", columns="seed", values=metric)
    complete = by_seed.dropna(how="all").dropna(axis="columns")
    return complete.mean().dropna().tolist()


def column(figures, metric, sets=SETS):
    """Return one figure by set, without the sets that lack it."""
    return figures.reindex(index=sets, columns=[metric])[metric].dropna().to_dict()


def unexplained_ratios(means, contender, other=TEXTBOOK_NAME):
    """Return the unexplained fraction of a contender relative to that of another.

    Returns
    -------
    ratios : dict of str to float
        By set, if both can decode and the other leaves something unexplained; below 1
        the contender explains more.
    """
    ours, theirs = (_unexplained(means, name) for name in (contender, other))
    return {
        name: max(ours[name], NOTHING) / theirs[name]
        for name in ours
        if theirs.get(name, 0) > NOTHING
    }


def _unexplained(means, contender):
    fractions = column(means.get(contender, pd.DataFrame()), "explained")
    return {name: 1 - f for name, f in fractions.items()}


def training_gains(means, metric):
    """Return by how much training raises a figure, by set."""
    trained, untrained = (
        column(means.get(name, pd.DataFrame()), metric) for name in (OURS, UNTRAINED)
    )
    return {
        name: trained[name] - untrained[name] for name in trained if name in untrained
    }


def makespan(seconds, n_workers):
    """Return how long `n_workers` take if the longest jobs start first."""
    busy = [0.0] * n_workers
    for duration in sorted(seconds, reverse=True):
        heapq.heapreplace(busy, busy[0] + duration)
    return max(busy)


def judge_targets(means, n_workers):
    """Compare our figures with all targets; incomplete sets are not judged."""
    ours = means.get(OURS, pd.DataFrame())
    ratios = unexplained_ratios(means, OURS)
    ratio = f"unexplained fraction, {OURS} / {TEXTBOOK_NAME}"
    time = f"minutes of all fits with {n_workers} workers, longest first"

    def minutes(seconds):
        return makespan(seconds, n_workers) / 60

    # Question, values by set, number of sets, figure, and target.
    rows = [
        (question, column(ours, metric, sets), len(sets), statistics.mean, *target)
        for question, metric, sets, *target in TARGETS
    ]
    n, mean = len(SETS), statistics.geometric_mean
    rows += [
        (f"{ratio}: geometric mean", ratios, n, mean, "at most", RATIO_TARGET),
        (f"{ratio}: worst set", ratios, n, max, "at most", WORST_RATIO_TARGET),
        (time, column(ours, "fit_seconds"), n, minutes, "at most", MINUTES_TARGET),
    ]
    verdicts = []
    for question, values, n_sets, summarize, comparison, bound in rows:
        figure = summarize(values.values()) if values else math.nan
        result, met = f"{figure:.3f}", COMPARISONS[comparison](figure, bound)
        if len(values) < n_sets:
            result, met = f"{result}, {len(values)} of {n_sets} sets", None
        target = f"{comparison} {bound:g}"
        verdicts.append(judge(f"quality: {question}", target, result, met))
    return verdicts
