"""Who appealed: sealed with a key of this installation, opened only to be looked at.

A copy of the database alone tells nobody's number. The key lies beside it in the data directory,
so whoever has that whole directory has both: encrypt the disk.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from central.auth.links import key_file

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach somebody; any part may be empty. Never logged."""

    name: str = ""
    phone: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return bool(self.name or self.phone or self.email)

    def __repr__(self) -> str:
        return "Contact(***)"


class Seal:
    """Seals contacts for one appeal each: a sealed one says nothing under another number."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, contact: Contact, appeal_no: str) -> bytes | None:
        """The sealed contact, None for an empty one."""
        if not contact:
            return None
        nonce = os.urandom(NONCE_BYTES)
        said = json.dumps(asdict(contact), ensure_ascii=False).encode()
        return nonce + self._cipher.encrypt(nonce, said, appeal_no.encode())

    def open(self, sealed: bytes | None, appeal_no: str) -> Contact | None:
        """The contact, None when there is none or it was sealed with another key."""
        if sealed is None:
            return None
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return Contact(**json.loads(self._cipher.decrypt(nonce, rest, appeal_no.encode())))
        except (InvalidTag, ValueError):
            return None


def contact_seal(data_dir: Path) -> Seal:
    """The seal of this installation; its key is made once."""
    return Seal(key_file(data_dir / "contact-key"))
