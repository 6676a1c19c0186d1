"""The routes under /open311/v2. All but services and discovery need a key (`api_key`, a token)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from central import store
from central.api.appeals import AppealIn
from central.appeals import records
from central.appeals.contact import Contact
from central.appeals.rules import Refused
from central.deps import Config, Context, Sealed, Work
from central.keyed import KeyedRoute
from central.open311.codec import MEDIA_TYPES, Form, Item, listing, read_w3c, single, w3c
from central.open311.requests import Asked, Look, find_requests, find_updates, span_of
from central.open311.services import SERVICES, Service, attributes_of, find_service, item_of
from edge.events import PLACE

router = APIRouter(prefix="/open311/v2", include_in_schema=False, route_class=KeyedRoute)

MAX_NUMBERS = 200
NEWEST = "2026-11-24T00:00:00+08:00"
"""When the list of services last changed."""


class Wrong(Exception):
    """The request cannot be answered; the text is for people, `status` is also the error's code."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Here:
    """The answer's format, and how things are shown."""

    form: Form
    look: Look

    def listing(self, root: str, name: str, items: Sequence[Item], status: int = 200) -> Response:
        content = listing(self.form, root, name, items)
        return Response(content, status, media_type=MEDIA_TYPES[self.form])


def _here(config: Config, form: Form) -> Here:
    return Here(form, Look(config.zone, config.public_url))


In = Annotated[Here, Depends(_here)]


@router.get("/discovery.{form}")
def discovery(here: In, config: Config) -> Response:
    """What there is here, and in which formats."""
    base = f"{config.public_url}/open311/v2"
    endpoint: Item = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": base,
        "changeset": NEWEST,
        "type": "production",
        "formats": [{"format": "text/xml"}, {"format": "application/json"}],
    }
    item: Item = {"changeset": NEWEST, "key_service": "", "endpoints": [{"endpoint": endpoint}]}
    content = single(here.form, "discovery", item)
    return Response(content, media_type=MEDIA_TYPES[here.form])


@router.get("/services.{form}")
def services(here: In) -> Response:
    """The kinds of requests."""
    return here.listing("services", "service", [item_of(one) for one in SERVICES])


@router.get("/services/{code}.{form}")
def service(here: In, code: str) -> Response:
    """The further questions of one kind."""
    found = find_service(code)
    if found is None or not found.attributes:
        raise Wrong(404, "there is no such service_code, or it asks nothing further")
    item: Item = {"service_code": code, "attributes": attributes_of(found)}
    content = single(here.form, "service_definition", item)
    return Response(content, media_type=MEDIA_TYPES[here.form])


@router.post("/requests.{form}")
async def add(
    request: Request, here: In, context: Context, config: Config, seal: Sealed
) -> Response:
    """A request becomes an appeal."""
    fields = await _fields(request)
    new = _read_request(fields, context.me.actor)
    return await run_in_threadpool(_add, here, context, config, seal, new)


@router.get("/requests.{form}")
def requests(request: Request, here: In, context: Context) -> Response:
    """Requests of the last 90 days, or those that are asked for."""
    asked = _asked(request.query_params, context.now)
    with context.data.read() as session:
        items = find_requests(session, asked, here.look)
    return here.listing("service_requests", "request", items)


@router.get("/requests/{number}.{form}")
def one_request(here: In, context: Context, number: str) -> Response:
    """One request."""
    asked = Asked(span_of(None, None, context.now), numbers=(number[:40],))
    with context.data.read() as session:
        items = find_requests(session, asked, here.look)
    if not items:
        raise Wrong(404, "there is no such service_request_id")
    return here.listing("service_requests", "request", items)


@router.get("/tokens/{token}.{form}")
def token(here: In, context: Context, token: str) -> Response:
    """The number behind a token; here a request has its number at once, which is its token."""
    with context.data.read() as session:
        appeal = records.get_appeal(session, token[:40])
    if appeal is None:
        raise Wrong(404, "there is no such token")
    item = {"service_request_id": appeal.appeal_no, "token": appeal.appeal_no}
    return here.listing("service_requests", "request", [item])


@router.get("/servicerequestupdates.{form}")
def updates(request: Request, here: In, context: Context) -> Response:
    """What happened to requests."""
    span = _asked(request.query_params, context.now).span
    with context.data.read() as session:
        items = find_updates(session, span, here.look)
    return here.listing("service_request_updates", "request_update", items)


@router.post("/servicerequestupdates.{form}")
async def update(request: Request, here: In, context: Context) -> Response:
    """A partner says something about a request."""
    fields = await _fields(request)
    return await run_in_threadpool(_update, here, context, fields)


def _add(
    here: Here, context: Work, config: Config, seal: Sealed, new: records.NewAppeal
) -> Response:
    with context.data.write() as session:
        if new.kind == "open311" and store.point_of_place(session, new.place) is None:
            new = replace(new, place="")  # an address of theirs that is none of our places
        try:
            appeal = records.add_appeal(session, new, seal, context.now, config.zone)
        except Refused as refused:
            raise Wrong(400, str(refused)) from None
    context.changed("appeals")
    item = {"service_request_id": appeal.appeal_no, "service_notice": "", "account_id": ""}
    return here.listing("service_requests", "request", [item], 201)


