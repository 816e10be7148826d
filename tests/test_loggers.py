"""The loggers of skorch, which hold writers and runs that cannot be copied."""

import pytest
from skorch.callbacks import MlflowLogger, TensorBoard, WandbLogger
from small_fits import small_embedder


def test_tensorboard_gets_the_losses(X, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(tmp_path)
    logger = TensorBoard(writer, close_after_train=False)

    embedder = small_embedder(warm_start=True, callbacks=[logger]).fit(X).fit(X)
    writer.close()

    events = EventAccumulator(str(tmp_path)).Reload().Scalars("Loss/train_loss")
    assert [event.step for event in events] == [1, 2, 3, 4, 5, 6]
    expected = [row["train_loss"] for row in embedder.history_]
    assert [event.value for event in events] == pytest.approx(expected)


@pytest.mark.parametrize("max_epochs", [0, 2])
def test_mlflow_gets_the_losses_and_ends_the_run(X, tmp_path, monkeypatch, max_epochs):
    mlflow = pytest.importorskip("mlflow", reason="mlflow is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = mlflow.MlflowClient(tracking_uri=(tmp_path / "runs").as_uri())
    run = client.create_run(client.create_experiment("test"))
    logger = MlflowLogger(run, client, create_artifact=False)

    embedder = small_embedder(max_epochs=max_epochs, callbacks=[logger]).fit(X)

    run_id = run.info.run_id
    assert client.get_run(run_id).info.status == "FINISHED"
    losses = client.get_metric_history(run_id, "train_loss") if max_epochs else []
    expected = [row["train_loss"] for row in embedder.history_]
    assert [loss.value for loss in losses] == pytest.approx(expected)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_wandb_gets_the_losses(X, tmp_path, monkeypatch, early_stopping):
    wandb = pytest.importorskip("wandb", reason="wandb is not installed")
    for name in ("DIR", "CONFIG_DIR", "CACHE_DIR", "DATA_DIR"):
        monkeypatch.setenv(f"WANDB_{name}", str(tmp_path))
    settings = wandb.Settings(console="off", silent=True)
    run = wandb.init(mode="offline", project="test", settings=settings)
    logger = WandbLogger(run, save_model=early_stopping)

    embedder = small_embedder(callbacks=[logger], early_stopping=early_stopping)
    embedder.fit(X)
    logged = dict(run.summary)
    run.finish()

    assert logged["train_loss"] == pytest.approx(embedder.history_[-1]["train_loss"])
