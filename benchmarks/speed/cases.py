"""The named cases of the benchmarks: shapes of data and of networks.

Epochs are chosen so that one of our fits takes one to some seconds on one thread.
"""

import dataclasses
import functools

import numpy as np
from _data import has_japanese_vowels, load_japanese_vowels

SEED = 0


@dataclasses.dataclass(frozen=True)
class LogNormal:
    """Log-normal lengths, clipped to a range.

    Parameters
    ----------
    median : int
        Median of the lengths before they are clipped.
    shortest, longest : int
        The range.
    sigma : float, default=0.7
        Standard deviation of the logarithm: a twentieth of the sequences is then
        longer than three times the median.
    """

    median: int
    shortest: int
    longest: int
    sigma: float = 0.7


@dataclasses.dataclass(frozen=True)
class Case:
    """A shape of data, and of the network trained on it.

    Parameters
    ----------
    name : str
        Name in the tables.
    n_sequences : int
        Number of sequences.
    lengths : int, LogNormal or "vowels"
        One length for all, a distribution, or JapaneseVowels' own sequences.
    n_features : int
        Number of features.
    cells : int
        Memory cells of encoder and decoder, and length of the vector.
    batch_size : int
        Sequences a batch.
    epochs : int
        Passes over the sequences in one fit.
    """

    name: str
    n_sequences: int
    lengths: object
    n_features: int
    cells: int
    batch_size: int
    epochs: int

    @property
    def ragged(self):
        """Whether lengths differ."""
        return not isinstance(self.lengths, int)


CASES = (
    Case("steps24-16", 1_000, 24, 1, 16, 32, 40),
    Case("steps24-64", 1_000, 24, 1, 64, 32, 15),
    Case("short-many-16", 100_000, 24, 1, 16, 64, 1),
    Case("steps100-32", 1_000, 100, 1, 32, 32, 10),
    Case("steps100x12-64", 1_000, 100, 12, 64, 32, 5),
    Case("steps100-128", 500, 100, 1, 128, 32, 4),
    Case("steps100-256", 200, 100, 1, 256, 32, 3),
    Case("steps500-64", 300, 500, 1, 64, 32, 3),
    Case("steps2000-32", 200, 2_000, 1, 32, 16, 3),
    Case("steps2000x12-64", 200, 2_000, 12, 64, 32, 2),
    Case("lognormal-64", 1_000, LogNormal(60, 10, 400), 1, 64, 32, 6),
    Case("lognormal12-32", 2_000, LogNormal(100, 10, 1_000), 12, 32, 64, 4),
    Case("vowels-64", 640, "vowels", 12, 64, 32, 25),
)
# With more threads, which do not judge.
NAMES_BESIDE = (
    "steps24-16",
    "steps100x12-64",
    "steps100-128",
    "steps500-64",
    "lognormal-64",
)
QUICK_NAMES = ("steps24-16", "steps100-128", "lognormal-64", "vowels-64")
QUICK_SEQUENCES = 100


def select_cases(quick=False, n_threads=1):
    """Return the cases that can run here, and say which cannot.

    Parameters
    ----------
    quick : bool, default=False
        Whether to return a few, cut to some sequences and one epoch.
    n_threads : int, default=1
        Threads of a contender. With more than one some of the cases will do.

    Returns
    -------
    cases : list of Case
        The cases.
    """
    cases = [case for case in CASES if n_threads == 1 or case.name in NAMES_BESIDE]
    if n_threads == 1 and not has_japanese_vowels():
        cases = [case for case in cases if case.lengths != "vowels"]
        print(
            "Note: the case vowels-64 is left out. Set SEQEMBED_DATA or install sktime."
        )
    if quick:
        cases = [
            dataclasses.replace(case, n_sequences=QUICK_SEQUENCES, epochs=1)
            for case in cases
            if case.name in QUICK_NAMES
        ]
    return cases


# A contender asks again in each round; workers hold one case at a time.
@functools.lru_cache(maxsize=1)
def make_X(case):
    """Make a case's sequences, equal ones for equal cases.

    Parameters
    ----------
    case : Case
        The case.

    Returns
    -------
    X : float32 ndarray of shape (n_sequences, n_timesteps, n_features), or list
        As a user would hold them: lists of (n_timesteps_i, n_features) if ragged.
    """
    if case.lengths == "vowels":
        return load_japanese_vowels()[: case.n_sequences]
    rng = np.random.default_rng(SEED)
    if not case.ragged:
        return _walks(rng, (case.n_sequences, case.lengths, case.n_features))
    return [
        _walks(rng, (length, case.n_features))
        for length in _draw_lengths(rng, case.lengths, case.n_sequences)
    ]


def _walks(rng, shape):
    """Draw smooth signals: random walks, whose end has the same spread everywhere."""
    steps = rng.standard_normal(shape, dtype=np.float32)
    return steps.cumsum(axis=-2) / np.float32(np.sqrt(shape[-2]))


def _draw_lengths(rng, lengths, n_sequences):
    drawn = rng.lognormal(np.log(lengths.median), lengths.sigma, n_sequences)
    return np.clip(np.rint(drawn).astype(int), lengths.shortest, lengths.longest)


def n_timesteps(X):
    """Return the time steps of all sequences together."""
    return sum(len(sequence) for sequence in X)
