"""Every named crash point is in the code, is met once, and loses nothing on either database."""

import re
from pathlib import Path

import httpx
import pytest

from central import auth, crash, store
from central.clock import utc_now
from central.intake import Refusal
from edge import crash as edge_crash
from edge.events import to_json
from tests.brokers import MOSQUITTO, Mosquitto
from tests.central.events import SENDER, TOPIC, incident_event
from tests.central.site import PASSWORD
from tests.faultline.check import examine, settle
from tests.faultline.field import BoxProcess, Field, open_field
from tests.support import ROOT, wait_for

CRASHED = 137
QUARANTINE = [point for point in edge_crash.POINTS if point.startswith("outbox.quarantine")]
BOX = [point for point in edge_crash.POINTS if point not in QUARANTINE]
RETRY = [point for point in crash.POINTS if point.startswith("retry.")]
CENTRAL = [point for point in crash.POINTS if not point.startswith(("retry.", "tell."))]


@pytest.mark.parametrize(
    ("side", "points"), [("edge", edge_crash.POINTS), ("central", crash.POINTS)]
)
def test_the_list_is_what_stands_in_the_code(side: str, points: tuple[str, ...]) -> None:
    called = re.compile(r'crash_point\("([a-z_.]+)"\)')
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / side).rglob("*.py"))
    found = {name for text in sources for name in called.findall(text)}
    assert found == set(points)
    assert len(points) == len(set(points))


def crash_boxes(site: Field, points: list[str]) -> None:
    """A box for every point; each dies at its own and starts again."""
    for point in points:
        box = site.add_box(rate="10", count="6")
        box.environment = {"JINMU_CRASH_AT": point}
    site.start()
    for box, point in zip(site.boxes, points, strict=True):
        wait_for(lambda box=box: _code(box) is not None, 90, point)
        assert _code(box) == CRASHED, (point, (box.folder / "log").read_text())
    for box in site.boxes:
        box.environment = {}
        box.start()
    wait_for(lambda: all(_told(box) >= 5 for box in site.boxes), 90)


def _code(box: BoxProcess) -> int | None:
    assert box.process is not None
    return box.process.poll()


def _told(box: BoxProcess) -> int:
    path = box.folder / "told"
    return len(path.read_text().split()) if path.exists() else 0


@pytest.mark.timeout(400)
def test_the_box_dies_at_every_point_and_loses_nothing(tmp_path: Path) -> None:
    with open_field(tmp_path) as site:
        crash_boxes(site, BOX)
        account = settle(site, 90)
    assert account.faults == []
    assert (account.queued, account.filed) == (0, account.made)
    assert account.made >= 5 * len(BOX)


@pytest.mark.mosquitto
@pytest.mark.timeout(200)
def test_the_box_dies_while_it_puts_an_event_aside(tmp_path: Path) -> None:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(tmp_path, lines=("max_packet_size 500",))
    with open_field(tmp_path, broker) as site:
        crash_boxes(site, QUARANTINE)
        account = settle(site, 60)
    assert account.queued == 0
    assert account.quarantined == account.made >= 10


@pytest.mark.timeout(400)
def test_central_dies_at_every_point_and_loses_nothing(tmp_path: Path, database_url: str) -> None:
    given = "" if database_url.startswith("sqlite") else database_url
    with open_field(tmp_path, database_url=given) as site:
        (server,) = site.servers
        site.add_box(rate="15", picture_bytes="2000")
        server.extra = {"JINMU_CRASH_AT": CENTRAL[0]}
        site.start()
        for point in CENTRAL[1:]:
            assert server.process is not None
            assert server.process.wait(40) == CRASHED, server.text()[-2000:]
            server.extra = {"JINMU_CRASH_AT": point}
            server.start_again()
            site.boxes[0].kill()  # it would wait ever longer for a central that is never there
            site.boxes[0].start()
        assert server.process is not None
        assert server.process.wait(40) == CRASHED, server.text()[-2000:]
        server.extra = {}
        server.start()
        site.boxes[0].quiet()
        account = settle(site, 120)
    assert account.faults == []
    assert (account.queued, account.filed) == (0, account.made)
    assert account.made > 100
    assert account.pictures >= account.cases > 0


@pytest.mark.timeout(200)
@pytest.mark.parametrize("point", RETRY)
def test_central_dies_while_a_message_is_tried_again(tmp_path: Path, point: str) -> None:
    event = incident_event()
    refusal = Refusal(
        SENDER, TOPIC, to_json(event), "poison", "r", event.id, event.epoch, event.seq
    )
    with open_field(tmp_path) as site:
        (server,) = site.servers
        database = server.database()
        with database.write() as session:
            store.refuse(session, refusal, utc_now())
            auth.add_user(session, "wang", PASSWORD, "administrator", utc_now())
        login = auth.login(database, "wang", PASSWORD, "127.0.0.1", utc_now())
        server.extra = {"JINMU_CRASH_AT": point}
        site.start()
        headers = {"x-csrf-token": login.principal.csrf_token}
        with httpx.Client(cookies={"jinmu": login.secret}, headers=headers) as person:
            with pytest.raises(httpx.TransportError):
                person.post(f"{server.url}/api/v1/quarantine/1/retry")
            assert server.process is not None
            assert server.process.wait(20) == CRASHED
            server.extra = {}
            server.start()
            again = person.post(f"{server.url}/api/v1/quarantine/1/retry")
        assert again.status_code == (200 if point == "retry.before_commit" else 404)
        account = examine(site)
        database.close()
    assert (account.filed, account.cases, account.faults) == (1, 1, [])
