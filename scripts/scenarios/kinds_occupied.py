"""Kinds of scenarios in which a vehicle stands in the lane: each must be one incident (or two)."""

from dataclasses import replace
from typing import Any

from edge.types import Box

from .maker import Label, Maker
from .world import Restart, Scenario, Span, Weather

TAIL_S = 60.0
"""Scenarios go on for so long after the last vehicle left, so that a clear can be told."""


def plain(m: Maker, label: Label) -> Scenario:
    """A car comes, stands, leaves; now and then somebody walks past."""
    span, _ = _one(m)
    return _end(m, label, span[1])


def already_there(m: Maker, label: Label) -> Scenario:
    """It stood there before the first picture."""
    look, spot = m.parked()
    end_s = m.dwell()
    m.stay((-1.0, end_s), (look, spot))
    _walkers(m, spot, (0, end_s))
    return _end(m, label, end_s)


def people(m: Maker, label: Label) -> Scenario:
    """People walk past and stand in front of it."""
    span, spot = _one(m)
    for _ in range(int(m.rng.integers(3, 9))):
        stop_s = m.uniform(3, 25)
        m.walk_past(m.uniform(span[0] + 3, span[1] - 5), spot, stop_s)
    return _end(m, label, span[1])


def hidden(m: Maker, label: Label) -> Scenario:
    """A board or a tall van hides it completely for 10 to 60 s."""
    begin_s, hidden_s = m.uniform(12, 25), m.uniform(10, 60)
    span = (begin_s, begin_s + m.dwell() + hidden_s)
    spot = m.parked()
    m.stay(span, spot)
    from_s = m.uniform(begin_s + 8, span[1] - hidden_s - 12)
    m.board((from_s, from_s + hidden_s), spot[1])
    return _end(m, label, span[1])


def leaves_hidden(m: Maker, label: Label) -> Scenario:
    """It leaves while something stands in front of its place."""
    begin_s = m.uniform(12, 25)
    span = (begin_s, begin_s + m.dwell() + 25)
    look, spot = m.parked()
    m.stay(span, (look, spot))
    m.board((span[1] - m.uniform(8, 20), span[1] + m.uniform(8, 20)), spot)
    return _end(m, label, span[1] + 20)


def flicker(m: Maker, label: Label) -> Scenario:
    """Its label changes all the time, and it is often found twice."""
    span, _ = _one(m, flicker=0.45, doubles=0.25)
    return _end(m, label, span[1])


def weak(m: Maker, label: Label) -> Scenario:
    """The detector hardly sees it: scores of 0.2 to 0.45 throughout."""
    span, _ = _one(m, score=m.uniform(0.3, 0.38))
    return _end(m, label, span[1])


def dips(m: Maker, label: Label) -> Scenario:
    """Scores dip for seconds, and several times it is not found for 5 to 25 s."""
    begin_s = m.uniform(12, 25)
    span = (begin_s, begin_s + m.dwell() + 30)
    missed = [(t, t + m.uniform(5, 25)) for t in _moments(m, span, 3)]
    weak_spans = [(t, t + m.uniform(5, 30)) for t in _moments(m, span, 3)]
    m.stay(span, missed=tuple(missed), weak=tuple(weak_spans))
    return _end(m, label, span[1])


def nudge(m: Maker, label: Label) -> Scenario:
    """It moves on by a part of its length and stands again."""
    begin_s = m.uniform(12, 25)
    span = (begin_s, begin_s + m.dwell() + 20)
    look, spot = m.parked()
    thing = m.stay(span, (look, spot))
    at_s = m.uniform(begin_s + 10, span[1] - 15)
    shift = m.uniform(0.1, 0.45) * (spot[2] - spot[0]) * (1 if spot[0] < 0.4 else -1)
    there: Box = (spot[0] + shift, spot[1], spot[2] + shift, spot[3])
    before = [key for key in thing.keys if key[0] <= begin_s]
    way_out = [(t, _slid(box, shift)) for t, box in thing.keys if t > span[1]]
    keys = (*before, (at_s, spot), (at_s + 2, there), (span[1], there), *way_out)
    m.things[-1] = replace(thing, keys=keys)
    return _end(m, label, span[1])


