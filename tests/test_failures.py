"""The process and the estimator are as before after any failure."""

import warnings

import numpy as np
import pytest
import torch
from faults import (
    InjectedError,
    count_calls,
    describe_process,
    press_ctrl_c,
    run_with_fault,
)
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequencePredictor

pytestmark = [
    pytest.mark.usefixtures("ctrl_c_raises"),
    pytest.mark.filterwarnings("ignore:Training was interrupted"),
    pytest.mark.filterwarnings("ignore:Ctrl-C was pressed after"),
    # An error that is raised while an object is deleted is only printed.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WORDS = ["abc", "bca", "cab", "acb"]

# Number of calls, spread over all that a method makes, at which an error is raised.
N_FAULTS = 30


def small_predictor():
    return LSTMSequencePredictor(n_components=4, max_epochs=1, random_state=0)


@pytest.fixture(scope="module")
def embedder():
    X = [np.arange(2.0 * n).reshape(n, 2) % 5 for n in (4, 6, 5, 7, 4, 6)]
    return small_embedder(max_epochs=1, objective="composite").fit(X), X


@pytest.fixture(scope="module")
def predictor():
    return small_predictor().fit(WORDS, WORDS), WORDS


TRAINING = {
    "fit": lambda X: (small_embedder(max_epochs=1, verbose=1), "fit", X),
    "fit with validation": lambda X: (
        small_embedder(max_epochs=1, early_stopping=True, dropout=0.1, num_layers=2),
        "fit",
        X,
    ),
    "partial_fit": lambda X: (small_embedder(), "partial_fit", X),
    "refit": lambda X: (small_embedder(max_epochs=1).fit(X), "fit", X),
    "warm start": lambda X: (
        small_embedder(max_epochs=1, warm_start=True).fit(X),
        "fit",
        X,
    ),
    "predictor": lambda X: (small_predictor(), "fit", WORDS, WORDS),
}
INFERENCE = [
    "transform",
    "score",
    "score_samples",
    "reconstruct",
    "forecast",
    "inverse_transform",
]


def check_unchanged(estimator, method, *data, fault, second=None, n_faults=N_FAULTS):
    """Raise an error at some calls of a method, and compare the state after it."""

    def call():
        return getattr(estimator, method)(*data)

    attributes = dict(vars(estimator))
    call()  # the first call may import modules, which keep state
    complete = set(vars(estimator))
    vars(estimator).clear()
    vars(estimator).update(attributes)
    n_calls = count_calls(call)
    n_raised = 0
    for at in np.linspace(1, n_calls, n_faults, dtype=int):
        vars(estimator).clear()
        vars(estimator).update(attributes)
        process = describe_process()
        error = run_with_fault(
            call, [at] if second is None else [at, at + second], fault
        )
        assert describe_process() == process, f"call {at} of {n_calls}"
        if error is None:  # skorch ends the training, or the error was not noticed
            continue
        n_raised += 1
        found = vars(estimator)
        is_old = found.keys() == attributes.keys() and all(
            value is attributes[name] for name, value in found.items()
        )
        # The error may have been raised when everything was done.
        is_new = found.keys() == complete and found["net_"] is not attributes.get(
            "net_"
        )
        assert is_old or is_new, f"call {at} of {n_calls}"
    assert n_raised


def raise_error():
    raise InjectedError


def raise_memory_error():
    raise MemoryError


@pytest.mark.parametrize("fault", [raise_error, raise_memory_error, press_ctrl_c])
@pytest.mark.parametrize("training", TRAINING)
def test_an_error_in_training_changes_nothing(embedder, training, fault, capsys):
    estimator, method, *data = TRAINING[training](embedder[1])

    check_unchanged(estimator, method, *data, fault=fault)


@pytest.mark.parametrize("fault", [raise_error, press_ctrl_c])
@pytest.mark.parametrize("method", INFERENCE)
def test_an_error_in_a_method_of_the_embedder_changes_nothing(embedder, method, fault):
    embedder, X = embedder
    X = embedder.transform(X) if method == "inverse_transform" else X

    check_unchanged(embedder, method, X, fault=fault)


@pytest.mark.parametrize("method", ["predict", "predict_top", "score", "transform"])
def test_an_error_in_a_method_of_the_predictor_changes_nothing(predictor, method):
    predictor, X = predictor
    y = [X] if method == "score" else []

    check_unchanged(predictor, method, X, *y, fault=raise_error)


@pytest.mark.parametrize("training", ["fit", "partial_fit"])
def test_ctrl_c_twice_leaves_a_fitted_estimator_or_the_old_one(
    embedder, training, capsys
):
    estimator, method, *data = TRAINING[training](embedder[1])

    check_unchanged(estimator, method, *data, fault=press_ctrl_c, second=40)


class FailingScaler(StandardScaler):
    """Fail in a method, once training is over."""

    fails_in = None

    def transform(self, X, copy=None):
        self._fail("transform")
        return super().transform(X, copy)

    def inverse_transform(self, X, copy=None):
        self._fail("inverse_transform")
        return super().inverse_transform(X, copy)

    def _fail(self, method):
        if method == type(self).fails_in:
            raise InjectedError(method)


@pytest.mark.parametrize(
    ("method", "fails_in"),
    [
        ("transform", "transform"),
        ("score", "transform"),
        ("score", "inverse_transform"),
        ("reconstruct", "inverse_transform"),
        ("fit", "inverse_transform"),
    ],
)
def test_a_scaler_that_fails_leaves_no_mode_behind(X, monkeypatch, method, fails_in):
    embedder = small_embedder(scaler=FailingScaler()).fit(X)
    expected = embedder.transform(X)
    monkeypatch.setattr(FailingScaler, "fails_in", fails_in)
    before = describe_process()

    with pytest.raises(InjectedError) as caught:
        getattr(embedder, method)(X)
    # The traceback, and so every suspended generator, is alive, as in a notebook.
    assert caught.traceback
    assert describe_process() == before
    monkeypatch.setattr(FailingScaler, "fails_in", None)
    np.testing.assert_array_equal(embedder.transform(X), expected)


class FailingCallback(Callback):
    """Fail when training reaches an event."""

    def __init__(self, event):
        self.event = event

    def initialize(self):
        setattr(self, self.event, self._fail)
        return self

    def _fail(self, *args, **kwargs):
        raise InjectedError


@pytest.mark.parametrize(
    "event",
    [
        "on_train_begin",
        "on_epoch_begin",
        "on_batch_begin",
        "on_grad_computed",
        "on_batch_end",
        "on_epoch_end",
        "on_train_end",
    ],
)
def test_a_callback_that_fails_changes_nothing(X, event, capsys):
    embedder = small_embedder().fit(X)
    expected = embedder.transform(X)
    embedder.set_params(callbacks=[FailingCallback(event)], verbose=1)
    before, attributes = describe_process(), dict(vars(embedder))

    with pytest.raises(InjectedError):
        embedder.fit(X)

    assert describe_process() == before
    assert vars(embedder) == attributes
    np.testing.assert_array_equal(embedder.transform(X), expected)


class Recorder(TransformerMixin, BaseEstimator):
    """A scaler without a scale that notes whether gradients are on."""

    modes = []

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        self.modes.append(torch.is_grad_enabled())
        return X

    def inverse_transform(self, X):
        self.modes.append(torch.is_grad_enabled())
        return X


def test_a_scaler_is_called_with_the_modes_of_the_user(X):
    Recorder.modes.clear()

    small_embedder(scaler=Recorder()).fit(X).score(X)

    assert Recorder.modes
    assert all(Recorder.modes)


def test_gradients_can_be_computed_after_a_failure_within_no_grad(X):
    with torch.no_grad(), pytest.raises(ValueError, match="X is empty"):
        small_embedder().fit([])

    assert torch.is_grad_enabled()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_fit_without_gradients_is_like_any_other(X, mode):
    expected = small_embedder().fit_transform(X)

    with mode():
        before = describe_process()
        vectors = small_embedder().fit_transform(X)
        assert describe_process() == before

    np.testing.assert_array_equal(vectors, expected)


def test_a_fit_changes_no_filter_of_warnings(X, capsys):
    filters = list(warnings.filters)

    small_embedder(verbose=1).fit(X)

    assert warnings.filters == filters


@pytest.mark.parametrize(
    "mode",
    [
        lambda: np.errstate(all="raise"),
        lambda: torch.autocast("cpu", torch.bfloat16),
    ],
    ids=["floating-point errors", "autocast"],
)
def test_modes_of_the_user_change_no_vectors_and_are_kept(X, mode):
    expected = small_embedder().fit_transform(X)

    with mode():
        before = np.geterr(), torch.is_autocast_enabled("cpu")
        found = small_embedder().fit_transform(X)
        assert (np.geterr(), torch.is_autocast_enabled("cpu")) == before

    np.testing.assert_array_equal(found, expected)
