"""Pictures: signed addresses, the worker that decodes, and names that try to leave the folder."""

import hashlib
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import cv2
import httpx2
import numpy as np
import pytest

from central import auth, store
from central.auth.links import LINK_LIFE, link_key, signed_path
from central.auth.rights import Principal
from central.renditions import Renditions, Unreadable
from tests.central.site import open_site
from tests.security.routes import Cast, make_cast
from tests.support import measured, wait_for


@pytest.fixture
def cast(tmp_path: Path) -> Iterator[Cast]:
    with open_site(tmp_path) as site:
        yield make_cast(site)


def folder_of(cast: Cast) -> str:
    return f"/api/v1/evidence/{cast.sha256}"


def link(cast: Cast, caller: str, **wanted: object) -> str:
    answer = cast.caller(caller).post(f"{folder_of(cast)}/links", json=wanted)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    return url


def test_a_link_opens_its_picture_to_a_stranger_and_the_view_bears_its_owners_name(
    cast: Cast,
) -> None:
    seen = cast.caller("anon").get(link(cast, "desk"))
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    with cast.site.database.read() as session:
        newest = store.list_audit(session)[:2]
    assert [(row.action, row.actor) for row in newest] == [
        ("evidence_viewed", "u-desk"),
        ("evidence_linked", "u-desk"),
    ]
    assert newest[0].detail == '{"by":"link","variant":"shown"}'


def test_a_link_lives_five_minutes_at_most(cast: Cast) -> None:
    url, short = link(cast, "read"), link(cast, "read", seconds=20)
    cast.site.clock.forward(seconds=21)
    assert cast.caller("anon").get(short).status_code == 401
    assert cast.caller("anon").get(url).status_code == 200
    cast.site.clock.forward(seconds=280)
    assert cast.caller("anon").get(url).status_code == 401
    assert cast.caller("read").post(f"{folder_of(cast)}/links", json={"seconds": 301}).is_error


def test_a_link_that_was_signed_for_too_long_is_not_honoured(cast: Cast) -> None:
    key, owner = cast.site.app.state.link_key, Principal("u-desk", "user", "desk")
    path, now = f"{folder_of(cast)}/shown", cast.site.clock()
    for life, status in ((LINK_LIFE, 200), (LINK_LIFE + timedelta(seconds=2), 401)):
        url = signed_path(key, path, owner, now + life)
        assert cast.caller("anon").get(url).status_code == status


@pytest.mark.parametrize(
    "change",
    [
        {"user": "u-administrator"},
        {"user": "token:t-read"},
        {"user": ""},
        {"expires": "9999999999"},
        {"expires": "x"},
        {"expires": ""},
        {"signature": "0" * 64},
        {"signature": ""},
        {"signature": "é"},
    ],
)
def test_a_changed_link_opens_nothing(cast: Cast, change: dict[str, str]) -> None:
    parts = urlsplit(link(cast, "desk"))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | change
    answer = cast.caller("anon").get(f"{parts.path}?{urlencode(query)}")
    assert answer.status_code == 401


def test_a_link_opens_nothing_but_its_own_path(cast: Cast) -> None:
    query = urlsplit(link(cast, "read")).query
    stranger = cast.caller("anon")
    for path in (folder_of(cast), f"{folder_of(cast)}/thumbnail", "/api/v1/cases", "/metrics"):
        assert stranger.get(f"{path}?{query}").status_code == 401
    assert stranger.get(f"/cases?{query}").status_code == 303
    assert stranger.put(f"{folder_of(cast)}?{query}").status_code == 401
    assert stranger.post(f"{folder_of(cast)}/links?{query}", json={}).status_code == 401


def test_a_link_gives_no_more_than_its_owner_may(cast: Cast) -> None:
    wanted = {"variant": "original"}
    assert cast.caller("desk").post(f"{folder_of(cast)}/links", json=wanted).status_code == 403
    original = cast.caller("anon").get(link(cast, "administrator", **wanted))
    assert original.content == cast.jpeg


def test_a_link_ends_with_its_owner(cast: Cast) -> None:
    person, program = link(cast, "desk"), link(cast, "read")
    with cast.site.database.write() as session:
        auth.set_disabled(session, "u-desk", True, cast.site.clock())
        auth.revoke_token(session, "t-read", cast.site.clock())
    assert [cast.caller("anon").get(url).status_code for url in (person, program)] == [401, 401]


