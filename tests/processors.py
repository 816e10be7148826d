"""What the processor that runs the tests can do."""

import pytest

from sklearn_seqembed._training.devices import _find_bfloat16_problem

needs_bfloat16 = pytest.mark.skipif(
    _find_bfloat16_problem("cpu") is not None,
    reason="this processor computes no LSTM in bfloat16",
)
