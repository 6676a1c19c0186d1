"""Any order with any repetitions gives the same database, and one case per place and episode."""

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from central import store, upgrade
from central.case_tables import CaseTable, CaseTallyTable
from central.columns import Base
from central.db import Database
from central.intake import Taken
from central.store.quarantine import list_quarantine
from tests.central.databases import SCRATCH
from tests.central.events import (
    NOW,
    SHANGHAI,
    SINCE,
    device_event,
    incident_event,
    picture,
    ref,
    story,
)
from tests.central.events import taken as as_taken

# Row numbers, serials and hashes tell who came first; acknowledgements (not compared) are one per
# message. A case is called by its first incident; what it was joined into keeps a number only.
LEFT_OUT = {
    "cases": {"id", "case_no", "merged_into", "version"},
    "case_incidents": set(),
    "transitions": {"id", "number", "previous", "hash", "deadlines"},
    "timers": set(),
}
NOT_COMPARED = {"acks", "case_serials", "changes", "tell"} | {
    "case_tally", "case_facts", "case_unsettled"
}  # fmt: skip
"""What boxes, other systems and people are told follows the order of arrival, and so does what is
counted up beside the cases; what the tally adds up to is compared with them."""


@cache
def template() -> bytes:
    """An SQLite file with all tables, made once."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/t.db")
        upgrade.upgrade(database)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        return (Path(folder) / "t.db").read_bytes()


@contextmanager
def fresh() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        (Path(folder) / "t.db").write_bytes(template())
        database = Database(f"sqlite:///{folder}/t.db")
        yield database
        database.close()


def tallied(session: Session) -> dict[tuple[str, str, bool, bool], int]:
    """What the rows of the tally add up to."""
    sums: Counter[tuple[str, str, bool, bool]] = Counter()
    for row in session.scalars(select(CaseTallyTable)):
        sums[row.scene, row.state, row.judged, row.cleared] += row.number
    return {key: number for key, number in sums.items() if number}


def contents(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, sorted, without the traces of the order of arrival."""
    with database.read() as session:
        assert tallied(session) == store.tally_of_cases(session)
        live = {
            case.id: case.incident_id
            for case in session.scalars(select(CaseTable).where(CaseTable.state != "merged"))
        }
        rows: dict[str, list[Any]] = {}
        for table in Base.metadata.sorted_tables:
            if table.name not in NOT_COMPARED:
                found = session.execute(select(table)).mappings()
                plain = [_plain(table.name, dict(row), live) for row in found]
                rows[table.name] = sorted(repr(row) for row in plain if row is not None)
        return rows


def _plain(table: str, row: dict[str, Any], live: dict[int, str]) -> dict[str, Any] | None:
    """A row with cases called by their first incident, None for what a merged case left behind."""
    own = row.get("id") if table == "cases" else row.get("case_id")
    if own is not None and table in LEFT_OUT:
        if own not in live:
            return None
        row["case"] = live[own]
        row.pop("case_id", None)
    if table == "cases":
        row["reoffence_of"] = live.get(row["reoffence_of"])
    return {name: value for name, value in row.items() if name not in LEFT_OUT.get(table, set())}


def take_in(database: Database, events: list[Taken], batch: int) -> None:
    for start in range(0, len(events), batch):
        with database.write() as session:
            for event in events[start : start + batch]:
                store.merge(session, event, NOW, SHANGHAI)


HOUR = timedelta(hours=1)
RUNS = int(os.environ.get("JINMU_RUNS", "15"))
LANE = "FL-0320"
"""Where incident 4 is."""

REOPENED = [
    incident_event("warned", 1, number=20, incident=4),
    incident_event("confirmed", 2, number=21, incident=4),
    incident_event("cleared", 3, number=22, incident=4),
    incident_event("warned", 4, number=23, incident=4, dwell_s=480.0, reopened=1),
    incident_event("confirmed", 5, number=24, incident=4, dwell_s=700.0, reopened=1),
    incident_event("cleared", 6, number=25, incident=4, dwell_s=800.0, reopened=1),
    incident_event("ongoing", 7, number=26, incident=4, dwell_s=900.0, reopened=2),
]
BESIDE_SINCE, LATER_SINCE, AGAIN_SINCE = SINCE + HOUR / 6, SINCE + HOUR * 5 / 6, SINCE + 3 * HOUR
WEST: dict[str, Any] = {"incident": 7, "place": LANE, "camera": "gate-west", "since": BESIDE_SINCE}
BESIDE = [  # another camera sees the same occupation from ten minutes on, and outlives it
    incident_event("warned", 1, number=40, **WEST),
    incident_event("confirmed", 2, number=41, **WEST),
    incident_event("cleared", 3, number=42, dwell_s=900.0, **WEST),
]
SOON: dict[str, Any] = {"incident": 8, "place": LANE, "since": LATER_SINCE}
LATER = [  # twenty-five minutes after that; joined by the camera beside
    incident_event("confirmed", 2, number=50, **SOON),
    incident_event("cleared", 3, number=51, dwell_s=660.0, **SOON),
]
LATE: dict[str, Any] = {"incident": 9, "place": LANE, "since": AGAIN_SINCE}
AGAIN = [  # two hours later: another case, the first one's repetition
    incident_event("confirmed", 2, number=52, **LATE),
    incident_event("ongoing", 3, number=53, severity="blocked", **LATE),
    incident_event("cleared", 4, number=54, **LATE),
]
EVENTS = [
    *map(as_taken, REOPENED),
    *map(as_taken, [*BESIDE, *LATER, *AGAIN]),
    *map(as_taken, story(incident=1, start=1, ongoing=2, place="FL-1")),
    as_taken(incident_event("warned", 1, number=10, incident=2, place="FL-2")),
    as_taken(incident_event("cleared", 2, number=11, incident=2, place="FL-2", dwell_s=90.0)),
    as_taken(
        incident_event(
            "confirmed", 2, number=12, incident=3, place="FL-3", evidence=[ref(picture())]
        )
    ),
    as_taken(incident_event("confirmed", 2, number=15, incident=5, place="FL-5", mode="shadow")),
    as_taken(incident_event("confirmed", 2, number=16, incident=6, place="FL-6", mode="permitted")),
    as_taken(incident_event("confirmed", 3, number=17, incident=6, place="FL-6")),
    as_taken(device_event(13)),
    as_taken(device_event(14, "cleared")),
]


