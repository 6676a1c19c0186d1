"""Cameras that misbehave: real sockets, one behaviour each."""

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction

import av
import numpy as np

SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1\r\na=control:{control}\r\n"
)
SETUP_OK = ("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1")
Talk = Callable[[socket.socket], None]


class Listener:
    """Takes connections on the loopback and runs `talk` in a thread for each; counts them."""

    def __init__(self, talk: Talk) -> None:
        self.connections = 0
        self._talk = talk
        self._open: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, userinfo: str = "", scheme: str = "rtsp") -> str:
        return f"{scheme}://{userinfo}127.0.0.1:{self.port}/camera"

    def close(self) -> None:
        self._socket.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the client may go at any moment
            self._talk(connection)


@contextmanager
def listening(talk: Talk) -> Iterator[Listener]:
    listener = Listener(talk)
    try:
        yield listener
    finally:
        listener.close()


def stall(connection: socket.socket) -> None:
    """Say nothing, for ever."""
    while connection.recv(4096):
        pass


def reset(connection: socket.socket) -> None:
    """Break the connection at once, with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def garbage(connection: socket.socket) -> None:
    """Answer with bytes that are no RTSP."""
    connection.recv(4096)
    connection.sendall(np.random.default_rng(1).bytes(100_000))
    connection.close()


def answer(status: str, *headers: str, to: str = "OPTIONS") -> Talk:
    """Answer the request `to` like this, and those before it with 200."""

    def talk(connection: socket.socket) -> None:
        for method, cseq in requests(connection):
            if method == to:
                reply(connection, cseq, status, *headers)
            else:
                reply(connection, cseq, "200 OK", "Public: DESCRIBE, SETUP, PLAY")

    return talk


def playing(stream: Talk, setup: tuple[str, ...] = (), control: str = "track1") -> Talk:
    """A camera that behaves until PLAY, then runs `stream` (packets go out on channel 0).

    `setup` is another status, with headers, for SETUP; `control` another address of the track.
    """

    def talk(connection: socket.socket) -> None:
        for method, cseq in requests(connection):
            if method == "DESCRIBE":
                body = SDP.format(control=control)
                reply(connection, cseq, "200 OK", "Content-Type: application/sdp", body=body)
            elif method == "SETUP":
                reply(connection, cseq, *(setup or SETUP_OK))
            elif method == "PLAY":
                reply(connection, cseq, "200 OK", "Session: 1")
                stream(connection)
            else:
                reply(connection, cseq, "200 OK", "Public: DESCRIBE, SETUP, PLAY")

    return talk


def requests(connection: socket.socket) -> Iterator[tuple[str, str]]:
    """Method and CSeq of each request."""
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            piece = connection.recv(4096)
            if not piece:
                return
            buffer += piece
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        cseq = next(line.split(":")[1].strip() for line in lines if line.startswith("CSeq"))
        yield lines[0].split()[0], cseq


def reply(connection: socket.socket, cseq: str, status: str, *headers: str, body: str = "") -> None:
    lines = [f"RTSP/1.0 {status}", f"CSeq: {cseq}", *headers, f"Content-Length: {len(body)}"]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())


def h264(width: int, height: int, count: int, fps: int = 10) -> list[bytes]:
    """`count` pictures in Annex B, parameter sets in band, a keyframe every second."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base = Fraction(1, fps)
    codec.options = {
        "preset": "ultrafast", "tune": "zerolatency", "x264-params": f"keyint={fps}:scenecut=0"
    }  # fmt: skip
    packets: list[bytes] = []
    for number in range(count):
        picture = np.full((height, width, 3), number % 200, np.uint8)
        picture[:, : width // 2] = 255
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
        frame.pts = number
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets + [bytes(packet) for packet in codec.encode(None)]


def huge_sps(width: int, height: int) -> bytes:
    """A sequence parameter set (baseline, level 6.2) that claims this size in pixels."""

    def ue(value: int) -> str:
        bits = f"{value + 1:b}"
        return "0" * (len(bits) - 1) + bits

    fields = [0, 0, 2, 1]  # id, log2_max_frame_num - 4, picture order type, reference frames
    bits = "".join(map(ue, fields)) + "0" + ue(width // 16 - 1) + ue(height // 16 - 1)
    bits += "1" + "1" + "0" + "0" + "1"  # frames only, direct 8x8, no crop, no VUI, stop
    bits += "0" * (-len(bits) % 8)
    payload = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([0x67, 66, 0xC0, 62]) + payload


def with_size(access_unit: bytes, width: int, height: int) -> bytes:
    """The picture with a parameter set that claims another size."""
    nals = [
        huge_sps(width, height) if nal[0] & 31 == 7 else nal for nal in _split(access_unit) if nal
    ]
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


class Rtp:
    """Wraps access units into RTP over the RTSP connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._number = 0

    def send(self, access_unit: bytes, ts: int) -> None:
        """One picture at `ts` (90 kHz); cut into FU-A where a NAL is longer than a packet."""
        nals = [nal for nal in _split(access_unit) if nal]
        for nal in nals:
            for payload, last in _pieces(nal):
                self.send_raw(payload, ts, marker=last and nal is nals[-1])

    def send_raw(self, payload: bytes, ts: int, marker: bool) -> None:
        self._number = (self._number + 1) & 0xFFFF
        head = struct.pack("!BBHII", 0x80, 96 | marker << 7, self._number, ts & 0xFFFFFFFF, 7)
        self._connection.sendall(struct.pack("!cBH", b"$", 0, len(head + payload)) + head + payload)


def _split(access_unit: bytes) -> list[bytes]:
    return access_unit.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")


def _pieces(nal: bytes, size: int = 1200) -> Iterable[tuple[bytes, bool]]:
    if len(nal) <= size:
        yield nal, True
        return
    indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F
    parts = [nal[at : at + size] for at in range(1, len(nal), size)]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        yield bytes([indicator, kind | (number == 0) << 7 | last << 6]) + part, last
