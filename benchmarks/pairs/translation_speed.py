"""Is translation by characters as fast as it can be? Against the Keras example.

The first 10,000 pairs of `text/eng_deu.tsv.gz` (under SEQEMBED_DATA), English to
German. Keras' network is that of its example: an LSTM of 256 cells over one-hot
characters, whose states start another one that reads the true target, padded to the
longest without a mask, batches of 64, RMSprop. Ours is `LSTMSequencePredictor` of the
nearest network: 256 cells that read one way, whose last states are the vector, 256
cells that say, one character a step, batches of 64. It computes more than Keras where
the vector enters each step of the decoder, and less where sequences of about the same
length stand in a batch.

Training: both in turns, each in a process of its own with one thread, pinned to one
core. Of ours the whole `fit` is timed, from strings; of Keras `fit` of a traced graph
over ready-made arrays. Ours starts anew in each round, Keras goes on.

Decoding: Keras one sentence after another, with one call of the decoder for each
character, over some of the sentences; its time is scaled up to all of them. The call is
`predict`, as in its example, and in a row of its own `predict_on_batch`, which runs the
same graph without making a data set of each character. Ours is one call of `predict`
with all 1,000. Networks that are hardly trained say more or less than the truth, and
each something else: so beside the ratio of seconds stands that for as many characters.

Run: python benchmarks/sequence_speed.py [--set cell=gru] [--quick]
"""

import functools
import statistics
import time

from _data import load_table
from _measure import (
    Worker,
    add_parameters,
    argument_parser,
    median_ratio,
    print_machine,
    print_table,
    show_progress,
    take_turns,
    write_json,
)

N_THREADS = 1

CELLS = 256
BATCH_SIZE = 64
NEAREST = {
    "n_components": CELLS,
    "bidirectional": False,
    "patch_size": 1,
    "batch_size": BATCH_SIZE,
    "early_stopping": False,
    "device": "cpu",
    "random_state": 0,
}

# Pairs, epochs of a round, rounds, sentences to decode, and how many of them by Keras.
SIZES = {
    "pairs": 10_000,
    "epochs": 2,
    "rounds": 3,
    "decoded": 1_000,
    "decoded by Keras": 40,
}
SIZES_QUICK = {
    "pairs": 256,
    "epochs": 1,
    "rounds": 1,
    "decoded": 50,
    "decoded by Keras": 2,
}

TRAINING_COLUMNS = {
    "contender": "",
    "seconds": ".2f",
    "pairs a second": ",.0f",
    "Keras / ours": ".2f",
}
DECODING_COLUMNS = {
    "contender": "",
    "sentences": ",d",
    "seconds": ".2f",
    "seconds of all": ".2f",
    "characters a sentence": ".1f",
    "characters a second": ",.0f",
    "this / ours": ".1f",
    "as many characters": ".1f",
}

# How Keras is called for each character.
KERAS_WAYS = ("predict", "predict_on_batch")

# What the process of ours holds ready.
_READY = {}


@functools.lru_cache(maxsize=1)
def read_pairs(n_pairs):
    """Return the first English and German sentences, which are the shortest."""
    table = load_table("text/eng_deu.tsv.gz", separator="\t").iloc[:n_pairs]
    return table["eng"].tolist(), table["deu"].tolist()


def train_translation(n_pairs, epochs, parameters):
    """Time `fit` of ours in this process, whole, from strings.

    Parameters
    ----------
    n_pairs : int
        Number of pairs.
    epochs : int
        Passes over them.
    parameters : dict
        Parameters that are not to be those of the nearest network.

    Returns
    -------
    seconds : float
        What a user waits.
    """
    # Not at the top, which the process of Keras reads too: torch stays out of it.
    from sklearn_seqembed import LSTMSequencePredictor

    pairs = read_pairs(n_pairs)
    predictor = LSTMSequencePredictor(**(NEAREST | parameters | {"max_epochs": epochs}))
    started = time.perf_counter()
    predictor.fit(*pairs)
    seconds = time.perf_counter() - started
    _READY["predictor"] = predictor
    return seconds


def translate(sources):
    """Time `predict` of all sources at once, by the network last trained.

    Parameters
    ----------
    sources : list of str
        What to translate.

    Returns
    -------
    seconds : float
        What a user waits.
    targets : list of str
        The translations.
    """
    predictor = _READY["predictor"]
    predictor.predict(sources[:1])  # first calls are slower
    started = time.perf_counter()
    targets = predictor.predict(sources)
    return time.perf_counter() - started, targets


