"""What may be opened, and with which FFmpeg."""

from pathlib import Path

import av
import pytest

from edge.errors import ConfigError, SourceLost
from edge.source_guard import check_ffmpeg, check_rtsp_url, open_recording


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/x",
        "https://10.0.0.1/x",
        "file:///etc/passwd",
        "/etc/passwd",
        "concat:a.mp4|b.mp4",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "crypto+file:///etc/passwd",
        "data:video/mp4;base64,AAAA",
        "rtmp://10.0.0.1/x",
        "rtp://10.0.0.1:5000",
        "udp://10.0.0.1:5000",
        "tcp://10.0.0.1:80",
        "srt://10.0.0.1:80",
        "hls+http://10.0.0.1/x.m3u8",
        "rtspt://10.0.0.1/x",
        "rtsp+http://10.0.0.1/x",
        "satrtsp://10.0.0.1/x",
        "ftp://10.0.0.1/x",
        "pipe:0",
        "unix:/var/run/docker.sock",
        "async:rtsp://10.0.0.1/x",
        "cache:rtsp://10.0.0.1/x",
        "-i /etc/passwd",
        "",
        "rtsp:",
        "rtsp://",
        "rtsp:///x",
        "rtsp:10.0.0.1/x",
        "rtsp://:554/x",
        "rtsp://user:geheim@/x",
        "rtsp://10.0.0.1:port/x",
        "rtsp://10.0.0.1:70000/x",
        "rtsp://user:ge/heim@10.0.0.1/x",
        "rtsp://[::1/x",
        " rtsp://10.0.0.1/x",
        "rtsp://10.0.0.1/x y",
        "rtsp://10.0.0.1/x\r\nRequire: geheim",
        "rtsp://10.0.0.1/\x00",
        "rtsp://10.0.0.1/" + "x" * 1000,
    ],
)
def test_an_address_that_is_no_plain_camera_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        check_rtsp_url(url)
    assert "geheim" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("rtsp://10.0.0.1/stream1", "rtsp"),
        ("RTSP://10.0.0.1:8554/Streaming/Channels/101?transportmode=unicast", "rtsp"),
        ("rtsps://camera.example:322/live", "rtsps"),
        ("rtsp://admin:p%40ss%2Fword@10.0.0.1/x", "rtsp"),
        ("rtsp://admin:p@ss@10.0.0.1/x", "rtsp"),
        ("rtsp://[fe80::1]:554/x", "rtsp"),
    ],
)
def test_addresses_of_cameras_are_let_through(url: str, scheme: str) -> None:
    assert check_rtsp_url(url) == scheme


@pytest.mark.parametrize(
    "version",
    ["4.4.2", "7.1.3", "n7.0", "7.1", "8.0", "8.0.1", "n8.0.1-3", "N-118000-g0", "git", ""],
)
def test_an_ffmpeg_that_follows_redirects_is_refused(version: str) -> None:
    with pytest.raises(ConfigError, match="redirects"):
        check_ffmpeg(version)


@pytest.mark.parametrize(
    "version", ["7.1.4", "7.1.10", "8.0.2", "n8.0.3-1", "8.1", "8.1.2", "9.0.1"]
)
def test_a_mended_ffmpeg_is_let_through(version: str) -> None:
    check_ffmpeg(version)


def test_the_installed_ffmpeg_is_let_through() -> None:
    check_ffmpeg()


def test_a_recording_that_does_not_exist_is_a_fault_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        open_recording(tmp_path / "none.mp4")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("noise.mp4", b"\x07\x11" * 5000),
        ("empty.mp4", b""),
        ("list.m3u8", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
        ("list.txt", b"ffconcat version 1.0\nfile '/etc/passwd'\n"),
        ("camera.sdp", b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5000 RTP/AVP 96\n"),
    ],
)
def test_what_is_no_recording_or_names_other_files_is_not_read(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceLost):
        open_recording(tmp_path / name)


def test_ffmpegs_own_log_is_silent_once_something_was_opened(tmp_path: Path) -> None:
    av.logging.set_level(av.logging.DEBUG)
    (tmp_path / "noise.mp4").write_bytes(b"\x07\x11" * 5000)
    with pytest.raises(SourceLost):
        open_recording(tmp_path / "noise.mp4")
    assert av.logging.get_level() is None
