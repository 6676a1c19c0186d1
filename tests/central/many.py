"""Many cases for a benchmark: a few that the program itself made, multiplied with COPY."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from central import store
from central.cases.states import UNACCEPTED
from central.db import Database
from central.town.importing import Author, make_example
from tests.central.lane import Lane

LOCAL = ZoneInfo("Asia/Shanghai")
AT_ONCE = 2000
CAMERAS_PER_BOX = 20
CASES_PER_APPEAL = 6
"""The centre's own report: 5,715 calls of the hotline beside 33,697 patrol reports (study §0)."""
OPEN_DAYS = 14
"""Only cases of the last days are still open."""
TABLES = (
    "events",
    "incidents",
    "cases",
    "case_incidents",
    "transitions",
    "case_facts",
    "case_unsettled",
)
LENGTHS = ("filed_s", "dispatched_s", "accepted_s", "handled_s", "closed_s", "whole_s")
"""By dice, for a million alike ones would be sorted in no time."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")


@dataclass(frozen=True, slots=True)
class Template:
    """Rows of one real case as texts with holes, by table; `weight` of all ended or open ones."""

    rows: dict[str, str]
    moments: tuple[datetime, ...]
    filed_at: datetime
    is_open: bool
    weight: int


def _filed(lane: Lane, number: int) -> str:
    lane._events = number * 1000
    lane.sees("21:58:10", "warned", number, camera=f"cam-{number}")
    named = lane.sees("22:03:10", "confirmed", number, since="21:58:10", camera=f"cam-{number}")
    assert named is not None
    return named


def _cleared(lane: Lane, number: int, clock: str) -> None:
    lane.sees(clock, "cleared", number, since="21:58:10", camera=f"cam-{number}")


def _handled(lane: Lane, number: int, case: str) -> None:
    lane.does("22:06:00", "accept", number=case)
    _cleared(lane, number, "22:20:00")
    lane.does("22:21:00", "handle", number=case)
    lane.until("22:25:00")


def _late(lane: Lane, number: int, case: str) -> None:
    lane.does("22:05:00", "confirm", "desk", number=case)
    lane.does("22:06:00", "accept", number=case)
    _cleared(lane, number, "22:50:00")
    lane.does("22:51:00", "handle", number=case)
    lane.until("22:54:00")


def _self_cleared(lane: Lane, number: int, case: str) -> None:
    _cleared(lane, number, "22:06:00")
    lane.until("22:20:00")


def _rejected(lane: Lane, _: int, case: str) -> None:
    lane.does("22:05:00", "reject", "desk", reason="wrong_object", number=case)


def _accepted(lane: Lane, _: int, case: str) -> None:
    lane.does("22:06:00", "accept", number=case)


def _waiting(lane: Lane, _: int, case: str) -> None:
    lane.until("22:10:00")


Ending = Callable[[Lane, int, str], None]
ENDINGS: tuple[tuple[Ending, int], ...] = (
    (_handled, 40),
    (_late, 25),
    (_self_cleared, 27),
    (_rejected, 8),
    (_accepted, 60),
    (_waiting, 40),
)


def templates(database: Database) -> list[Template]:
    """The example town, and one case of each ending by the program's own code."""
    with database.write() as session:
        make_example(session, Author("bench", Lane(database).now))
    weights = {}
    for number, (ending, weight) in enumerate(ENDINGS, 11):
        lane = Lane(database, place=f"LANE-{number}")
        lane.box()
        ending(lane, number, _filed(lane, number))
        weights[lane.place] = weight
    with database.write() as session:
        store.settle_cases(session, lane.now)
    return [_read(database, place, weight) for place, weight in weights.items()]


