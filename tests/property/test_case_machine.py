"""Cases under everything at once: events in any order, people, timers; what must hold always holds.

The suite takes a few runs; `JINMU_RUNS=2000 scripts/test tests/property/test_case_machine.py` takes
as many as a release needs, some minutes long.
"""

import os
import tempfile
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
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
from central.town.importing import Author, make_example
from tests.central.databases import SCRATCH
from tests.central.events import NOW, SHANGHAI, incident_event, taken
from tests.property.test_merge import contents, template

RUNS = int(os.environ.get("JINMU_RUNS", "5"))
PLACES = ("FL-0317", "FL-0318")
ORGS = ("", "property-jinyuan", "committee-jinyuan", "district-west", "fire")
NAMES = (*ORGS[1:], "老王物业")
OWN: frozenset[Action] = frozenset({"accept", "return", "ask_extend", "ask_suspend", "assist"})
"""What a handler only does with their own organisation's case."""
PEOPLE = [role for role in ROLES if role not in ("observer", "system")]


@cache
def with_town() -> bytes:
    """An SQLite database with the example town."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        path = Path(folder) / "t.db"
        path.write_bytes(template())
        database = Database(f"sqlite:///{path}")
        with database.write() as session:
            make_example(session, Author("test", NOW))
        database.close()
        return path.read_bytes()


class Street(RuleBasedStateMachine):
    """Two places, two cameras, a clock that goes on, whoever may act, a town or none."""

    @initialize(town=st.booleans())
    def open(self, town: bool) -> None:
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH))
        with open(f"{folder}/t.db", "wb") as file:
            file.write(with_town() if town else template())
        self.database = Database(f"sqlite:///{folder}/t.db")
        self.stack.callback(self.database.close)
        self.now = NOW
        self.orgs = frozenset(ORGS[1:]) if town else frozenset[str]()
        with self.database.read() as session:
            assert self.orgs <= set(store.orgs_of(session))
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

    @rule(
        data=st.data(),
        role=st.sampled_from(PEOPLE),
        action=st.sampled_from(ACTIONS),
        org=st.sampled_from(ORGS),
    )
    def somebody_acts(self, data: st.DataObject, role: Role, action: Action, org: str) -> None:
        """Granted or refused with a reason; nothing else ever comes of it."""
        with self.database.read() as session:
            cases = store.list_cases(session, store.CaseFilter(), store.Page()).items
        if not cases:
            return
        case = data.draw(st.sampled_from(cases))
        other = data.draw(st.sampled_from(cases)).case_no
        reason = {"reject": data.draw(st.sampled_from(REJECT_REASONS)), "void": "test"}
        named = data.draw(st.sampled_from(NAMES))
        note = data.draw(st.sampled_from(["现场已清理", "无"]))
        said = Detail(org=named, until=self.now + timedelta(days=1), case_no=other)
        why = reason.get(action, "")
        request = store.ActionRequest(
            action, role, case.version, why, note, role=role, org=org, said=said
        )
        before = contents(self.database)
        try:
            with self.database.write() as session:
                store.act(session, case.case_no, request, self.now)
        except Refused:
            assert contents(self.database) == before
        else:
            self._was_theirs(case, request)

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.read() as session:
            assert list(store.check_logs(session)) == []
            self._everybody_has_a_case(session)
            for case in session.scalars(select(CaseTable)):
                self._case_holds(session, case)

    def _was_theirs(self, case: store.Case, request: store.ActionRequest) -> None:
        """A handler's own case, an organisation of the town, nobody's own case struck out."""
        action, org = request.action, request.org
        if request.role == "handler" and action in OWN and case.lead:
            assert org == case.lead or (not org and case.lead not in self.orgs)
        if self.orgs and action in ("dispatch", "assist", "return"):
            assert request.said.org in self.orgs
        if action == "void":
            assert not org or org != case.lead

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
        if case.state == "accepted":
            assert case.holder, "somebody's"
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
TestStreet: Any = pytest.mark.timeout(120 + RUNS)(Street.TestCase)
