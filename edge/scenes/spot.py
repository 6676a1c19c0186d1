"""A place where a vehicle stands or may stand, and what speaks for it.

Two things speak for a vehicle: detections at the same place over time, and its look. The look
alone is trusted only once it is known to be the vehicle's: because it differs from the ground that
was seen there before, or because detections have confirmed it many times. Bare ground looks like
itself for ever, so a ghost of the detector must go on being detected or vanish.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

import numpy as np

from edge.patch import Look, alike, core
from edge.scenes.glance import Glance, ground_shows, is_same, looks_alike, same_thing
from edge.scenes.rolling import Sighting, between, has_rolled, is_in_place
from edge.types import Box

Status = Literal["seen", "alike", "compare", "hidden", "gone"]

MIN_EVIDENCE = 2.0
MIN_RATIO = 0.3
"""Share of the looks since birth in which it must be detected as long as its look is no proof."""
ESTABLISHED_HITS = 20
ESTABLISHED_S = 60.0
FORGET_S = 5.0
GAP_S = 8.0
"""Unseen for so long, a vehicle found at the place must be compared: it may be another one."""
STRANGE_LOOKS = 3
NUDGED_S = 3.0
ROLLING_S = 1.0
"""Between its place and where it is seen half out of it."""
VOTE_STEP_S = 10.0
STEADY_BOXES = 9
ARRIVAL_LOOKS = 64
STILL_GONE_S = 120.0
STILL_UNKNOWN_GONE_S = 25.0
"""An unlike, unmoving view without a vehicle is ground after so long: the ground may look new
(shadow, rain), or it was never seen empty, which leaves nothing better to compare with."""
HIDDEN_LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Need:
    """What makes a candidate a standing vehicle: age, detections, and their share of the looks."""

    age_s: float
    hits: int
    ratio: float


SURE = Need(age_s=3.0, hits=3, ratio=MIN_RATIO)
"""At walking pace a car leaves its own box (IoU < 0.5) within 2 s, so what matches its first box
for 3 s stands."""
DOUBTFUL = Need(age_s=10.0, hits=5, ratio=0.5)
"""What looks like the ground, or stands where no ground is known, must be detected for longer."""
FAINT_EVIDENCE = 0.65
FAINT = Need(age_s=30.0, hits=8, ratio=0.8)
"""And if its usual score is below 0.295, nearly always: a kerb with stones is a car of 0.25 in
every other picture."""


@dataclass(slots=True, eq=False)
class Spot:
    """`box` is in fractions of the frame; `look` is the vehicle's, `ground` that of the place."""

    box: Box
    name: str
    score: float
    since_ts: float
    born_ts: float
    seen_ts: float
    look: Look
    ground: Look | None = None
    number: int = 0
    hits: int = 1
    looks: int = 1
    evidence: float = 0.0
    misses: int = 0
    strange: int = 0
    standing: bool = False
    already_there: bool = False
    restored: bool = False
    status: Status = "seen"
    shown_ts: float = 0.0
    looked_ts: float = 0.0
    hidden_since_ts: float | None = None
    away_since_ts: float | None = None
    """First of the looks, up to the last, at which it was not in its place."""
    in_place_ts: float = 0.0
    strange_since_ts: float = 0.0
    arrival: deque[Sighting] = field(default_factory=lambda: deque(maxlen=ARRIVAL_LOOKS))
    """Detections before it was known to stand, or out of the place where it stood."""
    boxes: deque[Box] = field(default_factory=lambda: deque(maxlen=STEADY_BOXES))
    """The last boxes in place."""
    other: Look | None = None
    """What is seen there instead of it, and for how long."""
    other_s: float = 0.0

    @property
    def distinct(self) -> bool:
        """Whether its look is known not to be that of the ground."""
        return self.ground is not None and not same_thing(self.look, self.ground)

    @property
    def trusted(self) -> bool:
        """Whether the look alone may carry it."""
        span_s = self.seen_ts - self.born_ts
        established = self.hits >= ESTABLISHED_HITS and span_s >= ESTABLISHED_S
        return self.restored or self.distinct or established

    @property
    def ratio(self) -> float:
        """Share of the looks since its birth in which it was detected."""
        return self.hits / self.looks

    @property
    def steady_box(self) -> Box:
        """Median of the last boxes: somebody in front, or an edge that trembles, does not show."""
        if not self.boxes:
            return self.box
        x1, y1, x2, y2 = np.median(np.array(self.boxes), axis=0).round(3).tolist()
        return (x1, y1, x2, y2)

    @property
    def left_ts(self) -> float:
        """When it left, as far as that could be seen."""
        return between(self.in_place_ts, self.away_since_ts or self.looked_ts)

    def detected(self, glance: Glance, score: float, box: Box) -> None:
        """The detector sees a vehicle at this place."""
        ts = glance.ts
        in_place = is_in_place(box, self.box)
        if not self.standing or not in_place:
            self.arrival.append(Sighting(self.looked_ts, ts, box))
        elif self.arrival:
            self.arrival.clear()
        unseen_s = ts - self.shown_ts
        comparing = unseen_s >= GAP_S or self.status == "compare"
        same = is_same if comparing else looks_alike
        # Where somebody stands in front nothing can be said of the look.
        strange = glance.shows and not same(glance, self.look)
        if strange and not self.strange:
            self.strange_since_ts = Sighting(self.looked_ts, ts, box).begin_ts
        self.strange = self.strange + 1 if strange else 0
        rolled = has_rolled(box, self.box)
        if rolled and self.away_since_ts is None:
            # So near to its place it set off just now, however long ago the last look was.
            self.in_place_ts = max(self.in_place_ts, ts - 2 * ROLLING_S)
        self._note_place(not rolled and not (strange and (comparing or not in_place)), ts)
        if not self.standing and self.strange >= 2:
            self._begin_anew(glance)
        self.hits += 1
        self.looks += 1
        self.misses = 0
        self.evidence += evidence_of(score)
        self.seen_ts = self.looked_ts = ts
        if in_place:
            self.boxes.append(box)
        if self.strange and comparing:
            # Unseen for a while and not the same look: judged when it has looked so for a while.
            self.status = "compare"
        else:
            self._show("seen", ts)
        self._settle(ts)

    def missed(self, glance: Glance) -> None:
        """No vehicle is detected at this place: its look decides."""
        self.looks += 1
        self.misses += 1
        step_s, self.looked_ts = glance.ts - self.looked_ts, glance.ts
        self.strange = 0
        same = looks_alike(glance, self.look)
        self._note_place(same, glance.ts)
        if not same:
            self._judge_unlike(glance, min(step_s, VOTE_STEP_S))
        elif self.trusted or self.ratio >= MIN_RATIO:
            self._show("alike", glance.ts)
        else:
            self.status = "gone"  # a ghost: bare ground always looks like itself

    @property
    def nudged(self) -> bool:
        """Whether it moved on by a part of its length and stands again."""
        if not self.standing or self.away_since_ts is None or not self.arrival:
            return False
        last = self.arrival[-1]
        here = list(takewhile(lambda s: is_in_place(s.box, last.box), reversed(self.arrival)))
        return len(here) >= SURE.hits and last.ts - here[-1].ts >= NUDGED_S

    @property
    def replaced(self) -> bool:
        """Whether what stands here after a gap has shown to be another vehicle."""
        return self.status == "compare" and self.strange >= STRANGE_LOOKS

    @property
    def forgotten(self) -> bool:
        """Whether there is nothing here any more, or never was."""
        if self.status == "gone":
            return True
        hidden = self.status == "hidden" and self.misses >= 2
        return not self.standing and hidden and self.hidden_s > FORGET_S

    @property
    def hidden_s(self) -> float:
        """Seconds between when it was last shown and when it was last looked for."""
        return self.looked_ts - self.shown_ts

    def _begin_anew(self, glance: Glance) -> None:
        """Another vehicle at the place of a candidate: its clock starts now."""
        self.since_ts, self.born_ts = self.strange_since_ts, glance.ts
        for _ in range(len(self.arrival) - 2):
            self.arrival.popleft()
        self.boxes.clear()
        self.hits, self.looks, self.evidence = 0, 0, 0.0
        self.look, self.already_there, self.strange = core(glance.patch), False, 0

    def _settle(self, ts: float) -> None:
        faint = self.evidence < FAINT_EVIDENCE * self.hits
        known = self.distinct or self.restored
        need = SURE if known else FAINT if faint else DOUBTFUL
        proven = self.hits >= need.hits and self.evidence >= MIN_EVIDENCE
        self.standing |= proven and ts - self.born_ts >= need.age_s and self.ratio >= need.ratio

    def _show(self, status: Status, ts: float) -> None:
        self.status = status
        self.shown_ts = ts
        self.hidden_since_ts, self.other, self.other_s = None, None, 0.0

    def _note_place(self, in_place: bool, ts: float) -> None:
        if in_place:
            self.in_place_ts, self.away_since_ts = ts, None
        elif self.away_since_ts is None:
            self.away_since_ts = ts

    def _judge_unlike(self, glance: Glance, step_s: float) -> None:
        """Neither detected nor looking like itself: gone if the ground shows, else hidden."""
        ts = glance.ts
        if self.hidden_since_ts is None:
            self.hidden_since_ts = ts
        self.status = "hidden"
        if glance.shows:
            self._vote(glance, step_s)
        ground = self.ground if glance.ground is None else glance.ground
        limit_s = STILL_GONE_S if ground is not None else STILL_UNKNOWN_GONE_S
        shows = ground is not None and ground_shows(glance, ground, self.look)
        if shows or self.other_s > limit_s or ts - self.hidden_since_ts > HIDDEN_LIMIT_S:
            self.status = "gone"

    def _vote(self, glance: Glance, step_s: float) -> None:
        """Count for how long the same other thing is seen; who walks past only delays it."""
        if self.other is not None and alike(glance.patch, self.other, glance.where):
            self.other_s += step_s
            return
        self.other_s -= step_s
        if self.other is None or self.other_s <= 0:
            self.other, self.other_s = core(glance.patch), 0.0


def arrived(spot: Spot) -> float:
    """When a vehicle that is known to stand came to its place."""
    nearer: Sighting | None = None
    for seen in spot.arrival:
        if is_in_place(seen.box, spot.box):
            # So near to its place before it rolled out its last second.
            return seen.begin_ts if nearer is None else min(seen.begin_ts, nearer.ts + ROLLING_S)
        nearer = seen if has_rolled(seen.box, spot.box) else None
    return spot.since_ts


def evidence_of(score: float) -> float:
    """What one detection is worth: 0.3 at a score of 0.2, 1 at 0.4, at most 1.5."""
    return min(1.5, max(0.3, (score - 0.1) / 0.3))