def _read(database: Database, place: str, weight: int) -> Template:
    """The rows of the case of this place."""
    with _connect(database) as db:
        case = db.execute(
            "SELECT id, case_no, incident_id, state, filed_at FROM cases WHERE place = %s", [place]
        ).fetchone()
        assert case is not None
        case_id, case_no, incident, state, filed_at = case
        event = db.execute("SELECT event_id FROM incidents WHERE incident_id = %s", [incident])
        (event_id,) = event.fetchone() or ("",)
        stream = db.execute("SELECT stream FROM incidents WHERE incident_id = %s", [incident])
        (camera,) = stream.fetchone() or ("",)
        holes = {case_no: "no", incident: "incident", event_id: "event"}
        holes |= {place: "place", camera: "stream", "box-01": "box"}
        where = {
            "events": ("id", event_id),
            "incidents": ("incident_id", incident),
            "cases": ("id", case_id),
            "case_incidents": ("case_id", case_id),
            "transitions": ("case_id", case_id),
            "case_facts": ("case_id", case_id),
            "case_unsettled": ("case_id", case_id),
        }
        moments: dict[datetime, str] = {}
        rows = {name: _rows(db, name, where[name], holes, moments) for name in TABLES}
    is_open = state in (*UNACCEPTED, "accepted")
    return Template(rows, tuple(moments), filed_at, is_open, weight)


def _rows(
    db: psycopg.Connection[Any],
    table: str,
    where: tuple[str, object],
    holes: dict[str, str],
    moments: dict[datetime, str],
) -> str:
    """COPY lines of a table with `%(name)s` where copies differ."""
    names = columns(db, table)
    found = db.execute(
        f"SELECT {', '.join(names)} FROM {table} WHERE {where[0]} = %s ORDER BY {names[0]}",
        [where[1]],
    )

    def hole(at: datetime) -> str:
        return f"%({moments.setdefault(at, f't{len(moments)}')})s"

    def text(name: str, value: Any) -> str:
        if value is None:
            return "\\N"
        if isinstance(value, datetime):
            return hole(value.astimezone(UTC))
        if table == "case_facts" and name in LENGTHS:
            return f"%({name})s"
        if name == "case_id" or (table, name) == ("cases", "id"):
            return "%(case)s"
        if isinstance(value, bytes):
            return "\\\\x" + value.hex()
        if isinstance(value, str):
            said = value.replace("\\", "\\\\").replace("%", "%%")
            for known, name_of in holes.items():
                said = said.replace(known, f"%({name_of})s")
            return _MOMENT.sub(lambda m: hole(datetime.fromisoformat(m[0])), said)
        return str(value).lower() if isinstance(value, bool) else str(value)

    lines = ("\t".join(map(text, names, row)) for row in found)
    return "".join(line + "\n" for line in lines)


def columns(db: psycopg.Connection[Any], table: str) -> list[str]:
    """Columns that a copy names: all but the numbers that the log's rows get by themselves."""
    found = db.execute(f"SELECT * FROM {table} LIMIT 0").description or []
    return [one.name for one in found if (table, one.name) != ("transitions", "id")]


@dataclass(frozen=True, slots=True)
class Plan:
    """How many copies, over how many places, in the months before `end`."""

    cases: int
    places: int
    months: int
    end: datetime

    def places_of(self, number: int) -> dict[str, str]:
        """Place, box and camera number `number`."""
        box = f"box-{number // CAMERAS_PER_BOX + 100}"
        return {"place": f"FL-{number + 1000}", "box": box, "stream": f"cam-{number}"}


def multiply(
    database: Database, kinds: list[Template], plan: Plan, progress: Callable[[int], None]
) -> None:
    """Copy the templates over the months; vacuumed and analysed at the end."""
    dice = random.Random(7)
    begin = plan.end - timedelta(days=plan.months * 30.44)
    moments = sorted(_spread(dice, begin, plan.end) for _ in range(plan.cases))
    with _connect(database) as db:
        db.execute("SET session_replication_role = replica")  # a copy breaks no foreign key
        first = db.execute("SELECT max(id) + 1 FROM cases").fetchone()
        assert first is not None
        copies = _copies(dice, kinds, plan, moments, first[0])
        for done in range(0, plan.cases, AT_ONCE):
            batch = [copy for copy, _ in zip(copies, range(AT_ONCE), strict=False)]
            for table in TABLES:
                with db.cursor().copy(
                    f"COPY {table} ({', '.join(columns(db, table))}) FROM STDIN"
                ) as pipe:
                    pipe.write("".join(kind.rows[table] % values for kind, values in batch))
            progress(min(plan.cases, done + AT_ONCE))
        db.execute("SELECT setval(pg_get_serial_sequence('cases', 'id'), max(id)) FROM cases")
        _count_serials(db)
        _appeal(db, plan)
        db.execute("TRUNCATE camera_places")
        db.execute(
            "INSERT INTO camera_places (site, box, stream, place, since)"
            " SELECT site, box, stream, place, min(since) FROM incidents GROUP BY 1, 2, 3, 4"
        )
        db.execute("TRUNCATE case_tally")
        db.execute(
            "INSERT INTO case_tally (scene, state, judged, cleared, number) SELECT scene, state,"
            " verdict IS NOT NULL, cleared_at IS NOT NULL, count(*) FROM cases GROUP BY 1, 2, 3, 4"
        )
    with _connect(database) as db:
        db.autocommit = True
        db.execute("VACUUM (ANALYZE)")


