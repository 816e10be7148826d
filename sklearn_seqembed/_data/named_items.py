"""Lists of sequences whose features have names: frames, dicts of lists, and records."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sklearn_seqembed._data.arrays import as_array
from sklearn_seqembed._data.columns import (
    CellFormat,
    is_sequence,
    parse_objects,
    restore_values,
)
from sklearn_seqembed._data.container import join_characters, split_steps
from sklearn_seqembed._data.items import Items, join_arrays
from sklearn_seqembed._data.messages import count
from sklearn_seqembed._data.native_frames import column_names, frame_library


def list_names(items, locator):
    """List the names of the features of each item.

    Parameters
    ----------
    items : list or tuple
        The sequences.
    locator : Locator
        How messages name an item.

    Returns
    -------
    form : {"pandas", "polars", "pyarrow", "dict", "records"} or None
        Library of the frames, or form of other items; None if items have no names.
    names : tuple or None
        Names of the features in the order of the first item.

    Raises
    ------
    TypeError
        If some items have names and others do not.
    ValueError
        If the names differ, or one occurs twice.
    """
    forms = [_form_of(item) for item in items]
    if not any(forms):
        return None, None
    first = next(i for i, form in enumerate(forms) if form)
    names = None
    for i, (item, form) in enumerate(zip(items, forms, strict=True)):
        if forms[first] == "records" and isinstance(item, (list, tuple)) and not item:
            continue  # its keys are unknown
        if form != forms[first]:
            a, b = sorted([i, first])
            raise TypeError(
                f"{locator.row(b)} is {_describe(items[b], forms[b])}, but "
                f"{locator.row(a)} is {_describe(items[a], forms[a])}: their features "
                "cannot be matched. Pass all sequences in the same form."
            )
        found = _names_of(item, form, i, locator)
        if names is None:
            names = found
        elif found != names and set(found) != set(names):
            raise ValueError(
                f"{locator.row(i)} has the columns {list(found)}, but "
                f"{locator.row(first)} has {list(names)}. All sequences must have the "
                "same columns."
            )
    return forms[first], names


def parse_named(items, form, names, locator):
    """Parse sequences whose features have names; their order is that of `names`.

    Returns
    -------
    parsed : Items
        Blocks and lengths: one block of all features if all are numbers in frames, else
        a block per feature.
    cells : tuple of CellFormat
        Form of the values of each feature.
    """
    has_categories = form == "pandas" and any(map(_holds_categories, items))
    if form in ("pandas", "polars") and not has_categories:
        arrays = [_as_matrix(item, form, names) for item in items]
        if all(array is not None for array in arrays):
            parsed = join_arrays(arrays, False, locator)
            cell = CellFormat("array", parsed.blocks[0].dtype)
            return parsed._replace(form=form), (cell,) * len(names)
    blocks, cells, lengths = [], [], None
    for name in names:
        values = [_values_of(item, form, name) for item in items]
        place = replace(locator, column=name, is_listed=True)
        block, found, cell = parse_objects(values, place)
        if lengths is not None and not np.array_equal(lengths, found):
            i = int(np.flatnonzero(lengths != found)[0])
            raise ValueError(
                f"{locator.row(i)} has {count(lengths[i], 'time step')} in "
                f"{names[0]!r}, but {found[i]} in {name!r}. All features of a sequence "
                "must have equal lengths, with None or NaN where a value is missing."
            )
        blocks.append(block)
        cells.append(cell)
        lengths = found
    return Items(blocks, lengths, form), tuple(cells)


def build_named(values, form, names, cells, indexes=None):
    """Build one frame, dict or list of records per sequence.

    Parameters
    ----------
    values : UserValues
        The values of all sequences.
    form : {"pandas", "polars", "pyarrow", "dict", "records"}
        As returned by :func:`list_names`.
    names : tuple
        Names of the features.
    cells : tuple of CellFormat
        Form of the values of each feature.
    indexes : list of pandas Index, default=None
        Row labels of each pandas frame.
    """
    features = values.features([cell.dtype for cell in cells])
    columns = []
    for feature, kind, cell in zip(features, values.kinds, cells, strict=True):
        if cell.form == "string":
            columns.append(join_characters(feature, values.lengths))
            continue
        restored = restore_values(feature, kind, cell)
        columns.append(split_steps(restored, values.lengths))
    items = [
        dict(zip(names, parts, strict=True)) for parts in zip(*columns, strict=True)
    ]
    if form == "dict":
        return items
    if form == "records":
        return [
            [
                dict(zip(names, step, strict=True))
                for step in zip(*item.values(), strict=True)
            ]
            for item in items
        ]
    if form == "pandas":
        import pandas as pd

        indexes = indexes or [None] * len(items)
        return [
            pd.DataFrame(item, index=index)
            for item, index in zip(items, indexes, strict=True)
        ]
    if form == "polars":
        import polars as pl

        return [pl.DataFrame(item) for item in items]
    import pyarrow as pa

    return [pa.table(item) for item in items]


def _form_of(item):
    """Return the library of a frame, "dict", "records", or None without names."""
    if isinstance(item, np.ndarray | str):  # most items: the fast path
        return None
    if isinstance(item, Mapping):
        return "dict"
    if isinstance(item, (list, tuple)):
        return "records" if len(item) and isinstance(item[0], Mapping) else None
    return frame_library(item)


def _describe(item, form):
    if form == "dict":
        return "a dict"
    if form == "records":
        return "a list of dicts"
    return f"of type {type(item).__name__}" if form is None else f"a {form} frame"


def _names_of(item, form, i, locator):
    """Return the names of the features of one item."""
    if form == "dict":
        names = tuple(item)
        if names and not any(map(is_sequence, item.values())):
            raise TypeError(
                f"{locator.row(i)} is a dict of single values, expected a list of "
                f"values for each feature. Pass [{locator.argument}] if it is one "
                "sequence whose time steps are dicts."
            )
    elif form == "records":
        names = tuple(item[0])
        for step, record in enumerate(item):
            if not isinstance(record, Mapping) or record.keys() != item[0].keys():
                found = list(record) if isinstance(record, Mapping) else repr(record)
                raise ValueError(
                    f"{locator.row(i)} holds {found} at time step {step}, but "
                    f"{list(names)} at time step 0. Give every time step the same "
                    "keys, with None where a value is missing."
                )
    else:
        names = column_names(item)
    if not names:
        raise ValueError(
            f"{locator.row(i)} has no features. Drop empty sequences, or give each at "
            "least one feature."
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"{locator.row(i)} has several columns {twice!r}. Rename them: each "
            "feature needs a name of its own."
        )
    return names


def _values_of(item, form, name):
    """Return the values of one feature of one item."""
    return [step[name] for step in item] if form == "records" else item[name]


def _holds_categories(frame):
    return "category" in map(str, frame.dtypes)


def _as_matrix(frame, form, names):
    """Convert a frame to an array, or return None if a column is not numeric."""
    if form == "polars":
        if not all(dtype.is_numeric() for dtype in frame.dtypes):
            return None
        array = frame.select(names).to_numpy()
    else:
        if tuple(frame.columns) != names:
            frame = frame[list(names)]
        array = as_array(frame.to_numpy())
    return array if array.dtype.kind in "iuf" else None
