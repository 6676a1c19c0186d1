"""Event codes (事件编码): ours by scene and severity, and what the district has for each. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from central.routing.rules import EVERY

APPEAL = "appeal_"
"""An appeal's scene is this and its kind; its severity is the service that was asked for."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code: `name` is the 小类, `category` the 大类; `severity` may be `*`.

    The district's own code differs by city; empty: nobody has mapped it yet.
    """

    id: str = ""
    name: str = ""
    category: str = ""
    scene: str = ""
    severity: str = EVERY
    district_code: str = ""
    district_name: str = ""

    def told(self) -> dict[str, str]:
        """What other systems are told, by the names that it has everywhere."""
        return {
            "event_code": self.id,
            "district_code": self.district_code,
            "district_name": self.district_name,
        }


NO_CODE = Code()


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes that are in force, ready to be looked up."""

    rows: tuple[Code, ...] = ()
    _by: Mapping[tuple[str, str], Code] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Whatever the order of the rows: of two for the same the first by id counts.
        last_first = sorted(self.rows, key=lambda row: row.id, reverse=True)
        object.__setattr__(self, "_by", {(row.scene, row.severity): row for row in last_first})

    def of(self, scene: str, severity: str) -> Code:
        """The row that names the severity, else the scene's for every severity, else `NO_CODE`."""
        every = self._by.get((scene, EVERY), NO_CODE)
        return self._by.get((scene, severity), every)

    def of_appeal(self, kind: str, service: str) -> Code:
        """The code of an appeal of this kind about this service."""
        return self.of(f"{APPEAL}{kind}", service)

    def rivals(self) -> Iterator[tuple[Code, Code]]:
        """Rows of which nobody could say which one is meant, beside the one that counts."""
        for row in self.rows:
            counts = self._by[row.scene, row.severity]
            if counts.id != row.id:
                yield counts, row
