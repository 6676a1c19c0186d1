"""Camera addresses that aim at something else: nothing is ever connected to (goal B7).

The canary is a real listener on the loopback. Redirects and descriptions that point elsewhere are
in tests/faults/test_hostile_camera.py.
"""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from pydantic import SecretStr

from edge.errors import ConfigError, SourceLost
from edge.source_guard import Limits, open_rtsp, pinned
from tests.rtsp.hostile import Listener, listening, reset
from tests.support import measured

CAMERAS = (ip_network("10.20.0.0/16"), ip_network("fd00:20::/64"))
IMPATIENT = Limits(open_s=1, read_s=1, picture_s=1, networks=CAMERAS)

# {port} is the canary's. What is no camera's address at all:
FOREIGN = [
    "http://127.0.0.1:{port}/x", "https://127.0.0.1:{port}/x", "tcp://127.0.0.1:{port}",
    "udp://127.0.0.1:{port}", "rtp://127.0.0.1:{port}", "tls://127.0.0.1:{port}",
    "rtmp://127.0.0.1:{port}/x", "srt://127.0.0.1:{port}", "ftp://127.0.0.1:{port}/x",
    "gopher://127.0.0.1:{port}/x", "ws://127.0.0.1:{port}/x", "mms://127.0.0.1:{port}/x",
    "hls+http://127.0.0.1:{port}/x.m3u8", "http://127.0.0.1:{port}/x.m3u8", "unix:/run/docker.sock",
    "file:///etc/passwd", "/etc/passwd", "concat:http://127.0.0.1:{port}/a|b",
    "concatf:http://127.0.0.1:{port}/a", "subfile,,start,0,end,9,,:http://127.0.0.1:{port}/a",
    "crypto+http://127.0.0.1:{port}/a", "data:text/plain,x", "pipe:0", "fd:0",
    "async:http://127.0.0.1:{port}/a", "cache:http://127.0.0.1:{port}/a",
    "tee:http://127.0.0.1:{port}/a", "httpproxy://127.0.0.1:{port}/a", "icecast://127.0.0.1:{port}/a",
    "rtspt://127.0.0.1:{port}/x", "rtspu://127.0.0.1:{port}/x", "rtsp+http://127.0.0.1:{port}/x",
    "satip://127.0.0.1:{port}/x", "amqp://127.0.0.1:{port}/x", "ipfs://x", "sctp://127.0.0.1:{port}",
    "rtsp:127.0.0.1:{port}/x", "rtsp:/127.0.0.1:{port}/x", "rtsp:///127.0.0.1:{port}/x",
    " rtsp://127.0.0.1:{port}/x", "rtsp://127.0.0.1:{port}/x\r\nRequire: y", "-i http://127.0.0.1",
    "rtsp://127.0.0.1:{port}\x00@10.20.0.5/x", "rtsp://10.20.0.5 @127.0.0.1:{port}/x",
]  # fmt: skip

