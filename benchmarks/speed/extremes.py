"""Does the time of a fit explode with many features, flags, categories or time steps?

Four kinds of data are compared with the plain data of the same size that a user would
expect to take as long: 256 flags, and 256 features of three categories, with 256
numbers; 38,000 and 150,000 categories with 100; 1,000 features, most of them 0, at the
end of a training with the same features at its beginning. The long sequences have no
such counterpart; their whole time is measured with all defaults, where "auto" limits
the number of epochs.

Two tables tell what the hierarchical softmax over many categories costs in quality. It
is compared with the adaptive softmax of torch, whose clusters end at the ranks 1,000
and 10,000. The first data resemble logs: 20 templates of 10 frequent tokens, in which 3
tokens of each sequence are replaced by identifiers drawn from 38,000. The others are
German sentences of `text/eng_deu.tsv.gz`, read as words. Vectors of unseen sequences
are decoded, and the fraction of tokens that are decoded correctly is computed for
tokens of different frequency.

Each measurement has its own process with one thread; those that are compared take
turns. The fits of long sequences run at the same time, because only their CPU time
counts.
"""

import collections
import functools
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ..datasets import load_table
from ..formatting import make_table
from ..pairs.translation import split_words
from ..runner import judge, show_progress
from ..timing import median_ratio, take_turns, timed
from ..workers import Worker, available_cores

PARTS = ("ratios", "categories", "logs", "words", "long")
N_ROUNDS = 2

N_FLAGS = 256
N_FEATURES = 1000
CATEGORIES = (38_000, 150_000)
FEW_CATEGORIES = 100
LONG = {
    "1 of 100,000": [100_000],
    "2 of 1,000,000": [1_000_000] * 2,
    "100,000 of 100": [100] * 100_000,
}
MAX_MINUTES = 10

RATIO_COLUMNS = {
    "data": "",
    "compared with": "",
    "measured": "",
    "data, s": ".2f",
    "compared, s": ".2f",
    "ratio": ".2f",
}
LONG_COLUMNS = {
    "sequences": "",
    "epochs": ",d",
    "patch size": ",d",
    "minutes of CPU": ".1f",
}
SOFTMAXES = ("hierarchical", "adaptive")
LOG_COLUMNS = {"softmax": "", "frequent tokens decoded correctly": ".4f"}
# Ranks of words by frequency, and the columns of the fractions decoded correctly.
WORD_RANKS = (100, 250, 1000)
WORD_COLUMNS = {
    "softmax": "",
    "ranks 1-100": ".3f",
    "101-250": ".3f",
    "251-1,000": ".3f",
    "rarer": ".3f",
    "minutes of CPU": ".1f",
}


def add_arguments(parser):
    """Add the options of this program."""
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=PARTS, help="tables to measure"
    )


def run(options):
    """Measure all parts."""
    results = {"tables": {}, "targets": []}
    n_rounds = 1 if options.quick else N_ROUNDS
    if "ratios" in options.parts:
        rows = measure_flags(options.quick, n_rounds)
        rows += [measure_features(options.quick, flushes) for flushes in (True, False)]
        results["tables"]["extremes"] = make_table(
            "Time, and ratios", RATIO_COLUMNS, rows
        )
    if "categories" in options.parts:
        rows = measure_categories(options.quick, n_rounds)
        results["tables"]["extremes-categories"] = make_table(
            "Time with many categories, and ratios", RATIO_COLUMNS, rows
        )
    for part, columns, measure in (
        ("logs", LOG_COLUMNS, measure_logs),
        ("words", WORD_COLUMNS, measure_words),
    ):
        if part in options.parts:
            rows = [measure(softmax, options.quick) for softmax in SOFTMAXES]
            results["tables"][f"extremes-{part}"] = make_table(
                f"Softmax over many categories, {part}", columns, rows
            )
    if "long" in options.parts:
        measure = functools.partial(measure_long, quick=options.quick)
        with ThreadPoolExecutor(len(available_cores())) as pool:
            rows = list(pool.map(measure, LONG))
        longest = max(row["minutes of CPU"] for row in rows)
        results["tables"]["extremes-long"] = make_table(
            "Long sequences", LONG_COLUMNS, rows
        )
        results["targets"].append(
            judge(
                "extremes: minutes of a fit of long sequences with all defaults",
                f"about {MAX_MINUTES}",
                f"{longest:.1f}",
                longest <= 1.1 * MAX_MINUTES,
            )
        )
    return results


# In the worker


def _make_flags(n_sequences, kind):
    shape = n_sequences, 100, N_FLAGS
    codes = np.random.default_rng(0).choice(3, size=shape, p=[0.8, 0.1, 0.1])
    if kind == "three categories":
        return list(np.array(["no", "yes", "unknown"])[codes])
    return list((codes == 1).astype(bool if kind == "flags" else np.float32))


