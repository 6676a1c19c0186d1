"""Asks boxes for events that are missing, and says when they are not on their way any more."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from central import store
from central.db import Database
from central.metrics import Metrics
from edge.events import to_json, topic

LOOK_EVERY_S = 30.0

log = structlog.get_logger()


class Wire(Protocol):
    """What the watch needs of the link."""

    def publish(self, topic: str, body: bytes) -> bool: ...


class GapWatch:
    """Counts the gaps of all ledgers now and then, and asks for them, more and more rarely.

    One log line per change of state. Nobody writes down what was asked: what got lost is asked
    for again, and a box sends nothing twice that central has acknowledged and not missed.
    """

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        wire: Wire,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._now = now
        self._monotonic = monotonic
        self._wire = wire
        self._next_s = monotonic()
        self._asked_at = now() - timedelta(hours=1)  # what fell due before the start is asked for
        self._alarmed = False

    def look(self) -> None:
        """Cheap when it is too early; a database that is away is somebody else's news."""
        if self._monotonic() < self._next_s:
            return
        self._next_s = self._monotonic() + LOOK_EVERY_S
        try:
            with self._database.write() as session:
                now = self._now()
                requests = store.mend_ledgers(session, self._asked_at, now)
                young, overdue = store.count_missing(session, now)
        except SQLAlchemyError:
            return
        if all(self._ask(request) for request in requests):
            self._asked_at = now
        self._metrics.missing.labels("young").set(young)
        self._metrics.missing.labels("overdue").set(overdue)
        if self._alarmed is not overdue > 0:
            self._alarmed = overdue > 0
            (log.error if overdue else log.info)(
                "events_missing" if overdue else "events_missing_over", events=overdue
            )

    def _ask(self, request: store.Request) -> bool:
        name = topic(request.sender.site, request.sender.box, "ack")
        return self._wire.publish(name, to_json(request.ack))
