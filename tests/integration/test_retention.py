"""Pictures go when they were kept long enough, and only then; a legal hold keeps everything."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import inspect, select
from starlette.testclient import TestClient

from central import store, upgrade
from central.cases.retention import Policy
from central.db import WRITE
from central.store.acks import pending_acks
from central.sweeper import BATCH, Broom, Sweeper, sweep
from central.tables import AuditTable, EvidenceTable
from edge.events import EvidenceRef
from tests.central.databases import Postgres
from tests.central.events import incident_event, picture, ref
from tests.central.packed import act, put
from tests.central.site import Site, open_site
from tests.support import wait_for

POLICY = Policy(30, 90, 1095)
RAW, MASKED = picture("raw"), picture("masked")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    changes: dict[str, Any] = {"retention": True}
    if request.param == "postgres":
        cluster: Postgres = request.getfixturevalue("postgres")
        changes["database_url"] = cluster.new_database()
    with open_site(tmp_path, **changes) as made:
        yield made
    if "database_url" in changes:
        cluster.drop_database(changes["database_url"])


def broom_of(site: Site, policy: Policy = POLICY) -> Broom:
    state = site.app.state
    return Broom(site.database, state.evidence, state.renditions, policy, site.clock)


def refs() -> list[EvidenceRef]:
    return [ref(RAW), ref(MASKED, "confirmed_masked")]


def file_case(site: Site, incident: int = 1) -> str:
    (case_no,) = site.file(incident_event(number=incident, incident=incident, evidence=refs()))
    put(site, RAW)
    put(site, MASKED)
    return case_no


def void(site: Site, case_no: str) -> None:
    client = site.visitor(
        authorization=site.program("operate", f"p{case_no}").headers["authorization"]
    )
    act(site, client, case_no, "reject", reason="wrong_object")


def swept(site: Site, **forward: float) -> int:
    site.clock.forward(**forward)
    _, deleted = sweep(broom_of(site))
    return deleted


def here(site: Site) -> dict[str, bool]:
    """Whether raw and masked picture are there: as files and by the store's word, which agree."""
    found = {}
    for name, jpeg in (("raw", RAW), ("masked", MASKED)):
        sha256 = ref(jpeg).sha256
        with site.database.read() as session:
            found[name] = store.has_evidence(session, sha256)
        assert (site.app.state.evidence.find(sha256) is not None) is found[name]
    return found


def test_what_was_nothing_keeps_its_masked_copy(site: Site) -> None:
    case_no = file_case(site)
    assert swept(site, days=400) == 0, "an open case keeps everything"
    void(site, case_no)
    assert swept(site, days=29) == 0
    assert swept(site, days=1, seconds=1) == 1
    assert here(site) == {"raw": False, "masked": True}
    assert swept(site, days=1065) == 1
    assert here(site) == {"raw": False, "masked": False}


def test_what_was_handled_is_kept_for_90_days(site: Site) -> None:
    case_no = file_case(site)
    site.file(incident_event("cleared", 3, number=2, dwell_s=420.0))
    client, csrf = site.person("administrator")
    client.headers["x-csrf-token"] = csrf
    if client.get(f"/api/v1/cases/{case_no}").json()["case"]["state"] != "closed":
        act(site, client, case_no, "handle", note="done")
        act(site, client, case_no, "verify")
    assert client.get(f"/api/v1/cases/{case_no}").json()["case"]["close_reason"] == "handled"
    assert swept(site, days=89) == 0
    assert swept(site, days=1, seconds=1) == 1
    assert here(site) == {"raw": False, "masked": True}


def test_a_picture_of_two_cases_stays_while_one_of_them_needs_it(site: Site) -> None:
    first, second = file_case(site), file_case(site, 2)
    void(site, first)
    assert swept(site, days=31) == 0
    void(site, second)
    assert swept(site, days=29) == 0
    assert swept(site, days=2) == 1


