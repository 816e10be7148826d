"""The frame of the benchmarks: contenders in pinned processes, turns, tables, files.

A contender is a module whose functions time something and return numbers. It runs in a
:class:`Worker`, a process of its own, since TensorFlow, torch and ONNX Runtime each
bring a pool of threads that would get into each other's way.
"""

import argparse
import ast
import contextlib
import ctypes
import datetime
import gc
import importlib
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import platform
import statistics
import sys
import tempfile
import threading
import time
import traceback

RESULTS = pathlib.Path(__file__).parent / "results"

# What a program of these libraries may ask for, by the names of their distributions.
DISTRIBUTIONS = (
    "numpy",
    "torch",
    "skorch",
    "scikit-learn",
    "sklearn-seqembed",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "onnxruntime",
    "sequitur",
    "sktime",
    "numba",
    "pycatch22",
    "sacrebleu",
    "rapidfuzz",
)

# Libraries read their number of threads once, when they are imported.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
QUIET_CPU = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    "CUDA_VISIBLE_DEVICES": "-1",  # processors are compared, not devices
}


# How often the memory of another process is looked at.
SAMPLE_SECONDS = 0.005


class Worker:
    """A process of its own that calls the functions of one module.

    Number of threads and cores are settled before anything heavy is imported. The
    process lives until the end of the ``with`` block, so that what a contender made
    ready in one call (data, a traced graph) is there in the next.

    Parameters
    ----------
    module : str
        Name of the module, as one would import it from a program in this folder.
    n_threads : int, default=1
        Threads that each library may use, and cores that the process is pinned to
        where the system can pin.
    first_core : int, default=0
        Which of the usable cores is the first of those; beyond the last it starts over.

    Examples
    --------
    with Worker("_contenders.ours", n_threads=1) as ours:
        seconds = ours.call("fit", case=case, epochs=3)
    """

    def __init__(self, module, n_threads=1, first_core=0):
        self.module = module
        self.n_threads = n_threads
        self.first_core = first_core

    def __enter__(self):
        # The output of libraries would stand between the rows of a table; it is kept
        # for the error message of a process that dies.
        self._log = tempfile.NamedTemporaryFile(prefix="benchmark-", suffix=".log")
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, self.module, self._log.name), daemon=True
        )
        with _inherited(self.n_threads, self.first_core):
            self._process.start()
        theirs.close()
        return self

    def __exit__(self, *exc_info):
        self._connection.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._log.close()

    def call(self, name, **kwargs):
        """Call a function of the module in the process, and wait for what it returns.

        Parameters
        ----------
        name : str
            Name of the function.
        **kwargs
            Its arguments, picklable.

        Returns
        -------
        result : object
            What the function returned.

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
            raise RuntimeError(
                f"The process of {self.module} died in {name} with exit code "
                f"{self._process.exitcode} (-9 is often a lack of memory). Its last "
                f"output:\n{self._tail()}"
            ) from exc
        if not succeeded:
            raise RuntimeError(f"{self.module}.{name} failed:\n{result}")
        return result

    def _tail(self):
        lines = pathlib.Path(self._log.name).read_text(errors="replace").splitlines()
        return "\n".join(lines[-20:])


@contextlib.contextmanager
def _inherited(n_threads, first_core):
    """Set environment and cores here while a child starts, which inherits both."""
    settings = QUIET_CPU | dict.fromkeys(THREAD_VARIABLES, str(n_threads))
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
    """Answer calls until the parent hangs up: the life of a worker."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(descriptor, sys.stdout.fileno())
    os.dup2(descriptor, sys.stderr.fileno())
    contender = None
    with contextlib.suppress(EOFError):  # the parent has hung up
        while True:
            name, kwargs = connection.recv()
            try:
                # Imported in the first call, so that a failure is reported by it.
                contender = contender or importlib.import_module(module)
                answer = True, getattr(contender, name)(**kwargs)
            except Exception:
                answer = False, traceback.format_exc()
            connection.send(answer)


def can_pin():
    """Tell whether this system can hold a process to cores."""
    return hasattr(os, "sched_setaffinity")


