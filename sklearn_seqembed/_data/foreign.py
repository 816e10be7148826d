"""Objects of other libraries: converted where that is cheap and exact, else refused.

They are recognized by the names of their classes and by their methods, so that their
libraries need not be imported.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

import numpy as np

from sklearn_seqembed._data.arrays import as_array
from sklearn_seqembed._data.parsed import holds_bools, types_of_values

# The types of most arguments and items, all of which have readers.
_OWN_TYPES = {list, tuple, np.ndarray}

_SEQUENCES = "sequences: a list of arrays, of strings or of lists, an array, or a frame"
_TIME_STEPS = "a list or an array of time steps, or a string"

# How to convert objects that are not read, because they can be read only once, would
# need much memory, or have several meanings.
_REMEDIES = {
    "datasets.DatasetDict": "Pass one of its parts, {name}['train'] for example.",
    "datasets.IterableDataset": "Pass datasets.Dataset.from_list(list({name})).",
    "pandas.SparseFrame": "It is sparse: pass {name}.sparse.to_dense().",
    "polars.GroupBy": (
        "Pass [group.drop(keys) for _, group in {name}], where keys are the columns by "
        "which it groups."
    ),
    "polars.LazyFrame": "Pass {name}.collect().",
    "pyarrow.RecordBatchReader": (
        "It can be read only once, which is not enough: pass {name}.read_all()."
    ),
    "scipy.sparray": "It is sparse: pass {name}.toarray().",
    "scipy.spmatrix": "It is sparse: pass {name}.toarray().",
    "torch.PackedSequence": (
        "It holds the time steps of all sequences in another order: pass "
        "torch.nn.utils.rnn.unpack_sequence({name})."
    ),
    "torch.SparseTensor": "It is sparse: pass {name}.to_dense().",
    "xarray.Dataset": (
        "If its variables are features, pass {name}.to_dataarray().transpose(..., "
        "'variable')."
    ),
}


def convert_foreign(X, name="X", expected=_SEQUENCES):
    """Convert an object of another library to one that has a reader, or refuse it.

    Parameters
    ----------
    X : object
        An argument, or one sequence in it.
    name : str, default="X"
        Its name in error messages.
    expected : str, default="sequences: ..."
        What it should be, for error messages.

    Returns
    -------
    X : object
        The same object if it needs no conversion.

    Raises
    ------
    TypeError
        If the user has to convert the object.
    """
    if type(X) not in _OWN_TYPES:
        X = _convert(X, name, expected)
    if getattr(getattr(X, "dtype", None), "names", None) is not None:
        raise TypeError(
            f"{name} is a structured array with the fields {list(X.dtype.names)}, "
            f"expected {expected}. Make each field a feature: for each sequence, pass "
            "the array of shape (n_timesteps, n_features) that "
            "numpy.lib.recfunctions.structured_to_unstructured returns."
        )
    return X


def _convert(X, name, expected):
    """Convert an object of another library or of a class of the user."""
    for key in _list_classes(X):
        if key in _REMEDIES:
            raise _refusal(X, name, expected, _REMEDIES[key])
        if key in _CONVERSIONS:
            return _CONVERSIONS[key](X, name, expected)
    remedy = _find_remedy(X)
    if remedy is not None:
        raise _refusal(X, name, expected, remedy)
    if isinstance(X, Sequence) and not _may_have_reader(X):
        return list(X)  # a deque, for example
    return _call_protocol(X, name, expected) if _is_only_array(X) else X


def convert_items(items, locator):
    """Convert each sequence in a list as `convert_foreign` does.

    Parameters
    ----------
    items : list or tuple
        The sequences.
    locator : Locator
        How messages name them.

    Returns
    -------
    items : list or tuple
        The same object if nothing has to be converted.
    """
    if set(map(type, items)) <= _OWN_TYPES and not any(map(_is_special, items)):
        return items
    return [_convert_item(item, locator.sequence(i)) for i, item in enumerate(items)]


def _is_special(item):
    """Return whether an array, a list or a tuple has to be converted or refused."""
    if type(item) is np.ndarray:
        return item.dtype.names is not None
    return _are_named_rows(item) or _is_group(item)


def _convert_item(item, name):
    if isinstance(item, (str, bytes, Mapping)):
        return item  # these are accepted, or refused, together with all others
    if _are_named_rows(item):
        # Features are matched by their names, as those of frames are.
        return list(map(dict, item))
    if _is_group(item):
        raise TypeError(
            f"{name} is a pair of a key and a table, as groupby yields them, expected "
            f"{_TIME_STEPS}. Pass the tables only: [group for _, group in groups]."
        )
    return convert_foreign(item, name, _TIME_STEPS)


def _is_group(item):
    """Return whether an item is a pair that a loop over groups of a frame yields."""
    if not isinstance(item, tuple) or len(item) != 2:
        return False
    is_table = [hasattr(x, "iloc") or hasattr(x, "get_columns") for x in item]
    return is_table == [False, True]


def _are_named_rows(steps):
    """Return whether time steps are rows of a pandas frame with names of columns."""
    if not isinstance(steps, (list, tuple)) or not len(steps):
        return False
    first = steps[0]
    if not hasattr(first, "iloc") or first.ndim != 1 or not len(first):
        return False
    return all(isinstance(name, str) for name in first.index)


def holds_tensors(steps):
    """Return whether a list or a tuple holds tensors or masked values.

    They may be time steps, or values of time steps that are lists or tuples.
    """
    if not isinstance(steps, (list, tuple)):
        return False
    return any(map(_is_tensor_or_masked, types_of_values(steps)))


def convert_steps(steps, name="X"):
    """Convert tensors and masked values in a list or a tuple, which may be nested.

    numpy would ignore their masks, or fail to convert them.

    Parameters
    ----------
    steps : object
        The time steps of a sequence.
    name : str, default="X"
        Name of the sequence in error messages.
    """
    if isinstance(steps, (list, tuple)):
        kind = tuple if isinstance(steps, tuple) else list
        return kind(convert_steps(part, name) for part in steps)
    if not _is_tensor_or_masked(type(steps)):
        return steps
    array = as_array(convert_foreign(steps, name, _TIME_STEPS))
    return array if array.ndim else array.item()


def _is_tensor_or_masked(t):
    return issubclass(t, np.ma.MaskedArray) or hasattr(t, "detach")


def _list_classes(X):
    """List the library and the name of a class, and of those it inherits from."""
    return [f"{t.__module__.partition('.')[0]}.{t.__name__}" for t in type(X).__mro__]


def _refusal(X, name, expected, remedy):
    found = _list_classes(X)[0].removeprefix("builtins.")
    remedy = remedy.format(name=name)
    return TypeError(f"{name} is of type {found}, expected {expected}. {remedy}")


def _find_remedy(X):
    """Return how to convert an object of no known class, None if it may be read."""
    if isinstance(X, memoryview) and X.format != "B":
        return "Pass numpy.asarray({name})."
    if isinstance(X, (bytes, bytearray, memoryview)):
        return "One string is one sequence of characters: [bytes({name}).decode()]."
    if isinstance(X, str):
        return "One string is one sequence of characters: [{name}]."
    if isinstance(X, Mapping):
        return (
            "Pass list({name}.values()) if each value is a sequence, "
            "pandas.DataFrame({name}) if each key is a feature."
        )
    if "GroupBy" in type(X).__name__ or hasattr(X, "get_group"):
        if isinstance(X, Iterable):
            return "Pass [group for _, group in {name}]."
        return "Pass the tables of its groups in a list."
    if isinstance(X, Set):
        return "Its elements have no order. Pass a list."
    if isinstance(X, Iterator):
        return "It can be read only once: pass list({name})."
    if hasattr(X, "__dask_graph__") and not hasattr(X, "dims"):  # not xarray's
        return "Pass {name}.compute()."
    if _may_have_reader(X):
        return None
    for method in ("collect", "compute", "read_all", "to_table"):
        if callable(getattr(X, method, None)):
            return f"Pass {{name}}.{method}()."
    is_list = isinstance(X, Sequence)
    return "Pass list({name})." if isinstance(X, Iterable) and not is_list else None


def _may_have_reader(X):
    return isinstance(X, (list, tuple)) or any(
        hasattr(X, attribute)
        for attribute in (
            "shape",
            "__array__",
            "__dataframe__",
            "__arrow_c_array__",
            "__arrow_c_stream__",
        )
    )


def _is_only_array(X):
    """Return whether numpy's protocol for arrays is the only way to read an object."""
    return hasattr(X, "__array__") and not any(
        hasattr(X, attribute)
        for attribute in ("shape", "columns", "__arrow_c_array__", "__arrow_c_stream__")
    )


