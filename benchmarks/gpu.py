"""How fast are training and transform on a GPU, beside a bare loop over cuDNN?

The textbook network is trained by `fit` of ours, whole and from the user's own
container, and by a bare loop of torch whose tensors lie on the device already; each in
float32 (as torch is set: by default with TF32 inside cuDNN) and in bfloat16. Printed
are sequences a second, the ratio ours / bare, and the share of the peak: the rate of
the LSTMs' matrix products over that of a plain product of a step's shapes in the same
precision. Everything runs in this process, in turn, in several rounds.

Run: python benchmarks/gpu.py [--device cuda] [--quick]
"""

import statistics
import time

import torch
from _cases import make_X, select_cases
from _contenders.bare_torch import LEARNING_RATE, Network
from _contenders.ours import TEXTBOOK
from _measure import (
    argument_parser,
    machine,
    median_ratio,
    print_table,
    show_progress,
    take_turns,
    write_json,
)
from training import n_operations

from sklearn_seqembed import LSTMSequenceEmbedder

ROUNDS = 3
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}

COLUMNS = {
    "case": "",
    "precision": "",
    "cells": "d",
    "batch": "d",
    "ours, sequences/s": ",.0f",
    "bare loop, sequences/s": ",.0f",
    "ours / bare": ".2f",
    "share of peak": ".1%",
    "transform, sequences/s": ",.0f",
}


def wait_for(device):
    """Wait until the device has done what was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def fit_ours(case, precision, device):
    """Fit the textbook network, and time `fit` and `transform`.

    Returns
    -------
    seconds : dict of str to float
        By method.
    """
    X = make_X(case)
    embedder = LSTMSequenceEmbedder(
        case.cells,
        **TEXTBOOK,
        batch_size=case.batch_size,
        max_epochs=case.epochs,
        precision=precision,
        device=device,
        random_state=0,
    )
    started = time.perf_counter()
    embedder.fit(X)
    fitted = time.perf_counter()
    embedder.transform(X)
    return {"fit": fitted - started, "transform": time.perf_counter() - fitted}


def fit_bare(case, precision, device):
    """Train the same network on a tensor of the device, and time the loop.

    Returns
    -------
    seconds : float
        Until the device is done.
    """
    x = torch.from_numpy(make_X(case)).to(device)
    dtype = PRECISIONS[precision]
    torch.manual_seed(0)
    wait_for(device)
    started = time.perf_counter()
    network = Network(case.n_features, case.cells).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    for _ in range(case.epochs):
        for indices in torch.randperm(len(x), device=device).split(case.batch_size):
            batch = x[indices]
            enabled = dtype != torch.float32
            with torch.autocast(device.type, dtype, enabled=enabled):
                output = network(batch)
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(output.float(), batch).backward()
            optimizer.step()
    wait_for(device)
    return time.perf_counter() - started


def product_rate(case, precision, device):
    """Measure a plain product of a step's shapes, in operations a second."""
    dtype = PRECISIONS[precision]
    states = torch.randn(case.batch_size, case.cells, dtype=dtype, device=device)
    weights = torch.randn(case.cells, 4 * case.cells, dtype=dtype, device=device)
    n_products = 1000
    for n in (10, n_products):  # the first few warm up
        wait_for(device)
        started = time.perf_counter()
        for _ in range(n):
            torch.mm(states, weights)
        wait_for(device)
        seconds = time.perf_counter() - started
    return n_products * 2 * case.batch_size * case.cells * 4 * case.cells / seconds


def measure(case, precision, device, n_rounds):
    """Train and embed in turn, on one case in one precision.

    Returns
    -------
    row : dict
        Figures by heading.
    """
    ways = {
        "ours": lambda: fit_ours(case, precision, device),
        "bare": lambda: fit_bare(case, precision, device),
        "peak": lambda: product_rate(case, precision, device),
    }
    ways["ours"]()  # the first fit loads libraries and chooses kernels
    figures = take_turns(ways, n_rounds)
    ours = [figure["fit"] for figure in figures["ours"]]
    transform = statistics.median(figure["transform"] for figure in figures["ours"])
    n_seen = case.n_sequences * case.epochs
    rates = [case.epochs * n_operations(case) / seconds for seconds in ours]
    return {
        "case": case.name,
        "precision": precision,
        "cells": case.cells,
        "batch": case.batch_size,
        "ours, sequences/s": n_seen / statistics.median(ours),
        "bare loop, sequences/s": n_seen / statistics.median(figures["bare"]),
        "ours / bare": median_ratio(figures["bare"], ours),
        "share of peak": median_ratio(rates, figures["peak"]),
        "transform, sequences/s": case.n_sequences / transform,
        "rounds": figures,
    }


def main():
    """Measure all cases of equal lengths, print the table, write JSON."""
    parser = argument_parser(__doc__)
    parser.add_argument("--device", default="cuda", help="where to compute")
    args = parser.parse_args()
    device = torch.device(args.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("There is no CUDA device here: nothing to measure.")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(", ".join(f"{k} {v}" for k, v in machine().items()), f"\nDevice: {name}\n")
    cases = [case for case in select_cases(args.quick) if not case.ragged]
    rows = []
    for case in cases:
        for precision in PRECISIONS:
            show_progress(f"{case.name}, {precision}")
            rows.append(measure(case, precision, device, 1 if args.quick else ROUNDS))
    print_table(rows, COLUMNS)
    write_json("gpu", {"device": name, "cases": rows, "quick": args.quick})


if __name__ == "__main__":
    main()
