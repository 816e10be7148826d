"""Memory, files and threads stay the same while estimators come and go."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("soak.py")


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="reads the /proc of Linux"
)
def test_200_cycles_leave_nothing_behind(record_property):
    command = [sys.executable, str(PROGRAM), "--cycles", "200"]
    report = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    slopes = report["slopes"]
    record_property("slopes", slopes)
    print(slopes)

    # A network that is kept in every cycle would be more than its file. The C library
    # accounts for some KiB.
    assert slopes.pop("memory, KiB") < 0.25 * report["file, KiB"]
    assert all(abs(slope) < 1e-9 for slope in slopes.values()), slopes
    assert report["last"]["threads"] == 1
