"""What the wire contract says of sound. Central gets these from `edge.events`."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from edge.wire import Fraction, Seconds, Wire


class Calibration(Wire):
    """What a level is worth: only `calibrated` may file on decibels, the others are 指示值."""

    state: Literal["calibrated", "uncalibrated", "expired"]
    reason: Annotated[str, Field(max_length=200)] = ""
    accuracy_class: Annotated[int, Field(ge=1, le=2)] = 2
    calibrated_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    drift_db: float | None = None
    serial: Annotated[str, Field(max_length=80)] = ""


class SoundMeasures(Wire):
    """A verdict on sound, why, and the numbers it rests on; see `edge/scenes/dance_verdict.py`.

    `outcome` `not_evaluable` is 不可评价, `advisory` means that a person has to look; `reason` is
    a word for either. `laeq_db` is the level of the music's seconds in the last `window_s`,
    `corrected_db` the same without background, `uncertainty_db` the margin by which it must break
    `limit_db`. `people` (in the zone, None: nobody could see) is asked to be `min_people`. `step`
    is how far the evening has got; `zh` and `en` are the verdict in one line.
    """

    step: Literal["idle", "reminded", "dissuaded", "rechecking", "filed"]
    outcome: Literal["exceeds", "within", "not_evaluable", "advisory"]
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    basis: Literal["", "level", "curfew"] = ""
    window_s: Seconds
    laeq_db: float | None = None
    limit_db: float | None = None
    background_db: float | None = None
    background_method: Literal["before_onset", "same_hour"] | None = None
    corrected_db: float | None = None
    uncertainty_db: float | None = None
    music_share: Fraction
    usable_share: Fraction
    people: Annotated[float, Field(ge=0)] | None = None
    min_people: Annotated[int, Field(ge=0)] = 0
    rule: Annotated[str, Field(max_length=80)] = ""
    calibration: Calibration
    zh: Annotated[str, Field(max_length=200)] = ""
    en: Annotated[str, Field(max_length=200)] = ""


class SoundState(Wire):
    """What a stream sounded like in the last second that was heard, which began at `at`.

    Levels are 指示值 unless `calibrated`; `invalid` says why the second counts for nothing.
    `top` is what the tagger heard, in its own words. `dropped_s` of sound were never measured.
    """

    at: AwareDatetime | None = None
    laeq_1s_db: float | None = None
    laeq_10s_db: float | None = None
    top: Annotated[str, Field(max_length=80)] = ""
    top_score: Fraction = 0.0
    music: Fraction = 0.0
    valid: bool = False
    invalid: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=16)] = []
    calibrated: bool = False
    dropped_s: Seconds = 0.0
