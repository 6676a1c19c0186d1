"""Pictures over a real HTTP server: away, slow, refusing, confused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.clock import SystemClock
from edge.events import Ack
from edge.evidence import EvidenceStore
from edge.outbox import Outbox
from edge.uploader import Uploader, UploaderSettings
from tests.delivery import EvidenceServer, device_event, picture_ref
from tests.support import free_port, wait_for

CANARY = "c4n4ry-t0ken"


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    made = Outbox(tmp_path / "outbox.db")
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence")


@pytest.fixture
def server() -> Iterator[EvidenceServer]:
    with EvidenceServer().serving() as made:
        yield made


def keep(outbox: Outbox, store: EvidenceStore, jpeg: bytes) -> str:
    sha256 = store.put(jpeg)
    outbox.put(device_event(), [picture_ref(jpeg)])
    return sha256


def uploader(url: str, outbox: Outbox, store: EvidenceStore) -> Uploader:
    return Uploader(UploaderSettings(url, CANARY), outbox, store, SystemClock())


def done(outbox: Outbox) -> bool:
    return not outbox.pictures_to_upload(1)


def test_pictures_arrive_under_their_hash_and_with_the_token(
    server: EvidenceServer, outbox: Outbox, store: EvidenceStore
) -> None:
    first = keep(outbox, store, b"first")
    sender = uploader(server.url + "/", outbox, store)
    sender.start()
    second = keep(outbox, store, b"second" * 50_000)
    wait_for(lambda: done(outbox), 10)
    assert sender.healthy(SystemClock().ts())
    assert sender.stop()
    assert server.got == {first: b"first", second: b"second" * 50_000}
    assert {authorization for _, authorization in server.requests} == {f"Bearer {CANARY}"}


def test_a_picture_that_central_needs_again_is_sent_again(
    server: EvidenceServer, outbox: Outbox, store: EvidenceStore
) -> None:
    sha256 = keep(outbox, store, b"jpeg")
    sender = uploader(server.url, outbox, store)
    sender.start()
    wait_for(lambda: done(outbox), 10)
    outbox.apply(Ack(epoch=outbox.epoch, need_evidence=[sha256]), 0.0)
    wait_for(lambda: len(server.requests) == 2, 10)
    sender.stop()


@pytest.mark.parametrize("status", [302, 401, 404, 409, 429, 500])
def test_what_may_change_is_tried_again(
    status: int, server: EvidenceServer, outbox: Outbox, store: EvidenceStore
) -> None:
    server.answers = [status]
    sha256 = keep(outbox, store, b"jpeg")
    with capture_logs() as logs:
        sender = uploader(server.url, outbox, store)
        sender.start()
        wait_for(lambda: done(outbox), 15)
        sender.stop()
    assert sha256 in server.got
    names = [line["event"] for line in logs]
    assert names == ["evidence_not_taken", "evidence_not_taken_over"]
    assert logs[0]["reason"] == f"HTTP {status}"


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_central_will_never_take_is_set_aside_with_the_reason(
    status: int, server: EvidenceServer, outbox: Outbox, store: EvidenceStore
) -> None:
    bad = keep(outbox, store, b"bad")
    server.always[bad] = status
    good = keep(outbox, store, b"good")
    with capture_logs() as logs:
        sender = uploader(server.url, outbox, store)
        sender.start()
        wait_for(lambda: done(outbox), 10)
        sender.stop()
    assert list(server.got) == [good]
    (line,) = [line for line in logs if line["event"] == "picture_quarantined"]
    assert (line["sha256"], line["reason"][:8]) == (bad, f"HTTP {status}")


def test_a_picture_that_always_fails_holds_up_no_other(
    server: EvidenceServer, outbox: Outbox, store: EvidenceStore
) -> None:
    others = [keep(outbox, store, f"old {n}".encode()) for n in range(3)]
    poison = keep(outbox, store, b"poison")
    server.always[poison] = 500
    sender = uploader(server.url, outbox, store)
    sender.start()
    wait_for(lambda: set(server.got) == set(others), 8)
    sender.stop()
    assert [picture.sha256 for picture in outbox.pictures_to_upload(9)] == [poison]


def test_a_file_that_is_gone_is_said_and_set_aside(
    server: EvidenceServer, outbox: Outbox, store: EvidenceStore
) -> None:
    store.remove(keep(outbox, store, b"gone"))
    with capture_logs() as logs:
        sender = uploader(server.url, outbox, store)
        sender.start()
        wait_for(lambda: done(outbox), 10)
        sender.stop()
    assert [line["reason"] for line in logs] == ["its file is gone"]


def test_a_central_that_is_away_is_found_when_it_comes(
    outbox: Outbox, store: EvidenceStore, capfd: pytest.CaptureFixture[str]
) -> None:
    server = EvidenceServer()
    server.port = free_port()
    with capture_logs() as logs:
        sender = uploader(server.url, outbox, store)
        sender.start()
        sha256 = keep(outbox, store, b"jpeg")
        wait_for(lambda: logs, 10)
        with server.serving():
            wait_for(lambda: done(outbox), 20)
        sender.stop()
    assert sha256 in server.got
    assert [line["event"] for line in logs] == ["evidence_not_taken", "evidence_not_taken_over"]
    out, err = capfd.readouterr()
    assert CANARY not in repr(logs) + out + err + repr(sender._settings)


@pytest.mark.parametrize("token", ["c4n4ry\nX: y", "c4n4ry 2", "字"])
def test_a_token_that_cannot_be_one_is_refused_without_repeating_it(
    token: str, outbox: Outbox, store: EvidenceStore
) -> None:
    with pytest.raises(ValueError, match="token") as caught:
        Uploader(UploaderSettings("http://h", token), outbox, store, SystemClock())
    assert "c4n4ry" not in str(caught.value)


def test_old_pictures_are_forgotten_when_they_are_done(
    server: EvidenceServer, outbox: Outbox, store: EvidenceStore
) -> None:
    long_ago = SystemClock().wall() - timedelta(days=31)
    sha256 = store.put(b"old")
    event = outbox.put(device_event(wall=long_ago), [picture_ref(b"old", long_ago)])
    recent = SystemClock().wall()
    young = store.put(b"young")
    outbox.put(device_event(wall=recent), [picture_ref(b"young", recent)])
    outbox.apply(Ack(epoch=outbox.epoch, filed=[event.id]), 0.0)
    outbox.uploaded(sha256)
    settings = replace(UploaderSettings(server.url), keep=timedelta(days=30))
    sender = Uploader(settings, outbox, store, SystemClock())
    sender.start()
    wait_for(lambda: done(outbox), 10)
    sender.stop()
    assert store.get(sha256) is None
    assert store.get(young) == b"young"
    assert outbox.known_pictures() == {young}
