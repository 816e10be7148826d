"""How many time steps are computed per true time step, and does this impair learning?

The program counts the time steps that the encoder computes (whole patches, in the
segments into which a batch is cut) relative to the true steps, over five epochs of
training batches on real and simulated lengths. It uses `patch_size=1` and the default
patch size, with the default batch size and number of cells, and also fewer cells. For
comparison, it counts the steps without segments (each batch padded to its longest
sequence), with random batches, and with padding to the longest sequence of all.

Batches of similar lengths are less random. Networks are therefore trained with our
batches, with batches of lengths as equal as possible, and with random batches, with
equal seeds and all defaults, to compare their explained fractions. These trainings are
not timed, so as many run in parallel as there are cores.
"""

import contextlib
import csv
import gzip
import statistics

import joblib
import numpy as np
import torch

from sklearn_seqembed import LSTMSequenceEmbedder, _auto
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.encoder import EncodedSequences
from sklearn_seqembed._network import layout
from sklearn_seqembed._training import batching
from sklearn_seqembed._training.dataset import SequenceDataset

from ..datasets import PARTS, load_lengths, load_sequences, require_data_folder
from ..formatting import make_table
from ..runner import add_seeds, judge, show_progress
from ..workers import available_cores

N_EPOCHS = 5
DEFAULT_CELLS = 128  # of the default network for its final states
FEW_CELLS = 32
TARGETS = {"patch 1": 1.05, "default": 1.10}

ARCHIVE_NAMES = ("JapaneseVowels", "PLAID", "GesturePebbleZ1", "PickupGestureWiimoteZ")
EVENT_NAMES = ("sepsis", "helpdesk")
SIMULATED_SIZES = (1_000, 20_000)

TRAINED_NAMES = ("PLAID", "JapaneseVowels")
LARGEST_LOSS = 0.005  # of the explained fraction, mean over seeds

STEPS_COLUMNS = {
    "lengths": "",
    "n": ",d",
    "patch 1": ".3f",
    f"patch 1, {FEW_CELLS} cells": ".3f",
    "no segments, patch 1": ".3f",
    "patch": "d",
    "default": ".3f",
    "random, no segments": ".2f",
    "to the longest": ".2f",
}
LEARNING_COLUMNS = {
    "set": "",
    "part": "",
    "ours": ".3f",
    "equal lengths": ".3f",
    "random": ".3f",
    "ours - random": "+.3f",
}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser, default=(0, 1))


def run(options):
    """Count steps, and compare trainings."""
    require_data_folder()
    real = [count_all(*item) for item in read_lengths().items()]
    simulated = [count_all(*item) for item in simulate_lengths().items()]
    names = TRAINED_NAMES[-1:] if options.quick else TRAINED_NAMES
    max_epochs = 2 if options.quick else "auto"
    learning = [
        row for name in names for row in compare(name, options.seeds, max_epochs)
    ]
    return {
        "tables": {
            "padding-steps": make_table(
                "Computed steps / true steps", STEPS_COLUMNS, real + simulated
            ),
            "padding-learning": make_table(
                "Explained fraction", LEARNING_COLUMNS, learning
            ),
        },
        "targets": judge_steps(real) + judge_learning(learning),
    }


def read_lengths():
    """Return the lengths of real sequences, int64 arrays by name."""
    lengths = {
        name: np.concatenate([load_lengths(name, part) for part in PARTS])
        for name in ARCHIVE_NAMES
    }
    folder = require_data_folder()
    for name in EVENT_NAMES:
        path = folder / "events" / f"{name}_events.csv.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            cases = [row["case"] for row in csv.DictReader(lines)]
        lengths[f"{name} cases"] = np.unique(cases, return_counts=True)[1]
    with (folder / "text" / "names.tsv").open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        lengths["surnames"] = np.array([len(row["name"]) for row in rows])
    return lengths


def simulate_lengths():
    """Draw log-normal lengths: median 100, one in twenty above three times that."""
    rng = np.random.default_rng(0)
    return {
        f"log-normal, {n:,}": np.maximum(1, rng.lognormal(np.log(100), 0.7, n)).astype(
            np.int64
        )
        for n in SIMULATED_SIZES
    }


@contextlib.contextmanager
def patched(module, **constants):
    """Set constants of a module within a ``with`` block."""
    before = {name: getattr(module, name) for name in constants}
    vars(module).update(constants)
    try:
        yield
    finally:
        vars(module).update(before)


