"""An import from the file to the new version, or to the plan that a dry run shows."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from central.clocks.calendar_file import SHIPPED
from central.db import one_at_a_time
from central.routing.checks import Problem, problems
from central.routing.crs import Crs, read_crs, to_wgs84
from central.town.calendar_rows import parted
from central.town.faults import Fault, FileRefused, refused
from central.town.files import Raw, Table, read_bytes, read_table, read_text
from central.town.keeping import Source, bodies, newest_version, save, town_of
from central.town.plan import Body, Plan, compare
from central.town.rows import ROWS, GridRow, PlaceRow, Row
from central.town.words import COLUMNS, Kind, shown_column
from central.town_tables import TownVersionTable

DECIMALS = 7
"""Of a degree: one centimetre, so that turning GCJ-02 twice gives the same rows."""


SAID = {
    "float_parsing": "is not a number: give degrees like 121.4803",
    "int_parsing": "is not a whole number",
    "string_pattern_mismatch": "has signs that may not stand there: use letters, digits and -",
    "date_from_datetime_parsing": "is not a date like 2026-11-24",
    "date_parsing": "is not a date like 2026-11-24",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be imported and how."""

    kind: Kind
    path: Path
    crs: str = ""
    keep_missing: bool = False


@dataclass(frozen=True, slots=True)
class Author:
    """Who imports, and when."""

    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Prepared:
    """An import that could be made: the plan, the rows, and what a person should know."""

    plan: Plan
    new: Mapping[str, Body]
    problems: tuple[Problem, ...]
    file_sha256: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A checked row and where it stands in the file (0: the file has no rows)."""

    row: int
    body: Body


def prepare(session: Session, wish: Wish, now: datetime) -> Prepared:
    """Read and check the file against the town that is there; raises FileRefused.

    Refused is what would make the town worse than it is: a name that leads nowhere, two rules
    or codes that fit equally, a case without a rule.
    """
    content = read_bytes(wish.path)
    rows = read_rows(wish, content)
    new = {key: one.body for key, one in rows.items()}
    before = bodies(session)
    plan = compare(wish.kind, before[wish.kind], new, keep_missing=wish.keep_missing)
    kept = {key: before[wish.kind][key] for key in before[wish.kind] if wish.keep_missing}
    after = {**before, wish.kind: {**kept, **new}}
    said = _problems(after, now)
    known = {one.what for one in _problems(before, now)} if wish.kind != "rules" else set()
    worse = [one for one in said if _is_refused(one) and one.what not in known]
    if not after["rules"]:  # before there are rules, only names and codes can be wrong
        worse = [one for one in worse if one.about in ("name", "code")]
    if worse:
        raise FileRefused([_of_problem(wish, rows, one) for one in worse])
    return Prepared(plan, new, said, hashlib.sha256(content).hexdigest())


def make(session: Session, wish: Wish, author: Author) -> tuple[Prepared, int]:
    """Import it; gives what was done and the version that is valid now."""
    one_at_a_time(session, TownVersionTable)
    prepared = prepare(session, wish, author.at)
    if prepared.plan.is_empty:
        return prepared, newest_version(session)
    source = Source(author.at, author.actor, wish.path.name, prepared.file_sha256)
    return prepared, save(session, prepared.plan, prepared.new, source)


def read_rows(wish: Wish, content: bytes) -> dict[str, Numbered]:
    """The file's rows, checked and in WGS-84, by key; raises FileRefused with every fault."""
    name = wish.path.name
    if wish.kind == "calendar":
        try:
            return {k: Numbered(0, body) for k, body in parted(read_text(name, content)).items()}
        except FileRefused:
            raise
        except ValueError as error:
            raise refused(name, str(error)) from None
    table = read_table(wish.kind, name, content)
    crs = _crs(name, wish.crs, table.crs)
    faults: list[Fault] = []
    found: dict[str, tuple[int, Row]] = {}
    for raw in table.rows:
        row, wrong = _checked(wish.kind, table, raw)
        faults += wrong
        if row is not None and row.id in found:
            first = found[row.id][0]
            text = f"{row.id} stands in row {first} already"
            faults.append(Fault(name, raw.row, shown_column(wish.kind, "id"), text))
        elif row is not None:
            found[row.id] = raw.row, row
    if faults:
        raise FileRefused(faults)
    return {key: Numbered(n, _body(_in_wgs84(row, crs))) for key, (n, row) in found.items()}


