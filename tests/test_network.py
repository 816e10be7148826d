"""The encoder, the decoders, and the networks that they form."""

import copy
import pickle

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from sklearn_seqembed._network.decoder import Decoder, encode_positions
from sklearn_seqembed._network.encoder import Encoder
from sklearn_seqembed._network.encoder_decoder import EncoderDecoder, SequenceToSequence
from sklearn_seqembed._network.reader import fill_missing
from sklearn_seqembed._network.vector import VectorProjection

NAN = float("nan")
LENGTHS = torch.tensor([6, 4, 1])
HORIZONS = torch.tensor([3, 1, 2])


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
    judge = nn.LSTM(
        2, 6 // (1 + bidirectional), batch_first=True, bidirectional=bidirectional
    )
    judge.load_state_dict(_bidirectional_weights(encoder.layers[0]))
    numeric, lengths = torch.randn(3, 7, 2), [7, 4, 1]

    vectors = _encode(encoder, numeric, lengths)

    for vector, x, n in zip(vectors, numeric, lengths, strict=True):
        _, (states, _) = judge(x[None, :n])
        torch.testing.assert_close(vector, states.flatten(), rtol=1e-5, atol=1e-6)


def test_stacked_layers_equal_the_lstm_of_torch():
    encoder = Encoder(2, 6, num_layers=2)
    judge = nn.LSTM(2, 3, num_layers=2, batch_first=True, bidirectional=True)
    first, second = encoder.layers
    judge.load_state_dict(
        _bidirectional_weights(first) | _bidirectional_weights(second, 1)
    )
    numeric, lengths = torch.randn(3, 7, 2), [7, 4, 1]

    vectors = _encode(encoder, numeric, lengths)

    for vector, x, n in zip(vectors, numeric, lengths, strict=True):
        _, (states, _) = judge(x[None, :n])
        torch.testing.assert_close(vector, states[-2:].flatten(), rtol=1e-5, atol=1e-6)


def test_patches_equal_an_lstm_that_reads_joined_steps():
    encoder = Encoder(1, 4, patch_size=3, bidirectional=False)
    judge = nn.LSTM(6, 4, batch_first=True)  # a value and an indicator for each step
    judge.load_state_dict(_bidirectional_weights(encoder.layers[0]))
    numeric = torch.tensor([[1.0, 2, 3, 4, 5]])[:, :, None]

    vectors = _encode(encoder, numeric, [5])

    # The last step fills the patch. The indicator is 1 where the sequence has ended.
    patches = torch.tensor([[[1.0, 0, 2, 0, 3, 0], [4, 0, 5, 0, 5, 1]]])
    torch.testing.assert_close(vectors, judge(patches)[1][0][0])


def test_reverse_reads_the_sequence_from_its_end():
    encoder = Encoder(2, 4, bidirectional=False, reverse=True)
    plain = Encoder(2, 4, bidirectional=False)
    plain.load_state_dict(encoder.state_dict())
    numeric, lengths = torch.randn(2, 5, 2), [5, 3]

    vectors = _encode(encoder, numeric, lengths)

    for vector, x, n in zip(vectors, numeric, lengths, strict=True):
        judge = _encode(plain, x[:n].flip(0)[None], [n])[0]
        torch.testing.assert_close(vector, judge)


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

    with pytest.raises(ValueError, match="categories has 2 features"):
        encoder(torch.randn(1, 3, 2), categories, torch.tensor([3]))


def test_missing_values_are_filled_from_before_then_from_after():
    numeric = torch.tensor([[[NAN, NAN], [1.0, NAN], [NAN, NAN], [4.0, NAN]]])

    filled = fill_missing(numeric, torch.isnan(numeric))

    assert filled[0].tolist() == [[1, 0], [1, 0], [1, 0], [4, 0]]


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
@pytest.mark.parametrize("inputs", ["vector", "vector_position"])
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
    judge = nn.LSTM(5, 6, batch_first=True)
    judge.load_state_dict(decoder.cells.state_dict())
    vectors = torch.randn(3, 5)

    values, ends, _ = decoder(vectors, 4)

    states, _ = judge(vectors[:, None].repeat(1, 4, 1))
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


