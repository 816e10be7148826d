"""Call every public method with random inputs, good and bad, and judge what happens.

``python -m tests.fuzzing --examples 30000 --seed 0 --processes 2`` writes a report; the
fast test in `test_fuzz.py` draws fewer inputs, with hypothesis. A case depends only on
the source of random numbers, so that a fault can be repeated by its seed.
"""

import argparse
import collections
import datetime
import json
import multiprocessing
import random
import re
import sys
import traceback
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse
import torch
from sklearn.exceptions import (
    ConvergenceWarning,
    NotFittedError,
    UndefinedMetricWarning,
)

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor
from sklearn_seqembed.datasets import make_windows
from sklearn_seqembed.metrics import exact_match_score, token_match_score

try:
    from sklearn_seqembed.exceptions import SequenceReadingWarning
except ImportError:  # of an older version, for comparison
    SequenceReadingWarning = UserWarning

LIBRARIES = "numpy|torch|pyarrow|pandas|polars|narwhals|skorch|awkward|xarray|datasets"
# Words that only these libraries use.
FOREIGN_WORDS = re.compile(
    r"inhomogeneous|could not convert string|ufunc|NestedTensor|Internal error|"
    r"ArrowInvalid|broadcast|not subscriptable|has no attribute|unhashable|"
    r"to unpack|Expected \dD array|NAType|must be real number|truth value"
)
# What a message may name: an argument, or a parameter.
ARGUMENTS = re.compile(
    r"\b(X|y|X_true|X_pred|series|lookback|horizon|stride|k|Expected sequences|"
    + "|".join(
        {
            *LSTMSequenceEmbedder().get_params(),
            *LSTMSequencePredictor().get_params(),
        }
    )
    + r")\b"
)
ALLOWED_WARNINGS = ConvergenceWarning, UndefinedMetricWarning, SequenceReadingWarning
MAX_MESSAGE = 3000

SMALL = {"n_components": 4, "max_epochs": 1, "random_state": 0, "early_stopping": False}

ODD_NUMBERS = (
    np.nan,
    np.inf,
    -np.inf,
    1e308,
    -1e308,
    1e39,
    5e-324,
    1e-45,
    2**63,
    10**400,
    None,
    pd.NA,
    pd.NaT,
    True,
    "a",
    "",
    b"a",
    1j,
    Decimal("1.5"),
    Fraction(1, 3),
    np.float16(2),
    np.timedelta64(1, "s"),
    np.datetime64("2020"),
    datetime.date(2020, 1, 1),
    [1.0],
    (1.0, 2.0),
    {"a": 1},
    {1},
    object,
    np.array([1.0, 2.0]),
    torch.tensor(1.0),
)
ODD_PARAMETERS = (
    None,
    "auto",
    "x",
    "",
    b"x",
    True,
    np.bool_(False),
    0,
    1,
    -1,
    2,
    2**40,
    10**12,
    2**63,
    10**400,
    0.5,
    1.0,
    -0.5,
    np.nan,
    np.inf,
    1e308,
    5e-324,
    1j,
    Decimal("0.5"),
    Fraction(1, 2),
    np.float32(0.5),
    np.int8(2),
    np.array(2),
    np.array([1, 2]),
    np.timedelta64(1),
    [0],
    ["a"],
    [[1], [2, 3]],
    (1, 2),
    {},
    {"a"},
    object(),
    int,
    torch.tensor(2),
    torch.device("cpu"),
    "cpu",
    "meta",
    np.random.default_rng(0),
)


class Case(NamedTuple):
    """One call.

    Attributes
    ----------
    owner, method : str
        Name of the estimator, or of the module, and of what is called.
    container : str
        Name of the container of X.
    call : callable
        Makes the call, and raises AssertionError if the result is not sane.
    inputs : tuple
        What must not change.
    """

    owner: str
    method: str
    container: str
    call: object
    inputs: tuple


