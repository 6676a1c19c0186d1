"""Boxes: state, conditions, and what their ledgers miss."""

from fastapi import APIRouter

from central import store
from central.api.box_schemas import BoxOut
from central.deps import Data, Moment

router = APIRouter(prefix="/api/v1/boxes", tags=["boxes"])


@router.get("", summary="All boxes with their last state and ledger gaps")
def list_boxes(data: Data, now: Moment) -> list[BoxOut]:
    with data.read() as session:
        return [BoxOut.model_validate(box) for box in store.list_boxes(session, now)]
