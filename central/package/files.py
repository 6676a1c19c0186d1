"""The files of a package: which of a case's pictures go into it, by what names, with which hashes.

What leaves is masked, and made anew from pixels like everything that browsers are shown: a box's
masked copies and level curves. Originals and photos from phones, in which nobody has covered faces
and plates, are only there when they were asked for. The exact bodies of events are always there:
their boxes' signatures are over them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from central import store
from central.evidence import EvidenceFiles
from central.package.shapes import FilePart
from central.renditions import Renditions, Unreadable
from central.store import CaseFile, EvidenceItem

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where pictures are kept, and what makes them anew."""

    files: EvidenceFiles
    renditions: Renditions


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes on disk or in memory under the name they get."""

    name: str
    source: Path | bytes

    def chunks(self) -> Iterator[bytes]:
        """The bytes, a bounded part at a time."""
        if isinstance(self.source, bytes):
            yield self.source
            return
        with self.source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file that goes into the package; `of` is the picture or event body that it shows."""

    content: Content
    kind: Literal["event", "masked", "original", "photo"]
    of: str

    def part(self) -> FilePart:
        """The file as the manifest names it, hashed as it is on disk now."""
        digest, size = hashlib.sha256(), 0
        for chunk in self.content.chunks():
            digest.update(chunk)
            size += len(chunk)
        return FilePart(
            name=self.content.name,
            sha256=digest.hexdigest(),
            bytes=size,
            kind=self.kind,
            of=self.of,
        )


def chosen_files(found: CaseFile, shelf: Shelf, *, raw: bool) -> tuple[Chosen, ...]:
    """Every file of the package that is here, each picture once."""
    pictures = {item.sha256: item for item in found.pictures if item.here}
    chosen = [*_events(found)]
    if raw:
        chosen += _originals(pictures.values(), shelf, "original")
        chosen += _originals((one.item for one in found.photos if one.item.here), shelf, "photo")
    else:
        chosen += _masked(pictures.values(), shelf)
    return tuple(chosen)


def _events(found: CaseFile) -> Iterator[Chosen]:
    for one in found.occupations:
        for of in one.told:
            name = f"events/{of.event.data.rev:04d}-{of.event.id}.json"
            yield Chosen(Content(name, of.body), "event", of.body_sha256)


def _originals(
    items: Iterable[EvidenceItem], shelf: Shelf, kind: Literal["original", "photo"]
) -> Iterator[Chosen]:
    for item in items:
        path = shelf.files.find(item.sha256)
        if path is not None:
            yield Chosen(Content(_name_of(item), path), kind, item.sha256)


def _masked(items: Iterable[EvidenceItem], shelf: Shelf) -> Iterator[Chosen]:
    for item in items:
        original = shelf.files.find(item.sha256) if store.shows_nobody(item.role) else None
        if original is None:
            continue
        try:
            path = shelf.renditions.path_of(item.sha256, "shown", original)
        except Unreadable:
            continue
        yield Chosen(Content(_name_of(item), path), "masked", item.sha256)


def _name_of(item: EvidenceItem) -> str:
    """Safe by its parts: roles are of a-z and _, hashes of hexadecimal digits."""
    return f"pictures/{item.taken_at:%Y%m%dT%H%M%SZ}-{item.role}-{item.sha256[:16]}.jpg"
