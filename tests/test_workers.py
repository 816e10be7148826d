"""Training of one network by several processes, without Ray."""

import contextlib

import numpy as np
import pytest
from small_fits import small_embedder
from torch import distributed, multiprocessing

from sklearn_seqembed._training.workers import Workers, current_workers
from sklearn_seqembed.datasets import make_sequences

# Eleven sequences are split into batches of 4, 4 and 3, or of 5 and 5; 1 is held out.
CASES = {
    "default": {},
    "one held out": {"batch_size": 5, "early_stopping": True},
    "dropout": {"batch_size": 4, "num_layers": 2, "dropout": 0.2},
    "forecast": {"batch_size": 4, "objective": "forecast"},
}


def make_X():
    return make_sequences(
        11, n_features=2, lengths=(4, 9), missing=0.1, random_state=0
    )[0]


@contextlib.contextmanager
def working(folder, rank=0, n_workers=1):
    """Let this process be one of several workers."""
    distributed.init_process_group(
        "gloo", f"file://{folder}/store", rank=rank, world_size=n_workers
    )
    current_workers.set(Workers())
    try:
        yield
    finally:
        current_workers.set(None)
        distributed.destroy_process_group()


def fit_cases():
    results = {}
    for name, parameters in CASES.items():
        embedder = small_embedder(**parameters).fit(make_X())
        losses = [row["train_loss"] for row in embedder.history_]
        results[name] = embedder.transform(make_X()), losses
    return results


def work(rank, folder):
    """Fit in one of two processes, and check that all batches are shared."""
    with working(folder, rank, n_workers=2):
        results = fit_cases()
        with pytest.raises(
            ValueError, match=r"smallest batch has 1 of 11 .* 2 workers"
        ):
            small_embedder(batch_size=1).fit(make_X())
        with pytest.raises(RuntimeError, match="The workers prepared different train"):
            small_embedder().fit(make_X()[rank:])
    np.savez(
        folder / f"{rank}.npz",
        **{f"{name} vectors": vectors for name, (vectors, _) in results.items()},
        **{f"{name} losses": losses for name, (_, losses) in results.items()},
    )


def test_two_workers_learn_what_one_process_learns(tmp_path):
    expected = fit_cases()

    multiprocessing.spawn(work, (tmp_path,), nprocs=2)

    found = [np.load(tmp_path / f"{rank}.npz") for rank in (0, 1)]
    for name, (vectors, losses) in expected.items():
        # Both workers have the same network.
        np.testing.assert_array_equal(*(f[f"{name} vectors"] for f in found))
        if name != "dropout":  # each worker draws numbers of its own
            np.testing.assert_allclose(
                found[0][f"{name} losses"], losses, rtol=1e-4, atol=1e-6
            )
            np.testing.assert_allclose(
                found[0][f"{name} vectors"], vectors, rtol=1e-3, atol=1e-4
            )


def test_one_worker_learns_what_it_learns_alone(tmp_path):
    expected = fit_cases()

    with working(tmp_path):
        found = fit_cases()

    for name, (vectors, losses) in expected.items():
        if name != "dropout":
            np.testing.assert_allclose(found[name][1], losses, rtol=1e-4)
            np.testing.assert_allclose(found[name][0], vectors, rtol=1e-3, atol=1e-4)
