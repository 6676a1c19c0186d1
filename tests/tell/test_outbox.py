"""The outbox: one state per message whatever happens, at the pace of its channel."""

import threading

import pytest

from central.db import Database
from central.tell import outbox
from central.tell.book import Book
from central.tell.message import Refused, SlowDown, TryAgain
from tests.tell.desk import Desk, Spy, message

BOOK = Book.model_validate(
    {
        "channels": [
            {"name": "robot", "kind": "wecom_robot", "key": "k", "pictures": True},
            {"name": "grid", "kind": "dingtalk_robot", "access_token": "t"},
            {"name": "hook", "kind": "webhook", "url": "https://a.example/x",
             "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]},
        ],
        "parties": {
            "lead": [{"channel": "robot", "to": ["13800000001"]}],
            "inform": [{"channel": "grid"}],
            "wuye-01": [{"channel": "robot"}, {"channel": "hook"}],
        },
    }
)  # fmt: skip
PLAIN = Book.model_validate(
    {"channels": [{"name": "robot", "kind": "wecom_robot", "key": "k"}],
     "parties": {"lead": [{"channel": "robot"}]}}
)  # fmt: skip


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database, PLAIN)


def test_a_message_is_addressed_once_and_sent_once(desk: Desk) -> None:
    spy = Spy()
    desk.tell(message())
    desk.tell(message(), message())  # the same key is the same message
    desk.run(desk.sender("robot", spy), 5)
    assert [out.title for out in spy.sent] == ["【占用】消防通道 FL-1"]
    assert spy.sent[0].link == "https://jinmu.example/cases/FL-20261124-0001"
    assert desk.states() == ["sent"]


def test_each_party_hears_on_its_channels_and_unknown_ones_as_their_kind_does(
    database: Database,
) -> None:
    desk = Desk(database, BOOK)
    desk.tell(message(1, party="wuye-01"), message(2, party="nobody-knows"),
              message(3, kind="notice", party="inform"), message(4, kind="escalation"))  # fmt: skip
    told = [(row.channel, row.recipient, row.picture) for row in desk.rows() if row.channel]
    assert told == [
        ("robot", "", False), ("robot", "", True), ("hook", "", False),
        ("robot", "13800000001", False), ("robot", "13800000001", True),
        ("grid", "", False), ("robot", "13800000001", False),
    ]  # fmt: skip
    assert [row.state for row in desk.rows(channel="")] == ["addressed"] * 4
    desk.book = Book()


def test_who_is_informed_hears_after_who_must_act(database: Database) -> None:
    desk, lead, grid = Desk(database, BOOK), Spy(), Spy()
    desk.tell(message(1, kind="notice", party="inform"), message(2))
    senders = desk.sender("robot", lead), desk.sender("grid", grid)
    for sender in senders:
        desk.run(sender)
    assert (len(lead.sent), len(grid.sent)) == (1, 0)
    desk.run(senders[1], 6)
    assert len(grid.sent) == 1


def test_without_channels_a_message_is_unheard_and_nothing_is_dead(database: Database) -> None:
    desk = Desk(database, Book())
    desk.tell(message())
    assert [row.state for row in desk.rows()] == ["unheard"]


def test_what_the_case_no_longer_needs_is_withdrawn(desk: Desk) -> None:
    spy = Spy()
    desk.tell(message())
    with desk.database.write() as session:
        outbox.tell(session, [message(1, key="later")], desk.clock())
        assert outbox.withdraw(session, "FL-20261124-0001", "handled", desk.clock()) == 2
    desk.run(desk.sender("robot", spy), 5)
    assert spy.sent == []
    assert [row.state for row in desk.rows()] == ["addressed", "withdrawn", "withdrawn"]


def test_who_was_told_hears_that_it_is_over_and_nobody_else(desk: Desk) -> None:
    spy = Spy()
    sender = desk.sender("robot", spy)
    desk.tell(message())
    desk.run(sender)
    desk.tell(message(2))
    for case_no in ("FL-20261124-0001", "FL-20261124-0002"):
        for _ in range(2):  # the same step again tells nothing again
            with desk.database.write() as session:
                outbox.recall(session, case_no, "cleared-1", "现场已恢复", desk.clock())
    desk.run(sender, 5)
    assert [out.title for out in spy.sent] == [
        "【占用】消防通道 FL-1", "【无需处置】FL-20261124-0001",
    ]  # fmt: skip


def test_failures_are_tried_again_after_one_five_and_thirty_minutes_then_are_dead(
    desk: Desk,
) -> None:
    spy = Spy(faults=[TryAgain("no answer in time")] * 4)
    sender = desk.sender("robot", spy)
    desk.tell(message())
    for after_s, tries in ((59, 1), (2, 2), (298, 2), (2, 3), (1799, 3)):
        desk.run(sender, 0)
        desk.run(sender, after_s, after_s)
        assert desk.rows(channel="robot")[0].tries == tries, after_s
    desk.run(sender, 4)
    row = desk.rows(channel="robot")[0]
    assert (row.state, row.tries, row.reason) == ("dead", 4, "no answer in time")
    desk.run(sender, 7200, 600)
    assert spy.sent == []
    with desk.database.write() as session:
        assert outbox.retry_dead(session, row.id, desk.clock())
        assert not outbox.retry_dead(session, row.id, desk.clock())
    desk.run(sender)
    assert len(spy.sent) == 1
    assert not spy.sent[0].repeated


def test_what_will_never_be_taken_is_dead_at_once(desk: Desk) -> None:
    spy = Spy(faults=[Refused("refused (HTTP 404)")])
    desk.tell(message())
    desk.run(desk.sender("robot", spy), 120, 10)
    assert desk.states() == ["dead"]
    desk.clerk.step()
    assert desk.metrics.untold.labels("robot", "dead")._value.get() == 1


