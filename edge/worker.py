"""A thread that does its work until it is stopped; a bug in it is seen and it goes on."""

import random
import threading
from collections.abc import Callable

import structlog

from edge.backoff import Backoff

log = structlog.get_logger()


class Worker:
    """Runs `body(stop)` in a daemon thread; `body` returns soon after the event `stop` is set.

    When `body` raises, the traceback is logged as `thread_crashed` and it is started again.
    """

    def __init__(self, name: str, body: Callable[[threading.Event], None]) -> None:
        self._name = name
        self._body = body
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.crashes = 0

    def start(self) -> None:
        """Start the thread; once."""
        self._thread.start()

    def stop(self, limit_s: float = 5.0) -> bool:
        """Ask it to end and wait for it; False when it still runs after the limit."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(limit_s)
        return not self._thread.is_alive()

    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        backoff = Backoff(random.random)
        while not self._stop.is_set():
            try:
                self._body(self._stop)
            except Exception:
                self.crashes += 1
                log.exception("thread_crashed", thread=self._name)
                self._stop.wait(backoff.next_s())
