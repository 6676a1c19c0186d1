"""`kill -9` of the teller at every step: nothing is lost; what was just sent may come once more.

Who dies between sending and writing it down cannot know which it was: the message is sent again
under the same id, by which whoever receives it tells the two apart.
"""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from central import crash, upgrade
from central.clock import utc_now
from central.db import Database
from central.tell import outbox
from central.tell_tables import TellTable
from tests.support import ROOT, wait_for
from tests.tell.desk import message
from tests.tell.servers import Web, ok, web

POINTS = [point for point in crash.POINTS if point.startswith("tell.")]
AFTER_SENDING = {"tell.after_send", "tell.before_settle"}
CRASHED = 137
BOOK = """\
channels:
  - name: hook
    kind: webhook
    url: {url}/{path}
    secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]
    per_minute: 6000
    allow_networks: [127.0.0.0/8]
parties:
  lead: [{{channel: hook}}]
"""


class Child:
    """A teller with a database of its own."""

    def __init__(self, folder: Path, url: str, path: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.database = Database(f"sqlite:///{folder}/t.db")
        upgrade.upgrade(self.database)
        self.book = folder / "channels.yaml"
        self.book.write_text(BOOK.format(url=url, path=path), encoding="utf-8")
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, crash_at: str = "") -> None:
        url, shift_s = str(self.database.url), 60 * self.starts
        command = [sys.executable, "-m", "tests.tell.child", url, str(self.book), str(shift_s)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | {"JINMU_CRASH_AT": crash_at},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.starts += 1

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def tell(self, numbers: range) -> None:
        with self.database.write() as session:
            outbox.tell(session, [message(n) for n in numbers], utc_now())

    def states(self) -> Counter[str]:
        with self.database.read() as session:
            return Counter(session.scalars(select(TellTable.state)))


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as made:
        made.answer = lambda _: ok({})
        yield made


@pytest.mark.timeout(180)
def test_a_death_at_any_point_loses_nothing_and_repeats_only_what_was_in_its_hand(
    server: Web, tmp_path: Path
) -> None:
    children = {point: Child(tmp_path / point, server.url, point) for point in POINTS}
    assert len(children) == 7
    try:
        for point, child in children.items():
            child.tell(range(1))
            child.start(crash_at=point)
        for point, child in children.items():
            assert child.process is not None
            assert child.process.wait(60) == CRASHED, (point, (child.folder / "log").read_text())
            child.start()
        for point, child in children.items():
            done = Counter({"addressed": 1, "sent": 1})
            wait_for(lambda c=child, d=done: c.states() == d, 60, point)  # type: ignore[misc]
    finally:
        for child in children.values():
            child.kill()
            child.database.close()
    for point in POINTS:
        ids = [got.headers["webhook-id"] for got in server.got if got.path == f"/{point}"]
        assert len(set(ids)) == 1, point
        assert len(ids) == (2 if point in AFTER_SENDING else 1), point


@pytest.mark.timeout(180)
def test_kills_at_any_moment_lose_nothing(server: Web, tmp_path: Path) -> None:
    child, chance = Child(tmp_path / "c", server.url, "x"), random.Random(5)
    try:
        for kill in range(1, 5):
            child.tell(range(10 * kill - 10, 10 * kill))
            before = len(server.got)
            child.start()
            some = before + chance.randrange(1, 6)
            wait_for(lambda some=some: len(server.got) >= some, 60, "some messages")
            child.kill()
        child.start()
        wait_for(lambda: child.states() == Counter({"addressed": 40, "sent": 40}), 60, "the rest")
    finally:
        child.kill()
        child.database.close()
    arrived = Counter(
        (got.headers["webhook-id"], got.json()["data"]["messages"][0]["case_no"])
        for got in server.got
    )
    assert len(arrived) == 40
    assert len({case_no for _, case_no in arrived}) == 40
    assert sum(arrived.values()) <= 40 + 4, "at most the one in the hand of each that was killed"