def available_cores():
    """Return the cores that this process may use, in ascending order."""
    if can_pin():
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def seconds_per_call(function, at_least=0.3):
    """Time a function that may be too short to be timed once.

    Parameters
    ----------
    function : callable
        Called without arguments, again and again.
    at_least : float, default=0.3
        Seconds that all calls together last at least.

    Returns
    -------
    seconds : float
        Mean seconds a call.
    """
    n_calls, started = 0, time.perf_counter()
    while True:
        function()
        n_calls += 1
        elapsed = time.perf_counter() - started
        if elapsed >= at_least:
            return elapsed / n_calls


def give_memory_back():
    """Free what nobody refers to, and return it to the operating system."""
    gc.collect()
    with contextlib.suppress(AttributeError):  # glibc alone keeps it, and has this
        ctypes.CDLL(None).malloc_trim(0)


class Peak:
    """Watch the anonymous memory of another process, in a ``with`` block.

    Parameters
    ----------
    pid : int
        The process.

    Attributes
    ----------
    extra : int
        Highest number of bytes (RssAnon), above that at the start of the block.
    """

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self._before = _anonymous_bytes(self.pid)
        self.extra = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(SAMPLE_SECONDS):
            self.extra = max(self.extra, _anonymous_bytes(self.pid) - self._before)


def _anonymous_bytes(pid):
    """Read how much anonymous memory a process holds."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024  # the kernel says kB and means KiB
    raise RuntimeError("This kernel does not tell RssAnon; Linux does since 4.5.")


def take_turns(ways, n_rounds):
    """Measure several ways in turn, so that a slow minute hits all of them alike.

    Parameters
    ----------
    ways : dict of str to callable
        Each called without arguments; returns a number, seconds as a rule.
    n_rounds : int
        Number of rounds: A B C, A B C, ...

    Returns
    -------
    figures : dict of str to list of float
        What each way returned, round by round.
    """
    figures = {name: [] for name in ways}
    for _ in range(n_rounds):
        for name, way in ways.items():
            figures[name].append(way())
    return figures


def median_ratio(theirs, ours):
    """Return the median over rounds of the ratio within a round.

    Parameters
    ----------
    theirs, ours : list of float
        Figures of two ways, round by round.

    Returns
    -------
    ratio : float
        Above 1 where ours took less.
    """
    return statistics.median(
        their / our for their, our in zip(theirs, ours, strict=True)
    )


def judge(what, ratios, bar):
    """Print how ratios over cases stand to a bar.

    The bar is met where the median reaches it and no case lies below half of it.

    Parameters
    ----------
    what : str
        What is compared.
    ratios : dict of str to float
        Ratio of each case, more is better.
    bar : float
        What the median must reach.

    Returns
    -------
    verdict : dict
        The figures of the line, for :func:`write_json`.
    """
    median = statistics.median(ratios.values())
    lowest = min(ratios, key=ratios.get)
    met = median >= bar and ratios[lowest] >= bar / 2
    print(
        f"{what}: median of {len(ratios)} cases {median:.2f}, lowest "
        f"{ratios[lowest]:.2f} ({lowest}). Bar {bar:g}: {'met' if met else 'NOT met'}."
    )
    return {
        "what": what,
        "median": median,
        "lowest": ratios[lowest],
        "lowest_case": lowest,
        "bar": bar,
        "met": met,
    }


def machine():
    """Describe date, machine and versions, without importing the libraries.

    Returns
    -------
    machine : dict of str to str or int
        What :func:`print_machine` prints.
    """
    described = {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "usable_cores": len(available_cores()),
        "python": platform.python_version(),
    }
    for name in DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            described[name] = importlib.metadata.version(name)
    return described


def _processor():
    """Return the name of the processor; Linux tells it in a file alone."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def print_machine(n_threads, quick=False):
    """Print the machine, and what takes weight from the figures that follow.

    Parameters
    ----------
    n_threads : int
        Threads a contender.
    quick : bool, default=False
        Whether the program only shows that it works.
    """
    described = machine()
    print(", ".join(f"{name} {value}" for name, value in described.items()))
    cores = available_cores()
    plural = "s" if n_threads > 1 else ""
    where = f"pinned to {cores[:n_threads]}" if can_pin() else "not pinned"
    print(f"{n_threads} thread{plural} a contender, {where}.")
    if not can_pin():
        print("Note: this system cannot pin processes to cores; expect more spread.")
    if len(cores) < n_threads:
        print(
            f"Note: {n_threads} threads share {len(cores)} usable core(s); these "
            "figures say little about a machine with more."
        )
    if quick:
        print("Note: --quick shows that the program works; its figures judge nothing.")
    print()


