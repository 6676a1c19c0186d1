"""The same vehicle back at the same place soon after it left: the same incident goes on.

Pure. Whether it is the same vehicle is the caller's judgement (`alike`).
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """The last incident of a place: its last `rev` on the wire, and when the place became clear."""

    incident_id: str
    rev: int
    reopened: int
    ended_ts: float


@dataclass(frozen=True, slots=True)
class Birth:
    """Name of an incident that begins or goes on, the `rev` it has so far, how often reopened."""

    incident_id: str
    rev: int = 0
    reopened: int = 0


class Reopener:
    """Remembers the last incident of one place that was cleared."""

    def __init__(self, place: str, within_s: float) -> None:
        """`within_s` after it became clear the incident may go on; 0: never."""
        self._place = place
        self._within_s = within_s
        self._last: Ended | None = None

    def ended(self, last: Ended) -> None:
        """An incident was cleared; it is the one that may go on."""
        self._last = last

    def birth(self, since_ts: float, alike: bool, new_id: Callable[[], str]) -> Birth:
        """Incident of an occupation that began at `since_ts` and is worth telling now.

        `alike`: the vehicle is the one of the last incident, as far as the caller can see.
        `new_id` is called only when a new incident begins.
        """
        last, self._last = self._last, None
        if last is None or not alike or not self._soon(last, since_ts):
            return Birth(new_id())
        return Birth(last.incident_id, last.rev, last.reopened + 1)

    def _soon(self, last: Ended, since_ts: float) -> bool:
        return self._within_s > 0 and since_ts - last.ended_ts <= self._within_s

    def dump(self, ts: float) -> bytes:
        """State to keep on disk, times relative to `ts`."""
        last = self._last
        if last is None:
            return b"null"
        state = asdict(last) | {"place": self._place, "ended_s_ago": ts - last.ended_ts}
        del state["ended_ts"]
        return json.dumps(state).encode()

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump; `ts` is the present moment less the time the box was away.

        What another place left behind is ignored.
        """
        state = json.loads(blob)
        if state is None or state.pop("place") != self._place:
            self._last = None
            return
        ended_ts = ts - state.pop("ended_s_ago")
        self._last = Ended(**state, ended_ts=ended_ts)