def test_each_deletion_is_in_the_audit_log_and_the_row_stays(site: Site) -> None:
    case_no = file_case(site)
    client, _ = site.person("desk")
    assert client.get(f"/api/v1/evidence/{ref(RAW).sha256}/shown").status_code == 200
    made = [*site.app.state.settings.data_dir.joinpath("renditions").rglob(f"{ref(RAW).sha256}*")]
    assert made
    void(site, case_no)
    assert swept(site, days=31) == 1
    assert not any(path.exists() for path in made), "what was made of it goes, too"
    with site.database.read() as session:
        wanted = select(AuditTable).where(AuditTable.action == "evidence_deleted")
        (row,) = session.scalars(wanted)
        kept = session.get_one(EvidenceTable, ref(RAW).sha256)
        assert (kept.bytes, kept.deleted_at) == (len(RAW), site.clock())
    assert (row.actor, row.subject) == ("system", ref(RAW).sha256)
    assert json.loads(row.detail)["of"] == [case_no]
    fresh, _ = site.sign_in("desk")
    assert fresh.get(f"/api/v1/evidence/{ref(RAW).sha256}/shown").status_code == 404
    page = fresh.get(f"/cases/{case_no}?status=all&picture={ref(RAW).sha256}").text
    assert "按保存规则删除" in page
    detail = fresh.get(f"/api/v1/cases/{case_no}").json()
    (raw,) = (one for one in detail["evidence"] if one["role"] == "confirmed")
    assert (raw["here"], raw["deleted_at"] is not None) == (False, True)
    package = fresh.get(f"/api/v1/cases/{case_no}/package").json()
    (packed,) = (one for one in package["incidents"][0]["pictures"] if one["role"] == "confirmed")
    assert (packed["here"], packed["deleted_at"]) == (False, raw["deleted_at"])
    assert package["retention"]["raw_until"] < raw["deleted_at"]
    assert package["retention"]["legal_hold"] is None


def test_a_box_that_sends_it_again_is_not_asked_for_it_and_leaves_nothing(site: Site) -> None:
    void(site, file_case(site))
    assert swept(site, days=31) == 1
    sha256 = ref(RAW).sha256
    answer = site.program("box").put(f"/api/v1/evidence/{sha256}", content=RAW)
    assert (answer.status_code, answer.json()["created"]) == (200, False)
    assert here(site) == {"raw": False, "masked": True}
    with site.database.write() as session:
        store.drop_acks(session, [one for ack in pending_acks(session) for one in ack.row_ids])
    site.file(incident_event("ongoing", 3, number=9, evidence=refs()))
    with site.database.write() as session:
        (ack,) = pending_acks(session)
    assert ack.ack.need_evidence == []


def test_a_held_case_keeps_everything_until_it_is_released(site: Site) -> None:
    case_no = file_case(site)
    void(site, case_no)
    leader, csrf = site.person("leader")
    leader.headers["x-csrf-token"] = csrf
    path = f"/api/v1/cases/{case_no}"
    why = {"reason": "行政复议"}
    assert leader.post(f"{path}/hold", json=why).status_code == 204
    assert leader.post(f"{path}/hold", json={"reason": ""}).status_code == 422
    assert swept(site, days=2000) == 0
    again, csrf = site.sign_in("leader")
    again.headers["x-csrf-token"] = csrf
    assert again.get(path).json()["hold"] == {
        "reason": "行政复议", "by": "leader",
        "at": again.get(path).json()["hold"]["at"],
    }  # fmt: skip
    assert "行政复议" in again.get(f"/cases/{case_no}").text
    held = again.get(f"{path}/package").json()["retention"]
    assert (held["raw_until"], held["legal_hold"]["reason"]) == (None, "行政复议")
    assert again.post(f"{path}/release", json={"reason": "办结"}).status_code == 204
    assert again.get(path).json()["hold"] is None
    assert swept(site) == 2
    with site.database.read() as session:
        actions = ("case_held", "case_released")
        wanted = select(AuditTable).where(AuditTable.action.in_(actions))
        rows = [(row.action, row.actor, row.subject) for row in session.scalars(wanted)]
    assert rows == [("case_held", "leader", case_no), ("case_released", "leader", case_no)]


