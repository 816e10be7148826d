"""How well do the vectors separate classes, compared with other methods?

On 23 classification sets of the UCR and UEA archives, each contender learns from the
training part without its classes, with one set of parameters for all sets. Classifiers
and k-means then evaluate the vectors, as in the papers of T-Loss and TS2Vec. Jobs run
in processes of one core and one thread, the longest first. A job that fails is reported
and leaves an empty cell.
"""

import concurrent.futures
import contextlib
import itertools
import json
import pathlib
import queue
import traceback

from ..datasets import PARTS, load_lengths, require_data_folder
from ..runner import add_seeds, show_progress
from ..timing import timed
from ..workers import Worker
from .contenders import CONTENDERS, OURS
from .summary import SETS, judge_targets, mean_over_seeds
from .tables import make_tables

QUICK_SETS = ("ItalyPowerDemand", "PickupGestureWiimoteZ", "BasicMotions")
CHOICES = {
    "peers": tuple(name for name in CONTENDERS if name != OURS),
    "everything": tuple(CONTENDERS),
    **{name: (name,) for name in CONTENDERS},
}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser, default=(0,))
    parser.add_argument(
        "--only", choices=CHOICES, default="everything", help="contenders to run"
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, metavar="NAME")
    parser.add_argument("--jobs", type=int, default=2, help="number of processes")
    parser.add_argument(
        "--include",
        type=pathlib.Path,
        help="JSON of an earlier run, with the results of what does not run now",
    )


def run(options):
    """Run all jobs and summarize their results."""
    require_data_folder()
    names = options.sets or (QUICK_SETS if options.quick else SETS)
    contenders = CHOICES[options.only]
    parameters = {key: CONTENDERS[key].all_parameters() for key in contenders}
    jobs = plan_jobs(contenders, names, options.seeds)
    earlier, earlier_parameters = [], {}
    if options.include:
        earlier, earlier_parameters = read_earlier(
            options.include, jobs, parameters, options.quick
        )
    seconds, results = timed(run_jobs, jobs, options.jobs, options.quick)
    show_progress(f"{len(jobs)} jobs took {seconds / 60:.1f} min.")
    results = sort_results(results + earlier)
    for result in results:
        if "error" in result:
            job = f"{result['contender']}, {result['set']}, seed {result['seed']}"
            print(f"Failed: {job}: {result['error'].strip().splitlines()[-1]}")
    return {
        "tables": make_tables(results),
        "targets": judge_targets(mean_over_seeds(results), options.jobs),
        "parameters": earlier_parameters | parameters,
        "minutes": seconds / 60,
        "results": results,
    }


def plan_jobs(contenders, names, seeds):
    """List the jobs, dicts with "contender", "set" and "seed", the longest first."""
    costs = {}
    for name in names:
        lengths = {part: load_lengths(name, part) for part in PARTS}
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
    """Run jobs in `n_workers` processes, each on a core of its own."""
    idle = queue.SimpleQueue()

    def run_next(i, job):
        worker = idle.get()
        try:
            result = job | worker.call("run_job", job=job, quick=quick)
        except Exception:  # whatever a contender raises leaves an empty cell
            result = job | {"error": traceback.format_exc()}
        finally:
            idle.put(worker)
        accuracy = result.get("svm", "FAILED")
        show_progress(f"{i} of {len(jobs)}: {job}: {accuracy}")
        return result

    with contextlib.ExitStack() as stack:
        for core in range(n_workers):
            idle.put(stack.enter_context(Worker("quality.job", 1, core)))
        executor = stack.enter_context(concurrent.futures.ThreadPoolExecutor(n_workers))
        return list(executor.map(run_next, itertools.count(1), jobs))


def sort_results(results):
    """Sort results by contender, set and seed."""
    contenders = list(CONTENDERS)
    return sorted(
        results,
        key=lambda result: (
            contenders.index(result["contender"]),
            SETS.index(result["set"]),
            result["seed"],
        ),
    )


def read_earlier(path, jobs, parameters, quick):
    """Read the results of contenders, sets and seeds that do not run now.

    Parameters
    ----------
    path : pathlib.Path
        JSON of an earlier run.
    jobs : list of dict
        Jobs that run now.
    parameters : dict of str to dict
        Parameters of the contenders that run now. If the earlier run used others for a
        contender, all its results are dropped, since a mean must not mix parameters.
    quick : bool
        Whether this run is quick; the earlier one must be of the same kind.

    Returns
    -------
    results : list of dict
        Results of the earlier run.
    parameters : dict of str to dict
        Parameters of the contenders in the earlier run.
    """
    earlier = json.loads(path.read_text())
    if earlier["options"]["quick"] != quick:
        with_or_without = ("without", "with")
        raise SystemExit(
            f"{path.name} was run {with_or_without[earlier['options']['quick']]} "
            f"--quick, and this run is {with_or_without[quick]} it; their results "
            "cannot be combined."
        )
    now = json.loads(json.dumps(parameters))  # tuples become lists, as in the file
    changed = {
        name for name in now if earlier["parameters"].get(name, now[name]) != now[name]
    }
    if changed:
        print(f"Dropped, since parameters differ: {', '.join(sorted(changed))}.\n")
    running = [tuple(job.values()) for job in jobs]
    results = [
        each
        for each in earlier["results"]
        if (each["contender"], each["set"], each["seed"]) not in running
        and each["contender"] not in changed
    ]
    return results, earlier["parameters"]
