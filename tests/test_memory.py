"""Batches in bounded memory: pieces of a batch, segments, freed memory."""

import math
import platform
import subprocess
import sys

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from small_fits import small_embedder, weights

from sklearn_seqembed._network import layout as layout_module
from sklearn_seqembed._training import devices as devices_module
from sklearn_seqembed._training import fitting as fitting_module
from sklearn_seqembed._training import inference as inference_module
from sklearn_seqembed._training import pieces as pieces_module
from sklearn_seqembed._training.net import SequenceNet
from sklearn_seqembed.datasets import make_sequences


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patch_size": 3},
        {"objective": "composite", "horizon": 0.4, "num_layers": 2},
        {"objective": "forecast", "horizon": 0.6},
    ],
    ids=["plain", "patches", "composite", "forecast"],
)
def test_pieces_of_a_batch_add_up_to_its_gradient(options, monkeypatch):
    # The horizons are 1 to 14 steps and differ between pieces.
    X = make_sequences(24, n_features=2, lengths=(3, 24), random_state=0)[0]
    X[0][1] = np.nan
    outputs = []

    class Shapes(Callback):
        def on_batch_end(self, net, training, y_pred, **kwargs):
            outputs.append({k: (v.shape, e.shape) for k, (v, e, _) in y_pred.items()})

    options = {**options, "callbacks": [Shapes()], "batch_size": 24}
    whole = small_embedder(max_epochs=1, **options).fit(X)
    monkeypatch.setattr(pieces_module, "TRAINING_STATES", 1)  # four sequences each

    pieces = small_embedder(max_epochs=1, **options).fit(X)

    assert pieces.history_[0]["train_loss"] == pytest.approx(
        whole.history_[0]["train_loss"], rel=1e-5
    )
    torch.testing.assert_close(weights(pieces), weights(whole), rtol=1e-4, atol=1e-5)
    assert outputs[0] == outputs[1]  # the outputs of the pieces are joined


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patch_size": 3, "bidirectional": False},
        {"objective": "composite", "horizon": 0.4, "num_layers": 2},
    ],
    ids=["plain", "patches", "composite"],
)
def test_segments_change_neither_weights_nor_score(options, monkeypatch):
    X = make_sequences(24, n_features=2, lengths=(3, 24), random_state=0)[0]
    found = {}
    for cost in (0, math.inf):
        monkeypatch.setattr(layout_module, "SEGMENT_COST", cost)
        monkeypatch.setattr(layout_module, "INFERENCE_SEGMENT_COST", cost)
        embedder = small_embedder(max_epochs=1, batch_size=24, **options).fit(X)
        found[cost] = [weights(embedder), torch.tensor(embedder.score(X))]

    torch.testing.assert_close(found[0], found[math.inf], rtol=1e-4, atol=1e-5)


def test_only_large_batches_are_split(X, monkeypatch):
    pieces = []
    infer = SequenceNet.infer

    def record(net, inputs):
        pieces.append(inputs["lengths"].numpy())
        return infer(net, inputs)

    monkeypatch.setattr(SequenceNet, "infer", record)
    embedder = small_embedder(max_epochs=1, batch_size=24, patch_size=1).fit(X)
    assert len(pieces[0]) == 24
    n_steps = pieces[0].sum()
    pieces.clear()
    n_states = embedder.net_.module_.n_states
    monkeypatch.setattr(pieces_module, "TRAINING_STATES", n_states * -(-n_steps // 3))

    embedder.fit(X)

    # Three pieces with a third of the steps each, not of the sequences.
    assert [len(lengths) for lengths in pieces[:3]] != [8, 8, 8]
    for lengths in pieces[:3]:
        assert lengths.sum() == pytest.approx(n_steps / 3, abs=9)


def test_batches_with_long_forecasts_are_split(X, monkeypatch):
    sizes = []
    infer = SequenceNet.infer

    def record(net, inputs):
        sizes.append(len(inputs["lengths"]))
        return infer(net, inputs)

    monkeypatch.setattr(SequenceNet, "infer", record)
    embedder = small_embedder(
        max_epochs=1, batch_size=24, patch_size=1, objective="forecast", horizon=0.8
    )
    n_states = embedder.fit(X).net_.module_.n_states
    assert sizes[0] == 24  # one or two steps are read of each
    monkeypatch.setattr(pieces_module, "TRAINING_STATES", 48 * n_states)

    sizes.clear()
    embedder.fit(X)

    assert len(sizes) >= 3
    assert sizes[0] < 10


# Prints the MiB that stay resident after a block of 30 MiB is freed: in a child process
# as it is, then in this one with `keep_freed_memory`. Loading the module by its path
# saves the import of the package.
MEASURE_FREED_MEMORY = """
import importlib.util, os, resource, sys
import torch

def print_resident(block_size=30 * 2**18):
    torch.ones(1)
    before = resident()
    block = torch.ones(block_size)
    del block
    print((resident() - before) / 2**20, flush=True)

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()

spec = importlib.util.spec_from_file_location("devices", sys.argv[1])
devices = importlib.util.module_from_spec(spec)
spec.loader.exec_module(devices)
child = os.fork()
if child == 0:
    print_resident()
    os._exit(0)
os.waitpid(child, 0)
devices.keep_freed_memory()
print_resident()
"""


@pytest.mark.parametrize(
    ("options", "encoded", "decoded"),
    [
        # 4 cells forward, 3 backward; the decoder reads 24 values of the position.
        ({"n_components": 7}, 4, 7 + 24),
        ({"n_components": 7, "bidirectional": False}, 7, 7 + 24),
        ({"n_components": 9, "hidden_size": 3, "decoder_inputs": "vector"}, 3, 9),
        ({"n_components": 2, "hidden_size": 3, "decoder_inputs": "vector"}, 3, 6),
    ],
)
def test_the_widest_recurrent_call_bounds_batches(X, options, encoded, decoded):
    net = small_embedder(max_epochs=0, linear_map=False, **options).fit(X).net_

    assert net.inference_costs(decodes=False)[1:] == (encoded, True)
    assert net.inference_costs(decodes=True)[1:] == (decoded, True)


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only the GNU C library needs it"
)
def test_freed_memory_is_kept_for_the_next_batch():
    # Page faults are no measure: their number depends on the size of pages.
    output = subprocess.run(
        [sys.executable, "-c", MEASURE_FREED_MEMORY, devices_module.__file__],
        capture_output=True,
        check=True,
        text=True,
    ).stdout

    returned, kept = map(float, output.split())
    assert returned < 10 < 20 < kept


def test_training_and_transform_keep_freed_memory(X, monkeypatch):
    calls = []
    monkeypatch.setattr(
        fitting_module, "keep_freed_memory", lambda: calls.append("fit")
    )
    embedder = small_embedder(max_epochs=1, early_stopping=False).fit(X)
    monkeypatch.setattr(
        inference_module, "keep_freed_memory", lambda: calls.append("transform")
    )

    embedder.transform(X)

    assert set(calls) == {"fit", "transform"}
