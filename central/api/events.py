"""`GET /events`: hints that something changed, as server-sent events."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from central.deps import Hints

router = APIRouter(tags=["hints"])


@router.get("/events", summary="Hints that something changed (server-sent events)")
async def events(hub: Hints) -> StreamingResponse:
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(hub.stream(), media_type="text/event-stream", headers=headers)
