"""What a stream sounded like just now, for the state message. Pure."""

from collections import deque
from collections.abc import Callable
from datetime import datetime

from edge.events import SoundState
from edge.sound.frames import Invalid, SecondFrame, laeq_db
from edge.sound.given import Given
from edge.sound.ledger import REASONS
from edge.sound.tags import Tags

SHOWN_S = 10.0
STALE_S = 3.0


class Lately:
    """The last ten seconds and the last answer of the tagger."""

    def __init__(self) -> None:
        self._seconds: deque[SecondFrame] = deque(maxlen=int(SHOWN_S))
        self._tags: Tags | None = None

    def add(self, given: Given) -> None:
        """What became known, in order of time."""
        self._seconds.extend(given.seconds)
        for tags, _ in given.heard:
            self._tags = tags

    def state(
        self, ts: float, calibrated: bool, wall_of: Callable[[float], datetime]
    ) -> SoundState:
        """How it is at the moment `ts`; a source that fell silent is not valid."""
        if not self._seconds:
            return SoundState(invalid=["no_sound"])
        last = self._seconds[-1]
        stale = ts - last.ts > 1 + STALE_S
        why = ["no_sound"] if stale else reasons(last.invalid)
        recent = [second for second in self._seconds if second.ts > last.ts - SHOWN_S]
        level_db = laeq_db(recent)
        heard = self._tags
        return SoundState(
            at=wall_of(last.ts),
            laeq_1s_db=round(last.laeq_db, 1),
            laeq_10s_db=None if level_db is None else round(level_db, 1),
            top="" if heard is None else heard.top[:80],
            top_score=0.0 if heard is None else round(min(1.0, heard.top_score), 3),
            music=0.0 if heard is None else round(heard.scores.music, 3),
            valid=not why,
            invalid=why,
            calibrated=calibrated,
        )


def reasons(invalid: Invalid) -> list[str]:
    """The words for everything that speaks against a second; an expired scale included."""
    words = [word for flag, word in REASONS.items() if flag in invalid]
    expired = Invalid.CALIBRATION_EXPIRED in invalid
    return words + (["calibration_expired"] if expired else [])