def draw_sequences(rng, kind=None):
    """Draw a list of sequences, each a list of time steps that are lists of values."""
    kind = kind or rng.choice(["float", "int", "bool", "token", "mixed"])
    n_features = 2 if kind == "mixed" else rng.choice([1, 1, 2, 3])
    equal = rng.random() < 0.4
    length = rng.randint(1, 8)
    draw = {
        "float": lambda j: round(rng.uniform(-3, 3), 3),
        "int": lambda j: rng.randint(0, 4),
        "bool": lambda j: rng.random() < 0.5,
        "token": lambda j: rng.choice(["a", "bc", "d"]),
        "mixed": lambda j: rng.choice(["a", "b"]) if j else float(rng.randint(0, 3)),
    }[kind]
    sequences = [
        [
            [draw(j) for j in range(n_features)]
            for _ in range(length if equal else rng.randint(1, 8))
        ]
        for _ in range(rng.randint(1, 6))
    ]
    if rng.random() < 0.2:
        for x in sequences[:2]:
            x[-1] = [None if kind == "token" else np.nan] * n_features
    return sequences, n_features


def spoil(rng, sequences):
    """Put an odd value, time step or sequence somewhere."""
    i = rng.randrange(len(sequences))
    step = rng.randrange(len(sequences[i]))
    choice = rng.randrange(6)
    if choice < 3:
        sequences[i][step][rng.randrange(len(sequences[i][step]))] = rng.choice(
            ODD_NUMBERS
        )
    elif choice == 3:
        sequences[i][step] = rng.choice(
            [[], [1.0] * 4, None, "ab", 3, sequences[i][step] * 2]
        )
    elif choice == 4:
        sequences[i] = rng.choice([[], [[]], [sequences[i]]])
    else:
        for x in sequences:
            for values in x:
                values[0] = None
    return sequences


def _flat(sequences):
    return [[step[0] for step in x] for x in sequences]


def _columns(sequences):
    n = len(sequences[0][0])
    return {f"f{j}": [[step[j] for step in x] for x in sequences] for j in range(n)}


def _array(dtype):
    return lambda s: [np.array(x, dtype=dtype) for x in s]


def _pack(sequences):
    tensors = [torch.tensor(x) for x in sequences]
    return torch.nn.utils.rnn.pack_sequence(tensors, enforce_sorted=False)


def _awkward(sequences):
    import awkward

    return awkward.Array(sequences)


def _dataset(sequences):
    import datasets

    return datasets.Dataset.from_dict(_columns(sequences))


def _levels(sequences):
    """Make a frame with two levels of rows."""
    rows = [(i, t) for i, x in enumerate(sequences) for t in range(len(x))]
    steps = [step for x in sequences for step in x]
    index = pd.MultiIndex.from_tuples(rows, names=["id", "t"])
    return pd.DataFrame(steps, index=index).rename(columns=str)


def _pivot(sequences):
    """Make a frame with two levels of columns, by feature and time step."""
    columns = pd.MultiIndex.from_product(
        [[f"f{j}" for j in range(len(sequences[0][0]))], range(len(sequences[0]))]
    )
    rows = [[t[j] for j in range(len(x[0])) for t in x] for x in sequences]
    return pd.DataFrame(rows, columns=columns)


class _Frame(pd.DataFrame):
    @property
    def _constructor(self):
        return _Frame


class _ArrayLike:
    """An object that offers only the protocol of arrays."""

    def __init__(self, values):
        self.values = np.array(values)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


def _relation(sequences):
    import duckdb

    table = pa.table(_columns(sequences))
    return duckdb.from_arrow(table)


def _xarray(sequences):
    import xarray

    return xarray.DataArray(np.array(sequences), dims=("id", "t", "feature"))


def _name_features(array):
    return array.assign_coords(feature=[f"f{j}" for j in range(array.shape[-1])])


def _named_arrays(sequences):
    """Make DataArrays, every other one with its axes and features in another order."""
    import xarray

    arrays = [
        _name_features(xarray.DataArray(np.array(x), dims=("t", "feature")))
        for x in sequences
    ]
    return [x[:, ::-1].T if i % 2 else x for i, x in enumerate(arrays)]


def _named_tuples(sequences):
    names = [f"f{j}" for j in range(len(sequences[0][0]))]
    step = collections.namedtuple("Step", names)
    return [[step(*values) for values in x] for x in sequences]


def _xarray_dataset(sequences):
    import xarray

    return xarray.Dataset({"a": ("id", np.array(_flat(sequences))[:, 0])})


def _objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


