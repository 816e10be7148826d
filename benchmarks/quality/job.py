"""One job of the quality benchmark: one contender, one set, one seed."""

import functools
import traceback

import numpy as np
from _data import load_labels, load_sequences

from _quality.contenders import CONTENDERS
from _quality.judges import judge, judge_by_ridge
from sklearn_seqembed import LSTMSequenceEmbedder

PARTS = ("train", "test")


def run(job, quick):
    """Embed a set and judge the vectors.

    Parameters
    ----------
    job : dict
        "contender", a key of `CONTENDERS`, "set" and "seed".
    quick : bool
        Whether parameters are those that only show that it works.

    Returns
    -------
    result : dict
        The job, and its figures or, under "error", the traceback.
    """
    try:
        _warm_up()
        contender = CONTENDERS[job["contender"]]
        return job | _figures(contender, job["set"], job["seed"], quick)
    except Exception:
        return job | {"error": traceback.format_exc()}


@functools.cache
def _warm_up():
    """Let torch make itself ready, seconds that would count for the first set."""
    LSTMSequenceEmbedder(n_components=4, max_epochs=1).fit(np.eye(4, 20))


def _figures(contender, name, seed, quick):
    parameters = contender.parameters | (contender.quick if quick else {})
    X = [load_sequences(name, part) for part in PARTS]
    y_train, y_test = (load_labels(name, part) for part in PARTS)
    train, test, explained, seconds = contender.embed(*X, seed, **parameters)
    figures = judge(train, y_train, test, y_test, contender.standardise)
    if contender.ridge:
        figures["ridge"] = judge_by_ridge(train, y_train, test, y_test)
    return figures | {
        "explained": explained,
        "fit_seconds": seconds,
        "vector_length": train.shape[1],
        "n_train": len(train),
        "n_test": len(test),
    }
