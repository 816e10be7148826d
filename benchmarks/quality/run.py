"""How good are the vectors, beside other ways and published figures?

On 23 classification sets of the UCR and UEA archives each contender learns from the
training part without its classes, with one fixed set of parameters; classifiers and
k-means then judge the vectors, as in the papers of T-Loss and TS2Vec. Printed are a
table of single sets for each kind, a table of means, and how ours stands to the bars.

Jobs run in worker processes, each on one core with one thread, longest first. A job
that fails is named and leaves an empty cell.

Run: SEQEMBED_DATA=folder python benchmarks/quality.py [--seeds 0 1 2] [--only ours]
"""

import collections
import concurrent.futures
import contextlib
import json
import pathlib
import threading
import time

from _data import NOT_SET, data_folder, load_lengths
from _measure import (
    Worker,
    argument_parser,
    available_cores,
    machine,
    show_progress,
    write_json,
)
from _quality.contenders import CONTENDERS, OURS
from _quality.summary import SETS, judge_bars, mean_over_seeds
from _quality.tables import print_summary

QUICK_SETS = ("ItalyPowerDemand", "PickupGestureWiimoteZ", "BasicMotions")
CHOICES = {
    "ours": (OURS,),
    "peers": tuple(name for name in CONTENDERS if name != OURS),
    "everything": tuple(CONTENDERS),
    **{name: (name,) for name in CONTENDERS},
}
FIGURES_SHOWN = ("svm", "nmi", "fit_seconds")

# Starting a worker sets the environment of this whole process for a moment.
_STARTING = threading.Lock()


def plan_jobs(contenders, names, seeds):
    """List what is to run, the longest first.

    Parameters
    ----------
    contenders : iterable of str
        Keys of `CONTENDERS`.
    names : iterable of str
        Names of sets.
    seeds : list of int
        A contender that has no seed runs with the first.

    Returns
    -------
    jobs : list of dict
        Each with "contender", "set" and "seed".
    """
    costs = {}
    for name in names:
        lengths = {part: load_lengths(name, part) for part in ("train", "test")}
        longest = max(each.max() for each in lengths.values())
        equal = all((each == longest).all() for each in lengths.values())
        for key in contenders:
            contender = CONTENDERS[key]
            if equal or not contender.equal_lengths:
                for seed in seeds if contender.seeded else seeds[:1]:
                    costs[key, name, seed] = contender.cost * lengths["train"].sum()
    return [
        dict(zip(("contender", "set", "seed"), job, strict=True))
        for job in sorted(costs, key=costs.get, reverse=True)
    ]


def run_jobs(jobs, n_workers, quick):
    """Run jobs in worker processes.

    Parameters
    ----------
    jobs : list of dict
        Of :func:`plan_jobs`.
    n_workers : int
        How many run at a time, each on a core of its own.
    quick : bool
        Whether parameters are those that only show that it works.

    Returns
    -------
    results : list of dict
        By contender, set and seed.
    """
    waiting = collections.deque(jobs)
    with concurrent.futures.ThreadPoolExecutor(n_workers) as executor:
        lanes = [executor.submit(_work, k, waiting, quick) for k in range(n_workers)]
        try:
            results = [result for lane in lanes for result in lane.result()]
        finally:
            waiting.clear()  # after Ctrl-C the lanes end with what they do now
    contenders = list(CONTENDERS)
    return sorted(
        results,
        key=lambda result: (
            contenders.index(result["contender"]),
            SETS.index(result["set"]),
            result["seed"],
        ),
    )


def _work(core, waiting, quick):
    """Run one job after another in a process on one core."""
    results, worker = [], None
    with contextlib.ExitStack() as stack:
        while waiting:
            try:
                job = waiting.popleft()
            except IndexError:  # another lane was faster
                break
            if worker is None:
                with _STARTING:
                    worker = stack.enter_context(Worker("_quality.job", 1, core))
            began = time.perf_counter()
            try:
                result = worker.call("run", job=job, quick=quick)
            except RuntimeError as exc:  # the process died: the next job gets another
                result, worker = job | {"error": str(exc)}, None
            _show_result(result, len(waiting), time.perf_counter() - began)
            results.append(result)
    return results


