"""What routes ask for, as annotated types, so that a route reads as prose."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from central.appeals.contact import Seal
from central.auth import Principal
from central.db import Database
from central.evidence import EvidenceFiles
from central.hub import Hub
from central.keyed import Key, Keyed
from central.renditions import Renditions
from central.settings import Settings
from central.sight import Asker


def _database(request: Request) -> Database:
    """The database as whoever asks may see it."""
    database: Database = request.app.state.database
    me = _maybe(request)
    if me is None or me.limits is None:
        return database
    return database.asked_by(Asker(me.actor, me.limits))


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _evidence(request: Request) -> EvidenceFiles:
    files: EvidenceFiles = request.app.state.evidence
    return files


def _pictures(request: Request) -> Renditions:
    pictures: Renditions = request.app.state.renditions
    return pictures


def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


def _seal(request: Request) -> Seal:
    seal: Seal = request.app.state.contact_seal
    return seal


def _moment(request: Request) -> datetime:
    now: datetime = request.app.state.now()
    return now


def _changed(request: Request) -> Callable[[str], None]:
    return _hub(request).changed


def _maybe(request: Request) -> Principal | None:
    """None only on public paths: the guard has let nobody else through."""
    principal: Principal | None = getattr(request.state, "principal", None)
    return principal


def _me(request: Request) -> Principal:
    principal = _maybe(request)
    assert principal is not None, "this route must not be public"
    return principal


def address_of(request: Request) -> str:
    """Where a request comes from, for logs and limits."""
    return request.client.host if request.client else "unknown"


Data = Annotated[Database, Depends(_database)]
Config = Annotated[Settings, Depends(_settings)]
Files = Annotated[EvidenceFiles, Depends(_evidence)]
Pictures = Annotated[Renditions, Depends(_pictures)]
Hints = Annotated[Hub, Depends(_hub)]
Sealed = Annotated[Seal, Depends(_seal)]
Moment = Annotated[datetime, Depends(_moment)]
Changed = Annotated[Callable[[str], None], Depends(_changed)]
Maybe = Annotated[Principal | None, Depends(_maybe)]
Me = Annotated[Principal, Depends(_me)]
Address = Annotated[str, Depends(address_of)]


@dataclass(frozen=True, slots=True)
class Work:
    """Who does something, when, where it is kept, and how others hear of it."""

    data: Database
    me: Principal
    now: datetime
    changed: Callable[[str], None]
    address: str


def _work(  # noqa: PLR0913 each one is a dependency
    request: Request, data: Data, me: Me, now: Moment, changed: Changed, address: Address
) -> Work:
    key: Key | None = getattr(request.state, "request_key", None)
    return Work(Keyed(data, key) if key else data, me, now, changed, address)


Context = Annotated[Work, Depends(_work)]
