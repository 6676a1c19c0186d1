"""What an external sound level meter says, once a second, and what of it is believed. Pure.

A number alone is no level: of every frame must be known what was weighted how, over which time, by
an instrument of which class, and by which one. Everything else is refused with a word for
programs. An arithmetic mean of momentary levels is not an LAeq, so `leq_db` is the only level.

The message, JSON, one object, or a list of them from oldest to newest:

`{"weighting": "A", "interval_s": 1.0, "class": 1, "serial": "00312", "leq_db": 63.2}`, and if
known `at` (begin of the interval, RFC 3339 with offset), `lmax_db`, `lmin_db` (time weighting F),
`lceq_db`, `lcpeak_db`, `overload`, `under_range`, `calibrated_until` (RFC 3339).
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from edge.sound.frames import Invalid, SecondFrame

INTERVAL_SLACK_S = 0.05
MAX_BYTES = 64 * 1024
MAX_FRAMES = 600
LATE_S = 0.5
"""Arrival may wander so far off one frame a second before it is a gap."""
PULL = 0.05
"""Share of the distance to the arrival by which a frame's time follows it: two clocks drift."""
JUMP_S = 5.0
"""A stamp that is so far off is of a clock that was set, not late."""
LEAK = 1e-3
AHEAD_S = 1.0
"""More than this before their time no frames are believed."""

Level = Annotated[float, Field(ge=-20, le=200)]


class MeterMessage(BaseModel):
    """One frame as it comes; keys that are not known are the maker's own affair."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, strict=True)

    weighting: str
    interval_s: float
    class_: int = Field(alias="class")
    serial: Annotated[str, Field(min_length=1, max_length=80)]
    leq_db: Level
    at: Annotated[AwareDatetime | None, Field(strict=False)] = None
    lmax_db: Level | None = None
    lmin_db: Level | None = None
    lceq_db: Level | None = None
    lcpeak_db: Level | None = None
    overload: bool = False
    under_range: bool = False
    calibrated_until: Annotated[AwareDatetime | None, Field(strict=False)] = None


class Refused(Exception):
    """A frame is not believed; `reason` is a word for programs, the text is for people."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which instrument is expected: its serial number ("" for any) and its class or a better one.

    With `stamped` a frame must say its time: whoever asks twice must not count twice.
    """

    serial: str = ""
    accuracy_class: Literal[1, 2] = 2
    stamped: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """When something arrived, on both clocks."""

    ts: float
    wall: datetime


class Gate:
    """Lets through what can be believed, each frame once and in order, and counts the rest."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._refused: Counter[str] = Counter()
        self._times = _Times()
        self.accepted = 0

    @property
    def refused(self) -> Mapping[str, int]:
        """How many frames were refused, by reason."""
        return dict(self._refused)

    def take(self, payload: bytes, now: Moment) -> tuple[list[SecondFrame], list[Refused]]:
        """The frames of a message that are believed, and why the others are not.

        A frame that is known already (same `at`) is neither.
        """
        messages: list[MeterMessage] = []
        refusals: list[Refused] = []
        try:
            items = _items(payload)
        except Refused as refusal:
            items, refusals = [], [refusal]
        for item in items:
            try:
                messages.append(_believed(item, self._wanted))
            except Refused as refusal:
                refusals.append(refusal)
        frames = self._frames(messages, now, refusals)
        self._refused.update(refusal.reason for refusal in refusals)
        self.accepted += len(frames)
        return frames, refusals

    def _frames(
        self, messages: list[MeterMessage], now: Moment, refusals: list[Refused]
    ) -> list[SecondFrame]:
        self._times.follow([message.at for message in messages if message.at], now.ts)
        frames = []
        for message in messages:
            try:
                ts = self._times.ts(message.at, now.ts)
            except Refused as refusal:
                refusals.append(refusal)
            else:
                frames += [] if ts is None else [_frame(message, ts, now.wall)]
        return frames


