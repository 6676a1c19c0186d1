"""Cameras that stall, lie, redirect or send rubbish: refused, counted or retried; nothing leaks."""

import resource
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import av
import pytest
from pydantic import SecretStr

from edge.clock import SystemClock
from edge.errors import SourceLost
from edge.source import RtspSource
from edge.source_guard import Limits
from edge.types import Frame
from tests.rtsp import hostile
from tests.rtsp.hostile import Rtp, listening
from tests.support import free_port

CANARY = "kanarienvogel"
USERINFO = f"admin:{CANARY}@"
IMPATIENT = Limits(open_s=1, read_s=1, picture_s=1.5)
PICTURE_TICKS = 9000  # a tenth of a second at 90 kHz


def source(url: str, every_s: float = 0.1) -> RtspSource:
    return RtspSource(SecretStr(url), every_s, SystemClock(), limits=IMPATIENT)


def loss(url: str) -> str:
    """Why the source gives up."""
    with pytest.raises(SourceLost) as lost:
        list(source(url).frames())
    assert lost.value.__context__ is None  # FFmpeg's own error holds the address
    return str(lost.value)


def rubbish_in_rtp(connection: socket.socket) -> None:
    rtp = Rtp(connection)
    for number in range(2000):
        rtp.send_raw(bytes([number % 256]) * 400, number, marker=True)


def until_lost(camera: RtspSource) -> Iterator[Frame]:
    """All frames; the loss at the end is expected."""
    with suppress(SourceLost):
        yield from camera.frames()


