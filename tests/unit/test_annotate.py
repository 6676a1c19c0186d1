"""The annotated clip: it decodes, lasts as long as the recording, and shows what was said."""

from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest

from edge.annotate import Annotator
from edge.clip_writer import ClipWriter, encoder
from edge.errors import EdgeError
from edge.overlay import Row
from edge.scenes.base import Reading
from edge.timeline_strip import STATE_BGR
from tests.clips import SIZE_PX, record
from tests.factories import PARKED, START, detections, fire_lane
from tests.looks import looks

ZONE = ZoneInfo("Asia/Shanghai")
LANE = fire_lane(warn_after_s=2, file_after_s=4, clear_after_s=1)
FOOTER_PX = 64


def detect(frame):
    found = [(PARKED, 0.6, "car")] if 12 <= frame.ts < 17 else []
    return detections(*found)


def annotated(media, out, every_s=0.5):
    with Annotator(media, out, START, ZONE) as annotator:
        for frame, look in looks(media, LANE, every_s, detect):
            annotator.looked(frame, [look])
    return out


def pictures(path):
    with av.open(str(path)) as container:
        return [(f.time, f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    return record(tmp_path_factory.mktemp("clip") / "street.mp4", 20)


@pytest.fixture(scope="module")
def shown(media, tmp_path_factory):
    return pictures(annotated(media, tmp_path_factory.mktemp("out") / "out.mp4"))


def near(picture, colour):
    return (np.abs(picture.astype(int) - colour).sum(axis=2) < 60).sum()


def at(shown, ts):
    return min(shown, key=lambda item: abs(item[0] - ts))[1]


def test_every_picture_of_the_recording_is_there_at_its_time(media, shown):
    times = [time for time, _ in pictures(media)]
    assert [time for time, _ in shown] == pytest.approx(times, abs=1e-3)


def test_size_and_duration(media, tmp_path):
    out = annotated(media, tmp_path / "out.mp4")
    with av.open(str(out)) as container:
        video = container.streams.video[0]
        assert video.codec_context.name == "h264"
        assert (video.width, video.height) == (SIZE_PX[0], SIZE_PX[1] + FOOTER_PX)
        assert container.duration / av.time_base == pytest.approx(20, abs=0.25)


def test_the_zone_changes_its_colour_with_its_state(shown):
    for ts, state in ((2, "clear"), (16.4, "occupied")):
        picture = at(shown, ts)[: SIZE_PX[1]]
        other = "occupied" if state == "clear" else "clear"
        assert near(picture, STATE_BGR[state]) > 200
        assert near(picture, STATE_BGR[other]) < near(picture, STATE_BGR[state]) / 4


def test_the_strip_grows_and_shows_the_occupation(shown):
    early, late = (at(shown, ts)[SIZE_PX[1] :] for ts in (2, 19.5))
    assert near(early, STATE_BGR["occupied"]) == 0
    assert near(late, STATE_BGR["occupied"]) > 30


def test_a_banner_tells_a_report_for_a_while(shown):
    top = {ts: at(shown, ts)[:20, 200:].mean(axis=(0, 1)) for ts in (3, 16.6)}
    assert top[16.6][2] - top[16.6][0] > 80  # red
    assert abs(top[3][2] - top[3][0]) < 20


def test_between_two_looks_the_picture_moves(media, tmp_path):
    shown = pictures(annotated(media, tmp_path / "out.mp4", every_s=6.0))
    without, car = at(shown, 11.8), at(shown, 12.2)
    part = (slice(80, 140), slice(100, 190))
    assert np.abs(without[part].astype(int) - car[part]).mean() > 20


def test_twice_the_same_to_the_byte(media, tmp_path):
    one, two = (annotated(media, tmp_path / name).read_bytes() for name in ("1.mp4", "2.mp4"))
    assert one == two


def test_a_clip_that_breaks_off_leaves_nothing(media, tmp_path):
    frames = looks(media, LANE, 0.5, detect)
    with pytest.raises(RuntimeError), Annotator(media, tmp_path / "o.mp4", START, ZONE) as it:  # noqa: PT012
        for frame, look in frames:
            it.looked(frame, [look])
            if frame.ts > 3:
                raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_none_is_said_in_one_line(media, tmp_path):
    with pytest.raises(EdgeError, match=r"nowhere/o\.mp4: cannot be written"):
        Annotator(media, tmp_path / "nowhere" / "o.mp4", START, ZONE)


def test_without_h264_mpeg4_is_written():
    assert encoder(("libnothing", "mpeg4")) == "mpeg4"
    with pytest.raises(EdgeError, match="can write no video"):
        encoder(("libnothing",))


def test_mpeg4_plays_too(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.clip_writer.encoder", lambda: "mpeg4")
    path = record(tmp_path / "old.mp4", 2)
    assert [time for time, _ in pictures(path)] == pytest.approx(np.arange(10) / 5, abs=1e-3)


def test_a_picture_of_another_size_is_fitted(tmp_path):
    writer = ClipWriter(tmp_path / "a.mp4", 10)
    writer.write(np.zeros((101, 201, 3), np.uint8), 0.0)
    writer.write(np.zeros((50, 60, 3), np.uint8), 0.1)
    writer.close(whole=True)
    assert {picture.shape for _, picture in pictures(tmp_path / "a.mp4")} == {(100, 200, 3)}


def test_the_strip_of_a_week_is_bounded(shown):
    row, frame_look = Row(), None
    for frame_look in (Reading("occupied"), Reading("clear")) * 20_000:
        look = type("Look", (), {"reading": frame_look})
        row.add(look, 0.1 * (len(row.spans) and row.spans[-1].to_ts * 10 + 1))
    assert len(row.spans) <= 4000
