"""Errors and interrupts at any call of a function, and what they must not change."""

import random
import signal
import sys
import threading
import warnings

import numpy as np
import torch


class InjectedError(RuntimeError):
    """An error that no code expects."""


def count_calls(function):
    """Return the number of Python functions that are called by a function."""
    n_calls = 0

    def count(frame, event, arg):
        nonlocal n_calls
        n_calls += event == "call"

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return n_calls


def run_with_fault(function, at, fault):
    """Call a function, and another one at some of the calls that it makes.

    Parameters
    ----------
    function : callable
        It takes no arguments.
    at : collection of int
        Numbers of the calls of Python functions.
    fault : callable
        Called at these calls. It may raise an error or press Ctrl-C.

    Returns
    -------
    BaseException or None
        The error that `function` raised.
    """
    n_calls, at = 0, set(at)

    def interfere(frame, event, arg):
        nonlocal n_calls
        if event == "call":
            n_calls += 1
            if n_calls in at:
                fault()  # if it raises, Python removes this function

    sys.setprofile(interfere)
    try:
        function()
    except BaseException as error:
        return error
    finally:
        sys.setprofile(None)
    return None


def press_ctrl_c():
    """Press Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def describe_process():
    """Return the global state that a failure must not change."""
    return {
        "gradients": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": [
            (torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind))
            for kind in ("cpu", "cuda")
        ],
        "denormals": (torch.tensor([1e-40]) * 1.0).item() == 0.0,
        "torch modes": torch.overrides._len_torch_function_stack(),
        "dtype": torch.get_default_dtype(),
        "torch generator": torch.get_rng_state().tolist(),
        "numpy generator": str(np.random.get_state()),
        "generator": random.getstate(),
        "float errors": np.geterr(),
        "filters": list(warnings.filters),
        "handler": signal.getsignal(signal.SIGINT),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "torch threads": torch.get_num_threads(),
    }