class _Times:
    """When frames began on the monotonic clock: by their stamps, else by their arrival.

    The meter's own clock may be wrong: only distances between its stamps are believed.
    """

    def __init__(self) -> None:
        self._next_ts: float | None = None
        self._shift_s: float | None = None
        self._last_stamp_s = float("-inf")

    def follow(self, stamps: list[datetime], now_ts: float) -> None:
        """Learn the distance of the clocks from the newest stamp of a message."""
        if not stamps:
            return
        newest_s = max(stamps).timestamp()
        if newest_s <= self._last_stamp_s and newest_s > self._last_stamp_s - JUMP_S:
            return
        shift_s = now_ts - 1.0 - newest_s
        known_s = self._shift_s
        if known_s is None or abs(shift_s - known_s) > JUMP_S:
            # The first stamp, or the meter's clock was set.
            self._last_stamp_s = min(self._last_stamp_s, newest_s - JUMP_S)
            self._shift_s = shift_s
            return
        passed_s = max(0.0, newest_s - self._last_stamp_s)
        # No frame arrives before its end, so the least distance is right; the leak follows drift.
        self._shift_s = min(shift_s, known_s + LEAK * passed_s)

    def ts(self, at: datetime | None, now_ts: float) -> float | None:
        """Begin of the next frame; None when its stamp is not later than those before.

        Raises Refused when more frames come than there are seconds.
        """
        latest_ts = now_ts - 1.0
        if at is None or self._shift_s is None:
            ts = _paced(self._next_ts, latest_ts)
        else:
            stamp_s = at.timestamp()
            if stamp_s <= self._last_stamp_s:
                return None
            self._last_stamp_s = stamp_s
            ts = min(stamp_s + self._shift_s, latest_ts)
        if self._next_ts is not None:
            # Nothing overlaps: what comes a little early waits for its second.
            ts = max(ts, self._next_ts)
        if ts > latest_ts + AHEAD_S:
            raise Refused("too_many", "more frames come than there are seconds")
        self._next_ts = ts + 1.0
        return ts


def _believed(item: Any, wanted: Wanted) -> MeterMessage:
    message = _message(item)
    if message.weighting != "A":
        raise Refused("weighting", f"the weighting is {message.weighting!r}, A is wanted")
    if abs(message.interval_s - 1) > INTERVAL_SLACK_S:
        raise Refused("interval", f"the interval is {message.interval_s:g} s, 1 s is wanted")
    if message.class_ not in (1, 2):
        raise Refused("class", f"the class is {message.class_}, 1 or 2 is wanted")
    if message.class_ > wanted.accuracy_class:
        raise Refused("class", f"the class is {message.class_}, accuracy_class: 1 is configured")
    if wanted.serial and message.serial != wanted.serial:
        raise Refused("serial", f"serial number {message.serial!r} is not the configured one")
    if wanted.stamped and message.at is None:
        raise Refused("no_at", "at is missing: whoever asks twice would count twice")
    return message


def _frame(message: MeterMessage, ts: float, wall: datetime) -> SecondFrame:
    invalid = Invalid.CLIPPING if message.overload else Invalid.NONE
    if message.under_range:
        invalid |= Invalid.UNDER_RANGE
    until = message.calibrated_until
    if until is not None and wall >= until:
        invalid |= Invalid.CALIBRATION_EXPIRED
    leq_db = message.leq_db
    return SecondFrame(
        ts=ts,
        measured_s=1.0,
        laeq_db=leq_db,
        lceq_db=_or(message.lceq_db, leq_db),
        lafmax_db=_or(message.lmax_db, leq_db),
        lafmin_db=_or(message.lmin_db, leq_db),
        lasmax_db=leq_db,
        lcpeak_db=_or(message.lcpeak_db, leq_db),
        laf_db=(leq_db,),
        bands_db=(),
        beyond_db=0.0,
        clipped_share=1.0 if message.overload else 0.0,
        invalid=invalid,
    )


def _paced(next_ts: float | None, latest_ts: float) -> float:
    """Arrival less its jitter: frames follow each other, and the whole follows the arrivals."""
    if next_ts is None or abs(latest_ts - next_ts) > LATE_S:
        return latest_ts
    return next_ts + PULL * (latest_ts - next_ts)


def _or(level_db: float | None, otherwise_db: float) -> float:
    return otherwise_db if level_db is None else level_db


def _items(payload: bytes) -> list[Any]:
    if len(payload) > MAX_BYTES:
        raise Refused("size", f"{len(payload)} bytes, {MAX_BYTES} at most")
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        raise Refused("not_json", "the message is not JSON") from None
    items = document if isinstance(document, list) else [document]
    if len(items) > MAX_FRAMES:
        raise Refused("size", f"{len(items)} frames at once, {MAX_FRAMES} at most")
    return items


def _message(item: Any) -> MeterMessage:
    try:
        return MeterMessage.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        raise Refused(f"no_{key.removesuffix('_s').removesuffix('_db')}", f"{key} is missing")
    raise Refused("malformed", f"{key}: {first['msg']}" if key else "a frame is not an object")
