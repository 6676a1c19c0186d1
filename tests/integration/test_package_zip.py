"""The ZIP of a package: checked by sha256sum and by `verify`, masked unless asked for raw."""

import hashlib
import io
import json
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from central.cli import app
from central.package.canonical import seal_of
from central.package.files import CHUNK_BYTES, Chosen, Content
from central.package.shapes import Package
from central.package.verifying import NoPackage, check_package
from central.package.zipping import zipped
from central.tables import AuditTable
from tests.central.events import picture
from tests.central.packed import Packed, act, make_packed
from tests.central.site import open_site
from tests.integration.test_photos import send


@pytest.fixture
def packed(tmp_path: Path) -> Iterator[Packed]:
    with open_site(tmp_path) as site:
        yield make_packed(site, tmp_path)


def hand_in(packed: Packed) -> bytes:
    """A photo of what was done; the file as it is kept."""
    client, csrf = packed.site.person("handler", org="property-jinyuan")
    client.headers["x-csrf-token"] = csrf
    version = act(packed.site, client, packed.case_no, "accept")["version"]
    sent = send(client, packed.case_no, picture("done"), csrf=csrf, version=str(version))
    assert sent.status_code == 303, sent.text
    detail = client.get(f"/api/v1/cases/{packed.case_no}").json()
    (after,) = (one["sha256"] for one in detail["evidence"] if one["role"] == "after")
    content: bytes = packed.site.app.state.evidence.path_of(after).read_bytes()
    return content


