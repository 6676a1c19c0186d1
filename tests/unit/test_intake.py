"""Whatever bytes come, the answer is an event, a state or a refusal that says why."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.intake import NO_EPOCH, Refusal, Taken, TakenState, take
from edge.events import BoxState, to_json
from tests.central.events import EPOCH, TOPIC, device_event, incident_event, uid

STATE_TOPIC = "jinmu/v1/pujin/box-01/state"


def changed(**changes: Any) -> bytes:
    """A sound event with some members replaced."""
    return json.dumps(json.loads(to_json(incident_event())) | changes).encode()


def changed_data(**changes: Any) -> bytes:
    message = json.loads(to_json(incident_event()))
    message["data"] |= changes
    return json.dumps(message).encode()


def test_sound_messages_are_taken() -> None:
    event = incident_event()
    item = take(TOPIC, to_json(event))
    assert isinstance(item, Taken)
    assert item.event == event
    assert isinstance(take(TOPIC, to_json(device_event(3))), Taken)
    state = take(STATE_TOPIC, to_json(BoxState(online=True, boot_id="b")), retained=True)
    assert isinstance(state, TakenState)
    assert state.retained


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        (b"", "malformed", False),
        (b"\xff\xfe\x00", "malformed", False),
        (b"[" * 10_000, "malformed", False),
        (b'{"id": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", "malformed", False),
        (b"null", "malformed", False),
        (changed(extra=1), "malformed", True),
        (changed(type="jinmu.other.v1"), "malformed", True),
        (changed(time="2026-11-24T21:59:10"), "malformed", True),  # no offset
        (changed(time="9999-12-31T23:59:59-12:00"), "out_of_range", True),
        (changed(time="0001-01-01T00:00:00+12:00"), "out_of_range", True),
        (changed(seq=2**60), "out_of_range", True),
        (changed(source="/pujin/box-02/gate-east"), "wrong_box", True),
        (changed(source="/other/box-01/gate-east"), "wrong_box", True),
        (changed(id="not-a-uuid"), "malformed", True),
        (changed_data(rev=2**60), "out_of_range", True),
        (changed_data(rev=0), "malformed", True),
        (changed_data(reason="\x00"), "malformed", True),
        (changed_data(reason="\ud800"), "malformed", True),
        (changed_data(dwell_s=float("nan")), "malformed", True),
        (changed_data(dwell_s=-1), "malformed", True),
        (to_json(incident_event()).replace(b'"seq":', b'"seq":4,"seq":'), "malformed", True),
        (changed_data(reason="x" * 20_000), "too_large", True),
        (b"x" * 100_000, "too_large", False),
    ],
)
def test_bad_events_are_refused_with_a_reason(body: bytes, code: str, named: bool) -> None:
    item = take(TOPIC, body)
    assert isinstance(item, Refusal)
    assert item.code == code
    assert item.reason
    assert item.reason.isprintable()
    assert (item.event_id is not None) is named
    if named:
        assert item.epoch == EPOCH


def test_the_refusal_does_not_repeat_what_was_sent() -> None:
    item = take(TOPIC, changed(time="secret-text"))
    assert isinstance(item, Refusal)
    assert "secret-text" not in item.reason


@pytest.mark.parametrize(
    "topic", ["jinmu/v1/pujin/event", "jinmu/v1/PUJIN/box-01/event", "a/b", "jinmu/v1/p/b\n/event"]
)
def test_foreign_topics_belong_to_nobody(topic: str) -> None:
    item = take(topic, to_json(incident_event()))
    assert isinstance(item, Refusal)
    assert item.sender is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"online": true}',
        b'{"online": true, "boot_id": "b", "outbox_depth": 99999999999999999999999}',
        b'{"online": true, "boot_id": "b\\u0000"}',
        b'{"online": true, "boot_id": "b", "time": "0001-01-01T00:00:00+12:00"}',
    ],
)
def test_bad_states_are_refused(body: bytes) -> None:
    item = take(STATE_TOPIC, body)
    assert isinstance(item, Refusal)
    assert item.code == "malformed_state"


def test_an_unreadable_epoch_and_number_are_left_out() -> None:
    item = take(TOPIC, json.dumps({"id": uid(1), "epoch": "' OR 1", "seq": True}).encode())
    assert isinstance(item, Refusal)
    assert (item.event_id, item.epoch, item.seq) == (uid(1), NO_EPOCH, 0)


SOUND = to_json(incident_event())


@given(st.binary(max_size=200), st.integers(0, len(SOUND) - 1), st.integers(0, 60))
def test_no_bytes_whatever_raise(junk: bytes, at: int, cut: int) -> None:
    for topic in (TOPIC, STATE_TOPIC, "x"):
        take(topic, junk)
        take(topic, SOUND[:at] + junk + SOUND[at + cut :])
