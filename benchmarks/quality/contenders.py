"""Methods that turn sequences into vectors without looking at classes.

Each method gets the sequences of both parts of a set and a seed, learns from the
training part only, and returns an :class:`Embedding`. A :class:`Contender` adds its
parameters, the same for all sets, and how its vectors are evaluated.
"""

import dataclasses
import functools
import time
import typing

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder

from .. import timing

N_COMPONENTS = LSTMSequenceEmbedder().n_components

# CPU time is hardly affected by other programs on the same machine.
timed = functools.partial(timing.timed, clock=time.process_time)

# The bidirectional LSTM autoencoder of tutorials, with as many cells as our defaults
# have for the final states. A linear layer maps these to the vector.
TEXTBOOK = {
    "n_components": N_COMPONENTS,
    "hidden_size": 64,
    "patch_size": 1,
    "linear_map": False,
    "random_features": 0,
    "instance_norm": False,
    "bidirectional": True,
    "decoder_inputs": "vector",
    "weight_decay": 0,
    "augmentation": None,
    "lr_schedule": None,
    "lr": 0.001,
    "early_stopping": False,
    "max_epochs": 100,
}


class Embedding(typing.NamedTuple):
    """Result of applying a method to a set.

    Parameters
    ----------
    train, test : ndarray of shape (n_samples, length)
        Vectors.
    explained : float or None
        Explained fraction of the test part, if the method can decode vectors.
    fit_seconds : float
        CPU seconds of `fit` or, if nothing is fitted, of computing the training
        vectors.
    """

    train: np.ndarray
    test: np.ndarray
    explained: float | None
    fit_seconds: float


def embed_by_network(X_train, X_test, seed, **parameters):
    """Embed by this library with `parameters`; `score` is the explained fraction."""
    embedder = LSTMSequenceEmbedder(random_state=seed, **parameters)
    seconds, _ = timed(embedder.fit, X_train)
    vectors = [embedder.transform(X) for X in (X_train, X_test)]
    return Embedding(*vectors, embedder.score(X_test), seconds)


def embed_by_pca(X_train, X_test, seed, n_components, resampled=False, copies=0):
    """Embed by principal components of standardized, flattened sequences.

    There are fewer components if the sequences or their values are fewer.

    Parameters
    ----------
    X_train, X_test : list of ndarray of shape (n_timesteps_i, n_features)
        Sequences of both parts.
    seed : int
        Seed of the copies.
    n_components : int
        Largest number of components.
    resampled : bool, default=False
        Interpolate all sequences linearly at as many points as the median length, and
        decoded ones at their own length. Otherwise, all lengths must be equal.
    copies : int, default=0
        Fit to this number of copies of each sequence, which are shifted in time by up
        to a tenth and mixed in pairs, as the embedder augments sequences.
    """
    scaler = StandardScaler().fit(np.concatenate(X_train))
    n_features = X_train[0].shape[1]
    n_points = int(np.median([len(x) for x in X_train]))

    def flatten(X):
        X = [scaler.transform(x) for x in X]
        return np.stack(
            [(resample(x, n_points) if resampled else x).ravel() for x in X]
        )

    def fit():
        flat = flatten(X_train)
        if copies:
            flat = make_copies(flat, n_features, copies, np.random.default_rng(seed))
        # After centring, n sequences span n - 1 directions.
        n = min(n_components, len(flat) - 1, flat.shape[1])
        return PCA(n, svd_solver="full").fit(flat)

    seconds, pca = timed(fit)
    train, test = (pca.transform(flatten(X)) for X in (X_train, X_test))
    decoded = pca.inverse_transform(test).reshape(len(test), -1, n_features)
    decoded = [resample(x, len(true)) for x, true in zip(decoded, X_test, strict=True)]
    true = scaler.transform(np.concatenate(X_test))
    explained = explained_fraction(np.concatenate(decoded), true)
    return Embedding(train, test, explained, seconds)


def resample(x, n_points):
    """Interpolate x (n_timesteps, n_features) at evenly spaced points."""
    places = np.linspace(0, len(x) - 1, n_points)
    return np.column_stack([np.interp(places, np.arange(len(x)), f) for f in x.T])


