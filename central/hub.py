"""Hints to browsers: "something changed in this topic", never the data itself.

A hint may be lost, doubled or late without harm, because whoever gets one fetches the state. Each
client keeps at most one pending hint per topic, so a slow one costs nothing.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

TOPICS = ("cases", "incidents", "boxes", "evidence", "tell", "appeals")

PING_EVERY_S = 10.0
STEADY_EVERY_S = 5.0
"""How often whoever may not know when something changes is told to look."""
MAX_CLIENTS = 500
# A stream ends after this time; the browser comes back and is asked who it is again.
STREAM_LIFE_S = 600.0


class HubFull(Exception):
    """There are too many streams already."""


@dataclass(eq=False, slots=True)
class _Client:
    pending: dict[str, int] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Hub:
    """Fans hints out to the open streams; `changed` may be called from any thread."""

    def __init__(self) -> None:
        self._clients: set[_Client] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._number = 0
        self._closed = False

    @property
    def clients(self) -> int:
        """Number of open streams."""
        return len(self._clients)

    def open(self) -> None:
        """Bind to the running event loop; called once when the application starts."""
        self._loop = asyncio.get_running_loop()
        self._closed = False

    def close(self) -> None:
        """End all streams, so that the server can stop; from any thread or signal handler."""
        self._closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_all)

    def changed(self, topic: str) -> None:
        """Tell every stream, from any thread; nothing happens while the hub is not open."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, topic)

    def stream(self, *, steady: bool = False) -> AsyncIterator[str]:
        """Server-sent events of one client: `resync`, then `changed` and `ping` until it goes.

        A `steady` one hears of every topic at a beat, whether anything changed or not. Raises
        HubFull at once when there are too many.
        """
        if len(self._clients) >= MAX_CLIENTS:
            raise HubFull
        return self._stream(steady)

    async def _stream(self, steady: bool) -> AsyncIterator[str]:
        client = _Client()
        self._clients.add(client)
        try:
            number = 0 if steady else self._number
            yield f"retry: 2000\nid: {number}\nevent: resync\ndata: {{}}\n\n"
            async for text in self._beats(client) if steady else self._hints(client):
                yield text
        finally:
            self._clients.discard(client)

    async def _hints(self, client: _Client) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + STREAM_LIFE_S
        while not self._closed and loop.time() < ends_at:
            try:
                await asyncio.wait_for(client.wake.wait(), PING_EVERY_S)
            except TimeoutError:
                yield "event: ping\ndata: {}\n\n"
                continue
            client.wake.clear()
            pending, client.pending = client.pending, {}
            for topic, number in pending.items():
                yield _changed(topic, number)

    async def _beats(self, client: _Client) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + STREAM_LIFE_S
        number = 0
        while not self._closed and (left_s := ends_at - loop.time()) > 0:
            beat_at = loop.time() + min(STEADY_EVERY_S, left_s)
            while not self._closed and (wait_s := beat_at - loop.time()) > 0:
                client.wake.clear()  # a change is no reason to speak, the end of all streams is
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(client.wake.wait(), wait_s)
            number += 1
            for topic in TOPICS:
                yield _changed(topic, number)

    def _wake_all(self) -> None:
        for client in self._clients:
            client.wake.set()

    def _spread(self, topic: str) -> None:
        self._number += 1
        for client in self._clients:
            client.pending[topic] = self._number
            client.wake.set()


def _changed(topic: str, number: int) -> str:
    data = json.dumps({"topic": topic, "n": number})
    return f"id: {number}\nevent: changed\ndata: {data}\n\n"
