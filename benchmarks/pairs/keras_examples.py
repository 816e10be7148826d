"""Networks of the Keras examples that turn sequences into others, on TensorFlow.

The one of addition reads a question and repeats its vector for each character of the
answer. The one of translation hands the states of its encoder to a decoder, which reads
the true characters in training, and says one character a call afterwards.
"""

import time

import keras
import numpy as np

ADDITION_CELLS = 128
ADDITION_BATCH = 32

TRANSLATION_CELLS = 256
TRANSLATION_BATCH = 64
# What the example has before the first character of a target, and after the last one.
START, END = "\t", "\n"
PADDING = " "


def one_hot(texts, places, n_steps):
    """Encode texts by one feature a character.

    Parameters
    ----------
    texts : list of str
        The texts; the shorter ones end with `PADDING`.
    places : dict of str to int
        Feature of each character.
    n_steps : int
        Length of all of them.

    Returns
    -------
    x : float32 ndarray of shape (n_texts, n_steps, n_characters)
        1 at the characters, 0 elsewhere.
    """
    codes = [[places[c] for c in text.ljust(n_steps, PADDING)] for text in texts]
    return np.eye(len(places), dtype="float32")[np.array(codes)]


def _places(texts):
    """Number the characters of texts."""
    return {c: i for i, c in enumerate(sorted(set(PADDING).union(*texts)))}


# Addition


def build_addition(n_question, n_answer, n_characters):
    """Build and compile the network of addition.

    Parameters
    ----------
    n_question, n_answer : int
        Characters of questions and of answers, padding included.
    n_characters : int
        Number of different ones.

    Returns
    -------
    model : keras.Model
        Not traced yet: Keras traces in the first batch.
    """
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


def learn_addition(train, test, seed, most_digits, accuracy, epochs):
    """Train until the test answers are told well enough.

    Parameters
    ----------
    train, test : tuple of two lists of str
        Questions and answers. Questions are read from their end.
    seed : int
        Seed of network and batches.
    most_digits : int
        Digits of the longest number in a question.
    accuracy : float
        Share of the characters of the test answers, padding counted, to stop at.
    epochs : int
        The most passes over the questions.

    Returns
    -------
    learned : dict
        `seconds` of training, validation and tracing left out, `epochs`, `accuracies`
        after each of them, and `answers` to the test questions, without padding.
    """
    keras.utils.set_random_seed(seed)
    n_question, n_answer = 2 * most_digits + 1, most_digits + 1
    places = _places(train[0] + train[1])

    def encode(questions, answers):
        turned = [question.ljust(n_question, PADDING)[::-1] for question in questions]
        return one_hot(turned, places, n_question), one_hot(answers, places, n_answer)

    x, y = encode(*train)
    model = build_addition(n_question, n_answer, len(places))
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
    said = model.predict(encode(*test)[0], verbose=0).argmax(axis=-1)
    characters = np.array(list(places))
    return {
        "seconds": clock.seconds,
        "epochs": len(clock.accuracies),
        "accuracies": clock.accuracies,
        "answers": ["".join(row).rstrip(PADDING) for row in characters[said]],
    }


def _trace(model, x, y, batch_size):
    """Train on a whole batch and a last, smaller one, and forget what was learned."""
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    before = [keras.ops.convert_to_numpy(variable) for variable in variables]
    n_first = min(len(y), batch_size + len(y) % batch_size)
    few = keras.tree.map_structure(lambda array: array[:n_first], (x, y))
    model.fit(*few, batch_size=batch_size, verbose=0)
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)


