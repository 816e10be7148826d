"""Shapes of data and networks on which speed is measured.

The number of epochs is chosen so that one fit of this library takes a few seconds on
one thread.
"""

import dataclasses
import functools

import numpy as np

from ..datasets import has_japanese_vowels, load_japanese_vowels

SEED = 0


@dataclasses.dataclass(frozen=True)
class LogNormal:
    """Log-normal lengths with the given median, clipped to a range.

    With the default `sigma`, one sequence in twenty is longer than three medians.
    """

    median: int
    shortest: int
    longest: int
    sigma: float = 0.7

    def draw(self, rng, n_sequences):
        """Draw lengths, int of shape (n_sequences,)."""
        drawn = rng.lognormal(np.log(self.median), self.sigma, n_sequences)
        return np.clip(np.rint(drawn).astype(int), self.shortest, self.longest)


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
        One length, a distribution, or the sequences of JapaneseVowels.
    n_features : int
        Number of features.
    cells : int
        LSTM cells of encoder and decoder, and number of components.
    batch_size, epochs : int
        As in the estimator.
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
MULTITHREADED = (
    "steps24-16",
    "steps100x12-64",
    "steps100-128",
    "steps500-64",
    "lognormal-64",
)
QUICK = ("steps24-16", "steps100-128", "lognormal-64", "vowels-64")
QUICK_SEQUENCES = 100


def select_cases(quick=False, n_threads=1):
    """Return the cases to run: fewer with several threads, tiny ones with `quick`."""
    cases = [case for case in CASES if n_threads == 1 or case.name in MULTITHREADED]
    if not has_japanese_vowels():
        cases = [case for case in cases if case.lengths != "vowels"]
        print("Without SEQEMBED_DATA and sktime, vowels-64 is left out.")
    if quick:
        cases = [
            dataclasses.replace(case, n_sequences=QUICK_SEQUENCES, epochs=1)
            for case in cases
            if case.name in QUICK
        ]
    return cases


# A contender needs the data again in each round; workers hold one case at a time.
@functools.lru_cache(maxsize=1)
def make_X(case):
    """Make the sequences of a case; equal cases give equal sequences.

    Returns
    -------
    X : float32 ndarray of shape (n_sequences, n_timesteps, n_features), or list
        A list of (n_timesteps_i, n_features) if lengths differ.
    """
    if case.lengths == "vowels":
        return load_japanese_vowels()[: case.n_sequences]
    rng = np.random.default_rng(SEED)
    if not case.ragged:
        return draw_walks(rng, (case.n_sequences, case.lengths, case.n_features))
    return [
        draw_walks(rng, (length, case.n_features))
        for length in case.lengths.draw(rng, case.n_sequences)
    ]


def draw_walks(rng, shape):
    """Draw random walks along the second last axis, scaled to end with variance 1."""
    steps = rng.standard_normal(shape, dtype=np.float32)
    return steps.cumsum(axis=-2) / np.float32(np.sqrt(shape[-2]))


def count_steps(X):
    """Return the total number of time steps."""
    return sum(len(sequence) for sequence in X)
