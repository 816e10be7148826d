"""How fast are the most similar sequences found among a million vectors?

The vectors are those of windows of 20 time steps of one axis of a smartwatch (the
recordings of seglearn), from an embedder with default parameters that was fitted to
2,000 of them without training. Compares scikit-learn's exact search with indexes of
faiss, in a process with one thread. Recall is the fraction of the 10 true nearest
neighbors that are found, averaged over queries that are not in the index. Seconds are
CPU time, which equals elapsed time on an idle machine and is hardly affected by other
programs.
"""

import functools
import time

from ..formatting import make_table
from ..runner import show_progress
from ..timing import timed
from ..workers import Worker

SIZES = (10_000, 100_000, 1_000_000)
N_STEPS, N_QUERIES, N_NEIGHBORS = 20, 500, 10
SEARCHES = {
    "scikit-learn, exact": "search_exactly",
    "faiss, exact": "search_flat",
    "faiss, IVF": "search_ivf",
    "faiss, HNSW": "search_hnsw",
}
COLUMNS = {
    "vectors": ",d",
    "search": "",
    "build, s": ",.1f",
    "per query, ms": ",.2f",
    "recall": ".3f",
}


def add_arguments(parser):
    """Add the options of this program."""
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)


def run(options):
    """Build and query all indexes, for all numbers of vectors."""
    sizes = [1_000] if options.quick else options.sizes
    rows = []
    with Worker("speed.neighbors") as worker:
        for n_vectors in sizes:
            for name, search in SEARCHES.items():
                show_progress(f"neighbors: {n_vectors:,} vectors, {name}")
                figures = worker.call(
                    "measure", search=search, n_vectors=n_vectors, largest=max(sizes)
                )
                rows.append({"vectors": n_vectors, "search": name} | figures)
    title = f"Search of {N_NEIGHBORS} neighbors among vectors of 320 components"
    return {"tables": {"neighbors": make_table(title, COLUMNS, rows)}}


# In the worker


def measure(search, n_vectors, largest):
    """Return seconds to build, milliseconds per query, and recall of one index."""
    vectors, queries = embed(largest)
    build, find = globals()[search]()
    clock = time.process_time
    build_seconds, _ = timed(build, vectors[:n_vectors], clock=clock)
    query_seconds, found = timed(find, queries, clock=clock)
    pairs = zip(found, find_true(n_vectors, largest), strict=True)
    n_found = sum(len(set(row) & set(true)) for row, true in pairs)
    return {
        "build, s": build_seconds,
        "per query, ms": query_seconds / len(queries) * 1e3,
        "recall": n_found / (len(queries) * N_NEIGHBORS),
    }


@functools.cache
def embed(n_vectors):
    """Return the vectors to search in, in random order, and those of the queries."""
    import numpy as np
    from seglearn.datasets import load_watch

    from sklearn_seqembed import LSTMSequenceEmbedder

    rng = np.random.default_rng(0)
    recordings = load_watch()["X"]
    windows = np.concatenate(
        [
            np.lib.stride_tricks.sliding_window_view(recording, N_STEPS, axis=0)
            for recording in recordings
        ]
    ).reshape(-1, N_STEPS)
    n_chosen = n_vectors + N_QUERIES
    chosen = windows[rng.choice(len(windows), n_chosen, replace=False)]
    embedder = LSTMSequenceEmbedder(max_epochs=0, random_state=0).fit(chosen[:2_000])
    vectors = np.concatenate(
        [embedder.transform(chosen[i : i + 50_000]) for i in range(0, n_chosen, 50_000)]
    )
    return vectors[:n_vectors], vectors[n_vectors:]


@functools.cache
def find_true(n_vectors, largest):
    """Return the indices of the true neighbors of each query."""
    vectors, queries = embed(largest)
    build, find = search_flat()
    build(vectors[:n_vectors])
    return find(queries)


def search_exactly():
    """Return the functions to build and to query scikit-learn's index."""
    from sklearn.neighbors import NearestNeighbors

    index = NearestNeighbors(n_neighbors=N_NEIGHBORS)
    return index.fit, lambda queries: index.kneighbors(queries, return_distance=False)


def search_flat():
    """Return the functions of faiss' exact search."""
    return _search_faiss(lambda n_vectors: "Flat")


def search_ivf():
    """Return the functions of an inverted file, of which 16 lists are searched."""

    def describe(n_vectors):
        return f"IVF{round(2 * n_vectors**0.5)},Flat"

    return _search_faiss(describe, "nprobe=16")


def search_hnsw():
    """Return the functions of a graph of 32 neighbors."""
    return _search_faiss(lambda n_vectors: "HNSW32,Flat", "efSearch=64")


def _search_faiss(describe, parameters=None):
    import faiss

    faiss.omp_set_num_threads(1)
    index = None

    def build(vectors):
        nonlocal index
        index = faiss.index_factory(vectors.shape[1], describe(len(vectors)))
        index.train(vectors)
        index.add(vectors)
        if parameters is not None:
            faiss.ParameterSpace().set_index_parameters(index, parameters)

    return build, lambda queries: index.search(queries, N_NEIGHBORS)[1]
