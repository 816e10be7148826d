"""
Embed names and short texts, letter by letter
=============================================

Can a name be encoded as a vector, and decoded again from it?

A string is a sequence of characters, and each character is a category. The embedder
therefore accepts a list of strings. In this example, we encode common surnames from
five languages, decode them again, and count how many are exactly right. We then compare
the vectors with counts of letters in a classification task. The dataset is small, so we
also see how little can be learned from few names.
"""

# %%
# The data
# --------
# We use 50 common surnames from each of five languages. Japanese names are in Latin
# letters.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.metrics import exact_match_score, token_match_score

SURNAMES = {
    "English": (
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright "
        "Thompson Evans Walker White Roberts Green Hall Wood Jackson Clarke Harris "
        "Cooper Turner Hill Ward Moore Morris King Baker Lee Harrison Morgan Allen "
        "James Scott Phillips Watson Davis Parker Price Bennett Young Griffiths "
        "Mitchell Kelly Cook Carter Richardson Bailey Collins"
    ),
    "German": (
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann "
        "Schäfer Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Zimmermann "
        "Braun Krüger Hofmann Hartmann Lange Schmitt Werner Krause Meier Lehmann "
        "Köhler Herrmann König Walter Mayer Huber Kaiser Fuchs Peters Lang Scholz "
        "Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther"
    ),
    "Italian": (
        "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno "
        "Gallo Conti Costa Giordano Mancini Rizzo Lombardi Moretti Barbieri Fontana "
        "Santoro Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo Gentile "
        "Martinelli Vitale Lombardo Serra Coppola Marchetti Parisi Villa Conte "
        "Ferraro Ferri Fabbri Bianco Marini Grasso Valentini Messina Sala Gatti"
    ),
    "Polish": (
        "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński "
        "Szymański Woźniak Dąbrowski Kozłowski Jankowski Mazur Wojciechowski "
        "Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski Zając Pawłowski Michalski "
        "Król Wieczorek Jabłoński Wróbel Nowakowski Majewski Olszewski Stępień "
        "Malinowski Jaworski Adamczyk Dudek Nowicki Pawlak Górski Witkowski Walczak "
        "Sikora Baran Rutkowski Michalak Szewczyk Ostrowski Tomaszewski Pietrzak "
        "Zalewski Wróblewski"
    ),
    "Japanese": (
        "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato "
        "Yoshida Yamada Sasaki Yamaguchi Matsumoto Inoue Kimura Hayashi Shimizu "
        "Yamazaki Mori Abe Ikeda Hashimoto Yamashita Ishikawa Nakajima Maeda Fujita "
        "Ogawa Goto Okada Hasegawa Murakami Kondo Ishii Saito Sakamoto Endo Aoki Fujii "
        "Nishimura Fukuda Ota Miura Fujiwara Okamoto Matsuda Nakagawa Nakano"
    ),
}
names = [name for text in SURNAMES.values() for name in text.split()]
language = np.repeat(list(SURNAMES), [len(text.split()) for text in SURNAMES.values()])
lengths = [len(name) for name in names]
print(f"{len(names)} names of {min(lengths)} to {max(lengths)} letters")

names_train, names_test, language_train, language_test = train_test_split(
    names, language, test_size=0.2, stratify=language, random_state=0
)

# %%
# Fit the embedder
# ----------------
# No preprocessing is needed: ``fit`` finds the letters. To keep this example fast, the
# network is smaller than the default, which has 320 components and more cells.

embedder = LSTMSequenceEmbedder(
    n_components=64, hidden_size=64, max_epochs=130, lr=0.01, random_state=0
)
embedder.fit(names_train)
print("letters:", "".join(embedder.categories_[0]))
print(f"explained fraction, training set: {embedder.score(names_train):.2f}")
print(f"explained fraction, test set: {embedder.score(names_test):.2f}")

# %%
# Draw a map
# ----------
# We project the vectors of all names onto their first two principal components. The
# embedder has not seen the languages.

xy = PCA(n_components=2).fit_transform(embedder.transform(names))
fig, ax = plt.subplots(figsize=(7.5, 5.5), layout="constrained")
for color, one in enumerate(SURNAMES):
    ax.scatter(*xy[language == one].T, s=14, color=f"C{color}", label=one)
