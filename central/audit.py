"""The chain of the audit log: each row carries a hash over itself and the row before. Pure.

Whoever changes, removes or inserts a row breaks every hash behind it; whoever cuts off the end is
found by comparing with a head (number and hash) that was written down elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

FIRST = "0" * 64
"""What stands in the place of a hash before the first row."""

MAX_CHARS = {"actor": 80, "action": 40, "subject": 200, "address": 64}
MAX_DETAIL_BYTES = 4000

ACTIONS = frozenset(
    {
        "login",
        "login_failed",
        "login_refused",
        "logout",
        "logout_everywhere",
        "setup_completed",
        "user_added",
        "user_limited",
        "user_disabled",
        "user_enabled",
        "password_changed",
        "token_created",
        "token_revoked",
        "token_limited",
        "evidence_viewed",
        "evidence_linked",
        "package_viewed",
        "package_exported",
        "evidence_deleted",
        "case_held",
        "case_released",
        "verdict",
        "camera_mode",
        "shadow_verdict",
        "quarantine_retried",
        "quarantine_dropped",
        "exported",
        "box_enrolled",
        "box_revoked",
        "event_refused",
        "upload_refused",
        "town_imported",
        "message_retried",
        "appeal_added",
        "case_entered",
        "appeal_acted",
        "contact_viewed",
        "access_token_issued",
        "pair_dismissed",
        "pair_restored",
    }
)
"""Everything that may stand in the log; a new kind is added here first."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What somebody did; `detail` holds small JSON values and never a secret."""

    at: datetime
    actor: str
    action: str
    subject: str = ""
    address: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it is kept; `detail` is the exact JSON text that was hashed."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    address: str
    detail: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain; number 0 stands for an empty one."""

    number: int = 0
    hash: str = FIRST


EMPTY = Head()


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that does not fit, and why."""

    number: int
    why: str


def chained(head: Head, noted: Noted) -> Row:
    """The row that follows `head`; ValueError for an action that is not in `ACTIONS`.

    Texts are cut to what the table holds; the moment is kept in UTC.
    """
    if noted.action not in ACTIONS:
        raise ValueError(f"'{noted.action}' is no action of the audit log")
    detail = json.dumps(noted.detail, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    if len(detail) > MAX_DETAIL_BYTES:
        detail = json.dumps({"cut": detail[: MAX_DETAIL_BYTES // 2]})
    texts = {name: _clean(getattr(noted, name), most) for name, most in MAX_CHARS.items()}
    row = Row(
        number=head.number + 1,
        at=noted.at.astimezone(UTC),
        detail=detail,
        previous=head.hash,
        hash="",
        **texts,
    )
    return Row(**{name: getattr(row, name) for name in Row.__slots__} | {"hash": hash_of(row)})


def hash_of(row: Row) -> str:
    """SHA-256 over all that the row says and the hash before it, whatever `row.hash` is."""
    said = [
        row.number,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.actor,
        row.action,
        row.subject,
        row.address,
        row.detail,
        row.previous,
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()


def verify(rows: Iterable[Row], expected: Head = EMPTY) -> Head | Broken:
    """The head of a sound chain, else its first broken row; `rows` come by number.

    `expected` is a head that was written down before: it must still be in the chain.
    """
    head = EMPTY
    for row in rows:
        why = _fault(head, row, expected)
        if why:
            return Broken(row.number, why)
        head = Head(row.number, row.hash)
    if head.number < expected.number:
        return Broken(expected.number, f"the log ends at {head.number}: rows were cut off")
    return head


def _fault(head: Head, row: Row, expected: Head) -> str:
    if row.number != head.number + 1:
        return f"row {head.number + 1} is missing"
    if row.previous != head.hash:
        return "it does not follow the row before it"
    if row.hash != hash_of(row):
        return "its content was changed"
    if row.number == expected.number and row.hash != expected.hash:
        return "it is another row than the one that was written down"
    return ""


def _clean(text: str, most: int) -> str:
    """What every database holds: no NUL, no lone surrogates, not too long."""
    sound = text.encode("utf-8", "replace").decode().replace("\x00", "?")
    return sound[:most]