def _is_refused(problem: Problem) -> bool:
    return problem.fatal or problem.about == "code"


def _of_problem(wish: Wish, rows: Mapping[str, Numbered], problem: Problem) -> Fault:
    """A problem as a fault of the file, with row and column where it comes from this file."""
    where = problem.where
    if where is None or where.kind != wish.kind or where.key not in rows:
        return Fault(wish.path.name, 0, "", problem.what)
    column = shown_column(wish.kind, where.column)
    return Fault(wish.path.name, rows[where.key].row, column, problem.what)


def _problems(found: Mapping[Kind, Mapping[str, Body]], now: datetime) -> tuple[Problem, ...]:
    return problems(town_of(found, version=1), now)


def _crs(name: str, asked: str, named: str) -> Crs:
    """The coordinate system: asked for, named by the file, or WGS-84; both must agree."""
    try:
        wanted, own = read_crs(asked or named or "WGS-84"), read_crs(named or asked or "WGS-84")
    except ValueError as error:
        raise refused(name, f"coordinates: {error}") from None
    if wanted != own:
        raise refused(name, f"says {own} itself, --crs says {wanted}: one of them is wrong")
    return wanted


def _checked(kind: Kind, table: Table, raw: Raw) -> tuple[Row | None, list[Fault]]:
    try:
        return ROWS[kind].model_validate(raw.values), []
    except ValidationError as error:
        return None, [_fault(kind, table, raw, one) for one in error.errors()]


def _fault(kind: Kind, table: Table, raw: Raw, error: Any) -> Fault:
    column = shown_column(kind, str(error["loc"][0])) if error["loc"] else ""
    text = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = ", ".join(_fields(kind))
        text = f"is not a column of {kind}: remove or rename it (there are {known})"
    elif error["type"] == "missing":
        text = "is missing: fill it in"
    elif error["type"] != "value_error" and isinstance(error["input"], str | int | float):
        text = f"'{str(error['input'])[:60]}' {SAID.get(error['type'], f': {text}')}"
    return Fault(table.file, raw.row, column, text)


def _fields(kind: Kind) -> Iterator[str]:
    hidden = ("polygons",)
    names = [name for name in ROWS[kind].model_fields if name not in hidden]
    known = set(COLUMNS[kind].values())
    yield from (shown_column(kind, name) for name in names if name in known)


def _in_wgs84(row: Row, crs: Crs) -> Row:
    turn = to_wgs84(crs)

    def rounded(x: float, y: float) -> tuple[float, float]:
        longitude, latitude = turn((x, y))
        return round(longitude, DECIMALS), round(latitude, DECIMALS)

    if isinstance(row, PlaceRow):
        longitude, latitude = rounded(row.lon, row.lat)
        return row.model_copy(update={"lon": longitude, "lat": latitude})
    if isinstance(row, GridRow):
        polygons = [[[rounded(x, y) for x, y in ring] for ring in poly] for poly in row.polygons]
        return row.model_copy(update={"polygons": polygons})
    return row


def _body(row: Row) -> Body:
    return row.model_dump(mode="json", exclude_defaults=True)


EXAMPLE: tuple[tuple[Kind, str], ...] = (
    ("orgs", "orgs.csv"),
    ("grids", "grids.geojson"),
    ("places", "places.csv"),
    ("rules", "rules.csv"),
    ("people", "people.csv"),
    ("codes", "codes.csv"),
)
EXAMPLE_FOLDER = Path(__file__).parent.parent / "example_town"
CALENDAR_FILE = Path(__file__).parent.parent / "clocks" / SHIPPED


def make_example(session: Session, author: Author) -> int:
    """Import the town that comes with the program, calendar and all; gives the version.

    Raises FileRefused when another town is there already.
    """
    if any(bodies(session)[kind] for kind in ROWS) and not _is_example(session):
        raise refused("example", "there is a town already: the example is for an empty database")
    wishes = [Wish(kind, EXAMPLE_FOLDER / name) for kind, name in EXAMPLE]
    for wish in (*wishes, Wish("calendar", CALENDAR_FILE)):
        make(session, wish, author)
    return newest_version(session)


def _is_example(session: Session) -> bool:
    return "FL-0317" in bodies(session)["places"] and "310112123C" in bodies(session)["grids"]