def relay(m: Maker, label: Label) -> Scenario:
    """Another one comes before the first has left: the lane was never clear."""
    begin_s = m.uniform(12, 20)
    first = m.parked()
    second = _room_for(m, first[1])
    middle_s = begin_s + m.uniform(20, 60)
    m.stay((begin_s, middle_s), first)
    m.stay((middle_s - m.uniform(8, 15), middle_s + m.dwell()), second)
    return _end(m, label, max(thing.stands[0][1] for thing in m.things))


def same_place(m: Maker, label: Label) -> Scenario:
    """One leaves, the next takes its place long after the lane was clear: two occupations."""
    begin_s = m.uniform(12, 20)
    look, spot = m.parked()
    middle_s = begin_s + m.dwell()
    gap_s = 2.5 * m.rule["clear_after_s"] + 4 * m.step_s
    m.stay((begin_s, middle_s), (look, spot))
    other = (m.vehicle()[0], *look[1:]) if m.site.vehicles is None else look
    end_s = middle_s + gap_s + m.dwell()
    m.stay((middle_s + gap_s, end_s), (other, spot))
    return _end(m, label, end_s)


def together(m: Maker, label: Label) -> Scenario:
    """A second one comes and goes while the first stands: one occupation."""
    begin_s = m.uniform(12, 20)
    end_s = begin_s + m.dwell() + 30
    first = m.parked()
    m.stay((begin_s, end_s), first)
    at_s = m.uniform(begin_s + 10, end_s - 45)
    m.stay((at_s, at_s + m.uniform(20, 35)), _room_for(m, first[1]))
    return _end(m, label, end_s)


def outage(m: Maker, label: Label) -> Scenario:
    """The stream is lost for 5 to 40 s, once or twice."""
    begin_s = m.uniform(12, 25)
    span = (begin_s, begin_s + m.dwell() + 60)
    m.stay(span)
    at_s = m.uniform(begin_s + 10, begin_s + 30)
    lost = ((at_s, at_s + m.uniform(5, 40)), (span[1] - 25, span[1] - m.uniform(8, 18)))
    return _end(m, label, span[1], feed=m.feed(outages=lost))


def swapped(m: Maker, label: Label) -> Scenario:
    """During a long outage it leaves, and much later another one takes its place."""
    begin_s = m.uniform(12, 20)
    look, spot = m.parked()
    lost_s = begin_s + m.dwell()
    back_s = lost_s + 3 * m.rule["clear_after_s"] + 20
    other = m.vehicle()
    while other[0] == look[0]:
        other = m.vehicle()
    m.stay((begin_s, lost_s + 6), (look, spot))
    end_s = back_s + m.dwell()
    size = look if m.site.vehicles is None else other
    place = spot if m.site.vehicles is None else m.spot(other)
    m.stay((back_s - 6, end_s), ((other[0], *size[1:]), place))
    return _end(m, label, end_s, feed=m.feed(outages=((lost_s, back_s),)))


def restart(m: Maker, label: Label) -> Scenario:
    """The process is killed or ended once or twice while it stands."""
    begin_s = m.uniform(12, 25)
    span = (begin_s, begin_s + m.dwell() + 40)
    m.stay(span)
    first = Restart(m.uniform(begin_s + 4, begin_s + 40), m.uniform(2, 20), m.rng.random() < 0.6)
    second = Restart(first.span[1] + m.uniform(8, 40), m.uniform(2, 20), m.rng.random() < 0.6)
    late = second.span[1] < span[1] - 8
    restarts = (first, second) if late and m.rng.random() < 0.5 else (first,)
    return _end(m, label, span[1], feed=m.feed(restarts=restarts))


def left_while_down(m: Maker, label: Label) -> Scenario:
    """It leaves while the process is down."""
    begin_s = m.uniform(12, 25)
    end_s = begin_s + m.dwell()
    m.stay((begin_s, end_s))
    gone = Restart(end_s - m.uniform(3, 8), m.uniform(15, 40), m.rng.random() < 0.6)
    return _end(m, label, gone.span[1], feed=m.feed(restarts=(gone,)))