def test_a_muted_channel_is_silent_and_loses_no_try(desk: Desk) -> None:
    spy = Spy(faults=[SlowDown("too many messages (errcode 45009)", 600)])
    sender = desk.sender("robot", spy)
    desk.tell(message())
    desk.run(sender)
    desk.tell(message(2, urgent=True))
    desk.run(sender, 590, 10)
    assert spy.sent == []
    assert [row.tries for row in desk.rows(channel="robot")] == [0, 0]
    desk.run(sender, 30)
    assert [out.urgent for out in spy.sent] == [True, False]


def test_a_robot_is_never_sent_more_than_twenty_a_minute(desk: Desk) -> None:
    moments: list[float] = []
    spy = Spy()
    spy.send = lambda out: (moments.append(desk.clock().timestamp()), spy.sent.append(out))[0]  # type: ignore[method-assign]
    sender = desk.sender("robot", spy)
    for number in range(60):  # all urgent: none may hide in a digest
        with desk.database.write() as session:
            outbox.tell(session, [message(number, urgent=True)], desk.clock())
    desk.tell()
    desk.run(sender, 300)
    assert len(moments) == 60
    assert [out.title for out in spy.sent] == [f"【占用】消防通道 FL-{n}" for n in range(60)]
    assert max(len([m for m in moments if at <= m <= at + 60]) for at in moments) <= 20


def test_a_restart_gives_no_second_allowance(desk: Desk) -> None:
    spy = Spy()
    desk.tell(*(message(number, urgent=True) for number in range(20)))
    for _ in range(5):
        desk.run(desk.sender("robot", spy))
    assert len(spy.sent) == 5


def test_above_ten_waiting_messages_come_as_one(desk: Desk) -> None:
    spy = Spy()
    desk.tell(*(message(number) for number in range(30)), message(99, urgent=True))
    desk.run(desk.sender("robot", spy))
    assert [out.kind for out in spy.sent] == ["task", "digest"]
    assert spy.sent[0].urgent, "the blocked lane overtakes"
    assert spy.sent[1].title == "【汇总】30 条消息"
    assert spy.sent[1].text.count("FL-20261124-") == 30
    assert len(spy.sent[1].text.encode()) <= 1800
    assert spy.sent[1].link == "https://jinmu.example/cases"
    assert set(desk.states()) == {"sent"}


def test_ten_are_not_a_flood(desk: Desk) -> None:
    spy = Spy()
    desk.tell(*(message(number) for number in range(10)))
    desk.run(desk.sender("robot", spy), 60)
    assert [out.kind for out in spy.sent] == ["task"] * 10


def test_a_picture_follows_when_it_is_there_and_is_given_up_quietly(database: Database) -> None:
    desk, spy = Desk(database, BOOK), Spy()
    desk.pictures["FL-20261124-0001"] = b"jpeg"
    desk.tell(message(1), message(2))
    sender = desk.sender("robot", spy)
    desk.run(sender)
    assert [out.picture for out in spy.sent] == [None, None]
    desk.run(sender, 12)
    assert [out.picture for out in spy.sent] == [None, None, b"jpeg"]
    desk.run(sender, 4000, 100)
    assert [row.state for row in desk.rows(picture=True)] == ["sent", "withdrawn"]


def test_what_a_dead_sender_held_is_sent_again_and_says_so(desk: Desk) -> None:
    desk.tell(message())
    lane = PLAIN.channels[0].lane
    with desk.database.write() as session:
        held = outbox.claim(session, lane, desk.clock())
        assert not isinstance(held, float)
    spy = Spy()
    sender = desk.sender("robot", spy)
    desk.run(sender, 40, 5)
    desk.clerk.step()
    assert desk.states() == ["sending"], "its sender may still be alive"
    desk.clock.forward(seconds=10)
    desk.clerk.step()
    desk.run(sender)
    assert [out.title for out in spy.sent] == ["【可能重复】【占用】消防通道 FL-1"]
    with desk.database.write() as session:  # the dead one wakes up: it has nothing to say any more
        assert outbox.settle(session, lane, held, outbox.Ending(None, desk.clock())) == "late"
    assert desk.states() == ["sent"]


def test_where_a_repetition_is_dropped_the_text_stays_the_same(desk: Desk) -> None:
    desk.tell(message())
    with desk.database.write() as session:
        outbox.claim(session, PLAIN.channels[0].lane, desk.clock())
    desk.clock.forward(seconds=60)
    desk.clerk.step()
    spy = Spy(repeats_are_harmless=True)
    desk.run(desk.sender("robot", spy))
    assert [(out.title, out.repeated) for out in spy.sent] == [("【占用】消防通道 FL-1", True)]


def test_what_kills_its_sender_every_time_ends_as_a_dead_letter(desk: Desk) -> None:
    desk.tell(message())
    for _ in range(4):
        with desk.database.write() as session:
            assert not isinstance(
                outbox.claim(session, PLAIN.channels[0].lane, desk.clock()), float
            )
        desk.clock.forward(seconds=60)
        desk.clerk.step()
    assert desk.states() == ["dead"]


def test_senders_side_by_side_send_each_message_once_and_keep_the_limit(desk: Desk) -> None:
    desk.tell(*(message(number, urgent=True) for number in range(40)))
    spies = [Spy() for _ in range(4)]

    def work(spy: Spy) -> None:
        sender = desk.sender("robot", spy)
        for _ in range(4):
            while sender.step() == 0.0:
                pass

    threads = [threading.Thread(target=work, args=(spy,)) for spy in spies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = [out.id for spy in spies for out in spy.sent]
    assert len(sent) == len(set(sent)) == 5
