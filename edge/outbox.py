"""What the box has decided and central has not yet filed: one SQLite file that outlives everything.

An event is on the disk before it is sent and leaves the queue only by central's acknowledgement.
`epoch` is the name of this file and `seq` counts in it without gaps, so a loss shows as a gap. The
scenes' state is committed together with the events it led to.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

from edge.crash import crash_point
from edge.events import MAX_EVENT_BYTES, Ack, DeviceEvent, EvidenceRef, IncidentEvent, to_json
from edge.outbox_chain import Chain
from edge.outbox_db import OutboxDb, OutboxStats, Picture, Quarantined, Row
from edge.outbox_file import OutboxError
from edge.outbox_pictures import OutboxPictures
from edge.schedule import Schedule
from edge.signing import Signer

__all__ = ["Outbox", "OutboxError", "OutboxStats", "Picture", "Quarantined", "Row"]

E = TypeVar("E", bound=IncidentEvent | DeviceEvent)


@dataclass(slots=True)
class _Totals:
    sent: int = 0
    resent: int = 0
    filed: int = 0
    rejected: int = 0
    foreign_acks: int = 0


class Outbox(OutboxPictures):
    """The queue on the disk; every method may be called by any thread and commits by itself.

    `rng` gives numbers in [0, 1) for the jitter of the retries; with a `signer` every event is
    signed when it is put. Every method raises OutboxError
    when SQLite cannot do its work; nothing of the call was done then and it may be repeated.
    """

    def __init__(
        self,
        path: Path,
        rng: Callable[[], float] = random.random,
        signer: Signer | None = None,
    ) -> None:
        super().__init__(OutboxDb(path))
        self._totals = _Totals()
        self.epoch: str = self._db.one("SELECT value FROM meta WHERE key = 'epoch'")
        self._chain = Chain(self._db, self.epoch, signer)
        queued = self._db.all("SELECT seq FROM event WHERE state = 'queued'")
        self._schedule = Schedule((seq for (seq,) in queued), rng)

    @property
    def moved_aside(self) -> Path | None:
        """Where a broken file went that stood here when this one was opened: somebody must know."""
        return self._db.moved_aside

    def close(self) -> None:
        """Close the file; what was committed stays."""
        with self._lock:
            self._db.close()

    # Written by the pipeline.

    def put(
        self,
        event: E,
        pictures: Sequence[EvidenceRef] = (),
        state: Mapping[str, bytes] | None = None,
    ) -> E:
        """Queue an event with the state that goes with it; the event comes back with its seq.

        The files of `pictures` must be on the disk already. Raises ValueError for an event that
        is too large or was put before.
        """
        return self.put_all([(event, pictures)], state)[0]

    def put_all(
        self,
        items: Sequence[tuple[E, Sequence[EvidenceRef]]],
        state: Mapping[str, bytes] | None = None,
    ) -> list[E]:
        """Queue several events and the state after them: all of it or, when it raises, nothing."""
        with self._lock:
            with self._db.write():
                seq = self._db.last_seq()
                numbered = [self._insert(item, seq + n) for n, item in enumerate(items, 1)]
                self._db.save_state(state or {})
                crash_point("outbox.put.before_commit")
            crash_point("outbox.put.after_commit")
            for event in numbered:
                self._schedule.add(event.seq)
        self._tell()
        return numbered

    def save_state(self, state: Mapping[str, bytes]) -> None:
        """Keep the scenes' state; keys that are not named stay as they are."""
        with self._lock:
            with self._db.write():
                self._db.save_state(state)
                crash_point("outbox.state.before_commit")
            crash_point("outbox.state.after_commit")

    def load_state(self, key: str) -> bytes | None:
        """State that was kept under the key."""
        with self._lock:
            value: bytes | None = self._db.one("SELECT value FROM scene_state WHERE key = ?", key)
        return value

    # Read and settled by the publisher.

    def due(
        self, now_ts: float, limit_events: int, limit_bytes: int, idle: bool = True
    ) -> list[Row]:
        """Events to send now: the newest unsent ones in the order of their seq, then re-sends.

        `idle` says that no PUBACK is awaited: only then may the first event alone exceed the
        limit of bytes, and only then do events go on which the connection broke before.
        """
        rows: list[Row] = []
        with self._lock:
            for seq in self._schedule.due(now_ts, limit_events, idle):
                row = self._row(seq)
                limit_bytes -= len(row.body)
                if limit_bytes < 0 and (rows or not idle):
                    break
                rows.append(row)
        return rows

    def sent(self, seq: int, now_ts: float) -> None:
        """It was given to the broker: it is due again when central stays silent."""
        with self._lock:
            if self._schedule.sent(seq, now_ts):
                self._totals.sent += 1
            else:
                self._totals.resent += 1

    def taken(self, seq: int) -> None:
        """The broker sent a PUBACK. That proves nothing: the event stays queued."""
        with self._lock:
            self._schedule.taken(seq)

    def broken(self, seqs: Iterable[int], now_ts: float) -> None:
        """The connection ended before the PUBACK of these events."""
        with self._lock:
            self._schedule.broken(seqs, now_ts)

    def reset_timers(self, now_ts: float) -> None:
        """There is a new connection to the broker: retry soon."""
        with self._lock:
            self._schedule.reset(now_ts)

    def central_silent(self, now_ts: float) -> bool:
        """Whether events were sent and central has acknowledged nothing for long."""
        with self._lock:
            return self._schedule.silent(now_ts)

    def apply(self, ack: Ack, now_ts: float) -> None:
        """Central's word: the only thing that takes events out of the queue.

        Filed events that central misses are queued again; queued ones keep their timers. One that
        only asks for events proves nothing for those that were sent. An acknowledgement of another
        epoch speaks of another file's events: counted and ignored.
        """
        with self._lock:
            if ack.epoch != self.epoch:
                self._totals.foreign_acks += 1
                return
            with self._db.write():
                filed = self._db.mark_filed([*ack.filed, *ack.duplicate])
                reasons = {one.id: f"{one.code}: {one.reason}" for one in ack.rejected}
                rejected = self._db.mark_quarantined(reasons)
                missing = self._db.requeue_filed(ack.missing)
                wanted = self._db.requeue_pictures(ack.need_evidence)
                crash_point("outbox.apply.before_commit")
            crash_point("outbox.apply.after_commit")
            self._totals.filed += len(filed)
            self._totals.rejected += len(rejected)
            self._reschedule([*filed, *rejected], missing)
            if ack.filed or ack.duplicate or ack.rejected:
                self._schedule.progress(now_ts)
        if missing or wanted:
            self._tell()

    def quarantine(self, seq: int, reason: str) -> None:
        """This event can never be sent; it is kept with the reason for an operator to see."""
        with self._lock:
            row = self._row(seq)
            with self._db.write():
                self._db.mark_quarantined({row.event_id: reason})
                crash_point("outbox.quarantine.before_commit")
            crash_point("outbox.quarantine.after_commit")
            self._schedule.settled(seq)

    def quarantined(self) -> list[Quarantined]:
        """Every event in quarantine, oldest first."""
        with self._lock:
            rows = self._db.all(
                "SELECT seq, event_id, reason FROM event WHERE state = 'quarantined' ORDER BY seq"
            )
        return [Quarantined(*row) for row in rows]

    def prune(self, before: datetime) -> list[str]:
        """Forget filed events and uploaded pictures from before; gives the pictures' sha256."""
        with self._lock:
            with self._db.write():
                gone = self._db.prune(before.timestamp())
                self._chain.prune()
                crash_point("outbox.prune.before_commit")
            crash_point("outbox.prune.after_commit")
        return gone

    # Looked at by state and metrics.

    def depth(self) -> int:
        """Events that central has not acknowledged."""
        with self._lock:
            return len(self._schedule)

    def oldest_s(self, now: datetime) -> float:
        """Age of the oldest queued event in seconds, 0 when none is queued; `now` is wall time."""
        with self._lock:
            made_at_s: float | None = self._db.one(
                "SELECT made_at FROM event WHERE state = 'queued' ORDER BY seq LIMIT 1"
            )
        return 0.0 if made_at_s is None else max(0.0, now.timestamp() - made_at_s)

    def stats(self, now: datetime) -> OutboxStats:
        """Counts of the moment; `now` is wall time."""
        with self._lock:
            pictures = dict(self._db.all("SELECT state, count(*) FROM evidence GROUP BY state"))
            return OutboxStats(
                depth=len(self._schedule),
                unsent=self._schedule.unsent,
                oldest_s=self.oldest_s(now),
                quarantined=self._db.one("SELECT count(*) FROM event WHERE state = 'quarantined'"),
                pictures_pending=pictures.get("pending", 0),
                pictures_quarantined=pictures.get("quarantined", 0),
                sent_total=self._totals.sent,
                resent_total=self._totals.resent,
                filed_total=self._totals.filed,
                rejected_total=self._totals.rejected,
                foreign_acks_total=self._totals.foreign_acks,
            )

    def _insert(self, item: tuple[E, Sequence[EvidenceRef]], seq: int) -> E:
        event, pictures = item
        numbered = cast(E, event.model_copy(update={"seq": seq, "epoch": self.epoch}))
        body = to_json(numbered)
        if len(body) > MAX_EVENT_BYTES:
            raise ValueError(f"event {event.id}: {len(body)} bytes, {MAX_EVENT_BYTES} are allowed")
        self._db.insert_event(seq, event.id, event.time.timestamp(), body)
        self._chain.add(seq, body)
        for picture in pictures:
            taken_at_s = picture.taken_at.timestamp()
            self._db.insert_picture(picture.sha256, picture.bytes, taken_at_s, seq)
        return numbered

    def _row(self, seq: int) -> Row:
        rows = self._db.all("SELECT seq, event_id, body FROM event WHERE seq = ?", seq)
        _, event_id, body = rows[0]
        return Row(seq, event_id, body, self._chain.seal_of(seq))

    def _reschedule(self, settled: Iterable[int], missing: Iterable[int]) -> None:
        for seq in settled:
            self._schedule.settled(seq)
        for seq in missing:
            self._schedule.add(seq)
