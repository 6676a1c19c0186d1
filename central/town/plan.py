"""What an import would change, field by field. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from central.town.words import Kind, shown_column

Body = Mapping[str, Any]
"""A checked row as JSON; defaults are left out, so that a new field is no change by itself."""

LONGEST = 60


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a row, as texts for people."""

    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that is there already and becomes another."""

    key: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole difference."""

    kind: Kind
    added: tuple[str, ...]
    changed: tuple[Changed, ...]
    removed: tuple[str, ...]
    unchanged: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.changed or self.removed)

    def lines(self, new: Mapping[str, Body]) -> Iterator[str]:
        """The plan for people, one line per change and a sum."""
        for key in self.added:
            yield f"+ {key}  {new[key].get('name', '')}".rstrip()
        for row in self.changed:
            yield f"~ {row.key}"
            for one in row.fields:
                yield f"    {shown_column(self.kind, one.field)}: {one.old} → {one.new}"
        for key in self.removed:
            yield f"- {key}"
        yield (
            f"{self.kind}: {len(self.added)} added, {len(self.changed)} changed, "
            f"{len(self.removed)} removed, {self.unchanged} unchanged"
        )


def compare(
    kind: Kind, old: Mapping[str, Body], new: Mapping[str, Body], *, keep_missing: bool = False
) -> Plan:
    """The plan that leads from `old` to `new`; rows that `new` lacks go, unless they are kept."""
    changed = []
    unchanged = 0
    for key in sorted(old.keys() & new.keys()):
        fields = tuple(_fields(old[key], new[key]))
        if fields:
            changed.append(Changed(key, fields))
        else:
            unchanged += 1
    missing = sorted(old.keys() - new.keys())
    return Plan(
        kind=kind,
        added=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(changed),
        removed=() if keep_missing else tuple(missing),
        unchanged=unchanged + (len(missing) if keep_missing else 0),
    )


def _fields(old: Body, new: Body) -> Iterator[FieldChange]:
    for field in sorted(old.keys() | new.keys()):
        before, after = old.get(field), new.get(field)
        if before != after:
            yield FieldChange(field, _text(field, before), _text(field, after))


def _text(field: str, value: Any) -> str:
    if value is None or value == "":
        return "(empty)"
    if field == "polygons":
        corners = [len(ring) - 1 for polygon in value for ring in polygon]
        return f"{len(value)} polygon(s) of {sum(corners)} corners"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
