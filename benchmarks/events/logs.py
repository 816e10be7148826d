"""Event logs: long tables cut into sequences, and what is made of them by hand."""

import numpy as np
import pandas as pd
from _data import load_table

LABORATORY = ("leucocytes", "crp", "lactic_acid")
HELPDESK_CATEGORIES = ("activity", "resource", "product", "service_level")


def to_frame(events, columns):
    """Make a frame with one row a case out of a long table, sorted by case and time.

    Parameters
    ----------
    events : DataFrame
        One row an event, with the column "case".
    columns : list of str
        What becomes a column of lists.

    Returns
    -------
    frame : DataFrame
        One row a case.
    """
    return events.groupby("case")[columns].agg(list)


def read_sepsis():
    """Read the cases of sepsis, each cut before the patient is released.

    Returns
    -------
    events : DataFrame
        Long table of the events that count, sorted by case and time.
    cases : DataFrame
        What is known of each patient beside events, and "returns": whether the patient
        came back to the emergency room.
    """
    events = load_table("events/sepsis_events.csv.gz")
    events["timestamp"] = pd.to_datetime(events["timestamp"])
    cases = load_table("events/sepsis_cases.csv.gz").set_index("case").sort_index()
    events = cut_before(events, cases["first_release"])
    outcomes = ["n_events", "release", "split", *cases.filter(like="first_")]
    returns = cases["first_return_er"] >= 0
    return events, cases.drop(columns=outcomes).assign(returns=returns)


def cut_before(events, stops):
    """Keep the events of each case before position `stops[case]`, all of them at -1."""
    position = events.groupby("case").cumcount()
    stop = events["case"].map(stops)
    return events[(stop < 0) | (position < stop)]


def aggregate(events, categories, numbers):
    """Describe each case by hand: counts, levels and times.

    Parameters
    ----------
    events : DataFrame
        Long table, sorted by case and time, with the columns "case" and "timestamp".
    categories, numbers : sequence of str
        Columns to count by value, and to take the last value of; columns to take the
        last, mean, lowest and highest value of, and the number of values.

    Returns
    -------
    frame : DataFrame
        One row a case: also its number of events, the seconds from first to last, and
        those between the last two.
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


def read_helpdesk(part):
    """Read the tickets of one part, as a frame with one row a case.

    Parameters
    ----------
    part : {"train", "test"}
        Which part.

    Returns
    -------
    frame : DataFrame
        With lists of HELPDESK_CATEGORIES and "timestamp".
    """
    events = load_table("events/helpdesk_events.csv.gz")
    events["timestamp"] = pd.to_datetime(events["timestamp"])
    part = events[events["split"] == part]
    return to_frame(part, [*HELPDESK_CATEGORIES, "timestamp"])


def cut_prefixes(frame):
    """Cut each case after its first, second, and so on up to its last event but one.

    Parameters
    ----------
    frame : DataFrame
        One row a case, with lists of equal lengths, and a column "activity".

    Returns
    -------
    prefixes : DataFrame
        One row a prefix, the columns of `frame`.
    next_activity : ndarray of shape (n_prefixes,)
        The activity that follows.
    remaining : ndarray of shape (n_prefixes,)
        How many events follow.
    """
    rows, following, remaining = [], [], []
    for case in frame.to_dict("records"):
        n_events = len(case["activity"])
        for stop in range(1, n_events):
            rows.append({name: cell[:stop] for name, cell in case.items()})
            following.append(case["activity"][stop])
            remaining.append(n_events - stop)
    return pd.DataFrame(rows), np.array(following), np.array(remaining)


def to_events(frame):
    """Make a long table of a frame of lists; the number of the row becomes "case"."""
    return frame.explode(list(frame.columns)).rename_axis("case").reset_index()


def corrected_error(differences, test_share):
    """Standard error of a mean over the folds of repeated cross-validation [1]_.

    Training parts overlap, so folds are not independent: their variance counts more.

    Parameters
    ----------
    differences : array-like of shape (n_folds,)
        Of two contenders, fold by fold.
    test_share : float
        Sequences of a test part over those of a training part.

    Returns
    -------
    error : float
        The corrected standard error.

    References
    ----------
    .. [1] Nadeau, C. and Bengio, Y. (2003). Inference for the Generalization Error.
           Machine Learning 52.
    """
    variance = np.var(differences, ddof=1)
    return float(np.sqrt(variance * (1 / len(differences) + test_share)))
