"""How values look on the glass: Shanghai time, durations, shares, sizes. Pure."""

from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from central.web.words import Words

SHANGHAI = ZoneInfo("Asia/Shanghai")


def clock_text(moment: datetime, seconds: bool = True) -> str:
    """`2026-11-24 21:59:10` in Shanghai; the moment must carry an offset."""
    return moment.astimezone(SHANGHAI).strftime(f"%Y-%m-%d %H:%M{':%S' if seconds else ''}")


def short_clock_text(moment: datetime, now: datetime) -> str:
    """The time alone when `moment` is today in Shanghai, else month, day, hour and minute."""
    local = moment.astimezone(SHANGHAI)
    if local.date() == now.astimezone(SHANGHAI).date():
        return local.strftime("%H:%M:%S")
    return local.strftime("%m-%d %H:%M")


def duration_text(length_s: float, words: Words) -> str:
    """`5分00秒`, `1小时05分`: never a false precision, never a negative."""
    whole_s = max(0, round(length_s))
    if whole_s < 60:
        return words("unit.s", s=whole_s)
    if whole_s < 3600:
        return words("unit.min_s", m=whole_s // 60, s=f"{whole_s % 60:02d}")
    if whole_s < 86400:
        return words("unit.h_min", h=whole_s // 3600, m=f"{whole_s % 3600 // 60:02d}")
    return words("unit.d_h", d=whole_s // 86400, h=whole_s % 86400 // 3600)


def fraction_text(exact: int | str) -> str:
    """Two decimals where a number is not whole; `exact` as it stands in the JSON (`7`, `a/b`)."""
    return str(exact) if isinstance(exact, int) else f"{float(Fraction(exact)):.2f}"


def ago_text(moment: datetime, now: datetime, words: Words) -> str:
    """`12 秒前`; a moment in the future (a box whose clock is ahead) counts as now."""
    age_s = max(0, round((now - moment).total_seconds()))
    for unit, size_s, below_s in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 86400)):
        if age_s < below_s:
            return words(f"unit.ago_{unit}", n=age_s // size_s)
    return words("unit.ago_d", n=age_s // 86400)


def percent_text(share: float) -> str:
    """A share of 0-1 as whole percent."""
    return f"{share * 100:.0f} %"


def bytes_text(count: int) -> str:
    """`79 KB`, `12.4 GB` in steps of 1024."""
    size = float(max(0, count))
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if size >= 100 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"


def number_text(value: float) -> str:
    """A number without trailing zeros: `2.9`, `4`."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def day_text(moment: datetime) -> str:
    """The calendar day in Shanghai: `2026-11-24`."""
    return moment.astimezone(SHANGHAI).date().isoformat()
