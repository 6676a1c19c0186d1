"""Reads streams.yaml; every fault becomes `file:line: key: what is wrong and what is allowed`."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from edge.config import Broker, Central, Config, Stream
from edge.errors import ConfigError
from edge.events import PLACE, SLUG
from edge.sound_config import FileSound, MeterSound

BUNDLED_MODELS = Path(__file__).resolve().parent.parent / "models"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAX_FILE_BYTES = 1_000_000
PATTERNS = {
    SLUG: "use 1 to 40 of a-z, 0-9 and -",
    PLACE: "use 1 to 40 of A-Z, a-z, 0-9 and -",
}

T = TypeVar("T", Broker, Central, MeterSound)
Path_ = tuple[str | int, ...]


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration in `path`; raises ConfigError with one line per fault."""
    tree = _parse(path)
    faults: list[tuple[int, str]] = []
    values = _plain(tree, (), tree, environment, faults)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        faults += [_fault(tree, item) for item in error.errors(include_url=False)]
    if faults:
        lines = [f"{path}:{line}: {text}" for line, text in sorted(set(faults))]
        raise ConfigError("\n".join(lines))
    bundled = Path(environment.get("JINMU_MODELS", BUNDLED_MODELS))
    return _anchored(config, path.resolve().parent, bundled)


def _anchored(config: Config, folder: Path, bundled: Path) -> Config:
    """Relative paths count from the file's folder, wherever the command is started."""
    chosen = config.detector.models_dir
    models_dir = bundled if chosen is None else folder / chosen
    detector = config.detector.model_copy(update={"models_dir": models_dir})
    moved = {
        "data_dir": folder / config.data_dir,
        "identity": config.identity and folder / config.identity,
        "broker": _with_ca(config.broker, folder),
        "central": _with_ca(config.central, folder),
        "detector": detector,
        "streams": [_placed(stream, folder) for stream in config.streams],
    }
    return config.model_copy(update=moved)


def _placed(stream: Stream, folder: Path) -> Stream:
    match stream.sound:
        case FileSound() as sound:
            return stream.model_copy(
                update={"sound": sound.model_copy(update={"path": folder / sound.path})}
            )
        case MeterSound() as sound:
            return stream.model_copy(update={"sound": _with_ca(sound, folder)})
        case _:
            return stream


def _with_ca(block: T, folder: Path) -> T:
    anchored = block.ca_file and folder / block.ca_file
    return block.model_copy(update={"ca_file": anchored})


def _parse(path: Path) -> CommentedMap:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from None
    if len(text) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    yaml = YAML(typ="rt")
    try:
        tree = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = str(error.problem).split(" with value ")[0]  # the value may be a secret
        raise ConfigError(f"{path}:{line}: not valid YAML: {problem}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}:1: not valid YAML: {type(error).__name__}") from None
    if not isinstance(tree, CommentedMap):
        raise ConfigError(f"{path}:1: must hold keys such as site:, box:, streams:")
    return tree


def _plain(
    node: Any,
    at: Path_,
    tree: CommentedMap,
    environment: Mapping[str, str],
    faults: list[tuple[int, str]],
) -> Any:
    """The tree as plain values with `${NAME}` replaced; names that are not set become faults."""
    if isinstance(node, CommentedMap):
        return {
            str(k): _plain(v, (*at, str(k)), tree, environment, faults) for k, v in node.items()
        }
    if isinstance(node, CommentedSeq):
        return [_plain(v, (*at, i), tree, environment, faults) for i, v in enumerate(node)]
    if isinstance(node, bool) or node is None or isinstance(node, datetime | date):
        return node
    if isinstance(node, int | float):
        return float(node) if isinstance(node, float) else int(node)
    text = str(node)
    for name in _VARIABLE.findall(text):
        if name not in environment:
            message = f"{_name(at)}: the environment has no {name}; export {name}=… and try again"
            faults.append((_line(tree, at), message))
    return _VARIABLE.sub(lambda match: environment.get(match[1], "unset"), text)


def _fault(tree: CommentedMap, item: ErrorDetails) -> tuple[int, str]:
    at, block = _walk(item["loc"])
    match item["type"]:
        case "extra_forbidden":
            return _line(tree, at), f"{_name(at)}: unknown key; {_known_keys(block)}"
        case "missing":
            return _line(tree, at[:-1]), f"{_name(at)}: is missing"
        case "union_tag_not_found":
            at = (*at, _tag_key(item))
            return _line(tree, at[:-1]), f"{_name(at)}: is missing"
        case "union_tag_invalid":
            at = (*at, _tag_key(item))
            return _line(tree, at), f"{_name(at)}: should be {item['ctx']['expected_tags']}"
        case "fault_at":
            at = (*at, *item["ctx"]["key"])
    return _line(tree, at), f"{_name(at)}: {_message(item)}"


def _tag_key(item: ErrorDetails) -> str:
    """The key that tells the members of a union apart, as it stands in the file."""
    return str(item["ctx"]["discriminator"]).rsplit("'")[-2]


def _message(item: ErrorDetails) -> str:
    if item["type"] == "string_pattern_mismatch":
        return PATTERNS[item["ctx"]["pattern"]]
    text = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return text[0].lower() + text[1:]


def _walk(loc: Sequence[str | int]) -> tuple[Path_, Any]:
    """Where a fault lies in the file, and the block (None: unknown) that its last key is in.

    Pydantic's location also names the member of a union that was tried; no file knows of it.
    """
    at: list[str | int] = []
    block: Any = None
    members: dict[str, Any] = {"": Config}
    for part in loc:
        if isinstance(part, int):
            at.append(part)
            continue
        if len(members) > 1 and part in members:
            members = {"": members[part]}
            continue
        at.append(part)
        block = members.get("")
        fields = {f.alias or n: f for n, f in block.model_fields.items()} if block else {}
        models = list(_models_in(fields[part].annotation)) if part in fields else []
        members = {"": models[0]} if len(models) == 1 else {_tag(m): m for m in models}
    return tuple(at), block


def _tag(model: Any) -> str:
    """What names this member of a union: the one word that its `scene` or `from` may be."""
    field = model.model_fields.get("scene") or model.model_fields.get("from_")
    return str(field.annotation.__args__[0]) if field else ""


def _known_keys(model: Any) -> str:
    return "known here: " + ", ".join(f.alias or n for n, f in model.model_fields.items())


def _models_in(annotation: Any) -> Iterator[Any]:
    if hasattr(annotation, "model_fields"):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)


def _name(at: Path_) -> str:
    """`streams[0].scenes[0].polygon`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at)
    return text.removeprefix(".") or "(file)"


def _line(tree: CommentedMap, at: Path_) -> int:
    """1-based line of the deepest part of `at` that stands in the file."""
    node: Any = tree
    line = 1
    for part in at:
        try:
            position = node.lc.key(part) if isinstance(node, CommentedMap) else node.lc.item(part)
            line, node = position[0] + 1, node[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line
