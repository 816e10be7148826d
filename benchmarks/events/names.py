"""Surnames as sequences of characters: how many come back, and is their language told?

Needs `text/names.tsv` under SEQEMBED_DATA (columns name, language, split). All is
fitted without labels but the classifier, which is the same for all contenders, with C
chosen by cross-validation on the training names. The test names are looked at once.

    python benchmarks/names.py [--seeds 3] [--n-components 64 320] [--quick]
"""

import time

from _data import load_table
from _measure import argument_parser, mean_rows, print_table, write_json
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.metrics import exact_match_score, token_match_score

# Inverse regularisations that cross-validation chooses from.
INVERSE_REGULARISATIONS = [0.01, 0.1, 1.0, 10.0, 100.0]

# Beside ours: bags of character n-grams, with and without regard to word boundaries.
ANALYZERS = ("char", "char_wb")

FIGURES = ("exact", "characters", "accuracy", "accuracy_C1", "C", "score", "seconds")


def read_names(quick=False):
    """Return training and test names, each as (names, languages)."""
    table = load_table("text/names.tsv", separator="\t")
    if quick:
        table = table.iloc[::20]
    parts = [table[table["split"] == part] for part in ("train", "test")]
    return [(part["name"].tolist(), part["language"].to_numpy()) for part in parts]


def judge_language(train, y_train, test, y_test, quick=False):
    """Accuracy on the test names, with C chosen on training names and with C = 1."""
    classifier = LogisticRegression(max_iter=50 if quick else 1000)
    grid = {"C": INVERSE_REGULARISATIONS}
    search = GridSearchCV(classifier, grid, cv=3).fit(train, y_train)
    plain = classifier.fit(train, y_train)
    return {
        "C": search.best_params_["C"],
        "accuracy": search.score(test, y_test),
        "accuracy_C1": plain.score(test, y_test),
    }


def embed_names(n_components, seed, quick=False):
    """Fit on the training names, play the test names back, and tell their language."""
    (train, y_train), (test, y_test) = read_names(quick)
    embedder = LSTMSequenceEmbedder(n_components, random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    start = time.perf_counter()
    embedder.fit(train)
    seconds = time.perf_counter() - start
    vectors = embedder.transform(test)
    played = embedder.inverse_transform(vectors)
    told = embedder.reconstruct(test)
    return {
        "contender": f"vector of {n_components}",
        "seed": seed,
        "seconds": seconds,
        "exact": exact_match_score(test, played),
        "characters": token_match_score(test, played),
        "exact_length_known": exact_match_score(test, told),
        "characters_length_known": token_match_score(test, told),
        "score": embedder.score(test),
    } | judge_language(embedder.transform(train), y_train, vectors, y_test, quick)


def count_ngrams(analyzer, quick=False):
    """Tell the language by weighted counts of 1- to 3-grams of characters."""
    (train, y_train), (test, y_test) = read_names(quick)
    counter = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 3)).fit(train)
    vectors = counter.transform(train), y_train, counter.transform(test), y_test
    return {"contender": f"tf-idf, {analyzer}"} | judge_language(*vectors, quick)


def main():
    """Run all contenders, print a table and write JSON."""
    parser = argument_parser(__doc__, seeds=True)
    parser.add_argument("--n-components", type=int, nargs="+", default=[64, 320])
    args = parser.parse_args()
    results = [count_ngrams(analyzer, args.quick) for analyzer in ANALYZERS]
    for n_components in args.n_components:
        for seed in range(args.seeds):
            results.append(embed_names(n_components, seed, args.quick))
            print(results[-1], flush=True)
    print_table(mean_rows(results, FIGURES), dict.fromkeys(["contender", *FIGURES], ""))
    write_json("names", {"quick": args.quick, "results": results})


if __name__ == "__main__":
    main()
