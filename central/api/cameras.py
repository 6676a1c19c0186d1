"""Cameras: how far each is trusted, and what its verdicts say."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from central import store
from central.api.box_schemas import CameraIn, CameraOut
from central.api.cases import problem
from central.api.schemas import Problem
from central.deps import Context, Data
from edge.events import SLUG

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"])

Slug = Annotated[str, Path(pattern=SLUG)]


@router.get("", summary="All cameras with mode, verdicts and the mode they have earned")
def list_cameras(data: Data) -> list[CameraOut]:
    with data.read() as session:
        return [_out(camera) for camera in store.list_cameras(session)]


@router.post(
    "/{site}/{box}/{stream}/mode",
    summary="Let a camera record, ask, or file by itself",
    response_model=CameraOut,
    responses={404: {"model": Problem}},
)
def set_mode(
    context: Context, site: Slug, box: Slug, stream: Slug, body: CameraIn
) -> CameraOut | Response:
    actor = context.me.actor
    try:
        with context.data.write() as session:
            store.sign(session, actor, context.address)
            store.set_camera_mode(session, (site, box, stream), body.mode, actor, context.now)
            found = store.list_cameras(session)
    except store.NotFound:
        return problem(404, "not_found", f"there is no camera {site}/{box}/{stream}")
    context.changed("boxes")
    return next(
        _out(one) for one in found if (one.site, one.box, one.stream) == (site, box, stream)
    )


def _out(camera: store.Camera) -> CameraOut:
    record = camera.record
    return CameraOut(
        site=camera.site,
        box=camera.box,
        stream=camera.stream,
        name=camera.name,
        mode=camera.mode,
        confirmed=record.confirmed,
        false=record.false,
        precision=record.precision,
        precision_lower=record.lower,
        proposed=camera.proposed,
    )
