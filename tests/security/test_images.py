"""Pictures as attackers send them: memory, work, and what comes out at the other end (goal B2)."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from tests.central.server import Server
from tests.security.images import PLAIN, SECRETS, Case, cases, exif
from tests.support import measured

CASES = list(cases())
MAX_GROWTH_BYTES = 150 * 1024 * 1024
MAX_CPU_S = 1.0


def rss_bytes(pid: int) -> int:
    """Resident memory of a process and its children."""
    return own_rss_bytes(pid) + sum(rss_bytes(child) for child in children_of(pid))


def children_of(pid: int) -> list[int]:
    """Its children, whichever of its threads started them."""
    lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for child in " ".join(lists).split()]


def own_rss_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """Work of a process and its children, those included that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_s(child) for child in children_of(pid))


def peaks_bytes(pid: int) -> dict[int, int]:
    """The most that a process and each of its children ever held."""
    status = Path(f"/proc/{pid}/status").read_text()
    (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    found = {pid: int(kilobytes) * 1024}
    for child in children_of(pid):
        found |= peaks_bytes(child)
    return found


class Door:
    """A running central, with a box that uploads and a program that looks."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.box = self._client(server.token("box", "box"))
        self.reader = self._client(server.token("read", "read"))
        self.warm: dict[int, int] = {}
        self.worst_cpu_s = 0.0

    def _client(self, token: str) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=90)

    def close(self) -> None:
        self.box.close()
        self.reader.close()

    @property
    def pid(self) -> int:
        assert self.server.process is not None
        return self.server.process.pid

    def put(self, content: bytes) -> httpx.Response:
        return self.box.put(self.path(content), content=content)

    def look(self, content: bytes, variant: str) -> httpx.Response:
        return self.reader.get(f"{self.path(content)}/{variant}")

    @staticmethod
    def path(content: bytes) -> str:
        return f"/api/v1/evidence/{hashlib.sha256(content).hexdigest()}"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    server = Server(tmp_path_factory.mktemp("images"), "mqtt://127.0.0.1:1")
    server.start()
    opened = Door(server)
    warm = cv2.imencode(".jpg", np.zeros((90, 160, 3), np.uint8))[1].tobytes()
    opened.put(warm)
    assert opened.look(warm, "shown").status_code == 200  # the worker runs
    opened.warm = peaks_bytes(opened.pid)
    assert len(opened.warm) > 1
    yield opened
    opened.close()
    server.kill()


def test_there_are_forty_and_the_bomb_has_631_bytes() -> None:
    assert len(CASES) >= 40
    assert len({case.content for case in CASES}) == len(CASES)
    assert len(CASES[0].content) == 631


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_picture_costs_little_and_comes_out_clean(door: Door, case: Case) -> None:
    before, own_before, worked_s = rss_bytes(door.pid), own_rss_bytes(door.pid), cpu_s(door.pid)
    put = door.put(case.content)
    if case.fate == "refused":
        assert (put.status_code, put.json()["code"]) == (422, case.code)
        assert door.look(case.content, "shown").status_code == 404
    else:
        assert put.status_code in (200, 201), put.text
        check_looks(door, case)
    cost_s = cpu_s(door.pid) - worked_s
    door.worst_cpu_s = max(door.worst_cpu_s, cost_s)
    assert cost_s <= MAX_CPU_S
    assert own_rss_bytes(door.pid) - own_before <= MAX_GROWTH_BYTES / 3
    assert rss_bytes(door.pid) - before <= MAX_GROWTH_BYTES
    assert door.reader.get("/healthz").status_code == 200


def check_looks(door: Door, case: Case) -> None:
    for variant in ("shown", "thumbnail"):
        seen = door.look(case.content, variant)
        if case.fate == "any" and seen.status_code == 422:
            continue
        assert seen.status_code == (422 if case.fate == "unreadable" else 200)
        if seen.status_code == 200:
            assert seen.headers["content-type"] == "image/jpeg"
            assert seen.content[:3] == b"\xff\xd8\xff"
            assert not [secret for secret in SECRETS if secret in seen.content]
            image = cv2.imdecode(np.frombuffer(seen.content, np.uint8), cv2.IMREAD_COLOR)
            assert image is not None
            assert variant == "shown" or max(image.shape[:2]) <= 320


def test_a_wrong_name_is_refused(door: Door) -> None:
    answer = door.box.put(f"/api/v1/evidence/{'0' * 64}", content=PLAIN)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_hash")


def test_a_turned_picture_is_shown_upright_and_its_original_is_untouched(door: Door) -> None:
    content = exif(6)
    door.put(content)
    seen = cv2.imdecode(np.frombuffer(door.look(content, "shown").content, np.uint8), 1)
    assert seen.shape[:2] == (64, 48)  # it lay on its side: 64 x 48
    original = door.reader.get(door.path(content))
    assert original.content == content
    assert original.headers["content-disposition"].startswith("attachment")


def test_the_whole_lot_leaves_the_server_as_small_as_before(door: Door) -> None:
    before = own_rss_bytes(door.pid)
    for _ in range(3):
        for case in CASES:
            door.put(case.content)
            door.look(case.content, "thumbnail")
    assert own_rss_bytes(door.pid) - before <= MAX_GROWTH_BYTES
    peaks = peaks_bytes(door.pid)
    assert peaks.keys() == door.warm.keys(), "the worker died"
    growth = sum(peak - door.warm[pid] for pid, peak in peaks.items())
    assert growth <= MAX_GROWTH_BYTES
    measured(
        "hostile pictures",
        f"{len(CASES)} cases: at most {growth / 2**20:.0f} MB more and {door.worst_cpu_s:.2f} s of"
        " work, none comes out as it went in",
        "a 631-byte bomb among them; peak of server and worker together, upload to thumbnail",
    )
