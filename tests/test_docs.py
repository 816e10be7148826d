"""What README, user guide and packaging say is so."""

import doctest
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import sklearn_seqembed

ROOT = Path(__file__).parent.parent


def test_the_lines_of_the_readme_run(capsys):
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    code = "".join(blocks)
    names = {}

    exec(compile(code, "README.md", "exec"), names)

    shapes, accuracy, said = capsys.readouterr().out.splitlines()
    assert shapes == f"{np.shape(names['X'][0])} (200, 32)"
    assert shapes in code  # the comment says what is printed
    assert float(accuracy) > 0.9
    assert said in code
    for block in blocks:
        assert len([line for line in block.splitlines() if line]) <= 10


@pytest.mark.parametrize("page", ["user_guide", "predictor"])
def test_the_user_guide_runs(page):
    result = doctest.testfile(
        str(ROOT / "docs" / f"{page}.rst"),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
    )

    assert result.attempted > 0
    assert result.failed == 0


def test_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())

    assert links
    for link in links:
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_the_version_is_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert sklearn_seqembed.__version__ == project["version"]
    assert version("sklearn-seqembed") == project["version"]


def test_public_names_are_listed():
    assert sklearn_seqembed.__all__ == sorted(sklearn_seqembed.__all__)
    for name in sklearn_seqembed.__all__:
        assert hasattr(sklearn_seqembed, name)


def test_torch_is_pinned_for_a_fresh_machine():
    assert "torch==2.13.0\n" in (ROOT / "constraints.txt").read_text()
