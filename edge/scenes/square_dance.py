"""Square-dance noise (广场舞噪音): the level of the music, whose it is, and who is there.

Art. 64 of 噪声污染防治法 lets the manager of a square set area, time and volume: those are the
rules here. GB 3096 and GB 22337 lend their way of measuring; neither is said to be violated.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from edge.scenes.base import Reading, ZoneState, zone_region
from edge.scenes.dance_ladder import DanceReport, Judged, Ladder
from edge.scenes.dance_rules import Params, RuleBook
from edge.scenes.dance_verdict import Evidence, LimitRule, Meter, Outcome, Verdict, judge
from edge.scenes.dance_view import SoundView
from edge.scenes.gathering import Gathering
from edge.sound.background import Background, Backgrounds
from edge.sound.curve import Curve, History, PeoplePoint, RulePoint
from edge.sound.gain_watch import GainWatch
from edge.sound.ledger import FINAL_S, SETTLE_S, Ledger

__all__ = ["DanceReport", "Judged", "Ladder", "Meter", "Params", "SoundView", "SquareDance"]

PAUSE_S = 120.0
"""Music that goes on within so long goes on: songs are seconds apart."""
_STATES: dict[Outcome, ZoneState] = {
    "exceeds": "occupied",
    "advisory": "occupied",
    "within": "clear",
    "not_evaluable": "unobserved",
}


@dataclass(slots=True)
class _Session:
    """Music that goes on, pauses included, and the background it began in."""

    onset_ts: float
    until_ts: float
    already_there: bool
    background: Background | None = None


class SquareDance:
    """Judges one place. Give it every second of sound, once a second."""

    def __init__(self, params: Params) -> None:
        self._params = params
        self._book = RuleBook(params.rules, params.permits)
        keep_s = max(params.window_s, params.warn_after_s) + 2 * FINAL_S
        self._ledger = Ledger(keep_s)
        self._people = Gathering(keep_s)
        self._backgrounds = Backgrounds(params.background_rule())
        self._session: _Session | None = None
        self._rule: LimitRule | None = None
        self._rule_since_ts = float("-inf")
        self._first_ts: float | None = None
        self.history = History()
        self._gain = GainWatch()
        self.region_rel = zone_region(params.polygon_rel)

    @property
    def background(self) -> Background | None:
        """The background of the music that goes on."""
        return None if self._session is None else self._session.background

    def rule_text(self, local: datetime) -> str:
        """The rule that holds at a local time, as people read it; empty when none does."""
        return self._book.text_at(local)

    def curve(self, judged: Judged, span_s: float) -> Curve:
        """The values behind the evidence picture: the last `span_s`, an hour at most."""
        start_ts = judged.ts - span_s
        background = self.background
        return self.history.curve(
            Curve(
                start_ts,
                judged.ts,
                judged.wall - timedelta(seconds=span_s),
                background_db=None if background is None else background.level_db,
                min_people=self._params.min_people,
                calibrated=judged.now.calibrated,
            )
        )

    def update(self, view: SoundView) -> Judged:
        """Take what was heard and seen since the last view and judge the place."""
        if self._first_ts is None:
            self._first_ts = view.ts
        self._keep_rule(view)
        self._hear(view)
        self._collect_background(view)
        session, meter = self._session, view.meter
        playing = session is not None and view.ts - session.until_ts <= PAUSE_S
        since_ts = max(session.onset_ts, self._rule_since_ts) if session and playing else None
        return Judged(
            view.ts,
            view.wall,
            now=self._verdict(view.ts, self._params.warn_after_s, meter),
            window=self._verdict(view.ts, self._params.window_s, meter),
            since_ts=since_ts,
            until_ts=None if session is None else session.until_ts,
            already_there=session is not None and session.already_there,
        )

    def _keep_rule(self, view: SoundView) -> None:
        """Which rule holds, and since when: nobody is judged by a rule that did not hold yet."""
        rule = self._book.at(view.wall)
        if rule != self._rule:
            # What held at the first look is taken to have held before.
            began_ts = float("-inf") if self._first_ts == view.ts else view.ts
            self._rule, self._rule_since_ts = rule, began_ts
        limit_db, curfew = (rule.limit_db, rule.curfew) if rule else (None, False)
        self.history.add_rule(RulePoint(view.ts, limit_db, curfew))

    def _hear(self, view: SoundView) -> None:
        for tags, heard in view.heard:
            self._ledger.hear(tags, heard)
            self.history.hear(tags, heard)
            for segment in (heard.ended, heard.music):
                if segment is not None:
                    self._play(segment.start_s, segment.end_s)
        for second in view.seconds:
            self.history.add_second(self._ledger.measure(self._gain.doubt(second)))
        if view.people is not None:
            look = view.people
            self._people.add(look)
            self.history.add_people(PeoplePoint(look.ts, look.sure, look.possible))

    def _play(self, start_s: float, end_s: float) -> None:
        """Music was heard from `start_s` to `end_s`: the same session or a new one."""
        session, first_ts = self._session, self._first_ts
        if session is not None and start_s - session.until_ts <= PAUSE_S:
            session.until_ts = max(session.until_ts, end_s)
            return
        before = None if session is None else session.background
        already_there = first_ts is not None and start_s < first_ts + 1
        self._session = _Session(start_s, end_s, already_there, before)

    def _collect_background(self, view: SoundView) -> None:
        for second in self._ledger.quiet(view.ts):
            self._backgrounds.add(second, view.wall)
        session, holds_s = self._session, self._params.background_rule().holds_s
        if session is None:
            return
        # Seconds just before the music become final only a while after it began.
        if view.ts - session.onset_ts <= 2 * FINAL_S:
            session.background = self._backgrounds.before(session.onset_ts) or session.background
        stale = session.background and view.ts - session.background.taken_ts > holds_s
        if session.background is None or stale:
            session.background = self._backgrounds.same_hour(view.ts, view.wall)

    def _verdict(self, ts: float, span_s: float, meter: Meter) -> Verdict:
        end_ts = ts - SETTLE_S
        start_ts = max(end_ts - span_s, self._rule_since_ts)
        tally = self._ledger.tally(start_ts, end_ts, span_s)
        crowd = self._people.over(start_ts, end_ts, span_s)
        evidence = Evidence(tally, self.background, crowd, meter)
        return judge(evidence, self._rule, self._params.policy())

    def dump(self, ts: float) -> bytes:
        """State to keep on disk; times are written relative to `ts`.

        The seconds are not kept: what was not heard while the box was away is a gap.
        """
        session = self._session
        state = {
            "baselines": self._backgrounds.dump(),
            "session": None if session is None else _session_to_json(session, ts),
        }
        return json.dumps(state).encode()

    def load(self, blob: bytes, ts: float) -> None:
        """Continue from a dump; `ts` is the present moment less the time the box was away."""
        state = json.loads(blob)
        self._backgrounds.load(state["baselines"])
        if state["session"] is not None:
            self._session = _session_from_json(state["session"], ts)


def as_reading(judged: Judged) -> Reading:
    """The verdict of the last minute as any scene says it."""
    return Reading(
        _STATES[judged.now.outcome],
        since_ts=judged.since_ts if judged.now.pressing else None,
        severity=judged.now.basis or "occupied",
        already_there=judged.already_there,
        reason=judged.now.reason,
    )


def _session_to_json(session: _Session, ts: float) -> dict[str, Any]:
    background = session.background
    return {
        "onset_s_ago": ts - session.onset_ts,
        "until_s_ago": ts - session.until_ts,
        "already_there": session.already_there,
        "background": None
        if background is None
        else {**asdict(background), "taken_ts": background.taken_ts - ts},
    }


def _session_from_json(item: dict[str, Any], ts: float) -> _Session:
    kept = item["background"]
    background = None
    if kept is not None:
        background = Background(**{**kept, "taken_ts": ts + kept["taken_ts"]})
    return _Session(
        ts - item["onset_s_ago"], ts - item["until_s_ago"], item["already_there"], background
    )
