"""How an event is sealed: the part of the wire contract that both sides compute. Pure.

Every event of an outbox file (an epoch) is a link of one hash chain:

    genesis      = SHA-256("jinmu.genesis.v1" NUL epoch)
    link(n)      = SHA-256("jinmu.link.v1" NUL prev(n) SHA-256(body(n))),   prev(n) = link(n - 1)
    signature(n) = Ed25519("jinmu.event.v1" NUL prev(n) SHA-256(body(n)))

`body` is the exact CloudEvents body, which holds site, box, epoch, seq and the pictures' sha256,
so a signature is good for one box, one place in its chain and one content. It travels beside the
body as MQTT 5 user properties (`key`, `prev`, `sig`): the body stays byte for byte what the
contract says, and a receiver that knows nothing of signatures reads it as before.

A link does not depend on the key: a box that was given new keys signs what still waits in its
outbox anew and the chain stays whole.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

HASH_BYTES = 32
SIGNATURE_BYTES = 64
KEY_ID = re.compile(r"[0-9a-f]{16}")
HASH = re.compile(r"[0-9a-f]{64}")
MAX_SIGNATURE_CHARS = 128


@dataclass(frozen=True, slots=True)
class Seal:
    """What stands beside a body: the name of the key, the hash of the event before, the signature.

    `prev` has 32 bytes, `signature` 64.
    """

    key_id: str
    prev: bytes
    signature: bytes

    def properties(self) -> tuple[tuple[str, str], ...]:
        """As MQTT 5 user properties."""
        return (
            ("key", self.key_id),
            ("prev", self.prev.hex()),
            ("sig", base64.b64encode(self.signature).decode()),
        )

    def text(self) -> str:
        """As one line, to be kept; `seal_of_text` reads it."""
        return " ".join(value for _, value in self.properties())


def seal_of(properties: Iterable[tuple[str, str]]) -> Seal | None:
    """The seal in untrusted user properties, None when there is none.

    Raises ValueError for one that is incomplete, given twice or not of the right form.
    """
    found = [(name, value) for name, value in properties if name in ("key", "prev", "sig")]
    if not found:
        return None
    values = dict(found)
    if len(found) != 3 or len(values) != 3:
        raise ValueError("a seal has key, prev and sig, each once")
    if not KEY_ID.fullmatch(values["key"]) or not HASH.fullmatch(values["prev"]):
        raise ValueError("key or prev of the seal is not hexadecimal of the right length")
    return Seal(values["key"], bytes.fromhex(values["prev"]), _signature(values["sig"]))


def seal_of_text(text: str) -> Seal:
    """The seal that `Seal.text` wrote; raises ValueError for anything else."""
    seal = seal_of(zip(("key", "prev", "sig"), text.split(" "), strict=True))
    assert seal is not None
    return seal


def _signature(text: str) -> bytes:
    if len(text) > MAX_SIGNATURE_CHARS:
        raise ValueError("the signature is too long")
    try:
        signature = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeError):
        raise ValueError("the signature is not base64") from None
    if len(signature) != SIGNATURE_BYTES or base64.b64encode(signature).decode() != text:
        raise ValueError(f"a signature has {SIGNATURE_BYTES} bytes in plain base64")
    return signature


def key_id_of(public_key: bytes) -> str:
    """Name of an Ed25519 public key (32 raw bytes): the beginning of its hash."""
    return hashlib.sha256(b"jinmu.key.v1\0" + public_key).hexdigest()[:16]


def genesis(epoch: str) -> bytes:
    """`prev` of the first event of an outbox file."""
    return hashlib.sha256(b"jinmu.genesis.v1\0" + epoch.encode()).digest()


def link_of(prev: bytes, body: bytes) -> bytes:
    """Hash of an event with all before it: `prev` of the next one."""
    return hashlib.sha256(b"jinmu.link.v1\0" + prev + hashlib.sha256(body).digest()).digest()


def signed_bytes(prev: bytes, body: bytes) -> bytes:
    """What the signature of an event is made over."""
    return b"jinmu.event.v1\0" + prev + hashlib.sha256(body).digest()


# Requests over HTTP: the same key, another kind of message, so that neither can stand for the
# other.

SCHEME = "Jinmu-Box"
_AUTHORIZATION = re.compile(
    r"key=(?P<key>[0-9a-f]{16}),time=(?P<time>[0-9]{1,12}),sha256=(?P<sha256>[0-9a-f]{64}),"
    r"sig=(?P<sig>[A-Za-z0-9+/=]{88})"
)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """One HTTP request as its box signed it: `time_s` is Unix time, `sha256` that of the body.

    Method, path, content and moment are covered, nothing that a reverse proxy may change (host,
    scheme, other headers), so it works behind one that ends TLS.
    """

    method: str
    path: str
    sha256: str
    time_s: int

    def signed_bytes(self) -> bytes:
        """What the signature is made over."""
        lines = ("jinmu.request.v1", self.method, self.path, self.sha256, str(self.time_s))
        return "\n".join(lines).encode()


def authorization(request: SignedRequest, key_id: str, signature: bytes) -> str:
    """Value of the header `Authorization`."""
    sig = base64.b64encode(signature).decode()
    return f"{SCHEME} key={key_id},time={request.time_s},sha256={request.sha256},sig={sig}"


def read_authorization(
    value: str, method: str, path: str
) -> tuple[SignedRequest, str, bytes] | None:
    """Request, key id and signature of an untrusted header without its scheme; None if unsound."""
    match = _AUTHORIZATION.fullmatch(value)
    if match is None:
        return None
    try:
        signature = _signature(match["sig"])
    except ValueError:
        return None
    return SignedRequest(method, path, match["sha256"], int(match["time"])), match["key"], signature
