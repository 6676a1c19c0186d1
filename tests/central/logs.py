"""Logs of cases for tests of key figures, as short texts."""

from datetime import UTC, datetime, timedelta

from central.kpi.entry import Appeal, Case, Deadlines, Entry, Grade, Outcome

T0 = datetime(2026, 11, 24, 14, 3, 10, tzinfo=UTC)

STATES = {
    "queue": "pending_file",
    "file": "filed",
    "dispatch": "dispatched",
    "accept": "accepted",
    "return": "returned",
    "suspend": "suspended",
    "resume": "accepted",
    "handle": "handled",
    "rework": "accepted",
    "verify": "closed",
    "explain": "closed",
    "transfer": "closed",
    "self_clear": "closed",
    "reopen": "accepted",
    "archive": "archived_unaccepted",
    "reject": "void",
    "void": "void",
    "merge": "merged",
}


def minute(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


def log(case_no: str, *rows: str) -> tuple[Entry, ...]:
    """Rows like `12 handle`, `5 void:authorised`, `30 verify by=system`.

    `due=120/30` sets the official and the internal deadline from that row on, in minutes;
    `due=-` takes them away; `to=STATE` is another state than the action's usual one.
    """
    entries: list[Entry] = []
    due = Deadlines(minute(120), minute(30), minute(5))
    state: str | None = None
    for row in rows:
        at, what, *more = row.split()
        action, _, reason = what.partition(":")
        options = dict(one.split("=") for one in more)
        if "due" in options:
            due = _due(options["due"])
        to = options.get("to") or STATES.get(action) or state or "filed"
        role = options.get("by", "handler")
        entries.append(
            Entry(case_no, minute(float(at)), "zhang", role, action, state, to, reason, {}, due)
        )
        state = to
    return tuple(entries)


def case(case_no: str, *rows: str, **facts: object) -> Case:
    """A fire-lane case of a sensor with such a log."""
    return Case(case_no, "fire_lane", log(case_no, *rows), **facts)  # type: ignore[arg-type]


def appeal(
    number: int,
    outcome: Outcome | None = None,
    satisfaction: Grade | None = None,
    contacted_after: float | None = None,
    **more: object,
) -> Appeal:
    """An appeal that came in at T0 and has a day for the first contact."""
    contacted_at = None if contacted_after is None else minute(contacted_after)
    return Appeal(
        appeal_no=f"AP-{number:05d}",
        received_at=T0,
        contact_due_at=minute(24 * 60),
        contacted_at=contacted_at,
        outcome=outcome,
        satisfaction=satisfaction,
        sample="2023-q3",
        **more,  # type: ignore[arg-type]
    )


def _due(text: str) -> Deadlines:
    if text == "-":
        return Deadlines()
    official, _, internal = text.partition("/")
    return Deadlines(minute(float(official)), minute(float(internal)), minute(5))