def _update(here: Here, context: Work, fields: Mapping[str, str]) -> Response:
    number, text = fields.get("service_request_id", ""), fields.get("description", "").strip()
    if not number or not text:
        raise Wrong(400, "service_request_id and description are needed")
    if len(text) > 4000:
        raise Wrong(400, "description has at most 4000 characters")
    said = f"[{fields['status'][:40]}] {text}" if fields.get("status") else text
    their_id = (fields.get("update_id") or fields.get("service_request_id_ext") or "")[:80] or None
    doing = records.Doing(
        "comment", context.me.actor, said, address=context.address, external_id=their_id
    )
    try:
        with context.data.write() as session:
            _, step = records.act_on(session, number[:40], doing, context.now)
    except store.NotFound:
        raise Wrong(
            404,
            "no request of this service_request_id takes updates: one that was posted does (AP-…)",
        ) from None
    except Refused as refused:
        raise Wrong(400, str(refused)) from None
    context.changed("appeals")
    item = {"update_id": f"A{step.number}", "updated_datetime": w3c(step.at, here.look.zone)}
    return here.listing("service_request_updates", "request_update", [item], 201)


async def _fields(request: Request) -> dict[str, str]:
    """The form's texts; files are not taken."""
    form = await request.form(max_files=0, max_fields=100)
    fields = {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
    if any("\x00" in value for value in fields.values()):
        raise Wrong(400, "a text holds no NUL")
    return fields


def _read_request(fields: Mapping[str, str], actor: str) -> records.NewAppeal:
    code = fields.get("service_code", "")
    service = find_service(code)
    if service is None:
        raise Wrong(404 if code else 400, "service_code is missing or unknown: see services")
    scanned, known = fields.get("attribute[place]", "").strip(), fields.get("address_id", "")
    address = fields.get("address_string", "") or known
    if not address and not scanned and not (fields.get("lat") and fields.get("long")):
        raise Wrong(400, "lat and long, or address_string, or address_id is needed")
    contact = {
        "name": f"{fields.get('last_name', '')}{fields.get('first_name', '')}",
        "phone": fields.get("phone", ""),
        "email": fields.get("email", ""),
    }
    try:
        body = AppealIn.model_validate(
            {
                "kind": "qr" if scanned else "open311",
                "service_code": code,
                "text": _text(fields, service),
                "address": address,
                "place": scanned or (known if re.fullmatch(PLACE, known) else ""),
                "lat": fields.get("lat") or None,
                "lon": fields.get("long") or None,
                "contact": contact,
            }
        )
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"]) or "the request"
        raise Wrong(400, f"{where}: {error.errors()[0]['msg']}") from None
    values: dict[str, Any] = body.model_dump(exclude={"contact"})
    return records.NewAppeal(**values, source=actor, contact=Contact(**body.contact.model_dump()))


def _text(fields: Mapping[str, str], service: Service) -> str:
    """The description, and the answers to the service's own questions."""
    lines = [fields.get("description", "").strip() or service.name]
    if fields.get("media_url"):
        lines.append(f"图片: {fields['media_url'][:400]}")  # a text of theirs: nothing opens it
    for attribute in (one for one in service.attributes if one.values):
        answer = fields.get(f"attribute[{attribute.code}]", "")
        known = dict(attribute.values)
        if answer and answer not in known:
            raise Wrong(400, f"attribute[{attribute.code}] is one of {', '.join(known)}")
        if answer:
            lines.append(f"{attribute.description}: {known[answer]}")
    return "\n".join(lines)


def _asked(query: Mapping[str, str], now: datetime) -> Asked:
    try:
        start, end = (
            read_w3c(query[name]) if query.get(name) else None
            for name in ("start_date", "end_date")
        )
        span = span_of(start, end, now)
    except (ValueError, OverflowError) as error:
        raise Wrong(400, f"start_date, end_date: {error}") from None
    numbers = _split(query.get("service_request_id", ""))
    if len(numbers) > MAX_NUMBERS:
        raise Wrong(400, f"at most {MAX_NUMBERS} service_request_id")
    statuses = _split(query.get("status", ""))
    if not set(statuses) <= {"open", "closed"}:
        raise Wrong(400, "status is open or closed")
    return Asked(span, numbers, _split(query.get("service_code", "")), statuses)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip()[:80] for part in text.split(",") if part.strip())


def refusal(path: str, status: int, text: str) -> Response:
    """A refusal as the specification has it, in the format that the path asks for."""
    form: Form = "json" if path.endswith(".json") else "xml"
    content = listing(form, "errors", "error", [{"code": status, "description": text}])
    return Response(content, status, media_type=MEDIA_TYPES[form])
