"""One log line when a trouble begins and one when it is over, however often is tried in between."""

import structlog

log = structlog.get_logger()


class Changes:
    """What was said of each condition. For one thread."""

    def __init__(self) -> None:
        self._troubled: set[str] = set()

    def note(self, name: str, trouble: bool, **facts: object) -> None:
        """Log `name` when its trouble begins and `<name>_over` when it ends, else nothing."""
        if trouble == (name in self._troubled):
            return
        if trouble:
            self._troubled.add(name)
            log.warning(name, **facts)
        else:
            self._troubled.discard(name)
            log.info(f"{name}_over", **facts)
