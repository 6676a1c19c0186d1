"""The box's own conditions, told once; and a clock that a dead battery cannot throw back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.box_health import SETTLE_S, BoxHealth, Probe
from edge.events import DeviceEvent, parse_event
from edge.kept_clock import KEY, KeptClock, known_time
from edge.outbox import Outbox
from tests.delivery import WALL, ManualClock

YEAR_1970 = datetime(1970, 1, 1, tzinfo=UTC)


class Battery(ManualClock):
    """A clock whose wall time can be anything."""

    def __init__(self, wall: datetime) -> None:
        super().__init__()
        self.start = wall

    def wall(self) -> datetime:
        return self.start + timedelta(seconds=self.now_ts - 1000.0)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "outbox.db")
    yield made
    made.close()


def told(outbox: Outbox) -> list[tuple[str, str]]:
    events = [parse_event(row.body) for row in outbox.due(0.0, 100, 10**6)]
    assert all(isinstance(event, DeviceEvent) for event in events)
    return [(event.data.condition, event.data.state) for event in events]  # type: ignore[union-attr]


def probe(holds: bool) -> list[Probe]:
    return [Probe("disk_low", lambda: holds, lambda: "1 MB left")]


def test_a_condition_is_told_once_when_it_comes_and_once_when_it_goes(outbox: Outbox) -> None:
    clock = ManualClock()
    health = BoxHealth("pujin", "box-01", outbox, clock)
    for holds, seconds in ((True, 0), (True, SETTLE_S), (True, 60), (False, 1), (False, SETTLE_S)):
        clock.now_ts += seconds
        health.look(probe(holds))
    assert told(outbox) == [("disk_low", "raised"), ("disk_low", "cleared")]


def test_a_flicker_is_not_told(outbox: Outbox) -> None:
    clock = ManualClock()
    health = BoxHealth("pujin", "box-01", outbox, clock)
    for _ in range(20):
        for holds in (True, False):
            clock.now_ts += SETTLE_S * 0.9
            health.look(probe(holds))
    assert told(outbox) == []


def test_what_was_raised_before_a_restart_is_cleared_after_it(outbox: Outbox) -> None:
    for holds in (True, True, False):
        clock = ManualClock()
        health = BoxHealth("pujin", "box-01", outbox, clock)
        for _ in range(3):
            health.look(probe(holds))
            clock.now_ts += SETTLE_S
    assert told(outbox) == [("disk_low", "raised"), ("disk_low", "cleared")]


def test_a_dead_battery_does_not_throw_time_back(outbox: Outbox) -> None:
    clock = KeptClock(Battery(WALL), outbox, lambda: True)
    clock.keep()
    woken = KeptClock(Battery(YEAR_1970), outbox, lambda: False)
    assert woken.wall() == WALL
    assert woken.behind()
    woken._inner.now_ts += 90.0  # type: ignore[attr-defined]
    assert woken.wall() == WALL + timedelta(seconds=90)
    woken.keep()
    assert known_time(outbox) == WALL + timedelta(seconds=90)


def test_a_clock_that_the_network_sets_is_believed(outbox: Outbox) -> None:
    KeptClock(Battery(WALL + timedelta(days=3650)), outbox, lambda: True).keep()
    clock = KeptClock(Battery(WALL), outbox, lambda: True)
    assert (clock.wall(), clock.behind()) == (WALL, False)


@pytest.mark.parametrize("kept", [b"", b"\xff", b"never"])
def test_a_kept_moment_that_cannot_be_read_is_none(outbox: Outbox, kept: bytes) -> None:
    outbox.save_state({KEY: kept})
    assert KeptClock(Battery(WALL), outbox, lambda: False).wall() == WALL
