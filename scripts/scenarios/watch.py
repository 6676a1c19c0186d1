"""Looks over a scene's shoulder: what it read of its zone, picture by picture."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from edge.scenes import SCENES
from edge.scenes.base import Reading, Scene, View

NAME = "fire_lane"


class _Watched:
    """A scene whose readings are also handed to `note`."""

    def __init__(self, scene: Scene, note: Callable[[Reading], None]) -> None:
        self._scene = scene
        self._note = note

    def update(self, view: View) -> Reading:
        reading = self._scene.update(view)
        self._note(reading)
        return reading

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scene, name)


@contextmanager
def watched(note: Callable[[Reading], None]) -> Iterator[None]:
    """Pipelines that are built meanwhile hand the readings of their fire lanes to `note`."""
    table = cast(dict[str, Callable[[Any], Scene]], SCENES)
    build = table[NAME]
    table[NAME] = lambda params: cast(Scene, _Watched(build(params), note))
    try:
        yield
    finally:
        table[NAME] = build