def _show_result(result, n_waiting, seconds):
    figures = ", ".join(
        f"{name} {result[name]:.3f}" for name in FIGURES_SHOWN if name in result
    )
    show_progress(
        f"{result['contender']}, {result['set']}, seed {result['seed']}: "
        f"{figures or 'FAILED'} ({seconds:.0f} s, {n_waiting} waiting)"
    )


def parse_arguments():
    """Read the command line.

    Returns
    -------
    args : argparse.Namespace
        The options, checked.
    """
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0], help="seeds; 0 by default"
    )
    parser.add_argument(
        "--only", choices=CHOICES, default="everything", help="which contenders run"
    )
    parser.add_argument(
        "--sets", nargs="+", choices=SETS, metavar="NAME", help="all by default"
    )
    parser.add_argument(
        "--jobs", type=int, default=2, help="worker processes; 2 by default"
    )
    parser.add_argument(
        "--beside",
        type=pathlib.Path,
        help="file of an earlier run, for what does not run now",
    )
    parser.add_argument("--json", type=pathlib.Path, help="where to write the results")
    return parser.parse_args()


def read_others(path, jobs, parameters, quick):
    """Read what an earlier run found of contenders, sets and seeds that do not run now.

    Parameters
    ----------
    path : pathlib.Path
        What :func:`main` wrote then.
    jobs : list of dict
        Those that run now.
    parameters : dict of str to dict
        Of the contenders that run now. If they were others then, all that the earlier
        run found of that contender is dropped: one mean is of one set of parameters.
    quick : bool
        Whether this is a trial; the earlier run has to be of the same kind.

    Returns
    -------
    results : list of dict
        Single results.
    parameters : dict of str to dict
        Of the contenders in the earlier file.
    """
    written = json.loads(path.read_text())
    if written["quick"] != quick:
        raise SystemExit(
            f"{path.name} was written {'with' if written['quick'] else 'without'} "
            f"--quick, this run is {'with' if quick else 'without'} it: their figures "
            "do not go together."
        )
    now = json.loads(json.dumps(parameters))  # tuples become lists, as in the file
    changed = {
        name for name in now if written["parameters"].get(name, now[name]) != now[name]
    }
    running = [tuple(job.values()) for job in jobs]
    others = [
        each
        for each in written["results"]
        if (each["contender"], each["set"], each["seed"]) not in running
        and each["contender"] not in changed
    ]
    names = ", ".join(dict.fromkeys(each["contender"] for each in others))
    print(f"From {path.name}, of {written['machine']['date']}: {names or 'nothing'}.")
    if changed:
        print(f"Dropped from it, of other parameters: {', '.join(sorted(changed))}.")
    print()
    return others, written["parameters"]


def main():
    """Run all jobs, write single results, and print the tables and bars."""
    args = parse_arguments()
    if data_folder() is None:
        raise SystemExit(NOT_SET)
    print(", ".join(f"{name} {value}" for name, value in machine().items()), "\n")
    if len(available_cores()) < args.jobs:
        print("Note: workers share cores; their seconds say little.\n")
    if args.quick:
        print(
            "Note: --quick shows that the program works; its figures judge nothing.\n"
        )
    names = args.sets or (QUICK_SETS if args.quick else SETS)
    contenders = CHOICES[args.only]
    parameters = {key: CONTENDERS[key].all_parameters() for key in contenders}
    jobs = plan_jobs(contenders, names, args.seeds)
    earlier, earlier_parameters = [], {}
    if args.beside:
        earlier, earlier_parameters = read_others(
            args.beside, jobs, parameters, args.quick
        )
    started = time.perf_counter()
    results = run_jobs(jobs, args.jobs, args.quick)
    minutes = (time.perf_counter() - started) / 60
    results += earlier
    verdicts = judge_bars(mean_over_seeds(results), args.jobs)
    payload = {
        "results": results,
        "verdicts": verdicts,
        "parameters": earlier_parameters | parameters,
        "seeds": sorted({each["seed"] for each in results}),
        "minutes": minutes,
        "beside": args.beside and args.beside.name,
        "quick": args.quick,
    }
    write_json("quality", payload, args.json)
    print(f"{len(jobs)} jobs in {minutes:.1f} min by {args.jobs} workers.\n")
    print_summary(results, verdicts)


if __name__ == "__main__":
    main()
