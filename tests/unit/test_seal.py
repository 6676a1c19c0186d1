"""Seals and signed requests on the wire: what is written is read, everything else is refused."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from central.intake import Refusal, Sender, Taken, take
from central.signatures import BoxKey, judge_request, judge_sealed
from edge.seal import (
    Seal,
    SignedRequest,
    genesis,
    key_id_of,
    link_of,
    read_authorization,
    seal_of,
    seal_of_text,
)
from edge.signing import Signer
from tests.central.events import SENDER, TOPIC, incident_event
from tests.identity import sign_all

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEY = BoxKey(SIGNER.key_id, SENDER, SIGNER.public_key, revoked=False)
PATH = f"/api/v1/evidence/{'ab' * 32}"


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_a_seal_is_read_as_it_was_written(prev: bytes, body: bytes) -> None:
    seal = SIGNER.seal(prev, body)
    assert seal_of(seal.properties()) == seal == seal_of_text(seal.text())
    assert seal == SIGNER.seal(prev, body)


def test_the_format_does_not_change() -> None:
    """Values by openssl: an old box and a new central must agree for ever."""
    body = b'{"specversion":"1.0"}'
    assert SIGNER.key_id == key_id_of(SIGNER.public_key) == "c499141f138c8a4d"
    assert genesis("0a1b2c3d").hex()[:16] == "dcd16696d10d9067"
    assert link_of(genesis("0a1b2c3d"), body).hex()[:16] == "c753baf847ba6c66"
    seal = SIGNER.seal(genesis("0a1b2c3d"), body)
    assert base64.b64encode(seal.signature)[:20] == b"qcxwPg0aO2vl1k8H2uau"


GOOD = dict(SIGNER.seal(bytes(32), b"x").properties())


@pytest.mark.parametrize(
    "properties",
    [
        [("key", GOOD["key"])],
        [("key", GOOD["key"]), ("prev", GOOD["prev"])],
        [*GOOD.items(), ("sig", GOOD["sig"])],
        [("key", "x" * 16), ("prev", GOOD["prev"]), ("sig", GOOD["sig"])],
        [("key", GOOD["key"].upper()), ("prev", GOOD["prev"]), ("sig", GOOD["sig"])],
        [("key", GOOD["key"]), ("prev", GOOD["prev"][:-1]), ("sig", GOOD["sig"])],
        [("key", GOOD["key"]), ("prev", GOOD["prev"]), ("sig", GOOD["sig"] + "\n")],
        [("key", GOOD["key"]), ("prev", GOOD["prev"]), ("sig", "ü" * 88)],
        [("key", GOOD["key"]), ("prev", GOOD["prev"]), ("sig", "A" * 100_000)],
        [("key", GOOD["key"]), ("prev", GOOD["prev"]), ("sig", "AAAA")],
        [("key", GOOD["key"] + "\n"), ("prev", GOOD["prev"]), ("sig", GOOD["sig"])],
    ],
)
def test_a_seal_of_another_form_is_refused_without_believing_the_body(
    properties: list[tuple[str, str]],
) -> None:
    with pytest.raises(ValueError, match=r"seal|signature"):
        seal_of(properties)
    (signed,) = sign_all(SIGNER, [incident_event(seq=1)])
    item = take(TOPIC, signed.body, False, properties)
    assert isinstance(item, Refusal)
    assert (item.code, item.event_id, item.seq) == ("bad_seal", None, 0)


def test_other_properties_are_no_seal() -> None:
    assert seal_of([("traceparent", "00-1"), ("k", "v")]) is None
    (signed,) = sign_all(SIGNER, [incident_event(seq=1)])
    user = [("traceparent", "00-1"), *signed.seal.properties()]
    item = take(TOPIC, signed.body, False, user)
    assert isinstance(item, Taken)
    assert item.seal == signed.seal


@given(st.data())
def test_one_changed_bit_anywhere_is_noticed(data: st.DataObject) -> None:
    (signed,) = sign_all(SIGNER, [incident_event(seq=1)])
    assert judge_sealed(SENDER, signed.seal, signed.body, KEY) is None
    part = data.draw(st.sampled_from(["body", "prev", "signature"]))
    whole = signed.body if part == "body" else getattr(signed.seal, part)
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    changed = bytearray(whole)
    changed[at // 8] ^= 1 << at % 8
    body = bytes(changed) if part == "body" else signed.body
    seal = signed.seal if part == "body" else replace(signed.seal, **{part: bytes(changed)})
    fault = judge_sealed(SENDER, seal, body, KEY)
    assert fault is not None
    assert fault.code == "bad_signature"


def test_a_signature_of_a_request_is_none_of_an_event() -> None:
    request = SignedRequest("PUT", PATH, "ab" * 32, 1_800_000_000)
    signature = SIGNER._key.sign(request.signed_bytes())
    seal = Seal(SIGNER.key_id, bytes(32), signature)
    fault = judge_sealed(SENDER, seal, request.signed_bytes(), KEY)
    assert fault is not None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, None),
        ({"method": "HEAD"}, "bad_signature"),
        ({"path": PATH[:-1] + "c"}, "bad_signature"),
        ({"now_s": 1_800_000_300}, None),
        ({"now_s": 1_800_000_301}, "stale"),
        ({"now_s": 1_799_999_699}, "stale"),
        ({"key": None}, "unknown_key"),
        ({"key": replace(KEY, revoked=True)}, "revoked"),
        ({"key": replace(KEY, public_key=bytes(32))}, "bad_signature"),
    ],
)
def test_a_request_counts_for_what_was_signed_and_for_minutes(
    change: dict[str, object], code: str | None
) -> None:
    made = SignedRequest("PUT", PATH, "ab" * 32, 1_800_000_000)
    _, _, value = SIGNER.authorization(made).partition(" ")
    given_: dict[str, object] = {"method": "PUT", "path": PATH} | change
    read = read_authorization(value, str(given_["method"]), str(given_["path"]))
    assert read is not None
    request, key_id, signature = read
    assert key_id == SIGNER.key_id
    key = change.get("key", KEY)
    fault = judge_request(request, signature, key, float(change.get("now_s", 1_800_000_000)))  # type: ignore[arg-type]
    assert (fault and fault.code) == code


@given(st.text(max_size=300))
def test_any_header_is_read_or_refused(value: str) -> None:
    assert read_authorization(value, "PUT", PATH) is None


def test_the_key_does_not_show() -> None:
    secret = SIGNER._key.private_bytes_raw()
    shown = f"{SIGNER!r} {SIGNER!s} {KEY!r}"
    assert secret.hex() not in shown
    assert base64.b64encode(secret).decode() not in shown
    with pytest.raises(TypeError):
        SIGNER.__reduce__()


def test_a_foreign_box_is_named() -> None:
    (signed,) = sign_all(SIGNER, [incident_event(seq=1)])
    fault = judge_sealed(Sender("pujin", "box-02"), signed.seal, signed.body, KEY)
    assert fault is not None
    assert fault.code == "foreign_key"
