"""
One call for each plot
======================

What did the training do, what is lost in a vector, which sequences are similar, when
was a series unusual, and how sure is a forecast? Each question has a display, which
draws the answer in one call, as the displays of scikit-learn do.

The sequences are generated: noisy periods of three shapes, and of different lengths.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor
from sklearn_seqembed.datasets import make_windows
from sklearn_seqembed.displays import (
    AnomalyDisplay,
    EmbeddingDisplay,
    ForecastDisplay,
    LossDisplay,
    ReconstructionDisplay,
)

rng = np.random.default_rng(0)
SHAPES = {
    "sine": np.sin,
    "square": lambda t: np.sign(np.sin(t)),
    "triangle": lambda t: 2 / np.pi * np.arcsin(np.sin(t)),
}


def make_period(shape):
    """Return a period of a shape, from a random phase on, with a gap and noise."""
    n_steps = rng.integers(30, 60)
    x = SHAPES[shape](np.linspace(0, 2 * np.pi, n_steps) + rng.uniform(0, 2 * np.pi))
    x += 0.15 * rng.normal(size=n_steps)
    first = rng.integers(0, n_steps - 8)
    x[first : first + 6] = np.nan
    return x


y = rng.choice(list(SHAPES), size=150)
X = [make_period(shape) for shape in y]

# %%
# Training
# --------
# :class:`~sklearn_seqembed.displays.LossDisplay` shows the losses of all epochs, those
# of the held-out sequences as well, and whether training improved on the closed form
# from which it started, whose validation loss is the dashed line. The legend says what
# is used. If nothing was trained, the display says why.
embedder = LSTMSequenceEmbedder(max_epochs=8, early_stopping=True, random_state=0)
embedder.fit(X)
loss = LossDisplay.from_estimator(embedder)
loss.figure_.suptitle("Losses of all epochs")
print(f"validation loss: closed form {loss.closed_form_loss:.4f}, ", end="")
print(f"lowest of an epoch {min(loss.valid_loss):.4f}")
plt.show()

# %%
# Reconstructions
# ---------------
# The two sequences with the lowest error, and the two with the highest. Missing values
# are filled in.
reconstruction = ReconstructionDisplay.from_estimator(embedder, X)
reconstruction.figure_.suptitle("Lowest and highest errors of reconstructions")
print("errors:", *(f"{error:.2g}" for error in reconstruction.errors))
plt.show()

# %%
# Strings and other categories are drawn as cells, with the reconstruction below the
# original. Wrong cells are marked.
words = [
    "".join(rng.permutation(list("lstm")[: rng.integers(2, 5)])) for _ in range(150)
]
word_embedder = LSTMSequenceEmbedder(n_components=16, max_epochs=10, random_state=0)
word_embedder.fit(words)
reconstruction = ReconstructionDisplay.from_estimator(word_embedder, words)
reconstruction.figure_.suptitle("Reconstructions of words")
plt.show()

# %%
# A map
# -----
# Principal components of the vectors. They are a baseline for other maps, such as that
# of t-SNE with ``reducer=TSNE(random_state=0)``.

# sphinx_gallery_thumbnail_number = 4
embedding = EmbeddingDisplay.from_estimator(embedder, X, y)
embedding.figure_.suptitle("Map of the vectors")
plt.show()

# %%
# Anomalies
# ---------
# The current of a machine, which runs too fast for a while: the shaded span, labeled
# by hand. The threshold is the 99% quantile of the scores of a usual series that the
# embedder has not read. Scores are averaged over the windows that contain a time step,
# so that an alarm begins before the span and ends after it.
steps = np.arange(1500)
current = np.sin(steps / 8) + 0.1 * rng.normal(size=1500)
current[1200:1240] = np.sin(steps[1200:1240] / 3)
usual, reference, new = np.split(current, [500, 1000])
windows, _ = make_windows(usual, lookback=50, horizon=0)
window_embedder = LSTMSequenceEmbedder(random_state=0).fit(windows)
anomalies = AnomalyDisplay.from_estimator(
    window_embedder, new, 50, reference=reference, spans=[(200, 240)]
)
anomalies.figure_.suptitle("Current of a machine and its anomaly scores")
print("alarms at steps", *np.flatnonzero(np.diff(anomalies.is_alarm_)))
plt.show()

# %%
# A forecast
# ----------
# The next 40 time steps of the same machine, with prediction intervals.
past, future = make_windows(usual, lookback=80, horizon=40)
predictor = LSTMSequencePredictor(random_state=0).fit(past, future)
past, future = make_windows(reference, lookback=80, horizon=40)
forecast = ForecastDisplay.from_estimator(predictor, past, future, indices=-1)
forecast.figure_.suptitle("Forecast of 40 time steps")
inside = (forecast.truth[0][0] > forecast.lower[0][0]) & (
    forecast.truth[0][0] < forecast.upper[0][0]
)
print(f"{inside.sum()} of {len(inside)} values are in the 90% interval")
plt.show()

# %%
# What to remember
# ----------------
# Each plot is one call: `from_estimator`. A display stores what it draws, so that
# `display.plot(ax=...)` draws it again into any axes, in the current style of
# matplotlib.
with plt.style.context("dark_background"):
    loss.plot()
    loss.figure_.suptitle("Losses of all epochs, on a dark background")
    plt.show()
