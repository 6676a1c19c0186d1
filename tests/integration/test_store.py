"""The store on SQLite and PostgreSQL: filing, refusing, judging, listing."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from central import store
from central.case_tables import CaseTable
from central.cases.moves import Refused
from central.db import Database
from central.intake import Refusal, Sender, TakenState
from central.store import ActionRequest, CaseFilter, Page, Verdict
from central.tables import BoxTable, EventTable
from edge.events import BoxState, DeviceEvent, IncidentEvent
from tests.central.events import (
    EPOCH,
    NOW,
    SENDER,
    SHANGHAI,
    SINCE,
    TOPIC,
    device_event,
    incident_event,
    picture,
    ref,
    story,
    taken,
    uid,
)

OTHER = Sender("pujin", "box-02")


def take_in(
    database: Database, *events: IncidentEvent | DeviceEvent, sender: Sender = SENDER
) -> list[Verdict]:
    with database.write() as session:
        return [store.merge(session, taken(event, sender), NOW, SHANGHAI) for event in events]


def only_case(database: Database) -> store.Case:
    with database.read() as session:
        (case,) = store.list_cases(session, CaseFilter(), Page()).items
    return case


def act(database: Database, case: store.Case, request: ActionRequest) -> store.Case:
    with database.write() as session:
        return store.act(session, case.case_no, request, NOW)


def test_an_incident_becomes_one_case_with_its_whole_story(database: Database) -> None:
    jpeg = picture()
    verdicts = take_in(database, *story())
    take_in(database, incident_event("ongoing", 3, number=9, evidence=[ref(jpeg, "ongoing")]))
    assert [v.case_no for v in verdicts] == [None, "FL-20261124-0001", None, None]
    case = only_case(database)
    assert (case.stage, case.status, case.version) == ("cleared", "open", 1)
    assert case.cleared_at == case.stage_at
    assert (case.picture_sha256, case.picture_here) == (ref(jpeg).sha256, False)
    with database.read() as session:
        detail = store.get_case(session, case.case_no)
    assert detail is not None
    assert [event.rev for event in detail.timeline] == [1, 2, 3, 3, 4]
    assert [entry.action for entry in detail.log] == ["file", "joined", "cleared"]
    assert [item.here for item in detail.evidence] == [False]


def test_a_warning_stays_an_incident_without_case(database: Database) -> None:
    take_in(database, incident_event("warned", 1, number=1))
    take_in(database, incident_event("cleared", 2, number=2, dwell_s=100.0))
    with database.read() as session:
        (incident,) = store.list_incidents(session, Page())
        assert store.list_incidents(session, Page(), open_only=True) == ()
        assert store.list_cases(session, CaseFilter(), Page()).total == 0
    assert (incident.stage, incident.case_no) == ("cleared", None)


def test_numbers_count_per_scene_and_local_day(database: Database) -> None:
    numbers = []
    for n, (scene, now) in enumerate(
        [
            ("fire_lane", NOW),
            ("fire_lane", NOW),
            ("square_dance", NOW),
            ("fire_lane", NOW + timedelta(hours=3)),
        ],
        start=1,
    ):
        event = incident_event(number=n, incident=n, scene=scene)
        with database.write() as session:
            numbers.append(store.merge(session, taken(event), now, SHANGHAI).case_no)
    assert numbers == [
        "FL-20261124-0001",
        "FL-20261124-0002",
        "SQ-20261124-0001",
        "FL-20261125-0001",
    ]


def test_the_same_bytes_are_a_duplicate_other_bytes_a_conflict(database: Database) -> None:
    event = incident_event()
    (first,) = take_in(database, event)
    (again,) = take_in(database, event)
    (other,) = take_in(database, incident_event(dwell_s=301.0))
    assert (first.kind, again.kind, other.kind) == ("filed", "duplicate", "rejected")
    assert other.code == "id_conflict"
    with database.read() as session:
        (ack,) = store.pending_acks(session)
        (kept,) = store.list_quarantine(session)
    assert ack.ack.filed == ack.ack.duplicate == [event.id]
    assert [(r.id, r.code) for r in ack.ack.rejected] == [(event.id, "id_conflict")]
    assert (kept.code, kept.event_id) == ("id_conflict", event.id)
    assert only_case(database).dwell_s == 300.0


def test_another_box_cannot_touch_an_incident(database: Database) -> None:
    take_in(database, incident_event("warned", 1, number=1))
    theft = incident_event("cleared", 99, number=2, box="box-02")
    (verdict,) = take_in(database, theft, sender=OTHER)
    assert (verdict.kind, verdict.code) == ("rejected", "foreign_incident")
    with database.read() as session:
        (incident,) = store.list_incidents(session, Page())
    assert (incident.stage, incident.box) == ("warned", "box-01")


def test_a_number_used_twice_is_noticed(database: Database) -> None:
    """A box restored from a backup or cloned: its events are filed, and somebody is told."""
    (first,) = take_in(database, incident_event("warned", 1, number=1, seq=7))
    (second,) = take_in(database, incident_event("confirmed", 2, number=2, seq=7))
    assert (first.seq_reused, second.kind, second.seq_reused) == (False, "filed", True)


def test_the_acknowledgement_says_what_is_missing_and_which_pictures(database: Database) -> None:
    jpeg, there = picture("new"), picture("old")
    with database.write() as session:
        new = store.NewEvidence(ref(there).sha256, len(there), 64, 48, "token:box-01")
        assert store.add_evidence(session, new, NOW)
        assert not store.add_evidence(session, new, NOW)
        assert not store.is_referenced(session, new.sha256)
    take_in(database, incident_event(number=3, seq=4, evidence=[ref(jpeg), ref(there, "warned")]))
    with database.write() as session:
        assert store.is_referenced(session, new.sha256)
        (waiting,) = store.pending_acks(session)
        store.drop_acks(session, list(waiting.row_ids))
        assert store.pending_acks(session) == []
    assert waiting.sender == SENDER
    assert (waiting.ack.epoch, waiting.ack.hwm) == (EPOCH, 4)
    assert waiting.ack.missing == [(1, 3)]
    assert waiting.ack.need_evidence == [ref(jpeg).sha256]


def test_a_refused_event_is_named_counted_and_not_missing(database: Database) -> None:
    refusal = Refusal(SENDER, TOPIC, b"{", "malformed", "why", uid(5), EPOCH, 1)
    with database.write() as session:
        store.refuse(session, refusal, NOW)
        store.refuse(session, refusal, NOW + timedelta(minutes=1))
    with database.read() as session:
        (kept,) = store.list_quarantine(session)
        (waiting,) = store.pending_acks(session)
    assert (kept.seen, kept.first_at, kept.last_at) == (2, NOW, NOW + timedelta(minutes=1))
    assert waiting.ack.missing == []
    assert [r.id for r in waiting.ack.rejected] == [uid(5), uid(5)]


def test_the_quarantine_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central.store.quarantine.MAX_ROWS", 3)
    with database.write() as session:
        for n in range(6):
            body = str(n).encode() * 20_000
            store.refuse(session, Refusal(SENDER, TOPIC, body, "too_large", ""), NOW)
    with database.read() as session:
        kept = store.list_quarantine(session)
    assert len(kept) == 3
    assert {len(row.body) for row in kept} == {16 * 1024}
    assert {row.body_bytes for row in kept} == {20_000}


def test_verdicts_are_versioned_logged_and_undone(database: Database) -> None:
    take_in(database, *story())
    case = only_case(database)
    case = act(database, case, ActionRequest("confirm", "li", case.version))
    assert (case.state, case.verdict) == ("filed", "true")
    assert case.allowed == ("handle", "void", "merge", "undo", "comment")
    case = act(database, case, ActionRequest("undo", "li", case.version))
    case = act(database, case, ActionRequest("reject", "li", case.version, "too_early", "树影"))
    assert (case.state, case.reason, case.version) == ("void", "too_early", 4)
    with pytest.raises(Refused, match="not possible"):
        act(database, case, ActionRequest("confirm", "wang", case.version))
    with pytest.raises(store.NotFound):
        act(
            database, replace(case, case_no="FL-20260101-0001"), ActionRequest("confirm", "wang", 1)
        )
    with database.read() as session:
        detail = store.get_case(session, case.case_no)
        counts = store.count_cases(session)
    assert detail is not None
    assert [(e.action, e.actor, e.from_state, e.to_state, e.note) for e in detail.log[3:]] == [
        ("confirm", "li", "filed", "filed", ""),
        ("undo", "li", "filed", "filed", ""),
        ("reject", "li", "filed", "void", "树影"),
    ]
    assert (counts.review, counts.void, counts.all) == (0, 1, 1)


def test_of_two_people_the_second_is_told_who_was_faster(database: Database) -> None:
    take_in(database, *story())
    case = only_case(database)
    winners: list[str] = []
    outcomes: list[tuple[str, str | None, str | None]] = []
    start = threading.Barrier(2)

    def judge(name: str) -> None:
        start.wait()
        try:
            act(database, case, ActionRequest("confirm", name, case.version))
        except Refused as refused:
            by = refused.by
            outcomes.append((refused.code, by and by.actor, by and by.action))
        else:
            winners.append(name)

    in_parallel(lambda: judge("li"), lambda: judge("wang"))
    assert outcomes == [("version_conflict", winners[0], "confirm")]


def test_clearing_does_not_disturb_who_is_judging(database: Database) -> None:
    events = story()
    take_in(database, *events[:-1])
    seen = only_case(database)
    take_in(database, events[-1])
    case = act(database, seen, ActionRequest("confirm", "li", seen.version))
    assert case.cleared_at is not None


def test_receivers_side_by_side_file_once(database: Database) -> None:
    """Two receivers get the same events at the same time: one case each, numbers unique."""
    events = [event for n in range(1, 9) for event in story(incident=n, start=n * 10)]

    def receive(order: list[IncidentEvent]) -> None:
        for event in order:
            take_in(database, event)

    in_parallel(lambda: receive(events), lambda: receive(events[::-1]))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(EventTable)) == len(events)
        numbers = list(session.scalars(select(CaseTable.case_no)))
    assert len(numbers) == len(set(numbers)) == 8


def in_parallel(*jobs: Callable[[], None]) -> None:
    """Run jobs in threads; the first exception of any of them is raised here."""
    errors: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_lists_filter_count_and_find_neighbours(database: Database) -> None:
    with database.write() as session:
        for n in range(1, 6):
            lane = {"place": "FL-0317", "since": SINCE + timedelta(hours=n)}
            event = incident_event(number=n, incident=n, seq=n, **lane)
            store.merge(session, taken(event), NOW + timedelta(seconds=n // 3), SHANGHAI)
    with database.read() as session:
        listed = store.list_cases(session, CaseFilter(), Page(size=3))
        numbers = [case.case_no[-4:] for case in listed.items]
        rest = store.list_cases(session, CaseFilter(), Page(2, 3))
        third = listed.items[2].case_no
        assert (numbers, listed.total) == (["0005", "0004", "0003"], 5)
        assert [case.case_no[-4:] for case in rest.items] == ["0002", "0001"]
        assert store.count_newer(session, CaseFilter(), third) == 2
        newer, older = store.neighbours(session, CaseFilter(), third)
        assert (newer, older) == ("FL-20261124-0004", "FL-20261124-0002")
        assert store.neighbours(session, CaseFilter(), "FL-20261124-0005")[0] is None
        assert store.neighbours(session, CaseFilter(), "nonsense") == (None, None)
        found = store.cases_by_no(session, ["FL-20261124-0001", "FL-20261124-0004", "no"])
        assert [case.case_no[-4:] for case in found] == ["0004", "0001"]
        for wanted, total in [
            (CaseFilter(status="open"), 5),
            (CaseFilter(status="closed"), 0),
            (CaseFilter(tab="review"), 5),
            (CaseFilter(tab="working"), 5),
            (CaseFilter(tab="done"), 0),
            (CaseFilter(box="box-02"), 0),
            (CaseFilter(scene="fire_lane", place="FL-0317", cleared=False), 5),
            (CaseFilter(cleared=True), 0),
        ]:
            assert store.list_cases(session, wanted, Page()).total == total


def state(online: bool = True, boot_id: str = "b1", **changes: object) -> BoxState:
    return BoxState(online=online, boot_id=boot_id, **changes)  # type: ignore[arg-type]


def test_a_late_will_of_an_old_connection_changes_nothing(database: Database) -> None:
    def say(box_state: BoxState, retained: bool = False) -> bool:
        with database.write() as session:
            return store.save_state(session, TakenState(SENDER, box_state, retained), NOW)

    assert say(state(outbox_depth=3))
    assert say(state(boot_id="b2"))
    assert not say(state(online=False))  # the will of boot b1 comes after boot b2 spoke
    with database.read() as session:
        (box,) = store.list_boxes(session)
    assert box.online
    assert say(state(online=False, boot_id="b2"))
    with database.read() as session:
        (box,) = store.list_boxes(session)
    assert not box.online


def test_an_old_retained_state_is_not_news(database: Database) -> None:
    old = NOW - timedelta(days=2)
    with database.write() as session:
        store.save_state(session, TakenState(SENDER, state(time=old), True), NOW)
    with database.read() as session:
        assert session.get_one(BoxTable, ("pujin", "box-01")).last_seen_at == old


def test_boxes_show_raised_conditions_and_gaps(database: Database) -> None:
    take_in(database, device_event(2), device_event(3, condition="frozen"))
    take_in(database, device_event(4, "cleared", "frozen"))
    with database.read() as session:
        (box,) = store.list_boxes(session)
    assert [condition.condition for condition in box.conditions] == ["dark"]
    assert [(gap.hwm, gap.missing) for gap in box.ledgers] == [(4, ((1, 1),))]


@pytest.mark.parametrize("mode", ["shadow", "permitted", "maintenance", "off_schedule"])
def test_what_is_not_live_is_recorded_and_files_when_it_becomes_live(
    database: Database, mode: str
) -> None:
    silent = [
        incident_event("confirmed", 2, number=2, mode=mode, reached="confirmed"),
        incident_event("ongoing", 3, number=3, mode=mode, reached="confirmed"),
    ]
    assert [v.case_no for v in take_in(database, *silent)] == [None, None]
    with database.read() as session:
        (incident,) = store.list_incidents(session, Page())
        assert store.count_cases(session).all == 0
    assert (incident.rev, incident.stage, incident.case_no) == (3, "ongoing", None)
    (live,) = take_in(database, incident_event("ongoing", 4, number=4, reached="confirmed"))
    assert live.case_no == "FL-20261124-0001"
    (late,) = take_in(database, incident_event("warned", 1, number=1, mode=mode))
    assert (late.kind, late.case_no) == ("filed", None)
    assert only_case(database).stage == "ongoing"
