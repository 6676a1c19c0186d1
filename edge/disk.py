"""What goes first when the disk runs full: pictures, never events.

A reserve is kept for the outbox. When it is touched, the files of pictures that central has go,
then those that a drawn picture stands for (originals, masked), the oldest first. New pictures are
left out by the same order: untouched ones while the disk is low, drawn ones when only the reserve
is left. Everything left out is counted.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge.evidence import EvidenceStore
from edge.outbox import Outbox
from edge.outbox_pictures import OutboxPictures

log = structlog.get_logger()

RESERVE_BYTES = 64 * 1024 * 1024  # about 30,000 events
BATCH = 64
UNTOUCHED = ("_original", "_masked")


@dataclass(slots=True)
class Shed:
    """How many pictures gave way since the start."""

    spare: int = 0
    """Files that central had already."""
    untouched: int = 0
    drawn: int = 0

    @property
    def lost(self) -> int:
        """Pictures that central will never get."""
        return self.untouched + self.drawn


def free_bytes(folder: Path) -> int:
    """What is free for us on the disk of the folder."""
    return shutil.disk_usage(folder).free


class DiskGuard:
    """Decides what is kept; for the one thread that puts pictures, `low` is for anyone.

    The disk is low from twice the reserve down to three times it up again.
    """

    def __init__(
        self,
        outbox: Outbox,
        store: EvidenceStore,
        free: Callable[[], int],
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        self._outbox: OutboxPictures = outbox
        self._store = store
        self._free = free
        self._reserve = reserve_bytes
        self.shed = Shed()
        self.low = False

    def look(self) -> bool:
        """Whether the disk is low now."""
        limit = 3 * self._reserve if self.low else 2 * self._reserve
        self.low = self._free() < limit
        return self.low

    def admits(self, size_bytes: int, role: str) -> bool:
        """Whether a picture of this role may be written now; room is made for it if need be."""
        untouched = role.endswith(UNTOUCHED)
        floor = (2 if untouched else 1) * self._reserve
        if self._free() - size_bytes >= floor or self._make_room(floor + size_bytes, untouched):
            return True
        self.left_out(role)
        return False

    def left_out(self, role: str) -> None:
        """Count a picture that was not kept."""
        if role.endswith(UNTOUCHED):
            self.shed.untouched += 1
        else:
            self.shed.drawn += 1

    def _make_room(self, wanted_bytes: int, for_untouched: bool) -> bool:
        """Whether that much is free after files gave way; a drawn picture never gives way."""
        while self._free() < wanted_bytes:
            if self._drop_spare():
                continue
            if for_untouched or not self._drop_untouched():
                return False
        return True

    def _drop_spare(self) -> bool:
        spare = self._outbox.spare_pictures(BATCH)
        for picture in spare:
            self._outbox.forget_picture(picture.sha256)
            self._store.remove(picture.sha256)
        self.shed.spare += len(spare)
        return bool(spare)

    def _drop_untouched(self) -> bool:
        found = self._outbox.untouched_pictures(1)
        for picture in found:
            self._outbox.shed_picture(picture.sha256)
            self._store.remove(picture.sha256)
        self.shed.untouched += len(found)
        return bool(found)
