"""From single results to means over seeds and sets, and to bars.

A result is a dict with "contender", "set", "seed" and figures by name, or "error". All
here is arithmetic: nothing is embedded or judged.
"""

import collections
import csv
import dataclasses
import heapq
import math
import pathlib
import statistics

from _quality.contenders import OURS, TEXTBOOK_NAME

PUBLISHED_FILE = pathlib.Path(__file__).parent.parent / "published.csv"


def read_published():
    """Read the published figures.

    Returns
    -------
    published : dict of str to dict
        For each set its "kind", and what is published by column.
    """
    with PUBLISHED_FILE.open(encoding="utf-8", newline="") as lines:
        return {row.pop("set"): _as_figures(row) for row in csv.DictReader(lines)}


def _as_figures(row):
    kind = row.pop("kind")
    return {"kind": kind} | {name: float(cell) for name, cell in row.items() if cell}


PUBLISHED = read_published()
SETS = tuple(PUBLISHED)


def sets_of(kind):
    """Return the names of the sets of a kind, "univariate" or "multivariate"."""
    return tuple(name for name in SETS if PUBLISHED[name]["kind"] == kind)


@dataclasses.dataclass(frozen=True)
class Bar:
    """A figure that the mean over some sets must pass.

    Parameters
    ----------
    what : str
        What is compared, and with whose figure.
    metric : str
        Name of the figure in the results; more is better.
    sets : tuple of str
        All of them are needed.
    bar : float
        The figure to pass.
    reach : bool, default=False
        Whether it is enough to reach it.
    """

    what: str
    metric: str
    sets: tuple
    bar: float
    reach: bool = False


BARS = (
    Bar("SVM, univariate, 1-NN with DTW", "svm", sets_of("univariate"), 0.853),
    Bar("SVM, univariate, T-Loss combined", "svm", sets_of("univariate"), 0.903),
    Bar("SVM, univariate, TS2Vec", "svm", sets_of("univariate"), 0.917),
    Bar("SVM, multivariate, T-Loss combined", "svm", sets_of("multivariate"), 0.950),
    Bar("SVM, multivariate, MiniRocket", "svm", sets_of("multivariate"), 0.960),
    Bar("SVM, JapaneseVowels, best", "svm", ("JapaneseVowels",), 0.989, reach=True),
    Bar("SVM, PLAID, 1-NN with DTW", "svm", ("PLAID",), 0.840),
    Bar("NMI, univariate, k-means with DTW", "nmi", sets_of("univariate"), 0.473),
)
RATIO_BAR = 0.5  # of the geometric mean over all sets
WORST_RATIO_BAR = 1.0
MINUTES_BAR = 12

# An unexplained share below this is rounding: PCA may keep all values of a set.
NOTHING = 1e-9


def mean_over_seeds(results):
    """Average the figures of each contender on each set.

    Parameters
    ----------
    results : list of dict
        Single results; failed ones are left out.

    Returns
    -------
    means : dict of str to dict of str to dict of str to float
        By contender, set and name of the figure.
    """
    return _by_set(results, statistics.mean)


def spread_over_seeds(results):
    """Return the standard deviations that go with :func:`mean_over_seeds`.

    Parameters
    ----------
    results : list of dict
        Single results.

    Returns
    -------
    spreads : dict of str to dict of str to dict of str to float or None
        None where there is one seed.
    """
    return _by_set(results, _deviation)


def _deviation(values):
    return statistics.stdev(values) if len(values) > 1 else None


def _by_set(results, summarise):
    collected = collections.defaultdict(list)
    for result in results:
        for metric, value in result.items():
            if metric != "seed" and isinstance(value, (int, float)):
                collected[result["contender"], result["set"], metric].append(value)
    summary = {}
    for (contender, name, metric), values in collected.items():
        figures = summary.setdefault(contender, {}).setdefault(name, {})
        figures[metric] = summarise(values)
    return summary


