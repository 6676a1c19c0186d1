"""Cases of devices: filed when a fault lasts, closed when it is over, once; storms that pass."""

from datetime import timedelta

import pytest

from central import store
from central.cases.states import Action
from central.db import Database
from central.intake import TakenState
from central.ticker import tick
from central.town.importing import Author, make_example
from edge.events import BoxState
from tests.central.events import NOW, SENDER, SHANGHAI, SINCE, device_event, incident_event, taken
from tests.central.lane import Lane


class Clock:
    """A ticker's hours in one line."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, SINCE
        self._number = 0
        with database.write() as session:
            make_example(session, Author("test", SINCE))
        self.box()

    def box(self, online: bool = True) -> None:
        state = TakenState(SENDER, BoxState(online=online, boot_id="b1"), False)
        with self.database.write() as session:
            store.save_state(session, state, self.now)

    def says(self, condition: str, state: str = "raised") -> None:
        self._number += 1
        event = device_event(self._number, state, condition)
        data = event.data.model_copy(update={"since": self.now})
        event = event.model_copy(update={"time": self.now, "data": data})
        with self.database.write() as session:
            store.merge(session, taken(event), self.now, SHANGHAI)

    def passes(self, minutes: int) -> None:
        for _ in range(minutes):
            self.now += timedelta(minutes=1)
            tick(self.database, lambda: self.now, SHANGHAI)

    def cases(self) -> list[store.Case]:
        with self.database.read() as session:
            return list(store.list_cases(session, store.CaseFilter(), store.Page()).items)[::-1]

    def log(self, case_no: str) -> list[str]:
        with self.database.read() as session:
            found = store.get_case(session, case_no)
        assert found is not None
        return [row.action for row in found.log]

    def acts(self, action: Action, note: str = "") -> None:
        (case,) = [one for one in self.cases() if one.status == "open"]
        request = store.ActionRequest(
            action, "li", case.version, role="handler", note=note, org=case.lead
        )
        with self.database.write() as session:
            store.act(session, case.case_no, request, self.now)


@pytest.fixture
def clock(database: Database) -> Clock:
    return Clock(database)


def test_a_covered_lens_is_a_case_of_operations_and_closes_by_itself(clock: Clock) -> None:
    clock.says("covered")
    clock.passes(4)
    assert clock.cases() == []
    clock.passes(2)
    (case,) = clock.cases()
    assert (case.scene, case.severity, case.place) == ("device", "fault", "gate-east")
    assert (case.lead, case.state) == ("operations", "dispatched")
    assert case.deadlines.official_at is not None
    clock.passes(10)
    assert len(clock.cases()) == 1
    clock.says("covered", "cleared")
    clock.passes(12)
    (case,) = clock.cases()
    assert (case.state, case.close_reason) == ("closed", "self_cleared")


def test_somebody_who_went_there_is_checked_by_the_camera(clock: Clock) -> None:
    clock.says("moved")
    clock.passes(6)
    clock.acts("accept")
    clock.acts("handle", note="支架已拧紧")
    clock.passes(2)
    (case,) = clock.cases()
    assert (case.state, case.reworks) == ("accepted", 1)
    clock.says("moved", "cleared")
    clock.passes(1)
    clock.acts("handle", note="已重新对准")
    clock.passes(2)
    (case,) = clock.cases()
    assert (case.state, case.close_reason) == ("closed", "handled")
    with clock.database.read() as session:
        assert list(store.check_logs(session)) == []


def test_a_box_that_is_away_is_one_case_whatever_its_cameras_say(clock: Clock) -> None:
    clock.says("no_signal")
    clock.box(online=False)
    clock.passes(6)
    (case,) = clock.cases()
    assert case.place == "box-01"
    clock.box()
    clock.says("no_signal", "cleared")
    clock.passes(2)
    assert "cleared" in clock.log(case.case_no)
    clock.box(online=False)
    clock.passes(1)
    assert clock.log(case.case_no)[-1] == "occupied"
    assert len(clock.cases()) == 1


def test_a_trouble_that_comes_back_later_is_a_new_case_and_one_that_was_told_is_not(
    clock: Clock,
) -> None:
    clock.says("frozen")
    clock.passes(6)
    clock.says("frozen", "cleared")
    clock.passes(15)
    clock.says("dark")
    clock.passes(30)
    assert len(clock.cases()) == 1
    clock.says("frozen")
    clock.passes(6)
    assert [case.state for case in clock.cases()] == ["closed", "dispatched"]


def test_what_still_stands_when_a_storm_is_over_becomes_a_case(database: Database) -> None:
    lane = Lane(database)
    lane.box()
    with lane.write() as session:
        for n in range(1, 13):
            since = NOW + timedelta(seconds=30 * n)
            place = "FL-0317" if n < 12 else "FL-0318"
            event = incident_event(number=n, incident=n, since=since, place=place, camera="gate")
            store.merge(session, taken(event), since, SHANGHAI)
    assert "FL-0318" not in {case.place for case in lane.cases()}
    last = NOW + timedelta(seconds=360)
    for number, (minutes, expected) in enumerate(((1, False), (30, True)), 20):
        event = incident_event(
            "ongoing", number, number=number, incident=12, since=last, place="FL-0318",
            camera="gate", dwell_s=60.0 * minutes,
        )  # fmt: skip
        event = event.model_copy(update={"time": last + timedelta(minutes=minutes)})
        with lane.write() as session:
            store.merge(session, taken(event), event.time, SHANGHAI)
        assert ("FL-0318" in {case.place for case in lane.cases()}) is expected
