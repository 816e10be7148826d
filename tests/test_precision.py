"""Training in bfloat16, and torch's default dtype."""

import numpy as np
import pytest
import torch
from processors import needs_bfloat16
from small_fits import small_embedder, weights

from sklearn_seqembed._training import devices as devices_module
from sklearn_seqembed._training.devices import resolve_precision


@needs_bfloat16
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bfloat16_trains_like_float32_up_to_rounding(X, cell):
    options = {"max_epochs": 100, "lr": 0.01, "n_components": 8, "cell": cell}
    exact = small_embedder(precision="float32", **options).fit(X)

    rounded = small_embedder(precision="bfloat16", **options).fit(X)

    assert rounded.train_score_ == pytest.approx(exact.train_score_, abs=0.03)
    assert weights(rounded).dtype == torch.float32
    assert rounded.transform(X).dtype == np.float32
    if cell == "lstm":  # torch computes a GRU in float32 on a CPU
        assert not torch.equal(weights(rounded), weights(exact))


def test_auto_precision_on_a_cpu_is_float32(X):
    exact = small_embedder(precision="float32", device="cpu").fit(X)

    automatic = small_embedder(device="cpu").fit(X)

    assert torch.equal(weights(automatic), weights(exact))


def test_bfloat16_is_refused_on_a_device_without_it(monkeypatch):
    monkeypatch.setattr(
        devices_module, "_find_bfloat16_problem", lambda device: "no such unit"
    )

    assert resolve_precision("auto", "cuda") == torch.float32
    assert resolve_precision("float32", "cuda") == torch.float32
    with pytest.raises(ValueError, match="precision='bfloat16' cannot be used on dev"):
        resolve_precision("bfloat16", "cuda")


def test_auto_precision_on_cuda_is_bfloat16_if_supported(monkeypatch):
    monkeypatch.setattr(devices_module, "_find_bfloat16_problem", lambda device: None)

    assert resolve_precision("auto", "cuda") == torch.bfloat16
    assert resolve_precision("auto", "cpu") == torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_the_error_about_bfloat16_names_the_reason():
    # The reason depends on the build of torch: no CUDA in it, or no NVIDIA driver.
    reason = r"precision='bfloat16' .*\(.*(CUDA|NVIDIA).*\)"

    with pytest.raises(ValueError, match=reason):
        resolve_precision("bfloat16", "cuda")


def test_torchs_default_dtype_does_not_change_the_vectors(X):
    expected = small_embedder().fit_transform(X)

    torch.set_default_dtype(torch.float64)
    try:
        vectors = small_embedder().fit_transform(X)
    finally:
        torch.set_default_dtype(torch.float32)

    assert vectors.dtype == np.float32
    # Initial weights are drawn in another dtype, so they differ: lengths and scale of
    # the vectors show that training went well.
    assert vectors.shape == expected.shape
    np.testing.assert_allclose(vectors.std(axis=0), expected.std(axis=0), rtol=0.05)
