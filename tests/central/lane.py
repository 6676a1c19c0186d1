"""A street over time: events at their moments, people who act, the ticker; for tests of cases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from central import store
from central.cases.moves import Tell
from central.cases.standing import Detail
from central.cases.states import Action, Role
from central.db import Database
from central.intake import TakenState
from central.store.telling import told
from edge.events import BoxState
from tests.central.events import SENDER, SHANGHAI, incident_event, taken


def at(clock: str) -> datetime:
    """A moment of 2026-11-24 in Shanghai, e.g. `at("21:58:10")`; the hours go on after midnight."""
    hours, minutes, seconds = map(int, clock.split(":"))
    midnight = datetime(2026, 11, 24, tzinfo=SHANGHAI)
    return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds)


@dataclass
class Lane:
    """One place, told in the order of the evening; `now` is what central's clock shows."""

    database: Database
    place: str = "FL-0317"
    now: datetime = field(default_factory=lambda: at("21:58:10"))
    tells: list[Tell] = field(default_factory=list)
    _events: int = 0
    _revs: dict[int, int] = field(default_factory=dict)

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self.database.write() as session:
            yield session
            self.tells += told(session)

    def until(self, clock: str) -> None:
        """Let time pass, the ticker ticking at every moment at which something is due."""
        end = at(clock)
        while (due := self._next_due(end)) is not None:
            self.now = max(self.now, due)
            self.tick()
        self.now = end

    def tick(self) -> list[tuple[Action, ...]]:
        """Fire what is due now."""
        with self.database.read() as session:
            waiting = store.due_cases(session, self.now)
        done = []
        for case_id in waiting:
            with self.write() as session:
                done.append(store.fire(session, case_id, self.now))
        return done

    def sees(
        self,
        clock: str,
        stage: str,
        incident: int = 1,
        *,
        since: str = "",
        camera: str = "gate-east",
        **more: Any,
    ) -> str | None:
        """A box tells a stage of an incident; the number of the case it filed."""
        self.until(clock)
        self._events += 1
        rev = self._revs[incident] = self._revs.get(incident, 0) + 1
        began = at(since) if since else self.now
        event = incident_event(
            stage,
            rev,
            number=self._events,
            incident=incident,
            place=self.place,
            camera=camera,
            since=began,
            dwell_s=(self.now - began).total_seconds(),
            **more,
        )
        with self.write() as session:
            return store.merge(session, taken(event), self.now, SHANGHAI).case_no

    def box(self, online: bool = True) -> None:
        """The box reports that it is there, or its will that it is not."""
        state = TakenState(SENDER, BoxState(online=online, boot_id="b1"), False)
        with self.write() as session:
            store.save_state(session, state, self.now)

    def does(
        self,
        clock: str,
        action: Action,
        role: Role = "handler",
        *,
        number: str = "",
        reason: str = "",
        org: str | None = None,
        to: str = "",
        **said: Any,
    ) -> store.Case:
        """Somebody (a handler of its lead, or of `org`) acts on the newest version of the case."""
        self.until(clock)
        case = self.case(number)
        note = said.pop("note", "现场已清理" if action == "handle" else "")
        request = store.ActionRequest(
            action,
            role,
            case.version,
            reason=reason,
            note=note,
            role=role,
            org=case.lead if org is None and role == "handler" else org or "",
            said=Detail(org=to, **said),
        )
        with self.write() as session:
            return store.act(session, case.case_no, request, self.now)

    def case(self, case_no: str = "") -> store.Case:
        """The case of this number, else the first one that is not merged."""
        with self.database.read() as session:
            numbers = [case_no] if case_no else [self.cases()[0].case_no]
            (found,) = store.cases_by_no(session, numbers)
        return found

    def allowed(self, role: Role) -> tuple[Action, ...]:
        """What somebody of this role is offered at the case now."""
        with self.database.read() as session:
            who = store.Person("somebody", role)
            found = store.get_case(session, self.case().case_no, who)
        assert found is not None
        return found.case.allowed

    def cases(self) -> list[store.Case]:
        """Cases that are not merged into others, the oldest first."""
        with self.database.read() as session:
            found = store.list_cases(session, store.CaseFilter(), store.Page()).items
        return [case for case in found[::-1] if case.state != "merged"]

    def log(self, case_no: str = "") -> list[str]:
        """The actions of the case's log."""
        with self.database.read() as session:
            found = store.get_case(session, self.case(case_no).case_no)
        assert found is not None
        return [entry.action for entry in found.log]

    def sound(self) -> bool:
        """Whether every log is unbroken and every case is what its log says."""
        with self.database.read() as session:
            return list(store.check_logs(session)) == []

    def _next_due(self, end: datetime) -> datetime | None:
        with self.database.read() as session:
            return store.next_due(session, end)
