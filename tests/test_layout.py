"""Dense blocks of a batch: all that there is, computed as torch itself computes it."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_seqembed._network import layout as layout_module
from sklearn_seqembed._network.layout import Layout

FALLING = torch.tensor([9, 9, 6, 3, 3, 1])
MIXED = torch.tensor([3, 9, 1])
EQUAL = torch.tensor([4, 4])

LENGTHS = pytest.mark.parametrize(
    "lengths", [FALLING, MIXED, EQUAL], ids=["falling", "mixed", "equal"]
)


@pytest.fixture(autouse=True)
def cheap_blocks(monkeypatch):
    """Cut wherever that saves anything."""
    monkeypatch.setattr(layout_module, "BLOCK_PRODUCTS", 0)


def _batch(lengths, surplus=0):
    """Values that name sequence and patch: 100 a sequence, and the patch."""
    n_patches = int(lengths.max()) + surplus
    return (torch.arange(len(lengths))[:, None] * 100.0 + torch.arange(n_patches))[
        :, :, None
    ]


def test_falling_lengths_are_cut_where_sequences_end():
    layout = Layout(FALLING, 9, 1)

    assert layout.blocks == [(0, 1, 6), (1, 3, 5), (3, 6, 3), (6, 9, 2)]
    assert layout.n_rows == FALLING.sum()


@pytest.mark.parametrize("lengths", [MIXED, EQUAL], ids=["mixed", "equal"])
def test_other_lengths_are_one_block(lengths):
    layout = Layout(lengths, 9, 1)

    assert layout.blocks == [(0, int(lengths.max()), len(lengths))]


def test_a_block_is_cut_only_where_that_saves_more_than_it_costs(monkeypatch):
    monkeypatch.setattr(layout_module, "BLOCK_PRODUCTS", 5 * 8**2)

    # After patch 3 six patches of three sequences are saved, nowhere else over five.
    assert Layout(FALLING, 9, 8).blocks == [(0, 3, 6), (3, 9, 3)]
    assert len(Layout(FALLING, 9, 1).blocks) == 1
    assert len(Layout(FALLING, 9, 100).blocks) == 4


@LENGTHS
@pytest.mark.parametrize("surplus", [0, 2])
def test_what_is_laid_and_spread_again_is_the_batch(lengths, surplus):
    x = _batch(lengths, surplus)
    layout = Layout(lengths, x.shape[1], 1)

    spread = layout.spread(layout.lay(x), x.shape[1])

    assert spread.shape == x.shape
    for n, length in enumerate(lengths):
        assert torch.equal(spread[n, :length], x[n, :length])


@LENGTHS
def test_each_sequence_is_turned_within_its_own_length(lengths):
    x = _batch(lengths)
    layout = Layout(lengths, x.shape[1], 1)

    turned = layout.spread(layout.turn(layout.lay(x)), x.shape[1])

    for n, length in enumerate(lengths):
        assert torch.equal(turned[n, :length], x[n, :length].flip(0))


@LENGTHS
def test_the_last_patch_is_each_sequences_own(lengths):
    x = _batch(lengths)
    layout = Layout(lengths, x.shape[1], 1)

    last = layout.last(layout.lay(x))

    judge = [x[n, length - 1] for n, length in enumerate(lengths)]
    assert torch.equal(last, torch.stack(judge))


@LENGTHS
def test_vectors_and_positions_meet_at_each_patch(lengths):
    vectors = torch.arange(len(lengths))[:, None] * 100.0
    positions = torch.arange(int(lengths.max()))[:, None] * 1.0
    layout = Layout(lengths, len(positions), 1)

    rows = layout.repeat(vectors) + layout.at_each_patch(positions)

    assert torch.equal(rows, layout.lay(_batch(lengths)))


@LENGTHS
@pytest.mark.parametrize(
    ("cell", "options"),
    [(nn.LSTM, {}), (nn.GRU, {}), (nn.LSTM, {"num_layers": 2})],
    ids=["lstm", "gru", "two layers"],
)
@pytest.mark.parametrize("with_start", [True, False], ids=["start", "zeros"])
def test_blocks_give_the_states_and_gradients_of_each_sequence_alone(
    lengths, cell, options, with_start
):
    torch.manual_seed(0)
    cells = cell(1, 3, **options)
    shape = cells.num_layers, len(lengths), 3
    start = torch.randn(shape) if with_start else None
    if with_start and cell is nn.LSTM:
        start = start, torch.randn(shape)
    x = torch.randn(len(lengths), int(lengths.max()), 1)
    layout = Layout(lengths, x.shape[1], 1)

    states = layout.spread(layout.run(cells, layout.lay(x), start), x.shape[1])

    mask = torch.arange(x.shape[1]) < lengths[:, None]
    states[mask].square().sum().backward()
    found = [w.grad.clone() for w in cells.parameters()]
    cells.zero_grad()
    for n, length in enumerate(lengths):
        own = None
        if with_start:
            own = tuple(s[:, n : n + 1].contiguous() for s in torch.stack([*start]))
            own = own if cell is nn.LSTM else start[:, n : n + 1].contiguous()
        judge = cells(x[n, :length, None], own)[0][:, 0]
        torch.testing.assert_close(states[n, :length], judge)
        judge.square().sum().backward()
    for gradient, weight in zip(found, cells.parameters(), strict=True):
        torch.testing.assert_close(gradient, weight.grad, rtol=1e-4, atol=1e-5)


def test_random_lengths_computed_in_blocks_are_hardly_padded(monkeypatch):
    monkeypatch.setattr(layout_module, "BLOCK_PRODUCTS", 2**18)
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.normal(4, 1, size=64)).clip(1, 1000).astype(np.int64)
    lengths = torch.from_numpy(-np.sort(-lengths))

    layout = Layout(lengths, int(lengths.max()), 64)

    assert lengths.sum() <= layout.n_rows < 1.15 * lengths.sum()
    assert layout.n_rows < 0.3 * len(lengths) * lengths.max()
    assert len(layout.blocks) < 15
