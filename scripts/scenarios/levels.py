"""The two levels at which scenarios are played."""

from dataclasses import dataclass

from edge.types import Image

from .drive import Played, play
from .eyes import FakeDetector
from .kinds import named
from .paint import Painter
from .score import Score, judge
from .world import Scenario


class DrawnCamera:
    """Observation level: drawn pictures and a detector that errs by a model."""

    def __init__(self, scenario: Scenario) -> None:
        self.detector = FakeDetector(scenario)
        self._painter = Painter(scenario)

    def picture(self, at_s: float) -> Image:
        """The picture of that moment; the detector is ready for it."""
        image, shift = self._painter.picture(at_s)
        self.detector.at(at_s, shift)
        return image


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario, what the box said of it, and how that is judged."""

    scenario: Scenario
    played: Played
    score: Score


def observe(name: str, seed: int) -> Outcome:
    """Play a scenario at observation level."""
    scenario = named(name, seed)
    played = play(scenario, DrawnCamera(scenario))
    return Outcome(scenario, played, judge(scenario, played))
