"""Cases under everything at once: events in any order, people, timers; what must hold always holds.

`JINMU_RUNS=2000 pytest tests/property/test_case_machine.py` runs it as often as a release needs.
"""

import os
import tempfile
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from central import store
from central.case_tables import CaseIncidentTable, CaseTable, TimerTable
from central.cases.moves import Refused
from central.cases.standing import Detail
from central.cases.states import ACTIONS, ENDED, REJECT_REASONS, ROLES, Action, Role
from central.cases.timers import timers
from central.db import Database
from central.intake import Taken
from central.store.live import Live, children_of
from central.tables import IncidentTable
from tests.central.databases import SCRATCH
from tests.central.events import NOW, SHANGHAI, incident_event, taken
from tests.property.test_merge import contents, template

RUNS = int(os.environ.get("JINMU_RUNS", "5"))
PLACES = ("FL-1", "FL-2")
PEOPLE = [role for role in ROLES if role not in ("observer", "system")]


class Street(RuleBasedStateMachine):
    """Two places, two cameras, a clock that goes on, whoever may act."""

    @initialize()
    def open(self) -> None:
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH))
        with open(f"{folder}/t.db", "wb") as file:
            file.write(template())
        self.database = Database(f"sqlite:///{folder}/t.db")
        self.stack.callback(self.database.close)
        self.now = NOW
        self.told: list[Taken] = []
        self.alive: dict[int, tuple[str, str, datetime, int]] = {}

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.close()

    @rule(
        place=st.sampled_from(PLACES), camera=st.sampled_from(["east", "west"]), files=st.booleans()
    )
    def begins(self, place: str, camera: str, files: bool) -> None:
        number = len(self.alive) + 1
        self.alive[number] = (place, camera, self.now, 0)
        self._tell(number, "confirmed" if files else "warned")

    @rule(data=st.data(), stage=st.sampled_from(["confirmed", "ongoing", "cleared"]))
    def goes_on(self, data: st.DataObject, stage: str) -> None:
        if self.alive:
            self._tell(data.draw(st.sampled_from(sorted(self.alive))), stage)

    @rule(data=st.data())
    def comes_again(self, data: st.DataObject) -> None:
        """A message that was taken in before changes nothing but when its box was heard."""
        if self.told:
            known = data.draw(st.sampled_from(self.told))
            before = contents(self.database)
            self._take_in(known)
            assert contents(self.database) | {"boxes": before["boxes"]} == before

    @rule(minutes=st.sampled_from([0.5, 1, 5, 11, 31, 70, 600]))
    def time_goes_by(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def ticks(self) -> None:
        with self.database.read() as session:
            waiting = store.due_cases(session, self.now)
        for case_id in waiting:
            with self.database.write() as session:
                store.fire(session, case_id, self.now)
        with self.database.write() as session:
            for case_id in store.due_cases(session, self.now):
                assert store.fire(session, case_id, self.now) == (), "a timer fires once"

    @rule(data=st.data(), role=st.sampled_from(PEOPLE), action=st.sampled_from(ACTIONS))
    def somebody_acts(self, data: st.DataObject, role: Role, action: Action) -> None:
        """Granted or refused with a reason; nothing else ever comes of it."""
        with self.database.read() as session:
            cases = store.list_cases(session, store.CaseFilter(), store.Page()).items
        if not cases:
            return
        case = data.draw(st.sampled_from(cases))
        other = data.draw(st.sampled_from(cases)).case_no
        reason = {"reject": data.draw(st.sampled_from(REJECT_REASONS)), "void": "test"}
        said = Detail(org="物业", until=self.now + timedelta(days=1), case_no=other)
        request = store.ActionRequest(
            action, role, case.version, reason.get(action, ""), "说明", role=role, said=said
        )
        before = contents(self.database)
        try:
            with self.database.write() as session:
                store.act(session, case.case_no, request, self.now)
        except Refused:
            assert contents(self.database) == before

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.read() as session:
            assert list(store.check_logs(session)) == []
            self._everybody_has_a_case(session)
            for case in session.scalars(select(CaseTable)):
                self._case_holds(session, case)

    def _everybody_has_a_case(self, session: Session) -> None:
        placed = set(session.scalars(select(CaseIncidentTable.incident_id)))
        filing = select(IncidentTable.incident_id).where(
            IncidentTable.files, IncidentTable.braked.is_(False)
        )
        assert set(session.scalars(filing)) <= placed

    def _case_holds(self, session: Session, case: CaseTable) -> None:
        kept = {
            row.action: row.level
            for row in session.scalars(select(TimerTable).where(TimerTable.case_id == case.id))
        }
        live = Live(session, case)
        live.look(children_of(session, case.id))
        assert kept == {one.action: one.level for one in timers(live.standing, live.sensor)}
        if case.state in ENDED:
            assert not kept
        if case.state == "merged":
            assert case.merged_into is not None
            assert children_of(session, case.id) == []
        if live.standing.times.filed_at is not None:
            assert None not in (case.official_at, case.internal_at, case.accept_at)

    def _tell(self, number: int, stage: str) -> None:
        place, camera, since, rev = self.alive[number]
        self.alive[number] = (place, camera, since, rev + 1)
        event = incident_event(
            stage,
            rev + 1,
            number=len(self.told) + 1,
            incident=number,
            place=place,
            camera=camera,
            since=since,
            dwell_s=(self.now - since).total_seconds(),
        )
        self.told.append(taken(event))
        self._take_in(self.told[-1])

    def _take_in(self, event: Taken) -> None:
        with self.database.write() as session:
            store.merge(session, event, self.now, SHANGHAI)


Street.TestCase.settings = settings(
    max_examples=RUNS,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestStreet: Any = Street.TestCase