class _TrainingClock(keras.callbacks.Callback):
    """Add up the seconds of training, and stop at an accuracy of validation."""

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
    """The networks of the example, and the pairs they are trained on.

    Training reads one-hot characters; what is shorter than the longest is padded with
    spaces, without a mask. Afterwards encoder and decoder are models of their own, as
    in the example.

    Parameters
    ----------
    sources, targets : list of str
        The pairs.
    seed : int
        Seed of network and batches.
    """

    def __init__(self, sources, targets, seed):
        keras.utils.set_random_seed(seed)
        targets = [START + target + END for target in targets]
        self.source_places, self.places = _places(sources), _places(targets)
        self.n_source = max(map(len, sources))
        self.n_target = max(map(len, targets))
        self._build()
        said = one_hot(targets, self.places, self.n_target)
        # What the decoder reads, and one step later what it is to say.
        later = [target[1:] for target in targets]
        self.x = [self.encode(sources), said]
        self.y = one_hot(later, self.places, self.n_target)
        _trace(self.model, self.x, self.y, TRANSLATION_BATCH)

    def _build(self):
        """Build the network that is trained, and two of its layers to translate by."""
        layers = keras.layers
        source = layers.Input((None, len(self.source_places)))
        target = layers.Input((None, len(self.places)))
        encoder = layers.LSTM(TRANSLATION_CELLS, return_state=True)
        decoder = layers.LSTM(
            TRANSLATION_CELLS, return_sequences=True, return_state=True
        )
        output = layers.Dense(len(self.places), activation="softmax")
        states = encoder(source)[1:]
        probabilities = output(decoder(target, initial_state=states)[0])
        self.model = keras.Model([source, target], probabilities)
        self.model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
        self.encoder = keras.Model(source, states)
        before = [layers.Input((TRANSLATION_CELLS,)) for _ in states]
        said, *after = decoder(target, initial_state=before)
        self.decoder = keras.Model([target, *before], [output(said), *after])

    def encode(self, sources):
        """Encode sources as the encoder reads them."""
        return one_hot(sources, self.source_places, self.n_source)

    def translate(self, source, way):
        """Say the translation of one source, a call of the decoder for each character.

        Parameters
        ----------
        source : str
            What to translate.
        way : {"predict", "predict_on_batch"}
            How the models are called. "predict" is the example's; it makes a data set
            of each character first. Both run graphs that are traced.

        Returns
        -------
        target : str
            Ends where the network says so, or is as long as the longest of training.
        """
        options = {"verbose": 0} if way == "predict" else {}
        encode, decode = getattr(self.encoder, way), getattr(self.decoder, way)
        states = encode(self.encode([source]), **options)
        characters = list(self.places)
        said, character = "", START
        while len(said) < self.n_target:
            one = one_hot([character], self.places, 1)
            probabilities, *states = decode([one, *states], **options)
            character = characters[int(probabilities[0, -1].argmax())]
            if character == END:
                break
            said += character
        return said


# What the process holds ready.
_READY = {}


def prepare_translation(sources, targets, seed=0):
    """Encode pairs and trace a network for them.

    Parameters
    ----------
    sources, targets : list of str
        The pairs.
    seed : int, default=0
        Seed of network and batches.

    Returns
    -------
    lengths : tuple of two int
        Steps that sources and targets are padded to.
    """
    translator = _READY["translator"] = Translator(sources, targets, seed)
    return translator.n_source, translator.n_target


def train_translation(epochs):
    """Time `fit` of a traced network, on padded arrays, from where it stands.

    Parameters
    ----------
    epochs : int
        Passes over the pairs.

    Returns
    -------
    seconds : float
        Duration.
    """
    translator = _READY["translator"]
    started = time.perf_counter()
    translator.model.fit(
        translator.x,
        translator.y,
        batch_size=TRANSLATION_BATCH,
        epochs=epochs,
        verbose=0,
    )
    return time.perf_counter() - started


def translate(sources, way):
    """Time the translation of sources, one by one.

    Parameters
    ----------
    sources : list of str
        What to translate.
    way : {"predict", "predict_on_batch"}
        As of :meth:`Translator.translate`.

    Returns
    -------
    seconds : float
        Duration, with encoder and decoder traced.
    targets : list of str
        The translations.
    """
    translator = _READY["translator"]
    translator.translate(sources[0], way)  # traces
    started = time.perf_counter()
    targets = [translator.translate(source, way) for source in sources]
    return time.perf_counter() - started, targets
