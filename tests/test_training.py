"""What is minimised, and how training ends."""

import math
import pickle
import platform
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from processors import needs_bfloat16
from skorch.callbacks import (
    Callback,
    EpochScoring,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
)

from sklearn_seqembed import LSTMSequenceEmbedder
from sklearn_seqembed._network import layout as layout_module
from sklearn_seqembed._network.decoder import DecoderOutput
from sklearn_seqembed._network.loss import (
    SequenceLoss,
    end_log_likelihood,
    weighted_errors,
)
from sklearn_seqembed._training import devices as devices_module
from sklearn_seqembed._training import fitting as fitting_module
from sklearn_seqembed._training import net as net_module
from sklearn_seqembed._training.dataset import END_WEIGHT, masked_targets
from sklearn_seqembed._training.devices import (
    resolve_device,
    resolve_precision,
    seeded,
)
from sklearn_seqembed.datasets import make_sequences

NAN = float("nan")


@pytest.fixture
def X():
    return make_sequences(24, n_features=2, lengths=(4, 9), random_state=0)[0]


def _embedder(**options):
    defaults = {"n_components": 4, "max_epochs": 3, "random_state": 0}
    return LSTMSequenceEmbedder(**defaults | options)


def _weights(embedder):
    return torch.cat([w.flatten() for w in embedder.net_.module_.parameters()])


# The loss


def _slow_loss(values, ends, target, lengths):
    """Judge of the loss: plain loops over sequences, steps and features."""
    losses = []
    for i, length in enumerate(lengths):
        errors = [
            (values[i][t][f] - target[i][t][f]) ** 2
            for t in range(length)
            for f in range(len(target[i][t]))
            if not math.isnan(target[i][t][f])
        ]
        survival = 1.0
        for t in range(length - 1):
            survival *= 1 - 1 / (1 + math.exp(-ends[i][t]))
        end = survival / (1 + math.exp(-ends[i][length - 1]))
        losses.append(sum(errors) / len(errors) - END_WEIGHT * math.log(end))
    return sum(losses) / len(losses)


def test_loss_is_the_mean_over_sequences_of_their_mean_over_observed_values():
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(3, 5, 2, generator=generator)
    ends = torch.randn(3, 5, generator=generator)
    target = torch.randn(3, 5, 2, generator=generator)
    target[0, 1, 0] = target[2, 0] = NAN
    lengths = torch.tensor([5, 2, 3])

    loss = SequenceLoss()(
        {"reconstruction": DecoderOutput(values, ends, scores=None)},
        {"reconstruction": masked_targets(target.numpy(), lengths.numpy())},
    )

    judge = _slow_loss(
        values.tolist(), ends.tolist(), target.tolist(), lengths.tolist()
    )
    assert loss.item() == pytest.approx(judge, rel=1e-5)


def test_missing_values_and_padding_send_no_gradient():
    values = torch.zeros(1, 3, 1, requires_grad=True)
    target = np.array([[[1.0], [NAN], [5.0]]], dtype=np.float32)

    targets = masked_targets(target, np.array([2]))
    weighted_errors(values, targets).sum().backward()

    assert values.grad.flatten().tolist() == [-2.0, 0.0, 0.0]


def test_parts_of_the_objective_count_equally():
    ones = torch.ones(2, 3, 1)
    targets = {
        "reconstruction": masked_targets(ones.numpy(), np.array([3, 3])),
        "forecast": masked_targets(ones.numpy(), np.array([1, 2])),
    }
    ends = torch.zeros(2, 3)

    loss = SequenceLoss(learn_ends=False)(
        {
            "reconstruction": DecoderOutput(0 * ones, ends, scores=None),
            "forecast": DecoderOutput(4 * ones, ends, scores=None),
        },
        targets,
    )

    assert loss.item() == pytest.approx((1 + 9) / 2)


