"""Central on a real port, for tests: it can go down and come back."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI

from tests.support import free_port, wait_for

PASSWORD = "correct horse 7"
USERS = ("李四", "zhang")


def utc_now() -> datetime:
    """The clock that the pages run by."""
    return datetime.now(UTC)  # noqa: TID251 the tests' own rim


@dataclass(slots=True)
class Served:
    """The application on a real port; it can go down and come back on the same one."""

    app: FastAPI
    port: int = field(default_factory=free_port)
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def streams(self) -> int:
        """How many browsers listen for hints."""
        clients: int = self.app.state.hub.clients
        return clients

    def start(self) -> None:
        # Open streams would keep a graceful server waiting, so they are cut at once.
        config = uvicorn.Config(
            self.app,
            host="127.0.0.1",
            port=self.port,
            log_level="critical",
            timeout_graceful_shutdown=0,
        )
        server = uvicorn.Server(config)
        self._server = server
        self._thread = threading.Thread(target=server.run, name="served")
        self._thread.start()
        wait_for(lambda: server.started, what="the server")

    def stop(self) -> None:
        """Cut every connection, streams too, as a crash would."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._server = None
