"""The callbacks of scikit-learn: tasks of a fit, and an estimator for each epoch."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from small_fits import small_embedder

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)

callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn has callbacks since version 1.9"
)

WORDS = ["abc", "bca", "cab", "acb"] * 6
LABELS = [0, 1, 0, 1] * 6


def score(estimator, X, y):
    """Score an estimator as ScoringMonitor expects it of a function."""
    return {"score": estimator.score(X, y)}


def monitor_scores():
    """Return a ScoringMonitor that calls `score`."""
    return callback.ScoringMonitor(scoring=score)


def read_scores(monitor):
    """Return the score of the last fit, and those of its epochs."""
    rows = monitor.get_logs().data
    (whole,) = (row["score"] for row in rows if row["task_name"] == "fit")
    return whole, [row["score"] for row in rows if row["task_name"] == "epoch"]


class Recorder:
    """Record the calls of scikit-learn, and ask to stop after some epochs."""

    max_propagation_depth = None

    def __init__(self, n_epochs=None):
        self.calls, self.data, self.n_epochs = [], [], n_epochs

    def setup(self, estimator, context):
        self.calls.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None):
        self.calls.append(f"end {context.task_name}")
        self.data.append((X, y))
        return context.task_name == "epoch" and context.task_id + 1 == self.n_epochs

    def teardown(self, estimator, context):
        self.calls.append("teardown")


def test_a_fit_and_its_epochs_are_tasks(X):
    recorder = Recorder()

    embedder = small_embedder(max_epochs=2).set_callbacks(recorder).fit(X)

    epoch = ["begin epoch", "end epoch"]
    assert recorder.calls == ["setup", "begin fit", *epoch * 2, "end fit", "teardown"]
    assert all(X_passed is X and y is X for X_passed, y in recorder.data)
    assert embedder._skl_callbacks == [recorder]
    assert not hasattr(embedder, "_callback_fit_ctx")


def test_a_fit_without_epochs_is_a_task(X):
    recorder = Recorder()

    small_embedder(max_epochs=0).set_callbacks(recorder).fit(X)

    assert recorder.calls == ["setup", "begin fit", "end fit", "teardown"]


def test_a_failed_fit_lets_callbacks_clean_up(X):
    recorder = Recorder()
    embedder = small_embedder(lr=1e30, lr_schedule=None, linear_map=False)
    before = vars(embedder).keys()

    with pytest.raises(ValueError, match="The loss became NaN"):
        embedder.set_callbacks(recorder).fit(X)

    assert recorder.calls[-1] == "teardown"
    assert vars(embedder).keys() == {*before, "_skl_callbacks"}


def test_a_callback_can_stop_the_training(X):
    recorder = Recorder(n_epochs=2)

    embedder = small_embedder(max_epochs=9).set_callbacks(recorder).fit(X)

    assert embedder.n_iter_ == 2
    assert recorder.calls[-2:] == ["end fit", "teardown"]


def test_partial_fit_is_no_task(X):
    recorder = Recorder()

    small_embedder().set_callbacks(recorder).partial_fit(X)

    assert not recorder.calls


# With 200 components, vectors have a projection that is learned after the last epoch.
@pytest.mark.parametrize("n_components", [4, 200])
def test_the_score_of_an_epoch_is_that_of_a_fit_which_ends_there(X, n_components):
    params = {"n_components": n_components, "lr_schedule": None}
    monitor = monitor_scores()

    embedder = small_embedder(**params).set_callbacks(monitor).fit(X)

    whole, epochs = read_scores(monitor)
    shorter = [small_embedder(**params, max_epochs=k).fit(X) for k in (1, 2, 3)]
    assert epochs == [e.score(X) for e in shorter]
    assert whole == embedder.score(X) == epochs[-1]


def test_vectors_of_an_epoch_are_those_of_a_fit_which_ends_there(X):
    def keep(estimator, X, y):
        vectors.append(estimator.transform(X))
        return {"score": 0.0}

    vectors, params = [], {"n_components": 200, "lr_schedule": None}

    embedder = small_embedder(**params)
    embedder.set_callbacks(callback.ScoringMonitor(scoring=keep)).fit(X)

    for k, found in enumerate(vectors[:3], start=1):
        shorter = small_embedder(**params, max_epochs=k).fit(X)
        np.testing.assert_array_equal(found, shorter.transform(X))


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (LSTMSequencePredictor(scheduled_sampling=0.5), [w[::-1] for w in WORDS]),
        (LSTMSequenceClassifier(), LABELS),
        (LSTMSequenceClassifier(early_stopping=True), LABELS),
        (LSTMSequenceRegressor(), LABELS),
    ],
    ids=["predictor", "classifier", "early_stopping", "regressor"],
)
@pytest.mark.filterwarnings(
    "ignore::sklearn_seqembed.exceptions.SequenceReadingWarning"
)
@pytest.mark.filterwarnings("ignore:y holds bools or whole numbers")
def test_other_estimators_are_scored_in_each_epoch(estimator, y):
    estimator = clone(estimator).set_params(
        n_components=4, max_epochs=2, dropout=0.2, num_layers=2, random_state=0
    )
    expected = clone(estimator).fit(WORDS, y)
    monitor = monitor_scores()

    estimator.set_callbacks(monitor).fit(WORDS, y)

    whole, epochs = read_scores(monitor)
    assert len(epochs) == 2
    assert whole == expected.score(WORDS, y)
    np.testing.assert_array_equal(estimator.transform(WORDS), expected.transform(WORDS))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_score_in_each_epoch_does_not_change_a_forecast(early_stopping):
    series = np.random.default_rng(0).normal(size=(40, 20, 1)).cumsum(axis=1)
    X, y = list(series[:, :-3]), list(series[:, -3:])
    predictor = LSTMSequencePredictor(
        n_components=4, max_epochs=2, early_stopping=early_stopping, random_state=0
    )
    expected = clone(predictor).fit(X, y).predict(X)
    monitor = monitor_scores()

    predictor.set_callbacks(monitor).fit(X, y)

    np.testing.assert_array_equal(predictor.predict(X), expected)
    assert read_scores(monitor)[0] == predictor.score(X, y)


def test_metrics_have_names():
    monitor = callback.ScoringMonitor(scoring="accuracy")
    classifier = LSTMSequenceClassifier(n_components=4, max_epochs=2, random_state=0)

    classifier.set_callbacks(monitor).fit(WORDS, LABELS)

    found = monitor.get_logs().data[0]["accuracy"]
    assert found == classifier.score(WORDS, LABELS)


def test_the_embedder_passes_y_to_the_score(X):
    def separate(embedder, X, y):
        head = LogisticRegression().fit(embedder.transform(X), y)
        return {"accuracy": head.score(embedder.transform(X), y)}

    monitor = callback.ScoringMonitor(scoring=separate)
    y = np.arange(len(X)) % 2

    small_embedder().set_callbacks(monitor).fit(X, y)

    assert len(monitor.get_logs().data) == 4


def test_a_clone_shares_callbacks(X):
    recorder = Recorder()
    embedder = small_embedder(max_epochs=1).set_callbacks(recorder)

    clone(embedder).fit(X)

    assert "end epoch" in recorder.calls


def test_a_step_of_a_pipeline_runs_callbacks(X):
    y = np.arange(len(X)) % 2
    outer, monitor = Recorder(), monitor_scores()
    embedder = small_embedder(max_epochs=2).set_callbacks(monitor)
    pipeline = make_pipeline(embedder, LogisticRegression()).set_callbacks(outer)

    pipeline.fit(X, y)

    whole, epochs = read_scores(monitor)
    assert whole == embedder.score(X) and len(epochs) == 2
    assert outer.calls.count("end epoch") == 2
    assert outer.calls.count("setup") == outer.calls.count("teardown") == 1
    assert embedder._skl_callbacks == [monitor]
    assert not hasattr(embedder, "_parent_callback_ctx")


def test_a_search_runs_callbacks(X):
    outer, monitor = Recorder(), monitor_scores()
    embedder = small_embedder(max_epochs=2).set_callbacks(monitor)
    search = GridSearchCV(embedder, {"n_components": [2, 3]}, cv=2)

    search.set_callbacks(outer).fit(X)

    n_fits = 5  # two candidates in two splits, and the best one again
    assert outer.calls.count("end epoch") == 2 * n_fits
    assert len(monitor.get_logs().data) == 3 * n_fits


def test_a_progress_bar_counts_the_epochs(X, capsys):
    pytest.importorskip("rich", reason="ProgressBar needs rich")

    small_embedder().set_callbacks(callback.ProgressBar()).fit(X)

    assert "LSTMSequenceEmbedder - fit" in capsys.readouterr().out


def test_an_estimator_with_a_monitor_can_be_pickled(X):
    monitor = monitor_scores()
    embedder = small_embedder(max_epochs=1).set_callbacks(monitor).fit(X)

    opened = pickle.loads(pickle.dumps(embedder))

    np.testing.assert_array_equal(opened.transform(X), embedder.transform(X))


def test_warnings_refer_to_the_line_that_calls_fit(X):
    embedder = small_embedder(max_epochs=1).set_callbacks(Recorder())

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        embedder.fit([x.astype(str) for x in X])

    assert caught and all(w.filename == __file__ for w in caught)