def test_a_part_without_any_observed_value_costs_nothing():
    values = torch.zeros(1, 2, 1, requires_grad=True)
    nothing = np.full((1, 2, 1), NAN, dtype=np.float32)
    targets = masked_targets(nothing, np.array([2]))

    loss = SequenceLoss(learn_ends=False)(
        {"forecast": DecoderOutput(values, None, scores=None)}, {"forecast": targets}
    )
    loss.backward()

    assert loss.item() == 0
    assert values.grad.abs().sum() == 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patch_size": 3},
        {"objective": "composite", "horizon": 0.4, "num_layers": 2},
        {"objective": "forecast", "horizon": 0.6},
    ],
    ids=["plain", "patches", "composite", "forecast"],
)
def test_a_batch_learned_in_pieces_gives_the_gradient_of_the_whole(
    options, monkeypatch
):
    # Horizons are 1 to 14 steps, and differ from piece to piece.
    X = make_sequences(24, n_features=2, lengths=(3, 24), random_state=0)[0]
    X[0][1] = NAN
    outputs = []

    class Note(Callback):
        def on_batch_end(self, net, training, y_pred, **kwargs):
            outputs.append({k: (v.shape, e.shape) for k, (v, e, _) in y_pred.items()})

    options = {**options, "callbacks": [Note()], "batch_size": 24}
    whole = _embedder(max_epochs=1, **options).fit(X)
    monkeypatch.setattr(net_module, "TRAINING_STATES", 1)  # four sequences at a time

    pieces = _embedder(max_epochs=1, **options).fit(X)

    assert pieces.history_[0]["train_loss"] == pytest.approx(
        whole.history_[0]["train_loss"], rel=1e-5
    )
    torch.testing.assert_close(_weights(pieces), _weights(whole), rtol=1e-4, atol=1e-5)
    assert outputs[0] == outputs[1]  # put together again


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patch_size": 3, "bidirectional": False},
        {"objective": "composite", "horizon": 0.4, "num_layers": 2},
    ],
    ids=["plain", "patches", "composite"],
)
def test_blocks_change_neither_what_is_learned_nor_the_score(options, monkeypatch):
    X = make_sequences(24, n_features=2, lengths=(3, 24), random_state=0)[0]
    found = {}
    for cost in (0, math.inf):
        monkeypatch.setattr(layout_module, "SEGMENT_COST", cost)
        monkeypatch.setattr(layout_module, "INFERENCE_SEGMENT_COST", cost)
        embedder = _embedder(max_epochs=1, batch_size=24, **options).fit(X)
        found[cost] = [_weights(embedder), torch.tensor(embedder.score(X))]

    torch.testing.assert_close(found[0], found[math.inf], rtol=1e-4, atol=1e-5)


def test_a_module_that_a_user_turns_to_training_encodes_as_before(X):
    embedder = _embedder(num_layers=2, dropout=0.5).fit(X)
    before = embedder.transform(X)

    embedder.encoder_.train()

    assert np.array_equal(embedder.transform(X), before)


@pytest.mark.parametrize("batch_size", [1, 24])
def test_callbacks_that_change_a_batch_change_no_other(X, batch_size):
    class Spoil(Callback):
        def on_batch_begin(self, net, batch, **kwargs):
            means.append(float(batch[0]["numeric"].mean()))
            batch[0]["numeric"] += 100

    means = []

    _embedder(callbacks=[Spoil()], batch_size=batch_size, augmentation=None).fit(
        [x[:4] for x in X]
    )

    assert max(means) < 50


