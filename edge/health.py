"""Whether a running box does its job, seen from outside by the age of its heartbeat file."""

import time
from pathlib import Path

STALE_AFTER_S = 45.0


def heartbeat_file(data_dir: Path) -> Path:
    """The file that the inference worker touches while it turns."""
    return data_dir / "heartbeat"


def heartbeat_age_s(data_dir: Path) -> float | None:
    """Seconds since the last heartbeat; None when there never was one."""
    try:
        return max(0.0, time.time() - heartbeat_file(data_dir).stat().st_mtime)
    except FileNotFoundError:
        return None
