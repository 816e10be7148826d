"""
Sequence-to-sequence: dates in many formats
===========================================

Can a single model read dates in six formats and convert them to a standard one?

"3 March 1998", "March 3, 1998" and "03.03.98" are the same day. If you know all
formats, you can write a rule for each. Alternatively, learn from examples:
:class:`~sklearn_seqembed.LSTMSequencePredictor` learns to convert dates character by
character from pairs of a date and its standard form. In this example, we count how many
unseen dates are converted correctly.
"""

# %%
# The data
# --------
# We draw 4000 different days from 1960 to 2019, and write each in one of six formats.
# Two formats have only digits: with dots the day comes first, and with slashes the
# month comes first.

from datetime import date, timedelta

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import NearestNeighbors

from sklearn_seqembed import LSTMSequencePredictor
from sklearn_seqembed.metrics import token_match_score

MONTHS = (
    "January February March April May June July August September October November "
    "December"
).split()
WEEKDAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def write_date(day):
    """Write a date in six formats."""
    month = MONTHS[day.month - 1]
    return (
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{WEEKDAYS[day.weekday()]} {day.day} {month[:3]} {day.year}",
        f"{month} {day.day}{ENDINGS.get(day.day, 'th')}, '{day.year % 100:02}",
        f"{day.day:02}.{day.month:02}.{day.year % 100:02}",
        f"{day.month}/{day.day}/{day.year}",
    )


rng = np.random.default_rng(0)
first = date(1960, 1, 1)
drawn = rng.permutation((date(2020, 1, 1) - first).days)[:4000]
days = [first + timedelta(int(n)) for n in drawn]
format_index = np.arange(len(days)) % 6
written = [write_date(day)[k] for day, k in zip(days, format_index, strict=True)]
standard = [day.isoformat() for day in days]
for x, y in zip(written[:6], standard[:6], strict=True):
    print(f"{x:20} {y}")

n_train = 3000
X_train, X_test = written[:n_train], written[n_train:]
y_train, y_test = standard[:n_train], standard[n_train:]
test_format = format_index[n_train:]

# %%
# Fit the predictor
# -----------------
# X and y are lists of strings. The network receives no information about formats,
# months or digits.

predictor = LSTMSequencePredictor(
    n_components=64, lr=0.01, max_epochs=12, batch_size=64, random_state=0
)
predictor.fit(X_train, y_train)
predicted = predictor.predict(X_test)
for x, y in zip(X_test[:6], predicted[:6], strict=True):
    print(f"{x:20} {y}")

# %%
# Count the correct dates
# -----------------------
# A date with one wrong digit is wrong, so we count exact matches. The baseline copies
# the standard form of the most similar training date. It cannot be correct here,
# because no day occurs twice, but it shows how many characters are easy to predict.

ngrams = CountVectorizer(analyzer="char_wb", ngram_range=(1, 3))
neighbors = NearestNeighbors(n_neighbors=1, metric="cosine")
neighbors.fit(ngrams.fit_transform(X_train))
rows = neighbors.kneighbors(ngrams.transform(X_test), return_distance=False)[:, 0]
copied = [y_train[k] for k in rows]
correct = np.array(predicted) == np.array(y_test)
copied_correct = np.array(copied) == np.array(y_test)
print(f"LSTM, training set: {predictor.score(X_train, y_train):.1%} of dates correct")
print(f"LSTM, test set: {correct.mean():.1%} of dates correct")
print(f"nearest date: {copied_correct.mean():.1%} of dates correct")
print(f"LSTM: {token_match_score(y_test, predicted):.1%} of characters correct")
print(f"nearest date: {token_match_score(y_test, copied):.1%} of characters correct")

# %%
# Compare the formats
# -------------------

formats = write_date(date(1998, 3, 3))
accuracy = [correct[test_format == k].mean() for k in range(6)]
for name, value in zip(formats, accuracy, strict=True):
    print(f"{name:16} {value:.1%} correct")
print("some wrong dates:")
for k in np.flatnonzero(~correct)[:6]:
    print(f"{X_test[k]:20} {y_test[k]}, predicted {predicted[k]}")

# %%
# All standard forms have ten characters, so we can also count the errors by position.

true_characters = np.array([list(day) for day in y_test])
predicted_characters = np.array([list(f"{day:10.10}") for day in predicted])
wrong = predicted_characters != true_characters
errors = np.array([wrong[test_format == k].mean(axis=0) for k in range(6)])
print(f"wrong characters in the year: {errors[:, :4].mean():.1%}", end=", ")
print(f"month: {errors[:, 5:7].mean():.1%}, day: {errors[:, 8:].mean():.1%}")

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
bars = left.barh(formats, accuracy, color="C0")
left.bar_label(bars, [f"{value:.0%}" for value in accuracy], padding=3)
left.invert_yaxis()
left.set(xlabel="fraction of dates correct", xlim=(0, 1.15), title="By format")
image = right.imshow(100 * errors, cmap="Blues", aspect="auto", vmin=0)
right.set_xticks(range(10), "YYYY-MM-DD")
right.set_yticks([])
right.set(xlabel="character of the standard form", title="Errors by position")
fig.colorbar(image, ax=right, label="wrong characters (%)")
plt.show()

# %%
# The year is always correct, even if it is written with two digits. Three out of four
# wrong characters are in the day, and most of the others are in the month of dates that
# have only digits. The nearest date also has four out of five characters correct, since
# all dates look alike. Exact matches are therefore the better measure.
#
# What to remember
# ----------------
# - A list of strings X and a list of strings y are sufficient to learn a conversion.
# - One model learns all formats. Report its accuracy by format, on unseen dates.
# - Here the network has to learn all days, months and years from 500 pairs per format.
#   With more pairs it makes fewer errors.
# - If you know all formats, write rules, because they make no errors. Learn from pairs
#   if nobody knows all formats.
