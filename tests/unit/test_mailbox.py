"""The mailbox: newest wins, drops are counted, one wait for many streams."""

import threading

from edge.mailbox import Mailbox, take_any
from tests.support import wait_for


def test_the_newest_value_wins_and_the_others_are_counted() -> None:
    box: Mailbox[int] = Mailbox(threading.Condition())
    for value in (1, 2, 3):
        box.put(value)
    assert (box.take(), box.take(), box.drops) == (3, None, 2)


def test_a_value_that_was_taken_is_no_drop() -> None:
    box: Mailbox[int] = Mailbox(threading.Condition())
    for value in (1, 2, 3):
        box.put(value)
        assert box.take() == value
    assert box.drops == 0


def test_one_wait_serves_many_streams_and_none_starves() -> None:
    bell = threading.Condition()
    boxes = {name: Mailbox[int](bell) for name in "abc"}
    for value in range(5):
        boxes["a"].put(value)
    boxes["c"].put(7)
    assert take_any(boxes, bell, timeout_s=0) == {"a": 4, "c": 7}
    assert take_any(boxes, bell, timeout_s=0) == {}


def test_a_waiting_worker_wakes_for_any_of_its_mailboxes() -> None:
    bell = threading.Condition()
    boxes = {name: Mailbox[int](bell) for name in "ab"}
    got: list[dict[str, int]] = []
    worker = threading.Thread(target=lambda: got.append(take_any(boxes, bell, timeout_s=20)))
    worker.start()
    boxes["b"].put(1)
    worker.join(5)
    assert got == [{"b": 1}]


def test_ringing_the_bell_wakes_the_worker_without_a_value() -> None:
    bell = threading.Condition()
    boxes = {"a": Mailbox[int](bell)}
    got: list[dict[str, int]] = []
    worker = threading.Thread(target=lambda: got.append(take_any(boxes, bell, timeout_s=20)))
    worker.start()

    def ring() -> bool:
        with bell:
            bell.notify_all()
        return bool(got)

    wait_for(ring, 5)
    assert got == [{}]


def test_writers_and_a_reader_at_once_lose_nothing_but_what_is_counted() -> None:
    bell = threading.Condition()
    boxes = {name: Mailbox[int](bell) for name in "abcd"}

    def write(box: Mailbox[int]) -> None:
        for value in range(500):
            box.put(value)

    writers = [threading.Thread(target=write, args=(box,)) for box in boxes.values()]
    for writer in writers:
        writer.start()
    taken: dict[str, list[int]] = {name: [] for name in boxes}
    while any(writer.is_alive() for writer in writers) or any(box.full for box in boxes.values()):
        for name, value in take_any(boxes, bell, timeout_s=0.01).items():
            taken[name].append(value)
    for name, box in boxes.items():
        assert len(taken[name]) + box.drops == 500
        assert taken[name] == sorted(taken[name])
        assert taken[name][-1] == 499
