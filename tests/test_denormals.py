"""Denormal numbers are replaced by 0 in training, and only there."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from small_fits import small_embedder

from sklearn_seqembed._training.process import flushes_denormals


class _Record(Callback):
    """Record the mode during training; raise an error if asked to."""

    modes = []

    def __init__(self, error=None):
        self.error = error

    def on_batch_end(self, net, **kwargs):
        self.modes.append(flushes_denormals())
        if self.error is not None:
            raise self.error


@pytest.fixture(params=[False, True], ids=["kept", "flushed"])
def mode(request):
    """The mode that the user has set."""
    torch.set_flush_denormal(request.param)
    yield request.param
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("error", [None, MemoryError, RuntimeError, SystemExit])
def test_the_mode_is_restored(mode, error):
    _Record.modes.clear()
    X = np.random.default_rng(0).normal(size=(20, 8, 2))
    embedder = small_embedder(callbacks=[_Record(error)])

    assert flushes_denormals() == mode
    if error is None:
        embedder.fit(X)
    else:
        with pytest.raises(error):
            embedder.fit(X)

    assert set(_Record.modes) == {True}
    assert flushes_denormals() == mode
