"""
Similarity search: find the most similar sequences
==================================================

Given one sequence, which others are most like it?

As vectors of fixed length, sequences of any lengths can be searched by scikit-learn's
:class:`~sklearn.neighbors.NearestNeighbors`, or by a vector index if there are very
many. We look for electric appliances whose current is similar, check how many of the
neighbors are of the same type, and compare with curves that are resampled to the same
length.
"""

# %%
# Currents of appliances
# ----------------------
# PLAID contains the current of household appliances of eleven types, mostly while they
# are switched on. The embedder is fitted to the first half of the recordings, in which
# we search, without the types. The queries are in the other half.

import time

import faiss
import matplotlib.pyplot as plt
import numpy as np
from seglearn.datasets import load_watch
from sklearn.neighbors import NearestNeighbors
from sktime.datasets import load_plaid

from sklearn_seqembed import LSTMSequenceEmbedder

TYPES = (
    "air conditioner, fluorescent lamp, fan, fridge, hairdryer, heater, light bulb, "
    "laptop, microwave, vacuum, washing machine"
).split(", ")


def load(split):
    """Load one half as a list of arrays, and the types of the appliances."""
    frame, types = load_plaid(split, return_X_y=True, return_type="nested_univ")
    return [cell.to_numpy() for cell in frame.iloc[:, 0]], types.astype(int)


X, y = load("TRAIN")
X_queries, y_queries = load("TEST")
print(f"{len(X)} curves of {min(map(len, X))} to {max(map(len, X))} time steps")

embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0)
vectors = embedder.fit_transform(X)
queries = embedder.transform(X_queries)
index = NearestNeighbors(n_neighbors=10).fit(vectors)
neighbors = index.kneighbors(queries, return_distance=False)

# %%
# Four queries, and their three most similar curves:

# sphinx_gallery_thumbnail_number = 2
SHOWN = [np.flatnonzero(y_queries == k)[3] for k in (1, 3, 7, 8)]
fig, axes = plt.subplots(4, 4, figsize=(9.5, 6.5), layout="constrained")
for row, query in zip(axes, SHOWN, strict=True):
    row[0].plot(X_queries[query], color="k", lw=1)
    row[0].set_title(f"query: {TYPES[y_queries[query]]}", fontsize="medium")
    for ax, i in zip(row[1:], neighbors[query], strict=False):
        same = y[i] == y_queries[query]
        ax.plot(X[i], lw=1, color="C0" if same else "C3")
        ax.set_title(TYPES[y[i]], fontsize="medium", color="C0" if same else "C3")
for ax in axes.flat:
    ax.set(yticks=[], xlim=(0, 320), xticks=[0, 100, 200, 300])
for ax in axes[:-1].flat:
    ax.set_xticklabels([])
plt.show()

# %%
# Compare with resampled curves
# -----------------------------
# Precision at k is the fraction of the k nearest neighbors that are of the same type as
# the query, averaged over all queries. The baselines resample all curves to 200 time
# steps, or describe them by mean and standard deviation.


def resample(X):
    """Interpolate all curves to 200 time steps."""
    return np.array(
        [np.interp(np.linspace(0, len(x) - 1, 200), np.arange(len(x)), x) for x in X]
    )


def summarize(X):
    """Describe curves by mean and standard deviation."""
    return np.array([[x.mean(), x.std()] for x in X])


def precision(X, X_queries):
    """Return the precision at 1, 5 and 10."""
    index = NearestNeighbors(n_neighbors=10).fit(X)
    found = y[index.kneighbors(X_queries, return_distance=False)]
    same = found == y_queries[:, np.newaxis]
    return [same[:, :k].mean() for k in (1, 5, 10)]


precisions = {
    "mean and std": precision(summarize(X), summarize(X_queries)),
    "resampled curves": precision(resample(X), resample(X_queries)),
    "LSTMSequenceEmbedder": precision(vectors, queries),
}
print(f"{'precision at':20}", *(f"{k:5}" for k in (1, 5, 10)))
for name, values in precisions.items():
    print(f"{name:20}", *(f"{value:5.3f}" for value in values))

# %%

fig, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for name, values in precisions.items():
    ax.plot([1, 5, 10], values, "o-", label=name)
ax.set(
    xlabel="number of neighbors",
    xticks=[1, 5, 10],
    ylabel="fraction of the same type",
    ylim=(0, 1),
    title="Neighbors of the same type",
)
ax.legend()
plt.show()

# %%
# The vectors find more appliances of the same type, and the difference grows with the
# number of neighbors. Resampling compares curves moment by moment, although appliances
# are switched on at different moments, and compresses long recordings.
#
# An index for very many vectors
# ------------------------------
# ``NearestNeighbors`` compares each query with all vectors. An index that is
# approximate compares it with a few of them only. Any library can hold the vectors;
# here we use faiss. We search in 20,000 overlapping windows of two seconds, from the
# smartwatch recordings of seglearn.

windows = np.concatenate(
    [
        np.lib.stride_tricks.sliding_window_view(recording[::5], 20, axis=0)[::2]
        for recording in load_watch()["X"]
    ]
).transpose(0, 2, 1)
windows = np.random.default_rng(0).permutation(windows)[:20_500]
window_embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit(windows[:500])
window_vectors = window_embedder.transform(windows)
stored, wanted = window_vectors[:20_000], window_vectors[20_000:]

started = time.perf_counter()
exact = NearestNeighbors(n_neighbors=10).fit(stored)
true = exact.kneighbors(wanted, return_distance=False)
exact_seconds = time.perf_counter() - started

started = time.perf_counter()
graph = faiss.IndexHNSWFlat(stored.shape[1], 32)  # 32 links per vector
graph.add(stored)
build_seconds = time.perf_counter() - started

started = time.perf_counter()
distances, found = graph.search(wanted, 10)
search_seconds = time.perf_counter() - started

recall = np.mean([np.isin(a, b).mean() for a, b in zip(true, found, strict=True)])
print(f"NearestNeighbors: {exact_seconds / 500 * 1e3:.2f} ms per query, exact")
print(
    f"faiss HNSW: {search_seconds / 500 * 1e3:.2f} ms per query, recall {recall:.3f}, "
    f"{build_seconds:.1f} s to build"
)

# %%
# With 20,000 vectors, building the index takes longer than the exact search of 500
# queries. It pays off with more vectors: among 1,000,000, ``NearestNeighbors`` took 16
# milliseconds per query and this kind of index 0.3, with a recall of 1.000, after 270
# seconds to build it. These are CPU times of one thread, measured by
# ``benchmarks/speed/neighbors.py`` on windows of one feature.
#
# What to remember
# ----------------
# - Fit the embedder once, store the vectors, and search with any tool for vectors.
# - Check the neighbors of some queries by eye, and count them if you have labels.
# - With some ten thousand vectors, ``NearestNeighbors`` is fast enough, and exact.
