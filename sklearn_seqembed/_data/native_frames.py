"""Frames of pandas, polars and pyarrow, recognized by narwhals."""

import narwhals.stable.v2 as nw


def frame_library(X):
    """Return the library of an eager frame; None for other objects.

    Subclasses of a library's frame are recognized, too.
    """
    if nw.dependencies.is_pandas_dataframe(X):
        return "pandas"
    if nw.dependencies.is_polars_dataframe(X):
        return "polars"
    return "pyarrow" if nw.dependencies.is_pyarrow_table(X) else None


def exports_table(X):
    """Return whether an object of another library, of duckdb for example, is a table.

    It can be exported to Arrow, and has columns, which arrays have not.
    """
    return hasattr(X, "__arrow_c_stream__") and hasattr(X, "columns")


def index_of(X):
    """Return the row index of a pandas frame; None for other frames."""
    return X.index if nw.dependencies.is_pandas_dataframe(X) else None


def column_names(X):
    """Return the names of the columns of a frame."""
    is_arrow = nw.dependencies.is_pyarrow_table(X)
    return tuple(X.column_names if is_arrow else X.columns)


def iter_columns(X):
    """Yield the name and the values of each column, an object of the library."""
    if nw.dependencies.is_pandas_dataframe(X):
        for i, name in enumerate(X.columns):
            yield name, X.iloc[:, i]
    elif nw.dependencies.is_pyarrow_table(X):
        yield from zip(X.column_names, X.columns, strict=True)
    else:
        yield from zip(X.columns, X.get_columns(), strict=True)
