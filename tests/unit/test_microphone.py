"""A microphone at the box: what it gives, and what happens when it is pulled out."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from edge.clock import SystemClock
from edge.errors import ConfigError, SourceLost
from edge.sound import microphone
from edge.sound.block import SoundBlock
from edge.sound.microphone import Audio, Deliver, Microphone, SampleClock, open_audio
from edge.worker import Worker
from tests.support import wait_for

RATE_HZ = 48_000
BLOCK = 480


class Plug:
    """A sound system with one microphone that can be plugged in and pulled out."""

    def __init__(self) -> None:
        self.plugged = True
        self.opened = self.closed = 0
        self.deliver: Deliver = lambda samples, lost: None
        self.rate_hz = RATE_HZ

    def open(self, device: str, deliver: Deliver) -> "Plug":
        if not self.plugged:
            raise SourceLost("no such device")
        self.opened, self.deliver = self.opened + 1, deliver
        return self

    def active(self) -> bool:
        return self.plugged

    def close(self) -> None:
        self.closed += 1

    def sound(self, lost: bool = False) -> None:
        self.deliver(np.full((BLOCK, 2), 0.5, np.float32), lost)


@contextmanager
def listening(audio: Audio) -> Iterator[tuple[Microphone, list[SoundBlock]]]:
    """A microphone that is listened to, and what it gave."""
    given_: list[SoundBlock] = []
    mic = Microphone("usb", given_.append, SystemClock(), audio)
    worker = Worker("microphone", mic.run)
    worker.start()
    try:
        yield mic, given_
    finally:
        assert worker.stop()
    assert worker.crashes == 0


def test_blocks_are_channels_by_samples_with_times_that_follow() -> None:
    plug = Plug()
    with listening(plug) as (mic, blocks):
        wait_for(lambda: plug.opened)
        for _ in range(10):
            plug.sound()
        wait_for(lambda: len(blocks) == 10)
        assert mic.up
    assert all(b.samples.shape == (2, BLOCK) and b.rate_hz == RATE_HZ for b in blocks)
    assert all(b.samples.dtype == np.float32 for b in blocks)
    assert all(b.ts >= a.ts for a, b in pairwise(blocks))
    assert plug.closed == 1


def test_a_microphone_that_is_pulled_out_is_waited_for() -> None:
    plug = Plug()
    with listening(plug) as (mic, blocks), capture_logs() as logs:
        wait_for(lambda: plug.opened)
        plug.sound()
        wait_for(lambda: blocks)
        plug.plugged = False
        wait_for(lambda: not mic.up)
        plug.plugged = True
        wait_for(lambda: plug.opened == 2)
        plug.sound()
        wait_for(lambda: len(blocks) == 2)
    assert [entry["event"] for entry in logs] == ["microphone_lost", "microphone_lost_over"]
    # The time without it is a gap, not silence.
    assert blocks[1].ts - blocks[0].end_ts > 0.5
    assert plug.closed == 2


def test_a_microphone_that_falls_silent_without_a_word_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(microphone, "SILENT_S", 0.2)
    plug = Plug()
    with listening(plug):
        wait_for(lambda: plug.opened >= 2)


def test_what_the_sound_card_threw_away_is_a_gap() -> None:
    times = SampleClock(1000)
    assert times.take(100, 10.1, lost=False) == pytest.approx(10.0)
    assert times.take(100, 10.2, lost=False) == pytest.approx(10.1)
    # Half a second is lost, then the count goes on from there.
    assert times.take(100, 10.8, lost=True) == pytest.approx(10.7)
    assert times.take(100, 10.9, lost=False) == pytest.approx(10.8)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.2), st.booleans()), min_size=1, max_size=50))
def test_times_never_go_back_and_never_lie_ahead(late: list[tuple[float, bool]]) -> None:
    times, before, now_ts = SampleClock(1000), float("-inf"), 0.0
    for number, (late_s, lost) in enumerate(late):
        now_ts = max(now_ts, 5.0 + (number + 1) * 0.1 + late_s)
        ts = times.take(100, now_ts, lost)
        assert before <= ts <= now_ts
        before = ts


def test_jitter_of_the_callback_is_no_gap() -> None:
    times, rng = SampleClock(1000), np.random.default_rng(1)
    starts = [times.take(100, 10.1 + n / 10 + rng.uniform(0, 0.03), lost=False) for n in range(600)]
    steps = np.diff(starts[50:])
    assert np.abs(steps - 0.1).max() < 0.008  # what the level meter takes for one stream


def test_blocks_nobody_takes_are_a_gap_and_not_memory() -> None:
    inbox = microphone._Inbox()
    for number in range(microphone.WAITING_BLOCKS + 10):
        inbox.put(np.full((1, 1), number, np.float32), lost=False)
    taken = [inbox.take(0.1) for _ in range(microphone.WAITING_BLOCKS)]
    assert all(one is not None and not one[1] for one in taken)
    inbox.put(np.zeros((1, 1), np.float32), lost=False)
    last = inbox.take(0.1)
    assert last is not None
    assert last[1]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "import_module", _raising(ImportError("no sounddevice")))
    with pytest.raises(ConfigError, match=r"pip install 'jinmu\[microphone\]'"):
        open_audio()


def test_without_portaudio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "import_module", _raising(OSError("no PortAudio")))
    with pytest.raises(ConfigError, match="libportaudio2"):
        open_audio()


def _raising(error: Exception) -> Any:
    def refuse(name: str) -> Any:
        assert name == "sounddevice"
        raise error

    return refuse
