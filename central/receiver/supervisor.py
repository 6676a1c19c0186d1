"""Keeps link and worker alive: a dead thread is noticed within a second and replaced, visibly."""

import queue
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from central.receiver.link import Address, Letter, Link
from central.receiver.worker import Tools, Worker

MAX_WAITING = 1000  # more than the broker may send unacknowledged
WATCH_EVERY_S = 1.0
STUCK_AFTER_S = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Health:
    """How the receiver does; `worker` is False when its thread is dead or stuck."""

    worker: bool
    broker: bool
    database: bool
    worker_beat_s: float
    waiting: int


class Receiver:
    """Link and worker of one broker, and the watchdog over both."""

    def __init__(self, address: Address, tools: Tools) -> None:
        self._address = address
        self._tools = tools
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watchdog = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._build()

    def start(self) -> None:
        """Begin; returns at once, whether or not broker and database are there."""
        self._worker.start()
        self._link.start()
        self._watchdog.start()

    def stop(self) -> None:
        """End after the batch at hand; what is not acknowledged comes again."""
        self._stopping.set()
        if self._watchdog.is_alive():
            self._watchdog.join(timeout=5)
        with self._lock:
            self._worker.stop()
            self._link.stop()

    def health(self) -> Health:
        """A look at the parts, from any thread."""
        beat_s = time.monotonic() - self._worker.beat_ts
        return Health(
            worker=self._worker.alive and beat_s < STUCK_AFTER_S,
            broker=self._link.connected,
            database=self._worker.database_up,
            worker_beat_s=round(beat_s, 3),
            waiting=self._inbox.qsize(),
        )

    def _build(self) -> None:
        self._inbox: queue.Queue[Letter] = queue.Queue(MAX_WAITING)
        self._link = Link(self._address, self._inbox, self._broker_changed)
        self._worker = Worker(self._tools, self._inbox, self._link)

    def _broker_changed(self, up: bool) -> None:
        self._tools.metrics.broker_up.set(up)
        if up:
            self._worker.reconnected()

    def _watch(self) -> None:
        while not self._stopping.wait(WATCH_EVERY_S):
            dead = [
                name
                for name, alive in (("worker", self._worker.alive), ("mqtt", self._link.alive))
                if not alive
            ]
            if dead:
                self._replace(dead)

    def _replace(self, dead: list[str]) -> None:
        """Both are built anew, so that the broker sends again what nobody acknowledged."""
        log.error("receiver_restarted", dead=dead)
        self._tools.metrics.restarts.inc()
        with self._lock:
            self._worker.stop()
            self._link.stop()
            self._build()
            self._worker.start()
            self._link.start()


def own_client_id(data_dir: Path) -> str:
    """Name of this installation at the broker, made once and kept in the data directory."""
    path = data_dir / "receiver-id"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(f"jinmu-central-{secrets.token_hex(4)}\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
