"""The records of calibrations on the box's disk, one file per stream."""

import os
from pathlib import Path

from pydantic import ValidationError

from edge.errors import ConfigError
from edge.sound.calibration import CalibrationRecord

FOLDER = "calibration"


def path_of(data_dir: Path, stream_id: str) -> Path:
    """Where the record of a stream lies."""
    return data_dir / FOLDER / f"{stream_id}.json"


def read_record(data_dir: Path, stream_id: str) -> CalibrationRecord | None:
    """The last calibration of a stream, None when there was none; ConfigError for a broken file."""
    path = path_of(data_dir, stream_id)
    try:
        return CalibrationRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}: {first['msg']}; remove it and calibrate") from None


def write_record(data_dir: Path, stream_id: str, record: CalibrationRecord) -> Path:
    """Keep a record in place of the one before, all of it or nothing; gives its path.

    ConfigError when it cannot be written.
    """
    path = path_of(data_dir, stream_id)
    temporary = path.with_suffix(".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(record.model_dump_json(indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
    return path


def remove_record(data_dir: Path, stream_id: str) -> None:
    """Forget the calibration of a stream, if there is one; ConfigError when that cannot be."""
    path = path_of(data_dir, stream_id)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be removed: {error.strerror}") from None
