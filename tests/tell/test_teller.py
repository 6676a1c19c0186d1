"""The threads: a case is told soon, dead threads are replaced, a lost database is waited for."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from central import store, upgrade
from central.app import create_app
from central.db import Database
from central.settings import Settings
from central.tell.book import Book
from central.tell.teller import Teller
from central.ticker import tick
from tests.central.events import SHANGHAI, incident_event, picture, ref, taken
from tests.central.site import Moving, Site
from tests.support import wait_for
from tests.tell.desk import Desk, Spy, message
from tests.tell.servers import Web, web
from tests.tell.test_outbox import PLAIN


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Database(f"sqlite:///{tmp_path}/t.db")
    upgrade.upgrade(made)
    yield Desk(made, PLAIN)
    made.close()


class Dying(Spy):
    """Dies once as a bug would."""

    def send(self, out: object) -> None:  # type: ignore[override]
        if not self.sent and not self.faults:
            self.faults.append(None)
            raise ZeroDivisionError("a bug")
        super().send(out)  # type: ignore[arg-type]


def test_a_dead_thread_is_seen_and_replaced(desk: Desk) -> None:
    spy = Dying()
    teller = Teller(desk.tools, PLAIN, lambda _: spy)
    teller.start()
    desk.tell(message(1), message(2))
    try:
        wait_for(lambda: len(spy.sent) == 1, 20, "the second message")
        wait_for(lambda: teller.alive, 5, "all threads")
        assert desk.metrics.teller_restarts._value.get() == 1
        desk.clock.forward(seconds=60)  # the lease of the one that died
        wait_for(lambda: len(spy.sent) == 2, 20, "the first message")
    finally:
        teller.stop()
    assert spy.sent[1].title.startswith("【可能重复】")


def test_an_absent_database_is_waited_for(desk: Desk) -> None:
    spy, faults = Spy(), [OperationalError("x", {}, Exception("gone"))] * 3
    read = desk.database.read

    def gone_at_first() -> object:
        if faults:
            raise faults.pop()
        return read()

    desk.database.read = gone_at_first  # type: ignore[method-assign, assignment]
    teller = Teller(desk.tools, PLAIN, lambda _: spy)
    teller.start()
    try:
        wait_for(lambda: not faults, 20)
        assert teller.alive
        desk.tell(message())
        wait_for(lambda: spy.sent, 20, "the message")
    finally:
        teller.stop()


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as made:
        yield made


def test_a_case_is_told_with_its_masked_picture_alone(server: Web, tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(
        f"channels:\n  - {{name: robot, kind: wecom_robot, key: k, base_url: '{server.url}', "
        "pictures: true, allow_networks: [127.0.0.0/8]}\nparties:\n  lead: [{channel: robot}]\n",
        encoding="utf-8",
    )
    settings = Settings(
        data_dir=tmp_path, channels_file=file, broker_url="mqtt://127.0.0.1:1",
        public_url="https://jinmu.example",
    )  # fmt: skip
    prepared = Database(settings.database)
    upgrade.upgrade(prepared)
    prepared.close()
    clock = Moving()
    app = create_app(settings, clock)
    roles = ("confirmed", "confirmed_original", "confirmed_masked")
    shots = {role: picture(role, 320) for role in roles}
    with TestClient(app):
        site = Site(app, app.state.database, clock)
        (case_no,) = site.file(
            incident_event(evidence=[ref(jpeg, role) for role, jpeg in shots.items()])
        )
        box = site.program("box")
        for role, jpeg in shots.items():
            path = f"/api/v1/evidence/{ref(jpeg, role).sha256}"
            assert box.put(path, content=jpeg).status_code == 201
        wait_for(lambda: len(server.got) == 1, 20, "the text")
        clock.forward(seconds=12)
        wait_for(lambda: len(server.got) == 2, 30, "the picture")
        text, shot = (got.json() for got in server.got)
        masked = ref(shots["confirmed_masked"]).sha256
        shown = box_view(site, masked)
    assert f"https://jinmu.example/cases/{case_no}" in text["text"]["content"]
    assert "【占用】消防通道 FL-0317" in text["text"]["content"]
    assert shot["image"]["base64"] == shown, "the masked one, encoded anew"


def box_view(site: Site, sha256: str) -> str:
    answer = site.program("read").get(f"/api/v1/evidence/{sha256}/shown")
    assert answer.status_code == 200
    return base64.b64encode(answer.content).decode()


def test_the_life_of_a_case_withdraws_what_it_told(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/t.db")
    upgrade.upgrade(database)
    desk, spy = Desk(database, Book.model_validate(PLAIN.model_dump())), Spy()
    sender = desk.sender("robot", spy)
    desk.clock.at = taken(incident_event()).event.time

    def send() -> None:
        while desk.clerk.step() == 0.0:
            pass
        desk.run(sender)

    def arrive(stage: str, rev: int, **data: object) -> None:
        event = incident_event(stage, rev, number=rev, **data)  # type: ignore[arg-type]
        with database.write() as session:
            store.merge(session, taken(event), desk.clock(), SHANGHAI)
        send()

    def judge(action: str, **given: str) -> None:
        with database.write() as session:
            (case,) = store.cases_by_no(session, ["FL-20261124-0001"])
            request = store.ActionRequest(action, "zhang", case.version, role="desk", **given)  # type: ignore[arg-type]
            store.act(session, case.case_no, request, desk.clock())
        send()

    arrive("confirmed", 2)
    arrive("cleared", 3)
    assert [out.kind for out in spy.sent] == ["task"], "it may come back"
    desk.clock.forward(minutes=20)
    tick(database, desk.clock, SHANGHAI)
    send()
    arrive("ongoing", 4, dwell_s=480.0, reopened=1)
    assert [out.kind for out in spy.sent] == ["task", "recall", "task"]
    judge("confirm")
    judge("undo")
    assert len(spy.sent) == 3, "nobody was called off"
    judge("reject", reason="wrong_object")
    judge("undo")
    assert [out.kind for out in spy.sent][3:] == ["recall", "task"]
    database.close()
