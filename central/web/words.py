"""The words on the glass: one table per language, looked up by meaning."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("zh", "en")
TAGS = {"zh": "zh-CN", "en": "en"}
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Words:
    """The table of one language."""

    language: str
    table: Mapping[str, str]

    @property
    def tag(self) -> str:
        """The language as an HTML `lang` attribute."""
        return TAGS[self.language]

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key` with its `{names}` filled in; KeyError for an unknown key."""
        text = self.table[key]
        return text.format(**values) if values else text

    def of(self, kind: str, token: str) -> str:
        """The word for a token that came from outside, or the token itself when we have none."""
        return self.table.get(f"{kind}.{token}", token)

    def under(self, kind: str) -> dict[str, str]:
        """All words whose key begins with `kind.`, keyed by the rest of the key, in table order."""
        head = f"{kind}."
        return {k[len(head) :]: v for k, v in self.table.items() if k.startswith(head)}


def load_words() -> dict[str, Words]:
    """Tables of all languages from the JSON files beside this module."""
    return {
        name: Words(name, json.loads((_HERE / f"words.{name}.json").read_text("utf-8")))
        for name in LANGUAGES
    }


def pick_language(asked: str | None, cookie: str | None, accepted: str | None) -> str:
    """The language of one request: `?lang=`, then the cookie, then Accept-Language, else zh."""
    for choice in (asked, cookie):
        if choice in LANGUAGES:
            return choice
    for tag in _by_preference(accepted or ""):
        if tag.split("-")[0] in LANGUAGES:
            return tag.split("-")[0]
    return "zh"


def _by_preference(header: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for part in header.lower().split(",")[:20]:
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        if tag and weight > 0:
            weighted.append((weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]
