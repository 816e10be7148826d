"""Sequence-to-sequence networks of the Keras examples, on TensorFlow.

The network for addition reads a question and repeats its vector for each character of
the answer. The one for translation passes the states of its encoder to a decoder, which
reads the true characters in training and decodes one character per call afterwards.
"""

import time

import keras
import numpy as np

from ..timing import timed

ADDITION_CELLS = 128
ADDITION_BATCH = 32

TRANSLATION_CELLS = 256
TRANSLATION_BATCH = 64
# Put before and after each target by the example.
START, END = "\t", "\n"
PADDING = " "


def one_hot(texts, codes, n_steps):
    """Encode texts, padded at the end, as (n_texts, n_steps, n_characters) float32."""
    rows = [[codes[c] for c in text.ljust(n_steps, PADDING)] for text in texts]
    return np.eye(len(codes), dtype="float32")[np.array(rows)]


def enumerate_characters(texts):
    """Return a code for each character of the texts, and for the padding."""
    return {c: i for i, c in enumerate(sorted(set(PADDING).union(*texts)))}


def _trace(model, x, y, batch_size):
    """Trace a graph with a full and a smaller batch, and restore the weights."""
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    before = [keras.ops.convert_to_numpy(variable) for variable in variables]
    n_first = min(len(y), batch_size + len(y) % batch_size)
    few = keras.tree.map_structure(lambda array: array[:n_first], (x, y))
    model.fit(*few, batch_size=batch_size, verbose=0)
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)


# Addition


def build_addition(n_question, n_answer, n_characters):
    """Build and compile the network of addition, for padded questions and answers."""
    model = keras.Sequential(
        [
            keras.layers.Input((n_question, n_characters)),
            keras.layers.LSTM(ADDITION_CELLS),
            keras.layers.RepeatVector(n_answer),
            keras.layers.LSTM(ADDITION_CELLS, return_sequences=True),
            keras.layers.Dense(n_characters, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def learn_addition(train, test, seed, maximum_digits, accuracy, epochs):
    """Train until the test answers are accurate enough.

    Parameters
    ----------
    train, test : tuple of two lists of str
        Questions, which are read from their end, and answers.
    seed : int
        Of network and batches.
    maximum_digits : int
        Digits of the longest number in a question.
    accuracy : float
        Fraction of characters of the test answers, including padding, to stop at.
    epochs : int
        Maximum number of epochs.

    Returns
    -------
    learned : dict
        `seconds` of training without validation and tracing, `epochs`, `accuracies`
        after each, and `answers` to the test questions, without padding.
    """
    keras.utils.set_random_seed(seed)
    n_question, n_answer = 2 * maximum_digits + 1, maximum_digits + 1
    codes = enumerate_characters(train[0] + train[1])

    def encode(questions, answers):
        reversed_ones = [q.ljust(n_question, PADDING)[::-1] for q in questions]
        return (
            one_hot(reversed_ones, codes, n_question),
            one_hot(answers, codes, n_answer),
        )

    x, y = encode(*train)
    model = build_addition(n_question, n_answer, len(codes))
    _trace(model, x, y, ADDITION_BATCH)
    clock = _TrainingClock(accuracy)
    model.fit(
        x,
        y,
        batch_size=ADDITION_BATCH,
        epochs=epochs,
        validation_data=encode(*test),
        callbacks=[clock],
        verbose=0,
    )
    predicted = model.predict(encode(*test)[0], verbose=0).argmax(axis=-1)
    characters = np.array(list(codes))
    return {
        "seconds": clock.seconds,
        "epochs": len(clock.accuracies),
        "accuracies": clock.accuracies,
        "answers": ["".join(row).rstrip(PADDING) for row in characters[predicted]],
    }


class _TrainingClock(keras.callbacks.Callback):
    """Add up the seconds of training, and stop at a validation accuracy."""

    def __init__(self, accuracy):
        super().__init__()
        self.accuracy = accuracy
        self.seconds = 0.0
        self.accuracies = []

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_test_begin(self, logs=None):
        self.seconds += time.perf_counter() - self._started

    def on_epoch_end(self, epoch, logs=None):
        self.accuracies.append(float(logs["val_accuracy"]))
        self.model.stop_training = self.accuracies[-1] >= self.accuracy


# Translation


class Translator:
    """The networks of the translation example, and the pairs they are trained on.

    Training uses one-hot characters, padded with spaces to the longest, without a mask.
    To decode, encoder and decoder are separate models, as in the example.
    """

    def __init__(self, sources, targets, seed):
        keras.utils.set_random_seed(seed)
        targets = [START + target + END for target in targets]
        self.source_codes = enumerate_characters(sources)
        self.codes = enumerate_characters(targets)
        self.n_source = max(map(len, sources))
        self.n_target = max(map(len, targets))
        self._build()
        # The decoder reads each target, and predicts it one step later.
        shifted = [target[1:] for target in targets]
        self.x = [self.encode(sources), one_hot(targets, self.codes, self.n_target)]
        self.y = one_hot(shifted, self.codes, self.n_target)
        _trace(self.model, self.x, self.y, TRANSLATION_BATCH)

    def _build(self):
        """Build the network that is trained, and the two parts that decode."""
        layers = keras.layers
        source = layers.Input((None, len(self.source_codes)))
        target = layers.Input((None, len(self.codes)))
        encoder = layers.LSTM(TRANSLATION_CELLS, return_state=True)
        decoder = layers.LSTM(
            TRANSLATION_CELLS, return_sequences=True, return_state=True
        )
        output = layers.Dense(len(self.codes), activation="softmax")
        states = encoder(source)[1:]
        probabilities = output(decoder(target, initial_state=states)[0])
        self.model = keras.Model([source, target], probabilities)
        self.model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
        self.encoder = keras.Model(source, states)
        before = [layers.Input((TRANSLATION_CELLS,)) for _ in states]
        step, *after = decoder(target, initial_state=before)
        self.decoder = keras.Model([target, *before], [output(step), *after])

    def encode(self, sources):
        """Encode sources as the encoder reads them."""
        return one_hot(sources, self.source_codes, self.n_source)

    def translate(self, source, method):
        """Translate one source, with one call of the decoder per character.

        `method` of the models is "predict", as in the example, or "predict_on_batch".
        """
        options = {"verbose": 0} if method == "predict" else {}
        encode, decode = getattr(self.encoder, method), getattr(self.decoder, method)
        states = encode(self.encode([source]), **options)
        characters = list(self.codes)
        translated, character = "", START
        while len(translated) < self.n_target:
            one = one_hot([character], self.codes, 1)
            probabilities, *states = decode([one, *states], **options)
            character = characters[int(probabilities[0, -1].argmax())]
            if character == END:
                break
            translated += character
        return translated


# The translator of this process.
_PREPARED = {}


def prepare_translation(sources, targets):
    """Encode pairs and trace a network for them."""
    _PREPARED["translator"] = Translator(sources, targets, seed=0)


def train_translation(epochs):
    """Time `fit` of the traced network, continuing from its present weights."""
    translator = _PREPARED["translator"]
    options = {"batch_size": TRANSLATION_BATCH, "epochs": epochs, "verbose": 0}
    seconds, _ = timed(translator.model.fit, translator.x, translator.y, **options)
    return seconds


def translate(sources, method):
    """Time the translation of sources, one by one; return seconds and translations."""
    translate_one = _PREPARED["translator"].translate
    translate_one(sources[0], method)  # traces
    return timed(lambda: [translate_one(source, method) for source in sources])
