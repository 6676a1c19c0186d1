"""Helpers of the tests: waiting for conditions, free ports, where the media are."""

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
MEDIA = Path(os.environ.get("JINMU_MEDIA", ROOT.parent / "shared" / "media"))

T = TypeVar("T")


def wait_for(condition: Callable[[], T], limit_s: float = 20.0, what: str = "") -> T:
    """First truthy value of `condition`, asked every 50 ms; AssertionError after `limit_s`."""
    until = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {limit_s} s for {what or condition}, last: {value!r}")
        time.sleep(0.05)


def measured(what: str, figure: str, how: str) -> None:
    """Write a figure for the README's table down where `scripts/attacks` asks for it."""
    path = os.environ.get("JINMU_FIGURES")
    if path:
        row = {"what": what, "figure": figure, "how": how}
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def free_port() -> int:
    """A TCP port of the loopback that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody takes connections there on the loopback."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
