"""Refusal of objects of other libraries, with the way to convert them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

SEQUENCES = "sequences: a list of arrays, of strings or of lists, an array, or a frame"
TIME_STEPS = "a list or an array of time steps, or a string"

_READ_IN_PARTS = (
    "It is read in parts by transform and transform_batches, and by fit, partial_fit, "
    "score and score_samples of LSTMSequenceEmbedder."
)

# How to convert objects that are not read, because they can be read only once, would
# need much memory, or have several meanings.
REMEDIES = {
    "datasets.DatasetDict": "Pass one of its parts, {name}['train'] for example.",
    "datasets.IterableDataset": "Pass datasets.Dataset.from_list(list({name})).",
    "pandas.SparseFrame": "It is sparse: pass {name}.sparse.to_dense().",
    "polars.GroupBy": (
        "Pass [group.drop(keys) for _, group in {name}], where keys are the columns by "
        "which it groups."
    ),
    "polars.LazyFrame": f"{_READ_IN_PARTS} Here, pass {{name}}.collect().",
    "pyarrow.Dataset": f"{_READ_IN_PARTS} Here, pass {{name}}.to_table().",
    "pyarrow.RecordBatchReader": (
        "It can be read only once, which is not enough: pass {name}.read_all()."
    ),
    "sklearn_seqembed.SequenceStream": (
        f"{_READ_IN_PARTS} Here, pass sequences that are in memory."
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


def list_classes(X):
    """List the library and the name of a class, and of those it inherits from."""
    return [f"{t.__module__.partition('.')[0]}.{t.__name__}" for t in type(X).__mro__]


def refusal(X, name, expected, remedy):
    """Build the error for an object of a type that is not read.

    Parameters
    ----------
    X : object
        An argument, or one sequence in it.
    name : str
        Its name.
    expected : str
        What it should be: `SEQUENCES` or `TIME_STEPS`.
    remedy : str
        A sentence that says how to convert it, in which {name} is its name.
    """
    found = list_classes(X)[0].removeprefix("builtins.")
    remedy = remedy.format(name=name)
    return TypeError(f"{name} is of type {found}, expected {expected}. {remedy}")


def is_path(text):
    """Return whether a string is rather the path of a file than a sequence."""
    return text.endswith(".parquet") or (len(text) < 200 and os.path.exists(text))


def find_remedy(X):
    """Return how to convert an object of no known class, None if it may be read."""
    if isinstance(X, memoryview) and X.format != "B":
        return "Pass numpy.asarray({name})."
    if isinstance(X, (bytes, bytearray, memoryview)):
        return "One string is one sequence of characters: [bytes({name}).decode()]."
    if isinstance(X, str):
        if is_path(X):
            return "To read files, pass sklearn_seqembed.scan_sequences({name})."
        return "One string is one sequence of characters: [{name}]."
    if isinstance(X, os.PathLike):
        return "To read files, pass sklearn_seqembed.scan_sequences({name})."
    if isinstance(X, Mapping):
        return (
            "Pass list({name}.values()) if each value is a sequence, "
            "pandas.DataFrame({name}) if each key is a feature."
        )
    if "GroupBy" in type(X).__name__ or hasattr(X, "get_group"):
        if isinstance(X, Iterable):
            return "Pass [group for _, group in {name}], without the columns of keys."
        return "Pass the tables of its groups in a list."
    if isinstance(X, Set):
        return "Its elements have no order. Pass a list."
    if isinstance(X, Iterator):
        return "It can be read only once: pass list({name})."
    if hasattr(X, "__dask_graph__") and not hasattr(X, "dims"):  # not xarray's
        return "Pass {name}.compute()."
    if may_have_reader(X):
        return None
    for method in ("collect", "compute", "read_all", "to_table"):
        if callable(getattr(X, method, None)):
            return f"Pass {{name}}.{method}()."
    is_list = isinstance(X, Sequence)
    return "Pass list({name})." if isinstance(X, Iterable) and not is_list else None


def may_have_reader(X):
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
