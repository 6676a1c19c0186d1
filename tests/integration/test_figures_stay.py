"""Figures at a moment of before never change afterwards, byte for byte, whatever is done later."""

from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from central import store
from central.appeal_tables import AppealTable
from central.appeals import records
from central.appeals.contact import Seal
from central.appeals.rules import Action
from central.case_tables import CaseFactsTable
from central.db import Database
from central.kpi.appeal_rates import RATES
from central.kpi.periods import scope_of
from central.kpi.report import Wanted
from central.store.hearing import appeals_of
from central.town.importing import EXAMPLE_FOLDER, Author, Wish, make, make_example
from tests.central.events import SHANGHAI
from tests.central.lane import Lane, at

UNIT, COMMITTEE, DISTRICT, STREET = (
    "310112123001001",
    "310112123001",
    "310112123A",
    "310112123",
)
EAST = "310112123002001"
WISHES: tuple[dict[str, str], ...] = (
    {},
    *({"grid": grid} for grid in (UNIT, COMMITTEE, DISTRICT, STREET, EAST, "310112123B")),
    *({"lead": lead} for lead in ("property-jinyuan", "police")),
    {"source": "appeal", "grid": UNIT},
)
SEAL = Seal(bytes(32))


@pytest.fixture
def lane(database: Database) -> Lane:
    made = Lane(database)
    made.box()
    with made.write() as session:
        make_example(session, Author("test", made.now))
    return made


def looks(lane: Lane, moment: datetime) -> list[bytes]:
    """The figures at a moment for every wish, with and without marks."""
    scope = scope_of("2026-11", SHANGHAI, moment)
    with lane.database.read() as session:
        return [
            store.figures(session, scope, Wanted(**wish), with_marks=with_marks).to_json(
                with_marks=with_marks
            )
            for wish in WISHES
            for with_marks in (True, False)
        ]


def counts(lane: Lane, name: str, **wanted: str) -> tuple[int, int]:
    with lane.database.read() as session:
        found = store.figures(session, scope_of("2026-11", SHANGHAI, lane.now), Wanted(**wanted))
    return int(found.rate(name).numerator), int(found.rate(name).denominator)


def settle(lane: Lane) -> None:
    with lane.write() as session:
        store.settle_cases(session, lane.now)


def appeal(lane: Lane, clock: str, case_no: str | None) -> str:
    lane.until(clock)
    new = records.NewAppeal("12345", "fire_lane", "blocked", "desk", case_no=case_no)
    with lane.write() as session:
        return records.add_appeal(session, new, SEAL, lane.now, SHANGHAI).appeal_no


def says(lane: Lane, clock: str, number: str, action: Action, value: str = "") -> None:
    lane.until(clock)
    with lane.write() as session:
        records.act_on(session, number, records.Doing(action, "li", value, note="word"), lane.now)


def two_cases(lane: Lane) -> tuple[str, str]:
    """One in the west of the town, one beside it on the street."""
    numbers = []
    for place, camera, incident in ((lane.place, "gate-east", 1), ("FL-0402", "gate-2", 2)):
        other = Lane(lane.database, place, lane.now, _events=incident * 100)
        other.sees("21:58:10", "warned", incident, camera=camera)
        numbers.append(
            other.sees("22:03:10", "confirmed", incident, since="21:58:10", camera=camera)
        )
    lane.now = other.now
    first, second = numbers
    assert first
    assert second
    return first, second


def an_answered_appeal(lane: Lane, case_no: str) -> str:
    number = appeal(lane, "22:10:00", case_no)
    says(lane, "22:11:00", number, "not_contacted", "no_answer")
    says(lane, "22:12:00", number, "reply", "it is on its way")
    says(lane, "22:13:00", number, "outcome", "solved")
    says(lane, "22:14:00", number, "satisfaction", "dissatisfied")
    return number


def move_place(lane: Lane, folder: Path) -> None:
    """The lane belongs to a grid in the east from now on."""
    content = (EXAMPLE_FOLDER / "places.csv").read_text("utf-8")
    path = folder / "places.csv"
    row = "121.4942,31.0724,310112123001001"
    east = next(line for line in content.splitlines() if f",{EAST}," in line).split(",")
    assert row in content
    path.write_text(content.replace(row, ",".join(east[3:6])), "utf-8")
    with lane.write() as session:
        make(session, Wish("places", path), Author("li", lane.now))


@pytest.mark.parametrize("is_settled", [False, True])
def test_what_is_done_later_changes_nothing_of_before(
    lane: Lane, tmp_path: Path, is_settled: bool
) -> None:
    first, second = two_cases(lane)
    number = an_answered_appeal(lane, first)
    if is_settled:
        settle(lane)
    moments = [at("22:11:30"), at("22:13:30"), at("22:20:00")]
    lane.until("22:20:00")
    before = [looks(lane, moment) for moment in moments]
    says(lane, "22:21:00", number, "contact")
    says(lane, "22:22:00", number, "outcome", "unsolved")
    says(lane, "22:23:00", number, "satisfaction", "satisfied")
    says(lane, "22:24:00", number, "link", second)
    assert [looks(lane, moment) for moment in moments] == before
    lane.does("22:25:00", "dispatch", "dispatcher", number=first, to="police")
    assert [looks(lane, moment) for moment in moments] == before
    move_place(lane, tmp_path)
    assert [looks(lane, moment) for moment in moments] == before
    settle(lane)
    assert [looks(lane, moment) for moment in moments] == before
    assert looks(lane, lane.now) != before[-1]


