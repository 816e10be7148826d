"""Sequences of a long table that is read in parts, whose rows are sorted by key."""

import numpy as np

from sklearn_seqembed._data.chunks import show_key
from sklearn_seqembed._data.long_frames import sequences_from_long


def assemble_events(chunks, by, time, columns):
    """Yield the sequences of a long table whose rows are sorted by key.

    Parameters
    ----------
    chunks : iterator of Chunk
        Rows of the table.
    by : list of str
        Columns that identify a sequence.
    time : str or None
        Column by which the events of a sequence are sorted.
    columns : list of str
        Features.

    Yields
    ------
    Chunk
        Complete sequences, with their keys in the columns that are kept.

    Raises
    ------
    ValueError
        If a row has no key, or is not sorted by it.
    """
    import pyarrow as pa

    rest, position, last = None, 0, None
    for chunk in chunks:
        with chunk.naming():
            last = _check_order(chunk.table, by, last)
        table = chunk.table
        if rest is not None:
            table = pa.concat_tables([rest, table])
        heads = np.flatnonzero(_is_new(table, by))
        # The last sequence may continue.
        rest = table.slice(int(heads[-1]))
        if len(heads) > 1:
            complete = table.slice(0, int(heads[-1]))
            yield _collect(complete, chunk, by, time, columns, position)
            position += len(heads) - 1
    if rest is not None:
        yield _collect(rest, chunk, by, time, columns, position)


def _collect(table, chunk, by, time, columns, position):
    """Collect the events of sequences, the first of which is number `position`.

    The last one ends in the chunk.
    """
    import pyarrow as pa

    with chunk.naming():
        frame, keys = sequences_from_long(table, by=by, time=time, columns=columns)
    return chunk._replace(
        table=frame,
        kept=pa.table({name: keys[name] for name in by}),
        positions=np.arange(position, position + frame.num_rows),
        first=None,
    )


def _is_new(table, by):
    """Return whether each row has another key than the row before."""
    import pyarrow.compute as pc

    is_new = np.zeros(table.num_rows, dtype=bool)
    is_new[0] = True
    for name in by:
        values = table[name].combine_chunks()
        differs = pc.not_equal(values[1:], values[:-1])
        is_new[1:] |= differs.fill_null(True).to_numpy(zero_copy_only=False)
    return is_new


def _check_order(table, by, last):
    """Raise an error if keys are not ascending; return the last key."""
    heads = np.flatnonzero(_is_new(table, by))
    rows = table.select(by).take(heads).to_pylist()
    keys = [tuple(row[name] for name in by) for row in rows]
    for head, key in zip(heads, keys, strict=True):
        for name, value in zip(by, key, strict=True):
            if value is None or value != value:
                raise ValueError(
                    f"Row {head} has no value in {name!r} (by). Leave out rows without "
                    "a key."
                )
        if last is not None and key < last:
            raise ValueError(
                f"Row {head} has the key {show_key(key)} after {show_key(last)}: the "
                "rows of a long table that is read in parts must be sorted by key. "
                f"Sort it by {by}, or read it at once with sequences_from_long."
            )
        last = key
    return last
