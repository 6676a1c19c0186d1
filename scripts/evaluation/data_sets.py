"""Labelled pictures on disk, in COCO or YOLO format."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


class BadDataSet(Exception):
    """The folder is not a data set that can be read; one line."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture and its objects: `box` (N, 4) x1, y1, x2, y2 in pixels, `name` and `crowd` (N)."""

    path: Path
    box: NDArray[np.float64]
    name: tuple[str, ...]
    crowd: NDArray[np.bool_]


def read_data_set(folder: Path, classes: tuple[str, ...]) -> list[Sample]:
    """The samples of a folder, in the order of their names.

    COCO: a .json with images, annotations, categories in the folder or in `annotations/`. YOLO:
    `images/` and `labels/`; the names come from `data.yaml` or `classes.txt`, else the numbers
    mean `classes`. BadDataSet when it is neither or a label cannot be read.
    """
    for path in sorted([*folder.glob("*.json"), *folder.glob("annotations/*.json")]):
        document = _json(path)
        if isinstance(document, dict) and {"images", "annotations", "categories"} <= set(document):
            try:
                return _coco(folder, document)
            except (KeyError, ValueError, TypeError) as error:
                raise BadDataSet(f"{path}: not COCO's format: {error!r}") from None
    if (folder / "labels").is_dir() and (folder / "images").is_dir():
        return _yolo(folder, _yolo_names(folder) or classes)
    raise BadDataSet(f"{folder}: neither COCO (a .json) nor YOLO (images/ and labels/)")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadDataSet(f"{path}: not JSON: {error}") from None


def _coco(folder: Path, document: dict[str, Any]) -> list[Sample]:
    names = {entry["id"]: str(entry["name"]) for entry in document["categories"]}
    where = {p.name: p for p in sorted(folder.rglob("*")) if p.suffix.lower() in PICTURES}
    labels: dict[Any, list[dict[str, Any]]] = {entry["id"]: [] for entry in document["images"]}
    for entry in document["annotations"]:
        labels[entry["image_id"]].append(entry)
    samples = []
    for image in sorted(document["images"], key=lambda entry: str(entry["file_name"])):
        path = where.get(Path(image["file_name"]).name)
        if path is None:
            raise BadDataSet(f"{folder}: picture {image['file_name']} is missing")
        own = labels[image["id"]]
        box = np.array([entry["bbox"] for entry in own], float).reshape(-1, 4)
        box[:, 2:] += box[:, :2]
        crowd = np.array([bool(entry.get("iscrowd", 0)) for entry in own], bool)
        samples.append(Sample(path, box, tuple(names[e["category_id"]] for e in own), crowd))
    return samples


def _yolo_names(folder: Path) -> tuple[str, ...]:
    for path in (folder / "data.yaml", folder / "data.yml"):
        if path.exists():
            names = YAML(typ="safe").load(path).get("names", [])
            return tuple(str(n) for n in (names.values() if isinstance(names, dict) else names))
    path = folder / "classes.txt"
    return tuple(path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()


def _yolo(folder: Path, names: tuple[str, ...]) -> list[Sample]:
    pictures = sorted(p for p in (folder / "images").rglob("*") if p.suffix.lower() in PICTURES)
    samples = []
    for path in pictures:
        label = folder / "labels" / path.relative_to(folder / "images").with_suffix(".txt")
        rows = label.read_text(encoding="utf-8").splitlines() if label.exists() else []
        samples.append(_yolo_sample(path, label, [row for row in rows if row.strip()], names))
    return samples


def _yolo_sample(path: Path, label: Path, rows: list[str], names: tuple[str, ...]) -> Sample:
    image = cv2.imread(str(path))
    if image is None:
        raise BadDataSet(f"{path}: not a picture")
    try:
        values = np.array([[float(v) for v in row.split()[:5]] for row in rows]).reshape(-1, 5)
        name = tuple(dict(enumerate(names))[int(number)] for number in values[:, 0])
    except (ValueError, KeyError):
        raise BadDataSet(f"{label}: a line is not 'class x y w h' of a known class") from None
    size = np.array([image.shape[1], image.shape[0]])
    centre, half = values[:, 1:3] * size, values[:, 3:5] * size / 2
    return Sample(path, np.hstack([centre - half, centre + half]), name, np.zeros(len(rows), bool))