for name in ("Lee", "Weber", "Kowalski", "Matsumoto", "Wojciechowski"):
    point = xy[names.index(name)]
    is_left = point[0] < xy[:, 0].mean()
    ax.annotate(
        name,
        point,
        xytext=(4 if is_left else -4, 4),
        textcoords="offset points",
        ha="left" if is_left else "right",  # toward the middle, inside the frame
        fontsize="small",
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5},
    )
ax.set(
    xlabel="first principal component",
    ylabel="second principal component",
    title="Embedding of 250 surnames",
)
ax.legend(fontsize="small")
plt.show()

# %%
# The first principal component mainly represents the length of a name. Polish names are
# the longest on average, so many of them are on one side. Otherwise the languages
# overlap in the map.

# %%
# Count the names that are decoded correctly
# ------------------------------------------
# ``reconstruct`` keeps the length of each name. ``inverse_transform`` receives only the
# 64 components of the vector and has to predict the length as well.


def report(title, truth):
    """Print how many names and letters are correct with either method."""
    decoded = {
        "reconstruct": embedder.reconstruct(truth),
        "inverse_transform": embedder.inverse_transform(embedder.transform(truth)),
    }
    for method, predicted in decoded.items():
        exact = exact_match_score(truth, predicted)
        letters = token_match_score(truth, predicted)
        label = f"{title}, {method}:"
        print(f"{label:32}{exact:4.0%} of names, {letters:4.0%} of letters")


report("training set", names_train)
report("test set", names_test)

# %%
# Some names and their decoded forms:


def print_decoded(title, embedder, names):
    """Print names and what ``inverse_transform`` decodes from their vectors."""
    decoded = embedder.inverse_transform(embedder.transform(names))
    print(f"{title}:")
    for name, other in zip(names, decoded, strict=True):
        print(f"    {name:10} > {other}")


print_decoded("training set", embedder, names_train[:6])
print_decoded("test set", embedder, names_test[:8])

# %%
# The network decodes nine out of ten training names correctly, including their lengths.
# In unseen names, about seven out of ten letters are correct, but only one in four of
# the names has no error. 200 names are too few to learn spelling. Report the result on
# unseen names, because the result on training names is far too optimistic.

# %%
# Classify by language
# --------------------
# A logistic regression predicts the language from the vectors. The baseline is the same
# classifier on counts of single letters and pairs of letters, which include the first
# and the last letter of a name.

counts = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 2))
models = {
    "letters and pairs of letters": make_pipeline(
        counts, LogisticRegression(max_iter=2000)
    ),
    "LSTMSequenceEmbedder": make_pipeline(
        FrozenEstimator(embedder), LogisticRegression(max_iter=2000)
    ),
}
for title, model in models.items():
    model.fit(names_train, language_train)
    print(f"{title:30} accuracy {model.score(names_test, language_test):.2f}")

# %%
# Encode unseen letters
# ---------------------
# By default, a letter that does not occur in ``fit`` is treated as missing: the network
# ignores it as an input and decodes a known letter instead. With ``min_frequency``,
# rare letters are merged into one infrequent category, and unseen letters are assigned
# to it too. This category is decoded as U+FFFD, the Unicode replacement character. The
# network below is small and trained for a few epochs only, so it spells badly.

merging = LSTMSequenceEmbedder(
    n_components=32,
    hidden_size=32,
    max_epochs=20,
    lr=0.01,
    min_frequency=5,
    random_state=0,
).fit(names_train)
infrequent = set(merging.infrequent_categories_[0])
print("infrequent letters:", "".join(sorted(infrequent)))
with_infrequent = [name for name in names_train if infrequent & set(name)][:4]
with_unseen = [
    "".join("ʘ" if letter in infrequent else letter for letter in name)
    for name in with_infrequent
]
print_decoded("infrequent", merging, with_infrequent)
print_decoded("unseen", merging, with_unseen)
equal = np.array_equal(
    merging.transform(with_infrequent), merging.transform(with_unseen)
)
print("the vectors are equal:", equal)

# %%
# What to remember
# ----------------
# - X can be a list of strings. Each character is a category. Letters that differ in
#   case or accent are different categories.
# - ``exact_match_score`` and ``token_match_score`` measure how much is decoded
#   correctly. Use them on unseen sequences.
# - For classification by language, letter counts are a strong baseline. Here they are
#   better than the embedding, but names cannot be decoded from them.
