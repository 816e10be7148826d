"""Ways to turn sequences into vectors, without looking at classes.

Each way takes the sequences of both parts of a set and a seed, learns what it learns
from the training part alone, and returns an :class:`Embedding`. A :class:`Contender`
adds its parameters, one fixed set of them for all data, and how its vectors are judged.
"""

import dataclasses
import functools
import time
import typing

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from sklearn_seqembed import LSTMSequenceEmbedder

N_COMPONENTS = LSTMSequenceEmbedder().n_components

# The autoencoder of the tutorials; both directions, so that its vector is as long and
# has read as much as ours.
TEXTBOOK = {
    "n_components": N_COMPONENTS,
    # As many cells as ours has for its last states; a linear layer leads to the vector.
    "hidden_size": 64,
    "patch_size": 1,
    "reservoir_fraction": 0,
    "instance_norm": False,
    "vector_scaling": None,
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
    """What a contender made of a set.

    Parameters
    ----------
    train, test : ndarray of shape (n_samples, length)
        The vectors.
    explained : float or None
        Explained share of the test part, for contenders that play vectors back.
    fit_seconds : float
        Of `fit` where something is learned, else of making the training vectors.
    """

    train: np.ndarray
    test: np.ndarray
    explained: float | None
    fit_seconds: float


def embed_by_network(X_train, X_test, seed, **parameters):
    """Embed by this library.

    Parameters
    ----------
    X_train, X_test : list of float32 ndarray of shape (n_timesteps_i, n_features)
        Both parts of a set.
    seed : int
        Of the whole training.
    **parameters
        What differs from the defaults.

    Returns
    -------
    embedding : Embedding
        With `score` of the test part as its explained share.
    """
    embedder = LSTMSequenceEmbedder(random_state=seed, **parameters)
    started = time.perf_counter()
    embedder.fit(X_train)
    seconds = time.perf_counter() - started
    vectors = [embedder.transform(X) for X in (X_train, X_test)]
    return Embedding(*vectors, embedder.score(X_test), seconds)


def embed_by_pca(X_train, X_test, seed, n_components):
    """Embed by principal components of standardised sequences of one length.

    Parameters
    ----------
    X_train, X_test : list of float32 ndarray of shape (n_timesteps, n_features)
        Both parts of a set.
    seed : int
        Not used: nothing is random.
    n_components : int
        Length of the vector; less where sequences or values are fewer.

    Returns
    -------
    embedding : Embedding
        With an explained share that is computed as by `score`.
    """
    started = time.perf_counter()
    scaler = StandardScaler().fit(np.concatenate(X_train))
    flat, flat_test = (
        np.stack([scaler.transform(x).ravel() for x in X]) for X in (X_train, X_test)
    )
    # Centred, n sequences span n - 1 directions.
    n_components = min(n_components, len(flat) - 1, flat.shape[1])
    pca = PCA(n_components, svd_solver="full").fit(flat)
    seconds = time.perf_counter() - started
    vectors = pca.transform(flat_test)
    n_features = X_train[0].shape[1]
    played_back = pca.inverse_transform(vectors).reshape(-1, n_features)
    explained = explained_fraction(played_back, flat_test.reshape(-1, n_features))
    return Embedding(pca.transform(flat), vectors, explained, seconds)


def explained_fraction(predicted, true):
    """Return what `score` of the embedder returns, for time steps at hand.

    Parameters
    ----------
    predicted, true : ndarray of shape (n_timesteps, n_features)
        Time steps of all sequences together.

    Returns
    -------
    share : float
        Mean over features that vary of 1 - squared error / squared deviation from the
        mean: 1 is perfect, 0 is the mean.
    """
    error = np.square(predicted - true).sum(axis=0)
    deviation = np.square(true - true.mean(axis=0)).sum(axis=0)
    varies = np.ptp(true, axis=0) > 0
    return float(np.mean(1 - error[varies] / deviation[varies]))


def embed_by_mean_and_std(X_train, X_test, seed):
    """Embed by mean and standard deviation over time of each feature.

    Parameters
    ----------
    X_train, X_test : list of float32 ndarray of shape (n_timesteps_i, n_features)
        Both parts of a set.
    seed : int
        Not used: nothing is random.

    Returns
    -------
    embedding : Embedding
        Vectors of 2 numbers a feature.
    """
    return _embed_one_by_one(_mean_and_std, X_train, X_test)


def _embed_one_by_one(vector, X_train, X_test):
    """Embed by a function of one sequence."""
    started = time.perf_counter()
    train = np.stack([vector(x) for x in X_train])
    seconds = time.perf_counter() - started
    return Embedding(train, np.stack([vector(x) for x in X_test]), None, seconds)


def _mean_and_std(x):
    return np.concatenate([x.mean(axis=0), x.std(axis=0)])


def embed_by_catch22(X_train, X_test, seed):
    """Embed by the 22 features of catch22 [1]_, of each feature by itself.

    The library scales each sequence by itself and takes any length. Where a figure is
    not defined (a constant sequence, one of very few steps) it is set to 0.

    Parameters
    ----------
    X_train, X_test : list of float32 ndarray of shape (n_timesteps_i, n_features)
        Both parts of a set.
    seed : int
        Not used: nothing is random.

    Returns
    -------
    embedding : Embedding
        Vectors of 22 numbers a feature.

    References
    ----------
    .. [1] Lubba, C. H. et al. (2019). catch22: CAnonical Time-series CHaracteristics.
           Data Mining and Knowledge Discovery 33, 1821-1852.
    """
    return _embed_one_by_one(_catch22, X_train, X_test)


def _catch22(x):
    import pycatch22

    values = [
        pycatch22.catch22_all(feature.tolist(), catch24=False)["values"]
        for feature in x.T
    ]
    return np.nan_to_num(np.concatenate(values), nan=0.0, posinf=0.0, neginf=0.0)


def embed_by_minirocket(X_train, X_test, seed, num_kernels):
    """Embed by MiniRocket [1]_ as sktime has it.

    Where lengths differ, by its authors' variant for unequal lengths, which pads
    sequences below 9 steps, the length of a kernel, with 0.

    Parameters
    ----------
    X_train, X_test : list of float32 ndarray of shape (n_timesteps_i, n_features)
        Both parts of a set.
    seed : int
        Of the sequences that thresholds are taken from.
    num_kernels : int
        About the length of the vector.

    Returns
    -------
    embedding : Embedding
        Its seconds without those in which numba compiles.

    References
    ----------
    .. [1] Dempster, A., Schmidt, D. F. and Webb, G. I. (2021). MiniRocket: A Very Fast
           (Almost) Deterministic Transform for Time Series Classification. KDD.
    """
    n_lengths = len({len(x) for x in (*X_train, *X_test)})
    build, arrange = _minirocket(equal_lengths=n_lengths == 1)
    train, test = arrange(X_train), arrange(X_test)
    build(num_kernels=84, random_state=0).fit(train[:2]).transform(train[:2])
    started = time.perf_counter()
    rocket = build(num_kernels=num_kernels, random_state=seed).fit(train)
    vectors = rocket.transform(train).to_numpy(np.float32)
    seconds = time.perf_counter() - started
    return Embedding(
        vectors, rocket.transform(test).to_numpy(np.float32), None, seconds
    )


def _minirocket(equal_lengths):
    """Return what builds MiniRocket, and what brings sequences into its form."""
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
    """A way to embed, and how its vectors are judged.

    Parameters
    ----------
    embed : callable
        Called with X_train, X_test, a seed and the parameters.
    cost : int
        Roughly its seconds for the same sequences, beside those of the others: jobs
        run longest first.
    parameters : dict, default={}
        One fixed set for all data.
    quick : dict, default={}
        What --quick changes of them.
    seeded : bool, default=False
        Whether it runs once a seed; else once, with the first seed.
    equal_lengths : bool, default=False
        Whether it is left out where lengths differ.
    standardise : bool, default=False
        Whether its vectors are features of different units, which all judges get
        standardised.
    ridge : bool, default=False
        Whether a ridge classifier judges too, as its authors let it do.
    """

    embed: typing.Callable
    cost: int
    parameters: dict = dataclasses.field(default_factory=dict)
    quick: dict = dataclasses.field(default_factory=dict)
    seeded: bool = False
    equal_lengths: bool = False
    standardise: bool = False
    ridge: bool = False

    def all_parameters(self):
        """Return the parameters, for this library's network the defaults too."""
        if self.embed is not embed_by_network:
            return self.parameters
        return LSTMSequenceEmbedder(**self.parameters).get_params()


OURS = "ours"
TEXTBOOK_NAME = "textbook"
FEW_EPOCHS = {"max_epochs": 2}

CONTENDERS = {
    OURS: Contender(embed_by_network, cost=20, quick=FEW_EPOCHS, seeded=True),
    "untrained": Contender(
        embed_by_network, cost=2, parameters={"max_epochs": 0}, seeded=True
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
    "mean + std": Contender(embed_by_mean_and_std, cost=1, standardise=True),
    "catch22": Contender(embed_by_catch22, cost=2, standardise=True),
    # Random only in the sequences that thresholds are taken from: one seed is enough.
    "MiniRocket": Contender(
        embed_by_minirocket,
        cost=20,
        parameters={"num_kernels": 10_000},
        quick={"num_kernels": 84},
        standardise=True,
        ridge=True,
    ),
}
