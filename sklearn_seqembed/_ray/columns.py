"""Columns of a Ray Dataset: which ones hold sequences, and how they are read."""

from sklearn_seqembed._data.messages import count

MISSING_EXTRA = (
    "sklearn_seqembed.ray needs Ray ({name} is not installed). Install it with: pip "
    "install 'sklearn-seqembed[ray]'"
)


def import_ray():
    """Import Ray with Ray Data; an error names the extra to install."""
    try:
        import ray
        import ray.data
    except ImportError as exc:
        raise ImportError(MISSING_EXTRA.format(name=exc.name)) from exc
    return ray


def list_columns(dataset):
    """Return the names of the columns of a Ray Dataset.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if not isinstance(dataset, import_ray().data.Dataset):
        raise TypeError(
            f"dataset is a {type(dataset).__module__}.{type(dataset).__qualname__}, "
            "expected a ray.data.Dataset. Make one with ray.data.read_parquet, "
            "ray.data.from_arrow or ray.data.from_items, for example."
        )
    names = dataset.columns()
    if not names:
        raise ValueError("The dataset is empty. Pass at least one row.")
    return names


def check_names(names, argument, present):
    """Return names of columns as a list.

    Parameters
    ----------
    names : sequence of str
        The names that the user passed.
    argument : str
        Name of the parameter.
    present : list of str
        Columns of the dataset.

    Raises
    ------
    TypeError, ValueError
        If `names` are no names, or not those of different columns.
    """
    is_sequence = isinstance(names, (list, tuple))
    if not is_sequence or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"{argument} must be a list or tuple of column names, got {names!r}."
        )
    absent = [name for name in names if name not in present]
    if absent:
        raise ValueError(
            f"{argument} has {absent[0]!r}, but the dataset has no such column. Its "
            f"columns are {_list(present)}."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"{argument} names a column twice: {_list(names)}.")
    return list(names)


def choose_features(columns, present, keep=(), fitted_names=None):
    """Choose the columns that hold sequences, one for each feature.

    Parameters
    ----------
    columns : sequence of str or None
        The user's choice. None stands for the columns of `fit`, if it knew their names,
        and otherwise for all that are not in `keep`.
    present : list of str
        Columns of the dataset.
    keep : list of str, default=()
        Columns that hold something else.
    fitted_names : list of str, default=None
        Columns of `fit`.

    Returns
    -------
    list of str
        Names of columns.
    """
    if columns is not None:
        columns = check_names(columns, "columns", present)
        if not columns:
            raise ValueError("columns is empty. Name the columns with sequences.")
        return columns
    if fitted_names is None:
        columns = [name for name in present if name not in keep]
        if not columns:
            raise ValueError(
                "All columns of the dataset are in keep, so none is left that could "
                "hold sequences."
            )
        return columns
    absent = [name for name in fitted_names if name not in present]
    if absent:
        raise ValueError(
            f"The embedder was fitted on a column {absent[0]!r}, which the dataset "
            f"lacks. Its columns are {_list(present)}. Rename them with "
            "dataset.rename_columns."
        )
    return fitted_names


def read_features(tables, columns, named):
    """Return X: the sequences in some columns of tables.

    Parameters
    ----------
    tables : list of pyarrow Table
        Blocks of a dataset.
    columns : list of str
        Columns with sequences.
    named : bool
        Whether X has the names of columns, as frames have.

    Returns
    -------
    X : pyarrow Table, pyarrow ChunkedArray or list of ndarray
        A list if the only column holds arrays, as those of ``ray.data.from_numpy``.
    """
    import pyarrow as pa

    arrays = [
        name
        for name in columns
        if isinstance(tables[0].schema.field(name).type, pa.BaseExtensionType)
    ]
    if arrays and len(columns) > 1:
        raise TypeError(
            f"The column {arrays[0]!r} holds arrays. It must then be the only one with "
            f"sequences, but there are {count(len(columns), 'column')}: "
            f"{_list(columns)}. Choose it with columns=[{arrays[0]!r}], or store "
            "lists, one column for each feature."
        )
    if arrays:
        # Blocks may have arrays of different types, which cannot be joined.
        return [x for table in tables for x in _read_arrays(table[arrays[0]])]
    table = pa.concat_tables(tables, promote_options="permissive")
    return table.select(columns) if named else table[columns[0]]


def _read_arrays(column):
    """Convert a column of arrays, of any of the types that Ray has for them."""
    import pyarrow as pa

    sequences = []
    for chunk in column.chunks:
        if isinstance(chunk, pa.FixedShapeTensorArray):
            sequences += list(chunk.to_numpy_ndarray())
        else:
            sequences += list(chunk.to_numpy(zero_copy_only=False))
    return sequences


def _list(names):
    return ", ".join(map(repr, names))
