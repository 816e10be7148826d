"""What the file of a fitted estimator holds."""

import copy
import pickle

import numpy as np
import pytest
import torch
from skorch.callbacks import TrainEndCheckpoint
from small_fits import small_embedder

from sklearn_seqembed import LSTMSequenceEmbedder, LSTMSequencePredictor

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
def test_a_file_of_another_version_says_so(X, monkeypatch, train_on):
    embedder = small_embedder()
    if train_on:
        getattr(embedder, train_on)(X)
    with monkeypatch.context() as patch:
        patch.setattr("sklearn_seqembed._base.VERSION", "0.0.3")
        content = pickle.dumps(embedder)

    expected = r"LSTMSequenceEmbedder was written by sklearn-seqembed 0\.0\.3, and is"
    with pytest.warns(UserWarning, match=expected):
        opened = pickle.loads(content)

    assert vars(opened).keys() == vars(embedder).keys()


def test_a_file_without_a_version_says_so():
    state = small_embedder().__getstate__()
    del state["_written_by"]

    with pytest.warns(UserWarning, match="written by sklearn-seqembed before 0.1"):
        LSTMSequenceEmbedder().__setstate__(state)


def test_a_checkpoint_at_the_end_holds_all_that_is_learned(X, tmp_path):
    checkpoint = TrainEndCheckpoint(dirname=tmp_path)
    embedder = small_embedder(n_components=40, callbacks=[checkpoint]).fit(X)
    expected = embedder.transform(X)

    with torch.no_grad():
        for weights in embedder.net_.module_.state_dict().values():
            weights.zero_()
    embedder.net_.load_params(f_params=str(tmp_path / "train_end_params.pt"))

    np.testing.assert_array_equal(embedder.transform(X), expected)
