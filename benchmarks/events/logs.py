"""Event logs: long tables cut into sequences, and manual aggregates of them."""

import numpy as np
import pandas as pd

from ..datasets import load_table

LABORATORY = ("leucocytes", "crp", "lactic_acid")
HELPDESK_CATEGORIES = ("activity", "resource", "product", "service_level")


def to_frame(events, columns):
    """Return a frame of one row per case, with a list in each cell.

    `events` is a long table sorted by case and time, with the column "case".
    """
    return events.groupby("case")[columns].agg(list)


def to_events(frame):
    """Return the long table of a frame of lists; the row number becomes "case"."""
    return frame.explode(list(frame.columns)).rename_axis("case").reset_index()


def read_sepsis():
    """Read the sepsis cases, each cut before the patient is released.

    Returns
    -------
    events : DataFrame
        Long table, sorted by case and time.
    cases : DataFrame
        Static columns of each patient, and "returns": whether the patient came back to
        the emergency room.
    """
    events = load_table("events/sepsis_events.csv.gz")
    events["timestamp"] = pd.to_datetime(events["timestamp"])
    cases = load_table("events/sepsis_cases.csv.gz").set_index("case").sort_index()
    events = cut_before(events, cases["first_release"])
    outcomes = ["n_events", "release", "split", *cases.filter(like="first_")]
    returns = cases["first_return_er"] >= 0
    return events, cases.drop(columns=outcomes).assign(returns=returns)


def cut_before(events, stops):
    """Keep the events before position `stops[case]` of each case, all if it is -1."""
    position = events.groupby("case").cumcount()
    stop = events["case"].map(stops)
    return events[(stop < 0) | (position < stop)]


def aggregate(events, categories, numbers):
    """Aggregate each case by counts, values and times.

    Parameters
    ----------
    events : DataFrame
        Long table, sorted by case and time, with the columns "case" and "timestamp".
    categories : sequence of str
        Columns of which to count each category, and to take the last one.
    numbers : sequence of str
        Columns of which to take last, mean, lowest and highest value, and the number of
        values.

    Returns
    -------
    frame : DataFrame
        One row per case, also with the number of events, the seconds from first to
        last, and the seconds between the last two.
    """
    groups = events.groupby("case")
    parts = []
    for name in categories:
        parts.append(pd.crosstab(events["case"], events[name]).add_prefix(f"{name} "))
        parts.append(pd.get_dummies(groups[name].last()).add_prefix(f"last {name} "))
    parts += [
        groups[name].agg(["last", "mean", "min", "max", "count"]).add_prefix(f"{name} ")
        for name in numbers
    ]
    times = groups["timestamp"]
    elapsed = (times.max() - times.min()).dt.total_seconds()
    gap = times.diff().dt.total_seconds().groupby(events["case"]).last()
    parts.append(
        pd.DataFrame({"n_events": groups.size(), "total": elapsed, "gap": gap})
    )
    return pd.concat(parts, axis=1)


def read_prefixes(part, quick=False):
    """Read the helpdesk tickets of one part, cut as by :func:`cut_prefixes`."""
    events = load_table("events/helpdesk_events.csv.gz")
    events["timestamp"] = pd.to_datetime(events["timestamp"])
    events = events[events["split"] == part]
    frame = to_frame(events, [*HELPDESK_CATEGORIES, "timestamp"])
    return cut_prefixes(frame.iloc[:: 20 if quick else 1])


def cut_prefixes(frame):
    """Cut each case after each of its events but the last.

    Parameters
    ----------
    frame : DataFrame
        One row per case, with lists of equal lengths and a column "activity".

    Returns
    -------
    prefixes : DataFrame
        One row per prefix, with the columns of `frame`.
    continuations : list of list of str
        The activities that follow each prefix, up to the end of its case.
    """
    prefixes, continuations = [], []
    for case in frame.to_dict("records"):
        activities = case["activity"]
        for stop in range(1, len(activities)):
            prefixes.append({name: cell[:stop] for name, cell in case.items()})
            continuations.append(activities[stop:])
    return pd.DataFrame(prefixes), continuations


def corrected_error(differences, test_fraction):
    """Return the standard error of a mean over folds of cross-validation [1]_.

    Training parts overlap, so folds are not independent and their variance must be
    corrected.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        Differences of two contenders, fold by fold.
    test_fraction : float
        Size of a test part relative to a training part.

    Returns
    -------
    error : float
        Corrected standard error.

    References
    ----------
    .. [1] Nadeau, C. and Bengio, Y. (2003). Inference for the Generalization Error.
           Machine Learning 52.
    """
    variance = np.var(differences, ddof=1)
    return float(np.sqrt(variance * (1 / len(differences) + test_fraction)))
