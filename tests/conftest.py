"""Fixtures shared by all tests."""

import signal

import numpy as np
import pytest

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed.datasets import make_sequences


@pytest.fixture
def sequences():
    """Ragged sequences with two features and some missing values."""
    return make_sequences(
        12, n_features=2, lengths=(3, 15), missing=0.1, random_state=0
    )[0]


@pytest.fixture
def X():
    """Ragged sequences with two features, without missing values."""
    return make_sequences(24, n_features=2, lengths=(4, 9), random_state=0)[0]


@pytest.fixture
def equal_sequences():
    """Sequences of equal length, as a 3-D array."""
    return np.stack(make_sequences(10, n_features=2, lengths=8, random_state=0)[0])


@pytest.fixture(scope="module")
def fitted():
    """An embedder fitted on ragged sequences with two features; do not modify it."""
    X, _ = make_sequences(
        12, n_features=2, lengths=(3, 15), missing=0.1, random_state=0
    )
    embedder = LSTMSequenceEmbedder(n_components=6, max_epochs=3, random_state=0)
    return embedder.fit(X)


@pytest.fixture
def ctrl_c_raises():
    """Raise KeyboardInterrupt on Ctrl-C, which background processes ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
