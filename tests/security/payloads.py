"""MQTT payloads as nobody should send them: mutated bytes and sound but hostile JSON (goal B1).

Everything comes from one seed, so a payload that broke something can be made again.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from edge.events import BoxState, to_json
from tests.central.events import TOPIC, device_event, incident_event, picture, ref, uid

STATE_TOPIC = "jinmu/v1/pujin/box-01/state"
TOPICS = (
    TOPIC, TOPIC, TOPIC, TOPIC, STATE_TOPIC, STATE_TOPIC,
    "jinmu/v1/pujin/box-02/event", "jinmu/v1/pu jin/box-01/event", "jinmu/v1//box-01/event",
    "jinmu/v1/pujin/box-01/ack", "jinmu/v1/pujin/../event", "jinmu/v2/pujin/box-01/event",
    "a" * 300, "jinmu/v1/pujin/box-01/event/x", "名/字",
)  # fmt: skip
TEXTS = (
    "", "\u202e\u2066gnp.exe", "\ud800", "\x00", "\x1b[31m", "'; DROP TABLE cases; --", "${jndi:x}",
    "<script>alert(1)</script>", "{{7*7}}", "../../etc/passwd", "x" * 5000, "\U0001f525" * 40,
    "\r\nSet-Cookie: a=b", "%s%n", "NaN", "1e400", "null", "\ufeff", "ﷺ" * 30, "﷽" * 200,
)  # fmt: skip
NUMBERS = (
    0, -1, 1, 2**31, 2**53, 2**53 + 1, 2**63, -(2**63), 10**40, 1e308, 1e-320, -0.0,
    float("nan"), float("inf"), float("-inf"), True, "5", "0x10",
)  # fmt: skip
TIMES = (
    "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
    "2026-02-30T00:00:00Z", "2026-11-24T25:00:00Z", "2026-11-24T21:59:10", "2026-11-24T21:59:60Z",
    "2126-01-01T00:00:00Z", "-000001-01-01T00:00:00Z", 1e18, -5, "2026-11-24T21:59:10+99:99",
)  # fmt: skip
VALUES: tuple[Any, ...] = (*TEXTS, *NUMBERS, *TIMES, None, [], {}, [[]], {"": {}})


def payloads(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` topics and payloads; the same for the same seed."""
    chance = random.Random(seed)
    seeds = _sound()
    for number in range(count):
        name, body = chance.choice(seeds)
        body = _numbered(body, number)
        for _ in range(chance.randint(1, 3)):
            body = chance.choice(MUTATIONS)(chance, body)
        yield (name if chance.random() < 0.8 else chance.choice(TOPICS)), body


def _sound() -> list[tuple[str, bytes]]:
    state = BoxState(online=True, boot_id="b1", version="0.1.0", outbox_depth=3)
    return [
        (TOPIC, to_json(incident_event(evidence=[ref(picture())]))),
        (TOPIC, to_json(incident_event("warned", 1))),
        (TOPIC, to_json(incident_event("cleared", 4))),
        (TOPIC, to_json(device_event(3))),
        (STATE_TOPIC, to_json(state)),
    ]


def _numbered(body: bytes, number: int) -> bytes:
    """Another event and incident each time, so that not all are duplicates."""
    message = json.loads(body)
    if "id" in message:
        message |= {"id": uid(number + 1000), "seq": number % 5000 + 1}
        if "incident_id" in message["data"]:
            message["data"]["incident_id"] = uid((number % 700) << 24)
    return json.dumps(message).encode()


def _flip(chance: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(chance: random.Random, body: bytes) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _splice(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) + 1)
    junk = chance.choice(
        (b"\x00", b"\xff\xfe", b"\\u0000", b"\\ud800", b"}", b"[", b",", b'"id":1,')
    )
    return body[:at] + junk * chance.randint(1, 20) + body[at:]


def _member(chance: random.Random, body: bytes) -> bytes:
    """Replace, remove or add a member somewhere; bytes that are no JSON stay as they are."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return body
    place = message
    while isinstance(place, dict) and place and chance.random() < 0.6:
        inner = place[chance.choice(sorted(place))]
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if not isinstance(inner, dict) or not inner:
            break
        place = inner
    if not isinstance(place, dict):
        return body
    name = chance.choice([*sorted(place), "extra", "__proto__", "", "\u202e"])
    match chance.randrange(4):
        case 0:
            place.pop(name, None)
        case 1:
            place[name] = [place.get(name)] * chance.choice((1, 2, 70))
        case _:
            place[name] = chance.choice(VALUES)
    return json.dumps(message).encode("utf-8", "surrogatepass")


def _doubled(chance: random.Random, body: bytes) -> bytes:
    """A member twice: the second one would win in a careless reader."""
    return body.replace(b"{", b'{"id": "%d", "seq": 1, ' % chance.randrange(9), 1)


def _deep(chance: random.Random, body: bytes) -> bytes:
    depth = chance.choice((100, 2000, 10_000))
    opening, closing = chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return body.replace(
        b'"data": ', b'"data": ' + opening * depth + b"1" + closing * depth + b", ", 1
    )


def _large(chance: random.Random, body: bytes) -> bytes:
    return body + b" " * chance.choice((16_000, 70_000, 300_000))


def _recoded(chance: random.Random, body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    return text.encode(chance.choice(("utf-16", "utf-32", "utf-7", "utf-8-sig")), "replace")


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip, _flip, _cut, _splice, _member, _member, _member, _member, _doubled, _deep, _recoded,
    _large,
)  # fmt: skip
