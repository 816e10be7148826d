"""The values of sequences in the user's units, feature by feature, for drawing."""

import warnings
from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.checking import parse_sequences
from sklearn_seqembed._data.messages import count


class DrawnSequences(NamedTuple):
    """Sequences as lists of arrays.

    Attributes
    ----------
    names : list of str
        Name of each feature.
    is_categorical : list of bool
        Which features are categories.
    values : list of list of ndarray of shape (n_timesteps_i,)
        For each sequence the values of each feature: float64, NaN where missing, or
        objects, None where missing. Times are in seconds since the first one.
    is_time : list of bool
        Which features are times.
    has_names : bool
        Whether the names are those of the user.
    """

    names: list
    is_categorical: list
    values: list
    is_time: list
    has_names: bool

    def select(self, indices):
        """Return some of the sequences."""
        return self._replace(values=[self.values[i] for i in indices])


def read_values(X, name="X", is_categorical=None):
    """Read sequences in any of the containers that estimators accept.

    Parameters
    ----------
    X : list, array or frame
        The sequences.
    name : str, default="X"
        Its name in messages.
    is_categorical : bool array-like, default=None
        Which features are categories. By default, strings and bools are.

    Returns
    -------
    DrawnSequences
        Copies of the values.
    """
    with warnings.catch_warnings():
        # The estimator has warned of ambiguous data.
        warnings.simplefilter("ignore")
        parsed = parse_sequences(X, name, allow_empty=True)
    if is_categorical is not None and len(is_categorical) != parsed.n_features:
        is_categorical = None  # the caller compares the features
    columns, kinds = [], []
    for block in parsed.blocks:
        for values, observed in block.iter_features():
            k = len(columns)
            categorical = block.kind in ("string", "bool", "number")
            if is_categorical is not None:
                categorical = bool(is_categorical[k])
            kinds.append(categorical)
            columns.append(_as_column(values, observed, categorical))
    names = parsed.container.feature_names
    has_names = names is not None
    if not has_names:
        names = [f"feature {k}" for k in range(len(columns))]
    rows = zip(parsed.starts.tolist(), parsed.lengths.tolist(), strict=True)
    drawn = [[_cut(c, start, n) for c in columns] for start, n in rows]
    names, is_time = (
        [str(name) for name in names],
        [c.dtype.kind == "M" for c in columns],
    )
    return DrawnSequences(names, kinds, drawn, is_time, has_names)


def _as_column(values, observed, categorical):
    """Return all values of a feature as floats, times or objects."""
    if values.dtype.kind == "M":
        return values
    if categorical:
        objects = np.empty(len(values), dtype=object)
        objects[observed] = values[observed].tolist()
        return objects
    if values.dtype.kind == "O":  # nothing is observed
        return np.full(len(values), np.nan)
    return values.astype(np.float64)


def _cut(column, start, n):
    """Return the values of one sequence; times as seconds since the first one."""
    values = column[start : start + n]
    if values.dtype.kind != "M":
        return values.copy()
    known = values[~np.isnat(values)]
    seconds = (values - known[:1].astype("M8[us]")) if len(known) else values - values
    return seconds / np.timedelta64(1, "s")


def choose_features(features, names, is_wanted, limit):
    """Return the positions of the features to draw.

    Parameters
    ----------
    features : None or array-like of int or str
        Positions or names; None chooses the first ones.
    names : list of str
        Names of all features.
    is_wanted : list of bool
        Which ones can be drawn.
    limit : int
        Maximum number to choose by default.

    Returns
    -------
    list of int
        The positions.
    """
    if features is None:
        return [k for k, wanted in enumerate(is_wanted) if wanted][:limit]
    if isinstance(features, (str, int, np.integer)):
        features = [features]
    chosen = []
    for feature in features:
        if isinstance(feature, str) and feature in names:
            feature = names.index(feature)
        is_integer = isinstance(feature, (int, np.integer))
        if not is_integer or not 0 <= feature < len(names):
            raise ValueError(
                f"features lists {feature!r}, expected names or positions of "
                f"{count(len(names), 'feature')}: {names}."
            )
        chosen.append(int(feature))
    if not chosen:
        raise ValueError("features is empty. List at least one feature, or pass None.")
    return chosen


def check_indices(indices, n_samples):
    """Return positions of sequences as a list, or raise an error.

    Parameters
    ----------
    indices : int or array-like of int
        The positions; negative ones count from the end.
    n_samples : int
        Number of sequences.

    Returns
    -------
    list of int
        The positions.
    """
    array = np.atleast_1d(np.asarray(indices))
    if array.ndim != 1 or not len(array) or array.dtype.kind not in "iu":
        raise ValueError(
            f"indices == {indices!r}, must be one or several positions in X."
        )
    for i in array.tolist():
        if not -n_samples <= i < n_samples:
            raise ValueError(
                f"indices lists {i}, but X has {count(n_samples, 'sequence')}."
            )
    return [i % n_samples for i in array.tolist()]