# Written like a camera, but outside of the cameras' networks however it is spelled.
OUTSIDE = [
    "rtsp://127.0.0.1:{port}/x", "rtsp://127.1:{port}/x", "rtsp://127.0.1:{port}/x",
    "rtsp://2130706433:{port}/x", "rtsp://0x7f000001:{port}/x", "rtsp://0x7f.0.0.1:{port}/x",
    "rtsp://017700000001:{port}/x", "rtsp://0177.0.0.1:{port}/x", "rtsp://0:{port}/x",
    "rtsp://0.0.0.0:{port}/x", "rtsp://localhost:{port}/x", "rtsp://LOCALHOST:{port}/x",
    "rtsp://localhost.:{port}/x", "rtsp://[::1]:{port}/x", "rtsp://[::]:{port}/x",
    "rtsp://[::ffff:127.0.0.1]:{port}/x", "rtsp://[::ffff:7f00:1]:{port}/x",
    "rtsp://[0:0:0:0:0:0:0:1]:{port}/x", "rtsp://[::127.0.0.1]:{port}/x",
    "rtsp://[64:ff9b::7f00:1]:{port}/x", "rtsp://127.0.0.1.:{port}/x", "rtsp://127.255.255.254:{port}/x",
    "rtsp://10.20.0.5@127.0.0.1:{port}/x", "rtsp://10.20.0.5:554@127.0.0.1:{port}/x",
    "rtsp://10.20.0.5%40127.0.0.1:{port}/x", "rtsp://10.20.0.5#@127.0.0.1:{port}/x",
    "rtsp://10.20.0.5?@127.0.0.1:{port}/x", "rtsp://10.20.0.5\\@127.0.0.1:{port}/x",
    "rtsp://127.0.0.1:{port}#@10.20.0.5/x", "rtsp://①②⑦.⓪.⓪.①:{port}/x", "rtsp://127。0。0。1:{port}/x",
    "rtsp://169.254.169.254/latest/meta-data", "rtsp://[fe80::1]:{port}/x", "rtsp://224.0.0.1:{port}/x",
    "rtsp://10.21.0.5:{port}/x", "rtsp://255.255.255.255:{port}/x", "rtsps://127.0.0.1:{port}/x",
    "RTSP://127.0.0.1:{port}/x",
]  # fmt: skip


@pytest.fixture(scope="module")
def canary() -> Iterator[Listener]:
    with listening(reset) as listener:
        yield listener


def test_there_are_sixty() -> None:
    assert len({*FOREIGN, *OUTSIDE}) >= 60


@pytest.mark.parametrize("url", [*FOREIGN, *OUTSIDE])
def test_no_address_reaches_the_canary(canary: Listener, url: str) -> None:
    before = canary.connections
    with pytest.raises((ConfigError, SourceLost)) as refused:
        open_rtsp(SecretStr(url.replace("{port}", str(canary.port))), False, IMPATIENT)
    assert canary.connections == before
    assert str(canary.port) not in str(refused.value)


def test_the_canary_sings_when_its_network_is_allowed(canary: Listener) -> None:
    before = canary.connections
    home = Limits(1, 1, 1, networks=(ip_network("127.0.0.0/8"),))
    assert before == 0, "an address has reached it"
    with pytest.raises(SourceLost):
        open_rtsp(SecretStr(canary.url()), False, home)
    assert canary.connections > before
    measured(
        "camera addresses that aim elsewhere (SSRF)",
        f"{len({*FOREIGN, *OUTSIDE})} addresses, 0 connections to the canary",
        "other schemes, spellings of the loopback, user parts, mapped IPv6; the canary answers"
        " once its network is allowed",
    )


def test_a_name_that_changes_its_mind_is_asked_once_and_pinned() -> None:
    answers = [["10.20.0.5"], ["127.0.0.1"]]  # DNS rebinding
    url = pinned("rtsp://u:p@cam.example:8554/a?b=c", CAMERAS, lambda _: answers.pop(0))
    assert url == "rtsp://u:p@10.20.0.5:8554/a?b=c"
    assert len(answers) == 1


@pytest.mark.parametrize(
    "answer", [["10.20.0.5", "127.0.0.1"], ["::ffff:127.0.0.1"], ["fd00:21::1"], [], ["junk"]]
)
def test_one_address_outside_is_one_too_many(answer: list[str]) -> None:
    with pytest.raises(SourceLost, match=r"outside of the networks|no address"):
        pinned("rtsp://cam.example/x", CAMERAS, lambda _: answer)


@pytest.mark.parametrize(
    ("answer", "url"),
    [
        (["fd00:20::7"], "rtsp://[fd00:20::7]:8554/x"),
        (["::ffff:10.20.0.9"], "rtsp://10.20.0.9:8554/x"),
    ],
)
def test_addresses_of_the_network_are_let_through(answer: list[str], url: str) -> None:
    assert pinned("rtsp://cam.example:8554/x", CAMERAS, lambda _: answer) == url


def test_an_unknown_name_is_a_loss_and_tried_again() -> None:
    def unknown(_: str) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(SourceLost, match="no address"):
        pinned("rtsp://cam.example/x", CAMERAS, unknown)
