"""A moment as programs write it, in queries and bodies."""

import re
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_WRITTEN = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def _written(value: object) -> str:
    """Not a number of seconds, which would be taken for one; raises ValueError."""
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return value
    raise ValueError("a moment is written like 2026-11-24T08:00:00+08:00 (RFC 3339)")


Rfc3339 = Annotated[AwareDatetime, BeforeValidator(_written)]
"""With an offset, as in RFC 3339."""
