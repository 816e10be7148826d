"""
Sums, character by character
============================

Can a network learn to add, from sums written as text?

``LSTMSequencePredictor`` learns to say one sequence from another. A string is the
sequence of its characters. So the question is "12+7", the answer is "19", and nobody
tells the network what a digit is. We train it on sums of numbers up to 99, ask for sums
that it has not seen, and look at what it gets wrong.
"""

# %%
# The data
# --------
# All pairs of numbers from 0 to 99, each pair once, in random order. So no sum of the
# test part is a known one turned round.

from itertools import combinations_with_replacement

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import NearestNeighbors

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.metrics import token_match_score

rng = np.random.default_rng(0)
pairs = rng.permutation(list(combinations_with_replacement(range(100), 2)))
pairs = rng.permuted(pairs, axis=1)  # the smaller number is not always the first
questions = [f"{a}+{b}" for a, b in pairs]
answers = [str(a + b) for a, b in pairs]
n_train = 3000
X_train, X_test = questions[:n_train], questions[n_train:]
y_train, y_test = answers[:n_train], answers[n_train:]
print(f"{len(X_train)} sums to learn from, {len(X_test)} to test on")
print(", ".join(f"{q} = {a}" for q, a in zip(X_train[:6], y_train[:6], strict=True)))

# %%
# Fit
# ---
# X and y are lists of strings. The network is small and the learning rate is high, so
# that this page is built quickly. The default has 256 numbers, and trains for longer.

predictor = LSTMSequencePredictor(
    n_components=96, lr=0.01, max_epochs=16, batch_size=64, random_state=0
)
predictor.fit(X_train, y_train)
predicted = predictor.predict(X_test)
print(", ".join(f"{q} = {a}" for q, a in zip(X_test[:6], predicted[:6], strict=True)))

# %%
# How many are right?
# -------------------
# ``score`` is the share of answers that are wholly right. The baseline gives the answer
# of the most similar question that was trained on. It counts characters, and knows
# which ones stand side by side.

letters = CountVectorizer(analyzer="char_wb", ngram_range=(1, 3))
nearest = NearestNeighbors(n_neighbors=1, metric="cosine")
nearest.fit(letters.fit_transform(X_train))
rows = nearest.kneighbors(letters.transform(X_test), return_distance=False)[:, 0]
copied = [y_train[k] for k in rows]
print(f"LSTM, sums trained on: {predictor.score(X_train, y_train):.0%} wholly right")
print(f"LSTM, other sums: {predictor.score(X_test, y_test):.0%} wholly right")
print(f"LSTM, other sums: {token_match_score(y_test, predicted):.0%} of characters")
same = np.array(copied) == np.array(y_test)
print(f"nearest question: {same.mean():.0%} wholly right")

# %%
# What the errors look like
# -------------------------

truth = np.array(y_test, dtype=int)
said = np.array(predicted, dtype=int)
wrong = np.flatnonzero(said != truth)
off = said[wrong] - truth[wrong]
for k in wrong[:8]:
    print(f"{X_test[k]} = {y_test[k]}, said {predicted[k]}")
print(f"{len(wrong)} are wrong: {np.mean(np.abs(off) == 1):.0%} of them by 1", end=", ")
print(f"{np.mean(np.abs(off) == 10):.0%} by 10")

# %%
# How sure is it?
# ---------------
# ``predict_top`` gives the likeliest answers for each question, the best first, and the
# logarithm of the probability of each.

candidates, log_probabilities = predictor.predict_top(X_test, k=3)
for k in (*range(2), *wrong[:2]):
    chances = np.exp(log_probabilities[k])
    some = zip(candidates[k], chances, strict=True)
    print(f"{X_test[k]} =", ", ".join(f"{one} ({chance:.0%})" for one, chance in some))

# %%
# So we can ask how often the best answer is right, given how sure the network is of it.

right = np.array([best[0] for best in candidates]) == np.array(y_test)
sure = np.exp([row[0] for row in log_probabilities])
bins = np.digitize(sure, [0.4, 0.5, 0.6])
shares = [right[bins == k].mean() for k in range(4)]
counts = np.bincount(bins, minlength=4)
among = np.mean([y_test[k] in candidates[k] for k in wrong])
print(f"best answers: {sure.mean():.0%} sure on average, {right.mean():.0%} right")
print("right by how sure:", ", ".join(f"{share:.0%}" for share in shares))
print(f"of the wrong ones, {among:.0%} have the true answer among the three")

fig, (left, right_ax) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
offs, n_offs = np.unique(off, return_counts=True)
left.bar([str(one) for one in offs], n_offs, color="C3")
left.set(xlabel="said less true", ylabel="answers", title=f"{len(wrong)} wrong answers")
names = ["under 40 %", "40 to 50 %", "50 to 60 %", "over 60 %"]
bars = right_ax.bar(names, shares, color="C0")
right_ax.bar_label(bars, [f"{n} sums" for n in counts], padding=2)
right_ax.set(xlabel="probability of the best answer", ylabel="share that is right")
right_ax.set(title="How sure, and how right", ylim=(0, 1.15))
plt.show()

# %%
# Nine of ten errors are by 1 or by 10: one digit is a step too high or too low. On the
# right, the surer the network is of its best answer, the more often it is right. But
# the number itself is not the share that is right: this network is right far more often
# than it says. It was trained for a short time.
#
# What to remember
# ----------------
# - ``LSTMSequencePredictor`` learns sequences from sequences. X and y may be lists of
#   strings, and of any lengths.
# - ``score`` asks for answers that are wholly right, on sums that were kept out.
# - ``predict_top`` gives several answers, with log probabilities. Here they rank well:
#   so look again at the answers of which the network is least sure.
# - Similar questions have other answers, so the nearest neighbour is no help. A program
#   adds without any error. A network is for what nobody can write down.
