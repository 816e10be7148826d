"""
Interactive maps with datamapplot and embedding-atlas
=====================================================

How do you browse thousands of sequences, and read what each point of a map is?

`datamapplot <https://pypi.org/project/datamapplot>`__ turns the points of an
:class:`~sklearn_seqembed.displays.EmbeddingDisplay` into one HTML file, in which one
can zoom, search, and read a text for each point.
`embedding-atlas <https://pypi.org/project/embedding-atlas>`__ turns them into a
notebook widget, in which one can select points and use the selection in Python. In
this example, we map recordings of nine speakers.
"""

# %%
# The map
# -------
# t-SNE places recordings with similar vectors next to each other. The embedder was
# fitted without the labels.

import tempfile
from importlib.metadata import version
from pathlib import Path

import datamapplot
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from embedding_atlas.widget import EmbeddingAtlasWidget
from sklearn.manifold import TSNE
from sktime.datasets import load_japanese_vowels

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.displays import EmbeddingDisplay


def load(split):
    """Load the training or test set as a list of arrays and an array of speakers."""
    frames, speakers = load_japanese_vowels(split=split, return_type="df-list")
    return [frame.to_numpy() for frame in frames], speakers


X_train, _ = load("train")
X, speakers = load("test")
embedder = LSTMSequenceEmbedder(random_state=0).fit(X_train)
labels = np.array([f"speaker {speaker}" for speaker in speakers])
display = EmbeddingDisplay.from_estimator(
    embedder, X, labels, reducer=TSNE(random_state=0), max_classes=9
)
display.figure_.suptitle("Map of the recordings of nine speakers")
plt.show()

# %%
# One file, with datamapplot
# --------------------------
# One call makes the file from the same points. The text appears when the mouse is over
# a point. ``save`` writes the file, and in a notebook, the object shows the map itself.

texts = [f"recording {i}, {len(x)} time steps" for i, x in enumerate(X)]
interactive = datamapplot.create_interactive_plot(
    display.points.astype(np.float32), labels, hover_text=texts
)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "map.html"
    interactive.save(path)
    size = path.stat().st_size // 1000
print(f"datamapplot {version('datamapplot')}: {len(X)} points, {size} kB")

# %%
# The file holds the data, but a browser loads programs and styles from other sites when
# it opens the file, so we do not show it on this page.
#
# A notebook widget, with embedding-atlas
# ---------------------------------------
# It shows the map next to the columns of a frame, by which points can be selected as
# well. All columns of the frame are used. At the end of a cell of a notebook, the
# widget is shown. It needs the program that a notebook runs, so this page does not show
# it.

table = pd.DataFrame(
    {
        "x": display.points[:, 0],
        "y": display.points[:, 1],
        "text": texts,
        "speaker": labels,
        "length": [len(x) for x in X],
    }
)
widget = EmbeddingAtlasWidget(table, x="x", y="y", text="text")
print(f"embedding-atlas {version('embedding-atlas')}: {len(widget.selection())} rows")

# %%
# ``selection`` returns the rows that are selected in the map, or all. In a notebook,
# one selects them with the mouse. Here, we set what the map then sends, a condition in
# SQL:

widget.set_state({"_predicate": "speaker = 'speaker 3' AND length > 18"})
selected = widget.selection()
columns = ["__row_index__", "speaker", "length", "text"]
print(selected[columns].head(3).to_string(index=False))
print(f"{len(selected)} rows, of lengths {sorted(selected['length'])}")

# %%
# The vectors of the selected recordings are those of the same rows:

vectors = embedder.transform([X[i] for i in selected["__row_index__"]])
print(vectors.shape)

# %%
# What to remember
# ----------------
# - ``display.points`` are the points of a map. Other libraries can draw them.
# - One file is for others to browse. A widget is for going on in Python with a
#   selection.
# - A map shows which sequences are similar. Distances between groups mean little in a
#   map by t-SNE.
