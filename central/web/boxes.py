"""The page of the boxes: can we see?"""

from fastapi import APIRouter
from starlette.responses import Response

from central import store
from central.deps import Data, Moment
from central.web.box_views import BoxView
from central.web.cases import Who
from central.web.records import box_of
from central.web.render import render

router = APIRouter(include_in_schema=False)


@router.get("/boxes")
def boxes_page(who: Who, data: Data, now: Moment) -> Response:
    """All boxes, those in trouble first."""
    return render(who, "pages/boxes.html", boxes=_read(data, now))


@router.get("/parts/boxes")
def boxes_part(who: Who, data: Data, now: Moment) -> Response:
    """The boxes as a fragment."""
    return render(who, "parts/box_list.html", boxes=_read(data, now), oob=True)


def _read(data: Data, now: Moment) -> tuple[BoxView, ...]:
    with data.read() as session:
        boxes = [box_of(box, now) for box in store.list_boxes(session, now)]
    trouble = {"offline": 0, "degraded": 1, "online": 2}
    return tuple(sorted(boxes, key=lambda box: (trouble[box.lamp], box.site, box.box)))
