"""Real sequences, from the folder named by the environment variable SEQEMBED_DATA.

The folder contains ``classification/NAME.npz``. For `train` and `test`, each of these
files has the time steps of all sequences concatenated (`train_values`, float32 of shape
(total time steps, features)), the offsets at which sequences begin and the last one
ends (`train_offsets`), and the class of each sequence (`train_labels`). The folder also
contains tables in ``text``, ``events`` and ``forecasting``.
"""

import csv
import importlib.util
import os
import pathlib

import numpy as np

VARIABLE = "SEQEMBED_DATA"
NOT_SET = (
    f"The environment variable {VARIABLE} does not name a folder of real sequences; "
    "benchmarks/datasets.py describes their format."
)
PARTS = ("train", "test")


def data_folder():
    """Return the folder of real sequences, or None if there is none."""
    folder = os.environ.get(VARIABLE)
    return pathlib.Path(folder) if folder and pathlib.Path(folder).is_dir() else None


def require_data_folder():
    """Return the folder of real sequences, or exit with a message."""
    folder = data_folder()
    if folder is None:
        raise SystemExit(NOT_SET)
    return folder


def _load_arrays(name):
    return np.load(require_data_folder() / "classification" / f"{name}.npz")


def load_sequences(name, part="train"):
    """Load the sequences of one part of a classification set.

    Returns
    -------
    X : list of float32 ndarray of shape (n_timesteps_i, n_features)
        The sequences.
    """
    with _load_arrays(name) as arrays:
        return np.split(arrays[f"{part}_values"], arrays[f"{part}_offsets"][1:-1])


def load_labels(name, part="train"):
    """Load the classes of one part of a set, in the order of `load_sequences`."""
    with _load_arrays(name) as arrays:
        return arrays[f"{part}_labels"]


def load_lengths(name, part="train"):
    """Load the lengths of one part of a set, in the order of `load_sequences`."""
    with _load_arrays(name) as arrays:
        return np.diff(arrays[f"{part}_offsets"])


def load_japanese_vowels():
    """Load both parts of JapaneseVowels, from the folder or else from sktime.

    Returns
    -------
    X : list of float32 ndarray of shape (n_timesteps_i, 12)
        640 sequences of 7 to 29 time steps.
    """
    if data_folder() is not None:
        return [x for part in PARTS for x in load_sequences("JapaneseVowels", part)]
    from sktime.datasets import load_japanese_vowels as load

    frame = load(return_X_y=False, return_type="nested_univ").drop(columns="class_val")
    return [
        np.column_stack([series.to_numpy(np.float32) for series in row])
        for row in frame.to_numpy()
    ]


def has_japanese_vowels():
    """Return whether JapaneseVowels is available, from the folder or from sktime."""
    return data_folder() is not None or importlib.util.find_spec("sktime") is not None


def load_table(path):
    """Read a comma-separated table, or tab-separated text.

    Parameters
    ----------
    path : str
        File below the folder, "text/names.tsv" for example.

    Returns
    -------
    table : pandas DataFrame
        In text, quotes are ordinary characters and "NA" is a word.
    """
    import pandas as pd

    text = {"sep": "\t", "quoting": csv.QUOTE_NONE, "keep_default_na": False}
    return pd.read_csv(require_data_folder() / path, **(text if ".tsv" in path else {}))


def standardize(X):
    """Scale each feature to mean 0 and variance 1 over all time steps."""
    steps = np.concatenate(X)
    mean, deviation = steps.mean(axis=0), steps.std(axis=0)
    return [((sequence - mean) / deviation).astype(np.float32) for sequence in X]


def unexplained_fraction(predicted, true):
    """Return mean squared error over variance: 0 is perfect, 1 is the mean.

    Both are of shape (n_timesteps, n_features), without padding.
    """
    return float(np.square(predicted - true).mean() / true.var(axis=0).mean())
