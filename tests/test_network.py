"""The encoder and the parallel decoder, compared with modules of torch."""

import pytest
import torch
from torch import nn

from sklearn_seqembed._network.decoder import Decoder, encode_positions
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._network.vector import VectorProjection

NAN = float("nan")


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _encode(encoder, numeric, lengths):
    categories = torch.empty((*numeric.shape[:2], 0), dtype=torch.int64)
    with torch.no_grad():
        return encoder.eval()(numeric, categories, torch.tensor(lengths))


# The encoder


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
@pytest.mark.parametrize("padding", [0.0, 1e9, NAN])
def test_padding_does_not_change_the_vector(options, padding):
    encoder = Encoder(2, 5, **options)
    numeric = torch.randn(3, 8, 2)
    numeric[1, 2, 0] = NAN
    lengths = [8, 5, 1]
    alone = torch.cat(
        [_encode(encoder, numeric[[i], :n], [n]) for i, n in enumerate(lengths)]
    )

    for i, n in enumerate(lengths):
        numeric[i, n:] = padding
    together = _encode(encoder, numeric, lengths)

    # Matrix products of other shapes round differently, by a few float32 units.
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-6)


def _bidirectional_weights(layer, k=0):
    """Weights of one layer under the names of torch's bidirectional LSTM."""
    weights = {}
    for cells, suffix in (
        (layer.forward_cells, ""),
        (layer.backward_cells, "_reverse"),
    ):
        for name, values in cells.named_parameters() if cells else ():
            weights[name.replace("_l0", f"_l{k}") + suffix] = values
    return weights


@pytest.mark.parametrize("bidirectional", [False, True])
def test_encoder_of_one_layer_equals_the_lstm_of_torch(bidirectional):
    encoder = Encoder(2, 6, bidirectional=bidirectional)
    reference = nn.LSTM(
        2, 6 // (1 + bidirectional), batch_first=True, bidirectional=bidirectional
    )
    reference.load_state_dict(_bidirectional_weights(encoder.layers[0]))
    numeric, lengths = torch.randn(3, 7, 2), [7, 4, 1]

    vectors = _encode(encoder, numeric, lengths)

    for vector, x, n in zip(vectors, numeric, lengths, strict=True):
        _, (states, _) = reference(x[None, :n])
        torch.testing.assert_close(vector, states.flatten(), rtol=1e-5, atol=1e-6)


def test_stacked_layers_equal_the_lstm_of_torch():
    encoder = Encoder(2, 6, num_layers=2)
    reference = nn.LSTM(2, 3, num_layers=2, batch_first=True, bidirectional=True)
    first, second = encoder.layers
    reference.load_state_dict(
        _bidirectional_weights(first) | _bidirectional_weights(second, 1)
    )
    numeric, lengths = torch.randn(3, 7, 2), [7, 4, 1]

    vectors = _encode(encoder, numeric, lengths)

    for vector, x, n in zip(vectors, numeric, lengths, strict=True):
        _, (states, _) = reference(x[None, :n])
        torch.testing.assert_close(vector, states[-2:].flatten(), rtol=1e-5, atol=1e-6)


def test_patches_equal_an_lstm_that_reads_joined_steps():
    encoder = Encoder(1, 4, patch_size=3, bidirectional=False)
    reference = nn.LSTM(6, 4, batch_first=True)  # a value, an indicator
    reference.load_state_dict(_bidirectional_weights(encoder.layers[0]))
    numeric = torch.tensor([[1.0, 2, 3, 4, 5]])[:, :, None]

    vectors = _encode(encoder, numeric, [5])

    # The last step fills the patch. The indicator is 1 where the sequence has ended.
    patches = torch.tensor([[[1.0, 0, 2, 0, 3, 0], [4, 0, 5, 0, 5, 1]]])
    torch.testing.assert_close(vectors, reference(patches)[1][0][0])


