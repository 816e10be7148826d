"""
Sequence-to-sequence: learning to add
=====================================

Can a network learn to add from sums that are written as text?

:class:`~sklearn_seqembed.LSTMSequencePredictor` learns to predict one sequence from
another, and a string is a sequence of characters. Here the input is a question such as
"12+7", and the target is the answer, "19". The network has no notion of a digit or a
number. In this example, we train it on sums of numbers up to 99, predict sums that are
not in the training set, and look at the errors.
"""

# %%
# The data
# --------
# We use each pair of numbers from 0 to 99 once, in random order. If "12+7" is in the
# training set, "7+12" is therefore not in the test set.

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
print(f"{len(X_train)} training sums, {len(X_test)} test sums")
print(", ".join(f"{q} = {a}" for q, a in zip(X_train[:6], y_train[:6], strict=True)))

# %%
# Fit the predictor
# -----------------
# X and y are lists of strings. To keep this example fast, the network is smaller than
# the default, which has 256 components, and we train it for fewer epochs with a higher
# learning rate.

predictor = LSTMSequencePredictor(
    n_components=96, lr=0.01, max_epochs=16, batch_size=64, random_state=0
)
predictor.fit(X_train, y_train)
predicted = predictor.predict(X_test)
print(", ".join(f"{q} = {a}" for q, a in zip(X_test[:6], predicted[:6], strict=True)))

# %%
# Count the correct answers
# -------------------------
# ``score`` is the fraction of answers that match exactly. The baseline returns the
# answer to the most similar training question, measured by counts of one to three
# consecutive characters.

ngrams = CountVectorizer(analyzer="char_wb", ngram_range=(1, 3))
neighbors = NearestNeighbors(n_neighbors=1, metric="cosine")
neighbors.fit(ngrams.fit_transform(X_train))
rows = neighbors.kneighbors(ngrams.transform(X_test), return_distance=False)[:, 0]
copied = np.array(y_train)[rows]
print(f"LSTM, training set: {predictor.score(X_train, y_train):.0%} of answers correct")
print(f"LSTM, test set: {predictor.score(X_test, y_test):.0%} of answers correct")
print(f"LSTM, test set: {token_match_score(y_test, predicted):.0%} of digits correct")
print(f"nearest question: {np.mean(copied == np.array(y_test)):.0%} of answers correct")

# %%
# Look at the errors
# ------------------

true_sums = np.array(y_test, dtype=int)
predicted_sums = np.array(predicted, dtype=int)
wrong = np.flatnonzero(predicted_sums != true_sums)
errors = predicted_sums[wrong] - true_sums[wrong]
for k in wrong[:8]:
    print(f"{X_test[k]} = {y_test[k]}, predicted {predicted[k]}")
print(f"{len(wrong)} answers are wrong", end=": ")
print(f"{np.mean(np.abs(errors) == 1):.0%} by 1", end=", ")
print(f"{np.mean(np.abs(errors) == 10):.0%} by 10")

# %%
# Predict several answers
# -----------------------
# ``predict_top`` returns the most likely answers to each question, in descending order,
# and the logarithms of their probabilities.

candidates, log_probabilities = predictor.predict_top(X_test, k=3)
for k in (*range(2), *wrong[:2]):
    probabilities = np.exp(log_probabilities[k])
    top = zip(candidates[k], probabilities, strict=True)
    print(f"{X_test[k]} =", ", ".join(f"{answer} ({p:.0%})" for answer, p in top))

# %%
# These probabilities are useful if the answers with a high probability are correct more
# often. We group the questions by the probability of the best answer.

best = np.array([answers[0] for answers in candidates])
best_probability = np.exp([row[0] for row in log_probabilities])
correct = best == np.array(y_test)
bins = np.digitize(best_probability, [0.4, 0.5, 0.6])
accuracy = [correct[bins == k].mean() for k in range(4)]
counts = np.bincount(bins, minlength=4)
in_top_three = np.mean([y_test[k] in candidates[k] for k in wrong])
print(f"mean probability of the best answer: {best_probability.mean():.0%}")
print(f"correct best answers: {correct.mean():.0%}")
print("by probability:", ", ".join(f"{value:.0%}" for value in accuracy))
print(f"wrong answers with the true one among the top three: {in_top_three:.0%}")

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
values, value_counts = np.unique(errors, return_counts=True)
left.bar([str(value) for value in values], value_counts, color="C3")
left.set(xlabel="predicted minus true sum", ylabel="number of answers")
left.set_title(f"{len(wrong)} wrong answers")
labels = ["under 40%", "40 to 50%", "50 to 60%", "over 60%"]
bars = right.bar(labels, accuracy, color="C0")
right.bar_label(bars, [f"{n} sums" for n in counts], padding=2)
right.set(xlabel="probability of the best answer", ylabel="fraction correct")
right.set(title="Correct answers by probability", ylim=(0, 1.15))
plt.show()

# %%
# Nine out of ten wrong answers differ from the correct one by 1 or 10, so a single
# digit is too high or too low by 1. On the right, answers with a higher probability are
# correct more often. The probabilities are not calibrated, however: after this short
# training, far more answers are correct than the probabilities suggest.
#
# What to remember
# ----------------
# - :class:`~sklearn_seqembed.LSTMSequencePredictor` learns to predict sequences from
#   sequences. X and y can be lists of strings of any lengths.
# - ``score`` is the fraction of exact matches. Compute it on unseen sequences.
# - ``predict_top`` returns several answers with their log probabilities. Here they rank
#   the answers well, so you can review those with the lowest probability.
# - The nearest neighbor is no help, because similar questions have different answers.
#   To add numbers, write a program. Use a network for tasks whose rules nobody can
#   write down.
