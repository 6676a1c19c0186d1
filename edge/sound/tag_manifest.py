"""The manifest of a tagger: where its file is from, what it takes and what its scores mean."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from edge.errors import ModelError
from edge.manifest import FileName, ModelName, Sha256
from edge.model_file import manifest_fault
from edge.sound.tags import GROUPS

WeightsName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Quantised(_Closed):
    """uint8 on the wire: real value = (number - zero_point) * scale."""

    scale: float = Field(gt=0)
    zero_point: int = Field(ge=0, le=255)


class LogMelInput(_Closed):
    """Our front-end (`edge/sound/tag_frontend.py`): 1x1x96x64 at 16 kHz, 0.96 s every 0.48 s."""

    kind: Literal["log_mel"]
    name: str
    quantised: Quantised | None = None


class WaveformInput(_Closed):
    """The front-end is in the graph: 1xN float32 samples, N = window_s x rate."""

    kind: Literal["waveform"]
    name: str
    rate_hz: int = Field(ge=8_000, le=48_000)
    window_s: float = Field(gt=0, le=10)
    step_s: float = Field(gt=0, le=10)


class OutputSpec(_Closed):
    """1xC; `activation` is what is still to be done to get a score in 0-1."""

    name: str
    activation: Literal["sigmoid", "none"]
    quantised: Quantised | None = None


class Weights(_Closed):
    """A second file with the numbers; `location` is what the graph calls it."""

    file: WeightsName
    location: str
    sha256: Sha256


class Group(_Closed):
    """Classes of the model that are one kind of sound for us; empty: the model cannot tell."""

    classes: tuple[str, ...]
    merge: Literal["max", "sum"] = "max"
    """How their scores become one; a sum ends at 1."""


class TagManifest(_Closed):
    """Everything that is known about one tagger; `models/<name>.json`.

    `obtain` says in a few words how a missing file is got back.
    """

    name: ModelName
    file: FileName
    sha256: Sha256
    weights: Weights | None = None
    licence: str
    source: str
    obtain: str
    input: Annotated[LogMelInput | WaveformInput, Field(discriminator="kind")]
    output: OutputSpec
    groups: dict[str, Group]
    classes: Annotated[tuple[str, ...], Field(min_length=1)]


def read_tag_manifest(models_dir: Path, name: str) -> TagManifest:
    """`models_dir/name.json`; ModelError naming the file and what is wrong in it."""
    path = models_dir / f"{name}.json"
    try:
        manifest = TagManifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ModelError(f"{path}: no tagger of that name") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise ModelError(f"{path}: {manifest_fault(error)}") from None
    fault = _fault(manifest, path.stem)
    if fault:
        raise ModelError(f"{path}: {fault}")
    return manifest


def _fault(manifest: TagManifest, stem: str) -> str | None:
    if manifest.name != stem:
        return f"name: is {manifest.name!r}, the file name says {stem!r}"
    if set(manifest.groups) != set(GROUPS):
        return f"groups: must be exactly {', '.join(GROUPS)}"
    known = set(manifest.classes)
    if len(known) != len(manifest.classes):
        return "classes: a name occurs twice"
    if not manifest.groups["music"].classes:
        return "groups.music: a tagger that does not know music is of no use here"
    for group, members in manifest.groups.items():
        strangers = sorted(set(members.classes) - known)
        if strangers:
            return f"groups.{group}: {strangers[0]!r} is not one of the classes"
    if manifest.input.kind == "waveform" and manifest.input.step_s > manifest.input.window_s:
        return "input.step_s: must not be longer than window_s"
    return None
