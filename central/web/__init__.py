"""The pages people look at: `router` holds them, `static_files` what they are drawn with."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from central.web import (
    account,
    appeals,
    boxes,
    cameras,
    cases,
    door,
    entering,
    handled,
    holding,
    hotspots,
    kpi,
    quarantine,
    shadow,
    suggestions,
    tell,
    verdicts,
)

router = APIRouter(include_in_schema=False)
for part in (
    door,
    account,
    entering,
    cases,
    verdicts,
    handled,
    holding,
    appeals,
    suggestions,
    tell,
    boxes,
    cameras,
    shadow,
    kpi,
    hotspots,
    quarantine,
):
    router.include_router(part.router)


class _AskedEachTime(StaticFiles):
    """Browsers keep the files but ask each time whether they are still the same (ETag).

    So a new version is seen at once, without a hash in every name and import.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


def static_files() -> StaticFiles:
    """Style, scripts, icon: to be mounted at `/static`, open without a login."""
    return _AskedEachTime(directory=Path(__file__).parent / "static")
