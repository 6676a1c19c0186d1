"""A sender over a real database, an injected clock and no chance, for the tests."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from central.db import Database
from central.metrics import Metrics, make_metrics
from central.tell import outbox
from central.tell.adapters import Adapter, make_adapter
from central.tell.book import Book
from central.tell.message import Message, NotSent, Outgoing
from central.tell.sender import Sender, Tools
from central.tell.teller import Clerk
from central.tell_tables import TellTable
from tests.central.site import Moving


@dataclass
class Spy:
    """An adapter that keeps what it is given, and fails as it is told."""

    repeats_are_harmless: bool = False
    sent: list[Outgoing] = field(default_factory=list)
    faults: list[NotSent | None] = field(default_factory=list)

    def send(self, out: Outgoing) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.sent.append(out)

    def close(self) -> None:
        pass


@dataclass
class Desk:
    """Outbox, clerk and senders, stepped by hand."""

    database: Database
    book: Book
    clock: Moving = field(default_factory=Moving)
    metrics: Metrics = field(default_factory=make_metrics)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tools = Tools(
            self.database, self.metrics, self.clock, lambda: 0.5, self.pictures.get,
            lambda _: None, "https://jinmu.example",
        )  # fmt: skip
        self.clerk = Clerk(self.tools, self.book)

    def sender(self, name: str, adapter: Adapter | None = None) -> Sender:
        channel = self.book.channel(name)
        assert channel is not None
        return Sender(self.tools, channel.lane, adapter or make_adapter(channel, self.clock))

    def tell(self, *messages: Message) -> None:
        with self.database.write() as session:
            outbox.tell(session, messages, self.clock())
        while self.clerk.step() == 0.0:
            pass

    def run(self, sender: Sender, seconds: float = 0.0, step_s: float = 1.0) -> None:
        """Let the sender work for so long, the clock going on only when it has nothing to do."""
        until = self.clock.at.timestamp() + seconds
        while True:
            while sender.step() == 0.0:
                pass
            if self.clock.at.timestamp() >= until:
                return
            self.clock.forward(seconds=step_s)

    def rows(self, **wanted: Any) -> list[TellTable]:
        with self.database.read() as session:
            statement = select(TellTable).filter_by(**wanted).order_by(TellTable.id)
            rows = list(session.scalars(statement))
            session.expunge_all()
        return rows

    def states(self, **wanted: Any) -> list[str]:
        return [row.state for row in self.rows(**wanted) if row.channel]


def message(number: int = 1, **changes: Any) -> Message:
    values: dict[str, Any] = {
        "key": f"FL-20261124-{number:04d}/filed/task/lead",
        "case_no": f"FL-20261124-{number:04d}",
        "kind": "task",
        "party": "lead",
        "title": f"【占用】消防通道 FL-{number}",
        "text": "请到场处置",
        "data": {"place": f"FL-{number}"},
    }
    return Message(**(values | changes))
