"""Every example runs, and says what it learned without a warning."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem
)
def test_example_runs(path, tmp_path):
    environment = os.environ | {"MPLBACKEND": "Agg"}
    environment.pop("DISPLAY", None)  # with one, plt.show() would warn about Agg

    result = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", str(path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stderr
    assert "Warning" not in result.stderr
    assert result.stdout
