"""Limits of accounts by command and by the town's people; what they mean for cases in the store."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text
from typer.testing import CliRunner

from central import auth, store, upgrade
from central.auth.accounts import find_user
from central.cli import app
from central.db import WRITE, Database
from central.kpi.periods import scope_of
from central.sight import Asker, Limits, limits_of, read_limits
from central.store import CaseFilter, Page
from central.town.importing import EXAMPLE_FOLDER, Author, make_example
from tests.central.events import NOW, SHANGHAI
from tests.central.lane import Lane

WEST, EAST, OFFICE = "310112123A", "310112123B", "310112123"
PASSWORD = "correct horse battery"


def asked_by(database: Database, **limits: tuple[str, ...]) -> Database:
    return database.asked_by(Asker("li", Limits(**limits)))


def numbers(database: Database) -> list[str]:
    with database.read() as session:
        return [one.place for one in store.list_cases(session, CaseFilter(), Page()).items]


def two_lanes(database: Database) -> tuple[Lane, Lane]:
    """A case in the west by gate-east, and one in the east by gate-west; the first has ended."""
    with database.write() as session:
        make_example(session, Author("test", NOW))
    west, east = Lane(database), Lane(database, place="FL-0511")
    west.box()
    for number, (lane, camera) in enumerate(((west, "gate-east"), (east, "gate-west")), 1):
        lane._events = number * 100
        lane.sees("21:58:10", "warned", number, camera=camera)
        lane.sees("22:03:10", "confirmed", number, since="21:58:10", camera=camera)
    return west, east


def test_a_grid_is_seen_with_those_inside_of_it_and_a_camera_with_its_cases(
    database: Database,
) -> None:
    two_lanes(database)
    assert numbers(asked_by(database, grids=(WEST,))) == ["FL-0317"]
    assert numbers(asked_by(database, grids=("310112123001001",))) == ["FL-0317"]
    assert numbers(asked_by(database, grids=(EAST,))) == ["FL-0511"]
    assert numbers(asked_by(database, cameras=("pujin/box-01/gate-west",))) == ["FL-0511"]
    both = asked_by(database, grids=(WEST,), cameras=("pujin/box-01/gate-west",))
    assert sorted(numbers(both)) == ["FL-0317", "FL-0511"]
    assert numbers(asked_by(database)) == []
    assert numbers(asked_by(database, grids=("gone",))) == []
    assert len(numbers(database)) == 2
    with asked_by(database, grids=("310112123001001",)).read() as session:
        chosen = {grid for grid, _ in store.grids_of(session)}
    assert chosen == {OFFICE, WEST, "310112123001", "310112123001001"}
    with database.read() as session:
        assert len(store.grids_of(session)) > len(chosen)


def test_a_second_camera_of_a_seen_case_is_seen_with_it(database: Database) -> None:
    west, _ = two_lanes(database)
    west.until("22:04:00")
    west.sees("22:04:30", "warned", 7, since="21:58:20", camera="gate-south")
    west.sees("22:05:00", "confirmed", 7, since="21:58:20", camera="gate-south")
    for camera, seen in (("gate-south", ["FL-0317"]), ("gate-west", ["FL-0511"])):
        narrow = asked_by(database, cameras=(f"pujin/box-01/{camera}",))
        assert numbers(narrow) == seen
        with narrow.read() as session:
            found = store.list_incidents(session, Page())
        assert {one.place for one in found} == set(seen)
    with asked_by(database, cameras=("pujin/box-01/gate-south",)).read() as session:
        assert {one.stream for one in store.list_incidents(session, Page())} == {
            "gate-east",
            "gate-south",
        }


def test_what_is_not_seen_cannot_be_acted_on_or_merged_into(database: Database) -> None:
    west, east = two_lanes(database)
    mine = next(case for case in west.cases() if case.place == "FL-0317")
    other = next(case for case in west.cases() if case.place == "FL-0511")
    narrow = asked_by(database, grids=(WEST,))
    accept = store.ActionRequest("accept", "li", other.version, role="handler")
    with pytest.raises(store.NotFound), narrow.write() as session:
        store.act(session, other.case_no, accept, east.now)
    own = store.ActionRequest("accept", "li", mine.version, role="handler", org=mine.lead)
    with narrow.write() as session:
        assert store.act(session, mine.case_no, own, west.now).state == "accepted"


def test_a_merged_case_of_another_grid_is_not_named_in_the_log(database: Database) -> None:
    west, _ = two_lanes(database)
    mine, other = sorted(west.cases(), key=lambda case: case.place)
    west.does("22:06:00", "merge", "desk", number=other.case_no, case_no=mine.case_no)
    with asked_by(database, grids=(EAST,)).read() as session:
        found = store.get_case(session, other.case_no)
    assert found is not None
    assert found.case.merged_into == ""
    assert mine.case_no not in repr(found)
    with asked_by(database, grids=(WEST,)).read() as session:
        survivor = store.get_case(session, mine.case_no)
    assert survivor is not None
    assert other.case_no not in repr(survivor.log)
    with database.read() as session:
        whole = store.get_case(session, other.case_no)
    assert whole is not None
    assert whole.case.merged_into == mine.case_no


@pytest.mark.parametrize("settled", [False, True])
def test_figures_count_what_is_seen_settled_or_not(database: Database, settled: bool) -> None:
    west, _ = two_lanes(database)
    for case in west.cases():
        west.does("22:06:00", "reject", "desk", number=case.case_no, reason="wrong_object")
    if settled:
        with database.write() as session:
            assert store.settle_cases(session, west.now) == 2
    scope = scope_of("2026-11", SHANGHAI, west.now)
    counted = {}
    for name, asked in (("all", database), ("west", asked_by(database, grids=(WEST,)))):
        with asked.snapshot() as session:
            for marks in (False, True):
                report = store.figures(session, scope, with_marks=marks)
                rate = next(one for one in report.rates if one.name == "precision")
                counted[name, marks] = int(rate.denominator)
    assert counted == {("all", False): 2, ("all", True): 2, ("west", False): 1, ("west", True): 1}


def test_counts_with_limits_stop_somewhere_and_pages_go_on(database: Database) -> None:
    two_lanes(database)
    both = asked_by(database, grids=(OFFICE,))
    with both.read() as session:
        assert store.count_matching(session, CaseFilter(), most=1) == 1
        assert store.count_cases(session).all == 2
        second = store.list_cases(session, CaseFilter(), Page(2, 1)).items
    assert len(second) == 1


def run(database: Database, *words: str, **more: str) -> str:
    url = database.url.render_as_string(hide_password=False)
    done = CliRunner().invoke(app, [*words, "--database-url", url], env=more)
    return f"{done.exit_code} {done.output}"


def test_the_commands_limit_accounts_and_tokens_and_say_so(database: Database) -> None:
    with database.write() as session:
        make_example(session, Author("test", NOW))
    added = run(database, "user", "add", "wang", "--password", PASSWORD, "--grid", WEST)
    assert added.startswith("0 "), added
    assert f"sees only {WEST}" in added
    assert "wang\tdesk\tactive\tsince 2026" in run(database, "user", "list").replace("\r", "")
    assert "has no grid nowhere" in run(database, "user", "limit", "wang", "--grid", "nowhere")
    assert "is no camera" in run(database, "user", "limit", "wang", "--camera", "gate-east")
    assert "not both" in run(database, "user", "limit", "wang")
    assert "no user" in run(database, "user", "limit", "li", "--grid", WEST)
    camera = "pujin/box-01/gate-east"
    assert f"only {camera}" in run(database, "user", "limit", "wang", "--camera", camera)
    assert "sees everything" in run(database, "user", "limit", "wang", "--all")
    made = run(database, "token", "create", "partner", "--scope", "read", "--grid", EAST)
    assert "jm_" in made
    assert f"only {EAST}" in run(database, "token", "list")
    refused = run(database, "token", "create", "box-9", "--scope", "box", "--grid", EAST)
    assert "a box uploads what it sees" in refused
    assert "sees everything" in run(database, "token", "limit", "partner", "--all")
    for words in (("user", "limit"), ("user", "add"), ("token", "limit")):
        assert "Example" in CliRunner().invoke(app, [*words, "--help"]).output


def people(folder: Path, *changes: tuple[str, str]) -> str:
    text = (EXAMPLE_FOLDER / "people.csv").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "people.csv"
    path.write_text(text, "utf-8")
    return str(path)


def limits_in(database: Database, name: str) -> Limits | None:
    with database.read() as session:
        user = find_user(session, name)
        assert user is not None
        return limits_of(user.limits)


def test_the_people_of_the_town_limit_their_accounts_and_never_widen_them(
    database: Database, tmp_path: Path
) -> None:
    with database.write() as session:
        make_example(session, Author("test", NOW))
        auth.add_user(session, "west", PASSWORD, "handler", NOW)
    named = ("西片区长,district-west,处置,310112123A,", f"西片区长,district-west,处置,{WEST},west")
    file = people(tmp_path, named)
    dry = run(database, "import", "people", file, "--dry-run")
    assert f"account 'west' would see only {WEST}" in dry
    assert limits_in(database, "west") is None
    assert f"account 'west' sees only {WEST}" in run(database, "import", "people", file)
    assert limits_in(database, "west") == Limits(grids=(WEST,))
    run(database, "import", "people", people(tmp_path))
    assert limits_in(database, "west") == Limits(grids=(WEST,))
    run(database, "import", "people", file)
    newcomer = (named[0], f"西片区长,district-west,处置,{WEST},newcomer")
    again = people(tmp_path, newcomer)
    run(database, "import", "people", again)
    added = run(database, "user", "add", "newcomer", "--password", PASSWORD, "--role", "handler")
    assert f"sees only {WEST}" in added, added


def test_limits_as_they_are_typed() -> None:
    assert read_limits(["b", "a", "a"], []) == Limits(grids=("a", "b"))
    for grids, cameras in ((["a b"], []), ([], ["x/y"]), ([str(n) for n in range(201)], [])):
        with pytest.raises(ValueError, match=r"grid|camera"):
            read_limits(grids, cameras)
    assert limits_of(None) is None
    assert limits_of({"cameras": ["nonsense"]}) == Limits()


def test_an_older_program_lets_nobody_in_who_was_limited(database: Database) -> None:
    with database.write() as session:
        auth.add_user(session, "wide", PASSWORD, "desk", NOW)
        auth.add_user(session, "narrow", PASSWORD, "desk", NOW, limits=Limits(grids=(WEST,)))
        auth.create_token(session, "narrow", "read", NOW, limits=Limits())
    writing = database.engine.connect().execution_options(**{WRITE: True})
    with writing as connection, connection.begin():
        command.downgrade(upgrade._config(connection), "0008")
        columns = {one["name"] for one in inspect(connection).get_columns("users")}
        locked = connection.execute(text("SELECT name FROM users WHERE disabled")).scalars().all()
        revoked = connection.execute(text("SELECT revoked_at FROM api_tokens")).scalar_one()
    assert "limits" not in columns
    assert locked == ["narrow"]
    assert revoked is not None
    upgrade.upgrade(database)
    upgrade.check(database)
