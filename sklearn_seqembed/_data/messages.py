"""How error messages name sequences, features and parameters."""

import contextlib
import os
import sys
import warnings
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sklearn_seqembed.exceptions import SequenceReadingWarning

# Warnings refer to the first line of code outside this package.
_PACKAGE_PATH = str(Path(__file__).resolve().parents[1]) + os.sep

# Messages of the warnings of this thread, while they are collected.
_collected = ContextVar("collected", default=None)
# Lines of this package that have warned, while each of them warns once.
_warned = ContextVar("warned", default=None)

NOT_OBSERVED = (
    "{name} has no observed value: all of its values are missing. Drop this sequence, "
    "or give it at least one value."
)


@dataclass(frozen=True)
class Locator:
    """Names of the sequences of an argument, or of the cells of a column of a frame.

    Parameters
    ----------
    argument : str, default="X"
        Name of the argument that the user passed.
    column : object, default=None
        Name of the column, or None if the argument is not a frame of sequences.
    index : pandas Index, default=None
        Row labels of a pandas frame.
    allow_empty : bool, default=False
        Whether a sequence may have no time steps. Sequences that a metric compares may
        be empty; those that a network reads may not.
    source : object, default=None
        The argument as the user passed it.
    is_listed : bool, default=False
        Whether the column belongs to each item of a list of frames or dicts, instead of
        one frame whose rows are sequences.
    """

    argument: str = "X"
    column: object = None
    index: object = None
    allow_empty: bool = False
    source: object = None
    is_listed: bool = False

    def sequence(self, i):
        """Name sequence i as the subject of a sentence."""
        if self.column is None:
            return f"{self.argument}[{i}]"
        if self.is_listed:
            return f"Column {self.column!r} of {self.argument}[{i}]"
        return f"{self.whole}, {self.row(i)},"

    def row(self, i):
        """Name sequence i in a sentence that already names the column."""
        if self.column is None or self.is_listed:
            return f"{self.argument}[{i}]"
        return name_row(i, self.index)

    @property
    def whole(self):
        """Name the whole argument, or the whole column."""
        if self.column is None:
            return self.argument
        return f"Column {self.column!r} of {self.argument}"

    @property
    def accepts_times(self):
        """Whether dates and times are accepted: only in the columns of a frame."""
        return self.column is not None

    def check_lengths(self, lengths):
        """Raise an error for sequences without time steps, unless they are allowed."""
        if self.allow_empty or lengths.all():
            return
        i = int(np.flatnonzero(lengths == 0)[0])
        raise ValueError(
            f"{self.sequence(i)} has no time steps. Drop empty sequences, or give each "
            "at least one time step."
        )

    def check_not_empty(self, n_samples):
        """Raise an error for an argument without sequences."""
        if not n_samples:
            raise ValueError(
                f"{self.argument} is empty: it holds 0 sequences. Pass at least one "
                "sequence."
            )


def name_row(i, index=None):
    """Name a row by its position and, in pandas, its label."""
    if index is None:
        return f"row {i}"
    return f"row {i} (index {plain(index[i])!r})"


def plain(label):
    """Convert a label of a row or a column to a Python object, whose repr is short."""
    if isinstance(label, tuple):
        return tuple(map(plain, label))
    return label.item() if isinstance(label, np.generic) else label


def name_feature(feature, names=None):
    """Name a feature by its position and, in a frame, its name."""
    return f"feature {feature}" + ("" if names is None else f" ({names[feature]!r})")


def name_option(argument):
    """Name the parameter that lists the categorical features of an argument."""
    return "categorical_targets" if argument == "y" else "categorical_features"


def count(n, noun):
    """Write a number and what is counted: "1 time step", "2 time steps"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def find_step(position, lengths):
    """Return the sequence and the time step of a row of contiguous sequences."""
    ends = np.cumsum(lengths)
    i = int(np.searchsorted(ends, position, side="right"))
    return i, int(position - ends[i] + lengths[i])


def warn_reading(message):
    """Warn that data was read in one of two possible ways.

    Parameters
    ----------
    message : str
        One sentence that says how the data was read, and how to pass it if it is meant
        otherwise.
    """
    warn_user(message, SequenceReadingWarning)


def warn_user(message, category=UserWarning):
    """Warn, and refer to the line of the user's code that called this package."""
    caller = sys._getframe(1)
    if _warned.get() is not None:
        line = _find_line(caller)
        if line in _warned.get():
            return
        _warned.get().add(line)
    if _collected.get() is not None:
        _collected.get().append(message)
    frame, level = caller, 2
    while frame.f_back and _is_internal(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


@contextlib.contextmanager
def warning_once(warned):
    """Let each line of this package warn once, in a with block for each part of X.

    Parameters
    ----------
    warned : set
        Lines that have warned, to which others are added.
    """
    token = _warned.set(warned)
    try:
        yield
    finally:
        _warned.reset(token)


def _find_line(frame):
    """Return the line of this package that warns by a function of this module."""
    while frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


@contextlib.contextmanager
def collecting_warnings():
    """Collect the messages of `warn_user` in a list, in a with block.

    They also warn. Filters of warnings, which all threads share, are not changed.

    Yields
    ------
    list of str
        The messages so far.
    """
    messages = []
    token = _collected.set(messages)
    try:
        yield messages
    finally:
        _collected.reset(token)


def _is_internal(frame):
    """Return whether a frame is of this package, or of a decorator of its methods."""
    return frame.f_code.co_filename.startswith(_PACKAGE_PATH) or frame.f_globals.get(
        "__name__", ""
    ).startswith(("sklearn.callback.", "sklearn.utils._set_output"))
