"""Logs as JSON lines on stderr, without the credentials that URLs may hold."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Greedy up to the last "@" before white space: a password may itself hold "@" or "/".
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s'\"<>]*@")
_SECRETS = re.compile(r"(?i)\b(\w*password|passwd|\w*token|\w*secret|api_?key|key|sign)=[^&\s'\"]+")


def redact(text: str) -> str:
    """The text with names and passwords of URLs and secret query values replaced by ***."""
    return _SECRETS.sub(r"\1=***", _USERINFO.sub(r"\1***@", text))


def set_up(level: str = "info") -> None:
    """Send structlog and the standard library's log to stderr as JSON lines."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_values,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _redact_values(_: Any, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        key: redact(value) if isinstance(value, str) else value for key, value in record.items()
    }