def _make_tokens(n_sequences, n_categories):
    """Simulate tokens, all categories equally frequent, and list the categories."""
    names = np.char.mod("token %d", np.arange(n_categories)).astype(object)
    codes = np.random.default_rng(0).integers(n_categories, size=(n_sequences, 20))
    return [names[row].tolist() for row in codes], names


def _make_logs(n_sequences, n_categories):
    """Simulate logs; return the tokens and which of them are frequent."""
    rng = np.random.default_rng(0)
    templates = rng.integers(60, size=(20, 10))
    tokens = np.char.mod("word %d", templates).astype(object)
    X = tokens[rng.integers(20, size=n_sequences)]
    is_frequent = np.ones(X.shape, dtype=bool)
    for row, flags in zip(X, is_frequent, strict=True):
        steps = rng.choice(10, size=3, replace=False)
        row[steps] = [f"id {i}" for i in rng.integers(n_categories, size=3)]
        flags[steps] = False
    return X.tolist(), is_frequent


def _embedder(**parameters):
    from sklearn_seqembed import LSTMSequenceEmbedder

    parameters = {"device": "cpu", "random_state": 0} | parameters
    return LSTMSequenceEmbedder(**parameters)


def _use_softmax(softmax):
    import torch

    from sklearn_seqembed._network import heads

    class AdaptiveSoftmax(torch.nn.AdaptiveLogSoftmaxWithLoss):
        """The adaptive softmax of torch, with the methods of a hierarchical one."""

        def __init__(self, n_inputs, n_classes):
            cutoffs = [cut for cut in (1000, 10_000) if cut < n_classes]
            super().__init__(n_inputs, n_classes, cutoffs)

        def cross_entropies(self, x, classes):
            return -self(x, classes).output

        def most_likely(self, x):
            return torch.cat([self.predict(piece) for piece in x.split(200)])

    if softmax == "adaptive":
        heads.HierarchicalSoftmax = AdaptiveSoftmax


def _epoch_seconds(embedder):
    """Return the seconds of an epoch, without the first one."""
    return statistics.median([row["dur"] for row in embedder.history_][1:])


def time_flags(n_sequences, kind):
    """Return seconds of an epoch and of `transform`."""
    X = _make_flags(n_sequences, kind)
    embedder = _embedder(max_epochs=4).fit(X)
    embedder.transform(X[:10])
    seconds, _ = timed(embedder.transform, X)
    return _epoch_seconds(embedder), seconds


def time_categories(n_sequences, n_categories, softmax):
    """Return seconds of an epoch."""
    _use_softmax(softmax)
    X, names = _make_tokens(n_sequences, n_categories)
    # The same network for all numbers of categories.
    embedder = _embedder(max_epochs=3, categories=[names])
    return _epoch_seconds(embedder.fit(X))


