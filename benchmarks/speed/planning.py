"""How long do ten million sequences take, and a billion? A model of the cost.

Sequences of two numbers per time step are read from Parquet files by two cores. Four
phases are timed: reading alone, the first pass of `fit` with the closed form, one
epoch, and `transform_batches`. The seconds of a phase are a sum of terms:

- a constant;
- the number of sequences;
- the number of values, two per time step;
- the number of states: patches of four time steps times cells per direction;
- the number of products: patches times trained weights;
- for the first pass, the number of values of the sample from which the closed form is
  computed.

Their coefficients, none of which is negative, are fitted to runs with 10,000 to 3
million sequences, and minimize squared relative errors. A run with more sequences, and
with lengths and cells of no other run, is predicted before it is measured.

The model then plans a job with a billion sequences. Its price assumes what two cores
cost for an hour, and the exchange of gradients, which is computed instead of measured,
assumes a network of a given bandwidth.
"""

import pathlib
import tempfile
import time

import numpy as np
from scipy.optimize import nnls

from sklearn_seqembed import LSTMSequenceEmbedder, scan_sequences
from sklearn_seqembed._data.survey import SAMPLE_SEQUENCES

from ..formatting import make_table
from ..runner import judge, show_progress
from ..workers import Worker
from .streams import MIB, write_files

N_FEATURES = 2
PATCH_SIZE = 4
BATCH_SIZE = 1024
# Sequences, mean time steps and cells per direction of each run.
RUNS = (
    (10_000, 8, 8),
    (10_000, 8, 32),
    (10_000, 8, 128),
    (10_000, 64, 8),
    (10_000, 64, 32),
    (100_000, 8, 8),
    (100_000, 8, 64),
    (100_000, 32, 8),
    (100_000, 32, 32),
    (1_000_000, 8, 8),
    (1_000_000, 8, 32),
    (1_000_000, 16, 8),
    (3_000_000, 8, 8),
)
CHECKED = (10_000_000, 12, 16)
QUICK_RUNS, QUICK_CHECKED = RUNS[:4], (20_000, 8, 16)
PLANNED = (1_000_000_000, 100, 64)
N_EPOCHS = 3
N_MACHINES = (1, 16, 128)

PHASES = {
    "reading": ("constant", "sequences", "values"),
    "first pass": ("constant", "sequences", "values", "sampled"),
    "epoch": ("constant", "sequences", "values", "states", "products"),
    "transform": ("constant", "sequences", "values", "states", "products"),
}
# Size of a term in the table of coefficients.
UNITS = {
    "constant": 1,
    "sequences": 1e6,
    "values": 1e6,
    "states": 1e9,
    "products": 1e9,
    "sampled": 1e6,
}
# Errors of shorter phases count less.
SHORT_SECONDS = 0.1
# Runs with at most so many sequences are repeated, and the lowest seconds count.
SHORT_RUN, SHORT_ROUNDS = 100_000, 3

DOLLARS_PER_HOUR = 0.10  # of a rented machine with two cores
NETWORK_BYTES = 1.25e9  # per second: 10 Gbit/s
NETWORK_LATENCY = 1e-4  # seconds of a step of an exchange

TARGET = 0.20

COEFFICIENT_COLUMNS = {
    "phase": "",
    "constant, s": ".2f",
    "s per million sequences": ".2f",
    "s per million values": ".3f",
    "s per billion states": ".2f",
    "s per billion products": ".3f",
    "s per million sampled values": ".2f",
}
RUN_COLUMNS = {
    "sequences": ",d",
    "steps": "d",
    "cells": "d",
    "phase": "",
    "measured, s": ",.2f",
    "model, s": ",.2f",
    "model / measured": ".2f",
}
PLAN_COLUMNS = {
    "part": "",
    **{f"{n} machine{'s' * (n > 1)}, h": ",.1f" for n in N_MACHINES},
}


