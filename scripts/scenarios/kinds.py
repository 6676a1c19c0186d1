"""The table of kinds, and how a scenario is made from its name and the seed."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from . import kinds_occupied as occupied
from . import kinds_weather as weather
from .maker import RATES_FPS, Label, Maker, Site, drawn_site
from .world import Scenario

Kind = Callable[[Maker, Label], Scenario]

OCCUPIED: Mapping[str, Kind] = {
    "plain": occupied.plain,
    "already_there": occupied.already_there,
    "people": occupied.people,
    "hidden": occupied.hidden,
    "leaves_hidden": occupied.leaves_hidden,
    "flicker": occupied.flicker,
    "weak": occupied.weak,
    "dips": occupied.dips,
    "nudge": occupied.nudge,
    "relay": occupied.relay,
    "same_place": occupied.same_place,
    "together": occupied.together,
    "outage": occupied.outage,
    "swapped": occupied.swapped,
    "restart": occupied.restart,
    "left_while_down": occupied.left_while_down,
    "fast": occupied.fast,
    "slow": occupied.slow,
    "clouds": weather.clouds,
    "sun": weather.sun,
    "headlights": weather.headlights,
    "infrared": weather.infrared,
    "rain": weather.rain,
    "shake": weather.shake,
    "night": weather.night,
    "mixed": occupied.mixed,
    "ten_minutes": occupied.ten_minutes,
}
NUISANCE: Mapping[str, Kind] = {
    "passing": weather.passing,
    "short_stops": weather.short_stops,
    "people_only": weather.people_only,
    "ghosts": weather.ghosts,
    "beside": weather.beside,
    "empty_night": weather.empty_night,
    "empty_day": weather.empty_day,
}
KINDS: Mapping[str, Kind] = {**OCCUPIED, **NUISANCE}


def named(name: str, seed: int, site: Site | None = None, fps: float | None = None) -> Scenario:
    """The scenario `kind-0003` under a seed; the same every time. ValueError for a bad name.

    Site and rate are drawn when they are not given.
    """
    kind, _, number = name.rpartition("-")
    if kind not in KINDS or not number.isdecimal():
        raise ValueError(f"{name}: no such scenario; kinds are {', '.join(KINDS)}")
    stage = site.stage if site is not None else ""
    digest = hashlib.sha256(f"{seed}/{stage}/{kind}/{int(number)}".encode()).digest()
    own = int.from_bytes(digest[:6], "big")
    rng = np.random.default_rng((own, 0))
    drawn_fps = RATES_FPS[int(rng.integers(len(RATES_FPS)))]
    maker = Maker(rng, drawn_site(rng) if site is None else site, fps or drawn_fps)
    return KINDS[kind](maker, Label(kind, int(number), own))


def names(count: int, kinds: Sequence[str]) -> list[str]:
    """The first `count` scenarios, kind by kind in turn."""
    return [f"{kinds[i % len(kinds)]}-{i // len(kinds):04}" for i in range(count)]
