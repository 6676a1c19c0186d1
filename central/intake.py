"""An untrusted MQTT message becomes an event, a state, or a refusal with a reason. Pure."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from edge.events import (
    MAX_EVENT_BYTES,
    BoxState,
    DeviceEvent,
    IncidentEvent,
    box_of_topic,
    parse_event,
)
from edge.seal import Seal, seal_of

MAX_NUMBER = 2**53  # what every JSON reader and both databases can hold
MAX_LOOKED_AT_BYTES = 256 * 1024  # of an oversized message, only to learn which id to refuse
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
NO_EPOCH = "00000000"
_EPOCH = re.compile(r"[0-9a-f-]{8,36}")
_SLUG = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Sender:
    """The box that a topic belongs to."""

    site: str
    box: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A sound event, its exact bytes, and the seal it came with (not yet verified)."""

    sender: Sender
    event: IncidentEvent | DeviceEvent
    body: bytes
    seal: Seal | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class TakenState:
    """A sound state message; `retained` means that it is an old one, kept by the broker."""

    sender: Sender
    state: BoxState
    retained: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that can never be filed; what could be read of its id, epoch and number."""

    sender: Sender | None
    topic: str
    body: bytes
    code: str
    reason: str
    event_id: str | None = None
    epoch: str = NO_EPOCH
    seq: int = 0
    seal: Seal | None = None


Item = Taken | TakenState | Refusal
"""What any message is."""


def take(
    topic: str, body: bytes, retained: bool = False, user: Sequence[tuple[str, str]] = ()
) -> Item:
    """What the message is; never raises, whatever its bytes are.

    `user` are its MQTT 5 user properties, in which the seal of an event travels.
    """
    item = _take(topic, body, retained)
    if isinstance(item, TakenState):
        return item
    try:
        return replace(item, seal=seal_of(user))
    except ValueError as error:  # nothing that it says of itself is believed, not even its id
        return Refusal(item.sender, topic, body, "bad_seal", printable(str(error)))


def _take(topic: str, body: bytes, retained: bool) -> Item:
    try:
        sender = Sender(*box_of_topic(topic))
    except ValueError as error:
        return Refusal(None, topic, body, "foreign_topic", str(error)[:400])
    if not _SLUG.fullmatch(sender.site) or not _SLUG.fullmatch(sender.box):
        return Refusal(None, topic, body, "foreign_topic", "site or box is not a name of ours")
    if topic.endswith("/state"):
        return _take_state(sender, topic, body, retained)
    return _take_event(sender, topic, body)


def _take_event(sender: Sender, topic: str, body: bytes) -> Taken | Refusal:
    if len(body) > MAX_EVENT_BYTES:
        text = f"{len(body)} bytes, at most {MAX_EVENT_BYTES} are allowed"
        return _refuse(sender, topic, body, "too_large", text)
    try:
        event = parse_event(body)
    except (ValueError, RecursionError) as error:
        return _refuse(sender, topic, body, "malformed", _why(error))
    fault = _fault(sender, event, body)
    if fault is not None:
        return _refuse(sender, topic, body, *fault)
    return Taken(sender, event, body)


def _take_state(sender: Sender, topic: str, body: bytes, retained: bool) -> TakenState | Refusal:
    try:
        if len(body) > MAX_EVENT_BYTES:
            raise ValueError(f"{len(body)} bytes, at most {MAX_EVENT_BYTES} are allowed")
        if b"\\u0000" in body:
            raise ValueError("holds the character NUL")
        state = BoxState.model_validate_json(body)
        _check_numbers(state.model_dump(mode="json"))
        _check_times([state.time, *(stream.last_frame_at for stream in state.streams)])
    except (ValueError, RecursionError) as error:
        return Refusal(sender, topic, body, "malformed_state", _why(error))
    return TakenState(sender, state, retained)


def _fault(
    sender: Sender, event: IncidentEvent | DeviceEvent, body: bytes
) -> tuple[str, str] | None:
    """Code and reason of what the schema does not know about, None when all is well."""
    if not event.source.startswith(f"/{sender.site}/{sender.box}/"):
        return "wrong_box", f"source {event.source} came on the topic of {sender.site}/{sender.box}"
    if b"\\u0000" in body:
        return "malformed", "holds the character NUL"
    times = [event.time, event.data.since]
    numbers = [event.seq]
    if isinstance(event, IncidentEvent):
        times += [item.taken_at for item in event.data.evidence]
        numbers += [event.data.rev, *(item.bytes for item in event.data.evidence)]
    try:
        _check_numbers(numbers)
        _check_times(times)
    except ValueError as error:
        return "out_of_range", str(error)
    return None


def _check_numbers(value: Any) -> None:
    """Raises ValueError for an integer that a database cannot hold, however deep it stands."""
    if isinstance(value, dict):
        _check_numbers(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            _check_numbers(item)
    elif isinstance(value, int) and abs(value) > MAX_NUMBER:
        raise ValueError(f"a number is beyond {MAX_NUMBER}")


def _check_times(times: Sequence[datetime | None]) -> None:
    """Raises ValueError for a moment that cannot be kept in UTC on every database."""
    if any(time is not None and not EARLIEST <= time <= LATEST for time in times):
        raise ValueError(f"a time lies outside {EARLIEST:%Y} to {LATEST:%Y}")


def _refuse(sender: Sender, topic: str, body: bytes, code: str, reason: str) -> Refusal:
    """A refusal with as much of id, epoch and number as can be read."""
    found: Any = None
    if len(body) <= MAX_LOOKED_AT_BYTES:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
    found = found if isinstance(found, dict) else {}
    event_id, epoch, seq = found.get("id"), found.get("epoch"), found.get("seq")
    readable = isinstance(event_id, str) and 0 < len(event_id) <= 80 and event_id.isprintable()
    known = isinstance(epoch, str) and _EPOCH.fullmatch(epoch) is not None
    counted = known and type(seq) is int and 0 < seq <= MAX_NUMBER
    return Refusal(
        sender,
        topic,
        body,
        code,
        reason[:400],
        event_id=event_id if readable else None,
        epoch=epoch if known else NO_EPOCH,
        seq=seq if counted else 0,
    )


def _why(error: Exception) -> str:
    """The first fault in one line, without the value that was sent."""
    if not isinstance(error, ValidationError):
        return printable(str(error))
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part)[:40] for part in first["loc"])
    return printable(f"{where}: {first['msg']}" if where else first["msg"])


def printable(text: str) -> str:
    """At most 400 characters that every database and log can hold."""
    return "".join(char if char.isprintable() else "?" for char in text[:400])
