"""`GET /events`: hints that something changed, as server-sent events."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from central.deps import Hints, Me

router = APIRouter(tags=["hints"])


@router.get("/events", summary="Hints that something changed (server-sent events)")
async def events(hub: Hints, me: Me) -> StreamingResponse:
    """With limits at a steady beat: it tells nothing of what may not be seen."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        hub.stream(steady=me.limits is not None), media_type="text/event-stream", headers=headers
    )
