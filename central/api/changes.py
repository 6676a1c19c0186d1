"""The feed of changes, for systems that keep a copy."""

from typing import Annotated

from fastapi import APIRouter, Query

from central import store
from central.api.schemas import ChangeList, ChangeOut
from central.deps import Data

router = APIRouter(prefix="/api/v1/changes", tags=["exchange"])


@router.get("", summary="Changes above a number, in order of commit; none is ever skipped")
def list_changes(
    data: Data,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> ChangeList:
    with data.read() as session:
        found, go_on = store.read_feed(session, after, limit)
    items = [ChangeOut.model_validate(change) for change in found]
    return ChangeList(items=items, next=go_on)
