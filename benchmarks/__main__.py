"""Run all benchmarks, one after another, within an hour on two cores.

Each program prints its table and writes JSON; this one prints the minutes of each, and
ends with an error if one failed. Programs that need real sequences are left out, and
named, where SEQEMBED_DATA is not set.

Run: python benchmarks/run_all.py [--quick]
"""

import dataclasses
import pathlib
import subprocess
import sys
import time

from _data import NOT_SET, data_folder
from _measure import argument_parser

MINUTES_BAR = 60

FOLDER = pathlib.Path(__file__).parent


@dataclasses.dataclass(frozen=True)
class Program:
    """A benchmark.

    Parameters
    ----------
    command : str
        File in this folder, and arguments.
    minutes : int
        About how long it takes on two cores.
    needs_data : bool, default=False
        Whether it cannot run without real sequences.
    """

    command: str
    minutes: int
    needs_data: bool = False


PROGRAMS = (
    Program("training.py", 13),
    Program("transform.py", 3),
    Program("padding.py", 4, needs_data=True),
    Program("scaling.py", 10),
    Program("small_jobs.py", 2),
    Program("grid_search_jobs.py", 3),
    Program("time_to_error.py", 18, needs_data=True),
    # What stands beside the judge comes last.
    Program("transform.py --threads 2", 1),
    Program("training.py --threads 2", 3),
)


def run(program, quick):
    """Run one program.

    Parameters
    ----------
    program : Program
        The program.
    quick : bool
        Whether to pass --quick on.

    Returns
    -------
    outcome : {"done", "skipped", "FAILED"}
        How it ended.
    """
    usual = "" if quick else f" (about {program.minutes} min)"
    print(f"\n## {program.command}{usual}\n", flush=True)
    if program.needs_data and data_folder() is None:
        print(f"Skipped. {NOT_SET}")
        return "skipped"
    file, *options = program.command.split()
    command = [sys.executable, str(FOLDER / file), *options, *["--quick"] * quick]
    return "FAILED" if subprocess.run(command).returncode else "done"


def main():
    """Run all, print minutes, and exit with 1 if one failed."""
    args = argument_parser(__doc__).parse_args()
    started = time.perf_counter()
    outcomes = {}
    for program in PROGRAMS:
        before = time.perf_counter()
        outcome = run(program, args.quick)
        minutes = (time.perf_counter() - before) / 60
        outcomes[program.command] = f"{outcome} in {minutes:.1f} min"
    print("\n## All\n")
    for command, outcome in outcomes.items():
        print(f"{command}: {outcome}")
    minutes = (time.perf_counter() - started) / 60
    met = "met" if minutes <= MINUTES_BAR else "NOT met"
    print(f"Together: {minutes:.1f} min. Bar {MINUTES_BAR}: {met}.")
    if any(outcome.startswith("FAILED") for outcome in outcomes.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
