"""Fixtures that every test may use."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.brokers", "tests.central.databases", "tests.line", "tests.rtsp.servers")

# A busy machine is no fault: nothing here fails because it took long.
settings.register_profile("jinmu", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jinmu")


@pytest.fixture(autouse=True)
def _logs_of_this_test_only() -> Iterator[None]:
    """A command run inside a test sends the log to a stream that is closed after it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
