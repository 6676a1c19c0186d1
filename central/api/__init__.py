"""The JSON API for programs, and the hints for browsers."""

from fastapi import APIRouter

from central.api import (
    appeals,
    boxes,
    cameras,
    cases,
    changes,
    events,
    evidence,
    export,
    incidents,
    kpi,
    oauth,
    ops,
    photos,
    quarantine,
)

router = APIRouter()
PARTS = (
    *(cases, photos, appeals, incidents, evidence, boxes, cameras, quarantine),
    *(kpi, changes, export, oauth, events, ops),
)
for part in PARTS:
    router.include_router(part.router)

__all__ = ["router"]
