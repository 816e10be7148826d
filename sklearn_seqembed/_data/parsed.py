"""Sequences as returned by the reader of a container, before they are validated.

Values that are Python objects are parsed here: a feature holds numbers, strings, bools
or times.
"""

import datetime
import numbers
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np

from sklearn_seqembed._data.container import Container, float_dtype
from sklearn_seqembed._data.factorize import factorize_strings
from sklearn_seqembed._data.messages import Locator, find_step, name_feature

_TIMES = (datetime.date, np.datetime64)


class FeatureBlock(NamedTuple):
    """One feature at all time steps, or several numeric features in one array.

    Attributes
    ----------
    kind : {"numeric", "number", "bool", "string", "datetime"}
        Kind of the values; "number" stands for numbers that are categories.
    values : ndarray or CategoricalFeature
        Numbers or bools of shape (total_steps, k), where bools are floats if any is
        missing; a `CategoricalFeature` of strings; or times of shape (total_steps,) and
        dtype datetime64[us], NaT where missing.
    """

    kind: str
    values: object

    @property
    def width(self):
        """Number of features."""
        return self.values.shape[1] if self.is_number else 1

    @property
    def is_number(self):
        """Whether the values are an array of numbers or bools."""
        return self.kind in ("numeric", "number", "bool")

    @property
    def dtype(self):
        """Floating dtype in which numbers are returned."""
        return float_dtype(self.values.dtype if self.is_number else np.dtype("O"))

    @property
    def is_all_missing(self):
        """Whether no value is observed, so that the feature may be of any kind."""
        if self.kind == "string":
            return not len(self.values.categories)
        if self.kind == "datetime":
            return bool(np.isnat(self.values).all())
        return self.values.dtype.kind == "f" and bool(np.isnan(self.values).all())

    def iter_features(self):
        """Yield the values of each feature, and a mask of those that are observed."""
        if self.kind == "string":
            codes, categories = self.values
            yield np.append(categories, None)[codes], codes >= 0
        elif self.kind == "datetime":
            yield self.values, ~np.isnat(self.values)
        else:
            for column in self.values.T:
                is_float = column.dtype.kind == "f"
                all_observed = np.ones(len(column), dtype=bool)
                yield column, ~np.isnan(column) if is_float else all_observed


class ParsedSequences(NamedTuple):
    """Values and container returned by a reader.

    Attributes
    ----------
    blocks : list of FeatureBlock
        The features.
    starts, lengths : int64 ndarray of shape (n_samples,)
        First row and number of time steps of each sequence.
    container : Container
        The container that was read.
    locator : Locator
        How messages name the sequences.
    frame : object, default=None
        The frame that was read, from which scikit-learn takes the names of columns;
        None for other containers.
    """

    blocks: list
    starts: np.ndarray
    lengths: np.ndarray
    container: Container
    locator: Locator
    frame: object = None

    @classmethod
    def from_contiguous(cls, blocks, lengths, container, locator, frame=None):
        """Create sequences, each of which begins where the previous one ends."""
        starts = np.cumsum(lengths) - lengths
        return cls(blocks, starts, lengths, container, locator, frame)

    @property
    def n_features(self):
        """Number of features of a time step."""
        return sum(block.width for block in self.blocks)

    def reorder(self, order):
        """Return the same features in another order."""
        if len(self.blocks) == 1:
            (block,) = self.blocks
            return self._replace(blocks=[block._replace(values=block.values[:, order])])
        return self._replace(blocks=[self.blocks[feature] for feature in order])

    def locate(self, feature):
        """Return the locator of one feature, which in a frame is a column."""
        names = self.container.feature_names
        if names is None:
            return self.locator
        return replace(
            self.locator,
            column=names[feature],
            index=self.container.index,
            is_listed=not self.container.is_frame,
        )

    def describe_feature(self, feature):
        """Name one feature as the subject of a sentence."""
        locator = self.locate(feature)
        if locator.column is not None:
            return locator.whole
        if self.n_features == 1:
            return locator.argument
        name = name_feature(feature, self.container.item_names)
        return f"{name[0].upper()}{name[1:]} of {locator.argument}"


def parse_values(values, lengths, locator, feature=None):
    """Parse Python objects as the values of one feature.

    Parameters
    ----------
    values : list or tuple
        The values of all time steps, sequence after sequence.
    lengths : int64 ndarray of shape (n_samples,)
        Number of time steps of each sequence.
    locator : Locator
        How messages name the sequences.
    feature : int, default=None
        Position of the feature where there are several.

    Returns
    -------
    block : FeatureBlock
        Numbers, bools, strings or, if the locator accepts them, times, which are
        `values` itself. None, NaN, NA and NaT are missing.

    Raises
    ------
    TypeError
        If strings and numbers are mixed, or a value is of another type.
    """
    types = _observed_types(values)
    if any(issubclass(t, str) for t in types):
        if not all(issubclass(t, str) for t in types):
            _refuse_mixture(str, values, lengths, locator, feature)
        return FeatureBlock("string", factorize_strings(values))
    if locator.accepts_times and any(issubclass(t, _TIMES) for t in types):
        if not all(issubclass(t, _TIMES) for t in types):
            _refuse_mixture(_TIMES, values, lengths, locator, feature)
        return FeatureBlock("datetime", values)
    if not all(map(_is_number_type, types)):
        _refuse_other_types(values, lengths, locator, feature)
    is_bool = bool(types) and all(issubclass(t, (bool, np.bool_)) for t in types)
    try:
        column = _as_column(values, types, locator)
    except OverflowError:
        _refuse_huge_integer(values, lengths, locator, feature)
    return FeatureBlock("bool" if is_bool else "numeric", column)


