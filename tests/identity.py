"""Boxes with identities, for the tests: enrolled like real ones, signing like real ones."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from central import enrol
from central.clock import utc_now
from central.db import Database
from central.intake import Sender, Taken
from central.settings import Settings
from edge.events import DeviceEvent, IncidentEvent, to_json
from edge.identity import BoxIdentity, load_identity
from edge.seal import Seal, genesis, link_of
from edge.signing import Signer

WHERE = enrol.Where("mqtts://broker:8883", "https://central")


@dataclass(frozen=True, slots=True)
class Office:
    """Central's side of enrolling: a database and an authority in a folder."""

    database: Database
    folder: Path

    def desk(self, now: datetime | None = None) -> enrol.Desk:
        return enrol.open_desk(Settings(data_dir=self.folder / "central"), now or utc_now())

    def enrol(self, box: str = "box-01", site: str = "pujin") -> BoxIdentity:
        """Enrol a box (anew) and load its identity as the box would."""
        folder = self.folder / f"{site}.{box}"
        desk = self.desk()
        with self.database.write() as session:
            enrol.enrol_box(session, desk, Sender(site, box), folder, WHERE)
            enrol.write_crl(session, desk)
        return load_identity(folder, site, box)

    def revoke(self, box: str = "box-01", site: str = "pujin") -> None:
        desk = self.desk()
        with self.database.write() as session:
            enrol.revoke_box(session, desk, Sender(site, box), "stolen")
            enrol.write_crl(session, desk)


@dataclass(frozen=True, slots=True)
class Signed:
    """An event as it goes over the wire."""

    event: IncidentEvent | DeviceEvent
    body: bytes
    seal: Seal

    def taken(self, sender: Sender) -> Taken:
        return Taken(sender, self.event, self.body, self.seal)


def sign_all(signer: Signer, events: list[IncidentEvent] | list[DeviceEvent]) -> list[Signed]:
    """Events of one epoch, in the order of seq from 1, chained and signed."""
    signed: list[Signed] = []
    prev = genesis(events[0].epoch) if events else b""
    for event in events:
        body = to_json(event)
        signed.append(Signed(event, body, signer.seal(prev, body)))
        prev = link_of(prev, body)
    return signed
