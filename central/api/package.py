"""The evidence package of a case: its manifest, and a ZIP with pictures; every one is logged."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from central import auth, store
from central.api.cases import CaseNo, problem
from central.api.schemas import Problem
from central.cases.retention import Policy
from central.deps import Config, Context, Files, Pictures, Work
from central.keyed import KeyedRoute
from central.package.canonical import sealed, to_bytes
from central.package.files import Shelf, chosen_files
from central.package.reading import Maker, package_of
from central.package.shapes import Package
from central.package.zipping import zipped
from central.sweeper import policy_of

router = APIRouter(prefix="/api/v1/cases", tags=["evidence"], route_class=KeyedRoute)
PROBLEMS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}
ZIP = "application/zip"
A_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}},
    403: {"model": Problem},
}
AN_ORIGINAL = "/api/v1/evidence/original"
"""Whoever may read a picture of any name as its box sent it may have raw packages."""


def _shelf(files: Files, pictures: Pictures) -> Shelf:
    return Shelf(files, pictures)


Kept = Annotated[Shelf, Depends(_shelf)]


@router.get(
    "/{case_no}/package",
    summary="Evidence package: a canonical manifest with its hash; every view is logged",
    response_model=Package,
    responses=PROBLEMS,
)
def manifest(context: Context, config: Config, case_no: CaseNo) -> Response:
    read = _read(context, policy_of(config), case_no)
    if read is None:
        return _not_there(case_no)
    _, package = read
    _note(context, "package_viewed", package)
    return Response(to_bytes(package), media_type="application/json")


@router.get(
    "/{case_no}/package.zip",
    summary="Evidence package: manifest, events, masked pictures and their hashes as a ZIP",
    response_class=Response,
    responses=PROBLEMS | A_ZIP,
)
def archive(
    context: Context,
    config: Config,
    shelf: Kept,
    case_no: CaseNo,
    raw: Annotated[bool, Query(description="unmasked originals and photos")] = False,
) -> Response:
    if raw and not may_raw(context.me):
        return problem(403, "forbidden", f"'{context.me.role}' may not have unmasked pictures")
    read = _read(context, policy_of(config), case_no)
    if read is None:
        return _not_there(case_no)
    found, package = read
    chosen = chosen_files(found, shelf, raw=raw)
    package = sealed(package, tuple(one.part() for one in chosen))
    _note(context, "package_exported", package, raw=raw, files=len(chosen))
    name = f"{case_no}{'-raw' if raw else ''}.zip"
    return StreamingResponse(
        zipped(package, chosen, raw=raw),
        media_type=ZIP,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def may_raw(me: auth.Principal) -> bool:
    """Whether somebody may have pictures as their boxes sent them."""
    return auth.may(me, "GET", AN_ORIGINAL)


def _read(context: Work, policy: Policy, case_no: str) -> tuple[store.CaseFile, Package] | None:
    """The case and its manifest from one look at the database; None for who may not see it."""
    with context.data.snapshot() as session:
        found = store.read_case_file(session, case_no)
        if found is None:
            return None
        return found, package_of(session, found, Maker(context.me.actor, context.now, policy))


def _not_there(case_no: str) -> Response:
    return problem(404, "not_found", f"there is no case {case_no}")


def _note(context: Work, action: str, package: Package, **did: Any) -> None:
    """Write down that somebody was given a package, and its hash."""
    did |= {"manifest_sha256": package.manifest_sha256}
    noted = store.Noted(
        context.now, context.me.actor, action, package.case.case_no, context.address, did
    )
    with context.data.write() as session:
        store.note(session, noted)
