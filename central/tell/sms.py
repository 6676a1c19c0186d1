"""Short messages through any gateway that takes HTTP: fields of a template, never pasted text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

from central.tell.http import Http
from central.tell.message import Outgoing, Refused, TryAgain
from central.tell.texts import cut, one_line

TEXT_BYTES = 500 * 3
NAMES = ("to", "text", "id")
_MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Gateway:
    """How the gateway is asked: each field's `{to}`, `{text}`, `{id}` are filled in and encoded.

    `well` must be found in the answer; "" trusts the HTTP status.
    """

    url: str
    fields: Mapping[str, str]
    form: Literal["json", "form"] = "json"
    headers: Mapping[str, str] = field(default_factory=dict)
    well: str = ""


class Sms:
    """Sends to one number."""

    def __init__(self, gateway: Gateway, http: Http) -> None:
        self._gateway = gateway
        self._http = http
        # With its id the gateway can drop what it has had already.
        self.repeats_are_harmless = any("{id}" in text for text in gateway.fields.values())

    def send(self, out: Outgoing) -> None:
        """Raises NotSent."""
        if not out.recipient:
            raise Refused("no number to send to")
        text = cut(one_line(f"{out.title} {out.text} {out.link}"), TEXT_BYTES)
        values = {"to": out.recipient, "text": text, "id": out.id}
        fields = {name: _filled(text, values) for name, text in self._gateway.fields.items()}
        if self._gateway.form == "json":
            content, kind = json.dumps(fields, ensure_ascii=False), "application/json"
        else:
            content, kind = urlencode(fields), "application/x-www-form-urlencoded"
        headers = {"content-type": kind, **self._gateway.headers}
        answer = self._http.request("POST", self._gateway.url, content.encode(), headers)
        if self._gateway.well and not re.search(
            self._gateway.well, answer.body.decode("utf-8", "replace")
        ):
            raise TryAgain("the gateway's answer does not say that it was taken")

    def close(self) -> None:
        self._http.close()


def mobile_of(phone: str) -> str:
    """The number of a mobile phone as people write it, in digits; empty for any other."""
    found = _MOBILE.fullmatch(re.sub(r"[ ()-]", "", phone))
    return found[1] if found else ""


def unknown_names(text: str) -> list[str]:
    """Names in braces that nobody fills in."""
    return [name for name in _NAME.findall(text) if name not in NAMES]


def _filled(template: str, values: Mapping[str, str]) -> str:
    """In one pass, so that braces in a message are never a name."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), template)
