"""Messages for programs: CloudEvents 1.0 as JSON, signed as the Standard Webhooks ask for."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from central.tell.http import Http
from central.tell.message import Outgoing

PREFIX = "whsec_"
LEAST_KEY_BYTES = 24
TYPE = "jinmu.told.v1"


class Webhook:
    """One address; `webhook-id` stays the same when a message is sent again."""

    repeats_are_harmless = True

    def __init__(
        self, url: str, keys: Sequence[bytes], http: Http, now: Callable[[], datetime]
    ) -> None:
        """`keys`: the newest first; each signs, so that the receiver can change at leisure."""
        self._url = url
        self._keys = keys
        self._http = http
        self._now = now

    def send(self, out: Outgoing) -> None:
        """Raises NotSent."""
        body = json.dumps(cloud_event(out), ensure_ascii=False, separators=(",", ":")).encode()
        at_s = int(self._now().timestamp())
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": out.id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signatures(self._keys, out.id, at_s, body),
        }
        self._http.request("POST", self._url, body, headers)

    def close(self) -> None:
        self._http.close()


def cloud_event(out: Outgoing) -> dict[str, Any]:
    """The message as an event; `id` is also the webhook's."""
    return {
        "specversion": "1.0",
        "id": out.id,
        "source": "/jinmu/central",
        "type": TYPE,
        "time": out.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "kind": out.kind,
            "title": out.title,
            "text": out.text,
            "link": out.link,
            "urgent": out.urgent,
            "messages": list(out.events),
        },
    }


def key_of(secret: str) -> bytes:
    """The key inside of a `whsec_…` secret; ValueError when it is none or too short."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or len(key) < LEAST_KEY_BYTES:
        raise ValueError("must be whsec_ and at least 24 random bytes in base64")
    return key


def signatures(keys: Sequence[bytes], id_: str, at_s: int, body: bytes) -> str:
    """`v1,…` of each key, with spaces between."""
    said = f"{id_}.{at_s}.".encode() + body
    digests = (hmac.new(key, said, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
