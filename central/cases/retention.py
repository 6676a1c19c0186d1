"""Until when pictures of a case are kept, by how it ended. Pure.

Three spans, as the study asks (§13): raw pictures of what was nothing (void, cleared by itself),
raw pictures of what was handled, and what shows nobody (masked copies, curves).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from central.cases.states import ENDED


@dataclass(frozen=True, slots=True)
class Policy:
    """Days to keep after the end; 0: for ever."""

    void_days: int = 0
    handled_days: int = 0
    masked_days: int = 0

    @property
    def is_on(self) -> bool:
        """Whether anything is ever deleted."""
        return bool(self.void_days or self.handled_days or self.masked_days)


FOREVER = Policy()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case stands; `held`: nothing of it may be deleted (legal hold)."""

    state: str
    close_reason: str | None
    ended_at: datetime | None
    held: bool

    @property
    def was_nothing(self) -> bool:
        """Whether nobody had to do anything."""
        return self.state == "void" or self.close_reason == "self_cleared"


def raw_until(policy: Policy, ending: Ending) -> datetime | None:
    """When raw pictures of the case fall due; None: never, or not while it stands as it does."""
    return _after(ending, policy.void_days if ending.was_nothing else policy.handled_days)


def masked_until(policy: Policy, ending: Ending) -> datetime | None:
    """When masked copies of the case fall due; None as above."""
    return _after(ending, policy.masked_days)


def after(at: datetime, days: int) -> datetime | None:
    """So many days after a moment; None for 0, which means for ever."""
    return at + timedelta(days=days) if days else None


def _after(ending: Ending, days: int) -> datetime | None:
    if ending.held or ending.state not in ENDED or ending.ended_at is None:
        return None
    return after(ending.ended_at, days)
