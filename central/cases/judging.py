"""The judgements of a case that are in force: what `undo` has taken back does not count. Pure."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from central.cases.states import Action

JUDGING: tuple[Action, ...] = ("confirm", "reject", "handle")


class Row(Protocol):
    """What is asked of a row of a log."""

    @property
    def action(self) -> Action: ...


AnyRow = TypeVar("AnyRow", bound=Row)


def judgements(log: Iterable[AnyRow]) -> list[AnyRow]:
    """Those that were not taken back, the oldest first; `log` comes in order."""
    standing: list[AnyRow] = []
    for row in log:
        if row.action in JUDGING:
            standing.append(row)
        elif row.action == "undo" and standing:
            standing.pop()
    return standing
