"""Long tables, with one row per event, to frames with one row per sequence."""

import numpy as np
from scipy.sparse import coo_array

from sklearn_seqembed._data.event_readings import (
    EventRoles,
    view_times,
    warn_about_events,
)
from sklearn_seqembed._data.event_tables import EventTable
from sklearn_seqembed._data.messages import count, warn_user
from sklearn_seqembed._data.scalars import check_integer

# Lists of Arrow count their values by 32 bits.
MAX_STEPS = 2**31 - 1


def sequences_from_long(
    frame, *, by, time=None, columns=None, last=None, target=None, end=None
):
    """Convert a long table, with one row per event, to one row per sequence.

    The result is a frame whose cells are lists, which all estimators accept. With
    `target`, each sequence is cut after each of its events, to predict the next one.

    Parameters
    ----------
    frame : pandas or polars DataFrame
        The events, in any order; or a polars LazyFrame, pyarrow Table or duckdb
        relation. It is not changed.
    by : str or list of str
        Column, or columns, that identify a sequence. They are not features, unless
        `columns` names them.
    time : str, default=None
        Column by which the events of each sequence are sorted: dates, times or numbers.
        Events of equal times remain in the order of their rows. By default, all events
        do.
    columns : str or list of str, default=None
        Columns that become features. By default, all but those in `by`: that includes
        `time`, which estimators read as elapsed time if it is a date, and as a feature
        like any other if it is a number, and `target`. Name the columns to leave it
        out.
    last : int, default=None
        Number of events to keep of each sequence, or each prefix: the last ones. By
        default, all are kept.
    target : str or list of str, default=None
        Column, or columns, whose value at the next event is the target. Each row of X
        is then a prefix: the first event, the first two events, and so on, up to the
        last event but one.
    end : str, int or float, default=None
        With `target`, the target after the last event of a sequence, such as "<end>".
        The whole sequence is then a prefix, too. It must not occur in `target`.

    Returns
    -------
    X : pandas or polars DataFrame or pyarrow Table
        One row per sequence, in the order of the sorted keys, or one row per prefix, in
        order of the keys and of time. Its cells are lists, in Arrow's memory. It is of
        the library of `frame`; a duckdb relation becomes a pyarrow Table. The index of
        a pandas frame is the keys.
    y : Series, pyarrow ChunkedArray or frame
        The targets; only if `target` is given. A frame if it is a list of columns.
    keys : Series, pyarrow ChunkedArray or frame
        The values of `by` for each row of X. A frame if `by` is a list of columns.

    Raises
    ------
    ValueError
        If a column does not exist, keys or times are missing, there are no rows, or a
        parameter is out of range.
    TypeError
        If `frame` is no frame, or the values of a column are of no type that can be
        sorted, or put into lists.

    Warns
    -----
    UserWarning
        If some sequences have no next event, so that they are not in X.
    SequenceReadingWarning
        If columns may play other roles: if nearly all sequences have one event; if a
        column that is not named in `columns` has a distinct value in each row; if there
        is a column of times that is not in order, but no `time`; or if `time` holds
        integers that look like dates or Unix times.

    See Also
    --------
    sklearn_seqembed.datasets.make_windows : Cut one long series into windows.

    Notes
    -----
    With pandas, ``labels.loc[X.index]`` are the labels of the sequences in the order of
    X, if the index of `labels` is the keys. With polars, use ``keys.to_frame().join(
    labels, on=by, how="left", maintain_order="left")``.

    In cross-validation, prefixes of the same sequence belong in the same fold: pass
    ``groups=keys`` to :class:`sklearn.model_selection.GroupKFold`.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_seqembed import sequences_from_long
    >>> visits = pd.DataFrame({
    ...     "patient": ["b", "a", "b", "a", "b"],
    ...     "day": pd.to_datetime(
    ...         ["2024-05-03", "2024-05-01", "2024-05-01", "2024-05-02", "2024-05-09"]
    ...     ),
    ...     "ward": ["surgery", "clinic", "emergency", "clinic", "clinic"],
    ... })
    >>> X, keys = sequences_from_long(
    ...     visits, by="patient", time="day", columns=["ward", "day"]
    ... )
    >>> X.loc["b", "ward"]
    ['emergency', 'surgery', 'clinic']
    >>> keys.tolist()
    ['a', 'b']

    Prefixes and the next ward:

    >>> X, y, keys = sequences_from_long(
    ...     visits, by="patient", time="day", columns="ward", target="ward", end="<end>"
    ... )
    >>> for prefix, following in zip(X["ward"], y):
    ...     print(prefix, "->", following)
    ['clinic'] -> clinic
    ['clinic', 'clinic'] -> <end>
    ['emergency'] -> surgery
    ['emergency', 'surgery'] -> clinic
    ['emergency', 'surgery', 'clinic'] -> <end>
    """
    names = _name_columns(by=by, time=time, columns=columns, target=target)
    _check_roles(names, time, target, end)
    if last is not None:
        last = check_integer(last, "last", 1)
    table = EventTable.read(frame, names)
    features = names.get("columns") or table.other_columns(names["by"])
    order, sizes = _sort_events(table, names["by"], time)
    warns_of_single = target is not None and end is None
    roles = EventRoles(table, names, features, order, sizes)
    warn_about_events(roles, may_be_single=warns_of_single)
    ends = np.cumsum(sizes)
    if target is None:
        stops, owners = ends, np.arange(len(sizes))
    else:
        stops, owners = _end_prefixes(sizes, has_end=end is not None)
    starts = (ends - sizes)[owners]
    keys = table.take(by, order[starts])
    index = _as_index(keys) if table.library == "pandas" else None
    if last is not None:
        starts = np.maximum(starts, stops - last)
    X = _build_lists(table, features, order, starts, stops, index)
    if target is None:
        return X, keys
    y = _take_targets(table, target, end, order, stops, is_last=stops == ends[owners])
    return X, y if index is None else y.set_axis(index), keys


