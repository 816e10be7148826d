"""Repeat fit, transform, predict and save, and measure what grows.

Run it as ``PYTHONMALLOC=malloc python tests/soak.py --cycles 200``, on Linux with glibc
2.33 or later. It prints, as JSON, the growth per cycle of the memory that is in use,
the open files, the threads and the files in the temporary folder: the mean over the
second half of the cycles, after garbage collections. The memory is what the C library
has handed out. The size of the process would tell less, because the library requests
and returns memory in steps that are larger than a leak.
"""

import argparse
import ctypes
import gc
import json
import os
import pickle
import tempfile
import threading
import warnings
from pathlib import Path

import numpy as np

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor

# Cycles of a window.
WINDOW = 10


def main():
    """Print the slopes as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=200)
    n_cycles = parser.parse_args().cycles
    warnings.simplefilter("ignore")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        cycle = _make_cycle(Path(folder) / "model.pickle")
        for _ in range(n_cycles // WINDOW):
            for _ in range(WINDOW):
                cycle()
            gc.collect()
            rows.append(_measure(folder))
        size = Path(folder, "model.pickle").stat().st_size / 1024
    edges = rows[len(rows) // 2 :]
    slopes = {}
    for name in rows[0]:
        growth = np.diff([row[name] for row in edges])
        slopes[name] = float(growth.mean()) / WINDOW
    report = {"first": rows[0], "last": rows[-1], "slopes": slopes, "file, KiB": size}
    print(json.dumps(report))


def _make_cycle(path):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in rng.integers(4, 30, 16)]
    words = ["abc", "bca", "cab", "acb"] * 4
    shared = {"n_components": 48, "max_epochs": 1, "random_state": 0}

    def cycle():
        embedder = LSTMSequenceEmbedder(**shared, verbose=1).fit(X)
        embedder.inverse_transform(embedder.transform(X))
        embedder.partial_fit(X).score(X)
        predictor = LSTMSequencePredictor(**shared).fit(words, words)
        predictor.predict(words)
        for model in (embedder, predictor):
            path.write_bytes(pickle.dumps(model))
            pickle.loads(path.read_bytes())
        try:
            embedder.fit([x * np.nan for x in X])
        except ValueError:
            pass

    return cycle


class _Mallinfo2(ctypes.Structure):
    """The struct mallinfo2 of glibc: sizes in bytes."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def _measure_memory():
    """Return the number of bytes in use, in all arenas and in memory maps."""
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Mallinfo2
    found = mallinfo2()
    return found.uordblks + found.hblkhd


def _measure(folder):
    return {
        "memory, KiB": _measure_memory() / 1024,
        "open files": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
        "threads of the process": len(os.listdir("/proc/self/task")),
        "temporary files": sum(len(files) for *_, files in os.walk(folder)),
    }


if __name__ == "__main__":
    main()