CONTAINERS = {
    "list of arrays": _array(None),
    "list of float32": _array(np.float32),
    "list of float16": _array(np.float16),
    "list of objects": _array(object),
    "list of int8": _array(np.int8),
    "list of 1-D arrays": lambda s: [np.array(x) for x in _flat(s)],
    "list of lists": lambda s: s,
    "list of flat lists": _flat,
    "list of tuples": lambda s: [[tuple(t) for t in x] for x in s],
    "tuple": tuple,
    "deque": collections.deque,
    "strings": lambda s: ["".join(map(str, x)) for x in _flat(s)],
    "string array": lambda s: np.array(["".join(map(str, x)) for x in _flat(s)]),
    "1-D object array": lambda s: _objects([np.array(x) for x in s]),
    "3-D array": lambda s: np.array(s),
    "3-D objects": lambda s: np.array(s, dtype=object),
    "3-D Fortran": lambda s: np.asfortranarray(np.array(s, dtype=float))[::-1],
    "2-D array": lambda s: np.array(_flat(s)),
    "2-D float32": lambda s: np.array(_flat(s), dtype=np.float32),
    "1-D array": lambda s: np.array(_flat(s)[0]),
    "0-D array": lambda s: np.array(_flat(s)[0][0]),
    "4-D array": lambda s: np.array([s]),
    "masked": lambda s: np.ma.masked_invalid(np.array(s, dtype=float)),
    "list of masked": lambda s: [
        np.ma.masked_invalid(np.array(x, dtype=float)) for x in s
    ],
    "structured": lambda s: np.zeros(len(s), [("a", float)]),
    "bytes array": lambda s: np.array(_flat(s), dtype="S2"),
    "times": lambda s: np.array(_flat(s), dtype="M8[s]"),
    "complex": lambda s: np.array(s, dtype=complex),
    "torch": lambda s: torch.tensor(s),
    "list of tensors": lambda s: [torch.tensor(x) for x in s],
    "bfloat16": lambda s: [torch.tensor(x, dtype=torch.bfloat16) for x in s],
    "requires grad": lambda s: torch.tensor(s, dtype=torch.float32).requires_grad_(),
    "nested": lambda s: torch.nested.nested_tensor([torch.tensor(x) for x in s]),
    "packed": _pack,
    "sparse tensor": lambda s: torch.tensor(s).to_sparse(),
    "scipy sparse": lambda s: scipy.sparse.coo_array(np.array(_flat(s), dtype=float)),
    "pandas table": lambda s: pd.DataFrame(_flat(s)),
    "pandas nullable": lambda s: pd.DataFrame(_flat(s)).convert_dtypes(),
    "pandas arrow": lambda s: pd.DataFrame(_flat(s)).convert_dtypes(
        dtype_backend="pyarrow"
    ),
    "pandas cells": lambda s: pd.DataFrame(_columns(s)),
    "pandas cells of arrays": lambda s: pd.DataFrame(
        {k: [np.array(x) for x in v] for k, v in _columns(s).items()}
    ),
    "pandas strings": lambda s: pd.Series(["".join(map(str, x)) for x in _flat(s)]),
    "pandas Series": lambda s: pd.Series(_flat(s)),
    "list of frames": lambda s: [
        pd.DataFrame(x, columns=[f"f{j}" for j in range(len(s[0][0]))]) for x in s
    ],
    "list of Series": lambda s: [pd.Series(x) for x in _flat(s)],
    "categories": lambda s: [pd.Series(x, dtype="category") for x in _flat(s)],
    "groups": lambda s: pd.DataFrame(
        {"i": [i for i, x in enumerate(s) for _ in x], "a": sum(_flat(s), [])}
    ).groupby("i"),
    "polars table": lambda s: pl.DataFrame(_flat(s), orient="row"),
    "polars cells": lambda s: pl.DataFrame(_columns(s)),
    "polars Series": lambda s: pl.Series(_flat(s)),
    "polars strings": lambda s: pl.Series(["".join(map(str, x)) for x in _flat(s)]),
    "polars Int128": lambda s: pl.Series(_flat(s)).cast(pl.List(pl.Int128)),
    "polars lazy": lambda s: pl.LazyFrame(_columns(s)),
    "arrow table": lambda s: pa.table(_columns(s)),
    "arrow lists": lambda s: pa.array(_flat(s)),
    "arrow nested": lambda s: pa.chunked_array([pa.array(s)]),
    "arrow views": lambda s: pa.array(_flat(s), pa.list_view(pa.float64())),
    "arrow maps": lambda s: pa.array(
        [[("a", v) for v in x] for x in _flat(s)], pa.map_(pa.string(), pa.float64())
    ),
    "arrow batch": lambda s: pa.RecordBatch.from_pydict(_columns(s)),
    "arrow reader": lambda s: pa.table(_columns(s)).to_reader(),
    "awkward": _awkward,
    "dataset": _dataset,
    "dataset column": lambda s: _dataset(s)["f0"],
    "xarray": _xarray,
    "list of xarray": lambda s: list(_xarray(s)),
    "named xarray": lambda s: _name_features(_xarray(s)),
    "list of named xarray": _named_arrays,
    "named tuples": _named_tuples,
    "long table": lambda s: pd.DataFrame(
        {"id": [f"c{i}" for i, x in enumerate(s) for _ in x], "a": sum(_flat(s), [])}
    ),
    "xarray Dataset": _xarray_dataset,
    "duckdb": _relation,
    "narwhals": lambda s: nw.from_native(pl.DataFrame(_columns(s))),
    "two levels of rows": _levels,
    "two levels of columns": _pivot,
    "subclass of a frame": lambda s: _Frame(_columns(s)),
    "sparse frame": lambda s: pd.DataFrame(_flat(s)).astype("Sparse[float]"),
    "pandas text columns": lambda s: pd.DataFrame(_flat(s)).astype(str),
    "pandas categorical": lambda s: pd.DataFrame(_flat(s)).astype("category"),
    "pandas times": lambda s: pd.DataFrame(
        {"a": _flat(s), "t": pd.date_range("2020", periods=len(s))}
    ),
    "polars structs": lambda s: pl.Series(
        [[{f"f{j}": v for j, v in enumerate(t)} for t in x] for x in s]
    ),
    "polars categories": lambda s: pl.Series(_flat(s)).cast(pl.List(pl.Categorical)),
    "polars enums": lambda s: pl.DataFrame(_flat(s), orient="row").cast(
        pl.Enum(["a", "bc", "d"])
    ),
    "list of polars frames": lambda s: [
        pl.DataFrame(x, schema=[f"f{j}" for j in range(len(x[0]))], orient="row")
        for x in s
    ],
    "list of Arrow tables": lambda s: [
        pa.table({f"f{j}": [t[j] for t in x] for j in range(len(x[0]))}) for x in s
    ],
    "list of Arrow arrays": lambda s: [pa.array(x) for x in _flat(s)],
    "arrow dictionary": lambda s: pa.array(_flat(s)[0]).dictionary_encode(),
    "array protocol": _ArrayLike,
    "list of array protocols": lambda s: [_ArrayLike(x) for x in s],
    "strings of numpy": lambda s: np.array(
        ["".join(map(str, x)) for x in _flat(s)], dtype=np.dtypes.StringDType()
    ),
    "wide flags": lambda s: np.array(_flat(s)) == _flat(s)[0][0],
    "lists as text": lambda s: [str(x) for x in s],
    "times as text": lambda s: [[f"2020-01-{len(x):02}T00:00"] * 2 for x in s],
    "series of arrays": lambda s: pd.Series({f"k{i}": x for i, x in enumerate(s)}),
    "memory view": lambda s: memoryview(np.array(_flat(s), dtype=float)),
    "dicts": lambda s: [{"a": x, "b": x} for x in _flat(s)],
    "steps that are dicts": lambda s: [
        [{f"f{j}": v for j, v in enumerate(t)} for t in x] for x in s
    ],
    "dict": lambda s: dict(enumerate(s)),
    "generator": lambda s: (x for x in s),
    "set": lambda s: {len(x) for x in s},
    "text": lambda s: "abc",
    "bytes": lambda s: b"abc",
    "None": lambda s: None,
    "number": lambda s: 3,
    "empty": lambda s: [],
    "empty array": lambda s: np.empty((0, 3, 2)),
    "object": lambda s: object(),
    "list of dicts and arrays": lambda s: [np.array(s[0]), {"a": [1]}],
    "list of generators": lambda s: [iter(x) for x in _flat(s)],
    "text beside lists": lambda s: pd.DataFrame({"a": _flat(s), "t": ["ab"] * len(s)}),
    "mixed list": lambda s: [_flat(s)[0], np.array(s[-1]), "ab"][: len(s) + 1],
}
# Containers in which the number of sequences is not that of what was drawn.
UNKNOWN_LENGTHS = {
    "long table",
    "0-D array",
    "packed",
    "4-D array",
    "1-D array",
    "mixed list",
    "set",
    "two levels of rows",
    "arrow dictionary",
    "groups",
}
METHODS = (
    "fit",
    "fit",
    "fit",
    "partial_fit",
    "fit_transform",
    "transform",
    "transform",
    "inverse_transform",
    "reconstruct",
    "forecast",
    "score",
    "score_samples",
)
PREDICTOR_METHODS = ("fit", "fit", "partial_fit", "predict", "predict_top", "score")
FUNCTIONS = ("make_windows", "exact_match_score", "token_match_score")