@cache
def straight() -> dict[str, list[Any]]:
    """The database after each event came once, in the order they happened."""
    with fresh() as database:
        take_in(database, EVENTS, 1)
        return contents(database)


@settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    order=st.permutations(range(len(EVENTS))),
    again=st.lists(st.sampled_from(range(len(EVENTS))), max_size=8),
    batch=st.integers(1, 20),
)
def test_any_order_and_repetition_give_the_same_database(
    order: list[int], again: list[int], batch: int
) -> None:
    with fresh() as shuffled:
        take_in(shuffled, [EVENTS[i] for i in [*order, *again]], batch)
        assert contents(shuffled) == straight()
        with shuffled.read() as session:
            cases = store.list_cases(session, store.CaseFilter(), store.Page()).items
        places = sorted(case.place for case in cases if case.state != "merged")
        assert places == ["FL-0320", "FL-0320", "FL-1", "FL-3", "FL-6"]


def test_every_permutation_of_one_incident() -> None:
    events = [as_taken(event) for event in story()]
    with fresh() as database:
        take_in(database, events, 1)
        expected = contents(database)
    assert len(expected["cases"]) == 1
    assert [row for row in expected["transitions"] if "'cleared'" in row]
    for order in itertools.permutations(events):
        with fresh() as shuffled:
            take_in(shuffled, list(order), 2)
            assert contents(shuffled) == expected


def turns(database: Database) -> list[str]:
    """What the log of the only case says, in its order."""
    with database.read() as session:
        (case,) = store.list_cases(session, store.CaseFilter(), store.Page()).items
        found = store.get_case(session, case.case_no)
    assert found is not None
    assert (found.case.cleared_at is None) == (found.case.stage != "cleared")
    return [entry.action for entry in found.log]


def test_every_permutation_of_an_incident_that_came_back() -> None:
    """Twice cleared, once in between and once at the end of what is known: five events."""
    events = [as_taken(event) for event in REOPENED[1:6]]
    expected = None
    for order in itertools.permutations(events):
        with fresh() as database:
            take_in(database, [*order, order[0]], 2)
            assert turns(database) == ["file", "joined", "cleared", "occupied", "cleared"]
            expected = expected or contents(database)
            assert contents(database) == expected


def test_a_return_takes_the_end_back_and_the_verdict_stays() -> None:
    events = [as_taken(event) for event in REOPENED]
    with fresh() as database:
        take_in(database, events[:3], 1)
        with database.write() as session:
            (case,) = store.list_cases(session, store.CaseFilter(cleared=True), store.Page()).items
            store.act(session, case.case_no, store.ActionRequest("confirm", "a", 1), NOW)
        take_in(database, events[3:4], 1)
        with database.read() as session:
            (case,) = store.list_cases(session, store.CaseFilter(cleared=False), store.Page()).items
        assert (case.state, case.verdict, case.version) == ("filed", "true", 2)
        assert turns(database) == ["file", "joined", "cleared", "confirm", "occupied"]


def test_twins_of_one_revision_that_disagree_about_the_end() -> None:
    """One says it is over, the other that it goes on: the log is the same in any order."""
    events = [
        as_taken(incident_event("confirmed", 2, number=30)),
        as_taken(incident_event("cleared", 3, number=31)),
        as_taken(incident_event("ongoing", 3, number=32)),
        as_taken(incident_event("ongoing", 4, number=33)),
    ]
    seen = set()
    for order in itertools.permutations(events):
        with fresh() as database:
            take_in(database, list(order), 1)
            seen.add(repr(contents(database)))
            assert turns(database) == ["file", "joined", "cleared", "occupied"]
    assert len(seen) == 1


def test_two_events_of_one_revision_give_the_same_in_either_order() -> None:
    """A restored box may say the same revision twice with different words."""
    twins = [
        as_taken(incident_event("confirmed", 2, number=5, severity="occupied")),
        as_taken(incident_event("confirmed", 2, number=6, severity="blocked")),
    ]
    with fresh() as one, fresh() as other:
        take_in(one, twins, 1)
        take_in(other, twins[::-1], 1)
        assert contents(one) == contents(other)
        with one.read() as session:
            assert not list_quarantine(session)
