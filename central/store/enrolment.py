"""Which boxes were given keys and certificates, and which of those still count."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from central.ca import Issued, Revoked
from central.identity_tables import BoxKeyTable, CertificateTable
from central.intake import Sender
from central.settings import Policy
from central.signatures import BoxKey, Standing
from edge.seal import key_id_of

MAX_REASON_CHARS = 200


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One key of one box; `not_after` is the end of the box's newest certificate."""

    site: str
    box: str
    key_id: str
    enrolled_at: datetime
    revoked_at: datetime | None
    reason: str
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whom the broker lets in: a box (SITE.BOX) or a receiver, until `not_after`."""

    name: str
    not_after: datetime


def certificate_name(sender: Sender) -> str:
    """Common name of a box: also its name and client id at the broker."""
    return f"{sender.site}.{sender.box}"


def add_key(session: Session, sender: Sender, public_key: bytes, now: datetime) -> str:
    """Write down the public key of a box; gives the key's id."""
    key_id = key_id_of(public_key)
    session.add(
        BoxKeyTable(
            key_id=key_id,
            site=sender.site,
            box=sender.box,
            public_key=public_key,
            enrolled_at=now,
            revoked_at=None,
            reason="",
        )
    )
    session.flush()
    return key_id


def add_certificate(session: Session, name: str, issued: Issued, now: datetime) -> None:
    """Write down a certificate that was handed out."""
    session.add(
        CertificateTable(
            serial=issued.serial,
            name=name,
            pem=issued.pem.decode(),
            issued_at=now,
            not_after=issued.not_after,
            revoked_at=None,
        )
    )
    session.flush()


def newest_certificate(session: Session, name: str) -> bytes | None:
    """PEM of the certificate that was issued last and is not revoked; it may have ended."""
    table = CertificateTable
    query = select(table.pem).where(table.name == name, table.revoked_at.is_(None))
    pem = session.scalar(query.order_by(table.issued_at.desc(), table.serial).limit(1))
    return None if pem is None else pem.encode()


def revoke_box(session: Session, sender: Sender, reason: str, now: datetime) -> int:
    """End the box's keys and certificates from now on; gives how many keys were ended."""
    key = BoxKeyTable
    keys = session.scalars(
        update(key)
        .where(key.site == sender.site, key.box == sender.box, key.revoked_at.is_(None))
        .values(revoked_at=now, reason=reason[:MAX_REASON_CHARS])
        .returning(key.key_id)
    ).all()
    revoke_certificates(session, certificate_name(sender), now)
    return len(keys)


def revoke_certificates(session: Session, name: str, now: datetime) -> int:
    """End every certificate of this name; gives how many."""
    table = CertificateTable
    ended = session.scalars(
        update(table)
        .where(table.name == name, table.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(table.serial)
    ).all()
    return len(ended)


def find_key(session: Session, key_id: str) -> BoxKey | None:
    """The key of this name, revoked or not."""
    row = session.get(BoxKeyTable, key_id)
    if row is None:
        return None
    owner = Sender(row.site, row.box)
    return BoxKey(row.key_id, owner, row.public_key, row.revoked_at is not None)


def standing(session: Session, sender: Sender, policy: Policy) -> Standing:
    """What is expected of a box."""
    table = BoxKeyTable
    ended = session.scalars(
        select(table.revoked_at).where(table.site == sender.site, table.box == sender.box)
    ).all()
    enrolled = any(at is None for at in ended)
    must = policy == "always" or (policy == "auto" and any_enrolled(session))
    return Standing(enrolled, revoked=bool(ended) and not enrolled, must_sign=must)


def any_enrolled(session: Session) -> bool:
    """Whether any box was ever enrolled here, revoked ones too."""
    return bool(session.scalar(select(exists(select(BoxKeyTable.key_id)))))


def list_enrolled(session: Session) -> tuple[Enrolled, ...]:
    """Every key ever given, by site, box and date."""
    ends = dict(_newest_ends(session))
    key = BoxKeyTable
    rows = session.scalars(select(key).order_by(key.site, key.box, key.enrolled_at))
    return tuple(
        Enrolled(
            row.site,
            row.box,
            row.key_id,
            row.enrolled_at,
            row.revoked_at,
            row.reason,
            None if row.revoked_at else ends.get(f"{row.site}.{row.box}"),
        )
        for row in rows
    )


def list_holders(session: Session) -> tuple[Holder, ...]:
    """Everybody with a certificate that is not revoked, by name."""
    return tuple(Holder(name, not_after) for name, not_after in sorted(_newest_ends(session)))


def revoked_certificates(session: Session, now: datetime) -> tuple[Revoked, ...]:
    """Revoked certificates that would count otherwise, for the revocation list."""
    table = CertificateTable
    rows = session.execute(
        select(table.serial, table.revoked_at)
        .where(table.revoked_at.is_not(None), table.not_after > now)
        .order_by(table.serial)
    )
    return tuple(Revoked(serial, at) for serial, at in rows if at is not None)


def _newest_ends(session: Session) -> list[tuple[str, datetime]]:
    table = CertificateTable
    rows = session.execute(
        select(table.name, table.not_after)
        .where(table.revoked_at.is_(None))
        .order_by(table.not_after)
    )
    newest = {row.name: row.not_after for row in rows}  # the last of a name is its newest
    return list(newest.items())