def make_copies(flat, n_features, n_copies, rng):
    """Return shifted and mixed copies of flattened sequences of equal lengths."""
    originals = np.tile(flat.reshape(len(flat), -1, n_features), (n_copies, 1, 1))
    n_steps = originals.shape[1]
    largest = round(0.1 * n_steps)

    def shift(x):
        shifts = rng.integers(-largest, largest + 1, size=(len(x), 1))
        steps = np.clip(np.arange(n_steps) + shifts, 0, n_steps - 1)
        return np.take_along_axis(x, steps[:, :, None], axis=1)

    weights = rng.uniform(0, 0.5, size=(len(originals), 1, 1))
    others = originals[rng.permutation(len(originals))]
    mixed = (1 - weights) * shift(originals) + weights * shift(others)
    return mixed.reshape(len(mixed), -1)


def explained_fraction(predicted, true):
    """Compute what `score` of the embedder returns, from time steps.

    Both arrays are of shape (n_timesteps, n_features). Features that do not vary are
    left out.
    """
    varies = np.ptp(true, axis=0) > 0
    return r2_score(true[:, varies], predicted[:, varies])


def embed_by_mean_and_std(X_train, X_test, seed):
    """Embed by mean and standard deviation over time of each feature."""

    def summarize(x):
        return np.concatenate([x.mean(axis=0), x.std(axis=0)])

    return _embed_each(summarize, X_train, X_test)


def embed_by_catch22(X_train, X_test, seed):
    """Embed by the 22 features of catch22 [1]_, of each feature separately.

    The library scales each sequence separately and accepts any length. Values that are
    undefined (for constant sequences, or very few steps) are set to 0.

    References
    ----------
    .. [1] Lubba, C. H. et al. (2019). catch22: CAnonical Time-series CHaracteristics.
           Data Mining and Knowledge Discovery 33, 1821-1852.
    """
    import pycatch22

    def summarize(x):
        values = [
            pycatch22.catch22_all(feature.tolist(), catch24=False)["values"]
            for feature in x.T
        ]
        return np.nan_to_num(np.concatenate(values), nan=0.0, posinf=0.0, neginf=0.0)

    return _embed_each(summarize, X_train, X_test)


def _embed_each(summarize, X_train, X_test):
    """Embed by a function of one sequence."""
    seconds, train = timed(lambda: np.stack([summarize(x) for x in X_train]))
    return Embedding(train, np.stack([summarize(x) for x in X_test]), None, seconds)


def embed_by_minirocket(X_train, X_test, seed, num_kernels):
    """Embed by MiniRocket [1]_, as implemented in sktime.

    If lengths differ, the variant for unequal lengths is used, which pads sequences of
    fewer than 9 steps, the length of a kernel, with 0. Compilation by numba is not
    timed.

    References
    ----------
    .. [1] Dempster, A., Schmidt, D. F. and Webb, G. I. (2021). MiniRocket: A Very Fast
           (Almost) Deterministic Transform for Time Series Classification. KDD.
    """
    n_lengths = len({len(x) for x in (*X_train, *X_test)})
    build, arrange = _choose_minirocket(equal_lengths=n_lengths == 1)
    train, test = arrange(X_train), arrange(X_test)
    build(num_kernels=84, random_state=0).fit(train[:2]).transform(train[:2])
    rocket = build(num_kernels=num_kernels, random_state=seed)
    seconds, vectors = timed(lambda: rocket.fit(train).transform(train))
    vectors = [vectors, rocket.transform(test)]
    return Embedding(*(v.to_numpy(np.float32) for v in vectors), None, seconds)


def embed_by_reduced_minirocket(X_train, X_test, seed, num_kernels, n_components):
    """Embed by principal components of the standardized features of MiniRocket."""
    embedding = embed_by_minirocket(X_train, X_test, seed, num_kernels)
    n = min(n_components, len(X_train) - 1)
    reduce = make_pipeline(StandardScaler(), PCA(n, svd_solver="full"))
    seconds, train = timed(reduce.fit_transform, embedding.train)
    seconds += embedding.fit_seconds
    return Embedding(train, reduce.transform(embedding.test), None, seconds)


