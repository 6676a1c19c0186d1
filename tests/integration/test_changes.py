"""The feed of changes under concurrent writers: in order, without a gap, and nothing is skipped."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from central import store
from central.db import Database
from central.exchange_tables import ChangeTable
from tests.central.events import NOW, incident_event, story
from tests.central.site import open_site

WRITERS = 6
EACH = 25


def follow(database: Database, stop: threading.Event, seen: list[int]) -> None:
    """A consumer that asks again and again for what lies above the last number it has seen."""
    ended = False
    while not ended:
        ended = stop.is_set()  # one more look after the last writer
        with database.read() as session:
            found = store.changes_after(session, seen[-1] if seen else 0, 7)
        seen.extend(change.number for change in found)
        ended = ended and not found


def write(database: Database, name: str, start: threading.Barrier) -> None:
    start.wait()
    for number in range(EACH):
        with database.write() as session:
            store.record_change(session, "filed", f"{name}-{number}", NOW)
            store.record_change(session, "cleared", f"{name}-{number}", NOW)
            if number % 5 == 0:  # some also write the audit log, in either order
                store.note_act(session, NOW, "user_added", name)


def test_a_reader_beside_many_writers_skips_nothing(database: Database) -> None:
    seen: list[int] = []
    stop, start = threading.Event(), threading.Barrier(WRITERS + 1)
    reader = threading.Thread(target=follow, args=(database, stop, seen))
    writers = [
        threading.Thread(target=write, args=(database, f"w{n}", start)) for n in range(WRITERS)
    ]
    for thread in (reader, *writers):
        thread.start()
    start.wait()
    for thread in writers:
        thread.join()
    stop.set()
    reader.join()
    assert seen == list(range(1, 2 * WRITERS * EACH + 1))
    with database.read() as session:
        subjects = {change.subject for change in store.changes_after(session, 0, 10_000)}
    assert len(subjects) == WRITERS * EACH


@pytest.mark.postgres  # SQLite has one writer at a time
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_bare_sequence_would_be_skipped(database: Database) -> None:
    """What the lock is for: a number given early and committed late is missed by its reader."""
    early = database.write()
    first = early.__enter__()
    first.add(ChangeTable(number=1, kind="filed", subject="late", at=NOW))
    first.flush()
    with database.write() as session:
        session.add(ChangeTable(number=2, kind="filed", subject="soon", at=NOW))
    with database.read() as session:
        seen = [change.number for change in store.changes_after(session, 0, 9)]
    early.__exit__(None, None, None)
    with database.read() as session:
        later = [change.number for change in store.changes_after(session, seen[-1], 9)]
    assert (seen, later) == ([2], []), "number 1 was never seen"
    with database.write() as session:
        session.execute(delete(ChangeTable))


def test_what_is_rolled_back_is_not_in_the_feed(database: Database) -> None:
    for undo in ("never", "never again"):
        with Session(database.engine) as session:
            store.record_change(session, "filed", undo, NOW)
            session.rollback()
    with database.write() as session:
        store.record_change(session, "filed", "first", NOW)
        half = session.begin_nested()
        store.record_change(session, "filed", "half", NOW)
        half.rollback()
        store.record_change(session, "filed", "second", NOW)
    with database.read() as session:
        found = [(change.number, change.subject) for change in store.changes_after(session, 0, 9)]
    assert found == [(1, "first"), (2, "second")]


def test_a_case_tells_its_life_in_the_feed(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        (case_no,) = site.file(*story())
        reader, judge = site.program("read"), site.program("operate")
        path = f"/api/v1/cases/{case_no}/actions/confirm"
        assert judge.post(path, json={"version": 1}).status_code == 200
        answer = reader.get("/api/v1/changes").json()
        kinds = [item["kind"] for item in answer["items"]]
        assert kinds == ["file", "joined", "cleared", "confirm"]
        assert {item["subject"] for item in answer["items"]} == {case_no}
        rest = reader.get("/api/v1/changes", params={"after": answer["next"]}).json()
        assert rest == {"items": [], "next": 4}
        site.file(incident_event(incident=2, number=20, place="FL-0318"))
        after = reader.get("/api/v1/changes?after=4").json()["items"]
        assert [item["kind"] for item in after] == ["file", "joined"]
