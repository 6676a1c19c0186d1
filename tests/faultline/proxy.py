"""A TCP link that can be thin, slow, flapping, one-way or cut: asyncio, in a thread of its own."""

import asyncio
import contextlib
import threading
from dataclasses import dataclass, field

from tests.support import free_port

CHUNK_BYTES = 4096


@dataclass(slots=True)
class Toxics:
    """How bad the link is now; `bytes_per_s` 0: as fast as it goes."""

    up: bool = True
    bytes_per_s: int = 0
    delay_s: float = 0.0
    mute_down: bool = False
    """What the server says is swallowed: acknowledgements are lost, the uplink works."""


@dataclass(slots=True)
class Proxy:
    """Forwards a port of the loopback to another one, until `close`."""

    target_port: int
    toxics: Toxics = field(default_factory=Toxics)
    port: int = field(default_factory=free_port)
    _loop: asyncio.AbstractEventLoop | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)

    def cut(self) -> None:
        """Reset every connection; new ones are refused while `toxics.up` is False."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._reset)

    def close(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def _run(self, ready: threading.Event) -> None:
        self._loop = asyncio.new_event_loop()
        start = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        server = self._loop.run_until_complete(start)
        ready.set()
        self._loop.run_forever()
        self._reset()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.toxics.up:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        pumps = (self._pump(reader, there[1], down=False), self._pump(there[0], writer, down=True))
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(*pumps)
        for each in (writer, there[1]):
            self._writers.discard(each)
            each.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, down: bool
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if self.toxics.delay_s:
                await asyncio.sleep(self.toxics.delay_s)
            if self.toxics.bytes_per_s:
                await asyncio.sleep(len(data) / self.toxics.bytes_per_s)
            if down and self.toxics.mute_down:
                continue
            writer.write(data)
            await writer.drain()
        writer.transport.abort()
