"""People in the zone, over a while."""

import numpy as np
import pytest

from edge.scenes.gathering import Gathering, Look, count_people
from tests.factories import detections

ZONE = np.array([(0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0)])


def at(x: float, y: float, score: float) -> tuple[tuple[float, float, float, float], float, str]:
    """A person whose feet are at x, y."""
    return ((x - 0.02, y - 0.2, x + 0.02, y), score, "person")


def test_feet_decide_and_scores_are_kept_apart() -> None:
    seen = detections(
        at(0.5, 0.7, 0.9), at(0.5, 0.5, 0.4), at(0.5, 0.39, 0.9), at(0.9, 0.9, 0.2), kind="person"
    )
    assert count_people(seen, ZONE, 3.0) == Look(3.0, 1, 2)


def test_feet_at_the_edge_of_the_frame_are_in_the_zone() -> None:
    assert count_people(detections(at(0.5, 1.0, 0.9), kind="person"), ZONE, 0.0).sure == 1


def test_only_people_count() -> None:
    assert count_people(detections(at(0.5, 0.7, 0.9), kind="vehicle"), ZONE, 0.0).sure == 0
    assert count_people(detections(), ZONE, 0.0) == Look(0.0, 0, 0)


@pytest.mark.parametrize(
    ("counts", "median"),
    [([9] * 10, 9), ([9] * 6 + [0] * 4, 9), ([9] * 4 + [0] * 6, 0), ([200] + [2] * 9, 2)],
)
def test_the_median_does_not_follow_single_looks(counts: list[int], median: float) -> None:
    people = Gathering(60)
    for ts, count in enumerate(counts):
        people.add(Look(float(ts), count, count))
    crowd = people.over(0, 10, 10)
    assert (crowd.sure, crowd.seen_share) == (median, pytest.approx(1))


def test_without_looks_nobody_knows() -> None:
    people = Gathering(60)
    assert people.over(0, 10, 10).seen_share == 0
    people.add(Look(0.0, 9, 9))
    assert people.over(0, 20, 20).seen_share == pytest.approx(0.25)
    people.add(Look(100.0, 9, 9))
    assert people.over(0, 20, 20).seen_share == 0
