"""Conversion of objects of other libraries to ones that have a reader."""

import re

import numpy as np

from sklearn_seqembed._data.arrays import as_array
from sklearn_seqembed._data.data_arrays import list_labels
from sklearn_seqembed._data.parsed import holds_bools
from sklearn_seqembed._data.refusals import REMEDIES, TIME_STEPS, refusal


def _read_tensor(X, name, expected):
    """Separate the tensors of a nested one; refuse those that numpy has no form for."""
    if X.is_nested:
        return list(X.unbind())
    if "strided" not in str(X.layout):
        raise refusal(X, name, expected, REMEDIES["torch.SparseTensor"])
    if X.is_meta:
        raise refusal(X, name, expected, "It holds no values: its device is 'meta'.")
    return X.dequantize() if getattr(X, "is_quantized", False) else X


def _read_masked_tensor(X, name, expected):
    """Convert a tensor with a mask, True where a value is observed, to an array."""
    X = X.detach().cpu()
    mask = np.logical_not(X.get_mask().numpy())
    return np.ma.MaskedArray(as_array(X.get_data()), mask=mask)


def _read_record_batch(X, name, expected):
    """Convert a batch of Arrow to a table if it is one of several sequences."""
    import pyarrow as pa

    return pa.Table.from_batches([X]) if expected == TIME_STEPS else X


def _read_structs(X, name, expected):
    """Convert structs of Arrow to a table if they are one of several sequences."""
    import pyarrow as pa

    is_table = expected == TIME_STEPS and pa.types.is_struct(X.type)
    return pa.Table.from_struct_array(X) if is_table else X


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
        raise refusal(X, name, expected, REMEDIES["pandas.SparseFrame"])
    return X


def _read_polars(X, name, expected):
    """Convert integers of 128 bits, which neither Arrow nor numpy has, to 64 bits.

    A Series of structs that is one of several sequences becomes a frame.
    """
    if expected == TIME_STEPS and str(getattr(X, "dtype", "")).startswith("Struct"):
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


def _read_data_array(X, name, expected):
    """Convert to an array, or to a frame if the labels of the last axis are names."""
    labels = list_labels(X)
    is_item = expected == TIME_STEPS
    if X.ndim != 2 or labels is None or (not is_item and X.dtype.kind not in "biuf"):
        return X.to_numpy()
    if not is_item:
        return X.to_pandas()  # its rows have labels, too
    import pandas as pd

    # With a dtype, pandas does not try to convert Python objects.
    dtype = object if X.dtype.kind in "OUT" else None
    return pd.DataFrame(X.to_numpy(), columns=labels, dtype=dtype)


# Called with the object, its name, and what it should be, for error messages.
CONVERSIONS = {
    "awkward.Array": _read_awkward,
    "datasets.Column": _read_dataset_column,
    "datasets.Dataset": _read_dataset,
    "numpy.matrix": lambda X, *_: np.asarray(X),
    "pandas.DataFrame": _read_pandas,
    "pandas.DataFrameGroupBy": _read_groups,
    "pandas.SeriesGroupBy": _read_groups,
    "polars.DataFrame": _read_polars,
    "polars.Series": _read_polars,
    "pyarrow.FixedShapeTensorArray": lambda X, *_: X.to_numpy_ndarray(),
    "pyarrow.RecordBatch": _read_record_batch,
    "pyarrow.ChunkedArray": _read_structs,
    "pyarrow.StructArray": _read_structs,
    "torch.MaskedTensor": _read_masked_tensor,
    "torch.Tensor": _read_tensor,
    "xarray.DataArray": _read_data_array,
}
