"""Processes pinned to cores, in which the contenders run, and their memory.

TensorFlow, torch and ONNX Runtime each start a pool of threads. In one process, these
pools would compete with one another.
"""

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
import traceback

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


class Worker:
    """A process that calls the functions of one module.

    The process lives until the end of the ``with`` block, so data or a traced graph
    prepared in one call can be used in the next.

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
        context = multiprocessing.get_context("spawn")
        self._connection, other_end = context.Pipe()
        self._process = context.Process(
            target=_serve,
            args=(other_end, f"{__package__}.{self.module}", self._log.name),
            daemon=True,
        )
        with _inherited_settings(self.n_threads, self.first_core):
            self._process.start()
        other_end.close()
        return self

    def __exit__(self, *exc_info):
        self._connection.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._log.close()

    @property
    def pid(self):
        """Process id, to be watched by :class:`MemoryPeak`."""
        return self._process.pid

    def call(self, name, **kwargs):
        """Call a function of the module in the process and return its result.

        Raises
        ------
        RuntimeError
            If the function raised, with its traceback, or if the process died.
        """
        try:
            self._connection.send((name, kwargs))
            succeeded, result = self._connection.recv()
        except (EOFError, OSError) as exc:
            self._process.join(timeout=10)
            lines = pathlib.Path(self._log.name).read_text(errors="replace")
            tail = "\n".join(lines.splitlines()[-20:])
            raise RuntimeError(
                f"The process of {self.module} died in {name} with exit code "
                f"{self._process.exitcode} (-9 often means that memory ran out). Its "
                f"last output:\n{tail}"
            ) from exc
        if not succeeded:
            raise RuntimeError(f"{self.module}.{name} failed:\n{result}")
        return result


@contextlib.contextmanager
def _inherited_settings(n_threads, first_core):
    """Set environment and cores of this process while a child starts with them."""
    settings = SETTINGS | dict.fromkeys(THREAD_VARIABLES, str(n_threads))
    before = {name: os.environ.get(name) for name in settings}
    cores = available_cores()
    os.environ.update(settings)
    if can_pin():
        first = first_core % len(cores)
        os.sched_setaffinity(0, set(cores[first : first + n_threads]))
    try:
        yield
    finally:
        if can_pin():
            os.sched_setaffinity(0, set(cores))
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _serve(connection, module, log):
    """Answer calls until the parent closes the connection."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, sys.stdout.fileno())
    os.dup2(descriptor, sys.stderr.fileno())
    contender = None
    with contextlib.suppress(EOFError):
        while True:
            name, kwargs = connection.recv()
            try:
                # Imported here, so that the first call reports a failing import.
                contender = contender or importlib.import_module(module)
                answer = True, getattr(contender, name)(**kwargs)
            except Exception:
                answer = False, traceback.format_exc()
            connection.send(answer)


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
    if not pathlib.Path("/proc/self/status").exists():
        raise SystemExit("Memory is measured through /proc, which only Linux has.")


class MemoryPeak:
    """Watch the anonymous memory of another process, in a ``with`` block.

    Anonymous memory (RssAnon) does not include memory-mapped files.

    Parameters
    ----------
    pid : int
        Process id.

    Attributes
    ----------
    n_bytes : int
        Highest number of bytes above those at the start of the block.
    """

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self._before = _anonymous_bytes(self.pid)
        self.n_bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(MEMORY_SAMPLE_SECONDS):
            now = _anonymous_bytes(self.pid)
            self.n_bytes = max(self.n_bytes, now - self._before)


def _anonymous_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024  # "kB" in /proc means KiB
    raise RuntimeError("This kernel does not report RssAnon (Linux does since 4.5).")
