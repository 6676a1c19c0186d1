"""The pictures of a case, and which of them is shown large. Pure."""

from dataclasses import dataclass
from datetime import datetime

ORIGINAL = "_original"
MASKED = "_masked"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a case; `present`: the box has uploaded it and it was not deleted since."""

    sha256: str
    role: str
    taken_at: datetime
    byte_count: int
    present: bool
    deleted_at: datetime | None = None

    @property
    def is_original(self) -> bool:
        """Whether it is the frame without the marks the box draws."""
        return self.role.endswith(ORIGINAL)

    @property
    def is_masked(self) -> bool:
        """Whether it is the copy with faces and plates covered, which is for going out."""
        return self.role.endswith(MASKED)

    @property
    def base_role(self) -> str:
        """The role without the mark of an original or a masked copy: `confirmed`."""
        return self.role.removesuffix(ORIGINAL).removesuffix(MASKED)

    @property
    def url(self) -> str:
        """Where the browser fetches it, with the session's cookie."""
        return f"/api/v1/evidence/{self.sha256}/shown"

    @property
    def small_url(self) -> str:
        """The same at most 320 pixels wide and high, for lists."""
        return f"/api/v1/evidence/{self.sha256}/thumbnail"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Which picture the case page shows large, and what can be switched to."""

    strip: tuple[Picture, ...]
    shown: Picture | None
    selected: str
    twin: Picture | None
    original: bool


def viewer_of(pictures: tuple[Picture, ...], selected: str, original: bool) -> Viewer:
    """The viewer for the picture asked for (`selected` is a sha256 of the strip, or empty).

    The strip holds the marked pictures in the order they were taken; an original or a masked copy
    without its marked twin stands in the strip itself, a masked one not beside its original.
    Unasked, the newest level curve is shown, else the confirming picture, else the newest that is
    here.
    """
    ordered = sorted(pictures, key=lambda p: p.taken_at)
    marked = {p.base_role for p in ordered if not p.is_original and not p.is_masked}
    known = marked | {p.base_role for p in ordered if p.is_original}
    strip = tuple(p for p in ordered if p.base_role not in _better(p, marked, known))
    chosen = next((p for p in strip if p.sha256 == selected), None) or _first_choice(strip)
    if chosen is None:
        return Viewer(strip, None, "", None, False)
    twin = _twin(chosen, ordered)
    shown = twin if original and twin is not None else chosen
    return Viewer(strip, shown, chosen.sha256, twin, shown is twin)


def _better(picture: Picture, marked: set[str], known: set[str]) -> set[str]:
    """Roles that have something better for the strip than a picture of this kind."""
    if picture.is_masked:
        return known
    return marked if picture.is_original else set()


FIRST_ROLES = ("confirmed", "level_curve")
"""Shown unasked, the last before the others: the curve is the proof of a noise."""


def _first_choice(strip: tuple[Picture, ...]) -> Picture | None:
    def wish(picture: Picture) -> tuple[bool, int, datetime]:
        role = picture.base_role
        rank = FIRST_ROLES.index(role) if role in FIRST_ROLES else -1
        return picture.present, rank, picture.taken_at

    by_wish = sorted(strip, key=wish)
    return by_wish[-1] if by_wish else None


def _twin(chosen: Picture, ordered: list[Picture]) -> Picture | None:
    if chosen.is_original or chosen.is_masked:
        return None
    same = [p for p in ordered if p.is_original and p.base_role == chosen.base_role]
    return min(
        same, key=lambda p: abs((p.taken_at - chosen.taken_at).total_seconds()), default=None
    )
