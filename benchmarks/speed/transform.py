"""How many sequences per second does `transform` encode with all defaults?

With its defaults, `transform` encodes each sequence by the linear map and by random
features, which take most of the time. It is compared with the textbook encoder, an LSTM
of 64 cells in each direction without patches, and with two fast methods: PCA of
flattened sequences with the same number of components, and MiniRocket with 9,996
features (by sktime; omitted if numba is not installed). All contenders receive the same
3-D array and run in turn in a process with one thread. Networks are not trained. For
the textbook encoder this does not change the speed; with all defaults, trained cells
would correct the linear map, which they seldom do with 320 components. Rates are per
second of CPU time, which equals elapsed time on an idle machine and is hardly affected
by other programs.
"""

import functools
import importlib.util
import statistics
import time

from ..formatting import make_table
from ..runner import show_progress
from ..timing import seconds_per_call, take_turns
from ..workers import Worker
from .cases import Case, make_X

ROUNDS = 3
N_SEQUENCES, N_QUICK = 1_000, 50
LENGTHS = (20, 100, 500)
FEATURES = (1, 3)
NAMES = {
    "all defaults": "build_defaults",
    "textbook LSTM": "build_textbook",
    "PCA": "build_pca",
    "MiniRocket": "build_minirocket",
}
COLUMNS = {
    "steps": "d",
    "features": "d",
    **{f"{name}, sequences/s": ",.0f" for name in NAMES},
}


def run(options):
    """Encode in turn, for all lengths and numbers of features."""
    names = dict(NAMES)
    if importlib.util.find_spec("numba") is None:
        del names["MiniRocket"]
        show_progress("Without numba, MiniRocket is left out.")
    n_sequences = N_QUICK if options.quick else N_SEQUENCES
    rows = []
    for length in LENGTHS[:1] if options.quick else LENGTHS:
        for n_features in FEATURES:
            show_progress(f"transform: {length} steps, {n_features} feature(s)")
            case = Case("transform", n_sequences, length, n_features, 64, 0, 0)
            rows.append(measure(case, names, 1 if options.quick else ROUNDS))
    title = f"transform of {n_sequences:,} sequences"
    return {"tables": {"transform": make_table(title, COLUMNS, rows)}}


def measure(case, names, n_rounds):
    """Return the row of one shape of data."""
    with Worker("speed.transform") as worker:
        contenders = {
            name: functools.partial(
                worker.call, "time_transform", builder=builder, case=case
            )
            for name, builder in names.items()
        }
        take_turns(contenders, 1)  # fits, and warms up
        figures = take_turns(contenders, n_rounds)
    row = {"steps": case.lengths, "features": case.n_features, "figures": figures}
    for name, seconds in figures.items():
        row[f"{name}, sequences/s"] = case.n_sequences / statistics.median(seconds)
    return row


# In the worker


def time_transform(builder, case):
    """Return the seconds of `transform` over all sequences of a case."""
    transform, X = _fitted(builder, case), make_X(case)
    return seconds_per_call(lambda: transform(X), 1, time.process_time)


@functools.cache
def _fitted(builder, case):
    return globals()[builder](make_X(case))


def build_defaults(X):
    """Return `transform` of the embedder with all defaults."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    from .contenders.ours import COMMON

    return LSTMSequenceEmbedder(**COMMON, max_epochs=0).fit(X).transform


def build_textbook(X):
    """Return `transform` of the embedder as a textbook autoencoder."""
    from sklearn_seqembed import LSTMSequenceEmbedder

    from ..quality.contenders import TEXTBOOK
    from .contenders.ours import COMMON

    parameters = COMMON | TEXTBOOK | {"max_epochs": 0}
    return LSTMSequenceEmbedder(**parameters).fit(X).transform


def build_pca(X):
    """Return PCA of standardized, flattened sequences."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    from ..quality.contenders import N_COMPONENTS

    flatten = FunctionTransformer(lambda X: X.reshape(len(X), -1))
    n_components = min(N_COMPONENTS, len(X) - 1, X[0].size)
    pca = PCA(n_components, svd_solver="full")
    return make_pipeline(flatten, StandardScaler(), pca).fit(X).transform


def build_minirocket(X):
    """Return MiniRocket, compiled by numba."""
    from sktime.transformations.rocket import MiniRocketMultivariate

    rocket = MiniRocketMultivariate(num_kernels=10_000, random_state=0, n_jobs=1)
    rocket.fit(X.transpose(0, 2, 1))
    return lambda X: rocket.transform(X.transpose(0, 2, 1))
