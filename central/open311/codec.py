"""Answers as XML and JSON; XML is what the specification asks for first. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

Form = Literal["xml", "json"]
Value = str | bool | float | int | None | Sequence["Value"] | Mapping[str, "Value"]
Item = Mapping[str, Value]

MEDIA_TYPES: dict[Form, str] = {
    "xml": "text/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
SINGULAR = {"attributes": "attribute", "values": "value"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def listing(form: Form, root: str, name: str, items: Sequence[Item]) -> bytes:
    """A list of things: `<root><name>…</name></root>`, or a JSON array."""
    if form == "json":
        return json.dumps(items, ensure_ascii=False).encode()
    body = "".join(_element(name, item) for item in items)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>{body}</{root}>\n'.encode()


def single(form: Form, root: str, item: Item) -> bytes:
    """One thing: `<root>…</root>`, or a JSON object."""
    if form == "json":
        return json.dumps(item, ensure_ascii=False).encode()
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_element(root, item)}\n'.encode()


def w3c(moment: datetime | None, zone: ZoneInfo) -> str:
    """`2026-11-24T21:59:10+08:00`, "" for none."""
    return "" if moment is None else moment.astimezone(zone).isoformat(timespec="seconds")


def read_w3c(text: str) -> datetime:
    """The moment of a W3C date with time and offset; ValueError otherwise."""
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        raise ValueError("must look like 2026-11-24T21:59:10+08:00") from None
    if moment.tzinfo is None:
        raise ValueError("needs a time zone: Z or an offset like +08:00")
    return moment


def _element(name: str, value: Value) -> str:
    match value:
        case Mapping():
            inner = "".join(_element(key, part) for key, part in value.items())
        case str():
            inner = escape(_NOT_XML.sub("\ufffd", value))
        case None:
            inner = ""
        case bool():
            inner = "true" if value else "false"
        case Sequence():
            inner = "".join(_element(SINGULAR.get(name, name), part) for part in value)
        case _:
            inner = str(value)
    return f"<{name}>{inner}</{name}>"
