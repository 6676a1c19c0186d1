"""Files of the town: every fault with row, column and fix; nothing in them is trusted."""

import io
import json
import zipfile
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from central.routing.crs import to_gcj02
from central.routing.shapes import metres_between
from central.town import files
from central.town.calendar_rows import joined, parted
from central.town.faults import FileRefused
from central.town.importing import EXAMPLE, EXAMPLE_FOLDER, Wish, read_rows
from central.town.plan import compare
from central.town.words import Kind

PLACE = "id,name,scenes,lon,lat"


def rows(kind: Kind, content: bytes | str, name: str = "", crs: str = "") -> dict[str, object]:
    text = content.encode() if isinstance(content, str) else content
    found = read_rows(Wish(kind, Path(name or f"{kind}.csv"), crs), text)
    return {key: one.body for key, one in found.items()}


def refusal(kind: Kind, content: bytes | str, name: str = "", crs: str = "") -> str:
    with pytest.raises(FileRefused) as error:
        rows(kind, content, name, crs)
    return str(error.value)


def workbook(*lines: list[object]) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "name"), EXAMPLE)
def test_the_example_town_is_read(kind: Kind, name: str) -> None:
    assert len(rows(kind, (EXAMPLE_FOLDER / name).read_bytes(), name)) >= 8


def test_csv_xlsx_and_geojson_say_the_same() -> None:
    line = ["FL-1", "东门", "消防通道;场馆", 121.4942, 31.0724]
    head = ["编号", "名称", "场景", "经度", "纬度"]
    feature = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [121.4942, 31.0724, 4.5]},
        "properties": {"id": "FL-1", "name": "东门", "scenes": ["fire_lane", "facility"]},
    }
    collection = {"type": "FeatureCollection", "features": [feature]}
    as_csv = ",".join(head) + "\n" + ",".join(map(str, line)) + "\n"
    expected = {
        "FL-1": {
            "id": "FL-1",
            "name": "东门",
            "scenes": ["fire_lane", "facility"],
            "lon": 121.4942,
            "lat": 31.0724,
        }
    }
    assert rows("places", as_csv) == expected
    assert rows("places", as_csv.encode("gb18030")) == expected  # as Excel saves CSV in China
    assert rows("places", "\ufeff" + as_csv.replace("\n", "\r\n")) == expected
    assert rows("places", workbook(head, line), "p.xlsx") == expected
    assert rows("places", json.dumps(collection), "p.geojson") == expected
    mixed = as_csv.replace("编号", "编号 (id)").replace("经度", "lon")
    assert rows("places", mixed) == expected


def test_gcj02_is_turned_once() -> None:
    shifted = to_gcj02((121.4942, 31.0724))
    text = f"{PLACE}\nFL-1,x,fire_lane,{shifted[0]!r},{shifted[1]!r}\n"
    (found,) = rows("places", text, crs="GCJ-02").values()
    assert metres_between((found["lon"], found["lat"]), (121.4942, 31.0724)) < 0.02  # type: ignore[index]
    ring = [[121.4, 31.0], [121.5, 31.0], [121.5, 31.1], [121.4, 31.0]]
    shape = {"type": "Polygon", "coordinates": [[list(to_gcj02((x, y))) for x, y in ring]]}
    named = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "GCJ-02"}},
        "features": [
            {
                "type": "Feature",
                "geometry": shape,
                "properties": {"id": "1", "name": "x", "level": "unit", "area_type": "小区"},
            }
        ],
    }  # fmt: skip
    (grid,) = rows("grids", json.dumps(named), "g.geojson").values()
    (polygon,) = grid["polygons"]  # type: ignore[index]
    for corner, expected in zip(polygon[0], ring, strict=True):
        assert metres_between(tuple(corner), tuple(expected)) < 0.02  # type: ignore[arg-type]
    says = refusal("grids", json.dumps(named), "g.geojson", crs="WGS-84")
    assert says == "g.geojson: says GCJ-02 itself, --crs says WGS-84: one of them is wrong"