def _spread(dice: random.Random, begin: datetime, end: datetime) -> datetime:
    """Any moment, rather in the evening than in the morning."""
    day = begin + timedelta(days=dice.randrange((end - begin).days - 1))
    return day.replace(hour=dice.choice((1, 4, 10, 12, 13, 14)), minute=dice.randrange(60))


def _copies(
    dice: random.Random,
    kinds: list[Template],
    plan: Plan,
    moments: list[datetime],
    first: int,
) -> Iterator[tuple[Template, dict[str, str]]]:
    serials: dict[str, int] = {}
    ended = [kind for kind in kinds if not kind.is_open]
    for number, at in enumerate(moments):
        young = plan.end - at < timedelta(days=OPEN_DAYS)
        chosen = kinds if young else ended
        (kind,) = dice.choices(chosen, [one.weight for one in chosen])
        day = f"{at.astimezone(LOCAL):%Y%m%d}"
        serials[day] = serials.get(day, 0) + 1
        values = plan.places_of(dice.randrange(plan.places)) | {
            "case": str(first + number),
            "no": f"FL-{day}-{serials[day]:04d}",
            "incident": f"02930000-0000-7000-8000-{number:012x}",
            "event": f"03930000-0000-7000-8000-{number:012x}",
        }
        values |= {name: f"{dice.uniform(1, 7200):.3f}" for name in LENGTHS}
        shift = at - kind.filed_at
        for index, moment in enumerate(kind.moments):
            values[f"t{index}"] = (moment + shift).isoformat(timespec="microseconds")
        yield kind, values


def _count_serials(db: psycopg.Connection[Any]) -> None:
    """The next case of a day gets the next number."""
    db.execute(
        "INSERT INTO case_serials (prefix, day, last)"
        " SELECT 'FL', substr(case_no, 4, 8), max(substr(case_no, 13)::int) FROM cases"
        " GROUP BY 2 ON CONFLICT (prefix, day) DO UPDATE SET last = excluded.last"
    )


def _appeal(db: psycopg.Connection[Any], plan: Plan) -> None:
    """Appeals that were contacted, answered and rated, over the same months; a third has a case."""
    number = plan.cases // CASES_PER_APPEAL
    db.execute(
        "INSERT INTO appeals (appeal_no, kind, service_code, text, address, case_no, source,"
        " created_at, updated_at, contact_due_at, contacted_at, reply, replied_at, outcome,"
        " outcome_at, satisfaction, satisfaction_at, version)"
        " SELECT 'AP-' || n, '12345', 'fire_lane', '有车停在消防通道', '',"
        " CASE WHEN n %% 3 = 0 THEN case_no END, 'desk', filed_at, filed_at + interval '3 days',"
        " filed_at + interval '1 day', filed_at + (n %% 30) * interval '1 hour', '已清理',"
        " filed_at + interval '2 days', 'solved', filed_at + interval '2 days', 'satisfied',"
        " filed_at + interval '3 days', 5"
        " FROM (SELECT row_number() OVER (ORDER BY id) AS n, case_no, filed_at FROM cases"
        " WHERE id %% %s = 0 ORDER BY id LIMIT %s) AS chosen",
        [CASES_PER_APPEAL, number],
    )


def _connect(database: Database) -> psycopg.Connection[Any]:
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url)
