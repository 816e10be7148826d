"""Figures about sequences: lengths, gaps, ranges, categories and times."""

import numpy as np

from sklearn_seqembed._data.arrays import ArrayContainer
from sklearn_seqembed._data.arrow import ArrowContainer
from sklearn_seqembed._data.frames import FrameContainer
from sklearn_seqembed._data.lists import ListContainer
from sklearn_seqembed._data.tables import NumberFrameContainer

KIND_NAMES = {
    "numeric": "number",
    "number": "category (number)",
    "string": "category",
    "bool": "bool",
    "datetime": "time",
}

ITEM_NAMES = {
    "2d": "2-D arrays",
    "1d": "1-D arrays",
    "string": "strings",
    "list": "lists of values",
    "tuples": "lists of tuples",
    "lists": "lists of lists",
    "dict": "dicts of lists",
    "records": "lists of dicts",
    "pandas": "pandas DataFrames",
    "polars": "polars DataFrames",
    "pyarrow": "pyarrow Tables",
}
# Integers may be codes of categories if they have so many different values, which occur
# so often on average.
CODES = range(3, 201)
MIN_OCCURRENCES = 3

OUTER_NAMES = {"list": "list", "array": "1-D object array", "series": "pandas Series"}
FRAME_NAMES = {
    "pandas": "pandas DataFrame",
    "polars": "polars DataFrame",
    "pyarrow": "pyarrow Table",
}


def describe_container(container):
    """Tell in which container sequences were passed, and what its axes are.

    Parameters
    ----------
    container : Container
        The container.
    """
    if isinstance(container, ListContainer):
        item = ITEM_NAMES[container.item]
        return f"{OUTER_NAMES[container.outer]} of {item}"
    if isinstance(container, ArrayContainer):
        return "3-D array (sequences, time steps, features)"
    if isinstance(container, FrameContainer):
        frame = FRAME_NAMES[container.library]
        return f"{frame} (rows are sequences, columns are features)"
    if isinstance(container, ArrowContainer):
        library = container.library
        return f"{library} {'Array' if library == 'pyarrow' else 'Series'} of lists"
    table = "2-D array"
    if isinstance(container, NumberFrameContainer):
        table = FRAME_NAMES[container.library]
    return f"{table} (rows are sequences, columns are time steps)"


def summarize_lengths(sequences):
    """Return the range and the quartiles of lengths, as plain numbers.

    Parameters
    ----------
    sequences : Sequences
        The sequences.

    Returns
    -------
    dict of str to number
        The keys are "min", "25%", "median", "75%" and "max".
    """
    names = "min", "25%", "median", "75%", "max"
    quantiles = np.quantile(sequences.lengths, [0, 0.25, 0.5, 0.75, 1])
    quantiles[[0, -1]] = sequences.shortest, sequences.longest
    return {
        name: int(value) if value == int(value) else float(value)
        for name, value in zip(names, quantiles, strict=True)
    }


def summarize_features(sequences, kinds, names=None, texts=(), origins=()):
    """Return name, kind, gaps and range of each feature.

    Parameters
    ----------
    sequences : Sequences
        The sequences.
    kinds : tuple of str
        Kind of each feature, as in :class:`Schema`.
    names : sequence, default=None
        Names of the features, if they have any.
    texts : tuple of {"characters", "tokens", None}, default=()
        For each feature, whether strings are sequences of characters or are tokens.
    origins : tuple of ndarray of shape (n_samples,), default=()
        For each feature of times, the first time of each sequence.

    Returns
    -------
    list of dict
        For each feature "name", "kind", "n_missing" and "missing_fraction"; "min",
        "mean" and "max" of numbers, and "n_integers", the number of different values if
        all are integers and they are few; "first", "last" and "typical_step", in
        seconds, of times.
    """
    n_steps = sequences.n_steps
    numbers = _summarize_numbers(sequences)
    categorical, origins, column, features = 0, iter(origins), 0, []
    for position, kind in enumerate(kinds):
        feature = {
            "name": position if names is None else str(names[position]),
            "kind": KIND_NAMES[kind],
        }
        if texts and texts[position] == "characters":
            feature["kind"] = "character"
        found = {}
        if kind == "numeric":
            found = numbers[column]
            column += 1
        elif kind == "datetime":
            found = {"n_missing": numbers[column]["n_missing"]}
            found |= _summarize_times(sequences, column, next(origins, None))
            column += 2
        else:
            missing = sequences.codes_of(categorical) < 0
            found = {"n_missing": int(missing.sum())}
            categorical += 1
        feature["n_missing"] = found.pop("n_missing")
        feature["missing_fraction"] = feature["n_missing"] / n_steps
        features.append(feature | found)
    return features


def _summarize_numbers(sequences):
    """Return gaps, range and mean of each numeric column."""
    width = sequences.n_numeric
    n_missing, total = np.zeros(width, int), np.zeros(width)
    lowest, highest = np.full(width, np.inf), np.full(width, -np.inf)
    integers = [set() for _ in range(width)]
    for chunk in sequences.iter_chunks() if width else ():
        missing = np.isnan(chunk)
        n_missing += missing.sum(axis=0)
        total += np.where(missing, 0, chunk).sum(axis=0, dtype=np.float64)
        lowest = np.fmin(lowest, np.where(missing, np.inf, chunk).min(axis=0))
        highest = np.fmax(highest, np.where(missing, -np.inf, chunk).max(axis=0))
        integers = [
            None if found is None else _add_integers(found, column)
            for found, column in zip(integers, chunk.T, strict=True)
        ]
    n_observed = sequences.n_steps - n_missing
    return [
        {"n_missing": int(gaps)}
        | (
            {"min": float(low), "mean": float(sum_ / n), "max": float(high)}
            if n
            else {"min": None, "mean": None, "max": None}
        )
        | ({"n_integers": len(found)} if _may_be_codes(found, n) else {})
        for gaps, n, low, sum_, high, found in zip(
            n_missing, n_observed, lowest, total, highest, integers, strict=True
        )
    ]


def _may_be_codes(integers, n_observed):
    return (
        integers is not None
        and len(integers) in CODES
        and n_observed >= MIN_OCCURRENCES * len(integers)
    )


def _add_integers(found, column):
    """Add the values of a column to a set, None unless they are a few integers."""
    column = column[~np.isnan(column)]
    if not (column == np.round(column)).all():
        return None
    found = found | set(np.unique(column).tolist())
    return found if len(found) < CODES.stop else None


def _summarize_times(sequences, column, origins):
    """Return the first and the last time, and the median time between steps."""
    since_previous, since_first = [], []
    for chunk in sequences.iter_chunks():
        since_previous.append(np.expm1(chunk[:, column]))
        since_first.append(np.expm1(chunk[:, column + 1]))
    since_first = np.concatenate(since_first)
    is_later = since_first > 0
    steps = np.concatenate(since_previous)[is_later]
    found = {
        "first": None,
        "last": None,
        "typical_step": float(np.round(np.median(steps), 6)) if len(steps) else None,
    }
    if origins is None or np.isnat(origins).all():
        return found
    first = origins[~np.isnat(origins)].min()
    seconds = np.nan_to_num(since_first)
    offsets = np.cumsum(sequences.lengths) - sequences.lengths
    spans = np.maximum.reduceat(seconds, offsets)
    ends = origins + np.round(spans).astype("m8[s]")
    last = ends[~np.isnat(ends)].max()
    return found | {
        "first": str(first.astype("M8[s]")).replace("T", " "),
        "last": str(last.astype("M8[s]")).replace("T", " "),
    }
