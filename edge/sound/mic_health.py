"""Whether a microphone can be believed: dead, clipping, calibration expired. Pure.

Raised and cleared with hysteresis, so that one bad second says nothing.
"""

import json
from collections import deque
from typing import Literal

from edge.latches import Change, Latch, Latches
from edge.sound.frames import Invalid, SecondFrame

MicCondition = Literal["mic_dead", "mic_clipping", "calibration_expired"]
MicChange = Change[MicCondition]

DEAD_S = 20.0
ALIVE_S = 5.0
CLIPPING_SHARE = 0.1
CLIPPING_S = 60
"""Clipping in a tenth of the last minute is a gain that is set too high; one bang is not."""


class MicHealth:
    """Health of one source of sound. Call `update` once a second, in order of time."""

    def __init__(self) -> None:
        self._latches = Latches[MicCondition](
            {
                "mic_dead": Latch(DEAD_S, ALIVE_S),
                "mic_clipping": Latch(0.0, 0.0),
                "calibration_expired": Latch(0.0, 0.0),
            }
        )
        self._clipped: deque[bool] = deque(maxlen=CLIPPING_S)

    @property
    def raised(self) -> tuple[MicCondition, ...]:
        """What is wrong at the moment."""
        return self._latches.raised

    def update(
        self, ts: float, seconds: tuple[SecondFrame, ...], expected: bool, expired: str
    ) -> list[MicChange]:
        """Take what was measured since the last call.

        `expected`: sound should be coming (its camera is there). `expired` says why the
        calibration holds no longer, empty while it does or when there was none.
        """
        dead, detail = self._dead(seconds, expected)
        self._clipped.extend(Invalid.CLIPPING in second.invalid for second in seconds)
        verdicts: dict[MicCondition, tuple[bool | None, str]] = {
            "mic_dead": (dead, detail),
            "mic_clipping": (self._clipping(), "the sound is clipped: lower the gain"),
            "calibration_expired": (bool(expired), expired),
        }
        return [
            change
            for name, (verdict, why) in verdicts.items()
            for change in self._latches.feed(name, verdict, ts, why if verdict else "")
        ]

    def _dead(self, seconds: tuple[SecondFrame, ...], expected: bool) -> tuple[bool | None, str]:
        if not seconds:
            return (True if expected else None), "no sound arrives"
        dead = all(Invalid.DEAD in second.invalid for second in seconds)
        return dead, "the microphone gives nothing but one value"

    def _clipping(self) -> bool | None:
        count = sum(self._clipped)
        if not count:
            return False
        return True if count >= CLIPPING_SHARE * CLIPPING_S else None

    def dump(self, ts: float) -> bytes:
        """Raised conditions to keep on disk; times are relative to `ts`."""
        return json.dumps({"raised": self._latches.to_json(ts)}).encode()

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump; `ts` is the present moment less the time the box was away."""
        self._latches.load(json.loads(blob)["raised"], ts)
