"""How a square sounds: the level now, from the box's state, as pages show it. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from central.store import Box
from edge.events import BoxState, SoundState

LOWEST_DB, HIGHEST_DB = 30.0, 110.0
"""Ends of the bar."""
STALE_AFTER_S = 16.0
"""Three reports of a box that measures sound have not come: what is shown is not the present."""
TAGGED_FROM = 0.3
"""A sound that the tagger is less sure of is not named."""


@dataclass(frozen=True, slots=True)
class Level:
    """The level of one stream at its last report; levels are 指示值 unless `calibrated`.

    `age_s` is how old that was when the page was made: by central's clock since the report, by the
    box's own before it. It is not part of what is shown, so it makes no fragment a new one.
    """

    at: datetime
    laeq_10s_db: float
    laeq_1s_db: float | None
    limit_db: float | None
    calibrated: bool
    invalid: tuple[str, ...]
    heard: str
    music: float
    online: bool
    age_s: float = field(repr=False, default=0.0)

    @property
    def state(self) -> str:
        """`offline`, `void` (this second counts for nothing), `over` the limit, or `under`."""
        if not self.online:
            return "offline"
        if self.invalid:
            return "void"
        over = self.limit_db is not None and self.laeq_10s_db > self.limit_db
        return "over" if over else "under"

    @property
    def stale(self) -> bool:
        """Whether it is too old to be the present."""
        return not self.online or self.age_s > STALE_AFTER_S

    @property
    def stale_after_s(self) -> float:
        """From this age on it is too old; a box that is gone is at once."""
        return STALE_AFTER_S if self.online else 0.0

    @property
    def share(self) -> float:
        """Where the level stands on the bar, 0-100."""
        return place_of(self.laeq_10s_db)

    @property
    def limit_share(self) -> float | None:
        """Where the limit stands on the bar, 0-100."""
        return None if self.limit_db is None else place_of(self.limit_db)


def place_of(level_db: float) -> float:
    """Place of a level on the bar, 0-100; what lies outside stands at its end."""
    share = (level_db - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB)
    return round(100 * min(1.0, max(0.0, share)), 1)


def level_of(
    box: Box | None, stream_id: str, now: datetime, limit_db: float | None = None
) -> Level | None:
    """The level of a stream by its box's last state; None when it never told one."""
    if box is None:
        return None
    try:
        state = BoxState.model_validate(box.state)
    except ValidationError:
        return None
    sound = next((one.sound for one in state.streams if one.id == stream_id), None)
    return shown(sound, box, state.time, now, limit_db)


def shown(
    sound: SoundState | None,
    box: Box,
    told_at: datetime | None,
    now: datetime,
    limit_db: float | None = None,
) -> Level | None:
    """What a state said of the sound at `told_at` by the box's clock; None when it said nothing."""
    if sound is None or sound.at is None or sound.laeq_10s_db is None:
        return None
    before_s = 0.0 if told_at is None else (told_at - sound.at).total_seconds()
    since_s = (now - box.last_seen_at).total_seconds()
    return Level(
        at=sound.at,
        laeq_10s_db=sound.laeq_10s_db,
        laeq_1s_db=sound.laeq_1s_db,
        limit_db=limit_db,
        calibrated=sound.calibrated,
        invalid=tuple(sound.invalid),
        heard=sound.top if sound.top_score >= TAGGED_FROM else "",
        music=sound.music,
        online=box.online,
        age_s=round(max(0.0, since_s) + max(0.0, before_s), 1),
    )
