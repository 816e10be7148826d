"""Which sentences are near each other? English sentences as sequences of words.

Needs `text/eng_deu.tsv.gz` under SEQEMBED_DATA; its German half is not used. Ten test
sentences, drawn by a fixed seed, are printed with the training sentences that are
nearest to them. Over all test sentences it is counted how often the nearest one shares
the first word, the last word, the number of words and any word, beside a training
sentence at random, and beside the nearest one by counts of words.

    python benchmarks/sentences.py [--seeds 3] [--quick]
"""

import time

import numpy as np
from _data import load_table
from _measure import argument_parser, mean_rows, print_table, write_json
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.metrics import exact_match_score, token_match_score

N_SHOWN = 10
N_NEIGHBORS = 5

# Words with their apostrophes, and each mark of punctuation.
TOKEN_PATTERN = r"[\w']+|[^\w\s]"

ALIKE = {
    "first word": lambda one, other: one[0] == other[0],
    "last word": lambda one, other: _words(one)[-1:] == _words(other)[-1:],
    "punctuation at the end": lambda one, other: one[-1] == other[-1],
    "number of tokens": lambda one, other: len(one) == len(other),
    "any word": lambda one, other: bool(set(_words(one)) & set(_words(other))),
}


def _words(tokens):
    """Leave out punctuation."""
    return [token for token in tokens if token[0].isalnum()]


def read_sentences(quick=False):
    """Return the distinct English training and test sentences."""
    table = load_table("text/eng_deu.tsv.gz", separator="\t")
    if quick:
        table = table.iloc[::100]
    parts = (table.loc[table["split"] == part, "eng"] for part in ("train", "test"))
    return [list(dict.fromkeys(part)) for part in parts]


def nearest(vectors, queries):
    """Return the places of the nearest vectors by angle, of each query."""
    search = NearestNeighbors(n_neighbors=N_NEIGHBORS, metric="cosine")
    return search.fit(vectors).kneighbors(queries, return_distance=False)


def shares_alike(queries, neighbors):
    """Count in how many pairs of token lists each of ALIKE holds.

    Parameters
    ----------
    queries, neighbors : list of list of str
        Pairs, one of each.

    Returns
    -------
    shares : dict
        By the names of ALIKE.
    """
    pairs = list(zip(queries, neighbors, strict=True))
    return {
        name: np.mean([is_alike(*pair) for pair in pairs])
        for name, is_alike in ALIKE.items()
    }


def embed(train, test, seed, quick):
    """Fit on training sentences, and find the nearest of them for the test sentences.

    Returns
    -------
    figures : dict
        How much of the test sentences comes back, and seconds to fit.
    places : ndarray of shape (n_test, N_NEIGHBORS)
        Of training sentences, nearest first.
    """
    embedder = LSTMSequenceEmbedder(random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    start = time.perf_counter()
    embedder.fit(train)
    seconds = time.perf_counter() - start
    vectors = embedder.transform(test)
    played = embedder.inverse_transform(vectors)
    figures = {
        "seconds": seconds,
        "exact": exact_match_score(test, played),
        "tokens": token_match_score(test, played),
        "score": embedder.score(test),
    }
    return figures, nearest(embedder.transform(train), vectors)


def show_neighbors(train, test, places):
    """Print some test sentences with the training sentences nearest to them."""
    rng = np.random.default_rng(0)
    print("| sentence | nearest |\n|---|---|")
    for row in rng.choice(len(test), N_SHOWN, replace=False):
        found = " · ".join(train[place] for place in places[row])
        print(f"| {test[row]} | {found} |")


def main():
    """Run all seeds, print sentences and shares, and write JSON."""
    args = argument_parser(__doc__, seeds=True).parse_args()
    texts = read_sentences(args.quick)
    words = {"lowercase": False, "token_pattern": TOKEN_PATTERN}
    split = CountVectorizer(**words).build_analyzer()
    train, test = ([split(text) for text in part] for part in texts)

    def judge(contender, places):
        found = [train[place] for place in places]
        return {"contender": contender, **shares_alike(test, found)}

    drawn = np.random.default_rng(0).integers(len(train), size=len(test))
    counter = TfidfVectorizer(**words).fit(texts[0])
    counted = nearest(*map(counter.transform, texts))
    results = [judge("at random", drawn), judge("tf-idf of words", counted[:, 0])]
    for seed in range(args.seeds):
        figures, places = embed(train, test, seed, args.quick)
        if seed == 0:
            show_neighbors(*texts, places)
        results.append(judge("vectors", places[:, 0]) | figures | {"seed": seed})
        print(results[-1], flush=True)
    figures = [*ALIKE, "exact", "tokens", "score", "seconds"]
    print_table(mean_rows(results, figures), dict.fromkeys(["contender", *figures], ""))
    write_json("sentences", {"quick": args.quick, "results": results})


if __name__ == "__main__":
    main()