def count_all(name, lengths):
    """Return the row of one set of lengths."""
    patch_size = _auto.choose_patch_size(lengths)
    row = {
        "lengths": name,
        "n": len(lengths),
        "patch": patch_size,
        "patch 1": count_steps(lengths, 1),
        f"patch 1, {FEW_CELLS} cells": count_steps(lengths, 1, FEW_CELLS),
        "default": count_steps(lengths, patch_size),
        "to the longest": lengths.max() / lengths.mean(),
    }
    with patched(layout, SEGMENT_COST=float("inf")):
        row["no segments, patch 1"] = count_steps(lengths, 1)
        with patched(batching, POOL_BATCHES=1, GROUPS=1):
            row["random, no segments"] = count_steps(lengths, 1)
    return row


def count_steps(lengths, patch_size, n_cells=DEFAULT_CELLS):
    """Count computed steps relative to true steps in the batches of a training.

    The number of cells determines how many segments are worthwhile. The reservoir is
    not counted, because it is not part of training.
    """
    values = np.zeros((lengths.sum(), 1), dtype=np.float32)
    sequences = Sequences((values,), np.cumsum(lengths) - lengths, lengths)
    dataset = SequenceDataset(EncodedSequences(sequences), patch_size, parts=())
    batches = batching.TrainingBatches(dataset, _auto.choose_batch_size(len(lengths)))
    torch.manual_seed(0)
    computed = 0
    for _ in range(N_EPOCHS):
        for inputs, _ in batches:
            n_patches = -(-inputs["lengths"] // patch_size)
            rows = layout.Layout(n_patches, int(n_patches.max()), n_cells)
            computed += rows.n_rows * patch_size
    return computed / (N_EPOCHS * lengths.sum())


def train(name, constants, seed, max_epochs):
    """Train on one set; return the explained fraction of both parts."""
    torch.set_num_threads(1)  # this may be a process of its own
    X = {part: load_sequences(name, part) for part in PARTS}
    embedder = LSTMSequenceEmbedder(
        max_epochs=max_epochs, device="cpu", random_state=seed
    )
    with patched(batching, **constants):
        embedder.fit(X["train"])
    return {part: embedder.score(X[part]) for part in PARTS}


def compare(name, seeds, max_epochs):
    """Return one row per part of a set, means over seeds."""
    ways = {
        "ours": {},
        "equal lengths": {"GROUPS": 1},
        "random": {"POOL_BATCHES": 1, "GROUPS": 1},
    }
    show_progress(f"{name}: {len(ways) * len(seeds)} trainings")
    trainings = (
        joblib.delayed(train)(name, constants, seed, max_epochs)
        for constants in ways.values()
        for seed in seeds
    )
    fractions = iter(joblib.Parallel(n_jobs=len(available_cores()))(trainings))
    by_way = {way: [next(fractions) for _ in seeds] for way in ways}
    rows = []
    for part in PARTS:
        of_part = {way: [found[part] for found in by_way[way]] for way in ways}
        pairs = zip(of_part["ours"], of_part["random"], strict=True)
        differences = [ours - random for ours, random in pairs]
        row = {"set": name, "part": part, "differences": differences}
        row |= {way: statistics.mean(found) for way, found in of_part.items()}
        rows.append(row | {"ours - random": statistics.mean(differences)})
    return rows


def judge_steps(rows):
    """Compare the highest ratio of the real sets with each target."""
    verdicts = []
    for column, target in TARGETS.items():
        worst = max(rows, key=lambda row: row[column])
        verdicts.append(
            judge(
                f"padding: computed / true steps, {column}",
                f"below {target:g}",
                f"{worst[column]:.3f} at most ({worst['lengths']})",
                worst[column] < target,
            )
        )
    return verdicts


def judge_learning(rows):
    """Compare the explained fraction with that of random batches."""
    worst = min(rows, key=lambda row: row["ours - random"])
    loss = -worst["ours - random"]
    return [
        judge(
            "padding: explained fraction lost compared with random batches",
            f"at most {LARGEST_LOSS:g}",
            f"{max(0, loss):.3f} ({worst['set']}, {worst['part']})",
            loss <= LARGEST_LOSS,
        )
    ]
