"""The chain of a case's log: each row carries a hash over itself and the row before. Pure.

The first row of a case follows the first row of the case numbered before it on the same day and
prefix, so that a whole case cannot vanish unseen either.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from central.audit import FIRST, Broken
from central.cases.standing import Entry


@dataclass(frozen=True, slots=True)
class Chained:
    """A row as it is kept: the `number`th of its case, from 1."""

    case_no: str
    number: int
    entry: Entry
    previous: str
    hash: str


def chain(case_no: str, number: int, entry: Entry, previous: str) -> Chained:
    """The row with its hash."""
    return Chained(case_no, number, entry, previous, hash_of(case_no, number, entry, previous))


def hash_of(case_no: str, number: int, entry: Entry, previous: str) -> str:
    """SHA-256 over all that a row says and the hash before it."""
    said = [
        case_no,
        number,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.role,
        entry.action,
        entry.from_state,
        entry.to_state,
        entry.reason,
        entry.detail.to_json(),
        entry.deadlines.to_json(),
        previous,
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()


def verify(rows: Iterable[Chained], born_after: str = FIRST) -> Broken | None:
    """The first broken row of one case's log, None when it is sound; `rows` come by number.

    `born_after` is the hash of the first row of the case numbered before.
    """
    number, previous, state = 0, born_after, None
    for row in rows:
        number += 1
        why = ""
        if row.number != number:
            why = f"row {number} is missing"
        elif row.previous != previous:
            why = "it does not follow the row before it"
        elif row.hash != hash_of(row.case_no, row.number, row.entry, row.previous):
            why = "its content was changed"
        elif row.entry.from_state != state:
            why = f"it starts from '{row.entry.from_state}', the case was '{state}'"
        if why:
            return Broken(row.number, why)
        previous, state = row.hash, row.entry.to_state
    return Broken(0, "it has no log") if number == 0 else None
