"""Schemathesis over the whole OpenAPI of a running central: never a 5xx (goal B4).

The suite gives it half a minute; `scripts/attacks --only api` makes at least 20,000 calls.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from central import auth, store, upgrade
from central.auth.accounts import find_user
from central.clock import utc_now
from central.store import NewEvidence
from tests.central.events import SHANGHAI, incident_event, picture, ref, taken
from tests.central.server import Server
from tests.support import measured

BUDGET_S = int(os.environ.get("JINMU_FUZZ_S", "30"))
LEAST_CALLS = int(os.environ.get("JINMU_FUZZ_CALLS", "30"))
SEED = int(os.environ.get("JINMU_SEED", "7"))
EXAMPLES = int(os.environ.get("JINMU_FUZZ_EXAMPLES", "60"))
# The guard refuses strange methods before a route could answer 405; no schema can say that a
# picture's name must be the hash of its content.
NOT_CHECKED = "unsupported_method,positive_data_acceptance"
NOBODY_IS_THERE = "mqtt://127.0.0.1:1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, NOBODY_IS_THERE)
    made.start()
    yield made
    made.kill()


def fill(server: Server) -> tuple[dict[str, str], dict[str, str]]:
    """File a case with a picture; what they are called, and headers of an administrator."""
    jpeg, database = picture("fuzz"), server.database()
    upgrade.check(database)
    sha256 = ref(jpeg).sha256
    path = server.data_dir / "evidence" / sha256[:2] / f"{sha256}.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(jpeg)
    with database.write() as session:
        event = taken(incident_event(evidence=[ref(jpeg)]))
        case_no = store.merge(session, event, utc_now(), SHANGHAI).case_no
        assert case_no is not None
        new = NewEvidence(sha256, len(jpeg), 64, 48, "box-01")
        store.add_evidence(session, new, utc_now())
        auth.add_user(session, "zhang", "correct horse battery", "administrator", utc_now())
        user = find_user(session, "zhang")
        assert user is not None
        begun = auth.start_session(session, user, utc_now())
    database.close()
    csrf = begun.principal.csrf_token
    known = {"sha256": sha256, "case_no": case_no}
    return known, {"Cookie": f"jinmu={begun.secret}", "X-CSRF-Token": csrf}


def fuzz(server: Server, headers: dict[str, str], share: float, config: str = "") -> int:
    """Let schemathesis loose with these headers; how many calls it made. Fails on any finding."""
    folder = server.data_dir.parent
    (folder / "schemathesis.toml").write_text(config, encoding="utf-8")
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    budget_s = max(5, round(BUDGET_S * share))
    # One worker: CPython 3.11 mixes up the syntax trees that two threads build (gh-106905).
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli",
            "--config-file", str(folder / "schemathesis.toml"), "run",
            str(folder / "openapi.json"), "--url", server.url, *given, "--workers", "1",
            "--exclude-checks", NOT_CHECKED, "--exclude-path", "/events",
            "--max-examples", str(EXAMPLES), "--max-time", str(budget_s), "--seed", str(SEED),
            "--request-timeout", "60", "--continue-on-failure", "--no-color",
            "--suppress-health-check", "all",
        ],
        cwd=folder, capture_output=True, text=True, timeout=budget_s + 240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    found = re.search(r"([\d,]+) generated", done.stdout)
    assert found is not None, done.stdout[-2000:]
    calls = int(found.group(1).replace(",", ""))
    return calls


@pytest.mark.timeout(BUDGET_S * 2 + 600)
def test_schemathesis_finds_nothing(server: Server) -> None:
    names, administrator = fill(server)
    box = {"Authorization": f"Bearer {server.token('box-01', 'box')}"}
    reader = {"Authorization": f"Bearer {server.token('screen', 'operate')}"}
    known = "[parameters]\n" + "".join(f'{key} = "{name}"\n' for key, name in names.items())
    described = httpx.get(f"{server.url}/api/v1/openapi.json", headers=reader)
    (server.data_dir.parent / "openapi.json").write_text(described.text, encoding="utf-8")
    calls = fuzz(server, administrator, 0.4)
    calls += fuzz(server, reader, 0.4, known)
    calls += fuzz(server, box, 0.2)
    assert calls >= LEAST_CALLS, "hardly anything was tried"
    log = server.text()
    assert "Traceback" not in log
    assert "Exception in ASGI" not in log
    assert server.stop() == 0
    measured(
        "schemathesis over the API",
        f"{calls:,} calls, 0 × 5xx, no other finding",
        "all operations of the OpenAPI but the endless /events, as administrator, program and box;"
        f" seed {SEED}",
    )
