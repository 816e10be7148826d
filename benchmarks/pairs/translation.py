"""How well are short sentences translated? English to German, and a look-up.

Needs `text/eng_deu.tsv.gz` (columns eng, deu, split). All training pairs are used. Each
distinct English test sentence, none of which is a training sentence, is translated
once, and all its German sentences in the test part are references.

`LSTMSequencePredictor` with all defaults, on words and punctuation marks, is compared
with the translation of the nearest training sentence, by the cosine of tf-idf of 1- to
4-grams of characters. "BLEU" is computed by sacrebleu over all sentences (0 to 100).
"exact" is the fraction of translations that are equal to a reference. "distinct" is the
number of different outputs, because a network that has learned little repeats itself.
"""

import re
from itertools import zip_longest

import numpy as np
from sacrebleu.metrics import BLEU
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

from ..datasets import PARTS, load_table
from ..formatting import average_seeds, make_table
from ..runner import show_progress
from . import fitting

N_SHOWN = 20
LOOK_UP = "nearest training sentence"

# Words, including those with marks inside such as 7:45 or TV-süchtig, and other marks.
TOKEN = re.compile(r"\w+(?:[-'’.,:/]\w+)*['’]?|[^\w\s]")
NO_SPACE_BEFORE = re.compile(r" ([.,:;!?%“])")
NO_SPACE_AFTER = re.compile(r"(„) ")

COLUMNS = {
    "contender": "",
    "BLEU": ".1f",
    "exact": ".3f",
    "distinct": ",.0f",
    "epochs": ".0f",
    "fit, s": ",.0f",
    "predict, s": ".1f",
}

add_arguments = fitting.add_arguments


def run(options):
    """Evaluate the look-up, and ours with all seeds."""
    train, references = read_pairs(options.quick)
    sentences = list(references)
    translations = {LOOK_UP: look_up(train, sentences)}
    results = [{"contender": LOOK_UP} | evaluate(translations[LOOK_UP], references)]
    *pairs, X = (list(map(split_words, texts)) for texts in (*train, sentences))
    fits = fitting.fit_and_predict("ours, words", *pairs, X, options)
    for figures, predicted in fits:
        translated = list(map(join_words, predicted))
        results.append(figures | evaluate(translated, references))
        translations.setdefault(figures["contender"], translated)
        show_progress(str(results[-1]))
    rows = average_seeds(results, list(COLUMNS)[1:])
    samples = draw_samples(translations, references)
    return {
        "tables": {
            "translation": make_table(f"{len(sentences):,} sentences", COLUMNS, rows),
            "translation-samples": make_table(
                "Samples", dict.fromkeys(samples[0], ""), samples
            ),
        },
        "results": results,
        "translations": translations,
    }


def read_pairs(quick=False):
    """Return training pairs, and the references of each test sentence.

    Returns
    -------
    train : tuple of two lists of str
        English and German sentences.
    references : dict of str to list of str
        German sentences by English ones.
    """
    table = load_table("text/eng_deu.tsv.gz")
    if quick:
        table = table.iloc[::100]
    train, test = (table[table["split"] == part] for part in PARTS)
    references = test.groupby("eng", sort=False)["deu"].agg(list).to_dict()
    return (train["eng"].tolist(), train["deu"].tolist()), references


def split_words(text):
    """Split a sentence into words and punctuation marks."""
    return TOKEN.findall(text)


def join_words(tokens):
    """Join words and marks into a sentence; restores all but 1 in 1,000 sentences."""
    text = NO_SPACE_BEFORE.sub(r"\1", " ".join(tokens))
    return NO_SPACE_AFTER.sub(r"\1", text)


def evaluate(translations, references):
    """Compare one translation of each sentence with its references."""
    known = list(references.values())
    exact = [one in german for one, german in zip(translations, known, strict=True)]
    # sacrebleu expects the first reference of each sentence, then the second, ...
    by_position = list(map(list, zip_longest(*known)))
    bleu = BLEU(tokenize="13a").corpus_score(translations, by_position)
    return {
        "BLEU": bleu.score,
        "exact": float(np.mean(exact)),
        "distinct": len(set(translations)),
    }


def look_up(train, sentences):
    """Return the translations of the nearest training sentences."""
    english, german = train
    counter = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), lowercase=False)
    search = NearestNeighbors(n_neighbors=1, metric="cosine")
    search.fit(counter.fit_transform(english))
    indices = search.kneighbors(counter.transform(sentences), return_distance=False)
    return [german[i] for i in indices[:, 0]]


def draw_samples(translations, references):
    """Return rows of random sentences, their translations, and a reference."""
    sentences = list(references)
    n_shown = min(N_SHOWN, len(sentences))
    return [
        {"English": sentences[i]}
        | {name: translated[i] for name, translated in translations.items()}
        | {"a reference": references[sentences[i]][0]}
        for i in np.random.default_rng(0).choice(len(sentences), n_shown, replace=False)
    ]
