"""What the templates may see: plain values, made from the store's records. Pure."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2s

from central.store import Dismissed, Hold, Suggestion, is_appeal
from central.web.facts import Facts, told_in
from central.web.viewer import Picture


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last judgement of a case: confirm, reject or handle, by whom, when, and why."""

    action: str
    by: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A case in the list."""

    case_no: str
    status: str
    site: str
    box: str
    camera: str
    place: str
    scene: str
    severity: str
    since: datetime
    filed_at: datetime
    dwell_s: float
    observed_s: float
    cleared_at: datetime | None
    already_there: bool
    restored: bool
    picture: Picture | None
    judged: str = ""
    close_reason: str = ""
    incidents: int = 1
    place_name: str = ""
    address: str = ""
    red: bool = False
    overdue: bool = False
    priority: int = 0
    verdict: Verdict | None = None

    @property
    def observed_share(self) -> float:
        """How much of the dwell the camera really saw, 0-1."""
        return min(1.0, self.observed_s / self.dwell_s) if self.dwell_s > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: a stage of the incident or an act of a person or the system.

    Of a square, `step` is what the stage is called there, and `sentence` what was measured.
    """

    at: datetime
    kind: str
    name: str
    who: str = ""
    dwell_s: float | None = None
    note: str = ""
    reason: str = ""
    times: int = 1
    undone: bool = False
    to_state: str = ""
    step: str = ""
    sentence: tuple[tuple[str, str], ...] = ()

    def told_in(self, language: str) -> str:
        """The sentence in this language, else in any that the box used, else empty."""
        return told_in(self.sentence, language)


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline: `official`, `internal`, `accept` or `verify`; `met` once it does not matter."""

    name: str
    at: datetime
    met: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """An incident of a case: a camera that saw it, and when."""

    incident_id: str
    camera: str
    since: datetime
    stage: str
    severity: str
    stage_at: datetime


@dataclass(frozen=True, slots=True)
class Number:
    """Somebody of the lead who can be called; never in JSON, exports or logs."""

    name: str
    phone: str

    @property
    def dialled(self) -> str:
        """The number without what people put between its digits."""
        return re.sub(r"[^0-9+]", "", self.phone)


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is at it and until when."""

    state: str
    holder: str = ""
    lead: str = ""
    numbers: tuple[Number, ...] = ()
    level: int = 0
    reopens: int = 0
    reworks: int = 0
    dues: tuple[Due, ...] = ()
    members: tuple[Member, ...] = ()
    merged_into: str = ""
    reoffence_of: str = ""


@dataclass(frozen=True, slots=True)
class Coded:
    """Our event code, the district's own and its name; each empty while nobody has mapped it."""

    event_code: str = ""
    district_code: str = ""
    district_name: str = ""


@dataclass(frozen=True, slots=True)
class Likely:
    """What may be the same as what a page shows, and who may say so; forms go to `url`."""

    subject: str
    url: str
    items: tuple[Suggestion, ...]
    dismissed: tuple[Dismissed, ...]
    may_link: bool
    may_merge: bool

    def may_say(self, other: str) -> bool:
        """Whether this onlooker may say of the other one that it is the same, or is not."""
        return self.may_link if is_appeal(self.subject) or is_appeal(other) else self.may_merge


@dataclass(frozen=True, slots=True)
class Detail:
    """A case on its own page."""

    card: Card
    version: int
    facts: Facts
    pictures: tuple[Picture, ...]
    entries: tuple[Entry, ...]
    actions: frozenset[str]
    progress: Progress
    code: Coded = Coded()
    stream: str = ""
    previous_no: str | None = None
    next_no: str | None = None
    likely: Likely | None = None
    must_say: bool = False
    """Whether this person has to write what was done when they hand in."""
    orgs: tuple[tuple[str, str], ...] = ()
    """Organisations that a case can be given to, id and name; empty where the town keeps none."""
    may_raw: bool = False
    """Whether the onlooker may have pictures as the box sent them."""
    hold: Hold | None = None
    may_hold: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; every field is a query parameter of the page's address."""

    status: str = "review"
    scene: str = ""
    place: str = ""
    box: str = ""
    cleared: str = ""
    q: str = ""
    lead: str = ""
    grid: str = ""
    late: str = ""
    priority: str = ""

    def query(self, **changes: str) -> dict[str, str]:
        """Query parameters of this filter with changes, empty ones left out."""
        values = asdict(self) | changes
        return {k: v for k, v in values.items() if v}

    @property
    def narrowed(self) -> bool:
        """Whether anything but the status is set."""
        return self != Filter(self.status)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list with the numbers around it, as they are shown (`told`)."""

    cards: tuple[Card, ...]
    number: int
    pages: int
    total: str
    counts: dict[str, str]
    new_count: int = 0


def digest_of(*parts: object) -> str:
    """Short fingerprint of what a fragment shows; the browser skips a swap when it is the same."""
    return blake2s(repr(parts).encode(), digest_size=8).hexdigest()
