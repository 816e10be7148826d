"""What the programs share that fit a predictor and let it say."""

import time

from sklearn_seqembed import LSTMSequencePredictor

BEAMS = [1, 5]


def add_beams(parser):
    """Let a command line set values of `beam_size`: --beam 1 5, the default."""
    parser.add_argument(
        "--beam", type=int, nargs="+", default=BEAMS, help="values of beam_size"
    )


def fit_and_say(name, X, y, X_test, seed, beams, parameters):
    """Fit on pairs, and say what belongs to other sequences, by each beam.

    Parameters
    ----------
    name : str
        Name of the contender, to which the beam is added.
    X, y : list or DataFrame
        The pairs.
    X_test : list or DataFrame
        What to say the targets of.
    seed : int
        Seed of network and batches.
    beams : list of int
        Values of `beam_size`, each of the same network.
    parameters : dict
        Parameters that are not to be their defaults.

    Yields
    ------
    figures : dict
        Contender, seed, epochs, and seconds of `fit` and of `predict`.
    said : list
        A target of each of `X_test`.
    """
    predictor = LSTMSequencePredictor(**({"random_state": seed} | parameters))
    start = time.perf_counter()
    predictor.fit(X, y)
    seconds = time.perf_counter() - start
    for beam_size in beams:
        start = time.perf_counter()
        said = predictor.set_params(beam_size=beam_size).predict(X_test)
        figures = {
            "contender": f"{name}, beam {beam_size}",
            "seed": seed,
            "epochs": predictor.n_iter_,
            "seconds": seconds,
            "predict": time.perf_counter() - start,
        }
        yield figures, said
