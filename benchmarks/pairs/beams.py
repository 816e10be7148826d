"""How often is a beam search better than greedy decoding?

Predictors of sums of two numbers, and of German translations of short English
sentences (`text/eng_deu.tsv.gz`, if there is a folder of data), are trained for a few
epochs. For each test sequence, the best prediction of a beam of five hypotheses is
compared with the greedy one: is it more probable according to the network, and is only
one of them correct?
"""

import numpy as np

from ..datasets import data_folder, load_table
from ..formatting import make_table
from ..runner import add_parameters, add_seeds, show_progress
from .addition import draw_questions
from .fitting import fit_predictor

BEAM_SIZE = 5
N_TRAIN, N_TEST = 20_000, 1_000
QUICK_TRAIN, QUICK_TEST = 200, 50
EPOCHS = 15

COLUMNS = {
    "task": "",
    "greedy, exact": ".1%",
    "beam, exact": ".1%",
    "other prediction": ".1%",
    "beam more probable": ".1%",
    "only beam exact": ".1%",
    "only greedy exact": ".1%",
}


def add_arguments(parser):
    """Add the options of this program."""
    add_seeds(parser, default=(0,))
    add_parameters(parser)


def run(options):
    """Evaluate all tasks with all seeds."""
    sizes = (QUICK_TRAIN, QUICK_TEST) if options.quick else (N_TRAIN, N_TEST)
    options.parameters = {"max_epochs": EPOCHS} | options.parameters
    tasks = {"sums": draw_questions(sum(sizes), sizes[1])}
    if data_folder() is not None:
        tasks["translation"] = draw_sentences(*sizes)
    rows = []
    for task, (train, test) in tasks.items():
        for seed in options.seeds:
            predictor, figures = fit_predictor(*train, seed, options)
            row = {"task": task} | figures | compare_beam(predictor, *test)
            show_progress(str(row))
            rows.append(row)
    title = f"Greedy decoding and a beam of {BEAM_SIZE}"
    return {"tables": {"beams": make_table(title, COLUMNS, rows)}, "results": rows}


def draw_sentences(n_train, n_test):
    """Draw distinct English sentences with one translation each, at random."""
    table = load_table("text/eng_deu.tsv.gz").drop_duplicates("eng")
    parts = []
    for name, n in (("train", n_train), ("test", n_test)):
        part = table[table["split"] == name]
        part = part.sample(min(n, len(part)), random_state=0)
        parts.append(
            tuple([text.split() for text in part[column]] for column in ("eng", "deu"))
        )
    return parts


def compare_beam(predictor, X, y):
    """Return fractions of X for which the predictions differ, and which are better."""
    found, scores = {}, {}
    for size in (1, BEAM_SIZE):
        predictor.set_params(beam_size=size)
        candidates, log_probabilities = predictor.predict_top(X, k=1)
        found[size] = [list(best[0]) for best in candidates]
        scores[size] = np.array([best[0] for best in log_probabilities])
    exact = {
        size: np.array([one == list(two) for one, two in zip(own, y, strict=True)])
        for size, own in found.items()
    }
    pairs = zip(found[1], found[BEAM_SIZE], strict=True)
    is_other = np.array([one != two for one, two in pairs])
    greedy, beam = exact[1], exact[BEAM_SIZE]
    return {
        "greedy, exact": greedy.mean(),
        "beam, exact": beam.mean(),
        "other prediction": is_other.mean(),
        "beam more probable": (is_other & (scores[BEAM_SIZE] > scores[1])).mean(),
        "only beam exact": (beam & ~greedy).mean(),
        "only greedy exact": (greedy & ~beam).mean(),
    }
