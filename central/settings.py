"""Settings of central: command line over environment (`JINMU_…`) over defaults."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

Policy = Literal["auto", "always", "never"]
"""When an event must be signed: once any box is enrolled, always, or only if its box is."""

ENV_PREFIX = "JINMU_"
LEAST_DAYS = 30
BACKENDS = ("sqlite", "postgresql")
BROKER_PORTS = {"mqtt": 1883, "mqtts": 8883}


class SettingsError(Exception):
    """The settings cannot be used; the text says which one, why, and what is allowed."""


class Settings(BaseModel):
    """Everything that can be set; an unknown option is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(Path("data/central"), description="evidence and the default database")
    database_url: str = Field("", description="sqlite:///FILE or postgresql+psycopg://…")
    broker_url: str = Field("mqtt://127.0.0.1:1883", description="mqtt:// or mqtts://, any MQTT 5")
    site: str = Field("+", pattern=r"^(\+|[a-z0-9-]{1,40})$", description="only this site; + = all")
    share: str = Field(
        "",
        pattern=r"^[a-z0-9-]{0,40}$",
        description="several receivers of this group share the events; needs PostgreSQL",
    )
    host: str = Field("127.0.0.1", min_length=1, description="address to listen on")
    port: Annotated[int, Field(ge=0, le=65535, description="port to listen on; 0 = any free")] = (
        8000
    )
    public_url: str = Field("", description="how browsers reach us, e.g. https://jinmu.example")
    timezone: str = Field("Asia/Shanghai", description="calendar of case numbers and pages")
    demo_login: bool = Field(False, description="log every visitor of the loopback in")
    trusted_proxy: str = Field("", description="address of the reverse proxy in front, if any")
    require_signatures: Policy = Field(
        "auto", description="unsigned events: auto = refused once any box is enrolled"
    )
    broker_identity: Path | None = Field(
        None, description="folder of `receiver enrol`: our certificate at an mqtts broker"
    )
    ca_cert: Path | None = Field(None, description="authority's certificate instead of our own")
    ca_key: Path | None = Field(None, description="its private key")
    channels_file: Path | None = Field(
        None, description="channels.yaml: on which channels which party is told"
    )
    retention: bool = Field(False, description="delete pictures that were kept long enough")
    retain_void_days: Annotated[
        int, Field(ge=0, le=36_500, description="raw, void or cleared by itself; 0 = for ever")
    ] = 30
    retain_handled_days: Annotated[
        int, Field(ge=0, le=36_500, description="raw, of what was handled; 0 = for ever")
    ] = 90
    retain_masked_days: Annotated[
        int, Field(ge=0, le=36_500, description="masked copies and curves; 0 = for ever")
    ] = 1095
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")

    @field_validator("retain_void_days", "retain_handled_days", "retain_masked_days")
    @classmethod
    def _a_month_at_least(cls, value: int) -> int:
        if 0 < value < LEAST_DAYS:
            raise ValueError(f"at least {LEAST_DAYS} days (国令 799 asks for them), or 0: for ever")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value:
            return value
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError("is not a database URL like sqlite:////var/lib/jinmu.db") from None
        if url.get_backend_name() not in BACKENDS:
            raise ValueError(f"must begin with one of {', '.join(BACKENDS)}")
        if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
            raise ValueError("needs a file: an SQLite database in memory would lose every case")
        if url.drivername == "postgresql":  # psycopg 3 is the one that is installed
            url = url.set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in BROKER_PORTS or not parts.hostname:
            raise ValueError("must look like mqtt://HOST:1883 or mqtts://HOST:8883")
        _ = parts.port  # raises ValueError for a port that is no number
        return value

    @field_validator("public_url")
    @classmethod
    def _known_public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must look like https://jinmu.example")
        return value.rstrip("/")

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is not a time zone like Asia/Shanghai") from None
        return value

    @model_validator(mode="after")
    def _demo_stays_at_home(self) -> "Settings":
        if self.demo_login and not is_loopback(self.host):
            raise ValueError(
                "demo_login logs every visitor in and is only allowed with host 127.0.0.1, ::1 or "
                f"localhost, not {self.host}"
            )
        return self

    @model_validator(mode="after")
    def _sharing_needs_a_server(self) -> "Settings":
        if self.share and not self.database_url.startswith("postgresql"):
            raise ValueError("share: receivers side by side need a PostgreSQL --database-url")
        return self

    @model_validator(mode="after")
    def _whole_authority(self) -> "Settings":
        if (self.ca_cert is None) != (self.ca_key is None):
            raise ValueError("ca_cert and ca_key belong together: give both or neither")
        return self

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def database(self) -> str:
        """URL of the database: the given one or a file in the data directory."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'jinmu.db'}"

    @property
    def embedded(self) -> bool:
        """Whether the database is our own file, which we may upgrade without asking."""
        return not self.database_url

    @property
    def evidence_dir(self) -> Path:
        return self.data_dir / "evidence"

    @property
    def https(self) -> bool:
        """Whether browsers come by https, so that cookies may be bound to it."""
        return self.public_url.startswith("https://")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(options: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from options (None = not given) over the environment; raises SettingsError."""
    values: dict[str, Any] = {
        name: environ[ENV_PREFIX + name.upper()]
        for name in Settings.model_fields
        if environ.get(ENV_PREFIX + name.upper())
    }
    values |= {name: value for name, value in options.items() if value is not None}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_line(fault) for fault in error.errors())) from None


def _line(fault: Any) -> str:
    """One fault in one line, without the value (it may hold a password)."""
    text = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return text
    name = str(fault["loc"][0])
    option = f"--{name.replace('_', '-')} / {ENV_PREFIX}{name.upper()}"
    return f"{option}: {text}"
