"""Named points at which a test may end central as a power cut would (`JINMU_CRASH_AT=name`)."""

import os

POINTS = (
    "batch.before_commit",
    "batch.after_commit",
    "acks.before_publish",
    "acks.after_publish",
    "acks.after_commit",
    "broker.before_ack",
    "broker.after_ack",
    "evidence.before_fsync",
    "evidence.after_fsync",
    "evidence.after_rename",
    "evidence.after_folder_fsync",
    "evidence.before_commit",
    "evidence.after_commit",
    "retry.before_commit",
    "retry.after_commit",
    "tell.before_address",
    "tell.after_address",
    "tell.before_claim",
    "tell.after_claim",
    "tell.after_send",
    "tell.before_settle",
    "tell.after_settle",
)
"""Every point of central, on both sides of each fsync, commit, publish and acknowledgement."""

_CHOSEN = os.environ.get("JINMU_CRASH_AT")


def crash_point(name: str) -> None:
    """End the program here without any clean-up when this point was chosen."""
    if name == _CHOSEN:
        os._exit(137)
