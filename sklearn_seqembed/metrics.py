"""Shares of sequences, and of their tokens, that are recreated exactly."""

import numpy as np

from sklearn_seqembed._data.arrays import frame_library
from sklearn_seqembed._data.arrow import arrow_data
from sklearn_seqembed._data.frames import is_frame_of_sequences
from sklearn_seqembed._data.lists import as_array


def exact_match_score(X_true, X_pred):
    """Return the share of sequences that are recreated exactly.

    Parameters
    ----------
    X_true : list, array or frame of n_samples sequences
        What was to be recreated: strings, lists of tokens, arrays of shape
        (n_timesteps_i,) or (n_timesteps_i, n_features), or a frame whose cells are
        such. None and NaN are missing and may be anything in `X_pred`; steps at the
        end of a 3-D array that are wholly missing are padding.
    X_pred : list, array or frame of n_samples sequences
        What came back, in any of these forms.

    Returns
    -------
    score : float
        Share, from 0 to 1, of the sequences that have the same length and the same
        observed values at every time step. Numbers count as the same only where they
        are equal; of numbers an estimator's `score` says more.

    Raises
    ------
    ValueError
        If there is no sequence, or the two differ in their number, in features or in
        the names of their columns.
    TypeError
        If one of them is a single string, or holds single values.

    See Also
    --------
    token_match_score : Share of tokens.

    Examples
    --------
    >>> from sklearn_seqembed.metrics import exact_match_score
    >>> exact_match_score(["Meyer", "Ng"], ["Meyer", "Ngo"])
    0.5
    """
    tallies = _tally(X_true, X_pred)
    return float(np.mean([exact for exact, *_ in tallies]))


def token_match_score(X_true, X_pred):
    """Return the share of tokens that are recreated at their place.

    Parameters
    ----------
    X_true, X_pred : list, array or frame of n_samples sequences
        As for :func:`exact_match_score`.

    Returns
    -------
    score : float
        Share, from 0 to 1, of the observed values of `X_true`, over all sequences
        together, that stand in `X_pred` at the same time step and feature. What
        `X_pred` has beyond the end of a sequence is not counted.

    Raises
    ------
    ValueError
        If there is no observed value, or the two differ in their number of sequences,
        in features or in the names of their columns.
    TypeError
        If one of them is a single string, or holds single values.

    See Also
    --------
    exact_match_score : Share of whole sequences.

    Examples
    --------
    >>> from sklearn_seqembed.metrics import token_match_score
    >>> round(token_match_score(["Meyer", "Ng"], ["Maier", "Ngo"]), 2)
    0.71
    """
    _, n_same, n_observed = np.transpose(_tally(X_true, X_pred))
    if not n_observed.sum():
        raise ValueError("X_true has no observed value. Pass sequences that have one.")
    return float(n_same.sum() / n_observed.sum())


def _tally(X_true, X_pred):
    """Whether each sequence is exact, how many values are the same, and observed."""
    (true, names), (pred, found) = _rows(X_true, "X_true"), _rows(X_pred, "X_pred")
    if len(true) != len(pred) or not true:
        raise ValueError(
            f"X_true holds {len(true)} sequences and X_pred {len(pred)}: expected as "
            "many of both, at least one. Pass what was read and what came back for it."
        )
    both = names is not None and found is not None and len(names) == len(found)
    if both and names != found:
        raise ValueError(
            f"X_true has the columns {names} and X_pred {found}, expected the same in "
            "the same order. Select the columns of X_true from X_pred."
        )
    return [_compare(i, *pair) for i, pair in enumerate(zip(true, pred, strict=True))]


