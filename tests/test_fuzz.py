"""Random inputs: each call returns a sane result, or an error in the user's words."""

import os
import random

import numpy as np
import pytest
from fuzzing import Case, draw_case, fingerprint, judge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# About 25 seconds; make fuzz draws more.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", 250))


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_any_input_is_accepted_or_refused_in_the_words_of_the_user(seed):
    case = draw_case(random.Random(seed))

    assert judge(case) in ("accepted", "refused"), (seed, case)


def _judge(call, inputs=()):
    return judge(Case("functions", "call", "list", call, inputs))


def _raise(error):
    raise error  # as the package does


@pytest.mark.parametrize(
    ("call", "verdict"),
    [
        (lambda: _raise(ValueError("X[0] is infinite")), "refused"),
        (lambda: _raise(ValueError("bad value")), "message: bad value"),
        (lambda: _raise(ValueError("X: could not convert string")), "message: X: co"),
        (lambda: _raise(KeyError("X")), "error: KeyError"),
        (lambda: np.array([[1], [1, 2]]), "error: ValueError of a call in test_fuzz"),
        (lambda: np.float64(1e308) * 10, "warning: RuntimeWarning"),
    ],
    ids=["own words", "no argument", "numpy's words", "type", "numpy", "warning"],
)
def test_the_judge_recognizes_faults(call, verdict):
    assert _judge(call).startswith(verdict)


def test_the_judge_recognizes_changed_inputs():
    X = [np.zeros(2)]

    assert _judge(lambda: X[0].__setitem__(0, 1), (X,)).startswith("changed")
    assert fingerprint({"a": X}) != fingerprint({"a": [np.zeros(3)]})
