"""The whole main line as real processes: camera → box → broker → central, each killable."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.brokers import Broker, IotCore
from tests.support import ROOT, free_port, wait_for

VAN = [[0.80, 0.08], [0.95, 0.08], [0.95, 0.22], [0.80, 0.22]]
LOOPED = {"watch_picture": False}
"""The sample comes back every minute: to a box that watches for it this is a frozen camera."""
BIN = Path(sys.executable).parent


@dataclass
class Program:
    """A program that can be started, killed and started again."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | self.environment,
            )  # fmt: skip

    def kill(self) -> None:
        """`kill -9`."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines it has logged so far."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


class Line:
    """Broker, central and box of one site on free ports of the loopback."""

    def __init__(self, folder: Path, camera_url: str, **scene: Any) -> None:
        self.folder = folder
        self.broker: Broker = IotCore(folder)
        self.web_port = free_port()
        self.central = self._central()
        token = self._token("box", "box")
        self.box = self._box(camera_url, token, scene)
        self.api = httpx.Client(
            base_url=f"http://127.0.0.1:{self.web_port}",
            headers={"Authorization": f"Bearer {self._token('reader', 'operate')}"},
            timeout=5,
        )

    def start(self) -> None:
        self.broker.start()
        self.central.start()
        self.box.start()

    def close(self) -> None:
        self.api.close()
        self.box.kill()
        self.central.kill()
        self.broker.kill()

    def cases(self) -> list[dict[str, Any]]:
        """Cases as the API lists them; empty while central is away."""
        try:
            answer = self.api.get("/api/v1/cases").raise_for_status()
        except httpx.HTTPError:
            return []
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def case(self) -> dict[str, Any]:
        """The only case, with everything about it."""
        (listed,) = self.cases()
        detail: dict[str, Any] = self.api.get(f"/api/v1/cases/{listed['case_no']}").json()
        return detail

    def stages(self) -> list[str]:
        """Stages of all incidents that central has filed or noted, in order of rev."""
        answer = self.api.get("/api/v1/incidents").raise_for_status()
        return [incident["stage"] for incident in answer.json()]

    def told(self) -> list[str]:
        """Stages that the box has decided so far, from its log."""
        return [line["stage"] for line in self.box.lines() if line["event"] == "incident"]

    def wait_for_case(self, limit_s: float = 60.0) -> dict[str, Any]:
        """The case, as soon as there is one."""
        wait_for(self.cases, limit_s, "a case")
        return self.case()

    def _central(self) -> Program:
        environment = {
            "JINMU_DATA_DIR": str(self.folder / "central"),
            "JINMU_BROKER_URL": self.broker.url,
            "JINMU_PORT": str(self.web_port),
        }
        command = [str(BIN / "jinmu-central"), "serve"]
        return Program("central", command, self.folder / "central.log", environment)

    def _token(self, name: str, scope: str) -> str:
        done = subprocess.run(
            [str(BIN / "jinmu-central"), "token", "create", name, "--scope", scope],
            env=os.environ | self.central.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip().splitlines()[-1]

    def _box(self, camera_url: str, token: str, scene: dict[str, Any]) -> Program:
        block = {"scene": "fire_lane", "place": "FL-0317", "polygon": VAN, "clear_after_s": 5}
        stream = {"id": "gate-east", "name": "东门消防通道", "url": camera_url} | LOOPED
        config = {
            "site": "pujin",
            "box": "box-01",
            "data_dir": "box",
            "broker": {"url": self.broker.url},
            "central": {"url": f"http://127.0.0.1:{self.web_port}", "token": "${BOX_TOKEN}"},
            "streams": [stream | {"scenes": [block | scene], "analyse_every_s": 0.5}],
        }
        path = self.folder / "streams.yaml"
        path.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
        command = [str(BIN / "jinmu-edge"), "run", str(path)]
        return Program("box", command, self.folder / "box.log", {"BOX_TOKEN": token})


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Any]:
    """Makes a line (not started) for a camera URL and scene keys."""
    lines: list[Line] = []

    def make(camera_url: str, **scene: Any) -> Line:
        lines.append(Line(tmp_path, camera_url, **scene))
        return lines[-1]

    yield make
    for each in lines:
        each.close()


SAMPLE = ROOT / "samples" / "street.mp4"
