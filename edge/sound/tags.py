"""What a tagger says of a moment of sound. Pure."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Scores:
    """How surely each kind of sound was heard, 0-1, each for itself: they do not add up to 1."""

    music: float = 0.0
    speech: float = 0.0
    vehicle: float = 0.0
    wind: float = 0.0
    rain: float = 0.0
    thunder: float = 0.0
    whip: float = 0.0
    noise: float = 0.0
    """Sound without pitch or rhythm, whatever makes it: wind, water, rain, hiss."""


GROUPS = tuple(field.name for field in fields(Scores))


@dataclass(frozen=True, slots=True)
class Tags:
    """One stretch of sound and what was heard in it.

    `ts` is the media time of its first sample, `span_s` how much sound it is; stretches of one
    stream overlap. `top` is the model's own class with the best score.
    """

    ts: float
    span_s: float
    scores: Scores
    top: str
    top_score: float

    @property
    def middle_s(self) -> float:
        """Media time of the middle of the stretch."""
        return self.ts + self.span_s / 2
