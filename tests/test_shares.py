"""The mean of a closed form and trained cells: held-out sequences, and the weight."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_seqembed import LSTMSequenceClassifier, LSTMSequenceRegressor
from sklearn_seqembed._training.shares import choose_share, hold_out_blocks


class _Net:
    """Predicts as a closed form with a share of 0, as trained cells with 1."""

    def __init__(self, closed_form, trained, is_class):
        self.module_ = SimpleNamespace(share=torch.tensor(0.0))
        self.predictions, self.is_class = (closed_form, trained), is_class

    def predict_labels(self, dataset):
        found = self.predictions[int(self.module_.share)]
        return (None, found) if self.is_class else (found, None)


def _dataset(values=None, classes=None):
    """Return a dataset of targets of one time step."""
    n_samples = len(classes if values is None else values)
    values = np.empty((n_samples, 0)) if values is None else values
    classes = np.empty((n_samples, 0)) if classes is None else classes[:, None]

    class Targets:
        def __len__(self):
            return n_samples

        def take(self, indices, first, lengths, n_steps):
            return values[indices][:, None], classes[indices][:, None]

    return SimpleNamespace(pairs=SimpleNamespace(targets=Targets()))


@pytest.mark.parametrize("noise, share", [(0.0, 1.0), (1.0, 0.5), (2.0, 0.25)])
def test_the_share_of_numbers_minimizes_the_held_out_error(noise, share):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(5000, 2))
    # The best weight of predictions with independent errors is inverse to the variance.
    closed_form = numbers + rng.normal(size=numbers.shape)
    trained = numbers + noise * rng.normal(size=numbers.shape)

    chosen = choose_share(_Net(closed_form, trained, False), _dataset(numbers))

    assert chosen.share == share
    assert chosen.closed_form_loss == pytest.approx(1, abs=0.05)
    expected = (1 - share) ** 2 + share**2 * noise**2
    assert chosen.lowest_loss == pytest.approx(expected, abs=0.05)


def test_the_share_of_classes_minimizes_the_cross_entropy():
    classes = np.arange(300) % 3 + 1
    logits = np.eye(3)[classes - 1]
    logits[::10] = np.roll(logits[::10], 1, axis=1)  # a tenth is wrong

    chosen = choose_share(_Net(0 * logits, 2 * logits, True), _dataset(None, classes))

    assert chosen.share == 1
    assert chosen.closed_form_loss == pytest.approx(np.log(3))
    right = np.log(np.exp(2) + 2) - 2
    assert chosen.lowest_loss == pytest.approx(0.9 * right + 0.1 * (right + 2))


def test_trained_cells_that_do_not_help_have_no_share():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(500, 1))

    chosen = choose_share(_Net(0.9 * numbers, 0 * numbers, False), _dataset(numbers))

    assert chosen.share == 0
    assert "is not used" in chosen.describe()


def test_blocks_of_each_group_are_held_out():
    groups = np.repeat([0, 1], [1000, 500])

    is_held_out = hold_out_blocks(groups, 0.1)

    assert_array_equal(np.bincount(groups[is_held_out]), [100, 50])
    starts = np.diff(np.r_[False, is_held_out].astype(int)) == 1
    assert starts.sum() <= 21  # ten blocks of each group, one of them in two parts


def test_small_groups_are_held_out_in_proportion():
    is_held_out = hold_out_blocks(np.arange(300) // 3, 0.2)

    assert 45 <= is_held_out.sum() <= 75


def _make_products(n_samples=2000):
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], size=(n_samples, 4))
    return X, X[:, 0] * X[:, 2]


@pytest.mark.parametrize("Estimator", [LSTMSequenceClassifier, LSTMSequenceRegressor])
def test_the_prediction_is_the_weighted_mean_of_both(Estimator, capsys):
    X, y = _make_products()
    parameters = {"n_components": 8, "random_features": 0, "random_state": 0}
    estimator = Estimator(lr=0.01, batch_size=64, verbose=1, **parameters)

    estimator.fit(X, y.astype(int) if Estimator is LSTMSequenceClassifier else y)

    share, module = estimator.trained_share_, estimator.net_.module_
    assert 0 < share <= 1
    assert "loss of the linear layer" in capsys.readouterr().out
    found = []
    for weight in (0.0, 1.0, 0.75):
        module.share.fill_(weight)
        if Estimator is LSTMSequenceRegressor:
            found.append(estimator.predict(X))
        else:
            log_probabilities = estimator.predict_log_proba(X)
            found.append(log_probabilities[:, 1] - log_probabilities[:, 0])
    assert_allclose(found[2], 0.25 * found[0] + 0.75 * found[1], atol=1e-4)


def test_the_vectors_do_not_depend_on_training():
    X, y = _make_products(300)
    parameters = {"n_components": 8, "random_state": 0, "early_stopping": False}

    untrained = LSTMSequenceRegressor(max_epochs=0, **parameters).fit(X, y)
    trained = LSTMSequenceRegressor(max_epochs=2, **parameters).fit(X, y)

    assert (untrained.trained_share_, trained.trained_share_) == (0, 0.5)
    assert_allclose(trained.transform(X), untrained.transform(X), atol=1e-5)


def test_the_training_score_of_a_closed_form_is_that_of_many_sequences():
    X, _ = _make_products(300)
    y = X @ [1.0, 2.0, 3.0, 4.0] + np.random.default_rng(1).normal(size=300)

    regressor = LSTMSequenceRegressor(n_components=8, random_state=0).fit(X, y)

    assert regressor.train_score_ == pytest.approx(regressor.score(X, y), abs=1e-4)
