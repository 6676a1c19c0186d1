"""The list of cases and the page of one case, whole and in parts."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from central import auth, store
from central.api.holding import may_hold
from central.api.package import may_raw
from central.api.photos import MAX_PHOTO_BYTES, MOST_PHOTOS
from central.auth import case_role
from central.cases.limits import MOST_PRIOR
from central.cases.states import REJECT_REASONS, STATES, TABS, VOID_REASONS, Role
from central.cases.workflow import must_say
from central.deps import Data, Me, Moment
from central.web.likely import likely_of
from central.web.records import card_of, counts_of, detail_of, store_filter, told
from central.web.render import Notice, Onlooker, address, onlooker, render, viewer_link
from central.web.sound import Level, level_of
from central.web.viewer import viewer_of
from central.web.views import Detail, Filter, Number, Page

PAGE_SIZE = 24
MAX_SHOWN = 2 * PAGE_SIZE
MAX_PAGE = 100_000
CALLERS: frozenset[Role] = frozenset({"desk", "dispatcher", "leader", "administrator"})
"""Who sees the numbers of a case's lead: those who send people out, or press them."""

router = APIRouter(include_in_schema=False)


PRIORITIES = tuple(map(str, range(1, MOST_PRIOR + 1)))
CHOICES = {
    "status": (*TABS, *STATES, "all"),
    "cleared": ("yes", "no"),
    "late": ("red", "overdue"),
    "priority": PRIORITIES,
}


def asked_filter(request: Request) -> Filter:
    """The filter of an address."""
    return read_filter(request.query_params)


def read_filter(query: Mapping[str, str]) -> Filter:
    """The filter of the parameters of an address; what is not known counts as not given."""
    given = {one.name: query.get(one.name, "") for one in fields(Filter)}
    clean = {name: _name(text.strip()) for name, text in given.items()}
    known = {n: text for n, text in clean.items() if text in CHOICES.get(n, (text,)) and text}
    return Filter(**known)


def _name(text: str) -> str:
    """What a database can be asked for."""
    return text[:40].replace("\x00", "")


Asked = Annotated[Filter, Depends(asked_filter)]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which picture a person has chosen: a sha256 of the strip or nothing, marks or original."""

    picture: str = ""
    original: str = ""


Chosen = Annotated[Choice, Depends()]


def asked_onlooker(request: Request, me: Me, now: Moment) -> Onlooker:
    """Who looks at a page that needs a login."""
    person = store.Person(me.actor, case_role(me), me.org)
    return onlooker(request, now, person, me.csrf_token or "")


Who = Annotated[Onlooker, Depends(asked_onlooker)]


def may_file(who: Onlooker) -> bool:
    """Whether this onlooker may enter cases."""
    return auth.may(who.request.state.principal, "POST", "/cases/new")


@router.get("/")
def front() -> Response:
    """The list is the front page."""
    return RedirectResponse("/cases", status_code=303)


@router.get("/cases")
def cases_page(who: Who, data: Data, wanted: Asked, page: str = "1") -> Response:
    """The list of cases."""
    number = min(int(page), MAX_PAGE) if page.isascii() and page.isdigit() else 1
    with data.read() as session:
        shown = _read_page(session, wanted, max(1, number))
        orgs, grids = store.orgs_of(session), store.grids_of(session)
    town = {"orgs": orgs.items(), "grids": grids, "org": who.person.org, "may_file": may_file(who)}
    town |= {"priorities": PRIORITIES}
    return render(who, "pages/cases.html", **(_list_values(wanted, shown) | town))


@router.get("/parts/cases")
def cases_part(who: Who, data: Data, wanted: Asked, shown: str = "", page: str = "1") -> Response:
    """What changed in a list that is on a screen: its cards, the tabs, how many are new."""
    numbers = [number for number in shown.split(",") if number][:MAX_SHOWN]
    with data.read() as session:
        fresh = _refresh(session, wanted, numbers)
    if page.isascii() and page.isdigit():
        fresh = replace(fresh, number=min(int(page), MAX_PAGE))
    return render(who, "parts/cases_refresh.html", **_list_values(wanted, fresh))


@router.get("/cases/{case_no}")
def case_page(who: Who, data: Data, case_no: str, wanted: Asked, choice: Chosen) -> Response:
    """One case."""
    found = read_case(data, case_no, wanted, who)
    if found is None:
        return not_found(who)
    with data.read() as session:
        level = read_level(session, found, who.now)
    values = case_values(found, wanted, choice) | {"level": level, "level_url": level_url(case_no)}
    return render(who, "pages/case.html", **values)


@router.get("/parts/cases/{case_no}")
def case_part(who: Who, data: Data, case_no: str, wanted: Asked, choice: Chosen) -> Response:
    """All parts of a case's page; the browser keeps those that show the same as before."""
    found = read_case(data, case_no, wanted, who)
    if found is None:
        return Response(status_code=404)
    return render(who, "parts/case_refresh.html", **case_values(found, wanted, choice))


