"""What is returned again and again (退单): disputed pairs of scene and grid. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Returned:
    """One return of a case: by whom, whom they proposed instead (empty: nobody)."""

    case_no: str
    at: datetime
    scene: str
    grid: str
    by: str
    proposed: str = ""


@dataclass(frozen=True, slots=True)
class Disputed:
    """A pair that needs a decision once instead of a quarrel each time.

    `cases` were returned of `dispatched` ones; `proposals` counts who was named instead.
    """

    scene: str
    grid: str
    cases: int
    returns: int
    dispatched: int
    proposals: tuple[tuple[str, str, int], ...]

    @property
    def share(self) -> float:
        """Returned cases among the dispatched ones."""
        return self.cases / self.dispatched if self.dispatched else 1.0


def disputed_pairs(
    returns: Iterable[Returned],
    dispatched: dict[tuple[str, str], int],
    least_cases: int = 2,
) -> tuple[Disputed, ...]:
    """Scene and grid of at least so many returned cases, the most disputed first.

    `dispatched` counts the cases that were sent out, by scene and grid.
    """
    pairs: dict[tuple[str, str], list[Returned]] = {}
    for one in returns:
        pairs.setdefault((one.scene, one.grid), []).append(one)
    found = []
    for (scene, grid), rows in pairs.items():
        cases = len({row.case_no for row in rows})
        if cases >= least_cases:
            counted = Counter((row.by, row.proposed) for row in rows)
            named = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
            proposals = tuple((by, proposed, count) for (by, proposed), count in named)
            sent = dispatched.get((scene, grid), 0)
            found.append(Disputed(scene, grid, cases, len(rows), sent, proposals))
    return tuple(sorted(found, key=lambda d: (-d.cases, -d.share, d.scene, d.grid)))
