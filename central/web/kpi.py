"""The page of key figures: every percentage with what it was made of."""

import re

from fastapi import APIRouter
from starlette.responses import Response

from central import store
from central.cases.limits import DEFAULTS
from central.deps import Config, Data
from central.kpi.periods import PERIOD, beside, named, scope_of
from central.kpi.report import Wanted
from central.web.cases import Who
from central.web.render import render

SCENES = tuple(dict.fromkeys(scene for scene, _ in DEFAULTS))

router = APIRouter(include_in_schema=False)


@router.get("/kpi")
def kpi_page(who: Who, data: Data, config: Config, period: str = "", scene: str = "") -> Response:
    """Figures of a month; what is not known in the address counts as not given."""
    this_month = named(who.now, config.zone)
    month = period if re.fullmatch(PERIOD, period) else this_month
    chosen = scene if scene in SCENES else ""
    scope = scope_of(month, config.zone, who.now)
    with data.snapshot() as session:
        found = store.figures(session, scope, Wanted(scene=chosen), with_marks=False)
    return render(
        who,
        "pages/kpi.html",
        report=found,
        rates=[rate.plain(with_marks=False) for rate in found.rates],
        scope=scope,
        period=month,
        scene=chosen,
        scenes=SCENES,
        earlier=beside(month, -1),
        later=beside(month, 1) if month < this_month else "",
    )
