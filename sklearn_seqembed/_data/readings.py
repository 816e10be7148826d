"""Warnings about data that can be read in two ways, of which one was chosen."""

import numpy as np

from sklearn_seqembed._data.arrays import ArrayContainer
from sklearn_seqembed._data.arrow import ArrowContainer
from sklearn_seqembed._data.code_lines import split_line, transpose_line
from sklearn_seqembed._data.column_names import describe_names
from sklearn_seqembed._data.frames import MIN_WIDE_COLUMNS, FrameContainer
from sklearn_seqembed._data.identifiers import find_identifier
from sklearn_seqembed._data.item_order import find_unordered_items
from sklearn_seqembed._data.levels import has_times_in_rows, split_levels
from sklearn_seqembed._data.lists import ListContainer
from sklearn_seqembed._data.long_tables import (
    choose_identifier,
    find_identifiers,
)
from sklearn_seqembed._data.marks import find_mark
from sklearn_seqembed._data.messages import count, warn_reading
from sklearn_seqembed._data.padding import find_constant_padding, find_padding
from sklearn_seqembed._data.texts import describe_text

# Tables of more columns are wide: they have a column per time step.
MAX_LONG_COLUMNS = 50
# Inferred types of a pandas index of times.
_TIME_TYPES = {"datetime64", "datetime", "date", "timedelta64", "timedelta", "period"}


def warn_about_reading(parsed):
    """Warn if sequences may be meant otherwise than they were read.

    There is at most one warning about containers and features, and one about marks of
    missing values or of padding.

    Parameters
    ----------
    parsed : ParsedSequences
        The sequences as they were read, in fit.
    """
    for finders in (
        (
            _find_long_table,
            _find_transposed,
            _find_wide_frame,
            _find_text,
            find_padding,
            find_identifier,
            find_unordered_items,
        ),
        (find_constant_padding, find_mark),
    ):
        messages = (find(parsed) for find in finders)
        message = next((text for text in messages if text is not None), None)
        if message is not None:
            warn_reading(message)


def _find_long_table(parsed):
    """Explain a table with one row per time step instead of one row per sequence."""
    container, name = parsed.container, parsed.locator.argument
    block = parsed.blocks[0]
    # The columns of y are single targets, and a long X warns by itself.
    if name == "y" or not block.is_number or parsed.n_features > 1:
        return None
    n_samples, n_columns = len(parsed.lengths), int(parsed.lengths[0])
    if n_columns > MAX_LONG_COLUMNS or n_samples < 2:
        return None
    if isinstance(container, ListContainer):
        return _find_long_list(parsed)
    if not container.is_table:
        return None
    meaning = "numbered"
    if container.columns is not None:
        meaning = describe_names(container.columns)
    is_stacked = _is_stacked(container, parsed.frame)
    has_dates = meaning == "times" and not _are_integers(container.columns)
    table = block.values.reshape(n_samples, n_columns)
    candidates = [] if has_dates else find_identifiers(table)
    found = choose_identifier(candidates, container.columns, table)
    is_series = meaning == "numbered" and _has_time_index(container.index)
    if not (candidates or is_stacked or is_series or meaning == "features"):
        return None
    read = (
        f"{name} was read as {count(n_samples, 'univariate sequence')} of "
        f"{count(n_columns, 'time step')}; if it is "
    )
    if is_stacked:
        return f"{read}a long table, pass {split_levels(parsed.frame, name)}."
    if found is not None:
        line = split_line(name, parsed.locator.source, found, container.columns)
        return f"{read}a long table, pass {line}."
    if container.index is not None and not container.index.is_unique:
        line = f"[group for _, group in {name}.groupby(level=0)]"
        return f"{read}a long table, pass {line}."
    return (
        f"{read}one sequence whose columns are features, pass [{name}]; if it is a "
        "long table, pass one frame per sequence in a list."
    )


def _find_long_list(parsed):
    """Explain a list of the rows of a long table."""
    name, n_columns = parsed.locator.argument, int(parsed.lengths[0])
    if (parsed.lengths != n_columns).any() or n_columns < 2:
        return None
    rows = parsed.blocks[0].values.reshape(-1, n_columns)
    if not find_identifiers(rows):
        return None
    return (
        f"{name} was read as {count(len(rows), 'univariate sequence')} of "
        f"{count(n_columns, 'time step')}; if its items are the rows of a long table, "
        "pass one list of rows per sequence, without the column that identifies it."
    )


