"""Reads a configuration file; every fault becomes `file:line: key: what is wrong, and the fix`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

MAX_FILE_BYTES = 1_000_000
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
Key = tuple[str | int, ...]
T = TypeVar("T", bound=BaseModel)


class FileFault(Exception):
    """The file cannot be used; one line per fault, without the values (they may be secret)."""


@dataclass
class _Reading:
    """A file on its way from text to values."""

    tree: CommentedMap
    environment: Mapping[str, str]
    tags: frozenset[str]
    faults: list[tuple[int, str]] = field(default_factory=list)

    def fault(self, key: Key, text: str) -> None:
        self.faults.append((_line(self.tree, key), f"{_name(key)}: {text}"))


def read_yaml(
    path: Path, model: type[T], environment: Mapping[str, str], tags: frozenset[str] = frozenset()
) -> T:
    """The file's content as `model`; `${NAME}` in it reads the environment. Raises FileFault.

    `tags`: what `kind:` may be where the blocks of a list are of several kinds.
    """
    reading = _Reading(_parse(path), environment, tags)
    values = _plain(reading, reading.tree, ())
    try:
        made = model.model_validate(values)
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False):
            _tell(reading, item)
        made = None
    if reading.faults or made is None:
        lines = [f"{path}:{line}: {text}" for line, text in sorted(set(reading.faults))]
        raise FileFault("\n".join(lines))
    return made


def _parse(path: Path) -> CommentedMap:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileFault(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FileFault(f"{path}: not UTF-8 text (byte {error.start})") from None
    if len(text) > MAX_FILE_BYTES:
        raise FileFault(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem).split(" with value ")[0]
        raise FileFault(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {problem}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise FileFault(f"{path}:1: not YAML: {type(error).__name__}") from None
    if not isinstance(tree, CommentedMap):
        raise FileFault(f"{path}:1: must hold keys with values, e.g. `channels:`")
    return tree


def _plain(reading: _Reading, node: Any, key: Key) -> Any:
    """The tree as plain values; environment names that are not set become faults."""
    if isinstance(node, CommentedMap):
        return {str(k): _plain(reading, v, (*key, str(k))) for k, v in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(reading, v, (*key, i)) for i, v in enumerate(node)]
    if not isinstance(node, str):
        return node
    text = str(node)
    for name in _VARIABLE.findall(text):
        if name not in reading.environment:
            reading.fault(key, f"the environment has no {name}; export {name}=… and try again")
    return _VARIABLE.sub(lambda found: reading.environment.get(found[1], "unset"), text)


def _tell(reading: _Reading, item: Any) -> None:
    key = _without_tags(item["loc"], reading.tags)
    text = str(item["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    if item["type"] == "extra_forbidden":
        text = "unknown key; take it out or correct its spelling"
    elif item["type"] == "missing":
        text = "is missing; add it"
    elif item["type"].startswith("union_tag"):
        key, text = (*key, "kind"), f"must be one of {', '.join(sorted(reading.tags))}"
    reading.fault(key, text[0].lower() + text[1:])


def _without_tags(loc: Key, tags: frozenset[str]) -> Key:
    """Pydantic's location without the member of a union that it names behind an index."""
    return tuple(
        part
        for before, part in zip((None, *loc), loc, strict=False)
        if not (isinstance(before, int) and part in tags)
    )


def _name(key: Key) -> str:
    """`channels[0].secret`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".") or "(file)"


def _line(tree: CommentedMap, key: Key) -> int:
    """1-based line of the deepest part of `key` that stands in the file."""
    node: Any = tree
    line = 1
    for part in key:
        try:
            position = node.lc.key(part) if isinstance(node, CommentedMap) else node.lc.item(part)
            line, node = position[0] + 1, node[part]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line
