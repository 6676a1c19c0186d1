"""Runs that kill, stop and restart parts."""

import os
import shutil
import signal
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import text

from central.clock import utc_now
from central.db import Database
from central.tables import EventTable
from tests.brokers import MOSQUITTO, Mosquitto
from tests.central.databases import Postgres
from tests.central.events import incident_event
from tests.central.server import FakeBox
from tests.faultline.check import examine, latency_s, settle
from tests.faultline.field import SHARE, Field, open_field
from tests.faultline.runs import Result, Run, Skipped, postgres


def kills(run: Run) -> Result:
    """Random kills of every part while three boxes make events."""
    if not run.long:
        with open_field(run.folder / "f") as site:
            return _kill_at_random(run, site, None)
    with (
        postgres(run) as cluster,
        open_field(run.folder / "f", None, cluster.new_database(), receivers=2) as site,
    ):
        return _kill_at_random(run, site, cluster)


def _kill_at_random(run: Run, site: Field, cluster: Postgres | None) -> Result:
    count = run.pick(12, 210)
    for _ in range(3):
        site.add_box(rate="5")
    site.start()
    done = {"box": 0, "broker": 0, "receiver": 0, "database": 0}
    for number in range(count):
        part = run.rng.choices(list(done), weights=(4, 2, 4, 2 if cluster is not None else 0))[0]
        done[part] += 1
        _kill(run, site, cluster, part)
        time.sleep(run.rng.uniform(0.2, 1.5))
        run.say(f"{number + 1}/{count} kills")
    return _after_kills(site, done)


def _kill(run: Run, site: Field, cluster: Postgres | None, part: str) -> None:
    if part == "box":
        box = run.rng.choice(site.boxes)
        box.kill()
        box.start()
    elif part == "broker":
        site.broker.restart()
    elif part == "receiver":
        server = run.rng.choice(site.servers)
        server.kill()
        server.start_again()
    elif cluster is not None:
        cluster.stop("immediate")
        cluster.start()


def _after_kills(site: Field, done: dict[str, int]) -> Result:
    for box in site.boxes:
        box.quiet()
    account = settle(site, 180)
    kinds = ", ".join(f"{n} {part}" for part, n in done.items() if n)
    how = f"3 boxes, {len(site.servers)} receiver(s); killed: {kinds}"
    how += " (PostgreSQL: `pg_ctl -m immediate`)" if done["database"] else ""
    return Result.of(f"random `kill -9` × {sum(done.values())}", how, account)


def amnesia(run: Run) -> Result:
    """A broker without memory is restarted every 5 s at 20 events a second."""
    rounds = run.pick(2, 36)
    with open_field(run.folder) as site:
        for _ in range(2):
            site.add_box(rate="10")
        site.start()
        for number in range(rounds):
            time.sleep(5)
            site.broker.restart()
            run.say(f"{number + 1}/{rounds} restarts")
        for box in site.boxes:
            box.quiet()
        account = settle(site, 90)
    how = f"broker without persistence killed every 5 s for {rounds * 5} s, 20 events/s"
    return Result.of("broker amnesia", how, account)


def lies(run: Run) -> Result:
    """PUBACKs that prove nothing: a full queue, a refused topic, nobody subscribed."""
    if MOSQUITTO is None:
        raise Skipped("mosquitto is not installed")
    broker = Mosquitto(run.folder, lines=("max_queued_messages 1",))
    with open_field(run.folder, broker) as site:
        site.add_box(rate="10", count=str(run.pick(60, 600)))
        site.start()
        site.servers[0].kill()  # its queue at the broker holds one message
        time.sleep(run.pick(3, 20))
        deny = run.folder / "acl"
        deny.write_text("topic read #\ntopic write jinmu/v1/+/+/state\n")
        broker.lines = (f"acl_file {deny}",)
        broker.restart()
        time.sleep(run.pick(3, 20))
        broker.lines = ()
        broker.restart()
        site.servers[0].start()
        account = settle(site, 120)
    how = "mosquitto with max_queued_messages 1, then an ACL that denies the topic, receiver away"
    return Result.of("lying PUBACK", how, account)


def thief(run: Run) -> Result:
    """A stranger joins the group of receivers and takes every third event."""
    with (
        postgres(run) as cluster,
        open_field(run.folder / "f", None, cluster.new_database(), receivers=2) as site,
    ):
        site.broker.start()
        stolen = _steal(site)
        for server in site.servers:
            server.start()
        box = site.add_box(rate="20", count=str(run.pick(120, 1000)))
        box.start()
        account = settle(site, 300)
    how = f"2 receivers on $share and a stranger who took and acknowledged {len(stolen)} messages"
    result = Result.of("thief in the share group", how, account)
    if not stolen:
        result.faults.append("the thief got nothing: the run shows nothing")
    return result


