"""Runs that repeat the suite's own proofs with more chances, and the load of a whole district."""

import subprocess
import sys

from central import crash
from edge import crash as edge_crash
from tests.faultline.runs import Result, Run, Skipped
from tests.powercut import CENTRAL, OUTBOX, run_cuts
from tests.support import ROOT


def power_cuts(run: Run) -> Result:
    """The disk of box and central is cut at random moments; NORMAL must lose something."""
    cuts, lost, faults = 0, 0, []
    without = 0
    for subject in (OUTBOX, CENTRAL):
        for _ in range(run.pick(1, 4)):
            outcome = run_cuts(subject, run.pick(60, 250), run.rng.randrange(2**31))
            if outcome is None:
                raise Skipped("there is no C compiler")
            cuts, lost = cuts + outcome.cuts, lost + len(outcome.lost)
            faults += outcome.lost[:5]
            run.say(f"{cuts} cuts")
        weak = run_cuts(subject, run.pick(60, 250), run.rng.randrange(2**31), "normal")
        assert weak is not None
        without += len(weak.lost)
        faults += [] if weak.lost else [f"{subject.name}: NORMAL lost nothing"]
    figure = f"{lost} of what was promised lost in {cuts} cuts; with synchronous=NORMAL: {without}"
    how = "writes and fsyncs recorded, the disk rebuilt with unsynced writes torn, missing or whole"
    return Result("simulated power cuts, box and central", figure, how, faults)


def crash_points(run: Run) -> Result:
    """Every named crash point of box and central is met once."""
    selected = "not postgres" if not run.long else "test"
    faults = _pytest("tests/faults/test_crash_points.py", "-k", selected)
    databases = "SQLite and PostgreSQL" if run.long else "SQLite"
    count = len(edge_crash.POINTS) + len(crash.POINTS)
    figure = f"{count} points met, {'none lost anything' if not faults else 'see faults'}"
    how = f"`JINMU_CRASH_AT` on both sides of each fsync, commit, publish and ack; {databases}"
    return Result("named crash points", figure, how, faults)


def permutations(run: Run) -> Result:
    """Any order and any duplication of events gives the same database."""
    faults = _pytest(
        "tests/property/test_merge.py", "tests/property/test_outbox_machine.py",
        f"--hypothesis-seed={run.rng.randrange(2**31)}",
    )  # fmt: skip
    figure = "same database each time" if not faults else "see faults"
    return Result("permutations and duplicates", figure, "hypothesis, tests/property", faults)


def version_skew(run: Run) -> Result:
    """Messages of the version before and of the next one."""
    test = "test_a_newer_schema_is_refused_told_and_kept_whole"
    faults = _pytest("tests/integration/test_quarantine.py", "-k", test)
    faults += _pytest("tests/unit/test_events.py")
    figure = "refused, told to the box, kept whole for a retry" if not faults else "see faults"
    return Result("event of the next version", figure, "unknown field in an event", faults)


def _pytest(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else done.stdout.splitlines()[-8:]
