"""How well are short sentences translated? English to German, beside a look-up.

Needs `text/eng_deu.tsv.gz` under SEQEMBED_DATA (columns eng, deu, split). Fitted on are
all training pairs. Each distinct English sentence of the test part, none of which is in
the training part, is translated once; all of its German sentences there are references.

Ours is `LSTMSequencePredictor` with all defaults, on characters or on words. Beside it
stands the translation of the training sentence that is nearest by the cosine of
weighted counts of its 1- to 4-grams of characters. Figures: "bleu" is that of sacrebleu
over all sentences, of 100; "exact" is the share that equals a reference; "distinct"
counts different outputs, beside the number of sentences, since a network that knows
little says the same of many. Seconds are of `fit` and of `predict` over all sentences.

    python benchmarks/translation.py [--units words characters] [--beam 1 5] [--seeds 3]
        [--set max_epochs=10] [--quick]
"""

import re

import numpy as np
from _data import load_table
from _measure import add_parameters, argument_parser, mean_rows, print_table, write_json
from _pairs import add_beams, fit_and_say
from sacrebleu.metrics import BLEU
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neighbors import NearestNeighbors

N_SHOWN = 20
NGRAMS = (1, 4)

# Words with what stands inside them, such as 7:45 or TV-süchtig, and each other mark.
TOKEN = re.compile(r"\w+(?:[-'’.,:/]\w+)*['’]?|[^\w\s]")
NO_SPACE_BEFORE = re.compile(r" ([.,:;!?%“])")
NO_SPACE_AFTER = re.compile(r"(„) ")

FIGURES = ("bleu", "exact", "distinct", "sentences", "epochs", "seconds", "predict")


def read_pairs(quick=False):
    """Return training pairs, and the test sentences with their references.

    Parameters
    ----------
    quick : bool, default=False
        Whether few will do.

    Returns
    -------
    train : tuple of two lists of str
        English and German.
    references : dict of str to list of str
        German sentences by English ones.
    """
    table = load_table("text/eng_deu.tsv.gz", separator="\t")
    if quick:
        table = table.iloc[::100]
    train, test = (table[table["split"] == part] for part in ("train", "test"))
    references = {}
    for english, german in zip(test["eng"], test["deu"], strict=True):
        references.setdefault(english, []).append(german)
    return (train["eng"].tolist(), train["deu"].tolist()), references


def split_words(text):
    """Cut a sentence into words and marks of punctuation."""
    return TOKEN.findall(text)


def join_words(tokens):
    """Write words and marks as a sentence: of the data all but 1 in 1000 come back."""
    text = NO_SPACE_BEFORE.sub(r"\1", " ".join(tokens))
    return NO_SPACE_AFTER.sub(r"\1", text)


# How a sentence becomes a sequence, and a sequence a sentence again.
UNITS = {"characters": (str, str), "words": (split_words, join_words)}


def judge(said, references):
    """Compare translations with their references.

    Parameters
    ----------
    said : list of str
        A translation of each sentence.
    references : dict of str to list of str
        As of :func:`read_pairs`.

    Returns
    -------
    figures : dict
        By the names of FIGURES.
    """
    known = list(references.values())
    # sacrebleu wants the first of each sentence, the second of each, and so on.
    turns = [
        [german[i] if i < len(german) else None for german in known]
        for i in range(max(map(len, known)))
    ]
    right = [one in german for one, german in zip(said, known, strict=True)]
    return {
        "bleu": BLEU(tokenize="13a").corpus_score(said, turns).score,
        "exact": float(np.mean(right)),
        "distinct": len(set(said)),
        "sentences": len(said),
    }


def look_up(train, sentences):
    """Return the translations of the nearest training sentences.

    Parameters
    ----------
    train : tuple of two lists of str
        English and German.
    sentences : list of str
        What to translate.

    Returns
    -------
    said : list of str
        A translation of each.
    """
    english, german = train
    counter = TfidfVectorizer(analyzer="char", ngram_range=NGRAMS, lowercase=False)
    search = NearestNeighbors(n_neighbors=1, metric="cosine")
    search.fit(counter.fit_transform(english))
    places = search.kneighbors(counter.transform(sentences), return_distance=False)
    return [german[place] for place in places[:, 0]]


def translate(train, sentences, units, beams, seed, parameters):
    """Fit on the training pairs, and translate.

    Parameters
    ----------
    train : tuple of two lists of str
        English and German.
    sentences : list of str
        What to translate.
    units : str
        One of UNITS.
    beams, seed, parameters
        As of :func:`fit_and_say`.

    Yields
    ------
    figures : dict
        As of :func:`fit_and_say`.
    said : list of str
        A translation of each sentence.
    """
    split, join = UNITS[units]
    given = ([split(text) for text in texts] for texts in (*train, sentences))
    for figures, said in fit_and_say(units, *given, seed, beams, parameters):
        yield figures, [join(one) for one in said]


def show_samples(translations, references):
    """Print some sentences, what each contender says, and a reference.

    Parameters
    ----------
    translations : dict of str to list of str
        By contender.
    references : dict of str to list of str
        As of :func:`read_pairs`.
    """
    rng = np.random.default_rng(0)
    sentences = list(references)
    n_shown = min(N_SHOWN, len(sentences))
    rows = []
    for i in rng.choice(len(sentences), n_shown, replace=False):
        row = {"English": sentences[i]}
        row |= {name: said[i] for name, said in translations.items()}
        rows.append(row | {"a reference": references[sentences[i]][0]})
    print_table(rows, dict.fromkeys(rows[0], ""))


def main():
    """Run all contenders, print samples and a table, and write JSON."""
    parser = argument_parser(__doc__, seeds=True)
    parser.add_argument("--units", nargs="+", choices=UNITS, default=["words"])
    add_beams(parser)
    add_parameters(parser)
    args = parser.parse_args()
    parameters = dict(args.set)
    if args.quick:
        parameters = {"max_epochs": 2, "n_components": 32} | parameters
    train, references = read_pairs(args.quick)
    sentences = list(references)
    name = "nearest by n-grams"
    translations = {name: look_up(train, sentences)}
    results = [{"contender": name} | judge(translations[name], references)]
    for units in args.units:
        for seed in range(args.seeds):
            for figures, said in translate(
                train, sentences, units, args.beam, seed, parameters
            ):
                results.append(figures | judge(said, references))
                translations.setdefault(figures["contender"], said)
                print(results[-1], flush=True)
    show_samples(translations, references)
    print_table(mean_rows(results, FIGURES), dict.fromkeys(["contender", *FIGURES], ""))
    write_json(
        "translation",
        {
            "quick": args.quick,
            "parameters": parameters,
            "results": results,
            "translations": translations,
        },
    )


if __name__ == "__main__":
    main()
