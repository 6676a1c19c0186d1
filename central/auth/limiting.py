"""Giving an account or a token its limits, by hand or from the people of the town."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from central.routing.parties import Person
from central.sight import Limits, limits_of
from central.store import note_act
from central.tables import ApiTokenTable, UserTable
from central.town.keeping import load_town


def check_limits(session: Session, limits: Limits) -> None:
    """ValueError when the town has no such grid: the account would see nothing of it."""
    known = load_town(session).atlas.by_id
    unknown = [grid for grid in limits.grids if grid not in known]
    if unknown:
        raise ValueError(f"the town has no grid {', '.join(unknown)}: `jinmu-central import grids`")


def limit_user(session: Session, name: str, limits: Limits | None, now: datetime) -> None:
    """What the account may see from the next request on; None: all. ValueError if unknown."""
    user = session.scalar(select(UserTable).where(UserTable.name == name))
    if user is None:
        raise ValueError(f"there is no user '{name}'")
    _limit(session, user, limits, now)


def limit_token(session: Session, name: str, limits: Limits | None, now: datetime) -> None:
    """What the token and those that were got for it may see; ValueError if unknown."""
    token = session.scalar(select(ApiTokenTable).where(ApiTokenTable.name == name))
    if token is None:
        raise ValueError(f"there is no token '{name}'")
    if limits is not None and token.scope == "box":
        raise ValueError("a box uploads what it sees: its token has no limits")
    _limit(session, token, limits, now)


def limits_in_town(people: Iterable[Person], account: str) -> Limits | None:
    """What the people of the town say of an account; None when they name no grids for it."""
    grids = sorted({grid for one in people if one.account == account for grid in one.grids})
    return Limits(grids=tuple(grids)) if account and grids else None


def limit_by_people(
    session: Session, people: Iterable[Person], now: datetime
) -> list[tuple[str, Limits]]:
    """Give the accounts that are named with grids these; who was limited by it.

    Who is named without grids, or not at all any more, keeps what they have: a file from which a
    cell is gone must not open the whole town to somebody.
    """
    wanted = would_limit(session, people)
    for account, limits in wanted:
        limit_user(session, account, limits, now)
    return wanted


def would_limit(session: Session, people: Iterable[Person]) -> list[tuple[str, Limits]]:
    """Whom `limit_by_people` would give what."""
    known = list(people)
    found = []
    for user in session.scalars(select(UserTable).order_by(UserTable.name)):
        wanted, has = limits_in_town(known, user.name), limits_of(user.limits)
        if wanted is not None:
            limits = Limits(wanted.grids, has.cameras if has else ())
            found += [(user.name, limits)] if has != limits else []
    return found


def told(limits: Limits | None) -> dict[str, str]:
    """The limits for the audit log."""
    if limits is None:
        return {}
    return {"grids": ", ".join(limits.grids), "cameras": ", ".join(limits.cameras)}


def _limit(
    session: Session, row: UserTable | ApiTokenTable, limits: Limits | None, now: datetime
) -> None:
    row.limits = None if limits is None else limits.body()
    kind = "user_limited" if isinstance(row, UserTable) else "token_limited"
    note_act(session, now, kind, row.name, **told(limits), everything=limits is None)
