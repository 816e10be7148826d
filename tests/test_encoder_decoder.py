"""Whole networks: saved, copied, moved to a device, and what they compute."""

import copy
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from sklearn_seqembed._network.closed_form import fit_linear_map
from sklearn_seqembed._network.decoder import Decoder
from sklearn_seqembed._network.encoder_decoder import EncoderDecoder, SequenceToSequence

LENGTHS = torch.tensor([6, 4, 1])
HORIZONS = torch.tensor([3, 1, 2])


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _embedder(parts=("reconstruction",), n_features=2, **options):
    return lambda: EncoderDecoder(n_features, 8, parts, **options)


def _predictor(n_features=0, n_classes=(9,), **options):
    options = {"n_target_features": 1, "n_target_classes": (9,)} | options
    return lambda: SequenceToSequence(n_features, 8, n_classes=n_classes, **options)


RESERVOIR = {
    "n_random": 4,
    "random_options": {"n_cells": 3, "patch_sizes": (2, 1), "length": 9},
    "instance_norm": True,
}
NETWORKS = {
    "reconstruction": _embedder(),
    "forecast": _embedder(("forecast",)),
    "composite": _embedder(("reconstruction", "forecast"), patch_size=2),
    "textbook": _embedder(bidirectional=False, decoder_inputs="vector"),
    "gru": _embedder(cell="gru", num_layers=2, hidden_size=5, missing_indicator=True),
    "random features": _embedder(**RESERVOIR),
    "linear map": _embedder(n_points=5, hidden_size=4, **RESERVOIR),
    "categories": _embedder(n_classes=(4, 9), **RESERVOIR),
    "only categories": _embedder(n_features=0, n_classes=(9,)),
    "hierarchical softmax": _embedder(n_classes=(2001,)),
    "parallel": _predictor(decoding="parallel", target_patch_size=2),
    "only numbers": _predictor(2, (), decoding="parallel"),
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
    n_features = reader.n_features
    reader.calibrate([(torch.randn(20, 6, n_features), torch.full((20,), 6))])
    projection.fit(
        torch.randn(20, projection.n_final).numpy(),
        torch.randn(20, projection.n_features).numpy(),
    )
    linear = network.encoder.linear
    if linear is not None:
        values = np.random.default_rng(0).normal(size=(20, len(linear.mean)))
        rng = np.random.default_rng(0)
        n_components = linear.encoding.shape[1]
        linear.load(fit_linear_map(values, n_features, n_components, ("shift",), rng))


def _inputs(network, device="cpu"):
    """Arguments of forward, the same at each call."""
    torch.manual_seed(0)
    encoder = network.encoder
    inputs = {
        "numeric": torch.randn(3, 6, encoder.reader.n_features, device=device),
        "categories": torch.ones(
            3, 6, len(encoder.embedding.n_classes), dtype=torch.int64, device=device
        ),
        "lengths": LENGTHS.to(device),
        "horizons": HORIZONS,
    }
    if isinstance(network, SequenceToSequence):
        decoder = network.decoders["prediction"]
        n_features, n_classes = decoder.n_features, len(decoder.heads.n_classes)
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
                values, ends, logits = decoder(vectors, 4)
            else:
                state = decoder.initial_state(vectors)
                values, logits, ends, _ = decoder.step(vectors, state)
                logits = logits[:, None]
            outputs += [values, ends, logits, decoder.heads.most_likely(logits)]
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