def test_the_form_of_the_page_holds_and_releases(site: Site) -> None:
    case_no = file_case(site)
    client, csrf = site.person("leader")

    def post(client: TestClient, **fields: str) -> int:
        data = {"csrf_token": csrf} | fields
        return int(client.post(f"/cases/{case_no}/hold", data=data).status_code)

    assert post(client, action="hold", reason="  ") == 422
    assert post(client, action="hold", reason="复议") == 303
    page = client.get(f"/cases/{case_no}").text
    assert 'id="do-release"' in page
    assert "复议" in page
    assert post(client, action="release", reason="办结") == 303
    assert 'id="do-hold"' in client.get(f"/cases/{case_no}").text
    desk, csrf = site.person("desk")
    assert post(desk, action="hold", reason="x") == 403
    assert 'id="do-hold"' not in desk.get(f"/cases/{case_no}").text


def test_what_no_case_needs_goes_after_a_month(site: Site) -> None:
    """A picture of a mere warning, and one that no event ever named."""
    named, stray = picture("warned"), picture("stray")
    site.file(incident_event("warned", 1, evidence=[ref(named, "warned")]))
    put(site, named)
    put(site, stray)
    assert swept(site, days=29) == 0
    assert swept(site, days=2) == 2


def test_pictures_are_looked_through_in_batches(site: Site, monkeypatch: Any) -> None:
    for number in range(5):
        put(site, picture(f"p{number}"))
        site.clock.forward(seconds=1)
    monkeypatch.setattr("central.sweeper.BATCH", 2)
    assert BATCH > 2
    site.clock.forward(days=31)
    since, sizes = None, []
    while True:
        since, deleted = sweep(broom_of(site), since)
        sizes.append(deleted)
        if since is None:
            break
    assert sizes == [2, 2, 1]


def test_after_a_death_between_file_and_commit_the_next_round_ends_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    void(site, file_case(site))
    site.clock.forward(days=31)

    def die(_: str) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(site.app.state.renditions, "forget", die)
        with pytest.raises(MemoryError):
            sweep(broom_of(site))
    assert sweep(broom_of(site))[1] == 1
    assert here(site) == {"raw": False, "masked": True}


def test_the_thread_sweeps_only_when_it_was_switched_on(site: Site) -> None:
    void(site, file_case(site))
    site.clock.forward(days=31)
    off = Sweeper(broom_of(site, Policy()))
    off.start()
    assert "sweeper" not in {thread.name for thread in threading.enumerate()}
    on = Sweeper(broom_of(site))
    on.start()
    wait_for(lambda: site.app.state.evidence.find(ref(RAW).sha256) is None)
    on.stop()
    assert here(site) == {"raw": False, "masked": True}


def test_an_older_program_has_no_holds_and_the_audit_still_tells(site: Site) -> None:
    case_no = file_case(site)
    leader, csrf = site.person("leader")
    leader.headers["x-csrf-token"] = csrf
    leader.post(f"/api/v1/cases/{case_no}/hold", json={"reason": "复议"})
    writing = site.database.engine.connect().execution_options(**{WRITE: True})
    with writing as connection, connection.begin():
        command.downgrade(upgrade._config(connection), "0024")
        looked = inspect(connection)
        assert not looked.has_table("case_holds")
        assert "deleted_at" not in {one["name"] for one in looked.get_columns("evidence")}
    upgrade.upgrade(site.database)
    upgrade.check(site.database)
    assert here(site) == {"raw": True, "masked": True}
    with site.database.read() as session:
        assert "case_held" in {row.action for row in store.list_audit(session)}
