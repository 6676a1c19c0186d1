"""Cases over an evening: joining, closing by sensor, timers, merging, modes, storms, the log."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from central import store
from central.cases.moves import Refused
from central.db import Database
from central.kpi.report import Wanted
from central.kpi.rules import Period, Rules, Scope
from central.town.importing import Author, make_example
from tests.central.events import NOW, SHANGHAI, SINCE, device_event, incident_event, taken
from tests.central.lane import Lane, at


@pytest.fixture
def lane(database: Database) -> Lane:
    made = Lane(database)
    made.box()
    return made


def occupy(lane: Lane, incident: int = 1, begin: str = "21:58:10", file: str = "22:03:10") -> str:
    lane.sees(begin, "warned", incident)
    case_no = lane.sees(file, "confirmed", incident, since=begin)
    assert case_no is not None
    return case_no


def test_an_evening_in_a_lane(lane: Lane) -> None:
    """The study's worked example (§14a), minute by minute, in the example town."""
    with lane.write() as session:
        make_example(session, Author("test", lane.now))
    case_no = occupy(lane)
    case = lane.case()
    assert (case.state, case.lead) == ("dispatched", "property-jinyuan")
    assert (case.deadlines.official_at, case.deadlines.internal_at, case.deadlines.accept_at) == (
        at("00:03:10") + timedelta(days=1),
        at("22:33:10"),
        at("22:08:10"),
    )
    assert lane.sees("22:05:00", "warned", 2, camera="gate-west") is None
    assert lane.case().incidents == 2
    lane.until("22:08:09")
    assert lane.case().level == 0
    lane.until("22:08:10")
    assert lane.case().level == 1
    lane.sees("22:12:40", "ongoing", 1, since="21:58:10", severity="blocked")
    due = lane.case().deadlines
    assert (due.official_at, due.internal_at) == (at("23:12:40"), at("22:27:40"))
    assert lane.does("22:14:00", "accept", org="property-jinyuan").holder == "handler"
    lane.sees("22:20:05", "ongoing", 1, since="21:58:10", severity="blocked")
    lane.until("22:27:40")
    assert lane.case().red
    lane.sees("22:30:00", "cleared", 2, since="22:05:00", camera="gate-west")
    assert lane.case().cleared_at is None
    lane.sees("22:31:30", "cleared", 1, since="21:58:10")
    assert lane.case().cleared_at == at("22:31:30")
    one_tap = lane.does("22:33:00", "handle", org="property-jinyuan", note="")
    assert one_tap.state == "handled"
    lane.until("22:33:29")
    assert lane.case().state == "handled"
    lane.until("22:33:30")
    case = lane.case()
    assert (case.state, case.close_reason, case.reworks) == ("closed", "handled", 0)
    assert (case.red, case.overdue) == (True, False)  # red inside, on time outside
    assert [(one.kind, one.org or one.role) for one in lane.tells] == [
        ("dispatched", "property-jinyuan"),
        ("assist", "committee-jinyuan"),
        ("informed", "district-west"),
        ("escalated", "dispatcher"),
        ("severity", "property-jinyuan"),
        ("assist", "fire"),  # the town's rule for 堵塞 calls it, which informs it too
    ]
    assert lane.sees("22:52:00", "confirmed", 3) is None
    case = lane.case()
    assert (case.case_no, case.state, case.reopens) == (case_no, "accepted", 1)
    assert case.deadlines.official_at == at("23:12:40")
    assert (len(lane.cases()), case.incidents) == (1, 3)
    assert [one.kind for one in lane.tells[6:]] == ["reopened"]
    assert lane.sound()


def test_what_clears_before_anybody_accepts_closes_by_itself(lane: Lane) -> None:
    occupy(lane)
    lane.sees("22:05:00", "cleared", 1, since="21:58:10")
    lane.until("22:14:59")
    assert lane.case().state == "filed"
    lane.until("22:15:00")
    case = lane.case()
    assert (case.state, case.close_reason, case.verdict) == ("closed", "self_cleared", None)
    assert lane.does("22:20:00", "confirm", "desk").verdict == "true"
    assert lane.case().state == "closed"


