"""What the outbox promises, one promise at a time."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge.events import MAX_EVENT_BYTES, Ack, Rejection, parse_event
from edge.outbox import Outbox, OutboxError
from tests.delivery import WALL, accounted, device_event, picture_ref

LIMITS = (100, 1_000_000)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "outbox.db", rng=lambda: 0.5)
    yield made
    made.close()


def reopened(outbox: Outbox, tmp_path: Path) -> Outbox:
    outbox.close()
    return Outbox(tmp_path / "outbox.db", rng=lambda: 0.5)


def test_put_numbers_the_event_and_keeps_its_canonical_bytes(outbox: Outbox) -> None:
    first, second = (outbox.put(device_event()) for _ in range(2))
    assert (first.seq, second.seq) == (1, 2)
    assert first.epoch == second.epoch == outbox.epoch
    rows = outbox.due(0.0, *LIMITS)
    assert [parse_event(row.body) for row in rows] == [first, second]


def test_the_database_is_safe_against_power_cuts(outbox: Outbox) -> None:
    assert outbox._db.one("PRAGMA synchronous") == 2  # FULL
    assert outbox._db.one("PRAGMA journal_mode") == "wal"


def test_everything_is_there_after_reopening(outbox: Outbox, tmp_path: Path) -> None:
    ref = picture_ref(b"jpeg")
    event = outbox.put(device_event(), [ref], {"zone": b"one"})
    outbox.put(device_event(), state={"zone": b"two", "other": b""})
    again = reopened(outbox, tmp_path)
    assert again.epoch == event.epoch
    assert [row.seq for row in again.due(0.0, *LIMITS)] == [1, 2]
    assert (again.load_state("zone"), again.load_state("other")) == (b"two", b"")
    assert again.load_state("nothing") is None
    assert [picture.sha256 for picture in again.pictures_to_upload(9)] == [ref.sha256]
    assert again.put(device_event()).seq == 3


def test_numbers_are_never_given_twice_even_when_the_rows_are_gone(
    outbox: Outbox, tmp_path: Path
) -> None:
    event = outbox.put(device_event())
    outbox.apply(Ack(epoch=outbox.epoch, filed=[event.id]), 0.0)
    outbox.prune(WALL + timedelta(days=1))
    assert accounted(outbox) == {}
    assert reopened(outbox, tmp_path).put(device_event()).seq == 2


def test_two_files_have_two_epochs(outbox: Outbox, tmp_path: Path) -> None:
    assert Outbox(tmp_path / "other.db").epoch != outbox.epoch


def test_an_event_that_is_too_large_is_a_bug_and_changes_nothing(outbox: Outbox) -> None:
    event = device_event()
    huge = event.model_copy(
        update={"data": event.data.model_copy(update={"detail": "x" * MAX_EVENT_BYTES})}
    )
    with pytest.raises(ValueError, match="bytes"):
        outbox.put_all([(device_event(), []), (huge, [picture_ref(b"jpeg")])], {"zone": b"new"})
    assert outbox.depth() == 0
    assert outbox.load_state("zone") is None
    assert outbox.pictures_to_upload(9) == []
    assert outbox.put(device_event()).seq == 1


def test_the_same_event_twice_is_a_bug(outbox: Outbox) -> None:
    event = outbox.put(device_event())
    with pytest.raises(ValueError, match="before"):
        outbox.put(event, state={"zone": b"new"})
    assert outbox.load_state("zone") is None


def test_only_an_acknowledgement_settles(outbox: Outbox) -> None:
    event = outbox.put(device_event())
    outbox.sent(event.seq, 0.0)
    outbox.taken(event.seq)
    assert outbox.depth() == 1
    outbox.apply(Ack(epoch=outbox.epoch, filed=[event.id]), 1.0)
    assert outbox.depth() == 0
    assert accounted(outbox) == {event.id: "filed"}


def test_a_duplicate_counts_as_filed(outbox: Outbox) -> None:
    event = outbox.put(device_event())
    for _ in range(2):
        outbox.apply(Ack(epoch=outbox.epoch, duplicate=[event.id, "unknown"]), 1.0)
    assert (outbox.depth(), outbox.stats(WALL).filed_total) == (0, 1)


def test_a_rejected_event_is_quarantined_with_its_reason(outbox: Outbox, tmp_path: Path) -> None:
    event, good = outbox.put(device_event()), outbox.put(device_event())
    verdict = Rejection(id=event.id, code="bad_place", reason="no such place")
    outbox.apply(Ack(epoch=outbox.epoch, rejected=[verdict], filed=[good.id]), 0.0)
    assert outbox.depth() == 0
    (kept,) = reopened(outbox, tmp_path).quarantined()
    assert (kept.event_id, kept.reason) == (event.id, "bad_place: no such place")


def test_what_is_filed_cannot_be_rejected_afterwards(outbox: Outbox) -> None:
    event = outbox.put(device_event())
    outbox.apply(Ack(epoch=outbox.epoch, filed=[event.id]), 0.0)
    outbox.apply(Ack(epoch=outbox.epoch, rejected=[Rejection(id=event.id, code="late")]), 0.0)
    assert outbox.quarantined() == []


def test_an_acknowledgement_of_another_epoch_is_counted_and_ignored(outbox: Outbox) -> None:
    event = outbox.put(device_event())
    outbox.apply(Ack(epoch="0" * 32, filed=[event.id]), 0.0)
    assert (outbox.depth(), outbox.stats(WALL).foreign_acks_total) == (1, 1)


def test_filed_events_that_central_misses_are_sent_again(outbox: Outbox) -> None:
    events = [outbox.put(device_event()) for _ in range(5)]
    rung: list[int] = []
    outbox.listen(lambda: rung.append(1))
    outbox.apply(Ack(epoch=outbox.epoch, filed=[event.id for event in events]), 0.0)
    assert (outbox.depth(), rung) == (0, [])
    outbox.apply(Ack(epoch=outbox.epoch, missing=[(2, 3), (5, 2**70)]), 0.0)
    assert [row.seq for row in outbox.due(0.0, *LIMITS)] == [2, 3, 5]
    assert rung == [1]


def test_a_queued_event_that_central_misses_keeps_its_timer(outbox: Outbox) -> None:
    event = outbox.put(device_event())
    outbox.sent(event.seq, 0.0)
    outbox.apply(Ack(epoch=outbox.epoch, missing=[(1, 1)]), 1.0)
    assert outbox.due(1.0, *LIMITS) == []
    assert outbox.depth() == 1


def test_a_question_does_not_end_centrals_silence(outbox: Outbox) -> None:
    event = outbox.put(device_event())
    outbox.sent(1, 0.0)
    outbox.apply(Ack(epoch=outbox.epoch, missing=[(7, 9)]), 19.0)
    assert outbox.central_silent(25.0)
    outbox.apply(Ack(epoch=outbox.epoch, duplicate=[event.id]), 25.0)
    assert not outbox.central_silent(26.0)


def test_the_limit_of_bytes_holds_but_never_blocks_for_ever(outbox: Outbox) -> None:
    for _ in range(4):
        outbox.put(device_event("x" * 300))
    size = len(outbox.due(0.0, *LIMITS)[0].body)
    assert len(outbox.due(0.0, 100, 2 * size)) == 2
    assert len(outbox.due(0.0, 100, size // 2, idle=True)) == 1
    assert outbox.due(0.0, 100, size // 2, idle=False) == []


def test_pictures_are_pending_until_uploaded_and_again_when_needed(outbox: Outbox) -> None:
    old, new = picture_ref(b"old"), picture_ref(b"new")
    outbox.put(device_event(), [old])
    outbox.put(device_event(), [new, old])
    assert [picture.sha256 for picture in outbox.pictures_to_upload(9)] == [new.sha256, old.sha256]
    outbox.uploaded(new.sha256)
    outbox.quarantine_picture(old.sha256, "its file is gone")
    assert outbox.pictures_to_upload(9) == []
    assert outbox.known_pictures() == {old.sha256, new.sha256}
    outbox.apply(
        Ack(epoch=outbox.epoch, need_evidence=[new.sha256, old.sha256, "f" * 64]), now_ts=0.0
    )
    assert [picture.sha256 for picture in outbox.pictures_to_upload(9)] == [new.sha256]


def test_pruning_takes_only_what_is_done_and_old(outbox: Outbox) -> None:
    day = timedelta(days=1)
    done = outbox.put(device_event(wall=WALL - 40 * day), [picture_ref(b"a", WALL - 40 * day)])
    queued = outbox.put(device_event(wall=WALL - 40 * day), [picture_ref(b"b", WALL - 40 * day)])
    recent = outbox.put(device_event(wall=WALL), [picture_ref(b"c")])
    for jpeg in (b"a", b"c"):
        outbox.uploaded(picture_ref(jpeg).sha256)
    outbox.apply(Ack(epoch=outbox.epoch, filed=[done.id, recent.id]), 0.0)
    assert outbox.prune(WALL - 30 * day) == [picture_ref(b"a").sha256]
    assert accounted(outbox) == {queued.id: "queued", recent.id: "filed"}


def test_age_and_counts(outbox: Outbox) -> None:
    assert outbox.oldest_s(WALL) == 0.0
    outbox.put(device_event(wall=WALL))
    outbox.put(device_event(wall=WALL + timedelta(seconds=50)), [picture_ref(b"jpeg")])
    outbox.sent(1, 0.0)
    outbox.sent(1, 9.0)
    stats = outbox.stats(WALL + timedelta(seconds=90))
    assert (stats.depth, stats.unsent, stats.oldest_s, stats.pictures_pending) == (2, 1, 90.0, 1)
    assert (stats.sent_total, stats.resent_total) == (1, 1)
    assert outbox.oldest_s(WALL - timedelta(days=1)) == 0.0


def fill(outbox: Outbox) -> None:
    for _ in range(200):
        outbox.put(device_event("x" * 400), state={"zone": b"z" * 4000})


def test_a_full_disk_is_told_and_nothing_is_half_done(outbox: Outbox) -> None:
    outbox.put(device_event())
    pages = outbox._db.one("PRAGMA page_count")
    outbox._db.one(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(OutboxError, match="full"):
        fill(outbox)
    depth = outbox.depth()
    outbox._db.one("PRAGMA max_page_count = 100000")
    assert outbox.put(device_event()).seq == depth + 1


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 99").close(), "newer"),
        (lambda path: path.mkdir(), "unable to open"),
    ],
)
def test_a_file_that_is_not_an_outbox_is_refused(tmp_path: Path, make, complaint: str) -> None:
    path = tmp_path / "outbox.db"
    make(path)
    with pytest.raises(OutboxError, match=complaint):
        Outbox(path)


def _garbage(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


def _torn(path: Path) -> None:
    made = Outbox(path)
    for _ in range(200):
        made.put(device_event("x" * 400))
    made.close()
    body = bytearray(path.read_bytes())
    body[8192:40960] = b"\xff" * 32768
    path.write_bytes(body)


@pytest.mark.parametrize("breaks", [_garbage, _torn])
def test_a_broken_file_is_moved_aside_told_and_kept(tmp_path: Path, breaks) -> None:
    path = tmp_path / "outbox.db"
    for number in (1, 2):
        breaks(path)
        broken = path.read_bytes()
        made = Outbox(path)
        assert made.moved_aside == tmp_path / f"outbox.db.broken-{number}"
        assert made.moved_aside.read_bytes() == broken
        assert made.put(device_event()).seq == 1
        made.close()
        path.unlink()


def test_a_sound_file_stays_where_it_is(outbox: Outbox, tmp_path: Path) -> None:
    assert reopened(outbox, tmp_path).moved_aside is None


def test_two_programs_cannot_use_one_outbox(outbox: Outbox, tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="another program"):
        Outbox(tmp_path / "outbox.db")
    outbox.put(device_event())
    assert reopened(outbox, tmp_path).depth() == 1
