"""Forms that the guard must look into before a route does: the key or token inside of them."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import Message, Receive

from central.auth.rights import KEY_PATHS

MAX_FORM_BYTES = 64 * 1024


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
