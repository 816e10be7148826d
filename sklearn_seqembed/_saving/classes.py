"""The classes whose instances a fitted estimator contains, and their attributes.

A file can hold instances of these classes only, with these attributes only, so that
opening it cannot run any other code. An attribute that is added to one of the classes
must be added here; saving fails otherwise.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from sklearn import preprocessing

from sklearn_seqembed._data.arrays import ArrayContainer
from sklearn_seqembed._data.arrow import ArrowContainer
from sklearn_seqembed._data.columns import CellFormat
from sklearn_seqembed._data.container import Container
from sklearn_seqembed._data.frames import FrameContainer
from sklearn_seqembed._data.lists import ListContainer
from sklearn_seqembed._data.schema import Schema
from sklearn_seqembed._data.tables import NumberFrameContainer, TableContainer
from sklearn_seqembed._data.targets import TargetSchema
from sklearn_seqembed._data.windows import Windows
from sklearn_seqembed._features.backoff import BackoffModel, NgramTable
from sklearn_seqembed._features.category_models import CategoryModels
from sklearn_seqembed._features.encoder import FeatureEncoder
from sklearn_seqembed._features.numeric import NumericFeatures
from sklearn_seqembed._features.relative import RelativeTargets
from sklearn_seqembed._features.vocabulary import CategoricalFeatures, Vocabulary
from sklearn_seqembed._network.linear_forecast import ForecastShape
from sklearn_seqembed._training.error_quantiles import ErrorQuantiles

ANY = object
NONE = type(None)
ARRAY = np.ndarray
NUMBER = int, float, np.generic
OPTIONAL_INT = int, np.integer, NONE

# Scalers whose state is arrays and numbers. Their attributes depend on the version of
# scikit-learn, which warns if it differs.
SCALERS = (
    preprocessing.FunctionTransformer,  # without functions
    preprocessing.KBinsDiscretizer,
    preprocessing.MaxAbsScaler,
    preprocessing.MinMaxScaler,
    preprocessing.PowerTransformer,
    preprocessing.QuantileTransformer,
    preprocessing.RobustScaler,
    preprocessing.StandardScaler,
)


class Each(NamedTuple):
    """The type of a list or tuple, and that of its items."""

    container: type
    item: object


NAMES = tuple, list, NONE
CONTAINER = {"dtype": np.dtype, "index": NONE, "dims": (tuple, NONE)}
CELLS = Each(tuple, CellFormat)

# For each class the type of each attribute, or a tuple of types.
ATTRIBUTES = {
    ArrayContainer: CONTAINER | {"n_steps": int, "columns": NAMES},
    ArrowContainer: CONTAINER | {"library": str, "arrow_type": ANY},
    FrameContainer: CONTAINER | {"library": str, "columns": tuple, "cells": CELLS},
    ListContainer: CONTAINER
    | {
        "outer": str,
        "item": str,
        "series_dtype": ANY,
        "columns": NAMES,
        "cells": CELLS,
        "item_indexes": NONE,
    },
    NumberFrameContainer: CONTAINER | {"n_steps": int, "library": str, "columns": ANY},
    TableContainer: CONTAINER | {"n_steps": int},
    CellFormat: {"form": str, "dtype": np.dtype, "native": ANY},
    Schema: {
        "container": Container,
        "kinds": Each(tuple, str),
        "origins": tuple,
        "texts": Each(tuple, (str, NONE)),
    },
    TargetSchema: {
        "sequences": Schema,
        "is_single": bool,
        "n_steps": OPTIONAL_INT,
        "has_columns": bool,
    },
    Windows: {"lookback": int, "horizon": int, "max_steps": int},
    FeatureEncoder: {
        "numeric": NumericFeatures,
        "categorical": CategoricalFeatures,
        "class_scales": Each(tuple, NUMBER),
    },
    NumericFeatures: {
        "scaler": ANY,
        "seed": ANY,
        "name": str,
        "scaler_name": str,
        "missing_indicator_": bool,
        "scaler_": ANY,
        "n_features": int,
    },
    CategoricalFeatures: {
        "min_frequency": ANY,
        "max_categories": ANY,
        "handle_unknown": str,
        "name": str,
        "vocabularies": Each(list, Vocabulary),
    },
    Vocabulary: {
        "min_frequency": ANY,
        "max_categories": ANY,
        "handle_unknown": str,
        "categories": ARRAY,
        "infrequent": (ARRAY, NONE),
        "infrequent_index": int,
        "n_classes": int,
        "frequencies": ARRAY,
        "n_infrequent": int,
    },
    RelativeTargets: {
        "target_features": NumericFeatures,
        "columns": ARRAY,
        "constant_scale": ARRAY,
        "mean_scale": ARRAY,
    },
    CategoryModels: {
        "categorical": CategoricalFeatures,
        "models": Each(list, Each(tuple, BackoffModel)),
    },
    BackoffModel: {
        "n_classes": int,
        "backward": bool,
        "tables": Each(list, NgramTable),
    },
    NgramTable: dict.fromkeys(NgramTable._fields, ARRAY),
    ErrorQuantiles: {"counts": ARRAY, "errors": ARRAY},
    ForecastShape: {"n_lags": int, "horizon": int, "columns": Each(tuple, int)},
}

COMMON_FITTED = {
    "_features": FeatureEncoder,
    "_longest": int,
    "_schema": Schema,
    "_shortest": int,
    "_target_features": FeatureEncoder,
    "batch_size_": int,
    "categories_": list,
    "early_stopping_": bool,
    "hidden_size_": OPTIONAL_INT,
    "history_": (list, dict),
    "infrequent_categories_": list,
    "instance_norm_": (bool, np.bool_, ARRAY),
    "is_categorical_": ARRAY,
    "max_epochs_": int,
    "n_features_in_": int,
    "n_iter_": int,
    "net_": dict,
    "patch_size_": int,
    "scaler_": ANY,
}
VECTOR_FITTED = {"_n_points": int, "_random_options": dict, "random_features_": int}
FORECAST_FITTED = {
    "_forecast_shape": (ForecastShape, NONE),
    "_relative": (RelativeTargets, NONE),
    "_windows": (Windows, NONE),
}
LABEL_FITTED = COMMON_FITTED | VECTOR_FITTED | {"_list_width": OPTIONAL_INT}

# The fitted attributes of each estimator, and those that are not always there.
FITTED_ATTRIBUTES = {
    "LSTMSequenceEmbedder": COMMON_FITTED
    | VECTOR_FITTED
    | FORECAST_FITTED
    | {
        "_category_models": CategoryModels,
        "_n_compared_points": int,
        "_parts": Each(tuple, str),
        "horizon_": NUMBER,
    },
    "LSTMSequencePredictor": COMMON_FITTED
    | FORECAST_FITTED
    | {
        "_errors": (ErrorQuantiles, NONE),
        "_target_schema": TargetSchema,
        "decoding_": str,
        "is_categorical_target_": ARRAY,
        "target_categories_": list,
        "target_patch_size_": int,
        "target_scaler_": ANY,
    },
    "LSTMSequenceClassifier": LABEL_FITTED | {"classes_": ARRAY},
    "LSTMSequenceRegressor": LABEL_FITTED | {"_is_flat": bool},
}
OPTIONAL_FITTED = {
    "_closed_form": dict,
    "_has_equal_lengths": bool,
    "_ranges": ARRAY,
    "_sklearn_output_config": dict,
    "feature_names_in_": ARRAY,
    "fit_time_": float,
    "train_score_": NUMBER,
}

CLASSES = {cls.__name__: cls for cls in (*ATTRIBUTES, *SCALERS)}


def is_instance(value, expected):
    """Return whether a value is of an expected type, and its items if it has any."""
    if isinstance(expected, Each):
        return isinstance(value, expected.container) and all(
            is_instance(item, expected.item) for item in value
        )
    if expected is int:
        return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if expected is bool:
        return isinstance(value, (bool, np.bool_))
    return isinstance(value, expected)


def check_fitted(name, attributes):
    """Raise an error unless these are the fitted attributes of an estimator.

    Parameters
    ----------
    name : str
        Class of the estimator.
    attributes : dict of str to object
        The attributes. `net_` is the description of a net.

    Raises
    ------
    ValueError
        If one is missing, unknown, or of another type.
    """
    expected = FITTED_ATTRIBUTES[name]
    if wrong := sorted(expected.keys() - attributes.keys()):
        raise ValueError(f"{name} has no attribute {wrong[0]!r}")
    expected = expected | OPTIONAL_FITTED
    for key, value in attributes.items():
        if key not in expected:
            raise ValueError(f"{name} has an unexpected attribute {key!r}")
        if not is_instance(value, expected[key]):
            raise ValueError(f"{name}.{key} is of type {type(value).__name__}")


def get_attributes(instance):
    """Return the attributes of an instance of a class of `CLASSES`, as a dict.

    Raises
    ------
    TypeError
        If an attribute is not in `ATTRIBUTES`, so that it would be lost.
    """
    cls = type(instance)
    if cls in SCALERS:
        return instance.__getstate__()
    found = instance._asdict() if issubclass(cls, tuple) else dict(vars(instance))
    found = {
        name: value
        for name, value in found.items()
        if not isinstance(getattr(cls, name, None), cached_property)
    }
    if missing := found.keys() ^ ATTRIBUTES[cls].keys():
        raise TypeError(
            f"{cls.__name__} has other attributes than `_saving/classes.py` lists: "
            f"{sorted(missing)}."
        )
    return found


def make_instance(name, attributes):
    """Make an instance of a class without calling its constructor.

    Parameters
    ----------
    name : str
        A key of `CLASSES`.
    attributes : dict of str to object
        Its attributes.

    Raises
    ------
    ValueError
        If there is no such class, or the attributes do not belong to it.
    """
    cls = CLASSES.get(name)
    if cls is None:
        raise ValueError(f"unknown class {name!r}")
    if cls in SCALERS:
        instance = cls.__new__(cls)
        if replaced := [key for key in attributes if hasattr(cls, key)]:
            raise ValueError(f"{name} cannot have the attribute {replaced[0]!r}")
        instance.__setstate__(attributes)
        return instance
    expected = ATTRIBUTES[cls]
    if missing := attributes.keys() ^ expected.keys():
        raise ValueError(
            f"{name} has other attributes than expected: {sorted(missing)}"
        )
    for key, value in attributes.items():
        if not is_instance(value, expected[key]):
            raise ValueError(f"{name}.{key} is of type {type(value).__name__}")
    if issubclass(cls, tuple):
        return cls(**attributes)
    instance = cls.__new__(cls)
    vars(instance).update(attributes)  # also of a frozen dataclass
    return instance
