"""How often a box says how it is: every 10 s, and every 5 s where people watch a level."""

from collections import deque
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from edge.changes import Changes
from edge.events import BoxState, SoundState, StreamState
from edge.exchange import Ends, Exchange, Identity
from edge.mqtt import Link, Message
from edge.outbox import Outbox
from tests.delivery import BOOT, BOX, SITE, ManualClock

SILENT = StreamState(id="gate-east", up=True)
HEARD = StreamState(id="plaza", up=True, sound=SoundState())


class QuickLink:
    """A broker that takes everything at once."""

    max_packet_bytes: int | None = None

    def __init__(self) -> None:
        self.taken: deque[tuple[int, int]] = deque()
        self.received: deque[bytes] = deque()
        self.published: list[Message] = []

    def publish(self, message: Message) -> int:
        self.published.append(message)
        self.taken.append((len(self.published), 0))
        return len(self.published)


@pytest.mark.parametrize(
    ("streams", "told_at_s"),
    [([], [0, 10, 20]), ([SILENT], [0, 10, 20]), ([SILENT, HEARD], [0, 5, 10, 15, 20])],
)
def test_the_state_goes_out_as_often_as_somebody_needs_it(
    tmp_path: Path, streams: list[StreamState], told_at_s: list[int]
) -> None:
    clock, link = ManualClock(), QuickLink()
    state = BoxState(online=True, boot_id=BOOT, streams=streams)
    with closing(Outbox(tmp_path / "outbox.db")) as outbox:
        ends = Ends(Identity(SITE, BOX, BOOT), outbox, clock, lambda: state, Changes())
        exchange = Exchange(cast(Link, link), ends)
        told = []
        for second in range(25):
            before = len(link.published)
            exchange.turn()
            told += [second] * (len(link.published) - before)
            clock.now_ts += 1
    assert told == told_at_s
    assert all(message.retain for message in link.published)
