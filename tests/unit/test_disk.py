"""What goes first when the disk runs full, and what must never go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.disk import DiskGuard
from edge.events import EvidenceRef
from edge.evidence import EvidenceStore
from edge.outbox import Outbox
from tests.central.events import incident_event, uid
from tests.delivery import accounted, picture_ref

RESERVE, SIZE = 1000, 100


class Box:
    """An outbox and its pictures on a disk of a given size."""

    def __init__(self, folder: Path, disk_bytes: int) -> None:
        self.folder = folder
        self.outbox = Outbox(folder / "outbox.db")
        self.store = EvidenceStore(folder / "evidence")
        self.disk_bytes = disk_bytes
        self.guard = DiskGuard(self.outbox, self.store, self.free, RESERVE)
        self.count = 0

    def free(self) -> int:
        used = sum(path.stat().st_size for path in (self.folder / "evidence").rglob("*.jpg"))
        return self.disk_bytes - used

    def tell(self, *roles: str) -> dict[str, str]:
        """An event with pictures of these roles, as the sink does it; sha256 by role kept."""
        self.count += 1
        refs: list[EvidenceRef] = []
        for role in roles:
            jpeg = f"{self.count} {role}".encode().ljust(SIZE, b".")
            if self.guard.admits(len(jpeg), role):
                self.store.put(jpeg)
                refs.append(picture_ref(jpeg).model_copy(update={"role": role}))
        event = incident_event(number=self.count, incident=self.count, evidence=refs)
        self.outbox.put(event, refs)
        return {ref.role: ref.sha256 for ref in refs}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path, disk_bytes=2 * RESERVE + 5 * SIZE)
    yield made
    made.outbox.close()


def test_everything_is_kept_while_there_is_room(box: Box) -> None:
    assert len(box.tell("confirmed", "confirmed_original", "confirmed_masked")) == 3
    assert (box.guard.shed.lost, box.guard.look()) == (0, False)


def test_what_central_has_goes_first(box: Box) -> None:
    first = box.tell("confirmed", "confirmed_original")
    for sha256 in first.values():
        box.outbox.uploaded(sha256)
    box.tell("confirmed", "confirmed_original")
    assert len(box.tell("confirmed", "confirmed_original")) == 2
    assert [box.store.get(sha256) for sha256 in first.values()] == [None, None]
    assert (box.guard.shed.spare, box.guard.shed.lost) == (2, 0)


def test_then_new_untouched_ones_are_left_out_and_drawn_ones_kept(box: Box) -> None:
    for _ in range(2):
        box.tell("confirmed", "confirmed_original")
    assert set(box.tell("confirmed", "confirmed_original")) == {"confirmed"}
    assert box.guard.shed.untouched == 1


def test_then_old_untouched_ones_make_room_for_drawn_ones(box: Box) -> None:
    box.disk_bytes = RESERVE + 4 * SIZE
    box.guard = DiskGuard(box.outbox, box.store, box.free, reserve_bytes=0)
    old = box.tell("confirmed", "confirmed_original")
    box.guard = DiskGuard(box.outbox, box.store, box.free, RESERVE)
    for _ in range(3):
        assert set(box.tell("confirmed", "confirmed_original")) == {"confirmed"}
    assert box.store.get(old["confirmed_original"]) is None
    assert box.store.get(old["confirmed"]) is not None
    assert box.tell("confirmed") == {}  # only the reserve is left
    assert box.guard.shed.drawn == 1
    assert len(box.outbox.pictures_to_upload(99)) == 4
    assert old["confirmed_original"] not in box.outbox.known_pictures()


def test_events_are_never_left_out(box: Box) -> None:
    box.disk_bytes = 0
    for _ in range(5):
        assert box.tell("confirmed", "confirmed_original") == {}
    assert list(accounted(box.outbox)) == [uid(n) for n in range(1, 6)]


def test_low_is_told_with_some_inertia(box: Box) -> None:
    seen = []
    for disk_bytes in (2 * RESERVE, 2 * RESERVE - 1, 3 * RESERVE - 1, 3 * RESERVE):
        box.disk_bytes = disk_bytes
        seen.append(box.guard.look())
    assert seen == [False, True, True, False]
