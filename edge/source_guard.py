"""The only door to FFmpeg: what may be opened, how, and what is said of its errors.

Cameras are untrusted. An address may only be `rtsp` or `rtsps`; FFmpeg may only use TCP and TLS,
never another protocol, host or file that a camera's answer names; no text of FFmpeg's gets out,
because it holds addresses with passwords.
"""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from urllib.parse import urlsplit

import av
import av.logging
from av.container import InputContainer
from pydantic import SecretStr

from edge.errors import ConfigError, SourceLost

MAX_PIXELS = 8192 * 8192
"""A picture above this is refused before its memory is taken."""

# Without "rtsp" in the white list FFmpeg refuses each redirect, to any host and scheme: the camera
# that a redirect names gets no connection. Opening the address itself needs the transport alone.
_TRANSPORT = {"rtsp": "tcp", "rtsps": "tcp,tls"}
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,asf,h264,hevc,flac,wav,mp3,ogg,aac"
)
_MAX_URL_CHARS = 1000
Network = IPv4Network | IPv6Network
Resolve = Callable[[str], Iterable[str]]
"""From a host's name to all its addresses; raises OSError when it has none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a camera may keep us waiting."""

    open_s: float = 10.0
    read_s: float = 10.0
    picture_s: float = 20.0
    """A connection that gives no usable packet of the picture for so long is lost."""
    networks: tuple[Network, ...] = ()
    """Cameras may only be in these networks; empty: anywhere."""


def check_ffmpeg(version: str = av.ffmpeg_version_info) -> None:
    """Refuse an FFmpeg that follows RTSP redirects past the white list (before 7.1.4, 8.0.0-8.0.1).

    ConfigError names the version; one that cannot be read ("N-118000-g…") is refused too.
    """
    match = re.match(r"n?(\d+)\.(\d+)(?:\.(\d+))?", version)
    number = tuple(int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    if number < (7, 1, 4) or (8, 0, 0) <= number < (8, 0, 2):
        raise ConfigError(
            f"FFmpeg {version} follows RTSP redirects of a camera to other hosts (fixed in 7.1.4 "
            "and 8.0.2): install a newer wheel of PyAV (package av, 18 or later)"
        )


def check_rtsp_url(url: str) -> str:
    """Scheme of a camera's address, "rtsp" or "rtsps"; ConfigError, without the address, if bad."""
    if len(url) > _MAX_URL_CHARS or re.search(r"[\x00-\x20\x7f]", url):
        raise ConfigError(
            "camera address refused: white space, control characters or over 1000 long"
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigError(
            "camera address refused: write special characters of the password as %XX"
        ) from None
    if parts.scheme not in _TRANSPORT or not url.lower().startswith(f"{parts.scheme}://"):
        raise ConfigError("camera address refused: only rtsp:// and rtsps:// are opened")
    if not host:
        raise ConfigError("camera address refused: no host in it")
    return parts.scheme


def addresses_of(host: str) -> list[str]:
    """All addresses of a host's name, as the system resolves it; OSError when there is none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]).partition("%")[0] for *_, address in found]


def pinned(url: str, networks: Sequence[Network], resolve: Resolve = addresses_of) -> str:
    """The address with its host's name replaced by the IP address that was checked.

    So what is connected to is what was looked at, whatever the name server says a moment later.
    SourceLost when any address of the name lies outside of the networks, or it has none.
    """
    host = urlsplit(url).hostname or ""
    try:
        addresses = [_plain(ip_address(text)) for text in resolve(host)]
    except (OSError, UnicodeError, ValueError):
        addresses = []
    if not addresses:
        raise SourceLost("the camera's name has no address")
    if not all(any(address in network for network in networks) for address in addresses):
        raise SourceLost("the camera's address is outside of the networks of cameras")
    first = addresses[0]
    parts = urlsplit(url)
    userinfo, at, place = parts.netloc.rpartition("@")
    port = "" if urlsplit(f"//{place}").port is None else f":{urlsplit(f'//{place}').port}"
    shown = f"[{first}]" if isinstance(first, IPv6Address) else str(first)
    return parts._replace(netloc=f"{userinfo}{at}{shown}{port}").geturl()


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, if it does: ::ffff:127.0.0.1 is 127.0.0.1."""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return inner or address


def open_rtsp(url: SecretStr, with_sound: bool, limits: Limits) -> InputContainer:
    """Connect to a camera, over TCP alone; SourceLost says why not, without credentials."""
    address = url.get_secret_value()
    scheme = check_rtsp_url(address)
    if limits.networks:
        address = pinned(address, limits.networks)
    options = {
        "protocol_whitelist": _TRANSPORT[scheme],
        "rtsp_transport": "tcp",
        "allowed_media_types": "video+audio" if with_sound else "video",
        # Of the socket, for the goodbye to a camera that is silent; ours below comes first.
        "timeout": str(int((max(limits.open_s, limits.read_s) + 1) * 1e6)),
        "fpsprobesize": "0",  # half a second until the first picture instead of three
    }
    return _open(address, options, (limits.open_s, limits.read_s), "rtsp")


def open_recording(path: Path) -> InputContainer:
    """Open a recording: an ordinary file of a plain container, so no play list that names others.

    ConfigError when there is no such file, SourceLost when it is not a recording.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    options = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}
    return _open(f"file:{path.resolve()}", options, None, None)


def _open(
    address: str, options: dict[str, str], timeout: tuple[float, float] | None, format_: str | None
) -> InputContainer:
    check_ffmpeg()
    av.logging.set_level(None)  # FFmpeg's own messages hold the address with its password
    options["max_pixels"] = str(MAX_PIXELS)
    try:
        return av.open(address, "r", format=format_, options=options, timeout=timeout)
    except av.FFmpegError as error:
        why = reason(error)
    raise SourceLost(why)  # outside of the except, so that FFmpeg's text is not in its context


def reason(error: av.FFmpegError) -> str:
    """One line for people, made without the text of the error (it ends with the address)."""
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return "the camera refuses the user name or password"
        case av.error.HTTPNotFoundError():
            return "the camera knows no such stream (404)"
        case av.error.HTTPError():
            return "the camera refuses the stream"
        case av.error.ExitError() | av.error.TimeoutError():
            return "no answer in time"
        case av.error.ConnectionRefusedError():
            return "connection refused"
        case av.error.ArgumentError() | av.error.ProtocolNotFoundError():
            return "refused: the camera redirects elsewhere, or answers nonsense"
        case av.error.InvalidDataError():
            return "the answer is not a stream that can be read"
        case av.error.EOFError():
            return "the connection was closed"
        case _:
            return (error.strerror or type(error).__name__).lower()
