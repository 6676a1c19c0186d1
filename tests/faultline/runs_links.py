"""Runs with bad links, full disks, wrong clocks and long outages."""

import os
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from central.tables import EventTable
from edge.events import to_json
from edge.ids import uuid7
from edge.outbox import Outbox
from tests.central.events import incident_event
from tests.delivery import WALL
from tests.faultline.check import drain, examine, latency_s, settle, waiting
from tests.faultline.field import Field, open_field
from tests.faultline.proxy import Proxy, Toxics
from tests.faultline.runs import Result, Run, Skipped

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def _proxied(site: Field, stack: ExitStack) -> tuple[Proxy, Proxy]:
    """Links to broker and central that can be made bad."""
    links = (Proxy(site.broker.port), Proxy(site.servers[0].port))
    for link in links:
        link.start()
        stack.callback(link.close)
    return links


def flapping(run: Run) -> Result:
    """Both links are up for 2 s and down for 3 s."""
    rounds = run.pick(4, 60)
    with open_field(run.folder) as site, ExitStack() as stack:
        links = _proxied(site, stack)
        urls = (f"mqtt://127.0.0.1:{links[0].port}", f"http://127.0.0.1:{links[1].port}")
        site.add_box(*urls, rate="4", picture_bytes="20000")
        site.start()
        for number in range(rounds):
            for up, seconds in ((True, 2), (False, 3)):
                for link in links:
                    link.toxics.up = up
                    if not up:
                        link.cut()
                time.sleep(seconds)
            run.say(f"{number + 1}/{rounds} times down")
        for link in links:
            link.toxics.up = True
        site.boxes[0].quiet()
        account = settle(site, 90)
    how = f"MQTT and HTTP up 2 s, down 3 s, {rounds} times; 4 events/s, 20 kB pictures"
    return Result.of("flapping link", how, account)


def thin(run: Run) -> Result:
    """64 kB/s, 600 ms there and back, reset every 10 s, and acknowledgements that get lost."""
    rounds = run.pick(2, 18)
    with open_field(run.folder) as site, ExitStack() as stack:
        links = _proxied(site, stack)
        urls = (f"mqtt://127.0.0.1:{links[0].port}", f"http://127.0.0.1:{links[1].port}")
        site.add_box(*urls, rate="2", picture_bytes="20000")
        site.start()
        for number in range(rounds):
            for link in links:
                link.toxics = Toxics(bytes_per_s=64_000, delay_s=0.3)
            links[0].toxics.mute_down = number % 3 == 2
            time.sleep(10)
            for link in links:
                link.cut()
            run.say(f"{number + 1}/{rounds} resets")
        links[0].toxics.mute_down = False
        site.boxes[0].quiet()
        account = settle(site, 120)
    how = f"64 kB/s, 600 ms, {rounds} resets, acknowledgements swallowed a third of the time"
    return Result.of("thin link", how, account)


def outage(run: Run) -> Result:
    """Boxes with a long backlog drain at once while another one is live."""
    boxes, backlog = run.pick(3, 20), run.pick(300, 10_000)
    with open_field(run.folder) as site:
        live = site.add_box(rate="2")
        for number in range(boxes):
            prefill(site.add_box(rate="0").folder, f"box-{number + 2:02d}", backlog)
            run.say(f"{number + 1}/{boxes} outboxes filled")
        site.broker.start()
        site.servers[0].start()
        live.start()
        time.sleep(3)
        began = time.monotonic()
        for box in site.boxes[1:]:
            box.start()
        drained_s = _drained(run, site, began, run.pick(120, 3000))
        live.quiet()
        drain(site, 30)
        account = examine(site)
        p95_s = latency_s(site, 0.95, EventTable.box == live.name)
    rate = boxes * backlog / max(drained_s, 0.1)
    extra = f"drained at {rate:.0f} events/s, live p95 {p95_s:.2f} s"
    how = f"{boxes} boxes × {backlog} queued events at once, 2 live events/s of another box"
    result = Result.of("long outage and drain", how, account, extra)
    result.faults += [f"live p95 is {p95_s:.1f} s"] if run.long and p95_s > 5 else []
    return result


