"""The JSON API for programs, and the hints for browsers."""

from fastapi import APIRouter

from central.api import (
    appeals,
    boxes,
    cameras,
    cases,
    changes,
    entering,
    events,
    evidence,
    export,
    holding,
    hotspots,
    incidents,
    kpi,
    oauth,
    ops,
    package,
    photos,
    quarantine,
    suggestions,
)

router = APIRouter()
PARTS = (
    *(
        cases,
        entering,
        photos,
        package,
        holding,
        appeals,
        suggestions,
        incidents,
        evidence,
        boxes,
        cameras,
        quarantine,
    ),
    *(kpi, hotspots, changes, export, oauth, events, ops),
)
for part in PARTS:
    router.include_router(part.router)

__all__ = ["router"]
