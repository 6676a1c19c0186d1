"""Hints: nothing grows, a slow reader loses nothing that matters, stopping ends the streams."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from central import hub as hub_module
from central.hub import Hub, HubFull


async def read(stream: AsyncIterator[str]) -> tuple[str, dict[str, object]]:
    """Name and data of the next event."""
    text = await asyncio.wait_for(anext(stream), 5)
    fields = dict(line.split(": ", 1) for line in text.strip().splitlines())
    return fields["event"], json.loads(fields["data"])


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """In a thread of its own: the browser's tests leave a loop running in the main one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(scenario())).result()


def test_a_stream_begins_with_resync_and_hears_of_changes_from_any_thread() -> None:
    async def scenario() -> None:
        hub = Hub()
        hub.open()
        stream = hub.stream()
        assert await read(stream) == ("resync", {})
        thread = threading.Thread(target=hub.changed, args=("cases",))
        thread.start()
        assert await read(stream) == ("changed", {"topic": "cases", "n": 1})
        thread.join()

    run(scenario)


def test_hints_that_nobody_read_are_one_per_topic() -> None:
    async def scenario() -> None:
        hub = Hub()
        hub.open()
        stream = hub.stream()
        await read(stream)
        for _ in range(1000):
            hub.changed("cases")
        hub.changed("boxes")
        await asyncio.sleep(0)
        got = [await read(stream), await read(stream)]
        assert got == [
            ("changed", {"topic": "cases", "n": 1000}),
            ("changed", {"topic": "boxes", "n": 1001}),
        ]

    run(scenario)


def test_silence_is_filled_with_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "PING_EVERY_S", 0.01)

    async def scenario() -> None:
        hub = Hub()
        hub.open()
        stream = hub.stream()
        assert [(await read(stream))[0] for _ in range(3)] == ["resync", "ping", "ping"]

    run(scenario)


def test_a_stream_ends_after_its_life_and_when_the_hub_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        hub = Hub()
        hub.open()
        stream = hub.stream()
        await read(stream)
        assert hub.clients == 1
        hub.close()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(stream), 5)
        assert hub.clients == 0
        monkeypatch.setattr(hub_module, "STREAM_LIFE_S", 0.0)
        hub.open()
        short = hub.stream()
        await read(short)
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(short), 5)

    run(scenario)


def test_too_many_streams_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "MAX_CLIENTS", 1)

    async def scenario() -> None:
        hub = Hub()
        hub.open()
        stream = hub.stream()
        await read(stream)
        with pytest.raises(HubFull):
            hub.stream()

    run(scenario)


def test_a_closed_hub_hears_nothing() -> None:
    Hub().changed("cases")


def test_a_steady_stream_beats_the_same_whether_anything_changes_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "STEADY_EVERY_S", 0.2)

    async def beats(hub: Hub, disturbed: bool) -> tuple[list[object], float]:
        stream = hub.stream(steady=True)
        heard: list[object] = [await read(stream)]
        begun_s = asyncio.get_running_loop().time()
        for _ in range(2 * len(hub_module.TOPICS)):
            if disturbed:
                hub.changed("cases")
            heard.append(await read(stream))
        return heard, asyncio.get_running_loop().time() - begun_s

    async def scenario() -> None:
        hub = Hub()
        hub.open()
        quiet, _ = await beats(hub, False)
        for _ in range(5):
            hub.changed("boxes")
        loud, took_s = await beats(hub, True)
        assert loud == quiet
        assert took_s >= 0.4

    run(scenario)
