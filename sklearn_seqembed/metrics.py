"""Fractions of sequences, and of their tokens, that are reconstructed exactly."""

import numpy as np

from sklearn_seqembed._data.checking import match_features, parse_sequences
from sklearn_seqembed._data.foreign import convert_foreign
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.targets import as_labels, is_single_value
from sklearn_seqembed._data.texts import list_forms, refuse_other_forms

__all__ = ["exact_match_score", "token_match_score"]


def exact_match_score(X_true, X_pred):
    """Return the fraction of sequences that are reconstructed exactly.

    Parameters
    ----------
    X_true : list, array or frame of n_samples sequences
        The true sequences: strings, lists of tokens, arrays of shape (n_timesteps_i,)
        or (n_timesteps_i, n_features), or a frame with one of these in each cell. None
        and NaN are missing, and `X_pred` may have any value there. Trailing time steps
        of a 3-D array are padding if all of their values are missing. If one of them is
        a categorical column, both hold labels, each of which is one token.
    X_pred : list, array or frame of n_samples sequences
        The reconstructed sequences, in any of these forms. They may be empty.

    Returns
    -------
    score : float
        Fraction, in [0, 1], of the sequences that have the same length and the same
        observed values at every time step. Numbers are the same only if they are equal;
        the `score` of an estimator is more informative for them.

    Raises
    ------
    ValueError
        If there is no sequence, or `X_true` and `X_pred` differ in their number of
        sequences, their features or the names of their columns.
    TypeError
        If one of them is a single string, holds single values, or mixes strings and
        numbers in one feature.

    See Also
    --------
    token_match_score : Fraction of tokens.

    Examples
    --------
    >>> from sklearn_seqembed.metrics import exact_match_score
    >>> exact_match_score(["Meyer", "Ng"], ["Meyer", "Ngo"])
    0.5
    """
    is_exact, _, _ = _count_matches(X_true, X_pred)
    return float(np.mean(is_exact))


def token_match_score(X_true, X_pred):
    """Return the fraction of tokens that are reconstructed at the right time step.

    Parameters
    ----------
    X_true, X_pred : list, array or frame of n_samples sequences
        As for :func:`exact_match_score`.

    Returns
    -------
    score : float
        Fraction, in [0, 1], of the observed values of `X_true`, over all sequences,
        that `X_pred` has at the same time step and feature. Time steps of `X_pred`
        after the end of the true sequence are not counted.

    Raises
    ------
    ValueError
        If there is no observed value, or `X_true` and `X_pred` differ in their number
        of sequences, their features or the names of their columns.
    TypeError
        If one of them is a single string, holds single values, or mixes strings and
        numbers in one feature.

    See Also
    --------
    exact_match_score : Fraction of whole sequences.

    Examples
    --------
    >>> from sklearn_seqembed.metrics import token_match_score
    >>> round(token_match_score(["Meyer", "Ng"], ["Maier", "Ngo"]), 2)
    0.71
    """
    _, n_same, n_observed = _count_matches(X_true, X_pred)
    if not n_observed.sum():
        raise ValueError(
            "X_true has no observed value. Pass sequences with observed values."
        )
    return float(n_same.sum() / n_observed.sum())


def _count_matches(X_true, X_pred):
    """Compare sequences at each time step and feature that both have.

    Returns
    -------
    is_exact : bool ndarray of shape (n_samples,)
        Whether length and observed values are the same.
    n_same, n_observed : ndarray of shape (n_samples,)
        Number of observed values of `X_true` that are the same in `X_pred`, and number
        of all observed values of `X_true`.
    """
    converted = convert_foreign(X_true, "X_true"), convert_foreign(X_pred, "X_pred")
    if any(as_labels(X) is not None for X in converted):
        X_true, X_pred = map(_list_labels, converted)
    true = parse_sequences(X_true, "X_true", allow_empty=True)
    dims = true.container.dims
    pred = parse_sequences(X_pred, "X_pred", allow_empty=True, dims=dims)
    pred = match_features(pred, true.container.item_names, "X_true")
    _check_comparable(true, pred)
    refuse_other_forms(pred, list_forms(true), "X_true")
    n_samples = len(true.lengths)
    shared = np.minimum(true.lengths, pred.lengths)
    true_rows, pred_rows = _list_rows(true, shared), _list_rows(pred, shared)
    owners = np.repeat(np.arange(n_samples), shared)
    all_rows = _list_rows(true, true.lengths)
    all_owners = np.repeat(np.arange(n_samples), true.lengths)
    n_same, n_observed = np.zeros(n_samples), np.zeros(n_samples)
    for (values, observed, kind), (found, _, found_kind) in zip(
        _list_features(true), _list_features(pred), strict=True
    ):
        n_observed += np.bincount(all_owners, observed[all_rows], n_samples)
        if kind == found_kind:  # a string never equals a number
            same = observed[true_rows] & (values[true_rows] == found[pred_rows])
            n_same += np.bincount(owners, same, n_samples)
    is_exact = (true.lengths == pred.lengths) & (n_same == n_observed)
    return is_exact, n_same, n_observed


def _list_labels(X):
    """Make a sequence of one token of each label in a column, an array or a list."""
    labels = as_labels(X)
    if labels is None:
        is_column = isinstance(X, (list, tuple, np.ndarray)) or hasattr(X, "to_list")
        if not is_column or getattr(X, "ndim", 1) != 1:
            return X
        labels = list(X)
    return [[x] if is_single_value(x) else x for x in labels]


def _check_comparable(true, pred):
    """Raise an error if the numbers of sequences or features, or columns, differ."""
    if len(true.lengths) != len(pred.lengths):
        raise ValueError(
            f"X_true holds {count(len(true.lengths), 'sequence')} and X_pred "
            f"{len(pred.lengths)}, expected the same number. Pass the sequences that "
            "were encoded, and the reconstruction of each of them."
        )
    if true.n_features != pred.n_features:
        raise ValueError(
            f"X_true has {count(true.n_features, 'feature')} and X_pred "
            f"{pred.n_features}, expected the same number. Pass "
            "sequences of the same features."
        )
    names, found = true.container.feature_names, pred.container.feature_names
    if names is not None and found is not None and names != found:
        raise ValueError(
            f"X_true has the columns {list(names)} and X_pred {list(found)}, expected "
            "the same in the same order. Select the columns of X_true from X_pred."
        )


def _list_rows(parsed, lengths):
    """Return the row numbers of the first `lengths` time steps of each sequence."""
    offsets = parsed.starts - (np.cumsum(lengths) - lengths)
    return np.arange(lengths.sum()) + np.repeat(offsets, lengths)


def _list_features(parsed):
    """Return the values, the mask of observed values and the kind of each feature."""
    return [
        (values, observed, "number" if block.is_number else block.kind)
        for block in parsed.blocks
        for values, observed in block.iter_features()
    ]
