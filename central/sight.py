"""What somebody may see: everything, or only some grids and cameras. Pure.

An account or token without `Limits` sees all. One with them sees the cases of places in its grids
(and in the grids inside of those) and the cases that one of its cameras has seen; all else does
not exist for it. Which rows that is, `central.store.sight` says; the database handle that a route
is given already knows who asks (`central.deps`), so no route has to think of it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

CAMERA = re.compile(r"[a-z0-9-]{1,40}(/[a-z0-9-]{1,40}){2}")
GRID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
MOST = 200
"""Grids and cameras of one account; a whole part of the town is one grid of a higher level."""

ASKER = "asker"
"""Where a session of the database keeps who asks."""

Camera = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """The grids and cameras (SITE/BOX/STREAM) that somebody may see; none of both: nothing."""

    grids: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()

    @property
    def camera_keys(self) -> tuple[Camera, ...]:
        """The cameras as site, box, stream."""
        found = (name.split("/") for name in self.cameras)
        return tuple((site, box, stream) for site, box, stream in found)

    def body(self) -> dict[str, Any]:
        """As the database keeps it."""
        return {"grids": list(self.grids), "cameras": list(self.cameras)}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, by the name that logs have, and within which limits."""

    actor: str
    limits: Limits


def limits_of(body: dict[str, Any] | None) -> Limits | None:
    """What the database has kept; None: no limits. What cannot be understood shows nothing."""
    if body is None:
        return None
    grids, cameras = body.get("grids", ()), body.get("cameras", ())
    return Limits(tuple(grids), tuple(name for name in cameras if CAMERA.fullmatch(name)))


def read_limits(grids: Iterable[str], cameras: Iterable[str]) -> Limits:
    """What a person has typed; ValueError with a text for people."""
    found = Limits(tuple(sorted(set(grids))), tuple(sorted(set(cameras))))
    for camera in found.cameras:
        if CAMERA.fullmatch(camera) is None:
            raise ValueError(f"'{camera}' is no camera: write SITE/BOX/STREAM of a-z, 0-9 and -")
    for grid in found.grids:
        if GRID.fullmatch(grid) is None:
            raise ValueError(f"'{grid}' is no grid's number")
    if len(found.grids) + len(found.cameras) > MOST:
        raise ValueError(f"at most {MOST} grids and cameras: name a grid of a higher level")
    return found
