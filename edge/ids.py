"""UUID version 7 (RFC 9562 §5.7): ids that sort by the time of their birth."""

import os
import uuid
from datetime import datetime


def uuid7(wall: datetime) -> str:
    """A fresh id born at `wall`."""
    millis = int(wall.timestamp() * 1000) & (2**48 - 1)
    chance = int.from_bytes(os.urandom(10), "big")
    value = (
        millis << 80 | 0x7 << 76 | (chance >> 68 & 0xFFF) << 64 | 0b10 << 62 | chance & (2**62 - 1)
    )
    return str(uuid.UUID(int=value))