def _compare(i, true, pred):
    if len(true) != len(pred):
        raise ValueError(
            f"X_true has {len(true)} columns and X_pred {len(pred)}, expected as many "
            "of both. Pass frames of the same features."
        )
    for name, row in (("X_true", true), ("X_pred", pred)):
        if len(row) > 1 and len(set(map(len, row))) > 1:
            raise ValueError(
                f"{name} has cells of {sorted(set(map(len, row)))} time steps in row "
                f"{i}. All columns of a row must have equal lengths."
            )
    is_exact, n_same, n_observed = True, 0, 0
    for cell, found in zip(map(_values, true), map(_values, pred), strict=True):
        if len(cell) and len(found) and cell.shape[1] != found.shape[1]:
            raise ValueError(
                f"X_true[{i}] has {cell.shape[1]} features and X_pred[{i}] "
                f"{found.shape[1]}, expected as many of both."
            )
        observed = np.not_equal(cell, None).astype(bool)
        shared = min(len(cell), len(found))
        same = observed[:shared] & (cell[:shared] == found[:shared]).astype(bool)
        n_same += same.sum()
        n_observed += observed.sum()
        is_exact &= len(cell) == len(found) and same.sum() == observed.sum()
    return is_exact, n_same, n_observed


def _rows(X, name):
    """List the sequences of X, each as a list with one cell a column; name columns."""
    if isinstance(X, (str, bytes)):
        raise TypeError(
            f"{name} is a single string, expected sequences. One string is one "
            f"sequence of characters: [{name}]."
        )
    data = arrow_data(X)
    X = as_array(X) if data is None else data
    if frame_library(X) is None:
        if hasattr(X, "to_pylist"):
            X = X.to_pylist()
        _check_iterable(X, name, "sequences")
        is_padded = getattr(X, "ndim", 1) == 3
        X = [_without_padding(sequence) for sequence in X] if is_padded else list(X)
        for i, sequence in enumerate(X):
            _check_iterable(sequence, f"{name}[{i}]", "time steps")
        return [[sequence] for sequence in X], None
    names = list(X.column_names if hasattr(X, "column_names") else X.columns)
    columns = [_cells(X, i) for i in range(len(names))]
    rows = [list(row) for row in zip(*columns, strict=True)]
    if is_frame_of_sequences(X):
        for i, row in enumerate(rows):
            for column, cell in zip(names, row, strict=True):
                place = f"{name}, row {i}, column {column!r},"
                _check_iterable(cell, place, "time steps")
        return rows, names
    return [[row] for row in rows], None  # each column is a time step


def _cells(X, i):
    """List the cells of column i, whatever else has its name."""
    if hasattr(X, "iloc"):
        return X.iloc[:, i].to_list()
    return (
        X.to_series(i).to_list() if hasattr(X, "to_series") else X.column(i).to_pylist()
    )


def _check_iterable(X, name, expected):
    is_string = isinstance(X, str)  # one of numpy's has no dimensions
    if not is_string and (not hasattr(X, "__iter__") or getattr(X, "ndim", 1) == 0):
        raise TypeError(
            f"{name} is of type {type(X).__name__}, expected {expected}. Pass lists, "
            "arrays or strings, one a sequence."
        )


def _without_padding(sequence):
    """Leave out the steps at the end of a 3-D array's row that are wholly missing."""
    is_observed = ~_is_missing(sequence.astype(object)).all(axis=1)
    return sequence[: len(sequence) - is_observed[::-1].argmax()]


def _values(sequence):
    """Read one cell as objects (n_timesteps, n_features), None where missing."""
    sequence = as_array(sequence)
    steps = list(sequence)
    if not steps:
        return np.empty((0, 1), dtype=object)
    is_flat = isinstance(sequence, str) or np.ndim(steps[0]) == 0
    values = np.empty((len(steps), 1 if is_flat else len(steps[0])), dtype=object)
    if is_flat:
        values[:, 0] = steps
    else:
        values[:] = steps
    values[_is_missing(values)] = None
    return values


def _is_missing(values):
    """Tell None, and what differs from itself as NaN and NaT do."""
    flat = values.ravel().tolist()
    # pandas' NA is neither equal nor unequal to itself.
    missing = [v is None or type(v).__name__ == "NAType" or bool(v != v) for v in flat]
    return np.array(missing, dtype=bool).reshape(values.shape)