def run(options):
    """Time all runs, fit the model, and check it."""
    runs = QUICK_RUNS if options.quick else RUNS
    checked = QUICK_CHECKED if options.quick else CHECKED
    rows = [row for size in runs for row in measure(*size)]
    model = fit_model(rows)
    found = measure(*checked)
    add_predictions(model, rows + found)
    totals = [sum(row[key] for row in found) for key in ("measured, s", "model, s")]
    ratio = totals[1] / totals[0]
    return {
        "tables": {
            "planning-coefficients": make_table(
                "Coefficients", COEFFICIENT_COLUMNS, list_coefficients(model)
            ),
            "planning-runs": make_table("Runs of the fit", RUN_COLUMNS, rows),
            "planning-check": make_table("Predicted run", RUN_COLUMNS, found),
            "planning-billion": make_table("Plan", PLAN_COLUMNS, plan(model)),
        },
        "targets": [
            judge(
                f"planning: predicted / measured seconds, {checked[0]:,} sequences",
                f"{1 - TARGET:g} to {1 + TARGET:g}",
                f"{ratio:.2f}",
                abs(ratio - 1) <= TARGET,
            )
        ],
    }


def measure(n_sequences, n_steps, n_cells):
    """Return a row for each phase of one run."""
    show_progress(f"{n_sequences:,} sequences, {n_steps} steps, {n_cells} cells")
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        path = pathlib.Path(folder) / "sequences"
        shortest = n_steps // 2
        write_files(path, n_sequences, shortest, 2 * n_steps - shortest + 1)
        n_bytes = sum(file.stat().st_size for file in path.iterdir())
        with Worker("speed.planning", n_threads=2) as worker:
            n_rounds = SHORT_ROUNDS if n_sequences <= SHORT_RUN else 1
            rounds = [
                worker.call("time_phases", folder=str(path), n_cells=n_cells)
                for _ in range(n_rounds)
            ]
    return [
        {
            "sequences": n_sequences,
            "steps": n_steps,
            "cells": n_cells,
            "phase": phase,
            "measured, s": min(found["seconds"][phase] for found in rounds),
            "files, MiB": n_bytes / MIB,
            "weights": rounds[0]["weights"],
        }
        for phase in PHASES
    ]


# In the workers


def build_embedder(n_cells):
    """Return an embedder of one epoch, whose vectors are as large as its state."""
    return LSTMSequenceEmbedder(
        n_components=16,
        hidden_size=n_cells,
        random_features=0,
        patch_size=PATCH_SIZE,
        batch_size=BATCH_SIZE,
        max_epochs=1,
        early_stopping=False,
        device="cpu",
        random_state=0,
    )


def time_phases(folder, n_cells):
    """Return the seconds of each phase, and the number of trained weights."""
    stream = scan_sequences(folder)
    few = next(stream.iter_chunks()).table.slice(0, 500)
    build_embedder(n_cells).fit(few).transform(few)  # warm up
    seconds = {"reading": _time(lambda: sum(1 for _ in stream.iter_chunks()))}
    embedder = build_embedder(n_cells)
    whole = _time(lambda: embedder.fit(stream))
    seconds["epoch"] = embedder.history_[0]["dur"]
    seconds["first pass"] = whole - seconds["epoch"]
    batches = embedder.transform_batches(stream)
    seconds["transform"] = _time(lambda: sum(batch.num_rows for batch in batches))
    weights = sum(p.numel() for p in embedder.net_.module_.parameters())
    return {"seconds": seconds, "weights": weights}


