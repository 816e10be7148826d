"""Fit predictors, and decode with several beam sizes."""

from sklearn_seqembed import LSTMSequencePredictor

from ..runner import add_parameters, add_seeds
from ..timing import timed

BEAM_SIZES = 1, 5
QUICK = {"max_epochs": 2, "n_components": 16}


def add_arguments(parser):
    """Add the options --seeds and --set."""
    add_seeds(parser)
    add_parameters(parser)


def fit_predictor(X, y, seed, options):
    """Fit a predictor with the parameters given by --set.

    Returns
    -------
    predictor : LSTMSequencePredictor
        The fitted predictor.
    figures : dict
        Seed, epochs, and seconds of `fit`.
    """
    quick = QUICK if options.quick else {}
    parameters = {"random_state": seed} | quick | options.parameters
    predictor = LSTMSequencePredictor(**parameters)
    seconds, _ = timed(predictor.fit, X, y)
    return predictor, {"seed": seed, "epochs": predictor.n_iter_, "fit, s": seconds}


def fit_and_predict(name, X, y, X_test, options):
    """Fit with each seed, and predict with each beam size, which is added to the name.

    Yields
    ------
    figures : dict
        Contender, seed, epochs, and seconds of `fit` and `predict`.
    predicted : list
        Target of each sequence of `X_test`.
    """
    for seed in options.seeds:
        predictor, fitted = fit_predictor(X, y, seed, options)
        for beam_size in BEAM_SIZES:
            predictor.set_params(beam_size=beam_size)
            seconds, predicted = timed(predictor.predict, X_test)
            contender = f"{name}, beam of {beam_size}" if beam_size > 1 else name
            figures = {"contender": contender, **fitted, "predict, s": seconds}
            yield figures, predicted
