"""
Save, load and serve a model: safetensors, pickle, ONNX
=======================================================

How do you keep a fitted model, pass it on, and use it in another program?

``save`` writes a file that cannot run code when it is opened, unlike a pickle.
``to_onnx`` writes a file that needs neither this library nor torch. We compare both
with pickle and joblib: the size of the file, the seconds to write and to load it, and
whether the vectors are the same.
"""

# %%
# A fitted embedder
# -----------------
# We fit recordings of nine speakers (JapaneseVowels), of different lengths, and write
# the embedder in four ways to a temporary folder.

import contextlib
import pickle
import tempfile
import time
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
from safetensors import safe_open
from skorch.callbacks import Callback
from sktime.datasets import load_japanese_vowels

from sklearn_seqembed import LSTMSequenceEmbedder, load
from sklearn_seqembed.callbacks import TrainingCheckpoint


def load_recordings(split):
    """Load one part of the recordings as a list of arrays (n_timesteps, 12)."""
    frames, _ = load_japanese_vowels(split=split, return_type="df-list")
    return [frame.to_numpy() for frame in frames]


X, X_new = load_recordings("train"), load_recordings("test")
embedder = LSTMSequenceEmbedder(n_components=64, max_epochs=1, random_state=0).fit(X)
expected = embedder.transform(X_new)
temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)

# %%
# Write, load, encode
# -------------------
# The vectors of each loaded model are compared with those of the fitted one. An ONNX
# file has no estimator in it: it receives an array that is padded to the length of the
# longest sequence, and the lengths.


def encode_by_onnx(session):
    """Encode the new recordings with ONNX Runtime."""
    lengths = np.array([len(x) for x in X_new], dtype=np.int64)
    values = np.zeros((len(X_new), lengths.max(), 12))
    for row, x in zip(values, X_new, strict=True):
        row[: len(x)] = x
    (vectors,) = session.run(["vectors"], {"values": values, "lengths": lengths})
    return vectors


def encode(loaded):
    """Encode the new recordings with a loaded embedder."""
    return loaded.transform(X_new)


def write_pickle(path):
    """Pickle the embedder to a file."""
    path.write_bytes(pickle.dumps(embedder))


def read_pickle(path):
    """Open a pickle, which may run any code."""
    return pickle.loads(path.read_bytes())


ways = {
    "pickle": ("e.pickle", write_pickle, read_pickle, encode, "any code"),
    "joblib": (
        "e.joblib",
        lambda path: joblib.dump(embedder, path),
        joblib.load,
        encode,
        "any code",
    ),
    "save and load": ("e.safetensors", embedder.save, load, encode, "nothing"),
    "to_onnx": (
        "e.onnx",
        embedder.to_onnx,
        onnxruntime.InferenceSession,
        encode_by_onnx,
        "operators of ONNX",
    ),
}
measured = {}
for name, (filename, write, read, apply, _) in ways.items():
    started = time.perf_counter()
    write(folder / filename)
    written = time.perf_counter()
    loaded = read(folder / filename)
    opened = time.perf_counter()
    measured[name] = {
        "MB": (folder / filename).stat().st_size / 1e6,
        "write, s": written - started,
        "load, s": opened - written,
        "difference": np.abs(apply(loaded) - expected).max() / expected.std(),
    }

fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
seconds = [row["load, s"] for row in measured.values()]
bars = ax.barh(list(measured), seconds, color=["0.6", "0.6", "C0", "C0"])
ax.bar_label(bars, [f"{row['MB']:.1f} MB" for row in measured.values()], padding=3)
ax.set(
    xlim=(0, 1.3 * max(seconds)),
    xlabel="seconds to load the file",
    title="Time to load and size of each file",
)
ax.invert_yaxis()
plt.show()

# %%
# "Difference" is the largest deviation of a vector's component, in units of the
# standard deviation of all components.

print(
    f"{'':14} {'MB':>5} {'write, s':>9} {'load, s':>8} {'difference':>11}  loading runs"
)
for name, row in measured.items():
    print(
        f"{name:14} {row['MB']:5.2f} {row['write, s']:9.2f} {row['load, s']:8.3f} "
        f"{row['difference']:11.0e}  {ways[name][-1]}"
    )

# %%
# The first three files have about the same size, because they hold the same arrays, and
# all load in a fraction of a second. They differ in what loading can run: a pickle from
# a stranger can do anything on your machine. The ONNX file is smaller, because it holds
# the encoder alone. Writing it takes longest, because torch records the network. Its
# vectors differ by rounding only.
#
# Look into a file
# ----------------
# The file of ``save`` has the safetensors format. Its metadata are plain text and can
# be read without loading the model.

with safe_open(folder / "e.safetensors", framework="np") as file:
    print("class:", file.metadata()["class"])
    print(len(list(file.keys())), "arrays")

# %%
# Damaged files, and files of other programs, are refused with an error that says why:

path = folder / "e.safetensors"
content = bytearray(path.read_bytes())
content[-100] ^= 1  # one bit of a weight
path.write_bytes(content)
try:
    load(path)
except ValueError as error:
    print(str(error).replace(temporary.name, "..."))

# %%
# A fit that is interrupted
# -------------------------
# ``TrainingCheckpoint`` writes the state of a training to a file. Here, an error ends
# the program in the fourth epoch. The same call then continues where it ended, and
# returns the vectors of a fit without an error.


class PowerCut(Callback):
    """End the training after three epochs."""

    def on_epoch_begin(self, net, **kwargs):
        """Raise an error."""
        if len(net.history) > 3:
            raise RuntimeError("the power is cut")


checkpoint = TrainingCheckpoint(folder / "training.safetensors", epochs=1)
parameters = {"n_components": 64, "max_epochs": 6, "random_state": 0}
with contextlib.suppress(RuntimeError):
    LSTMSequenceEmbedder(callbacks=[checkpoint, PowerCut()], **parameters).fit(X)
print("written:", (folder / "training.safetensors").exists())
continued = LSTMSequenceEmbedder(callbacks=[checkpoint], **parameters).fit(X)
undisturbed = LSTMSequenceEmbedder(**parameters).fit(X)
difference = continued.transform(X_new) - undisturbed.transform(X_new)
print(f"epochs: {len(continued.history_)}, difference: {np.abs(difference).max()}")
temporary.cleanup()

# %%
# What to remember
# ----------------
# - To keep a model or to pass it on, use ``save`` and ``load``.
# - Open a pickle or a joblib file only if you trust its author. A pipeline of several
#   steps can be saved by skops, which loads only the classes that you allow.
# - To survive a crash in a long ``fit``, pass a ``TrainingCheckpoint``.
# - To serve vectors without torch, in a small process, in a browser or from another
#   language, use ``to_onnx``. See :doc:`/guide/saving` and :doc:`/guide/onnx`.
