"""A figure and all that stands behind it: nobody has to believe a percentage. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from operator import attrgetter
from typing import Any, Literal

from central.kpi.rules import Scope

NOTHING, ONE = Fraction(0), Fraction(1)
_KEY = attrgetter("key")
Unit = Literal["percent", "per_camera_day"]
Sums = Counter[tuple[Fraction, str]]
"""How many marks are (worth so much, left out because of)."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one case or appeal adds: `worth` of 1 to the numerator, or why it is left out.

    `error` marks data that should not exist (no deadline): it counts as missed and is shown.
    """

    key: str
    worth: Fraction = NOTHING
    excluded: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """Numerator over denominator, with exclusions by reason, weights, population, period, version.

    `marks` open the figure to the cases behind it, by key.
    """

    name: str
    numerator: Fraction
    denominator: Fraction
    unit: Unit
    exclusions: tuple[tuple[str, int], ...]
    errors: tuple[tuple[str, str], ...]
    weights: tuple[tuple[str, Fraction], ...]
    scope: Scope
    marks: tuple[Mark, ...]

    @property
    def value(self) -> str | None:
        """The figure with two decimals, halves up; None when there was nothing to count."""
        if self.denominator == 0:
            return None
        share = self.numerator / self.denominator * (100 if self.unit == "percent" else 1)
        exact = Decimal(share.numerator) / Decimal(share.denominator)
        return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))

    def plain(self, *, with_marks: bool = True) -> dict[str, Any]:
        """As JSON values, in one spelling only."""
        found: dict[str, Any] = {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "numerator": number(self.numerator),
            "denominator": number(self.denominator),
            "exclusions": dict(self.exclusions),
            "errors": dict(self.errors),
            "weights": {name: number(weight) for name, weight in self.weights},
            "population": self.scope.population.name,
            "rule_version": self.scope.rules.version,
            "period": [moment(self.scope.period.begin), moment(self.scope.period.end)],
            "as_of": moment(self.scope.as_of),
        }
        if with_marks:
            found["counted"] = {m.key: number(m.worth) for m in self.marks if not m.excluded}
            found["excluded"] = {m.key: m.excluded for m in self.marks if m.excluded}
        return found


def rate(
    name: str,
    marks: Iterable[Mark],
    scope: Scope,
    *,
    per: Fraction | None = None,
    weights: tuple[tuple[str, Fraction], ...] = (),
) -> Rate:
    """The figure of these marks; `per` is instead of their number, for figures per something."""
    ordered = tuple(sorted(marks, key=_KEY))
    counted = [mark for mark in ordered if not mark.excluded]
    reasons = Counter(mark.excluded for mark in ordered if mark.excluded)
    return Rate(
        name=name,
        numerator=sum((worth * n for worth, n in _worths(counted)), NOTHING),
        denominator=Fraction(len(counted)) if per is None else per,
        unit="percent" if per is None else "per_camera_day",
        exclusions=tuple(sorted(reasons.items())),
        errors=tuple((mark.key, mark.error) for mark in counted if mark.error),
        weights=weights,
        scope=scope,
        marks=ordered,
    )


def with_more(found: Rate, more: Sums) -> Rate:
    """The figure with what is only counted: it has no marks of its own."""
    exclusions = Counter(dict(found.exclusions))
    numerator, counted = found.numerator, 0
    for (worth, excluded), number in more.items():
        if excluded:
            exclusions[excluded] += number
            continue
        numerator += worth * number
        counted += number
    return replace(
        found,
        numerator=numerator,
        denominator=found.denominator + (counted if found.unit == "percent" else 0),
        exclusions=tuple(sorted(exclusions.items())),
    )


def _worths(marks: Iterable[Mark]) -> Iterable[tuple[Fraction, int]]:
    """How often each worth is there: adding fractions one by one would be slow."""
    found: dict[int, tuple[Fraction, int]] = {}
    for one in marks:
        _, count = found.get(id(one.worth), (one.worth, 0))
        found[id(one.worth)] = one.worth, count + 1
    return found.values()


def mark(key: str, met: bool, excluded: str = "", error: str = "") -> Mark:
    """A mark that is worth one or nothing."""
    return Mark(key, ONE if met and not excluded else NOTHING, excluded, error)


def number(value: Fraction) -> int | str:
    """A whole number, or a decimal text without loss where that exists, or `a/b`."""
    if value.denominator == 1:
        return value.numerator
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.normalize()) if Fraction(exact) == value else str(value)


def moment(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
