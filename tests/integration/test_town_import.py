"""The town in the database, by the commands as an office would use them; on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import delete, func, select
from typer.testing import CliRunner

from central import store
from central.cli import app
from central.clocks.calendar_file import shipped_text
from central.db import Database
from central.routing.town import Town
from central.tables import AuditTable
from central.tell.message import Hearer
from central.town.faults import FileRefused
from central.town.importing import (
    EXAMPLE,
    EXAMPLE_FOLDER,
    Author,
    Wish,
    make,
    make_example,
    prepare,
)
from central.town.keeping import load_town, newest_version
from central.town.starting import TownUnsound, check_at_start
from central.town_tables import TownItemTable, TownVersionTable
from tests.central.events import NOW

LI = Author("cli:li", NOW)


def with_example(database: Database) -> None:
    with database.write() as session:
        assert make_example(session, LI) == 7


def town(database: Database, version: int | None = None) -> Town:
    with database.read() as session:
        return load_town(session, version)


def written(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    """A file of the example town with other texts in it."""
    text = (EXAMPLE_FOLDER / name).read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_the_example_routes_after_its_import(database: Database) -> None:
    with_example(database)
    found = town(database)
    route = found.route("FL-0317", "fire_lane", "occupied", NOW)
    assert (route.lead, route.grid_version, found.version) == ("property-jinyuan", 7, 7)
    with database.read() as session:
        kinds = session.scalars(select(TownVersionTable.kind).order_by(TownVersionTable.version))
        assert list(kinds) == [*(kind for kind, _ in EXAMPLE), "calendar"]


def test_the_example_again_changes_nothing_and_never_takes_a_towns_place(
    database: Database, tmp_path: Path
) -> None:
    with_example(database)
    with_example(database)
    own = written(tmp_path, "places.csv", ("FL-0317", "FL-1"))
    with database.write() as session:
        make(session, Wish("places", own), LI)
    with pytest.raises(FileRefused, match="there is a town already"), database.write() as session:
        make_example(session, LI)


def test_old_versions_stay_as_they_were(database: Database, tmp_path: Path) -> None:
    with_example(database)
    moved = written(
        tmp_path,
        "places.csv",
        ("121.4942,31.0724,310112123001001", "121.5031,31.0719,310112123001002"),
        ("SG-01,锦苑篮球场", "SG-02,新球场"),
    )
    with database.write() as session:
        done, version = make(session, Wish("places", moved), LI)
    assert version == 8
    assert [row.key for row in done.plan.changed] == ["FL-0317"]
    assert (done.plan.added, done.plan.removed) == (("SG-02",), ("SG-01",))
    before, after = town(database, 7), town(database)
    assert before.route("FL-0317", "fire_lane", "occupied", NOW).grid == "310112123001001"
    assert after.route("FL-0317", "fire_lane", "occupied", NOW).grid == "310112123001002"
    assert ("SG-01" in before.places, "SG-01" in after.places) == (True, False)
    assert ("SG-02" in before.places, "SG-02" in after.places) == (False, True)
    assert town(database, 7) == before


def test_a_town_that_was_rolled_back_is_never_routed_by(database: Database, tmp_path: Path) -> None:
    with_example(database)
    names = []
    for name in ("甲方", "乙方"):
        path = written(tmp_path, "orgs.csv", ("锦苑物业", name))
        with database.write() as session:
            make(session, Wish("orgs", path), LI)
            names.append(load_town(session).orgs["property-jinyuan"].name)
            session.rollback()
    assert names == ["甲方", "乙方"]
    assert town(database).orgs["property-jinyuan"].name == "锦苑物业"


def test_a_dry_run_writes_nothing(database: Database, tmp_path: Path) -> None:
    with_example(database)
    changed = written(tmp_path, "orgs.csv", ("门岗", "东门岗"))
    with database.read() as session:
        plan = prepare(session, Wish("orgs", changed), NOW).plan
        assert len(plan.changed) == 3
        assert newest_version(session) == 7
        assert session.scalar(select(func.count(TownItemTable.id))) == 79


def test_the_same_file_again_is_no_new_version(database: Database) -> None:
    with_example(database)
    with database.write() as session:
        done, version = make(session, Wish("rules", EXAMPLE_FOLDER / "rules.csv"), LI)
    assert done.plan.is_empty
    assert version == 7


REFUSED = [
    ("rules", "rules.csv", ("FL01-rural", "FL01-estate"), r"stands in row 2 already"),
    ("rules", "rules.csv", ("FL01-rural,机动车占用消防通道（农村）,消防通道,占用,农村",
                            "FL01-rural,机动车占用消防通道（农村）,消防通道,占用,小区"),
     r"nobody can say whether FL01-estate or FL01-rural is meant"),
    ("rules", "rules.csv", (",enforcement,,@片区;@居村", ",ranger,,@片区;@居村"),
     r"rules\.csv: row 4, column 主责 \(lead\): .*ranger, which is no organisation"),
    ("places", "places.csv", ("310112123003001", "310112123009999"),
     r"places\.csv: row 7, column 网格 \(grid\): .*310112123009999, which is no grid"),
    ("places", "places.csv", ("SG-01,锦苑篮球场,场馆", "SG-01,锦苑篮球场,hall"),
     r"none holds for scene hall"),
    ("orgs", "orgs.csv", ("enforcement,", "rangers,"), r"names enforcement, which is no organ"),
    ("people", "people.csv", ("city-desk", "city-hall"),
     r"people\.csv: row 2, column 单位 \(org\): .*city-hall"),
    ("codes", "codes.csv", ("消防通道,堵塞", "消防通道,占用"),
     r"codes\.csv: row 3, column 严重程度 \(severity\): .*FL01 and FL02 are both for scene fire_"),
]  # fmt: skip


def test_what_would_make_the_town_worse_is_refused(database: Database, tmp_path: Path) -> None:
    with_example(database)
    for kind, name, change, says in REFUSED:
        path = written(tmp_path, name, change)
        with pytest.raises(FileRefused, match=says), database.write() as session:
            make(session, Wish(kind, path), LI)  # type: ignore[arg-type]
    assert town(database).version == 7


def test_the_last_desk_cannot_be_taken_away(database: Database, tmp_path: Path) -> None:
    with_example(database)
    path = written(tmp_path, "orgs.csv", ("城运中心值守席,值守席", "城运中心值守席,街道"))
    with pytest.raises(FileRefused, match="there is no desk"), database.write() as session:
        make(session, Wish("orgs", path), LI)


def test_a_new_calendar_needs_no_new_program(database: Database, tmp_path: Path) -> None:
    with_example(database)
    assert town(database).calendar.warnings(NOW.date())
    announced = tmp_path / "cn.json"
    announced.write_text(shipped_text().replace('"estimated"', '"announced"'), "utf-8")
    with database.write() as session:
        done, _ = make(session, Wish("calendar", announced), LI)
    assert [row.key for row in done.plan.changed] == ["2027"]
    assert town(database).calendar.warnings(NOW.date()) == ()


def test_rows_that_a_file_lacks_can_be_kept(database: Database, tmp_path: Path) -> None:
    with_example(database)
    one = tmp_path / "people.csv"
    one.write_text("id,name,org,roles\nP-099,新人,city-desk,desk\n", "utf-8")
    with database.write() as session:
        done, _ = make(session, Wish("people", one, keep_missing=True), LI)
    assert (done.plan.added, done.plan.removed) == (("P-099",), ())
    assert len(town(database).people) == 13


def test_an_unsound_town_is_not_served(database: Database) -> None:
    """Whoever changes the tables by hand hears of it at the next start."""
    with database.write() as session:
        assert check_at_start(session, NOW) == ()  # no town yet: nothing is asked of it
    with_example(database)
    with database.write() as session:
        assert any("2027" in doubt for doubt in check_at_start(session, NOW))
        rules = TownItemTable.kind == "rules"
        session.execute(delete(TownItemTable).where(rules, TownItemTable.key.like("SQ%")))
        with pytest.raises(
            TownUnsound, match="none holds for scene square_dance, severity over_limit"
        ):
            check_at_start(session, NOW)


def test_a_town_without_codes_is_served_and_said_once(database: Database) -> None:
    with_example(database)
    with database.write() as session:
        session.execute(delete(TownItemTable).where(TownItemTable.kind == "codes"))
        doubts = check_at_start(session, NOW)
    assert [doubt for doubt in doubts if doubt.startswith("codes")] == [
        "codes: none were imported, cases leave without event code and district code "
        "(jinmu-central import codes)"
    ]


def test_codes_are_refused_for_their_own_faults_before_there_are_rules(
    database: Database, tmp_path: Path
) -> None:
    good = EXAMPLE_FOLDER / "codes.csv"
    bad = written(tmp_path, "codes.csv", ("消防通道,堵塞", "消防通道,占用"))
    with pytest.raises(FileRefused, match="row 3, column"), database.write() as session:
        make(session, Wish("codes", bad), LI)
    with database.write() as session:
        assert make(session, Wish("codes", good), LI)[1] == 1
    one = tmp_path / "one.csv"
    one.write_text("id,name,scene,severity\nFL09,x,fire_lane,blocked\n", "utf-8")
    with (
        pytest.raises(FileRefused, match="FL02 and FL09 are both"),
        database.write() as session,
    ):
        make(session, Wish("codes", one, keep_missing=True), LI)


def run(folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--data-dir", str(folder)])
    return result.exit_code, result.output


def test_an_office_sets_its_town_up(tmp_path: Path) -> None:
    data = tmp_path / "data"
    code, said = run(data, "town", "check")
    assert code == 1
    assert "there is no desk" in said
    for kind, name in (("orgs", "orgs.csv"), ("grids", "grids.geojson"), ("places", "places.csv")):
        assert run(data, "import", kind, str(EXAMPLE_FOLDER / name))[0] == 0
    code, said = run(data, "town", "check")
    assert code == 1
    assert "none holds for scene fire_lane" in said
    code, said = run(data, "import", "rules", str(EXAMPLE_FOLDER / "rules.csv"), "--dry-run")
    assert code == 0
    assert "+ FL01-estate  机动车占用消防通道（小区）" in said
    assert "rules: 16 added, 0 changed, 0 removed, 0 unchanged" in said
    assert "dry run: nothing was changed" in said
    assert run(data, "town", "check")[0] == 1
    assert run(data, "import", "rules", str(EXAMPLE_FOLDER / "rules.csv"))[0] == 0
    code, said = run(data, "town", "check")
    assert code == 0
    assert said.count("warning: codes: none were imported") == 1
    assert (
        "town version 4: 15 grids, 9 places, 16 organisations, 16 rules, 0 people, 0 codes" in said
    )


def test_commands_say_what_is_wrong_and_who_did_what(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run(data, "import", "example")[0] == 0
    bad = tmp_path / "places.csv"
    bad.write_text("id,name,scenes,lon,lat\nFL-1,x,fire_lane,east,31\n", "utf-8")
    code, said = run(data, "import", "places", str(bad))
    assert code == 2
    assert "row 2, column 经度 (lon): 'east' is not a number: give degrees" in said
    code, said = run(
        data,
        "town",
        "route",
        "FL-0317",
        "fire_lane",
        "blocked",
        "--at",
        "2026-11-24T22:03:10+08:00",
    )
    assert code == 0
    assert "lead      property-jinyuan" in said
    assert "limits    1 紧急工作时, red light 15 分钟" in said
    assert run(data, "town", "route", "FL-0317", "fire_lane", "blocked", "--at", "noon")[0] == 2
    assert run(data, "town", "route", "FL-0317", "flood", "high")[0] == 2
    code, said = run(data, "town", "versions", "--limit", "2")
    assert [line.split("\t")[3:] for line in said.splitlines()] == [
        ["codes", "+8 ~0 -0", "codes.csv"],
        ["calendar", "+3 ~0 -0", "cn.json"],
    ]
    database = Database(f"sqlite:///{data}/jinmu.db")
    with database.read() as session:
        assert "town_imported" in session.scalars(select(AuditTable.action)).all()
    database.close()


def test_channels_that_the_town_lists_are_where_its_people_hear(
    database: Database, tmp_path: Path
) -> None:
    people = (EXAMPLE_FOLDER / "people.csv").read_text("utf-8").splitlines()
    lines = [people[0] + ",渠道,电话", *(line + "," for line in people[1:])]
    wanted = {"P-004": "sms:13800000004", "P-008": "sms:13800000008;wuye:menwei,021 5555-0008"}
    lines = [line + wanted.get(line.split(",")[0], "") for line in lines]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(lines), "utf-8")
    with database.write() as session:
        make_example(session, Author("test", NOW))
        make(session, Wish("people", file), Author("test", NOW))
    with database.read() as session:
        guard = store.listed_hearers(session, "property-jinyuan")
        leaders = store.listed_hearers(session, "leader")
        nobody = store.listed_hearers(session, "fire")
        numbers = store.numbers_of(session, "property-jinyuan")
        none = store.numbers_of(session, "gone")
    own = Hearer(())
    assert guard == (own, Hearer((("sms", "13800000008"), ("wuye", "menwei")), "021 5555-0008"))
    assert leaders == (Hearer((("sms", "13800000004"),)),)
    assert nobody == (own,)
    assert numbers == (("锦苑物业门岗", "021 5555-0008"),)
    assert none == ()
    assert "5555" not in repr(guard)