def test_bd09_is_refused() -> None:
    says = refusal("places", f"{PLACE}\nFL-1,x,fire_lane,121,31\n", crs="BD-09")
    assert says.startswith("places.csv: coordinates: BD-09 (Baidu) cannot be used")


FAULTS: list[tuple[Kind, str, str]] = [
    ("places", f"{PLACE}\nFL-1,x,fire_lane,abc,31\n",
     "places.csv: row 2, column 经度 (lon): 'abc' is not a number: give degrees like 121.4803"),
    ("places", f"{PLACE}\nFL-1,x,fire_lane,31,121\n",
     "places.csv: row 2: (31.0, 121.0) is not a longitude and a latitude: longitude comes first, "
     "then latitude"),
    ("places", f"{PLACE}\nFL 1,x,fire_lane,121,31\n",
     "places.csv: row 2, column 编号 (id): 'FL 1' has signs that may not stand there"),
    ("places", f"{PLACE}\n\nFL-1,x,,121,31\n",
     "places.csv: row 3, column 场景 (scenes): is missing: fill it in"),
    ("places", f"{PLACE}\nFL-1,x,fire_lane,121,31\nFL-1,y,fire_lane,121,31\n",
     "places.csv: row 3, column 编号 (id): FL-1 stands in row 2 already"),
    ("places", f"{PLACE},colour\nFL-1,x,fire_lane,121,31,red\n",
     "places.csv: row 2, column colour: is not a column of places: remove or rename it (there are"),
    ("places", f"{PLACE}\nFL-1,x,fire_lane,121,31,surplus\n",
     "places.csv: row 2: has more cells than the first row names"),
    ("places", f"{PLACE},lon\nFL-1,x,fire_lane,121,31,1\n",
     "places.csv: row 1, column 经度 (lon): is there twice"),
    ("places", f"{PLACE}\nFL-1,=HYPERLINK(1),fire_lane,121,31\n",
     "places.csv: row 2, column 名称 (name): holds a formula: put its value there"),
    ("places", f"{PLACE}\n", "places.csv: has no rows below the names of the columns"),
    ("places", "\n", "places.csv: row 1: the first row must name 1 to 60 columns"),
    ("places", f'{PLACE}\n"FL-1,x', "places.csv: is not CSV"),
    ("orgs", "id,name,kind\na,A,物管\n", "orgs.csv: row 2, column 类型 (kind): '物管'"),
    ("orgs", "id,name,kind,duty\na,A,物业,白天\n",
     "orgs.csv: row 2, column 值班 (duty): '白天' is not a time: use 全天"),
    ("orgs", "id,name,kind,channels\na,A,物业,13800000000\n",
     "orgs.csv: row 2, column 渠道 (channels): '13800000000' is not CHANNEL:RECIPIENT"),
    ("rules", "id,scene,lead,official,internal\nr,消防通道,@物业,2 小时,30 分钟\n",
     "rules.csv: row 2, column 处置时限 (official): '2 小时' is not a time limit like"),
    ("rules", "id,scene,lead,official,internal\nr,消防通道,@房东,2 紧急工作时,30 分钟\n",
     "rules.csv: row 2, column 主责 (lead): '@房东' is not known: use @property"),
    ("rules", "id,scene,lead,official,internal\nr,消防通道,;,2 紧急工作时,30 分钟\n",
     "rules.csv: row 2: lead: name at least one organisation"),
    ("rules", "id,scene,lead,official,internal\nr,消防通道,a,30 分钟,31 分钟\n",
     "rules.csv: row 2: internal: the red light must not be later than the official limit"),
    ("rules", "id,scene,lead,official,internal,escalation\nr,x,a,30 分钟,1 分钟,15/30/90\n",
     "rules.csv: row 2, column 升级 (escalation): levels must rise and the third must"),
    ("rules", "id,scene,lead,official,internal,valid_from\nr,x,a,30 分钟,1 分钟,next week\n",
     "rules.csv: row 2, column 生效日期 (valid_from): 'next week' is not a date like 2026-11-24"),
    ("rules", "id,scene,lead,official,internal,valid_from,valid_to\n"
     "r,x,a,30 分钟,1 分钟,2027-01-01,2026-01-01\n",
     "rules.csv: row 2: valid_to: the rule would end before it begins"),
    ("people", "id,name,org,roles\np,P,o,boss\n",
     "people.csv: row 2, column 角色 (roles): 'boss' is no role: use observer"),
    ("codes", "编号,名称,场景,区级编码\nFL01,x,消防通道,1.2E+05\n",
     "codes.csv: row 2, column 区级编码 (district_code): '1.2E+05' has signs that may not stand"),
    ("codes", "编号,小类,场景,严重程度\nFL01,x,消防通道,很堵\n",
     "codes.csv: row 2, column 严重程度 (severity): '很堵' has signs that may not stand there"),
    ("codes", "编号,名称,场景\nFL01,x,消防通道\nFL01,y,广场舞\n",
     "codes.csv: row 3, column 编号 (id): FL01 stands in row 2 already"),
    ("codes", "编号,名称,场景,市级编码\nFL01,x,消防通道,0505\n",
     "codes.csv: row 2, column 市级编码: is not a column of codes: remove or rename it (there are"),
    ("grids", "id,name\n", "grids.csv: grids have shapes: use GeoJSON (.geojson)"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "says"), FAULTS, ids=lambda v: str(v)[-40:])