def _has_time_index(index):
    """Return whether the rows of a frame are labeled by times in order."""
    is_time = getattr(index, "inferred_type", None) in _TIME_TYPES
    return is_time and (index.is_monotonic_increasing or index.is_monotonic_decreasing)


def _are_integers(columns):
    return columns is not None and all(
        isinstance(column, (int, np.integer)) for column in columns
    )


def _is_stacked(container, frame):
    """Return whether a frame looks like a stack of arrays: unnamed rows and columns."""
    index = container.index
    if index is None or index.nlevels == 1 or any(index.names):
        return False
    return list(container.columns) == list(range(container.n_steps)) and (
        has_times_in_rows(frame)
    )


def _find_transposed(parsed):
    """Explain sequences with more features than time steps."""
    container, name = parsed.container, parsed.locator.argument
    n_features = parsed.n_features
    if name == "y":  # the next time steps of several features are few by intention
        return None
    if container.feature_names is not None:
        return None  # labels tell features from time steps
    if isinstance(container, ArrayContainer):
        steps = count(container.n_steps, "time step")
        is_wide = n_features > container.n_steps
    elif _holds_matrices(container):
        steps = f"{count(int(parsed.lengths.max()), 'time step')} at most"
        is_wide = bool((parsed.lengths < n_features).all())
    else:
        return None
    if not is_wide or _is_one_hot(parsed):
        return None
    is_list = not isinstance(container, ArrayContainer)
    line = transpose_line(name, parsed.locator.source, is_list)
    return (
        f"{name} was read as {count(len(parsed.lengths), 'sequence')} of {steps} and "
        f"{count(n_features, 'feature')}; if the axis of features comes first, pass "
        f"{line}."
    )


def _holds_matrices(container):
    """Return whether each sequence is an array of two axes without names."""
    if isinstance(container, ArrowContainer):
        return True
    return isinstance(container, ListContainer) and container.item == "2d"


def _is_one_hot(parsed):
    """Return whether features are zeros but for a single 1 in each time step."""
    if any(block.kind not in ("numeric", "bool") for block in parsed.blocks):
        return False
    n_ones = 0
    for block in parsed.blocks:
        is_one = block.values == 1
        if not (is_one | (block.values == 0) | np.isnan(block.values)).all():
            return False
        n_ones = n_ones + is_one.sum(axis=1)
    return bool(n_ones.max() == 1 and n_ones.sum() >= parsed.lengths.sum() / 2)


def _find_wide_frame(parsed):
    """Explain a frame with one column per time step instead of one per feature."""
    container, name = parsed.container, parsed.locator.argument
    if not isinstance(container, FrameContainer):
        return None
    n_steps, n_columns = int(parsed.lengths[0]), len(container.columns)
    if n_columns < MIN_WIDE_COLUMNS or (parsed.lengths != n_steps).any():
        return None
    is_text = all(cell.is_text for cell in container.cells)
    if n_steps > 1 and not (is_text and n_columns > n_steps):
        return None
    frame = f"{name}.to_pandas()" if container.library == "pyarrow" else name
    line = f"{frame}.to_numpy()"
    if is_text and n_steps == 1:
        line = f'{frame}.agg("".join, axis=1)'
        if container.library == "polars":
            line = f"{name}.select(polars.concat_str(polars.all())).to_series()"
    if not is_text:
        line = "one cell per sequence that holds all of its time steps"
    return (
        f"{name} was read as {count(len(parsed.lengths), 'sequence')} of "
        f"{count(n_steps, 'time step')} and {count(n_columns, 'feature')}, one for "
        f"each column; if each column is a time step, pass {line}."
    )


def _find_text(parsed):
    """Explain strings that look like lists, times or numbers."""
    feature = 0
    for block in parsed.blocks:
        if block.kind == "string" and len(block.values.categories):
            message = describe_text(
                block.values, parsed.starts, parsed.lengths, parsed.locate(feature)
            )
            if message is not None:
                return message
        feature += block.width
    return None
