"""Reads CSV, XLSX and GeoJSON into raw rows. The files are not trusted: sizes are limited, formulas
are refused, nothing is evaluated."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from central.town.faults import Fault, FileRefused, refused
from central.town.words import AS_TEXT, COLUMNS, Kind, shown_column

MAX_BYTES = 10_000_000
MAX_UNPACKED_BYTES = 60_000_000
MAX_PARTS = 300
MAX_ROWS = 20_000
MAX_COLUMNS = 60
MAX_CELL = 2_000
FORMULA = "holds a formula: put its value there (copy, then paste as values)"
NO_TEXT = (
    "is the number or date {} in the workbook, which keeps no leading zeros: "
    "format the column as text, then type the code again"
)


@dataclass(frozen=True, slots=True)
class Raw:
    """A row as it stands in the file, by the program's names of columns."""

    row: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's rows; `crs` is the coordinate system that the file itself names, if any."""

    file: str
    rows: tuple[Raw, ...]
    crs: str = ""


def read_bytes(path: Path) -> bytes:
    """The file's bytes; raises FileRefused when they are too many."""
    with path.open("rb") as file:
        found = file.read(MAX_BYTES + 1)
    if len(found) > MAX_BYTES:
        raise refused(path.name, f"is larger than {MAX_BYTES // 1_000_000} MB: split it")
    if not found.strip():
        raise refused(path.name, "is empty")
    return found


def read_table(kind: Kind, name: str, content: bytes) -> Table:
    """Raw rows of a file, told by its name; raises FileRefused."""
    suffix = Path(name).suffix.lower()
    if suffix in (".geojson", ".json"):
        return _read_geojson(kind, name, content)
    if kind == "grids":
        raise refused(name, "grids have shapes: use GeoJSON (.geojson)")
    if suffix == ".csv":
        return _from_cells(kind, name, _csv_rows(name, content))
    if suffix == ".xlsx":
        return _from_cells(kind, name, _xlsx_rows(name, content))
    raise refused(name, "is of no known kind: use .csv, .xlsx or .geojson")


def read_text(name: str, content: bytes) -> str:
    """Text in UTF-8, or in GB18030 as Excel writes it in China."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refused(name, "is neither UTF-8 nor GB18030 text: save it as CSV UTF-8")


def _csv_rows(name: str, content: bytes) -> Iterator[list[str]]:
    text = read_text(name, content)
    if "\0" in text:
        raise refused(name, "is not text: save it as CSV UTF-8")
    csv.field_size_limit(MAX_CELL * 4)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise refused(name, f"is not CSV: {error}") from None


def _xlsx_rows(name: str, content: bytes) -> Iterator[list[Any]]:
    _check_parts(name, content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_col=MAX_COLUMNS + 1, max_row=MAX_ROWS + 2):
            yield [f"={cell.value}" if cell.data_type == "f" else cell.value for cell in row]
    except FileRefused:
        raise
    except (InvalidFileException, zipfile.BadZipFile, IndexError, KeyError, ValueError) as error:
        raise refused(name, f"is not an Excel workbook (.xlsx): {error}") from None
    except SyntaxError as error:  # what ElementTree says of broken XML
        raise refused(name, f"is a broken workbook: {error}") from None


def _check_parts(name: str, content: bytes) -> None:
    """No more is unpacked than an honest workbook needs, and nothing that XML could grow from."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except zipfile.BadZipFile:
        raise refused(name, "is not an Excel workbook (.xlsx)") from None
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise refused(name, "unpacks to too much: save it again with this sheet alone")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for part in parts:
            with packed.open(part) as opened:
                if b"<!DOCTYPE" in opened.read(4096).upper():
                    raise refused(name, "holds a document type, which no workbook needs")


def _from_cells(kind: Kind, name: str, rows: Iterable[list[Any]]) -> Table:
    """The first row names the columns; empty rows are passed over."""
    numbered = enumerate(rows, 1)
    _, header = next(numbered, (0, []))
    columns = _columns(kind, name, header)
    found: list[Raw] = []
    faults: list[Fault] = []
    for number, cells in numbered:
        if number > MAX_ROWS + 1:
            raise refused(name, f"has more than {MAX_ROWS} rows: split it")
        if not any(_text(cell) for cell in cells):
            continue
        if any(_text(cell) for cell in cells[len(columns) :]):
            faults.append(Fault(name, number, "", "has more cells than the first row names"))
        faults += _cell_faults(kind, name, number, dict(zip(columns, cells, strict=False)))
        values = dict(zip(columns, map(_text, cells), strict=False))
        found.append(Raw(number, {column: text for column, text in values.items() if text}))
    if faults:
        raise FileRefused(faults)
    if not found:
        raise refused(name, "has no rows below the names of the columns")
    return Table(name, tuple(found))


