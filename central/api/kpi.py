"""Key figures of a month or year, folded from the log of cases."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from central import store
from central.api.moments import Rfc3339
from central.deps import Config, Data, Moment
from central.kpi.entry import Source
from central.kpi.periods import PERIOD, named, scope_of
from central.kpi.report import Wanted

router = APIRouter(prefix="/api/v1/kpi", tags=["kpi"])

Number = int | str
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


class KpiQuery(BaseModel):
    """Which period and cases; `as_of`: as if the log ended there; `counted`: with every case.

    `sample`: of the appeals those that were asked in this survey; figures of cases stay of all.
    """

    model_config = ConfigDict(extra="forbid")

    period: Annotated[str, Field(pattern=PERIOD)] | None = None
    as_of: Rfc3339 | None = None
    scene: Name | None = None
    grid: Name | None = None
    lead: Name | None = None
    source: Source | None = None
    sample: Name | None = None
    counted: bool = False


class RateOut(BaseModel):
    """A figure with what it was made of; numbers that are not whole are decimal texts."""

    name: str
    value: str | None
    unit: Literal["percent", "per_camera_day"]
    numerator: Number
    denominator: Number
    exclusions: dict[str, int]
    errors: dict[str, str]
    weights: dict[str, Number]
    population: str
    rule_version: str
    period: list[str]
    as_of: str
    counted: dict[str, Number] | None = None
    excluded: dict[str, str] | None = None


class DurationOut(BaseModel):
    name: str
    count: int
    median_s: float | None
    p90_s: float | None


class ProposedOut(BaseModel):
    """Who returned cases, and whom they proposed instead (empty: nobody)."""

    by: str
    proposed: str
    returns: int


class DisputedOut(BaseModel):
    """A scene and a grid whose cases are returned again and again."""

    scene: str
    grid: str
    cases: int
    returns: int
    dispatched: int
    proposals: list[ProposedOut]


class KpiOut(BaseModel):
    """All figures; `errors` names what should not exist and why it counts as missed."""

    rates: list[RateOut]
    durations: list[DurationOut]
    disputed: list[DisputedOut]
    errors: dict[str, str]
    wanted: dict[str, str]


@router.get("", summary="Key figures of a month or year (this month)", response_model=KpiOut)
def get_kpi(
    data: Data, config: Config, now: Moment, query: Annotated[KpiQuery, Query()]
) -> Response:
    """The same log and `as_of` give the same bytes."""
    period = query.period or named(now, config.zone)
    scope = scope_of(period, config.zone, now, query.as_of, query.sample or "")
    chosen = query.model_dump(include={"scene", "grid", "lead", "source"}, exclude_none=True)
    with data.snapshot() as session:
        found = store.figures(session, scope, Wanted(**chosen), with_marks=query.counted)
    return Response(found.to_json(with_marks=query.counted), media_type="application/json")