def holds_bools(steps):
    """Return whether a list or a tuple, of values or of time steps, holds any bool."""
    if not isinstance(steps, (list, tuple)):
        return False
    return not {bool, np.bool_}.isdisjoint(types_of_values(steps))


def types_of_values(steps):
    """Return the types of the values of a list, or of those in its lists and tuples."""
    types = set(map(type, steps))
    if types.isdisjoint((list, tuple)):
        return types
    if types <= {list, tuple}:
        return set(map(type, chain.from_iterable(steps)))
    rows = (step for step in steps if isinstance(step, (list, tuple)))
    return types | set(map(type, chain.from_iterable(rows)))


def is_missing(value):
    """Return whether a value is None, NaN, or pandas' NA or NaT."""
    if _is_missing_type(type(value)):
        return True
    return isinstance(value, (float, np.floating)) and value != value


def _is_missing_type(t):
    return t is type(None) or t.__name__ in ("NAType", "NaTType")


def _observed_types(values):
    """Return the types of the values that are not missing."""
    types = {t for t in set(map(type, values)) if not _is_missing_type(t)}
    floats = {t for t in types if issubclass(t, (float, np.floating))}
    # NaN may stand for a missing string, so floats that are all NaN are ignored.
    if floats and len(types) > len(floats):
        if all(value != value for value in values if type(value) in floats):
            return types - floats
    return types


def _is_number_type(t):
    # numpy counts durations as integers.
    is_number = issubclass(t, (numbers.Number, np.number, np.bool_))
    return is_number and not issubclass(t, np.timedelta64)


def _as_column(values, types, locator):
    """Make a column of numbers or bools, with NaN where one is missing."""
    for t in types:
        if issubclass(t, numbers.Complex) and not issubclass(t, numbers.Real):
            raise ValueError(
                f"Complex data not supported: {locator.whole} holds values of type "
                f"{t.__name__}. Pass the real and the imaginary part as two features."
            )
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        values = [np.nan if is_missing(value) else value for value in values]
        array = np.array(values, dtype=np.float64)
    return array[:, None]


def _refuse_mixture(kind, values, lengths, locator, feature):
    """Raise an error for strings, or times, that are mixed with other values."""
    observed = [(p, v) for p, v in enumerate(values) if not is_missing(v)]
    first = observed[0][1]
    position, value = next(
        (p, v) for p, v in observed if isinstance(v, kind) != isinstance(first, kind)
    )
    name, where = _locate(position, lengths, locator, feature)
    found = "strings" if isinstance(value, str) else f"{type(value).__name__} values"
    raise TypeError(
        f"{name} holds {found} ({value!r} at {where}), but an earlier value is "
        f"{first!r}. One feature cannot hold both: convert one of them, or make two "
        "features."
    )


def _refuse_other_types(values, lengths, locator, feature):
    """Raise an error for the first value that is neither a number nor a string."""
    position, value = next(
        (position, value)
        for position, value in enumerate(values)
        if not _is_number_type(type(value)) and not is_missing(value)
    )
    name, where = _locate(position, lengths, locator, feature)
    raise TypeError(
        f"{name} must hold numbers or strings, with NaN or None for missing values, "
        f"got {value!r} of type {type(value).__name__} at {where}. {_remedy(value)}"
    )


def _refuse_huge_integer(values, lengths, locator, feature):
    """Raise an error for the first integer that float64 cannot represent."""
    largest = int(np.finfo(np.float64).max)
    position = next(
        position
        for position, value in enumerate(values)
        if isinstance(value, numbers.Integral) and abs(value) > largest
    )
    name, where = _locate(position, lengths, locator, feature)
    raise ValueError(
        f"{name} holds an integer that is too large for float64 at {where}. Replace it "
        "by None to have it treated as missing."
    )


def _remedy(value):
    if isinstance(value, bytes):
        return "Decode them: value.decode()."
    if isinstance(value, datetime.timedelta):
        return "Convert them to seconds: value.total_seconds()."
    if isinstance(value, datetime.date):
        return (
            "Pass a frame, whose columns may hold times (a ColumnTransformer passes a "
            "frame if its columns are given as a list), or convert them to seconds."
        )
    if np.ndim(value):
        return "Each time step of this feature must hold one value."
    return "Convert them, or leave that feature out."


def _locate(position, lengths, locator, feature):
    """Name the sequence and the time step of a value."""
    i, step = find_step(position, lengths)
    where = f"time step {step}"
    if feature is not None:
        where += f", {name_feature(feature)}"
    return locator.sequence(i), where
