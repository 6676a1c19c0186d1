"""Cases as tables for spreadsheets; no cell of ours is ever a formula. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from central.store import Case

COLUMNS = (
    ("案件号 case_no", "case_no"),
    ("场景 scene", "scene"),
    ("地点 place", "place"),
    ("站点 site", "site"),
    ("设备 box", "box"),
    ("视频 stream", "stream"),
    ("视频名称 stream_name", "stream_name"),
    ("状态 state", "state"),
    ("原因 reason", "reason"),
    ("程度 severity", "severity"),
    ("开始 since", "since"),
    ("立案 filed_at", "filed_at"),
    ("清除 cleared_at", "cleared_at"),
    ("占用秒数 dwell_s", "dwell_s"),
    ("观测秒数 observed_s", "observed_s"),
    ("版本 version", "version"),
    ("事件编码 event_code", "event_code"),
    ("区级编码 district_code", "district_code"),
    ("区级名称 district_name", "district_name"),
    ("地点名称 place_name", "place_name"),
    ("地址 address", "address"),
    ("主责 lead", "lead"),
    ("承办 holder", "holder"),
    ("优先级 priority", "priority"),
    ("催办级别 level", "level"),
    ("红灯 red", "red"),
    ("超时 overdue", "overdue"),
    ("处置时限 official_at", "deadlines.official_at"),
    ("内部时限 internal_at", "deadlines.internal_at"),
    ("办结 ended_at", "ended_at"),
    ("结案方式 close_reason", "close_reason"),
    ("作废原因 void_reason", "void_reason"),
    ("并入 merged_into", "merged_into"),
    ("再犯 reoffence_of", "reoffence_of"),
    ("重开次数 reopens", "reopens"),
    ("返工次数 reworks", "reworks"),
)
VALUES = tuple(attrgetter(name) for _, name in COLUMNS)
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = "\ufeff"
"""So that Excel takes the file for UTF-8."""


def harmless(text: str) -> str:
    """The text, behind a quotation mark if a spreadsheet would calculate it.

    Leading spaces do not protect: some programs take them away first.
    """
    return f"'{text}" if text.lstrip(" \u3000").startswith(STARTS_FORMULA) else text


def rows_of(cases: Iterable[Case], zone: ZoneInfo) -> Iterator[tuple[Any, ...]]:
    """A row per case: texts harmless, moments with their offset, numbers as numbers."""
    for case in cases:
        yield tuple(_cell(value(case), zone) for value in VALUES)


def as_csv(pages: Iterable[Sequence[Case]], zone: ZoneInfo) -> Iterator[str]:
    """The file in pieces: UTF-8 with a mark, lines end with CRLF (RFC 4180)."""
    yield BOM + _lines([tuple(title for title, _ in COLUMNS)])
    for cases in pages:
        yield _lines(rows_of(cases, zone))


def as_xlsx(pages: Iterable[Sequence[Case]], zone: ZoneInfo) -> bytes:
    """The whole file."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("案件 cases")
    sheet.append([title for title, _ in COLUMNS])
    for cases in pages:
        for row in rows_of(cases, zone):
            sheet.append([_xlsx_cell(sheet, value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cell(value: Any, zone: ZoneInfo) -> Any:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(zone).isoformat(timespec="seconds")
        case str():
            return harmless(value)
        case _:
            return value


def _xlsx_cell(sheet: Any, value: Any) -> Any:
    """A text is typed as one: openpyxl would take "=1" for a formula."""
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
    cell.data_type = "s"
    return cell
