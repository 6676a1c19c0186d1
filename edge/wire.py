"""What everything on the wire is made of: the base of its messages, names and ids."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SLUG = r"^[a-z0-9-]{1,40}$"
PLACE = r"^[A-Za-z0-9-]{1,40}$"

Slug = Annotated[str, Field(pattern=SLUG)]
Place = Annotated[str, Field(pattern=PLACE)]
EventId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Epoch = Annotated[str, Field(pattern=r"^[0-9a-f-]{8,36}$")]
Fraction = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Wire(BaseModel):
    """Base of everything that crosses the wire: closed, immutable, no NaN or infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
