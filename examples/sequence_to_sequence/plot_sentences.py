"""
Sequence-to-sequence: translating sentences
===========================================

Can a sentence be translated through a single vector?

German and English differ in the order of words, and German articles and adjectives
depend on the gender of the noun and on its role in the sentence. In this example, we
generate sentences with a small grammar, and
:class:`~sklearn_seqembed.LSTMSequencePredictor` learns to translate them from pairs
alone. We then translate unseen sentences, including some with combinations of words
that are not in the training set.
"""

# %%
# A small grammar
# ---------------
# A sentence has a subject, a verb and an object, and may begin with "today". In German,
# the verb then precedes the subject. In the perfect tense ("has seen"), the German
# participle comes last. Each sentence is a list of words.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import NearestNeighbors

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.metrics import exact_match_score, token_match_score

NOUNS = {
    "dog": ("Hund", "m"),
    "bird": ("Vogel", "m"),
    "man": ("Mann", "m"),
    "cat": ("Katze", "f"),
    "woman": ("Frau", "f"),
    "mouse": ("Maus", "f"),
    "horse": ("Pferd", "n"),
    "child": ("Kind", "n"),
    "sheep": ("Schaf", "n"),
}
ADJECTIVES = {"": "", "big": "groß", "small": "klein", "old": "alt", "young": "jung"}
VERBS = {  # present: (participle, German present, German participle)
    "sees": ("seen", "sieht", "gesehen"),
    "hears": ("heard", "hört", "gehört"),
    "finds": ("found", "findet", "gefunden"),
    "calls": ("called", "ruft", "gerufen"),
}
# German article and adjective ending, by gender, as subject and as object.
FORMS = {
    "the": {
        "m": (("der", "e"), ("den", "en")),
        "f": (("die", "e"), ("die", "e")),
        "n": (("das", "e"), ("das", "e")),
    },
    "a": {
        "m": (("ein", "er"), ("einen", "en")),
        "f": (("eine", "e"), ("eine", "e")),
        "n": (("ein", "es"), ("ein", "es")),
    },
}


def make_noun_phrase(article, adjective, noun, is_object):
    """Return a noun with its article and adjective in English and German."""
    german, gender = NOUNS[noun]
    form, ending = FORMS[article][gender][is_object]
    if not adjective:
        return [article, noun], [form, german]
    if article == "a" and adjective == "old":
        article = "an"
    english = [article, adjective, noun]
    return english, [form, ADJECTIVES[adjective] + ending, german]


def make_sentence(rng):
    """Return a random sentence in English and German, its verb and noun phrases."""
    phrases = [
        (rng.choice(list(FORMS)), rng.choice(list(ADJECTIVES)), rng.choice(list(NOUNS)))
        for _ in range(2)
    ]
    phrases = [tuple(map(str, phrase)) for phrase in phrases]
    (subject, subjekt), (other, objekt) = (
        make_noun_phrase(*phrase, is_object) for is_object, phrase in enumerate(phrases)
    )
    verb = str(rng.choice(list(VERBS)))
    past, present, participle = VERBS[verb]
    today, perfect = (rng.random(2) < 0.5).tolist()
    middle, finite, end = [verb], present, []
    if perfect:
        middle, finite, end = ["has", past], "hat", [participle]
    english = ["today"] * today + subject + middle + other
    german = [finite, *subjekt] if today else [*subjekt, finite]
    german = ["heute"] * today + german + objekt + end
    return english, german, verb, phrases


rng = np.random.default_rng(0)
sentences = {" ".join(s[0]): s for s in (make_sentence(rng) for _ in range(5000))}
sentences = list(sentences.values())
for english, german, *_ in sentences[:3]:
    print(" ".join(english), ">", " ".join(german))

# %%
# We exclude three combinations of adjective and noun from the training set. The network
# learns both words, but never sees them together. One test set consists of sentences
# with these combinations, the other one of sentences without them.

EXCLUDED = {("old", "horse"), ("big", "mouse"), ("young", "man")}


def has_excluded(sentence):
    """Return whether a sentence has an excluded combination."""
    return any(phrase[1:] in EXCLUDED for phrase in sentence[3])


seen = [sentence for sentence in sentences if not has_excluded(sentence)]
tests = {
    "seen combinations": seen[3000:],
    "new combinations": [sentence for sentence in sentences if has_excluded(sentence)],
}
X, y = ([sentence[k] for sentence in seen[:3000]] for k in range(2))
print(f"{len(X)} training sentences")
for title, test in tests.items():
    print(f"{len(test)} test sentences with {title}")

# %%
# Fit the predictor
# -----------------
# X and y are lists of lists of words. Each language has its own vocabulary.

