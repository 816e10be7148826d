"""The network alone: what reaches the vector, and what comes out of it."""

import pytest
import torch
from torch import nn

from sklearn_seqembed._network.decoder import Decoder, _positions
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._network.encoder_decoder import EncoderDecoder
from sklearn_seqembed._network.reader import _fill
from sklearn_seqembed._network.vector import VectorProjection

NO_CATEGORIES = {"dtype": torch.int64}


def _encode(encoder, numeric, lengths):
    categories = torch.empty((*numeric.shape[:2], 0), dtype=torch.int64)
    with torch.no_grad():
        return encoder.eval()(numeric, categories, torch.tensor(lengths))


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize(
    "options",
    [
        {"bidirectional": False},
        {"bidirectional": True},
        {"num_layers": 2},
        {"patch_size": 3},
        {"patch_size": 3, "num_layers": 2, "cell": "gru"},
        {"hidden_size": 7},
        {"missing_indicator": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("padding", [0.0, 1e9, float("nan")])
def test_what_stands_after_the_end_does_not_reach_the_vector(options, padding):
    encoder = Encoder(2, 5, **options)
    numeric = torch.randn(3, 8, 2)
    numeric[1, 2, 0] = float("nan")  # a gap
    lengths = [8, 5, 1]
    alone = torch.cat(
        [_encode(encoder, numeric[[i], :n], [n]) for i, n in enumerate(lengths)]
    )

    for i, n in enumerate(lengths):
        numeric[i, n:] = padding
    together = _encode(encoder, numeric, lengths)

    # Matrix products of other shapes round otherwise: a few float32 units.
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_encoder_of_one_layer_is_torchs_own_lstm_run_to_the_last_step(bidirectional):
    encoder = Encoder(2, 6, bidirectional=bidirectional)
    judge = nn.LSTM(
        2, 6 // (1 + bidirectional), batch_first=True, bidirectional=bidirectional
    )
    layer = encoder.layers[0]
    weights = dict(layer.forward_cells.named_parameters())
    if bidirectional:
        backward = layer.backward_cells.named_parameters()
        weights |= {f"{name}_reverse": values for name, values in backward}
    judge.load_state_dict(weights)
    numeric, lengths = torch.randn(3, 7, 2), [7, 4, 1]

    vectors = _encode(encoder, numeric, lengths)

    for vector, x, n in zip(vectors, numeric, lengths, strict=True):
        _, (states, _) = judge(x[None, :n])
        torch.testing.assert_close(vector, states.flatten(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("n_components", "bidirectional", "cells"),
    [(5, True, (3, 2)), (4, True, (2, 2)), (1, True, (1, 0)), (5, False, (5, 0))],
)
def test_without_hidden_size_cells_are_the_vector(n_components, bidirectional, cells):
    encoder = Encoder(2, n_components, bidirectional=bidirectional)

    layer = encoder.layers[0]

    backward = layer.backward_cells.hidden_size if layer.backward_cells else 0
    assert (layer.forward_cells.hidden_size, backward) == cells
    assert _encode(encoder, torch.randn(2, 4, 2), [4, 3]).shape == (2, n_components)


def test_hidden_size_is_cells_a_direction_and_a_linear_layer_leads_to_the_vector():
    encoder = Encoder(2, 3, hidden_size=8)

    assert encoder.layers[0].forward_cells.hidden_size == 8
    assert encoder.layers[0].backward_cells.hidden_size == 8
    assert encoder.to_vector.weight.shape == (3, 16)


def test_dropout_acts_between_layers_in_training_only():
    encoder = Encoder(2, 4, num_layers=2, dropout=0.5)
    numeric = torch.randn(2, 5, 2)
    inputs = numeric, torch.empty((2, 5, 0), **NO_CATEGORIES), torch.tensor([5, 5])

    trained, again = encoder.train()(*inputs), encoder(*inputs)
    quiet, still = encoder.eval()(*inputs), encoder(*inputs)

    assert not torch.equal(trained, again)
    assert torch.equal(quiet, still)


def test_categories_are_refused_by_an_encoder_of_numbers():
    encoder = Encoder(2, 4)
    categories = torch.zeros((1, 3, 2), dtype=torch.int64)

    with pytest.raises(ValueError, match="categories has 2 features"):
        encoder(torch.randn(1, 3, 2), categories, torch.tensor([3]))


def test_missing_values_are_filled_from_before_then_from_after():
    nan = float("nan")
    numeric = torch.tensor([[[nan, nan], [1.0, nan], [nan, nan], [4.0, nan]]])

    filled = _fill(numeric, torch.isnan(numeric))

    assert filled[0].tolist() == [[1, 0], [1, 0], [1, 0], [4, 0]]


def test_a_missing_value_is_told_from_the_value_that_fills_it():
    encoder = Encoder(1, 4, missing_indicator=True)
    seen = torch.tensor([[[1.0], [1.0], [2.0]]])
    gap = torch.tensor([[[1.0], [float("nan")], [2.0]]])

    assert not torch.equal(_encode(encoder, seen, [3]), _encode(encoder, gap, [3]))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("inputs", ["vector", "vector_position"])
@pytest.mark.parametrize("n_steps", [1, 4, 7])
def test_decoder_gives_as_many_steps_as_are_asked_for(cell, inputs, n_steps):
    decoder = Decoder(
        2, VectorProjection(5), 6, num_layers=2, cell=cell, patch_size=3, inputs=inputs
    ).eval()

    values, ends, _ = decoder(torch.randn(4, 5), n_steps)

    assert values.shape == (4, n_steps, 2)
    assert ends.shape == (4, n_steps)


def test_decoders_output_depends_on_the_vector_only():
    decoder = Decoder(2, VectorProjection(5), 6).eval()
    vectors = torch.randn(3, 5)

    values, ends, _ = decoder(vectors, 6)
    alone, end, _ = decoder(vectors[[1]], 4)

    torch.testing.assert_close(values[[1], :4], alone, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(ends[[1], :4], end, rtol=1e-5, atol=1e-6)


def test_textbook_decoder_repeats_the_vector_and_starts_from_zero():
    decoder = Decoder(2, VectorProjection(5), 6, inputs="vector").eval()
    judge = nn.LSTM(5, 6, batch_first=True)
    judge.load_state_dict(decoder.cells.state_dict())
    vectors = torch.randn(3, 5)

    values, *_ = decoder(vectors, 4)

    states, _ = judge(vectors[:, None].repeat(1, 4, 1))
    expected = decoder.output(states)[:, :, :-1]
    torch.testing.assert_close(values, expected)


def test_cells_start_with_orthogonal_recurrence_and_open_forget_gates():
    cells = Encoder(2, 6, bidirectional=False).layers[0].forward_cells

    for gate in cells.weight_hh_l0.split(6):
        torch.testing.assert_close(gate @ gate.T, torch.eye(6), rtol=0, atol=1e-5)
    bias = (cells.bias_ih_l0 + cells.bias_hh_l0).reshape(4, 6)
    assert bias.sum(dim=1).tolist() == [0, 6, 0, 0]


def test_composite_network_decodes_both_parts_from_one_vector():
    network = EncoderDecoder(2, 5, ("reconstruction", "forecast")).eval()
    numeric = torch.randn(3, 6, 2)
    categories = torch.empty((3, 6, 0), **NO_CATEGORIES)

    outputs = network(
        numeric, categories, torch.tensor([6, 4, 2]), torch.tensor([2, 1, 1])
    )

    assert outputs["reconstruction"][0].shape == (3, 6, 2)
    assert outputs["forecast"][0].shape == (3, 2, 2)


def test_stacked_layers_in_both_directions_are_torchs_own():
    encoder = Encoder(2, 6, num_layers=2)
    judge = nn.LSTM(2, 3, num_layers=2, batch_first=True, bidirectional=True)
    weights = {}
    for k, layer in enumerate(encoder.layers):
        for end, cells in (
            ("", layer.forward_cells),
            ("_reverse", layer.backward_cells),
        ):
            for name, values in cells.named_parameters():
                weights[name.replace("_l0", f"_l{k}") + end] = values
    judge.load_state_dict(weights)
    numeric, lengths = torch.randn(3, 7, 2), [7, 4, 1]

    vectors = _encode(encoder, numeric, lengths)

    for vector, x, n in zip(vectors, numeric, lengths, strict=True):
        _, (states, _) = judge(x[None, :n])
        torch.testing.assert_close(vector, states[-2:].flatten(), rtol=1e-5, atol=1e-6)


def test_positions_tell_steps_apart_that_the_vector_alone_does_not():
    positions = _positions(300, torch.zeros(1))

    assert torch.cdist(positions, positions).fill_diagonal_(9).min() > 0.01
    torch.testing.assert_close(positions[4, 0], positions[0, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(positions[1, 0].item(), 1.0)  # a quarter of period 4


def test_positions_enter_the_decoder():
    decoder = Decoder(1, VectorProjection(2), 3).eval()
    with torch.no_grad():
        # Cells that forget and whose start state is 0: what varies is what enters.
        decoder.cells.weight_hh_l0.zero_()
        decoder.cells.bias_ih_l0[3:6] = -50
        decoder.start.weight.zero_()
        decoder.start.bias.zero_()

    values, *_ = decoder(torch.ones(1, 2), 4)

    assert len(values.unique()) == 4


def test_dropout_acts_between_the_decoders_layers_too():
    decoder = Decoder(2, VectorProjection(5), 6, num_layers=2, dropout=0.5).train()
    vectors = torch.randn(3, 5)

    first, second = decoder(vectors, 4)[0], decoder(vectors, 4)[0]

    assert not torch.equal(first, second)


def test_an_end_within_a_patch_is_told_from_a_value_that_stays():
    encoder = Encoder(1, 4, patch_size=4)
    shorter = torch.tensor([[[1.0], [2.0], [2.0], [0.0]]])
    longer = torch.tensor([[[1.0], [2.0], [2.0], [2.0]]])

    assert not torch.equal(
        _encode(encoder, shorter, [3]), _encode(encoder, longer, [4])
    )
