"""Real sequences, found through the environment variable SEQEMBED_DATA.

It names a folder with ``classification/NAME.npz``. Each holds for `train` and `test`
the time steps of all sequences one after another (`train_values`, float32 of shape
(total time steps, features)), where each starts (`train_offsets`, one more than there
are sequences), and the class of each (`train_labels`).
"""

import csv
import importlib.util
import os
import pathlib

import numpy as np

VARIABLE = "SEQEMBED_DATA"
NOT_SET = (
    f"The environment variable {VARIABLE} is not set to a folder of real sequences: "
    "see the docstring of benchmarks/_data.py for their format."
)


def data_folder():
    """Return the folder of real sequences, or None where there is none."""
    folder = os.environ.get(VARIABLE)
    return pathlib.Path(folder) if folder and pathlib.Path(folder).is_dir() else None


def _load_set(name):
    """Open the arrays of a set, or say that there is no folder."""
    folder = data_folder()
    if folder is None:
        raise FileNotFoundError(NOT_SET)
    return np.load(folder / "classification" / f"{name}.npz")


def load_sequences(name, part="train"):
    """Load one part of a set.

    Parameters
    ----------
    name : str
        Name of the set in the archive, "PLAID" for example.
    part : {"train", "test"}, default="train"
        Which part.

    Returns
    -------
    X : list of float32 ndarray of shape (n_timesteps_i, n_features)
        The sequences.

    Raises
    ------
    FileNotFoundError
        If no folder is set, or if it lacks the set.
    """
    with _load_set(name) as arrays:
        return np.split(arrays[f"{part}_values"], arrays[f"{part}_offsets"][1:-1])


def load_table(path, separator=","):
    """Read a table of text or events; in tab-separated text "NA" is a word.

    Parameters
    ----------
    path : str
        File below the folder, "text/names.tsv" for example.
    separator : str, default=","
        What stands between two columns.

    Returns
    -------
    table : pandas DataFrame
        One row a line. In text quotes are text too, and nothing is missing.

    Raises
    ------
    FileNotFoundError
        If no folder is set, or if it lacks the file.
    """
    import pandas as pd

    folder = data_folder()
    if folder is None:
        raise FileNotFoundError(NOT_SET)
    is_text = separator == "\t"
    return pd.read_csv(
        folder / path,
        sep=separator,
        quoting=csv.QUOTE_NONE if is_text else csv.QUOTE_MINIMAL,
        keep_default_na=not is_text,
    )


def load_labels(name, part="train"):
    """Load the classes of the sequences of one part of a set.

    Parameters
    ----------
    name : str
        Name of the set in the archive.
    part : {"train", "test"}, default="train"
        Which part.

    Returns
    -------
    y : ndarray of str of shape (n_samples,)
        In the order of :func:`load_sequences`.
    """
    with _load_set(name) as arrays:
        return arrays[f"{part}_labels"]


def load_lengths(name, part="train"):
    """Load the numbers of time steps of one part of a set, without its values.

    Parameters
    ----------
    name : str
        Name of the set in the archive.
    part : {"train", "test"}, default="train"
        Which part.

    Returns
    -------
    lengths : ndarray of int of shape (n_samples,)
        In the order of :func:`load_sequences`.
    """
    with _load_set(name) as arrays:
        return np.diff(arrays[f"{part}_offsets"])


def load_japanese_vowels():
    """Load both parts of JapaneseVowels, from the folder or else from sktime.

    Returns
    -------
    X : list of float32 ndarray of shape (n_timesteps_i, 12)
        640 sequences of 7 to 29 time steps.
    """
    if data_folder() is not None:
        return [
            sequence
            for part in ("train", "test")
            for sequence in load_sequences("JapaneseVowels", part)
        ]
    from sktime.datasets import load_japanese_vowels as load

    frame = load(return_X_y=False, return_type="nested_univ").drop(columns="class_val")
    return [
        np.column_stack([series.to_numpy(np.float32) for series in row])
        for row in frame.to_numpy()
    ]


def has_japanese_vowels():
    """Tell whether JapaneseVowels can be loaded, from the folder or from sktime."""
    return data_folder() is not None or importlib.util.find_spec("sktime") is not None


def standardise(X):
    """Scale each feature by its mean and spread over all time steps.

    Parameters
    ----------
    X : list of ndarray of shape (n_timesteps_i, n_features)
        The sequences.

    Returns
    -------
    X : list of float32 ndarray
        The same, each feature with mean 0 and variance 1.
    """
    steps = np.concatenate(X)
    mean, spread = steps.mean(axis=0), steps.std(axis=0)
    return [((sequence - mean) / spread).astype(np.float32) for sequence in X]


def unexplained(predicted, true):
    """Return the share of the variance over time steps that is not explained.

    Parameters
    ----------
    predicted, true : ndarray of shape (n_timesteps, n_features)
        Time steps of all sequences together, without padding.

    Returns
    -------
    error : float
        Mean squared error over variance: 0 is perfect, 1 is the mean.
    """
    return float(np.square(predicted - true).mean() / true.var(axis=0).mean())
