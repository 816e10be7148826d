"""Means over seeds and sets, and their targets.

A result is a dict with "contender", "set", "seed", and figures by name or "error".
"""

import collections
import csv
import dataclasses
import heapq
import math
import pathlib
import statistics

from ..runner import judge
from .contenders import OURS, TEXTBOOK_NAME

PUBLISHED_FILE = pathlib.Path(__file__).parent / "published.csv"


def read_published():
    """Read the published figures: for each set its "kind", and figures by column."""
    published = {}
    with PUBLISHED_FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            name, kind = row.pop("set"), row.pop("kind")
            figures = {column: float(cell) for column, cell in row.items() if cell}
            published[name] = {"kind": kind} | figures
    return published


PUBLISHED = read_published()
SETS = tuple(PUBLISHED)
KINDS = ("univariate", "multivariate")


def sets_of(kind):
    """Return the names of the univariate or multivariate sets."""
    return tuple(name for name in SETS if PUBLISHED[name]["kind"] == kind)


@dataclasses.dataclass(frozen=True)
class Target:
    """A figure that the mean over `sets` must exceed or, if `reach`, reach."""

    question: str
    metric: str
    sets: tuple
    figure: float
    reach: bool = False


UNIVARIATE, MULTIVARIATE = map(sets_of, KINDS)
TARGETS = (
    Target("SVM, univariate sets: 1-NN with DTW", "svm", UNIVARIATE, 0.853),
    Target("SVM, univariate sets: T-Loss combined", "svm", UNIVARIATE, 0.903),
    Target("SVM, univariate sets: TS2Vec", "svm", UNIVARIATE, 0.917),
    Target("SVM, multivariate sets: T-Loss combined", "svm", MULTIVARIATE, 0.950),
    Target("SVM, multivariate sets: MiniRocket", "svm", MULTIVARIATE, 0.960),
    Target("SVM, JapaneseVowels: best", "svm", ("JapaneseVowels",), 0.989, reach=True),
    Target("SVM, PLAID: 1-NN with DTW", "svm", ("PLAID",), 0.840),
    Target("NMI, univariate sets: k-means with DTW", "nmi", UNIVARIATE, 0.473),
)
RATIO_TARGET = 0.5
WORST_RATIO_TARGET = 1.0
MINUTES_TARGET = 12

# An unexplained fraction below this is rounding: PCA may keep all values of a set.
NOTHING = 1e-9


def mean_over_seeds(results):
    """Average figures over seeds.

    Returns
    -------
    means : dict of str to dict of str to dict of str to float
        By contender, set and name of the figure. Failed results are left out.
    """
    return _by_set(results, statistics.mean)


def spread_over_seeds(results):
    """Return standard deviations over seeds, None for a single seed."""
    return _by_set(results, lambda v: statistics.stdev(v) if len(v) > 1 else None)


def _by_set(results, summarize):
    collected = collections.defaultdict(list)
    for result in results:
        for metric, value in result.items():
            if metric != "seed" and isinstance(value, (int, float)):
                collected[result["contender"], result["set"], metric].append(value)
    summary = {}
    for (contender, name, metric), values in collected.items():
        figures = summary.setdefault(contender, {}).setdefault(name, {})
        figures[metric] = summarize(values)
    return summary


def means_by_seed(results, contender, metric, sets):
    """Return the mean over sets of one figure for each seed.

    Seeds that lack a set which another seed has are left out.
    """
    found = collections.defaultdict(dict)
    for each in results:
        if each["contender"] == contender and each["set"] in sets and metric in each:
            found[each["seed"]][each["set"]] = each[metric]
    n_sets = max((len(values) for values in found.values()), default=0)
    return [
        statistics.mean(found[seed].values())
        for seed in sorted(found)
        if len(found[seed]) == n_sets and None not in found[seed].values()
    ]


def column(figures, metric, sets=SETS):
    """Return one figure by set, without the sets that lack it."""
    found = {name: figures.get(name, {}).get(metric) for name in sets}
    return {name: value for name, value in found.items() if value is not None}


def unexplained_ratios(means, contender, other=TEXTBOOK_NAME):
    """Return the unexplained fraction of a contender relative to that of another.

    Returns
    -------
    ratios : dict of str to float
        By set, if both can decode and leave something unexplained; below 1 the
        contender explains more.
    """
    ours, theirs = (_unexplained(means.get(name, {})) for name in (contender, other))
    return {name: ours[name] / theirs[name] for name in ours if name in theirs}


def _unexplained(figures):
    fractions = column(figures, "explained")
    return {name: 1 - f for name, f in fractions.items() if 1 - f > NOTHING}


def makespan(seconds, n_workers):
    """Return how long `n_workers` take if the longest jobs start first."""
    busy = [0.0] * n_workers
    for duration in sorted(seconds, reverse=True):
        heapq.heapreplace(busy, busy[0] + duration)
    return max(busy)


def judge_targets(means, n_workers):
    """Compare our figures with all targets; incomplete sets are not judged."""
    ours = means.get(OURS, {})
    ratios = unexplained_ratios(means, OURS)
    seconds = column(ours, "fit_seconds")
    verdicts = []
    for target in TARGETS:
        values = column(ours, target.metric, target.sets)
        figure = statistics.mean(values.values()) if values else math.nan
        met = figure >= target.figure if target.reach else figure > target.figure
        bound = f"{'at least' if target.reach else 'above'} {target.figure:g}"
        n_sets = len(target.sets)
        verdicts.append(_judge(target.question, bound, figure, met, values, n_sets))
    ratio = f"unexplained fraction, {OURS} / {TEXTBOOK_NAME}"
    time = f"minutes of all fits with {n_workers} workers, longest first"
    for question, values, summarize, most in (
        (f"{ratio}: geometric mean", ratios, statistics.geometric_mean, RATIO_TARGET),
        (f"{ratio}: worst set", ratios, max, WORST_RATIO_TARGET),
        (time, seconds, lambda v: makespan(v, n_workers) / 60, MINUTES_TARGET),
    ):
        figure = summarize(values.values()) if values else math.nan
        bound, met = f"at most {most:g}", figure <= most
        verdicts.append(_judge(question, bound, figure, met, values, len(SETS)))
    return verdicts


def _judge(question, bound, figure, met, values, n_sets):
    if len(values) == n_sets:
        return judge(f"quality: {question}", bound, f"{figure:.3f}", met)
    result = f"{figure:.3f}, {len(values)} of {n_sets} sets"
    return judge(f"quality: {question}", bound, result, None)
