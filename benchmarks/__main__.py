"""Run one benchmark, or all of a folder: python -m benchmarks NAME [options]."""

import dataclasses
import subprocess
import sys
import time

from .datasets import NOT_SET, data_folder
from .runner import run_program


@dataclasses.dataclass(frozen=True)
class Program:
    """A program, the minutes it takes on two idle cores, and what it requires."""

    module: str
    minutes: int
    needs_data: bool = True

    @property
    def name(self):
        """Name on the command line."""
        return self.module.partition(".")[2]


PROGRAMS = (
    Program("speed.training", 13, needs_data=False),
    Program("speed.encoding", 3, needs_data=False),
    Program("speed.threads", 2, needs_data=False),
    Program("speed.transform", 3, needs_data=False),
    Program("speed.onnx_files", 30),
    Program("speed.fit_times", 15, needs_data=False),
    Program("speed.long_tables", 15, needs_data=False),
    Program("speed.fit_estimates", 15, needs_data=False),
    Program("speed.padding", 4),
    Program("speed.scaling", 10, needs_data=False),
    Program("speed.small_jobs", 2, needs_data=False),
    Program("speed.grid_search", 3, needs_data=False),
    Program("speed.ray_jobs", 15, needs_data=False),
    Program("speed.neighbors", 30, needs_data=False),
    Program("speed.streams", 30, needs_data=False),
    Program("speed.planning", 40, needs_data=False),
    Program("speed.limits", 15, needs_data=False),
    Program("speed.gpu", 15, needs_data=False),
    Program("speed.time_to_error", 18),
    Program("speed.extremes", 35, needs_data=False),
    Program("quality.classification", 30),
    Program("quality.classifier", 25),
    Program("quality.reconstruction", 40),
    Program("quality.temperature", 15),
    Program("quality.anomalies", 15),
    Program("events.names", 40),
    Program("events.sentences", 35),
    Program("events.sepsis", 35),
    Program("events.helpdesk", 20),
    Program("events.process", 60),
    Program("events.categories", 25, needs_data=False),
    Program("pairs.generated", 130, needs_data=False),
    Program("pairs.translation", 45),
    Program("pairs.forecasting", 75),
    Program("pairs.airline", 2),
    Program("pairs.levels", 2, needs_data=False),
    Program("pairs.continuation", 30),
    Program("pairs.addition", 40, needs_data=False),
    Program("pairs.translation_speed", 10),
    Program("pairs.beams", 10, needs_data=False),
)
FOLDERS = tuple(dict.fromkeys(program.module.split(".")[0] for program in PROGRAMS))


def run_folder(folder, options):
    """Run all programs of a folder, print their minutes, and exit with 1 on failure."""
    outcomes = {}
    for program in PROGRAMS:
        if not program.module.startswith(f"{folder}."):
            continue
        print(f"\n## {program.name} (about {program.minutes} min in full)", flush=True)
        if program.needs_data and data_folder() is None:
            print(f"Skipped. {NOT_SET}")
            outcomes[program.name] = "skipped"
            continue
        command = [sys.executable, "-m", __package__, program.name, *options]
        started = time.perf_counter()
        failed = subprocess.run(command).returncode
        minutes = (time.perf_counter() - started) / 60
        outcomes[program.name] = f"{'FAILED' if failed else 'done'}, {minutes:.1f} min"
    print("\n## Summary\n")
    for name, outcome in outcomes.items():
        print(f"{name}: {outcome}")
    if any(outcome.startswith("FAILED") for outcome in outcomes.values()):
        sys.exit(1)


def main():
    """Run the program or folder that the first argument names."""
    modules = {program.name: program.module for program in PROGRAMS}
    name, *options = sys.argv[1:] or ["--help"]
    if name in FOLDERS:
        run_folder(name, options)
    elif name in modules:
        run_program(modules[name], options)
    else:
        print(
            f"{__doc__}\n\nFolders: {', '.join(FOLDERS)}\nPrograms: "
            f"{', '.join(modules)}\n\nOptions: NAME --help"
        )
        sys.exit(name not in ("-h", "--help"))


if __name__ == "__main__":
    main()
