"""Kinds of cells: what a text of an import file must look like, and in which words it may stand."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from central.clocks.limits import read_limit
from central.routing.grids import AreaType
from central.routing.parties import Channel
from central.town.words import plain

ROLES = (
    *("observer", "desk", "dispatcher", "handler", "verifier", "duty_leader", "leader"),
    "administrator",
)
CHANNEL = re.compile(r"([A-Za-z0-9_-]{1,40}):(\S.{0,199})")


def split(value: Any) -> Any:
    """A list in one cell, parted by ; , or 、."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in re.split(r"[;；,，、]", value) if part.strip()]


def checked(reader: Any) -> AfterValidator:
    """Keeps the text as it was written, once `reader` has understood it."""

    def check(text: str) -> str:
        reader(text)
        return text

    return AfterValidator(check)


def word(family: str) -> BeforeValidator:
    """Takes the office's word of a family for the program's own."""
    return BeforeValidator(lambda v: plain(family, v) if isinstance(v, str) else v)


def relations(text: str) -> str:
    """`@物业` as `@property`, wherever it stands in the text."""
    return re.sub(r"@[^\s;；|、,，]+", lambda found: plain("relation", found[0]), text)


def roles_of(values: list[str]) -> list[str]:
    """The roles in the program's words; raises ValueError for what is none."""
    roles = [plain("role", value) for value in values]
    for role in roles:
        if role not in ROLES:
            raise ValueError(f"'{role}' is no role: use {', '.join(ROLES)}")
    return roles


def channels_of(text: str) -> tuple[Channel, ...]:
    """The channels of a cell like `sms:138…;mail:…`; raises ValueError."""
    parts = [part.strip() for part in re.split(r"[;；]", text) if part.strip()]
    found = [CHANNEL.fullmatch(part) for part in parts]
    for part, match in zip(parts, found, strict=True):
        if match is None:
            raise ValueError(f"'{part}' is not CHANNEL:RECIPIENT like sms:13800000000")
    return tuple(Channel(match[1], match[2].strip()) for match in found if match)


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
MaybeId = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,39})?$")]
Name = Annotated[str, Field(min_length=1, max_length=80)]
MaybeName = Annotated[str, Field(max_length=80)]
Text = Annotated[str, Field(max_length=200)]
Slug = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Event = Annotated[str, word("event"), Field(pattern=r"^[a-z0-9_]{1,40}$")]
Degree = Annotated[str, word("degree"), Field(pattern=r"^(\*|[a-z0-9_]{1,40})$")]
DistrictCode = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._/-]{0,39})?$")]
Ids = Annotated[list[Id], BeforeValidator(split), Field(max_length=200)]
Refs = Annotated[Text, BeforeValidator(lambda v: relations(v) if isinstance(v, str) else v)]
LimitText = Annotated[str, checked(read_limit)]
Channels = Annotated[str, Field(max_length=800), checked(channels_of)]
Phone = Annotated[str, Field(pattern=r"^[0-9+ ()-]{0,30}$")]
AreaTypeWord = Annotated[AreaType, word("area_type")]