def _call_protocol(X, name, expected):
    """Convert an object by numpy's protocol for arrays."""
    try:
        return np.asarray(X)
    except Exception as exc:  # the code of the user's class
        remedy = "numpy.asarray({name}) fails: " + f"{type(exc).__name__}."
        raise _refusal(X, name, expected, remedy) from exc


def _read_narwhals(X, name, expected):
    """Return the frame or Series that narwhals wraps."""
    return convert_foreign(X.to_native(), name, expected)


def _read_tensor(X, name, expected):
    """Separate the tensors of a nested one; refuse those that numpy has no form for."""
    if X.is_nested:
        return list(X.unbind())
    if "strided" not in str(X.layout):
        raise _refusal(X, name, expected, _REMEDIES["torch.SparseTensor"])
    if X.is_meta:
        raise _refusal(X, name, expected, "It holds no values: its device is 'meta'.")
    return X.dequantize() if getattr(X, "is_quantized", False) else X


def _read_masked_tensor(X, name, expected):
    """Convert a tensor with a mask, True where a value is observed, to an array."""
    X = X.detach().cpu()
    mask = np.logical_not(X.get_mask().numpy())
    return np.ma.MaskedArray(as_array(X.get_data()), mask=mask)


def _read_record_batch(X, name, expected):
    """Convert a batch of Arrow to a table if it is one of several sequences."""
    import pyarrow as pa

    return pa.Table.from_batches([X]) if expected == _TIME_STEPS else X