def test_large_batches_alone_are_learned_in_pieces(X, monkeypatch):
    pieces = []
    infer = net_module.SequenceNet.infer

    def note(net, inputs):
        pieces.append(inputs["lengths"].numpy())
        return infer(net, inputs)

    monkeypatch.setattr(net_module.SequenceNet, "infer", note)
    batch_of_all = _embedder(max_epochs=1, batch_size=24, patch_size=1)
    batch_of_all.fit(X)
    assert len(pieces[0]) == 24
    n_steps = pieces[0].sum()
    pieces.clear()
    n_states = batch_of_all.net_.module_.n_states
    monkeypatch.setattr(net_module, "TRAINING_STATES", n_states * -(-n_steps // 3))

    batch_of_all.fit(X)

    assert [len(lengths) for lengths in pieces[:3]] != [8, 8, 8]  # the longest first
    for lengths in pieces[:3]:
        assert lengths.sum() == pytest.approx(n_steps / 3, abs=9)


def test_batches_of_long_forecasts_are_learned_in_pieces(X, monkeypatch):
    sizes = []
    infer = net_module.SequenceNet.infer

    def note(net, inputs):
        sizes.append(len(inputs["lengths"]))
        return infer(net, inputs)

    monkeypatch.setattr(net_module.SequenceNet, "infer", note)
    embedder = _embedder(
        max_epochs=1, batch_size=24, patch_size=1, objective="forecast", horizon=0.8
    )
    n_states = embedder.fit(X).net_.module_.n_states
    assert sizes[0] == 24  # each reads one step or two
    monkeypatch.setattr(net_module, "TRAINING_STATES", 48 * n_states)

    sizes.clear()
    embedder.fit(X)

    assert len(sizes) >= 3
    assert sizes[0] < 10


@needs_bfloat16
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_bfloat16_learns_as_float32_does_but_for_rounding(X, cell):
    options = {"max_epochs": 100, "lr": 0.01, "n_components": 8, "cell": cell}
    exact = _embedder(precision="float32", **options).fit(X)

    rough = _embedder(precision="bfloat16", **options).fit(X)

    assert rough.train_score_ == pytest.approx(exact.train_score_, abs=0.03)
    assert _weights(rough).dtype == torch.float32
    assert rough.transform(X).dtype == np.float32
    if cell == "lstm":  # torch computes a GRU in float32 here all the same
        assert not torch.equal(_weights(rough), _weights(exact))


def test_the_automatic_precision_of_a_cpu_is_float32(X):
    exact = _embedder(precision="float32", device="cpu").fit(X)

    automatic = _embedder(device="cpu").fit(X)

    assert torch.equal(_weights(automatic), _weights(exact))


def test_bfloat16_where_there_is_none_is_refused_or_not_chosen(monkeypatch):
    monkeypatch.setattr(
        devices_module, "_bfloat16_problem", lambda device: "no such unit"
    )

    assert resolve_precision("auto", "cuda") == torch.float32
    assert resolve_precision("float32", "cuda") == torch.float32
    with pytest.raises(ValueError, match="precision='bfloat16' cannot be used on dev"):
        resolve_precision("bfloat16", "cuda")


def test_the_automatic_precision_of_cuda_is_bfloat16_where_it_can(monkeypatch):
    monkeypatch.setattr(devices_module, "_bfloat16_problem", lambda device: None)

    assert resolve_precision("auto", "cuda") == torch.bfloat16
    assert resolve_precision("auto", "cpu") == torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_why_a_device_cannot_compute_in_bfloat16_is_said():
    with pytest.raises(ValueError, match=r"precision='bfloat16' .*\(.*CUDA.*\)"):
        resolve_precision("bfloat16", "cuda")


def test_users_callbacks_see_the_loss_of_each_batch_as_a_number(X):
    class Note(Callback):
        def on_batch_end(self, net, **kwargs):
            losses.append(net.history[-1, "batches", -1, "train_loss"])

    losses = []

    _embedder(max_epochs=1, batch_size=8, callbacks=[Note()]).fit(X)

    assert len(losses) == 3
    assert all(isinstance(loss, float) for loss in losses)


@pytest.mark.parametrize("broken", [False, True], ids=["finite", "nan"])
def test_losses_that_lie_elsewhere_are_looked_at_when_the_epoch_is_over(
    X, broken, monkeypatch
):
    class Elsewhere(torch.Tensor):
        """A loss that claims to lie on an accelerator, and counts looks at it."""

        device = torch.device("cuda")

        def __float__(self):
            looks.append(len(steps))
            return float(self.as_subclass(torch.Tensor))

    def step(net, batch, **kwargs):
        found = learn(net, batch, **kwargs)
        steps.append(found)
        loss = found["loss"] * (float("nan") if broken else 1)
        return found | {"loss": loss.as_subclass(Elsewhere)}

    looks, steps, learn = [], [], net_module.SequenceNet.train_step
    monkeypatch.setattr(net_module.SequenceNet, "train_step", step)
    embedder = _embedder(max_epochs=2, batch_size=8)

    if broken:
        with pytest.raises(ValueError, match="became NaN or infinite"):
            embedder.fit(X)
    else:
        embedder.fit(X)
        assert len(embedder.history_) == 2

    assert len(steps) == (3 if broken else 6)
    assert set(looks) == ({3} if broken else {3, 6})


def test_end_probabilities_sum_to_at_most_one():
    likelihood = end_log_likelihood(torch.randn(4, 50)).exp().sum(dim=1)

    assert (likelihood <= 1 + 1e-5).all()


# How training ends


def test_loss_falls(X):
    history = _embedder(max_epochs=40, lr=0.01).fit(X).history_

    assert history[-1]["train_loss"] < 0.7 * history[0]["train_loss"]


def test_history_names_epochs_losses_and_seconds(X):
    embedder = _embedder(early_stopping=True).fit(X)

    assert [row["epoch"] for row in embedder.history_] == [1, 2, 3]
    assert set(embedder.history_[0]) == {"epoch", "train_loss", "valid_loss", "dur"}
    assert embedder.n_iter_ == 3


def test_early_stopping_restores_the_weights_of_the_best_epoch(X):
    class Losses(Callback):
        def on_epoch_end(self, net, dataset_valid, **kwargs):
            keep.append((net.history[-1, "valid_loss"], dataset_valid))

    keep = []
    # A rate this high makes the validation loss rise again.
    embedder = _embedder(
        early_stopping=True,
        max_epochs=200,
        lr=0.3,
        lr_schedule=None,
        n_iter_no_change=4,
        validation_fraction=0.25,
        callbacks=[Losses()],
    ).fit(X)

    losses = [loss for loss, _ in keep]
    net, held_out = embedder.net_, keep[0][1]
    net.module_.eval()
    inputs, targets = held_out.batch(np.arange(len(held_out)))
    restored = net.criterion_(net.module_(**inputs), targets).item()
    assert len(losses) == int(np.argmin(losses)) + 1 + 4 < 200
    assert restored == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.parametrize(
    ("n_samples", "fraction", "held_out"), [(20, 0.25, 5), (20, 0.01, 1), (2, 0.9, 1)]
)
def test_validation_fraction_is_held_out(X, n_samples, fraction, held_out):
    class Sizes(Callback):
        def on_epoch_end(self, net, dataset_train, dataset_valid, **kwargs):
            sizes[:] = len(dataset_train), len(dataset_valid)

    sizes = []

    _embedder(
        early_stopping=True, validation_fraction=fraction, callbacks=[Sizes()]
    ).fit(X[:n_samples])

    assert sizes == [n_samples - held_out, held_out]


def test_early_stopping_of_one_sequence_is_refused(X):
    with pytest.raises(ValueError, match="early_stopping=True holds out sequences"):
        _embedder(early_stopping=True).fit(X[:1])


@pytest.mark.parametrize(("n_samples", "expected"), [(9_999, False), (10_000, True)])
def test_automatic_early_stopping_holds_out_from_ten_thousand_on(n_samples, expected):
    X = np.zeros((n_samples, 1)) + np.arange(n_samples)[:, None]

    embedder = _embedder(max_epochs=0, n_components=1).fit(X)

    assert embedder.early_stopping_ is expected


def test_a_schedule_spans_all_batches_and_ends_near_zero(X):
    class Rates(Callback):
        def on_batch_end(self, net, training, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    rates = []

    _embedder(max_epochs=10, batch_size=8, lr=0.02, callbacks=[Rates()]).fit(X)

    assert len(rates) == 30
    assert max(rates) == pytest.approx(0.02)
    assert np.argmax(rates) in range(7, 11)
    assert rates[-1] < 0.02 / 100


def test_without_a_schedule_the_rate_is_constant(X):
    class Rates(Callback):
        def on_batch_end(self, net, training, **kwargs):
            rates.add(net.optimizer_.param_groups[0]["lr"])

    rates = set()

    _embedder(lr=0.02, lr_schedule=None, callbacks=[Rates()]).fit(X)

    assert rates == {0.02}


def test_gradients_are_clipped(X):
    class Norms(Callback):
        def on_grad_computed(self, net, **kwargs):
            squares = [w.grad.square().sum() for w in net.module_.parameters()]
            norms.append(sum(squares).sqrt().item())

    norms = []
    huge = [1e6 * x for x in X]

    _embedder(scaler=None, callbacks=[Norms()]).fit(huge)

    assert norms and max(norms) <= 1 + 1e-4


class _Seven(Callback):
    """Record a number a user may want beside the losses."""

    def on_epoch_end(self, net, **kwargs):
        self.seen_ = True
        net.history.record("mine", 7.0)


def test_users_callbacks_run_as_clones(X):
    mine = _Seven()
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1)

    embedder = _embedder(lr_schedule=None, callbacks=[mine, ("steps", schedule)])
    embedder.fit(X)

    assert [row["mine"] for row in embedder.history_] == [7.0, 7.0, 7.0]
    assert not hasattr(mine, "seen_") and not hasattr(schedule, "lr_scheduler_")
    assert "steps" in dict(embedder.net_.callbacks_)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_loss_that_is_not_finite_raises_and_says_what_to_do(X):
    with pytest.raises(ValueError, match=r"NaN or infinite after 0 .* Lower lr, now"):
        _embedder(scaler=None, lr=1.0).fit([1e30 * x for x in X])


def test_a_failed_warm_start_keeps_the_weights_it_had(X):
    embedder = _embedder(scaler=None, warm_start=True).fit(X)
    before = embedder.transform(X)

    with pytest.raises(ValueError, match="NaN or infinite"):
        embedder.fit([1e30 * x for x in X])

    np.testing.assert_array_equal(embedder.transform(X), before)


def test_a_failed_fit_leaves_the_network_of_an_earlier_one(X):
    embedder = _embedder(scaler=None).fit(X)
    before = embedder.transform(X)

    with pytest.raises(ValueError, match="NaN or infinite"):
        embedder.fit([1e30 * x[:, :1] for x in X])

    np.testing.assert_array_equal(embedder.transform(X), before)


@pytest.mark.parametrize("broken_rate", [1e30, 1e20])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_the_error_says_helps(X, method, broken_rate):
    embedder = _embedder(warm_start=True, batch_size=5, lr_schedule=None)
    before = embedder.partial_fit(X).transform(X)

    with pytest.raises(ValueError, match="Lower lr, now"):
        getattr(embedder.set_params(lr=broken_rate), method)(X)
    np.testing.assert_array_equal(embedder.transform(X), before)
    getattr(embedder.set_params(lr=0.003), method)(X)

    assert np.isfinite(embedder.transform(X)).all()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_the_last_update_broke_is_noticed(X, method):
    embedder = _embedder(
        lr=1e30, lr_schedule=None, hidden_size=3, batch_size=100, max_epochs=1
    )

    with pytest.raises(ValueError, match="NaN or infinite after 1 whole epoch"):
        getattr(embedder, method)(X)


class _CtrlC(Callback):
    """Press Ctrl-C at a batch of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_begin(self, net, training, **kwargs):
        if training and len(net.history) == self.epoch:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_keeps_the_best_weights_and_a_usable_estimator(X):
    with pytest.warns(
        UserWarning, match=r"interrupted after 2 epoch\(s\): the weights of"
    ):
        stopped = _embedder(max_epochs=9, callbacks=[_CtrlC(3)]).fit(X)

    class Weights(Callback):
        def on_epoch_end(self, net, **kwargs):
            flat = [w.detach().flatten() for w in net.module_.parameters()]
            weights.append((net.history[-1, "train_loss"], torch.cat(flat)))

    weights = []
    _embedder(max_epochs=9, callbacks=[Weights()]).fit(X)
    _, best = min(weights[:2], key=lambda row: row[0])
    assert stopped.n_iter_ == len(stopped.history_) == 2
    assert torch.equal(_weights(stopped), best)
    assert np.isfinite(stopped.transform(X)).all()


def test_ctrl_c_in_the_first_epoch_leaves_a_usable_estimator(X):
    with pytest.warns(UserWarning, match="no epoch was finished"):
        embedder = _embedder(callbacks=[_CtrlC(1)]).fit(X)

    assert embedder.n_iter_ == 0
    assert np.isfinite(embedder.transform(X)).all()


@pytest.mark.parametrize("event", ["on_epoch_begin", "on_epoch_end"])
def test_ctrl_c_between_epochs_is_told_from_a_callback_that_stops(X, event):
    class CtrlC(Callback):
        pass

    def press(self, net, **kwargs):
        if len(net.history) == 2:
            signal.raise_signal(signal.SIGINT)

    setattr(CtrlC, event, press)

    with pytest.warns(UserWarning, match="Training was interrupted after"):
        embedder = _embedder(max_epochs=9, callbacks=[CtrlC()]).fit(X)

    assert embedder.n_iter_ < 9
    assert np.isfinite(embedder.transform(X)).all()


def test_the_handler_of_ctrl_c_is_put_back(X):
    before = signal.getsignal(signal.SIGINT)

    _embedder().fit(X)

    assert signal.getsignal(signal.SIGINT) is before


def test_callbacks_that_stop_training_are_not_taken_for_ctrl_c(X):
    class Stop(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.filterwarnings("ignore", "The network explains only")
        embedder = _embedder(callbacks=[Stop()]).fit(X)

    assert embedder.n_iter_ == 1


def test_a_model_that_explains_almost_nothing_warns(X):
    with pytest.warns(UserWarning, match=r"explains only .*% of its training"):
        _embedder(max_epochs=1).fit(X)


def test_a_model_that_explains_much_does_not_warn(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embedder = _embedder(max_epochs=60, n_components=16, lr=0.02).fit(X)

    assert embedder.train_score_ > 0.3


def test_zero_epochs_leave_an_untrained_network_without_a_warning(X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        embedder = _embedder(max_epochs=0).fit(X)

    assert embedder.n_iter_ == 0
    assert embedder.transform(X).shape == (24, 4)


def test_a_log_of_the_user_prints(X, capsys):
    _embedder(callbacks=[PrintLog()]).fit(X)

    shown = capsys.readouterr().out
    assert "train_loss" in shown and len(shown.splitlines()) == 5


def test_own_names_leave_the_users_free(X):
    gentle = ("clipping", GradientNormClipping(0.1))

    embedder = _embedder(callbacks=[gentle]).fit(X)

    assert dict(embedder.net_.callbacks_)["clipping"].gradient_clip_value == 0.1


def test_epoch_scoring_without_caching_runs(X):
    scoring = EpochScoring(
        lambda net, X, y: float(len(X)), name="n", on_train=True, use_caching=False
    )

    embedder = _embedder(callbacks=[scoring]).fit(X)

    assert [row["n"] for row in embedder.history_] == [24.0] * 3


# Several calls


class _Recorder(Callback):
    """Note the rate and the first values of each batch in a list outside."""

    def on_batch_begin(self, net, batch, training, **kwargs):
        if training:
            rate = net.optimizer_.param_groups[0]["lr"]
            recorded.append((rate, batch[0]["numeric"][:, 0, 0].tolist()))


recorded = []


def test_each_pass_of_partial_fit_draws_other_batches(X):
    recorded.clear()
    embedder = _embedder(batch_size=6, augmentation=None, callbacks=[_Recorder()])

    embedder.partial_fit(X).partial_fit(X)

    first, second = recorded[:4], recorded[4:]
    assert sorted(v for _, b in first for v in b) == sorted(
        v for _, b in second for v in b
    )
    assert {tuple(sorted(b)) for _, b in first} != {tuple(sorted(b)) for _, b in second}


def test_partial_fit_after_a_schedule_is_at_the_full_rate(X):
    recorded.clear()
    embedder = _embedder(lr=0.02, callbacks=[_Recorder()]).fit(X)
    recorded.clear()

    embedder.partial_fit(X)

    assert {rate for rate, _ in recorded} == {0.02}


def test_partial_fit_follows_a_batch_size_that_is_set_later(X):
    recorded.clear()
    embedder = _embedder(batch_size=24, callbacks=[_Recorder()]).partial_fit(X)

    embedder.set_params(batch_size=6).partial_fit(X)

    assert [len(values) for _, values in recorded] == [24, 6, 6, 6, 6]


def test_partial_fit_of_one_sequence_needs_no_validation(X):
    embedder = _embedder(early_stopping=True).partial_fit(X[:1])

    assert embedder.n_iter_ == 1
    assert embedder.early_stopping_ is False


@pytest.mark.parametrize(
    ("method", "max_epochs"), [("fit", 2), ("fit", 0), ("partial_fit", 2)]
)
def test_the_encoder_is_left_ready_to_encode(X, method, max_epochs):
    embedder = _embedder(num_layers=2, dropout=0.5, max_epochs=max_epochs)

    getattr(embedder, method)(X)

    assert not any(module.training for module in embedder.encoder_.modules())


# Progress


def test_verbose_shows_one_bar_with_the_loss(X, capsys):
    _embedder(verbose=1).fit(X)

    shown = capsys.readouterr()
    last = shown.err.rsplit("\r", 1)[-1]
    assert "Epoch 3/3: 100%" in last and "train=" in last and "6/6" in last
    assert shown.out == ""


def test_silence_by_default(X, capsys):
    _embedder(early_stopping=True).fit(X)

    assert capsys.readouterr() == ("", "")


# What a net holds


def test_net_holds_no_training_data():
    X = np.random.default_rng(0).normal(size=(4000, 50, 1))

    embedder = _embedder(max_epochs=1, early_stopping=True, patch_size=10).fit(X)

    assert len(pickle.dumps(embedder)) < X.nbytes / 15


# Seeds and devices


def test_torchs_global_state_is_left_as_it_was(X):
    torch.manual_seed(3)
    expected = torch.rand(2)

    torch.manual_seed(3)
    _embedder(dropout=0.2, num_layers=2).fit(X).transform(X)

    assert torch.equal(torch.rand(2), expected)


def test_fits_in_threads_are_as_reproducible_as_others(X):
    def fit():
        embedder = _embedder(num_layers=2, dropout=0.2)
        return embedder.fit_transform(X)

    expected = fit()
    vectors = Parallel(n_jobs=4, backend="threading")(delayed(fit)() for _ in range(6))

    for found in vectors:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_torchs_default_dtype_does_not_matter(X):
    expected = _embedder().fit_transform(X)

    torch.set_default_dtype(torch.float64)
    try:
        vectors = _embedder().fit_transform(X)
    finally:
        torch.set_default_dtype(torch.float32)

    assert vectors.dtype == np.float32
    assert vectors.shape == expected.shape and np.isfinite(vectors).all()


def test_seeded_blocks_draw_equal_numbers():
    with seeded(5, "cpu"):
        first = torch.rand(3)
    with seeded(5, "cpu"):
        second = torch.rand(3)

    assert torch.equal(first, second)


def test_automatic_device_is_the_best_there_is(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto") == "mps"

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"


@pytest.mark.parametrize("device", ["tpu9", "cuda:77"])
def test_a_device_that_is_not_there_is_refused(X, device):
    with pytest.raises(ValueError, match=f"device='{device}' cannot be used here"):
        _embedder(device=device).fit(X)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_model_fitted_on_cuda_gives_the_same_vectors_on_the_cpu(X):
    embedder = _embedder(device="cuda").fit(X)
    expected = embedder.transform(X)

    embedder.net_.module_.to("cpu")

    np.testing.assert_allclose(embedder.transform(X), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
@pytest.mark.filterwarnings("ignore:Setting self.device = cpu")
@pytest.mark.parametrize("train_on", ["fit", "partial_fit"])
def test_a_model_fitted_on_cuda_opens_where_there_is_none(X, train_on):
    embedder = _embedder(warm_start=True).fit(X)
    expected = embedder.transform(X)
    embedder.net_.device = "cuda"  # as a fit on CUDA leaves it

    opened = pickle.loads(pickle.dumps(embedder))

    assert opened.device_ == "cpu"
    np.testing.assert_array_equal(opened.transform(X), expected)
    getattr(opened, train_on)(X)
    assert opened.device_ == "cpu"


# Memory of a batch

KEPT_MEMORY = """
import resource, sys
import torch
from sklearn_seqembed._training.devices import keep_freed_memory

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()

if sys.argv[1] == "kept":
    keep_freed_memory()
torch.ones(1)
before = resident()
block = torch.ones(30 * 2**18)  # 30 MiB
del block
print((resident() - before) / 2**20)
"""


@pytest.mark.parametrize(
    ("options", "encoded", "decoded"),
    [
        ({"n_components": 7}, 4, 7 + 24),  # 4 cells forward, 3 backward; positions
        ({"n_components": 7, "bidirectional": False}, 7, 7 + 24),
        ({"n_components": 9, "hidden_size": 3, "decoder_inputs": "vector"}, 3, 9),
        ({"n_components": 2, "hidden_size": 3, "decoder_inputs": "vector"}, 3, 6),
    ],
)
def test_batches_are_bounded_by_the_widest_call(X, options, encoded, decoded):
    net = _embedder(max_epochs=0, **options).fit(X).net_

    assert net.inference_costs(decodes=False)[1:] == (encoded, True)
    assert net.inference_costs(decodes=True)[1:] == (decoded, True)


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="another C library keeps memory itself"
)
def test_the_memory_of_a_batch_is_kept_for_the_next_one():
    # Page faults tell nothing: how many there are depends on the size of pages.
    kept = {
        way: float(
            subprocess.run(
                [sys.executable, "-c", KEPT_MEMORY, way],
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        for way in ("kept", "given back")
    }

    assert kept["given back"] < 10 < 20 < kept["kept"], kept


def test_training_and_transform_ask_for_that(X, monkeypatch):
    asked = []
    monkeypatch.setattr(
        fitting_module, "keep_freed_memory", lambda: asked.append("fit")
    )
    embedder = _embedder(max_epochs=1, early_stopping=False).fit(X)
    monkeypatch.setattr(
        net_module, "keep_freed_memory", lambda: asked.append("transform")
    )

    embedder.transform(X)

    assert set(asked) == {"fit", "transform"}
