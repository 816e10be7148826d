"""Cores and GPUs of a cluster: whether Ray can start all workers.

Ray waits for resources indefinitely, without a message. A cluster may add machines on
demand, so too few of them lead to a warning only.
"""

import math

from sklearn_seqembed._data.messages import count, warn_user

# What Ray reserves for a worker of `transform` by default. A worker of half a core
# leaves room on a machine of two cores for another one and the tasks that read.
USUAL_CORES = 0.5
# Ray counts resources in ten thousandths.
FINEST = 10_000


def choose_cores(cores, n_workers):
    """Choose the number of cores to reserve for a worker of Ray Data.

    Parameters
    ----------
    cores : list of float
        Number of cores of each node.
    n_workers : int
        Number of workers.

    Returns
    -------
    float
        `USUAL_CORES`; or less, if there is a core, but too few for so many workers.
    """
    if n_workers <= count_startable(cores, USUAL_CORES) or max(cores, default=0) < 1:
        return USUAL_CORES
    # All on the largest node, which keeps a core for reading.
    share = (max(cores) - 1) / n_workers
    return min(USUAL_CORES, math.floor(share * FINEST) / FINEST)


def count_startable(cores, num_cpus):
    """Count the workers of Ray Data for which there are enough cores.

    Ray Data reads in tasks, each of which needs a core of its own, while the workers
    occupy theirs until all rows are done. Wherever Ray starts the workers, one node
    must therefore have a whole core left.

    Parameters
    ----------
    cores : list of float
        Number of cores of each node.
    num_cpus : float
        Number of cores of each worker.

    Returns
    -------
    int or float
        The number of workers, which is infinite if they need no cores.
    """
    # So many workers occupy a node until less than a core is left, on all nodes.
    n_blocking = sum(_divide(n - 1, num_cpus) + 1 for n in cores if n >= 1)
    return max(0, min(n_blocking - 1, _count_fitting(cores, num_cpus)))


def list_cores(ray):
    """List the numbers of cores of all nodes that are alive."""
    return [node["Resources"].get("CPU", 0.0) for node in ray.nodes() if node["Alive"]]


def warn_if_few(ray, n_workers, num_cpus, num_gpus, *, reads):
    """Warn if Ray would wait for cores or GPUs that the cluster does not have.

    Parameters
    ----------
    ray : module
        Ray.
    n_workers : int
        Number of workers that must run at the same time.
    num_cpus, num_gpus : float
        What Ray reserves for each of them.
    reads : bool
        Whether tasks of Ray Data, which need one more core, run at the same time.
    """
    cores = list_cores(ray)
    if reads:
        startable = count_startable(cores, num_cpus)
    else:
        startable = _count_fitting(cores, num_cpus)
    if n_workers > startable:
        task = " and 1 for the tasks of Ray that read the dataset" if reads else ""
        _warn(
            f"{count(n_workers, 'worker')} need{'s' if n_workers == 1 else ''} "
            f"{n_workers * num_cpus:g} cores (num_cpus={num_cpus:g} for each){task}, "
            f"but the cluster has {sum(cores):g} on {count(len(cores), 'node')}",
            "n_workers or num_cpus",
        )
    n_gpus = ray.cluster_resources().get("GPU", 0.0)
    if n_workers * num_gpus > n_gpus:
        _warn(
            f"{count(n_workers, 'worker')} need{'s' if n_workers == 1 else ''} "
            f"{n_workers * num_gpus:g} GPUs (num_gpus={num_gpus:g} for each), but the "
            f"cluster has {n_gpus:g}",
            "n_workers or num_gpus",
        )


def _warn(problem, names):
    warn_user(
        f"{problem}. Ray waits for them indefinitely, unless the cluster adds "
        f"machines on demand. Reduce {names}, or start a larger cluster."
    )


def _count_fitting(cores, num_cpus):
    return sum(_divide(n, num_cpus) for n in cores)


def _divide(n, size):
    """Return how many times a size fits, in Ray's units."""
    units = round(size * FINEST)
    return round(n * FINEST) // units if units else math.inf