TALKS: dict[str, tuple[hostile.Talk, str]] = {
    "stalls after accepting": (hostile.stall, "no answer in time"),
    "resets": (hostile.reset, ""),
    "answers rubbish": (hostile.garbage, "not a stream"),
    "401 without end": (
        hostile.answer("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"', to="DESCRIBE"),
        "user name or password",
    ),
    "digest without end": (
        hostile.answer(
            "401 Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="1"', to="DESCRIBE"
        ),
        "user name or password",
    ),
    "403": (hostile.answer("403 Forbidden", to="DESCRIBE"), "user name or password"),
    "404": (hostile.answer("404 Not Found", to="DESCRIBE"), "no such stream"),
    "500": (hostile.answer("500 Oops"), "refuses the stream"),
    "no SDP": (hostile.answer("200 OK", to="DESCRIBE"), "not a stream"),
    "stalls after PLAY": (hostile.playing(hostile.stall), "no answer in time"),
    "rubbish in RTP": (hostile.playing(rubbish_in_rtp), "no answer in time"),
    "rubbish in place of RTP": (hostile.playing(hostile.garbage), "no answer in time"),
}


@pytest.mark.parametrize("name", TALKS)
def test_every_misbehaviour_is_a_loss_with_a_reason_and_without_the_password(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    talk, why = TALKS[name]
    with listening(talk) as camera:
        said = loss(camera.url(USERINFO))
    assert said
    assert why in said
    out, err = capfd.readouterr()
    assert CANARY not in said + out + err
    assert out + err == ""  # FFmpeg itself says nothing


def test_nobody_there() -> None:
    assert loss(f"rtsp://{USERINFO}127.0.0.1:{free_port()}/x") == "connection refused"


LOCATIONS = [
    "rtsp://127.0.0.1:{port}/x",
    "rtsp://localhost:{port}/x",
    "rtsp://[::ffff:127.0.0.1]:{port}/x",
    "rtsp://2130706433:{port}/x",
    "rtsp://0x7f.1:{port}/x",
    "rtsp://user:secret@127.0.0.1:{port}/x",
    "rtsps://127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}/x",
    "https://127.0.0.1:{port}/x",
    "tcp://127.0.0.1:{port}",
    "udp://127.0.0.1:{port}",
    "tls://127.0.0.1:{port}",
    "rtmp://127.0.0.1:{port}/x",
    "httpproxy://127.0.0.1:{port}/x",
    "ftp://127.0.0.1:{port}/x",
    "gopher://127.0.0.1:{port}/x",
    "concat:http://127.0.0.1:{port}/x",
    "crypto+http://127.0.0.1:{port}/x",
    "//127.0.0.1:{port}/x",
    "file:///etc/passwd",
    "/etc/passwd",
    "",
]


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Moved Temporarily", "305 Use Proxy"]
)
@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP"])
def test_no_redirect_is_followed_to_any_host_or_scheme(method: str, status: str) -> None:
    with listening(hostile.stall) as canary:
        for location in LOCATIONS:
            header = f"Location: {location.format(port=canary.port)}"
            with listening(redirect(method, status, header)) as camera:
                loss(camera.url(USERINFO))
                assert camera.connections == 1
        assert canary.connections == 0


def redirect(method: str, status: str, header: str) -> hostile.Talk:
    if method == "SETUP":
        return hostile.playing(hostile.stall, setup=(status, header))
    return hostile.answer(status, header, to=method)


def test_the_canary_would_sing_if_a_redirect_were_followed() -> None:
    """The test above can fail: with "rtsp" on the white list FFmpeg does follow."""
    options = {"rtsp_transport": "tcp", "protocol_whitelist": "tcp,rtsp"}
    with listening(hostile.reset) as canary:
        talk = hostile.answer("302 Moved Temporarily", f"Location: {canary.url()}")
        with listening(talk) as camera, pytest.raises(av.FFmpegError):
            av.open(camera.url(), options=options, timeout=(1, 1))
        assert canary.connections == 1


def test_a_description_that_points_at_another_host_reaches_nobody() -> None:
    with listening(hostile.stall) as canary:
        elsewhere = f"rtsp://127.0.0.1:{canary.port}/track1"
        with listening(hostile.playing(hostile.stall, control=elsewhere)) as camera:
            loss(camera.url())
        assert canary.connections == 0


def test_an_absurd_size_is_refused_before_its_memory_is_taken() -> None:
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def stream(connection: socket.socket) -> None:
        rtp = Rtp(connection)
        for number, picture in enumerate(hostile.h264(64, 48, 30) * 3):
            rtp.send(hostile.with_size(picture, 16_000, 16_000), number * PICTURE_TICKS)
        hostile.stall(connection)

    with listening(hostile.playing(stream)) as camera:
        assert loss(camera.url()) == "a picture of 16000x16000 is refused"
    after_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after_kib - before_kib < 300_000  # unguarded it is 1.1 GB


def test_another_size_in_the_middle_of_a_stream_is_taken_as_it_comes() -> None:
    def stream(connection: socket.socket) -> None:
        rtp = Rtp(connection)
        pictures = [*hostile.h264(320, 240, 30), *hostile.h264(192, 112, 30)]
        for number, picture in enumerate(pictures):
            rtp.send(picture, number * PICTURE_TICKS)
        hostile.stall(connection)

    with listening(hostile.playing(stream)) as camera:
        sizes = {frame.image.shape for frame in until_lost(source(camera.url(), 0.0001))}
    assert sizes == {(240, 320, 3), (112, 192, 3)}


def test_an_absurd_size_in_the_middle_of_a_stream_is_a_broken_picture() -> None:
    def stream(connection: socket.socket) -> None:
        rtp = Rtp(connection)
        for number, picture in enumerate(hostile.h264(320, 240, 60)):
            if number >= 30:
                picture = hostile.with_size(picture, 16_000, 16_000)
            rtp.send(picture, number * PICTURE_TICKS)
        hostile.stall(connection)

    with listening(hostile.playing(stream)) as camera:
        camera_source = source(camera.url(), 0.0001)
        sizes = {frame.image.shape for frame in until_lost(camera_source)}
    assert sizes == {(240, 320, 3)}
    assert camera_source.broken.count >= 3


@pytest.mark.parametrize(("every_s", "touched"), [(1.0, False), (0.2, True)])
def test_pictures_between_keyframes_are_decoded_only_where_they_are_needed(
    every_s: float, touched: bool
) -> None:
    def stream(connection: socket.socket) -> None:
        rtp = Rtp(connection)
        for number, picture in enumerate(hostile.h264(320, 240, 80)):
            if number > 30 and number % 10:  # from the fourth second on there is rubbish between
                picture = picture[:60] + b"\x55" * (len(picture) - 60)
            rtp.send(picture, number * PICTURE_TICKS)
        hostile.stall(connection)

    with listening(hostile.playing(stream)) as camera:
        camera_source = source(camera.url(), every_s)
        assert list(until_lost(camera_source))
    assert (camera_source.broken.count > 0) is touched


def test_broken_pictures_are_counted_and_the_good_ones_go_on() -> None:
    def stream(connection: socket.socket) -> None:
        rtp = Rtp(connection)
        for number, picture in enumerate(hostile.h264(320, 240, 60)):
            if 20 < number < 30:
                picture = picture[:60] + b"\x55" * (len(picture) - 60)
            rtp.send(picture, number * PICTURE_TICKS)
        hostile.stall(connection)

    with listening(hostile.playing(stream)) as camera:
        camera_source = source(camera.url(), 0.0001)
        taken = len(list(until_lost(camera_source)))
    assert camera_source.broken.count >= 5
    assert taken >= 20


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A camera's self-signed certificate."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is missing: apt-get install openssl")
    key, certificate = (tmp_path_factory.mktemp("tls") / name for name in ("key.pem", "cert.pem"))
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=camera"]
    command = ["openssl", *request, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def over_tls(tls: ssl.SSLContext, talk: hostile.Talk) -> hostile.Talk:
    def secured(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as secure:
            talk(secure)

    return secured


def test_a_camera_behind_tls_is_read(tls: ssl.SSLContext) -> None:
    def stream(connection: socket.socket) -> None:
        rtp = Rtp(connection)
        for number, picture in enumerate(hostile.h264(320, 240, 30)):
            rtp.send(picture, number * PICTURE_TICKS)
        hostile.stall(connection)

    with listening(over_tls(tls, hostile.playing(stream))) as camera:
        assert len(list(until_lost(source(camera.url(scheme="rtsps"), 0.0001)))) >= 25


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "https"])
def test_a_camera_behind_tls_cannot_redirect_either(tls: ssl.SSLContext, scheme: str) -> None:
    with listening(hostile.stall) as canary:
        talk = hostile.answer("302 Moved", f"Location: {canary.url(scheme=scheme)}")
        with listening(over_tls(tls, talk)) as camera:
            loss(camera.url(scheme="rtsps"))
        assert canary.connections == 0
