"""The page of the places where it happens again and again."""

from fastapi import APIRouter
from starlette.responses import Response

from central import store
from central.deps import Data
from central.web.cases import Who
from central.web.render import address, render

router = APIRouter(include_in_schema=False)


@router.get("/hotspots")
def hotspots_page(who: Who, data: Data) -> Response:
    """A plain table; each place opens to its cases."""
    with data.read() as session:
        found = store.hotspots(session, who.now)
    return render(
        who,
        "pages/hotspots.html",
        hotspots=found,
        least=store.HOT_LEAST,
        days=store.HOT_WITHIN.days,
        cases_of=lambda place: address("/cases", {"status": "all", "place": place}),
    )
