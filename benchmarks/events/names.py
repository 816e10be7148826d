"""Surnames as sequences of characters: are they decoded exactly, and their language?

Needs `text/names.tsv` (columns name, language, split). Vectors are learned without
labels, and classified by logistic regression, with C chosen by cross-validation on the
training names. The baselines are weighted counts of character n-grams with the same
classifier. `LSTMSequenceClassifier` is fitted to labels, with all defaults and without
training (`max_epochs=0`). "exact" and "characters" are the fractions of names and
characters that `inverse_transform`, which also predicts the lengths, decodes correctly.
"""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklearn_seqembed import LSTMSequenceClassifier, LSTMSequenceEmbedder
from sklearn_seqembed.metrics import exact_match_score, token_match_score

from ..datasets import PARTS, load_table
from ..formatting import average_seeds, make_table
from ..runner import add_seeds, show_progress
from ..timing import timed

N_COMPONENTS = 64, 320
GRID = {"C": [0.01, 0.1, 1.0, 10.0, 100.0]}
ANALYZERS = ("char", "char_wb")  # "char_wb" does not cross word boundaries
CONTENDERS = ("counts", "vectors", "classifier")

COLUMNS = {
    "contender": "",
    "exact": ".4f",
    "characters": ".4f",
    "language": ".4f",
    "language, C = 1": ".4f",
    "fit, s": ".0f",
}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser)
    parser.add_argument(
        "--contenders", nargs="+", choices=CONTENDERS, default=CONTENDERS
    )


def run(options):
    """Evaluate counts, vectors and the classifier."""
    names, results = read_names(options.quick), []
    if "counts" in options.contenders:
        for analyzer in ANALYZERS:
            results.append(count_ngrams(names, analyzer, options.quick))
    if "vectors" in options.contenders:
        for n_components in N_COMPONENTS:
            for seed in options.seeds:
                results.append(embed_names(names, n_components, seed, options.quick))
                show_progress(str(results[-1]))
    if "classifier" in options.contenders:
        for max_epochs in (0, "auto"):
            for seed in options.seeds:
                results.append(fit_classifier(names, max_epochs, seed, options.quick))
                show_progress(str(results[-1]))
    rows = average_seeds(results, list(COLUMNS)[1:])
    return {
        "tables": {"names": make_table("Surnames", COLUMNS, rows)},
        "results": results,
    }


def read_names(quick=False):
    """Return training and test names, each as (names, languages)."""
    table = load_table("text/names.tsv")
    if quick:
        table = table.iloc[::20]
    parts = [table[table["split"] == part] for part in PARTS]
    return [(part["name"].tolist(), part["language"].to_numpy()) for part in parts]


def classify_language(train, y_train, test, y_test, quick):
    """Return test accuracies with C chosen by cross-validation, and with C = 1."""
    classifier = LogisticRegression(max_iter=50 if quick else 1000)
    search = GridSearchCV(classifier, GRID, cv=3).fit(train, y_train)
    return {
        "C": search.best_params_["C"],
        "language": search.score(test, y_test),
        "language, C = 1": classifier.fit(train, y_train).score(test, y_test),
    }


def embed_names(names, n_components, seed, quick):
    """Fit on the training names; decode the test names and classify their language."""
    (train, y_train), (test, y_test) = names
    embedder = LSTMSequenceEmbedder(n_components, random_state=seed)
    if quick:
        embedder.set_params(max_epochs=2, hidden_size=16)
    seconds, _ = timed(embedder.fit, train)
    vectors = embedder.transform(test)
    decoded = embedder.inverse_transform(vectors)
    return {
        "contender": f"vectors, {n_components} components",
        "seed": seed,
        "fit, s": seconds,
        "exact": exact_match_score(test, decoded),
        "characters": token_match_score(test, decoded),
        "score": embedder.score(test),
    } | classify_language(embedder.transform(train), y_train, vectors, y_test, quick)


def count_ngrams(names, analyzer, quick):
    """Classify the language by tf-idf of 1- to 3-grams of characters."""
    (train, y_train), (test, y_test) = names
    counter = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 3)).fit(train)
    counts = counter.transform(train), y_train, counter.transform(test), y_test
    return {"contender": f"tf-idf, {analyzer}"} | classify_language(*counts, quick)


def fit_classifier(names, max_epochs, seed, quick):
    """Classify the language by `LSTMSequenceClassifier`."""
    (train, y_train), (test, y_test) = names
    classifier = LSTMSequenceClassifier(random_state=seed, max_epochs=max_epochs)
    if quick and max_epochs:
        classifier.set_params(max_epochs=1)
    seconds, _ = timed(classifier.fit, train, y_train)
    name = "LSTMSequenceClassifier" + (", untrained" if max_epochs == 0 else "")
    return {
        "contender": name,
        "seed": seed,
        "fit, s": seconds,
        "language": classifier.score(test, y_test),
        "weight of the LSTM": classifier.trained_share_,
    }
