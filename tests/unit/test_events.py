"""The wire contract: committed schema, example messages, and what is refused."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.events import (
    MAX_EVENT_BYTES,
    Ack,
    DeviceEvent,
    IncidentEvent,
    box_of_topic,
    parse_event,
    to_json,
    topic,
)
from tests.support import ROOT

EXAMPLE = {
    "specversion": "1.0",
    "id": "01a20ddb-b810-70e1-8677-7211d930808e",
    "source": "/pujin/box-01/gate-east",
    "type": "jinmu.incident.v1",
    "time": "2026-11-24T21:59:10.120+08:00",
    "subject": "FL-0317",
    "datacontenttype": "application/json",
    "seq": 193847,
    "epoch": "2bee1313f90b494ba8c4f3e7ad6ed604",
    "data": {
        "incident_id": "01a20ddb-b810-75de-9c39-1e34d0646b77",
        "rev": 3,
        "scene": "fire_lane",
        "stage": "confirmed",
        "severity": "occupied",
        "since": "2026-11-24T21:54:10.120+08:00",
        "dwell_s": 300.0,
        "observed_s": 291.0,
        "measures": {
            "coverage": 0.42,
            "clear_width_m": {"est": 2.9, "lo": 2.5, "hi": 3.3},
            "vehicles": [{"class": "car", "score": 0.71, "box": [0.12, 0.15, 0.32, 0.49]}],
        },
        "evidence": [
            {
                "sha256": "ab" * 32,
                "role": "confirmed",
                "bytes": 81234,
                "taken_at": "2026-11-24T21:59:10.120+08:00",
            }
        ],
        "rule": {
            "digest": "8d52c2608bf3a5d3",
            "thresholds": {"warn_after_s": 60, "file_after_s": 300},
        },
        "model": {"name": "nanodet-g-416", "sha256": "04" * 32},
        "clock": {"synchronised": True, "offset_ms": 12},
    },
}
DEVICE = {
    "id": "01a20ddb-b810-70e1-8677-7211d930808f",
    "source": "/pujin/box-01/gate-east",
    "type": "jinmu.device.v1",
    "time": "2026-11-24T21:59:10.120+08:00",
    "subject": "gate-east",
    "data": {"condition": "no_signal", "state": "raised", "since": "2026-11-24T21:59:00+08:00"},
}


def changed(path, value):
    """The example with one leaf replaced (or removed, for `...`)."""
    copy = json.loads(json.dumps(EXAMPLE))
    node = copy
    for part in path[:-1]:
        node = node[part]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return json.dumps(copy).encode()


def test_the_committed_schema_is_that_of_the_code():
    done = subprocess.run([ROOT / "scripts" / "write_schema", "--check"], check=False)
    assert done.returncode == 0, "run scripts/write_schema and look at the difference"


def test_the_designs_example_is_understood_and_comes_back_the_same():
    event = parse_event(json.dumps(EXAMPLE).encode())
    assert isinstance(event, IncidentEvent)
    assert event.stream == "gate-east"
    again = json.loads(to_json(event))
    for key, value in EXAMPLE["data"]["measures"].items():
        if key != "vehicles":
            assert again["data"]["measures"][key] == value
    (vehicle,), (given,) = (
        again["data"]["measures"]["vehicles"],
        EXAMPLE["data"]["measures"]["vehicles"],
    )
    assert {key: vehicle[key] for key in given} == given
    assert parse_event(to_json(event)) == event


def test_a_device_event():
    event = parse_event(json.dumps(DEVICE).encode())
    assert isinstance(event, DeviceEvent)
    assert event.data.condition == "no_signal"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), "not-a-uuid"),
        (("id",), "01a20ddb-b810-40e1-8677-7211d930808e"),  # version 4
        (("id",), ...),
        (("source",), "/pujin/../etc"),
        (("type",), "jinmu.incident.v2"),
        (("time",), "2026-11-24T21:59:10"),  # no offset
        (("subject",), "FL/0317"),
        (("subject",), "<script>"),
        (("seq",), -1),
        (("epoch",), "x y"),
        (("extra",), 1),
        (("data", "rev"), 0),
        (("data", "stage"), "resolved"),
        (("data", "scene"), "barbecue"),
        (("data", "dwell_s"), -1),
        (("data", "dwell_s"), float("nan")),
        (("data", "dwell_s"), float("inf")),
        (("data", "measures", "coverage"), 1.5),
        (("data", "measures", "vehicles", 0, "box"), [0, 0, 1]),
        (("data", "evidence", 0, "sha256"), "AB" * 32),
        (("data", "evidence", 0, "role"), "../x"),
        (("data", "rule"), ...),
    ],
)
def test_what_is_not_exactly_an_event_is_refused(path, value):
    with pytest.raises(ValueError, match=r".+"):
        parse_event(changed(path, value))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Expecting value"),
        (b"\xff\xfe", "utf"),
        (b"[" * 100_000, "bytes"),
        (b"[" * 15_000, "nested"),
        (b'{"id": 1, "id": 2}', "twice"),
        (b"null", "Input"),
        (b"x" * (MAX_EVENT_BYTES + 1), "bytes"),
    ],
)
def test_bytes_that_are_no_event(body, said):
    with pytest.raises(ValueError, match=said):
        parse_event(body)


@given(st.binary(max_size=400))
def test_no_bytes_make_anything_but_a_value_error(body):
    with pytest.raises(ValueError, match=r".*"):
        parse_event(body)


@given(st.sampled_from(range(len(json.dumps(EXAMPLE)))), st.integers(0, 255))
def test_one_changed_byte_gives_an_event_or_a_value_error(position, byte):
    body = bytearray(json.dumps(EXAMPLE).encode())
    body[position] = byte
    try:
        parse_event(bytes(body))
    except ValueError:
        return


def test_topics():
    assert topic("pujin", "box-01", "ack") == "jinmu/v1/pujin/box-01/ack"
    assert box_of_topic("jinmu/v1/pujin/box-01/event") == ("pujin", "box-01")
    for wrong in ("jinmu/v1/pujin/event", "other/v1/a/b/event", "jinmu/v2/a/b/event", ""):
        with pytest.raises(ValueError, match="not a topic"):
            box_of_topic(wrong)


def test_an_empty_acknowledgement_is_short():
    assert to_json(Ack(epoch="2bee1313")).startswith(b'{"epoch":"2bee1313"')
