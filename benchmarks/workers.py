"""Processes pinned to cores, in which the contenders run, and their memory.

TensorFlow, torch and ONNX Runtime each start a pool of threads. In one process, these
pools would compete with one another.
"""

import concurrent.futures
import contextlib
import ctypes
import gc
import importlib
import multiprocessing
import os
import pathlib
import sys
import tempfile
import threading
from concurrent.futures.process import BrokenProcessPool

# Libraries read their number of threads once, when they are imported.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",  # the benchmarks compare processors
}

MEMORY_SAMPLE_SECONDS = 0.005

# Starting a worker changes the environment of this process for a moment.
_STARTING = threading.Lock()


class Worker:
    """A process that calls the functions of one module.

    The process lives until the end of the ``with`` block, so data or a traced graph
    prepared in one call can be used in the next. If it dies, the next call has a new
    one.

    Parameters
    ----------
    module : str
        Name of the module below this package, "speed.contenders.ours" for example.
    n_threads : int, default=1
        Number of threads of each library, and of cores that the process is pinned to
        if the system supports it.
    first_core : int, default=0
        Index of the first of these cores, modulo the number of usable cores.

    Examples
    --------
    with Worker("speed.contenders.ours") as ours:
        seconds = ours.call("fit", case=case, epochs=3)
    """

    def __init__(self, module, n_threads=1, first_core=0):
        self.module = module
        self.n_threads = n_threads
        self.first_core = first_core

    def __enter__(self):
        # Output of the libraries would appear between the rows of a table. It is kept
        # for the error message in case the process dies.
        self._log = tempfile.NamedTemporaryFile(prefix="benchmark-", suffix=".log")
        self._executor = concurrent.futures.ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), _initialize, (self._log.name,)
        )
        with _inherited_settings(self.n_threads, self.first_core):
            pid = self._executor.submit(os.getpid)  # starts the process
        self._pid = pid.result()
        return self

    def __exit__(self, *exc_info):
        self._executor.shutdown()
        self._log.close()

    def call(self, name, **kwargs):
        """Call a function of the module in the process and return its result.

        Raises
        ------
        BrokenProcessPool
            If the process died, with its last output. What the function raises is
            raised here too.
        """
        return self._wait(name, self._submit(name, kwargs))

    def call_watched(self, name, **kwargs):
        """Call a function; return its result and its highest use of memory.

        Returns
        -------
        result : object
            Result of the function.
        n_bytes : int
            Highest anonymous memory (RssAnon) above that before the call. It does not
            include memory-mapped files.
        """
        before = highest = _anonymous_bytes(self._pid)
        future = self._submit(name, kwargs)
        while concurrent.futures.wait([future], MEMORY_SAMPLE_SECONDS).not_done:
            highest = max(highest, _anonymous_bytes(self._pid))
        return self._wait(name, future), highest - before

    def _submit(self, name, kwargs):
        return self._executor.submit(_call, self.module, name, kwargs)

    def _wait(self, name, future):
        try:
            return future.result()
        except BrokenProcessPool as exc:
            lines = pathlib.Path(self._log.name).read_text(errors="replace")
            tail = "\n".join(lines.splitlines()[-20:])
            self.__exit__()
            self.__enter__()  # another process for the next call
            raise BrokenProcessPool(
                f"The process of {self.module} died in {name}, perhaps because memory "
                f"ran out. Its last output:\n{tail}"
            ) from exc


@contextlib.contextmanager
def _inherited_settings(n_threads, first_core):
    """Set environment and cores of this process while a child starts with them."""
    with _STARTING:
        before, cores = dict(os.environ), available_cores()
        os.environ.update(SETTINGS | dict.fromkeys(THREAD_VARIABLES, str(n_threads)))
        if can_pin():
            first = first_core % len(cores)
            os.sched_setaffinity(0, cores[first : first + n_threads])
        try:
            yield
        finally:
            if can_pin():
                os.sched_setaffinity(0, cores)
            os.environ.clear()
            os.environ.update(before)


def _initialize(log):
    """Write the output of this process to a file, and end it with its parent."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, sys.stdout.fileno())
    os.dup2(descriptor, sys.stderr.fileno())
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    """End this process if its parent was killed and cannot end it."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _call(module, name, kwargs):
    return getattr(importlib.import_module(f"{__package__}.{module}"), name)(**kwargs)


def can_pin():
    """Return whether this system can pin a process to cores."""
    return hasattr(os, "sched_setaffinity")


def available_cores():
    """Return the cores that this process may use, in ascending order."""
    if can_pin():
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def free_memory():
    """Collect garbage and return freed memory to the operating system."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # only glibc has malloc_trim
        ctypes.CDLL(None).malloc_trim(0)


def check_memory_is_readable():
    """Exit with a message on systems other than Linux."""
    if not _anonymous_bytes(os.getpid()):
        raise SystemExit("Memory is measured through /proc, which only Linux has.")


def _anonymous_bytes(pid):
    """Return the anonymous memory of a process, 0 if it ended."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024  # "kB" in /proc means KiB
    return 0
