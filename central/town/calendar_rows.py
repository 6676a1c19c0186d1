"""The calendar's document as rows, one per year, so that an import shows what changes in which."""

import json
from collections.abc import Mapping
from typing import Any

from central.clocks.calendar_file import read_calendar
from central.town.plan import Body

SETTINGS = "settings"


def parted(text: str) -> dict[str, Body]:
    """Rows of a calendar file; raises ValueError when it is wrong."""
    read_calendar(text)
    document = json.loads(text)
    years = {str(one["year"]): _year(one) for one in document.pop("years")}
    document.pop("about", None)
    return {SETTINGS: document, **years}


def joined(rows: Mapping[str, Body]) -> str:
    """The document that `parted` took apart."""
    years = [
        {**body, "year": int(key), "holidays": list(map(_period, body["holidays"]))}
        for key, body in sorted(rows.items())
        if key != SETTINGS
    ]
    return json.dumps({**rows[SETTINGS], "years": years}, ensure_ascii=False)


def _period(text: str) -> dict[str, str]:
    name, first, last = text.rsplit(" ", 2)
    return {"name": name, "first": first, "last": last}


def _year(one: Mapping[str, Any]) -> Body:
    holidays = [f"{p['name']} {p['first']} {p['last']}" for p in one["holidays"]]
    return {**{name: one[name] for name in one if name != "year"}, "holidays": holidays}