def test_positions_are_distinct_and_have_the_stated_periods():
    positions = encode_positions(300, torch.zeros(1))

    assert torch.cdist(positions, positions).fill_diagonal_(9).min() > 0.01
    torch.testing.assert_close(positions[4, 0], positions[0, 0], atol=1e-5, rtol=0)
    torch.testing.assert_close(positions[1, 0].item(), 1.0)  # a quarter of period 4


def test_dropout_acts_between_the_layers_of_the_decoder():
    decoder = Decoder(2, VectorProjection(5), 6, num_layers=2, dropout=0.5).train()
    vectors = torch.randn(3, 5)

    assert not torch.equal(decoder(vectors, 4)[0], decoder(vectors, 4)[0])


# Networks: each in a form with shared and optional modules


def _embedder(parts=("reconstruction",), n_features=2, **options):
    return lambda: EncoderDecoder(n_features, 8, parts, **options)


def _predictor(n_features=0, n_classes=(9,), **options):
    options = {"n_target_features": 1, "n_target_classes": (9,)} | options
    return lambda: SequenceToSequence(n_features, 8, n_classes=n_classes, **options)


RESERVOIR = {
    "reservoir_fraction": 0.5,
    "reservoir_size": 3,
    "reservoir_patch_size": 2,
    "vector_scaling": "balanced",
    "instance_norm": True,
}
NETWORKS = {
    "reconstruction": _embedder(),
    "forecast": _embedder(("forecast",)),
    "composite": _embedder(("reconstruction", "forecast"), patch_size=2),
    "textbook": _embedder(bidirectional=False, decoder_inputs="vector"),
    "gru": _embedder(cell="gru", num_layers=2, hidden_size=5, missing_indicator=True),
    "reservoir": _embedder(**RESERVOIR),
    "categories": _embedder(n_classes=(4, 9), **RESERVOIR),
    "only categories": _embedder(n_features=0, n_classes=(9,)),
    "adaptive softmax": _embedder(n_classes=(2001,)),
    "parallel": _predictor(decoding="parallel", target_patch_size=2),
    "relative": _predictor(2, (), decoding="parallel", relative=(0, 1)),
    "autoregressive": _predictor(decoding="autoregressive", reverse=True),
    "shared vocabulary": _predictor(
        decoding="autoregressive", shared_embedding=True, target_missing_indicator=True
    ),
    "shared vocabulary, parallel": _predictor(
        decoding="parallel", shared_embedding=True, n_target_features=0
    ),
}
EACH_NETWORK = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)


def _fit_buffers(network):
    """Give all buffers of the encoder values that a new network does not have."""
    reader, projection = network.encoder.reader, network.encoder.projection
    n_features = len(reader.is_relative)
    reader.calibrate([(torch.randn(20, 6, n_features), torch.full((20,), 6))])
    projection.fit(
        torch.randn(20, projection.n_final).numpy(),
        torch.randn(20, projection.n_reservoir_features).numpy(),
    )


def _inputs(network, device="cpu"):
    """Arguments of forward, the same at each call."""
    torch.manual_seed(0)
    encoder = network.encoder
    inputs = {
        "numeric": torch.randn(3, 6, len(encoder.reader.is_relative), device=device),
        "categories": torch.ones(
            3, 6, len(encoder.embedding.tables), dtype=torch.int64, device=device
        ),
        "lengths": LENGTHS.to(device),
        "horizons": HORIZONS,
    }
    if isinstance(network, SequenceToSequence):
        decoder = network.decoders["prediction"]
        n_features, n_classes = decoder.n_features, len(decoder.heads.widths)
        inputs["location_scale"] = torch.rand(3, 2, n_features, device=device) + 1
        if network.is_autoregressive:
            inputs["true_values"] = torch.randn(3, 3, n_features, device=device)
            inputs["true_classes"] = torch.ones(
                3, 3, n_classes, dtype=torch.int64, device=device
            )
    return inputs


def _outputs(network):
    """All that a network computes: vectors, output of each part, decoded vectors."""
    inputs = _inputs(network)
    with torch.inference_mode():
        encoder_inputs = inputs["numeric"], inputs["categories"], inputs["lengths"]
        vectors = network.encoder(*encoder_inputs)
        outputs = [vectors]
        for output in network(**inputs).values():
            outputs.extend(output)
        for decoder in network.decoders.values():
            if isinstance(decoder, Decoder):
                values, ends, scores = decoder(vectors, 4)
            else:
                state = decoder.initial_state(vectors)
                values, scores, ends, _ = decoder.step(vectors, state)
                scores = scores[:, None]
            outputs += [values, ends, scores, decoder.heads.most_likely(scores)]
    return outputs


