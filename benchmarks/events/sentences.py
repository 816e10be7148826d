"""Which sentences have similar vectors? English sentences as sequences of words.

Needs `text/eng_deu.tsv.gz`; its German half is not used. Words and punctuation marks
are tokens. For each test sentence, the program finds the training sentence with the
nearest vector (by angle) and counts how often both have the same first word, last word,
number of tokens, and so on. The baselines are a random training sentence and the
nearest one by tf-idf of words. The neighbors of ten test sentences are listed.
"""

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.metrics import exact_match_score, token_match_score

from ..datasets import PARTS, load_table
from ..formatting import average_seeds, make_table
from ..runner import add_seeds, show_progress
from ..timing import timed

N_SHOWN = 10
N_NEIGHBORS = 5

WORDS = {"lowercase": False, "token_pattern": r"[\w']+|[^\w\s]"}

SIMILARITIES = {
    "first word": lambda one, other: one[0] == other[0],
    "last word": lambda one, other: _words(one)[-1:] == _words(other)[-1:],
    "same end": lambda one, other: one[-1] == other[-1],
    "same number of tokens": lambda one, other: len(one) == len(other),
    "any word": lambda one, other: bool(set(_words(one)) & set(_words(other))),
}
COLUMNS = {"neighbor": ""} | dict.fromkeys(SIMILARITIES, ".3f")
DECODING_COLUMNS = {"exact": ".3f", "tokens": ".3f", "score": ".3f", "fit, s": ".0f"}
NEIGHBOR_COLUMNS = {"sentence": "", "nearest training sentences": ""}

add_arguments = add_seeds


def _words(tokens):
    """Return the tokens without punctuation."""
    return [token for token in tokens if token[0].isalnum()]


def run(options):
    """Compare neighbors by vectors, for all seeds, with random ones and with counts."""
    texts = read_sentences(options.quick)
    split = CountVectorizer(**WORDS).build_analyzer()
    train, test = ([split(text) for text in part] for part in texts)

    def compare(name, indices):
        neighbors = [train[i] for i in indices]
        return {"neighbor": name, **measure_similarity(test, neighbors)}

    drawn = np.random.default_rng(0).integers(len(train), size=len(test))
    counter = TfidfVectorizer(**WORDS).fit(texts[0])
    counted = find_nearest(*map(counter.transform, texts))
    results = [compare("random", drawn), compare("tf-idf of words", counted[:, 0])]
    shown = []
    for seed in options.seeds:
        figures, indices = embed(train, test, seed, options.quick)
        shown = shown or list_neighbors(*texts, indices)
        results.append(compare("vectors", indices[:, 0]) | figures | {"seed": seed})
        show_progress(str(results[-1]))
    rows = average_seeds(results, [*COLUMNS, *DECODING_COLUMNS][1:], key="neighbor")
    return {
        "tables": {
            "sentences": make_table("Similarity of neighbors", COLUMNS, rows),
            "sentences-decoding": make_table(
                "Decoded sentences", DECODING_COLUMNS, rows[-1:]
            ),
            "sentences-neighbors": make_table(
                "Nearest by vectors", NEIGHBOR_COLUMNS, shown
            ),
        },
        "results": results,
    }


def read_sentences(quick=False):
    """Return the distinct English training and test sentences."""
    table = load_table("text/eng_deu.tsv.gz")
    if quick:
        table = table.iloc[::100]
    parts = (table.loc[table["split"] == part, "eng"] for part in PARTS)
    return [list(dict.fromkeys(part)) for part in parts]


def find_nearest(vectors, queries):
    """Return the indices of the nearest vectors, (n_queries, N_NEIGHBORS), by angle."""
    search = NearestNeighbors(n_neighbors=N_NEIGHBORS, metric="cosine")
    return search.fit(vectors).kneighbors(queries, return_distance=False)


def measure_similarity(queries, neighbors):
    """Return the fraction of pairs of token lists for which each similarity holds."""
    pairs = list(zip(queries, neighbors, strict=True))
    return {
        name: np.mean([is_similar(*pair) for pair in pairs])
        for name, is_similar in SIMILARITIES.items()
    }


def embed(train, test, seed, quick):
    """Fit on training sentences; return figures and neighbors of test sentences."""
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    seconds, _ = timed(embedder.fit, train)
    vectors = embedder.transform(test)
    decoded = embedder.inverse_transform(vectors)
    figures = {
        "fit, s": seconds,
        "exact": exact_match_score(test, decoded),
        "tokens": token_match_score(test, decoded),
        "score": embedder.score(test),
    }
    return figures, find_nearest(embedder.transform(train), vectors)


def list_neighbors(train, test, indices):
    """Return rows of randomly drawn test sentences with their neighbors."""
    rng = np.random.default_rng(0)
    return [
        {
            "sentence": test[row],
            "nearest training sentences": " · ".join(train[i] for i in indices[row]),
        }
        for row in rng.choice(len(test), N_SHOWN, replace=False)
    ]
