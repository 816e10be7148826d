"""Devices."""

import pickle

import numpy as np
import pytest
import torch
from small_fits import small_embedder

from sklearn_seqembed._network.exact import as_exact, choose_dtype
from sklearn_seqembed._training.devices import resolve_device, to_device


def test_auto_device_prefers_cuda_then_mps(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto") == "mps"

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"


def test_apples_devices_compute_in_single_precision():
    """They have no float64."""
    assert choose_dtype("mps") == torch.float32
    assert choose_dtype(torch.device("mps:0")) == torch.float32
    for device in ("cpu", "cuda:1", torch.device("meta")):
        assert choose_dtype(device) == torch.float64
    assert as_exact(torch.zeros(2, device="meta")).dtype == torch.float64


def test_batches_are_copied_to_cuda_without_waiting(monkeypatch):
    copies = []

    def to(tensor, device, non_blocking=False):
        copies.append((tensor, device, non_blocking))
        return tensor

    pinned = torch.ones(3)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned)
    monkeypatch.setattr(torch.Tensor, "to", to)
    horizons, lengths = torch.zeros(3), torch.zeros(3)
    batch = {"sources": {"lengths": lengths}, "horizons": horizons}

    found = to_device(batch, "cuda:1")

    # Only a copy from pinned memory does not wait.
    assert copies == [(pinned, "cuda:1", True)]
    assert found["sources"]["lengths"] is pinned
    assert found["horizons"] is horizons  # the CPU reads them


def test_tensors_on_an_accelerator_are_not_pinned(monkeypatch):
    def refuse(tensor):
        raise AssertionError("only memory of the CPU can be pinned")

    monkeypatch.setattr(torch.Tensor, "pin_memory", refuse)
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, device: tensor)
    there, here = torch.zeros(3, device="meta"), torch.zeros(3)

    assert to_device(there, "cuda") is there
    assert to_device(here, "mps") is here
    assert to_device(here, "cpu") is here


@pytest.mark.parametrize("device", ["tpu9", "cuda:77"])
def test_a_device_that_does_not_exist_is_refused(X, device):
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
        small_embedder(device=device).fit(X)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_model_fitted_on_cuda_gives_the_same_vectors_on_a_cpu(X):
    embedder = small_embedder(device="cuda").fit(X)
    expected = embedder.transform(X)

    embedder.net_.module_.to("cpu")

    np.testing.assert_allclose(embedder.transform(X), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.filterwarnings("ignore:Setting self.device = cpu")
@pytest.mark.parametrize("train_on", ["fit", "partial_fit"])
def test_a_model_fitted_on_cuda_opens_without_cuda(X, train_on):
    embedder = small_embedder(warm_start=True).fit(X)
    expected = embedder.transform(X)
    embedder.net_.device = "cuda"  # as after a fit on CUDA

    opened = pickle.loads(pickle.dumps(embedder))

    assert opened.device_ == "cpu"
    np.testing.assert_array_equal(opened.transform(X), expected)
    getattr(opened, train_on)(X)
    assert opened.device_ == "cpu"
