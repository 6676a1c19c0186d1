"""Numbers of a case's lead: on its page for those who send people out, and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from central.auth.rights import UserRole
from central.town.importing import EXAMPLE_FOLDER, Author, Wish, make
from tests.central.events import NOW, incident_event
from tests.central.nearby import town_site
from tests.central.site import Site

Filed = tuple[Site, str]
PHONE = "138 0000-0008"


@pytest.fixture
def filed(tmp_path: Path, database_url: str) -> Iterator[Filed]:
    with town_site(tmp_path, database_url) as site:
        people = (EXAMPLE_FOLDER / "people.csv").read_text("utf-8").splitlines()
        phones = {"P-008": PHONE}
        lines = [people[0] + ",电话"]
        lines += [f"{line},{phones.get(line.split(',')[0], '')}" for line in people[1:]]
        path = tmp_path / "people.csv"
        path.write_text("\n".join(lines), "utf-8")
        with site.database.write() as session:
            make(session, Wish("people", path), Author("test", NOW))
        (case_no,) = site.file(incident_event(place="FL-0317"))
        yield site, case_no


@pytest.mark.parametrize("role", ["desk", "dispatcher", "leader", "administrator"])
def test_who_dispatches_can_call_the_lead(filed: Filed, role: UserRole) -> None:
    site, case_no = filed
    client, _ = site.person(role)
    assert client.get(f"/api/v1/cases/{case_no}").json()["case"]["lead"] == "property-jinyuan"
    for path in (f"/cases/{case_no}", f"/parts/cases/{case_no}"):
        page = client.get(path).text
        assert 'href="tel:13800000008"' in page
        assert PHONE in page


@pytest.mark.parametrize("role", ["observer", "handler", "verifier"])
def test_nobody_else_sees_a_number(filed: Filed, role: UserRole) -> None:
    site, case_no = filed
    client, _ = site.person(role)
    assert PHONE not in client.get(f"/cases/{case_no}").text


def test_no_list_or_export_has_a_number(filed: Filed, capfd: pytest.CaptureFixture[str]) -> None:
    site, case_no = filed
    client, _ = site.person("administrator")
    for path in (
        f"/api/v1/cases/{case_no}",
        "/api/v1/cases",
        "/cases",
        "/tell",
        "/api/v1/exports/cases.csv",
    ):
        answer = client.get(path)
        assert answer.status_code == 200
        assert PHONE not in answer.text
        assert "13800000008" not in answer.text
    assert "0008" not in "".join(capfd.readouterr())