def _name_columns(**columns):
    """Return the list of column names of each parameter that is not None."""
    return {
        parameter: _as_list(names, parameter)
        for parameter, names in columns.items()
        if names is not None or parameter == "by"
    }


def _as_list(names, parameter):
    """Return the names of columns as a list; a tuple is one name, as in pandas."""
    names = list(names) if isinstance(names, list) else [names]
    if not names:
        raise ValueError(f"{parameter} is empty, expected at least one column.")
    return names


def _check_roles(names, time, target, end):
    """Check how the parameters that name columns go together."""
    if isinstance(time, list):
        raise TypeError(f"time must be one column, got {time}.")
    if time is not None and time in names["by"]:
        raise ValueError(
            f"Column {time!r} cannot be both the time, by which the events of each "
            "sequence are sorted, and in by, which identifies the sequence."
        )
    if end is None:
        return
    if target is None or isinstance(target, list):
        raise ValueError(
            f"end={end!r} is a value of the target, so it needs one target, got "
            f"target={target!r}. Pass the name of a column."
        )


def _sort_events(table, by, time):
    """Sort the events by key and time.

    Returns
    -------
    order : ndarray of int, of shape (n_events,)
        Rows of the table, one sequence after the other.
    sizes : ndarray of int, of shape (n_sequences,)
        Number of events of each sequence.
    """
    for name in by:
        table.check_complete(name, "by")
    codes = table.codes(by)
    times = None if time is None else _read_times(table, time)
    sizes = np.bincount(codes)
    steps = np.diff(codes)
    if (steps >= 0).all():
        is_new = steps > 0
        if times is None or ((times[1:] >= times[:-1]) | is_new).all():
            return np.arange(len(codes)), sizes
    if times is None:
        return _sort_codes(codes), sizes
    order = np.argsort(times, kind="stable")
    return order[_sort_codes(codes[order])], sizes


def _sort_codes(codes):
    """Return what `numpy.argsort(codes, kind="stable")` does, by counting.

    scipy counts codes when it collects the rows of a sparse matrix, which takes a third
    of the time of a sort of ten million codes.
    """
    positions = np.arange(len(codes))
    ones = np.ones(len(codes), dtype=np.int8)
    return coo_array((ones, (codes, positions))).tocsr().indices


def _read_times(table, time):
    """Return the times of all events as numbers."""
    import pyarrow as pa

    table.check_complete(time, "time")
    array = table.arrow(time)
    types = pa.types
    if types.is_temporal(array.type):
        return view_times(array)
    if types.is_decimal(array.type):
        array = array.cast(pa.float64())
    elif not (types.is_integer(array.type) or types.is_floating(array.type)):
        raise TypeError(
            f"Column {time!r} of frame (time) is of type {array.type}, expected dates, "
            "times or numbers. Convert text with pandas.to_datetime or, in polars, "
            "str.to_datetime."
        )
    return array.to_numpy(zero_copy_only=False)


