"""Whether a camera's picture can be judged at all: seven conditions, raised and cleared.

Pure: pictures and times in, changes out. Pictures come at 0.2 to 5 a second; the whole view is
looked at at most every `LOOK_EVERY_S`, so that the rate does not matter.
"""

import json
from typing import Literal

from edge.camera_references import References
from edge.camera_repeat import Repeats
from edge.camera_signals import Grey, samples_of, small_of
from edge.camera_verdicts import (
    PLAIN_OVER,
    Seen,
    Shifts,
    Sight,
    is_blurred,
    is_covered,
    is_dark,
    is_white,
)
from edge.latches import Change, Latch, Latches

CameraCondition = Literal[
    "no_signal", "frozen", "covered", "dark", "overexposed", "moved", "blurred"
]
HealthChange = Change[CameraCondition]
SUSPENDED: dict[CameraCondition, str] = {
    "no_signal": "no signal",
    "frozen": "frozen picture",
    "covered": "camera covered",
    "dark": "picture too dark",
    "overexposed": "picture overexposed",
    "moved": "camera moved",
    "blurred": "picture blurred",
}
"""Why judgement is suspended; the first that is raised is told."""
LASTING: tuple[CameraCondition, ...] = ("covered", "dark", "overexposed", "moved", "blurred")
"""Conditions that must be seen for a while; a pause in looking starts that anew. The evidence of
the others has already lasted when they are told of."""
OF_THE_VIEW: tuple[CameraCondition, ...] = ("covered", "moved", "blurred")
"""Conditions that are relative to the learned view."""

LOOK_EVERY_S = 0.9
HOLD_S = 4.5
"""Two pictures 5 s apart are enough; the sweep of a headlight is not."""
CALM_S = 8.0
NO_SIGNAL_S = 5.0
DAYLIGHT = 60.0
"""Mean grey level: from above it to black within seconds is a cover, not the night."""


class CameraHealth:
    """Health of one camera. Not for several threads."""

    def __init__(self) -> None:
        instant = {"no_signal": Latch(0.0, 2.0), "frozen": Latch(0.0, HOLD_S)}
        self._latches = Latches[CameraCondition](
            {name: instant.get(name, Latch(HOLD_S, CALM_S)) for name in SUSPENDED}
        )
        self._references = References()
        self._repeats = Repeats()
        self._sight = Sight()
        self._shifts = Shifts()
        self._daylight = False
        self._picture_ts: float | None = None
        self._look_ts: float | None = None
        self._relearned = False

    @property
    def suspended(self) -> str:
        """Why nothing can be judged from the picture at the moment; '' when it can."""
        return next((SUSPENDED[name] for name in self.raised), "")

    @property
    def raised(self) -> tuple[CameraCondition, ...]:
        """Conditions that hold, most important first."""
        return self._latches.raised

    def update(self, picture: Grey | None, ts: float, blind_reason: str = "") -> list[HealthChange]:
        """Take the next picture, grey (H, W) uint8, or None when there is none at `ts`.

        `ts` is monotonic seconds, later than the last; returns what changed, each change once.
        """
        changes = self._relearn_changes(ts)
        if picture is None:
            return changes + self._blind(ts, blind_reason)
        changes += self._latches.feed("no_signal", False, ts, "pictures come again")
        self._picture_ts = ts
        changes += self._frozen(picture, ts)
        if "frozen" in self.raised:
            self._latches.forget(LASTING)
        elif self._look_ts is None or ts - self._look_ts >= LOOK_EVERY_S:
            self._look_ts = ts
            changes += self._look(picture, ts)
        return changes

    def relearn(self) -> None:
        """The view as it is now is right: forget the old one (told at the next update)."""
        self._references.forget()
        self._shifts = Shifts()
        self._relearned = True

    def dump(self, ts: float) -> bytes:
        """References and raised conditions to keep on disk; times are relative to `ts`."""
        state = {
            "version": 1,
            "raised": self._latches.to_json(ts),
            "references": self._references.to_json(ts),
        }
        return json.dumps(state).encode()

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump: a camera turned while the box was off is noticed.

        `ts` is the present moment less the time the box was away. Raises ValueError for anything
        that is not a dump.
        """
        try:
            state = json.loads(blob)
            self._references.load(state["references"], ts)
            self._latches.load(state["raised"], ts)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a dump of a camera's health: {error!r}") from None

    def _blind(self, ts: float, reason: str) -> list[HealthChange]:
        self._latches.forget(LASTING)
        if self._picture_ts is None:
            self._picture_ts = ts
        if ts - self._picture_ts < NO_SIGNAL_S:
            return []
        detail = reason or "the camera sends no picture"
        return self._latches.feed("no_signal", True, ts, detail, self._picture_ts)

    def _frozen(self, picture: Grey, ts: float) -> list[HealthChange]:
        told = self._repeats.update(samples_of(picture), ts)
        if told.verdict:
            return self._latches.feed("frozen", True, ts, told.detail, told.since_ts)
        still = None if not told.fresh else False
        return self._latches.feed("frozen", still, ts, "the picture changes again")

    def _look(self, picture: Grey, ts: float) -> list[HealthChange]:
        seen = self._sight.look(small_of(picture), self._references, ts)
        self._shifts.note(seen, ts)
        changes = self._latches.feed(
            "dark", is_dark(seen), ts, f"brightest parts {seen.bright:.0f} of 255"
        )
        changes += self._latches.feed(
            "overexposed", is_white(seen), ts, f"{seen.white:.0%} of the picture is white"
        )
        covered = is_covered(seen, self._daylight)
        changes += self._latches.feed("covered", covered, ts, _covered_detail(seen))
        if covered is False and "covered" not in self.raised:
            blurred = is_blurred(seen) if self._references.steady else None
            changes += self._latches.feed("blurred", blurred, ts, _blurred_detail(seen))
            if self._references.settled:
                detail = self._moved_detail(picture, ts)
                changes += self._latches.feed("moved", self._shifts.is_moved(ts), ts, detail)
        self._learn(seen, ts)
        return changes

    def _learn(self, seen: Seen, ts: float) -> None:
        """Take a healthy picture into the reference, or begin one."""
        if self.raised or self._latches.pending or seen.blank:
            return
        self._daylight = seen.mean >= DAYLIGHT
        aimed_anew = not self._references.settled and self._shifts.is_moved(ts)
        if seen.match is None or aimed_anew:
            # The first picture of all is left out: what in it is noise is not known yet.
            if seen.texture.noise is not None and seen.plain < PLAIN_OVER:
                self._references.begin(seen.small, seen.texture, ts)
                self._shifts = Shifts()
            return
        self._references.learn(seen.small, seen.texture, seen.match, ts)

    def _relearn_changes(self, ts: float) -> list[HealthChange]:
        if not self._relearned:
            return []
        self._relearned = False
        return self._latches.drop(OF_THE_VIEW, ts, "the view is learned anew")

    def _moved_detail(self, picture: Grey, ts: float) -> str:
        shift = self._shifts.median_rel
        if self._shifts.lost(ts) or shift is None:
            return "another view: nothing of the learned one is found"
        height, width = picture.shape
        return f"shifted by {shift[0] * width:+.0f}, {shift[1] * height:+.0f} pixels"


def _covered_detail(seen: Seen) -> str:
    found = "" if seen.match is None else f"{seen.match.found:.0%} of the view is found, "
    return f"{found}{seen.plain:.0%} of the picture has no structure"


def _blurred_detail(seen: Seen) -> str:
    return f"{seen.match.focus:.0%} of the usual detail" if seen.match else ""
