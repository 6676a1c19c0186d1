"""What one picture shows at the place of a vehicle."""

from dataclasses import dataclass

import numpy as np

from edge.patch import FLAT_STD, MIN_VISIBLE, PAD, Blocks, Look, Patch, alike, core, same_levels

TELLING = 10.0
"""Grey levels by which a block of the vehicle must differ from the ground to tell them apart."""
MIN_TELLING = 12
NEARER = 0.75
OWN_CORRELATION = 0.9
SAME_CORRELATION = 0.88
"""Two cars at one place are alike to 0.8, of one build to 0.95; the same one after a gap is so to
0.9 and more, and then has the same grey levels."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What one picture shows at a spot: its patch, which blocks nothing else covers, how the empty
    ground there looks as far as it is known, and when."""

    patch: Patch
    where: Blocks
    ts: float
    ground: Look | None = None

    @property
    def shows(self) -> bool:
        """Whether enough of it is in sight to say what it is."""
        return float(self.where.mean()) >= MIN_VISIBLE


def ground_shows(glance: Glance, ground: Look, look: Look) -> bool:
    """Whether the empty ground is seen where a vehicle of this look stood.

    Only blocks in which the two differ can tell: the corners of its box show ground all the time.
    """
    telling = glance.where & (np.abs(look - ground) > TELLING)
    if telling.sum() < MIN_TELLING:
        return alike(glance.patch, ground, glance.where)
    if ground[telling].std() >= FLAT_STD and alike(glance.patch, ground, telling, OWN_CORRELATION):
        return True  # its own stones and marks, in the shadow or the glare that came over it
    off = np.abs(core(glance.patch) - ground)[telling]
    nearer = off < 0.5 * np.abs(look - ground)[telling]
    return float(nearer.mean()) >= NEARER and alike(glance.patch, ground, glance.where)


def looks_alike(glance: Glance, look: Look) -> bool:
    """Whether a look that was seen a moment ago is still seen."""
    return alike(glance.patch, look, glance.where)


def is_same(glance: Glance, look: Look) -> bool:
    """Whether it is the very same vehicle, though nobody saw it for a while."""
    again = alike(glance.patch, look, glance.where, SAME_CORRELATION)
    return again and same_levels(glance.patch, look, glance.where)


def same_thing(look: Look, ground: Look) -> bool:
    """Whether two looks show the same thing; both were taken in the same light."""
    return alike(np.pad(look, PAD, mode="edge"), ground)
