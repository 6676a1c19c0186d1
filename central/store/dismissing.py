"""Pairs of which somebody said "not the same thing": kept for good, taken back only by people."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, exists, or_, select
from sqlalchemy.orm import Session

from central.appeal_tables import AppealTable
from central.audit import Noted
from central.case_tables import CaseTable, DismissedPairTable
from central.cases.moves import Refused
from central.cases.suggesting import may_merge
from central.filing import APPEALS
from central.store.audit import note
from central.store.sight import NotFound, seen_appeals, seen_cases
from central.store.sql import add_new
from central.store.types import Person

Pair = tuple[str, str]
"""The numbers of two cases, or of a case and an appeal, in any order."""
SHOWN = 50
"""How many of them a page lists, the newest ones."""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """What is not the same thing, who said so and when."""

    number: str
    by: str
    at: datetime


def dismiss(session: Session, pair: Pair, who: Person, address: str, now: datetime) -> None:
    """Keep that the two are not the same; again changes nothing. Raises NotFound or Refused."""
    _check(session, pair, who)
    if keep_apart(session, pair, who.name, now):
        _note(session, Noted(now, who.name, "pair_dismissed", pair[0], address), pair[1])


def restore(session: Session, pair: Pair, who: Person, address: str, now: datetime) -> None:
    """Take it back; what was not said changes nothing. Raises NotFound or Refused."""
    _check(session, pair, who)
    one, two = sorted(pair)
    table = DismissedPairTable
    gone = delete(table).where(table.one == one, table.two == two).returning(table.one)
    if session.scalar(gone) is not None:
        _note(session, Noted(now, who.name, "pair_restored", pair[0], address), pair[1])


def keep_apart(session: Session, pair: Pair, by: str, now: datetime) -> bool:
    """Keep a pair unless it is there; whether it was new."""
    one, two = sorted(pair)
    return add_new(session, DismissedPairTable, {"one": one, "two": two, "at": now, "by": by})


def partners_of(number: str) -> Select[str]:
    """A query for the numbers that are not the same thing as this one."""
    return select(_other(number)).where(_has(number))


def dismissed_of(session: Session, number: str) -> tuple[Dismissed, ...]:
    """What is not the same thing as this one and may be seen, the newest first."""
    other, table = _other(number), DismissedPairTable
    seen = or_(
        exists().where(CaseTable.case_no == other, *seen_cases(session)),
        exists().where(AppealTable.appeal_no == other, *seen_appeals(session)),
    )
    rows = session.execute(
        select(other, table.by, table.at)
        .where(_has(number), seen)
        .order_by(table.at.desc(), other)
        .limit(SHOWN)
    )
    return tuple(Dismissed(*row) for row in rows)


def is_appeal(number: str) -> bool:
    """Whether a number is that of an appeal."""
    return number.startswith(f"{APPEALS}-")


def _note(session: Session, noted: Noted, other: str) -> None:
    note(session, replace(noted, detail={"other": other}))


def _check(session: Session, pair: Pair, who: Person) -> None:
    """Both are there for whoever asks, and may be said to be the same or not by them."""
    first, second = pair
    _check_there(session, first)
    if first == second or (is_appeal(first) and is_appeal(second)):
        raise Refused("no_pair", "a pair is two cases, or a case and an appeal")
    _check_there(session, second)
    if not is_appeal(first) and not is_appeal(second) and not may_merge(who.role):
        raise Refused("role", f"a {who.role} may not say whether two cases are one")


def _check_there(session: Session, number: str) -> None:
    appeal = select(AppealTable.id).where(AppealTable.appeal_no == number, *seen_appeals(session))
    of_case = select(CaseTable.id).where(CaseTable.case_no == number, *seen_cases(session))
    if session.scalar(appeal if is_appeal(number) else of_case) is None:
        raise NotFound(number)


def _has(number: str) -> ColumnElement[bool]:
    return or_(DismissedPairTable.one == number, DismissedPairTable.two == number)


def _other(number: str) -> Any:
    table = DismissedPairTable
    return case((table.one == number, table.two), else_=table.one)
