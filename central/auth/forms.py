"""Forms that the guard must look into before a route does: the key or token inside of them."""

import re
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import Message, Receive

from central.auth.rights import KEY_PATHS

MAX_FORM_BYTES = 64 * 1024
HEAD_BYTES = 1024
"""So far into a form with files a field is looked for that has to be its first one."""
_BOUNDARY = re.compile(r"multipart/form-data\s*;.*boundary=\"?([!-~]{1,70}?)\"?\s*(;.*)?", re.I)


async def api_key_of(request: Request, receive: Receive) -> tuple[str, Receive]:
    """The `api_key` of a request to an interface that has one, and the body to read."""
    if not request.url.path.startswith(KEY_PATHS):
        return "", receive
    key = request.query_params.get("api_key", "")
    if key or request.method != "POST" or not is_form(request):
        return key, receive
    body = await read_form(request)
    if body is None:  # too large: without a key it is refused
        return "", receive
    return parse_qs(body.decode("utf-8", "replace")).get("api_key", [""])[0], replay(body, receive)


def is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"


async def read_form(request: Request) -> bytes | None:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return None
    return body


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once more."""
    rest: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return rest.pop() if rest else await receive()

    return again


def boundary_of(request: Request) -> str:
    """What parts the fields of a form with files; empty for anything else."""
    found = _BOUNDARY.fullmatch(request.headers.get("content-type", ""))
    return found[1] if found else ""


async def first_field(boundary: str, name: str, receive: Receive) -> tuple[str, Receive]:
    """The value of the first field if it has this name, and the body to read, files and all."""
    heard: list[Message] = []
    head, more = b"", True
    while more and len(head) < HEAD_BYTES:
        message = await receive()
        heard.append(message)
        more = message["type"] == "http.request" and message.get("more_body", False)
        head += message.get("body", b"")
    rest = iter(heard)

    async def again() -> Message:
        return next(rest, None) or await receive()

    mark = re.escape(f"--{boundary}").encode()
    header = rf'content-disposition: form-data; name="{name}"'.encode()
    field = re.compile(mark + rb"\r\n(?i:" + header + rb")\r\n\r\n([!-~]{0,200})\r\n" + mark)
    found = field.match(head)
    return found[1].decode() if found else "", again
