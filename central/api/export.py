"""Cases as files for spreadsheets."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from central import store
from central.api.cases import CaseQuery, problem
from central.api.schemas import Problem
from central.db import Database
from central.deps import Config, Context
from central.export import as_csv, as_xlsx
from central.store import Case, CaseFilter

router = APIRouter(prefix="/api/v1/exports", tags=["exchange"])

PAGE_SIZE = 500
MOST_XLSX = 50_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


CSV = "text/csv; charset=utf-8"
A_CSV: Any = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
AN_XLSX: Any = {200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}}


@router.get(
    "/cases.csv",
    summary="Cases as CSV (UTF-8, RFC 4180), newest first; formulas are neutralised",
    response_class=Response,
    responses=A_CSV,
)
def cases_csv(
    context: Context, config: Config, query: Annotated[CaseQuery, Query()]
) -> StreamingResponse:
    _note(context, "csv")
    pages = _pages(context.data, _wanted(query))
    return StreamingResponse(
        as_csv(pages, config.zone), media_type=CSV, headers=_file(context.now, "csv")
    )


@router.get(
    "/cases.xlsx",
    summary=f"Cases as XLSX, newest first, at most {MOST_XLSX}; every text is typed as text",
    response_class=Response,
    responses=AN_XLSX | {413: {"model": Problem}},
)
def cases_xlsx(context: Context, config: Config, query: Annotated[CaseQuery, Query()]) -> Response:
    wanted = _wanted(query)
    with context.data.read() as session:
        total = store.count_matching(session, wanted, MOST_XLSX + 1)
    if total > MOST_XLSX:
        return problem(413, "too_many", f"{total} cases: at most {MOST_XLSX}; filter, or take CSV")
    _note(context, "xlsx")
    content = as_xlsx(_pages(context.data, wanted), config.zone)
    return Response(content, media_type=XLSX, headers=_file(context.now, "xlsx"))


def _wanted(query: CaseQuery) -> CaseFilter:
    return CaseFilter(**query.model_dump(exclude={"page", "size"}))


def _pages(data: Database, wanted: CaseFilter) -> Iterator[tuple[Case, ...]]:
    """Page after page, from one look at the database, so that no case is there twice."""
    with data.read() as session:
        if not data.is_sqlite:  # SQLite's readers have one look anyway
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        number = 1
        while True:
            items = store.list_cases(session, wanted, store.Page(number, PAGE_SIZE)).items
            if items:
                yield items
            if len(items) < PAGE_SIZE:
                return
            session.expunge_all()
            number += 1


def _note(context: Any, kind: str) -> None:
    noted = store.Noted(context.now, context.me.actor, "exported", f"cases.{kind}", context.address)
    with context.data.write() as session:
        store.note(session, noted)


def _file(now: datetime, kind: str) -> dict[str, str]:
    name = f"jinmu-cases-{now:%Y%m%d-%H%M}.{kind}"
    return {"content-disposition": f'attachment; filename="{name}"'}
