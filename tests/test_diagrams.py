"""Diagrams of estimators in notebooks have a link and, after `fit`, a caption."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler
from sklearn.utils import estimator_html_repr

from sklearn_seqembed import (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
    _diagrams,
    load,
)
from sklearn_seqembed.datasets import make_sequences

ROOT = Path(__file__).parent.parent
ESTIMATORS = (
    LSTMSequenceClassifier,
    LSTMSequenceEmbedder,
    LSTMSequencePredictor,
    LSTMSequenceRegressor,
)
X, Y = make_sequences(20, random_state=0)
CAPTION = r"fitted in \d+(\.\d)? seconds, explains \d+\.\d% of the training data"


@pytest.fixture(scope="module")
def fitted():
    return LSTMSequenceEmbedder(n_components=8, max_epochs=1, random_state=0).fit(X)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_diagrams_link_to_the_guide_in_the_repository_of_the_metadata(cls):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    folder = f"{project['urls']['Source']}/blob/main/"

    html = estimator_html_repr(cls())

    (link,) = set(re.findall(r'href="(https://[^"#]+)', html))
    assert link.startswith(folder)
    page = ROOT / link.removeprefix(folder)
    assert page.parent == ROOT / "docs" / "guide"
    assert page.stem == "index" or cls.__name__ in page.read_text()
    assert "explains" not in html


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01, "0.1"), (0.082, "0.1"), (1.6, "1.6"), (9.94, "9.9"), (42, "40")],
)
def test_short_durations_are_shown_with_one_digit(fitted, monkeypatch, seconds, text):
    monkeypatch.setattr(fitted, "fit_time_", seconds)

    assert _diagrams.write_caption(fitted).startswith(f"fitted in {text} seconds, ")


def test_the_diagram_of_a_fitted_estimator_tells_time_and_score(fitted):
    assert re.search(CAPTION, fitted._repr_html_())


def test_the_diagram_of_a_pipeline_has_the_caption():
    embedder = LSTMSequenceEmbedder(n_components=8, max_epochs=0)
    pipeline = make_pipeline(embedder, LogisticRegression()).fit(X, Y)

    assert re.search(CAPTION, pipeline._repr_html_())


def test_a_given_scaler_does_not_hide_the_caption():
    embedder = LSTMSequenceEmbedder(n_components=4, max_epochs=0, scaler=RobustScaler())

    assert re.search(CAPTION, embedder.fit(X)._repr_html_())


def test_a_score_that_is_not_a_number_is_not_shown():
    embedder = LSTMSequenceEmbedder(n_components=4, max_epochs=1).fit(np.ones((5, 6)))

    caption = _diagrams.write_caption(embedder)
    assert re.fullmatch(r"fitted in \d+(\.\d)? seconds", caption)


def test_diagrams_of_other_versions_are_those_of_other_estimators(fitted, monkeypatch):
    def fail():
        raise ImportError("moved")

    monkeypatch.setattr(_diagrams, "_import_block", fail)

    html = fitted._repr_html_()

    assert "LSTMSequenceEmbedder" in html
    assert "explains" not in html


def test_the_duration_of_a_fit_is_an_attribute(fitted):
    assert 0 < fitted.fit_time_ < 600
    assert not hasattr(LSTMSequenceEmbedder(), "fit_time_")


def test_partial_fit_removes_the_duration():
    embedder = LSTMSequenceEmbedder(n_components=4, max_epochs=1).fit(X)

    embedder.partial_fit(X)

    assert not hasattr(embedder, "fit_time_")
    assert _diagrams.write_caption(embedder) is None


def test_the_duration_is_saved(fitted, tmp_path):
    fitted.save(tmp_path / "embedder")

    assert load(tmp_path / "embedder").fit_time_ == fitted.fit_time_


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "data").glob("format_1_*")))
def test_old_files_have_diagrams(path):
    estimator = load(path)

    assert not hasattr(estimator, "fit_time_")
    assert "explains" in estimator_html_repr(estimator)


def test_the_block_is_found_in_this_version_of_scikit_learn():
    block = _diagrams._import_block()("single", None, name_caption="caption")
    assert block.name_caption == "caption"
