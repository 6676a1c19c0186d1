"""Recordings of an evening for tests: the square's sound cut short, with or without a picture."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from tests.support import MEDIA

SOUND = "plaza_evening.flac"
PEOPLE = "people_walking.mp4"


def sound_of_evening(path: Path, seconds: float) -> Path:
    """The beginning of the evening's sound, sample by sample as it is."""
    with av.open(str(MEDIA / SOUND)) as source, av.open(str(path), "w") as made:
        stream = made.add_stream_from_template(source.streams.audio[0])
        for packet, _ in _packets(source, seconds, 0.0):
            packet.stream = stream
            made.mux(packet)
    return path


def evening_with_people(path: Path, seconds: float) -> Path:
    """The same with a street full of people to be seen, over and over (Matroska)."""
    with av.open(str(path), "w", format="matroska") as made:
        with av.open(str(MEDIA / SOUND)) as source, av.open(str(MEDIA / PEOPLE)) as street:
            sound = made.add_stream_from_template(source.streams.audio[0])
            picture = made.add_stream_from_template(street.streams.video[0])
            packets: list[tuple[float, Any, Packet]] = [
                (ts, sound, packet) for packet, ts in _packets(source, seconds, 0.0)
            ]
        begun_s = 0.0
        while begun_s < seconds:
            with av.open(str(MEDIA / PEOPLE)) as street:
                shown = list(_packets(street, seconds - begun_s, begun_s))
            packets += [(ts, picture, packet) for packet, ts in shown]
            begun_s = max(ts for _, ts in shown) + 0.1
        for _, stream, packet in sorted(packets, key=lambda item: item[0]):
            packet.stream = stream
            made.mux(packet)
    return path


def _packets(source: Any, seconds: float, shift_s: float) -> Iterator[tuple[Packet, float]]:
    """Packets of the first stream up to a time, moved by so much, with their times."""
    for packet in source.demux(source.streams[0]):
        if packet.dts is None or packet.dts * packet.time_base >= seconds:
            return
        shift = round(shift_s / packet.time_base)
        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        yield packet, float(packet.dts * packet.time_base)
