"""One-slot mailboxes between readers and worker: the newest frame wins, drops are counted."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """The newest value of one stream.

    Mailboxes that share one `bell` (a Condition over the default, re-entrant lock) can be waited
    for together (`take_any`).
    """

    def __init__(self, bell: threading.Condition) -> None:
        self.bell = bell
        self._slot: list[T] = []
        self._drops = 0

    def put(self, value: T) -> None:
        """Leave `value`; one that nobody has taken yet is dropped and counted."""
        with self.bell:
            self._drops += len(self._slot)
            self._slot = [value]
            self.bell.notify_all()

    def take(self) -> T | None:
        """The newest value, once; None when there is no new one."""
        with self.bell:
            return self._slot.pop() if self._slot else None

    @property
    def drops(self) -> int:
        """Values that were replaced before anybody took them."""
        return self._drops

    @property
    def full(self) -> bool:
        """Whether a value waits."""
        return bool(self._slot)


def take_any(
    boxes: dict[str, Mailbox[T]], bell: threading.Condition, timeout_s: float
) -> dict[str, T]:
    """Everything that is new in `boxes`, by name; waits for the first up to `timeout_s`.

    Empty when nothing came, and also when somebody rang the bell to wake the worker up (`bell`
    must be the one all `boxes` share). Each box gives at most one value, so no stream starves.
    """
    with bell:
        if not any(box.full for box in boxes.values()):
            bell.wait(timeout_s)
        return {name: value for name, box in boxes.items() if (value := box.take()) is not None}