def draw_container(rng, kind=None):
    """Draw a name, the object, and its number of sequences (None if not known)."""
    while True:
        sequences, _ = draw_sequences(rng, kind)
        if rng.random() < 0.3:
            sequences = spoil(rng, sequences)
        name = rng.choice(list(CONTAINERS))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                X = CONTAINERS[name](sequences)
        except Exception:  # the container cannot hold these values
            continue
        n = None if name in UNKNOWN_LENGTHS else len(sequences)
        return name, X, n


def draw_case(rng):
    """Draw one call."""
    which = rng.random()
    if which < 0.12:
        return _draw_function(rng)
    if which < 0.25:
        return _draw_parameter(rng)
    kind = rng.choice(["float", "float", "int", "token", "mixed", "bool"])
    name, X, n = draw_container(rng, kind if rng.random() < 0.7 else None)
    if which < 0.7:
        method = rng.choice(METHODS)
        estimator = _estimator(LSTMSequenceEmbedder, kind, method)
        output = rng.choice(["default", "default", "pandas"])
        call = _Call(estimator, method, (X,), n, output)
        return Case("LSTMSequenceEmbedder", method, name, call, (X,))
    method = rng.choice(PREDICTOR_METHODS)
    estimator = _estimator(LSTMSequencePredictor, kind, method)
    if method in ("predict", "predict_top"):
        k = (rng.choice(ODD_PARAMETERS),) if rng.random() < 0.3 else ()
        call = _Call(estimator, method, (X, *k * (method == "predict_top")), n)
        return Case("LSTMSequencePredictor", method, name, call, (X,))
    y_name, y, n_targets = draw_container(rng, kind)
    if n is not None and rng.random() < 0.7:
        for _ in range(50):  # as many targets as sequences
            if n_targets == n:
                break
            y_name, y, n_targets = draw_container(rng, kind)
    if rng.random() < 0.2 and n is not None:
        y = rng.choice([list, np.array, pl.Series, pd.Series, pa.array])(
            [float(i) for i in range(n)]
        )
    args = (X, y) if rng.random() < 0.5 or n is None else (_plain(n), y)
    call = _Call(estimator, method, args, None if n is None else n)
    return Case("LSTMSequencePredictor", method, f"y: {y_name}", call, args)


