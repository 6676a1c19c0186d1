"""The streams of the demo."""

import argparse
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CLIP_ZONE = [[0.80, 0.08], [0.95, 0.08], [0.95, 0.22], [0.80, 0.22]]
OWN_ZONE = [[0.0, 0.3], [1.0, 0.3], [1.0, 1.0], [0.0, 1.0]]
SQUARE_FULL_SCALE_DB = 94.0  # the scale that the sound was made to
SAMPLE: dict[str, object] = {"watch_picture": False}
"""A sample comes back every minute: to a box that watches for it this is a frozen camera."""


@dataclass(frozen=True)
class Ports:
    """Where the parts listen, all on the loopback."""

    camera: int
    square: int
    broker: int
    web: int


def square_stream() -> dict[str, object]:
    """The second camera: a square with people, a fountain, and a dance after 20 s."""
    the_day_before = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()  # noqa: TID251
    sound = {
        "from": "stream",
        "level_at_full_scale_db": SQUARE_FULL_SCALE_DB,
        "calibrated_at": the_day_before,
    }
    scene = {
        "scene": "square_dance",
        "place": "SQ-02",
        "polygon": [[0.0, 0.25], [1.0, 0.25], [1.0, 1.0], [0.0, 1.0]],
        "rules": [{"days": "all", "from": "00:00", "to": "24:00", "limit_db": 65}],
        "min_people": 2,
        "background_min_s": 10,
        "warn_after_s": 10,
        "dissuade_after_s": 3,
        "recheck_after_s": 3,
        "window_s": 10,
        "clear_after_s": 60,
        "ongoing_every_s": 60,
    }
    return SAMPLE | {
        "id": "plaza",
        "name": "浦锦广场",
        "url": "${DEMO_SQUARE_URL}",
        "sound": sound,
        "scenes": [scene],
    }


def configuration(args: argparse.Namespace, ports: Ports, heard: bool) -> dict[str, object]:
    """A streams.yaml (JSON is YAML) with thresholds short enough to watch."""
    scene = {
        "scene": "fire_lane",
        "place": "FL-0317",
        "polygon": json.loads(args.polygon)
        if args.polygon
        else OWN_ZONE
        if args.url
        else CLIP_ZONE,
        "warn_after_s": args.warn_after,
        "file_after_s": args.file_after,
        "clear_after_s": 10,
    }
    stream: dict[str, object] = {
        "id": "gate-east",
        "name": "东门消防通道",
        "url": "${DEMO_CAMERA_URL}",
    }
    if not args.url:
        stream |= SAMPLE
    return {
        "site": "pujin",
        "box": "box-01",
        "data_dir": "box",
        "broker": {"url": f"mqtt://127.0.0.1:{ports.broker}"},
        "central": {"url": f"http://127.0.0.1:{ports.web}", "token": "${DEMO_BOX_TOKEN}"},
        "streams": [stream | {"scenes": [scene]}, *([square_stream()] if heard else [])],
    }
