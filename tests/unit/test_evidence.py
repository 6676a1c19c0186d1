"""Pictures on the box's disk."""

import hashlib
import os
from pathlib import Path

import pytest

from edge.evidence import EvidenceStore


def test_a_picture_comes_back_by_its_content(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    sha256 = store.put(b"jpeg")
    assert sha256 == hashlib.sha256(b"jpeg").hexdigest()
    assert EvidenceStore(tmp_path / "evidence").get(sha256) == b"jpeg"
    assert (tmp_path / "evidence" / sha256[:2] / f"{sha256[2:]}.jpg").read_bytes() == b"jpeg"
    assert store.put(b"jpeg") == sha256


def test_the_file_is_synced_under_its_name_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = EvidenceStore(tmp_path)
    synced: list[str] = []
    fsync = os.fsync

    def watch(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watch)
    sha256 = store.put(b"jpeg")
    assert synced[0] == str(tmp_path)  # the new sub-folder's name
    assert synced[1].endswith(".tmp")
    assert synced[2] == str(tmp_path / sha256[:2])


def test_orphans_and_leftovers_go_and_named_pictures_stay(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path)
    kept, orphan = store.put(b"kept"), store.put(b"orphan")
    (tmp_path / kept[:2] / f"{kept[2:]}.1a2b.tmp").write_bytes(b"half")
    assert store.remove_orphans({kept}) == 2
    assert store.get(kept) == b"kept"
    assert store.get(orphan) is None
    store.remove(kept)
    store.remove(kept)
    assert store.get(kept) is None


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "", "0" * 63, "0" * 64 + "\n"])
def test_only_hashes_are_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a sha256"):
        EvidenceStore(tmp_path).get(name)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = EvidenceStore(tmp_path)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(b"jpeg")
    monkeypatch.undo()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