def means_by_seed(results, contender, metric, sets):
    """Return the mean over sets of one figure for each seed.

    Parameters
    ----------
    results : list of dict
        Single results.
    contender, metric : str
        Whose figure, and which.
    sets : tuple of str
        The sets. A seed that lacks one of those that another has is left out.

    Returns
    -------
    means : list of float
        In order of the seeds.
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
    """Return one figure of each set that has it.

    Parameters
    ----------
    figures : dict of str to dict
        Figures by set and name: of a contender, or `PUBLISHED`.
    metric : str
        Name of the figure.
    sets : tuple of str, default=SETS
        The sets.

    Returns
    -------
    values : dict of str to float
        By set.
    """
    found = {name: figures.get(name, {}).get(metric) for name in sets}
    return {name: value for name, value in found.items() if value is not None}


def unexplained_ratios(means, contender, other=TEXTBOOK_NAME):
    """Return how much of what another leaves unexplained a contender leaves so.

    Parameters
    ----------
    means : dict
        Of :func:`mean_over_seeds`.
    contender, other : str
        Names of both.

    Returns
    -------
    ratios : dict of str to float
        By set, where both play back and leave something; below 1 the contender
        explains more.
    """
    ours, theirs = (_unexplained(means.get(name, {})) for name in (contender, other))
    return {name: ours[name] / theirs[name] for name in ours if name in theirs}


def _unexplained(figures):
    shares = column(figures, "explained")
    return {name: 1 - share for name, share in shares.items() if 1 - share > NOTHING}


def makespan(seconds, n_workers):
    """Return how long some workers would take, each job given out longest first.

    Parameters
    ----------
    seconds : iterable of float
        Durations of the jobs.
    n_workers : int
        Number of workers.

    Returns
    -------
    seconds : float
        Until the last is done.
    """
    busy = [0.0] * n_workers
    for duration in sorted(seconds, reverse=True):
        heapq.heapreplace(busy, busy[0] + duration)
    return max(busy)


def judge_bars(means, n_workers):
    """Tell which bars ours meets.

    Parameters
    ----------
    means : dict
        Of :func:`mean_over_seeds`.
    n_workers : int
        Workers that all fits together are shared out to.

    Returns
    -------
    verdicts : list of dict
        For each bar "what", "bar", "n" of "n_sets" sets, "figure" over them, and "met",
        None where sets are missing.
    """
    ours = means.get(OURS, {})
    ratios = unexplained_ratios(means, OURS)
    return [
        *(_judge_mean(column(ours, bar.metric, bar.sets), bar) for bar in BARS),
        _judge_most(
            f"unexplained share, {OURS} / {TEXTBOOK_NAME}, geometric mean",
            ratios,
            statistics.geometric_mean,
            RATIO_BAR,
        ),
        _judge_most(
            f"unexplained share, {OURS} / {TEXTBOOK_NAME}, worst set",
            ratios,
            max,
            WORST_RATIO_BAR,
        ),
        _judge_most(
            f"minutes of all fits, {n_workers} workers, worked out longest first",
            column(ours, "fit_seconds"),
            lambda seconds: makespan(seconds, n_workers) / 60,
            MINUTES_BAR,
        ),
    ]


def _judge_mean(values, bar):
    figure = statistics.mean(values.values()) if values else math.nan
    passed = figure >= bar.bar if bar.reach else figure > bar.bar
    verb = "at least" if bar.reach else "above"
    return _verdict(bar.what, verb, bar.bar, figure, passed, values, len(bar.sets))


def _judge_most(what, values, summarise, bar):
    figure = summarise(values.values()) if values else math.nan
    return _verdict(what, "at most", bar, figure, figure <= bar, values, len(SETS))


def _verdict(what, verb, bar, figure, passed, values, n_sets):
    return {
        "what": what,
        "bar": bar,
        "verb": verb,
        "figure": figure if values else None,
        "n": len(values),
        "n_sets": n_sets,
        "met": passed if len(values) == n_sets else None,
    }