def _plain(n):
    return [np.arange(2.0 + i) for i in range(n)]


class _Call:
    """Call a method and check its result."""

    def __init__(self, estimator, method, args, n, output="default"):
        self.estimator, self.method, self.args, self.n = estimator, method, args, n
        self.output = output

    def __call__(self):
        self.estimator.set_output(transform=self.output)
        result = getattr(self.estimator, self.method)(*self.args)
        n = self.n
        if self.method in ("fit", "partial_fit"):
            assert result is self.estimator, "fit returns another object"
            vectors = result.set_output(transform="default").transform(self.args[0])
            check_vectors(vectors, n, result)
        elif self.method in ("transform", "fit_transform"):
            if self.output == "pandas":
                assert isinstance(result, pd.DataFrame), type(result)
                assert list(result) == list(self.estimator.get_feature_names_out())
                result = result.to_numpy()
            check_vectors(result, n, self.estimator)
        elif self.method == "score":
            assert isinstance(result, float), f"score is {result!r}"
        elif self.method == "score_samples":
            assert n is None or result.shape == (n,), f"shape {result.shape}"
            # NaN stands for a forecast of time steps that are all missing.
            assert not np.isinf(result).any(), "score_samples is infinite"
        elif self.method == "inverse_transform":
            assert len(result), "inverse_transform is empty"
        elif self.method == "predict_top":
            assert n is None or len(result[0]) == n
        else:
            size = result.num_rows if isinstance(result, pa.Table) else len(result)
            assert n is None or size == n, f"{size} results for {n} sequences"


