"""`kill -9` of a real process that puts events: what put() returned is there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge.evidence import EvidenceStore
from edge.outbox import Outbox
from tests.delivery import accounted
from tests.support import ROOT, wait_for

# Prints the id only after put() returned, as the pipeline goes on only then. In one piece, also if
# PYTHONUNBUFFERED is set: a kill would leave half of a line before the next one.
PROGRAM = """
import sys
from pathlib import Path
from edge.evidence import EvidenceStore
from edge.outbox import Outbox
from tests.delivery import device_event, picture_ref

folder = Path(sys.argv[1])
outbox, store = Outbox(folder / "outbox.db"), EvidenceStore(folder / "evidence")
while True:
    count = int(outbox.load_state("count") or b"0") + 1
    jpeg = b"picture %d" % count
    store.put(jpeg)
    event = outbox.put(device_event(), [picture_ref(jpeg)], {"count": b"%d" % count})
    sys.stdout.write(f"{event.seq} {event.id}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize("round_", range(2))
def test_every_event_that_was_put_survives(round_: int, tmp_path: Path) -> None:
    printed = tmp_path / "printed.txt"
    wanted = 40 * (round_ + 1)
    for kill in range(1, 4):
        with printed.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, stdout=out
            )
            wait_for(lambda n=kill * wanted: printed.read_bytes().count(b"\n") >= n, 30)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()

    outbox = Outbox(tmp_path / "outbox.db")
    whole_lines = printed.read_text().rsplit("\n", 1)[0].split("\n")
    told = dict(reversed(line.split()) for line in whole_lines)
    kept = accounted(outbox)
    assert set(told) <= set(kept)
    assert len(kept) <= len(told) + 3  # at most one per kill was put and not told any more
    seqs = [row.seq for row in outbox.due(0.0, 10**6, 10**9)]
    assert outbox.load_state("count") == str(len(kept)).encode()  # state and events are one
    assert seqs == list(range(len(kept) - len(seqs) + 1, len(kept) + 1))
    store = EvidenceStore(tmp_path / "evidence")
    store.remove_orphans(outbox.known_pictures())
    for picture in outbox.pictures_to_upload(10**6):
        jpeg = store.get(picture.sha256)
        assert jpeg is not None
        assert len(jpeg) == picture.bytes
    outbox.close()
