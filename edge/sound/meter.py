"""An external sound level meter, over MQTT (it sends) or HTTP (it is asked).

What it must say is in `edge.sound.meter_frame`; other frames are refused, counted by reason, and
each reason is logged once. A meter that is lost or falls silent is tried again for ever; the time
without it is a gap.
"""

import random
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import structlog

from edge.backoff import Backoff
from edge.changes import Changes
from edge.clock import Clock
from edge.errors import ConfigError, SourceLost
from edge.mqtt import Address, Link, LinkLost, Route
from edge.sound.block import OnFrame
from edge.sound.meter_frame import MAX_BYTES, Gate, Moment, Wanted

log = structlog.get_logger()

SILENT_S = 10.0
ASK_EVERY_S = 0.5
"""Twice a second, so that no second is missed; a frame that is known already counts once."""
TIMEOUT = httpx.Timeout(5.0)
TURN_S = 0.5
URL_FORM = "a meter's URL must be mqtt(s)://host[:port]/topic or http(s)://host[:port]/path"


@dataclass(frozen=True, slots=True)
class MeterSettings:
    """Where the meter is and which one it must be; `name` is for the log: the stream's id."""

    name: str
    url: str = field(repr=False)
    wanted: Wanted = field(default_factory=Wanted)
    ca_file: Path | None = None


class _Silent(SourceLost):
    """The way to the meter works and no frame comes."""


class ExternalMeter:
    """Body of a worker: gives a meter's seconds to `on_frame`, in the worker's thread.

    Raises ConfigError, without the URL, when the URL is not one of a meter.
    """

    def __init__(self, settings: MeterSettings, on_frame: OnFrame, clock: Clock) -> None:
        self._read = _reader(settings)
        by_asking = urlsplit(settings.url).scheme.startswith("http")
        self._gate = Gate(replace(settings.wanted, stamped=by_asking))
        self._name = settings.name
        self._on_frame = on_frame
        self._clock = clock
        self._changes = Changes()
        self._backoff = Backoff(random.random)
        self._said: set[str] = set()
        self._good_ts = clock.ts()
        self.up = False

    @property
    def accepted(self) -> int:
        """How many frames were believed."""
        return self._gate.accepted

    @property
    def refused(self) -> Mapping[str, int]:
        """How many frames were not, by reason."""
        return self._gate.refused

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set."""
        while not stop.is_set():
            self._good_ts = self._clock.ts()
            try:
                self._read(self._take, self._check, stop)
            except (SourceLost, LinkLost) as error:
                self.up = False
                self._changes.note("meter_lost", True, stream=self._name, reason=str(error))
                stop.wait(self._backoff.next_s())
        self.up = False

    def _take(self, payload: bytes) -> None:
        now = Moment(self._clock.ts(), self._clock.wall())
        frames, refusals = self._gate.take(payload, now)
        for refusal in refusals:
            if refusal.reason not in self._said:
                self._said.add(refusal.reason)
                log.warning("meter_frame_refused", stream=self._name, reason=str(refusal))
        for frame in frames:
            self._good_ts, self.up = now.ts, True
            self._backoff.reset()
            self._changes.note("meter_lost", False, stream=self._name)
            self._on_frame(frame)

    def _check(self) -> None:
        """Raises _Silent when nothing that can be believed has come for long."""
        if self._clock.ts() - self._good_ts > SILENT_S:
            raise _Silent(f"no usable frame for {SILENT_S:g} s")


Take = Callable[[bytes], None]
Check = Callable[[], None]
Reader = Callable[[Take, Check, threading.Event], None]


def _reader(settings: MeterSettings) -> Reader:
    """How to read the meter once, until it is lost; ConfigError when the URL is not one."""
    try:
        parts = urlsplit(settings.url)
        topic = unquote(parts.path.strip("/"))
        if parts.scheme in ("mqtt", "mqtts") and topic and not parts.query:
            address = Address.from_url(parts._replace(path="", fragment="").geturl())
            return _Listening(address, topic, settings.ca_file)
        if parts.scheme in ("http", "https") and parts.hostname:
            return _Asking(httpx.URL(settings.url), settings.ca_file)
    except (ValueError, httpx.InvalidURL):
        pass
    raise ConfigError(URL_FORM)


class _Listening:
    """MQTT: one connection, from now on; nothing that was retained or kept is a present level."""

    def __init__(self, address: Address, topic: str, ca_file: Path | None) -> None:
        self._address = address
        self._topic = topic
        self._ca_file = ca_file

    def __call__(self, take: Take, check: Check, stop: threading.Event) -> None:
        name = f"meter.{random.getrandbits(64):016x}"
        route = Route(self._address, name, None, self._topic, ca_file=self._ca_file, fresh=True)
        wake, bell = socket.socketpair()
        with closing(wake), closing(bell):
            link = Link(route, wake)
            try:
                link.open()
                while not stop.is_set():
                    link.turn(TURN_S)
                    while link.received:
                        take(link.received.popleft())
                    check()
            finally:
                link.close()


class _Asking:
    """HTTP: GET again and again over one connection."""

    def __init__(self, url: httpx.URL, ca_file: Path | None) -> None:
        self._url = url
        self._trust = ssl.create_default_context(cafile=ca_file)

    def __call__(self, take: Take, check: Check, stop: threading.Event) -> None:
        with httpx.Client(timeout=TIMEOUT, verify=self._trust, trust_env=False) as client:
            while not stop.is_set():
                take(self._answer(client))
                check()
                stop.wait(ASK_EVERY_S)

    def _answer(self, client: httpx.Client) -> bytes:
        """Body of one answer, cut off just above the largest that is read."""
        body = b""
        try:
            with client.stream("GET", self._url) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise SourceLost(f"the meter answers {answer.status_code}")
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > MAX_BYTES:
                        break
        except httpx.HTTPError as error:
            raise SourceLost(str(error) or type(error).__name__) from None
        return body
