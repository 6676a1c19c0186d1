"""When which event is sent again."""

import pytest

from edge.schedule import (
    ACK_TIMEOUT_S,
    PROBE_EVERY_S,
    RETRY_CAP_S,
    SILENT_AFTER_S,
    WINDOW,
    Schedule,
)

NO_JITTER = 0.5


def schedule(*seqs: int) -> Schedule:
    return Schedule(seqs, lambda: NO_JITTER)


def test_the_newest_go_first_and_in_their_order() -> None:
    assert schedule(1, 2, 3, 4, 5).due(0.0, 2, idle=True) == [4, 5]


def test_a_live_event_overtakes_the_backlog() -> None:
    queue = schedule(*range(1, 1001))
    queue.sent(1000, 0.0)
    queue.add(1001)
    assert queue.due(0.0, 1, idle=True) == [1001]


def test_what_was_sent_waits_for_its_time_and_then_backs_off() -> None:
    queue = schedule(1)
    now_ts, waits = 0.0, []
    for _ in range(8):
        queue.sent(1, now_ts)
        queue.progress(now_ts)  # central lives, it only does not know this one
        wait_s = next(s for s in range(1, 1000) if queue.due(now_ts + s, 1, idle=True))
        waits.append(wait_s)
        queue.progress(now_ts + wait_s - 0.5)
        now_ts += wait_s
    assert waits[0] == ACK_TIMEOUT_S
    assert waits == sorted(waits)
    assert max(waits) <= RETRY_CAP_S


def test_while_central_is_silent_only_probes_go_out() -> None:
    queue = schedule(*range(1, 11))
    for seq in range(6, 11):
        queue.sent(seq, 0.0)
    silent_ts = SILENT_AFTER_S + 1
    assert queue.silent(silent_ts)
    sent = []
    for tenth in range(600):
        now_ts = silent_ts + tenth / 10
        for seq in queue.due(now_ts, 19, idle=True):
            queue.sent(seq, now_ts)
            sent.append(seq)
    assert 10 <= len(sent) <= 60 / PROBE_EVERY_S + 1
    assert set(sent) == set(range(1, 11))  # and not always the same one


def test_after_a_silence_the_first_word_of_central_lets_everything_go() -> None:
    queue = schedule(*range(1, 101))
    for seq in range(51, 101):
        for _ in range(6):
            queue.sent(seq, 0.0)  # each of them would wait minutes by now
    queue.settled(100)
    assert len(queue.due(30.0, 1000, idle=True)) == 1
    queue.progress(30.0)
    sent: set[int] = set()
    for second in range(30, 60):
        for seq in queue.due(float(second), 1000, idle=True):
            queue.sent(seq, float(second))
            queue.settled(seq)
            queue.progress(float(second))
            sent.add(seq)
    assert sent == set(range(1, 100))


def test_a_dead_central_holds_only_a_window_of_events_in_flight() -> None:
    queue = schedule(*range(1, 2001))
    for tenth in range(int(10 * ACK_TIMEOUT_S)):
        for seq in queue.due(tenth / 10, 50, idle=True):
            queue.sent(seq, tenth / 10)
    assert 2000 - WINDOW <= queue.unsent < 2000


def drained(queue: Schedule, per_s: int, limit_s: int) -> tuple[int, int]:
    """A central that takes in so many a second, in order, without end to its queue."""
    waiting: list[int] = []
    repeated = 0
    for tenth in range(limit_s * 10):
        now_ts = tenth / 10
        for seq in queue.due(now_ts, 19, idle=True):
            repeated += not queue.sent(seq, now_ts)
            waiting.append(seq)
        for seq in waiting[: per_s // 10]:
            queue.settled(seq)
        del waiting[: per_s // 10]
        queue.progress(now_ts)
        if len(queue) == 0:
            return tenth // 10, repeated
    return limit_s, repeated


@pytest.mark.parametrize("per_s", [10, 30, 100])
def test_a_slow_central_is_not_drowned_in_repetitions(per_s: int) -> None:
    took_s, repeated = drained(schedule(*range(1, 2001)), per_s, 1000)
    assert took_s < 1.5 * 2000 / per_s + 10
    assert repeated < 2000 // 4


def test_what_happens_now_does_not_wait_for_the_window() -> None:
    queue = schedule(*range(1, 1001))
    while sent := queue.due(0.0, 19, idle=True):
        for seq in sent:
            queue.sent(seq, 0.0)
    queue.add(1001)
    assert queue.due(0.0, 19, idle=True) == [1001]


def test_what_was_lost_is_not_forgotten_over_a_long_backlog() -> None:
    queue = schedule(*range(1, 1001))
    queue.sent(1000, 0.0)
    queue.progress(4.0)
    assert 1000 in queue.due(ACK_TIMEOUT_S, 19, idle=True)


def test_a_new_connection_sends_again_soon_what_the_old_one_may_have_lost() -> None:
    queue = schedule(1)
    for _ in range(6):
        queue.sent(1, 0.0)
    queue.reset(3.0)
    assert queue.due(3.0, 1, idle=True) == []
    assert queue.due(4.0, 1, idle=True) == [1]


def test_an_event_that_breaks_connections_goes_alone_last_and_ever_more_rarely() -> None:
    queue = schedule(1, 2)
    for _ in range(3):
        queue.sent(1, 0.0)
        queue.broken([1], 0.0)
        queue.reset(0.0)
    assert queue.due(60.0, 5, idle=True) == [2]
    queue.sent(2, 60.0)
    queue.progress(60.0)
    assert queue.due(60.0, 5, idle=False) == []
    assert queue.due(60.0, 5, idle=True) == [1]
    queue.sent(1, 60.0)
    queue.taken(1)
    queue.reset(61.0)
    assert sorted(queue.due(62.0, 5, idle=False)) == [1, 2]


def test_what_is_settled_is_never_due() -> None:
    queue = schedule(1, 2)
    queue.sent(2, 0.0)
    queue.settled(1)
    queue.settled(2)
    assert (len(queue), queue.due(1e6, 5, idle=True)) == (0, [])


@pytest.mark.parametrize("limit", [0, -3])
def test_no_room_means_nothing(limit: int) -> None:
    assert schedule(1).due(0.0, limit, idle=True) == []