def archive(packed: Packed, role: str = "desk", **query: bool) -> bytes:
    client, _ = packed.site.person(role, f"z-{role}")  # type: ignore[arg-type]
    answer = client.get(f"/api/v1/cases/{packed.case_no}/package.zip", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    return answer.content


def pictures_in(content: bytes) -> dict[str, bytes]:
    """Role to bytes of the pictures in an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        names = [name for name in found.namelist() if name.startswith("pictures/")]
        return {name.split("-")[1]: found.read(name) for name in names}


def pixels(jpeg: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.int16)


@pytest.mark.parametrize("raw", [False, True])
def test_sha256sum_agrees_with_every_file(packed: Packed, tmp_path: Path, raw: bool) -> None:
    hand_in(packed)
    folder = tmp_path / "out"
    with zipfile.ZipFile(io.BytesIO(archive(packed, "administrator", raw=raw))) as found:
        assert found.testzip() is None
        found.extractall(folder)
    command = ["sha256sum", "-c", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = {line.partition(": ")[0] for line in done.stdout.splitlines()}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert listed == there - {"SHA256SUMS"}
    assert "sha256sum -c SHA256SUMS" in (folder / "README.txt").read_text("utf-8")
    with (folder / "manifest.json").open("ab") as file:
        file.write(b" ")
    spoilt = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert spoilt.returncode == 1


def test_what_leaves_is_masked_and_made_from_pixels(packed: Packed) -> None:
    hand_in(packed)
    found = pictures_in(archive(packed))
    assert set(found) == {"confirmed_masked", "cleared_masked"}
    for role, jpeg in found.items():
        assert np.abs(pixels(jpeg) - pixels(packed.jpegs[role])).mean() < 1
        assert jpeg != packed.jpegs[role]
        assert hashlib.sha256(jpeg).hexdigest() not in {packed.sha256(one) for one in packed.jpegs}


def test_raw_has_the_bytes_that_the_events_name_and_the_photo(packed: Packed) -> None:
    photo = hand_in(packed)
    found = pictures_in(archive(packed, "administrator", raw=True))
    assert found == packed.jpegs | {"after": photo}


def test_raw_is_for_those_who_may_see_originals_and_each_one_is_written_down(
    packed: Packed,
) -> None:
    path = f"/api/v1/cases/{packed.case_no}/package.zip"
    got = {}
    for role in ("observer", "desk", "dispatcher", "handler", "verifier", "leader"):
        got[role] = packed.site.person(role)[0].get(path, params={"raw": True}).status_code  # type: ignore[arg-type]
    assert set(got.values()) == {403}
    assert packed.site.program("read").get(path, params={"raw": True}).status_code == 200
    content = archive(packed)
    with packed.site.database.read() as session:
        wanted = select(AuditTable).where(AuditTable.action == "package_exported")
        rows = [(row.actor, json.loads(row.detail)) for row in session.scalars(wanted)]
    assert [(who, did["raw"], did["files"]) for who, did in rows] == [
        ("token:t-read", True, 9),
        ("z-desk", False, 7),
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        manifest = json.loads(found.read("manifest.json"))
    assert rows[1][1]["manifest_sha256"] == manifest["manifest_sha256"]


def test_a_picture_that_is_not_here_or_not_readable_is_left_out(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        packed = make_packed(site, tmp_path, missing=("confirmed_masked", "confirmed"))
        site.app.state.evidence.path_of(packed.sha256("cleared_masked")).write_bytes(b"\xff\xd8")
        assert pictures_in(archive(packed)) == {}
        assert set(pictures_in(archive(packed, "administrator", raw=True))) == {
            "confirmed_original",
            "cleared_masked",
        }


def verify(content: bytes, folder: Path) -> tuple[int, str]:
    """What the command says of an archive."""
    path = folder / "package.zip"
    path.write_bytes(content)
    done = CliRunner().invoke(app, ["package", "verify", str(path)])
    return done.exit_code, done.output


@pytest.mark.parametrize("raw", [False, True])
def test_verify_finds_a_package_sound(packed: Packed, tmp_path: Path, raw: bool) -> None:
    hand_in(packed)
    code, said = verify(archive(packed, "administrator", raw=raw), tmp_path)
    assert code == 0, said
    assert f"package of {packed.case_no} sound" in said
    assert "5 signed events" in said


Change = Callable[[dict[str, bytes]], None]


def _pixel(files: dict[str, bytes]) -> None:
    name = next(name for name in files if name.startswith("pictures/"))
    files[name] += b"x"


def _summed_pixel(files: dict[str, bytes]) -> None:
    """A picture and its sum are changed, not the manifest."""
    name = next(name for name in files if name.startswith("pictures/"))
    old = hashlib.sha256(files[name]).hexdigest().encode()
    files[name] += b"x"
    new = hashlib.sha256(files[name]).hexdigest().encode()
    files["SHA256SUMS"] = files["SHA256SUMS"].replace(old, new)


def _resealed(change: Callable[[dict[str, object]], None]) -> Change:
    """A change of the manifest with all sums made anew."""

    def do(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        change(manifest)
        manifest["manifest_sha256"] = seal_of(manifest)
        files["manifest.json"] = json.dumps(manifest).encode()
        sums = {n: hashlib.sha256(b).hexdigest() for n, b in files.items() if n != "SHA256SUMS"}
        files["SHA256SUMS"] = "".join(f"{d}  {n}\n" for n, d in sums.items()).encode()

    return do


def _unsealed(files: dict[str, bytes]) -> None:
    files["manifest.json"] = files["manifest.json"].replace(b'"occupied"', b'"blocked"')


def _gone(files: dict[str, bytes]) -> None:
    del files[next(name for name in files if name.startswith("events/"))]


def _added(files: dict[str, bytes]) -> None:
    files["pictures/more.jpg"] = b"more"


CHANGES: dict[str, tuple[Change, str]] = {
    "picture": (_pixel, "its content was changed"),
    "picture and sum": (_summed_pixel, "not the file that the manifest names"),
    "manifest": (_unsealed, "its manifest_sha256 is another one"),
    "file taken out": (_gone, "it is missing"),
    "file put in": (_added, "SHA256SUMS does not name it"),
    "row of the log": (
        _resealed(lambda m: m["log"][1].update(actor="nobody")),  # type: ignore[attr-defined, index]
        "log row 2: its content was changed",
    ),
    "row cut out": (
        _resealed(lambda m: m["log"].pop(1)),  # type: ignore[attr-defined]
        "log row 2: it is missing",
    ),
    "last row cut off": (
        _resealed(lambda m: m["log"].pop()),  # type: ignore[attr-defined]
        "its last row is not log_head",
    ),
    "signature": (
        _resealed(
            lambda m: m["incidents"][0]["events"][0]["seal"].update(  # type: ignore[index]
                signature="A" * 86 + "=="
            )
        ),
        "the signature does not belong to these bytes",
    ),
    "key": (
        _resealed(
            lambda m: m["incidents"][0]["events"][0]["seal"].update(public_key="00" * 32)  # type: ignore[index]
        ),
        "its key is not the one that it names",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_verify_names_what_was_changed(packed: Packed, tmp_path: Path, name: str) -> None:
    change, says = CHANGES[name]
    with zipfile.ZipFile(io.BytesIO(archive(packed))) as found:
        files = {one: found.read(one) for one in found.namelist()}
    change(files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as forged:
        for one, content in files.items():
            forged.writestr(one, content)
    code, said = verify(made.getvalue(), tmp_path)
    assert code == 1
    assert says in said


def test_what_is_no_package_is_refused_in_words(packed: Packed, tmp_path: Path) -> None:
    whole = archive(packed)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packing:
        packing.writestr("manifest.json", b"0" * 10_000_000)
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as packing:
        packing.writestr("manifest.json", "[" * 100_000)
    contents = (b"", b"PK", whole[: len(whole) // 2], bomb.getvalue(), empty.getvalue())
    for content in contents:
        code, said = verify(content, tmp_path)
        assert (code, said.startswith("jinmu-central: ")) == (2, True), said


def test_no_byte_of_a_package_can_be_turned_unseen(packed: Packed, tmp_path: Path) -> None:
    """Whatever single byte of content is changed, it is found or the file is no package."""
    whole = archive(packed)
    path = tmp_path / "turned.zip"
    with zipfile.ZipFile(io.BytesIO(whole)) as found:
        first = [info.header_offset + 30 + len(info.filename) for info in found.infolist()]
        sizes = [info.file_size for info in found.infolist()]
    rng = np.random.default_rng(3)
    for begin, size in zip(first, sizes, strict=True):
        at = begin + int(rng.integers(size))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert check_package(path).faults, at
        except NoPackage:
            continue


def test_it_is_made_in_pieces_however_large_a_picture_is(packed: Packed, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(24 * 1024 * 1024))
    reader = packed.site.program("read")
    package = Package.model_validate(reader.get(f"/api/v1/cases/{packed.case_no}/package").json())
    chosen = (Chosen(Content("pictures/large.jpg", large), "original", "0" * 64),)
    tracemalloc.start()
    longest = total = 0
    for piece in zipped(package, chosen, raw=True):
        longest, total = max(longest, len(piece)), total + len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 24 * 1024 * 1024
    assert longest < CHUNK_BYTES + 64 * 1024
    assert peak < 4 * 1024 * 1024


def test_the_page_has_a_button_for_it_and_for_originals_who_may(packed: Packed) -> None:
    masked = f'href="/api/v1/cases/{packed.case_no}/package.zip"'
    raw = f'href="/api/v1/cases/{packed.case_no}/package.zip?raw=true"'
    for role, may in (("observer", False), ("leader", False), ("administrator", True)):
        client, _ = packed.site.person(role, f"p-{role}")  # type: ignore[arg-type]
        page = client.get(f"/cases/{packed.case_no}", headers={"accept": "text/html"}).text
        assert (masked in page, raw in page) == (True, may), role
        assert "证据包" in page
