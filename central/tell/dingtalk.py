"""DingTalk group robots: signed by time, 20 messages a minute, then silent for ten minutes."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from central.tell.http import Http
from central.tell.message import NotSent, Outgoing, Refused, SlowDown, TryAgain
from central.tell.texts import cut

TEXT_BYTES = 18_000  # a message has at most 20,000 bytes
TOO_MANY = frozenset({130101, 410100})
BUSY = frozenset({-1})
MUTE_S = 600.0


class DingTalkRobot:
    """Sends to a group; a robot cannot tell what it has said already."""

    repeats_are_harmless = False

    def __init__(self, url: str, secret: str, http: Http, now: Callable[[], datetime]) -> None:
        """`url` with its access token; `secret` "" when the robot asks for no signature."""
        self._url = url
        self._secret = secret
        self._http = http
        self._now = now

    def send(self, out: Outgoing) -> None:
        """Raises NotSent."""
        text = "\n".join(part for part in (out.title, out.text, out.link) if part)
        body: dict[str, Any] = {"msgtype": "text", "text": {"content": cut(text, TEXT_BYTES)}}
        if out.recipient:
            body["at"] = {"atMobiles": out.recipient.split("|")}
        self._check(self._http.post_json(self._signed_url(), body).json().get("errcode", 0))

    def close(self) -> None:
        self._http.close()

    def _signed_url(self) -> str:
        if not self._secret:
            return self._url
        at_ms = int(self._now().timestamp() * 1000)
        query = urlencode({"timestamp": at_ms, "sign": signature(self._secret, at_ms)})
        return f"{self._url}&{query}"

    def _check(self, code: Any) -> None:
        fault: NotSent
        if code == 0:
            return
        if code in TOO_MANY:
            fault = SlowDown(f"too many messages (errcode {code})", MUTE_S)
        elif code in BUSY:
            fault = TryAgain(f"a fault of the other side (errcode {code})")
        else:
            fault = Refused(f"refused (errcode {code})")
        raise fault


def signature(secret: str, at_ms: int) -> str:
    """Base64 of HMAC-SHA256 over the moment, a line break and the secret."""
    digest = hmac.new(secret.encode(), f"{at_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
