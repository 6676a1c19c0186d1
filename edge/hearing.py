"""How the sound of a stream is to be heard: from configuration and calibration to its parts."""

from collections.abc import Callable
from datetime import datetime

from edge.calibration_file import read_record
from edge.config import Config, Stream
from edge.errors import ModelError
from edge.sound.calibration import CalibrationRecord, Standing
from edge.sound.level import MeterSetup
from edge.sound.tagger import OnnxTagger, load_tagger
from edge.sound.worth import Worth
from edge.sound_config import NOMINAL_FULL_SCALE_DB, MeterSound
from edge.sound_pipeline import Hearing


def tagger_of(config: Config) -> OnnxTagger:
    """The tagger of the box, verified and warm; raises ModelError."""
    folder = config.detector.models_dir
    if folder is None:
        raise ModelError("detector.models_dir: not known; load the configuration from a file")
    return load_tagger(folder)


def hearing_of(
    config: Config, stream: Stream, tagger: OnnxTagger, wall_of: Callable[[float], datetime]
) -> Hearing:
    """How a stream with `sound` is heard; raises ConfigError when its calibration is unreadable."""
    sound = stream.sound
    assert sound is not None
    if isinstance(sound, MeterSound):
        worth = Worth(None, sound.accuracy_class, sound.serial, Standing("calibrated"))
        return Hearing(tagger, MeterSetup(NOMINAL_FULL_SCALE_DB), worth, wall_of, metered=True)
    record = record_of(config, stream)
    stated_db = sound.level_at_full_scale_db or NOMINAL_FULL_SCALE_DB
    full_scale_db = stated_db if record is None else record.level_at_full_scale_db
    setup = MeterSetup(full_scale_db, sound.self_noise_db)
    return Hearing(tagger, setup, Worth(record, sound.accuracy_class, sound.serial), wall_of)


def record_of(config: Config, stream: Stream) -> CalibrationRecord | None:
    """The newest calibration of a stream: measured on this box, or stated in the file."""
    sound = stream.sound
    if sound is None or isinstance(sound, MeterSound):
        return None
    known = [read_record(config.data_dir, stream.id), sound.declared(config.zone)]
    return max((r for r in known if r is not None), key=lambda r: r.calibrated_at, default=None)


def worth_of(config: Config, stream: Stream, at: datetime) -> str:
    """What the levels of a stream are worth, in one line; "" when it has no sound."""
    sound = stream.sound
    if sound is None:
        return ""
    if isinstance(sound, MeterSound):
        return f"sound from a meter of class {sound.accuracy_class}"
    record = record_of(config, stream)
    standing = Worth(record, sound.accuracy_class, sound.serial).standing(at)
    said = f"sound from {sound.from_}, class {sound.accuracy_class}, {standing.state}"
    if standing.reason:
        said += f" ({standing.reason}): levels only indicate, none of them files a case"
    elif record is not None:
        said += (
            f": full scale is {record.level_at_full_scale_db:.1f} dB,"
            f" until {record.expires_at.astimezone(config.zone):%Y-%m-%d}"
        )
    return said