def check_vectors(vectors, n, estimator):
    """Check that vectors are finite, of float32, and one for each sequence."""
    assert vectors.dtype == np.float32, f"vectors of {vectors.dtype}"
    assert np.isfinite(vectors).all(), "vectors are not finite"
    assert vectors.shape[1] == estimator.n_components, f"shape {vectors.shape}"
    assert n is None or len(vectors) == n, f"{len(vectors)} vectors for {n} sequences"


_FITTED = {}


def _estimator(cls, kind, method):
    """Return a new estimator, or one that is fitted on data of a kind."""
    if method in ("fit", "fit_transform", "partial_fit"):
        return cls(**SMALL)
    if (cls, kind) not in _FITTED:
        sequences = {
            "float": [np.arange(3.0), np.arange(5.0), np.arange(4.0)],
            "int": [np.arange(3), np.arange(5), np.arange(4)],
            "bool": [np.array([True, False]), np.array([False, True, True])],
            "token": [list("ab"), ["a", "bc", "d"], ["d"] * 4],
            "mixed": [[(1.0, "a"), (2.0, "b")], [(0.0, "b")] * 4],
        }[kind]
        extra = {}
        if cls is LSTMSequenceEmbedder:
            extra = {"objective": "composite"}
            sequences = [list(x) * 2 for x in sequences]
            if kind in ("float", "int", "bool"):
                sequences = list(map(np.array, sequences))
        targets = () if cls is LSTMSequenceEmbedder else (sequences,)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _FITTED[cls, kind] = cls(**SMALL, **extra).fit(sequences, *targets)
    return _FITTED[cls, kind]


def _draw_parameter(rng):
    cls = rng.choice([LSTMSequenceEmbedder, LSTMSequencePredictor])
    name = rng.choice(list(cls().get_params()))
    value = rng.choice(ODD_PARAMETERS)
    if name in ("max_epochs", "verbose"):  # no long trainings, no progress bars
        value = rng.choice([-1, 0, 0.5, "x", 10**400, None, np.array([1, 2])])
    X = rng.choice(
        [
            [np.arange(3.0), np.arange(5.0)],
            [list("ab"), list("cab")],
        ]
    )
    estimator = _estimator(cls, "float", "fit").set_params(**{name: value})
    args = (X,) if cls is LSTMSequenceEmbedder else (X, X)
    return Case(
        cls.__name__, "parameters", name, _Call(estimator, "fit", args, 2), args
    )


def _draw_function(rng):
    method = rng.choice(FUNCTIONS)
    name, X, _ = draw_container(rng)
    if method == "make_windows":
        sizes = [rng.choice([1, 1, 2, *ODD_PARAMETERS]) for _ in range(3)]
        args = X, *sizes

        def call():
            windows, targets = make_windows(X, *sizes[:2], stride=sizes[2])
            assert len(windows) == len(targets)
    else:
        function = {
            "exact_match_score": exact_match_score,
            "token_match_score": token_match_score,
        }[method]
        args = (X, X if rng.random() < 0.5 else draw_container(rng)[1])

        def call():
            assert 0 <= function(*args) <= 1

    return Case("functions", method, name, call, args)


def judge(case):
    """Make the call, and return "accepted", "refused", or what is wrong."""
    before = [fingerprint(x) for x in case.inputs]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        verdict = _judge_call(case)
    for warning in caught:
        if not is_expected(warning):
            text = str(warning.message)[:100]
            return f"warning: {warning.category.__name__}: {text}"
    if before != [fingerprint(x) for x in case.inputs]:
        return "changed: the input is another one after the call"
    return verdict


def _judge_call(case):
    try:
        case.call()
    except AssertionError as exc:
        return f"result: {exc}"
    except (ValueError, TypeError) as exc:
        return judge_error(exc)
    except Exception as exc:
        return f"error: {type(exc).__name__} of {source_of(exc)}: {str(exc)[:100]}"
    return "accepted"


def judge_error(exc):
    """Return "refused", or a description of the fault of a ValueError or TypeError."""
    text, source = str(exc), source_of(exc)
    if isinstance(exc, NotFittedError):
        return "refused"
    if source != "own":
        return f"error: {type(exc).__name__} of {source}: {text[:100]}"
    if type(exc) not in (ValueError, TypeError):
        return f"error: {type(exc).__name__}: {text[:100]}"
    if not ARGUMENTS.search(text) or FOREIGN_WORDS.search(text):
        return f"message: {text[:150]}"
    return "refused" if len(text) < MAX_MESSAGE else f"long message: {text[:80]}"


