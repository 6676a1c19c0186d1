"""Texts that fit: cut by bytes on the borders of characters, several messages in one. Pure."""

import unicodedata
from collections.abc import Sequence

ELLIPSIS = "…"
JOINERS = "\u200d\ufe0f\ufe0e"


def cut(text: str, limit_bytes: int) -> str:
    """The text in at most so many bytes of UTF-8, whole characters only, "…" where it was cut."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit_bytes:
        return raw.decode("utf-8")
    room = limit_bytes - len(ELLIPSIS.encode())
    if room < 0:
        return ""
    kept = raw[:room].decode("utf-8", "ignore")
    rest = raw.decode("utf-8")[len(kept) :]
    if rest and _belongs_to_the_one_before(rest[0]):
        kept = _without_last(kept)
    return kept.rstrip(JOINERS).rstrip() + ELLIPSIS


def digest(lines: Sequence[str], limit_bytes: int) -> str:
    """One line per message, as many as fit, and how many more there are."""
    for shown in range(len(lines), 0, -1):
        hidden = len(lines) - shown
        tail = [f"……另有 {hidden} 条"] if hidden else []
        text = "\n".join([*lines[:shown], *tail])
        if len(text.encode()) <= limit_bytes:
            return text
    return cut(f"共 {len(lines)} 条", limit_bytes)


def one_line(text: str) -> str:
    """The text without line breaks and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _belongs_to_the_one_before(char: str) -> bool:
    return char in JOINERS or unicodedata.combining(char) != 0


def _without_last(text: str) -> str:
    """Without its last character and the marks on it."""
    while text and _belongs_to_the_one_before(text[-1]):
        text = text[:-1]
    return text[:-1]