def test_what_comes_back_worse_is_told_to_all_and_who_assists_now_is_called(
    database: Database,
) -> None:
    dance = Lane(database, place="SQ-01")
    dance.box()
    with dance.write() as session:
        make_example(session, Author("test", dance.now))

    def hears(clock: str, stage: str, incident: int, since: str, severity: str) -> str | None:
        more = {"scene": "square_dance", "severity": severity}
        return dance.sees(clock, stage, incident, since=since, **more)

    assert hears("21:58:10", "confirmed", 1, "21:50:00", "over_limit")
    case = dance.case()
    first = [(one.kind, one.org) for one in dance.tells]
    assert (case.state, ("informed", "police") in first) == ("dispatched", True)
    hears("21:59:00", "cleared", 1, "21:50:00", "over_limit")
    dance.until("22:09:00")
    assert dance.case().close_reason == "self_cleared"
    heard = len(dance.tells)
    assert hears("22:20:00", "confirmed", 2, "22:15:00", "curfew") is None
    assert (dance.case().state, dance.case().reopens) == ("dispatched", 1)
    again = [(one.kind, one.org) for one in dance.tells[heard:]]
    assert again[0] == ("reopened", case.lead)
    assert set(first[1:]) - {("informed", "police")} <= set(again)
    assert [kind for kind, org in again if org == "police"] == ["assist"]
    assert len(again) == len(set(again)), "nobody is told twice"
    with database.read() as session:
        found = store.get_case(session, case.case_no)
    assert found is not None
    (rise,) = [row.detail for row in found.log if row.action == "severity"]
    assert "police" in rise.assist
    assert dance.sound()


def test_a_return_within_the_grace_keeps_the_case_open(lane: Lane) -> None:
    occupy(lane)
    lane.sees("22:05:00", "cleared", 1, since="21:58:10")
    lane.sees("22:10:00", "warned", 2)
    lane.until("22:30:00")
    assert (lane.case().state, lane.case().incidents) == ("filed", 2)


def test_nobody_accepts_and_three_levels_hear_of_it_once(lane: Lane) -> None:
    occupy(lane)
    lane.until("22:08:10")
    assert lane.tick() == []
    lane.until("23:10:00")
    levels = [one for one in lane.tells if one.kind == "escalated"]
    assert [one.role for one in levels] == ["dispatcher", "duty_leader", "leader"]
    assert (lane.case().state, lane.case().level) == ("filed", 3)


def test_every_dispatch_and_every_return_climbs_to_the_third_level_within_the_hour(
    lane: Lane,
) -> None:
    occupy(lane)
    lane.does("22:04:00", "dispatch", "dispatcher", to="property-jinyuan")
    lane.does("22:06:00", "accept", org="property-jinyuan")
    lane.does("23:16:00", "return", org="property-jinyuan", note="不是我们的")
    lane.until("23:20:59")
    assert (levels(lane), lane.case().level) == (0, 0), "late and all at once is no escalation"
    lane.until("24:16:00")
    assert (levels(lane), lane.case().level) == (3, 3)
    lane.does("24:20:00", "dispatch", "dispatcher", to="enforcement")
    assert lane.case().level == 0
    lane.until("25:20:00")
    assert (levels(lane), lane.case().level, lane.case().state) == (6, 3, "dispatched")
    assert lane.sound()


