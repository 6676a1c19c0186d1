"""Is it too loud, is it music, are they there? One moment's answer, always with its reason. Pure.

Three outcomes and a fourth: the rule is broken (`exceeds`), it is not (`within`), nobody can say
(`not_evaluable`), or a person has to look (`advisory`). Nothing is filed on less than `exceeds`.

A level breaks the rule only if it does so after everything that speaks for the dancers: background
taken out, the meter's uncertainty, silence in every second that was not heard.
"""

from dataclasses import dataclass, replace
from typing import Literal

from edge.sound.background import (
    EVALUABLE_DB,
    Background,
    CorrectionMode,
    corrected_db,
)
from edge.sound.calibration import Standing
from edge.sound.ledger import Tally

Outcome = Literal["exceeds", "within", "not_evaluable", "advisory"]
Basis = Literal["", "level", "curfew"]

USABLE_SHARE = 0.75
MUSIC_SHARE = 0.6
NO_MUSIC_SHARE = 0.2
"""Shares of the time that must be attributable, that must be music, and below which it is quiet
(reference sound §5.2, §5.3, §5.4)."""

UNCERTAINTY_DB = {1: 0.7, 2: 1.5}
"""Of a calibrated meter, by its class (limits of IEC 61672-1 at 1 kHz, widened for the field)."""

UNSCALED = ("uncalibrated", "calibration_expired")


@dataclass(frozen=True, slots=True)
class LimitRule:
    """What holds at one moment: a limit, or a curfew in which music must not be audible."""

    limit_db: float | None = None
    curfew: bool = False


@dataclass(frozen=True, slots=True)
class Meter:
    """What the level is worth: the calibration's standing and the class of the microphone."""

    standing: Standing
    accuracy_class: Literal[1, 2] = 2

    @property
    def uncertainty_db(self) -> float:
        """Margin by which a calibrated level must break a limit."""
        return UNCERTAINTY_DB[self.accuracy_class]