@EACH_NETWORK
def test_safetensors_keeps_all_that_a_network_has_learned(build, tmp_path):
    network = build().eval()
    _fit_buffers(network)
    save_file(network.state_dict(), tmp_path / "network.safetensors")

    torch.manual_seed(1)
    loaded = build().eval()
    loaded.load_state_dict(load_file(tmp_path / "network.safetensors"))

    for found, expected in zip(_outputs(loaded), _outputs(network), strict=True):
        assert torch.equal(found, expected)
    assert bool(loaded.encoder.projection.is_fitted)


@EACH_NETWORK
def test_each_weight_has_one_name(build):
    network = build()

    state = network.state_dict()

    pointers = [values.data_ptr() for values in state.values() if values.numel()]
    assert len(set(pointers)) == len(pointers)
    parameters = {name for name, _ in network.named_parameters()}
    buffers = {name for name, _ in network.named_buffers()}
    assert set(state) == parameters | buffers


@pytest.mark.parametrize(
    "duplicate",
    [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))],
    ids=["deepcopy", "pickle"],
)
@EACH_NETWORK
def test_copies_share_what_the_network_shares(build, duplicate):
    network = build().eval()
    _fit_buffers(network)

    copied = duplicate(network)

    for decoder, original in zip(
        copied.decoders.values(), network.decoders.values(), strict=True
    ):
        if isinstance(decoder, Decoder):
            assert decoder.projection is copied.encoder.projection
            assert decoder.projection is not original.projection
        elif original.embedding is network.encoder.embedding:
            assert decoder.embedding is copied.encoder.embedding
    for found, expected in zip(_outputs(copied), _outputs(network), strict=True):
        assert torch.equal(found, expected)


@EACH_NETWORK
def test_network_moves_as_a_whole_and_never_waits_for_an_accelerator(build):
    """A tensor on the meta device raises an error if its values are read."""
    network = build().eval()

    network.to("meta")
    inputs = _inputs(network, "meta")
    outputs = network(**inputs)

    for part, output in outputs.items():
        n_steps = 6 if part == "reconstruction" else 3
        n_features = network.decoders[part].n_features
        assert output.values.shape == (3, n_steps, n_features)
        assert output.values.device.type == "meta"
        if isinstance(network.decoders[part], Decoder):
            vectors = torch.empty(3, 8, device="meta")
            assert network.decoders[part](vectors, 2).ends.shape == (3, 2)


def test_composite_network_decodes_both_parts_from_the_same_final_states():
    network = EncoderDecoder(2, 5, ("reconstruction", "forecast")).eval()
    inputs = _inputs(network)

    outputs = network(**inputs)

    inputs.pop("horizons")
    vectors = network.encoder(**inputs)
    for part, n_steps in (("reconstruction", 6), ("forecast", 3)):
        expected = network.decoders[part](vectors, n_steps)
        assert outputs[part].values.shape == expected.values.shape
        for i, n in enumerate(LENGTHS if part == "reconstruction" else HORIZONS):
            torch.testing.assert_close(
                outputs[part].values[i, :n], expected.values[i, :n]
            )


@pytest.mark.parametrize("decoding", ["parallel", "autoregressive"])
def test_predictions_are_scaled_and_shifted(decoding):
    network = _predictor(decoding=decoding)().eval()
    inputs = _inputs(network)

    plain = network(
        **inputs | {"location_scale": torch.tensor([[[0.0], [1.0]]]).expand(3, -1, -1)}
    )
    if decoding == "autoregressive":  # it reads targets after they are normalised
        inputs["true_values"] = inputs["true_values"] * 3 + 10
    scaled = network(
        **inputs | {"location_scale": torch.tensor([[[10.0], [3]]]).expand(3, -1, -1)}
    )

    plain, scaled = plain["prediction"], scaled["prediction"]
    torch.testing.assert_close(scaled.values, plain.values * 3 + 10)
    torch.testing.assert_close(scaled.scores, plain.scores)
