"""Base of the configuration blocks: closed, unchangeable, faults that name one key."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Strict
from pydantic_core import PydanticCustomError

Number = Annotated[float, Strict()]
"""A number written as a number: `yes` and "60" are not seconds."""
Whole = Annotated[int, Strict()]
Switch = Annotated[bool, Strict()]


def fault_at(key: tuple[str | int, ...], message: str) -> PydanticCustomError:
    """An error of a whole block that belongs to one key in it."""
    return PydanticCustomError("fault_at", "{message}", {"message": message, "key": key})


class Closed(BaseModel):
    """Base of configuration blocks: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
