"""Identities from the command line, and what central's HTTP door makes of them."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from central import auth, upgrade
from central.ca import CaError, load_authority, new_key, own_authority, private_pem, write_private
from central.clock import utc_now
from central.db import Database
from central.tables import EvidenceTable
from edge.errors import ConfigError
from edge.evidence import EvidenceStore
from edge.identity import load_identity
from edge.outbox import Outbox
from edge.request_signing import Signature
from edge.seal import SignedRequest
from edge.signing import Signer
from edge.uploader import Uploader, UploaderSettings
from tests.brokers import Broker
from tests.central.events import NOW, picture, ref
from tests.central.server import Server
from tests.central.site import Site, open_site
from tests.delivery import ManualClock, device_event, picture_ref
from tests.identity import Office
from tests.support import wait_for


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "central", *arguments],
        env=os.environ | {"JINMU_DATA_DIR": str(folder / "central")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def serials(crl: Path) -> set[int]:
    found = x509.load_pem_x509_crl(crl.read_bytes())
    return {one.serial_number for one in found}


def certificate(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def test_the_life_of_an_identity(tmp_path: Path) -> None:
    out, crl = tmp_path / "box-01", tmp_path / "central/ca/crl.pem"
    done = run(tmp_path, "box", "enrol", "pujin", "box-01", "--out", str(out))
    assert done.returncode == 0, done.stderr
    files = {file.name: file.stat().st_mode & 0o777 for file in out.iterdir()}
    assert files == {
        "ca.pem": 0o644,
        "box.pem": 0o644,
        "box.key": 0o600,
        "signing.key": 0o600,
        "streams-snippet.yaml": 0o644,
    }
    assert (tmp_path / "central/ca/ca.key").stat().st_mode & 0o777 == 0o600
    identity = load_identity(out, "pujin", "box-01")
    first = certificate(out / "box.pem")
    life = first.not_valid_after_utc - first.not_valid_before_utc
    assert timedelta(days=90) <= life < timedelta(days=91)
    first.verify_directly_issued_by(certificate(out / "ca.pem"))
    assert serials(crl) == set()
    again = run(tmp_path, "box", "enrol", "pujin", "box-01", "--out", str(out))
    assert (again.returncode, "renew" in again.stderr) == (2, True)

    keys = [(out / name).read_bytes() for name in ("box.key", "signing.key")]
    assert run(tmp_path, "box", "renew", "pujin", "box-01", "--out", str(out)).returncode == 0
    second = certificate(out / "box.pem")
    assert second.serial_number != first.serial_number
    assert second.public_key() == first.public_key()
    assert [(out / name).read_bytes() for name in ("box.key", "signing.key")] == keys

    listed = run(tmp_path, "box", "list").stdout
    assert listed.startswith(f"pujin/box-01\tkey {identity.signer.key_id}\t")
    assert "active" in listed
    revoked = run(tmp_path, "box", "revoke", "pujin", "box-01", "--reason", "stolen")
    assert revoked.returncode == 0
    assert serials(crl) == {first.serial_number, second.serial_number}
    assert "revoked" in run(tmp_path, "box", "list").stdout
    assert run(tmp_path, "box", "revoke", "pujin", "box-01").returncode == 2
    assert run(tmp_path, "box", "renew", "pujin", "box-01", "--out", str(out)).returncode == 2
    actions = run(tmp_path, "audit", "show").stdout
    assert actions.count("box_enrolled") == 2
    assert actions.count("box_revoked") == 1


def test_the_site_s_own_authority_signs_and_its_key_is_not_copied(tmp_path: Path) -> None:
    own_authority(tmp_path / "site", utc_now())
    options = (
        "--ca-cert",
        str(tmp_path / "site/ca.pem"),
        "--ca-key",
        str(tmp_path / "site/ca.key"),
    )
    out = tmp_path / "box"
    done = run(tmp_path, "box", "enrol", "pujin", "box-01", "--out", str(out), *options)
    assert done.returncode == 0, done.stderr
    certificate(out / "box.pem").verify_directly_issued_by(certificate(tmp_path / "site/ca.pem"))
    assert not (tmp_path / "central/ca/ca.key").exists()
    half = run(tmp_path, "box", "enrol", "pujin", "box-02", "--out", str(out), *options[:2])
    assert (half.returncode, "belong together" in half.stderr) == (2, True)


def test_an_authority_that_is_none_is_refused(tmp_path: Path) -> None:
    authority = own_authority(tmp_path, utc_now())
    key = new_key()
    leaf = authority.issue("pujin.box-01", key.public_key(), utc_now())
    (tmp_path / "leaf.pem").write_bytes(leaf.pem)
    write_private(tmp_path / "leaf.key", private_pem(key))
    with pytest.raises(CaError, match="not an authority"):
        load_authority(tmp_path / "leaf.pem", tmp_path / "leaf.key")
    with pytest.raises(CaError, match="is not the key of"):
        load_authority(tmp_path / "ca.pem", tmp_path / "leaf.key")
    with pytest.raises(CaError, match="cannot be read"):
        load_authority(tmp_path / "ca.pem", tmp_path / "none.key")
    assert load_pem_private_key((tmp_path / "leaf.key").read_bytes(), None)


@pytest.mark.parametrize("names", [("Pujin", "box"), ("pujin", "a.b"), ("pujin", "#"), ("+", "b")])
def test_names_that_would_mean_something_to_a_broker_are_refused(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    done = run(tmp_path, "box", "enrol", *names, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "a name has" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda f: (f / "signing.key").chmod(0o644), "chmod 600"),
        (lambda f: (f / "box.key").chmod(0o640), "chmod 600"),
        (lambda f: (f / "signing.key").unlink(), "cannot be read"),
        (lambda f: (f / "signing.key").write_bytes(b"junk"), "not an unencrypted"),
        (lambda f: (f / "signing.key").write_bytes((f / "box.key").read_bytes()), "Ed25519"),
        (lambda f: (f / "box.pem").write_bytes(b"junk"), "not a certificate"),
        (lambda f: (f / "ca.pem").unlink(), "is missing"),
    ],
)
def test_a_folder_that_is_no_identity_is_said_in_words(tmp_path: Path, harm, words: str) -> None:  # type: ignore[no-untyped-def]
    database = Database(f"sqlite:///{tmp_path}/c.db")
    upgrade.upgrade(database)
    Office(database, tmp_path).enrol()
    database.close()
    folder = tmp_path / "pujin.box-01"
    secret = (folder / "signing.key").read_text().splitlines()[1]
    harm(folder)
    with pytest.raises(ConfigError, match=words) as caught:
        load_identity(folder, "pujin", "box-01")
    assert secret not in str(caught.value)


def test_the_identity_of_another_box_is_refused(office: Office) -> None:
    office.enrol("box-02")
    with pytest.raises(ConfigError, match=r"belongs to pujin\.box-02, this box is pujin\.box-01"):
        load_identity(office.folder / "pujin.box-02", "pujin", "box-01")


# Uploads.


@pytest.fixture
def site(tmp_path: Path):  # type: ignore[no-untyped-def]
    with open_site(tmp_path / "site") as made:
        yield made


def enrolled(site: Site, tmp_path: Path, box: str = "box-01") -> Signer:
    return Office(site.database, tmp_path).enrol(box).signer


def header(signer: Signer, sha256: str, method: str = "PUT", time_s: float | None = None) -> str:
    path = f"/api/v1/evidence/{sha256}"
    at = NOW.timestamp() if time_s is None else time_s
    return signer.authorization(SignedRequest(method, path, sha256, int(at)))


def put(site: Site, sha256: str, content: bytes, value: str) -> int:
    headers = {"authorization": value, "content-type": "image/jpeg"}
    answer = site.visitor(**headers).put(f"/api/v1/evidence/{sha256}", content=content)
    return answer.status_code


def test_a_signed_upload_is_taken_and_bears_the_box_s_name(site: Site, tmp_path: Path) -> None:
    signer = enrolled(site, tmp_path)
    jpeg = picture()
    sha256 = ref(jpeg).sha256
    assert put(site, sha256, jpeg, header(signer, sha256)) == 201
    assert put(site, sha256, jpeg, header(signer, sha256)) == 200
    with site.database.read() as session:
        row = session.get(EvidenceTable, sha256)
        assert row is not None
        assert row.uploaded_by == "box:pujin/box-01"


def test_a_signature_is_good_for_one_request_of_one_box_and_some_minutes(
    site: Site, tmp_path: Path
) -> None:
    signer = enrolled(site, tmp_path)
    jpeg, other = picture("a"), picture("b")
    sha256, other_sha256 = ref(jpeg).sha256, ref(other).sha256
    good = header(signer, sha256)
    stranger = Signer(Ed25519PrivateKey.generate())
    assert put(site, other_sha256, other, good) == 401
    assert put(site, sha256, jpeg, header(signer, sha256, "HEAD")) == 401
    assert put(site, sha256, jpeg, header(stranger, sha256)) == 401
    assert put(site, sha256, jpeg, header(signer, sha256, time_s=NOW.timestamp() - 301)) == 401
    assert put(site, sha256, jpeg, good.replace("Jinmu-Box", "Bearer")) == 401
    assert put(site, sha256, jpeg, good[:-1]) == 401
    assert put(site, sha256, other, good) == 422  # the content is not what was signed
    visitor = site.visitor(authorization=good)
    assert visitor.get("/api/v1/cases").status_code == 401
    assert visitor.get(f"/api/v1/evidence/{sha256}").status_code == 401
    Office(site.database, tmp_path).revoke()
    assert put(site, sha256, jpeg, good) == 401


def test_a_token_ends_when_its_box_is_enrolled_or_revoked(site: Site, tmp_path: Path) -> None:
    jpeg = picture()
    sha256 = ref(jpeg).sha256
    tokens = {}
    with site.database.write() as session:
        for name, box in (("bound", "pujin/box-01"), ("other", "pujin/box-02"), ("free", "")):
            tokens[name] = auth.create_token(session, name, "box", NOW, box)
    everybody = {name: put(site, sha256, jpeg, f"Bearer {token}") for name, token in tokens.items()}
    assert set(everybody.values()) <= {200, 201}
    office = Office(site.database, tmp_path)
    office.enrol("box-01")
    after = {name: put(site, sha256, jpeg, f"Bearer {token}") for name, token in tokens.items()}
    assert after == {"bound": 401, "other": 200, "free": 401}
    office.revoke("box-01")
    assert put(site, sha256, jpeg, f"Bearer {tokens['bound']}") == 401


def test_a_box_whose_clock_is_wrong_gets_rid_of_its_pictures(
    tmp_path: Path, broker: Broker
) -> None:
    """Over a real server; the box believes that it is another day."""
    server = Server(tmp_path, broker.url)
    server.start()
    database = server.database()
    signer = Office(database, tmp_path).enrol().signer
    store = EvidenceStore(tmp_path / "evidence")
    outbox = Outbox(tmp_path / "outbox.db", signer=signer)
    jpeg = picture()
    store.put(jpeg)
    outbox.put(device_event(), [picture_ref(jpeg)])

    class LateClock(ManualClock):
        """Its wall clock stands still in the past, its monotonic one goes."""

        def ts(self) -> float:
            self.now_ts += 0.5
            return self.now_ts

        def wall(self):  # type: ignore[no-untyped-def]
            return utc_now() - timedelta(days=20_000)

    settings = UploaderSettings(server.url, signer=signer)
    uploader = Uploader(settings, outbox, store, LateClock())
    uploader.start()
    wait_for(lambda: not outbox.pictures_to_upload(1), 30, "the upload")
    uploader.stop()
    outbox.close()
    database.close()
    assert server.stop() == 0


def test_a_clock_is_mended_only_by_a_refusal_of_the_signature() -> None:
    signer = Signer(Ed25519PrivateKey.generate())
    credentials = Signature(signer)
    before = credentials.headers("PUT", "/x", "ab" * 32, NOW)
    date = {"date": "Tue, 24 Nov 2030 14:10:00 GMT"}
    credentials.refused(httpx.Response(503, headers=date), NOW)
    credentials.refused(httpx.Response(401, headers={"date": "soon"}), NOW)
    credentials.refused(httpx.Response(401), NOW)
    assert credentials.headers("PUT", "/x", "ab" * 32, NOW) == before
    credentials.refused(httpx.Response(401, headers=date), NOW)
    assert ",time=1921759800," in credentials.headers("PUT", "/x", "ab" * 32, NOW)["Authorization"]
