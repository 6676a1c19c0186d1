"""Templates, and what every page knows: words, time, who is looking. Rendering only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse

from central.store import Person
from central.web import glass
from central.web.views import digest_of
from central.web.words import LANGUAGES, Words, load_words, pick_language

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "lang"
A_YEAR_S = 365 * 86400
NOBODY = Person()


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence to the person: `tone` is `warn` or `good`."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who asks for a page, in which words, and when."""

    request: Request
    words: Words
    now: datetime
    person: Person = NOBODY
    csrf_token: str = ""

    @property
    def name(self) -> str:
        """The person's name, empty for a stranger."""
        return self.person.name

    @property
    def by_htmx(self) -> bool:
        """Whether our script asks for fragments, not a browser for a page."""
        return self.request.headers.get("hx-request") == "true"


def onlooker(
    request: Request, now: datetime, person: Person = NOBODY, csrf_token: str = ""
) -> Onlooker:
    """The onlooker of a request; the language comes from address, cookie or browser."""
    language = pick_language(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language"),
    )
    return Onlooker(request, _all_words()[language], now, person, csrf_token)


def render(who: Onlooker, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The template as a response; remembers the language when the address chose one."""
    request = who.request
    common = {
        "t": who.words,
        "now": who.now,
        "now_iso": who.now.isoformat(),
        "user_name": who.name,
        "csrf": who.csrf_token,
        "section": "/" + request.url.path.split("/")[1],
        "language_url": lambda code: _with_language(request, code),
        "notice": None,
        "oob": False,
    }
    text = environment().get_template(template).render(common | values)
    response = HTMLResponse(text, status_code=status)
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, asked, max_age=A_YEAR_S, samesite="lax", httponly=True)
    return response


def address(path: str, query: Mapping[str, object]) -> str:
    """Path and query, quoted."""
    text = urlencode({name: value for name, value in query.items() if value not in ("", None)})
    return f"{path}?{text}" if text else path


def viewer_link(part_url: str, page_url: str) -> Markup:
    """Attributes of a link that changes the large picture in place, or by itself without script."""
    return Markup('href="{1}" hx-get="{0}" hx-swap="none" hx-replace-url="{1}"').format(
        part_url, page_url
    )


@cache
def environment() -> Environment:
    """The templates: escaped always, and an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "iso": datetime.isoformat,
        "clock": glass.clock_text,
        "short_clock": _short_clock,
        "ago": _ago,
        "old": _old,
        "day": glass.day_text,
        "duration": _duration,
        "percent": glass.percent_text,
        "bytes": glass.bytes_text,
        "number": glass.number_text,
        "fraction": glass.fraction_text,
    }
    made.globals["digest"] = _digest
    return made


@cache
def _all_words() -> dict[str, Words]:
    return load_words()


def _with_language(request: Request, code: str) -> str:
    query = {name: value for name, value in request.query_params.items() if name != "lang"}
    return address(request.url.path, query | {"lang": code})


@pass_context
def _short_clock(context: Context, moment: datetime) -> str:
    return glass.short_clock_text(moment, context["now"])


@pass_context
def _ago(context: Context, moment: datetime) -> str:
    return glass.ago_text(moment, context["now"], context["t"])


@pass_context
def _old(context: Context, age_s: float) -> str:
    now: datetime = context["now"]
    return glass.ago_text(now - timedelta(seconds=age_s), now, context["t"])


@pass_context
def _duration(context: Context, length_s: float) -> str:
    return glass.duration_text(length_s, context["t"])


@pass_context
def _digest(context: Context, *parts: object) -> str:
    # The day belongs to it: short times lose their date-less form at midnight.
    return digest_of(context["t"].language, glass.day_text(context["now"]), *parts)