def source_of(exc):
    """Return the library whose code raised an error; "own" for scikit-learn's checks.

    Errors of compiled code come from the line that calls it, so their words tell.
    """
    frame = traceback.extract_tb(exc.__traceback__)[-1]
    found = re.search(rf"site-packages/({LIBRARIES})\b", frame.filename)
    if found:
        return found[1]
    path = Path(frame.filename)
    is_own = "sklearn" in frame.filename or "tests" in path.parts
    raises = "raise" in (frame.line or "")
    return "own" if raises and is_own else f"a call in {path.name}"


def is_expected(warning):
    """Return whether a warning is one of the documented ones, in the user's words."""
    if issubclass(warning.category, ALLOWED_WARNINGS):
        return True
    text = str(warning.message)
    return warning.category is UserWarning and bool(
        re.search(r"sequences have no observed|feature names|nested tensors", text)
    )


def fingerprint(value):
    """Return something that is equal only if nothing in an object has changed."""
    if isinstance(value, np.ndarray) and value.dtype.kind not in "O":
        mask = np.ma.getmaskarray(value).tobytes()
        return str(value.dtype), value.shape, np.asarray(value).tobytes(), mask
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple, collections.deque)):
        return type(value).__name__, [fingerprint(x) for x in value]
    if isinstance(value, torch.Tensor):
        return str(value.dtype), repr(value)
    if isinstance(value, pd.DataFrame):
        return [(name, fingerprint(column)) for name, column in value.items()]
    if isinstance(value, pd.Series):
        index = list(map(repr, value.index))
        return str(value.dtype), index, [fingerprint(x) for x in value]
    if isinstance(value, dict):
        return [(key, fingerprint(x)) for key, x in value.items()]
    try:
        text = re.sub(r" at 0x\w+", "", repr(value))
    except Exception:  # xarray cannot print tensors among objects
        text = ""
    return type(value).__name__, text


def run(seeds):
    """Judge the cases of some seeds; return counts by case, and faults by kind."""
    torch.set_num_threads(1)
    counts = collections.Counter()
    faults = collections.defaultdict(list)
    for seed in seeds:
        case = draw_case(random.Random(seed))
        verdict = judge(case)
        kind = verdict if verdict in ("accepted", "refused") else "faults"
        counts[case.owner, case.method, case.container, kind] += 1
        if kind == "faults":
            key = re.sub(r"\d+", "0", verdict)
            faults[key].append((seed, case.owner, case.method, case.container))
    return counts, dict(faults)


def write_report(counts, faults, folder):
    """Write the counts by container and by method, and all faults, to two files."""
    totals = collections.Counter()
    for (owner, method, container, kind), n in counts.items():
        totals["call", f"{owner}.{method}", kind] += n
        if owner == "functions" or method != "parameters":
            totals["container", container.removeprefix("y: "), kind] += n
        else:
            totals["parameter", container, kind] += n
    lines = ["Inputs of the fuzzer, and what became of them."]
    columns = ("accepted", "refused", "faults")
    for group in ("call", "container", "parameter"):
        lines += ["", f"{group:34}" + "".join(f"{c:>10}" for c in columns)]
        for name in sorted({n for g, n, _ in totals if g == group}):
            cells = "".join(f"{totals[group, name, c]:10}" for c in columns)
            lines.append(f"{name:34}{cells}")
    sums = [sum(n for (*_, k), n in counts.items() if k == c) for c in columns]
    lines += ["", f"{'all':34}" + "".join(f"{n:10}" for n in sums)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fuzzing.txt").write_text("\n".join(lines) + "\n")
    found = sorted(faults.items(), key=lambda item: -len(item[1]))
    (folder / "fuzzing.json").write_text(
        json.dumps({k: {"n": len(v), "examples": v[:3]} for k, v in found}, indent=1)
    )


def main():
    """Run the fuzzer from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("docs/development/fuzzing"))
    options = parser.parse_args()
    first = options.seed * 10**6
    seeds = range(first, first + options.examples)
    parts = [seeds[i :: 20 * options.processes] for i in range(20 * options.processes)]
    counts, faults = collections.Counter(), collections.defaultdict(list)
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.processes) as pool:
        for part_counts, part_faults in pool.imap_unordered(run, parts):
            counts += part_counts
            for key, found in part_faults.items():
                faults[key] += found
            print(f"{sum(counts.values())} inputs, {len(faults)} faults", flush=True)
    write_report(counts, faults, options.output)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
