"""A case with everything a package can hold: signed events, a gap, pictures, a photo, a verdict."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from central import store
from central.intake import Sender, TakenState
from central.town.importing import Author, make_example
from edge.events import BoxState, EvidenceRef, Model, StreamState
from tests.central.events import NOW, SENDER, SHANGHAI, incident_event, picture, ref, story
from tests.central.site import Site
from tests.identity import Office, sign_all

ROLES = ("confirmed", "confirmed_original", "confirmed_masked", "cleared_masked")
STATE = BoxState(
    online=True,
    boot_id="b1",
    time=NOW,
    version="1.4.2",
    streams=[StreamState(id="gate-east", name="东门", up=True)],
    model=Model(name="nanodet-g-416", sha256="0" * 64),
    config_digest="c0ffee",
)


@dataclass(frozen=True)
class Packed:
    """The site, the number of the case, its pictures by role."""

    site: Site
    case_no: str
    jpegs: dict[str, bytes]

    def sha256(self, role: str) -> str:
        return ref(self.jpegs[role]).sha256

    def refs(self) -> list[EvidenceRef]:
        return [ref(self.jpegs[role], role) for role in ROLES]


def make_packed(site: Site, folder: Path, *, missing: tuple[str, ...] = ()) -> Packed:
    """Two cameras see it; the first one's third event never comes; `missing` are not uploaded."""
    with site.database.write() as session:
        make_example(session, Author("test", NOW))
        store.save_state(session, TakenState(SENDER, STATE, False), NOW)
    jpegs = {role: picture(role, 320, 240) for role in ROLES}
    packed = Packed(site, "", jpegs)
    width = {"est": 3.1, "lo": 2.8, "hi": 3.4}
    told = story(ongoing=2, evidence=packed.refs(), measures={"clear_width_m": width})
    told += [incident_event("warned", 1, number=6, incident=2, place="FL-0317")]
    signer = Office(site.database, folder).enrol().signer
    signed = [one for one in sign_all(signer, told) if one.event.seq != 3]
    with site.database.write() as session:
        verdicts = [
            store.merge(session, one.taken(Sender("pujin", "box-01")), site.clock(), SHANGHAI)
            for one in signed
        ]
    (case_no,) = (verdict.case_no for verdict in verdicts if verdict.case_no)
    for role, jpeg in jpegs.items():
        if role not in missing:
            put(site, jpeg)
    return Packed(site, case_no, jpegs)


def put(site: Site, jpeg: bytes) -> None:
    """A picture arrives (a box that has an identity signs its uploads; this goes past that)."""
    sha256 = ref(jpeg).sha256
    site.app.state.evidence.write(sha256, jpeg)
    with site.database.write() as session:
        new = store.NewEvidence(sha256, len(jpeg), 320, 240, "box:pujin/box-01")
        store.add_evidence(session, new, site.clock())


def act(site: Site, client: TestClient, case_no: str, action: str, **said: Any) -> dict[str, Any]:
    """Do something with the newest version of a case."""
    path = f"/api/v1/cases/{case_no}"
    version = client.get(path).json()["case"]["version"]
    answer = client.post(f"{path}/actions/{action}", json={"version": version, **said})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
