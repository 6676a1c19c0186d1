"""All figures of a period in one value, and that value in one and the same bytes. Pure."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from numpy.typing import ArrayLike

from central.kpi.appeal_rates import appeal_rates
from central.kpi.case_rates import alerts_per_camera_day, case_rates
from central.kpi.disputes import plain_pair
from central.kpi.durations import Duration, durations
from central.kpi.entry import Appeal, Case
from central.kpi.rates import Rate, Sums, with_more
from central.kpi.rules import Population, Scope
from central.kpi.story import tell_all
from central.routing.disputes import Disputed


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases and appeals; empty means any. A grid includes those inside of it."""

    scene: str = ""
    grid: str = ""
    lead: str = ""
    source: str = ""

    def takes(self, one: Case | Appeal) -> bool:
        """Whether a case or an appeal is meant; the source of an appeal is the appeal."""
        source = one.source if isinstance(one, Case) else "appeal"
        return (
            self.scene in ("", one.scene)
            and self.grid in ("", *one.grids)
            and self.lead in ("", one.lead)
            and self.source in ("", source)
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The figures; `errors` counts data that should not exist and must be looked at.

    `disputed`: pairs of scene and grid whose cases are returned again and again.
    """

    rates: tuple[Rate, ...]
    durations: tuple[Duration, ...]
    wanted: Wanted
    disputed: tuple[Disputed, ...] = ()

    @property
    def errors(self) -> tuple[tuple[str, str], ...]:
        """Case or appeal and what is wrong with it, once each."""
        return tuple(sorted({error for rate in self.rates for error in rate.errors}))

    def rate(self, name: str) -> Rate:
        """The figure of this name; raises KeyError."""
        found = next((rate for rate in self.rates if rate.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def to_json(self, *, with_marks: bool = True) -> bytes:
        """Canonical JSON: the same log and rules give the same bytes, whoever computes them."""
        plain: dict[str, Any] = {
            "rates": [rate.plain(with_marks=with_marks) for rate in self.rates],
            "durations": [one.plain() for one in self.durations],
            "disputed": [plain_pair(pair) for pair in self.disputed],
            "errors": dict(self.errors),
            "wanted": {name: getattr(self.wanted, name) for name in Wanted.__slots__},
        }
        text = json.dumps(plain, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        return text.encode()


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known beside the logs: camera-days, what is only counted, disputed pairs."""

    camera_days: Fraction = Fraction(0)
    sums: Mapping[str, Sums] = field(default_factory=dict)
    lengths_s: Sequence[ArrayLike] = ()
    disputed: tuple[Disputed, ...] = ()


def report(
    cases: Iterable[Case],
    appeals: Iterable[Appeal],
    scope: Scope,
    wanted: Wanted | None = None,
    camera_days: Fraction = Fraction(0),
) -> Report:
    """All figures of the period; the order of cases and appeals does not matter."""
    return report_beside(cases, appeals, scope, wanted or Wanted(), Beside(camera_days))


def report_beside(
    cases: Iterable[Case], appeals: Iterable[Appeal], scope: Scope, chosen: Wanted, beside: Beside
) -> Report:
    """The same with what is only counted; that is not restricted any more."""
    of_all = replace(scope, population=Population())  # surveys ask people, not cases
    stories = tell_all((case for case in cases if chosen.takes(case)), scope.as_of)
    heard = sorted((a for a in appeals if chosen.takes(a)), key=lambda a: a.appeal_no)
    rates = (
        *case_rates(stories, of_all),
        alerts_per_camera_day(stories, of_all, beside.camera_days),
        *appeal_rates(heard, scope),
    )
    whole = tuple(with_more(one, beside.sums.get(one.name, Counter())) for one in rates)
    lasted = durations(stories, scope, beside.lengths_s)
    return Report(whole, lasted, chosen, beside.disputed)
