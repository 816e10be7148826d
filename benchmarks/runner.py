"""Run a program: read its options, print its tables, and write its results as JSON.

A program is a module of this package with a docstring, a function ``run(options)`` and,
if it has its own options, ``add_arguments(parser)``. `run` returns a dict, which is
written as JSON. The runner reads two of its entries: "tables", a dict of tables by
name, and "targets", a list of results of :func:`judge` and :func:`judge_ratios`.
"""

import argparse
import ast
import contextlib
import datetime
import importlib
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import sys

from .formatting import make_table, to_markdown
from .workers import available_cores, can_pin

DEFAULT_FOLDER = pathlib.Path("benchmark-results")

DISTRIBUTIONS = (
    "numpy",
    "torch",
    "skorch",
    "scikit-learn",
    "sklearn-seqembed",
    "keras",
    "tensorflow-cpu",
    "onnxruntime",
    "faiss-cpu",
    "sequitur",
    "sktime",
    "numba",
    "pycatch22",
    "stumpy",
    "sacrebleu",
    "rapidfuzz",
    "ray",
)
TARGET_COLUMNS = {"question": "", "target": "", "result": "", "met": ""}


def add_seeds(parser, default=(0, 1, 2)):
    """Add the option --seeds, a list of seeds."""
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=list(default),
        help=f"random seeds (default: {' '.join(map(str, default))})",
    )


def add_threads(parser):
    """Add the option --threads, the number of threads of each contender."""
    parser.add_argument(
        "--threads", type=int, default=1, help="threads per contender (default: 1)"
    )


def add_parameters(parser):
    """Add the option --set, parameters of the estimator of this library."""
    parser.add_argument(
        "--set",
        type=_parse_parameter,
        nargs="+",
        default=[],
        dest="parameters",
        metavar="NAME=VALUE",
        help="parameters of the estimator, such as cell=gru lr=0.002",
    )


def _parse_parameter(text):
    name, found, value = text.partition("=")
    if not found:
        raise ValueError(f"{text} is not of the form name=value")
    try:
        return name, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return name, value  # a word, such as gru


def parse_options(module, arguments):
    """Read the command line of a program.

    Parameters
    ----------
    module : module
        The program.
    arguments : list of str
        Command line, without the name of the program.

    Returns
    -------
    options : argparse.Namespace
        With `quick`, `json`, `note`, `parameters` (a dict, empty without --set) and
        the options of the program.
    """
    name = module.__name__.rpartition(".")[2]
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__} {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help="small data and few epochs, as a test"
    )
    parser.add_argument(
        "--json",
        type=pathlib.Path,
        help=f"file for the results (default: {DEFAULT_FOLDER / name}.json)",
    )
    parser.add_argument("--note", help="remark to record with the results")
    if hasattr(module, "add_arguments"):
        module.add_arguments(parser)
    options = parser.parse_args(arguments)
    options.parameters = dict(getattr(options, "parameters", ()))
    if options.json is None:
        n_threads = getattr(options, "threads", 1)
        suffix = f"-{n_threads}-threads" if n_threads > 1 else ""
        suffix += "-quick" if options.quick else ""
        options.json = DEFAULT_FOLDER / f"{name}{suffix}.json"
    return options


def run_program(module_name, arguments):
    """Run a program, print its tables and targets, and write its results."""
    module = importlib.import_module(f".{module_name}", __package__)
    options = parse_options(module, arguments)
    recorded = describe_run(module_name, options)
    print(f"{recorded['machine']}\n{recorded['versions']}\n", flush=True)
    if not can_pin():
        print("This system cannot pin processes to cores; expect more variation.\n")
    if options.quick:
        print("--quick only tests the program; its figures mean nothing.\n")
    results = module.run(options)
    for table in results["tables"].values():
        print(f"{table['title']}:\n\n{to_markdown(table, aligned=True)}\n", flush=True)
    if results.get("targets"):
        targets = make_table("Targets", TARGET_COLUMNS, results["targets"])
        print(f"{to_markdown(targets, aligned=True)}\n", flush=True)
    write_json(options.json, recorded | results)


def describe_run(module_name, options):
    """Describe program, date, machine, versions and options of a run.

    Libraries are not imported to find their versions.
    """
    versions = [f"Python {platform.python_version()}"]
    for name in DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    described = {
        "program": module_name,
        "date": datetime.date.today().isoformat(),
        "machine": f"{_processor()}, {len(available_cores())} of {os.cpu_count()} "
        f"cores usable, {platform.system()} {platform.machine()}",
        "versions": ", ".join(versions),
        "options": {
            name: value.name if isinstance(value, pathlib.Path) else value
            for name, value in vars(options).items()
            if name not in ("json", "note")
        },
    }
    return described | ({"note": options.note} if options.note else {})


def _processor():
    """Return the name of the processor, which on Linux is only in a file."""
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def write_json(path, results):
    """Write results, with numpy's numbers and arrays as plain numbers and lists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        results, indent=1, ensure_ascii=False, default=lambda value: value.tolist()
    )
    path.write_text(text + "\n", encoding="utf-8")
    print(f"Results written to {path}")


def judge(question, target, result, met):
    """Return how a result compares with a target: "yes", "no" or "not judged"."""
    met = {True: "yes", False: "no", None: "not judged"}[met]
    return {"question": question, "target": target, "result": result, "met": met}


def judge_ratios(question, ratios, target):
    """Judge ratios over cases, where more is better.

    The median must reach the target, and no case may be below half of it.

    Parameters
    ----------
    question : str
        What is compared.
    ratios : dict of str to float
        Ratio of each case.
    target : float
        The target.

    Returns
    -------
    verdict : dict
        As returned by :func:`judge`.
    """
    median = statistics.median(ratios.values())
    lowest = min(ratios, key=ratios.get)
    return judge(
        question,
        f"at least {target:g}",
        f"median {median:.2f}, lowest {ratios[lowest]:.2f} ({lowest})",
        median >= target and ratios[lowest] >= target / 2,
    )


def show_progress(message):
    """Print a message on standard error, separate from the tables."""
    print(message, file=sys.stderr, flush=True)
