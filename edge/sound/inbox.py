"""What waits to be measured: bounded, the newest wins. Sound is in memory here and nowhere else."""

import threading
from collections import deque

from edge.sound.block import SoundBlock
from edge.sound.frames import SecondFrame

LONGEST_S = 15.0
"""No more sound than this is ever in memory (reference sound §5.5)."""

Item = SoundBlock | SecondFrame


class Inbox:
    """Between a source's thread and the one that measures."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._bell = threading.Condition()
        self._items: deque[Item] = deque()
        self._held_s = 0.0
        self._dropped_s = 0.0

    @property
    def dropped_s(self) -> float:
        """Sound that was thrown away because nobody took it in time: a gap, never silence."""
        return self._dropped_s

    def put(self, item: Item) -> None:
        """Leave a block or a second; the oldest are dropped when too much waits."""
        with self._bell:
            self._items.append(item)
            self._held_s += _length_s(item)
            while self._held_s > self._longest_s and len(self._items) > 1:
                length_s = _length_s(self._items.popleft())
                self._held_s -= length_s
                self._dropped_s += length_s
            self._bell.notify()

    def take(self, timeout_s: float) -> list[Item]:
        """Everything that waits, in order; waits for the first so long."""
        with self._bell:
            if not self._items:
                self._bell.wait(timeout_s)
            items = list(self._items)
            self._items.clear()
            self._held_s = 0.0
        return items


def _length_s(item: Item) -> float:
    return item.measured_s if isinstance(item, SecondFrame) else item.end_ts - item.ts
