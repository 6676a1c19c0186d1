"""How fast a channel may be used, and when to try again. Pure: the moment is an argument."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW_S = 66.0
"""A minute and a tenth: what leaves here a minute apart may arrive closer together."""
RETRY_S = (60.0, 300.0, 1800.0)
MAX_TRIES = 1 + len(RETRY_S)
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `per_minute` in any minute, at most `burst` of them at once."""

    per_minute: int
    burst: int

    @property
    def every_s(self) -> float:
        """Seconds until a token comes back: burst and refill together stay below the limit."""
        return WINDOW_S / max(1, self.per_minute - self.burst)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens at a moment."""

    tokens: float
    at: datetime


def full(rate: Rate, now: datetime) -> Bucket:
    """The bucket of a channel that was never used."""
    return Bucket(float(rate.burst), now)


def take(bucket: Bucket, rate: Rate, now: datetime) -> tuple[Bucket, float]:
    """The bucket after taking a token and 0, or as it is and the seconds to wait.

    A clock that was set back refills nothing.
    """
    passed_s = max(0.0, (now - bucket.at).total_seconds())
    tokens = min(float(rate.burst), bucket.tokens + passed_s / rate.every_s)
    later = max(now, bucket.at)
    if tokens >= 1.0:
        return Bucket(tokens - 1.0, later), 0.0
    return Bucket(tokens, later), (1.0 - tokens) * rate.every_s


def next_try(tries: int, now: datetime, chance: float) -> datetime | None:
    """When to try again after `tries` tries, None to give up; `chance` in 0-1 spreads them."""
    if tries >= MAX_TRIES:
        return None
    spread = 1.0 + JITTER * (2.0 * chance - 1.0)
    return now + timedelta(seconds=RETRY_S[max(0, tries - 1)] * spread)
