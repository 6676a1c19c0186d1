"""Pictures: put by boxes under the name of their content, looked at by people."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from central import auth, store
from central.api.cases import problem
from central.api.schemas import Link, LinkIn, Problem, Stored
from central.crash import crash_point
from central.deps import Context, Files, Pictures, Work
from central.evidence import MAX_BYTES, BadPicture, EvidenceFiles, check
from central.keyed import KeyedRoute
from central.renditions import Renditions, Unreadable

log = structlog.get_logger()
router = APIRouter(prefix="/api/v1/evidence", tags=["evidence"], route_class=KeyedRoute)

Sha256 = Annotated[str, InPath(pattern=r"^[0-9a-f]{64}$")]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem},
    413: {"model": Problem},
    422: {"model": Problem},
}


@router.put(
    "/{sha256}",
    summary="Upload a JPEG picture; again is harmless",
    response_model=Stored,
    responses=PROBLEMS,
)
async def put(request: Request, context: Context, files: Files, sha256: Sha256) -> Response:
    content = await _read(request)
    if content is None:
        return problem(413, "too_large", f"at most {MAX_BYTES} bytes are allowed")
    return await run_in_threadpool(_store, context, files, sha256, content)


@router.head("/{sha256}", summary="Whether a picture is here", response_class=FileResponse)
def head(context: Context, sha256: Sha256) -> Response:
    with context.data.read() as session:
        here = store.has_evidence(session, sha256)
    return Response(media_type="image/jpeg") if here else _not_here()


@router.get(
    "/{sha256}",
    summary="The picture as the box sent it, with a right of its own; every view is logged",
    response_class=FileResponse,
    responses=PROBLEMS,
)
def get_original(request: Request, context: Context, files: Files, sha256: Sha256) -> Response:
    path = _original(context, files, sha256)
    if path is None:
        return _not_here()
    # Never shown by a browser as a page of this server: whatever hides in it stays a download.
    return _answer(request, context, path, Viewed(sha256, "original", "attachment"))


@router.get(
    "/{sha256}/shown",
    summary="The picture as it is shown, encoded anew; every view is logged",
    response_class=FileResponse,
    responses=PROBLEMS,
)
def get_shown(
    request: Request, context: Context, files: Files, pictures: Pictures, sha256: Sha256
) -> Response:
    return _rendition(request, context, _Kept(files, pictures), Viewed(sha256, "shown"))


@router.get(
    "/{sha256}/thumbnail",
    summary="The picture at most 320 pixels wide and high; every view is logged",
    response_class=FileResponse,
    responses=PROBLEMS,
)
def get_thumbnail(
    request: Request, context: Context, files: Files, pictures: Pictures, sha256: Sha256
) -> Response:
    return _rendition(request, context, _Kept(files, pictures), Viewed(sha256, "thumbnail"))


@router.post(
    "/{sha256}/links",
    summary="An address of the picture that needs no session, for five minutes at most",
    status_code=201,
    response_model=Link,
    responses=PROBLEMS | {403: {"model": Problem}},
)
def link(request: Request, context: Context, sha256: Sha256, wanted: LinkIn) -> Link | Response:
    folder = f"{router.prefix}/{sha256}"
    path = folder if wanted.variant == "original" else f"{folder}/{wanted.variant}"
    if not auth.may(context.me, "GET", path):
        return problem(403, "forbidden", f"'{context.me.role}' may not see this")
    with context.data.write() as session:
        if not store.has_evidence(session, sha256):
            return _not_here()
        did = {"variant": wanted.variant, "seconds": wanted.seconds}
        store.note(session, _noted(context, "evidence_linked", sha256, did))
    expires_at = context.now + timedelta(seconds=wanted.seconds)
    url = auth.signed_path(request.app.state.link_key, path, context.me, expires_at)
    return Link(url=url, expires_at=expires_at.replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class Viewed:
    """What somebody looks at, and how the browser is to treat it."""

    sha256: str
    variant: Literal["original", "shown", "thumbnail"]
    disposition: Literal["inline", "attachment"] = "inline"


@dataclass(frozen=True, slots=True)
class _Kept:
    files: EvidenceFiles
    pictures: Renditions


def _rendition(request: Request, context: Work, kept: _Kept, viewed: Viewed) -> Response:
    original = _original(context, kept.files, viewed.sha256)
    if original is None or viewed.variant == "original":
        return _not_here()
    try:
        path = kept.pictures.path_of(viewed.sha256, viewed.variant, original)
    except Unreadable as error:
        return problem(422, "unreadable", str(error))
    return _answer(request, context, path, viewed)


def _answer(request: Request, context: Work, path: Path, viewed: Viewed) -> Response:
    did = {"variant": viewed.variant} | ({"by": "link"} if context.me.by_link else {})
    with context.data.write() as session:
        store.note(session, _noted(context, "evidence_viewed", viewed.sha256, did))
    # Browsers ask again each time, so that each view is seen here; the answer is then short.
    headers = {
        "etag": f'"{viewed.sha256}-{viewed.variant}"',
        "cache-control": "private, no-cache",
        "content-disposition": f'{viewed.disposition}; filename="{viewed.sha256[:16]}.jpg"',
    }
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type="image/jpeg", headers=headers)


def _original(context: Work, files: EvidenceFiles, sha256: str) -> Path | None:
    with context.data.read() as session:
        here = store.has_evidence(session, sha256)
    return files.find(sha256) if here else None


def _noted(context: Work, action: str, sha256: str, did: dict[str, Any]) -> store.Noted:
    return store.Noted(context.now, context.me.actor, action, sha256, context.address, did)


def _not_here() -> Response:
    return problem(404, "not_found", "the picture is not here (yet)")


async def _read(request: Request) -> bytes | None:
    """The body, None as soon as it is too large."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_BYTES:
        return None
    content = bytearray()
    try:
        async for part in request.stream():
            content += part
            if len(content) > MAX_BYTES:
                return None
    except ClientDisconnect:  # nobody is there to read the answer
        return None
    return bytes(content)


def _store(context: Work, files: EvidenceFiles, sha256: str, content: bytes) -> Response:
    try:
        size = check(sha256, content)
    except BadPicture as bad:
        log.warning("evidence_refused", code=bad.code, by=context.me.actor)
        return problem(422, bad.code, str(bad))
    with context.data.read() as session:
        unwanted = store.is_deleted(session, sha256)
    if unwanted:  # a rule of retention has taken it away: the box may forget it
        stored = Stored(sha256=sha256, created=False, referenced=True)
        return Response(stored.model_dump_json(), 200, media_type="application/json")
    files.write(sha256, content)
    new = store.NewEvidence(sha256, len(content), size.width_px, size.height_px, context.me.actor)
    with context.data.write() as session:
        created = store.add_evidence(session, new, context.now)
        referenced = store.is_referenced(session, sha256)
        crash_point("evidence.before_commit")
    crash_point("evidence.after_commit")
    if created:
        context.changed("evidence")
    stored = Stored(sha256=sha256, created=created, referenced=referenced)
    return Response(
        stored.model_dump_json(), 201 if created else 200, media_type="application/json"
    )