def test_reverse_reads_the_sequence_from_its_end():
    encoder = Encoder(2, 4, bidirectional=False, reverse=True)
    plain = Encoder(2, 4, bidirectional=False)
    plain.load_state_dict(encoder.state_dict())
    numeric, lengths = torch.randn(2, 5, 2), [5, 3]

    vectors = _encode(encoder, numeric, lengths)

    for vector, x, n in zip(vectors, numeric, lengths, strict=True):
        reference = _encode(plain, x[:n].flip(0)[None], [n])[0]
        torch.testing.assert_close(vector, reference)


@pytest.mark.parametrize(
    ("n_components", "bidirectional", "cells"),
    [(5, True, (3, 2)), (4, True, (2, 2)), (1, True, (1, 0)), (5, False, (5, 0))],
)
def test_without_hidden_size_each_component_is_a_cell(
    n_components, bidirectional, cells
):
    encoder = Encoder(2, n_components, bidirectional=bidirectional)

    layer = encoder.layers[0]

    backward = layer.backward_cells.hidden_size if layer.backward_cells else 0
    assert (layer.forward_cells.hidden_size, backward) == cells
    assert _encode(encoder, torch.randn(2, 4, 2), [4, 3]).shape == (2, n_components)


def test_hidden_size_adds_a_linear_layer_between_cells_and_components():
    encoder = Encoder(2, 3, hidden_size=8)
    cells = Encoder(2, 16)
    cells.layers.load_state_dict(encoder.layers.state_dict())
    numeric = torch.randn(2, 4, 2)

    vectors = _encode(encoder, numeric, [4, 3])

    states = _encode(cells, numeric, [4, 3])
    torch.testing.assert_close(vectors, encoder.to_vector(states).detach())


def test_dropout_acts_between_layers_in_training_only():
    encoder = Encoder(2, 4, num_layers=2, dropout=0.5)
    numeric, categories = torch.randn(2, 5, 2), torch.empty(2, 5, 0, dtype=torch.int64)
    inputs = numeric, categories, torch.tensor([5, 5])

    training = [encoder.train()(*inputs) for _ in range(2)]
    evaluation = [encoder.eval()(*inputs) for _ in range(2)]

    assert not torch.equal(*training)
    assert torch.equal(*evaluation)


def test_encoder_of_numeric_features_refuses_categories():
    encoder = Encoder(2, 4)
    categories = torch.zeros((1, 3, 2), dtype=torch.int64)

    with pytest.raises(ValueError, match=r"categories has shape \(1, 3, 2\)"):
        encoder(torch.randn(1, 3, 2), categories, torch.tensor([3]))


def test_missing_indicator_distinguishes_a_missing_value_from_its_replacement():
    encoder = Encoder(1, 4, missing_indicator=True)
    observed = torch.tensor([[[1.0], [1.0], [2.0]]])
    missing = torch.tensor([[[1.0], [NAN], [2.0]]])

    vectors = [_encode(encoder, x, [3]) for x in (observed, missing)]

    assert not torch.allclose(*vectors)


def test_end_within_a_patch_is_distinguished_from_a_constant_value():
    encoder = Encoder(1, 4, patch_size=4)
    shorter = torch.tensor([[[1.0], [2.0], [2.0], [0.0]]])
    longer = torch.tensor([[[1.0], [2.0], [2.0], [2.0]]])

    vectors = _encode(encoder, shorter, [3]), _encode(encoder, longer, [4])

    assert not torch.allclose(*vectors)


def test_initial_weights_are_orthogonal_with_open_forget_gates():
    cells = Encoder(2, 6, bidirectional=False).layers[0].forward_cells

    for gate in cells.weight_hh_l0.split(6):
        torch.testing.assert_close(gate @ gate.T, torch.eye(6), rtol=0, atol=1e-5)
    bias = (cells.bias_ih_l0 + cells.bias_hh_l0).reshape(4, 6)
    assert bias.sum(dim=1).tolist() == [0, 6, 0, 0]


