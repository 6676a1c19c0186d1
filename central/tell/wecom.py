"""WeCom: messages of an application (also 政务微信, by its own base URL), and group robots.

Limits: a text has at most 2048 bytes of UTF-8, a group robot 20 messages a minute (errcode 45009),
a picture 2 MB; developer pages "发送应用消息" and "群机器人配置说明".
"""

import base64
import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from central.tell.http import Http
from central.tell.message import NotSent, Outgoing, Refused, SlowDown, TryAgain
from central.tell.texts import cut

TEXT_BYTES = 2048
PICTURE_BYTES = 2 * 1024 * 1024
TOKEN_ENDED = frozenset({40014, 42001})  # not a valid token, token expired
TOO_MANY = frozenset({45009, 45033})
BUSY = frozenset({-1, 50001})
DUPLICATE_WITHIN_S = 4 * 3600
MUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class App:
    """An application of a WeCom installation."""

    base_url: str
    corp_id: str
    agent_id: int
    secret: str


class WeComApp:
    """Sends as an application to its members; the other side drops what it has had already."""

    repeats_are_harmless = True

    def __init__(self, app: App, http: Http, now: Callable[[], datetime]) -> None:
        self._app = app
        self._http = http
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._token_until: datetime | None = None

    def send(self, out: Outgoing) -> None:
        """Raises NotSent."""
        body = {
            "touser": out.recipient,
            "agentid": self._app.agent_id,
            "msgtype": "text",
            "text": {"content": cut(_text(out), TEXT_BYTES)},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DUPLICATE_WITHIN_S,
        }
        said = self._post(body, self._token_now())
        if said.get("errcode") in TOKEN_ENDED:
            said = self._post(body, self._token_now(renew=True))
        _check(said)

    def close(self) -> None:
        self._http.close()

    def _post(self, body: Mapping[str, Any], token: str) -> dict[str, Any]:
        query = urlencode({"access_token": token})
        return self._http.post_json(
            f"{self._app.base_url}/cgi-bin/message/send?{query}", body
        ).json()

    def _token_now(self, renew: bool = False) -> str:
        with self._lock:
            fresh = self._token_until is not None and self._now() < self._token_until
            if renew or not fresh:
                self._fetch()
            return self._token

    def _fetch(self) -> None:
        query = urlencode({"corpid": self._app.corp_id, "corpsecret": self._app.secret})
        said = self._http.request("GET", f"{self._app.base_url}/cgi-bin/gettoken?{query}").json()
        _check(said)
        token, life_s = said.get("access_token"), said.get("expires_in", 7200)
        if not isinstance(token, str) or not isinstance(life_s, int):
            raise TryAgain("the answer holds no access token")
        self._token = token
        self._token_until = self._now() + timedelta(seconds=max(0, life_s - 120))


class WeComRobot:
    """Sends to a group; a robot cannot tell what it has said already."""

    repeats_are_harmless = False

    def __init__(self, base_url: str, key: str, http: Http) -> None:
        self._url = f"{base_url}/cgi-bin/webhook/send?{urlencode({'key': key})}"
        self._http = http

    def send(self, out: Outgoing) -> None:
        """Raises NotSent."""
        _check(self._http.post_json(self._url, _picture(out) or _robot_text(out)).json())

    def close(self) -> None:
        self._http.close()


def _robot_text(out: Outgoing) -> dict[str, Any]:
    content: dict[str, Any] = {"content": cut(_text(out), TEXT_BYTES)}
    if out.recipient:
        content["mentioned_mobile_list"] = out.recipient.split("|")
    return {"msgtype": "text", "text": content}


def _picture(out: Outgoing) -> dict[str, Any] | None:
    if out.picture is None:
        return None
    if len(out.picture) > PICTURE_BYTES:
        raise Refused("the picture is larger than 2 MB")
    coded = base64.b64encode(out.picture).decode()
    md5 = hashlib.md5(out.picture, usedforsecurity=False).hexdigest()
    return {"msgtype": "image", "image": {"base64": coded, "md5": md5}}


def _text(out: Outgoing) -> str:
    return "\n".join(part for part in (out.title, out.text, out.link) if part)


def _check(said: Mapping[str, Any]) -> None:
    """Raises NotSent unless errcode is 0; errmsg is not repeated, it may echo what we sent."""
    code = said.get("errcode", 0)
    fault: NotSent
    if code == 0:
        if said.get("invaliduser"):
            raise Refused("a recipient is unknown there or may not be told")
        return
    if code in TOO_MANY:
        fault = SlowDown(f"too many messages (errcode {code})", MUTE_S)
    elif code in BUSY or code in TOKEN_ENDED:
        fault = TryAgain(f"a fault of the other side (errcode {code})")
    else:
        fault = Refused(f"refused (errcode {code})")
    raise fault
