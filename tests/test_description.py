"""Before fitting, `describe` tells how data is read and what `fit` will do."""

import json
import logging
import re
import time

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
    _fit_times,
    describe,
)
from sklearn_seqembed._choices import format_duration
from sklearn_seqembed.datasets import make_sequences
from sklearn_seqembed.exceptions import SequenceReadingWarning

RNG = np.random.default_rng(0)
X, Y = make_sequences(60, random_state=0)
WORDS = ["".join(RNG.choice(list("abcd"), RNG.integers(2, 9))) for _ in range(60)]
REVERSED = [word[::-1] for word in WORDS]
RAGGED = [RNG.normal(size=(n, 3)) for n in RNG.integers(1, 90, size=70)]
SERIES = np.sin(np.arange(400) / 3) + 0.01 * RNG.normal(size=400)
LENGTHS = (5, 8, 13) * 10
MIXED = pd.DataFrame(
    {
        "speed": [RNG.normal(size=n).tolist() for n in (5, 8, 13) * 10],
        "state": [
            RNG.choice(["on", "off", "idle"], n).tolist() for n in (5, 8, 13) * 10
        ],
    }
)
NUMBERS = np.array([x.mean() for x in X])
COLUMNS = np.column_stack([NUMBERS, -NUMBERS])

# Small fits, where neither `max_epochs` nor random features are tested.
SHORT = {"n_components": 16, "max_epochs": 1, "random_state": 0}
CASES = {
    "numeric": (LSTMSequenceEmbedder(random_state=0), X, None),
    "few": (LSTMSequenceEmbedder(random_state=0), X[:20], None),
    "ragged": (LSTMSequenceEmbedder(**SHORT), RAGGED, None),
    "categorical": (LSTMSequenceEmbedder(max_epochs=1, random_state=0), WORDS, None),
    "mixed": (LSTMSequenceEmbedder(**SHORT), MIXED, None),
    "composite": (
        LSTMSequenceEmbedder(objective="composite", **SHORT),
        X[:20],
        None,
    ),
    "forecast": (
        LSTMSequenceEmbedder(objective="forecast", horizon=12, random_state=0),
        [SERIES],
        None,
    ),
    "given": (LSTMSequenceEmbedder(patch_size=3, batch_size=7, **SHORT), X, None),
    "untrained": (LSTMSequenceEmbedder(max_epochs=0), WORDS, None),
    "pairs": (LSTMSequencePredictor(**SHORT), WORDS, REVERSED),
    "windows": (LSTMSequencePredictor(random_state=0), [SERIES], [SERIES[-12:] + 1]),
    "columns": (
        LSTMSequencePredictor(**SHORT),
        X,
        COLUMNS,
    ),
    "labels": (LSTMSequenceClassifier(random_state=0), X, Y),
    "labels of words": (LSTMSequenceClassifier(**SHORT), WORDS, Y),
    "numbers": (LSTMSequenceRegressor(n_components=16), X, NUMBERS),
}


@pytest.mark.parametrize("case", CASES)
def test_the_choices_are_the_attributes_after_fit(case):
    estimator, X, y = CASES[case]

    choices = describe(X, y, estimator=estimator).choices
    fitted = clone(estimator).fit(X, y)

    attributes = {
        name: np.asarray(getattr(fitted, f"{name}_")).tolist()
        for name in choices
        if hasattr(fitted, f"{name}_")
    }
    assert {"patch_size", "batch_size", "max_epochs", "device"} <= attributes.keys()
    assert choices == choices | attributes


@pytest.mark.parametrize("case", CASES)
def test_a_description_can_be_written_as_json(case):
    estimator, X, y = CASES[case]

    description = describe(X, y, estimator=estimator)

    assert json.loads(json.dumps(description.to_dict())) == description.to_dict()
    assert type(estimator).__name__ in str(description)
    assert all(len(line) <= 88 for line in str(description).splitlines())


