"""The outbox as a file on the disk: held by one program, kept when broken, its name synced."""

import fcntl
import os
from pathlib import Path

from edge.errors import EdgeError


class OutboxError(EdgeError):
    """The outbox cannot be written or read: disk full, broken, or not an outbox."""


class OutboxCorrupt(OutboxError):
    """The file is no database any more."""


def lock(path: Path) -> int:
    """Hold the outbox for this program until the handle is closed or the program ends.

    Two programs on one outbox would number events twice.
    """
    try:
        handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise OutboxError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise OutboxError(f"{path}: another program uses it") from None
    return handle


def move_aside(path: Path) -> Path:
    """Keep a broken file for somebody to look at, under the next free name; gives that name."""
    number = 1
    while path.with_name(f"{path.name}.broken-{number}").exists():
        number += 1
    aside = path.with_name(f"{path.name}.broken-{number}")
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + suffix))
    path.replace(aside)
    sync_folder(path.parent)
    return aside


def sync_folder(folder: Path) -> None:
    """Make the file's name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
