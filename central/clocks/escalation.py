"""Who hears that nobody accepts, and when: three levels, never an archive. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from central.clocks.deadlines import Due

Post = Literal["dispatcher", "duty_leader", "leader"]
"""派遣席, 城运值班长, 分管领导."""

POSTS: tuple[Post, Post, Post] = ("dispatcher", "duty_leader", "leader")


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """At `at` the post of `level` (1-3) is told; the case stays where it is."""

    at: datetime
    level: int
    post: Post


def steps(due: Due) -> tuple[Step, Step, Step]:
    """All three steps of a case that nobody has accepted, in order."""
    first, second, third = due.levels_at
    return Step(first, 1, POSTS[0]), Step(second, 2, POSTS[1]), Step(third, 3, POSTS[2])


def next_step(due: Due, told: int) -> Step | None:
    """The step after level `told` (0: nobody was told yet); None after the third."""
    return next((step for step in steps(due) if step.level > told), None)


def overdue_steps(due: Due, told: int, now: datetime) -> tuple[Step, ...]:
    """Steps whose moment has come and that were not made: after a restart each is made once."""
    return tuple(step for step in steps(due) if step.level > told and step.at <= now)