def test_the_estimator_is_not_changed():
    estimator = LSTMSequenceEmbedder(random_state=np.random.RandomState(0))
    before = dict(vars(estimator))
    state = estimator.random_state.get_state()[1].copy()

    describe(X, estimator=estimator)

    assert vars(estimator) == before
    assert not hasattr(estimator, "net_")
    np.testing.assert_array_equal(estimator.random_state.get_state()[1], state)


@pytest.mark.parametrize("case", ["numeric", "categorical", "pairs", "labels of words"])
def test_no_global_random_numbers_are_drawn(case):
    estimator, X, y = CASES[case]
    estimator = clone(estimator).set_params(random_state=None)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()

    describe(X, y, estimator=estimator)

    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_lengths_gaps_and_ranges_are_counted():
    description = describe([[1.0, np.nan, 3.0], [5.0], [7.0, 9.0]])

    assert description.n_sequences == 3
    assert description.lengths == {
        "min": 1,
        "25%": 1.5,
        "median": 2,
        "75%": 2.5,
        "max": 3,
    }
    assert description.features == [
        {
            "name": 0,
            "kind": "number",
            "n_missing": 1,
            "missing_fraction": 1 / 6,
            "min": 1.0,
            "mean": 5.0,
            "max": 9.0,
        }
    ]
    assert "1 gap (16.7%)" in str(description)


def test_features_of_a_frame_have_their_kinds_and_names():
    times = [pd.date_range("2024-05-01", periods=n, freq="2h") for n in (3, 4)]
    frame = pd.DataFrame(
        {
            "at": [list(t) for t in times],
            "on": [[True, False, None], [True, True, False, True]],
            "code": [[7, 7, 8], [7, 8, 7, 7]],
        }
    )
    estimator = LSTMSequenceEmbedder(categorical_features=["on", "code"])

    at, on, code = describe(frame, estimator=estimator).features

    assert [f["name"] for f in (at, on, code)] == ["at", "on", "code"]
    assert [f["kind"] for f in (at, on, code)] == ["time", "bool", "category (number)"]
    assert (at["first"], at["last"]) == ("2024-05-01 00:00:00", "2024-05-01 06:00:00")
    assert at["typical_step"] == 7200
    assert on["n_missing"] == 1
    assert on["categories"]["most_frequent"] == [[True, 0.6667], [False, 0.3333]]
    assert code["categories"]["n"] == 2


def test_infrequent_categories_are_counted():
    X = ["aaaabbbbccd", "aaaabbbbcce"]
    estimator = LSTMSequenceEmbedder(min_frequency=3)

    (feature,) = describe(X, estimator=estimator).features

    assert feature["kind"] == "character"
    categories = feature["categories"]
    assert categories["n"] == 5
    assert categories["n_infrequent"] == 2
    assert categories["infrequent_fraction"] == round(2 / 22, 4)
    assert [c for c, _ in categories["most_frequent"]] == ["a", "b", "c"]


def test_features_that_are_never_observed_are_told():
    X = [np.column_stack([np.arange(5.0), np.full(5, np.nan)])] * 3

    description = describe(X)

    assert description.features[1]["min"] is None
    assert "never observed" in str(description)


def test_times_that_are_all_missing_have_no_range():
    frame = pd.DataFrame(
        {
            "at": [pd.to_datetime([None, None]), pd.to_datetime([None])],
            "x": [[1, 2], [3]],
        }
    )

    feature = describe(frame).features[0]

    assert feature["missing_fraction"] == 1
    assert feature.get("first") is None


def test_many_features_are_not_all_shown():
    description = describe(np.random.default_rng(0).normal(size=(5, 30, 25)))

    assert len(description.features) == 25
    assert "15 more" in str(description)