@dataclass(frozen=True, slots=True)
class Crowd:
    """People in the zone over a while, as medians; `seen_share` is how much of it was looked at.

    `sure` counts those that were certainly people, `possible` also the doubtful.
    """

    sure: float = 0.0
    possible: float = 0.0
    seen_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What does not change from moment to moment; 0 people: sound alone may file."""

    min_people: int
    correction: CorrectionMode


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was measured over one window."""

    tally: Tally
    background: Background | None
    crowd: Crowd
    meter: Meter


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, why, and the numbers it rests on.

    `reason` is a snake_case word for every outcome. `laeq_db` is the level of the music's seconds,
    `corrected_db` the same without background, `uncertainty_db` the margin by which it must break
    the limit; without calibration all levels are indications (指示值).
    """

    outcome: Outcome
    reason: str
    basis: Basis = ""
    laeq_db: float | None = None
    limit_db: float | None = None
    background_db: float | None = None
    corrected_db: float | None = None
    uncertainty_db: float | None = None
    music_share: float = 0.0
    usable_share: float = 0.0
    people: float | None = None
    calibrated: bool = True

    @property
    def evaluable(self) -> bool:
        """Whether it could be judged."""
        return self.outcome != "not_evaluable"

    @property
    def pressing(self) -> bool:
        """Whether somebody should do something."""
        return self.outcome in ("exceeds", "advisory")


def judge(evidence: Evidence, rule: LimitRule | None, policy: Policy) -> Verdict:
    """The verdict over one window under the rule that held during all of it."""
    tally, crowd = evidence.tally, evidence.crowd
    plain = Verdict(
        outcome="within",
        reason="no_rule",
        laeq_db=tally.level_db,
        limit_db=None if rule is None else rule.limit_db,
        background_db=None if evidence.background is None else evidence.background.level_db,
        music_share=tally.music_share,
        usable_share=tally.usable_share,
        people=crowd.sure if crowd.seen_share > 0 else None,
        calibrated=not _unscaled(evidence),
    )
    if rule is None:
        return plain
    silent = _without_music(tally)
    if silent is not None:
        return replace(plain, outcome=silent[0], reason=silent[1])
    if rule.limit_db is None:
        return _curfew(evidence, plain, policy)
    return _level(evidence, plain, rule.limit_db, policy)


def _without_music(tally: Tally) -> tuple[Outcome, str] | None:
    """The outcome when it is not certain that music played for long enough; else None."""
    if tally.usable_share < USABLE_SHARE:
        return "not_evaluable", tally.why_lost
    if tally.music_share >= MUSIC_SHARE:
        return None
    if tally.music_share_at_most >= MUSIC_SHARE:
        return "not_evaluable", tally.why_lost
    quiet = tally.music_share_at_most < NO_MUSIC_SHARE
    return "within", "no_music" if quiet else "little_music"


def _curfew(evidence: Evidence, plain: Verdict, policy: Policy) -> Verdict:
    """Audible is too much: 3 dB above the background, which needs no calibration."""
    level, least = evidence.tally.level_db, evidence.tally.level_at_least_db
    background = evidence.background
    if background is None or level is None or least is None:
        return replace(plain, outcome="not_evaluable", reason="background_unknown")
    corrected = corrected_db(level, background.level_db, policy.correction)
    measured = replace(plain, corrected_db=corrected, uncertainty_db=level - least)
    if least - background.level_db < EVALUABLE_DB:
        return replace(measured, outcome="not_evaluable", reason="background_close")
    return _with_people(replace(measured, basis="curfew"), evidence.crowd, policy)


def _level(evidence: Evidence, plain: Verdict, limit_db: float, policy: Policy) -> Verdict:
    """The level of the music against the limit."""
    level, least = evidence.tally.level_db, evidence.tally.level_at_least_db
    unscaled = _unscaled(evidence)
    if level is None or least is None:
        return replace(plain, outcome="not_evaluable", reason="no_level")
    # With its background it is louder than without, so this needs no background.
    if level <= limit_db and not unscaled:
        return replace(plain, reason="within_limit")
    if evidence.background is None:
        return replace(plain, outcome="not_evaluable", reason="background_unknown")
    background_db = evidence.background.level_db
    corrected = corrected_db(level, background_db, policy.correction)
    certain = corrected_db(least, background_db, policy.correction)
    if corrected is None or certain is None:
        return replace(plain, outcome="not_evaluable", reason="background_close")
    margin_db = evidence.meter.uncertainty_db + corrected - certain
    measured = replace(plain, corrected_db=corrected, uncertainty_db=margin_db)
    if corrected - margin_db > limit_db:
        return _scaled(
            _with_people(replace(measured, basis="level"), evidence.crowd, policy), unscaled
        )
    if unscaled:
        return replace(measured, outcome="not_evaluable", reason=unscaled)
    if corrected <= limit_db:
        return replace(measured, reason="within_limit")
    return replace(measured, outcome="not_evaluable", reason="uncertainty")


def _with_people(broken: Verdict, crowd: Crowd, policy: Policy) -> Verdict:
    """Who makes the music? Without people in the zone a person has to look."""
    if policy.min_people == 0:
        return replace(broken, outcome="exceeds", reason=broken.basis)
    if crowd.seen_share < 0.5:
        return replace(broken, outcome="advisory", reason="no_camera")
    if crowd.sure >= policy.min_people:
        return replace(broken, outcome="exceeds", reason=broken.basis)
    few = crowd.possible < policy.min_people
    return replace(broken, outcome="advisory", reason="too_few_people" if few else "people_unsure")


def _scaled(verdict: Verdict, unscaled: str) -> Verdict:
    """A level that only indicates leads to dissuasion, never to a case."""
    if not unscaled or verdict.outcome != "exceeds":
        return verdict
    return replace(verdict, outcome="advisory", reason=unscaled)


def _unscaled(evidence: Evidence) -> str:
    """Why the level is an indication only; "" when it is calibrated."""
    if evidence.meter.standing.state == "expired" or evidence.tally.unscaled_s > 0:
        return "calibration_expired"
    return "uncalibrated" if evidence.meter.standing.state == "uncalibrated" else ""
