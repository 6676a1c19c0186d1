"""The model of streams.yaml: typed, closed, every key explained."""

import hashlib
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from edge.blocks import Closed, Number, Switch, Whole, fault_at
from edge.events import Slug
from edge.scenes import AnyParams, PictureParams, SoundParams
from edge.scenes.gathering import LONGEST_LOOK_S
from edge.sound_config import AnySound, MeterSound, StreamSound


def _url_check(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            known = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
            # An "@" behind the host is a password whose / ? or # was not written as %2F %3F %23.
            known = known and "@" not in parts.path + parts.query + parts.fragment
        except ValueError:
            known = False
        if not known:
            forms = " or ".join(f"{scheme}://host[:port]/…" for scheme in schemes)
            raise ValueError(f"must be a URL of the form {forms} (in a password write / as %2F)")
        return value

    return AfterValidator(check)


CameraUrl = Annotated[SecretStr, _url_check("rtsp", "rtsps")]
BrokerUrl = Annotated[SecretStr, _url_check("mqtt", "mqtts")]
HttpUrl = Annotated[SecretStr, _url_check("http", "https")]


class Broker(Closed):
    """Where events go."""

    url: BrokerUrl = Field(description="mqtt://host:1883 or mqtts://user:password@host:8883")
    ca_file: Path | None = Field(None, description="certificate authority for mqtts")


class Central(Closed):
    """Where evidence goes."""

    url: HttpUrl = Field(description="http(s)://host:port of jinmu-central")
    token: SecretStr | None = Field(None, description="box token: jinmu-central token create")
    ca_file: Path | None = Field(None, description="certificate authority, if not a public one")


class DetectorConfig(Closed):
    """Which model looks at the pictures, and on what."""

    model: Slug = Field("nanodet-g-416", description="name of a manifest in models_dir")
    models_dir: Path | None = Field(None, description="folder of manifests and weights")
    providers: list[str] = Field(
        ["CPUExecutionProvider"], min_length=1, description="ONNX Runtime execution providers"
    )
    threads: Whole = Field(1, ge=1, le=64, description="threads of one inference")


class Stream(Closed):
    """One camera, one microphone or meter, or both at one place."""

    id: Slug = Field(description="name of the stream, unique in this file")
    name: str = Field(min_length=1, max_length=80, description="name that people read")
    url: CameraUrl | None = Field(
        None, description="rtsp:// or rtsps:// address; ${NAME} reads the environment"
    )
    analyse_every_s: Number = Field(
        1.0, ge=0.1, le=60, description="seconds between looked-at frames"
    )
    watch_picture: Switch = Field(
        True, description="suspend judgement on a frozen, dark, covered, blurred or moved picture"
    )
    sound: AnySound | None = Field(None, description="where its sound comes from, if it has some")
    scenes: list[AnyParams] = Field(min_length=1, description="rules that watch this place")

    @field_validator("scenes")
    @classmethod
    def _one_rule_per_place(cls, scenes: list[AnyParams]) -> list[AnyParams]:
        for index, scene in enumerate(scenes):
            if any((s.scene, s.place) == (scene.scene, scene.place) for s in scenes[:index]):
                raise fault_at(
                    (index, "place"), f"two {scene.scene} scenes watch {scene.place} in one stream"
                )
        return scenes

    @model_validator(mode="after")
    def _enough_to_go_on(self) -> "Stream":
        if self.url is None and (self.picture_scenes or self.hears_camera):
            what = f"{self.picture_scenes[0].scene} needs a camera" if self.picture_scenes else ""
            raise fault_at(("url",), f"is missing: {what or 'the sound comes from the camera'}")
        if self.sound_scenes and self.sound is None:
            raise fault_at(("sound",), f"is missing: {self.sound_scenes[0].scene} has to hear")
        if self.sound_scenes and self.analyse_every_s > LONGEST_LOOK_S:
            message = f"{self.sound_scenes[0].scene} counts people: at most {LONGEST_LOOK_S:g} s"
            raise fault_at(("analyse_every_s",), message)
        return self

    @property
    def picture_scenes(self) -> list[PictureParams]:
        """Those that look."""
        return [scene for scene in self.scenes if isinstance(scene, PictureParams)]

    @property
    def sound_scenes(self) -> list[SoundParams]:
        """Those that listen."""
        return [scene for scene in self.scenes if isinstance(scene, SoundParams)]

    @property
    def hears_camera(self) -> bool:
        """Whether the camera is asked for its sound."""
        return isinstance(self.sound, StreamSound | MeterSound)


class Config(Closed):
    """The whole file."""

    site: Slug = Field(description="the street office")
    box: Slug = Field(description="this box, unique in the site")
    timezone: str = Field(
        "Asia/Shanghai", description="IANA name; times in events carry its offset"
    )
    data_dir: Path = Field(Path("data"), description="outbox and evidence; relative to this file")
    identity: Path | None = Field(
        None, description="folder made by: jinmu-central box enrol (certificate and keys)"
    )
    broker: Broker
    central: Central
    detector: DetectorConfig = DetectorConfig.model_validate({})
    streams: list[Stream] = Field(min_length=1, description="the cameras of this box")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("not a time zone; use an IANA name such as Asia/Shanghai")
        return value

    @field_validator("streams")
    @classmethod
    def _unique_ids(cls, streams: list[Stream]) -> list[Stream]:
        for index, stream in enumerate(streams):
            if any(other.id == stream.id for other in streams[:index]):
                raise fault_at((index, "id"), f"two streams are called {stream.id}")
        return streams

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.timezone)

    def digest(self) -> str:
        """Short hash of the effective configuration (secrets are not part of it)."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def rule_digest(params: AnyParams) -> str:
    """Short hash of one scene's rule, as it goes into events."""
    return hashlib.sha256(params.model_dump_json().encode()).hexdigest()[:16]
