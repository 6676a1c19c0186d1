"""The short lane of `scripts/faults`: every part is broken, nothing is lost."""

import re
import subprocess

import pytest

from tests.support import ROOT

# Crash points, cuts and orders have tests of their own.
RUNS = ("kills", "amnesia", "lies", "thief", "poison", "flapping", "outage", "disk-full")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("run", RUNS)
def test_the_short_lane_finds_nothing_lost(run: str) -> None:
    done = subprocess.run(
        [ROOT / "scripts/faults", "--only", run], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.fullmatch(rf"{run}: (ok|skipped).*", done.stdout.strip())
    assert told is not None, done.stdout
    if told[1] == "skipped":
        pytest.skip(done.stdout.strip())
