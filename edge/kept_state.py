"""State of several parts in one blob that outlives the box. Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class Keeps(Protocol):
    """A part whose state survives a restart; its times are relative to the given moment."""

    def dump(self, ts: float) -> bytes: ...

    def load(self, blob: bytes, ts: float) -> None: ...


def dump_parts(parts: Mapping[str, Keeps], ts: float, wall: datetime) -> bytes:
    """What must survive a restart, times relative to `ts` (monotonic) and `wall`."""
    state = {name: part.dump(ts).decode() for name, part in parts.items()}
    return json.dumps({"wall": wall.isoformat()} | state).encode()


def load_parts(parts: Mapping[str, Keeps], blob: bytes, ts: float, wall: datetime) -> None:
    """Continue what was going on when the box went down; the time it was away counts."""
    state = json.loads(blob)
    away_s = max(0.0, (wall - datetime.fromisoformat(state["wall"])).total_seconds())
    for name, part in parts.items():
        part.load(state[name].encode(), ts - away_s)