def test_classes_and_targets_are_told():
    labels = np.array(["b", "a", "a"] * 20)

    classes = describe(X, labels, estimator=LSTMSequenceClassifier()).targets
    numbers = describe(X, NUMBERS, estimator=LSTMSequenceRegressor()).targets
    words = describe(WORDS, REVERSED, estimator=LSTMSequencePredictor()).targets

    assert classes == {"n_classes": 2, "classes": [["a", 40], ["b", 20]]}
    assert numbers["numbers"][0]["max"] == NUMBERS.max()
    assert words["features"][0]["categories"]["n"] == 4
    assert describe(X, labels).targets is None  # the embedder does not read y


def test_windows_of_a_long_series_are_told():
    estimator = LSTMSequenceEmbedder(objective="forecast", horizon=12)

    description = describe([SERIES], estimator=estimator)

    assert description.windows == {"n": 341, "lookback": 48, "horizon": 12}
    assert "cut into 341 windows of 48 + 12 time steps" in str(description)
    assert description.n_sequences == 1


def test_warnings_about_the_reading_are_notes_and_still_warn():
    wide = np.zeros((10, 2, 30)) + np.arange(30)

    with pytest.warns(SequenceReadingWarning, match="axis of features") as caught:
        description = describe(wide)

    assert description.notes == [str(w.message) for w in caught]
    assert "axis of features" in " ".join(str(description).split())
    assert caught[0].filename == __file__


def test_a_few_different_integers_get_a_note_that_they_may_be_codes():
    codes = [[[step % 4, step / 2, step % 2, np.nan] for step in range(30)]] * 20
    codes[3] = codes[3][:9]

    numbers = describe(codes)
    categories = describe(
        codes, estimator=LSTMSequenceEmbedder(categorical_features=[1])
    )

    (note,) = numbers.notes
    assert note.startswith("Feature 0 of X has few values, all of them integers, which")
    assert [feature.get("n_integers") for feature in numbers.features] == [4] + 3 * [
        None
    ]
    assert not categories.notes


def test_integers_of_y_get_a_note_that_they_may_be_codes():
    X = [RNG.normal(size=(9, 1)) for _ in range(20)]
    y = [[[step % 5] for step in range(7)]] * 20

    (note,) = describe(X, y, estimator=LSTMSequencePredictor(4)).notes

    assert note.startswith("Feature 0 of y has few values, all of them integers")
    assert note.endswith("list their features in categorical_targets.")


def test_the_note_about_large_data_is_that_of_fit(monkeypatch):
    monkeypatch.setattr("sklearn_seqembed._auto.MAX_SECONDS", 0.5)

    description = describe(WORDS)

    assert "X is large: max_epochs='auto' trains for" in description.notes[0]


def test_the_reason_not_to_train_is_told():
    few = describe(X[:20])
    smooth = describe(X)
    words = describe(WORDS)

    assert "at least 50 sequences are needed" in few.fit["reason"]
    assert "linear map leaves" in smooth.fit["reason"]
    assert few.choices["max_epochs"] == smooth.choices["max_epochs"] == 0
    assert words.fit["reason"] is None
    assert "of the variance of held-out sequences" in " ".join(str(smooth).split())


def test_errors_are_those_of_fit():
    cases = [
        ([[1.0, np.inf]], {}, "is infinite at time step 1"),
        ([[1.0]], {"batch_size": 0}, "batch_size == 0"),
        ([[1.0]], {"early_stopping": True}, "early_stopping=True holds out"),
        ([[1.0]], {"device": "nowhere"}, "cannot be used here"),
    ]
    for data, params, match in cases:
        for function in (
            lambda e, data: e.fit(data),
            lambda e, data: describe(data, estimator=e),
        ):
            with pytest.raises(ValueError, match=match):
                function(LSTMSequenceEmbedder(**params), data)
    match = r"requires y to be passed, .* describe\(X, y, estimator=\.\.\.\)\.$"
    for estimator in (LSTMSequencePredictor(), LSTMSequenceRegressor()):
        with pytest.raises(ValueError, match=match):
            describe(X, estimator=estimator)


