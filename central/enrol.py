"""Gives boxes and receivers their identity, takes it away, and writes the list of revoked ones.

Private keys are made here and written into the folder that is carried to the box, nowhere else:
the database has certificates and public keys only.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.orm import Session

from central import store
from central.ca import (
    CERT_LIFE,
    Authority,
    load_authority,
    new_key,
    own_authority,
    private_pem,
    public_key_in,
    write_private,
    write_public,
)
from central.intake import Sender
from central.settings import Settings
from edge.events import SLUG

MAX_NAME_CHARS = 64  # of a common name in X.509
CA_FOLDER = "ca"
CRL_FILE = "crl.pem"


class EnrolError(ValueError):
    """It cannot be done; the text says why and what helps."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What is needed to hand out identities: the authority, where its list is, the moment."""

    authority: Authority
    crl_file: Path
    now: datetime
    life: timedelta = CERT_LIFE


@dataclass(frozen=True, slots=True)
class Where:
    """What the box's configuration says of broker and central."""

    broker_url: str
    central_url: str


def open_desk(settings: Settings, now: datetime, life: timedelta = CERT_LIFE) -> Desk:
    """The site's own authority if one is set, else ours, made at first use; raises CaError."""
    folder = settings.data_dir / CA_FOLDER
    if settings.ca_cert is not None and settings.ca_key is not None:
        authority = load_authority(settings.ca_cert, settings.ca_key)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    else:
        authority = own_authority(folder, now)
    return Desk(authority, folder / CRL_FILE, now, life)


def enrol_box(session: Session, desk: Desk, sender: Sender, folder: Path, where: Where) -> datetime:
    """Make certificate and keys of a box in the folder; gives the day the certificate ends.

    Keys that the box had before end now. Raises EnrolError.
    """
    name = store.certificate_name(sender)
    _check_name(sender.site, sender.box)
    if len(name) > MAX_NAME_CHARS:
        raise EnrolError(f"site and box together have at most {MAX_NAME_CHARS - 1} characters")
    store.revoke_box(session, sender, "replaced", desk.now)
    signing = Ed25519PrivateKey.generate()
    key_id = store.add_key(session, sender, signing.public_key().public_bytes_raw(), desk.now)
    tls = new_key()
    issued = desk.authority.issue(name, tls.public_key(), desk.now, life=desk.life)
    store.add_certificate(session, name, issued, desk.now)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(folder / "box.key", private_pem(tls))
    write_private(folder / "signing.key", _signing_pem(signing))
    write_public(folder / "box.pem", issued.pem)
    write_public(folder / "ca.pem", desk.authority.pem)
    snippet = _snippet(sender, where, issued.not_after)
    write_public(folder / "streams-snippet.yaml", snippet.encode())
    store.note_act(session, desk.now, "box_enrolled", name, key_id=key_id, serial=issued.serial)
    return issued.not_after


def renew(session: Session, desk: Desk, name: str, file: Path) -> datetime:
    """A new certificate for the key that the last one was made for; raises EnrolError.

    No private key is needed or moved: only the file is to be carried to the box.
    """
    before = store.newest_certificate(session, name)
    if before is None:
        raise EnrolError(f"{name} has no certificate: enrol it first")
    issued = desk.authority.issue(name, public_key_in(before), desk.now, life=desk.life)
    store.add_certificate(session, name, issued, desk.now)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_public(file, issued.pem)
    store.note_act(session, desk.now, "box_enrolled", name, renewed=True, serial=issued.serial)
    return issued.not_after


def enrol_receiver(session: Session, desk: Desk, name: str, folder: Path) -> datetime:
    """Certificate and key of a receiver, for the folder that `broker_identity` names."""
    _check_name(name)
    store.revoke_certificates(session, name, desk.now)
    tls = new_key()
    issued = desk.authority.issue(name, tls.public_key(), desk.now, life=desk.life)
    store.add_certificate(session, name, issued, desk.now)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(folder / "client.key", private_pem(tls))
    write_public(folder / "client.pem", issued.pem)
    write_public(folder / "ca.pem", desk.authority.pem)
    store.note_act(session, desk.now, "box_enrolled", name, receiver=True, serial=issued.serial)
    return issued.not_after


def revoke_box(session: Session, desk: Desk, sender: Sender, reason: str) -> None:
    """From now on central refuses the box; raises EnrolError when there is nothing to revoke."""
    if not store.revoke_box(session, sender, reason, desk.now):
        raise EnrolError(f"{sender.site}/{sender.box} is not enrolled, or revoked already")
    name = store.certificate_name(sender)
    store.note_act(session, desk.now, "box_revoked", name, reason=reason)


def write_crl(session: Session, desk: Desk) -> Path:
    """Write the list of revoked certificates for the broker; gives its file."""
    desk.crl_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    revoked = store.revoked_certificates(session, desk.now)
    write_public(desk.crl_file, desk.authority.revocation_list(revoked, desk.now))
    return desk.crl_file


def _check_name(*names: str) -> None:
    for name in names:
        if re.fullmatch(SLUG, name) is None:
            raise EnrolError(f"{name}: a name has 1 to 40 of a-z, 0-9 and -")


def _signing_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _snippet(sender: Sender, where: Where, not_after: datetime) -> str:
    lines: Sequence[str] = (
        f"# Box {sender.site}/{sender.box}. Carry this folder to the box, beside its streams.yaml,",
        "# under the name `identity`, and put these lines into streams.yaml.",
        f"# The certificate is good until {not_after:%Y-%m-%d}; before that, on central:",
        f"#   jinmu-central box renew {sender.site} {sender.box} --out FOLDER",
        "# and replace box.pem alone. box.key and signing.key never leave the box.",
        f"site: {sender.site}",
        f"box: {sender.box}",
        "identity: identity",
        "broker:",
        f'  url: "{where.broker_url}"',
        "central:",
        f'  url: "{where.central_url}"',
    )
    return "\n".join(lines) + "\n"
