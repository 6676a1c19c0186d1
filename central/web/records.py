"""From the store's records to what the templates see. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from central.cases.judging import JUDGING, judgements
from central.cases.states import STATES, TABS, UNACCEPTED, State, Tab
from central.store import (
    Box,
    Case,
    CaseCounts,
    CaseDetail,
    CaseFilter,
    EvidenceItem,
    LogEntry,
    TimelineEvent,
)
from central.web.box_views import BoxView, ConditionView, StreamView
from central.web.facts import facts_of
from central.web.sound import shown
from central.web.viewer import Picture
from central.web.views import (
    Card,
    Coded,
    Detail,
    Due,
    Entry,
    Filter,
    Member,
    Progress,
    Verdict,
)
from edge.events import BoxState, StreamState

SHOWN_RANGES = 8


def card_of(case: Case, verdict: Verdict | None = None) -> Card:
    """A case as a card of the list."""
    picture = None
    if case.picture_sha256 is not None:
        picture = Picture(case.picture_sha256, "confirmed", case.stage_at, 0, case.picture_here)
    return Card(
        case_no=case.case_no,
        status=case.state,
        site=case.site,
        box=case.box,
        camera=case.stream_name or case.stream,
        place=case.place,
        scene=case.scene,
        severity=case.severity,
        since=case.since,
        filed_at=case.filed_at,
        dwell_s=case.dwell_s,
        observed_s=case.observed_s,
        cleared_at=case.cleared_at,
        already_there=case.already_there,
        restored=case.restored,
        picture=picture,
        judged=case.verdict or "",
        close_reason=case.close_reason or "",
        incidents=case.incidents,
        place_name=case.place_name,
        address=case.address,
        red=case.red,
        overdue=case.overdue,
        priority=case.priority,
        verdict=verdict,
    )


def detail_of(found: CaseDetail, neighbours: tuple[str | None, str | None]) -> Detail:
    """A case as its page shows it; `neighbours` are its newer and older one in the list."""
    return Detail(
        card=card_of(found.case, verdict_of(found.log)),
        version=found.case.version,
        facts=facts_of(found.case, found.timeline),
        pictures=tuple(picture_of(item) for item in found.evidence),
        entries=entries_of(found.timeline, found.log, found.case.incident_id),
        actions=frozenset(found.case.allowed),
        progress=progress_of(found),
        code=Coded(found.case.event_code, found.case.district_code, found.case.district_name),
        stream=found.case.stream,
        previous_no=neighbours[0],
        next_no=neighbours[1],
        hold=found.hold,
    )


def picture_of(item: EvidenceItem) -> Picture:
    """A picture named by an event."""
    return Picture(item.sha256, item.role, item.taken_at, item.bytes, item.here, item.deleted_at)


def verdict_of(log: Iterable[LogEntry]) -> Verdict | None:
    """The judgement in force: the last one that was not taken back."""
    standing = judgements(log)
    if not standing:
        return None
    last = standing[-1]
    return Verdict(last.action, last.actor, last.at, last.reason or "")


def progress_of(found: CaseDetail) -> Progress:
    """Where the case stands, who has it, and what is due when."""
    case, due = found.case, found.case.deadlines
    started = case.state not in UNACCEPTED and case.state != "pending_file"
    done = case.status == "closed" or case.state == "handled"
    dues = (
        ("official", due.official_at, done),
        ("internal", due.internal_at, done),
        ("accept", due.accept_at, started),
        ("verify", due.verify_at, case.state != "handled"),
    )
    return Progress(
        state=case.state,
        holder=case.holder,
        lead=found.lead_name,
        level=case.level,
        reopens=case.reopens,
        reworks=case.reworks,
        dues=tuple(
            Due(name, at, met)
            for name, at, met in dues
            if at is not None and not (name == "verify" and met)
        ),
        members=tuple(
            Member(one.incident_id, one.stream, one.since, one.stage, one.severity, one.stage_at)
            for one in found.incidents
        ),
        merged_into=case.merged_into,
        reoffence_of=case.reoffence_of,
    )


def entries_of(
    timeline: tuple[TimelineEvent, ...], log: tuple[LogEntry, ...], incident_id: str = ""
) -> tuple[Entry, ...]:
    """Stages and acts in one row by time; repeated `ongoing` folded into its last one.

    The timeline is that of the incident `incident_id`: what the log says of it stands there twice.
    """
    stages = [_stage(event) for event in sorted(timeline, key=lambda event: event.rev)]
    told = [
        row
        for row in log
        if not (row.action in ("cleared", "joined") and row.detail.incident == incident_id)
    ]
    acts = _acts(tuple(told))
    folded: list[Entry] = []
    for entry in sorted([*stages, *acts], key=lambda entry: entry.at):
        last = folded[-1] if folded else None
        if last is not None and entry.name == last.name == "ongoing":
            folded[-1] = replace(entry, times=last.times + 1)
        else:
            folded.append(entry)
    return tuple(folded)


def _stage(event: TimelineEvent) -> Entry:
    sound = event.measures.sound
    if sound is None:
        return Entry(event.time, "stage", event.stage, dwell_s=event.dwell_s, note=event.reason)
    return Entry(
        event.time,
        "stage",
        event.stage,
        dwell_s=event.dwell_s,
        step="" if event.stage == "ongoing" else event.severity,
        sentence=(("zh", sound.zh), ("en", sound.en)),
    )


def _acts(log: tuple[LogEntry, ...]) -> list[Entry]:
    entries: list[Entry] = []
    judged: list[int] = []
    for row in log:
        if row.action in JUDGING:
            judged.append(len(entries))
        elif row.action == "undo" and judged:
            taken_back = judged.pop()
            entries[taken_back] = replace(entries[taken_back], undone=True)
        entries.append(
            Entry(
                row.at,
                "action",
                row.action,
                row.actor,
                note=row.note or row.detail.org or row.detail.case_no,
                reason=row.reason,
                to_state=row.to_state if row.to_state != row.from_state else "",
            )
        )
    return entries


def store_filter(wanted: Filter) -> CaseFilter:
    """The store's filter for the page's; an unknown state means all."""
    states: dict[str, State] = {state: state for state in STATES}
    tabs: dict[str, Tab] = {tab: tab for tab in TABS}
    tab = tabs.get(wanted.status)
    return CaseFilter(
        tab=tab,
        state=None if tab else states.get(wanted.status),
        scene=wanted.scene or None,
        place=wanted.place or None,
        box=wanted.box or None,
        cleared={"yes": True, "no": False}.get(wanted.cleared),
        q=wanted.q,
        lead=wanted.lead or None,
        grid=wanted.grid or None,
        red=True if wanted.late == "red" else None,
        overdue=True if wanted.late == "overdue" else None,
        priority=int(wanted.priority) if wanted.priority else None,
    )


def told(number: int, most: int | None) -> str:
    """A number of cases that were counted up to `most` (None: all)."""
    return f"{number}+" if number == most else str(number)


def counts_of(counts: CaseCounts) -> dict[str, str]:
    """Cases per tab, in the order of the tabs."""
    return {name: told(getattr(counts, name), counts.most) for name in (*TABS, "all")}


def box_of(box: Box, now: datetime) -> BoxView:
    """A box for the devices page; a state of a strange version counts as an empty one."""
    try:
        state = BoxState.model_validate(box.state)
    except ValidationError:
        state = BoxState(online=box.online, boot_id="")
    return BoxView(
        site=box.site,
        box=box.box,
        online=box.online,
        last_seen=box.last_seen_at,
        version=state.version,
        model=state.model.name if state.model else "",
        config_digest=state.config_digest,
        outbox_depth=state.outbox_depth,
        outbox_oldest_s=state.outbox_oldest_s,
        disk_free_bytes=state.disk_free_bytes,
        streams=tuple(
            replace(_stream_of(stream), level=shown(stream.sound, box, state.time, now))
            for stream in state.streams
        ),
        conditions=tuple(
            ConditionView(c.condition, c.stream, c.since, c.detail) for c in box.conditions
        ),
        missing=_count(gap.missing for gap in box.ledgers),
        overdue=_count(gap.overdue for gap in box.ledgers),
        overdue_ranges=tuple(
            f"{low}" if low == high else f"{low}–{high}"
            for gap in box.ledgers
            for low, high in gap.overdue[:SHOWN_RANGES]
        ),
    )


def _count(ranges: Iterable[tuple[tuple[int, int], ...]]) -> int:
    return sum(high - low + 1 for part in ranges for low, high in part)


def _stream_of(stream: StreamState) -> StreamView:
    return StreamView(
        name=stream.name or stream.id,
        up=stream.up,
        analysed_fps=stream.analysed_fps,
        drop_share=min(1.0, stream.drops / stream.frames) if stream.frames > 0 else 0.0,
        last_frame_at=stream.last_frame_at,
    )