def _choose_minirocket(equal_lengths):
    """Return a class of sktime, and a function that makes its container."""
    import pandas as pd
    from sktime.transformations.rocket import (
        MiniRocketMultivariate,
        MiniRocketMultivariateVariable,
    )

    if equal_lengths:
        return MiniRocketMultivariate, lambda X: np.stack(X).transpose(0, 2, 1)
    build = functools.partial(
        MiniRocketMultivariateVariable, pad_value_short_series=0.0
    )
    return build, lambda X: [pd.DataFrame(x) for x in X]


@dataclasses.dataclass(frozen=True)
class Contender:
    """A method, and how its vectors are evaluated.

    Parameters
    ----------
    embed : callable
        Called with X_train, X_test, a seed and the parameters.
    cost : int
        Rough duration relative to the others; the longest jobs run first.
    parameters : dict, default={}
        The same for all sets.
    quick : dict, default={}
        Parameters that are different with --quick.
    seeded : bool, default=False
        Whether to run once per seed, instead of once with the first seed.
    equal_lengths : bool, default=False
        Whether sets of unequal lengths are left out.
    standardize : bool, default=False
        Whether all classifiers and k-means receive standardized components, because the
        components have different units.
    ridge : bool, default=False
        Whether to evaluate with a ridge classifier too.
    """

    embed: typing.Callable
    cost: int
    parameters: dict = dataclasses.field(default_factory=dict)
    quick: dict = dataclasses.field(default_factory=dict)
    seeded: bool = False
    equal_lengths: bool = False
    standardize: bool = False
    ridge: bool = False

    def all_parameters(self):
        """Return the parameters, including the defaults of this library's network."""
        if self.embed is not embed_by_network:
            return self.parameters
        return LSTMSequenceEmbedder(**self.parameters).get_params()


OURS = "ours"
UNTRAINED = "untrained"
TEXTBOOK_NAME = "textbook"
FEW_EPOCHS = {"max_epochs": 2}

CONTENDERS = {
    UNTRAINED: Contender(
        embed_by_network,
        cost=2,
        parameters={"max_epochs": 0},
        seeded=True,
        ridge=True,
    ),
    OURS: Contender(
        embed_by_network, cost=20, quick=FEW_EPOCHS, seeded=True, ridge=True
    ),
    "ours, 2,000": Contender(
        embed_by_network,
        cost=20,
        parameters={"n_components": 2000},
        quick=FEW_EPOCHS,
        ridge=True,
    ),
    TEXTBOOK_NAME: Contender(
        embed_by_network, cost=100, parameters=TEXTBOOK, quick=FEW_EPOCHS, seeded=True
    ),
    "PCA": Contender(
        embed_by_pca,
        cost=1,
        parameters={"n_components": N_COMPONENTS},
        equal_lengths=True,
    ),
    "PCA of copies": Contender(
        embed_by_pca,
        cost=1,
        parameters={"n_components": N_COMPONENTS, "copies": 4},
        equal_lengths=True,
    ),
    "PCA, resampled": Contender(
        embed_by_pca,
        cost=1,
        parameters={"n_components": N_COMPONENTS, "resampled": True},
    ),
    "mean + std": Contender(embed_by_mean_and_std, cost=1, standardize=True),
    "catch22": Contender(embed_by_catch22, cost=2, standardize=True),
    # Only the sequences that thresholds are taken from are random.
    "MiniRocket": Contender(
        embed_by_minirocket,
        cost=20,
        parameters={"num_kernels": 10_000},
        quick={"num_kernels": 84},
        standardize=True,
        ridge=True,
    ),
    "MiniRocket, 320": Contender(
        embed_by_reduced_minirocket,
        cost=20,
        parameters={"num_kernels": 10_000, "n_components": N_COMPONENTS},
        quick={"num_kernels": 84},
        ridge=True,
    ),
}