def _columns(kind: Kind, name: str, header: list[Any]) -> list[str]:
    names = [_text(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    if not names or len(names) > MAX_COLUMNS:
        raise refused(name, f"the first row must name 1 to {MAX_COLUMNS} columns", 1)
    columns = [field_of(kind, text) for text in names]
    twice = next((c for c in columns if columns.count(c) > 1), None)
    if twice is not None:
        raise refused(name, "is there twice", 1, shown_column(kind, twice))
    return columns


def field_of(kind: Kind, text: str) -> str:
    """The program's name of a column: `经度`, `lon` and `经度 (lon)` are the same."""
    plain = text.strip()
    inner = plain.partition("(")[2].rstrip(")").strip()
    return COLUMNS[kind].get(plain, inner or plain)


def _cell_faults(kind: Kind, name: str, row: int, cells: dict[str, Any]) -> Iterator[Fault]:
    for column, cell in cells.items():
        text = _text(cell)
        if text.startswith("="):
            yield Fault(name, row, shown_column(kind, column), FORMULA)
        elif len(text) > MAX_CELL:
            yield Fault(name, row, shown_column(kind, column), f"is longer than {MAX_CELL} signs")
        elif text and not isinstance(cell, str) and column in AS_TEXT.get(kind, ()):
            yield Fault(name, row, shown_column(kind, column), NO_TEXT.format(text))


def _text(cell: Any) -> str:
    """A cell as a person reads it: whole numbers without `.0`, dates as 2026-11-24."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat()).removesuffix("T00:00:00")
    return str(cell).strip()


def _read_geojson(kind: Kind, name: str, content: bytes) -> Table:
    tree = read_json(name, content)
    if not isinstance(tree, dict) or tree.get("type") != "FeatureCollection":
        raise refused(name, "must be a GeoJSON FeatureCollection")
    features = tree.get("features")
    if not isinstance(features, list) or not features:
        raise refused(name, "has no features")
    if len(features) > MAX_ROWS:
        raise refused(name, f"has more than {MAX_ROWS} features: split it")
    rows = tuple(_feature(kind, name, number, one) for number, one in enumerate(features, 1))
    return Table(name, rows, _named_crs(tree))


def read_json(name: str, content: bytes) -> Any:
    """JSON without NaN, Infinity and bottomless nesting; raises FileRefused."""
    try:
        return json.loads(read_text(name, content), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise refused(name, f"is not JSON: {error.msg}", error.lineno) from None
    except (RecursionError, ValueError) as error:
        raise refused(name, f"is not usable JSON: {error}") from None


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _feature(kind: Kind, name: str, number: int, feature: Any) -> Raw:
    """A feature's properties, with its shape as `polygons` or `lon` and `lat`."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or not isinstance(properties, dict):
        raise refused(name, "must be a Feature with geometry and properties", number)
    given = {k: v for k, v in properties.items() if v not in (None, "")}
    values = {field_of(kind, str(k)): _plain(v) for k, v in given.items()}
    shape, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "grids" and shape in ("Polygon", "MultiPolygon"):
        values["polygons"] = [coordinates] if shape == "Polygon" else coordinates
    elif kind == "places" and shape == "Point":
        if not isinstance(coordinates, list) or len(coordinates) < 2:
            raise refused(name, "a Point has a longitude and a latitude", number)
        values["lon"], values["lat"] = coordinates[:2]
    else:
        wanted = {"grids": "a Polygon or MultiPolygon", "places": "a Point"}.get(kind)
        text = f"is {shape}, {kind} need {wanted}" if wanted else f"{kind} have no shapes: use CSV"
        raise refused(name, text, number, "geometry")
    return Raw(number, values)


def _plain(value: Any) -> Any:
    """Numbers become text as in a table; lists of texts stay."""
    return _text(value) if isinstance(value, int | float | str) else value


def _named_crs(tree: dict[str, Any]) -> str:
    """The old `crs` member of GeoJSON, or a plain text there."""
    named = tree.get("crs")
    if isinstance(named, dict):
        properties = named.get("properties")
        named = properties.get("name") if isinstance(properties, dict) else None
    return named if isinstance(named, str) else ""