@pytest.mark.parametrize("asleep", [False, True])
def test_dispatching_back_and_forth_does_not_put_off_the_third_level(
    lane: Lane, asleep: bool
) -> None:
    occupy(lane)
    for minute in range(4, 62, 4):
        to = ("property-jinyuan", "enforcement")[minute // 4 % 2]
        lane.does(f"22:{minute:02}:00", "dispatch", "dispatcher", to=to)
    lane.until("23:03:09")
    assert levels(lane) == 0, "each organisation had four minutes"
    if asleep:
        lane.now = at("23:30:00")
        assert [done.count("escalate") for done in lane.tick()] == [1]
    lane.until("23:30:00")
    assert lane.tick() == []
    told = [one.role for one in lane.tells if one.kind == "escalated"]
    assert (told, lane.case().level, lane.case().state) == (["leader"], 3, "dispatched")
    assert lane.sound()


def levels(lane: Lane) -> int:
    return sum(one.kind == "escalated" for one in lane.tells)


def test_a_suspended_case_is_not_late_and_goes_on_by_the_approved_end(lane: Lane) -> None:
    occupy(lane)
    lane.does("22:04:00", "accept")
    lane.does("22:05:00", "ask_suspend", note="等吊车", until=at("26:03:10"))
    paused = lane.does("22:13:10", "suspend", "leader")
    later = timedelta(hours=3, minutes=50)
    assert paused.deadlines.official_at == at("24:03:10") + later
    lane.until("25:30:00")
    assert (lane.case().state, lane.case().red, lane.case().overdue) == ("suspended", False, False)
    assert figures(lane) == {"on_time": (0, 0), "red": (0, 0)}
    lane.until("26:03:10")
    assert (lane.case().state, lane.case().deadlines) == ("accepted", paused.deadlines)
    lane.does("26:10:00", "handle")
    assert figures(lane) == {"on_time": (1, 1), "red": (0, 1)}


def test_a_leader_may_say_no(lane: Lane) -> None:
    occupy(lane)
    lane.does("22:04:00", "accept")
    lane.does("22:05:00", "ask_suspend", note="等吊车", until=at("26:03:10"))
    assert "refuse" in lane.allowed("leader")
    assert lane.does("22:06:00", "refuse", "leader", note="现在就能拖走").state == "accepted"
    assert [one.kind for one in lane.tells[-2:]] == ["asked", "refused"]
    assert "refuse" not in lane.allowed("leader")
    with pytest.raises(Refused, match="nobody has asked"):
        lane.does("22:07:00", "suspend", "leader")
    assert lane.sound()


def figures(lane: Lane) -> dict[str, tuple[int, int]]:
    """Met and asked of the key figures of deadlines, as of now."""
    period = Period(at("00:00:00"), at("72:00:00"))
    with lane.database.read() as session:
        found = store.figures(session, Scope(period, lane.now, Rules()), Wanted())
    return {
        one.name: (int(one.numerator), int(one.denominator))
        for one in found.rates
        if one.name in ("on_time", "red")
    }


def test_late_timers_fire_once_after_a_long_sleep(lane: Lane) -> None:
    occupy(lane)
    lane.now = at("23:59:00")  # central was away: nothing ticked
    (done,) = lane.tick()
    assert sorted(done) == ["escalate", "escalate", "escalate", "red"]
    assert lane.tick() == []


def test_a_sensor_that_disagrees_sends_the_case_back(lane: Lane) -> None:
    occupy(lane)
    with pytest.raises(Refused, match="say who did what"):
        lane.does("22:03:30", "handle", "desk", note="ok")
    lane.does("22:04:00", "handle", "desk")
    with pytest.raises(Refused, match="sees the place occupied"):
        lane.does("22:04:59", "verify", "verifier")
    assert lane.case().state == "handled"
    lane.until("22:05:00")
    assert (lane.case().state, lane.case().reworks) == ("accepted", 1)


def test_a_blind_camera_proves_nothing(lane: Lane) -> None:
    occupy(lane)
    with lane.write() as session:
        store.merge(session, taken(device_event(900)), lane.now, SHANGHAI)  # dark
    lane.does("22:04:00", "handle", "desk")
    lane.now = at("22:20:00")
    assert lane.tick() == [()]
    assert lane.case().state == "handled"
    lane.now = at("22:35:00")
    assert lane.tick() == [("remind",)]
    assert lane.tick() == [], "once each"
    with lane.write() as session:
        bright = device_event(901, "cleared")
        store.merge(session, taken(bright), lane.now, SHANGHAI)
    lane.now = at("22:40:00")
    assert lane.tick() == [("rework", "red")]


def test_an_offline_box_proves_nothing(lane: Lane) -> None:
    occupy(lane)
    lane.box(online=False)
    lane.does("22:04:00", "handle", "desk")
    lane.now = at("22:20:00")
    assert lane.tick() == [()]
    assert lane.does("22:21:00", "verify", "verifier").state == "closed"


def test_half_an_hour_reopens_and_a_day_is_a_repetition(lane: Lane) -> None:
    first = occupy(lane)
    lane.sees("22:05:00", "cleared", 1, since="21:58:10")
    lane.until("22:20:00")
    assert lane.sees("22:35:00", "confirmed", 2) is None
    case = lane.case()
    assert (case.state, case.reopens) == ("filed", 1)
    lane.sees("22:40:00", "cleared", 2, since="22:35:00")
    second = lane.sees("23:15:00", "confirmed", 3)
    assert second is not None
    assert lane.case(second).reoffence_of == first
    assert lane.case(first).close_reason == "self_cleared"


def test_what_was_sent_back_and_comes_again_waits_for_a_dispatch(lane: Lane) -> None:
    occupy(lane)
    lane.does("22:04:00", "dispatch", "dispatcher", to="property-jinyuan")
    lane.does("22:05:00", "accept", org="property-jinyuan")
    lane.does("22:06:00", "return", org="property-jinyuan", note="不是我们的")
    lane.sees("22:07:00", "cleared", 1, since="21:58:10")
    lane.until("22:20:00")
    assert lane.case().close_reason == "self_cleared"
    lane.sees("22:30:00", "confirmed", 2)
    assert (lane.case().state, lane.case().holder, lane.case().level) == ("returned", "", 0)
    assert (lane.tells[-1].kind, lane.tells[-1].role) == ("reopened", "dispatcher")
    lane.until("23:30:00")
    assert (lane.case().level, levels(lane)) == (3, 3)
    assert lane.does("23:31:00", "dispatch", "dispatcher", to="enforcement").state == "dispatched"
    assert lane.sound()


def test_what_comes_while_somebody_is_at_work_is_theirs(lane: Lane) -> None:
    occupy(lane)
    lane.does("22:04:00", "accept")
    lane.sees("22:05:00", "cleared", 1, since="21:58:10")
    assert lane.sees("23:30:00", "confirmed", 2) is None
    assert (lane.case().incidents, lane.case().cleared_at) == (2, None)


def test_a_false_alarm_does_not_swallow_what_comes_after(lane: Lane) -> None:
    first = occupy(lane)
    lane.does("22:04:00", "reject", "desk", reason="wrong_object")
    second = lane.sees("22:06:00", "confirmed", 2, camera="gate-west")
    assert second not in (None, first)


def test_a_late_event_joins_two_cases_and_both_numbers_stay_known(lane: Lane) -> None:
    first = occupy(lane)
    lane.sees("22:05:00", "cleared", 1, since="21:58:10")
    second = lane.sees("22:50:00", "confirmed", 3, since="22:45:00")
    assert second not in (None, first)
    # A box that was offline tells only now what it saw in between.
    lane.sees("22:51:00", "cleared", 2, since="22:10:00", camera="gate-west")
    case = lane.case()
    assert len(lane.cases()) == 2, "the first has closed by itself: it is left alone"
    assert case.case_no == first


def test_open_cases_that_turn_out_to_be_one_are_merged(lane: Lane) -> None:
    first = occupy(lane)
    lane.now = at("22:50:00")  # nothing has ticked: the first is still open, and long quiet
    second = lane.sees("22:50:00", "confirmed", 3, since="22:45:00")
    assert second not in (None, first)
    lane.sees("22:51:00", "ongoing", 1, since="21:58:10")
    case = lane.case()
    assert (len(lane.cases()), case.case_no, case.incidents) == (1, first, 2)
    with lane.database.read() as session:
        gone = store.get_case(session, second or "")
    assert gone is not None
    assert (gone.case.state, gone.case.merged_into) == ("merged", first)
    assert lane.sound()


def test_people_merge_and_take_apart(lane: Lane) -> None:
    first = occupy(lane)
    elsewhere = incident_event("confirmed", 1, number=500, incident=50, since=NOW)
    with lane.write() as session:
        second = store.merge(session, taken(elsewhere), lane.now, SHANGHAI).case_no
    assert second is not None
    with pytest.raises(Refused, match="no other case"):
        lane.does("22:04:00", "merge", "desk", number=second, case_no=second)
    merged = lane.does("22:04:00", "merge", "desk", number=second, case_no=first)
    assert (merged.state, merged.merged_into) == ("merged", first)
    assert lane.case(first).incidents == 2
    apart = lane.does("22:05:00", "unmerge", "desk", number=second)
    assert (apart.state, apart.incidents, lane.case(first).incidents) == ("filed", 1, 1)
    assert lane.sound()


@pytest.mark.parametrize("heard", ["22:04:00", "23:10:00"])
def test_what_is_taken_apart_again_climbs_again(lane: Lane, heard: str) -> None:
    first = occupy(lane)
    elsewhere = incident_event("confirmed", 1, number=500, incident=50, since=NOW)
    with lane.write() as session:
        second = store.merge(session, taken(elsewhere), lane.now, SHANGHAI).case_no
    lane.does(heard, "merge", "desk", number=second or "", case_no=first)
    lane.until("25:00:00")
    before = len(lane.tells)
    lane.does("25:00:00", "unmerge", "desk", number=second or "")
    lane.until("26:00:00")
    mine = [one for one in lane.tells[before:] if one.case_no == second]
    told = [one.role for one in mine if one.kind == "escalated"]
    levels = ["dispatcher", "duty_leader", "leader"]
    assert told == (levels if heard > "23" else ["leader"])
    assert "overdue" in [one.kind for one in mine]
    assert lane.case(second or "").level == 3
    assert lane.sound()


def test_what_was_sent_back_and_called_off_is_the_dispatchers_again(lane: Lane) -> None:
    first = occupy(lane)
    elsewhere = incident_event("confirmed", 1, number=500, incident=50, since=NOW)
    with lane.write() as session:
        second = store.merge(session, taken(elsewhere), lane.now, SHANGHAI).case_no or ""
    lane.does("22:04:00", "dispatch", "dispatcher", number=second, to="enforcement")
    for action, role in (("merge", "desk"), ("unmerge", "desk"), ("return", "handler")):
        lane.does("22:05:00", action, role, number=second, case_no=first, note="不是我们的")  # type: ignore[arg-type]
    for action in ("merge", "unmerge"):
        lane.does("22:06:00", action, "desk", number=second, case_no=first)  # type: ignore[arg-type]
    again = [(one.org, one.role) for one in lane.tells if one.kind == "again"]
    assert again == [("enforcement", ""), ("", "dispatcher")]


def test_a_camera_under_confirmation_asks_the_desk(lane: Lane) -> None:
    with lane.write() as session:
        camera = ("pujin", "box-01", "gate-east")
        store.set_camera_mode(session, camera, "confirm", "admin", lane.now)
    occupy(lane)
    case = lane.case()
    assert (case.state, case.deadlines.official_at) == ("pending_file", None)
    lane.until("22:18:10")
    assert [one.kind for one in lane.tells] == ["queued", "reminded"]
    lane.until("23:03:10")
    assert [one.kind for one in lane.tells] == ["queued", "reminded", "unattended", "unattended"]
    assert lane.case().state == "pending_file"
    case = lane.does("23:20:00", "confirm", "desk")
    assert (case.state, case.verdict) == ("filed", "true")
    assert case.deadlines.internal_at == at("23:50:00")
    with lane.database.read() as session:
        (one,) = store.list_cameras(session)
    assert (one.mode, one.record.confirmed, one.proposed) == ("confirm", 1, None)


def test_a_trusted_camera_files_what_another_one_had_only_asked_for(lane: Lane) -> None:
    with lane.write() as session:
        camera = ("pujin", "box-01", "gate-east")
        store.set_camera_mode(session, camera, "confirm", "admin", lane.now)
    occupy(lane)
    assert lane.sees("22:05:00", "confirmed", 2, camera="gate-west") is None
    assert lane.case().state == "filed"


def test_a_shadow_camera_only_records(lane: Lane) -> None:
    with lane.write() as session:
        camera = ("pujin", "box-01", "gate-east")
        store.set_camera_mode(session, camera, "shadow", "admin", lane.now)
    lane.sees("21:58:10", "warned")
    assert lane.sees("22:03:10", "confirmed", since="21:58:10") is None
    assert lane.cases() == []
    with lane.database.read() as session:
        assert len(store.list_incidents(session, store.Page())) == 1


def test_what_a_box_permits_is_recorded_and_says_so(lane: Lane) -> None:
    lane.sees("21:58:10", "warned", mode="permitted")
    assert lane.sees("22:03:10", "confirmed", since="21:58:10", mode="permitted") is None
    with lane.database.read() as session:
        (kept,) = store.list_incidents(session, store.Page())
    assert (kept.live, kept.braked, kept.case_no) == (False, False, None)


def test_a_storm_files_one_device_case_and_no_more_lanes(database: Database) -> None:
    verdicts = []
    with database.write() as session:
        for n in range(12):
            since = SINCE + timedelta(seconds=30 * n)
            event = incident_event(number=n + 1, incident=n + 1, camera="gate-east", since=since)
            verdicts.append(store.merge(session, taken(event), NOW, SHANGHAI).case_no)
        # Another camera goes on as ever.
        calm = incident_event(number=90, incident=90, camera="gate-west")
        assert store.merge(session, taken(calm), NOW, SHANGHAI).case_no
    assert [bool(number) for number in verdicts] == [True] * 8 + [False] * 4
    with database.read() as session:
        found = store.list_cases(session, store.CaseFilter(scene="device"), store.Page()).items
    (storm,) = found
    assert (storm.case_no[:3], storm.place, storm.severity) == ("DV-", "gate-east", "storm")


def test_noise_is_one_case_per_place_and_evening(database: Database) -> None:
    numbers = []
    with database.write() as session:
        for n, hour in enumerate((0, 2, 14)):
            since = SINCE + timedelta(hours=hour)
            event = incident_event(
                number=n + 1,
                incident=n + 1,
                scene="square_dance",
                severity="over_limit",
                place="SQ-1",
                since=since,
            )
            numbers.append(store.merge(session, taken(event), NOW, SHANGHAI).case_no)
    assert [bool(number) for number in numbers] == [True, False, True]


def test_a_forged_row_or_state_is_found(lane: Lane) -> None:
    occupy(lane)
    lane.does("22:04:00", "accept")
    assert lane.sound()
    with pytest.raises(Exception, match="append-only"), lane.write() as session:
        session.execute(text("UPDATE transitions SET actor = 'x'"))
    with pytest.raises(Exception, match="append-only"), lane.write() as session:
        session.execute(text("DELETE FROM transitions"))
    with lane.write() as session:
        session.execute(text("UPDATE cases SET state = 'closed'"))
    with lane.database.read() as session:
        ((_, broken),) = store.check_logs(session)
    assert broken.why == "state is 'closed', its log says 'accepted'"


def test_a_missing_case_is_found(database: Database) -> None:
    with database.write() as session:
        for n in range(3):
            event = incident_event(number=n + 1, incident=n + 1)
            store.merge(session, taken(event), NOW, SHANGHAI)
    with database.write() as session:
        for table in ("timers", "case_incidents"):
            session.execute(text(f"DELETE FROM {table} WHERE case_id = 2"))
        session.execute(text("UPDATE cases SET case_no = 'FL-20200101-0001' WHERE id = 2"))
    with database.read() as session:
        found = dict(store.check_logs(session))
    assert set(found) == {"FL-20200101-0001", "FL-20261124-0003"}
