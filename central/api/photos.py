"""Handling a case with photos of what was done: a form with files, for pages and for programs.

A photo comes from somebody's phone: it may be anything, and says more than it shows (where, when,
which device). So it is decoded and encoded anew in the worker without keys, and only what came out
of that is kept. Nothing here knows faces or plates, so it never leaves the house: messages and
Open311 carry masked pictures of boxes alone.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from central import store
from central.api.cases import CaseNo, person_of, problem
from central.api.schemas import CaseOut, Problem
from central.cases.moves import Refused
from central.cases.standing import Detail
from central.deps import Context, Files, Pictures, Work
from central.evidence import BadPicture, EvidenceFiles, check, jpeg_size
from central.keyed import KeyedRoute
from central.renditions import Renditions, Unreadable

MOST_PHOTOS = 4
MAX_PHOTO_BYTES = 12 * 1024 * 1024
MAX_FORM_BYTES = MOST_PHOTOS * MAX_PHOTO_BYTES + 64 * 1024
MAX_NOTE_CHARS = 2000

router = APIRouter(prefix="/api/v1/cases", tags=["cases"], route_class=KeyedRoute)
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (403, 404, 409, 413, 422)
}
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["version"],
    "properties": {
        "version": {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
        "note": {"type": "string", "maxLength": MAX_NOTE_CHARS},
        "photo": {
            "type": "array",
            "maxItems": MOST_PHOTOS,
            "items": {"type": "string", "format": "binary"},
        },
    },
}


class Unfit(Exception):
    """The form or a photo of it is refused; `code` is for programs."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Handled:
    """What somebody did, with photos as they came."""

    version: int
    note: str
    photos: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Album:
    """Where photos are cleaned and kept."""

    files: EvidenceFiles
    pictures: Renditions

    def clean(self, photo: bytes) -> bytes:
        """The photo made anew from its pixels; raises Unfit."""
        try:
            check(hashlib.sha256(photo).hexdigest(), photo, MAX_PHOTO_BYTES)
            return self.pictures.anew(photo)
        except BadPicture as bad:
            raise Unfit(413 if bad.code == "too_large" else 422, bad.code, str(bad)) from None
        except Unreadable as error:
            raise Unfit(422, "unreadable", str(error)) from None


@router.post(
    "/{case_no}/handled",
    summary=f"Handle a case with at most {MOST_PHOTOS} photos (JPEG) of what was done",
    response_model=CaseOut,
    responses=PROBLEMS,
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}
    },
)
async def handled(
    request: Request, context: Context, files: Files, pictures: Pictures, case_no: CaseNo
) -> CaseOut | Response:
    album = Album(files, pictures)
    try:
        await run_in_threadpool(check_there, context, case_no)
        given = await read_handled(request)
        case = await run_in_threadpool(handle, context, album, case_no, given)
    except store.NotFound:
        return problem(404, "not_found", f"there is no case {case_no}")
    except Unfit as unfit:
        return problem(unfit.status, unfit.code, str(unfit))
    except Refused as refused:
        return problem(403 if refused.code == "role" else 409, refused.code, str(refused))
    return CaseOut.model_validate(case)


def check_there(context: Work, case_no: str) -> None:
    """Raises NotFound before anything is read for a case that there is not."""
    with context.data.read() as session:
        if not store.cases_by_no(session, [case_no]):
            raise store.NotFound(case_no)


async def read_handled(request: Request) -> Handled:
    """What the form says; raises Unfit."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MAX_FORM_BYTES:
        raise Unfit(413, "too_large", f"say its length; at most {MAX_FORM_BYTES} bytes are allowed")
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Unfit(422, "not_multipart", "send multipart/form-data")
    async with request.form(max_files=2 * MOST_PHOTOS, max_fields=10) as form:
        version, note = _text(form, "version"), _text(form, "note")
        if not (version.isascii() and version.isdigit() and 0 < int(version[:10]) < 2**31):
            raise Unfit(422, "version", "version is the number that was seen")
        if len(note) > MAX_NOTE_CHARS or "\x00" in note:
            raise Unfit(422, "note", f"note has at most {MAX_NOTE_CHARS} characters and no NUL")
        # A field that was left empty comes as a file without a byte.
        files = [one for one in form.getlist("photo") if one and not _is_empty(one)]
        if not all(isinstance(one, UploadFile) for one in files):
            raise Unfit(422, "not_jpeg", "photo is a file")
        if len(files) > MOST_PHOTOS:
            raise Unfit(422, "too_many", f"at most {MOST_PHOTOS} photos are allowed")
        photos = [await one.read() for one in files if isinstance(one, UploadFile)]
    return Handled(int(version), note.strip(), tuple(photos))


def handle(context: Work, album: Album, case_no: str, given: Handled) -> store.Case:
    """The case after it, with pictures on disk; raises Unfit, NotFound, Refused."""
    clean = {hashlib.sha256(one).hexdigest(): one for one in map(album.clean, given.photos)}
    me = person_of(context.me)
    request = store.ActionRequest(
        action="handle",
        actor=me.name,
        version=given.version,
        note=given.note,
        address=context.address,
        role=me.role,
        org=me.org,
        said=Detail(pictures=tuple(clean)),
    )
    with context.data.write() as session:
        case = store.act(session, case_no, request, context.now)
        for sha256, content in clean.items():
            album.files.write(sha256, content)
            size = jpeg_size(content)
            assert size is not None, "the worker makes JPEG"
            new = store.NewEvidence(sha256, len(content), size.width_px, size.height_px, me.name)
            store.add_photo(session, case_no, new, context.now)
    for topic in ("cases", *(("evidence",) if clean else ())):
        context.changed(topic)
    return case


def _is_empty(one: UploadFile | str) -> bool:
    return isinstance(one, UploadFile) and not one.size


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
