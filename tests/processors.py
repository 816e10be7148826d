"""Markers for tests that need certain processors."""

import pytest

from sklearn_seqembed._training.devices import _find_bfloat16_problem

needs_bfloat16 = pytest.mark.skipif(
    _find_bfloat16_problem("cpu") is not None,
    reason="this processor cannot run an LSTM in bfloat16",
)