def fast(m: Maker, label: Label) -> Scenario:
    """Five pictures a second."""
    m.fps = 5.0
    span, _ = _one(m)
    return _end(m, label, span[1])


def slow(m: Maker, label: Label) -> Scenario:
    """One picture in five seconds."""
    m.fps = 0.2
    span, _ = _one(m)
    return _end(m, label, span[1])


def mixed(m: Maker, label: Label) -> Scenario:
    """A bit of everything at once."""
    begin_s = m.uniform(12, 25)
    span = (begin_s, begin_s + m.dwell() + 90)
    first = m.parked()
    missed = tuple((t, t + m.uniform(3, 12)) for t in _moments(m, span, 2))
    m.stay(span, first, missed=missed, flicker=0.2, doubles=0.1, score=m.uniform(0.4, 0.7))
    at_s = span[0] + m.uniform(20, 40)
    m.stay((at_s, at_s + 25), _room_for(m, first[1]))
    _walkers(m, first[1], span)
    m.drive_through(m.uniform(*span), m.uniform(2, 5))
    lost_s = m.uniform(span[0] + 10, span[1] - 40)
    weather = Weather(
        light=((0.0, 1.0), (span[1], m.uniform(0.6, 1.4))),
        noise=m.uniform(2, 5),
        rain=m.uniform(0, 0.5),
        shake_px=m.uniform(0, 1),
    )
    return _end(
        m,
        label,
        span[1],
        weather=weather,
        feed=m.feed(
            outages=((lost_s, lost_s + m.uniform(4, 20)),),
            restarts=(Restart(m.uniform(span[0] + 8, lost_s - 1), m.uniform(2, 10)),),
        ),
    )


def ten_minutes(m: Maker, label: Label) -> Scenario:
    """Ten minutes with 30 s of total occlusion, label flicker, 20 s without the stream, a killed
    process, and a second car for 60 s: one incident."""
    if label.index == 0:
        m.fps = 1.0
    span = (40.0, 640.0)
    first = m.parked()
    m.stay(span, first, flicker=0.35, doubles=0.05)
    m.board((140.0, 170.0), first[1])
    m.stay((480.0, 540.0), _room_for(m, first[1]))
    _walkers(m, first[1], span)
    feed = m.feed(outages=((260.0, 280.0),), restarts=(Restart(373.0, 9.0),))
    rule = {
        "warn_after_s": 60.0,
        "file_after_s": 300.0,
        "clear_after_s": 30.0,
        "ongoing_every_s": 300.0,
    }
    return m.done(label, span[1] + 80, feed=feed, rule=rule)


def _one(m: Maker, **details: Any) -> tuple[Span, Box]:
    begin_s = m.uniform(12, 25)
    span = (begin_s, begin_s + m.dwell())
    spot = m.parked()
    m.stay(span, spot, **details)
    _walkers(m, spot[1], span)
    return span, spot[1]


def _walkers(m: Maker, spot: Box, span: Span) -> None:
    for _ in range(int(m.rng.integers(0, 3))):
        m.walk_past(m.uniform(span[0] + 5, span[1] - 5), spot)


def _moments(m: Maker, span: Span, count: int) -> list[float]:
    return [m.uniform(span[0] + 6, span[1] - 15) for _ in range(count)]


def _slid(box: Box, shift: float) -> Box:
    return (box[0] + shift, box[1], box[2] + shift, box[3])


def _room_for(m: Maker, taken: Box) -> tuple[tuple[int, float, float], Box]:
    """Another vehicle clear of the first; behind it when the lane is too small for two."""
    for _ in range(12):
        try:
            return m.parked(taken)
        except LookupError:
            continue
    return m.parked()


def _end(m: Maker, label: Label, last_s: float, **more: Any) -> Scenario:
    tail_s = TAIL_S if m.fps > 0.3 else 2 * TAIL_S
    return m.done(label, last_s + tail_s, **more)
