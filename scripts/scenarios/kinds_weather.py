"""Kinds about light and disturbance, with a vehicle in the lane and without one."""

from dataclasses import replace
from typing import Any

from .kinds_occupied import TAIL_S
from .maker import Label, Maker
from .world import Ghost, Scenario, Span, Thing, Weather

Points = tuple[tuple[float, float], ...]


def clouds(m: Maker, label: Label) -> Scenario:
    """The light falls to half and comes back within seconds, again and again."""
    span = _stay(m)
    return _under(m, label, span, Weather(light=_steps(m, span[1] + TAIL_S), noise=3))


def sun(m: Maker, label: Label) -> Scenario:
    """The light changes slowly and the shadow of a house wanders over the lane."""
    span = _stay(m)
    low, high = m.uniform(0.6, 0.8), m.uniform(1.1, 1.3)
    light = ((0.0, low), (span[1] + TAIL_S, high))
    begin_s = m.uniform(0, span[1] - 30)
    shadows = (((begin_s, begin_s + m.uniform(30, 90)), m.uniform(0.5, 0.7)),)
    return _under(m, label, span, Weather(light=light, shadows=shadows, noise=2))


def headlights(m: Maker, label: Label) -> Scenario:
    """Night; headlights sweep over it."""
    span = _stay(m)
    beams = tuple((t, t + m.uniform(1.5, 5)) for t in _often(m, span[1] + 30, 9))
    return _under(m, label, span, Weather(light=((0.0, 0.35),), beams=beams, noise=6))


def infrared(m: Maker, label: Label) -> Scenario:
    """The camera switches to infrared, or back, while it stands."""
    span = _stay(m)
    at_s = m.uniform(span[0] + 8, span[1] - 8)
    if m.rng.random() < 0.6:
        light: Points = ((0.0, 0.7), (at_s - 0.1, 0.4), (at_s, 0.85))
        when: Span = (at_s, 1e9)
    else:
        light = ((0.0, 0.85), (at_s - 0.1, 0.85), (at_s, 0.45), (at_s + 60, 0.8))
        when = (-1.0, at_s)
    return _under(m, label, span, Weather(light=light, infrared=(when,), noise=3))


def rain(m: Maker, label: Label) -> Scenario:
    """Rain: streaks, less contrast, lower scores."""
    return _under(m, label, _stay(m), Weather(rain=m.uniform(0.4, 1.0), noise=4))


def shake(m: Maker, label: Label) -> Scenario:
    """The pole sways by a few pixels of the full picture."""
    return _under(m, label, _stay(m), Weather(shake_px=m.uniform(0.3, 1.2), noise=2))


def night(m: Maker, label: Label) -> Scenario:
    """Dark and noisy all the time."""
    weather = Weather(light=((0.0, m.uniform(0.18, 0.35)),), noise=m.uniform(6, 10))
    return _under(m, label, _stay(m, score=m.uniform(0.33, 0.5)), weather)


def passing(m: Maker, label: Label) -> Scenario:
    """Nothing but traffic that drives through."""
    for at_s in _often(m, 110, 14):
        m.drive_through(at_s, m.uniform(1.5, 6))
    return m.done(label, 120)


def short_stops(m: Maker, label: Label) -> Scenario:
    """Cars stop for a few seconds and drive on, far apart in time."""
    gap_s = 2.5 * m.rule["clear_after_s"]
    for number in range(3):
        begin_s = 12 + number * (gap_s + 16)
        m.stay((begin_s, begin_s + m.uniform(2, 8)))
    return m.done(label, 3 * (gap_s + 16) + 20)


def people_only(m: Maker, label: Label) -> Scenario:
    """People walk and stand in the lane."""
    _, place = m.parked()
    for at_s in _often(m, 80, 8):
        m.walk_past(at_s, place, m.uniform(0, 60))
    return m.done(label, 150)


def ghosts(m: Maker, label: Label) -> Scenario:
    """The detector takes things for vehicles: now and then, in bursts, or weakly all the time."""
    for at_s in _often(m, 110, 8):
        _, box = m.parked()
        m.ghosts.append(Ghost((at_s, at_s + m.uniform(2, 9)), box, m.uniform(0.3, 0.5), 0.6))
    for _ in range(2):
        _, box = m.parked()
        m.ghosts.append(Ghost((0, 1e9), box, m.uniform(0.15, 0.2), 0.5))
        m.ghosts.append(Ghost((0, 1e9), box, m.uniform(0.3, 0.4), 0.03))
    return m.done(label, 130)


def beside(m: Maker, label: Label) -> Scenario:
    """A car stands for long beside the lane and looks over its edge."""
    look = m.vehicle()
    thing = m.stay((15.0, 130.0), (look, m.beside(look)))
    m.things[-1] = _not_in_zone(thing)
    m.drive_through(m.uniform(20, 100), 4)
    return m.done(label, 160)


def empty_night(m: Maker, label: Label) -> Scenario:
    """An empty lane at night: headlights, noise, false detections in the glare."""
    beams = tuple((t, t + m.uniform(1.5, 5)) for t in _often(m, 110, 9))
    for beam in beams:
        _, box = m.parked()
        m.ghosts.append(Ghost(beam, box, m.uniform(0.25, 0.4), 0.5))
    weather = Weather(light=((0.0, 0.3),), beams=beams, noise=m.uniform(5, 9))
    return m.done(label, 125, weather=weather)


def empty_day(m: Maker, label: Label) -> Scenario:
    """An empty lane under clouds, a wandering shadow, rain and a swaying pole."""
    begin_s = m.uniform(5, 50)
    weather = Weather(
        light=_steps(m, 120),
        shadows=(((begin_s, begin_s + m.uniform(5, 40)), m.uniform(0.4, 0.7)),),
        rain=m.uniform(0, 0.8),
        shake_px=m.uniform(0, 1.2),
        noise=3,
    )
    return m.done(label, 125, weather=weather)


def _stay(m: Maker, **details: Any) -> Span:
    begin_s = m.uniform(12, 25)
    span = (begin_s, begin_s + m.dwell() + 15)
    m.stay(span, **details)
    return span


def _under(m: Maker, label: Label, span: Span, weather: Weather) -> Scenario:
    tail_s = TAIL_S if m.fps > 0.3 else 2 * TAIL_S
    return m.done(label, span[1] + tail_s, weather=weather)


def _steps(m: Maker, until_s: float) -> Points:
    """Bright and dark by turns, with 1 to 6 s from one to the other."""
    points, at_s, gain = [(0.0, 1.0)], 0.0, 1.0
    while at_s < until_s:
        at_s += m.uniform(8, 25)
        points.append((at_s, gain))
        gain = m.uniform(0.5, 0.75) if gain > 0.9 else m.uniform(0.95, 1.2)
        at_s += m.uniform(1, 6)
        points.append((at_s, gain))
    return tuple(points)


def _often(m: Maker, until_s: float, count: int) -> list[float]:
    return sorted(m.uniform(3, until_s) for _ in range(count))


def _not_in_zone(thing: Thing) -> Thing:
    return replace(thing, stands=())
