"""Real servers that a channel may send to: HTTP by uvicorn, SMTP by aiosmtpd."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.support import free_port, wait_for


@dataclass
class Got:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Reply = tuple[int, bytes, dict[str, str]]


def ok(value: Any = None) -> Reply:
    return 200, json.dumps(value if value is not None else {"errcode": 0}).encode(), {}


@dataclass
class Web:
    """Answers every request as `answer` says and remembers it."""

    answer: Callable[[Got], Reply] = lambda _: ok()
    got: list[Got] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        query = scope["query_string"].decode()
        one = Got(scope["method"], scope["path"], query, headers, body)
        self.got.append(one)
        status, content, extra = self.answer(one)
        raw = [(k.encode(), v.encode()) for k, v in extra.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})


@contextmanager
def web() -> Iterator[Web]:
    """A running HTTP server on the loopback."""
    made = Web()
    sock = socket.create_server(("127.0.0.1", 0))
    made.port = sock.getsockname()[1]
    config = uvicorn.Config(made, log_level="error", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    wait_for(lambda: server.started, 10, "the HTTP server")
    try:
        yield made
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


class Box:
    """Keeps what mail came; `refuse` answers RCPT with this line."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refuse = ""

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 taken"


@contextmanager
def mail_server(ssl_context: Any = None) -> Iterator[tuple[Box, int]]:
    """A running SMTP server on the loopback that knows one user; with TLS if given a context."""
    box, port = Box(), free_port()

    def allow(*given: Any) -> AuthResult:
        known = given[-1] == LoginPassword(b"jinmu", b"kanarie-mail-1")
        return AuthResult(success=known, handled=known)

    controller = Controller(
        box, hostname="127.0.0.1", port=port, tls_context=ssl_context,
        require_starttls=ssl_context is not None, authenticator=allow, auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    try:
        yield box, port
    finally:
        controller.stop()
