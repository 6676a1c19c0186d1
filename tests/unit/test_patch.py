"""Looks of small pieces of the picture, compared."""

import numpy as np
import pytest

from edge.patch import EVERYWHERE, PAD, SIDE, Look, alike, same_levels
from edge.scenes.glance import SAME_CORRELATION, Glance, ground_shows


def _vehicle(body: float) -> Look:
    """Bright windows and dark wheels on a body of some grey, on a road of 100."""
    look = np.full((SIDE, SIDE), 100.0, np.float32)
    look[2:, 2:-2] = body
    look[4:7, 4:-4] = 190.0
    look[13:, 3:6] = look[13:, -6:-3] = 22.0
    return look


def _seen(look: Look) -> Look:
    return np.pad(look, PAD, mode="edge")


def test_two_vehicles_of_one_build_differ_in_their_grey_levels_alone():
    silver, grey = _vehicle(80.0), _vehicle(58.0)
    assert alike(_seen(grey), silver, least=SAME_CORRELATION)
    assert not same_levels(_seen(grey), silver)


@pytest.mark.parametrize("light", [0.9, 1.0, 1.1])
@pytest.mark.parametrize("shift", [0, 1, -2])
def test_a_little_light_and_shaking_do_not_make_it_another_vehicle(light, shift):
    seen = np.roll(_seen(_vehicle(80.0)), shift, axis=1) * np.float32(light)
    assert same_levels(seen, _vehicle(80.0))


def test_nothing_is_the_same_where_nothing_can_be_seen():
    nowhere = np.zeros((SIDE, SIDE), np.bool_)
    assert not same_levels(_seen(_vehicle(80.0)), _vehicle(80.0), nowhere)


def _stones(contrast: float) -> Look:
    noise = np.random.default_rng(3).normal(0, 1, (SIDE, SIDE))
    return (110 + contrast * noise).astype(np.float32)


@pytest.mark.parametrize(
    ("contrast", "light", "shows"),
    [(8, 1.0, True), (8, 0.7, True), (0.5, 1.0, True), (0.5, 0.7, False)],
)
def test_ground_in_a_shadow_is_known_by_its_structure_only_if_it_has_any(contrast, light, shows):
    ground = _stones(contrast)
    glance = Glance(_seen(ground * np.float32(light)), EVERYWHERE, 0.0)
    assert ground_shows(glance, ground, _vehicle(60.0)) is shows


def test_a_board_is_not_the_ground():
    glance = Glance(_seen(np.full((SIDE, SIDE), 110.0, np.float32)), EVERYWHERE, 0.0)
    assert not ground_shows(glance, _stones(14.0), _vehicle(60.0))
