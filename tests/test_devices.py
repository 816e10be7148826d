"""Devices."""

import pickle

import numpy as np
import pytest
import torch
from small_fits import small_embedder

from sklearn_seqembed._training.devices import resolve_device


def test_auto_device_prefers_cuda_then_mps(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto") == "mps"

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"


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
