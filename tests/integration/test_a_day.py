"""24 hours of a street with everything that goes wrong on the way: exactly the cases that were.

Two boxes whose cameras overlap, incidents that break apart (a track lost and found again), messages
that come twice or thrice and out of order, one box cut off for two hours.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, pairwise

from sqlalchemy import func, select

from central import store
from central.case_tables import CaseIncidentTable, CaseTable
from central.db import Database
from central.intake import Sender, Taken
from central.tables import EventTable
from tests.central.events import SHANGHAI, incident_event, taken, uid

SEED = 24
DAWN = datetime(2026, 11, 24, 4, 30, tzinfo=SHANGHAI)
CUT = (timedelta(hours=5), timedelta(hours=7))  # box-02, after dawn
LATE = timedelta(seconds=40)
NIGHT = 9000
OVERLAP = (timedelta(), timedelta(seconds=7))
PLACES = {
    "FL-1": ("box-01", "box-02"),
    "FL-2": ("box-01",),
    "FL-3": ("box-02",),
    "FL-4": ("box-02", "box-01"),
}
STAGES = (
    ("warned", timedelta(minutes=1)),
    ("confirmed", timedelta(minutes=5)),
    ("ongoing", timedelta(minutes=12)),
)


@dataclass(frozen=True)
class Stay:
    """What one camera saw as one incident, in time after dawn."""

    number: int
    place: str
    box: str
    begin: timedelta
    end: timedelta

    @property
    def incident_id(self) -> str:
        return uid(self.number << 24)

    def events(self, numbers: Iterator[int]) -> list[Taken]:
        """Its messages in the order in which they were made."""
        length = self.end - self.begin
        stages = [(name, at) for name, at in STAGES if at < length] + [("cleared", length)]
        return [
            taken(
                incident_event(
                    stage,
                    rev,
                    number=next(numbers),
                    incident=self.number,
                    box=self.box,
                    place=self.place,
                    camera=f"{self.place.lower()}-{self.box}",
                    since=DAWN + self.begin,
                    dwell_s=at.total_seconds(),
                ),
                Sender("pujin", self.box),
            )
            for rev, (stage, at) in enumerate(stages, start=1)
        ]


@dataclass(frozen=True)
class Delivery:
    """A message as it comes to central."""

    at: datetime
    message: Taken


def truth(dice: random.Random) -> list[list[Stay]]:
    """What belongs together: the vehicles' stays, and one that stands there while a day ends."""
    found = [stays for place in PLACES for stays in occupations(dice, place)]
    return [*found, [Stay(NIGHT, "FL-6", "box-01", timedelta(hours=23), timedelta(hours=23.8))]]


def occupations(dice: random.Random, place: str) -> Iterator[list[Stay]]:
    """One after the other at a place, each as the pieces that its cameras tell."""
    begin = timedelta(minutes=dice.uniform(5, 40))
    numbers = count(1000 * int(place[-1]))
    while begin < timedelta(hours=21):
        length = timedelta(minutes=dice.uniform(6, 80))
        pieces = list(churned(dice, begin, length))
        yield [
            Stay(next(numbers), place, box, start + shift, end + shift)
            for start, end in pieces
            for box, shift in zip(PLACES[place], OVERLAP, strict=False)
        ]
        begin = pieces[-1][1] + timedelta(minutes=dice.uniform(32, 70))


def churned(
    dice: random.Random, begin: timedelta, length: timedelta
) -> Iterator[tuple[timedelta, timedelta]]:
    """An occupation as a bad tracker tells it.

    Any piece goes on within ten minutes; one that comes after the case closed by itself has to be
    long enough for a case.
    """
    at, end, shortest_min = begin, begin + length, 6.0
    while at < end:
        piece = timedelta(minutes=dice.uniform(shortest_min, 30))
        yield at, at + piece
        closes = dice.random() < 0.3
        shortest_min = 6.0 if closes else 2.0
        at += piece + timedelta(minutes=dice.uniform(11, 28) if closes else dice.uniform(0.5, 9))


def passers(dice: random.Random) -> list[Stay]:
    """Left after the warning, at a place of their own: no case ever."""
    begins = [timedelta(minutes=20 * number + dice.uniform(0, 9)) for number in range(60)]
    return [
        Stay(number, "FL-5", "box-02", begin, begin + timedelta(seconds=dice.uniform(70, 290)))
        for number, begin in enumerate(begins, start=1)
    ]


def deliveries(dice: random.Random, stays: list[Stay]) -> list[Delivery]:
    """Each message one to five times, up to 40 s late; what box-02 made while cut off, after it."""
    numbers = count(1)
    found = []
    for message in (event for stay in stays for event in stay.events(numbers)):
        made_at = message.event.time
        cut_off = message.sender.box == "box-02" and DAWN + CUT[0] <= made_at < DAWN + CUT[1]
        sent_at = DAWN + CUT[1] if cut_off else made_at
        for _ in range(dice.randint(1, 5)):
            found.append(Delivery(sent_at + LATE * dice.random(), message))
    return sorted(found, key=lambda one: one.at)


def play(database: Database, day: list[Delivery]) -> None:
    """Let the day happen, every timer at its moment."""
    for one in day:
        tick(database, one.at)
        with database.write() as session:
            store.merge(session, one.message, one.at, SHANGHAI)
    tick(database, day[-1].at + timedelta(hours=2))


def tick(database: Database, until: datetime) -> None:
    """Fire every timer that is due up to a moment, one after the other."""
    while True:
        with database.read() as session:
            due_at = store.next_due(session, until)
            waiting = store.due_cases(session, due_at) if due_at else []
        if due_at is None:
            return
        for case_id in waiting:
            with database.write() as session:
                store.fire(session, case_id, due_at)


def test_24_hours_of_trouble_give_exactly_the_cases_that_were(database: Database) -> None:
    dice = random.Random(SEED)
    whole = truth(dice)
    day = deliveries(dice, [stay for stays in whole for stay in stays] + passers(dice))
    made = {one.message.event.id for one in day}
    assert len(day) - len(made) >= 1000, "duplicates"
    assert any(later.message.event.time < one.message.event.time for one, later in pairwise(day))

    play(database, day)

    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(EventTable)) == len(made)
        members: dict[int, set[str]] = {}
        for row in session.scalars(select(CaseIncidentTable)):
            members.setdefault(row.case_id, set()).add(row.incident_id)
        states = {row.id: row.state for row in session.scalars(select(CaseTable))}
        assert list(store.check_logs(session)) == []
    expected = [frozenset(stay.incident_id for stay in stays) for stays in whole]
    assert Counter(map(frozenset, members.values())) == Counter(expected)
    assert {states[number] for number in members} == {"closed"}
    assert {state for number, state in states.items() if number not in members} <= {"merged"}
