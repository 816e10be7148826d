"""Smoke runs of the examples: each one runs, prints something and draws a figure.

Networks train for one epoch, so the results are poor. ``make docs`` runs the gallery
and ``make demo`` runs the demo with all epochs.
"""

import ast
import importlib.util
import os
import runpy
import warnings
from functools import partial
from pathlib import Path

import matplotlib
import pytest
from joblib import parallel_config
from sklearn.manifold import TSNE

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

EXAMPLES = Path(__file__).parent.parent / "examples"

# Packages that the Makefile installs, for the documentation or, in the case of pymsm,
# without its dependencies. Where one is missing, the examples that use it are skipped.
DOCS_ONLY = {
    "aeon",
    "datamapplot",
    "embedding_atlas",
    "keras",
    "mlflow",
    "pymsm",
    "tslearn",
    "umap",
}


def list_imports(path):
    """List the packages that a program imports, or whose files it reads."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [
        a.name for node in nodes if isinstance(node, ast.Import) for a in node.names
    ]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "files"
    ]
    return {name.split(".")[0] for name in names}


def one_epoch(fit):
    """Limit `max_epochs` to 1 during `fit`, but leave the parameter as it was."""

    def fit_for_one_epoch(self, *args, **kwargs):
        max_epochs = self.max_epochs
        self.max_epochs = 1 if max_epochs == "auto" else min(max_epochs, 1)
        try:
            return fit(self, *args, **kwargs)
        finally:
            self.max_epochs = max_epochs

    return fit_for_one_epoch


@pytest.fixture
def quick_fits(monkeypatch):
    """Train all networks for one epoch, including those of searches."""
    monkeypatch.setattr("sklearn.manifold.TSNE", partial(TSNE, max_iter=250))
    for estimator in (
        LSTMSequenceClassifier,
        LSTMSequenceEmbedder,
        LSTMSequencePredictor,
        LSTMSequenceRegressor,
    ):
        monkeypatch.setattr(estimator, "fit", one_epoch(estimator.fit))
    with parallel_config(backend="sequential"):  # worker processes are not patched
        yield


def list_titles(figure):
    """List the titles of a figure, which become its alternative text in the gallery."""
    titles = [figure.get_suptitle()]
    for ax in figure.axes:
        titles += [ax.get_title(loc) for loc in ("left", "center", "right")]
    return [title for title in titles if title]


@pytest.fixture
def figures(monkeypatch):
    """Record the titles of figures that are shown or saved, and close them."""
    plt.close("all")  # those of other tests
    recorded = []

    def show():
        for number in plt.get_fignums():
            figure = plt.figure(number)
            figure.draw_without_rendering()
            recorded.append(list_titles(figure))
        plt.close("all")

    monkeypatch.setattr(plt, "show", show)
    monkeypatch.setattr(Figure, "savefig", lambda self, *args, **kwargs: show())
    yield recorded
    plt.close("all")


@pytest.mark.filterwarnings(
    "error",
    # Consequences of training for one epoch.
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:Mean of empty slice:RuntimeWarning",
    "ignore:invalid value encountered in scalar divide:RuntimeWarning",
    # Ray's own use of what it deprecates.
    "ignore::DeprecationWarning:ray",
    "ignore::FutureWarning:ray",
)
@pytest.mark.parametrize(
    "path",
    [EXAMPLES / "demo.py", *sorted(EXAMPLES.rglob("plot_*.py"))],
    ids=lambda path: path.stem,
)
def test_example_runs(path, quick_fits, figures, tmp_path, monkeypatch, capsys):
    docs_only = sorted(DOCS_ONLY & list_imports(path))
    missing = [name for name in docs_only if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)}: see the Makefile")
    if docs_only:  # these packages call functions that others have deprecated
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
    if path.stem == "plot_ray_tune" and not os.environ.get("SEQEMBED_RAY"):
        pytest.skip("SEQEMBED_RAY=1 runs the tests of Ray")
    if path.stem == "plot_ray_tune":
        pytest.importorskip("ray", reason="the extra ray is not installed")
        monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        monkeypatch.setenv("RAY_AIR_NEW_OUTPUT", "0")  # the example sets it, too
    monkeypatch.chdir(tmp_path)

    runpy.run_path(str(path), run_name="__main__")

    assert capsys.readouterr().out
    assert figures
    assert all(figures), f"One figure has no title. Titles of each: {figures}"
