"""Safeguards taken away in a copy of the code; a test must turn red for each of them."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support import ROOT

PARTS = ("edge", "central", "tests", "scripts", "pyproject.toml")


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` is replaced by `new` in `file`; `test` are arguments of pytest that must fail."""

    name: str
    file: str
    old: str
    new: str
    test: tuple[str, ...]


SURVIVES = ("tests/faults/test_power_cuts.py", "-k")
RECEIVER = "tests/integration/test_receiver.py"
MUTATIONS = (
    Mutation(
        "box: synchronous NORMAL instead of FULL",
        "edge/outbox_db.py",
        "synchronous = FULL",
        "synchronous = NORMAL",
        (*SURVIVES, "survives and outbox"),
    ),
    Mutation(
        "central: synchronous NORMAL instead of FULL",
        "central/db.py",
        "synchronous=FULL",
        "synchronous=NORMAL",
        (*SURVIVES, "survives and central"),
    ),
    Mutation(
        "central: PUBACK before the commit",
        "central/receiver/worker.py",
        "        with self._tools.metrics.batch_s.time():\n",
        "        for letter in letters:\n            self._wire.ack(letter)\n"
        "        with self._tools.metrics.batch_s.time():\n",
        (RECEIVER, "-k", "order_is_commit and sqlite"),
    ),
    Mutation(
        "box: an event is forgotten on PUBACK",
        "edge/exchange.py",
        "            self._outbox.taken(row.seq)",
        "            self._outbox.apply(Ack(epoch=self._outbox.epoch, filed=[row.event_id]), 0.0)",
        ("tests/integration/test_publisher.py",),
    ),
    Mutation(
        "central: no ON CONFLICT DO NOTHING",
        "central/store/sql.py",
        ".on_conflict_do_nothing()",
        "",
        ("tests/integration/test_store.py", "tests/property/test_merge.py", "-k", "not postgres"),
    ),
    Mutation(
        "central: an exception in the callback reaches paho (suppress_exceptions by default)",
        "central/receiver/link.py",
        '        except Exception as error:\n            log.error("message_not_taken"',
        '        except ZeroDivisionError as error:\n            log.error("message_not_taken"',
        ("tests/faults/test_safeguards.py", "-k", "callback"),
    ),
    Mutation(
        "central: a duplicate is not acknowledged again",
        "central/store/merge.py",
        "    queue_ack(session, taken.sender, note)\n",
        "    if new:\n        queue_ack(session, taken.sender, note)\n",
        (RECEIVER, "-k", "lost_acknowledgement and sqlite"),
    ),
    Mutation(
        "central: a box that sends nothing is not asked for what is missing",
        "central/receiver/gaps.py",
        "if all(self._ask(request) for request in requests):",
        "if requests is not None:",
        ("tests/integration/test_gaps.py", "-k", "idle_box and sqlite"),
    ),
    Mutation(
        "box: retry timers on the wall clock",
        "edge/clock.py",
        "return time.monotonic()",
        "return time.time()",
        ("tests/faults/test_safeguards.py", "-k", "clock"),
    ),
    Mutation(
        "box: no fsync of the picture's folder",
        "edge/evidence.py",
        "            raise\n        _sync_folder(path.parent)\n",
        "            raise\n",
        (*SURVIVES, "survives and outbox"),
    ),
    Mutation(
        "central: no fsync of the picture's folder",
        "central/evidence.py",
        "            raise\n        _sync_folder(path.parent)\n",
        "            raise\n",
        (*SURVIVES, "survives and central"),
    ),
)


def judge(mutation: Mutation, folder: Path) -> str:
    """`red` when the test passes on an untouched copy and fails on a mutated one, else why not."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    target = folder / mutation.file
    text = target.read_text(encoding="utf-8")
    if mutation.old not in text:
        return "does not fit the code"
    if _pytest(mutation, folder) != "passed":
        return "red without the mutation"
    target.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    return "red" if _pytest(mutation, folder) == "failed" else "still green"


def _pytest(mutation: Mutation, folder: Path) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *mutation.test], cwd=folder, capture_output=True, text=True, check=False
    )
    summary = done.stdout.rstrip().rpartition("\n")[2]
    return "failed" if " failed" in f" {summary}" else "passed" if "passed" in summary else "error"
