"""DataArrays of xarray, whose dimensions and features have names."""

from sklearn_seqembed._data.refusals import list_classes


def is_data_array(X):
    """Return whether an object is a DataArray, without importing xarray."""
    return hasattr(X, "dims") and "xarray.DataArray" in list_classes(X)


def list_labels(X):
    """List the names of the features, which are the labels of the last dimension.

    Parameters
    ----------
    X : xarray.DataArray
        One or several sequences.

    Returns
    -------
    labels : tuple of str, or None
        None if the last dimension has no labels, or other ones than strings.
    """
    labels = X.indexes.get(X.dims[-1]) if X.ndim else None
    if labels is None or not all(isinstance(label, str) for label in labels):
        return None
    return tuple(labels)


def align_dimensions(items, locator):
    """Give all DataArrays in a list the order of dimensions of the first one.

    Parameters
    ----------
    items : list or tuple
        The sequences.
    locator : Locator
        How messages name them.

    Returns
    -------
    items : list or tuple
        The same object if there are no DataArrays of two or more dimensions.

    Raises
    ------
    ValueError
        If their dimensions have other names.
    """
    arrays = [i for i, x in enumerate(items) if is_data_array(x) and x.ndim > 1]
    if not arrays:
        return items
    items, first = list(items), arrays[0]
    dims = items[first].dims
    for i in arrays:
        if set(items[i].dims) != set(dims):
            raise ValueError(
                f"{locator.row(i)} has the dimensions {list(items[i].dims)}, but "
                f"{locator.row(first)} has {list(dims)}. Give all the same dimensions, "
                "for example by rename()."
            )
        items[i] = items[i].transpose(*dims)
    return items