predictor = LSTMSequencePredictor(
    n_components=96, lr=0.01, max_epochs=9, batch_size=64, random_state=0
)
predictor.fit(X, y)
print(f"{len(predictor.categories_[0])} English words", end=", ")
print(f"{len(predictor.target_categories_[0])} German words")

# %%
# Count the correct translations
# ------------------------------
# The baseline copies the translation of the most similar English sentence in the
# training set, measured by words and pairs of consecutive words.


def join_words(sentences):
    """Convert each list of words to a string."""
    return [" ".join(sentence) for sentence in sentences]


words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+")
neighbors = NearestNeighbors(n_neighbors=1, metric="cosine")
neighbors.fit(words.fit_transform(join_words(X)))

for title, test in tests.items():
    english, german = ([sentence[k] for sentence in test] for k in range(2))
    english_counts = words.transform(join_words(english))
    rows = neighbors.kneighbors(english_counts, return_distance=False)[:, 0]
    translations = {
        "LSTM": predictor.predict(english),
        "nearest sentence": [y[k] for k in rows],
    }
    for method, predicted in translations.items():
        exact = exact_match_score(german, predicted)
        correct_words = token_match_score(german, predicted)
        label = f"{title}, {method}:"
        print(
            f"{label:36}{exact:6.1%} of sentences correct, "
            f"{correct_words:6.1%} of words"
        )

# %%
# Some sentences with new combinations, first wrong and then correct translations:

english, german = ([sentence[k] for sentence in test] for k in range(2))
predicted = translations["LSTM"]
wrong = [k for k in range(len(test)) if predicted[k] != german[k]]
correct = [k for k in range(len(test)) if predicted[k] == german[k]]
for k in wrong[:4] + correct[:4]:
    print(f"{' '.join(english[k])}\n    {' '.join(predicted[k])}")
    if k in wrong:
        print(f"    correct: {' '.join(german[k])}")

german_nouns = {noun for noun, _ in NOUNS.values()}
n_wrong_noun = 0
for k in wrong:
    pairs = zip(german[k], predicted[k], strict=False)
    different = [pair for pair in pairs if pair[0] != pair[1]]
    same_length = len(german[k]) == len(predicted[k])
    n_wrong_noun += (
        same_length and len(different) == 1 and german_nouns.issuperset(different[0])
    )
print(f"{n_wrong_noun} of {len(wrong)} wrong translations differ in one noun only")

# %%
# With seen combinations, nearly all translations are correct, including the order of
# words and the endings. With new combinations, about one in six is wrong. Mostly the
# order of words is correct and a single word is wrong: the network replaces the noun
# with one that it has seen with this adjective.
#
# Draw a map
# ----------
# ``transform`` returns the vectors, from which the decoder generates the translations.
# We project those of the test sentences with seen combinations onto their first two
# principal components, and color them by form and by verb.

test = tests["seen combinations"]
vectors = predictor.transform([sentence[0] for sentence in test])
xy = PCA(n_components=2).fit_transform(vectors)


def form(sentence):
    """Describe the opening and the tense of a sentence."""
    opening = "today, " if sentence[0][0] == "today" else ""
    return opening + ("has seen" if "has" in sentence[0] else "sees")


labels = {
    "form": np.array([form(sentence) for sentence in test]),
    "verb": np.array([sentence[2] for sentence in test]),
    "noun of the subject": np.array([sentence[3][0][2] for sentence in test]),
    "noun of the object": np.array([sentence[3][1][2] for sentence in test]),
}
fig, axes = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained", sharey=True)
for ax, title in zip(axes, ("form", "verb"), strict=True):
    for color, label in enumerate(np.unique(labels[title])):
        points = xy[labels[title] == label]
        ax.scatter(*points.T, s=8, color=f"C{color}", label=label)
    ax.set(xlabel="first principal component", title=f"Colored by {title}")
    ax.legend(fontsize="small", ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.08))
axes[0].set_ylabel("second principal component")
plt.show()

# %%
# The map separates the forms: sentences that begin with "today" are on one side, and
# the two tenses form different groups. The verbs overlap more in the map, but this does
# not mean that the vectors do not represent them. A logistic regression predicts the
# form, the verb and the nouns from all 96 components. Its accuracies:

for title, values in labels.items():
    classifier = LogisticRegression(max_iter=300)
    accuracy = cross_val_score(classifier, vectors, values, cv=3).mean()
    print(f"{title + ':':20} {accuracy:6.1%}")

# %%
# What to remember
# ----------------
# - X and y can be lists of lists of words, each with its own vocabulary.
# - Exclude combinations of words from the training set, not only sentences. New
#   combinations are a harder and more informative test.
# - ``transform`` returns vectors that were learned for the task, for use in maps and
#   classifiers. Two principal components show the largest variation, not everything
#   that the vectors represent.
# - The decoder sees a sentence only through one vector. For long sentences or for many
#   names, a model with attention is a better choice.