def test_other_estimators_are_refused():
    with pytest.raises(TypeError, match="pass the step that reads sequences"):
        describe(X, estimator=make_pipeline(LSTMSequenceEmbedder()))


def test_categories_are_escaped_in_html():
    html = describe([["<b>", "x"], ["x"]])._repr_html_()

    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "<script" not in html
    assert "http" not in html  # nothing is loaded


def test_html_has_a_list_of_notes():
    with pytest.warns(SequenceReadingWarning):
        description = describe(np.zeros((10, 2, 30)) + np.arange(30))

    assert "<ul><li>X was read as" in description._repr_html_()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "less than a second"),
        (1.2, "about 1 second"),
        (3.4, "about 3 seconds"),
        (42, "about 40 seconds"),
        (100, "about 2 minutes"),
        (9000, "about 2.5 hours"),
    ],
)
def test_estimated_durations_are_rounded(seconds, text):
    assert format_duration(seconds) == text


def test_a_longer_training_takes_longer():
    seconds = [
        describe(WORDS, estimator=LSTMSequenceEmbedder(max_epochs=n)).fit["seconds"]
        for n in (1, 1000)
    ]

    assert seconds[0] < seconds[1] / 5


# Longer fits than those of CASES, in most of whose time the network is trained.
SKEWED = [RNG.normal(size=n) for n in [*RNG.integers(5, 20, 200), 3000, 3000]]
TRAINED = {
    "stops early": (
        LSTMSequenceEmbedder(
            8, hidden_size=16, early_stopping=True, max_epochs=60, random_state=0
        ),
        WORDS,
        None,
    ),
    "skewed lengths": (
        LSTMSequenceEmbedder(8, max_epochs=3, random_state=0),
        SKEWED,
        None,
    ),
    "pairs": (
        LSTMSequencePredictor(
            8, hidden_size=16, early_stopping=True, max_epochs=60, random_state=0
        ),
        X,
        [x[:3] for x in X],
    ),
}


@pytest.mark.parametrize("case", TRAINED)
def test_the_estimate_is_of_the_order_of_the_duration(case, monkeypatch):
    # Other programs hardly affect CPU time.
    monkeypatch.setattr("sklearn_seqembed._fit_times.clock", time.process_time)
    estimator, X, y = TRAINED[case]

    fit = describe(X, y, estimator=estimator).fit
    began = time.process_time()
    clone(estimator).fit(X, y)
    seconds = time.process_time() - began

    assert seconds / 5 < fit["seconds"] < 5 * seconds
    assert fit["seconds"] <= fit["longest"]


def test_the_longest_duration_is_told_if_training_may_stop_early():
    params = {"max_epochs": 400, "n_iter_no_change": 5, "hidden_size": 16}

    early, whole = (
        describe(
            WORDS, estimator=LSTMSequenceEmbedder(8, early_stopping=flag, **params)
        )
        for flag in (True, False)
    )

    assert early.fit["longest"] > 1.1 * early.fit["seconds"]
    assert whole.fit["longest"] == whole.fit["seconds"]
    assert "if training does not stop early" not in str(whole)
    early.fit |= {"seconds": 3.0, "longest": 4.0}
    text = " ".join(str(early).split())
    assert "about 3 seconds on this machine, about 4 seconds if training does" in text


def test_batches_of_all_lengths_are_timed():
    n_steps = np.array([5, 900, 6, 7, 5, 8, 6])

    assert n_steps[_fit_times._choose_batches(n_steps)].tolist() == [5, 6, 8, 900]
    assert _fit_times._choose_batches(np.array([20, 21, 20])).tolist() == [2]


