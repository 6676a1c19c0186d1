"""A report of a square as it goes out: the event, the level curve, masked stills. No sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from edge.config import Stream, rule_digest
from edge.dance_zone import DanceDecided, DanceZone
from edge.events import (
    Calibration,
    IncidentData,
    IncidentEvent,
    Measures,
    Model,
    Rule,
    SoundMeasures,
    Timeline,
    wire_time,
)
from edge.evidence_set import Role, Shot
from edge.ids import uuid7
from edge.masking import look, mask
from edge.picture import Caption, annotate, fit, from_jpeg, jpeg
from edge.renditions import Rendition
from edge.scenes.dance_ladder import DanceReport
from edge.scenes.dance_words import SEVERITY_WORDS, summary, summary_en
from edge.sound.plot import draw
from edge.telling import Facts, Told, picture_of, wire_spans
from edge.timeline_text import WallTime
from edge.types import Detector

CURVE_ROLE = "level_curve"


@dataclass(frozen=True, slots=True)
class DanceTeller:
    """Makes the events of the squares of one stream; `model` is the tagger."""

    stream: Stream
    facts: Facts
    model: Model
    detector: Detector

    def tell(
        self, zone: DanceZone, decided: DanceDecided, report: DanceReport, worth: Calibration
    ) -> Told:
        """The event of one report, told at the moment that was judged, and its pictures."""
        judged = decided.judged
        wall = wire_time(judged.wall)
        clock = WallTime(judged.ts, wall, self.facts.zone)
        pictures = [picture_of(one) for one in self._pictures(zone, decided, report)]
        said = (summary(report.verdict)[:200], summary_en(report.verdict)[:200])
        data = IncidentData(
            incident_id=report.incident_id,
            rev=report.rev,
            scene=zone.params.scene,
            stage=report.stage,
            severity=report.severity,
            since=wire_time(wall - timedelta(seconds=judged.ts - report.since_ts)),
            dwell_s=round(report.dwell_s, 3),
            observed_s=round(report.observed_s, 3),
            already_there=report.already_there,
            restored=report.restored,
            reopened=report.relapses,
            mode="shadow" if zone.params.shadow else "live",
            reached=report.reached,
            reason=report.reason,
            measures=Measures(sound=self._measures(zone, decided, report, worth)),
            timeline=Timeline(spans=wire_spans(decided.spans, clock), zh=said[0], en=said[1]),
            evidence=[picture.ref for picture in pictures],
            rule=self._rule(zone, report),
            model=self.model,
            clock=self.facts.clock(),
        )
        source = f"/{self.facts.site}/{self.facts.box}/{self.stream.id}"
        event = IncidentEvent(
            id=uuid7(judged.wall), source=source, time=wall, subject=zone.params.place, data=data
        )
        return Told(event, pictures)

    def _measures(
        self, zone: DanceZone, decided: DanceDecided, report: DanceReport, worth: Calibration
    ) -> SoundMeasures:
        verdict, background = report.verdict, zone.scene.background
        return SoundMeasures(
            step=report.step,
            outcome=verdict.outcome,
            reason=verdict.reason,
            basis=verdict.basis,
            window_s=report.window_s,
            laeq_db=_tenths(verdict.laeq_db),
            limit_db=verdict.limit_db,
            background_db=_tenths(verdict.background_db),
            background_method=None if background is None else background.method,
            corrected_db=_tenths(verdict.corrected_db),
            uncertainty_db=_tenths(verdict.uncertainty_db),
            music_share=_share(verdict.music_share),
            usable_share=_share(verdict.usable_share),
            people=verdict.people,
            min_people=zone.params.min_people,
            rule=zone.scene.rule_text(decided.judged.wall),
            calibration=worth,
            zh=summary(verdict)[:200],
            en=summary_en(verdict)[:200],
        )

    def _rule(self, zone: DanceZone, report: DanceReport) -> Rule:
        limit_db = report.verdict.limit_db
        limit = {} if limit_db is None else {"limit_db": limit_db}
        return Rule(digest=rule_digest(zone.params), thresholds=zone.params.thresholds() | limit)

    def _pictures(
        self, zone: DanceZone, decided: DanceDecided, report: DanceReport
    ) -> Sequence[Rendition]:
        judged = decided.judged
        curve = zone.curve(judged, report.since_ts)
        title = f"{zone.params.place} {self.stream.name} · {SEVERITY_WORDS[report.severity]}"
        drawn = jpeg(draw(curve, title, summary(report.verdict)))
        stills: list[tuple[Role, Shot | None]] = []
        if report.stage != "ongoing":
            stills.append((report.stage, zone.still(judged.ts)))
        if report.stage == "confirmed":
            stills.append(("loudest", zone.loudest()))
        masked = [self._masked(zone, role, shot) for role, shot in stills if shot is not None]
        return [Rendition(CURVE_ROLE, drawn, judged.wall), *masked]

    def _masked(self, zone: DanceZone, role: Role, shot: Shot) -> Rendition:
        """The only form in which a picture of a square goes out: nobody in it is known."""
        wall = shot.wall.astimezone(self.facts.zone)
        image = from_jpeg(shot.jpeg)
        covered = mask(image, look(self.detector, image))
        caption = Caption(zone.params.place, self.stream.name, role, None, wall)
        picture = annotate(fit(covered), zone.params.polygon_rel, (), caption)
        return Rendition(f"{role}_masked", jpeg(picture), wall)


def _tenths(level_db: float | None) -> float | None:
    return None if level_db is None else round(level_db, 1)


def _share(share: float) -> float:
    return round(min(1.0, max(0.0, share)), 3)
