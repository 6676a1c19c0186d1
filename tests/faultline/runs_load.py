"""The load of a whole district on one machine, seen from the API."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from sqlalchemy import func, select

from central.tables import EventTable, EvidenceTable
from tests.faultline.check import settle
from tests.faultline.field import BoxProcess, Field, open_field
from tests.faultline.fleet import name_of
from tests.faultline.runs import Result, Run
from tests.support import ROOT, wait_for

LOOK_EVERY_S = 0.25
PAGE = 50
PICTURE_BYTES = 150_000
EVENTS_PER_CASE = 3


@dataclass(slots=True)
class Watcher:
    """Reads the list of cases as a screen would, and notes when each was there first."""

    api: httpx.Client
    seen: dict[str, float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        self._look()
        while not self._stop.wait(LOOK_EVERY_S):
            self._look()
        self._look()

    def stop(self) -> None:
        self._stop.set()

    def _look(self) -> None:
        number = 1
        while self._page(number) == PAGE:
            number += 1

    def _page(self, number: int) -> int:
        """How many of a page were new."""
        answer = self.api.get("/api/v1/cases", params={"page": number, "size": PAGE})
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        now = time.time()
        new = [item["incident_id"] for item in items if item["incident_id"] not in self.seen]
        self.seen |= dict.fromkeys(new, now)
        return len(new)

    def delays_s(self, incidents: dict[str, datetime]) -> list[float]:
        """From the event's making on the box to the case in the list, ascending."""
        return sorted(
            self.seen[name] - made.timestamp()
            for name, made in incidents.items()
            if name in self.seen
        )


def load(run: Run) -> Result:
    """500 connected boxes put 50 events a second, each with a picture of 150 kB."""
    boxes, seconds, rate = run.pick(40, 500), run.pick(15, 120), run.pick(8, 50)
    per_box = rate * seconds // boxes // EVENTS_PER_CASE * EVENTS_PER_CASE
    with open_field(run.folder) as site:
        site.start()
        site.boxes += [_member(site, number, per_box) for number in range(boxes)]
        with _fleet(run, site, rate, per_box):
            watcher = Watcher(_reader(site))
            thread = threading.Thread(target=watcher.run)
            thread.start()
            (site.folder / "go").touch()
            time.sleep(boxes * per_box / rate)
            account = settle(site, run.pick(60, 240))
            watcher.stop()
            thread.join()
        pictures, incidents = _kept(site)
    delays_s = watcher.delays_s(incidents)
    p50_s, p99_s = (delays_s[int(share * (len(delays_s) - 1))] for share in (0.5, 0.99))
    extra = (
        f"made on the box → case in the API: p50 {p50_s:.2f} s, p99 {p99_s:.2f} s"
        f" ({len(delays_s)} cases); all events committed: p50 {account.latency_s(0.5) * 1000:.0f}"
        f" ms, p99 {account.latency_s(0.99):.2f} s; {pictures} pictures"
    )
    how = (
        f"{rate} events/s for {boxes * per_box // rate} s from {boxes} connected boxes, each event"
        f" with a picture of {PICTURE_BYTES // 1000} kB; outboxes, broker, central and a screen"
        f" that reads the list every {LOOK_EVERY_S} s share {os.cpu_count()} cores"
    )
    result = Result.of("load", how, account, extra)
    result.faults += [f"p99 is {p99_s:.1f} s"] if run.long and p99_s > 2 else []
    if len(delays_s) < len(incidents):
        result.faults.append(f"{len(incidents) - len(delays_s)} cases were never seen in the list")
    return result


def _member(site: Field, number: int, events: int) -> BoxProcess:
    """For the count at the end; the process is the fleet's."""
    name = name_of(number)
    options = {"count": str(events)}
    return BoxProcess(site.folder / name, name, "", "", "", options)


@contextmanager
def _fleet(run: Run, site: Field, rate: int, per_box: int) -> Iterator[None]:
    """All boxes connected, in a few processes."""
    each = run.pick(20, 100)
    firsts = range(0, len(site.boxes), each)
    processes = []
    log = (site.folder / "fleet.log").open("ab")
    for first in firsts:
        command = [sys.executable, "-m", "tests.faultline.fleet", str(site.folder), str(first)]
        command += [str(each), site.broker.url, site.servers[0].url, "--token", site.token]
        command += ["--rate", str(rate / len(firsts)), "--events", str(per_box)]
        command += ["--picture-bytes", str(-PICTURE_BYTES)]
        processes.append(
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        )
    try:
        ready = [site.folder / f"ready-{first}" for first in firsts]
        wait_for(lambda: all(path.exists() for path in ready), 240, "all boxes connected")
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
        log.close()


def _reader(site: Field) -> httpx.Client:
    token = site.servers[0].token("screen", "read")
    headers = {"authorization": f"Bearer {token}"}
    return httpx.Client(base_url=site.servers[0].url, headers=headers, timeout=30)


def _kept(site: Field) -> tuple[int, dict[str, datetime]]:
    """How many pictures central has, and when each filed incident was confirmed on its box."""
    database = site.servers[0].database()
    with database.read() as session:
        pictures = session.scalar(select(func.count()).select_from(EvidenceTable)) or 0
        rows = session.execute(
            select(EventTable.incident_id, EventTable.time).where(EventTable.rev == 2)
        )
        incidents = {name: made for name, made in rows if name is not None}
    database.close()
    return pictures, incidents
