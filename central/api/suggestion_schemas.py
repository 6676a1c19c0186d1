"""Shapes of suggestions in the JSON API."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from central.api.schemas import Shape


class DeedOut(Shape):
    """What to do if it is the same: `action` on `on` with this version, into `into`.

    `link`: POST /api/v1/appeals/{on}/actions/link with `into` as its value; `merge`: POST
    /api/v1/cases/{on}/actions/merge with `into` as its case_no.
    """

    action: Literal["link", "merge"]
    on: str
    into: str
    version: int


class SuggestionOut(Shape):
    """A case or an appeal that may be the same thing; who appealed is not in it.

    `source` is the scene of a case or the kind of an appeal, `words` the first ones of an appeal
    or what the place of a case is called.
    """

    number: str
    kind: Literal["case", "appeal"]
    source: str
    state: str
    place: str
    words: str
    at: datetime
    distance_m: float
    deed: DeedOut


class DismissedOut(Shape):
    """What somebody said is not the same thing."""

    number: str
    by: str
    at: datetime


class SuggestionsOut(Shape):
    """Nearest first; 50 m, 24 h and the same family of scenes at most."""

    items: list[SuggestionOut]
    dismissed: list[DismissedOut]


class OtherIn(BaseModel):
    """The other case or appeal of the pair."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, Field(pattern=r"^[A-Z]{2}-[0-9]{8}-[0-9]{4,9}$")]