def test_the_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = link_key(tmp_path)
    assert link_key(tmp_path) == key
    assert (tmp_path / "link-key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "link-key").write_bytes(b"half")  # an end while it was made
    assert len(link_key(tmp_path)) == 32


NAMES = [
    "..", "../..", "../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%252f..%252fetc%252fpasswd", "..\\..\\etc\\passwd",
    "..%5c..%5cetc%5cpasswd", "....//....//etc/passwd", "..;/..;/etc/passwd", "/etc/passwd",
    "%2fetc%2fpasswd", "//etc/passwd", "%00", "a%00.jpg", "link-key", "../link-key",
    "%2e%2e%2flink-key",
    "../jinmu.db", "..%2fjinmu.db", "jinmu.db-wal", "~root/.ssh/id_rsa", "file:///etc/passwd",
    "%c0%ae%c0%ae%c0%afetc%c0%afpasswd", "%uff0e%uff0e%u2215etc", "．．／etc／passwd", "..%c1%9c..",
    "A" * 64, "g" * 64, "0" * 63, "0" * 65, "0" * 64 + ".jpg", "0" * 64 + "%00", "0" * 64 + "%0a",
    "%0a" + "0" * 64, "0" * 64 + "/..", "０" * 64, "0" * 5000, " " * 64, "-" * 64, "0x" + "0" * 62,
    "0" * 64 + "/../../link-key", "0" * 64 + "%2f..%2f..%2flink-key", "con", "aux.jpg", "*", "?",
    "%", "%zz", "\u202e" + "0" * 63, "..%ef%bc%8f..%ef%bc%8fetc", ".git/config", ".env",
    "static/../../x",
]  # fmt: skip
FOLDERS = ("/api/v1/evidence/{}", "/api/v1/evidence/{}/shown", "/api/v1/evidence/{}/thumbnail",
           "/static/{}", "/static/js/{}")  # fmt: skip


def refused(answer: httpx2.Response) -> bool:
    """Refused by a route or, for an address that no route should see, by the guard (400)."""
    if answer.status_code == 400:
        return set(answer.json()) == {"code", "detail"} and answer.json()["code"] == "refused"
    return answer.status_code in (303, 307, 401, 403, 404, 422)


def test_no_name_leaves_the_folder_of_any_file_route(cast: Cast) -> None:
    assert len(set(NAMES)) >= 50
    secrets_ = (b"root:", cast.site.app.state.link_key, b"SQLite format 3")
    for caller in ("anon", "read", "administrator"):
        client = cast.caller(caller)
        for folder in FOLDERS:
            for name in NAMES:
                answer = client.get(folder.format(name))
                assert refused(answer), (folder, name, answer.status_code, answer.text[:200])
                goal = answer.headers.get("location", "/")
                assert goal.removeprefix("http://testserver")[:2] not in ("//", "ht"), (
                    folder,
                    name,
                )
                assert not any(secret in answer.content for secret in secrets_)
    measured(
        "path traversal",
        f"{len(NAMES)} names on {len(FOLDERS)} file routes, 3 callers: 0 through",
        "dots, backslashes, encodings, NUL, overlong UTF-8, look-alikes, symbolic links",
    )


def test_a_symbolic_link_in_the_folder_is_not_followed(cast: Cast, tmp_path: Path) -> None:
    path = cast.site.app.state.evidence.path_of(cast.sha256)
    secret = tmp_path / "elsewhere.jpg"
    secret.write_bytes(cast.jpeg)
    path.unlink()
    path.symlink_to(secret)
    for tail in ("", "/shown", "/thumbnail"):
        assert cast.caller("administrator").get(folder_of(cast) + tail).status_code == 404


def large(width: int = 900, height: int = 500) -> bytes:
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1])


class Shelf:
    """Originals in a folder, and what is made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = Renditions(folder / "renditions")
        self.made.set_up()

    def path(self, content: bytes) -> Path:
        sha256 = hashlib.sha256(content).hexdigest()
        original = self.folder / f"{sha256}.jpg"
        original.write_bytes(content)
        return self.made.path_of(sha256, "thumbnail", original)

    @property
    def worker(self) -> int:
        assert self.made._worker is not None
        return self.made._worker.pid


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.made.close()


def test_a_thumbnail_is_made_once_and_kept(shelf: Shelf) -> None:
    path = shelf.path(large())
    assert max(cv2.imread(str(path)).shape) == 320
    made_at = path.stat().st_mtime_ns
    shelf.made.close()
    assert shelf.path(large()).stat().st_mtime_ns == made_at
    assert shelf.made._worker is None, "nobody was asked again"


def test_the_worker_is_limited_and_knows_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINMU_DATABASE_URL", "postgresql://jinmu:kanarie@db/jinmu")
    shelf.path(large())
    limits = Path(f"/proc/{shelf.worker}/limits").read_text()
    (memory,) = [line.split() for line in limits.splitlines() if line.startswith("Max address")]
    assert int(memory[3]) == int(memory[4]) == 768 * 1024 * 1024
    assert "kanarie" not in Path(f"/proc/{shelf.worker}/environ").read_text()


def test_a_worker_that_died_is_replaced(shelf: Shelf) -> None:
    shelf.path(large())
    os.kill(shelf.worker, signal.SIGKILL)
    with pytest.raises(Unreadable):  # this one it took along; the next is well again
        shelf.path(large(901))
    assert shelf.path(large(902)).is_file()


@pytest.mark.parametrize("width", [901, 1900])  # the larger one fills the pipe
def test_a_worker_that_hangs_is_killed_in_time_and_asked_once_only(
    shelf: Shelf, width: int
) -> None:
    content, patience_s = large(width, width), shelf.made.limit_s
    shelf.path(large())
    shelf.made.limit_s = 0.5
    stuck = Path(f"/proc/{shelf.worker}")
    os.kill(shelf.worker, signal.SIGSTOP)
    with pytest.raises(Unreadable):
        shelf.path(content)
    wait_for(lambda: not stuck.exists(), 5, "its end")
    with pytest.raises(Unreadable):
        shelf.path(content)  # remembered: no worker was started for it
    assert shelf.made._worker is None
    shelf.made.limit_s = patience_s
    assert shelf.path(large(903)).is_file()


def test_a_picture_may_cost_a_certain_amount_of_work(shelf: Shelf) -> None:
    """Not of time: a busy machine must not condemn a sound picture for ever."""
    allowed_s, shelf.made.cpu_s = shelf.made.cpu_s, 0.05
    with pytest.raises(Unreadable):
        shelf.path(large(4000, 2000))
    shelf.made.cpu_s = allowed_s
    assert shelf.path(large(904)).is_file()
