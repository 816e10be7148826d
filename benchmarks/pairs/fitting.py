"""Fit a predictor and decode with several beam sizes."""

from sklearn_seqembed import LSTMSequencePredictor

from ..timing import timed


def add_beams(parser):
    """Add the option --beam, values of `beam_size`."""
    parser.add_argument(
        "--beam", type=int, nargs="+", default=[1, 5], help="values of beam_size"
    )


def fit_and_predict(name, pairs, X_test, seed, beams, parameters):
    """Fit on pairs and predict with each beam size.

    Parameters
    ----------
    name : str
        Name of the contender, to which the beam size is appended.
    pairs : tuple
        X and y.
    X_test : list or DataFrame
        Sequences to predict the targets of.
    seed : int
        Random state.
    beams : list of int
        Values of `beam_size`, used with the same network.
    parameters : dict
        Parameters that differ from their defaults.

    Yields
    ------
    figures : dict
        Contender, seed, epochs, and seconds of `fit` and `predict`.
    predicted : list
        Target of each sequence.
    """
    predictor = LSTMSequencePredictor(**({"random_state": seed} | parameters))
    seconds, _ = timed(predictor.fit, *pairs)
    for beam_size in beams:
        predictor.set_params(beam_size=beam_size)
        predict_seconds, predicted = timed(predictor.predict, X_test)
        figures = {
            "contender": f"{name}, beam of {beam_size}" if beam_size > 1 else name,
            "seed": seed,
            "epochs": predictor.n_iter_,
            "fit, s": seconds,
            "predict, s": predict_seconds,
        }
        yield figures, predicted
