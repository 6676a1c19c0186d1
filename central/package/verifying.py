"""Whether a package's ZIP is what central gave out: sums, seal, log and events. Trusts nothing.

Files of our packages are stored, not compressed, so nothing unpacks to more than it is; a file is
read in parts, the manifest up to a bound.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from pydantic import ValidationError

from central.cases.chain import hash_of
from central.cases.standing import Deadlines, Detail, Entry
from central.intake import Sender
from central.package.canonical import SEAL, read_plain, seal_of
from central.package.files import CHUNK_BYTES
from central.package.shapes import EventPart, IncidentPart, LogPart, Package, SealPart
from central.package.zipping import MANIFEST, SUMS
from central.signatures import BoxKey, judge_sealed
from edge.events import MAX_EVENT_BYTES
from edge.seal import Seal, key_id_of, link_of

MAX_MANIFEST_BYTES = 64 * 1024 * 1024
MAX_FILES = 20_000
UNREADABLE = (
    *(BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, KeyError, TypeError, AttributeError),
)
"""What reading a file of any bytes as our ZIP can raise."""


class NoPackage(Exception):
    """The file is not a package at all; the text says why."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found; it is sound when there are no faults. `withheld` rows cannot be hashed."""

    case_no: str
    manifest_sha256: str
    files: int
    log_rows: int
    withheld: int
    signed: int
    faults: tuple[str, ...]


def check_package(path: Path) -> Checked:
    """Compute everything in the ZIP anew; raises NoPackage."""
    try:
        with ZipFile(path) as archive:
            return _check(archive)
    except UNREADABLE as error:
        raise NoPackage(f"{path}: {type(error).__name__}: {str(error)[:200]}") from None


def _check(archive: ZipFile) -> Checked:
    infos = archive.infolist()
    if len(infos) > MAX_FILES or any(info.compress_type != ZIP_STORED for info in infos):
        raise NoPackage("not a package: too many files, or compressed ones")
    hashes = {info.filename: _hash_of(archive, info.filename) for info in infos}
    plain = read_plain(_bounded(archive, MANIFEST))
    try:
        package = Package.model_validate(plain)
    except ValidationError as error:
        raise NoPackage(f"the manifest is not ours: {error.errors()[0]['msg']}") from None
    faults = [*_duplicates([info.filename for info in infos])]
    faults += _sums(_bounded(archive, SUMS), hashes)
    if seal_of(plain) != plain[SEAL]:
        faults.append(f"{MANIFEST}: it was changed, its {SEAL} is another one")
    faults += [*_files(package, hashes), *_log(package), *_events(archive, package, hashes)]
    events = [event for one in package.incidents for event in one.events]
    return Checked(
        case_no=package.case.case_no,
        manifest_sha256=package.manifest_sha256,
        files=len(package.files),
        log_rows=len(package.log),
        withheld=sum(row.detail is None for row in package.log),
        signed=sum(event.seal is not None for event in events),
        faults=tuple(faults),
    )


def _duplicates(names: list[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{name}: it is there {times} times"


def _hash_of(archive: ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _bounded(archive: ZipFile, name: str, most: int = MAX_MANIFEST_BYTES) -> bytes:
    if archive.getinfo(name).file_size > most:
        raise NoPackage(f"{name}: more than {most} bytes")
    return archive.read(name)


def _sums(content: bytes, hashes: dict[str, str]) -> Iterator[str]:
    lines = (line.partition("  ") for line in content.decode().splitlines())
    sums = {name: digest for digest, _, name in lines}
    for name in sorted(sums.keys() - hashes.keys()):
        yield f"{name}: {SUMS} names it, it is missing"
    for name in sorted(hashes.keys() - sums.keys() - {SUMS}):
        yield f"{name}: {SUMS} does not name it"
    for name in sorted(sums.keys() & hashes.keys()):
        if sums[name] != hashes[name]:
            yield f"{name}: its content was changed"


def _files(package: Package, hashes: dict[str, str]) -> Iterator[str]:
    for file in package.files:
        if hashes.get(file.name) != file.sha256:
            yield f"{file.name}: it is not the file that the manifest names"
        elif file.kind != "masked" and file.sha256 != file.of:
            yield f"{file.name}: it was not {file.of[:16]}… any more when it was packed"


def _log(package: Package) -> Iterator[str]:
    """Faults of the chain; what stands before its first row, the audit of central's database says.

    The hash of a row whose detail was withheld cannot be computed, only the row after it.
    """
    before = package.log[0].previous if package.log else ""
    for number, row in enumerate(package.log, 1):
        if row.number != number:
            yield f"log row {number}: it is missing"
        elif row.previous != before:
            yield f"log row {number}: it does not follow the row before it"
        elif row.detail is not None and _hash(package.case.case_no, row, row.detail) != row.hash:
            yield f"log row {number}: its content was changed"
        before = row.hash
    if package.log_head != before:
        yield "log: its last row is not log_head"


def _hash(case_no: str, row: LogPart, detail: str) -> str:
    entry = Entry(
        at=row.at,
        actor=row.actor,
        role=row.role,
        action=row.action,
        from_state=row.from_state,
        to_state=row.to_state,
        reason=row.reason,
        detail=Detail.of_json(detail),
        deadlines=Deadlines.of_json(row.deadlines),
    )
    return hash_of(case_no, row.number, entry, row.previous)


def _events(archive: ZipFile, package: Package, hashes: dict[str, str]) -> Iterator[str]:
    names = {file.of: file.name for file in package.files if file.kind == "event"}
    for incident in package.incidents:
        for event in incident.events:
            name = names.get(event.body_sha256, "")
            body = _bounded(archive, name, MAX_EVENT_BYTES) if name in hashes else None
            yield from _event(incident, event, body)


def _event(incident: IncidentPart, event: EventPart, body: bytes | None) -> Iterator[str]:
    name = f"event {event.event_id}"
    if body is None:
        yield f"{name}: its body is missing"
        return
    if hashlib.sha256(body).hexdigest() != event.body_sha256:
        yield f"{name}: its body was changed"
    if event.seal is not None:
        yield from (f"{name}: {why}" for why in _seal(incident, event.seal, body))


def _seal(incident: IncidentPart, seal: SealPart, body: bytes) -> Iterator[str]:
    prev = bytes.fromhex(seal.prev)
    if link_of(prev, body).hex() != seal.link:
        yield "its link in the box's chain is another one"
    if seal.public_key is None:
        return
    owner, public_key = Sender(incident.site, incident.box), bytes.fromhex(seal.public_key)
    if key_id_of(public_key) != seal.key_id:
        yield "its key is not the one that it names"
    key = BoxKey(seal.key_id, owner, public_key, revoked=False)
    given = Seal(seal.key_id, prev, base64.b64decode(seal.signature))
    fault = judge_sealed(owner, given, body, key)
    if fault is not None:
        yield fault.reason
