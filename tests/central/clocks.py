"""Moments, limits and the shipped calendar for tests of clocks and routes."""

from datetime import datetime
from zoneinfo import ZoneInfo

from central.clocks.calendar_file import shipped
from central.clocks.limits import Limits, read_ladder, read_limit

TOWN = ZoneInfo("Asia/Shanghai")
CN = shipped()


def at(text: str) -> datetime:
    """`2026-11-24 21:58:10`, in the town."""
    return datetime.fromisoformat(text).replace(tzinfo=TOWN)


def limits(official: str, internal: str, ladder: str = "15/30/60") -> Limits:
    return Limits(
        read_limit(official),
        read_limit(internal),
        read_limit("30 分钟"),
        read_limit("1 工作日"),
        read_ladder(ladder),
    )
