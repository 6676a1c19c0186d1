"""One scene watching one place, with all that turns its readings into what is told."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial

from edge.alerting import Alerting, Look, Marked
from edge.config import Stream
from edge.evidence_set import EvidenceSet
from edge.force import Force, in_force
from edge.ids import uuid7
from edge.incident import Incident
from edge.kept_state import Keeps, dump_parts, load_parts
from edge.picture import jpeg
from edge.reopen import Ended, Reopener
from edge.scenes import SCENES, PictureParams
from edge.scenes.base import Reading, View
from edge.timeline import Span, Timeline

LONGEST_STEP = 3.5
"""Times `analyse_every_s`: a longer time between two looks counts as unobserved."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What one look at a zone came to: the reading, the rule in force, what is to be told, and the
    timeline of the occupation so far."""

    reading: Reading
    force: Force
    marked: list[Marked]
    spans: tuple[Span, ...]


class Zone:
    """Scene → incident → rules of the place → what is told. Not for several threads."""

    def __init__(self, stream: Stream, params: PictureParams) -> None:
        self.params = params
        self.key = f"{stream.id}/{params.scene}/{params.place}"
        self.scene = SCENES[params.scene](params)
        self.incident = Incident(params, LONGEST_STEP * stream.analyse_every_s)
        self.evidence = EvidenceSet(params.polygon_rel, jpeg)
        self._rules = params.rules(params.own_thresholds)
        self._alerting = Alerting()
        self._reopener = Reopener(params.place, params.reopen_within_s)
        self._timeline = Timeline()

    def decide(self, view: View, site_zone: tzinfo) -> Decided:
        """Take the next view of the place."""
        force = in_force(self._rules, view.wall, site_zone)
        reading = self.scene.update(view)
        born = partial(self._reopener.birth, alike=reading.alike, new_id=partial(uuid7, view.wall))
        reports = self.incident.update(reading, view.ts, force.thresholds, born)
        spans = self._keep_timeline(reading, view.ts)
        present = self.incident.present(reading, view.ts)
        look = Look(view.ts, force, self.incident.since_ts, present)
        marked = self._alerting.update(reports, look)
        for last in (item.report for item in marked if item.report.stage == "cleared"):
            ended_ts = last.since_ts + last.dwell_s
            self._reopener.ended(Ended(last.incident_id, last.rev, last.reopened, ended_ts))
        return Decided(reading, force, marked, spans)

    def _keep_timeline(self, reading: Reading, ts: float) -> tuple[Span, ...]:
        since_ts = self.incident.since_ts
        known = self._timeline.spans
        if since_ts is not None and (not known or known[0].from_ts != since_ts):
            self._timeline.begin(since_ts)
        self._timeline.add(reading, ts)
        spans = self._timeline.spans or known
        if since_ts is None:
            self._timeline.end()
        return spans

    def dump(self, ts: float, wall: datetime) -> bytes:
        """What must survive a restart, times relative to `ts` (monotonic) and `wall`."""
        return dump_parts(self._parts(), ts, wall)

    def load(self, blob: bytes, ts: float, wall: datetime) -> None:
        """Continue what was going on when the box went down."""
        load_parts(self._parts(), blob, ts, wall)

    def _parts(self) -> dict[str, Keeps]:
        return {
            "scene": self.scene,
            "incident": self.incident,
            "alerting": self._alerting,
            "reopener": self._reopener,
            "timeline": self._timeline,
        }