def measure_training(sizes, ours, keras, parameters):
    """Train both in turns.

    Parameters
    ----------
    sizes : dict
        As `SIZES`.
    ours, keras : Worker
        The contenders.
    parameters : dict
        Parameters of ours that are not to be those of the nearest network.

    Returns
    -------
    rows : list of dict
        Figures by heading, of ours and of Keras.
    """
    n_pairs, epochs = sizes["pairs"], sizes["epochs"]
    sources, targets = read_pairs(n_pairs)
    settings = {"n_pairs": n_pairs, "parameters": parameters}
    ours.call("train_translation", epochs=1, **settings)  # first calls are slower
    keras.call("prepare_translation", sources=sources, targets=targets)
    ways = {
        "ours": lambda: ours.call("train_translation", epochs=epochs, **settings),
        "Keras": lambda: keras.call("train_translation", epochs=epochs),
    }
    figures = take_turns(ways, sizes["rounds"])
    rows = []
    for name, seconds in figures.items():
        median = statistics.median(seconds)
        rates = {"seconds": median, "pairs a second": n_pairs * epochs / median}
        rows.append({"contender": name, "rounds": seconds} | rates)
    rows[0]["Keras / ours"] = median_ratio(figures["Keras"], figures["ours"])
    return rows


def measure_decoding(sizes, ours, keras):
    """Let both translate with the networks they have trained.

    Parameters
    ----------
    sizes : dict
        As `SIZES`.
    ours, keras : Worker
        The contenders.

    Returns
    -------
    rows : list of dict
        Figures by heading, of ours and of each way of Keras.
    """
    sources, _ = read_pairs(sizes["pairs"])
    n_decoded = sizes["decoded"]
    # Spread over the pairs, which are sorted by length.
    sources = sources[:: len(sources) // n_decoded][:n_decoded]
    few = sources[:: n_decoded // sizes["decoded by Keras"]]
    few = few[: sizes["decoded by Keras"]]
    ways = {"ours": lambda: ours.call("translate", sources=sources)}
    for way in KERAS_WAYS:
        ways[f"Keras, {way}"] = functools.partial(
            keras.call, "translate", sources=few, way=way
        )
    rows = []
    for name, way in ways.items():
        seconds, said = way()
        n_said = sum(len(target) + 1 for target in said)  # the end is said too
        rows.append(
            {
                "contender": name,
                "sentences": len(said),
                "seconds": seconds,
                "seconds of all": seconds * n_decoded / len(said),
                "characters a sentence": n_said / len(said),
                "characters a second": n_said / seconds,
                "said": said[:10],
            }
        )
    mine = rows[0]
    for row in rows[1:]:
        row["this / ours"] = row["seconds of all"] / mine["seconds of all"]
        row["as many characters"] = (
            mine["characters a second"] / row["characters a second"]
        )
    return rows


def main():
    """Measure training and decoding, print tables, write JSON."""
    parser = argument_parser(__doc__)
    add_parameters(parser)
    args = parser.parse_args()
    print_machine(N_THREADS, args.quick)
    sizes = SIZES_QUICK if args.quick else SIZES
    parameters = dict(args.set)
    with (
        Worker("sequence_speed", N_THREADS) as ours,
        Worker("_contenders.keras_sequences", N_THREADS) as keras,
    ):
        show_progress("sequence_speed: training")
        training = measure_training(sizes, ours, keras, parameters)
        print(f"Training, {sizes['epochs']} epoch(s) of {sizes['pairs']:,} pairs:")
        print_table(training, TRAINING_COLUMNS)
        show_progress("sequence_speed: decoding")
        decoding = measure_decoding(sizes, ours, keras)
    print(
        f"Decoding {sizes['decoded']:,} sentences; Keras says "
        f"{sizes['decoded by Keras']} of them, and its time is scaled up:"
    )
    print_table(decoding, DECODING_COLUMNS)
    write_json(
        "sequence_speed",
        {
            "quick": args.quick,
            "sizes": sizes,
            "parameters": NEAREST | parameters,
            "training": training,
            "decoding": decoding,
        },
    )


if __name__ == "__main__":
    main()
