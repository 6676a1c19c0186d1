"""A disk as power cuts leave it, made from what a program asked of it (`shim.c`).

What was synced is there. Of what was not, anything may be there: nothing, all, some of the writes,
the last one torn, single sectors. Names come and go in order, up to a point not before the last
sync of their folder.
"""

import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HEADER = struct.Struct("=cQQII")
SECTOR_BYTES = 512
HERE = Path(__file__).parent


def build_shim(folder: Path) -> Path | None:
    """The compiled shim in this folder; None without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "shim.so"
    command: list[str | Path] = [
        compiler,
        "-O1",
        "-shared",
        "-fPIC",
        "-o",
        library,
        HERE / "shim.c",
        "-ldl",
        "-lpthread",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return library


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that the program did; `kind` is a letter of `shim.c`."""

    kind: str
    inode: int
    offset: int
    path: str
    data: bytes


def read_log(path: Path) -> list[Record]:
    """Everything that was done, in order."""
    return list(_records(path.read_bytes()))


def _records(log: bytes) -> Iterator[Record]:
    at = 0
    while at + HEADER.size <= len(log):
        kind, inode, offset, path_size, data_size = HEADER.unpack_from(log, at)
        at += HEADER.size
        path = log[at : at + path_size].decode()
        data = log[at + path_size : at + path_size + data_size]
        at += path_size + data_size
        yield Record(kind.decode(), inode, offset, path, data)


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at an offset, or, without `data`, a new size."""

    offset: int
    data: bytes | None


@dataclass(slots=True)
class File:
    """What is safe, and what was asked since."""

    safe: bytearray = field(default_factory=bytearray)
    asked: list[Write] = field(default_factory=list)

    def sync(self) -> None:
        for write in self.asked:
            _apply(self.safe, write)
        self.asked.clear()


class Disk:
    """Files and names below one folder; `play` it forward, `cut` it at any moment."""

    def __init__(self, root: str, base: Path) -> None:
        """`base` is a copy of the folder from before the program began: all of it is safe."""
        self._root = root
        self._files: list[File] = []
        self._inodes: dict[int, int] = {}
        self._folders = {root}
        self._names: dict[str, int] = {}
        self._asked: list[tuple[str, str, int | str]] = []
        """Changes of names not yet synced: (kind, path, file or new path)."""
        self._now: dict[str, int] = {}
        for path in base.rglob("*"):
            name = f"{root}/{path.relative_to(base)}"
            if path.is_dir():
                self._folders.add(name)
            else:
                self._names[name] = self._new(bytearray(path.read_bytes()))
        self._now |= self._names

    def play(self, record: Record) -> None:
        """One more thing is done."""
        match record.kind:
            case "C":
                number = self._new(bytearray())
                self._inodes[record.inode] = self._now[record.path] = number
                self._asked.append(("C", record.path, number))
            case "O":
                if record.path in self._now:
                    self._inodes[record.inode] = self._now[record.path]
            case "W" | "T":
                data = record.data if record.kind == "W" else None
                self._file(record.inode).asked.append(Write(record.offset, data))
            case "S":
                self._file(record.inode).sync()
            case "D":
                self._sync_folder(record.path)
            case "R":
                self._now[record.data.decode()] = self._now.pop(record.path)
                self._asked.append(("R", record.path, record.data.decode()))
            case "U":
                self._now.pop(record.path, None)
                self._asked.append(("U", record.path, ""))
            case "M":
                self._asked.append(("M", record.path, ""))

    def written(self, path: str) -> bytes:
        """What the program believes to stand in a file."""
        file = self._files[self._now[path]]
        content = bytearray(file.safe)
        for write in file.asked:
            _apply(content, write)
        return bytes(content)

    def cut(self, folder: Path, rng: random.Random) -> None:
        """Write the disk as a power cut may have left it now into an empty folder."""
        names, folders = dict(self._names), set(self._folders)
        for change in self._asked[: rng.randint(0, len(self._asked))]:
            _rename(names, folders, change)
        for path in sorted(folders):
            (folder / path[len(self._root) + 1 :]).mkdir(parents=True, exist_ok=True)
        for path, number in names.items():
            target = folder / path[len(self._root) + 1 :]
            if target.parent.exists():
                target.write_bytes(_left(self._files[number], rng))

    def _new(self, content: bytearray) -> int:
        self._files.append(File(content))
        return len(self._files) - 1

    def _file(self, inode: int) -> File:
        return self._files[self._inodes[inode]]

    def _sync_folder(self, folder: str) -> None:
        kept = []
        for change in self._asked:
            if change[1].rpartition("/")[0] == folder:
                _rename(self._names, self._folders, change)
            else:
                kept.append(change)
        self._asked = kept


def _rename(names: dict[str, int], folders: set[str], change: tuple[str, str, int | str]) -> None:
    kind, path, value = change
    if kind == "C" and isinstance(value, int):
        names[path] = value
    elif kind == "R" and path in names:
        names[str(value)] = names.pop(path)
    elif kind == "U":
        names.pop(path, None)
    elif kind == "M":
        folders.add(path)


def _left(file: File, rng: random.Random) -> bytes:
    """The file after the cut: what is safe and some of what was asked."""
    content = bytearray(file.safe)
    for write in _survivors(file.asked, rng):
        _apply(content, write)
    return bytes(content)


def _survivors(asked: list[Write], rng: random.Random) -> list[Write]:
    match rng.choice(("none", "all", "some", "torn", "sectors")):
        case "none":
            return []
        case "all":
            return asked
        case "some":
            return [write for write in asked if rng.random() < 0.5]
        case "torn":
            whole = asked[: rng.randint(0, len(asked))]
            return [*whole[:-1], *(_torn(write, rng) for write in whole[-1:])]
        case _:
            return [sector for write in asked for sector in _sectors(write) if rng.random() < 0.5]


def _torn(write: Write, rng: random.Random) -> Write:
    if write.data is None:
        return write
    return Write(write.offset, write.data[: rng.randint(0, len(write.data))])


def _sectors(write: Write) -> Iterator[Write]:
    if write.data is None:
        yield write
        return
    for at in range(0, len(write.data), SECTOR_BYTES):
        yield Write(write.offset + at, write.data[at : at + SECTOR_BYTES])


def _apply(content: bytearray, write: Write) -> None:
    if write.data is None:
        del content[write.offset :]
        content.extend(bytes(max(0, write.offset - len(content))))
        return
    end = write.offset + len(write.data)
    content.extend(bytes(max(0, end - len(content))))
    content[write.offset : end] = write.data