# The parallel decoder


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("inputs", ["vector", "vector_position", "position"])
@pytest.mark.parametrize("n_steps", [1, 4, 7])
def test_steps_beyond_the_number_asked_for_change_nothing(cell, inputs, n_steps):
    decoder = Decoder(
        2, VectorProjection(5), 6, num_layers=2, cell=cell, patch_size=3, inputs=inputs
    ).eval()
    vectors = torch.randn(4, 5)

    output = decoder(vectors, n_steps)

    longer = decoder(vectors, 9)
    torch.testing.assert_close(output.values, longer.values[:, :n_steps])
    torch.testing.assert_close(output.ends, longer.ends[:, :n_steps])


def test_decoded_sequences_do_not_depend_on_batch_mates():
    decoder = Decoder(2, VectorProjection(5), 6).eval()
    vectors = torch.randn(3, 5)

    values, ends, _ = decoder(vectors, 6)
    alone, end, _ = decoder(vectors[[1]], 4)

    torch.testing.assert_close(values[[1], :4], alone, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(ends[[1], :4], end, rtol=1e-5, atol=1e-6)


def test_textbook_decoder_repeats_the_vector_from_a_zero_state():
    decoder = Decoder(2, VectorProjection(5), 6, inputs="vector").eval()
    reference = nn.LSTM(5, 6, batch_first=True)
    reference.load_state_dict(decoder.cells.state_dict())
    vectors = torch.randn(3, 5)

    values, ends, _ = decoder(vectors, 4)

    states, _ = reference(vectors[:, None].repeat(1, 4, 1))
    expected = decoder.output(states)
    torch.testing.assert_close(values, expected[:, :, :-1])
    torch.testing.assert_close(ends, expected[:, :, -1])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_positions_and_initial_state_enter_the_decoder(cell):
    decoder = Decoder(2, VectorProjection(5), 6, cell=cell, num_layers=2).eval()
    vectors = torch.randn(3, 5)

    values, *_ = decoder(vectors, 4)

    positions = encode_positions(4, vectors)[:, None].expand(-1, 3, -1)
    x = torch.cat([vectors.expand(4, -1, -1), positions], dim=2)
    initial = decoder.initial_state.linear(vectors)  # parts, then layers, then cells
    parts = [x.reshape(3, 2, 6).transpose(0, 1) for x in initial.split(12, dim=1)]
    parts = [part.contiguous() for part in parts]
    states, _ = decoder.cells(x, tuple(parts) if cell == "lstm" else parts[0])
    expected = decoder.output(states)[:, :, :-1].transpose(0, 1)
    torch.testing.assert_close(values, expected)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_each_position_is_decoded_by_one_step_from_the_initial_state(cell, num_layers):
    decoder = Decoder(
        2, VectorProjection(5), 6, num_layers=num_layers, cell=cell, inputs="position"
    ).eval()
    vectors = torch.randn(3, 5)

    values, *_ = decoder(vectors, 4)

    initial = decoder.initial_state(vectors)
    for t, position in enumerate(encode_positions(4, vectors)):
        states, _ = decoder.cells(position.repeat(1, 3, 1), initial)
        expected = decoder.output(states[0])[:, :-1]
        torch.testing.assert_close(values[:, t], expected, rtol=1e-5, atol=1e-6)


def test_output_dropout_zeroes_states_of_the_decoder_in_training():
    options = {"inputs": "position", "output_dropout": 0.5}
    decoder = Decoder(2, VectorProjection(5), 6, **options).train()
    vectors = torch.randn(3, 5)

    assert not torch.equal(decoder(vectors, 4)[0], decoder(vectors, 4)[0])
    decoder.eval()
    assert torch.equal(decoder(vectors, 4)[0], decoder(vectors, 4)[0])


def test_positions_are_distinct_and_have_the_stated_periods():
    positions = encode_positions(300, torch.zeros(1))

    assert torch.cdist(positions, positions).fill_diagonal_(9).min() > 0.01
    torch.testing.assert_close(positions[4, 0], positions[0, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(positions[1, 0].item(), 1.0)  # a quarter of period 4


def test_dropout_acts_between_the_layers_of_the_decoder():
    decoder = Decoder(2, VectorProjection(5), 6, num_layers=2, dropout=0.5).train()
    vectors = torch.randn(3, 5)

    assert not torch.equal(decoder(vectors, 4)[0], decoder(vectors, 4)[0])
