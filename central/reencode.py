"""The worker process that decodes pictures: `python -m central.reencode CPU_S`, one at a time.

Pictures come from boxes, so their bytes are untrusted, and decoders have faults. Here they meet a
process that holds no database, no key and no connection, whose memory is limited, and that ends
when one picture costs more than CPU_S of work or its owner (`central.renditions`) loses patience.
What comes back was made from pixels alone: no EXIF (place, serial number), no comment, no second
file hidden behind the picture.

Frames on stdin and stdout are 4 bytes of length (big-endian) and the content. For each picture
there are two answers, the picture as it is shown and its thumbnail; both are empty when it cannot
be read.
"""

import contextlib
import os
import resource
import signal
import sys
from typing import Any, BinaryIO

from central.evidence import jpeg_size

MEMORY_BYTES = 768 * 1024 * 1024
"""Address space: 40 megapixels, progressive, were seen to need 545 MB of it, libraries included."""
CPU_S = 3600
WHOLE_PX = 16_000_000
"""Up to this many pixels a picture is shown as large as it is: 4K has 8.3 million."""
THUMBNAIL_PX = 320
SHOWN_QUALITY = 88
THUMBNAIL_QUALITY = 80


def main() -> None:
    """Serve until stdin ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    source, sink, cpu_s = sys.stdin.buffer, sys.stdout.buffer, float(sys.argv[1])
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(1 << 26)
    import cv2

    cv2.setNumThreads(1)
    while (content := read_frame(source)) is not None:
        signal.setitimer(signal.ITIMER_PROF, cpu_s)  # SIGPROF ends the process
        for part in reencoded(cv2, content):
            sink.write(len(part).to_bytes(4, "big") + part)
        sink.flush()


def reencoded(cv2: Any, content: bytes) -> tuple[bytes, bytes]:
    """The shown picture and its thumbnail as JPEG; both empty when the content is unreadable."""
    import numpy as np

    with contextlib.suppress(cv2.error, MemoryError):
        image = cv2.imdecode(np.frombuffer(content, np.uint8), _how(cv2, content))
        if image is not None:
            shown = _encode(cv2, image, SHOWN_QUALITY)
            small = _encode(cv2, _shrunk(cv2, image), THUMBNAIL_QUALITY)
            if shown and small:
                return shown, small
    return b"", b""


def _how(cv2: Any, content: bytes) -> int:
    """Large pictures are decoded at half their size: a quarter of the memory and of the work."""
    size = jpeg_size(content)
    large = size is not None and size.width_px * size.height_px > WHOLE_PX
    return int(cv2.IMREAD_REDUCED_COLOR_2 if large else cv2.IMREAD_COLOR)


def read_frame(source: BinaryIO) -> bytes | None:
    """The next content, None at the end."""
    head = source.read(4)
    if len(head) < 4:
        return None
    return source.read(int.from_bytes(head, "big"))


def _shrunk(cv2: Any, image: Any) -> Any:
    height, width = image.shape[:2]
    share = min(1.0, THUMBNAIL_PX / max(width, height))
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _encode(cv2: Any, image: Any, quality: int) -> bytes:
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(encoded) if done else b""


if __name__ == "__main__":
    main()
