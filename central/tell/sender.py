"""One channel's sender: take from the outbox, send, write down how it ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from central.clock import Now
from central.crash import crash_point
from central.db import Database
from central.metrics import Metrics
from central.tell import outbox
from central.tell.adapters import Adapter
from central.tell.message import Hearer, NoPicture, NotSent, Outgoing, page_of
from central.tell.outbox import Batch, Ending, Lane
from central.tell.texts import digest
from central.tell_tables import TellTable

IDLE_S = 0.5
DIGEST_BYTES = 1800
REPEATED = "【可能重复】"

log = structlog.get_logger()


Listed = Callable[[Session, str], Sequence[Hearer]]


def nobody_listed(_: Session, __: str) -> Sequence[Hearer]:
    """A town that lists nobody."""
    return ()


@dataclass(frozen=True, slots=True)
class Tools:
    """What senders work with; `picture` gives a case's masked JPEG, `changed` hints to browsers.

    `link` is how browsers reach central, "" when nobody has said; `chance` gives numbers in 0-1;
    `listed` names who hears for a party, as the town lists them.
    """

    database: Database
    metrics: Metrics
    now: Now
    chance: Callable[[], float]
    picture: Callable[[str], bytes | None]
    changed: Callable[[str], None]
    link: str = ""
    listed: Listed = nobody_listed


class Sender:
    """Sends what is due on one channel, at its pace."""

    def __init__(self, tools: Tools, lane: Lane, adapter: Adapter) -> None:
        self._tools = tools
        self._lane = lane
        self._adapter = adapter

    def step(self) -> float:
        """Send one message if one is due; the seconds until it is worth asking again."""
        now = self._tools.now()
        with self._tools.database.read() as session:
            if not outbox.is_due(session, self._lane.channel, now):
                return IDLE_S
        with self._tools.database.write() as session:
            taken = outbox.claim(session, self._lane, now)
            if isinstance(taken, float):
                return min(IDLE_S, taken)
            out = self._compose(taken)
            crash_point("tell.before_claim")
        crash_point("tell.after_claim")
        fault = self._send(out)
        crash_point("tell.after_send")
        self._settle(taken, fault)
        crash_point("tell.after_settle")
        return 0.0

    def close(self) -> None:
        """Give back connections."""
        self._adapter.close()

    def _send(self, out: "_Ready") -> NotSent | None:
        message = out.message
        try:
            if out.picture_of:
                message = out.with_picture(self._picture(out.picture_of))
            self._adapter.send(message)
        except NotSent as fault:
            return fault
        return None

    def _picture(self, case_no: str) -> bytes:
        picture = self._tools.picture(case_no)
        if picture is None:
            raise NoPicture("the masked picture is not here")
        return picture

    def _settle(self, batch: Batch, fault: NotSent | None) -> None:
        ending = Ending(fault, self._tools.now(), self._tools.chance())
        with self._tools.database.write() as session:
            state = outbox.settle(session, self._lane, batch, ending)
            crash_point("tell.before_settle")
        outcome = state if fault is None else type(fault).__name__.lower()
        self._tools.metrics.told.labels(self._lane.channel, outcome).inc()
        if fault is not None:
            log.warning(
                "message_not_sent",
                channel=self._lane.channel,
                batch=batch.id,
                outcome=outcome,
                state=state,
                reason=str(fault),
            )
        self._tools.changed("tell")

    def _compose(self, batch: Batch) -> "_Ready":
        first = batch.rows[0]
        many = len(batch.rows) > 1
        repeated = any(row.repeated for row in batch.rows)
        title = f"【汇总】{len(batch.rows)} 条消息" if many else first.title
        if repeated and not self._adapter.repeats_are_harmless:
            title = REPEATED + title
        text = digest([_line(row) for row in batch.rows], DIGEST_BYTES) if many else first.text
        page = "/cases" if many or not first.case_no else page_of(first.case_no)
        message = Outgoing(
            id=batch.id if many else f"tell-{first.id}",
            kind="digest" if many else first.kind,
            recipient=first.recipient,
            title=title,
            text=text,
            link=self._tools.link + page if self._tools.link else "",
            urgent=first.urgent,
            at=first.created_at,
            repeated=repeated,
            events=tuple(_event(row) for row in batch.rows),
        )
        return _Ready(message, first.case_no if first.picture else "")


@dataclass(frozen=True, slots=True)
class _Ready:
    """A message, and the case whose picture it is to be, if it is one."""

    message: Outgoing
    picture_of: str = ""

    def with_picture(self, picture: bytes) -> Outgoing:
        values = {name: getattr(self.message, name) for name in self.message.__slots__}
        return Outgoing(**(values | {"picture": picture}))


def _line(row: TellTable) -> str:
    return f"{row.case_no} {row.title}"


def _event(row: TellTable) -> dict[str, object]:
    return {"case_no": row.case_no, "kind": row.kind, "party": row.party, **row.data}
