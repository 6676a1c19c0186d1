"""How is counted: weights, exclusions, the version of both; a period; a population. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import get_args

from central.kpi.entry import Grade, NotContacted

DEFAULT_WEIGHTS: dict[Grade, Fraction] = {
    "satisfied": Fraction(1),
    "basically": Fraction(4, 5),
    "neutral": Fraction(3, 5),
    "dissatisfied": Fraction(0),
}
"""Fits the centre's own 64.12 % of 2023 in whole numbers (study §0); to be confirmed there."""

DEFAULT_EXCLUDED: frozenset[NotContacted] = frozenset({"anonymous", "no_number", "not_wanted"})
"""Who cannot be contacted. Not having answered is no excuse: it stays in the denominator."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one version; figures of different versions must not be compared unseen."""

    version: str = "2026-3"
    weights: Mapping[Grade, Fraction] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    excluded: frozenset[NotContacted] = DEFAULT_EXCLUDED

    def __post_init__(self) -> None:
        missing = [grade for grade in get_args(Grade) if grade not in self.weights]
        if missing:
            raise ValueError(f"weights: {', '.join(missing)} is missing")
        wrong = [grade for grade, weight in self.weights.items() if not 0 <= weight <= 1]
        if wrong:
            raise ValueError(f"weights: {', '.join(wrong)} must be between 0 and 1")


@dataclass(frozen=True, slots=True)
class Period:
    """From `begin` (included) until `end` (excluded), both aware."""

    begin: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.begin:
            raise ValueError("a period must end after it begins")

    def holds(self, at: datetime | None) -> bool:
        """Whether the moment lies in the period."""
        return at is not None and self.begin <= at < self.end


@dataclass(frozen=True, slots=True)
class Population:
    """Who is counted: everybody, or the appeals of a random sample that has a name."""

    sample: str = ""

    @property
    def name(self) -> str:
        """As it stands beside a figure."""
        return f"sampled:{self.sample}" if self.sample else "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """All that says what a figure is of; `as_of` is how far the log was read."""

    period: Period
    as_of: datetime
    rules: Rules
    population: Population = Population()
