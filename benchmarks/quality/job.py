"""One job of the quality benchmark: one contender, one set, one seed."""

import functools

import numpy as np

from sklearn_seqembed import LSTMSequenceEmbedder

from ..datasets import PARTS, load_labels, load_sequences
from .contenders import CONTENDERS
from .evaluation import evaluate, evaluate_by_ridge


def run_job(job, quick):
    """Embed a set and evaluate the vectors.

    Parameters
    ----------
    job : dict
        "contender", a key of `CONTENDERS`, "set" and "seed".
    quick : bool
        Whether to use parameters that only test the program.

    Returns
    -------
    figures : dict
        Figures by name.
    """
    _warm_up()
    contender, name = CONTENDERS[job["contender"]], job["set"]
    parameters = contender.parameters | (contender.quick if quick else {})
    X = [load_sequences(name, part) for part in PARTS]
    y_train, y_test = (load_labels(name, part) for part in PARTS)
    train, test, explained, seconds = contender.embed(*X, job["seed"], **parameters)
    figures = evaluate(train, y_train, test, y_test, contender.standardize)
    if contender.ridge:
        figures["ridge"] = evaluate_by_ridge(train, y_train, test, y_test)
    return figures | {
        "explained": explained,
        "fit_seconds": seconds,
        "vector_length": train.shape[1],
        "n_train": len(train),
        "n_test": len(test),
    }


@functools.cache
def _warm_up():
    """Fit once, since torch's first calls take seconds."""
    LSTMSequenceEmbedder(n_components=4, max_epochs=1).fit(np.eye(4, 20))
