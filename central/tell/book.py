"""`channels.yaml`: the channels there are, and which party hears on which of them."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from central.tell.guard import parts_of
from central.tell.limits import Rate
from central.tell.message import FALLBACKS, Hearer, Kind
from central.tell.outbox import Address, Lane
from central.tell.sms import mobile_of, unknown_names
from central.tell.webhook import key_of
from central.yaml_file import FileFault, read_yaml

SLUG = r"^[a-z0-9-]{1,40}$"
ROBOT_PER_MINUTE = 20
Secret = Annotated[SecretStr, Field(min_length=1)]
BaseUrl = Annotated[str, AfterValidator(lambda text: text.rstrip("/"))]
Text = Annotated[str, Field(min_length=1, max_length=400)]


class Channel(BaseModel):
    """What every channel has."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    most_per_minute: ClassVar[int] = 6000
    usual_per_minute: ClassVar[int] = 60
    one_by_one: ClassVar[bool] = False
    """Each recipient gets a message of their own, so that one bad address stops no other."""
    takes_pictures: ClassVar[bool] = False

    name: Annotated[str, Field(pattern=SLUG)]
    to: list[Text] = []
    per_minute: Annotated[int, Field(ge=1)] | None = None
    digest_above: Annotated[int, Field(ge=1)] | None = 10
    pictures: bool = False
    allow_networks: list[IPv4Network | IPv6Network] = []
    ca_file: Path | None = None

    @field_validator("url", "base_url", check_fields=False)
    @classmethod
    def _is_address(cls, value: str) -> str:
        parts_of(value)
        return value

    @model_validator(mode="after")
    def _plain_only_at_home(self) -> "Channel":
        given = (getattr(self, "url", ""), getattr(self, "base_url", ""))
        plain = (
            any(one.startswith("http://") for one in given) or getattr(self, "tls", "") == "none"
        )
        if plain and not self.allow_networks:
            raise ValueError("without TLS allow_networks must name the network it stays in")
        return self

    @model_validator(mode="after")
    def _within_its_limit(self) -> "Channel":
        if self.per_minute is not None and self.per_minute > self.most_per_minute:
            raise ValueError(f"per_minute: this kind takes at most {self.most_per_minute} a minute")
        if self.pictures and not self.takes_pictures:
            raise ValueError("pictures: this kind sends none; take the key out")
        return self

    @property
    def lane(self) -> Lane:
        """How fast it may be used."""
        per_minute = self.per_minute or self.usual_per_minute
        rate = Rate(per_minute, max(1, per_minute // 4))
        return Lane(self.name, rate, self.digest_above)


class WeComAppChannel(Channel):
    kind: Literal["wecom_app"]
    usual_per_minute: ClassVar[int] = 200
    base_url: BaseUrl = "https://qyapi.weixin.qq.com"
    corp_id: Text
    agent_id: int
    secret: Secret


class Robot(Channel):
    most_per_minute: ClassVar[int] = ROBOT_PER_MINUTE
    usual_per_minute: ClassVar[int] = ROBOT_PER_MINUTE


class WeComRobotChannel(Robot):
    kind: Literal["wecom_robot"]
    takes_pictures: ClassVar[bool] = True
    base_url: BaseUrl = "https://qyapi.weixin.qq.com"
    key: Secret


class DingTalkRobotChannel(Robot):
    kind: Literal["dingtalk_robot"]
    base_url: BaseUrl = "https://oapi.dingtalk.com"
    access_token: Secret
    secret: SecretStr = SecretStr("")


class EmailChannel(Channel):
    kind: Literal["email"]
    takes_pictures: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = True
    host: Text
    port: Annotated[int, Field(ge=1, le=65535)] = 465
    tls: Literal["tls", "starttls", "none"] = "tls"
    sender: Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")]
    user: str = ""
    password: SecretStr = SecretStr("")


class SmsChannel(Channel):
    kind: Literal["sms"]
    one_by_one: ClassVar[bool] = True
    url: str
    form: Literal["json", "form"] = "json"
    fields: dict[Text, Secret]
    headers: dict[Text, Secret] = {}
    well: str = ""

    @field_validator("fields")
    @classmethod
    def _names_are_known(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        texts = [text.get_secret_value() for text in value.values()]
        unknown = sorted({name for text in texts for name in unknown_names(text)})
        if unknown:
            raise ValueError(f"only {{to}}, {{text}} and {{id}} are filled in, not {unknown[0]}")
        if not all(any(f"{{{name}}}" in text for text in texts) for name in ("to", "text")):
            raise ValueError("one field must hold {to} and one {text}")
        return value

    @field_validator("well")
    @classmethod
    def _is_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error:
            raise ValueError("is not a regular expression") from None
        return value


class WebhookChannel(Channel):
    kind: Literal["webhook"]
    usual_per_minute: ClassVar[int] = 600
    url: str
    secrets: Annotated[list[Secret], Field(min_length=1, max_length=4)]
    digest_above: None = None

    @field_validator("secrets")
    @classmethod
    def _are_keys(cls, value: list[SecretStr]) -> list[SecretStr]:
        for secret in value:
            key_of(secret.get_secret_value())
        return value


AnyChannel = Annotated[
    WeComAppChannel
    | WeComRobotChannel
    | DingTalkRobotChannel
    | EmailChannel
    | SmsChannel
    | WebhookChannel,
    Field(discriminator="kind"),
]


KINDS_OF_CHANNEL = frozenset(
    {"wecom_app", "wecom_robot", "dingtalk_robot", "email", "sms", "webhook"}
)


class Hears(BaseModel):
    """One line of a party: a channel, and who there (the channel's own `to` when empty)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: Annotated[str, Field(pattern=SLUG)]
    to: list[Text] = []


class Book(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: list[AnyChannel] = []
    parties: dict[Text, list[Hears]] = {}
    inform_after_s: Annotated[float, Field(ge=0, le=600)] = 5.0
    """Who is informed hears a little later than who must act."""

    @model_validator(mode="after")
    def _channels_are_known(self) -> "Book":
        names = [channel.name for channel in self.channels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"channels: the name {twice[0]} is given twice")
        for party, lines in self.parties.items():
            for line in lines:
                if line.channel not in names:
                    raise ValueError(
                        f"parties: {party} hears on '{line.channel}', which is no channel; "
                        f"there is {', '.join(names) or 'none'}"
                    )
        return self

    def channel(self, name: str) -> AnyChannel | None:
        """The channel of this name."""
        return next((one for one in self.channels if one.name == name), None)

    def addresses(
        self, kind: Kind, party: str, listed: Iterable[Hearer] = ()
    ) -> tuple[Address, ...]:
        """Where a party hears; one that is not in the book as the town has `listed` it.

        Of that, what is no channel of the book does not count. Whoever is in neither hears as its
        kind's fallback does.
        """
        heard = dict.fromkeys(line for one in listed for line in self._lines(one))
        town = [Hears(channel=name, to=[to]) for name, to in heard]
        lines = self.parties.get(party) or town or self.parties.get(FALLBACKS[kind], [])
        after_s = self.inform_after_s if kind == "notice" else 0.0
        return tuple(
            Address(line.channel, recipient, picture, after_s)
            for line in lines
            for recipient, picture in self._recipients(line, kind)
        )

    def _lines(self, one: Hearer) -> Iterator[tuple[str, str]]:
        """Where somebody of the town hears: as listed, and by SMS on the number they have."""
        kinds = {name: self.channel(name) for name, _ in one.channels}
        yield from (line for line in one.channels if kinds[line[0]] is not None)
        sms = next((each for each in self.channels if isinstance(each, SmsChannel)), None)
        number = mobile_of(one.phone)
        listed = any(isinstance(each, SmsChannel) for each in kinds.values())
        if number and sms is not None and not listed:
            yield sms.name, number

    def _recipients(self, line: Hears, kind: Kind) -> list[tuple[str, bool]]:
        channel = self.channel(line.channel)
        assert channel is not None, "the file was checked"
        to = line.to or channel.to
        with_picture = channel.pictures and kind == "task"
        if channel.one_by_one:
            return [(one, with_picture) for one in to]
        return [("|".join(to), with_picture)]


def load_book(path: Path, environment: Mapping[str, str] = os.environ) -> Book:
    """The file's channels and parties; raises FileFault with one line per fault."""
    book = read_yaml(path, Book, environment, KINDS_OF_CHANNEL)
    folder = path.resolve().parent
    for channel in book.channels:
        if channel.ca_file is not None and not (folder / channel.ca_file).is_file():
            raise FileFault(f"{path}: channel {channel.name}: ca_file: there is no such file")
    moved: list[Any] = [
        channel.model_copy(update={"ca_file": channel.ca_file and folder / channel.ca_file})
        for channel in book.channels
    ]
    return book.model_copy(update={"channels": moved})