def _end_prefixes(sizes, has_end):
    """Find where the prefixes of all sequences stop.

    Parameters
    ----------
    sizes : ndarray of int, of shape (n_sequences,)
        Number of events of each sequence.
    has_end : bool
        Whether whole sequences are prefixes, too.

    Returns
    -------
    stops : ndarray of int, of shape (n_prefixes,)
        Number of sorted events up to the last event of the prefix.
    owners : ndarray of int, of shape (n_prefixes,)
        The sequence of each prefix.
    """
    owners = np.repeat(np.arange(len(sizes)), sizes)
    stops = np.arange(1, len(owners) + 1)
    if has_end:
        return stops, owners
    n_single = int((sizes == 1).sum())
    remedy = "Pass end to predict that a sequence ends after its last event."
    if n_single == len(sizes):
        raise ValueError(f"All sequences have one event, so none has a next. {remedy}")
    if n_single:
        warn_user(
            f"{n_single} of {count(len(sizes), 'sequence')} have only one event, and "
            f"no next one, so they are not in X. {remedy}"
        )
    has_next = np.ones(len(owners), dtype=bool)
    has_next[np.cumsum(sizes) - 1] = False
    return stops[has_next], owners[has_next]


def _build_lists(table, features, order, starts, stops, index):
    """Build a frame of lists.

    Parameters
    ----------
    table : EventTable
        The events.
    features : list
        Names of the columns.
    order : ndarray of int, of shape (n_events,)
        Rows of the sorted events.
    starts, stops : ndarray of int, of shape (n_samples,)
        Sorted events with which each list begins, and before which it ends.
    index : pandas Index or None
        Row index of a pandas frame.
    """
    import pyarrow as pa

    lengths = stops - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    n_steps = int(offsets[-1])
    if n_steps > MAX_STEPS:
        raise ValueError(
            f"The sequences have {n_steps} time steps in total, expected at most "
            f"{MAX_STEPS}. Pass last=n to keep the last n events of each, or convert "
            "parts of the frame."
        )
    rows = _join_ranges(starts, lengths, offsets)
    is_whole = n_steps == len(order) and (np.diff(order) == 1).all()
    rows = None if is_whole else pa.array(order[rows])
    offsets = pa.array(offsets.astype(np.int32))
    arrays = {}
    for name in features:
        values = table.features(name)
        values = values if rows is None else values.take(rows)
        arrays[name] = pa.ListArray.from_arrays(offsets, values)
    return table.build(arrays, index)


def _join_ranges(starts, lengths, offsets):
    """Join the ranges of integers that begin at `starts` and have some lengths."""
    steps = np.arange(offsets[-1])
    steps += np.repeat(starts - offsets[:-1], lengths)
    return steps


def _take_targets(table, target, end, order, stops, is_last):
    """Return the value of the next event after each prefix, or the end.

    Parameters
    ----------
    table : EventTable
        The events.
    target : str or list of str
        Name, or names, of the columns.
    end : object
        Target after the last event, or None.
    order : ndarray of int, of shape (n_events,)
        Rows of the sorted events.
    stops : ndarray of int, of shape (n_prefixes,)
        Sorted event after each prefix.
    is_last : ndarray of bool, of shape (n_prefixes,)
        Whether a prefix is a whole sequence.
    """
    if end is None:
        return table.take(target, order[stops])
    import pyarrow as pa
    import pyarrow.compute as pc

    values = table.features(target)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    given, error = end, None
    try:
        end = pa.scalar(given, values.type)
    except (pa.ArrowException, TypeError) as exc:
        error = exc
    is_cut = pa.types.is_integer(values.type) and not error and end.as_py() != given
    if error or is_cut:  # Arrow makes 0 of 0.5
        raise TypeError(
            f"end={given!r} must be of the type of the target: column {target!r} of "
            f"frame is of type {values.type}."
        ) from error
    if pc.any(pc.equal(values, end)).as_py():
        raise ValueError(
            f"end={end.as_py()!r} occurs in column {target!r} of frame (target). Pass "
            "a value that does not."
        )
    rows = order[np.minimum(stops, len(order) - 1)]
    values = pc.if_else(pa.array(is_last), end, values.take(pa.array(rows)))
    return table.series(values, target)


def _as_index(keys):
    """Return the keys of a pandas frame as an index."""
    import pandas as pd

    if keys.ndim == 1:
        return pd.Index(keys)
    if keys.shape[1] == 1:
        return pd.Index(keys.iloc[:, 0])
    return pd.MultiIndex.from_frame(keys)