@router.get("/parts/cases/{case_no}/level")
def level_part(who: Who, data: Data, case_no: str) -> Response:
    """The level now at the place of a case, for a page that stays open."""
    with data.read() as session:
        found = store.get_case(session, case_no)
        if found is None:
            return Response(status_code=404)
        level = read_level(session, detail_of(found, (None, None)), who.now)
    return render(who, "parts/level.html", level=level, level_url=level_url(case_no), oob=True)


def level_url(case_no: str) -> str:
    """Where the level of a case's place is asked for."""
    return address(f"/parts/cases/{case_no}/level", {})


def read_level(session: Session, case: Detail, now: datetime) -> Level | None:
    """The level now at the place of a case; None for a case that is not about sound."""
    if case.facts.sound is None:
        return None
    card = case.card
    box = store.get_box(session, card.site, card.box)
    return level_of(box, case.stream, now, case.facts.sound.limit_db)


def not_found(who: Onlooker) -> Response:
    """The page for a case number that does not exist."""
    return render(who, "pages/error.html", 404, text=who.words("error.not_found"))


def read_case(data: Data, case_no: str, wanted: Filter, who: Onlooker) -> Detail | None:
    """A case, what this person may do with it, its neighbours in the list it was opened from."""
    with data.read() as session:
        found = store.get_case(session, case_no, who.person)
        if found is None:
            return None
        detail = detail_of(found, store.neighbours(session, store_filter(wanted), case_no))
        alike = store.suggestions_of_case(session, case_no, who.now)
        orgs = tuple(sorted(store.orgs_of(session).items(), key=lambda one: one[1]))
        numbers = store.numbers_of(session, found.case.lead) if who.person.role in CALLERS else ()
    me = who.request.state.principal
    return replace(
        detail,
        likely=likely_of(who, case_no, alike),
        orgs=orgs,
        may_raw=may_raw(me),
        may_hold=may_hold(me),
        must_say=must_say(found.case.state, who.person.role),
        progress=replace(detail.progress, numbers=tuple(Number(*one) for one in numbers)),
    )


def case_values(
    found: Detail,
    wanted: Filter,
    choice: Choice = Choice(),
    notice: Notice | None = None,
) -> dict[str, Any]:
    """What the templates of a case need."""
    viewer = viewer_of(found.pictures, choice.picture, bool(choice.original))
    query = wanted.query()

    def link(case_no: str, sha256: str, original: bool) -> Any:
        chosen = query | {"picture": sha256} | ({"original": "1"} if original else {})
        return viewer_link(
            address(f"/parts/cases/{case_no}", chosen), address(f"/cases/{case_no}", chosen)
        )

    return {
        "case": found,
        "viewer": viewer,
        "chosen": bool(choice.picture) and viewer.selected == choice.picture,
        "viewer_link": link,
        "case_url": lambda case_no: address(f"/cases/{case_no}", query),
        "back_url": address("/cases", query),
        "back_query": address("", query).removeprefix("?"),
        "refresh_url": address(f"/parts/cases/{found.card.case_no}", query),
        "reasons": REJECT_REASONS,
        "void_reasons": VOID_REASONS,
        "notice": notice,
        "photos": {"most": MOST_PHOTOS, "most_mb": MAX_PHOTO_BYTES // 2**20},
    }


def _list_values(wanted: Filter, shown: Page) -> dict[str, Any]:
    query = wanted.query()
    return {
        "page": shown,
        "filter": wanted,
        "cases_url": lambda query: address("/cases", query),
        "case_url": lambda case_no: address(f"/cases/{case_no}", query),
        "reload_url": address("/cases", query),
        "refresh_url": address("/parts/cases", query | {"page": shown.number}),
    }


def _read_page(session: Session, wanted: Filter, number: int) -> Page:
    conditions = store_filter(wanted)
    listed = store.list_cases(session, conditions, store.Page(number, PAGE_SIZE))
    pages = max(1, -(-listed.total // PAGE_SIZE))
    if number > pages:  # the list has become shorter than the address remembers
        number = pages
        listed = store.list_cases(session, conditions, store.Page(number, PAGE_SIZE))
    return Page(
        cards=tuple(card_of(case) for case in listed.items),
        number=number,
        pages=pages,
        total=told(listed.total, listed.most),
        counts=counts_of(store.count_cases(session, conditions)),
    )


def _refresh(session: Session, wanted: Filter, numbers: list[str]) -> Page:
    conditions = store_filter(wanted)
    cases = store.cases_by_no(session, numbers)
    if cases:
        new_count = store.count_newer(session, conditions, cases[0].case_no)
    else:
        new_count = store.list_cases(session, conditions, store.Page(1, 1)).total
    counts = counts_of(store.count_cases(session, conditions))
    return Page(tuple(card_of(case) for case in cases), 1, 1, "", counts, new_count)