def test_a_row_of_an_appeal_is_what_its_log_tells(lane: Lane) -> None:
    """That is why one that was not touched since is read from its row."""
    first, second = two_cases(lane)
    number = an_answered_appeal(lane, first)
    says(lane, "22:21:00", number, "contact")
    says(lane, "22:22:00", number, "outcome", "explained")
    says(lane, "22:24:00", number, "link", second)
    without = appeal(lane, "22:25:00", None)
    lane.until("22:30:00")
    scope = scope_of("2026-11", SHANGHAI, lane.now)
    with lane.database.read() as session:
        by_row = list(appeals_of(session, scope, Wanted(grid=UNIT)))
    assert [one.appeal_no for one in by_row] == [number, without]
    with lane.write() as session:
        session.execute(update(AppealTable).values(updated_at=at("23:00:00")))
    with lane.database.read() as session:
        assert list(appeals_of(session, scope, Wanted(grid=UNIT))) == by_row


def many_appeals(database: Database, case_no: str) -> None:
    """Of all kinds, each twice, with moments on, before and after the edges of a month."""
    edges = [at("22:00:00").replace(day=1, hour=0) - timedelta(days=d) for d in (0, 31, 9, 40)]
    waits = (timedelta(hours=2), timedelta(days=2))
    answers = (None, timedelta(hours=1), timedelta(hours=9), timedelta(days=3))
    kinds = product(edges, waits, answers, (None, "no_answer", "anonymous"), range(4), range(2))
    with database.write() as session:
        for n, (came, wait, answer, missed, end, again) in enumerate(kinds):
            contacted = came + answer if answer else None
            row = AppealTable(
                appeal_no=f"AP-{n:06d}",
                kind="12345",
                service_code="square_dance" if n % 3 else "fire_lane",
                case_no=case_no if again and end == 1 else None,
                source="desk",
                created_at=came,
                updated_at=contacted or came,
                contact_due_at=came + wait,
                contacted_at=contacted,
                not_contacted=None if contacted else missed,
                outcome=(None, "solved", "explained", "unsolved")[end],
                satisfaction=(None, "satisfied", "basically", "dissatisfied")[end],
                version=1,
                **{"text": "blocked", "address": "", "reply": ""},
            )
            session.add(row)


def test_alike_appeals_counted_together_are_those_told_one_by_one(lane: Lane) -> None:
    first, _ = two_cases(lane)
    many_appeals(lane.database, first)
    later = at("22:00:00") + timedelta(days=60)
    for month, as_of, scene in product(
        ("2026-09", "2026-10", "2026-11"),
        (at("23:59:00"), at("23:59:00") - timedelta(days=20), later),
        ({}, {"scene": "square_dance"}, {"scene": "fire_lane", "source": "appeal"}),
    ):
        scope, wanted = scope_of(month, SHANGHAI, as_of), Wanted(**scene)
        with lane.database.read() as session:
            quick = store.figures(session, scope, wanted, with_marks=False)
            told = store.figures(session, scope, wanted)
            opened = [store.open_rate(session, scope, wanted, name) for name in RATES]
        assert quick.to_json(with_marks=False) == told.to_json(with_marks=False)
        for rate, marks in opened:
            assert sorted(marks, key=str) == sorted(told.rate(rate.name).marks, key=str)
    assert told.rate("contact").denominator > 0


def test_a_grid_includes_those_inside_of_it_as_they_were(lane: Lane, tmp_path: Path) -> None:
    two_cases(lane)
    for _ in range(2):
        for grid, filed in ((UNIT, 1), (COMMITTEE, 2), (DISTRICT, 2), (STREET, 2), (EAST, 0)):
            assert counts(lane, "filing", grid=grid) == (filed, filed), grid
        settle(lane)
        move_place(lane, tmp_path)


def test_a_log_that_kept_no_grid_goes_by_the_town_of_today(lane: Lane, tmp_path: Path) -> None:
    """Cases of before this was kept; their facts follow the town, too."""
    two_cases(lane)
    with lane.write() as session:
        for statement in WITHOUT_GRIDS[session.get_bind().dialect.name]:
            session.execute(text(statement))
    settle(lane)
    move_place(lane, tmp_path)
    lane.until("22:04:00")
    found = [looks(lane, lane.now) for _ in range(2)]
    assert counts(lane, "filing", grid=EAST) == (1, 1)
    assert counts(lane, "filing", grid=DISTRICT) == (1, 1)
    with lane.write() as session:
        session.execute(delete(CaseFactsTable))
    assert looks(lane, lane.now)[::2] == found[0][::2]


WITHOUT_GRIDS = {
    "sqlite": (
        "DROP TRIGGER transitions_no_update",
        "UPDATE transitions SET detail = json_remove(detail, '$.grids')",
    ),
    "postgresql": (
        "ALTER TABLE transitions DISABLE TRIGGER USER",
        "UPDATE transitions SET detail = (detail::jsonb - 'grids')::text",
        "ALTER TABLE transitions ENABLE TRIGGER USER",
    ),
}
