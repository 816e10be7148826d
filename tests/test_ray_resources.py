"""Cores of a cluster: how many workers can start. These tests need no Ray."""

import math
import types

import pytest

from sklearn_seqembed._ray.resources import (
    choose_cores,
    count_startable,
    warn_if_few,
)


@pytest.mark.parametrize(
    ("cores", "num_cpus", "expected"),
    [
        ([2], 0.5, 2),
        ([2], 0.75, 1),
        ([2], 1, 1),
        ([2], 3, 0),
        ([1], 0.5, 0),
        ([1], 0, math.inf),
        ([], 0.5, 0),
        ([0, 4], 1, 3),
        ([1, 1], 0.5, 1),  # one on each node would leave no whole core
        ([4, 2], 3, 1),
        ([1.3], 0.1, 3),  # not 2.9999...
    ],
)
def test_a_core_is_left_for_reading(cores, num_cpus, expected):
    assert count_startable(cores, num_cpus) == expected


@pytest.mark.parametrize(
    ("cores", "n_workers", "expected"),
    [
        ([2], 2, 0.5),
        ([2], 3, 0.3333),
        ([2], 4, 0.25),
        ([1], 1, 0),
        ([0], 2, 0.5),  # nodes with cores may be added
        ([1, 1], 2, 0),
    ],
)
def test_workers_reserve_less_on_few_cores(cores, n_workers, expected):
    found = choose_cores(cores, n_workers)

    assert found == pytest.approx(expected)
    if max(cores):
        assert count_startable(cores, found) >= n_workers


def make_ray(*nodes):
    """Return what stands for Ray, with nodes of these resources."""
    total = {name: sum(node.get(name, 0) for node in nodes) for name in ("CPU", "GPU")}
    return types.SimpleNamespace(
        nodes=lambda: (
            [{"Alive": True, "Resources": node} for node in nodes]
            + [{"Alive": False, "Resources": {"CPU": 99}}]
        ),
        cluster_resources=lambda: total,
    )


@pytest.mark.parametrize(
    ("nodes", "n_workers", "num_cpus", "num_gpus", "reads", "match"),
    [
        (
            [{"CPU": 2}],
            4,
            0.5,
            0,
            True,
            r"4 workers need 2 cores \(num_cpus=0.5 for each\) and 1 for the tasks of "
            r"Ray that read the dataset, but the cluster has 2 on 1 node. Ray waits .* "
            "Reduce n_workers or num_cpus",
        ),
        (
            [{"CPU": 1}, {"CPU": 1}],
            3,
            1,
            0,
            False,
            r"3 workers need 3 cores .* each\), but the cluster has 2 on 2 nodes",
        ),
        ([{"CPU": 8}], 1, 1, 1, False, "1 worker needs 1 GPUs .* the cluster has 0"),
        ([{}], 1, 1, 0, False, "the cluster has 0 on 1 node"),
    ],
)
def test_too_few_resources_lead_to_a_warning(
    nodes, n_workers, num_cpus, num_gpus, reads, match
):
    with pytest.warns(UserWarning, match=match) as caught:
        warn_if_few(make_ray(*nodes), n_workers, num_cpus, num_gpus, reads=reads)

    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.filterwarnings("error")
def test_enough_resources_lead_to_no_warning():
    warn_if_few(make_ray({"CPU": 2}), 2, 0.5, 0, reads=True)
    warn_if_few(make_ray({"CPU": 2, "GPU": 1}), 2, 1, 0.5, reads=False)
    warn_if_few(make_ray({"CPU": 1}, {"CPU": 1}), 2, 1, 0, reads=False)
