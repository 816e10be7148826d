"""How long does `fit` take with all defaults?

Fits the embedder once on simulated sequences of one feature, for several numbers of
sequences and lengths, in a process with one thread. Seconds are CPU time, which equals
elapsed time on an idle machine and is hardly affected by other programs.
"""

import time

from ..formatting import make_table
from ..runner import show_progress
from ..timing import timed
from ..workers import Worker

SIZES = (100, 1_000, 10_000)
LENGTHS = (20, 100, 500)


def add_arguments(parser):
    """Add the options of this program."""
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)


def run(options):
    """Fit on all numbers of sequences and lengths."""
    max_epochs = 1 if options.quick else "auto"
    sizes = options.sizes[:2] if options.quick else options.sizes
    rows, fits = [], []
    for n_sequences in sizes:
        row = {"sequences": n_sequences}
        for length in options.lengths:
            show_progress(f"fit times: {n_sequences:,} sequences, {length} steps")
            with Worker("speed.fit_times") as worker:
                fit = worker.call(
                    "time_fit",
                    n_sequences=n_sequences,
                    length=length,
                    max_epochs=max_epochs,
                )
            show_progress(str(fit))
            row[f"{length} steps"] = fit["seconds"]
            fits.append({"sequences": n_sequences, "steps": length} | fit)
        rows.append(row)
    columns = {f"{length} steps": ",.0f" for length in options.lengths}
    table = make_table("CPU seconds of fit", {"sequences": ",d"} | columns, rows)
    return {"tables": {"fit-times": table}, "fits": fits}


def time_fit(n_sequences, length, max_epochs):
    """Fit in the worker, after a warm-up; return seconds, epochs and score."""
    from sklearn_seqembed import LSTMSequenceEmbedder
    from sklearn_seqembed.datasets import make_sequences

    def fit(n_sequences, max_epochs):
        X, _ = make_sequences(n_sequences, lengths=(length, length), random_state=0)
        embedder = LSTMSequenceEmbedder(
            max_epochs=max_epochs, device="cpu", random_state=0
        )
        return timed(embedder.fit, X, clock=time.process_time)

    fit(10, 1)
    seconds, embedder = fit(n_sequences, max_epochs)
    return {
        "seconds": seconds,
        "epochs": embedder.n_iter_,
        "patch_size": embedder.patch_size_,
        "train_score": embedder.train_score_,
    }
