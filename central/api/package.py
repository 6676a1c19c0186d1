"""The evidence package of a case: its manifest; every look at it is logged."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from central import store
from central.api.cases import CaseNo, problem
from central.api.schemas import Problem
from central.deps import Context, Work
from central.keyed import KeyedRoute
from central.package.canonical import to_bytes
from central.package.reading import Maker, package_of
from central.package.shapes import Package

router = APIRouter(prefix="/api/v1/cases", tags=["evidence"], route_class=KeyedRoute)
PROBLEMS: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}


@router.get(
    "/{case_no}/package",
    summary="Evidence package: a canonical manifest with its hash; every view is logged",
    response_model=Package,
    responses=PROBLEMS,
)
def manifest(context: Context, case_no: CaseNo) -> Response:
    with context.data.snapshot() as session:
        found = store.read_case_file(session, case_no)
        if found is None:
            return problem(404, "not_found", f"there is no case {case_no}")
        package = package_of(session, found, Maker(context.me.actor, context.now))
    note_package(context, "package_viewed", package)
    return Response(to_bytes(package), media_type="application/json")


def note_package(context: Work, action: str, package: Package, **did: Any) -> None:
    """Write down that somebody was given a package, and its hash."""
    did |= {"manifest_sha256": package.manifest_sha256}
    noted = store.Noted(
        context.now, context.me.actor, action, package.case.case_no, context.address, did
    )
    with context.data.write() as session:
        store.note(session, noted)