def _time(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


# The model


def compute_terms(row):
    """Return the terms of a run by name."""
    n_values = row["sequences"] * row["steps"] * N_FEATURES
    n_patches = row["sequences"] * row["steps"] / PATCH_SIZE
    return {
        "constant": 1.0,
        "sequences": float(row["sequences"]),
        "values": float(n_values),
        "states": n_patches * row["cells"],
        "products": n_patches * row["weights"],
        "sampled": float(min(n_values, SAMPLE_SEQUENCES * row["steps"] * N_FEATURES)),
    }


def fit_model(rows):
    """Return the coefficients of the terms of each phase."""
    model = {}
    for phase, names in PHASES.items():
        chosen = [row for row in rows if row["phase"] == phase]
        seconds = np.array([row["measured, s"] for row in chosen])
        terms = np.array(
            [[compute_terms(row)[name] for name in names] for row in chosen]
        )
        weights = 1 / np.maximum(seconds, SHORT_SECONDS)
        weighted = terms * weights[:, None]
        scale = weighted.max(axis=0)
        found, _ = nnls(weighted / scale, seconds * weights)
        model[phase] = dict(zip(names, (found / scale).tolist(), strict=True))
    return model


def predict(model, row):
    """Return the seconds of a phase."""
    terms = compute_terms(row)
    return sum(value * terms[name] for name, value in model[row["phase"]].items())


def add_predictions(model, rows):
    """Add what the model predicts to the rows of runs."""
    for row in rows:
        row["model, s"] = predict(model, row)
        row["model / measured"] = row["model, s"] / row["measured, s"]


def list_coefficients(model):
    """Return a row for each phase."""
    headings = list(COEFFICIENT_COLUMNS)[1:]
    return [
        {"phase": phase}
        | {
            heading: values[name] * unit if name in values else None
            for heading, (name, unit) in zip(headings, UNITS.items(), strict=True)
        }
        for phase, values in model.items()
    ]


def plan(model):
    """Return the hours of each part of a large job, and its price.

    `sklearn_seqembed.ray.fit` divides only the cells among machines; each of them reads
    all files and gathers all batches. `sklearn_seqembed.ray.transform` divides all.
    """
    n_sequences, n_steps, n_cells = PLANNED
    weights = count_weights(n_cells)
    job = dict(zip(("sequences", "steps", "cells"), PLANNED, strict=True))
    terms = compute_terms(job | {"weights": weights})
    seconds = {
        phase: {name: value * terms[name] for name, value in coefficients.items()}
        for phase, coefficients in model.items()
    }
    cells = sum(seconds["epoch"][name] for name in ("states", "products"))
    gathering = sum(seconds["epoch"].values()) - cells
    n_batches = N_EPOCHS * n_sequences / BATCH_SIZE
    parts = {
        "first pass, on each machine": lambda n: sum(seconds["first pass"].values()),
        "reading and gathering batches, on each machine": lambda n: (
            N_EPOCHS * gathering
        ),
        "of these, reading files": lambda n: (
            N_EPOCHS * sum(seconds["reading"].values())
        ),
        "cells, divided": lambda n: N_EPOCHS * cells / n,
        "exchange of gradients": lambda n: n_batches * exchange_seconds(n, weights),
        "transform, divided": lambda n: sum(seconds["transform"].values()) / n,
    }
    headings = dict(zip(N_MACHINES, list(PLAN_COLUMNS)[1:], strict=True))
    rows = [
        {"part": part} | {headings[n]: compute(n) / 3600 for n in N_MACHINES}
        for part, compute in parts.items()
    ]
    total, price = {"part": "total"}, {"part": "US$"}
    for n, heading in headings.items():
        total[heading] = sum(
            row[heading] for row in rows if not row["part"].startswith("of these")
        )
        price[heading] = total[heading] * n * DOLLARS_PER_HOUR
    return [*rows, total, price]


def exchange_seconds(n_machines, n_weights):
    """Return the seconds in which machines in a ring add up gradients in float32."""
    n_steps = 2 * (n_machines - 1)
    n_bytes = n_steps / n_machines * 4 * n_weights
    return n_bytes / NETWORK_BYTES + n_steps * NETWORK_LATENCY


def count_weights(n_cells):
    """Return the number of trained weights of a network."""
    few = [np.random.default_rng(i).normal(size=(8, N_FEATURES)) for i in range(50)]
    embedder = build_embedder(n_cells).set_params(max_epochs=0).fit(few)
    return sum(p.numel() for p in embedder.net_.module_.parameters())
