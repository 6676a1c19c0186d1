"""The town in the database: what is valid now or was in a version, and one version more."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from central.clocks.calendar_file import read_calendar, shipped
from central.db import KEPT
from central.routing.codes import Code, Codes
from central.routing.grids import Atlas, Grid
from central.routing.parties import Org, Person, Place
from central.routing.rules import Rule
from central.routing.town import Town
from central.town.calendar_rows import joined
from central.town.plan import Body, Plan
from central.town.rows import ROWS, CodeRow, GridRow, PlaceRow
from central.town.words import KINDS, Kind
from central.town_tables import TownItemTable, TownVersionTable

Bodies = Mapping[Kind, Mapping[str, Body]]
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Source:
    """Who imported what, for the list of versions."""

    at: datetime
    actor: str
    file: str
    file_sha256: str


@dataclass(frozen=True, slots=True)
class Version:
    """One import; `counts` are rows added, changed, removed."""

    number: int
    kind: str
    source: Source
    counts: tuple[int, int, int]


def newest_version(session: Session) -> int:
    """The version that is valid now; 0 when nothing was ever imported."""
    return session.scalar(select(func.max(TownVersionTable.version))) or 0


def versions(session: Session, limit: int = 50) -> tuple[Version, ...]:
    """The newest versions, the newest first."""
    statement = select(TownVersionTable).order_by(TownVersionTable.version.desc()).limit(limit)
    return tuple(
        Version(
            number=row.version,
            kind=row.kind,
            source=Source(row.at, row.actor, row.file, row.file_sha256),
            counts=(row.added, row.changed, row.removed),
        )
        for row in session.scalars(statement)
    )


def bodies(session: Session, version: int | None = None) -> dict[Kind, dict[str, Body]]:
    """All rows of a version (None: the newest), by kind and key."""
    items = select(TownItemTable.kind, TownItemTable.key, TownItemTable.body)
    if version is None:
        items = items.where(TownItemTable.until.is_(None))
    else:
        items = items.where(
            TownItemTable.since <= version,
            TownItemTable.until.is_(None) | (TownItemTable.until > version),
        )
    found: dict[Kind, dict[str, Body]] = {kind: {} for kind in KINDS}
    for kind, key, body in session.execute(items.order_by(TownItemTable.key)):
        found[kind][key] = body
    return found


def save(session: Session, plan: Plan, new: Mapping[str, Body], source: Source) -> int:
    """Keep what the plan changes as one version more; gives its number.

    Nobody else may save meanwhile: lock `TownVersionTable` before what is planned on is read.
    """
    version = newest_version(session) + 1
    changed = [row.key for row in plan.changed]
    ended = [*changed, *plan.removed]
    for first in range(0, len(ended), 500):  # SQLite limits the parameters of a statement
        session.execute(
            update(TownItemTable)
            .where(
                TownItemTable.kind == plan.kind,
                TownItemTable.key.in_(ended[first : first + 500]),
                TownItemTable.until.is_(None),
            )
            .values(until=version)
        )
    session.add_all(
        TownItemTable(kind=plan.kind, key=key, since=version, body=dict(new[key]))
        for key in (*plan.added, *changed)
    )
    session.add(
        TownVersionTable(
            version=version,
            at=source.at,
            actor=source.actor,
            kind=plan.kind,
            file=source.file[:200],
            file_sha256=source.file_sha256,
            added=len(plan.added),
            changed=len(changed),
            removed=len(plan.removed),
        )
    )
    session.flush()
    return version


def load_town(session: Session, version: int | None = None) -> Town:
    """The whole town of a version (None: the newest), ready for routing.

    Without an imported calendar it is the one that came with the program. The newest town is kept
    with the handle of the database, so that filing does not read thousands of grids again; its
    key holds the import's moment and file, so that one that was rolled back is never taken.
    """
    if version is not None:
        return town_of(bodies(session, version), version)
    return _kept(session, "jinmu_town", lambda number: town_of(bodies(session), number))


def load_codes(session: Session) -> Codes:
    """The event codes in force. Kept as the town is, but read alone: a list needs no grids."""
    rows = select(TownItemTable.body).where(
        TownItemTable.kind == "codes", TownItemTable.until.is_(None)
    )
    return _kept(session, "jinmu_codes", lambda _: _codes_of(session.scalars(rows)))


@dataclass(frozen=True, slots=True)
class Called:
    """What people call a place, and where it is; empty for one that the town does not know."""

    name: str = ""
    address: str = ""


def load_places(session: Session) -> Mapping[str, Called]:
    """Places with what people call them. Kept and read alone like the codes."""
    rows = select(TownItemTable.key, TownItemTable.body).where(
        TownItemTable.kind == "places", TownItemTable.until.is_(None)
    )
    return _kept(session, "jinmu_places", lambda _: dict(map(_called, session.execute(rows))))


def place_in(session: Session, place: str, version: int) -> Place | None:
    """A place as it was in a version of the town; None where that did not know it."""
    item = TownItemTable
    body = session.scalar(
        select(item.body).where(
            item.kind == "places",
            item.key == place,
            item.since <= version,
            item.until.is_(None) | (item.until > version),
        )
    )
    return None if body is None else PlaceRow.model_validate(body).value()


def _called(row: Row[str, dict[str, Any]]) -> tuple[str, Called]:
    place = PlaceRow.model_validate(row.body)
    return row.key, Called(place.name, place.address)


def _kept(session: Session, name: str, make: Callable[[int], Kept]) -> Kept:
    """What was made of the newest version, by whatever session of this database, or made now."""
    newest = session.execute(_NEWEST).one_or_none()
    known: dict[str, tuple[object, Kept]] = session.info.setdefault(KEPT, {})
    kept = known.get(name)
    if kept is None or kept[0] != newest:
        kept = known[name] = (newest, make(newest.version if newest else 0))
    return kept[1]


def town_of(found: Bodies, version: int) -> Town:
    """The town that these rows make."""
    values = {kind: list(_values(kind, found.get(kind, {}))) for kind in ROWS}
    calendar = found.get("calendar", {})
    return Town(
        version=version,
        calendar=read_calendar(joined(calendar)) if calendar else shipped(),
        atlas=Atlas(tuple(v for v in values["grids"] if isinstance(v, Grid))),
        places={v.id: v for v in values["places"] if isinstance(v, Place)},
        orgs={v.id: v for v in values["orgs"] if isinstance(v, Org)},
        rules=tuple(v for v in values["rules"] if isinstance(v, Rule)),
        people=tuple(v for v in values["people"] if isinstance(v, Person)),
        codes=Codes(tuple(v for v in values["codes"] if isinstance(v, Code))),
    )


_NEWEST = (
    select(TownVersionTable.version, TownVersionTable.at, TownVersionTable.file_sha256)
    .order_by(TownVersionTable.version.desc())
    .limit(1)
)


def _values(kind: Kind, rows: Mapping[str, Body]) -> Iterator[object]:
    """Shapes were checked when they were imported; looking for crossing edges again takes long."""
    for body in rows.values():
        if kind == "grids":
            yield GridRow.model_construct(**body).value()
        else:
            yield ROWS[kind].model_validate(body).value()


def _codes_of(rows: Iterable[Body]) -> Codes:
    return Codes(tuple(CodeRow.model_validate(body).value() for body in rows))
