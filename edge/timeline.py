"""Dwell timeline of one occupation: what the zone was, from when to when, and why.

Run-length coded and bounded, so that an occupation of a week still fits into an event.
"""

import json
from dataclasses import asdict, dataclass, replace

from edge.scenes.base import Reading, ZoneState

MAX_SPANS = 24


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one state; times in monotonic seconds, `score` and `coverage` are the last."""

    state: ZoneState
    from_ts: float
    to_ts: float
    coverage: float | None = None
    score: float | None = None
    reason: str = ""

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.to_ts - self.from_ts


class Timeline:
    """Collects the spans of the occupation that goes on."""

    def __init__(self, spans: tuple[Span, ...] = ()) -> None:
        self._spans = list(spans)

    @property
    def spans(self) -> tuple[Span, ...]:
        """From the beginning of the occupation to the last reading, without holes."""
        return tuple(self._spans)

    def begin(self, since_ts: float) -> None:
        """A new occupation that is known to have begun at `since_ts`."""
        self._spans = [Span("occupied", since_ts, since_ts)]

    def add(self, reading: Reading, ts: float) -> None:
        """The zone's reading at `ts`, later than all before; nothing before `begin`."""
        if not self._spans:
            return
        last = self._spans[-1]
        vehicles = reading.measures.vehicles
        span = Span(
            reading.state,
            last.to_ts,
            ts,
            reading.measures.coverage,
            max((v.score for v in vehicles), default=None),
            reading.reason,
        )
        if (span.state, span.reason) == (last.state, last.reason):
            self._spans[-1] = replace(span, from_ts=last.from_ts)
        else:
            self._spans.append(span)
        if len(self._spans) > MAX_SPANS:
            self._fold_shortest()

    def end(self) -> None:
        """The occupation is over."""
        self._spans = []

    def dump(self, ts: float) -> bytes:
        """State to keep on disk, times relative to `ts`."""
        spans = [
            asdict(s) | {"from_ts": ts - s.from_ts, "to_ts": ts - s.to_ts} for s in self._spans
        ]
        return json.dumps(spans).encode()

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump; `ts` is the present moment less the time the box was away.

        The time away is unobserved.
        """
        self._spans = [
            Span(**(item | {"from_ts": ts - item["from_ts"], "to_ts": ts - item["to_ts"]}))
            for item in json.loads(blob)
        ]
        if self._spans:
            last = self._spans[-1]
            self._spans.append(Span("unobserved", last.to_ts, last.to_ts, reason="box was off"))

    def _fold_shortest(self) -> None:
        """Let the shortest inner span be swallowed by its neighbours, if these are of one kind."""
        inner = range(1, len(self._spans) - 1)
        index = min(inner, key=lambda i: self._spans[i].seconds)
        before, after = self._spans[index - 1], self._spans[index + 1]
        keep = before if before.seconds >= after.seconds else after
        merged = replace(keep, from_ts=before.from_ts, to_ts=after.to_ts)
        self._spans[index - 1 : index + 2] = [merged]
