"""What goes over one connection to the broker: events and state out, acknowledgements in."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from edge.changes import Changes
from edge.clock import Clock
from edge.crash import crash_point
from edge.events import Ack, BoxState, to_json, topic
from edge.mqtt import MAX_INFLIGHT, Link, Message
from edge.outbox import Outbox, Row

log = structlog.get_logger()

INFLIGHT_BYTES = 64 * 1024  # on a 512 kb/s link a live event waits one second behind them
STATE_EVERY_S = 10.0
LEVEL_EVERY_S = 5.0
"""So often where sound is measured: people watch the level."""
FAILURE = 0x80
PAYLOAD_FORMAT_INVALID = 0x99


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this box is; `boot_id` is new with every start of the program."""

    site: str
    box: str
    boot_id: str

    @property
    def client_id(self) -> str:
        """Name at the broker: the dot cannot stand in a site or box, so no two are alike."""
        return f"{self.site}.{self.box}"

    @property
    def offline(self) -> Message:
        """The last will, and what is said at a proper end."""
        state = BoxState(online=False, boot_id=self.boot_id)
        return Message(topic(self.site, self.box, "state"), to_json(state), retain=True)


@dataclass(slots=True)
class Ends:
    """What an exchange works on; it lives longer than a connection."""

    identity: Identity
    outbox: Outbox
    clock: Clock
    state_source: Callable[[], BoxState]
    changes: Changes
    bad_acks_total: int = 0


class Exchange:
    """The dealings of one open link; raises LinkLost when it ends, OutboxError from the outbox."""

    def __init__(self, link: Link, ends: Ends) -> None:
        self._link = link
        self._ends = ends
        self._outbox = ends.outbox
        identity = ends.identity
        self._event_topic = topic(identity.site, identity.box, "event")
        self._state_topic = topic(identity.site, identity.box, "state")
        self._awaited: dict[int, Row] = {}
        self._state_mid: int | None = None
        self._state_due_ts = 0.0
        self.works = False
        """The broker has taken something over this link."""

    def turn(self) -> None:
        """Deal with what came in, then send what is due."""
        now_ts = self._ends.clock.ts()
        while self._link.taken:
            self._on_puback(*self._link.taken.popleft())
        while self._link.received:
            self._on_ack(self._link.received.popleft(), now_ts)
        self._ends.changes.note("central_silent", self._outbox.central_silent(now_ts))
        self._send_state(now_ts)
        self._send_events(now_ts)

    def say_offline(self) -> int:
        """Publish that the box goes offline on purpose; gives the mid."""
        return self._link.publish(self._ends.identity.offline)

    def awaited_seqs(self) -> list[int]:
        """Events whose PUBACK has not come."""
        return [row.seq for row in self._awaited.values()]

    def _on_puback(self, mid: int, code: int) -> None:
        self.works = True
        if mid == self._state_mid:
            self._state_mid = None
        row = self._awaited.pop(mid, None)
        if row is None:
            return
        crash_point("event.after_puback")
        self._ends.changes.note("broker_refuses_events", code >= FAILURE, code=code)
        if code == PAYLOAD_FORMAT_INVALID:
            self._quarantine(row, "the broker refuses its payload")
        else:
            self._outbox.taken(row.seq)  # refused for now: it is sent again like a silent one

    def _on_ack(self, payload: bytes, now_ts: float) -> None:
        try:
            ack = Ack.model_validate_json(payload)
            crash_point("ack.before_apply")
            self._outbox.apply(ack, now_ts)
        except ValueError as error:  # untrusted bytes; the events stay queued and are sent again
            self._ends.bad_acks_total += 1
            self._ends.changes.note("ack_not_understood", True, reason=type(error).__name__)
        else:
            self._ends.changes.note("ack_not_understood", False)

    def _send_state(self, now_ts: float) -> None:
        if now_ts < self._state_due_ts or self._state_mid is not None:
            return
        self._state_due_ts = now_ts + STATE_EVERY_S
        try:
            state = self._ends.state_source()
            body = to_json(state)
        except Exception as error:  # a bug in telling how the box is must not hold up events
            self._ends.changes.note("state_unknown", True, reason=repr(error))
            return
        self._ends.changes.note("state_unknown", False)
        if any(stream.sound for stream in state.streams):
            self._state_due_ts = now_ts + LEVEL_EVERY_S
        self._state_mid = self._link.publish(Message(self._state_topic, body, retain=True))

    def _send_events(self, now_ts: float) -> None:
        room_bytes = INFLIGHT_BYTES - sum(len(row.body) for row in self._awaited.values())
        room = MAX_INFLIGHT - 1 - len(self._awaited)  # one is left for the state
        for row in self._outbox.due(now_ts, room, room_bytes, idle=not self._awaited):
            message = Message(
                self._event_topic, row.body, user=row.seal.properties() if row.seal else ()
            )
            limit = self._link.max_packet_bytes
            if limit is not None and message.packet_bytes > limit:
                self._quarantine(row, f"{message.packet_bytes} bytes, the broker allows {limit}")
                continue
            # Noted before it is sent: when the connection ends in between, it counts as broken.
            self._outbox.sent(row.seq, now_ts)
            crash_point("event.before_publish")
            self._awaited[self._link.publish(message)] = row
            crash_point("event.after_publish")

    def _quarantine(self, row: Row, reason: str) -> None:
        self._outbox.quarantine(row.seq, reason)
        log.error("event_quarantined", seq=row.seq, event_id=row.event_id, reason=reason)
