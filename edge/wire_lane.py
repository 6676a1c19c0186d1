"""What the wire contract says of a lane. Central gets these from `edge.events`."""

from typing import Annotated

from pydantic import AwareDatetime, ConfigDict, Field

from edge.wire import Fraction, Wire


class Interval(Wire):
    """An estimate with its error band."""

    est: float
    lo: float
    hi: float


class VehicleSeen(Wire):
    """One vehicle of the occupation; `box` is x1, y1, x2, y2 in fractions of the frame.

    `since` is when it came to stand, `left` when it left, if it has; `restored`: known by its look
    from before a restart.
    """

    class_: Annotated[str, Field(alias="class", max_length=40)]
    score: Fraction
    box: tuple[Fraction, Fraction, Fraction, Fraction]
    since: AwareDatetime | None = None
    left: AwareDatetime | None = None
    restored: bool = False

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True
    )
