"""Write the ONNX files that the page uses, and the vectors with which it compares.

Run it in this folder, install onnxruntime-web, and open http://localhost:8000::

    python write_files.py
    npm install
    python -m http.server
"""

import json

import numpy as np

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences


def write(name, embedder, X, type_name=None):
    """Fit, and write NAME.onnx and NAME.json."""
    vectors = embedder.fit_transform(X)
    embedder.to_onnx(f"{name}.onnx")
    sequences = X if isinstance(X[0], str) else [as_lists(x) for x in X]
    content = {
        "type": type_name,
        "sequences": sequences,
        "expected": vectors.tolist(),
        "spread": float(np.sqrt(vectors.var(axis=0).mean())),
    }
    with open(f"{name}.json", "w", encoding="utf-8") as file:
        json.dump(content, file)


def as_lists(x):
    """Return a sequence for JSON, which has no NaN."""
    return [[None if np.isnan(v) else float(v) for v in step] for step in x]


X, _ = make_sequences(200, lengths=(20, 60), n_features=2, random_state=0)
X[0][3:6, 1] = np.nan
write("numbers", LSTMSequenceEmbedder(random_state=0), X, X[0].dtype.name)

rng = np.random.default_rng(0)
words = ["".join(rng.choice(list("abcdé"), size)) for size in rng.integers(3, 15, 200)]
write("words", LSTMSequenceEmbedder(64, random_state=0), words)
