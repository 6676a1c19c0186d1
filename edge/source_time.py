"""Time of a stream: media time onto the monotonic clock, and which frames are looked at. Pure."""

from dataclasses import dataclass

MAX_BEHIND_S = 1.0
"""How far a frame's time may lie behind its arrival before the anchor is set anew."""
LEAK = 1e-3
"""Rise of the anchor per second of media: follows a camera whose clock is up to 0.1 % slow."""
SLACK = 0.1
"""Share of the wanted interval by which a live frame may come early and still count as due."""
_EPSILON_S = 1e-6


@dataclass(slots=True)
class Anchor:
    """Puts media time onto the monotonic clock without letting the network's jitter through.

    A packet cannot arrive before it was made, so the smallest (arrival - media time) seen is the
    best estimate of the distance of the two clocks; it leaks upwards slowly to follow drift. A
    jump of media time in either direction, or a stall, sets it anew.
    """

    offset_s: float | None = None
    last_media_s: float = 0.0
    last_ts: float = float("-inf")

    def observe(self, media_s: float, arrival_ts: float) -> None:
        """A packet of `media_s` arrived at `arrival_ts` on the monotonic clock."""
        seen_s = arrival_ts - media_s
        if self.offset_s is None or seen_s - self.offset_s > MAX_BEHIND_S:
            self.offset_s = seen_s
        else:
            forward_s = max(0.0, media_s - self.last_media_s)
            self.offset_s = min(seen_s, self.offset_s + LEAK * forward_s)
        self.last_media_s = media_s

    def ts(self, media_s: float | None, now_ts: float) -> float:
        """Monotonic time of a picture; never later than `now_ts` and never going backwards.

        Without media time, or without any packet observed, it is `now_ts`.
        """
        exact = now_ts
        if media_s is not None and self.offset_s is not None:
            exact = media_s + self.offset_s
        self.last_ts = max(self.last_ts, min(now_ts, max(exact, now_ts - MAX_BEHIND_S)))
        return self.last_ts


@dataclass(slots=True)
class Picker:
    """Chooses the frames that are looked at: the first at or after each multiple of `every_s`.

    Multiples count from `origin_ts` (the first frame when None). `slack` is the share of
    `every_s` a frame may be early: 0 for recordings, so that the choice is exact.
    """

    every_s: float
    slack: float = SLACK
    origin_ts: float | None = None
    next_slot: int = 0

    def wants(self, ts: float) -> bool:
        """Whether the frame of time `ts` is looked at; a True moves on to the next multiple."""
        if self.origin_ts is None:
            self.origin_ts = ts
        passed = (ts - self.origin_ts + _EPSILON_S) / self.every_s
        if passed < self.next_slot - self.slack:
            return False
        # Counted without slack: a frame that came late leaves the next multiple its full right,
        # so jitter round a multiple cannot make every other frame miss its turn.
        self.next_slot = max(self.next_slot, int(passed)) + 1
        return True


@dataclass(slots=True)
class KeyframeGauge:
    """Tells whether decoding keyframes alone gives a picture every `every_s`.

    It says yes after two intervals between keyframes that are short enough, and no as soon as one
    is too long or overdue (cameras with "smart" codecs stretch the interval in quiet scenes).
    """

    every_s: float
    last_s: float | None = None
    short_in_row: int = 0

    def observe(self, media_s: float, is_keyframe: bool) -> None:
        """A packet of the picture passed."""
        if self.last_s is not None and abs(media_s - self.last_s) > self._limit_s:
            self.short_in_row, self.last_s = 0, None
        if is_keyframe:
            self.short_in_row += self.last_s is not None
            self.last_s = media_s

    @property
    def keyframes_suffice(self) -> bool:
        return self.short_in_row >= 2

    @property
    def _limit_s(self) -> float:
        return self.every_s * (1 + SLACK)
