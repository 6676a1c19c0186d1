"""Recordings: media time is the clock, the choice of frames is exact, the end is an end."""

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from edge.errors import ConfigError
from edge.source import FileSource
from edge.source_decode import SoundBlock
from tests.support import ROOT

START = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
STREET = ROOT / "samples" / "street.mp4"


def record(path: Path, fps: Fraction, seconds: float, sound: bool = False) -> Path:
    """A clip whose n-th picture is 2 n of 219 steps bright (modulo 219), with a 440 Hz tone."""
    with av.open(str(path), "w") as target:
        picture = target.add_stream("libx264", rate=fps)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        picture.options = {"qp": "0", "preset": "ultrafast", "bf": "2"}
        tone = target.add_stream("aac", rate=16000, layout="mono") if sound else None
        for number in range(int(seconds * fps)):
            planes = np.full((72, 64), 128, np.uint8)
            planes[:48] = 16 + 2 * number % 219  # the Y of limited range
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, 1 / fps
            target.mux(picture.encode(frame))
        target.mux(picture.encode(None))
        if tone is not None:
            wave = np.sin(2 * np.pi * 440 * np.arange(int(seconds * 16000)) / 16000) * 0.5
            block = av.AudioFrame.from_ndarray(
                wave[None, :].astype(np.float32), format="fltp", layout="mono"
            )
            block.sample_rate, block.pts, block.time_base = 16000, 0, Fraction(1, 16000)
            target.mux(tone.encode(block))
            target.mux(tone.encode(None))
    return path


@pytest.mark.parametrize(
    ("fps", "every_s", "numbers"),
    [
        (Fraction(10), 1.0, [0, 10, 20, 30]),
        (Fraction(10), 0.25, [0, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28, 30, 33, 35, 38]),
        (Fraction(25, 2), 1.0, [0, 13, 25, 38]),  # 12.5 a second: the first at or after
        (Fraction(30000, 1001), 1.0, [0, 30, 60, 90]),
        (Fraction(2), 0.1, [0, 1, 2, 3, 4, 5, 6, 7]),  # no more often than there are pictures
        (Fraction(10), 60.0, [0]),
    ],
)
def test_the_frames_nearest_after_each_multiple_are_given(
    fps: Fraction, every_s: float, numbers: list[int], tmp_path: Path
) -> None:
    path = record(tmp_path / "clip.mp4", fps, 4.0)
    frames = list(FileSource(path, every_s, START).frames())
    assert [round(frame.ts * fps) for frame in frames] == numbers
    shown = [frame.image.mean() / 255 * 219 / 2 for frame in frames]
    assert shown == pytest.approx(numbers, abs=0.9)  # not its neighbour
    for frame in frames:
        assert (frame.wall - START).total_seconds() == pytest.approx(frame.ts, abs=1e-5)


def test_twice_the_same_to_the_last_pixel() -> None:
    def once() -> list[tuple[float, bytes]]:
        return [(f.ts, f.image.tobytes()) for f in FileSource(STREET, 5.0, START).frames()]

    assert once() == once()


def test_the_sample_camera_is_what_it_should_be() -> None:
    assert STREET.stat().st_size <= 3_000_000
    with av.open(str(STREET)) as clip:
        stream = clip.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt, context.width, context.height, stream.frames) == (
            "h264", "yuv420p", 768, 576, 600,
        )  # fmt: skip
        keyframes_s = [float(p.pts * p.time_base) for p in clip.demux(stream) if p.is_keyframe]
    assert keyframes_s == [float(second) for second in range(60)]


def test_picture_and_sound_of_one_recording_share_its_clock(tmp_path: Path) -> None:
    path = record(tmp_path / "clip.mp4", Fraction(10), 3.0, sound=True)
    blocks: list[SoundBlock] = []
    frames = list(FileSource(path, 1.0, START, blocks.append).frames())
    assert [frame.ts for frame in frames] == [0.0, 1.0, 2.0]
    assert blocks[0].rate_hz == 16000
    assert blocks[0].ts == pytest.approx(0.0, abs=0.07)  # AAC may begin before zero
    samples = np.concatenate([block.samples[0] for block in blocks])
    assert samples.dtype == np.float32
    assert len(samples) / 16000 == pytest.approx(3.0, abs=0.15)
    assert np.sqrt(np.mean(samples[8000:-8000] ** 2)) == pytest.approx(0.5 / 2**0.5, rel=0.05)


def test_sound_alone_is_a_recording_too_when_somebody_listens(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("pcm_s16le", rate=8000, layout="mono")
        wave = (np.sin(np.arange(16000) / 3) * 16384).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
        frame.sample_rate = 8000
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    blocks: list[SoundBlock] = []
    assert list(FileSource(path, 1.0, START, blocks.append).frames()) == []
    assert sum(block.samples.shape[1] for block in blocks) == 16000
    assert max(float(block.samples.max()) for block in blocks) == pytest.approx(0.5, abs=0.01)
    with pytest.raises(ConfigError, match="neither picture nor sound"):
        list(FileSource(path, 1.0, START).frames())


def test_damaged_pictures_are_counted_and_skipped(tmp_path: Path) -> None:
    whole = STREET.read_bytes()
    rng = np.random.default_rng(5)
    spoilt = bytearray(whole)
    for at in rng.integers(len(whole) // 4, len(whole) // 2, 400):  # inside the picture data
        spoilt[at] ^= 0xFF
    path = tmp_path / "spoilt.mp4"
    path.write_bytes(spoilt)
    source = FileSource(path, 1.0, START)
    frames = list(source.frames())
    assert source.broken.count > 10
    assert frames[-1].ts == 59.0
    assert len(frames) > 30


def test_a_recording_cut_in_the_middle_ends_there(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(STREET.read_bytes()[:1_000_000])
    frames = list(FileSource(path, 1.0, START).frames())
    assert 10 < len(frames) < 40