def print_table(rows, columns):
    """Print an aligned table that is Markdown too.

    Parameters
    ----------
    rows : list of dict
        Cells by heading. A missing cell, or None, is a dash.
    columns : dict of str to str
        Format of each heading's cells, such as ".2f"; "" for text.
    """
    cells = [
        [_cell(row.get(heading), spec) for heading, spec in columns.items()]
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    rules = [
        "-" * width if not spec else "-" * (width - 1) + ":"
        for width, spec in zip(widths, columns.values(), strict=True)
    ]
    for line in [list(columns), rules, *cells]:
        padded = [
            cell.rjust(width) if spec else cell.ljust(width)
            for cell, width, spec in zip(line, widths, columns.values(), strict=True)
        ]
        print("| " + " | ".join(padded) + " |")
    print(flush=True)


def mean_rows(results, figures, spec=".4f"):
    """Bring the results of several seeds to one row a contender.

    Parameters
    ----------
    results : list of dict
        With "contender", and figures where the contender has them.
    figures : sequence of str
        What to show.
    spec : str, default=".4f"
        How numbers are written.

    Returns
    -------
    rows : list of dict
        For :func:`print_table`, all text: mean and standard deviation over the seeds.
    """
    rows = []
    for contender in dict.fromkeys(result["contender"] for result in results):
        mine = [result for result in results if result["contender"] == contender]
        row = {"contender": contender}
        for name in figures:
            values = [result[name] for result in mine if name in result]
            if values:
                row[name] = format(statistics.fmean(values), spec)
            if len(values) > 1:
                row[name] += f" ± {format(statistics.stdev(values), spec)}"
        rows.append(row)
    return rows


def _cell(value, spec):
    return "–" if value is None else format(value, spec)


def write_json(name, payload, path=None):
    """Write results for other programs.

    Parameters
    ----------
    name : str
        Name of the file, without folder and ending.
    payload : dict
        What to write; the machine is added to it. Where `quick` is true in it, the
        name gets "_quick" at its end, so that a trial leaves measurements alone.
    path : pathlib.Path, default=None
        Another place for the file, instead of the name.
    """
    if path is None:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{name}{'_quick' * bool(payload.get('quick'))}.json"
    payload = {"machine": machine()} | payload
    path.write_text(json.dumps(payload, indent=2, default=_as_number) + "\n")
    print(f"Written: {path.parent.name}/{path.name}")


def _as_number(value):
    """Turn numbers and arrays of numpy into what JSON knows."""
    return value.tolist()


def argument_parser(description, threads=False, seeds=False):
    """Build the command line that all programs share.

    Parameters
    ----------
    description : str
        Docstring of the program; its first line is shown by --help.
    threads : bool, default=False
        Whether the program runs with any number of threads.
    seeds : bool, default=False
        Whether the program runs with any number of seeds.

    Returns
    -------
    parser : argparse.ArgumentParser
        Knows --quick, and --threads and --seeds if asked for.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few small cases and one round, to see that the program works",
    )
    if threads:
        parser.add_argument(
            "--threads",
            type=int,
            default=1,
            help="threads a contender; 1, the default, is the judge",
        )
    if seeds:
        parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    return parser


def add_parameters(parser):
    """Let a command line set parameters of ours: --set name=value name=value.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Gets `set`, a list of (name, value), which is empty by default.
    """
    parser.add_argument(
        "--set",
        type=_setting,
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="parameters of LSTMSequencePredictor, such as cell=gru lr=0.002",
    )


def _setting(text):
    name, found, value = text.partition("=")
    if not found:
        raise ValueError(f"{text} is not of the form name=value")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value  # a word, such as gru


def show_progress(what):
    """Say on the standard error, away from the tables, what runs now."""
    print(what, file=sys.stderr, flush=True)
