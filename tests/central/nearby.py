"""A lane with another one beside it, and appeals around them, for tests of suggestions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from central import upgrade
from central.app import create_app
from central.db import Database
from central.settings import Settings
from central.town.importing import EXAMPLE_FOLDER, Author, Wish, make, make_example
from tests.central.events import NOW
from tests.central.site import Moving, Site

LON, LAT = 121.4942, 31.0724
"""Where FL-0317 is."""
METRE_NORTH = 1 / 111_195.0
BESIDE = f"FL-0319,东门消防通道北段,消防通道,{LON},{LAT + 30 * METRE_NORTH},310112123001001,,,,\n"


def make_town(database: Database, folder: Path) -> None:
    """The example town, and FL-0319 thirty metres north of FL-0317."""
    path = folder / "places.csv"
    path.write_text((EXAMPLE_FOLDER / "places.csv").read_text("utf-8").rstrip("\n") + f"\n{BESIDE}")
    with database.write() as session:
        make_example(session, Author("test", NOW))
        make(session, Wish("places", path), Author("test", NOW))


@contextmanager
def town_site(folder: Path, database_url: str) -> Iterator[Site]:
    """The application over a database of this URL, with that town."""
    settings = Settings(data_dir=folder, database_url=database_url)
    prepared = Database(settings.database)
    upgrade.upgrade(prepared)
    make_town(prepared, folder)
    prepared.close()
    clock = Moving()
    app = create_app(settings, clock, receive=False)
    with TestClient(app):
        yield Site(app, app.state.database, clock)


def appeal(north_m: float = 0.0, **more: Any) -> dict[str, Any]:
    """The body of an appeal about the fire lane, so far from FL-0317."""
    point = {"lat": LAT + north_m * METRE_NORTH, "lon": LON}
    return {"kind": "12345", "service_code": "fire_lane", "text": "车堵住了"} | point | more


def enter(client: TestClient, north_m: float = 0.0, **more: Any) -> str:
    """Enter an appeal; its number."""
    answer = client.post("/api/v1/appeals", json=appeal(north_m, **more))
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["appeal_no"]
    return number


def suggested(client: TestClient, number: str) -> list[str]:
    """Numbers that are suggested for a case or an appeal."""
    return [one["number"] for one in suggestions(client, number)["items"]]


def suggestions(client: TestClient, number: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{folder(number)}/{number}/suggestions")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def folder(number: str) -> str:
    return "appeals" if number.startswith("AP-") else "cases"


def say(client: TestClient, what: str, number: str, other: str, **headers: str) -> Any:
    """Dismiss or restore a pair."""
    path = f"/api/v1/{folder(number)}/{number}/suggestions/{what}"
    return client.post(path, json={"number": other}, headers=headers)