@pytest.mark.parametrize(("n", "is_told"), [(50, True), (76, False), (40, False)])
def test_folds_that_are_too_small_to_train_on_are_told(monkeypatch, n, is_told):
    monkeypatch.setattr("sklearn_seqembed._auto.MIN_TRAINED_LABELS", 50)
    labels = np.random.default_rng(0).permutation(np.arange(n) % 2)
    sequences = [x[:9] for x in make_sequences(n, random_state=0)[0]]

    notes = describe(sequences, labels, estimator=LSTMSequenceClassifier(8)).notes

    assert any("as in cross-validation" in note for note in notes) == is_told


CONTAINERS = {
    "list of 1-D arrays": [[1.0, 2.0], [3.0]],
    "list of strings": ["ab", "c"],
    "2-D array (rows are sequences": np.eye(3),
    "3-D array (": np.ones((2, 3, 1)) * np.arange(3)[:, None],
    "pandas DataFrame (rows are sequences, columns are time steps)": pd.DataFrame(
        np.eye(3)
    ),
    "pandas DataFrame (rows are sequences, columns are features)": MIXED,
    "pandas Series of": pd.Series([[1.0, 2.0], [3.0]]),
    "list of pandas DataFrames": [pd.DataFrame({"a": [1.0, 2.0]})] * 2,
}


@pytest.mark.parametrize("text", CONTAINERS)
def test_the_container_is_told(text):
    assert text in describe(CONTAINERS[text]).container


def test_the_container_of_arrow_is_told():
    pa = pytest.importorskip("pyarrow")

    assert "pyarrow Array of lists" in describe(pa.array([[1.0, 2.0], [3.0]])).container


@pytest.mark.parametrize("case", ["numeric", "pairs", "labels", "numbers", "forecast"])
def test_fit_prints_the_headline_only_if_verbose(case, capsys):
    estimator, X, y = CASES[case]

    clone(estimator).fit(X, y)
    silent = capsys.readouterr().out
    clone(estimator).set_params(verbose=1).fit(X, y)
    first = capsys.readouterr().out.splitlines()[0]

    assert silent == ""
    name = type(estimator).__name__
    headline = describe(X, y, estimator=estimator).headline
    # All but the duration, which is measured again.
    expected = headline.rpartition(";")[0]
    start = rf"\[{name}\] {re.escape(expected)}; (about \d|less than a second)"
    assert re.match(start, first)


def test_partial_fit_prints_no_headline(capsys):
    LSTMSequenceEmbedder(n_components=4, verbose=1).partial_fit(WORDS)

    assert "time steps" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "case", ["categorical", "mixed", "ragged", "pairs", "labels of words", "windows"]
)
def test_a_verbose_fit_gives_the_same_results(case):
    estimator, X, y = CASES[case]

    quiet = clone(estimator).fit(X, y)
    verbose = clone(estimator).set_params(verbose=1).fit(X, y)

    for name, value in quiet.net_.module_.state_dict().items():
        assert torch.equal(value, verbose.net_.module_.state_dict()[name]), name


def test_a_verbose_warm_start_prints_what_is_trained(capsys):
    embedder = LSTMSequenceEmbedder(warm_start=True, verbose=1, **SHORT).fit(WORDS)
    capsys.readouterr()

    embedder.fit(WORDS)

    assert "60 sequences of 2 to 8 time steps" in capsys.readouterr().out


def test_describing_trains_nothing_and_logs_nothing(caplog):
    with caplog.at_level(logging.INFO):
        describe(WORDS)

    assert not caplog.records


def test_a_warm_start_is_described_as_the_training_that_it_is():
    X, _ = make_sequences(60, lengths=(20, 30), random_state=0)
    embedder = LSTMSequenceEmbedder(8, max_epochs=0, random_state=0).fit(X)
    embedder.set_params(warm_start=True, max_epochs=7)

    description = describe(X, estimator=embedder)

    assert description.choices["max_epochs"] == 7
    assert "training" in description.fit["steps"]
    assert any("continues the training" in note for note in description.notes)
    assert embedder.n_iter_ == 0
