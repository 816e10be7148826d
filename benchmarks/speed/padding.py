"""How many time steps are computed for each true one, and does chance suffer?

Counted over five epochs of training batches, on real and drawn lengths: steps that the
encoder computes (whole patches, in the blocks that a batch is cut into) over true
steps, with `patch_size=1` and with the default patch size, at the default batch size
and number of cells, for which the bars are; and with few cells. Beside it stand the
same without blocks (each batch padded to its longest sequence), for batches that are
wholly random, and for padding to the longest sequence of all.

Batches of few lengths are less random. So networks are trained with ours, with batches
of lengths as equal as can be, and with wholly random ones, from equal seeds and with
all defaults, and their explained shares compared. These trainings are not timed: as
many run at a time as there are cores.

Run: SEQEMBED_DATA=folder python benchmarks/padding.py
"""

import contextlib
import csv
import gzip
import statistics

import joblib
import numpy as np
import torch
from _data import NOT_SET, data_folder, load_sequences
from _measure import (
    argument_parser,
    available_cores,
    machine,
    print_table,
    show_progress,
    write_json,
)

from sklearn_seqembed import LSTMSequenceEmbedder, _auto
from sklearn_seqembed._data.sequences import Sequences
from sklearn_seqembed._features.encoder import EncodedSequences
from sklearn_seqembed._network import layout as layout_module
from sklearn_seqembed._network.layout import Layout
from sklearn_seqembed._training import batching as batching_module
from sklearn_seqembed._training.batching import TrainingBatches
from sklearn_seqembed._training.dataset import SequenceDataset

BARS = {"patch 1": 1.05, "default": 1.10}
N_EPOCHS = 5
# Of the default network, for its last states.
DEFAULT_CELLS = 128
FEW_CELLS = 32  # of a small network

ARCHIVE_NAMES = ("JapaneseVowels", "PLAID", "GesturePebbleZ1", "PickupGestureWiimoteZ")
EVENT_NAMES = ("sepsis", "helpdesk")
DRAWN_SIZES = (1_000, 20_000)

TRAINED_NAMES = ("PLAID", "JapaneseVowels")
N_SEEDS = 2
# What may be lost of the explained share, in the mean over seeds.
LARGEST_LOSS = 0.005
N_QUICK_EPOCHS = 2


def real_lengths():
    """Read the lengths of all real sets.

    Returns
    -------
    lengths : dict of str to int64 ndarray of shape (n_samples,)
        Time steps, events or characters of each sequence.
    """
    lengths = {
        name: [len(x) for part in ("train", "test") for x in load_sequences(name, part)]
        for name in ARCHIVE_NAMES
    }
    for name in EVENT_NAMES:
        lengths[f"{name} cases"] = _count_events(name)
    names = data_folder() / "text" / "names.tsv"
    with names.open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        lengths["surnames"] = [len(row["name"]) for row in rows]
    return {name: np.array(values) for name, values in lengths.items()}


def _count_events(name):
    """Count the events of each case of a log."""
    path = data_folder() / "events" / f"{name}_events.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        cases = [row["case"] for row in csv.DictReader(lines)]
    return np.unique(cases, return_counts=True)[1]


def drawn_lengths():
    """Draw log-normal lengths: median 100, one in twenty above three times that."""
    rng = np.random.default_rng(0)
    return {
        f"log-normal, {n:,}": np.maximum(1, rng.lognormal(np.log(100), 0.7, n)).astype(
            np.int64
        )
        for n in DRAWN_SIZES
    }


@contextlib.contextmanager
def pools_of(n_batches):
    """Sort by length within so many batches; within 1 nothing is sorted."""
    before = batching_module.POOL_BATCHES
    batching_module.POOL_BATCHES = n_batches
    try:
        yield
    finally:
        batching_module.POOL_BATCHES = before


@contextlib.contextmanager
def no_blocks():
    """Let no batch be cut into blocks."""
    before = layout_module.BLOCK_PRODUCTS
    layout_module.BLOCK_PRODUCTS = float("inf")
    try:
        yield
    finally:
        layout_module.BLOCK_PRODUCTS = before