def _steal(site: Field) -> list[bytes]:
    stolen: list[bytes] = []
    joined = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "thief", protocol=mqtt.MQTTv5)
    client.on_connect = lambda c, *_: c.subscribe(f"$share/{SHARE}/jinmu/v1/+/+/event", qos=1)
    client.on_subscribe = lambda *_: joined.set()
    client.on_message = lambda _, __, message: stolen.append(bytes(message.payload))
    client.connect("127.0.0.1", site.broker.port)
    client.loop_start()
    joined.wait(10)
    return stolen


def zombie(run: Run) -> Result:
    """A receiver is stopped (SIGSTOP) while it holds messages, and wakes up much later."""
    seconds = run.pick(8, 120)
    with (
        postgres(run) as cluster,
        open_field(run.folder / "f", None, cluster.new_database(), receivers=3) as site,
    ):
        site.add_box(rate="10", count=str(10 * seconds))
        site.start()
        time.sleep(2)
        sleeper = site.servers[1].process
        assert sleeper is not None
        os.kill(sleeper.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(sleeper.pid, signal.SIGCONT)
        account = settle(site, 120)
    how = f"one of 3 receivers stopped for {seconds} s while it held unacknowledged messages"
    extra = f"p99 {account.latency_s(0.99):.1f} s"
    return Result.of("receiver as a zombie (SIGSTOP)", how, account, extra)


def database_restarts(run: Run) -> Result:
    """PostgreSQL is thrown down and connections are cut in the middle of transactions."""
    rounds = run.pick(3, 50)
    cuts = 0
    with postgres(run) as cluster:
        url = cluster.new_database()
        with open_field(run.folder / "f", None, url, receivers=2) as site:
            site.add_box(rate="20")
            site.start()
            for number in range(rounds):
                cuts += _terminate(cluster, url.rpartition("/")[2], 4)
                cluster.stop("immediate")
                cluster.start()
                time.sleep(0.5)
                run.say(f"{number + 1}/{rounds} restarts")
            site.boxes[0].quiet()
            account = settle(site, 120)
    how = f"`pg_ctl -m immediate` × {rounds}, {cuts} connections terminated, 20 events/s"
    return Result.of("PostgreSQL restarts", how, account)


def _terminate(cluster: Postgres, name: str, times: int) -> int:
    statement = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = :name AND pid <> pg_backend_pid()"
    )
    ended = 0
    admin = Database(cluster.url("postgres"))
    for _ in range(times):
        with admin.engine.connect() as connection:
            ended += connection.execute(text(statement), {"name": name}).scalar() or 0
        time.sleep(0.1)
    admin.close()
    return ended


def poison(run: Run) -> Result:
    """Twenty messages that no central can take, among the events of others."""
    bodies = [b"", b"\xff\x00", b"[" * 9000, b"{}", b'{"id":1}' * 3000]
    quiet_s = run.pick(3, 30)
    with open_field(run.folder) as site:
        site.add_box(rate="20", count=str(40 * quiet_s))
        site.start()
        stranger = FakeBox(site.broker.port, box="box-99")
        time.sleep(quiet_s)
        began = utc_now()
        for number in range(20):
            stranger.send_bytes(bodies[number % len(bodies)] + b" " * number)
            time.sleep(quiet_s / 40)
        stranger.send(incident_event(box="box-98"))  # in the name of another box
        account = settle(site, 60)
        refused = _quarantine(site)
        before_s = latency_s(site, 0.99, EventTable.time < began)
        after_s = latency_s(site, 0.99, EventTable.time >= began)
        stranger.close()
    extra = (
        f"{refused} quarantined, p99 of the others {after_s * 1000:.0f} ms, before the poison"
        f" {before_s * 1000:.0f} ms"
    )
    how = "20 messages of garbage and one in another box's name between 20 events/s"
    result = Result.of("poison messages", how, account, extra)
    result.faults += [] if refused >= 20 else [f"only {refused} in quarantine"]
    if run.long and after_s > 2 * before_s + 0.05:
        result.faults.append("the others were slower")
    return result


def _quarantine(site: Field) -> int:
    database = site.servers[0].database()
    with database.read() as session:
        count = session.execute(text("SELECT count(*) FROM quarantine")).scalar() or 0
    database.close()
    return int(count)


def clone(run: Run) -> Result:
    """A box's disk is copied and both go on under one name and one epoch."""

    with open_field(run.folder) as site:
        first = site.add_box(rate="10", count="30")
        site.start()
        settled = settle(site, 60)
        second = site.add_box(rate="10", count="60")
        second.name = first.name
        shutil.copytree(first.folder, second.folder)
        first.options["count"] = "60"
        for box in site.boxes:  # one after the other: the broker knows one client of a name
            box.start()
            time.sleep(8)
            box.stop()
        account = examine(site)
        alarmed = "seq_reused" in site.servers[0].text()
    account.made -= settled.made  # the same events stand in both outboxes
    account.faults = [fault for fault in account.faults if "ledger" not in fault]
    how = "outbox copied, both boxes go on with the same epoch and numbers; the alarm was raised"
    result = Result.of("cloned box", how, account)
    result.faults += [] if alarmed else ["nobody was told that numbers were used twice"]
    return result