def time_features(n_sequences, n_epochs, flushes):
    """Return seconds of early and of late epochs."""
    from sklearn_seqembed._training import fitting

    if not flushes:
        fitting.flush_denormals = lambda: None
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_sequences, 40, N_FEATURES)).astype(np.float32)
    X *= rng.random(X.shape) < 0.01
    embedder = _embedder(max_epochs=n_epochs).fit(list(X))
    seconds = [row["dur"] for row in embedder.history_]
    n = max(1, n_epochs // 10)
    return statistics.median(seconds[1 : n + 1]), statistics.median(seconds[-n:])


def decode_logs(n_sequences, n_epochs, softmax):
    """Return the fraction of frequent tokens that are decoded correctly."""
    _use_softmax(softmax)
    n_categories = CATEGORIES[0]
    words = [f"word {i}" for i in range(60)]
    vocabulary = words + [f"id {i}" for i in range(n_categories)]
    X, is_frequent = _make_logs(n_sequences + 500, n_categories)
    embedder = _embedder(max_epochs=n_epochs, categories=[vocabulary])
    embedder.fit(X[:n_sequences])
    is_correct = _decode(embedder, X[n_sequences:])
    return np.concatenate(is_correct)[is_frequent[n_sequences:].ravel()].mean()


def decode_words(n_sentences, n_epochs, softmax):
    """Return minutes of `fit` and the fractions of words decoded correctly, by rank."""
    _use_softmax(softmax)
    table = load_table("text/eng_deu.tsv.gz")
    train, valid = (
        [split_words(text) for text in table["deu"][table["split"] == part]]
        for part in ("train", "valid")
    )
    chosen = np.random.default_rng(0).permutation(len(train))[:n_sentences]
    train = [train[i] for i in chosen]
    counts = collections.Counter(word for words in train for word in words)
    ranks = {word: i for i, (word, _) in enumerate(counts.most_common())}
    valid = [words for words in valid if all(word in ranks for word in words)][:500]
    seconds, embedder = timed(
        _embedder(max_epochs=n_epochs).fit, train, clock=time.process_time
    )
    is_correct = np.concatenate(_decode(embedder, valid))
    bands = np.digitize([ranks[word] for words in valid for word in words], WORD_RANKS)
    n_bands = len(WORD_RANKS) + 1
    return seconds / 60, [float(is_correct[bands == i].mean()) for i in range(n_bands)]


def _decode(embedder, X):
    """Reconstruct X, and tell which tokens are correct; none if the length is not."""
    decoded = embedder.inverse_transform(embedder.transform(X))
    return [
        np.array(row, dtype=object) == np.array(true, dtype=object)
        if len(row) == len(true)
        else np.zeros(len(true), dtype=bool)
        for row, true in zip(decoded, X, strict=True)
    ]


def time_long(lengths, max_epochs):
    """Return seconds, epochs and patch size of a fit with all defaults."""
    rng = np.random.default_rng(0)
    X = [np.sin(np.arange(n) / 50) + 0.1 * rng.normal(size=n) for n in lengths]
    seconds, embedder = timed(
        _embedder(max_epochs=max_epochs).fit, X, clock=time.process_time
    )
    return seconds, embedder.n_iter_, embedder.patch_size_


# In the main process


def _call(function, **kwargs):
    with Worker("speed.extremes") as worker:
        return worker.call(function, **kwargs)


def _row(data, compared, measured, seconds, others):
    return {
        "data": data,
        "compared with": compared,
        "measured": measured,
        "data, s": statistics.median(seconds),
        "compared, s": statistics.median(others),
        "ratio": median_ratio(seconds, others),
        "figures": {"data": seconds, "compared": others},
    }


def measure_flags(quick, n_rounds):
    """Return the rows of flags."""
    show_progress("flags")
    n_sequences = 20 if quick else 400
    call = functools.partial(_call, "time_flags", n_sequences=n_sequences)
    kinds = "flags", "three categories", "numbers"
    figures = take_turns(
        {kind: functools.partial(call, kind=kind) for kind in kinds}, n_rounds
    )
    flags, categories, numbers = (
        list(zip(*figures[kind], strict=True)) for kind in kinds
    )
    compared = f"{N_FLAGS} numbers"
    return [
        _row(data, compared, measured, seconds[i], numbers[i])
        for data, seconds in (
            (f"{N_FLAGS} flags", flags),
            (f"{N_FLAGS} features of three categories", categories),
        )
        for i, measured in enumerate(["epoch", "transform"])
    ]


def measure_categories(quick, n_rounds):
    """Return the rows of categories."""
    n_sequences, divisor = (200, 10) if quick else (1000, 1)
    call = functools.partial(_call, "time_categories", n_sequences=n_sequences)
    few = functools.partial(call, n_categories=FEW_CATEGORIES, softmax="hierarchical")
    rows = []
    for n_categories in CATEGORIES:
        show_progress(f"{n_categories:,} categories")
        many = functools.partial(call, n_categories=n_categories // divisor)
        figures = take_turns(
            {"few": few}
            | {name: functools.partial(many, softmax=name) for name in SOFTMAXES},
            n_rounds,
        )
        data = f"{n_categories:,} categories"
        for compared, name in (
            (f"{FEW_CATEGORIES} categories", "few"),
            ("the same, adaptive softmax of torch", "adaptive"),
        ):
            rows.append(
                _row(data, compared, "epoch", figures["hierarchical"], figures[name])
            )
    return rows


def measure_features(quick, flushes):
    """Return the row of many features."""
    show_progress(f"{N_FEATURES:,} features")
    early, late = _call(
        "time_features",
        n_sequences=8 if quick else 32,
        n_epochs=4 if quick else 100,
        flushes=flushes,
    )
    denormals = "set to 0" if flushes else "kept"
    data = f"{N_FEATURES:,} features, denormal numbers {denormals}"
    return _row(data, "the first epochs", "last epochs", [late], [early])


def measure_logs(softmax, quick):
    """Return the row of a softmax on logs."""
    show_progress(f"{softmax} softmax, logs")
    accuracy = _call(
        "decode_logs",
        n_sequences=200 if quick else 3000,
        n_epochs=2 if quick else 20,
        softmax=softmax,
    )
    return dict(zip(LOG_COLUMNS, (softmax, accuracy), strict=True))


def measure_words(softmax, quick):
    """Return the row of a softmax on words."""
    show_progress(f"{softmax} softmax, words")
    minutes, accuracies = _call(
        "decode_words",
        n_sentences=2000 if quick else 16_000,
        n_epochs=2 if quick else 40,
        softmax=softmax,
    )
    return dict(zip(WORD_COLUMNS, (softmax, *accuracies, minutes), strict=True))


def measure_long(name, quick):
    """Return the row of long sequences."""
    show_progress(f"{name} steps")
    lengths = LONG[name]
    if quick:
        lengths = [max(10, n // 100) for n in lengths[:100]]
    seconds, n_epochs, patch_size = _call(
        "time_long", lengths=lengths, max_epochs=2 if quick else "auto"
    )
    values = f"{name} steps", n_epochs, patch_size, seconds / 60
    return dict(zip(LONG_COLUMNS, values, strict=True))