def steps_ratio(lengths, patch_size, n_cells=None):
    """Count computed over true steps of the batches that training would get.

    Parameters
    ----------
    lengths : int64 ndarray of shape (n_samples,)
        Time steps of each sequence.
    patch_size : int
        Time steps of a patch; whole patches are computed.
    n_cells : int, default=None
        Cells of a layer: the fewer, the less a block saves. None takes the default's
        for last states. (Pooled states are not computed in training.)

    Returns
    -------
    ratio : float
        At least 1, over `N_EPOCHS` epochs.
    """
    block = np.zeros((lengths.sum(), 1), dtype=np.float32)
    sequences = Sequences((block,), np.cumsum(lengths) - lengths, lengths)
    dataset = SequenceDataset(EncodedSequences(sequences), patch_size, parts=())
    batches = TrainingBatches(dataset, _auto.choose_batch_size(len(lengths)))
    torch.manual_seed(0)
    n_cells = n_cells or DEFAULT_CELLS
    computed = 0
    for _ in range(N_EPOCHS):
        for inputs, _ in batches:
            n_patches = -(-inputs["lengths"] // patch_size)
            layout = Layout(n_patches, int(n_patches.max()), n_cells)
            computed += layout.n_rows * patch_size
    return computed / (N_EPOCHS * lengths.sum())


def padding_row(name, lengths):
    """Count for one set, all ways.

    Parameters
    ----------
    name : str
        Name of the set.
    lengths : int64 ndarray of shape (n_samples,)
        Time steps of each sequence.

    Returns
    -------
    row : dict
        A row of the table.
    """
    patch_size = _auto.choose_patch_size(lengths)
    row = {
        "lengths": name,
        "n": len(lengths),
        "shortest": lengths.min(),
        "median": np.median(lengths),
        "longest": lengths.max(),
        "patch 1": steps_ratio(lengths, 1),
        f"patch 1, {FEW_CELLS} cells": steps_ratio(lengths, 1, FEW_CELLS),
        "patch": patch_size,
        "default": steps_ratio(lengths, patch_size),
        "to the longest": lengths.max() / lengths.mean(),
    }
    with no_blocks():
        row["no blocks, patch 1"] = steps_ratio(lengths, 1)
        row["no blocks, default"] = steps_ratio(lengths, patch_size)
        with pools_of(1), groups_of(1):
            row["random, no blocks"] = steps_ratio(lengths, 1)
    with pools_of(1), groups_of(1):
        row["random, patch 1"] = steps_ratio(lengths, 1)
    return row


PADDING_COLUMNS = {
    "lengths": "",
    "n": ",d",
    "shortest": "d",
    "median": ".0f",
    "longest": "d",
    "patch 1": ".3f",
    f"patch 1, {FEW_CELLS} cells": ".3f",
    "no blocks, patch 1": ".3f",
    "patch": "d",
    "default": ".3f",
    "no blocks, default": ".3f",
    "random, patch 1": ".3f",
    "random, no blocks": ".2f",
    "to the longest": ".2f",
}


@contextlib.contextmanager
def groups_of(n_groups):
    """Put each batch together from so many groups of about equal lengths."""
    before = batching_module.GROUPS
    batching_module.GROUPS = n_groups
    try:
        yield
    finally:
        batching_module.GROUPS = before


def explained_shares(name, pool_batches, n_groups, seed, max_epochs):
    """Train on one set and tell what is explained.

    Parameters
    ----------
    name : str
        Name of the set.
    pool_batches : int
        Batches among which sequences are sorted.
    n_groups : int
        Groups of about equal lengths that a batch is put together from.
    seed : int
        Of the whole training.
    max_epochs : int or "auto"
        As of the embedder.

    Returns
    -------
    shares : dict of str to float
        The `score` of both parts.
    """
    torch.set_num_threads(1)  # this may be a process of its own
    parts = {part: load_sequences(name, part) for part in ("train", "test")}
    embedder = LSTMSequenceEmbedder(
        max_epochs=max_epochs, device="cpu", random_state=seed
    )
    with pools_of(pool_batches), groups_of(n_groups):
        embedder.fit(parts["train"])
    return {part: embedder.score(X) for part, X in parts.items()}


def chance_rows(name, n_seeds, max_epochs):
    """Compare ours with equal lengths and with random batches, on one set.

    Parameters
    ----------
    name : str
        Name of the set.
    n_seeds : int
        Trainings each way, at least 2.
    max_epochs : int or "auto"
        As of the embedder.

    Returns
    -------
    rows : list of dict
        A row of the table for each part.
    """
    ways = {
        "ours": (batching_module.POOL_BATCHES, batching_module.GROUPS),
        "equal lengths": (batching_module.POOL_BATCHES, 1),
        "random": (1, 1),
    }
    show_progress(f"{name}: {len(ways) * n_seeds} trainings")
    trainings = (
        joblib.delayed(explained_shares)(name, *way, seed, max_epochs)
        for way in ways.values()
        for seed in range(n_seeds)
    )
    found = joblib.Parallel(n_jobs=len(available_cores()))(trainings)
    shares = {way: found[k * n_seeds : (k + 1) * n_seeds] for k, way in enumerate(ways)}
    return [_chance_row(name, part, shares) for part in ("train", "test")]


def _chance_row(name, part, shares):
    by_way = {way: [found[part] for found in all_] for way, all_ in shares.items()}
    pairs = zip(by_way["ours"], by_way["random"], strict=True)
    differences = [our - other for our, other in pairs]
    return {
        "set": name,
        "part": part,
        **{way: statistics.mean(found) for way, found in by_way.items()},
        "ours - random": statistics.mean(differences),
        "spread": statistics.stdev(differences),
        "differences": differences,
        "by seed": ", ".join(f"{difference:+.3f}" for difference in differences),
    }


CHANCE_COLUMNS = {
    "set": "",
    "part": "",
    "ours": ".3f",
    "equal lengths": ".3f",
    "random": ".3f",
    "ours - random": "+.3f",
    "spread": ".3f",
    "by seed": "",
}


def judge_padding(rows):
    """Print how the real sets stand to the bars.

    Parameters
    ----------
    rows : list of dict
        Rows of real sets.

    Returns
    -------
    verdicts : list of dict
        The figures of the lines.
    """
    verdicts = []
    for column, bar in BARS.items():
        worst = max(rows, key=lambda row: row[column])
        median = statistics.median(row[column] for row in rows)
        met = worst[column] < bar
        print(
            f"Computed over true steps, {column}, {len(rows)} real sets: median "
            f"{median:.3f}, highest {worst[column]:.3f} ({worst['lengths']}). Bar "
            f"under {bar:g} for each: {'met' if met else 'NOT met'}."
        )
        verdicts.append(
            {
                "what": column,
                "median": median,
                "highest": worst[column],
                "highest_case": worst["lengths"],
                "bar": bar,
                "met": met,
            }
        )
    print(flush=True)
    return verdicts


def main():
    """Count, train, print both tables, and write them."""
    args = argument_parser(__doc__).parse_args()
    if data_folder() is None:
        raise SystemExit(NOT_SET)
    print(", ".join(f"{name} {value}" for name, value in machine().items()), "\n")
    torch.set_num_threads(1)  # networks as small as these are no faster on more
    real = [padding_row(*item) for item in real_lengths().items()]
    drawn = [padding_row(*item) for item in drawn_lengths().items()]
    print_table(real + drawn, PADDING_COLUMNS)
    verdicts = judge_padding(real)
    names = TRAINED_NAMES[-1:] if args.quick else TRAINED_NAMES
    max_epochs = N_QUICK_EPOCHS if args.quick else "auto"
    chance = [row for name in names for row in chance_rows(name, N_SEEDS, max_epochs)]
    print(f"Explained share, {N_SEEDS} seeds:\n")
    if args.quick:
        print("Note: --quick shows that the program works; its figures judge nothing.")
    print_table(chance, CHANCE_COLUMNS)
    losers = [
        f"{row['set']} ({row['part']})"
        for row in chance
        if row["ours - random"] < -LARGEST_LOSS
    ]
    print(
        f"Shares that lie more than {LARGEST_LOSS:g} below those of random batches: "
        f"{', '.join(losers) or 'nowhere'}. Bar: {'NOT met' if losers else 'met'}."
    )
    payload = {"padding": real + drawn, "verdicts": verdicts, "chance": chance}
    write_json("padding", payload | {"suffers": losers, "quick": args.quick})


if __name__ == "__main__":
    main()
