"""Is translation by characters fast, compared with the example of Keras?

Uses the first 10,000 pairs of `text/eng_deu.tsv.gz`, English to German. Keras' network
is that of its example: an LSTM of 256 cells over one-hot characters, whose states start
another LSTM that reads the true target, all padded to the longest without a mask,
batches of 64, RMSprop. Ours is the `LSTMSequencePredictor` closest to it: 256 cells in
one direction, whose final states are the vector, and a decoder of 256 cells, one
character per step, batches of 64. It computes more than Keras, because the decoder
reads the vector at each step, and less, because sequences of similar length are in one
batch.

Training: both run in turn, in processes of one thread pinned to one core. For ours, the
complete `fit` from strings is timed. For Keras, it is `fit` of a traced graph on
prepared arrays. Ours begins with new weights in each round, and Keras continues.

Decoding: Keras decodes a few sentences, one after another, with one call of the decoder
per character. Its time is scaled up to all sentences. It is called with `predict`, as
in the example, and with `predict_on_batch`, which runs the same graph without creating
a dataset for each character. Ours is one call of `predict` with all 1,000 sentences.
After so short a training, both predict sentences of different lengths, so the ratio is
also given per character.
"""

import functools
import statistics

from sklearn_seqembed import LSTMSequencePredictor

from ..datasets import load_table
from ..formatting import make_table
from ..runner import add_parameters, show_progress
from ..timing import median_ratio, take_turns, timed
from ..workers import Worker

CELLS = 256
BATCH_SIZE = 64
CLOSEST = {
    "n_components": CELLS,
    "bidirectional": False,
    "patch_size": 1,
    "batch_size": BATCH_SIZE,
    "early_stopping": False,
    "device": "cpu",
    "random_state": 0,
}

SIZES = {"pairs": 10_000, "epochs": 2, "rounds": 3, "decoded": 1_000, "by Keras": 40}
QUICK_SIZES = {"pairs": 256, "epochs": 1, "rounds": 1, "decoded": 50, "by Keras": 2}

TRAINING_COLUMNS = {"contender": "", "pairs/s": ",.0f", "Keras / ours": ".2f"}
DECODING_COLUMNS = {
    "contender": "",
    "seconds": ",.2f",
    "characters/s": ",.0f",
    "time / ours": ",.0f",
    "time / ours, per character": ",.0f",
}

# The predictor last trained in the process of ours.
_FITTED = {}

add_arguments = add_parameters


def run(options):
    """Measure training and decoding."""
    sizes = QUICK_SIZES if options.quick else SIZES
    parameters = CLOSEST | options.parameters
    # The first pairs are the shortest.
    table = load_table("text/eng_deu.tsv.gz").iloc[: sizes["pairs"]]
    pairs = {"sources": table["eng"].tolist(), "targets": table["deu"].tolist()}
    with (
        Worker("pairs.translation_speed") as ours,
        Worker("pairs.keras_examples") as keras,
    ):
        show_progress("translation speed: training")
        training = measure_training(sizes, pairs, ours, keras, parameters)
        show_progress("translation speed: decoding")
        decoding = measure_decoding(sizes, pairs["sources"], ours, keras)
    return {
        "tables": {
            "translation-training": make_table("Training", TRAINING_COLUMNS, training),
            "translation-decoding": make_table(
                f"Decoding {sizes['decoded']:,} sentences", DECODING_COLUMNS, decoding
            ),
        },
        "sizes": sizes,
        "parameters": parameters,
    }


def train_ours(sources, targets, epochs, parameters):
    """Time `fit` in the process of ours."""
    predictor = LSTMSequencePredictor(**(parameters | {"max_epochs": epochs}))
    seconds, _FITTED["predictor"] = timed(predictor.fit, sources, targets)
    return seconds


def translate_ours(sources):
    """Time `predict` in the process of ours; return seconds and translations."""
    predict = _FITTED["predictor"].predict
    predict(sources[:1])  # first calls are slower
    return timed(predict, sources)


def measure_training(sizes, pairs, ours, keras, parameters):
    """Train in turn; return the rows of both."""
    epochs = sizes["epochs"]
    train = functools.partial(ours.call, "train_ours", parameters=parameters, **pairs)
    train(epochs=1)  # first calls are slower
    keras.call("prepare_translation", **pairs)
    contenders = {
        "ours, `fit` from strings": functools.partial(train, epochs=epochs),
        "Keras, `fit` on padded arrays, graph traced": functools.partial(
            keras.call, "train_translation", epochs=epochs
        ),
    }
    figures = take_turns(contenders, sizes["rounds"])
    rows = [
        {
            "contender": name,
            "pairs/s": sizes["pairs"] * epochs / statistics.median(seconds),
            "figures": seconds,
        }
        for name, seconds in figures.items()
    ]
    mine, theirs = figures.values()
    rows[0]["Keras / ours"] = median_ratio(theirs, mine)
    return rows


def measure_decoding(sizes, sources, ours, keras):
    """Translate with the networks last trained; return one row per contender."""
    n_decoded = sizes["decoded"]
    # Evenly spaced, since the pairs are sorted by length.
    sources = sources[:: len(sources) // n_decoded][:n_decoded]
    few = sources[:: n_decoded // sizes["by Keras"]][: sizes["by Keras"]]
    decoded = {"ours": ours.call("translate_ours", sources=sources)}
    for method in ("predict_on_batch", "predict"):
        decoded[f"Keras, `{method}`"] = keras.call(
            "translate", sources=few, method=method
        )
    rows = []
    for name, (seconds, translated) in decoded.items():
        n_characters = sum(len(target) + 1 for target in translated)  # with the end
        row = {
            "contender": name,
            "seconds": seconds * n_decoded / len(translated),
            "characters/s": n_characters / seconds,
            "translated": translated[:10],
        }
        if rows:
            row["time / ours"] = row["seconds"] / rows[0]["seconds"]
            row["time / ours, per character"] = (
                rows[0]["characters/s"] / row["characters/s"]
            )
        rows.append(row)
    return rows
