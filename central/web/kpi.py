"""The pages of key figures: every percentage with what it was made of, down to the cases."""

import re
from dataclasses import asdict, dataclass
from typing import Annotated, get_args

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from central import store
from central.cases.limits import DEFAULTS
from central.deps import Config, Data
from central.kpi.entry import Source
from central.kpi.periods import PERIOD, beside, named, scope_of
from central.kpi.rates import Mark, number
from central.kpi.report import Wanted
from central.web.cases import Who
from central.web.render import address, render

SCENES = tuple(dict.fromkeys(scene for scene, _ in DEFAULTS))
SOURCES: tuple[Source, ...] = get_args(Source)
PARTS = ("met", "missed", "left_out")
"""In the numerator; in the denominator alone; in neither."""
PAGE_SIZE = 100
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")

router = APIRouter(include_in_schema=False)


class Asked(BaseModel):
    """What the address says; what is not known in it counts as not given."""

    period: str = ""
    scene: str = ""
    grid: str = ""
    lead: str = ""
    source: str = ""
    sample: str = ""
    part: str = ""
    page: str = ""

    def wanted(self) -> Wanted:
        """Which cases and appeals are meant."""
        return Wanted(
            scene=self.scene if self.scene in SCENES else "",
            grid=self.grid if NAME.fullmatch(self.grid) else "",
            lead=self.lead if NAME.fullmatch(self.lead) else "",
            source=self.source if self.source in SOURCES else "",
        )

    @property
    def survey(self) -> str:
        """Of which survey the appeals are meant; empty: all."""
        return self.sample if NAME.fullmatch(self.sample) else ""

    @property
    def number(self) -> int:
        """Which page of the cases behind a figure."""
        return max(1, int(self.page)) if re.fullmatch(r"[0-9]{1,6}", self.page) else 1

    def month(self, now_in: str) -> str:
        """The month or year that is meant."""
        return self.period if re.fullmatch(PERIOD, self.period) else now_in


@router.get("/kpi")
def kpi_page(who: Who, data: Data, config: Config, asked: Annotated[Asked, Query()]) -> Response:
    """Figures of a month; what is not known in the address counts as not given."""
    this_month = named(who.now, config.zone)
    month, wanted = asked.month(this_month), asked.wanted()
    scope = scope_of(month, config.zone, who.now, sample=asked.survey)
    with data.snapshot() as session:
        found = store.figures(session, scope, wanted, with_marks=False)
        samples = store.samples_of(session)
        grids, orgs = dict(store.grids_of(session)), store.orgs_of(session)
    return render(
        who,
        "pages/kpi.html",
        report=found,
        rates=[rate.plain(with_marks=False) for rate in found.rates],
        scope=scope,
        period=month,
        wanted=wanted,
        choices={"grid": grids, "lead": orgs},
        scenes=SCENES,
        sources=SOURCES,
        samples=samples,
        url=Urls(month, wanted, asked.survey),
        earlier=beside(month, -1),
        later=beside(month, 1) if month < this_month else "",
    )


@router.get("/kpi/{rate}")
def rate_page(
    rate: str, who: Who, data: Data, config: Config, asked: Annotated[Asked, Query()]
) -> Response:
    """The cases or appeals behind a figure: counted as met, as missed, or left out and why."""
    month, wanted = asked.month(named(who.now, config.zone)), asked.wanted()
    scope = scope_of(month, config.zone, who.now, sample=asked.survey)
    try:
        with data.snapshot() as session:
            found, marks = store.open_rate(session, scope, wanted, rate)
            grids, orgs = dict(store.grids_of(session)), store.orgs_of(session)
    except KeyError:
        return render(who, "pages/error.html", 404, text=who.words("error.no_page"))
    parts = {name: [one for one in marks if part_of(one) == name] for name in PARTS}
    part = asked.part if asked.part in PARTS else next((p for p in PARTS if parts[p]), "met")
    begin = PAGE_SIZE * (asked.number - 1)
    return render(
        who,
        "pages/kpi_rate.html",
        rate=found.plain(with_marks=False),
        parts={name: len(of) for name, of in parts.items()},
        part=part,
        rows=[_row(one) for one in parts[part][begin : begin + PAGE_SIZE]],
        page=asked.number,
        pages=max(1, -(-len(parts[part]) // PAGE_SIZE)),
        scope=scope,
        period=month,
        wanted=wanted,
        choices={"grid": grids, "lead": orgs},
        url=Urls(month, wanted, asked.survey),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A case, a stage of a case (`stage`) or an appeal; `worth` is empty where it is left out."""

    number: str
    stage: str
    url: str
    worth: int | str
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses that keep the period and what the figures are narrowed to."""

    period: str
    wanted: Wanted
    sample: str = ""

    def __call__(self, path: str, **changed: object) -> str:
        """The address of a page with some of it changed."""
        kept = {"period": self.period, "sample": self.sample}
        return address(path, kept | asdict(self.wanted) | changed)


def part_of(one: Mark) -> str:
    """Where in the figure a mark stands."""
    return "left_out" if one.excluded else "met" if one.worth else "missed"


def _row(one: Mark) -> Row:
    key, _, stage = one.key.partition("#")
    url = f"/appeals/{key}" if store.is_appeal(key) else f"/cases/{key}"
    worth = "" if one.excluded else number(one.worth)
    return Row(key, stage, url, worth, one.excluded, one.error)