def _read_structs(X, name, expected):
    """Convert structs of Arrow to a table if they are one of several sequences."""
    import pyarrow as pa

    return pa.Table.from_struct_array(X) if expected == _TIME_STEPS else X


def _read_awkward(X, name, expected):
    """Convert to a list of arrays, or of lists where items do not hold numbers."""
    if re.fullmatch(r"(\d+ \* )+(bool|u?int\d+|float\d+)", str(X.type)):
        return np.asarray(X)
    items = X.to_list()
    if not isinstance(items, list):
        return items
    return [_as_number_array(x) if isinstance(x, list) else x for x in items]


def _as_number_array(item):
    try:
        array = np.asarray(item)
    except ValueError:  # ragged, which is refused later
        return item
    is_number = array.dtype.kind in "biuf"
    return array if is_number and not holds_bools(item) else item


def _read_groups(X, name, expected):
    """Convert pandas groups to a list of frames without the grouping columns."""
    keys = X.exclusions
    groups = [group for _, group in X]
    if groups and groups[0].ndim == 2:
        return [group.drop(columns=keys, errors="ignore") for group in groups]
    return groups


def _read_pandas(X, name, expected):
    """Refuse a sparse frame, which scikit-learn would convert to a sparse matrix."""
    if len(X.columns) and all(hasattr(dtype, "fill_value") for dtype in X.dtypes):
        raise _refusal(X, name, expected, _REMEDIES["pandas.SparseFrame"])
    return X


def _read_polars(X, name, expected):
    """Convert integers of 128 bits, which neither Arrow nor numpy has, to 64 bits.

    A Series of structs that is one of several sequences becomes a frame.
    """
    if expected == _TIME_STEPS and str(getattr(X, "dtype", "")).startswith("Struct"):
        X = X.struct.unnest()
    dtypes = X.dtypes if hasattr(X, "columns") else [X.dtype]
    if not any("Int128" in str(dtype) for dtype in dtypes):
        return X
    import polars as pl

    narrow = list(map(_narrow, dtypes))
    try:
        if not hasattr(X, "columns"):
            return X.cast(narrow[0])
        return X.cast(dict(zip(X.columns, narrow, strict=True)))
    except pl.exceptions.PolarsError as exc:
        raise TypeError(
            f"{name} holds integers of 128 bits, some of which do not fit into 64. "
            "Cast them to polars.Float64 if they are numbers, or to polars.String if "
            "they are categories."
        ) from exc


def _narrow(dtype):
    """Replace integers of 128 bits in a polars dtype by ones of 64 bits."""
    import polars as pl

    if str(dtype) in ("Int128", "UInt128"):
        return pl.Int64
    if isinstance(dtype, pl.List):
        return pl.List(_narrow(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: _narrow(field.dtype) for field in dtype.fields})
    if isinstance(dtype, pl.Array):
        return pl.Array(_narrow(dtype.inner), dtype.size)
    return dtype


def _read_dataset(X, name, expected):
    """Return the Arrow table of a Hugging Face dataset, with its rows in order."""
    return X.with_format("arrow")[:]


def _read_dataset_column(X, name, expected):
    """Return the Arrow array of a column, or a list of values inside its cells."""
    source = X.source
    if not hasattr(source, "with_format"):
        return list(X)
    return source.select_columns([X.column_name]).with_format("arrow")[:].column(0)


_CONVERSIONS = {
    "awkward.Array": _read_awkward,
    "datasets.Column": _read_dataset_column,
    "datasets.Dataset": _read_dataset,
    "narwhals.DataFrame": _read_narwhals,
    "narwhals.Series": _read_narwhals,
    "numpy.matrix": lambda X, *_: np.asarray(X),
    "pandas.DataFrame": _read_pandas,
    "pandas.DataFrameGroupBy": _read_groups,
    "pandas.SeriesGroupBy": _read_groups,
    "polars.DataFrame": _read_polars,
    "polars.Series": _read_polars,
    "pyarrow.FixedShapeTensorArray": lambda X, *_: X.to_numpy_ndarray(),
    "pyarrow.RecordBatch": _read_record_batch,
    "pyarrow.StructArray": _read_structs,
    "torch.MaskedTensor": _read_masked_tensor,
    "torch.Tensor": _read_tensor,
    "xarray.DataArray": lambda X, *_: X.to_numpy(),
}
