"""`Idempotency-Key` on POSTs: the same request again changes nothing and gets the same answer.

The key is committed in the very transaction of what the request does, so a crash between the two
cannot do it twice; the answer is kept after. Who repeats a request whose answer was lost in such a
crash is told that it was done (409 `done_before`), and reads what became of it.
"""

import hashlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from central.db import Database
from central.exchange_tables import RequestKeyTable

HEADER = "idempotency-key"
MAX_KEY_CHARS = 200
MAX_BODY_BYTES = 256 * 1024
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its sender gave it, and the request it came with."""

    actor: str
    text: str
    request_sha256: str
    now: datetime


class SomebodyIsAtIt(Exception):
    """Another request with the same key is being worked on or was just done."""


class Keyed(Database):
    """The same database, which writes the key down with whatever is written."""

    def __init__(self, database: Database, key: Key) -> None:
        self.__dict__.update(database.__dict__)  # the same engines, and who asks
        self._inner = database
        self._key = key

    @contextmanager
    def write(self) -> Iterator[Session]:
        """As `Database.write`; raises SomebodyIsAtIt when the key is there already."""
        with self._inner.write() as session:
            self._enter(session)
            yield session

    def _enter(self, session: Session) -> None:
        key = self._key
        old = RequestKeyTable.created_at < key.now - KEPT
        session.execute(delete(RequestKeyTable).where(old))
        row = RequestKeyTable(
            actor=key.actor, key=key.text, request_sha256=key.request_sha256,
            created_at=key.now, media_type="",
        )  # fmt: skip
        session.add(row)
        try:
            session.flush()
        except IntegrityError:
            raise SomebodyIsAtIt from None


class KeyedRoute(APIRoute):
    """A route whose POST minds the key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        plain = super().get_route_handler()

        async def handler(request: Request) -> Response:
            text = request.headers.get(HEADER)
            if text is None or request.method != "POST":
                return await plain(request)
            return await _handle(request, text, plain)

        return handler


async def _handle(request: Request, text: str, plain: Any) -> Response:
    if not 0 < len(text) <= MAX_KEY_CHARS or not (text.isascii() and text.isprintable()):
        return _problem(400, "bad_key", f"{HEADER} has 1 to {MAX_KEY_CHARS} printable characters")
    body = await request.body()
    said = b"\n".join((request.url.path.encode(), request.url.query.encode(), body))
    digest = hashlib.sha256(said).hexdigest()
    key = Key(request.state.principal.actor, text, digest, request.app.state.now())
    database: Database = request.app.state.database
    known = await run_in_threadpool(_known, database, key)
    if known is not None:
        return known
    request.state.request_key = key
    try:
        answer: Response = await plain(request)
    except SomebodyIsAtIt:
        return _problem(409, "in_progress", "a request with this key is being worked on")
    await run_in_threadpool(_keep, database, key, answer)
    return answer


def _known(database: Database, key: Key) -> Response | None:
    with database.read() as session:
        row = session.get(RequestKeyTable, (key.actor, key.text))
        if row is None:
            return None
        if row.request_sha256 != key.request_sha256:
            return _problem(422, "key_reused", "this key came with another request")
        if row.status is None:
            return _problem(409, "done_before", "it was done; its answer is lost: read the result")
        return Response(
            row.body, row.status, {"idempotent-replayed": "true"}, media_type=row.media_type
        )


def _keep(database: Database, key: Key, answer: Response) -> None:
    """Keep the answer of what was done; a request that wrote nothing has no row."""
    with database.write() as session:
        row = session.get(RequestKeyTable, (key.actor, key.text))
        if row is not None and len(answer.body) <= MAX_BODY_BYTES:
            row.status, row.body = answer.status_code, bytes(answer.body)
            row.media_type = answer.headers.get("content-type", "application/json")


def _problem(status: int, code: str, text: str) -> Response:
    return JSONResponse({"code": code, "detail": text}, status_code=status)
