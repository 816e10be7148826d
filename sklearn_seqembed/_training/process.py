"""State of the process that must survive a failure: modes, filters and handlers."""

import functools
import signal
import sys
import threading
import warnings
from contextlib import nullcontext

import numpy as np
import torch

from sklearn_seqembed._training.threads import BlasLimit, ThreadLimit

# Ctrl-C during the last steps of a fit is obeyed when it is pressed this many times.
PRESSES_TO_ABORT = 3

# Devices whose autocast mode training may change.
_AUTOCAST_DEVICES = ("cpu", "cuda")

# numpy's defaults.
_FLOAT_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}

# Parts of scikit-learn that fit each estimator once, if they fit any.
_FIT_ONCE = ("pipeline", "compose", "base", "callback", "utils")


class ProcessState:
    """Restore the state of the process at the end of a with block.

    In the block autocast is off, floating-point errors are handled as by default, and
    torch uses one thread in this thread. In a fit, numpy and scipy use one as well.

    An error may be raised anywhere, by Ctrl-C for example, and so also while a context
    manager leaves its own block. The modes that our dependencies switch with context
    managers are therefore restored here once more. Call :meth:`restore` again after the
    with block, in case an error is raised during the first call.

    The state consists of the gradient and autocast modes of torch, the number of its
    threads, numpy's handling of floating-point errors, whether the processor replaces
    denormal numbers by 0 in this thread, and the handler of Ctrl-C. The filters of
    warnings are restored only after an error: another thread may have changed them
    meanwhile.

    Parameters
    ----------
    is_fit : bool, default=False
        Whether the block computes closed forms.
    """

    def __init__(self, is_fit=False):
        self._gradients = torch.is_grad_enabled()
        self._autocast = {kind: _get_autocast(kind) for kind in _AUTOCAST_DEVICES}
        self._limits = [ThreadLimit(), *([BlasLimit()] if is_fit else [])]
        self._float_errors = np.geterr()
        self._flushes = flushes_denormals()
        self._filters = warnings.filters
        self._is_main = threading.current_thread() is threading.main_thread()
        self._handler = signal.getsignal(signal.SIGINT) if self._is_main else None

    def __enter__(self):
        # Modes of the user's code, in which ours may fail.
        np.seterr(**_FLOAT_ERRORS)
        for kind, (is_enabled, _) in self._autocast.items():
            if is_enabled:
                torch.set_autocast_enabled(kind, False)
        for limit in self._limits:
            limit.apply()
        return self

    def __exit__(self, kind, error, traceback):
        self.restore(failed=kind is not None)

    def restore(self, failed=False):
        """Restore the state.

        Parameters
        ----------
        failed : bool, default=False
            Whether an error was raised.
        """
        if torch.is_grad_enabled() != self._gradients:
            torch.set_grad_enabled(self._gradients)
        for kind, before in self._autocast.items():
            if _get_autocast(kind) != before:
                torch.set_autocast_enabled(kind, before[0])
                torch.set_autocast_dtype(kind, before[1])
        for limit in self._limits:
            limit.remove()
        if np.geterr() != self._float_errors:
            np.seterr(**self._float_errors)
        if flushes_denormals() != self._flushes:
            torch.set_flush_denormal(self._flushes)
        if failed and warnings.filters is not self._filters:
            warnings.filters = self._filters
        handler = self._handler
        if callable(handler) and signal.getsignal(signal.SIGINT) is not handler:
            signal.signal(signal.SIGINT, handler)


def flushes_denormals():
    """Return whether the processor replaces denormal numbers by 0 in this thread."""
    # torch has no function that returns the mode.
    with np.errstate(under="ignore"):
        return float(np.float64(2.0**-1022) * np.float64(0.5)) == 0


def flush_denormals():
    """Let the processor replace denormal numbers by 0 until `ProcessState` restores it.

    Moments of the optimizer fall below 1e-38 where gradients vanish, as those of the
    weights of rare or constant features do. Processors compute with such numbers many
    times more slowly.
    """
    for dtype in (np.float16, np.float32, np.float64, np.longdouble):
        np.finfo(dtype)  # its first call for a dtype warns if the mode is set
    torch.set_flush_denormal(True)


def _get_autocast(kind):
    return torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)


def allowing_gradients():
    """Make a block in which tensors can have gradients, even in inference mode."""
    if torch.is_inference_mode_enabled():
        return torch.inference_mode(mode=False)
    return nullcontext()


def isolated(method):
    """Run a method of a fitted estimator so that neither threads nor errors disturb it.

    The method gets a copy of the estimator, whose attributes cannot be replaced by a
    fit in another thread. The state of the process is restored if it fails.
    """

    @functools.wraps(method)
    def run(self, *args, **kwargs):
        state = ProcessState()
        try:
            with state:
                return method(self._copy_attributes(), *args, **kwargs)
        finally:
            state.restore()

    return run


class Interrupts:
    """Ctrl-C during a fit ends the training, but not the steps after it.

    The previous handler is called, and decides by a KeyboardInterrupt whether the
    training ends. Once it has ended, the remaining steps take little time, and only
    they make the weights usable. Ctrl-C is then recorded but does not interrupt them,
    unless it is pressed `PRESSES_TO_ABORT` times.

    Attributes
    ----------
    n_presses : int
        How often Ctrl-C was pressed.
    """

    def __init__(self):
        self.n_presses = 0
        self._is_training = True

    @property
    def happened(self):
        """Whether Ctrl-C was pressed."""
        return self.n_presses > 0

    def install(self):
        """Handle Ctrl-C from now on; :class:`ProcessState` restores the handler."""
        previous = signal.getsignal(signal.SIGINT)
        # Only the main thread may set handlers, and only it receives signals.
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and callable(previous):
            self._previous = previous
            signal.signal(signal.SIGINT, self._handle)

    def end_training(self):
        """Let the remaining steps finish."""
        self._is_training = False

    def _handle(self, number, frame):
        try:
            self._previous(number, frame)
        except KeyboardInterrupt:
            self.n_presses += 1
            if self._is_training or self.n_presses >= PRESSES_TO_ABORT:
                self._is_training = False
                raise


def is_called_by_search():
    """Return whether a part of scikit-learn that fits several estimators is the caller.

    A pipeline, a ColumnTransformer or a TransformedTargetRegressor fits each of its
    estimators once; searches, cross-validation and ensembles fit copies.
    """
    frame = sys._getframe(1)
    while frame is not None:
        package, _, rest = frame.f_globals.get("__name__", "").partition(".")
        if package == "sklearn" and rest.partition(".")[0] not in _FIT_ONCE:
            return True
        frame = frame.f_back
    return False
