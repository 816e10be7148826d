"""
Dates, written in many ways
===========================

Can one model read dates in any of six spellings, and write them all in the same way?

"3 March 1998", "March 3, 1998" and "03.03.98" are one day. One can write a rule for
each spelling, if one knows them all. Here a list of pairs is enough:
``LSTMSequencePredictor`` learns from spelled dates and their standard form, character
by character. We count how many days that it has not seen come out wholly right.
"""

# %%
# The data
# --------
# A small generator draws 4000 different days from 1960 to 2019, and writes each in one
# of six ways. Two of them give only numbers, one with the day first and one with the
# month first. A point or a slash tells which.

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


def spell(day):
    """Write a day in six ways."""
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
way = np.arange(len(days)) % 6
spelled = [spell(day)[k] for day, k in zip(days, way, strict=True)]
standard = [day.isoformat() for day in days]
for one, day in zip(spelled[:6], standard[:6], strict=True):
    print(f"{one:20} {day}")

n_train = 3000
X_train, X_test = spelled[:n_train], spelled[n_train:]
y_train, y_test = standard[:n_train], standard[n_train:]

# %%
# Fit
# ---
# X and y are lists of strings. Nothing is said about spellings, months or digits.

predictor = LSTMSequencePredictor(
    n_components=64, lr=0.01, max_epochs=12, batch_size=64, random_state=0
)
predictor.fit(X_train, y_train)
predicted = predictor.predict(X_test)
for one, said in zip(X_test[:6], predicted[:6], strict=True):
    print(f"{one:20} {said}")

# %%
# How many are right?
# -------------------
# A date with one wrong digit is a wrong date, so we count those that are wholly right.
# The baseline answers with the date of the most similar spelling that it knows. As no
# day is drawn twice, it can never be wholly right here. It shows how many characters
# come for free.

letters = CountVectorizer(analyzer="char_wb", ngram_range=(1, 3))
nearest = NearestNeighbors(n_neighbors=1, metric="cosine")
nearest.fit(letters.fit_transform(X_train))
rows = nearest.kneighbors(letters.transform(X_test), return_distance=False)[:, 0]
copied = [y_train[k] for k in rows]
right = np.array(predicted) == np.array(y_test)
equal = np.array(copied) == np.array(y_test)
characters = {
    "LSTM": token_match_score(y_test, predicted),
    "nearest spelling": token_match_score(y_test, copied),
}
print(f"LSTM, days trained on: {predictor.score(X_train, y_train):.1%} wholly right")
print(f"LSTM, other days: {right.mean():.1%} wholly right")
print(f"nearest spelling: {equal.mean():.1%} wholly right")
for name, share in characters.items():
    print(f"{name}: {share:.1%} of characters")

# %%
# Which spellings are hard?
# -------------------------

names = spell(date(1998, 3, 3))
by_way = [right[way[n_train:] == k].mean() for k in range(6)]
for name, share in zip(names, by_way, strict=True):
    print(f"{name:16} {share:.1%}")
print("some that are wrong:")
for k in np.flatnonzero(~right)[:6]:
    print(f"{X_test[k]:20} {y_test[k]}, said {predicted[k]}")

# %%
# Each character of the answer has its place. So we also count which places go wrong.

truth = np.array([list(day) for day in y_test])
said = np.array([list(f"{day:10.10}") for day in predicted])
errors = np.array([(said != truth)[way[n_train:] == k].mean(axis=0) for k in range(6)])
print(f"wrong characters in years: {errors[:, :4].mean():.1%}", end=", ")
print(f"months: {errors[:, 5:7].mean():.1%}, days: {errors[:, 8:].mean():.1%}")

fig, (left, right_ax) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
bars = left.barh(names, by_way, color="C0")
left.bar_label(bars, [f"{share:.0%}" for share in by_way], padding=3)
left.invert_yaxis()
left.set(xlabel="share wholly right", xlim=(0, 1.15), title="By spelling")
image = right_ax.imshow(100 * errors, cmap="Blues", aspect="auto", vmin=0)
right_ax.set_xticks(range(10), "YYYY-MM-DD")
right_ax.set_yticks([])
right_ax.set(xlabel="place in the answer", title="Where the wrong characters are")
fig.colorbar(image, ax=right_ax, label="wrong characters, %")
plt.show()

# %%
# The years are always right, also where only two digits are written. Three of four
# wrong characters are in the day, and most of the others in the month of dates that are
# written in numbers alone. Of all characters the nearest spelling has four of five
# right too, since dates are alike. So count the dates that are wholly right.
#
# What to remember
# ----------------
# - Pairs of strings are enough: X and y are two lists.
# - One model learns all spellings. Report its share by spelling, on days kept out.
# - Here 500 pairs of each spelling have to teach it all days, months and years. More
#   pairs make fewer errors.
# - Where all spellings are known, write rules: they are never wrong in a digit. Pairs
#   are for when nobody knows all spellings.
