"""Dense segments of a batch give what torch computes for each sequence alone."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_seqembed._network import layout as layout_module
from sklearn_seqembed._network.layout import Layout

FALLING = torch.tensor([9, 9, 6, 3, 3, 1])
UNSORTED = torch.tensor([3, 9, 1])
EQUAL = torch.tensor([4, 4])

LENGTHS = pytest.mark.parametrize(
    "lengths", [FALLING, UNSORTED, EQUAL], ids=["falling", "unsorted", "equal"]
)


@pytest.fixture(autouse=True)
def free_segments(monkeypatch):
    """Make segments cost nothing, so that every saving leads to a cut."""
    monkeypatch.setattr(layout_module, "SEGMENT_COST", 0)


def _batch(lengths, n_surplus=0):
    """Values (N, P, 1) that identify sequence and patch: 100 * sequence + patch."""
    patches = torch.arange(int(lengths.max()) + n_surplus)
    return (torch.arange(len(lengths))[:, None] * 100.0 + patches)[:, :, None]


def test_falling_lengths_are_cut_where_sequences_end():
    layout = Layout(FALLING, 9, 1)

    assert layout.segments == [(0, 1, 6), (1, 3, 5), (3, 6, 3), (6, 9, 2)]
    assert layout.n_rows == FALLING.sum()


@pytest.mark.parametrize("lengths", [UNSORTED, EQUAL], ids=["unsorted", "equal"])
def test_other_lengths_are_one_segment(lengths):
    layout = Layout(lengths, 9, 1)

    assert layout.segments == [(0, int(lengths.max()), len(lengths))]


def test_segments_are_cut_only_where_that_saves_more_than_it_costs(monkeypatch):
    monkeypatch.setattr(layout_module, "SEGMENT_COST", 5 * 8**2)

    # A cut after patch 3 saves six patches of three sequences; no other saves over 5.
    assert Layout(FALLING, 9, 8).segments == [(0, 3, 6), (3, 9, 3)]
    assert len(Layout(FALLING, 9, 1).segments) == 1
    assert len(Layout(FALLING, 9, 100).segments) == 4


def test_segments_cost_more_without_gradients(monkeypatch):
    monkeypatch.setattr(layout_module, "INFERENCE_SEGMENT_COST", 5)

    with torch.no_grad():
        layout = Layout(FALLING, 9, 1)

    assert layout.segments == [(0, 3, 6), (3, 9, 3)]


@pytest.mark.parametrize(
    ("n_steps", "n_patches"), [([7, 6, 1], [3, 2, 1]), ([3, 3, 3], [1, 1, 1])]
)
def test_a_started_patch_counts(n_steps, n_patches):
    layout = Layout.of_steps(torch.tensor(n_steps), max(n_steps), 3, 1)

    assert layout.n_patches.tolist() == n_patches
    assert layout.n_rows == sum(n_patches)


@LENGTHS
@pytest.mark.parametrize("n_surplus", [0, 2])
def test_unflatten_is_the_inverse_of_flatten(lengths, n_surplus):
    x = _batch(lengths, n_surplus)
    layout = Layout(lengths, x.shape[1], 1)

    restored = layout.unflatten(layout.flatten(x), x.shape[1])

    assert restored.shape == x.shape
    for n, length in enumerate(lengths):
        assert torch.equal(restored[n, :length], x[n, :length])


@LENGTHS
def test_each_sequence_is_reversed_within_its_own_length(lengths):
    x = _batch(lengths)
    layout = Layout(lengths, x.shape[1], 1)

    reversed_x = layout.unflatten(layout.reverse(layout.flatten(x)), x.shape[1])

    for n, length in enumerate(lengths):
        assert torch.equal(reversed_x[n, :length], x[n, :length].flip(0))


@LENGTHS
def test_the_last_patch_of_each_sequence_is_taken(lengths):
    x = _batch(lengths)
    layout = Layout(lengths, x.shape[1], 1)

    last = layout.take_last(layout.flatten(x))

    judge = [x[n, length - 1] for n, length in enumerate(lengths)]
    assert torch.equal(last, torch.stack(judge))


@LENGTHS
def test_vectors_and_positions_are_repeated_in_the_order_of_rows(lengths):
    vectors = torch.arange(len(lengths))[:, None] * 100.0
    positions = torch.arange(int(lengths.max()))[:, None] * 1.0
    layout = Layout(lengths, len(positions), 1)

    rows = layout.repeat_vectors(vectors) + layout.repeat_positions(positions)

    assert torch.equal(rows, layout.flatten(_batch(lengths)))


@LENGTHS
@pytest.mark.parametrize(
    ("statistic", "judge"),
    [(Layout.mean, torch.mean), (Layout.max, torch.amax), (Layout.min, torch.amin)],
    ids=["mean", "max", "min"],
)
def test_statistics_are_those_of_each_sequence_alone(lengths, statistic, judge):
    torch.manual_seed(0)
    layout = Layout(lengths, 11, 1)
    x = torch.randn(len(lengths), 11, 4)

    found = statistic(layout, layout.flatten(x))

    for n, length in enumerate(lengths):
        torch.testing.assert_close(found[n], judge(x[n, :length], dim=0))


@LENGTHS
@pytest.mark.parametrize(
    ("cell", "options"),
    [(nn.LSTM, {}), (nn.GRU, {}), (nn.LSTM, {"num_layers": 2})],
    ids=["lstm", "gru", "two layers"],
)
@pytest.mark.parametrize("has_initial", [True, False], ids=["initial", "zeros"])
def test_states_and_gradients_are_those_of_each_sequence_alone(
    lengths, cell, options, has_initial
):
    torch.manual_seed(0)
    cells = cell(1, 3, **options)
    shape = cells.num_layers, len(lengths), 3
    initial = torch.randn(2 if cell is nn.LSTM else 1, *shape)
    x = torch.randn(len(lengths), int(lengths.max()), 1)
    layout = Layout(lengths, x.shape[1], 1)

    def state_of(n):
        if not has_initial:
            return None
        own = initial[:, :, n].contiguous()
        return tuple(own) if cell is nn.LSTM else own[0]

    state = state_of(slice(None))
    states = layout.unflatten(layout.run(cells, layout.flatten(x), state), x.shape[1])

    mask = torch.arange(x.shape[1]) < lengths[:, None]
    states[mask].square().sum().backward()
    found = [w.grad.clone() for w in cells.parameters()]
    cells.zero_grad()
    for n, length in enumerate(lengths):
        judge = cells(x[n, :length, None], state_of(slice(n, n + 1)))[0][:, 0]
        torch.testing.assert_close(states[n, :length], judge)
        judge.square().sum().backward()
    for gradient, weight in zip(found, cells.parameters(), strict=True):
        torch.testing.assert_close(gradient, weight.grad, rtol=1e-4, atol=1e-5)


def test_segments_of_random_lengths_contain_little_padding(monkeypatch):
    monkeypatch.setattr(layout_module, "SEGMENT_COST", 2**18)
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.normal(4, 1, size=64)).clip(1, 1000).astype(np.int64)
    lengths = torch.from_numpy(-np.sort(-lengths))

    layout = Layout(lengths, int(lengths.max()), 64)

    assert lengths.sum() <= layout.n_rows < 1.15 * lengths.sum()
    assert layout.n_rows < 0.3 * len(lengths) * lengths.max()
    assert len(layout.segments) < 15
