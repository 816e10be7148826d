"""What the file of a fitted estimator holds."""

import copy
import pickle
import pickletools
import warnings

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from skorch.callbacks import TrainEndCheckpoint
from small_fits import small_embedder

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)
from sklearn_seqembed._saving.versions import VERSIONS

WORDS = ["abc", "bca", "cab", "acb", "aab"] * 4


def count_bytes(net):
    """Return the size of the weights of a net in bytes."""
    tensors = net.module_.state_dict().values()
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


@pytest.mark.parametrize(
    "params", [{}, {"early_stopping": True}, {"lr_schedule": None}, {"verbose": 1}]
)
def test_a_pickle_of_an_embedder_is_as_large_as_its_weights(X, params, capsys):
    embedder = LSTMSequenceEmbedder(max_epochs=2, random_state=0, **params).fit(X)

    size = len(pickle.dumps(embedder))

    assert size < 1.1 * count_bytes(embedder.net_)


def test_a_pickle_of_a_predictor_is_as_large_as_its_weights():
    predictor = LSTMSequencePredictor(
        max_epochs=2, scheduled_sampling=0.5, random_state=0
    )
    predictor.fit(WORDS, WORDS)

    assert len(pickle.dumps(predictor)) < 1.1 * count_bytes(predictor.net_)


def continue_twice(embedder, X):
    """Train once more, without and with a pickle before."""
    opened = pickle.loads(pickle.dumps(embedder))
    copied = copy.deepcopy(embedder)
    train = "fit" if embedder.warm_start else "partial_fit"
    return [getattr(e, train)(X).transform(X) for e in (copied, opened)]


@pytest.mark.parametrize("warm_start", [False, True])
def test_training_goes_on_from_a_pickle_as_it_would_without(X, warm_start):
    embedder = small_embedder(warm_start=warm_start)
    embedder.fit(X) if warm_start else embedder.partial_fit(X)

    assert embedder.net_.optimizer_.state_dict()["state"]
    without, with_pickle = continue_twice(embedder, X)
    np.testing.assert_array_equal(with_pickle, without)


def test_an_embedder_can_be_trained_further_after_a_fit(X):
    embedder = small_embedder().fit(X)

    assert not embedder.net_.optimizer_.state_dict()["state"]
    without, with_pickle = continue_twice(embedder, X)
    np.testing.assert_array_equal(with_pickle, without)


@pytest.mark.parametrize("train_on", [None, "fit", "partial_fit"])
@pytest.mark.parametrize("library", ["sklearn-seqembed", "scikit-learn", "torch"])
def test_a_pickle_of_other_versions_says_so(X, monkeypatch, train_on, library):
    embedder = small_embedder()
    if train_on:
        getattr(embedder, train_on)(X)
    with monkeypatch.context() as patch:
        patch.setitem(VERSIONS, library, "0.0.3")
        content = pickle.dumps(embedder)

    expected = rf"LSTMSequenceEmbedder was written with {library} 0\.0\.3 \(now "
    with pytest.warns(InconsistentVersionWarning, match=expected):
        opened = pickle.loads(content)

    assert vars(opened).keys() == vars(embedder).keys()


def test_a_pickle_of_another_build_of_torch_does_not_warn(X, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(VERSIONS, "torch", VERSIONS["torch"] + "+cu130")
        content = pickle.dumps(small_embedder().fit(X))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pickle.loads(content)


def test_a_pickle_of_a_development_version_is_refused():
    with pytest.raises(ValueError, match="development version .* Fit it again"):
        LSTMSequenceEmbedder().__setstate__({"n_components": 8})


def test_a_state_cannot_replace_a_method():
    state = small_embedder().__getstate__() | {"transform": np.square}

    with pytest.raises(ValueError, match="cannot have the attribute 'transform'"):
        LSTMSequenceEmbedder().__setstate__(state)


def list_modules(content):
    """Return the packages whose classes or functions a pickle names."""
    names, strings = set(), []
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name == "GLOBAL":
            names.add(argument.split(" ")[0])
        elif opcode.name == "STACK_GLOBAL":
            names.add(strings[-2])
        elif isinstance(argument, str):
            strings.append(argument)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize(
    ("estimator", "inputs"),
    [
        (LSTMSequenceEmbedder(max_epochs=1), (WORDS,)),
        (LSTMSequencePredictor(max_epochs=1), (WORDS, WORDS)),
        (LSTMSequenceClassifier(), (WORDS, ["a", "b"] * 10)),
        (LSTMSequenceRegressor(), ([np.arange(n + 5.0) for n in range(20)], range(20))),
    ],
    ids=["embedder", "predictor", "classifier", "regressor"],
)
@pytest.mark.filterwarnings("ignore:y holds 5 distinct strings")
def test_the_state_of_an_estimator_is_plain(estimator, inputs):
    estimator = clone(estimator).fit(*inputs)

    assert list_modules(pickle.dumps(estimator, protocol=2)) <= {
        *("sklearn_seqembed", "numpy", "copyreg", "_codecs", "__builtin__")
    }


def test_joblib_maps_arrays_of_an_estimator_to_memory(X, tmp_path):
    embedder = small_embedder().fit(X)
    joblib.dump(embedder, tmp_path / "embedder.joblib")

    opened = joblib.load(tmp_path / "embedder.joblib", mmap_mode="r")

    np.testing.assert_array_equal(opened.transform(X), embedder.transform(X))
    opened.partial_fit(X)  # nothing is written to the read-only file


def test_skops_needs_no_trust_but_in_the_estimator(X, tmp_path):
    skops = pytest.importorskip("skops.io", reason="skops is not installed")
    y = np.arange(len(X)) % 2
    pipeline = make_pipeline(small_embedder(), StandardScaler(), SVC()).fit(X, y)

    skops.dump(pipeline, tmp_path / "pipeline.skops")
    untrusted = skops.get_untrusted_types(file=tmp_path / "pipeline.skops")
    opened = skops.load(tmp_path / "pipeline.skops", trusted=untrusted)

    assert untrusted == ["sklearn_seqembed._embedder.LSTMSequenceEmbedder"]
    np.testing.assert_array_equal(opened.predict(X), pipeline.predict(X))


def test_a_checkpoint_at_the_end_holds_all_that_is_learned(X, tmp_path):
    checkpoint = TrainEndCheckpoint(dirname=tmp_path)
    embedder = small_embedder(n_components=40, callbacks=[checkpoint]).fit(X)
    expected = embedder.transform(X)

    with torch.no_grad():
        for weights in embedder.net_.module_.state_dict().values():
            weights.zero_()
    embedder.net_.load_params(f_params=str(tmp_path / "train_end_params.pt"))

    np.testing.assert_array_equal(embedder.transform(X), expected)
