"""The evidence package of a case: what stands in it, that it is bound, who gets it, that it is
written down."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from central import auth
from central.auth.limiting import limit_user
from central.package.canonical import seal_of
from central.sight import Limits
from central.tables import AuditTable
from tests.central.databases import Postgres
from tests.central.events import SINCE, incident_event, uid
from tests.central.packed import Packed, act, make_packed
from tests.central.site import PASSWORD, Site, open_site


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    changes: dict[str, Any] = {}
    if request.param == "postgres":
        cluster: Postgres = request.getfixturevalue("postgres")
        changes["database_url"] = cluster.new_database()
    with open_site(tmp_path, **changes) as made:
        yield made
    if changes:
        cluster.drop_database(changes["database_url"])


@pytest.fixture
def packed(site: Site, tmp_path: Path) -> Packed:
    return make_packed(site, tmp_path, missing=("cleared_masked",))


def manifest_of(packed: Packed) -> dict[str, Any]:
    answer = packed.site.program("read", "reader").get(f"/api/v1/cases/{packed.case_no}/package")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_it_holds_what_the_case_and_its_incidents_say(packed: Packed) -> None:
    program = packed.site.program("operate")
    act(packed.site, program, packed.case_no, "reject", reason="wrong_object")
    found = manifest_of(packed)
    case, place, rule = found["case"], found["place"], found["rule"]
    assert (case["case_no"], case["scene"], case["event_code"]) == (
        packed.case_no, "fire_lane", "FL01"
    )  # fmt: skip
    assert case["state"] == "void"
    assert place["id"] == "FL-0317"
    assert place["point"]["crs"] == "WGS-84"
    assert place["grids"][0].startswith("310112123")
    assert place["town_version"] == rule["grid_version"]
    assert found["log"][rule["log_row"] - 1]["action"] == "dispatch"
    assert found["review"] == {
        "verdict": "reject", "by": "token:t-operate", "reason": "wrong_object",
        "at": found["log"][-1]["at"],
    }  # fmt: skip
    first, second = found["incidents"]
    assert (first["site"], first["box"], first["stream"]) == ("pujin", "box-01", "gate-east")
    assert first["stream_name"] == "东门"
    assert first["device"]["software_version"] == "1.4.2"
    assert first["device"]["config_digest"] == "c0ffee"
    assert first["device"]["gb28181_id"] is None
    assert (first["dwell_s"], first["observed_s"]) == (420.0, 420.0)
    assert first["gaps"] == [
        {"epoch": "0a1b2c3d", "first_seq": 1, "last_seq": 5, "missing": [[3, 3]]}
    ]
    assert [event["stage"] for event in first["events"]] == [
        "warned", "confirmed", "ongoing", "cleared"
    ]  # fmt: skip
    event = first["events"][1]
    assert event["thresholds"] == {"warn_after_s": 60.0, "file_after_s": 300.0}
    assert event["clock"] == {"synchronised": True, "offset_ms": 3.0}
    assert event["model"] == {"name": "nanodet-g-416", "sha256": "0" * 64}
    assert event["measures"]["clear_width_m"] == {"est": 3.1, "lo": 2.8, "hi": 3.4}
    assert event["seal"]["key_id"]
    assert second["incident_id"] == uid(2 << 24)
    assert (second["stream_name"], second["pictures"]) == (None, [])


def test_every_picture_says_whether_it_is_here_and_which_is_its_masked_copy(
    packed: Packed,
) -> None:
    pictures = {one["role"]: one for one in manifest_of(packed)["incidents"][0]["pictures"]}
    assert {role: one["here"] for role, one in pictures.items()} == {
        "confirmed": True,
        "confirmed_original": True,
        "confirmed_masked": True,
        "cleared_masked": False,
    }
    masked = packed.sha256("confirmed_masked")
    for role in ("confirmed", "confirmed_original", "confirmed_masked"):
        assert pictures[role]["sha256"] == packed.sha256(role)
        assert pictures[role]["bytes"] == len(packed.jpegs[role])
        assert pictures[role]["masked_sha256"] == masked
        assert pictures[role]["taken_at"].startswith(f"{SINCE:%Y-%m-%dT%H:%M}")


def test_the_hash_covers_the_canonical_bytes_and_the_audit_log_keeps_it(packed: Packed) -> None:
    reader = packed.site.program("read", "reader")
    answer = reader.get(f"/api/v1/cases/{packed.case_no}/package")
    said = answer.json()
    canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert answer.content == canonical.encode()
    seal = said.pop("manifest_sha256")
    rest = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(rest.encode()).hexdigest() == seal == seal_of(said)
    said["case"]["severity"] = "blocked"
    assert seal_of(said) != seal
    with packed.site.database.read() as session:
        wanted = select(AuditTable).where(AuditTable.action == "package_viewed")
        (row,) = session.scalars(wanted)
    assert (row.actor, row.subject) == ("token:reader", packed.case_no)
    assert json.loads(row.detail) == {"manifest_sha256": seal}


def test_it_tells_who_looked_before(packed: Packed) -> None:
    desk, _ = packed.site.person("desk")
    sha256 = packed.sha256("confirmed")
    assert desk.get(f"/api/v1/evidence/{sha256}/shown").status_code == 200
    assert manifest_of(packed)["views_total"] == 1
    again = packed.site.sign_in("desk")[0].get(f"/api/v1/cases/{packed.case_no}/package").json()
    seen = [(one["actor"], one["action"], one["subject"]) for one in again["views"]]
    assert seen == [
        ("desk", "evidence_viewed", sha256),
        ("token:reader", "package_viewed", packed.case_no),
    ]
    assert again["views"][0]["variant"] == "shown"


def test_what_nobody_knows_is_null(site: Site) -> None:
    """A case in a town without places, of a box that never told its state."""
    (case_no,) = site.file(incident_event(place="FL-9999"))
    found = site.program("read").get(f"/api/v1/cases/{case_no}/package").json()
    place = found["place"]
    assert (place["name"], place["address"], place["point"]) == (None, None, None)
    assert (place["grids"], place["town_version"]) == ([], None)
    (incident,) = found["incidents"]
    assert (incident["device"], incident["stream_name"]) == (None, None)
    assert incident["events"][0]["seal"] is None
    assert found["review"] is None
    assert found["case"]["ended_at"] is None


def test_a_case_out_of_sight_has_no_package(packed: Packed) -> None:
    site = packed.site
    with site.database.write() as session:
        auth.add_user(session, "far", PASSWORD, "administrator", site.clock())
        limit_user(session, "far", Limits(grids=("310112123B",)), site.clock())
    far, _ = site.sign_in("far")
    assert far.get(f"/api/v1/cases/{packed.case_no}/package").status_code == 404
    assert far.get("/api/v1/cases/FL-20261124-9999/package").status_code == 404
    with site.database.read() as session:
        rows = session.scalars(select(AuditTable).where(AuditTable.action == "package_viewed"))
        assert list(rows) == []