def _drained(run: Run, site: Field, began: float, limit_s: float) -> float:
    while time.monotonic() - began < limit_s:
        left = sum(waiting(box) for box in site.boxes[1:])
        run.say(f"{left} left")
        if left == 0:
            break
        time.sleep(1)
    return time.monotonic() - began


def prefill(folder: Path, box: str, count: int) -> None:
    """An outbox with `count` queued events, made as fast as SQLite can."""
    folder.mkdir(parents=True, exist_ok=True)
    outbox = Outbox(folder / "outbox.db")
    bodies = [
        to_json(
            incident_event(stage, rev, number=1, box=box).model_copy(update={"epoch": outbox.epoch})
        )
        for rev, stage in ((1, "warned"), (2, "confirmed"), (3, "cleared"))
    ]
    template = incident_event(number=1)
    name, incident = template.id.encode(), template.data.incident_id.encode()
    with outbox._db.write():
        for number in range(1, count + 1):
            if number % 3 == 1:
                mine = uuid7(WALL).encode()
            event_id = uuid7(WALL)
            body = bodies[(number - 1) % 3].replace(b'"id":"' + name, b'"id":"' + event_id.encode())
            body = body.replace(incident, mine).replace(b'"seq":1,', b'"seq":%d,' % number)
            outbox._db.insert_event(number, event_id, WALL.timestamp(), body)
    outbox.close()


def disk_full(run: Run) -> Result:
    """The box's disk and then central's run full, and are freed again."""
    if os.getuid() != 0:
        raise Skipped("only root can mount a small disk")
    with ExitStack() as stack:
        for name, size in (("f/box-01", "6m"), ("f/server", "24m")):
            _small_disk(run.folder / name, size, stack)
        site = stack.enter_context(open_field(run.folder / "f"))
        box = site.add_box(rate="20", picture_bytes="60000", reserve="1000000", count="400")
        site.broker.start()
        box.start()  # central is away: pictures pile up until the disk is full
        time.sleep(run.pick(10, 20))
        ballast = run.folder / "f/server/ballast"
        site.servers[0].start()
        _fill(ballast)
        time.sleep(run.pick(5, 20))
        ballast.unlink()
        account = settle(site, 90)
        free = os.statvfs(box.folder)
        extra = f"{free.f_bavail * free.f_frsize // 1000} kB left on the box at the end"
    how = (
        "box on a 6 MB disk with 60 kB pictures and central away, then central on a full 24 MB"
        f" disk; freed; {account.pictures} pictures kept of {account.made // 3}"
    )
    return Result.of("disk full, box and central", how, account, extra)


def _small_disk(folder: Path, size: str, stack: ExitStack) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "jinmu", folder], check=True)
    stack.callback(lambda: subprocess.run(["umount", "-l", folder], check=False))


def _fill(path: Path) -> None:
    try:
        with path.open("wb", buffering=0) as file:
            while file.write(b"x" * 65536):
                pass
    except OSError:
        return


def clock_jumps(run: Run) -> Result:
    """The box's wall clock is wrong by decades and jumps; timers must not notice."""
    if FAKETIME is None:
        raise Skipped("libfaketime is not installed (Debian: faketime)")
    shifts = ("-56y", "+10y", "-1d", "+1d", "-1h")[: run.pick(2, 5)]
    with open_field(run.folder) as site:
        box = site.add_box(rate="10")
        site.start()
        for shift in shifts:
            box.kill()
            box.environment = {
                "LD_PRELOAD": str(FAKETIME),
                "FAKETIME": shift,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
            box.start()
            time.sleep(run.pick(3, 10))
        box.quiet()
        account = settle(site, 60)
    return Result.of("clock jumps", f"box restarted with its clock at {', '.join(shifts)}", account)
