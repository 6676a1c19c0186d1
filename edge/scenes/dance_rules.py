"""The block `scene: square_dance` of streams.yaml, and which of its rules holds when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from edge.blocks import Closed, Number, Switch, Whole, fault_at
from edge.events import Place
from edge.force import Span, Window, minute_of_week
from edge.geometry import Polygon
from edge.rules import ClockText, DaysText, Permit, days_of, minutes_of, raise_if_common
from edge.scenes.base import Corner, PolygonRel
from edge.scenes.dance_verdict import LimitRule, Policy
from edge.sound.background import BackgroundRule, CorrectionMode, Quantity

WHOLE_FRAME: list[Corner] = [(0, 0), (1, 0), (1, 1), (0, 1)]


class SoundRule(Closed):
    """One entry of `rules`: what holds on some days between two times."""

    days: DaysText = Field("all", description="days on which it begins: all | mon-fri | sat,sun")
    from_: ClockText = Field(alias="from", description='"HH:MM" on the site\'s clock')
    to: ClockText = Field(description='"HH:MM", not included; earlier than from: the next day')
    limit_db: Number | None = Field(
        None, ge=30, le=120, description="most that the music may have, LAeq in dB"
    )
    curfew: Switch = Field(False, description="true: music must not be audible at all")

    @model_validator(mode="after")
    def _one_of_two(self) -> "SoundRule":
        if self.from_ == "24:00":
            raise fault_at(("from",), 'a day begins at "00:00"')
        if self.from_ == self.to:
            raise fault_at(("to",), 'is the same as from; a whole day is "00:00" to "24:00"')
        if self.curfew == (self.limit_db is not None):
            raise fault_at(("limit_db",), "use either limit_db or curfew: true")
        return self

    def window(self) -> Window:
        """Its part of the week."""
        return Window(days_of(self.days), minutes_of(self.from_), minutes_of(self.to))

    def text(self) -> str:
        """As people read it, e.g. `all 06:00-22:00 65 dB`."""
        what = "curfew" if self.curfew else f"{self.limit_db:g} dB"
        return f"{self.days} {self.from_}-{self.to} {what}"


class Params(Closed):
    """The block `scene: square_dance` of streams.yaml."""

    scene: Literal["square_dance"] = Field(description="the rule: square_dance")
    place: Place = Field(description="the square")
    polygon: PolygonRel = Field(
        WHOLE_FRAME, description="where people dance, fractions 0-1 of the frame"
    )
    rules: list[SoundRule] = Field(
        min_length=1, max_length=64, description="limit or curfew by day and time; else no rule"
    )
    min_people: Whole = Field(
        8, ge=0, le=1000, description="people in the zone from which on it files; 0: sound alone"
    )
    warn_after_s: Number = Field(
        60, ge=10, le=3_600, description="too loud over so long: the reminder (提醒)"
    )
    dissuade_after_s: Number = Field(
        120, ge=0, le=3_600, description="still too loud so long after it: dissuasion (劝导)"
    )
    recheck_after_s: Number = Field(
        120, ge=0, le=3_600, description="so long after the dissuasion the re-check begins (复查)"
    )
    window_s: Number = Field(
        300, ge=10, le=3_600, description="LAeq of the re-check over so long files (立案)"
    )
    clear_after_s: Number = Field(
        600, gt=0, le=7_200, description="within the rule for so long = cleared"
    )
    ongoing_every_s: Number = Field(
        600, ge=10, le=86_400, description="still-there message every so often"
    )
    background: Quantity = Field("laeq", description="laeq | l90 of the seconds without music")
    background_min_s: Number = Field(
        60, ge=10, le=1_800, description="seconds without music that make a background"
    )
    background_correction: CorrectionMode = Field(
        "gb_table", description="gb_table: whole dB of GB 22337 | energy: exact"
    )

    permits: list[Permit] = Field(
        [], max_length=256, description="between these moments no rule holds: a festival"
    )
    shadow: Switch = Field(False, description="true: decide and show, alert nobody")

    @field_validator("rules")
    @classmethod
    def _apart(cls, rules: list[SoundRule]) -> list[SoundRule]:
        raise_if_common([rule.window() for rule in rules], "rules")
        return rules

    @property
    def polygon_rel(self) -> Polygon:
        """Corners as (N, 2) float64, fractions of the frame."""
        return np.array(self.polygon, dtype=np.float64)

    def thresholds(self) -> dict[str, float]:
        """The numbers that decide, as they go into every event.

        Not `file_after_s`: dwell alone never files a square dance, `reached` says what does.
        """
        return {
            "warn_after_s": self.warn_after_s,
            "dissuade_after_s": self.dissuade_after_s,
            "recheck_after_s": self.recheck_after_s,
            "window_s": self.window_s,
            "clear_after_s": self.clear_after_s,
            "min_people": float(self.min_people),
        }

    def policy(self) -> Policy:
        """The part that `judge` needs."""
        return Policy(self.min_people, self.background_correction)

    def background_rule(self) -> BackgroundRule:
        """The part that `Backgrounds` needs."""
        return BackgroundRule(self.background, self.background_min_s)


class RuleBook:
    """The rules of one place; none of them holds while somebody has a permit."""

    def __init__(self, rules: Sequence[SoundRule], permits: Sequence[Permit] = ()) -> None:
        self._rules = [(rule.window(), rule) for rule in rules]
        self._permits = [Span(permit.from_, permit.to, permit.id) for permit in permits]

    def at(self, local: datetime) -> LimitRule | None:
        """The rule where the clock on the wall shows `local`; None when none holds."""
        rule = self._holding(local)
        return None if rule is None else LimitRule(rule.limit_db, rule.curfew)

    def text_at(self, local: datetime) -> str:
        """The same as people read it; empty when none holds."""
        rule = self._holding(local)
        return "" if rule is None else rule.text()

    def _holding(self, local: datetime) -> SoundRule | None:
        if any(permit.holds(local) for permit in self._permits):
            return None
        minute = minute_of_week(local)
        return next((rule for window, rule in self._rules if window.holds(minute)), None)
