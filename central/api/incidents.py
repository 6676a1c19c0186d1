"""Incidents: also those that never became a case."""

from typing import Annotated

from fastapi import APIRouter, Query

from central import store
from central.api.schemas import IncidentOut
from central.deps import Data

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


@router.get("", summary="Incidents, newest first, with and without a case")
def list_incidents(
    data: Data,
    open_only: bool = False,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[IncidentOut]:
    with data.read() as session:
        found = store.list_incidents(session, store.Page(page, size), open_only=open_only)
    return [IncidentOut.model_validate(incident) for incident in found]
