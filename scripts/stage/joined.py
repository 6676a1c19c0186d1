"""A camera with a microphone out of two files, nothing encoded anew."""

from pathlib import Path
from typing import Any

import av


def joined(picture: Path, sound: Path, out: Path) -> Path:
    """`out`, with the picture of one file and the sound of another, both as they are."""
    with av.open(str(picture)) as seen, av.open(str(sound)) as heard, av.open(str(out), "w") as to:
        packets: list[tuple[float, int, Any]] = []
        for source, stream in ((seen, seen.streams.video[0]), (heard, heard.streams.audio[0])):
            target = to.add_stream_from_template(stream)
            for packet in source.demux(stream):
                if packet.dts is not None:
                    at_s = float(packet.dts * packet.time_base)
                    packet.stream = target
                    packets.append((at_s, len(packets), packet))
        for _, _, packet in sorted(packets):
            to.mux(packet)
    return out
