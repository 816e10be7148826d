"""
Names, letter by letter
=======================

Can a name be a vector, and a vector a name again?

A string is the sequence of its characters, each one a category. So a list of strings is
passed as it is. We embed common surnames of five languages, play names back from their
vectors, and count how many come back letter for letter. The names are few; what so few
can teach is part of the answer.
"""

# %%
# Surnames of five languages
# --------------------------
# Fifty common ones of each, Japanese ones in Latin letters.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
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
print(len(names), "names, of", min(map(len, names)), "to", max(map(len, names)))

names_train, names_test, language_train, language_test = train_test_split(
    names, language, test_size=0.2, stratify=language, random_state=0
)

# %%
# Fit
# ---
# Nothing has to be said about the letters. The embedder is small, so that this page is
# built quickly; the defaults are 320 numbers and more memory cells.

embedder = LSTMSequenceEmbedder(
    n_components=64, hidden_size=96, max_epochs=150, lr=0.01, random_state=0
)
embedder.fit(names_train)
print("letters:", "".join(embedder.categories_[0]))
print(f"explained of names seen: {embedder.score(names_train):.2f}")
print(f"explained of names kept out: {embedder.score(names_test):.2f}")

# %%
# How much comes back?
# --------------------
# ``reconstruct`` knows how long each name was. ``inverse_transform`` gets 64 numbers
# and nothing else, and has to find the length too.


def report(title, truth):
    """Print how much of some names comes back, in both ways."""
    ways = {
        "reconstruct": embedder.reconstruct(truth),
        "inverse_transform": embedder.inverse_transform(embedder.transform(truth)),
    }
    for way, found in ways.items():
        exact = exact_match_score(truth, found)
        letters = token_match_score(truth, found)
        print(f"{title}, {way:17}: {exact:4.0%} of names, {letters:4.0%} of letters")


report("seen    ", names_train)
report("kept out", names_test)

# %%
# Some of each, played back:

for title, some in (("seen", names_train[:6]), ("kept out", names_test[:8])):
    played = embedder.inverse_transform(embedder.transform(some))
    pairs = zip(some, played, strict=True)
    print(f"{title}:", ", ".join(f"{a} > {b}" for a, b in pairs))

# %%
# So the vectors hold nearly all names that the network has seen, with their lengths. Of
# names that it has not seen most letters come back, but only two names of five: at some
# place stands another letter, often one from a name that it knows. 200 names
# are few to learn spelling from; so a high share among names seen says little, and the
# share among names kept out is the one to report.

# %%
# A map
# -----
# Languages were not told. The map shows the first two principal components of the
# vectors of all names.

places = PCA(n_components=2).fit_transform(embedder.transform(names))
fig, ax = plt.subplots(figsize=(7.5, 5.5), layout="constrained")
for color, one in enumerate(SURNAMES):
    ax.scatter(*places[language == one].T, s=14, color=f"C{color}", label=one)
for name in ("Smith", "Schmidt", "Rossi", "Kowalski", "Nakamura", "Lee", "Matsumoto"):
    ax.annotate(
        name,
        places[names.index(name)],
        xytext=(4, 4),
        textcoords="offset points",
        fontsize="small",
    )
ax.set(xlabel="first component", ylabel="second component", title="250 surnames")
ax.legend(fontsize="small")
plt.show()

# %%
# Which language?
# ---------------
# A logistic regression reads the language off the vectors. The baseline counts letters
# and pairs of letters, and knows how a name begins and ends.


def classifier():
    """Make the same classifier for both."""
    return LogisticRegression(max_iter=2000)


counts = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 2))
baseline = make_pipeline(counts, classifier())
baseline.fit(names_train, language_train)
ours = classifier().fit(embedder.transform(names_train), language_train)
print(f"vectors: {ours.score(embedder.transform(names_test), language_test):.2f}")
print(f"counts:  {baseline.score(names_test, language_test):.2f}")

# %%
# A letter that it has not met
# ----------------------------
# By default a letter that ``fit`` has not met is treated as missing: the network reads
# the name without it, and fills in a letter that it knows. With ``min_frequency`` rare
# letters become one category, "unknown", and new letters are read as that one too.
# Where it is played back it is written as U+FFFD, the replacement character.

rare = LSTMSequenceEmbedder(
    n_components=64,
    hidden_size=64,
    max_epochs=150,
    lr=0.01,
    min_frequency=5,
    random_state=0,
).fit(names_train)
letters = set(rare.infrequent_categories_[0])
print("rare letters:", "".join(sorted(letters)))
some = [name for name in names_train if letters & set(name)][:4]
new = ["".join("ʘ" if c in letters else c for c in name) for name in some]
for title, strange in (("rare", some), ("new", new)):
    played = rare.inverse_transform(rare.transform(strange))
    pairs = zip(strange, played, strict=True)
    print(f"{title}:", ", ".join(f"{a} > {b}" for a, b in pairs))
print("the same vectors:", np.array_equal(rare.transform(some), rare.transform(new)))

# %%
# What to remember
# ----------------
# - A list of strings is X. Each character is a category, case and accents included.
# - ``exact_match_score`` and ``token_match_score`` say how much comes back. Ask them
#   about sequences that were kept out.
# - To tell languages apart, letter counts are a strong baseline, and here the better
#   one. They cannot be played back.