def test_faults_name_row_column_and_fix(kind: Kind, text: str, says: str) -> None:
    assert refusal(kind, text).startswith(says)


def test_all_faults_are_said_at_once_but_not_without_end() -> None:
    bad = "".join(f"FL-{n},x,fire_lane,a,b\n" for n in range(40))
    lines = refusal("places", f"{PLACE}\n{bad}").splitlines()
    assert len(lines) == 51
    assert lines[-1] == "… and 30 more"


GEOJSON = [
    ("[]", "must be a GeoJSON FeatureCollection"),
    ("{", "row 1: is not JSON"),
    ('{"type": "FeatureCollection", "features": []}', "has no features"),
    ('{"type": "FeatureCollection", "features": [7]}', "row 1: must be a Feature"),
    ('{"type": "FeatureCollection", "features": NaN}', "is not usable JSON: NaN is no number"),
    ("[" * 100_000, "is not usable JSON"),
]


@pytest.mark.parametrize(("text", "says"), GEOJSON, ids=range(len(GEOJSON)))
def test_broken_geojson(text: str, says: str) -> None:
    assert says in refusal("grids", text, "g.geojson")


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "is Point, grids need a Polygon"),
        ({"type": "Polygon", "coordinates": "here"}, "column polygons"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "crosses"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "is not closed"),
        ({"type": "Polygon", "coordinates": []}, "it has no polygon"),
    ],
)
def test_broken_shapes(geometry: dict[str, object], says: str) -> None:
    feature = {
        "type": "Feature",
        "geometry": geometry,
        "properties": {"id": "1", "name": "x", "level": "unit", "area_type": "street"},
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    says_all = refusal("grids", text, "g.geojson")
    assert says_all.startswith("g.geojson: row 1")
    assert says in says_all


def test_formulas_in_a_workbook_are_refused_not_evaluated() -> None:
    head = PLACE.split(",")
    content = workbook(head, ["FL-1", "=1+1", "fire_lane", 121, 31])
    assert "row 2, column 名称 (name): holds a formula" in refusal("places", content, "p.xlsx")


def test_long_ids_of_grids_stay_whole_in_a_workbook() -> None:
    content = workbook(
        ["id", "name", "org", "roles", "grids"], [7, "x", "o", "desk", 310112123001001]
    )
    (person,) = rows("people", content, "p.xlsx").values()
    assert person["grids"] == ["310112123001001"]  # type: ignore[index]
    assert person["id"] == "7"  # type: ignore[index]


CODES = ["编号", "名称", "场景", "严重程度", "区级编码"]


def test_leading_zeros_of_codes_survive() -> None:
    line = ["FL01", "占用", "消防通道", "占用", "0505"]
    expected = {
        "FL01": {"id": "FL01", "name": "占用", "scene": "fire_lane", "severity": "occupied",
                 "district_code": "0505"},
    }  # fmt: skip
    assert rows("codes", workbook(CODES, line), "c.xlsx") == expected
    assert rows("codes", f"{','.join(CODES)}\n{','.join(line)}\n") == expected
    (unmapped,) = rows("codes", f"{','.join(CODES)}\nZX01,诉求,扫码诉求,全部,\n").values()
    assert unmapped == {"id": "ZX01", "name": "诉求", "scene": "appeal_qr"}


@pytest.mark.parametrize("cell", [505, 505.0, 5.5, date(2026, 5, 5), True])
def test_a_code_that_the_workbook_holds_as_a_number_is_refused(cell: object) -> None:
    content = workbook(CODES, ["FL01", "占用", "消防通道", "占用", cell])
    says = refusal("codes", content, "c.xlsx")
    assert says.startswith("c.xlsx: row 2, column 区级编码 (district_code): is the number or date")
    assert says.endswith("format the column as text, then type the code again")
    content = workbook(CODES, [cell, "占用", "消防通道", "占用", "0505"])
    assert "row 2, column 编号 (id): is the number or date" in refusal("codes", content, "c.xlsx")


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, content)
    return out.getvalue()


