"""Memory, files and threads stay the same while estimators come and go."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("soak.py")


def _has_mallinfo2():
    if not sys.platform.startswith("linux"):
        return False
    return hasattr(ctypes.CDLL(None), "mallinfo2")


@pytest.mark.skipif(
    not _has_mallinfo2(), reason="reads the statistics of glibc 2.33 or later"
)
def test_200_cycles_leave_nothing_behind(record_property):
    command = [sys.executable, str(PROGRAM), "--cycles", "200"]
    # Python would otherwise keep freed memory for small objects.
    environment = os.environ | {"PYTHONMALLOC": "malloc"}
    result = subprocess.run(command, env=environment, capture_output=True, check=True)
    # With verbose=1, `fit` prints as well.
    report = json.loads(result.stdout.splitlines()[-1])
    slopes = report["slopes"]
    record_property("slopes", slopes)
    print(slopes)

    # A network that is kept in every cycle would be more than its file.
    assert slopes.pop("memory, KiB") < 0.05 * report["file, KiB"]
    assert all(abs(slope) < 1e-9 for slope in slopes.values()), slopes
    assert report["last"]["threads"] == 1
