"""Is an event really that box's: judgement over values that the store has looked up. Pure."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central.intake import Sender
from edge.seal import Seal, SignedRequest, signed_bytes

MAX_REQUEST_SKEW_S = 300


SEAL_CODES = frozenset(
    {"unsigned", "unknown_key", "foreign_key", "bad_signature", "revoked", "bad_seal"}
)
"""Codes of messages that are not their box's word."""


@dataclass(frozen=True, slots=True)
class BoxKey:
    """A public signing key (32 raw bytes) and the box it was given to."""

    key_id: str
    owner: Sender
    public_key: bytes
    revoked: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about a sender: whether it has keys, whether all boxes must sign."""

    enrolled: bool
    revoked: bool
    must_sign: bool


@dataclass(frozen=True, slots=True)
class SealFault:
    """Why an event is not believed."""

    code: str
    reason: str


def judge_unsealed(standing: Standing) -> SealFault | None:
    """What is wrong with an event that carries no seal."""
    if standing.revoked:
        return SealFault("revoked", "the box is revoked")
    if standing.enrolled:
        return SealFault("unsigned", "the box is enrolled, its events must be signed")
    if standing.must_sign:
        return SealFault("unsigned", "the box is not enrolled and signatures are required")
    return None


def judge_sealed(sender: Sender, seal: Seal, body: bytes, key: BoxKey | None) -> SealFault | None:
    """What is wrong with a sealed event; `key` is the one that the seal names, if it is known."""
    if key is None:
        return SealFault("unknown_key", f"nobody was given the key {seal.key_id}")
    if key.owner != sender:
        text = f"signed with the key of {key.owner.site}/{key.owner.box}"
        return SealFault("foreign_key", text)
    if not _signed(key, seal.signature, signed_bytes(seal.prev, body)):
        return SealFault("bad_signature", "the signature does not belong to these bytes")
    if key.revoked:
        return SealFault("revoked", "the box's key is revoked")
    return None


def judge_request(
    request: SignedRequest, signature: bytes, key: BoxKey | None, now_s: float
) -> SealFault | None:
    """What is wrong with a signed HTTP request; `now_s` is Unix time."""
    if key is None:
        return SealFault("unknown_key", "nobody was given this key")
    if not _signed(key, signature, request.signed_bytes()):
        return SealFault("bad_signature", "the signature does not belong to this request")
    if key.revoked:
        return SealFault("revoked", "the box's key is revoked")
    if abs(now_s - request.time_s) > MAX_REQUEST_SKEW_S:
        return SealFault("stale", "the box's clock differs by more than five minutes")
    return None


def _signed(key: BoxKey, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
