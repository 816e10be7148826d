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


def list_dimensions(X):
    """List the names of the axes of sequences, as `Container.dims`.

    Parameters
    ----------
    X : object
        The argument of the user.

    Returns
    -------
    dims : tuple or None
        None unless X is a DataArray, or holds one, of two axes at least.
    """
    if is_data_array(X):
        return X.dims if X.ndim > 1 else None
    if isinstance(X, (list, tuple)):
        first = next((x for x in X if is_data_array(x) and x.ndim > 1), None)
        return None if first is None else (None, *first.dims)
    return None


def align_with_fit(X, dims):
    """Give DataArrays the order of axes that those of fit had.

    Parameters
    ----------
    X : object
        The argument of the user.
    dims : tuple or None
        Names of the axes in fit.

    Returns
    -------
    X : object
        The same object if it has no axes of these names.
    """
    if dims is None:
        return X
    if isinstance(X, (list, tuple)):
        return [_transpose(x, dims[1:]) for x in X]
    # The axis of the sequences had no name if a list was fitted.
    return _transpose(X, dims[1:] if len(dims) == 3 else dims, len(dims))


def _transpose(X, last, n_dims=2):
    """Move axes to the end if an array has these axes and this number of axes."""
    has_axes = is_data_array(X) and X.ndim == n_dims and set(last) <= set(X.dims)
    return X.transpose(..., *last) if has_axes else X
