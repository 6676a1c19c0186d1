"""Named points at which a test may end the box as a power cut would (`JINMU_CRASH_AT=name`)."""

import os

POINTS = (
    "outbox.create.before_commit",
    "outbox.create.after_commit",
    "outbox.put.before_commit",
    "outbox.put.after_commit",
    "outbox.state.before_commit",
    "outbox.state.after_commit",
    "outbox.apply.before_commit",
    "outbox.apply.after_commit",
    "outbox.quarantine.before_commit",
    "outbox.quarantine.after_commit",
    "outbox.picture.before_commit",
    "outbox.picture.after_commit",
    "outbox.prune.before_commit",
    "outbox.prune.after_commit",
    "evidence.before_fsync",
    "evidence.after_fsync",
    "evidence.after_rename",
    "evidence.after_folder_fsync",
    "event.before_publish",
    "event.after_publish",
    "event.after_puback",
    "ack.before_apply",
    "upload.before_put",
    "upload.after_put",
)
"""Every point of the box, on both sides of each fsync, commit, publish and acknowledgement."""

_CHOSEN = os.environ.get("JINMU_CRASH_AT")


def crash_point(name: str) -> None:
    """End the program here without any clean-up when this point was chosen."""
    if name == _CHOSEN:
        os._exit(137)
