"""Logs as JSON lines on stderr, with every credential taken out."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# The password may itself hold "@" or "/" (cameras' users type it raw), so the match is greedy up
# to the last "@" before white space or a quote.
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s'\"<>]*@")
_QUERY_SECRET = re.compile(r"(?i)\b(password|passwd|pwd|token|secret|key|auth)=[^&\s'\"]+")


def redact(text: str) -> str:
    """The text with user names and passwords of URLs and secret query values replaced by ***."""
    return _QUERY_SECRET.sub(r"\1=***", _USERINFO.sub(r"\1***@", text))


def _redact_values(_: Any, __: str, record: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {k: redact(v) if isinstance(v, str) else v for k, v in record.items()}


def set_up(level: str = "info") -> None:
    """Send structlog and the standard library's log to stderr as redacted JSON lines."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_values,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact_values,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
