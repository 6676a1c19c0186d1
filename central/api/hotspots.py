"""Places where it happens again and again."""

from datetime import datetime

from fastapi import APIRouter

from central import store
from central.api.schemas import Shape
from central.deps import Data, Moment

router = APIRouter(prefix="/api/v1/hotspots", tags=["kpi"])


class HotspotOut(Shape):
    """A place; `last_no` and `lead` are of its newest case."""

    place: str
    place_name: str
    address: str
    cases: int
    first_at: datetime
    last_at: datetime
    last_no: str
    lead: str
    lead_name: str


class HotspotList(Shape):
    """Places with at least `least` cases that are not void or merged, filed after `since`."""

    since: datetime
    least: int
    items: list[HotspotOut]


@router.get("", summary="Places with 5 cases or more in 30 days, those with most first")
def list_hotspots(data: Data, now: Moment) -> HotspotList:
    with data.read() as session:
        found = store.hotspots(session, now)
    items = [HotspotOut.model_validate(one) for one in found]
    return HotspotList(since=now - store.HOT_WITHIN, least=store.HOT_LEAST, items=items)
