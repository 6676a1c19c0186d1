"""Keeps what a detector said of each picture, so that a changed rule is judged without it.

A picture is known by its bytes, a detector by its model's sha256: whatever differs is looked at
anew. One JSON file per scenario.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from edge.detector import OnnxDetector
from edge.types import FULL_FRAME, Box, Detections, Image


class KeptDetector:
    """A detector with a memory on disk; call `save` at the end."""

    def __init__(self, detector: OnnxDetector, path: Path) -> None:
        self._detector = detector
        self._path = path
        self._known: dict[str, list[Any]] = {}
        self._new = False
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["model"] == detector.sha256:
                self._known = kept["pictures"]

    def detect(self, image: Image, region_rel: Box = FULL_FRAME) -> Detections:
        """What the detector says, or said, of this region of this picture."""
        digest = hashlib.blake2b(image.tobytes(), digest_size=12).hexdigest()
        key = f"{digest} {','.join(f'{side:.6f}' for side in region_rel)}"
        if key not in self._known:
            seen = self._detector.detect(image, region_rel)
            self._known[key] = [seen.box_rel.tolist(), seen.score.tolist(), seen.name, seen.kind]
            self._new = True
        box, score, name, kind = self._known[key]
        return Detections(
            box_rel=np.array(box, np.float32).reshape(-1, 4),
            score=np.array(score, np.float32),
            name=tuple(name),
            kind=tuple(kind),
        )

    def save(self) -> None:
        """Write what is new."""
        if self._new:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            kept = {"model": self._detector.sha256, "pictures": self._known}
            self._path.write_text(json.dumps(kept), encoding="utf-8")