def test_what_a_file_says_never_steers_the_terminal() -> None:
    says = refusal("places", f"{PLACE}\nFL-1,x,fire_lane,\x1b[2J\x07,31\n")
    assert "\x1b" not in says
    assert "'?[2J?' is not a number" in says


def test_files_that_want_to_do_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is not an Excel workbook" in refusal("places", b"PK\x03\x04 nonsense", "p.xlsx")
    assert "is not an Excel workbook" in refusal("places", packed(a=b"x"), "p.xlsx")
    bomb = packed(a=b"\0" * (files.MAX_UNPACKED_BYTES + 1))
    assert "unpacks to too much" in refusal("places", bomb, "p.xlsx")
    entities = packed(a=b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "b">]><a/>')
    assert "holds a document type" in refusal("places", entities, "p.xlsx")
    assert "is not text" in refusal("places", b"id,name\n\0,x\n")
    assert "neither UTF-8 nor GB18030" in refusal("places", b"id\n\xff\xff\xff\n")
    assert "is of no known kind" in refusal("places", b"x", "p.xls")
    monkeypatch.setattr(files, "MAX_ROWS", 2)
    many = f"{PLACE}\n" + "".join(f"F-{n},x,fire_lane,121,31\n" for n in range(3))
    assert "has more than 2 rows" in refusal("places", many)


def test_a_file_that_is_too_large_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1_000_000)
    large = tmp_path / "large.csv"
    large.write_bytes(b"x" * 1_000_001)
    with pytest.raises(FileRefused, match=r"large\.csv: is larger than 1 MB"):
        files.read_bytes(large)
    large.write_bytes(b" \n")
    with pytest.raises(FileRefused, match="is empty"):
        files.read_bytes(large)


def test_the_calendar_comes_apart_and_together_again() -> None:
    text = (EXAMPLE_FOLDER.parent / "clocks" / "cn.json").read_text("utf-8")
    found = parted(text)
    assert list(found) == ["settings", "2026", "2027"]
    assert parted(joined(found)) == found


def test_plans_name_fields_old_and_new() -> None:
    old = {
        "a": {"id": "a", "name": "A"},
        "b": {"id": "b", "name": "B", "scenes": ["x"]},
        "c": {"id": "c", "name": "C"},
    }
    new = {
        "b": {"id": "b", "name": "B2", "address": "here"},
        "c": {"id": "c", "name": "C"},
        "d": {"id": "d", "name": "D"},
    }
    plan = compare("places", old, new)
    assert list(plan.lines(new)) == [
        "+ d  D",
        "~ b",
        "    地址 (address): (empty) → here",
        "    名称 (name): B → B2",
        "    场景 (scenes): x → (empty)",
        "- a",
        "places: 1 added, 1 changed, 1 removed, 1 unchanged",
    ]
    kept = compare("places", old, new, keep_missing=True)
    assert (kept.removed, kept.unchanged) == ((), 2)
    assert compare("places", old, old).is_empty
