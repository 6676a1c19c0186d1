"""The pace of a channel, and texts that fit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.cases.table import TABLE
from central.store.telling import OVER
from central.tell.about import ASKS, Call, Facts, message_about
from central.tell.limits import MAX_TRIES, Rate, full, next_try, take
from central.tell.texts import cut, digest, one_line

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@settings(deadline=None)
@given(
    st.lists(st.floats(min_value=0, max_value=30), min_size=1, max_size=80),
    st.sampled_from([Rate(20, 5), Rate(20, 1), Rate(1, 1), Rate(2, 1)]),
)
def test_no_minute_ever_sees_more_than_the_limit(waits: list[float], rate: Rate) -> None:
    at, bucket, sent = NOW, full(rate, NOW), []
    for wait_s in waits:
        at += timedelta(seconds=wait_s)
        for _ in range(rate.burst + 1):
            bucket, left_s = take(bucket, rate, at)
            if left_s > 0:
                break
            sent.append(at)
    for first in sent:
        minute = [one for one in sent if first <= one <= first + timedelta(seconds=60)]
        assert len(minute) <= rate.per_minute


def test_a_robot_says_about_twenty_a_minute_and_then_waits() -> None:
    rate, bucket, sent = Rate(20, 5), full(Rate(20, 5), NOW), 0
    for second in range(600):
        bucket, wait_s = take(bucket, rate, NOW + timedelta(seconds=second))
        sent += wait_s == 0
    assert 130 <= sent <= 145, "the limit is used, not only kept"


def test_a_clock_that_goes_back_gives_no_tokens() -> None:
    rate = Rate(20, 1)
    bucket, _ = take(full(rate, NOW), rate, NOW)
    earlier, wait_s = take(bucket, rate, NOW - timedelta(hours=1))
    assert wait_s > 0
    _, wait_s = take(earlier, rate, NOW + timedelta(seconds=1))
    assert wait_s > 0


@pytest.mark.parametrize(
    ("tries", "chance", "after_s"),
    [(1, 0.5, 60), (2, 0.5, 300), (3, 0.5, 1800), (1, 0.0, 48), (1, 1.0, 72), (3, 0.0, 1440)],
)
def test_tries_are_one_five_and_thirty_minutes_apart(
    tries: int, chance: float, after_s: float
) -> None:
    assert next_try(tries, NOW, chance) == NOW + timedelta(seconds=after_s)


def test_after_the_last_try_it_is_given_up() -> None:
    assert MAX_TRIES == 4
    assert next_try(4, NOW, 0.5) is None


@given(st.text(), st.integers(min_value=0, max_value=80))
def test_a_cut_text_fits_and_is_whole(text: str, limit: int) -> None:
    made = cut(text, limit)
    assert len(made.encode()) <= limit
    clean = text.encode("utf-8", "replace").decode()
    assert made == clean or made == "" or clean.startswith(made[:-1])


@pytest.mark.parametrize(
    ("text", "limit", "made"),
    [
        ("消防通道堵塞", 18, "消防通道堵塞"),
        ("消防通道堵塞", 17, "消防通道…"),
        ("消防通道堵塞", 14, "消防通…"),
        ("消防", 2, ""),
        ("ae\u0301xy", 5, "a…"),
        ("👨\u200d👩 ok", 8, "…"),
        ("", 0, ""),
    ],
)
def test_texts_are_cut_on_the_borders_of_characters(text: str, limit: int, made: str) -> None:
    assert cut(text, limit) == made


def test_a_digest_says_how_many_it_does_not_show() -> None:
    lines = [f"案件 {n}" for n in range(100)]
    made = digest(lines, 200)
    assert len(made.encode()) <= 200
    shown = made.count("案件")
    assert made.endswith(f"另有 {100 - shown} 条")
    assert digest(["a", "b"], 100) == "a\nb"
    assert digest(["长" * 100] * 3, 30) == "共 3 条"


FACTS = Facts("FL-20261124-0007", "fire_lane", "FL-0317", "blocked", NOW)


def test_a_message_says_what_it_asks_of_whom_and_each_has_its_key() -> None:
    calls = [("dispatched", "wuye-01"), ("assist", "juwei"), ("informed", "grid-3")]
    made = [message_about(FACTS, Call(what, party, "dispatch-2")) for what, party in calls]
    assert [(m.kind, m.party) for m in made] == [
        ("task", "wuye-01"), ("task", "juwei"), ("notice", "grid-3"),
    ]  # fmt: skip
    assert all(message.urgent for message in made)
    assert "堵塞" in made[0].title
    assert "已通知主责" in made[2].text
    again = message_about(FACTS, Call("dispatched", "wuye-01", "dispatch-5"))
    assert len({message.key for message in (*made, again)}) == 4


def test_a_message_says_where_to_go_and_until_when() -> None:
    there = replace(
        FACTS,
        place_name="东门消防通道",
        address="锦苑小区东门内",
        accept_at=NOW + timedelta(minutes=5),
        official_at=NOW + timedelta(hours=1),
    )
    sent = message_about(there, Call("dispatched", "wuye-01", "dispatch-2"))
    assert "东门消防通道 (FL-0317)" in sent.title
    assert "地址 锦苑小区东门内" in sent.text
    assert f"请于 {there.accept_at:%H:%M} 前接单" in sent.text
    assert f"处置时限 {there.official_at:%m-%d %H:%M}" in sent.text
    informed = message_about(there, Call("informed", "grid-3", "dispatch-2")).text
    assert "地址" in informed
    assert "处置时限" not in informed


def test_an_escalation_names_its_level() -> None:
    mild = replace(FACTS, severity="occupied")
    made = message_about(mild, Call("escalated", "leader", "escalate-4", 3, urgent=True))
    assert (made.kind, made.party, made.urgent) == ("escalation", "leader", True)
    assert "3 级催办" in made.text
    assert not message_about(mild, Call("dispatched", "wuye-01", "dispatch-2")).urgent


def test_every_turn_that_the_workflow_tells_has_its_words() -> None:
    turns = {kind for rule in TABLE for kind in rule.tells}
    assert turns - set(ASKS) == {"recalled"}
    recalling = {rule.action for rule in TABLE if "recalled" in rule.tells}
    assert recalling == set(OVER)


def test_texts_of_others_stay_on_their_line() -> None:
    assert one_line("a\r\nBcc: x\x00\u202eb") == "a Bcc: x b"
